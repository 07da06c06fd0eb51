"""Mastering: a wished loudness, true peaks under -1 dBTP, exact length. ITU-R BS.1770-4 (annexes 1 and 2).

A limiter that looks ahead follows peaks between the samples as well; gain and limiter are sought together until the
integrated loudness is met. The result is measured after rounding to 24 bits, by an interpolation of its own.
Arrays are float32 (n, 2) at 48 kHz; loudness is in LUFS, peaks in dBTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from music.score import SAMPLE_RATE
from support.decode.loudness import BLOCK, coefficients, gated
from support.errors import DataError

Audio = NDArray[np.float32]

CEILING = -1.0
"""Highest true peak, dBTP."""
MARGIN = 0.2
"""dB the limiter stays under it: two interpolations of the same peak differ by about as much."""
NEAR = 0.04
"""LU from the wish at which the search ends; what is promised is 0.2."""
ROUNDS = 14
AHEAD_S, RELEASE_S = 0.002, 0.07
"""How early the limiter goes down, and how fast it comes up again by two thirds."""
MOST_GAIN = 2000.0
"""66 dB: material that would need more is treated as silent."""
PHASES, TAPS = 3, 16
"""Points between two samples the limiter looks at, and samples each is made of."""
STEP = SAMPLE_RATE // 10
PIECE, OVERLAP = 1 << 19, 2048
"""Samples oversampled at once, and how far they overlap."""
CROSS_S = 1.0
"""Seconds over which audio that is too short fades into its own repetition."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Measures: integrated loudness (LUFS), true peak (dBTP), sample peak (dBFS)."""

    loudness: float
    true_peak: float
    peak: float


def master(mix: Audio, loudness: float, loop: bool = False) -> tuple[Audio, Figures]:
    """Return a mix at its loudness and under the ceiling, rounded to 24 bits, and what it measures.

    Parameters
    ----------
    mix : array (n, 2)
    loudness : float
        Wished integrated loudness, LUFS.
    loop : bool
        Whether the end runs into the start.

    Raises
    ------
    DataError
        ``bgm_sound.silent`` where there is nothing to hear.
    """
    curve, figures = gain_curve(mix, loudness, loop)
    return rounded(mix * curve[:, None]), figures


def gain_curve(mix: Audio, loudness: float, loop: bool = False) -> tuple[NDArray[np.float32], Figures]:
    """Return the gain of each sample that masters a mix, (n,), and what the mastered mix measures: see `master`."""
    have = integrated(mix)
    first = 10 ** ((loudness - have) / 20) if np.isfinite(have) else np.inf
    if first > MOST_GAIN:
        raise DataError("bgm_sound.silent")
    ceiling = 10 ** ((CEILING - MARGIN) / 20)
    best = None
    for _ in range(4):
        curve = _sought(mix, loudness, first, ceiling, loop)
        made = rounded(mix * curve[:, None])
        figures = measured(made)
        best = curve, figures
        over = figures.true_peak - CEILING
        if over <= 0:
            return best
        ceiling *= 10 ** (-(over + 0.05) / 20)
    curve = curve * np.float32(10 ** (-(over + 0.01) / 20))
    return curve, measured(rounded(mix * curve[:, None]))


def _sought(mix: Audio, loudness: float, gain: float, ceiling: float, loop: bool) -> NDArray[np.float32]:
    """Return the curve of gain and limiter whose result is nearest to the loudness; secant steps in dB."""
    from music import _kernels

    release = 1 - np.exp(-1 / (RELEASE_S * SAMPLE_RATE))
    ahead = round(AHEAD_S * SAMPLE_RATE)
    floor = 0.0
    best: tuple[float, NDArray[np.float32]] | None = None
    tried: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        if turn == 0 or 0.6 * ceiling / gain < floor:
            floor = 0.35 * ceiling / gain
            peaks = _kernels.true_peaks(mix, _phases(), floor, loop)
        curve = _kernels.limiter_gain(peaks, gain, ceiling, ahead, release, loop) * np.float32(gain)
        miss = loudness - integrated(mix * curve[:, None])
        if best is None or abs(miss) < abs(best[0]):
            best = miss, curve
        if abs(miss) <= NEAR:
            break
        tried.append((20 * np.log10(gain), miss))
        gain = min(MOST_GAIN * 4, 10 ** (_next(tried) / 20))
    assert best is not None
    return best[1]


def _next(tried: list[tuple[float, float]]) -> float:
    """Return the gain in dB to try next; a limiter at work takes part of each step away, so steps grow with it."""
    at, miss = tried[-1]
    slope = 1.0
    if len(tried) > 1 and abs(tried[-2][0] - at) > 1e-6:
        slope = min(1.0, max(0.12, (tried[-2][1] - miss) / (at - tried[-2][0])))
    return at + min(12.0, max(-12.0, miss / slope))


def integrated(audio: Audio) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence. Under 400 ms are one block."""
    from music import _kernels

    if len(audio) < BLOCK * STEP:
        audio = np.pad(audio, ((0, BLOCK * STEP - len(audio)), (0, 0)))
    steps = _kernels.k_power(audio, k_sections(), STEP)
    return gated(np.convolve(steps, np.ones(BLOCK), "valid") / (BLOCK * STEP))


def loud_part(audio: Audio) -> float:
    """Return the loudness in LUFS of the louder third of what sounds: how loud a part is where it plays in full."""
    from music import _kernels

    steps = _kernels.k_power(audio, k_sections(), STEP) / STEP
    if not len(steps) or steps.max() < 1e-9:
        return -np.inf
    blocks = np.convolve(steps, np.full(min(BLOCK, len(steps)), 1 / min(BLOCK, len(steps))), "valid")
    heard = np.sort(blocks[blocks > blocks.max() * 1e-3])
    return float(-0.691 + 10 * np.log10(np.mean(heard[-max(1, len(heard) // 3):])))


def true_peak(audio: Audio) -> float:
    """Return the true peak in dBTP, four times oversampled; minus infinity for silence."""
    import soxr

    most = float(np.max(np.abs(audio), initial=0.0))
    for start in range(0, len(audio), PIECE):  # pieces overlap: the peak of each is that of the whole
        piece = audio[max(0, start - OVERLAP):start + PIECE + OVERLAP]
        more = soxr.resample(piece, SAMPLE_RATE, 4 * SAMPLE_RATE)
        inner = more[4 * (min(start, OVERLAP)):4 * (min(start, OVERLAP) + PIECE)]
        most = max(most, float(inner.max(initial=0)), -float(inner.min(initial=0)))
    return float(20 * np.log10(most)) if most > 0 else -np.inf


def measured(audio: Audio) -> Figures:
    """Return the measures of finished audio."""
    most = float(np.max(np.abs(audio), initial=0.0))
    return Figures(integrated(audio), true_peak(audio), float(20 * np.log10(most)) if most else -np.inf)


def rounded(audio: Audio) -> Audio:
    """Return audio rounded to 24 bits, as the file will have it."""
    return np.asarray(np.rint(np.clip(audio, -1, 1 - 2**-23) * np.float32(2**23)) * np.float32(2**-23), np.float32)


def fit(audio: NDArray[np.floating], rate: int, seconds: float, loudness: float, fade: float = 0.5
        ) -> tuple[Audio, Figures]:
    """Return audio from elsewhere at 48 kHz in stereo, of exact length, with a faded end, mastered.

    Audio that is too short is repeated, each time fading over into itself.

    Parameters
    ----------
    audio : array (n,) or (n, channels)
    rate : int
        Its samples a second.
    seconds, loudness : float
        Of the result; the length is exact to the sample.
    fade : float
        Seconds of the fade at the end.

    Raises
    ------
    DataError
        ``bgm_sound.silent`` where there is nothing to hear.
    """
    import soxr

    stereo = np.atleast_2d(np.asarray(audio, np.float32).T).T
    stereo = np.nan_to_num(np.repeat(stereo[:, :1], 2, axis=1) if stereo.shape[1] == 1 else stereo[:, :2])
    if not stereo.size or not np.any(stereo):
        raise DataError("bgm_sound.silent")
    if rate != SAMPLE_RATE:
        stereo = soxr.resample(stereo, rate, SAMPLE_RATE)
    exact = _of_length(stereo, round(seconds * SAMPLE_RATE))
    return master(faded(exact, fade), loudness)


def faded(audio: Audio, seconds: float) -> Audio:
    """Return audio whose last seconds fall to silence along a cosine."""
    count = min(len(audio), max(1, round(seconds * SAMPLE_RATE)))
    made = audio.copy()
    made[-count:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, count + 1, dtype=np.float32) / count))[:, None]
    return made


def _of_length(audio: Audio, count: int) -> Audio:
    cross = min(round(CROSS_S * SAMPLE_RATE), len(audio) // 3)
    made = audio
    while len(made) < count and cross:
        turn = np.linspace(0, np.pi / 2, cross, dtype=np.float32)[:, None]
        joint = made[-cross:] * np.cos(turn) + audio[:cross] * np.sin(turn)
        made = np.concatenate([made[:-cross], joint, audio[cross:]])
    return np.ascontiguousarray(np.pad(made, ((0, max(0, count - len(made))), (0, 0)))[:count])


@cache
def k_sections() -> NDArray[np.float64]:
    """Return the two filters of the standard at 48 kHz, (2, 6): b0 b1 b2 1 a1 a2."""
    return np.array([[*b, *a] for b, a in coefficients(SAMPLE_RATE)])


@cache
def _phases() -> NDArray[np.float32]:
    """Return windowed sinc filters for the points between two samples, (PHASES, TAPS)."""
    places = np.arange(1, PHASES + 1)[:, None] / (PHASES + 1)
    offsets = np.arange(TAPS)[None] - TAPS // 2 + 1 - places
    taps = np.sinc(offsets) * np.kaiser(2 * TAPS * (PHASES + 1) + 1, 5)[
        np.rint((offsets / TAPS + 0.5) * 2 * TAPS * (PHASES + 1)).astype(int).clip(0)]
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)
