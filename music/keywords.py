"""Free keywords as genres, moods, instruments and textures: by name, else by nearness in meaning.

A keyword that is a term's name, alias or id in either language is that term. Others are embedded and compared with the
names of moods and genres: the mean of all names is taken out first, since raw cosines of such models all lie close
together. Below `NEAR` a keyword means nothing to the composer, and is said to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music import vocabulary

NEAR = 0.5
"""Least centred cosine at which a keyword stands for a mood or genre."""
KINDS = ("moods", "genres", "instruments", "textures")

Embed = Callable[[Sequence[str]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What keywords stand for: (word, kind, id) in order, and the words that stand for nothing."""

    terms: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[str, ...]:
        """Return the ids of one of `KINDS`, each once."""
        return tuple(dict.fromkeys(name for _, found, name in self.terms if found == kind))


def read(words: Sequence[str], embed: Embed | None = None) -> Heard:
    """Return what keywords stand for.

    Parameters
    ----------
    words : sequence of str
    embed : callable, optional
        Texts to unit vectors; without it only names are understood.
    """
    named = {word: _named(word) for word in words}
    rest = [word for word in words if named[word] is None]
    near = dict(zip(rest, nearest(rest, embed), strict=True)) if embed and rest else {}
    found = {word: named[word] or _clear(near.get(word)) for word in words}
    terms = tuple((word, *term) for word, term in found.items() if term is not None)
    return Heard(terms, tuple(word for word, term in found.items() if term is None))


def nearest(words: Sequence[str], embed: Embed) -> list[tuple[str, str, float]]:
    """Return the mood or genre nearest to each word: kind, id, and centred cosine."""
    terms, names, middle = _space(embed)
    scores = _unit(np.asarray(embed(list(words)), np.float64) - middle) @ names.T
    best = scores.argmax(axis=1)
    return [(*terms[place], float(row[place])) for place, row in zip(best, scores, strict=True)]


def _clear(term: tuple[str, str, float] | None) -> tuple[str, str] | None:
    return term[:2] if term is not None and term[2] >= NEAR else None


def _named(word: str) -> tuple[str, str] | None:
    return _names().get(vocabulary.fold(word))


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, str]]:
    """Return every name of every term."""
    found: dict[str, tuple[str, str]] = {}
    for kind in KINDS:
        for name, entry in vocabulary.entries(kind).items():
            for said in vocabulary.names_of(entry):
                found.setdefault(vocabulary.fold(said), (kind, name))
    return found


@lru_cache(maxsize=4)
def _space(embed: Embed) -> tuple[list[tuple[str, str]], NDArray[np.float64], NDArray[np.float64]]:
    """Return the terms, their centred unit vectors and the mean that was taken out. A term has one row a language."""
    entries = [(kind, name, entry) for kind in ("moods", "genres")
               for name, entry in vocabulary.entries(kind).items()]
    rows = np.asarray(embed([said for _, _, entry in entries for said in (entry.ko, entry.en)]), np.float64)
    terms = [(kind, name) for kind, name, _ in entries for _ in range(2)]
    middle: NDArray[np.float64] = rows.mean(axis=0)
    return terms, _unit(rows - middle), middle


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
