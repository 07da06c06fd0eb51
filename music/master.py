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
Curve = NDArray[np.float64]

CEILING = -1.0
"""Highest true peak, dBTP."""
MARGIN, SAFE = 0.3, 0.15
"""dB the limiter stays under it, and the result: two interpolations of the same noise differ by up to as much."""
NEAR = 0.08
"""LU from the wish at which the search ends; what is promised is 0.2."""
ROUNDS = 14
AHEAD_S, RELEASE_S = 0.002, 0.07
"""How early the limiter goes down, and how fast it comes up again by two thirds."""
SILENT = 1e-5
"""Highest sample of what is not heard: -100 dBFS."""
MOST_GAIN = 1000.0
"""60 dB over what would do without a limiter: as far as the search goes."""
SIZE = 8
"""Samples of a step of the limiter; its gain is drawn straight between steps."""
PHASES, TAPS, FINE_TAPS = 3, 12, 128
"""Points between two samples that are looked at, and samples each is made of: by the limiter, and when measured."""
LIKELY = 0.6
"""A peak between samples is hardly ever further over the samples beside it than this share says (4 dB)."""
STEP = SAMPLE_RATE // 10
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
    audio, _, figures = mastered(mix, loudness, loop)
    return audio, figures


def gain_curve(mix: Audio, loudness: float, loop: bool = False) -> tuple[Curve, Figures]:
    """Return the gain that masters a mix, and the measures of the mastered mix; see `mastered`."""
    return mastered(mix, loudness, loop)[1:]


def mastered(mix: Audio, loudness: float, loop: bool = False) -> tuple[Audio, Curve, Figures]:
    """Return a mix as of `master`, and the gain that makes it so.

    Returns
    -------
    audio : array (n, 2)
    curve : array (ceil(n / SIZE) + 1,)
        One value for the start of every `SIZE` samples and one for the end: what `applied` takes.
    figures : Figures
        Measures of the audio.
    """
    most = float(np.max(np.abs(mix), initial=0.0))
    if not most > SILENT:
        raise DataError("bgm_sound.silent")
    squares = _squares(mix)
    # Measured at full scale: faint material would be under the standard's gate of -70 LUFS.
    have = _loudness(squares / most**2)
    gain = 10 ** ((loudness - have) / 20) / most if np.isfinite(have) else 1 / most
    ceiling, aim = 10 ** ((CEILING - MARGIN) / 20), loudness
    for _ in range(6):
        curve, gain = _sought(mix, squares, aim, gain, ceiling, loop)
        audio = applied(mix, curve)
        figures = measured(audio)
        over, miss = figures.true_peak - CEILING + SAFE, loudness - figures.loudness
        if over <= 0 and (abs(miss) <= 2 * NEAR or not np.isfinite(miss)):
            return audio, curve, figures
        ceiling *= 10 ** (-(over + 0.05) / 20) if over > 0 else 1.0
        aim += miss if abs(miss) > NEAR else 0.0
    if over <= 0:
        return audio, curve, figures
    audio = applied(mix, curve := curve * 10 ** (-(over + 0.02) / 20))
    return audio, curve, measured(audio)


def applied(mix: Audio, curve: Curve) -> Audio:
    """Return a mix times the gain of `gain_curve`, rounded to 24 bits as the file will have it."""
    from music import _levels

    return np.asarray(_levels.finished(mix, curve, SIZE))


def _squares(mix: Audio) -> NDArray[np.float64]:
    """Return the K-weighted power of every `SIZE` samples, of 400 ms at least."""
    from music import _levels

    missing = max(0, BLOCK * STEP - len(mix))
    return np.asarray(_levels.k_power(np.pad(mix, ((0, missing), (0, 0))) if missing else mix, k_sections(), SIZE))


def _loudness(squares: NDArray[np.float64], curve: Curve | None = None) -> float:
    """Return the integrated loudness of what `_squares` has measured, under a gain.

    A gain that moves slowly beside the weighting's memory (10 ms) may come after it: the search goes by that.
    """
    if curve is not None:
        curve = np.pad(curve, (0, max(0, len(squares) + 1 - len(curve))), mode="edge")[:len(squares) + 1]
        squares = squares * (0.5 * (curve[1:] + curve[:-1])) ** 2
    steps = squares[:len(squares) // (STEP // SIZE) * (STEP // SIZE)].reshape(-1, STEP // SIZE).sum(axis=1)
    return gated(np.convolve(steps, np.ones(BLOCK), "valid") / (BLOCK * STEP))


def _sought(mix: Audio, squares: NDArray[np.float64], loudness: float, gain: float, ceiling: float, loop: bool
            ) -> tuple[Curve, float]:
    """Return gain and limiter whose result is nearest to the loudness, and the gain; secant steps in dB."""
    from music import _levels

    ahead = round(AHEAD_S * SAMPLE_RATE / SIZE)
    release = 1 - np.exp(-SIZE / (RELEASE_S * SAMPLE_RATE))
    first, seen, best = gain, np.inf, (np.inf, np.ones(2), gain)
    tried: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        floor = LIKELY * ceiling / gain
        if floor < seen:
            seen = 0.8 * floor
            peaks = _levels.true_peaks(mix, _phases(PHASES, TAPS), seen, SIZE, loop)
        curve = _levels.limiter(peaks, gain, ceiling, ahead, release, loop)
        miss = loudness - _loudness(squares, curve)
        if abs(miss) < abs(best[0]):
            best = miss, curve, gain
        if abs(miss) <= NEAR:
            break
        tried.append((20 * np.log10(gain), miss))
        gain = min(MOST_GAIN * first, 10 ** (_next(tried) / 20))
    return best[1], best[2]


def _next(tried: list[tuple[float, float]]) -> float:
    """Return the gain in dB to try next; a limiter at work takes part of each step away, so steps grow with it."""
    at, miss = tried[-1]
    slope = 1.0
    if len(tried) > 1 and abs(tried[-2][0] - at) > 1e-6:
        slope = min(1.0, max(0.12, (tried[-2][1] - miss) / (at - tried[-2][0])))
    return at + min(12.0, max(-12.0, miss / slope))


def integrated(audio: Audio) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence. Under 400 ms are one block."""
    from music import _levels

    if len(audio) < BLOCK * STEP:
        audio = np.pad(audio, ((0, BLOCK * STEP - len(audio)), (0, 0)))
    steps = _levels.k_power(audio, k_sections(), STEP)
    return gated(np.convolve(steps, np.ones(BLOCK), "valid") / (BLOCK * STEP))


def loud_part(audio: Audio) -> float:
    """Return about how loud (LUFS) a part is where it plays in full: the loudest third of what is heard of it."""
    from music import _levels

    steps = _levels.rough_power(audio, k_sections(SAMPLE_RATE // 4), STEP) / STEP
    if not len(steps) or steps.max() < 1e-9:
        return -np.inf
    size = min(BLOCK, len(steps))
    blocks = np.convolve(steps, np.full(size, 1 / size), "valid")
    heard = np.sort(blocks[blocks > blocks.max() * 1e-3])
    return float(-0.691 + 10 * np.log10(np.mean(heard[-max(1, len(heard) // 3):])))


def true_peak(audio: Audio) -> float:
    """Return the true peak in dBTP, four times oversampled; minus infinity for silence.

    Only what is within `LIKELY` of the highest sample is interpolated: no lower sample has a higher peak beside it.
    """
    from music import _levels

    most = float(np.max(np.abs(audio), initial=0.0))
    if most == 0:
        return -np.inf
    peaks = _levels.true_peaks(audio, _phases(PHASES, FINE_TAPS), LIKELY * most, SIZE, False)
    return float(20 * np.log10(peaks.max()))


def measured(audio: Audio) -> Figures:
    """Return the measures of finished audio."""
    most = float(np.max(np.abs(audio), initial=0.0))
    return Figures(integrated(audio), true_peak(audio), float(20 * np.log10(most)) if most else -np.inf)


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
    made = audio.copy()
    fade(made, seconds)
    return made


def fade(audio: Audio, seconds: float) -> None:
    """Let the last seconds fall to silence along a cosine, in place."""
    count = min(len(audio), max(1, round(seconds * SAMPLE_RATE)))
    audio[-count:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, count + 1, dtype=np.float32) / count))[:, None]


def _of_length(audio: Audio, count: int) -> Audio:
    cross = min(round(CROSS_S * SAMPLE_RATE), len(audio) // 3)
    made = audio
    while len(made) < count and cross:
        turn = np.linspace(0, np.pi / 2, cross, dtype=np.float32)[:, None]
        joint = made[-cross:] * np.cos(turn) + audio[:cross] * np.sin(turn)
        made = np.concatenate([made[:-cross], joint, audio[cross:]])
    return np.ascontiguousarray(np.pad(made, ((0, max(0, count - len(made))), (0, 0)))[:count])


@cache
def k_sections(rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
    """Return the two filters of the standard, (2, 6): b0 b1 b2 1 a1 a2."""
    return np.array([[*b, *a] for b, a in coefficients(rate)])


@cache
def _phases(phases: int, taps: int) -> NDArray[np.float32]:
    """Return windowed sinc filters for points between two samples, (phases, taps)."""
    places = np.arange(1, phases + 1)[:, None] / (phases + 1)
    offsets = np.arange(taps)[None] - taps // 2 + 1 - places
    window = np.i0(7 * np.sqrt(np.maximum(0, 1 - (2 * offsets / taps) ** 2))) / np.i0(7)
    made = np.sinc(offsets) * window
    return np.ascontiguousarray(made / made.sum(axis=1, keepdims=True), np.float32)
