"""Free words to mood tags.

Three things are heard in a text, in this order:

1. what it turns away from ("안 슬픈", "시끄럽지 않은", "not sad", "without rain"): those tags weigh below 0;
2. words of the vocabulary as they stand: those tags weigh 1;
3. the rest by its meaning. A linear map from the text's vector to tags is fitted, when first used, to all texts of the
   vocabulary and to the sayings beside it (`moods.prototypes`), each with the tags it stands for: ridge regression, so
   that what any text has in common says nothing. Tags whose feeling is far from the strongest one's (happy beside sad,
   wild beside calm) are faded out, since one text hardly wishes both.

Figures below are nDCG@5 of the development scenes in free words (``bench/relevance.py --development``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from moods.embedders import embedder
from moods.prototypes import Prototypes, prototypes
from moods.vocabulary import vocabulary

RIDGE = 3.0
"""Penalty of the linear map: 0.537 at 1, 0.558 at 2 and 3, 0.527 at 5, 0.505 at 10."""
SHARPNESS = 1.5
"""Power that a tag's share of the strongest one is raised to: 0.547 at 1, 0.558 at 1.5, 0.560 at 2; with tags 0.837,
0.836 and 0.825."""
FAR = 1.0
"""Distance in valence and arousal from which a tag of emotion or style is faded out, gone at twice this: 0.550 at
0.7, 0.558 at 1, 0.539 at 1.5, 0.520 without."""
LEAST = 0.2
"""Share of the strongest tag under which a tag is left out: 0.560 at 0 and 0.1, 0.558 at 0.2, 0.551 at 0.3."""
FLOOR = 0.10
"""What the strongest tag must reach for a text to say anything. Digits and letters at random stay below; sentences of
another matter often do not, since the weakest development scene reaches 0.10 as well."""
MOST_TAGS = 16
"""Tags that a text can stand for."""
CLEAR = 0.5
"""Weight from which a tag counts as wished for, and another time, weather or season as a conflict."""
AWAY = -0.8
"""Weight of a tag that a text turns away from."""
LONG = 90
"""Characters from which a text is heard clause by clause as well, each to be embedded (10 ms) ..."""
CLAUSES = 3
"""... up to this many."""
MOST_EMBEDDED = 400
"""Characters of a text that are embedded: a page sends up to 300, and four times 512 tokens take a slow core 5 s."""

_PARTICLES = "이|가|은|는|을|를|에|의|도|만|과|와|로|으로|에서|처럼|이다|하고|에는|에도"
_KOREAN = re.compile("[가-힣]")
_NOT = re.compile(
    r"(?P<stem>[가-힣]+?)지\s?[는도가]?\s?(?:않|말)[가-힣]*"
    r"|(?<![가-힣])(?:안|덜)\s(?P<after>[가-힣]+)"
    r"|(?P<before>[가-힣]+?)(?:은|는|이|가|을|를|도)?\s?(?:말고|빼고|제외하고|싫[가-힣]*|아닌|아니고|없이|없는)"
    r"|\b(?:not|no|without|never|less|isn't|don't want|avoid|except)\s(?:(?:too|so|very|that|any|an?|the|really|much"
    r"|want|feel|feeling)\s)*(?P<english>[a-z'-]+)")
_ASKING = re.compile(
    r"(?:노래|음악|뮤직|플레이리스트|추천|들려|틀어|들을|듣)[가-힣]*|좋은|뭐|곡|좀|(?:songs?|music|tracks?|playlists?|play|recommend"
    r"|listen|hear|something|some|me|to|for|an?|the|please|good|i|want)(?![a-z])")
"""What says that music is looked for, and not which."""
_BREAKS = re.compile(r"[.!?;…,\n]+|(?<=[가-힣](?:고|며|서|데|만))\s")


@dataclass(frozen=True, slots=True)
class Named:
    """A word of the vocabulary found in a text: which, of which tag, and where."""

    word: str
    tag: str
    start: int
    end: int


def tags_of(text: str, model: str | None = None) -> dict[str, float]:
    """Return the tags a text stands for.

    Parameters
    ----------
    text : str
        Korean, English or both.
    model : str, optional
        Name or folder of the model (see `moods.embedders.embedder`).

    Returns
    -------
    dict of str to float
        Weights of 0 to 1, strongest first, then `AWAY` for what the text turns away from; empty for a text that says
        nothing of any tag.
    """
    text = unicodedata.normalize("NFC", text).strip().lower()
    if not text:
        return {}
    rest, away = _turned_away(text)
    weights = dict.fromkeys((found.tag for found in named(rest)), 1.0)
    for name, weight in _meant(rest, model).items():
        weights.setdefault(name, weight)
    kept = sorted((pair for pair in weights.items() if pair[0] not in away), key=lambda pair: -pair[1])[:MOST_TAGS]
    return dict(kept) | dict.fromkeys(away, AWAY)


def named(text: str) -> list[Named]:
    """Return the words of the vocabulary that stand in a text, in the order of the vocabulary.

    Korean words count from the start of a written word on, whatever follows (one syllable: only particles may follow);
    English ones as whole words, with the endings -s, -es, -ing and -ed. Several words count only together.
    """
    text = text.lower()
    return [Named(word, tag, found.start(), found.end()) for pattern, word, tag in _patterns()
            for found in pattern.finditer(text)]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    tags = vocabulary().tags
    return tuple((_pattern(word.lower()), word, tag.name) for tag in tags
                 for word in (tag.name, *tag.name.split("/")[1:], tag.en, *tag.words))


def _pattern(word: str) -> re.Pattern[str]:
    if not _KOREAN.search(word):
        silent = len(word) > 3 and word.endswith("e")  # dance, dancing
        stem, ends = (word[:-1], "(?:e|es|ing|ed)") if silent else (word, "(?:s|es|ing|ed)?")
        return re.compile(rf"(?<![a-z0-9]){re.escape(stem)}{ends}(?![a-z0-9])")
    spaced = r"\s*".join(re.escape(part) for part in word.split())
    alone = rf"(?:{_PARTICLES})?(?![가-힣])" if len(word) == 1 else ""
    return re.compile(f"(?<![가-힣]){spaced}{alone}")


def _turned_away(text: str) -> tuple[str, list[str]]:
    """Return a text without its negations, and the tags they name; what names no tag stays in the text."""
    away: list[str] = []
    whole = named(text)

    def drop(found: re.Match[str]) -> str:
        inside = any(each.start <= found.start() and found.end() <= each.end for each in whole)
        tags = [] if inside else _stems(next(group for group in found.groups() if group))
        away.extend(tag for tag in tags if tag not in away)
        return " " if tags else found.group()

    return _NOT.sub(drop, text), away


def _stems(term: str) -> list[str]:
    """Return the tags that a word names, as it stands or by its stem: "슬프" and "슬픈" share their letters."""
    if tags := list(dict.fromkeys(found.tag for found in named(term))):
        return tags
    letters = unicodedata.normalize("NFD", term)
    if not _KOREAN.match(term) or len(letters) < 3:
        return []
    # a final consonant may melt away (외롭다, 외로움), which in a single syllable would leave too little
    melted = letters[:-1] if len(term) > 1 and (ord(term[-1]) - ord("가")) % 28 else letters
    stems = (letters, melted)
    return list(dict.fromkeys(tag.name for tag in vocabulary().tags for word in (tag.name, *tag.words)
                              if unicodedata.normalize("NFD", word).startswith(stems)))


def _meant(text: str, model: str | None) -> dict[str, float]:
    """Return tags by the meaning of a text, the strongest with weight 1."""
    if not any(char.isalpha() for char in _ASKING.sub(" ", text)):
        return {}
    said = prototypes(model)
    vectors = _centred(embedder(model).embed(_parts(text)), said.mean)
    reached = (vectors @ _map(model)).max(axis=0)
    if reached.max() < FLOOR:
        return {}
    shares = _fade(np.maximum(reached, 0))
    shares /= shares.max()
    order = np.argsort(-shares, kind="stable")
    tags = vocabulary().tags
    return {tags[place].name: float(shares[place] ** SHARPNESS) for place in order if shares[place] >= LEAST}


def _parts(text: str) -> list[str]:
    """Return what is embedded: the text, and of a long one the longest clauses too."""
    text = text[:MOST_EMBEDDED]
    clauses = [part.strip() for part in _BREAKS.split(text)] if len(text) >= LONG else []
    return [text, *sorted((part for part in clauses if len(part) > 4), key=len, reverse=True)[:CLAUSES]]


def _fade(reached: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return tags' values with those of a feeling far from the strongest one's taken down."""
    valence, arousal, felt = _feelings()
    strongest = int(np.argmax(np.where(felt, reached, -1)))
    away = np.hypot(valence - valence[strongest], arousal - arousal[strongest])
    kept: NDArray[np.float32] = np.where(felt, reached * np.clip(2 - away / FAR, 0, 1), reached).astype(np.float32)
    return kept


@cache
def _feelings() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    tags = vocabulary().tags
    return (np.array([tag.valence for tag in tags]), np.array([tag.arousal for tag in tags]),
            np.array([tag.category in ("emotion", "style") for tag in tags]))


@cache
def _map(model: str | None) -> NDArray[np.float32]:
    """Return the linear map from centred text vectors to tags, shape (width, tags).

    Ridge regression in closed form, ``(X'X + RIDGE I)^-1 X'Y`` (Hoerl & Kennard 1970).
    """
    said: Prototypes = prototypes(model)
    rows = _centred(said.every, said.mean).astype(np.float64)
    wanted = rows.T @ said.labels
    found: NDArray[np.float32] = np.linalg.solve(rows.T @ rows + RIDGE * np.eye(rows.shape[1]), wanted
                                                 ).astype(np.float32)
    return found


def _centred(vectors: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = vectors - mean
    unit: NDArray[np.float32] = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    return unit
