"""Which of 32 topics of books and articles a text is about, and the genres that suit topic and feeling.

Two things speak for a topic: its words met in the text (a word of several topics counts for each the less), and how
near its description lies to the text in the embedding, the mean of all topics taken out. Shares are a softmax of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texts import words

Embed = Callable[[Sequence[str]], NDArray[Any]]
GENRES = 5
NEARNESS, MET = 8.0, 2.5
"""How much a cosine, and the words met, weigh in the softmax."""
ORDER = 0.5
"""What the first genre of a topic is worth against the last, in the distance of feelings."""


def met(counts: Mapping[str, int], lang: str) -> dict[str, float]:
    """Return for each topic how much of its words a text has, by their counts; the share of all that were met.

    The sum over a topic's words of ``1 + ln(count)``, each divided by the number of topics that have the word; divided
    by the sum over all topics. 0 for every topic where none was met.
    """
    owners = _owners(lang)
    found = dict.fromkeys(words.topics(), 0.0)
    for word, count in counts.items():
        for topic in owners.get(word, ()):
            found[topic] += (1 + np.log(count)) / len(owners[word])
    total = sum(found.values())
    return {topic: value / total for topic, value in found.items()} if total else found


def scores(counts: Mapping[str, Mapping[str, int]], vector: NDArray[Any], lang: str, embed: Embed) -> dict[str, float]:
    """Return the share of each topic, adding up to 1, the likeliest first.

    Parameters
    ----------
    counts : mapping of str to mapping
        For ``ko`` and ``en`` how often each word is met.
    vector : ndarray, (width,)
        Of the text.
    lang : str
        In which language the descriptions are compared.
    embed : callable
        Texts to unit vectors.
    """
    return ordered(spoken(counts, vector, lang, embed))


def spoken(counts: Mapping[str, Mapping[str, int]], vector: NDArray[Any], lang: str, embed: Embed) -> tuple[float, ...]:
    """Return how much words and nearness speak for each topic, in the order of `words.topics`; as for `scores`."""
    said = [met(counts.get(each, {}), each) for each in ("ko", "en")]
    total = sum(sum(each.values()) for each in said) or 1.0
    names, middle, known = _described(embed, lang)
    moved = vector - middle
    near = known @ (moved / max(float(np.linalg.norm(moved)), 1e-9))
    return tuple(float(NEARNESS * near[place] + MET * sum(each[name] for each in said) / total * 2)
                 for place, name in enumerate(names))


def ordered(spoken: Sequence[float]) -> dict[str, float]:
    """Return the share of each topic of what speaks for them (a softmax), adding up to 1, the likeliest first."""
    names, raw = tuple(words.topics()), np.asarray(spoken, float)
    shares = np.exp(raw - raw.max())
    shares /= shares.sum()
    order = sorted(range(len(names)), key=lambda place: (-round(float(shares[place]), 9), place))
    return {names[place]: float(shares[place]) for place in order}


def genres_of(topic: str, valence: float | None = None, arousal: float | None = None) -> tuple[str, ...]:
    """Return the five genres of a topic that suit a feeling best, the best first.

    Parameters
    ----------
    topic : str
    valence, arousal : float, optional
        From -1 to 1; without them the first five of the topic are returned.
    """
    listed = words.topics()[topic].genres
    if valence is None or arousal is None:
        return listed[:GENRES]
    feels = words.genre_feels()

    def cost(place: int) -> tuple[float, int]:
        away = np.hypot(feels[listed[place]][0] - valence, feels[listed[place]][1] - arousal)
        return round(float(away) + ORDER * place / len(listed), 9), place

    return tuple(listed[place] for place in sorted(range(len(listed)), key=cost)[:GENRES])


@cache
def _owners(lang: str) -> Mapping[str, tuple[str, ...]]:
    """Return the topics that have each word."""
    found: dict[str, list[str]] = {}
    for topic in words.topics().values():
        for word in topic.words_ko if lang == "ko" else topic.words_en:
            found.setdefault(word, []).append(topic.id)
    return {word: tuple(each) for word, each in found.items()}


@lru_cache(maxsize=4)
def _described(embed: Embed, lang: str) -> tuple[tuple[str, ...], NDArray[Any], NDArray[Any]]:
    """Return the topics, the mean of their vectors, and unit vectors without it."""
    topics = list(words.topics().values())
    texts = [f"{topic.ko}: {', '.join(topic.words_ko[:12])}" if lang == "ko" else
             f"{topic.en}: {', '.join(topic.words_en[:12])}" for topic in topics]
    vectors = np.asarray(embed(texts), float)
    middle = vectors.mean(axis=0)
    centred = vectors - middle
    return (tuple(topic.id for topic in topics), middle,
            centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9))
