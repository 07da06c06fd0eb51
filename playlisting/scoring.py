"""How good recommendations are: nDCG as the Arena of Melon playlists counts it, and requests made by masking.

========== ===============================================================================
ndcg       gain of hits discounted by log2(place + 1), over that of the best possible list
score      0.85 nDCG of 100 songs + 0.15 nDCG of 10 tags
========== ===============================================================================

A playlist without hidden songs has no nDCG of songs and is left out of their mean; likewise for tags.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playlisting.library import Playlist, Request

SONGS_AT, TAGS_AT = 100, 10
SONG_SHARE = 0.85
KINDS = ("STN", "SN", "ST", "S", "TN", "T", "N")
"""What a request can show: songs, tags, the title's name."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request and what it does not show.

    Attributes
    ----------
    request : Request
    songs, tags : tuple
        The answer.
    """

    request: Request
    songs: tuple[int, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over questions.

    Attributes
    ----------
    questions : int
    songs, tags : float
        nDCG of 100 songs and of 10 tags; nan where no question has an answer.
    """

    questions: int
    songs: float
    tags: float

    @property
    def score(self) -> float:
        """Songs and tags together; what has no figure counts as 0."""
        return SONG_SHARE * float(np.nan_to_num(self.songs)) + (1 - SONG_SHARE) * float(np.nan_to_num(self.tags))


def ndcg(found: Sequence[Any], wanted: Collection[Any], at: int) -> float:
    """Return the normalised discounted cumulative gain of the first `at` (Järvelin and Kekäläinen 2002).

    Returns
    -------
    float
        0 to 1; nan where nothing is wanted.
    """
    if not wanted:
        return float("nan")
    right = set(wanted)
    gains = sum(1 / np.log2(place + 2) for place, each in enumerate(found[:at]) if each in right)
    return float(gains / discounts(at)[:min(at, len(right))].sum())


def discounts(at: int) -> np.ndarray[Any, Any]:
    """Return what a hit at each place counts."""
    return 1 / np.log2(np.arange(2, at + 2))


def mean_quality(pairs: Iterable[tuple[float, float]]) -> Quality:
    """Return the means of nDCGs of songs and tags."""
    values = np.array(list(pairs), float).reshape(-1, 2)
    means = [float(np.nanmean(each)) if np.isfinite(each).any() else float("nan") for each in values.T]
    return Quality(len(values), means[0], means[1])


def share_of(key: str) -> float:
    """Return a number from 0 to 1 that a playlist's key has for ever: who is kept back does not change."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:12], 16) / 16**12


def mask(playlist: Playlist, kind: str, seed: int = 0) -> Question | None:
    """Return the question of a kind that a playlist gives: half of its songs and tags shown, if the kind shows any.

    Returns
    -------
    Question or None
        None where the playlist lacks what the kind shows, or nothing would be left to find.
    """
    rng = np.random.default_rng([seed, int(share_of(playlist.key) * 2**40)])
    shown_songs, songs = _parted(playlist.songs, rng) if "S" in kind else ((), playlist.songs)
    shown_tags, tags = _parted(playlist.tags, rng) if "T" in kind else ((), playlist.tags)
    request = Request(shown_songs, shown_tags, playlist.title if "N" in kind else "", playlist.key)
    return Question(request, songs, tags) if request.kind == kind and (songs or tags) else None


def _parted(values: tuple[Any, ...], rng: np.random.Generator) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    shown = set(rng.permutation(len(values))[:(len(values) + 1) // 2].tolist())
    return (tuple(each for at, each in enumerate(values) if at in shown),
            tuple(each for at, each in enumerate(values) if at not in shown))
