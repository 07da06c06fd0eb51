"""Mel spectrograms: librosa's values, in little memory; the half minute a network hears; outlines."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sound import mel
from sound.mel import BANDS, CLIP_FRAMES, HOP, RATE, clip_of, clip_span, log_mel, waveform

SECOND = np.arange(2 * RATE) / RATE
NOISE = np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32)


def tone(hertz, height=1.0):
    return (height * np.sin(2 * np.pi * hertz * SECOND)).astype(np.float32)


def by_librosa(samples):
    import librosa

    power = librosa.feature.melspectrogram(y=samples, sr=RATE, n_fft=2048, hop_length=512, n_mels=128)
    return librosa.power_to_db(power, ref=1.0, top_db=None).T


SIGNALS = {
    "noise": NOISE, "quiet noise": NOISE * np.float32(1e-4), "loud noise": NOISE * np.float32(5),
    "tone": tone(440), "low tone": tone(50), "high tone": tone(9_000), "faint tone": tone(440, 0.001),
    "chord": tone(110, 0.3) + tone(165, 0.3) + tone(3_000, 0.3),
    "falling silent": NOISE * np.logspace(0, -12, len(NOISE), dtype=np.float32),
    "noise, then a tone, then nothing": np.concatenate([NOISE, tone(440), np.zeros(RATE, np.float32), NOISE[:RATE]]),
    "zeros": np.zeros(RATE, np.float32),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_the_values_are_those_of_librosa(name):
    made, wanted = log_mel(SIGNALS[name]), by_librosa(SIGNALS[name])
    assert made.dtype == np.float32 and made.shape == wanted.shape
    assert np.abs(made - wanted).max() < 0.05
    assert name == "zeros" or np.ptp(wanted) > 20  # else this would say little


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
@pytest.mark.parametrize("length", [1, 511, 512, 513, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 64 * HOP - 1, 64 * HOP,
                                    64 * HOP + 1_024, 128 * HOP - 1, 128 * HOP, 193 * HOP + 7])
def test_every_length_gives_the_frames_of_librosa(length):
    made, wanted = log_mel(NOISE[:length]), by_librosa(NOISE[:length])
    assert made.shape == wanted.shape == (1 + length // HOP, BANDS)
    assert np.abs(made - wanted).max() < 0.001


def test_single_precision_alone_would_be_wrong_for_tones(monkeypatch):
    monkeypatch.setattr(mel, "WIDE", 0.0)
    assert np.abs(log_mel(SIGNALS["tone"]) - by_librosa(SIGNALS["tone"])).max() > 0.1


def test_a_tone_is_in_its_band_at_its_height():
    made = log_mel(tone(1_000, 0.5))[20:60]
    centres = mel._hertz(np.linspace(0, mel._mels(RATE / 2), BANDS + 2))[1:-1]
    assert set(made.argmax(axis=1)) == {int(np.abs(centres - 1_000).argmin())}
    louder = log_mel(tone(1_000, 1.0))[20:60]
    assert louder.max(axis=1) - made.max(axis=1) == pytest.approx(20 * np.log10(2), abs=0.01)


def test_of_nothing_one_frame_of_silence():
    assert log_mel(np.zeros(0, np.float32)).shape == (1, BANDS)
    assert log_mel(np.zeros(0, np.float32)) == pytest.approx(-100) and log_mel(SIGNALS["zeros"]) == pytest.approx(-100)


def test_two_channels_are_no_signal():
    with pytest.raises(ValueError, match=r"\(2, 100\).*mean of the channels"):
        log_mel(np.zeros((2, 100), np.float32))


def test_working_memory_does_not_grow_with_the_length():
    samples = np.tile(NOISE, 24)  # two minutes
    log_mel(samples[:RATE])
    tracemalloc.start()
    made = log_mel(samples)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.nbytes < peak < made.nbytes + 20e6 < samples.nbytes + made.nbytes + 20e6


def test_neither_librosa_nor_anything_heavy_is_imported():
    code = ("import sys, numpy as np; from sound import mel; mel.log_mel(np.ones(9999, np.float32)); "
            "print({'librosa', 'numba', 'sklearn', 'torch', 'tensorflow', 'pandas'} & set(sys.modules))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parents[1])
    assert out.stdout.strip() == "set()"


def numbered(frames):
    """Return a spectrogram that tells its frames apart; the quietest value is 0."""
    return np.repeat(np.arange(frames, dtype=np.float32)[:, None], BANDS, axis=1)


def frames_of(seconds):
    return 1 + int(seconds * RATE) // HOP


def test_the_clip_is_seconds_20_to_50():
    clip = clip_of(numbered(frames_of(200)))
    assert clip.shape == (CLIP_FRAMES, BANDS) == (1_292, 128) and clip.flags.c_contiguous
    assert clip[0, 0] * HOP / RATE == pytest.approx(20, abs=HOP / RATE)
    assert clip[-1, 0] * HOP / RATE == pytest.approx(50, abs=2 * HOP / RATE)
    assert clip_span(200) == pytest.approx((20, 50), abs=HOP / RATE)


@pytest.mark.parametrize("seconds", [31.0, 40.0, 49.9])
def test_what_is_too_short_for_that_gives_its_middle(seconds):
    clip = clip_of(numbered(frames_of(seconds)))
    start, end = (seconds - 30) / 2, (seconds + 30) / 2
    assert len(clip) == CLIP_FRAMES and (np.diff(clip[:, 0]) == 1).all()
    assert clip[0, 0] * HOP / RATE == pytest.approx(start, abs=2 * HOP / RATE)
    assert clip_span(seconds) == pytest.approx((start, end), abs=2 * HOP / RATE)


def test_thirty_seconds_are_taken_whole():
    whole = numbered(frames_of(30))
    assert len(whole) == CLIP_FRAMES and (clip_of(whole) == whole).all() and clip_span(30) == (0, 30)


def test_what_is_shorter_is_followed_by_its_quietest_value():
    short = numbered(frames_of(10)) - 70
    clip = clip_of(short)
    assert (clip[:len(short)] == short).all() and (clip[len(short):] == -70).all() and len(clip) == CLIP_FRAMES
    assert clip_span(10) == (0, 10)


@pytest.mark.parametrize("seconds", np.linspace(29.5, 50.5, 43))
def test_span_and_clip_agree_at_every_length(seconds):
    clip = clip_of(numbered(frames_of(seconds)))
    assert clip_span(seconds)[0] == pytest.approx(clip[0, 0] * HOP / RATE, abs=1e-9)


def test_the_outline_holds_every_peak():
    samples = np.zeros(10_000, np.float32)
    samples[[0, 4_321, 9_999]] = 0.5, -0.75, 1.0
    outline = waveform(samples, 100)
    assert outline.shape == (100, 2) and outline.dtype == np.float32
    assert outline[0, 1] == 0.5 and outline[43, 0] == -0.75 and outline[99, 1] == 1.0
    assert (np.abs(outline).sum(axis=1) > 0).sum() == 3


def test_outlines_of_little_and_of_nothing():
    assert waveform(np.array([0.1, -0.2], np.float32), 4).tolist() == [[np.float32(0.1)] * 2] * 2 + [[np.float32(-0.2)] * 2] * 2
    assert waveform(np.zeros(0, np.float32)).tolist() == [[0, 0]] * 1_000
