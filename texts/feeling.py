"""What each sentence of a text feels like, and what that makes of the whole.

Korean is read by the head on vectors and pieces; English by the lexicon and the head on vectors alone, half and half
(`LEXICON`). A short text is read in one piece, as the comments the head has learned from; a long one is the mean of its
sentences, the longer ones counting more (by the root of their length).
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

LEXICON = 0.5
"""Weight of the lexicon where it knows a word of an English sentence."""
UNKNOWN = 0.15
"""Its weight where it knows none."""
STRETCHES = 8
"""At most, of an arc."""


def felt(head: EmotionHead, sentences: Sequence[str], morphemes: Sequence[Sequence[Morpheme]],
         vectors: NDArray[Any]) -> list[Felt]:
    """Return what each sentence feels like.

    Parameters
    ----------
    head : EmotionHead
    sentences : sequence of str
    morphemes : sequence of sequences of Morpheme
        Of each sentence; those of English ones are not read.
    vectors : ndarray, (len(sentences), width)
    """
    found: dict[int, Felt] = {}
    korean = [place for place, sentence in enumerate(sentences) if of_sentence(sentence) == "ko"]
    other = [place for place in range(len(sentences)) if place not in set(korean)]
    if korean:
        said = head.korean(vectors[korean], [grams.of_letters(sentences[place]) for place in korean],
                           [grams.of_morphemes(morphemes[place]) for place in korean])
        found |= dict(zip(korean, map(head.felt, said), strict=True))
    if other:
        found |= {place: english(head, sentences[place], row)
                  for place, row in zip(other, head.other(vectors[other]), strict=True)}
    return [found[place] for place in range(len(sentences))]


def english(head: EmotionHead, sentence: str, alone: NDArray[Any]) -> Felt:
    """Return what an English sentence feels like by the lexicon and by the head's probabilities, shape (7,)."""
    said, by_head = lexicon.read(sentence), head.felt(alone)
    share = LEXICON if said.known else UNKNOWN
    mixed = {name: share * said.felt.emotions[name] + (1 - share) * by_head.emotions[name] for name in EMOTIONS}
    return Felt(mixed, share * said.felt.valence + (1 - share) * by_head.valence,
                share * said.felt.arousal + (1 - share) * by_head.arousal)


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
