"""Songs for a mood: the wish to a vector, the catalogue ranked, songs chosen, with reasons.

Up to `IN_MEMORY` entries one copy of the catalogue is held by each process and made anew when the catalogue has
changed; above that the database's index of nearest neighbours takes its place where the server has pgvector, with the
same answers. A server without pgvector is searched in memory whatever its size.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import db
from accounts import Actor
from queries import mood_search as queries
from recommender import (
    CATEGORIES,
    Aim,
    Filters,
    Ranked,
    Ranker,
    Rows,
    Songs,
    Space,
    Why,
    Wish,
    choose,
    conflicts,
    overlaps,
    space,
    vocabulary,
    why,
    words_of,
)
from support.errors import DataError

log = logging.getLogger(__name__)
IN_MEMORY = 1_000_000
"""Entries up to which an exact search in memory (0.1 GB of 8-bit codes) beats an index."""
COUNTS = (5, 30)
"""Fewest and most songs a search gives."""
MOST_GENRES = 3
CANDIDATES = 8
"""Times the songs needed that the database's index is asked for, to be scored exactly."""
_making = threading.Lock()
_held: tuple[tuple[int, str], Songs] | None = None
_outside: tuple[tuple[int, str], bool] | None = None
"""Whether the database's index serves this version of the catalogue."""


@dataclass(frozen=True, slots=True)
class SongHit:
    """A song that was found.

    Attributes
    ----------
    entry_id, song_id : int
    title, artist, album, genre, language : str
    year : int or None
    tags : dict of str to tuple of str
        By category.
    similarity : float
        0 to 1: cosine after centring, less what conflicts cost.
    best : bool
        Whether it is the best of its genre and not drawn.
    why : Why
    """

    entry_id: int
    song_id: int
    title: str
    artist: str
    album: str
    genre: str
    language: str
    year: int | None
    tags: Mapping[str, tuple[str, ...]]
    similarity: float
    best: bool
    why: Why


@dataclass(frozen=True, slots=True)
class MoodSongs:
    """The answer of a search.

    Attributes
    ----------
    hits : tuple of SongHit
        The best of each genre first, then the drawn ones.
    asked : int
    matches : int
        Artists with a matching song, counted no further than was needed.
    weights : dict of str to float
        What was looked for: the tags given and those found in the free words.
    seed : int
    exact : bool
        False: found by the database's approximate index.
    """

    hits: tuple[SongHit, ...]
    asked: int
    matches: int
    weights: Mapping[str, float]
    seed: int
    exact: bool

    @property
    def short(self) -> bool:
        """Whether fewer songs were found than asked for."""
        return len(self.hits) < self.asked


def find_songs(actor: Actor, wish: Wish, *, genres: Sequence[str] = (), count: int = 5, seed: int = 0,
               variety: float = 0.0, languages: Collection[str] = (), years: tuple[int, int] | None = None,
               left_out: Collection[int] = ()) -> MoodSongs:
    """Return songs for a wish: the best of each genre, then a draw among those ranked next.

    Parameters
    ----------
    actor : Actor
    wish : Wish
    genres : sequence of str
        Up to `MOST_GENRES` of the vocabulary's genres; none: all as one.
    count : int
        Within `COUNTS`.
    seed : int
        Another one draws again.
    variety : float
        0 to 1.
    languages, years, left_out
        See `recommender.Filters`.

    Raises
    ------
    DataError
        If nothing is wished for, or a genre, count or variety is not accepted.
    """
    _check(genres, count, variety)
    meaning = space()
    aim = meaning.aim(wish)
    if not aim.vector.any():
        raise DataError("mood.nothing", value=wish.text.strip()[:60] or "–")
    filters = Filters(languages, years, left_out)
    ranker = _ranker(meaning)
    chosen = choose(ranker, meaning, aim, genres=genres, count=count, seed=seed, variety=variety, filters=filters)
    with db.begin() as connection:
        rows = queries.entries(connection, chosen.ids.tolist())
    found = zip(chosen.ids.tolist(), chosen.scores.tolist(), chosen.masks, strict=True)
    hits = [_hit(rows[entry], score, _mask(bits), place < chosen.best, meaning, aim)
            for place, (entry, score, bits) in enumerate(found) if entry in rows]
    return MoodSongs(tuple(hits), count, chosen.matches, aim.weights, seed, isinstance(ranker, Songs))


def _check(genres: Sequence[str], count: int, variety: float) -> None:
    unknown = [name for name in genres if name not in vocabulary().genres]
    if unknown or len(genres) > MOST_GENRES:
        raise DataError("mood.genres", value=", ".join(unknown or genres), most=MOST_GENRES,
                        accepted=", ".join(vocabulary().genres))
    if not COUNTS[0] <= count <= COUNTS[1]:
        raise DataError("mood.count", value=count, least=COUNTS[0], most=COUNTS[1])
    if not 0 <= variety <= 1:
        raise DataError("mood.variety", value=variety)


def _mask(bits: NDArray[np.uint64]) -> int:
    return int(bits[0]) | int(bits[1]) << 64


def _hit(row: Mapping[str, Any], score: float, mask: int, best: bool, meaning: Space, aim: Aim) -> SongHit:
    names = ("song_id", "title", "artist", "album", "genre", "language", "year")
    return SongHit(entry_id=row["id"], **{name: row[name] for name in names},
                   tags={category: tuple(row[category]) for category in CATEGORIES},
                   similarity=min(1.0, score), best=best, why=why(meaning, aim, mask))


# --- where the catalogue is searched ------------------------------------------------------------------------------


def _ranker(meaning: Space) -> Ranker:
    global _outside
    with db.begin() as connection:
        key = (queries.version(connection), meaning.key)
        if _held is not None and _held[0] == key:
            return _held[1]
        if _outside is None or _outside[0] != key:
            _outside = (key, queries.count(connection) > IN_MEMORY
                        and queries.nearest_index(connection, meaning.width, meaning.key))
    return Neighbours(meaning) if _outside[1] else songs_in_memory(meaning)


def songs_in_memory(meaning: Space | None = None) -> Songs:
    """Return this process's copy of the catalogue, made anew if the catalogue has changed."""
    global _held
    meaning = meaning or space()
    with _making, db.begin() as connection:
        key = (queries.version(connection), meaning.key)
        if _held is None or _held[0] != key:
            _held = None  # never two copies at once
            frame, tags = queries.rows(connection)
            masks = words_of([vocabulary().mask(names) for names in tags.values()])
            places = {key: place for place, key in enumerate(tags)}
            own = masks[frame["tags"].map(places).to_numpy(np.int64)] if len(frame) else masks[:0]
            rows = Rows(frame["id"].to_numpy(), frame["artist"].to_numpy(), frame["genre"].to_numpy().astype(str),
                        frame["language"].to_numpy().astype(str), frame["year"].to_numpy(), own)
            _held = (key, Songs(rows, meaning))
            log.info("The catalogue is in memory: %s songs, %.0f MB", len(_held[1]), _held[1].nbytes / 1e6)
        return _held[1]


class Neighbours:
    """The catalogue searched by the database's index; candidates are scored exactly (see `recommender.Ranker`)."""

    def __init__(self, meaning: Space) -> None:
        self._space = meaning

    def ranked(self, aim: Aim, k: int, genre: str | None, filters: Filters) -> Ranked:
        """Return the `k` best songs of a genre (None: of all) among the index's candidates."""
        with db.begin() as connection:
            found = queries.nearest(connection, aim.vector.tolist(), CANDIDATES * k, genre=genre,
                                    languages=list(filters.languages), years=filters.years,
                                    left_out=list(filters.left_out))
        masks = words_of([vocabulary().mask(row.tags.split("|")) for row in found])
        vectors = self._space.songs(masks).astype(np.float64)
        scores = (vectors * aim.vector.astype(np.float64)).sum(axis=1)
        scores -= config.CONFLICT * conflicts(masks, aim.wanted)
        ids = np.array([row.id for row in found], np.int64)
        order = np.lexsort((ids, -overlaps(masks, aim.wanted).astype(int), -np.round(scores, 9)))[:k]
        artists = np.array([row.artist_id for row in found], np.int64)
        return Ranked(ids[order], artists[order], scores[order], masks[order])


def make_nearest_index() -> bool:
    """Make the database's index of nearest neighbours where the catalogue needs one; return whether it is there.

    Takes minutes; part of an import, never of a search.
    """
    meaning = space()
    with db.begin() as connection:
        if queries.count(connection) <= IN_MEMORY or not queries.has_vectors(connection):
            return False
        if not queries.nearest_index(connection, meaning.width, meaning.key):
            queries.make_nearest_index(connection, meaning.width)
        return queries.nearest_index(connection, meaning.width, meaning.key)
