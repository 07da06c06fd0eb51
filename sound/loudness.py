"""Loudness along a song after ITU-R BS.1770-4, of the mono signal.

The integrated loudness of the file itself is measured where it is decoded, from all channels at the file's own rate.
What is here serves to tell how loudness changes when a part of the song is left out.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sound.frames import Floats
from sound.mel import RATE

BLOCK = RATE // 10
"""Samples of a value: a quarter of the 400 ms of the standard, whose windows overlap by three quarters."""
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
"""LUFS below which a window is silence, and LU below the mean of the rest where it counts no more."""
OFFSET = -0.691
"""Of the standard: a sine of 997 Hz at full scale on one channel reads -3.01."""
CHUNK = 300 * BLOCK
"""Samples filtered at once: 30 s."""


def block_power(samples: Floats) -> Floats:
    """Return the mean square of the K-weighted signal, a tenth of a second each; shape (ceil(n / BLOCK),)."""
    from scipy.signal import sosfilt

    state = np.zeros((2, 2))
    power = np.zeros(max(1, -(-len(samples) // BLOCK)), np.float32)
    for start in range(0, len(samples), CHUNK):
        heard, state = sosfilt(_k_weighting(), samples[start:start + CHUNK], zi=state)
        starts = np.arange(0, len(heard), BLOCK)
        sums = np.add.reduceat(np.square(heard), starts)
        power[start // BLOCK:start // BLOCK + len(sums)] = sums / np.diff(np.append(starts, len(heard)))
    return power


def integrated(power: Floats) -> float:
    """Return the integrated loudness in LUFS of values of `block_power`, gated twice; -inf where all is silence.

    Windows of 400 ms are four neighbouring values, so leaving values out joins what was before and after them.
    """
    windows = np.convolve(power, np.full(4, 0.25), "valid") if len(power) >= 4 else np.array([power.mean()])
    windows = windows[_lufs(windows) > ABSOLUTE_GATE]
    if windows.size:
        windows = windows[_lufs(windows) > _lufs(windows.mean()) + RELATIVE_GATE]
    return float(_lufs(windows.mean())) if windows.size else float("-inf")


def _lufs(power: NDArray[np.floating] | np.floating) -> NDArray[np.floating] | np.floating:
    return OFFSET + 10 * np.log10(np.maximum(power, 1e-20))


@cache
def _k_weighting() -> NDArray[np.float64]:
    """Return the two filters of the standard for `RATE`, shape (2, 6), by bilinear transform.

    The standard lists coefficients for 48 kHz only; the analogue parameters are those that reproduce its table
    (De Man 2014, "Evaluation of implementations of the EBU R128 loudness measurement").
    """
    return np.stack([_shelf(1_681.974450955533, 3.999843853973347, 0.7071752369554196),
                     _high_pass(38.13547087602444, 0.5003270373238773)])


def _shelf(hertz: float, gain: float, quality: float) -> NDArray[np.float64]:
    k, high = np.tan(np.pi * hertz / RATE), 10 ** (gain / 20)
    band = high ** 0.4996667741545416
    b = np.array([high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k])
    return _section(b, k, quality)


def _high_pass(hertz: float, quality: float) -> NDArray[np.float64]:
    k = np.tan(np.pi * hertz / RATE)
    return _section(np.array([1.0, -2.0, 1.0]) * (1 + k / quality + k * k), k, quality)


def _section(b: NDArray[np.float64], k: float, quality: float) -> NDArray[np.float64]:
    a = np.array([1 + k / quality + k * k, 2 * (k * k - 1), 1 - k / quality + k * k])
    return np.concatenate([b / a[0], a / a[0]])
