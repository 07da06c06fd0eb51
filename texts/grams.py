"""A text as hashed pieces: letters that stand together, and morphemes with their neighbours.

A piece's place is the CRC-32 of its UTF-8 bytes modulo the size of its table, so no vocabulary is kept; pieces that
share a place are counted as one. A text's value at a place is ``(1 + ln count) * idf``, the whole scaled to length 1.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from texts.morphemes import Morpheme

LETTERS, MORPHEMES = 1 << 16, 1 << 15
"""Sizes of the two tables."""
LONGEST_RUN = 4

Counts = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Places, ascending, and how often each is met."""


def of_letters(text: str) -> Counts:
    """Return the runs of 1 to `LONGEST_RUN` letters of each word of a text, a blank put before and after it."""
    padded = [f" {word} " for word in text.lower().split()]
    return _counted((word[start:start + size] for word in padded for size in range(1, LONGEST_RUN + 1)
                     for start in range(max(1, len(word) - size + 1))), LETTERS)


def of_morphemes(morphemes: Sequence[Morpheme]) -> Counts:
    """Return the morphemes of a text, each with its tag, alone and with the next one."""
    names = [f"{each.form}/{each.tag}" for each in morphemes]
    return _counted([*names, *(f"{one} {other}" for one, other in zip(names, names[1:], strict=False))], MORPHEMES)


def rarity(counts: Sequence[Counts], size: int, least: int) -> NDArray[np.float32]:
    """Return the weight of each place, ``ln((1 + n) / (1 + texts with it)) + 1``; 0 if fewer than `least` have it."""
    seen = np.zeros(size)
    for places, _ in counts:
        seen[places] += 1
    return np.where(seen >= least, np.log((1 + len(counts)) / (1 + seen)) + 1, 0).astype(np.float32)


def weighed(counts: Counts, idf: NDArray[np.float32]) -> Counts:
    """Return the values of a text at its places, of length 1 together (none of them where all are unknown)."""
    places, times = counts
    values = (1 + np.log(times)) * idf[places]
    known = values > 0
    length = math.sqrt(float((values ** 2).sum()))
    return places[known], (values[known] / length if length else values[known]).astype(np.float32)


def _counted(pieces: Iterable[str], size: int) -> Counts:
    counts = Counter(zlib.crc32(piece.encode()) % size for piece in pieces)
    places = sorted(counts)
    return np.array(places, np.int64), np.array([counts[place] for place in places], np.float32)
