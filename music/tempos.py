"""Tempo ranges of genres: what slow, medium and fast mean to them, and where a feeling lies between.

The three words of a genre meet half way (in ratio) between their middles, so that they leave no gap: slow goes as far
below its middle as above it, fast likewise. ``auto`` is a range about the place where the arousal puts it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from music.wish import BPM

AUTO = 1.12
"""How far automatic tempos of one wish lie from their middle, as a ratio."""
COMPOUND = 0.75
"""Felt beats of a genre in quarters, where 6/8 is asked of it: a beat then holds three eighths instead of two."""

Words = tuple[float, float, float]
"""Beats a minute of slow, medium and fast."""


def meet(words: Sequence[Words]) -> Words:
    """Return the words of several genres together: the first counts twice, all are brought within half an octave of it.

    A genre at about twice or half the first one's tempo is felt in the first one's beats.
    """
    base = words[0]
    folded = [base, *(_folded(each, base[1]) for each in words)]
    slow, medium, fast = (math.exp(sum(math.log(each[place]) for each in folded) / len(folded)) for place in range(3))
    return slow, medium, fast


def scaled(words: Words, by: float) -> Words:
    """Return the words times a factor."""
    return words[0] * by, words[1] * by, words[2] * by


def bounds(words: Words, tempo: str, arousal: float = 0.0) -> tuple[float, float]:
    """Return the lowest and highest tempo of ``slow``, ``medium``, ``fast`` or, by arousal (-1 to 1), ``auto``.

    Both lie within `music.wish.BPM`.
    """
    slow, medium, fast = words
    low_edge, high_edge = math.sqrt(slow * medium), math.sqrt(medium * fast)
    edges = (slow * slow / low_edge, low_edge, high_edge, fast * fast / high_edge)
    if tempo == "auto":
        toward = fast if arousal > 0 else slow
        middle = medium * (toward / medium) ** min(1.0, abs(arousal))
        low, high = max(middle / AUTO, edges[0]), min(middle * AUTO, edges[3])
    else:
        place = ("slow", "medium", "fast").index(tempo)
        low, high = edges[place], edges[place + 1]
    return _clipped(low), _clipped(high)


def _folded(words: Words, base: float) -> Words:
    octaves = round(math.log2(words[1] / base))
    return scaled(words, 2.0 ** -octaves)


def _clipped(bpm: float) -> float:
    return min(max(bpm, BPM[0]), BPM[1])
