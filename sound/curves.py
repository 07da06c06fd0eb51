"""What is heard along a song, in four curves, from one reading of its samples.

onset
    How much louder the bands of the spectrum grow from one frame to the next (spectral flux of 40 mel bands in
    logarithm, after Boeck & Widmer 2013, "Maximum filter vibrato suppression for onset detection"), and the same for
    the bands below 200 Hz (bass drum, bass).
pitch
    Strength of each pitch class in steps of ten cents, from the peaks of long spectra, so that the tuning of the song
    can be found later (Gomez 2006, "Tonal description of music audio signals").
timbre
    Twelve cepstral coefficients and the level, half a second each.
power
    Mean square of the K-weighted signal (ITU-R BS.1770-4), a tenth of a second each.

Conventions: 22,050 samples a second, mono; curve x has `x_RATE` values a second and value i stands at i / x_RATE
seconds; float32, about 150 KB a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sound.frames import Floats, count, magnitudes
from sound.mel import RATE

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ONSET_SIZE, ONSET_HOP = 1_024, 256
"""46 ms of sound a frame, a frame every 12 ms: short enough for the lag of a beat to be told to 1 %."""
ONSET_RATE = RATE / ONSET_HOP
BANDS, LOW_BANDS, LOW_HZ, HIGH_HZ = 40, 2, 30.0, 8_000.0
"""Mel bands, how many of them lie below 200 Hz (bass drum and bass), and the frequencies they span."""
PITCH_SIZE, PITCH_HOP = 8_192, 4_096
"""0.37 s of sound: neighbouring semitones are told apart from 100 Hz on."""
PITCH_RATE = RATE / PITCH_HOP
LOWEST_HZ, HIGHEST_HZ = 65.4, 2_100.0
"""From C2 to C7: below, semitones melt into one another; above, there is little but overtones and noise."""
STEPS = 120
"""Of an octave: ten cents each."""
TIMBRES = 13
"""Level and twelve cepstral coefficients."""
TIMBRE_HOPS = 43
"""Onset frames in a value of timbre."""
TIMBRE_RATE = ONSET_RATE / TIMBRE_HOPS
POWER_RATE = 10.0
PRESS, LEVEL = 1_000.0, -14.0
"""Of the logarithm log(1 + PRESS * x), at the loudness `LEVEL` (LUFS), to which every song is brought first: how loud
a file was made must not change its tempo or its sections."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The curves of one song, see the module.

    Attributes
    ----------
    onset, low : ndarray of float32, shape (frames,)
        0 and more, `ONSET_RATE` a second; of all bands, and of the low ones.
    pitch : ndarray of float32, shape (frames, 120)
        `PITCH_RATE` a second; a row sums to the frame's strength, 0 in silence.
    timbre : ndarray of float32, shape (frames, 13)
        `TIMBRE_RATE` a second.
    power : ndarray of float32, shape (frames,)
        `POWER_RATE` a second.
    seconds : float
        Of the signal.
    """

    onset: Floats
    low: Floats
    pitch: Floats
    timbre: Floats
    power: Floats
    seconds: float


def curves_of(samples: Floats) -> Curves:
    """Return the curves of a mono signal of `sound.frames.RATE` samples a second, shape (n,)."""
    from sound.loudness import block_power, integrated

    power = block_power(samples)
    gain = 10 ** (min(60.0, LEVEL - integrated(power)) / 20)
    onset, low, timbre = _onset_and_timbre(samples, PRESS * gain)
    return Curves(onset, low, _pitch(samples), timbre, power, len(samples) / RATE)


def _onset_and_timbre(samples: Floats, press: float) -> tuple[Floats, Floats, Floats]:
    bands = np.empty((count(len(samples), ONSET_SIZE, ONSET_HOP), BANDS), np.float32)
    for first, spectra in magnitudes(samples, ONSET_SIZE, ONSET_HOP):
        bands[first:first + len(spectra)] = np.log1p(press * (_mel_bands() @ spectra.T).T)
    rise = np.maximum(bands[2:] - bands[:-2], 0)
    flux = np.pad(rise.mean(axis=1), (2, 0))[:len(bands)]
    low = np.pad(rise[:, :LOW_BANDS].mean(axis=1), (2, 0))[:len(bands)]
    return flux, low, _timbre(bands)


def _timbre(bands: Floats) -> Floats:
    from scipy.fft import dct

    starts = np.arange(0, len(bands), TIMBRE_HOPS)
    sizes = np.diff(np.append(starts, len(bands)))[:, None]
    means = np.add.reduceat(bands, starts, axis=0) / sizes
    return np.asarray(dct(means, norm="ortho", axis=1)[:, :TIMBRES], np.float32)


def _pitch(samples: Floats) -> Floats:
    step = RATE / PITCH_SIZE
    low, high = int(LOWEST_HZ / step), int(HIGHEST_HZ / step) + 1
    rows = np.zeros((count(len(samples), PITCH_SIZE, PITCH_HOP), STEPS), np.float32)
    for first, spectra in magnitudes(samples, PITCH_SIZE, PITCH_HOP):
        rows[first:first + len(spectra)] = _peaks(spectra[:, low - 1:high + 1], low, step)
    return rows


def _peaks(spectra: Floats, low: int, step: float) -> Floats:
    """Return the strength of each pitch class, (frames, STEPS), of spectra whose second bin has the number `low`."""
    left, middle, right = spectra[:, :-2], spectra[:, 1:-1], spectra[:, 2:]
    floor = np.maximum(spectra.max(axis=1, keepdims=True) * 0.01, 1e-5)
    frame, bin_ = np.nonzero((middle > left) & (middle >= right) & (middle > floor))
    a, b, c = (np.log(np.maximum(part[frame, bin_], 1e-9)) for part in (left, middle, right))
    shift = 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-6)  # top of the parabola through three logarithms
    hertz = (low + bin_ + shift) * step
    place = np.rint(STEPS * np.log2(hertz / C0_HZ)).astype(np.int64) % STEPS
    strength = np.sqrt(middle[frame, bin_])
    sums = np.bincount(frame * STEPS + place, strength, minlength=len(spectra) * STEPS)
    return sums.reshape(len(spectra), STEPS).astype(np.float32)


C0_HZ = 440 * 2 ** (-57 / 12)
"""The C five octaves below that above middle C, where A is 440 Hz."""


@cache
def _mel_bands() -> csr_array:
    """Return triangles of height 1, evenly spaced in mels (O'Shaughnessy), shape (BANDS, frequencies).

    Sparse: a frequency lies in two bands at the most, and no threads are started for the product.
    """
    from scipy.sparse import csr_array

    low, high = 2595 * np.log10(1 + np.array([LOW_HZ, HIGH_HZ]) / 700)
    edges = (700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1))[:, None]
    hertz = np.arange(ONSET_SIZE // 2 + 1) * RATE / ONSET_SIZE
    rising = (hertz - edges[:-2]) / np.diff(edges[:-1], axis=0)
    falling = (edges[2:] - hertz) / np.diff(edges[1:], axis=0)
    return csr_array(np.clip(np.minimum(rising, falling), 0, None).astype(np.float32))
