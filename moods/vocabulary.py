"""The 78 mood tags in six categories and the 16 genres, as `vocabulary.toml` lists them.

A tag is known by its Korean name everywhere; `label` gives what a reader of either language sees. As a set, tags are
bits of an unsigned 128-bit mask held in two 64-bit words, so that a million songs can be compared at once.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CATEGORIES = ("situation", "emotion", "time", "style", "weather", "season")
FILE = Path(__file__).with_name("vocabulary.toml")


@dataclass(frozen=True, slots=True)
class Tag:
    """A mood tag.

    Attributes
    ----------
    name, en : str
        Korean and English; the Korean name is the tag.
    category : str
        One of `CATEGORIES`.
    valence, arousal : float
        Place on the circumplex of Russell (1980), each from -1 to 1, by judgement.
    words : tuple of str
        Other ways to say it, Korean and English.
    """

    name: str
    en: str
    category: str
    valence: float
    arousal: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All tags and genres, in the order of the file.

    Attributes
    ----------
    tags : tuple of Tag
    genres : dict of str to str
        English name by genre.
    """

    tags: tuple[Tag, ...]
    genres: dict[str, str]
    _places: dict[str, int] = field(repr=False)
    _folded: dict[str, int] = field(repr=False)

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Tags of each category."""
        return {category: tuple(tag.name for tag in self.tags if tag.category == category) for category in CATEGORIES}

    @property
    def names(self) -> tuple[str, ...]:
        """All tags."""
        return tuple(tag.name for tag in self.tags)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def tag(self, name: str) -> Tag:
        """Return a tag by its name.

        Raises
        ------
        KeyError
            If there is no such tag.
        """
        return self.tags[self._places[name]]

    def place(self, name: str) -> int:
        """Return a tag's number, 0 to 77."""
        return self._places[name]

    def find(self, text: str) -> str | None:
        """Return the tag that a text names: in Korean or English, whatever its case, spaces or leading ``#``."""
        place = self._folded.get(_fold(text))
        return None if place is None else self.tags[place].name

    def category_of(self, name: str) -> str:
        """Return the category of a tag."""
        return self.tag(name).category

    def label(self, name: str, lang: str) -> str:
        """Return how a tag or a genre is written in `lang`; what is neither stays as it is."""
        if lang == "ko":
            return name
        return self.tag(name).en if name in self else self.genres.get(name, name)

    def sort(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return tags by category, each in the order of the vocabulary; what is no tag is left out."""
        kept = sorted({name for name in names if name in self}, key=self.place)
        return {category: tuple(name for name in kept if self.category_of(name) == category) for category in CATEGORIES}

    def mask(self, names: Iterable[str]) -> int:
        """Return a set of tags as bits; what is no tag is left out."""
        return sum({1 << self._places[name] for name in names if name in self._places})

    def unmask(self, mask: int) -> tuple[str, ...]:
        """Return the tags of a mask."""
        return tuple(tag.name for place, tag in enumerate(self.tags) if mask >> place & 1)

    def category_mask(self, category: str) -> int:
        """Return all tags of a category as bits."""
        return self.mask(self.categories[category])


def words_of(masks: Sequence[int]) -> NDArray[np.uint64]:
    """Return masks as pairs of 64-bit words.

    Returns
    -------
    ndarray of uint64, shape (n, 2)
        Low word first.
    """
    low = (1 << 64) - 1
    return np.array([(mask & low, mask >> 64) for mask in masks], np.uint64).reshape(-1, 2)


def mood_of(names: Iterable[str]) -> tuple[float, float] | None:
    """Return valence and arousal read off tags: the mean over the emotion and style tags among them.

    Situation, time, weather and season say where music is heard, not how it sounds, and count only where there is no
    emotion and no style.

    Returns
    -------
    tuple of (float, float) or None
        Each from -1 to 1; None where there is no tag.
    """
    tags = [vocabulary().tag(name) for name in names if name in vocabulary()]
    heard = [tag for tag in tags if tag.category in ("emotion", "style")] or tags
    if not heard:
        return None
    return (sum(tag.valence for tag in heard) / len(heard), sum(tag.arousal for tag in heard) / len(heard))


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, read once."""
    tree = tomllib.loads(FILE.read_text("utf-8"))
    tags = tuple(_tag(name, category, row) for category in CATEGORIES for name, row in tree["tags"][category].items())
    places = {tag.name: place for place, tag in enumerate(tags)}
    folded = {_fold(name): place for place, tag in enumerate(tags) for name in (tag.en, tag.name)}
    return Vocabulary(tags, dict(tree["genres"]), places, folded)


def _tag(name: str, category: str, row: Mapping[str, object]) -> Tag:
    return Tag(name, str(row["en"]), category, float(str(row["valence"])), float(str(row["arousal"])),
               tuple(row["words"]))  # type: ignore[arg-type]


def _fold(text: str) -> str:
    """Return a text without case, spaces and marks: ``#비 오는 날`` and ``비오는날`` are the same."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
