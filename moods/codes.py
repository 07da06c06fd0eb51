"""Vectors as 8-bit codes, to find quickly which of many may be among the nearest.

A code is a quarter of a number in single precision. Where the vectors lie in few dimensions, as those of songs do (78
tags span no more), these are coded alone: an eighth of the bytes again. What a row has lost is measured when it is
coded and what a wish has lost when it is asked for, so that every score is known from below and from above, and no row
that may belong to an answer is passed over: with a row v, its code c, a wish w and its code u, in the basis B,
|v.w - c.u| <= |v - c B| |w| + |c| |B w - u| (Cauchy-Schwarz), whatever B is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 16
"""Codes that a row's length is a multiple of: the shortest vector of processors."""
ERROR = 2e-6
"""Largest error of a sum of products of unit vectors in single precision (Higham's bound at 384 terms is 2e-5; the
largest seen is 3e-7)."""
TAIL = 1e-6
"""Share of all squared length that may lie outside the dimensions that are coded; rounding to codes loses 5e-5."""
_PIECE = 128
"""Blocks that a thread takes at a time."""
ALONE = 32_000_000
"""Bytes up to which one thread compares: it takes 1 to 2 ms, and to wake another takes as long on a busy machine."""


def basis(sample: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the dimensions in which vectors lie, shape (d, width); None if these are no fewer.

    Parameters
    ----------
    sample : ndarray of float32, shape (n, width)
        Some of the vectors.
    """
    width = sample.shape[1]
    squares, axes = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    outside = np.cumsum(np.maximum(squares, 0))  # ascending: what is lost without the first 1, 2, ... axes
    few = max(1, int((outside > TAIL * outside[-1]).sum()))
    if _padded(few) >= width:
        return None
    return np.ascontiguousarray(axes[:, width - few:].T, np.float32)


def _padded(width: int) -> int:
    return -(-width // STEP) * STEP


class Codes:
    """Codes of vectors of length 1 (or 0), filled by `hold`.

    Parameters
    ----------
    size, width : int
        How many and how long they are.
    axes : ndarray of float32, shape (d, width), optional
        See `basis`.
    """

    def __init__(self, size: int, width: int, axes: NDArray[np.float32] | None = None) -> None:
        self._axes, self._numbers = axes, width if axes is None else len(axes)
        self._width = _padded(self._numbers)
        room = np.empty(size * self._width + _kernels().LINE, np.uint8)
        first = -room.ctypes.data % _kernels().LINE
        self._bytes: NDArray[np.uint8] = room[first:first + size * self._width]
        self._bytes[:] = _kernels().ZERO
        self._scales: NDArray[np.float32] = np.zeros(size, np.float32)
        self._errors: NDArray[np.float32] = np.zeros(size, np.float32)
        self._longest = 0.0
        self._compare, self._search = _compiled(self._width)

    @property
    def length(self) -> int:
        """Bytes of a row that are read to compare it."""
        return self._width + self._scales.itemsize + self._errors.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes.nbytes + self._scales.nbytes + self._errors.nbytes

    def hold(self, start: int, vectors: NDArray[np.float32]) -> None:
        """Code the rows from `start` on."""
        place = slice(start, start + len(vectors))
        numbers = vectors if self._axes is None else vectors @ self._axes.T
        scales = np.maximum(np.abs(numbers).max(axis=1), 1e-12) / np.float32(_kernels().LEVELS)
        codes = np.rint(numbers / scales[:, None])
        self._bytes.reshape(-1, self._width)[place, :self._numbers] = (codes + _kernels().ZERO).astype(np.uint8)
        meant = codes * scales[:, None]
        whole = meant if self._axes is None else meant @ self._axes
        self._scales[place] = scales
        self._errors[place] = np.linalg.norm(vectors - whole, axis=1) + ERROR
        self._longest = max(self._longest, float(np.linalg.norm(meant, axis=1).max(initial=0)))

    def near(self, vector: NDArray[np.float32], k: int, slices: Sequence[slice],
             minus: NDArray[np.float32] | None = None) -> NDArray[np.int64]:
        """Return all rows of some slices that may be among the `k` nearest to a wish, slice by slice.

        Parameters
        ----------
        vector : ndarray of float32, shape (width,)
            Of length 1 or 0.
        k : int
        slices : sequence of slice
            None of them empty.
        minus : ndarray of float32, shape (n,), optional
            What each row's score loses; infinite: the row is left out.
        """
        kernels = _kernels()
        numbers = vector.astype(np.float64)
        if self._axes is not None:
            numbers = np.einsum("ij,j->i", self._axes, numbers)  # no matrix product: its threads would go on spinning
        firsts, ends = (np.array(places, np.int64) for places in
                        ([each.start for each in slices], [each.stop for each in slices]))
        rows = (self._bytes, self._scales, self._errors,
                np.empty(0, np.float32) if minus is None else np.ascontiguousarray(minus, np.float32))
        if int((ends - firsts).sum()) * self._width <= ALONE:
            return self._search(*rows, firsts, ends, numbers, k, self._longest)
        starts, stops = kernels.blocks(firsts, ends)
        *wish, lost = kernels.coded(numbers, self._width)
        found = [np.empty((len(starts), kernels.BLOCK), np.float32), *np.empty((2, len(starts)), np.float32)]
        _shared(len(starts), lambda some: self._compare(*rows, starts[some], stops[some], *wish,
                                                        *(each[some] for each in found)))
        return kernels.within(*found, self._errors, starts, stops, k, lost * self._longest)


def highest(scores: NDArray[np.float32], k: int) -> float:
    """Return the `k`-th highest score, minus infinity if there are fewer."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) >= k else -np.inf


def _shared(blocks: int, work: Callable[[slice], object]) -> None:
    """Call `work` for all blocks, some at a time, in several threads.

    A thread that has not woken when all is done is not waited for: on a busy machine that takes longer than the work.
    """
    left = [slice(start, start + _PIECE) for start in range(0, blocks, _PIECE)]

    def some() -> None:
        while True:
            try:
                piece = left.pop()
            except IndexError:  # another thread was quicker
                return
            work(piece)

    others = [_pool().submit(some) for _ in range(_threads() - 1)]
    some()
    for other in others:
        if not other.cancel():
            other.result()


def _threads() -> int:
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="search")


_compiling = threading.Lock()


def _kernels() -> Any:
    from moods import kernels  # numba takes a second to load, and few rows never need it

    return kernels


def _compiled(width: int) -> tuple[Any, Any]:
    """Return the functions of `moods.kernels.searching`, compiled now and not by the first who searches."""
    with _compiling:
        compare, search = _kernels().searching(width)
        if not search.signatures:
            none, no = np.empty(0, np.float32), np.empty(0, np.int64)
            search(np.empty(0, np.uint8), none, none, none, no, no, np.zeros(1), 1, 0.0)
        return compare, search
