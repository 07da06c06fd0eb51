"""Songs by mood: embeddings of texts, vectors of mood tags, search and choice. Pure but for models loaded at first use.

Conventions: vectors are rows in single precision of length 1 (0 for nothing); similarity is their product, a cosine,
after what all tags have in common is taken out; tags are known by their Korean name.

embed            texts to unit vectors with the model that comes with the product
embedder         any text model behind one protocol
vocabulary       78 tags in six categories, 16 genres
mood_of          tags to valence and arousal
tags_of          free words to tags
space            tags, songs and wishes as vectors
score, ranking   all songs of a few, as the search scores them
Songs            the catalogue in memory, ranked for a wish
choose, why      the best of each genre and a seeded draw; the reasons
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moods.choice import Choice, Why, choose, why
from moods.embedders import Embedder, embedder
from moods.meaning import Aim, Space, Wish, conflicts, overlaps, ranking, score, space
from moods.songs import Filters, Ranked, Ranker, Rows, Songs
from moods.vocabulary import CATEGORIES, Tag, Vocabulary, mood_of, vocabulary, words_of
from moods.words import tags_of

__all__ = [
    "CATEGORIES", "Aim", "Choice", "Embedder", "Filters", "Ranked", "Ranker", "Rows", "Songs", "Space", "Tag",
    "Vocabulary", "Why", "Wish", "choose", "conflicts", "embed", "embedder", "mood_of", "overlaps",
    "ranking", "score", "space", "tags_of", "vocabulary", "why", "words_of",
]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector a text, shape (n, 384), with the model that comes with the product.

    The same text always gives the same row, whatever stands beside it.
    """
    return embedder().embed(texts)
