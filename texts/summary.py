"""A summary of a text's own sentences: those that the others are most like, and that do not say the same twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from texts.graph import rank
from texts.reading import Sentence

MOST = 3
ALIKE = 0.6
"""Cosine of centred vectors from which two sentences say the same."""
SHORTEST = 8
"""Characters below which a sentence stands for nothing but itself."""


def summary(sentences: Sequence[str], places: Sequence[int], vectors: NDArray[np.floating],
            most: int = MOST) -> tuple[tuple[Sentence, ...], tuple[float, ...]]:
    """Return the sentences that stand for a text, in their order, and the rank of each sentence that was embedded.

    Parameters
    ----------
    sentences : sequence of str
        All of the text.
    places : sequence of int
        Of the sentences that were embedded.
    vectors : ndarray, (len(places), width)
        Their unit vectors; their mean is taken out here, since raw vectors of one model all point one way.
    most : int
    """
    if not len(places):
        return (), ()
    likeness = cosines(vectors)
    ranks = rank(np.maximum(likeness, 0))
    ranks = np.where([len(sentences[place]) >= SHORTEST for place in places], ranks, ranks * 0.1)
    kept: list[int] = []
    for node in sorted(range(len(places)), key=lambda node: (-round(float(ranks[node]), 9), node)):
        if len(kept) < most and all(likeness[node, other] < ALIKE for other in kept):
            kept.append(node)
    best = tuple(Sentence(places[node], sentences[places[node]]) for node in sorted(kept))
    return best, tuple(float(each) for each in ranks)


def cosines(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the cosine of each pair of vectors after their mean is taken out; 0 for what is the mean itself."""
    centred = np.asarray(vectors, float) - np.mean(vectors, axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-6)
    return unit @ unit.T
