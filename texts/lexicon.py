"""What words feel like: lexicons of this project's own in English and Korean, read with negation and degree.

A sentence's emotion is ``1 - exp(-PULL * s)``, s being the sum of its words' weights over the square root of half its
number of words (at least 4): one strong word in a short sentence says much, in a long one little. What is denied
counts for the calm opposite: its valence is turned and halved, its emotions are left out. Words of degree, words in
capitals and sentences with ``!`` weigh more or less.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from texts import words
from texts.morphemes import Morpheme
from texts.reading import EMOTIONS, Felt

PULL = 2.2
"""How fast words of one emotion make it likely."""
NEAR = 3
"""Words that a negation or a word of degree reaches: those after it in English, in Korean a denial also comes after."""
RESTING = 0.06
"""Probability of an emotion of which no word is met."""
LOUDER = 1.2
"""What an exclamation mark is worth."""
_NOT = frozenset("not no never none nobody nothing neither nor without hardly barely cannot can't don't doesn't didn't "
                 "isn't aren't wasn't weren't won't wouldn't couldn't shouldn't haven't hasn't hadn't ain't".split())
_MORE = frozenset("very so really extremely incredibly deeply terribly absolutely utterly totally completely such too "
                  "truly unbearably how".split())
_LESS = frozenset("slightly somewhat little bit fairly rather kinda almost".split())
_NOT_KO = frozenset({("안", "MAG"), ("못", "MAG"), ("않", "VX"), ("못하", "VX"), ("말", "VX"), ("없", "VA"),
                     ("아니", "VCN"), ("없이", "MAG")})
_MORE_KO = frozenset("너무 정말 매우 아주 무척 몹시 가장 제일 진짜 굉장히 완전 엄청 참".split())
_LESS_KO = frozenset("조금 약간 좀 다소".split())
_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_ENDINGS = (("iness", "y"), ("ily", "y"), ("iest", "y"), ("ier", "y"), ("ied", "y"), ("ies", "y"), ("fully", "ful"),
            ("ness", ""), ("edly", "ed"), ("ingly", "ing"), ("ly", ""), ("ing", ""), ("ing", "e"), ("ed", ""),
            ("ed", "e"), ("es", ""), ("s", ""), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("'s", ""))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a lexicon: its emotions, valence and arousal."""

    emotions: tuple[str, ...]
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a lexicon says of a sentence, and how many of its words it knows."""

    felt: Felt
    known: int


Hit = tuple[Word, float, bool]
"""A word that was met, its degree, and whether it is denied."""


@cache
def lexicon(name: str) -> Mapping[str, Word]:
    """Return a lexicon, ``english`` or ``korean``: base form to feeling.

    A word of several groups has the emotions of all and their mean.
    """
    rows: dict[str, list[Word]] = {}
    for group in words.read(name)["group"]:
        feeling = Word(tuple(group["emotions"].split()), float(group["valence"]), float(group["arousal"]))
        for word in dict.fromkeys(group["words"].split()):
            rows.setdefault(word, []).append(feeling)
    return {word: Word(tuple(dict.fromkeys(each for one in found for each in one.emotions)),
                       sum(each.valence for each in found) / len(found),
                       sum(each.arousal for each in found) / len(found)) for word, found in rows.items()}


def base(word: str) -> str | None:
    """Return the form under which the English lexicon holds a word, or None.

    >>> base("worries"), base("hugging"), base("tables")
    ('worry', 'hug', None)
    """
    known = lexicon("english")
    if word in known:
        return word
    stems = [word[:-len(ending)] + new for ending, new in _ENDINGS
             if word.endswith(ending) and len(word) > len(ending) + 2]
    doubled = [stem[:-1] for stem in stems if len(stem) > 3 and stem[-1] == stem[-2]]
    return next((stem for stem in [*stems, *doubled] if stem in known), None)


def english(sentence: str) -> Found:
    """Return what the words of an English sentence feel like; neutral where none of them is known."""
    tokens, hits = _WORD.findall(sentence), []
    for place, token in enumerate(tokens):
        word = lexicon("english").get(base(token.lower()) or "")
        if word is not None:
            before = {each.lower() for each in tokens[max(0, place - NEAR):place]}
            loud = 1.3 if len(token) > 2 and token.isupper() else 1.0
            hits.append((word, loud * _degree(before, _MORE, _LESS), bool(before & _NOT)))
    return _found(hits, len(tokens), "!" in sentence)


def korean(morphemes: Sequence[Morpheme], loud: bool = False) -> Found:
    """Return what the morphemes of a Korean sentence feel like; neutral where none of them is known."""
    hits: list[Hit] = []
    place = 0
    while place < len(morphemes):
        word, size = _longest(morphemes, place)
        if word is not None:
            before = {each.form for each in morphemes[max(0, place - NEAR):place]}
            after = {(each.form, each.tag) for each in morphemes[place + size:place + size + NEAR]}
            just_before = {(each.form, each.tag) for each in morphemes[max(0, place - 1):place]}
            hits.append((word, _degree(before, _MORE_KO, _LESS_KO), bool((after | just_before) & _NOT_KO)))
        place += size
    said = sum(each.tag[0] in "NVMXIS" and each.tag not in ("SF", "SP", "SS", "VX") for each in morphemes)
    return _found(hits, said, loud)


def _longest(morphemes: Sequence[Morpheme], place: int) -> tuple[Word | None, int]:
    """Return the word of the lexicon that begins at a place, of two morphemes or one, and of how many."""
    known, one = lexicon("korean"), morphemes[place]
    if place + 1 < len(morphemes):
        pair = known.get(one.form + morphemes[place + 1].form)
        if pair is not None:
            return pair, 2
    kinds = {"V": "/V", "N": "/N", "X": "/N", "I": "/IC"}
    found = known.get(one.form + kinds.get(one.tag[0], "/")) or (known.get(one.form) if one.tag[0] in "NVXMI" else None)
    return found, 1


def _degree(before: set[str], more: frozenset[str], less: frozenset[str]) -> float:
    return (1.3 if before & more else 1.0) * (0.6 if before & less else 1.0)


def _found(hits: Sequence[Hit], count: int, loud: bool) -> Found:
    """Return the feeling of a sentence of `count` words of which some were met."""
    if not hits:
        return Found(Felt({**dict.fromkeys(EMOTIONS, RESTING), "neutral": 0.5}, 0.0, 0.0), 0)
    louder = LOUDER if loud else 1.0
    weights = dict.fromkeys(EMOTIONS, 0.0)
    for word, degree, denied in hits:
        for name in () if denied else word.emotions:
            weights[name] += degree
    size = math.sqrt(max(4, count / 2))
    emotions = {name: max(RESTING, 1 - math.exp(-PULL * louder * weight / size)) for name, weight in weights.items()}
    strongest = max(emotions[name] for name in EMOTIONS if name != "neutral")
    emotions["neutral"] = max(emotions["neutral"], 0.5 * (1 - strongest))
    total = sum(degree for _, degree, _ in hits)
    valence = sum(degree * word.valence * (-0.5 if denied else 1) for word, degree, denied in hits) / total
    arousal = sum(degree * word.arousal * (0.5 if denied else 1) for word, degree, denied in hits) / total
    return Found(Felt(emotions, float(np.clip(valence, -1, 1)), float(np.clip(arousal * louder, -1, 1))), len(hits))
