"""Networks over log-mel clips: the architectures, from code alone; weights are plain arrays.

Task: build the network of one kind for clips of one shape. What comes in is (batch, frames, bands) in dB, what goes out
(batch, 1) log-odds. The first layer standardises each band by the training tracks (`standardise` sets it), so that a
network is whole with its weights. All end in the mean and the largest value over time, since a chorus counts wherever
it stands, and a dropout.

Kinds
-----
cnn1d   convolutions over time, bands as channels (S. Dieleman and B. Schrauwen, "End-to-end learning for music audio",
        ICASSP 2014); the default: the quickest, and least data hungry
cnn2d   convolutions over time and frequency (K. Choi et al., "Automatic tagging using deep convolutional neural
        networks", ISMIR 2016)
lstm    a bidirectional LSTM over frames pooled eight at a time
crnn    convolutions over time, then a GRU (K. Choi et al., "Convolutional recurrent neural networks for music
        classification", ICASSP 2017)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError

KINDS = ("cnn1d", "cnn2d", "lstm", "crnn")
UNITS: dict[str, int] = {"cnn1d": 48, "cnn2d": 16, "lstm": 48, "crnn": 48}
"""Filters (of the first layer, for cnn2d) or cells; with these a kind has 60,000 to 80,000 weights."""
DROPOUT = 0.3
POOLED = 8
"""Frames taken together before the LSTM: 0.19 s, a step for each eighth note at 160 beats a minute."""
BANDS, EMBEDDING = "bands", "embedding"
"""Names of the layer that standardises and of the one whose output stands for a clip."""


def build(kind: str, shape: tuple[int, int], units: int | None = None, *, dropout: float = DROPOUT,
          seed: int = 0) -> Any:
    """Return an untrained network.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    shape : tuple of int
        Frames and bands of a clip.
    units : int, optional
        Filters or cells; by default those of `UNITS`.
    dropout : float
    seed : int
        Of the first weights and of dropout: the same seed gives the same network.

    Returns
    -------
    keras.Model
        (batch, frames, bands) float32 to (batch, 1) log-odds.

    Raises
    ------
    DataError
        ``hit_network.kind`` for another kind.
    """
    if kind not in KINDS:
        raise DataError("hit_network.kind", found=str(kind)[:40], expected=", ".join(KINDS))
    import keras  # several seconds

    parts = _Parts(keras, seed)
    clip = keras.Input(shape, name="clip")
    bands = keras.layers.BatchNormalization(center=False, scale=False, trainable=False, name=BANDS)(clip)
    over_time = _BODIES[kind](parts, bands, units or UNITS[kind])
    pooled = [keras.layers.GlobalAveragePooling1D()(over_time), keras.layers.GlobalMaxPooling1D()(over_time)]
    embedding = keras.layers.Concatenate(name=EMBEDDING)(pooled)
    dropped = keras.layers.Dropout(dropout, seed=seed)(embedding)
    log_odds = keras.layers.Dense(1, kernel_initializer=parts.first(), name="log_odds")(dropped)
    return keras.Model(clip, log_odds, name=kind)


def standardise(model: Any, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
    """Set what is taken off each band, (bands,) in dB, and by what it is divided."""
    layer = model.get_layer(BANDS)
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(np.square(np.maximum(deviation, 1e-3)))


def arrays_of(model: Any) -> dict[str, NDArray[Any]]:
    """Return the weights by their place in the architecture; `put` sets them."""
    return {f"w{place:03d}": np.asarray(value) for place, value in enumerate(model.get_weights())}


def put(model: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Set weights that `arrays_of` returned.

    Raises
    ------
    ValueError
        If they are of another architecture.
    """
    wanted = [tuple(weight.shape) for weight in model.weights]
    found = [np.asarray(arrays[f"w{place:03d}"]) for place in range(len(wanted)) if f"w{place:03d}" in arrays]
    if [each.shape for each in found] != wanted or not all(np.isfinite(each).all() for each in found):
        raise ValueError("weights")
    model.set_weights(found)


class _Parts:
    """Layers as all kinds use them, each with first weights of its own seed."""

    def __init__(self, keras: Any, seed: int) -> None:
        self.layers, self._keras, self._seed = keras.layers, keras, seed

    def first(self) -> Any:
        self._seed += 1
        return self._keras.initializers.GlorotUniform(self._seed)

    def square(self) -> Any:
        self._seed += 1
        return self._keras.initializers.Orthogonal(seed=self._seed)

    def convolved(self, over: Any, filters: int, size: int, stride: int) -> Any:
        """Convolution over time, batch normalisation, ReLU."""
        made = self.layers.Conv1D(filters, size, stride, "same", use_bias=False, kernel_initializer=self.first())(over)
        return self.layers.ReLU()(self.layers.BatchNormalization(momentum=0.9)(made))

    def convolved2(self, over: Any, filters: int) -> Any:
        """Convolution over time and frequency, halving both, and what follows."""
        made = self.layers.Conv2D(filters, 3, 2, "same", use_bias=False, kernel_initializer=self.first())(over)
        return self.layers.ReLU()(self.layers.BatchNormalization(momentum=0.9)(made))


def _cnn1d(parts: _Parts, bands: Any, units: int) -> Any:
    """Four convolutions, each halving time: one value then sees 61 frames, 1.4 s, more than a bar of a fast song."""
    for _ in range(4):
        bands = parts.convolved(bands, units, 5, 2)
    return bands


def _cnn2d(parts: _Parts, bands: Any, units: int) -> Any:
    over = parts.layers.Reshape((*bands.shape[1:], 1))(bands)
    for factor in (1, 2, 3, 4):
        over = parts.convolved2(over, units * factor)
    steps, left, filters = over.shape[1:]
    flat = parts.layers.Reshape((steps, left * filters))(over)
    return parts.convolved(flat, units * 4, 1, 1)


def _lstm(parts: _Parts, bands: Any, units: int) -> Any:
    pooled = parts.layers.AveragePooling1D(POOLED, padding="same")(bands)
    cells = parts.layers.LSTM(units, return_sequences=True, kernel_initializer=parts.first(),
                              recurrent_initializer=parts.square())
    return parts.layers.Bidirectional(cells)(pooled)


def _crnn(parts: _Parts, bands: Any, units: int) -> Any:
    for _ in range(3):
        bands = parts.convolved(bands, units, 5, 2)
    return parts.layers.GRU(units, return_sequences=True, kernel_initializer=parts.first(),
                            recurrent_initializer=parts.square())(bands)


_BODIES = {"cnn1d": _cnn1d, "cnn2d": _cnn2d, "lstm": _lstm, "crnn": _crnn}
