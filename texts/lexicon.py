"""What English words feel like: a lexicon of this project's own, read with negation and degree.

A sentence's emotion is ``1 - exp(-PULL * s)``, s being the sum of its words' weights over the square root of how many
words it has of meaning (at least 4): one strong word in a short sentence says much, in a long one little. A word after
a negation counts for the calm opposite: its valence is turned and halved, its emotions are left out. Words in capitals
and sentences with ``!`` weigh more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from texts import words
from texts.reading import EMOTIONS, Felt

PULL = 2.2
"""How fast words of one emotion make it likely."""
NEAR = 3
"""Words after a negation or a word of degree that it reaches."""
RESTING = 0.06
"""Probability of an emotion of which no word is met."""
_NOT = frozenset("not no never none nobody nothing neither nor without hardly barely cannot can't don't doesn't didn't "
                 "isn't aren't wasn't weren't won't wouldn't couldn't shouldn't haven't hasn't hadn't ain't".split())
_MORE = frozenset("very so really extremely incredibly deeply terribly absolutely utterly totally completely such too "
                  "truly unbearably how".split())
_LESS = frozenset("slightly somewhat little bit fairly rather kinda almost".split())
_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_ENDINGS = (("iness", "y"), ("ily", "y"), ("iest", "y"), ("ier", "y"), ("ied", "y"), ("ies", "y"), ("fully", "ful"),
            ("ness", ""), ("edly", "ed"), ("ingly", "ing"), ("ly", ""), ("ing", ""), ("ing", "e"), ("ed", ""),
            ("ed", "e"), ("es", ""), ("s", ""), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("'s", ""))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the lexicon: its emotions, valence and arousal."""

    emotions: tuple[str, ...]
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the lexicon says of a sentence, and how many of its words it knows."""

    felt: Felt
    known: int


@cache
def lexicon() -> Mapping[str, Word]:
    """Return the lexicon: base form to feeling; a word of several groups has the emotions of all and their mean."""
    rows: dict[str, list[Word]] = {}
    for group in words.read("english")["group"]:
        feeling = Word(tuple(group["emotions"].split()), float(group["valence"]), float(group["arousal"]))
        for word in dict.fromkeys(group["words"].split()):
            rows.setdefault(word, []).append(feeling)
    return {word: Word(tuple(dict.fromkeys(name for each in found for name in each.emotions)),
                       sum(each.valence for each in found) / len(found),
                       sum(each.arousal for each in found) / len(found)) for word, found in rows.items()}


def base(word: str) -> str | None:
    """Return the form under which the lexicon holds a word, or None.

    >>> base("worries"), base("hugged"), base("tables")
    ('worry', 'hug', 'table')
    """
    known = lexicon()
    if word in known:
        return word
    stems = [word[:-len(ending)] + new for ending, new in _ENDINGS
             if word.endswith(ending) and len(word) > len(ending) + 2]
    doubled = [stem[:-1] for stem in stems if len(stem) > 3 and stem[-1] == stem[-2]]
    return next((stem for stem in [*stems, *doubled] if stem in known), None)


def read(sentence: str) -> Found:
    """Return what the words of an English sentence feel like; neutral where none of them is known."""
    tokens = _WORD.findall(sentence)
    weights, total, valence, arousal, known = dict.fromkeys(EMOTIONS, 0.0), 0.0, 0.0, 0.0, 0
    for place, token in enumerate(tokens):
        word = lexicon().get(base(token.lower()) or "")
        if word is None:
            continue
        before = [each.lower() for each in tokens[max(0, place - NEAR):place]]
        degree = _degree(token, before)
        denied = any(each in _NOT for each in before)
        known += 1
        total += degree
        valence += degree * word.valence * (-0.5 if denied else 1)
        arousal += degree * word.arousal * (0.5 if denied else 1)
        for name in () if denied else word.emotions:
            weights[name] += degree
    if not known:
        return Found(Felt({**dict.fromkeys(EMOTIONS, RESTING), "neutral": 0.5}, 0.0, 0.0), 0)
    louder = 1.2 if "!" in sentence else 1.0
    size = math.sqrt(max(4, len(tokens) / 2)) / 2
    emotions = {name: max(RESTING, 1 - math.exp(-PULL * louder * weight / size / 2))
                for name, weight in weights.items()}
    strongest = max(emotions[name] for name in EMOTIONS if name != "neutral")
    emotions["neutral"] = max(emotions["neutral"], 0.5 * (1 - strongest))
    return Found(Felt(emotions, float(np.clip(valence / total, -1, 1)),
                      float(np.clip(arousal / total * louder, -1, 1))), known)


def _degree(token: str, before: list[str]) -> float:
    degree = 1.3 if len(token) > 2 and token.isupper() else 1.0
    if any(each in _MORE for each in before):
        degree *= 1.3
    if any(each in _LESS for each in before):
        degree *= 0.6
    return degree
