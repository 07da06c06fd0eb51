"""Exact search for the nearest of many vectors, in memory.

Rows are kept group by group, so that a search within some groups reads only their slices. A few rows are compared by
one matrix product; more than `CODED` as 8-bit codes with a scale for each row, a quarter of the bytes, by a compiled
loop, and whatever may belong to the answer is then scored again from the exact vectors, which are held as well up to
`FLOATS` rows. All ways give the same answer: the first pass has a known error, and no row within it is left out. Scores
are sums in double precision row by row, so that equal rows have equal scores wherever they stand.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODED = 20_000
"""Rows above which the first pass reads codes: below, single precision takes under 3 ms and needs no compiler (1 s)."""
FLOATS = 300_000
"""Rows up to which vectors are held in single precision as well (0.46 GB at 384 numbers each)."""
BLOCK = 256
"""Rows whose best score is kept by the first pass: the k-th best of these bounds the k-th best row from below."""
_CHUNK = 16_384
_LEVELS = 127
_FLOAT_ERROR = 2e-6
"""Largest error of a sum of products of unit vectors in single precision (Higham's bound at 384 terms is 2e-5; the
largest seen is 3e-7)."""
NOTHING = -np.inf

Rows = Callable[[NDArray[np.int64]], NDArray[np.float32]]
Ties = Callable[[NDArray[np.int64]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """The best rows of a search, best first; of rows with equal scores the lower number first.

    Attributes
    ----------
    rows : ndarray of int64, shape (k,)
    scores : ndarray of float64, shape (k,)
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


class VectorIndex:
    """Vectors of length 1 (or 0), in groups.

    Parameters
    ----------
    rows : callable
        Gives the exact vectors of some rows, shape (m, width) for m row numbers in ascending order. It is asked for all
        of them once, a chunk at a time, and afterwards, above `floats`, for those that may belong to an answer.
    groups : ndarray of int, shape (n,)
        The group of each row, ascending.
    width : int
    floats : int
        Number of rows up to which single precision is held.
    coded : int
        Number of rows above which codes are compared first; at most `floats`.

    Raises
    ------
    ValueError
        If `groups` does not ascend.
    """

    def __init__(self, rows: Rows, groups: NDArray[Any], width: int, *, floats: int = FLOATS,
                 coded: int = CODED) -> None:
        if np.any(groups[1:] < groups[:-1]):
            raise ValueError("groups must ascend")
        self._rows, self.width, self.size = rows, width, len(groups)
        names, starts, counts = np.unique(groups, return_index=True, return_counts=True)
        self.groups = {int(name): slice(int(start), int(start + count)) for name, start, count in
                       zip(names, starts, counts, strict=True)}
        self.coded = self.size > min(coded, floats)
        self._held = np.empty((self.size if self.size <= floats else 0, width), np.float32)
        self._codes = np.empty((self.size if self.coded else 0, width), np.int8)
        self._scales = np.empty(self.size if self.coded else 0, np.float32)
        self._error = _FLOAT_ERROR
        for start in range(0, self.size, _CHUNK):
            self._hold(start, rows(np.arange(start, min(start + _CHUNK, self.size))))
        if self.coded:
            _kernel()

    def _hold(self, start: int, vectors: NDArray[np.float32]) -> None:
        place = slice(start, start + len(vectors))
        if len(self._held):
            self._held[place] = vectors
        if not self.coded:
            return
        scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / _LEVELS
        codes = np.rint(vectors / scales[:, None])
        lost = np.linalg.norm(vectors - codes * scales[:, None], axis=1)
        self._codes[place], self._scales[place] = codes, scales
        self._error = max(self._error, float(lost.max(initial=0)) + _FLOAT_ERROR)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._held.nbytes + self._codes.nbytes + self._scales.nbytes

    def top(self, vector: NDArray[np.float32], k: int, groups: Sequence[int] | None = None,
            minus: NDArray[np.float32] | None = None, ties: Ties | None = None) -> Found:
        """Return the `k` rows with the highest scores; fewer if there are no more.

        Parameters
        ----------
        vector : ndarray of float32, shape (width,)
            Of length 1 or 0.
        k : int
        groups : sequence of int, optional
            Only these; by default all.
        minus : ndarray of float32, shape (n,), optional
            What each row's score loses; infinite: the row is left out.
        ties : callable, optional
            Gives a number for each of some rows: of rows with equal scores the one with the higher comes first.

        Returns
        -------
        Found
            A score is the product of the vectors less `minus`.
        """
        names = self.groups if groups is None else dict.fromkeys(groups)
        slices = [self.groups[name] for name in names if name in self.groups]
        slices = [slice(0, self.size)] if groups is None and self.size else slices
        if not slices or k < 1:
            return Found(np.empty(0, np.int64), np.empty(0))
        starts = np.cumsum([0, *(place.stop - place.start for place in slices)])
        scores = self._near(vector, slices, starts)
        if minus is not None:
            for place, start in zip(slices, starts, strict=False):
                scores[start:start + place.stop - place.start] -= minus[place]
        places = np.flatnonzero(scores >= _kth(scores, k) - 2 * self._error)
        within = np.searchsorted(starts, places, side="right") - 1
        rows = places - starts[within] + np.array([place.start for place in slices])[within]
        return self._exact(vector, np.sort(rows), k, minus, ties)

    def _near(self, vector: NDArray[np.float32], slices: Sequence[slice],
              starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the scores of some slices, one after the other, to within the index's error."""
        scores = np.empty(starts[-1], np.float32)
        if not self.coded:
            for place, start in zip(slices, starts, strict=False):
                np.matmul(self._held[place], vector, out=scores[start:start + place.stop - place.start])
            return scores
        wish, kernel = np.ascontiguousarray(vector, np.float32), _kernel()

        def compare(first: int, last: int) -> None:
            """Score what stands from one place to another, whichever slices that is in."""
            for place, start in zip(slices, starts, strict=False):
                low, high = max(first - start, 0), min(last - start, place.stop - place.start)
                if low < high:
                    some = slice(place.start + low, place.start + high)
                    kernel(self._codes[some], self._scales[some], wish, scores[start + low:start + high])

        edges = np.linspace(0, len(scores), _threads() + 1).astype(int)
        others = [_pool().submit(compare, *each) for each in zip(edges[1:-1], edges[2:], strict=True)]
        compare(edges[0], edges[1])
        for other in others:
            other.result()
        return scores

    def _exact(self, vector: NDArray[np.float32], rows: NDArray[np.int64], k: int,
               minus: NDArray[np.float32] | None, ties: Ties | None) -> Found:
        scores = np.empty(len(rows))
        wish = vector.astype(np.float64)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start:start + _CHUNK]
            vectors = self._held[some] if len(self._held) else self._rows(some)
            scores[start:start + _CHUNK] = (vectors * wish).sum(axis=1)
        if minus is not None:
            scores -= minus[rows]
        second = ties(rows).astype(np.int64) if ties is not None else np.zeros(len(rows), np.int64)
        order = np.lexsort((rows, -second, -np.round(scores, 9)))[:k]
        order = order[scores[order] > NOTHING]
        return Found(rows[order], scores[order])


def _kth(scores: NDArray[np.float32], k: int) -> float:
    """Return a bound that at least `k` scores reach, as high as `BLOCK` tells; minus infinity if there are fewer."""
    if len(scores) > BLOCK * max(k, 16):
        scores = np.maximum.reduceat(scores, np.arange(0, len(scores), BLOCK))
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) >= k else NOTHING


def _threads() -> int:
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="search")


_compiling = threading.Lock()


def _kernel() -> Any:
    with _compiling:
        return _compiled()


@cache
def _compiled() -> Any:
    """Return the compiled comparison of 8-bit rows with a wish; numba is loaded (1 s) only where codes are held."""
    from numba import njit

    @njit(nogil=True, fastmath=True)
    def compare(codes: Any, scales: Any, wish: Any, scores: Any) -> None:
        for row in range(codes.shape[0]):
            total = np.float32(0)
            for place in range(codes.shape[1]):
                total += np.float32(codes[row, place]) * wish[place]
            scores[row] = total * scales[row]

    compare(np.zeros((1, 2), np.int8), np.ones(1, np.float32), np.zeros(2, np.float32), np.empty(1, np.float32))
    return compare

