"""EASE: a linear model of what stands beside what, in closed form (Steck 2019, Embarrassingly Shallow Autoencoders).

``B = I - P diag(P)^-1`` with ``P = (X'X + lambda I)^-1``; a request's scores are the sum of the rows of ``B`` of what
it shows. X has songs, tags and words, so that a title alone is a request too. P is dense: over 90,000 songs it would be
32 GB and days of work, so the model knows the most used songs only (6,000: 0.3 GB, 15 s), and of each row of B the
strongest entries are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting.components import Scores
from playlisting.library import Array, Library, Request

SONGS, TAGS, WORDS = 6_000, 1_000, 2_000
"""Most songs, tags and words the model knows; memory grows with the square of their sum, time with the cube."""
PENALTY = 500.0
"""Lambda; 20 to 500 were tried on one split of the bench."""
KEPT = 300
"""Entries of a row of B that are kept."""


class Ease:
    """EASE over the most used songs, tags and words.

    Parameters
    ----------
    library : Library
    songs, tags, words : ndarray of int64
        Columns of the library that the model knows.
    rows : sparse csr_matrix, shape (known, known)
        B, its strongest entries, songs first, then tags, then words.
    """

    name = "ease"

    def __init__(self, library: Library, songs: NDArray[np.int64], tags: NDArray[np.int64], words: NDArray[np.int64],
                 rows: Any) -> None:
        self._library, self._known, self._rows = library, (songs, tags, words), rows
        self._place = [_inverse(known, size) for known, size in
                       zip(self._known, (len(library.songs), len(library.tags), len(library.words)), strict=True)]

    @classmethod
    def fit(cls, library: Library, *, penalty: float = PENALTY,
            most: tuple[int, int, int] = (SONGS, TAGS, WORDS)) -> Ease:
        """Return the model of a library."""
        uses = library.song_uses, library.tag_uses, np.asarray(library.by_word.sum(axis=0)).ravel()
        songs, tags, words = (most_used(each, count) for each, count in zip(uses, most, strict=True))
        seen = sparse.hstack([library.by_song[:, songs], library.by_tag[:, tags], library.by_word[:, words]]).tocsr()
        weighted = sparse.diags_array(np.sqrt(library.weights)) @ seen
        return cls(library, songs, tags, words, _strongest(_solve(weighted, penalty), KEPT))

    def scores(self, request: Request) -> Scores:
        """Return the scores of what the model knows, 0 for the rest and below 0."""
        given = [self._library.has_songs(request), self._library.has_tags(request),
                 self._library.has_words(" ".join((request.title, *request.tags)))]
        starts = np.cumsum([0, *(len(known) for known in self._known)])
        at = [start + place[each] for start, place, each in zip(starts, self._place, given, strict=False)]
        rows = np.concatenate([each[place[columns] >= 0] for each, place, columns in
                               zip(at, self._place, given, strict=True)])
        sums = np.asarray(self._rows[rows].sum(axis=0), np.float32).ravel()
        songs, tags = np.zeros(len(self._library.songs), np.float32), np.zeros(len(self._library.tags), np.float32)
        songs[self._known[0]] = np.maximum(sums[:starts[1]], 0)
        tags[self._known[1]] = np.maximum(sums[starts[1]:starts[2]], 0)
        return songs, tags

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is stored."""
        return {"songs": self._known[0], "tags": self._known[1], "words": self._known[2], "values": self._rows.data,
                "columns": self._rows.indices, "ends": self._rows.indptr}

    @classmethod
    def from_arrays(cls, library: Library, kept: Mapping[str, NDArray[Any]]) -> Ease:
        """Return the model from what `arrays` gave."""
        size = len(kept["songs"]) + len(kept["tags"]) + len(kept["words"])
        rows = sparse.csr_matrix((kept["values"], kept["columns"], kept["ends"]), shape=(size, size))
        return cls(library, kept["songs"], kept["tags"], kept["words"], rows)


def most_used(uses: Array, count: int) -> NDArray[np.int64]:
    """Return the columns used most, at most `count`, ascending; of equal use the first."""
    return np.sort(np.argsort(-uses, kind="stable")[:count])


def _inverse(known: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    place = np.full(size, -1, np.int64)
    place[known] = np.arange(len(known))
    return place


def _solve(seen: Any, penalty: float) -> Array:
    from scipy.linalg import lapack

    gram = np.asfortranarray((seen.T @ seen).toarray(), np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, unsolved = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or unsolved:  # cannot be for a penalty above 0 but by overflow
        raise ArithmeticError(f"EASE: the matrix of {len(gram)} columns is not positive definite")
    upper = np.triu(inverse.T, 1)
    diagonal = inverse.diagonal().copy()
    whole = np.tril(inverse) + upper
    whole /= -diagonal
    whole[np.diag_indices_from(whole)] = 0
    return np.ascontiguousarray(whole)


def _strongest(rows: Array, count: int) -> Any:
    if rows.shape[1] > count:
        for row in rows:
            size = np.abs(row)
            row[size < np.partition(size, len(row) - count)[len(row) - count]] = 0
    return sparse.csr_matrix(rows)
