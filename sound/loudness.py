"""Loudness along a song after ITU-R BS.1770-4, of the mono signal.

The integrated loudness of the file itself is measured where it is decoded, from all channels at the file's own rate.
What is here serves to tell how loudness changes when a part of the song is left out; filters and gates are the same.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sound.frames import Floats
from sound.mel import RATE
from support.decode.loudness import BLOCK, coefficients, gated

STEP = RATE // 10
"""Samples of a value: a quarter of the 400 ms of the standard, whose windows overlap by three quarters."""
CHUNK = 300 * STEP
"""Samples filtered at once: 30 s."""


def block_power(samples: Floats) -> Floats:
    """Return the mean square of the K-weighted signal of each tenth of a second, shape (ceil(n / STEP),)."""
    from scipy.signal import sosfilt

    state = np.zeros((2, 2))
    power = np.zeros(max(1, -(-len(samples) // STEP)), np.float32)
    for start in range(0, len(samples), CHUNK):
        heard, state = sosfilt(_k_weighting(), samples[start:start + CHUNK], zi=state)
        starts = np.arange(0, len(heard), STEP)
        sums = np.add.reduceat(np.square(heard), starts)
        power[start // STEP:start // STEP + len(sums)] = sums / np.diff(np.append(starts, len(heard)))
    return power


def integrated(power: NDArray[np.floating]) -> float:
    """Return the integrated loudness in LUFS of values of `block_power`, gated twice; -inf where all is silence.

    Windows of 400 ms are four neighbouring values, so leaving values out joins what was before and after them. Less
    than 400 ms are one window.
    """
    size = min(BLOCK, len(power))
    return gated(np.convolve(power, np.full(size, 1 / size), "valid"))


@cache
def _k_weighting() -> NDArray[np.float64]:
    """Return the two filters of the standard for `RATE`, shape (2, 6)."""
    return np.array([[*b, *a] for b, a in coefficients(RATE)])
