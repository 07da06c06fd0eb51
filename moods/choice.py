"""The choice among ranked songs: the best of each genre, then a draw among those ranked next.

No artist comes twice. Variety is maximal marginal relevance (Carbonell & Goldstein 1998): with variety *v* the next
song is the one with the highest ``(1 - v) * similarity to the wish - v * highest similarity to a song taken before``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moods.meaning import EXCLUSIVE, Aim, Space
from moods.songs import Filters, Ranked, Ranker, distinct_artists, keep
from moods.vocabulary import vocabulary

NEXT_RANKED = 20
"""Songs among which the rest is drawn, after the best of each genre."""
WIDER = 1.5
"""Songs drawn among for each one drawn, where that is more than `NEXT_RANKED`: else all of them would be taken."""
LOOKED_AT = 5
"""Times the songs needed that variety chooses from."""
NEAR = 0.30
"""Centred cosine of two tags from which one is said to be near the other: 3 % of all pairs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Chosen songs, the best of each genre first, then the drawn ones, each part by similarity.

    Attributes
    ----------
    ids : ndarray of int64, shape (k,)
    scores : ndarray of float64, shape (k,)
    masks : ndarray of uint64, shape (k, 2)
    best : int
        How many of them are the best of a genre.
    matches : int
        Songs there were to choose from, one an artist; counted no further than was needed.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    masks: NDArray[np.uint64]
    best: int
    matches: int


@dataclass(frozen=True, slots=True)
class Why:
    """Why a song was found.

    Attributes
    ----------
    shared : tuple of str
        Wished tags that the song has.
    near : tuple of (str, str, float)
        A wished tag, the song's tag nearest to it, and their centred cosine.
    against : tuple of str
        Tags of the song that speak against it: of another time, weather or season than wished, or pushed away.
    """

    shared: tuple[str, ...]
    near: tuple[tuple[str, str, float], ...]
    against: tuple[str, ...]


def choose(ranker: Ranker, space: Space, aim: Aim, *, genres: Sequence[str] = (), count: int = 5, seed: int = 0,
           variety: float = 0.0, filters: Filters | None = None) -> Choice:
    """Return songs for a wish.

    Parameters
    ----------
    ranker : Ranker
    space : Space
    aim : Aim
    genres : sequence of str
        The genres asked for; none: all as one.
    count : int
        Songs wanted.
    seed : int
        Another one draws again.
    variety : float
        0 (most similar) to 1 (most unlike each other).
    filters : Filters, optional

    Returns
    -------
    Choice
        Fewer than `count` songs if fewer match: a similarity of 0 or less is no match.
    """
    filters = filters or Filters()
    needed = count + max(NEXT_RANKED, math.ceil(WIDER * count))
    found = [keep(distinct_artists(ranker, aim, needed * LOOKED_AT if variety else needed, genre, filters), _matches)
             for genre in (genres or (None,))]
    pool = _joined([part for part in found if len(part)])
    best = _best_of_each(found)[:count]
    rest = _others(pool, best)
    missing = min(count - len(best), len(rest.ids))
    if missing:
        width = max(NEXT_RANKED, math.ceil(WIDER * missing))
        order = _marginal(rest, space.songs(rest.masks), width, variety)
        drawn = np.random.default_rng(seed).permutation(len(order))[:missing]
        rest = _take(rest, np.sort(order[drawn]))
    else:
        rest = _take(rest, np.arange(0))
    first = _take(pool, np.sort(np.flatnonzero(np.isin(pool.ids, best))))
    chosen = _joined([first, rest], sort=False)
    return Choice(chosen.ids, chosen.scores, chosen.masks, len(best), len(np.unique(pool.artists)))


def _matches(ranked: Ranked) -> NDArray[np.bool_]:
    return ranked.scores > 0


def _joined(parts: Sequence[Ranked], *, sort: bool = True) -> Ranked:
    """Put ranked songs together, best first; of equal scores the earlier part's first."""
    if not parts:
        return Ranked(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty((0, 2), np.uint64))
    whole = Ranked(*(np.concatenate([getattr(part, name) for part in parts]) for name in
                     ("ids", "artists", "scores", "masks")))
    return _take(whole, np.argsort(-np.round(whole.scores, 9), kind="stable")) if sort else whole


def _take(ranked: Ranked, places: NDArray[np.int64]) -> Ranked:
    return Ranked(ranked.ids[places], ranked.artists[places], ranked.scores[places], ranked.masks[places])


def _best_of_each(found: Sequence[Ranked]) -> list[int]:
    """Return the best song of each genre; where it is by an artist already taken, the next best."""
    best: list[int] = []
    artists: set[int] = set()
    for part in sorted((part for part in found if len(part)), key=lambda part: -part.scores[0]):
        free = next((place for place, artist in enumerate(part.artists.tolist()) if artist not in artists), None)
        if free is not None:
            best.append(int(part.ids[free]))
            artists.add(int(part.artists[free]))
    return best


def _others(pool: Ranked, best: Sequence[int]) -> Ranked:
    """Return the songs of artists who have none among `best`, the best one of each artist."""
    taken = pool.artists[np.isin(pool.ids, best)]
    first = np.zeros(len(pool), bool)
    first[np.unique(pool.artists, return_index=True)[1]] = True
    return keep(pool, lambda ranked: first & ~np.isin(ranked.artists, taken))


def _marginal(ranked: Ranked, vectors: NDArray[np.float32], count: int, variety: float) -> NDArray[np.int64]:
    """Return the places of the first `count` songs in the order of maximal marginal relevance."""
    if not variety or not len(ranked):
        return np.arange(min(count, len(ranked)))
    vectors, scores = vectors[:LOOKED_AT * count], ranked.scores[:LOOKED_AT * count]
    nearest, left, order = np.zeros(len(scores)), np.ones(len(scores), bool), []
    for _ in range(min(count, len(scores))):
        gains = np.where(left, (1 - variety) * scores - variety * nearest, -np.inf)
        order.append(int(gains.argmax()))
        left[order[-1]] = False
        nearest = np.maximum(nearest, vectors @ vectors[order[-1]])
    return np.array(order)


def why(space: Space, aim: Aim, mask: int) -> Why:
    """Return why a song with these tags was found."""
    known = vocabulary()
    tags = known.unmask(mask)
    shared = known.unmask(mask & aim.wanted)
    wished = sorted(known.unmask(aim.wanted & ~mask), key=lambda name: -aim.weights.get(name, 0))
    near = (_nearest(space, name, [tag for tag in tags if tag not in shared]) for name in wished)
    return Why(shared, tuple(each for each in near if each is not None), _against(aim, tags))


def _nearest(space: Space, name: str, tags: Sequence[str]) -> tuple[str, str, float] | None:
    known = vocabulary()
    cosines = [float(space.tags[known.place(name)] @ space.tags[known.place(tag)]) for tag in tags]
    if not cosines or max(cosines) < NEAR:
        return None
    place = int(np.argmax(cosines))
    return name, tags[place], cosines[place]


def _against(aim: Aim, tags: Sequence[str]) -> tuple[str, ...]:
    known = vocabulary()
    other = set()
    for category in EXCLUSIVE:
        wanted = known.category_mask(category) & aim.wanted
        own = [tag for tag in tags if known.category_of(tag) == category]
        if wanted and own and not known.mask(own) & wanted:
            other |= set(own)
    return tuple(tag for tag in tags if tag in other or aim.weights.get(tag, 0) < 0)
