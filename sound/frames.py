"""A long signal in short overlapping windows, a block at a time, so that memory does not grow with the song.

Conventions: frame i covers the samples from ``i * hop`` to ``i * hop + size``; nothing is padded but a signal shorter
than one window, at its end with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK_BYTES = 6 << 20
"""Of one block of windows: small enough for the processor's cache, large enough to hide the loop."""


def count(length: int, size: int, hop: int) -> int:
    """Return how many frames a signal of `length` samples has: at least one."""
    return 1 + max(0, length - size) // hop


def magnitudes(samples: Floats, size: int, hop: int) -> Iterator[tuple[int, Floats]]:
    """Give the magnitude spectra of a signal, a block of frames at a time.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        Mono; not changed.
    size, hop : int
        Samples of a window (Hann) and from one window to the next.

    Yields
    ------
    first : int
        Number of the block's first frame.
    spectra : ndarray of float32, shape (frames, size // 2 + 1)
        Scaled so that a full-scale sine reads about 1, whatever the size.
    """
    from scipy import fft

    for first, windows in blocks(samples, size, hop):
        spectra = np.abs(fft.rfft(windows * _hann(size), axis=1))
        yield first, spectra


def blocks(samples: Floats, size: int, hop: int) -> Iterator[tuple[int, Floats]]:
    """Give views of the windows of a signal, a block of frames at a time, with the number of the first."""
    if len(samples) < size:
        samples = np.pad(np.asarray(samples, np.float32), (0, size - len(samples)))
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    step = max(1, BLOCK_BYTES // (4 * size))
    for first in range(0, len(windows), step):
        yield first, windows[first:first + step]


@cache
def _hann(size: int) -> Floats:
    from scipy.signal import get_window

    window = get_window("hann", size)
    return np.asarray(window * (2 / window.sum()), np.float32)
