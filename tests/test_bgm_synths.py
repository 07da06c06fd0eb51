"""Voices, drums and background sounds made by synthesis: pitch, band limits, envelopes, seams."""

from __future__ import annotations

import numpy as np
import pytest

from music import drum_synths, mix, synths, textures
from music.score import SAMPLE_RATE
from support.errors import DataError


def spectrum(sound, whole=True):
    sound = np.asarray(sound, float).reshape(len(sound), -1).mean(axis=1)
    window = np.blackman(len(sound)) if whole else np.blackman(2 * len(sound))[len(sound):]
    power = np.abs(np.fft.rfft(sound * window, 1 << 19)) ** 2
    return np.fft.rfftfreq(1 << 19, 1 / SAMPLE_RATE), power


def share(sound, low, high, whole=True):
    hertz, power = spectrum(sound, whole)
    return power[(hertz >= low) & (hertz < high)].sum() / power.sum()


@pytest.mark.parametrize("voice", synths.VOICES)
@pytest.mark.parametrize("pitch", [28, 40, 60])
def test_a_voice_sounds_at_its_pitch(voice, pitch):
    sound = synths.note(voice, pitch, 1.0, 100)[4800:]
    hertz, power = spectrum(sound)
    wanted = synths.hertz(pitch)
    near = (hertz > wanted * 0.75) & (hertz < wanted * 1.5)
    assert hertz[near][np.argmax(power[near])] == pytest.approx(wanted, rel=0.03)  # detuned saws
    assert share(sound, 0, wanted * 0.7) < 0.01


@pytest.mark.parametrize("voice", synths.VOICES)
def test_a_voice_is_even_loud_and_starts_softly_from_zero(voice):
    for pitch in (33, 57):
        sound = synths.note(voice, pitch, 0.5, 127)
        assert np.isfinite(sound).all() and 0.3 < np.abs(sound).max() < 1.8
        assert np.abs(sound[:3]).max() < 0.3
    soft, hard = (share(synths.note(voice, 45, 1.0, velocity), 600, 20_000) for velocity in (20, 127))
    assert hard > soft  # brighter when played harder


def test_saws_hardly_alias():
    count, wanted = SAMPLE_RATE, synths.hertz(93)  # 1760 Hz: a plain saw folds at -20 dB
    sound = synths._saws(93, np.ones(count), np.full(count, 20_000.0))
    hertz, power = spectrum(sound)
    beside = np.abs(hertz / wanted - np.round(hertz / wanted)) * wanted > 60
    heard = hertz < 12_000
    assert power[beside & heard].sum() / power.sum() < 1e-4
    plain = 2 * (wanted * np.arange(count) / SAMPLE_RATE % 1) - 1
    assert spectrum(plain)[1][beside & heard].sum() / spectrum(plain)[1].sum() > 1e-3


def test_notes_are_the_same_whether_kept_or_made():
    first = synths.note("lead", 70, 0.7, 90).copy()
    synths._kept.clear()
    assert np.array_equal(synths.note("lead", 70, 0.7, 90), first)
    assert np.allclose(synths.note("lead", 70, 1.5, 90)[:1000], first[:1000], atol=1e-6)  # longer ones begin alike


@pytest.mark.parametrize("kit", drum_synths.KITS)
def test_every_drum_of_a_kit_is_heard_and_ends(kit):
    for pitch in range(27, 88):
        sound = drum_synths.hit(kit, pitch)
        assert sound.dtype == np.float32 and sound.shape[1] == 1 and np.isfinite(sound).all()
        assert 0.5 < np.abs(sound).max() <= 1.0
        assert np.abs(sound[:2400]).max() > 0.2  # within 50 ms
        assert np.abs(sound[-50:]).max() < 0.01


def test_drums_have_the_range_of_their_kind():
    def hit_share(kit, pitch, low, high):
        return share(drum_synths.hit(kit, pitch), low, high, whole=False)

    for kit in ("909", "808", "lofi"):
        assert hit_share(kit, 36, 30, 160) > 0.6
        assert hit_share(kit, 42, 4000, 20_000) > 0.8
        assert hit_share(kit, 38, 500, 20_000) > 0.12
        assert len(drum_synths.hit(kit, 46)) > 2 * len(drum_synths.hit(kit, 42))
    assert hit_share("gugak", 36, 50, 400) > 0.7
    assert hit_share("gugak", 38, 1000, 20_000) > 0.1
    assert hit_share("gugak", 56, 700, 9000) > 0.8
    assert len(drum_synths.hit("gugak", 49)) > 3 * SAMPLE_RATE


def test_hits_take_turns_but_come_again_the_same():
    assert not np.array_equal(drum_synths.hit("909", 38, 0), drum_synths.hit("909", 38, 1))
    first = drum_synths.hit("909", 38, 0).copy()
    drum_synths.hit.cache_clear()
    assert np.array_equal(drum_synths.hit("909", 38, 3), first)


@pytest.mark.parametrize("name", textures.TEXTURES)
def test_a_background_sound_has_no_seam(name):
    count = 5 * SAMPLE_RATE + 77
    sound = textures.texture(name, count, np.random.default_rng(1))
    assert sound.shape == (count, 2) and np.isfinite(sound).all() and 0.01 < np.abs(sound).max() < 1.5
    steps = np.abs(np.diff(np.concatenate([sound[-SAMPLE_RATE // 2:], sound[:SAMPLE_RATE // 2]]), axis=0)).max(axis=1)
    assert steps[SAMPLE_RATE // 2 - 1] <= max(np.quantile(np.abs(np.diff(sound, axis=0)), 0.9999), 2e-3)
    again = textures.texture(name, count, np.random.default_rng(1))
    assert np.array_equal(sound, again)
    assert not np.array_equal(sound, textures.texture(name, count, np.random.default_rng(2)))


def test_background_sounds_have_the_range_of_their_kind():
    def made(name):
        return textures.texture(name, 8 * SAMPLE_RATE, np.random.default_rng(0))
    assert share(made("wind"), 60, 2000) > 0.9
    assert share(made("crickets"), 3800, 5500) > 0.6
    assert share(made("birds"), 1800, 8000) > 0.9
    assert share(made("rain"), 500, 20_000) > 0.7


def test_an_unknown_background_sound_is_refused():
    with pytest.raises(DataError) as error:
        textures.texture("thunder", 100, np.random.default_rng(0))
    assert "rain" in str(error.value)


def test_filters_have_their_corners():
    noise = np.random.default_rng(0).standard_normal((SAMPLE_RATE * 2, 2)).astype(np.float32)
    from music import _kernels

    high = noise.copy()
    _kernels.biquads(high, np.array([mix.high_pass(1000.0)]), 0)
    assert share(high, 0, 500) < 0.1 * share(noise, 0, 500)
    assert share(high, 4000, 8000) == pytest.approx(share(noise, 4000, 8000), rel=0.15)
    left, right = mix.panned(0)
    assert (left, right) == pytest.approx((1, 1))
    assert sum(gain**2 for gain in mix.panned(-0.7)) == pytest.approx(2)
