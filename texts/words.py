"""The words texts are read by, from ``words/*.toml``: topics with their genres, scenes with what is heard of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of books and articles: names, words that tell it, and the genres that suit it, the first most."""

    id: str
    ko: str
    en: str
    words_ko: tuple[str, ...]
    words_en: tuple[str, ...]
    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SceneKind:
    """A scene: names, words that paint it, and the ids of textures and instruments that are heard of it."""

    id: str
    ko: str
    en: str
    words_ko: tuple[str, ...]
    words_en: tuple[str, ...]
    textures: tuple[str, ...]
    instruments: tuple[str, ...]


@cache
def topics() -> Mapping[str, Topic]:
    """Return the 32 topics by id, in the order of the file."""
    return {name: Topic(name, row["ko"], row["en"], _split(row["words_ko"]), _split(row["words_en"]),
                        _split(row["genres"])) for name, row in read("topics").items()}


@cache
def scenes() -> Mapping[str, SceneKind]:
    """Return the scenes by id, in the order of the file."""
    return {name: SceneKind(name, row["ko"], row["en"], _split(row["words_ko"]), _split(row["words_en"]),
                            _split(row["textures"]), _split(row["instruments"]))
            for name, row in read("scenes").items()}


@cache
def genre_feels() -> Mapping[str, tuple[float, float]]:
    """Return valence and arousal of genres by id."""
    return {name: (float(row[0]), float(row[1])) for name, row in read("genres").items()}


def read(name: str) -> dict[str, Any]:
    """Return the content of one of the files."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split()))
