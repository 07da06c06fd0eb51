"""What each sentence of a text feels like, and what that makes of the whole.

Korean is read by the head on vectors and pieces, and a little by its lexicon, which knows stories better than the head
does, that has learned from comments; English by its lexicon and the head on vectors alone. A short text is read in one
piece, as comments are; a long one is the mean of its sentences, the longer ones counting more (by the root of their
length).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texts import grams, lexicon
from texts.emotion import EmotionHead
from texts.language import of_sentence
from texts.morphemes import Morpheme
from texts.reading import EMOTIONS, Felt

ENGLISH, UNKNOWN = 0.5, 0.3
"""Weights of the English lexicon where it knows a word of a sentence, and where it knows none."""
KOREAN, KOREAN_FELT = 0.2, 0.3
"""Weights of the Korean lexicon where it knows a word: in the emotions, and in valence and arousal."""
STRETCHES = 8
"""At most, of an arc."""


def felt(head: EmotionHead, sentences: Sequence[str], morphemes: Sequence[Sequence[Morpheme]],
         vectors: NDArray[Any], lang: str | None = None) -> list[Felt]:
    """Return what each sentence feels like.

    Parameters
    ----------
    head : EmotionHead
    sentences : sequence of str
    morphemes : sequence of sequences of Morpheme
        Of each sentence; those of English ones are not read.
    vectors : ndarray, (len(sentences), width)
    lang : str, optional
        In which sentences with a word of it are read; else each is read in its own.
    """
    found: dict[int, Felt] = {}
    ours = [place for place, sentence in enumerate(sentences) if of_sentence(sentence, lang) == "ko"]
    other = sorted(set(range(len(sentences))) - set(ours))
    if ours:
        said = head.korean(vectors[ours], [grams.of_letters(sentences[place]) for place in ours],
                           [grams.of_morphemes(morphemes[place]) for place in ours])
        found |= {place: korean(head, sentences[place], morphemes[place], row)
                  for place, row in zip(ours, said, strict=True)}
    if other:
        found |= {place: english(head, sentences[place], row)
                  for place, row in zip(other, head.other(vectors[other]), strict=True)}
    return [found[place] for place in range(len(sentences))]


def english(head: EmotionHead, sentence: str, alone: NDArray[Any]) -> Felt:
    """Return what an English sentence feels like by the lexicon and by the head's probabilities, shape (7,)."""
    said = lexicon.english(sentence)
    share = ENGLISH if said.known else UNKNOWN
    return _mixed(said.felt, head.felt(alone), share, share)


def korean(head: EmotionHead, sentence: str, morphemes: Sequence[Morpheme], by_head: NDArray[Any]) -> Felt:
    """Return what a Korean sentence feels like by the head's probabilities, shape (7,), and the lexicon."""
    said = lexicon.korean(morphemes, "!" in sentence)
    return _mixed(said.felt, head.felt(by_head), KOREAN, KOREAN_FELT) if said.known else head.felt(by_head)


def _mixed(one: Felt, other: Felt, share: float, share_felt: float) -> Felt:
    """Return the mean of two, with the first one's shares in the emotions, and in valence and arousal."""
    emotions = {name: share * one.emotions[name] + (1 - share) * other.emotions[name] for name in EMOTIONS}
    return Felt(emotions, share_felt * one.valence + (1 - share_felt) * other.valence,
                share_felt * one.arousal + (1 - share_felt) * other.arousal)


def together(parts: Sequence[Felt], lengths: Sequence[int]) -> Felt:
    """Return what several sentences feel like as one: their mean, weighed by the roots of their lengths."""
    share = np.sqrt(np.maximum(lengths, 1))
    share = share / share.sum()

    def mean(values: Sequence[float]) -> float:
        return float(np.dot(share, values))

    return Felt({name: mean([part.emotions[name] for part in parts]) for name in EMOTIONS},
                mean([part.valence for part in parts]), mean([part.arousal for part in parts]))


def arc(parts: Sequence[Felt], lengths: Sequence[int], most: int = STRETCHES) -> tuple[Felt, ...]:
    """Return a text as at most `most` stretches of about as many sentences, two or more in each if there are enough."""
    count = max(1, min(most, len(parts) // 2))
    ends = [math.ceil(len(parts) * part / count) for part in range(count + 1)]
    return tuple(together(parts[low:high], lengths[low:high]) for low, high in zip(ends, ends[1:], strict=False))
