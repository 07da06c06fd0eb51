"""A denoising autoencoder: some songs, tags or title words in, all songs and tags out.

One hidden layer of 450 after dropout of 0.2, batch normalisation, leaky ReLU, sigmoid. A training row is masked anew in
every epoch: half of its songs and of its tags, songs alone, tags with title, or the title alone, so that a request of a
title alone is a trained case. Keras trains; scoring is four lines of numpy over the same numbers, so that a page never
loads TensorFlow. It knows the most used songs only: each costs 900 numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting.components import Scores
from playlisting.ease import most_used
from playlisting.library import Array, Library, Request

SONGS, TAGS, WORDS = 6_000, 1_000, 2_000
HIDDEN, DROPOUT, SLOPE = 450, 0.2, 0.3
RATE, BATCH, EPOCHS = 2e-3, 128, 5
LEAST_SHOWN = 3
"""Known songs, tags and words together below which a row teaches nothing."""
VISIBLE = ((1, 1, 1), (1, 0, 0), (1, 0, 1), (0, 1, 1), (0, 0, 1), (1, 1, 0))
"""Which of songs, tags and title words a masked row shows; each as often."""


class Watch(Protocol):
    """Who is told how far the work is, and may stop it (`support.jobs.Progress` is one)."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Take how far the work is."""

    def check(self) -> None:
        """Raise to stop the work."""


class Autoencoder:
    """The trained network.

    Parameters
    ----------
    library : Library
    arrays : dict of str to ndarray
        ``songs``, ``tags``, ``words`` (columns of the library), ``first`` (known, hidden), ``shift`` (hidden,),
        ``last`` (hidden, songs + tags), ``bias`` (songs + tags,); batch normalisation is folded into the first two.
    """

    name = "autoencoder"

    def __init__(self, library: Library, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._library, self._arrays = library, dict(arrays)
        self._first, self._last = (arrays[name].astype(np.float32) for name in ("first", "last"))
        sizes = len(library.songs), len(library.tags), len(library.words)
        self._place = []
        start = 0
        for name, size in zip(("songs", "tags", "words"), sizes, strict=True):
            place = np.full(size, -1, np.int64)
            place[arrays[name]] = start + np.arange(len(arrays[name]))
            self._place.append(place)
            start += len(arrays[name])

    def scores(self, request: Request) -> Scores:
        """Return probabilities of what the network knows, 0 for the rest; zeros where it knows nothing given."""
        library = self._library
        given = (library.has_songs(request), library.has_tags(request),
                 library.has_words(" ".join((request.title, *request.tags))))
        rows = np.concatenate([place[each] for place, each in zip(self._place, given, strict=True)])
        rows = rows[rows >= 0]
        songs, tags = np.zeros(len(library.songs), np.float32), np.zeros(len(library.tags), np.float32)
        if not len(rows):
            return songs, tags
        hidden = self._first[rows].sum(axis=0) + self._arrays["shift"]
        out = np.where(hidden > 0, hidden, SLOPE * hidden) @ self._last + self._arrays["bias"]
        likely = 1 / (1 + np.exp(-np.clip(out, -60, 60)))
        count = len(self._arrays["songs"])
        songs[self._arrays["songs"]], tags[self._arrays["tags"]] = likely[:count], likely[count:]
        return songs, tags

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is stored."""
        return self._arrays


def fit(library: Library, *, seed: int = 0, epochs: int = EPOCHS, watch: Watch | None = None,
        most: tuple[int, int, int] = (SONGS, TAGS, WORDS), hidden: int = HIDDEN) -> Autoencoder:
    """Return the network trained on a library; the same for the same seed on the same machine.

    Raises
    ------
    Exception
        What `watch.check` raises to stop.
    """
    uses = library.song_uses, library.tag_uses, np.asarray(library.by_word.sum(axis=0)).ravel()
    known = [most_used(each, count) for each, count in zip(uses, most, strict=True)]
    rows = sparse.hstack([matrix[:, columns] for matrix, columns in
                          zip((library.by_song, library.by_tag, library.by_word), known, strict=True)]).tocsr()
    taught = np.flatnonzero(np.diff(rows.indptr) >= LEAST_SHOWN)
    rows, weights = rows[taught], library.weights[taught]
    sizes = [len(each) for each in known]
    model = _network(sizes, rows, hidden, seed)
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        order = rng.permutation(rows.shape[0])
        for start in range(0, len(order), BATCH):
            if watch is not None:
                watch.check()
            batch = order[start:start + BATCH]
            if len(batch) > 1 or len(order) == 1:  # batch normalisation of one row alone says nothing
                whole = rows[batch].toarray()
                model.train_on_batch(_masked(whole, sizes, rng), whole[:, :sizes[0] + sizes[1]], weights[batch])
        if watch is not None:
            watch.report(epoch + 1, epochs, "autoencoder")
    return Autoencoder(library, _folded(model) | dict(zip(("songs", "tags", "words"), known, strict=True)))


def _network(sizes: list[int], rows: Any, hidden: int, seed: int) -> Any:
    """Return the network; its last bias is how often each song and tag is there, so that it need not be learned."""
    import keras  # 3 s

    targets = sizes[0] + sizes[1]
    share = np.asarray(rows[:, :targets].mean(axis=0)).ravel()
    start = np.log((share + 1e-5) / (1 + 1e-5 - share))
    first = keras.initializers.GlorotUniform(seed)
    model = keras.Sequential([
        keras.Input((sum(sizes),)), keras.layers.Dropout(DROPOUT, seed=seed),
        keras.layers.Dense(hidden, kernel_initializer=first), keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.LeakyReLU(SLOPE),
        keras.layers.Dense(targets, "sigmoid", kernel_initializer=keras.initializers.GlorotUniform(seed + 1))])
    kernel, _ = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, start.astype(np.float32)])
    # the sum over songs and not the mean: a mean of thousands leaves gradients near Adam's epsilon
    model.compile(keras.optimizers.Adam(RATE),
                  lambda true, found: targets * keras.losses.binary_crossentropy(true, found))
    return model


def _masked(whole: Array, sizes: list[int], rng: np.random.Generator) -> Array:
    shown = np.array(VISIBLE)[rng.integers(0, len(VISIBLE), len(whole))]
    kept = whole * (rng.random(whole.shape) < 0.5)
    start = sizes[0] + sizes[1]
    kept[:, start:] = whole[:, start:]  # the title is seen whole
    kept[:, :sizes[0]] *= shown[:, :1]
    kept[:, sizes[0]:start] *= shown[:, 1:2]
    kept[:, start:] *= shown[:, 2:]
    return kept.astype(np.float32)


def _folded(model: Any) -> dict[str, NDArray[Any]]:
    """Return the weights with batch normalisation worked into the first layer; matrices in half precision."""
    kernel, bias = model.layers[1].get_weights()
    scale, offset, mean, variance = model.layers[2].get_weights()
    factor = scale / np.sqrt(variance + model.layers[2].epsilon)
    last, ends = model.layers[-1].get_weights()
    return {"first": (kernel * factor).astype(np.float16), "last": last.astype(np.float16), "bias": ends,
            "shift": ((bias - mean) * factor + offset).astype(np.float32)}
