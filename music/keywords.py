"""Free keywords as genres, moods, instruments and textures: by name, by the mood tags in them, else by meaning.

1. A keyword that is a term's name, alias or id in either language is that term; of several words, each that is one
   counts, longest first.
2. Words of the mood-tag vocabulary in it (rain, autumn, commuting; `moods.words.named`) bring what `TAGS` lists.
3. The rest is embedded and compared with all names of all moods and genres, the mean of the names taken out first (raw
   cosines of such models all lie close together). A term's score is the mean of the highest cosine of its names and
   that of their mean. Chosen on 60 words in both languages with the model that is shipped: moods above 0.45 were right
   (tension, sleep, wedding, first love, cyberpunk as futuristic), as were genres above 0.55 (horror film, cowboys);
   below, short words are near what they are written like (chair: trance, boss fight: bossa nova).

What is left means nothing to the composer, and is said to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
from moods.words import named as tags_in
from music import vocabulary
from support import weights
from support.errors import DataError

log = logging.getLogger(__name__)
NEAR = {"moods": 0.45, "genres": 0.55}
"""Least score at which a keyword stands for a term of a kind."""
SAME = 0.999
"""Cosine of two vectors of one text from which they are of one model."""
SHIPPED = config.ROOT / "models" / "bgm_words"
"""Vectors of all names under the embedding model that is shipped (``tools/embed_bgm_words.py``)."""
TAGS: Mapping[str, tuple[str, ...]] = {
    "출/퇴근길": ("moods:urban",), "휴식": ("moods:relaxed",), "일/공부": ("moods:calm",), "집": ("moods:cozy",),
    "외출": ("moods:lighthearted",), "카페": ("moods:cozy",), "휴가/여행": ("moods:adventurous",),
    "드라이브": ("moods:cool",), "산책": ("moods:leisurely",), "잠잘 때": ("moods:sleepy",),
    "운동": ("moods:motivational",), "하우스파티": ("moods:party",), "시상식": ("moods:triumphant",),
    "집중": ("moods:calm",), "거리": ("moods:urban",), "클럽": ("moods:party",), "고백": ("moods:heart_fluttering",),
    "해변": ("moods:refreshing", "textures:waves"), "공연": ("moods:dynamic",), "라운지": ("moods:sophisticated",),
    "애도": ("moods:mournful",), "기분전환": ("moods:refreshing",), "외로움": ("moods:lonely",), "슬픔": ("moods:sad",),
    "힘찬": ("moods:powerful",), "이별": ("moods:heartbroken",), "지침/힘듦": ("moods:languid",),
    "설렘": ("moods:heart_fluttering",), "위로": ("moods:comforting",), "사랑": ("moods:love",),
    "스트레스/짜증": ("moods:frustrated",), "그리움": ("moods:longing",), "추억": ("moods:nostalgic",),
    "우울": ("moods:melancholic",), "행복": ("moods:happy",), "불만": ("moods:frustrated",), "분노": ("moods:angry",),
    "기쁨": ("moods:jubilant",), "축하": ("moods:festive",), "아침": ("moods:refreshing",),
    "오후": ("moods:leisurely",), "저녁": ("moods:mellow",), "밤": ("moods:mellow",), "새벽": ("moods:contemplative",),
    "밝은": ("moods:bright",), "신나는": ("moods:exciting",), "편안한": ("moods:relaxed",), "따뜻한": ("moods:warm",),
    "그루브한": ("moods:groovy",), "부드러운": ("moods:gentle",), "로맨틱한": ("moods:romantic",),
    "웅장한": ("moods:epic",), "매혹적인": ("moods:sensual",), "영화음악": ("moods:cinematic",),
    "잔잔한": ("moods:calm",), "몽환적인": ("moods:dreamy",), "댄서블한": ("moods:groovy",), "달콤한": ("moods:sweet",),
    "시원한": ("moods:refreshing",), "애절한": ("moods:longing",), "어두운": ("moods:dark",),
    "캐롤": ("genres:christmas_carol",), "발렌타인데이": ("moods:love",), "화이트데이": ("moods:love",),
    "섹시한": ("moods:sensual",), "로파이": ("genres:lofi",), "맑은날": ("moods:clear",), "추운날": ("moods:cold",),
    "흐린날": ("moods:gloomy",), "비오는날": ("moods:sentimental", "textures:rain"), "더운날": ("moods:languid",),
    "안개낀날": ("moods:hazy",), "눈오는날": ("moods:pure",), "봄": ("moods:bright",), "여름": ("moods:refreshing",),
    "가을": ("moods:wistful",), "겨울": ("moods:tender",)}
"""What the mood tags of `moods.vocabulary` bring; by judgement."""

Embed = Callable[[Sequence[str]], NDArray[Any]]
Term = tuple[str, str]
"""A kind of `music.vocabulary` and an id."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What keywords stand for: (word, kind, id) in order, a word maybe more than once; and words without a meaning."""

    terms: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[str, ...]:
        """Return the ids of one kind of term, each once."""
        return tuple(dict.fromkeys(name for _, found, name in self.terms if found == kind))


@dataclass(frozen=True, slots=True)
class Space:
    """Names of moods and genres as a model sees them.

    Attributes
    ----------
    terms : tuple of (kind, id)
        T of them.
    starts : ndarray of int, shape (T,)
        Where each term's names begin.
    names : ndarray, shape (names, width)
        Centred unit vectors of all names, term by term.
    means : ndarray, shape (T, width)
        Unit vectors of the mean of each term's names.
    middle : ndarray, shape (width,)
        What was taken out.
    """

    terms: tuple[Term, ...]
    starts: NDArray[np.int64]
    names: NDArray[np.float64]
    means: NDArray[np.float64]
    middle: NDArray[np.float64]


def read(words: Sequence[str], embed: Embed | None = None) -> Heard:
    """Return what keywords stand for.

    Parameters
    ----------
    words : sequence of str
    embed : callable, optional
        Texts to unit vectors; without it only names and mood tags are understood.
    """
    found = {word: _said(word) for word in words}
    rest = [word for word, terms in found.items() if not terms]
    if embed and rest:
        found |= {word: ((kind, name),) for word, (kind, name, score) in zip(rest, nearest(rest, embed), strict=True)
                  if score >= NEAR[kind]}
    terms = tuple((word, *term) for word, each in found.items() for term in each)
    return Heard(terms, tuple(word for word, each in found.items() if not each))


def nearest(words: Sequence[str], embed: Embed) -> list[tuple[str, str, float]]:
    """Return the mood or genre nearest to each word: kind, id, and score, -1 to 1."""
    space = _space(embed)
    rows = _unit(np.asarray(embed(list(words)), np.float64) - space.middle)
    scores = (np.maximum.reduceat(rows @ space.names.T, space.starts, axis=1) + rows @ space.means.T) / 2
    return [(*space.terms[place], float(row[place])) for place, row in zip(scores.argmax(axis=1), scores, strict=True)]


def names() -> dict[Term, tuple[str, ...]]:
    """Return all names of all moods and genres, in both languages."""
    return {(kind, one.id): tuple(dict.fromkeys((one.ko, one.en, *one.aliases)))
            for kind in NEAR for one in vocabulary.entries(kind).values()}


def _said(word: str) -> tuple[Term, ...]:
    """Return the terms that a keyword is the name of, or that names and mood tags in it bring."""
    exact = _names().get(vocabulary.fold(word))
    if exact is not None:
        return (exact,)
    brought = [term.split(":") for tag in tags_in(word) for term in TAGS.get(tag.tag, ())]
    return tuple(dict.fromkeys((*_inside(word.split()), *((kind, name) for kind, name in brought))))


def _inside(words: Sequence[str]) -> tuple[Term, ...]:
    """Return the terms whose names stand in a phrase, from its start on, longer names first."""
    found, place = [], 0
    while place < len(words):
        ends = range(len(words), place, -1)
        spans = ((end, _names().get(vocabulary.fold("".join(words[place:end])))) for end in ends)
        end, term = next(((end, term) for end, term in spans if term), (place + 1, None))
        found += [term] if term else []
        place = end
    return tuple(found)


@lru_cache(maxsize=1)
def _names() -> dict[str, Term]:
    """Return every name of every term."""
    found: dict[str, Term] = {}
    for kind in ("moods", "genres", "instruments", "textures"):
        for name, entry in vocabulary.entries(kind).items():
            for said in vocabulary.names_of(entry):
                found.setdefault(vocabulary.fold(said), (kind, name))
    return found


@lru_cache(maxsize=4)
def _space(embed: Embed) -> Space:
    by_term = names()
    rows = _vectors([name for each in by_term.values() for name in each], embed)
    middle: NDArray[np.float64] = rows.mean(axis=0)
    centred = _unit(rows - middle)
    starts = np.cumsum([0, *(len(each) for each in by_term.values())])[:-1]
    means = _unit(np.add.reduceat(centred, starts, axis=0))
    return Space(tuple(by_term), starts, centred, means, middle)


def _vectors(texts: Sequence[str], embed: Embed) -> NDArray[np.float64]:
    """Return a vector for each text: the shipped ones where this is their model, the others made now (10 ms each)."""
    kept = dict(_shipped())
    if kept:
        probe, row = next(iter(kept.items()))
        now = np.asarray(embed([probe]), np.float32)[0]
        if now.shape != row.shape or float(now @ row) < SAME * float(np.linalg.norm(now) * np.linalg.norm(row)):
            kept = {}
    missing = [text for text in dict.fromkeys(texts) if text not in kept]
    if missing:
        kept |= dict(zip(missing, np.asarray(embed(missing), np.float32), strict=True))
    return np.stack([kept[text] for text in texts]).astype(np.float64)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, NDArray[np.float32]]:
    try:
        arrays, _ = weights.read(SHIPPED)
    except DataError as error:
        log.warning("names are embedded anew: %s", error)
        return {}
    return dict(zip(weights.unpacked(arrays["texts"]), arrays["vectors"].astype(np.float32), strict=True))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
