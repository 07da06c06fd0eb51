"""Exact search for the nearest of many vectors, in memory.

Rows are kept group by group, so that a search within some groups reads only their slices. A few rows are compared by
one matrix product; more than `CODED` as 8-bit codes (`moods.codes`), a quarter of the bytes or less, by a compiled
loop, and whatever may belong to the answer is then scored again from the exact vectors, which are held as well up to
`FLOATS` XX
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moods.codes import ERROR, Codes, basis, highest

CODED = 20_000
"""Rows above which the first pass reads codes: below, single precision takes under 3 ms and needs no compiler (1 s)."""
FLOATS = 300_000
"""Rows up to which vectors are held in single precision as well (0.46 GB at 384 numbers each)."""
SAMPLE = 4_096
"""Rows by which it is seen in how many dimensions all of them lie."""
_CHUNK = 16_384
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
        Gives the exact vectors of some rows, shape (m, width) for m row numbers in ascending order. It is asked for a
        sample, then for all of them once, a chunk at a time, and afterwards, above `floats`, for those that may belong
        to an answer.
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
        self._held = np.empty((self.size if self.size <= floats else 0, width), np.float32)
        self._codes: Codes | None = None
        if self.size > min(coded, floats):
            some = np.unique(np.linspace(0, self.size - 1, SAMPLE).astype(np.int64))
            self._codes = Codes(self.size, width, basis(rows(some)))
        for start in range(0, self.size, _CHUNK):
            self._hold(start, rows(np.arange(start, min(start + _CHUNK, self.size))))

    def _hold(self, start: int, vectors: NDArray[np.float32]) -> None:
        if len(self._held):
            self._held[start:start + len(vectors)] = vectors
        if self._codes is not None:
            self._codes.hold(start, vectors)

    @property
    def coded(self) -> bool:
        """Whether codes are compared first."""
        return self._codes is not None

    @property
    def length(self) -> int:
        """Bytes of a row that are read to compare it."""
        return self._codes.length if self._codes is not None else self._held.itemsize * self.width

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._held.nbytes + (self._codes.nbytes if self._codes is not None else 0)

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
        near = self._near if self._codes is None else self._codes.near
        return self._exact(vector, np.sort(near(vector, k, slices, minus)), k, minus, ties)

    def _near(self, vector: NDArray[np.float32], k: int, slices: Sequence[slice],
              minus: NDArray[np.float32] | None) -> NDArray[np.int64]:
        """Return all rows of some slices that may be among the `k` best, by single precision."""
        rows = np.concatenate([np.arange(place.start, place.stop) for place in slices])
        scores = np.concatenate([self._held[place] @ vector for place in slices])
        if minus is not None:
            scores -= minus[rows]
        return rows[scores >= highest(scores, k) - 2 * ERROR]

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
