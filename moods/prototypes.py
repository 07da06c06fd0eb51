"""Vectors of everything the vocabulary says: each tag's name in both languages and the other ways to say it.

They are made once for a model and a vocabulary, and kept: for the model that comes with the product under
``models/mood_tags``, for any other in the operator's data folder, each under a name that holds the SHA-256 of the
texts.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import config
from moods.embedders import Embedder, embedder
from moods.vocabulary import vocabulary

log = logging.getLogger(__name__)
SHIPPED = config.ROOT / "models" / "mood_tags"
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Prototypes:
    """Vectors of texts, and the tag each belongs to.

    Attributes
    ----------
    texts : tuple of str
    tags : ndarray of int, shape (n,)
        Number of the tag (`moods.vocabulary.Vocabulary.place`) a text says.
    vectors : ndarray of float32, shape (n, width)
        Unit vectors, not centred.
    """

    texts: tuple[str, ...]
    tags: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @property
    def mean(self) -> NDArray[np.float32]:
        """Mean of all texts: what they have in common and a comparison must take out; shape (width,)."""
        return self.vectors.mean(axis=0)

    @property
    def by_tag(self) -> NDArray[np.float32]:
        """Mean vector of each tag's texts, not centred; shape (tags, width)."""
        count = len(vocabulary().tags)
        sums = np.zeros((count, self.vectors.shape[1]), np.float32)
        np.add.at(sums, self.tags, self.vectors)
        mean: NDArray[np.float32] = sums / np.bincount(self.tags, minlength=count).astype(np.float32)[:, None]
        return mean


def prototypes(model: str | None = None) -> Prototypes:
    """Return the vectors of the vocabulary's texts for a model, made at the first call and kept.

    Raises
    ------
    AppError
        If the model cannot be had.
    """
    with _making:
        return _prototypes(model)


@cache
def _prototypes(model: str | None) -> Prototypes:
    texts, tags = _texts()
    return Prototypes(texts, np.array(tags), _vectors(embedder(model), texts))


def _texts() -> tuple[tuple[str, ...], list[int]]:
    pairs = [(said, place) for place, tag in enumerate(vocabulary().tags) for said in (tag.name, tag.en, *tag.words)]
    return tuple(said for said, _ in pairs), [place for _, place in pairs]


def _vectors(model: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    name = file_name(model.name, texts)
    own = config.load().data_dir / "cache" / name
    for path in (SHIPPED / name, own):
        if (found := _read(path, len(texts))) is not None:
            return found
    log.info("Embedding %s texts of the mood vocabulary with %s", len(texts), model.name)
    vectors = model.embed(texts)
    write(own, vectors)
    return vectors


def file_name(model: str, texts: Sequence[str]) -> str:
    """Return the name of the file for a model and texts."""
    digest = hashlib.sha256("\0".join((model, *texts)).encode()).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', model).strip('-')[-40:]}-{digest}.npy"


def write(path: Path, vectors: NDArray[np.float32]) -> None:
    """Store vectors in half precision; where the folder cannot be written they are made again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npy", delete=False) as file:
            np.save(file, vectors.astype(np.float16), allow_pickle=False)
        os.replace(file.name, path)
    except OSError as error:
        log.warning("%s could not be written (%s)", path, error)


def _read(path: Path, count: int) -> NDArray[np.float32] | None:
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return kept.astype(np.float32) if kept.ndim == 2 and len(kept) == count else None
