"""Free words to mood tags: how near a text lies to what each tag says.

A text is compared with every text of the vocabulary (`moods.prototypes`), whole and word by word, after the mean of the
vocabulary is taken out; a tag counts as far as its best text rises above what any text reaches by chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moods.embedders import embedder
from moods.prototypes import prototypes
from moods.vocabulary import vocabulary

MOST_TAGS = 8
"""Tags that a text can stand for."""
LEAST = 0.30
"""Centred cosine under which a text says nothing of a tag."""


def tags_of(text: str, model: str | None = None) -> dict[str, float]:
    """Return the tags a text stands for with their weights, 0 to 1, strongest first; empty for an empty text."""
    if not text.strip():
        return {}
    said = prototypes(model)
    near = _centred(said.vectors, said.mean) @ vector_of(text, model)
    best = np.full(len(vocabulary().tags), -1.0)
    np.maximum.at(best, said.tags, near)
    order = np.argsort(-best, kind="stable")[:MOST_TAGS]
    return {vocabulary().tags[place].name: float(min(1.0, best[place])) for place in order if best[place] >= LEAST}


def vector_of(text: str, model: str | None = None) -> NDArray[np.float32]:
    """Return a text's centred unit vector, shape (width,)."""
    said = prototypes(model)
    centred: NDArray[np.float32] = _centred(embedder(model).embed([text]), said.mean)[0]
    return centred


def _centred(vectors: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = vectors - mean
    unit: NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit
