"""musicnn in numpy: the same as the published graph, its spectrogram as librosa's, patches, tags with texts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import locales
from hits import musicnn
from support.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
AUDIO = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "audio" / "librosa_cc"
RATE = 22_050


@pytest.fixture(scope="module")
def tagger():
    return musicnn.load(ROOT / "models" / "musicnn")


def tone(seconds, pitch=440.0, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds, rate=RATE):
    return (0.3 * np.random.default_rng(1).standard_normal(round(seconds * rate))).astype(np.float32)


def test_the_published_graph_gives_the_same(tagger):
    """The golden file holds patches and what the graph of the authors gave for them."""
    with np.load(ROOT / "tests" / "golden" / "musicnn.npz") as golden:
        patches, likelihoods, embeddings = (golden[name] for name in ("patches", "likelihoods", "embeddings"))
    assert np.ptp(likelihoods, axis=0).max() > 0.01  # the two patches are told apart
    for patch, likely, features in zip(patches.astype(np.float32), likelihoods, embeddings, strict=True):
        given = tagger.judge(patch)
        assert np.abs(given[0] - likely).max() < 1e-5 and np.abs(given[1] - features).max() < 1e-3


def test_the_spectrogram_is_librosas(tagger):
    import librosa

    samples = noise(1, musicnn.RATE) + tone(1, rate=musicnn.RATE)
    wanted = librosa.feature.melspectrogram(y=samples, sr=musicnn.RATE, n_fft=musicnn.FFT, hop_length=musicnn.HOP,
                                            n_mels=musicnn.BANDS, pad_mode="reflect").T
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 256, mode="reflect"), 512)[::256]
    given = tagger.log_mel(frames)
    assert given.dtype == np.float32
    assert np.abs(given - np.log10(10_000 * wanted + 1)).max() < 1e-4


@pytest.mark.parametrize(("seconds", "starts"), [
    (1.0, [0.0]), (3.1, [0.0]), (4.4, [0.0]), (5.0, [0.0, 5.008 - musicnn.PATCH_S]), (6.0, [0.0, 2.992])])
def test_patches_follow_each_other_and_the_end_counts(tagger, seconds, starts):
    spans = tagger.read(noise(seconds)).by_patch.spans
    assert spans[:, 0] == pytest.approx(starts, abs=0.02)
    assert np.allclose(spans[:, 1] - spans[:, 0], musicnn.PATCH_S)


def test_more_than_a_block_is_read_as_patch_by_patch(tagger):
    """Eleven patches cross the border of a block; each must be what it is alone, but for its first and last frames."""
    samples = np.concatenate([tone(16.5, 300, musicnn.RATE), noise(16.5, musicnn.RATE)])
    heard = tagger.read(samples, musicnn.RATE)
    assert len(heard.by_patch.spans) == 11
    last = samples[10 * musicnn.PATCH * musicnn.HOP:]
    alone = tagger.read(last, musicnn.RATE).by_patch
    assert np.abs(alone.likelihoods[0] - heard.by_patch.likelihoods[10]).max() < 0.02
    assert np.abs(heard.by_patch.likelihoods[0] - heard.by_patch.likelihoods[10]).max() > 0.05


def test_tags_and_embedding_are_means_of_the_patches(tagger):
    heard = tagger.read(np.concatenate([tone(3), noise(3)]))
    likely = dict(heard.tags)
    assert len(likely) == 50 and [value for _, value in heard.tags] == sorted(likely.values(), reverse=True)
    mean = heard.by_patch.likelihoods.mean(0)
    assert all(likely[name] == pytest.approx(mean[place], abs=1e-6) for place, name in enumerate(tagger.names))
    assert heard.embedding.shape == (200,) and heard.embedding.dtype == np.float32
    assert np.allclose(heard.embedding, heard.by_patch.embeddings.mean(0), atol=1e-5)
    assert tagger.tags(tone(1)) == tagger.read(tone(1)).tags
    assert np.array_equal(tagger.embed(tone(1)), tagger.read(tone(1)).embedding)


def test_patches_left_out_are_those_of_the_seconds(tagger):
    patches = tagger.read(noise(12)).by_patch
    assert len(patches.outside(3, 6).spans) == 3 and len(patches.outside(0, 12).spans) == 0
    assert len(patches.outside(3, 4).spans) == 4  # a third of a patch does not take it out
    assert patches.outside(0, 3).spans[0, 0] == pytest.approx(2.992)


def test_the_rate_of_the_audio_hardly_matters(tagger):
    """The same tune at 16 and 22.05 kHz: what the resampling changes is small beside what tunes differ by."""
    low, high, other = (tagger.read(sound, rate).embedding for sound, rate in (
        (tone(3, rate=16_000), 16_000), (tone(3), RATE), (noise(3), RATE)))
    assert np.abs(low - high).mean() < 0.1 * np.abs(low - other).mean()


def test_loud_and_silent_audio_give_numbers(tagger):
    for samples in (np.zeros(RATE * 3, np.float32), np.where(tone(3) > 0, 1, -1).astype(np.float32)):
        heard = tagger.read(samples)
        assert np.isfinite(heard.embedding).all() and all(0 <= value <= 1 for _, value in heard.tags)


def test_less_than_half_a_second_is_refused(tagger):
    with pytest.raises(DataError) as caught:
        tagger.read(tone(0.4))
    assert caught.value.code == "musicnn.short" and "0.4" in caught.value.message("ko")


@pytest.mark.parametrize("samples", [np.zeros((RATE, 2), np.float32), np.full(RATE, np.nan, np.float32)])
def test_two_channels_and_no_numbers_are_refused(tagger, samples):
    with pytest.raises(DataError) as caught:
        tagger.read(samples)
    assert caught.value.code == "musicnn.samples"


def test_every_tag_has_its_text_in_both_languages(tagger):
    keys = {f"music_tags.{musicnn.slug(name)}" for name in tagger.names}
    assert len(keys) == 50
    for lang in locales.LANGUAGES:
        known = {key for key in locales.texts(lang) if key.startswith("music_tags.")}
        assert known == keys
        assert len({locales.t(lang, key) for key in keys}) == 50


def test_the_screen_shows_few_sure_tags_and_none_twice():
    tags = (("female vocalists", 0.5), ("female vocalist", 0.4), ("pop", 0.3), ("chill", 0.2), ("chillout", 0.19),
            ("indie", 0.15), ("rock", 0.12), ("soul", 0.11), ("sad", 0.05))
    assert [tag for tag, _ in musicnn.screen_tags(tags)] == ["female vocalists", "pop", "chill", "indie", "rock"]
    assert musicnn.screen_tags(tags[-1:]) == ()


@pytest.mark.parametrize(("piece", "first", "among"), [
    ("sorohanro_-_solo-trumpet-06", "jazz", "jazz"),
    ("Karissa_Hobbs_-_Lets_Go_Fishin", "female vocalists", "folk")])
def test_real_recordings_have_fitting_tags(tagger, piece, first, among):
    import soundfile

    if not AUDIO.exists():
        pytest.skip("no real audio: set MIS_REAL_DATA")
    samples, rate = soundfile.read(AUDIO / f"{piece}.ogg", dtype="float32", always_2d=True, frames=20 * 44_100)
    tags = musicnn.screen_tags(tagger.tags(samples.mean(1), rate))
    assert tags[0][0] == first and among in dict(tags)
