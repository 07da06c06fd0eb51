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

_LOW, _HIGH = "[a-zß-öø-ÿ]", "[A-ZÀ-ÖØ-Þ]"
_CAMEL = re.compile(rf"(?<={_LOW})(?<!\b{_LOW})(?<!Mc)(?={_HIGH})|(?<=\d)(?={_HIGH}{_LOW})"
                    rf"|(?<={_HIGH})(?={_HIGH}{_LOW}{{2,}})")
"""Where a word begins; iKON, 2NE1, B1A4 and McCartney stay whole."""
_JOINED_OF = re.compile(r"\b([A-Z][a-z]*[a-np-z])of(?= [A-Z])")
_NOT_OF = {"There", "Here", "Where", "Pr", "Ol", "El", "Christ", "Krist"}
"""Beginnings of words and names that end in *of*: Prof, Olof, Christof."""
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                        "\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]")
"""Characters one cannot see: fillers, variation selectors of emoji, marks of writing direction."""
_REVERSING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that make a name read otherwise than it is written."""


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
    if bad or _REVERSING.search(name) or "/" in name or "\\" in name or name.startswith("."):
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
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()))
    kept = "".join(char for char in folded if unicodedata.category(char)[0] in "LNM")
    if any(unicodedata.category(char)[0] in "LN" for char in kept):
        return kept
    return "".join(char for char in folded if unicodedata.category(char)[0] in "SP" and char not in "._")


@lru_cache(maxsize=65536)
def display_name(key: str) -> str:
    """Return a readable form of a raw key: ``MorganWallen`` is Morgan Wallen, ``BTS`` stays, spaces stay.

    A joined *of* is split where no word ends so (``TheFateofOphelia`` is The Fate of Ophelia).
    """
    text = " ".join(unicodedata.normalize("NFC", key).split())
    if " " in text:
        return text
    text = _CAMEL.sub(" ", text)
    return _JOINED_OF.sub(lambda m: m[0] if m[1] in _NOT_OF else f"{m[1]} of", text)


def platform_label(key: str) -> str:
    """Return how a platform writes itself (``YouTube``)."""
    return BY_KEY[key].label
