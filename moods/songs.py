"""The catalogue as the search holds it: one row a song and genre, in memory, sorted by genre."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import config
from moods.index import VectorIndex
from moods.meaning import EXCLUSIVE, Aim, Space, conflicts, overlaps
from moods.vocabulary import vocabulary, words_of


@dataclass(frozen=True, slots=True)
class Filters:
    """What songs may be chosen.

    Attributes
    ----------
    languages : collection of str
        ISO 639-1 codes; empty: any.
    years : tuple of (int, int) or None
        First and last year; a song without a year is left out. None: any.
    left_out : collection of int
        Entries that are not wanted again.
    """

    languages: Collection[str] = ()
    years: tuple[int, int] | None = None
    left_out: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """Songs, best first: by score, then by tags shared with the wish, then by number.

    Attributes
    ----------
    ids, artists : ndarray of int64, shape (k,)
        Entries and their artists.
    scores : ndarray of float64, shape (k,)
        Cosine less what conflicts cost.
    masks : ndarray of uint64, shape (k, 2)
    """

    ids: NDArray[np.int64]
    artists: NDArray[np.int64]
    scores: NDArray[np.float64]
    masks: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ids)


class Ranker(Protocol):
    """What ranks songs for a wish: in memory or in the database, with the same answers."""

    def ranked(self, aim: Aim, k: int, genre: str | None, filters: Filters) -> Ranked:
        """Return the `k` best songs of a genre (None: of all)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of the catalogue.

    Attributes
    ----------
    ids, artists : ndarray of int, shape (n,)
    genres, languages : ndarray of str, shape (n,)
    years : ndarray of int, shape (n,)
        0: unknown.
    masks : ndarray of uint64, shape (n, 2)
    """

    ids: NDArray[np.int64]
    artists: NDArray[np.int64]
    genres: NDArray[np.str_]
    languages: NDArray[np.str_]
    years: NDArray[np.int16]
    masks: NDArray[np.uint64]


class Songs:
    """All songs in memory (see `Ranker`).

    Parameters
    ----------
    rows : Rows
        In any order.
    space : Space
    floats : int, optional
        See `moods.index.VectorIndex`.
    """

    def __init__(self, rows: Rows, space: Space, *, floats: int | None = None) -> None:
        names = list(vocabulary().genres) + sorted(set(rows.genres.tolist()) - set(vocabulary().genres))
        places = {name: place for place, name in enumerate(names)}
        genres = np.array([places[name] for name in rows.genres.tolist()], np.int16)
        order = np.lexsort((rows.ids, genres))
        self.space, self._genres = space, places
        self.ids, self.artists = rows.ids[order].astype(np.int64), rows.artists[order].astype(np.int64)
        self.masks, self._years = np.ascontiguousarray(rows.masks[order]), rows.years[order].astype(np.int16)
        self._languages, codes = np.unique(rows.languages[order], return_inverse=True)
        self._codes = codes.astype(np.int16)
        self._moments = _moments(self.masks)
        held = {} if floats is None else {"floats": floats}
        self._index = VectorIndex(lambda some: space.songs(self.masks[some]), genres[order], space.width, **held)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        columns = (self.ids, self.artists, self.masks, self._years, self._codes, self._moments)
        return self._index.nbytes + sum(column.nbytes for column in columns)

    def ranked(self, aim: Aim, k: int, genre: str | None, filters: Filters) -> Ranked:
        """Return the `k` best songs of a genre (None: of all); fewer if no more are left by the filters."""
        place, groups = slice(0, len(self)), None
        if genre is not None:
            groups = [self._genres.get(genre, -1)]
            place = self._index.groups.get(groups[0], slice(0, 0))
        found = self._index.top(aim.vector, k, groups, self._minus(aim, filters, place),
                                lambda rows: overlaps(self.masks[rows], aim.wanted))
        return Ranked(self.ids[found.rows], self.artists[found.rows], found.scores, self.masks[found.rows])

    def _minus(self, aim: Aim, filters: Filters, place: slice) -> NDArray[np.float32] | None:
        """Return what each song of `place` loses by conflicts and filters, of the others anything; None: none loses."""
        exclusive = sum(vocabulary().category_mask(category) for category in EXCLUSIVE) & aim.wanted
        filtered = bool(filters.languages or filters.years or filters.left_out)
        if not (exclusive or filtered):
            return None
        minus: NDArray[np.float32] = np.empty(len(self), np.float32)
        minus[place] = _losses(exclusive, config.CONFLICT)[self._moments[place]] if exclusive else 0
        if filtered:
            minus[place][self._left_out(filters, place)] = np.inf
        return minus

    def _left_out(self, filters: Filters, place: slice) -> NDArray[np.bool_]:
        """Return which songs of `place` the filters leave out."""
        years = self._years[place]
        out = np.zeros(len(years), bool)
        if filters.languages:
            out |= ~np.isin(self._languages, list(filters.languages))[self._codes[place]]
        if filters.years:
            out |= (years < filters.years[0]) | (years > filters.years[1]) | (years == 0)
        if filters.left_out:
            out |= np.isin(self.ids[place], np.fromiter(filters.left_out, np.int64))
        return out


def _exclusive_places() -> list[int]:
    return [vocabulary().place(name) for category in EXCLUSIVE for name in vocabulary().categories[category]]


def _moments(masks: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the tags of `EXCLUSIVE` alone, 16 of them, as 16 bits: small enough to look every song up in a table."""
    found = np.zeros(len(masks), np.uint16)
    for bit, place in enumerate(_exclusive_places()):
        found |= ((masks[:, place // 64] >> np.uint64(place % 64)) & np.uint64(1)).astype(np.uint16) << np.uint16(bit)
    return found


@cache
def _every_moment() -> NDArray[np.uint64]:
    """Return the mask of each of the 65,536 sets of exclusive tags."""
    places = _exclusive_places()
    return words_of([sum(1 << place for bit, place in enumerate(places) if code >> bit & 1) for code in
                     range(1 << len(places))])


@lru_cache(maxsize=32)
def _losses(wanted: int, conflict: float) -> NDArray[np.float32]:
    """Return what a song of each of these sets loses where these exclusive tags are wanted; 0.3 MB."""
    return conflicts(_every_moment(), wanted) * np.float32(conflict)


def distinct_artists(ranker: Ranker, aim: Aim, count: int, genre: str | None, filters: Filters) -> Ranked:
    """Return the best songs with at least `count` different artists among them; all there are if there are fewer."""
    k = 4 * count
    while True:
        found = ranker.ranked(aim, k, genre, filters)
        if len(found) < k or len(np.unique(found.artists)) >= count:
            return found
        k *= 4


def keep(ranked: Ranked, which: Callable[[Ranked], NDArray[np.bool_]]) -> Ranked:
    """Return those of some ranked songs for which `which` holds."""
    kept = which(ranked)
    return replace(ranked, ids=ranked.ids[kept], artists=ranked.artists[kept], scores=ranked.scores[kept],
                   masks=ranked.masks[kept])
