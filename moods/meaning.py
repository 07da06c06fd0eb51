"""Vectors of songs and of wishes from their mood tags.

A song's vector is the mean of its tags' centred vectors, each with the weight of its category, scaled to length 1. A
wish's vector is the same with a further weight for each tag, -1 to 1; the tags of its free words (`moods.words`) join
in. Emotion and style weigh most: in a plain sentence of six tags the embedding finds the place and misses the mood. A
song whose time, weather or season is another than the wished one loses `config.CONFLICT`, since "summer" and "winter"
lie close in any embedding.

Centred tag vectors still crowd along a few directions, and what many tags have in common would outweigh what sets them
apart. They are evened out (`evened`), half way to vectors at right angles: there, only tags in common would count and
a sad song would be no nearer to "gloom" than a happy one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
from moods import words
from moods.embedders import embedder
from moods.prototypes import prototypes
from moods.vocabulary import CATEGORIES, vocabulary, words_of

EXCLUSIVE = ("time", "weather", "season")
"""Categories of which a moment has one: another one is a conflict."""
EVEN = 0.5
"""How far tag vectors are evened out, 0 to 1. nDCG@5 of the development scenes at 0, 0.25, 0.5, 0.75 and 1: with tags
0.820, 0.833, 0.836, 0.824 and 0.815; in free words 0.547, 0.552, 0.558, 0.552 and 0.547 (`bench/relevance.py`)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for.

    Attributes
    ----------
    tags : dict of str to float
        Weight of each tag, -1 (away from it) to 1.
    text : str
        Free words, Korean or English.
    """

    tags: Mapping[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    """A wish as the search takes it.

    Attributes
    ----------
    vector : ndarray of float32, shape (width,)
        Length 1, or 0 where nothing was wished.
    wanted : int
        Tags wished for, as a mask (`moods.vocabulary.Vocabulary.mask`): given with a weight above 0, or clear in the
        free words (`moods.words.CLEAR`).
    weights : dict of str to float
        All tags with their weights, those of the free words among them.
    """

    vector: NDArray[np.float32]
    wanted: int
    weights: Mapping[str, float]


class Space:
    """The vectors of all tags under one model and one set of weights.

    Parameters
    ----------
    model : str, optional
        Name or folder of the model (see `moods.embedders.embedder`).
    weights : mapping of str to float
        Weight of each category.

    Attributes
    ----------
    key : str
        Model, vocabulary and weights: vectors under another key are not comparable.
    tags : ndarray of float32, shape (tags, width)
        Centred unit vector of each tag: how near two tags are in meaning.
    axes : ndarray of float32, shape (tags, width)
        The same evened out: what songs and wishes are made of.
    """

    def __init__(self, model: str | None, weights: Mapping[str, float]) -> None:
        said = prototypes(model)
        self.model, self.weights = model, dict(weights)
        self.tags = _unit(said.by_tag - said.by_tag.mean(axis=0))
        self.axes = evened(self.tags)
        self.key = f"{embedder(model).name}/{_digest(self.axes, tuple(weights[name] for name in CATEGORIES))}"
        self._by_place: NDArray[np.float32] = np.array([weights[tag.category] for tag in vocabulary().tags], np.float32)

    @property
    def width(self) -> int:
        """Length of a vector."""
        return self.axes.shape[1]

    def songs(self, masks: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Return one unit vector a song.

        Parameters
        ----------
        masks : ndarray of uint64, shape (n, 2)
            The songs' tags (`moods.vocabulary.words_of`).

        Returns
        -------
        ndarray of float32, shape (n, width)
            A row of zeros for a song without tags.
        """
        return _unit((unpack(masks) * self._by_place) @ self.axes)

    def aim(self, wish: Wish) -> Aim:
        """Return a wish's vector; unknown tags and weights of 0 are left out.

        A tag that is given outweighs what the free words say of it.
        """
        given = {name: float(np.clip(weight, -1, 1)) for name, weight in wish.tags.items()
                 if name in vocabulary() and weight}
        heard = words.tags_of(wish.text, self.model)
        weights = {name: config.WORDS_WEIGHT * weight for name, weight in heard.items()} | given
        row: NDArray[np.float32] = np.zeros(len(vocabulary().tags), np.float32)
        for name, weight in weights.items():
            row[vocabulary().place(name)] = weight
        vector = (row * self._by_place) @ self.axes
        clear = [name for name, weight in heard.items() if weight >= words.CLEAR and name not in given]
        wanted = vocabulary().mask([*clear, *(name for name, weight in given.items() if weight > 0)])
        return Aim(_unit(vector[None])[0], wanted, weights)


def evened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors spread out: singular values raised to `1 - EVEN`, then length 1 again.

    With 0 nothing changes; with 1, independent vectors end at right angles (Loewdin 1950).
    """
    left, values, right = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    return _unit(((left * values ** (1 - EVEN)) @ right).astype(np.float32))


def score(space: Space, masks: NDArray[np.uint64], aim: Aim) -> NDArray[np.float32]:
    """Return how well each song fits a wish: its similarity, -1 to 1, less `config.CONFLICT` for each conflict.

    Parameters
    ----------
    space : Space
    masks : ndarray of uint64, shape (n, 2)
        The songs' tags.
    aim : Aim

    Returns
    -------
    ndarray of float32, shape (n,)
        Equal scores rank by `overlaps`, then by row: `ranking`.
    """
    near: NDArray[np.float32] = space.songs(masks) @ aim.vector
    return near - np.float32(config.CONFLICT) * conflicts(masks, aim.wanted)


def ranking(space: Space, masks: NDArray[np.uint64], aim: Aim) -> NDArray[np.int64]:
    """Return the rows of all songs, best first."""
    scores = score(space, masks, aim).astype(np.float64).round(6)
    return np.lexsort((np.arange(len(masks)), -overlaps(masks, aim.wanted).astype(np.int64), -scores))


def unpack(masks: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Return masks as rows of 0 and 1, shape (n, tags)."""
    bits = np.unpackbits(np.ascontiguousarray(masks).view(np.uint8).reshape(-1, 16), axis=1, bitorder="little")
    return bits[:, :len(vocabulary().tags)].astype(np.float32)


def conflicts(masks: NDArray[np.uint64], wanted: int) -> NDArray[np.int8]:
    """Return in how many of `EXCLUSIVE` each song has tags, all of them other than the wanted ones; shape (n,)."""
    found = np.zeros(len(masks), np.int8)
    for category in EXCLUSIVE:
        whole = vocabulary().category_mask(category)
        if whole & wanted:
            every, right = words_of([whole, whole & wanted])
            found += _any(masks, every) & ~_any(masks, right)
    return found


def overlaps(masks: NDArray[np.uint64], wanted: int) -> NDArray[np.uint8]:
    """Return how many of the wanted tags each song has; shape (n,)."""
    return np.bitwise_count(masks & words_of([wanted])[0]).sum(axis=1, dtype=np.uint8)


def _any(masks: NDArray[np.uint64], bits: NDArray[np.uint64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ((masks[:, 0] & bits[0]) | (masks[:, 1] & bits[1])) != 0
    return found


def space(model: str | None = None, weights: Mapping[str, float] | None = None) -> Space:
    """Return the space of a model, made once; by default the settings' model and the configured weights."""
    chosen = model if model is not None else config.load().embedding_model
    return _space(chosen, tuple(sorted((weights or config.CATEGORY_WEIGHTS).items())))


@cache
def _space(model: str | None, weights: tuple[tuple[str, float], ...]) -> Space:
    return Space(model, dict(weights))


def _unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


def _digest(vectors: NDArray[np.float32], weights: Sequence[float]) -> str:
    return hashlib.sha256(vectors.astype(np.float16).tobytes() + repr(weights).encode()).hexdigest()[:12]
