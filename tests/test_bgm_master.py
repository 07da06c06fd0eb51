"""Mastering and files: loudness and true peak against other implementations, exact lengths, the same bytes."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr

from music import files, master
from music.score import SAMPLE_RATE
from music.wish import LOUDNESS
from support.errors import DataError


def tone(seconds=3.0, hertz=440.0, level=0.3):
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.repeat((level * np.sin(2 * np.pi * hertz * t))[:, None], 2, axis=1).astype(np.float32)


def materials():
    rng = np.random.default_rng(3)
    count = 4 * SAMPLE_RATE
    t = np.arange(count) / SAMPLE_RATE
    pings = np.zeros(count)
    for start in (0.5, 3.1):
        pings += np.where(t >= start, np.exp(-(t - start).clip(0) / 0.4) * np.sin(2 * np.pi * 880 * (t - start)), 0)
    beat = np.exp(-(t % 0.5) / 0.06) * np.sin(2 * np.pi * 55 * (t % 0.5)) + 0.2 * rng.standard_normal(count) * np.exp(-(t % 0.25) / 0.01)
    sides = {"sparse": pings, "loud": np.clip(3 * rng.standard_normal(count), -1, 1), "faint": 1e-3 * beat, "beat": beat,
             "bright": np.sin(2 * np.pi * 11_975 * t + 0.7), "bass": np.sin(2 * np.pi * 41 * t), "square": np.sign(np.sin(2 * np.pi * 997 * t))}
    return {name: np.stack([side, 0.8 * np.roll(side, 37)], axis=1).astype(np.float32) for name, side in sides.items()}


def peak_of(audio):
    """Return the true peak by another library, of what a file of 24 bits holds."""
    held, _ = soundfile.read(io.BytesIO(files.wav(audio)))
    more = soxr.resample(np.pad(held, ((999, 999), (0, 0))), SAMPLE_RATE, 4 * SAMPLE_RATE, quality="VHQ")
    return 20 * np.log10(max(np.abs(more).max(), np.abs(held).max()))


@pytest.mark.parametrize(("loudness", "loop"), [*((loudness, False) for loudness in LOUDNESS), (-14.0, True)])
@pytest.mark.parametrize("name", materials())
def test_loudness_and_true_peak_hold_for_any_material(name, loudness, loop):
    made, figures = master.master(materials()[name], loudness, loop)
    assert abs(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(made.astype(float)) - loudness) <= 0.2
    assert peak_of(made) <= -1.0
    assert figures.true_peak <= -1.0 and figures.loudness == pytest.approx(loudness, abs=0.2)


def test_measures_are_those_of_other_libraries():
    audio = materials()["beat"] * 0.4
    assert master.integrated(audio) == pytest.approx(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(audio.astype(float)), abs=0.05)
    assert master.true_peak(audio) == pytest.approx(peak_of(audio), abs=0.15)  # white noise: the filters' edges differ
    smooth = tone(hertz=7001.0) * np.hanning(3 * SAMPLE_RATE).astype(np.float32)[:, None]
    assert master.true_peak(smooth) == pytest.approx(peak_of(smooth), abs=0.02)


def test_a_peak_between_samples_is_found():
    t = np.arange(SAMPLE_RATE)
    audio = np.repeat(np.sin(np.pi / 2 * t + np.pi / 4)[:, None], 2, axis=1).astype(np.float32) * 0.5  # samples at 0.354
    audio *= np.hanning(SAMPLE_RATE)[:, None].astype(np.float32) ** 0.25  # no sudden start
    assert np.abs(audio).max() < 0.36
    assert master.true_peak(audio) == pytest.approx(-6.02, abs=0.1)


def test_what_needs_no_limiter_is_only_turned_up():
    audio = tone(level=0.01)
    made, _ = master.master(audio, -23.0)
    assert np.ptp(made[1000:, 0][audio[1000:, 0] > 0.005] / audio[1000:, 0][audio[1000:, 0] > 0.005]) < 1e-2


def test_the_limiter_of_a_loop_runs_round_its_end():
    audio = materials()["beat"]
    audio[:200] *= 4  # a peak at the start: the end has to give way before it
    curve, _ = master.gain_curve(audio, -14.0, loop=True)
    assert curve[0] == pytest.approx(curve[-1], rel=0.02)
    turned, _ = master.gain_curve(np.roll(audio, 9600, axis=0), -14.0, loop=True)
    steps = 9600 // master.SIZE
    assert np.allclose(np.roll(turned[:-1], -steps) / turned.max(), curve[:-1] / curve.max(), rtol=0.06)


def test_silence_is_refused():
    for silent in (np.zeros((SAMPLE_RATE, 2), np.float32), np.full((SAMPLE_RATE, 2), 1e-7, np.float32)):
        with pytest.raises(DataError) as error:
            master.master(silent, -14.0)
        assert error.value.code == "bgm_sound.silent"


@pytest.mark.parametrize(("rate", "have", "channels"), [(32_000, 3.0, 1), (44_100, 9.7, 2), (48_000, 5.0, 2), (32_000, 0.2, 1)])
def test_audio_from_elsewhere_is_brought_to_length_and_loudness(rate, have, channels):
    t = np.arange(round(have * rate)) / rate
    audio = 0.2 * np.sin(2 * np.pi * 300 * t) * (1 + 0.5 * np.sin(2 * np.pi * 3 * t))
    made, figures = master.fit(audio if channels == 1 else np.stack([audio, audio], 1), rate, 5.4321, -16.0)
    assert made.shape == (round(5.4321 * SAMPLE_RATE), 2)
    assert figures.loudness == pytest.approx(-16, abs=0.2) and peak_of(made) <= -1
    assert abs(float(made[-1].max())) < 1e-3 and np.abs(made[-SAMPLE_RATE:-SAMPLE_RATE // 2]).max() > 0.05


def test_broken_or_empty_audio_from_elsewhere_is_refused():
    for audio in (np.zeros(0), np.zeros((100, 2)), np.full(100, np.nan)):
        with pytest.raises(DataError):
            master.fit(audio, 32_000, 5, -14)


def test_a_wav_holds_every_sample_at_24_bits():
    made, _ = master.master(materials()["beat"], -14.0)
    held, rate = soundfile.read(io.BytesIO(files.wav(made)), dtype="float32")
    assert rate == SAMPLE_RATE and np.array_equal(held, made)
    assert soundfile.info(io.BytesIO(files.wav(made))).subtype == "PCM_24"


def test_files_are_the_same_bytes_each_time_and_open():
    made, _ = master.master(materials()["beat"], -14.0)
    for write, most in ((files.wav, 0), (files.ogg, 0), (files.mp3, 2400)):
        first, second = write(made), write(made)
        assert first == second
        held, rate = soundfile.read(io.BytesIO(first))
        assert rate == SAMPLE_RATE and 0 <= len(held) - len(made) <= most
        assert np.corrcoef(held[:len(made), 0], made[:, 0])[0, 1] > (0.9 if most == 0 else 0)
    assert files.ogg(made)[14:18] != files.ogg(made * 0.5)[14:18]


def test_stems_come_as_a_zip_of_wavs_with_the_score():
    made = tone(0.5)
    first = files.stems_zip({"bass": made, "drums": made * 0.5}, b"MThd")
    assert first == files.stems_zip({"bass": made, "drums": made * 0.5}, b"MThd")
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert file.namelist() == ["bass.wav", "drums.wav", "score.mid"]
        assert np.allclose(soundfile.read(io.BytesIO(file.read("drums.wav")))[0], made * 0.5, atol=2e-7)


def test_a_waveform_for_drawing_has_every_extreme():
    audio = np.zeros((100_003, 2), np.float32)
    audio[50_000, 0], audio[99_999, 1] = 0.7, -0.9
    drawn = files.peaks(audio)
    assert drawn.shape == (1000, 2) and drawn.max() == np.float32(0.7) and drawn[-1, 0] == np.float32(-0.9)
    assert files.peaks(audio[:10]).shape == (10, 2)
