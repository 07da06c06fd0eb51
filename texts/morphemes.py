"""Korean morphemes with their tags, by Kiwi, and English words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from support.korean import tokens

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


class Morpheme(NamedTuple):
    """A morpheme, its tag (``NNG``, ``VV``, ...; ``EN`` for an English word), and how it stands in the text."""

    form: str
    tag: str
    written: str


def korean(sentences: Sequence[str]) -> list[list[Morpheme]]:
    """Return the morphemes of each sentence, in order; foreign words in small letters."""
    return [[Morpheme(token.form.lower() if token.tag == "SL" else token.form, token.tag,
                      sentence[token.start:token.start + token.len]) for token in found]
            for sentence, found in zip(sentences, tokens(sentences), strict=True)]


def english(sentence: str) -> list[Morpheme]:
    """Return the words of an English sentence in small letters, in order.

    >>> [word.form for word in english("Don't look back!")]
    ["don't", 'look', 'back']
    """
    return [Morpheme(word, "EN", word) for word in _WORD.findall(sentence.lower())]


def singular(word: str) -> str:
    """Return an English noun without the ending of its plural.

    >>> [singular(word) for word in ("nights", "cities", "boxes", "glass", "bus")]
    ['night', 'city', 'box', 'glass', 'bus']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "'s")):
        return word[:-1]
    return word.removesuffix("'s")
