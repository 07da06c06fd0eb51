"""File names: the grammar ``Artist_Song_Platform_Metric.csv``, display names, and the normalised key of a song."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ingest.platforms import BY_KEY, BY_NAME
from support.errors import FileRefused

MAX_NAME = 240
"""Characters; most file systems allow 255 bytes, and a name must leave room for a temporary suffix."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2,})")
_JOINED_OF = re.compile(r"\b([A-Z][a-z]*[a-np-z])of(?= [A-Z])")
_NOT_OF = {"There", "Here", "Where"}


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file name says. `artist` and `song` are the raw keys, as written."""

    artist: str
    song: str
    platform: str
    metric: str


def parse_name(name: str) -> FileName:
    """Read a file name.

    The last two parts are platform and metric, the first is the artist, and what lies between is the song, so that
    a song title may hold underscores.

    Raises
    ------
    FileRefused
        With the part that is wrong and what is accepted.
    """
    _check_characters(name)
    stem, suffix = name[:-4], name[-4:]
    if suffix.lower() != ".csv":
        raise FileRefused("name.suffix", name=name)
    parts = [part.strip() for part in unicodedata.normalize("NFC", stem).split("_")]
    if len(parts) < 4:
        raise FileRefused("name.parts", name=name)
    artist, song = parts[0], " ".join(part for part in parts[1:-2] if part)
    if not normalise(artist) or not normalise(song):
        raise FileRefused("name.empty", name=name)
    return FileName(artist, song, *_platform_and_metric(name, parts[-2], parts[-1]))


def _check_characters(name: str) -> None:
    if len(name) > MAX_NAME:
        raise FileRefused("name.long", limit=MAX_NAME)
    bad = any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name)
    if bad or "/" in name or "\\" in name or name.startswith("."):
        raise FileRefused("name.characters", name=printable(name))


def printable(text: str) -> str:
    """Return `text` with control characters written as escapes, for messages and for the database."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _platform_and_metric(name: str, found_platform: str, found_metric: str) -> tuple[str, str]:
    platform = BY_NAME.get(found_platform.casefold())
    if platform is None:
        raise FileRefused("name.platform", name=name, found=found_platform)
    if found_metric.casefold() not in platform.metrics:
        raise FileRefused("name.metric", platform=platform.label, found=found_metric, expected=platform.metric)
    return platform.key, platform.metric


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """Return the key under which two spellings are the same: no case, no spaces, no punctuation, NFKC.

    A text made of symbols alone (a song called ``?``) keeps them; ``""`` means there is nothing to go by.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(char for char in folded if unicodedata.category(char)[0] in "LNM")
    return kept or "".join(char for char in folded if unicodedata.category(char)[0] == "S")


@lru_cache(maxsize=65536)
def display_name(key: str) -> str:
    """Return a readable form of a raw key: ``MorganWallen`` is Morgan Wallen, ``BTS`` stays, spaces stay.

    A joined *of* is split where no word ends so (``TheFateofOphelia`` is The Fate of Ophelia).
    """
    text = " ".join(unicodedata.normalize("NFC", key).split())
    if " " not in text:
        text = _CAMEL.sub(" ", text)
    return _JOINED_OF.sub(lambda m: m[0] if m[1] in _NOT_OF else f"{m[1]} of", text)


def platform_label(key: str) -> str:
    """Return how a platform writes itself (``YouTube``)."""
    return BY_KEY[key].label
