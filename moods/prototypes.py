"""Vectors of everything the vocabulary says: each tag's name in both languages and the other ways to say it.

Beside them stand the sayings of ``sayings.jsonl``: sentences of our own, each with the tags it stands for.
The vectors are made once for a model and a vocabulary, and kept: for the model that comes with the product under
``models/mood_tags``, for any other in the operator's data folder, each under a name that holds the SHA-256 of the
texts.
"""

from __future__ import annotations

import hashlib
import json
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
SAYINGS = Path(__file__).with_name("sayings.jsonl")
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Prototypes:
    """Vectors of texts, and the tags they stand for.

    Attributes
    ----------
    texts : tuple of str
        Those of the vocabulary, n of them, then the sayings, m.
    tags : ndarray of int, shape (n,)
        Number of the tag (`moods.vocabulary.Vocabulary.place`) each text of the vocabulary says.
    labels : ndarray of float32, shape (n + m, tags)
        1 for each tag a text stands for.
    every : ndarray of float32, shape (n + m, width)
        Unit vectors of all texts, not centred.
    """

    texts: tuple[str, ...]
    tags: NDArray[np.int64]
    labels: NDArray[np.float32]
    every: NDArray[np.float32]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Unit vectors of the vocabulary's texts, not centred; shape (n, width)."""
        return self.every[:len(self.tags)]

    @property
    def mean(self) -> NDArray[np.float32]:
        """Mean of all texts: what they have in common and a comparison must take out; shape (width,)."""
        mean: NDArray[np.float32] = self.every.mean(axis=0)
        return mean

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
    pairs = [(said, place) for place, tag in enumerate(vocabulary().tags) for said in (tag.name, tag.en, *tag.words)]
    tags = np.array([place for _, place in pairs])
    meant = [[place] for _, place in pairs] + [[vocabulary().place(tag) for tag in names] for _, names in sayings()]
    labels = np.zeros((len(meant), len(vocabulary().tags)), np.float32)
    for row, places in enumerate(meant):
        labels[row, places] = 1
    return Prototypes(texts(), tags, labels, _vectors(embedder(model), texts()))


def texts() -> tuple[str, ...]:
    """Return all texts: the vocabulary's, tag by tag, then the sayings."""
    said = (text for tag in vocabulary().tags for text in (tag.name, tag.en, *tag.words))
    return (*said, *(text for text, _ in sayings()))


@cache
def sayings() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the written sayings, each with its tags; one without tags is about something else altogether."""
    rows = [json.loads(line) for line in SAYINGS.read_text("utf-8").splitlines()]
    return tuple((row["text"], tuple(row["tags"])) for row in rows)


def _vectors(model: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    name = file_name(model.name, texts)
    own = config.load().data_dir / "cache" / name
    for path in (SHIPPED / name, own):
        if (found := _read(path, len(texts))) is not None:
            return found
    log.info("Embedding %s texts of the mood vocabulary with %s", len(texts), model.name)
    vectors = model.embed(texts)
    write(own, vectors)
    return vectors.astype(np.float16).astype(np.float32)  # as the next process will read them


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
