"""How every network of the hit model is fitted: one loop, with checkpoints that survive a kill.

Task: fit a Keras model that gives log-odds to labelled rows of a split, stop when the validation tracks no longer gain,
and keep the best weights. After every epoch all that goes on (weights, optimiser, dropout's state, the best so far) is
put into one ``.npz`` by renaming, so that a killed or cancelled training goes on at the epoch it was in, to the same
end: the order of an epoch depends on its number and the seed alone.

Conventions: hits and others count alike (each track weighs its class's inverse share; what the network says is
calibrated afterwards, where the true shares come back); the loss is binary cross-entropy; better is a higher area under
the ROC curve on the validation, and where that is equal a lower loss. Nothing of a run is read by pickle.

What is here
------------
Options     epochs, batch, rate, patience, seed
fit         the loop
forward     a model as one compiled function
outputs     log-odds of many rows, a batch at a time
spec_augment  masks over bands and frames (D. S. Park et al., "SpecAugment", Interspeech 2019)
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits.judgement import Quiet, Watch
from hits.scoring import auc
from hits.split import Split, Track, check_split
from support.errors import DataError

log = logging.getLogger(__name__)
Augment = Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]
FORM = 1
"""Version of the checkpoint; another one is not gone on from."""
BAND_MASKS, WIDEST_BANDS = 2, 0.12
TIME_MASKS, LONGEST_TIME = 2, 0.1
"""Masks a clip, and the largest share of bands or frames one takes."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to fit.

    Attributes
    ----------
    epochs : int
        At most.
    batch : int
        Tracks in one step.
    rate : float
        Learning rate of Adam at the beginning; it falls to a tenth along a half cosine.
    patience : int
        Epochs without gain on the validation after which fitting ends.
    norm : float
        Largest norm of a step's gradient: recurrent networks leap without it.
    seed : int
    """

    epochs: int = 60
    batch: int = 32
    rate: float = 1e-3
    patience: int = 12
    norm: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean training loss, and loss and area under the curve on the validation."""

    loss: float
    validation_loss: float
    validation_auc: float


@dataclass(frozen=True, slots=True)
class History:
    """How a fit went: `best` is the epoch (from 1) whose weights were kept, `resumed` the epochs a checkpoint held."""

    epochs: tuple[Epoch, ...]
    best: int
    resumed: int


@dataclass(slots=True)
class _State:
    """What changes from epoch to epoch besides the variables."""

    epochs: list[Epoch]
    best: int = 0
    kept: list[NDArray[Any]] | None = None

    def better(self, found: Epoch) -> bool:
        if not self.best:
            return True
        old = self.epochs[self.best - 1]
        return (found.validation_auc, -found.validation_loss) > (old.validation_auc, -old.validation_loss)


def fit(model: Any, inputs: Any, rows: Sequence[Track], split: Split, *, options: Options | None = None,
        augment: Augment | None = None, watch: Watch | None = None, checkpoint: Path | None = None,
        note: str = "") -> History:
    """Fit a network and leave the best weights in it.

    Parameters
    ----------
    model : keras.Model
        Inputs as those of `inputs`, output (n, 1) log-odds; its first weights and dropout seeded by whoever built it.
    inputs : ndarray or memmap, shape (rows, ...)
        One for each row; only a batch at a time is read. Floats reach the model as float32.
    rows : sequence of Track
        With the labels.
    split : Split
        Checked: no artist on two sides.
    options : Options, optional
    augment : callable, optional
        Changes training batches (`spec_augment`).
    watch : Watch, optional
        Told of every epoch as ``report(epoch, epochs, note)``, asked before every batch whether to stop.
    checkpoint : Path, optional
        An ``.npz`` of a training that was broken off is gone on from if it is of the same data, network and options;
        it stays when fitting ends, for the caller to remove once the result is safe.

    Raises
    ------
    DataError
        ``hit_split.artists``; ``hit_network.diverged`` if the loss is no number.
    support.errors.Cancelled
        What `watch.check` raises.
    """
    check_split(split, rows)
    options, watch = options or Options(), watch or Quiet()
    labels = np.array([row.hit for row in rows], np.float32)
    run = _Run(model, inputs, labels, split, options, augment)
    mark = _mark(model, inputs, labels, split, options)
    state = _State([])
    resumed = _resume(checkpoint, mark, run, state) if checkpoint else 0
    while len(state.epochs) < options.epochs and len(state.epochs) - state.best < options.patience:
        found = run.epoch(len(state.epochs), watch)
        better = state.better(found)
        state.epochs.append(found)
        if better:
            state.best, state.kept = len(state.epochs), [np.array(each) for each in model.get_weights()]
        if checkpoint:
            _store(checkpoint, mark, run, state)
        watch.report(len(state.epochs), options.epochs, note)
    if state.kept is not None:
        model.set_weights(state.kept)
    return History(tuple(state.epochs), state.best, resumed)


def forward(model: Any) -> Any:
    """Return a model as one compiled function of (n, ...) inputs to (n,) log-odds; no retracing by batch size."""
    import tensorflow as tf

    spec = tf.TensorSpec((None, *model.inputs[0].shape[1:]), model.inputs[0].dtype)
    return tf.function(lambda batch: tf.reshape(model(batch, training=False), (-1,)), input_signature=[spec],
                       autograph=False)


def outputs(compiled: Any, inputs: Any, places: NDArray[Any], batch: int = 64) -> NDArray[np.float64]:
    """Return (n,) log-odds of the rows at `places`."""
    found = [compiled(_batch(inputs, places[start:start + batch])).numpy() for start in range(0, len(places), batch)]
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)


def spec_augment(fill: NDArray[np.float32]) -> Augment:
    """Return a function that covers up to two spans of bands and two of frames in each clip of a batch.

    Parameters
    ----------
    fill : ndarray, shape (bands,)
        What stands where a mask is: the training tracks' mean, which the network takes for nothing.
    """
    def change(batch: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        found = np.array(batch, np.float32)
        _, frames, bands = found.shape
        for clip in found:
            for start, end in _spans(rng, TIME_MASKS, frames, LONGEST_TIME):
                clip[start:end] = fill
            for start, end in _spans(rng, BAND_MASKS, bands, WIDEST_BANDS):
                clip[:, start:end] = fill[start:end]
        return found
    return change


def _spans(rng: np.random.Generator, count: int, size: int, share: float) -> Iterator[tuple[int, int]]:
    for _ in range(count):
        width = int(rng.integers(0, int(share * size) + 1))
        start = int(rng.integers(0, size - width + 1))
        yield start, start + width


def _batch(inputs: Any, places: NDArray[Any]) -> NDArray[Any]:
    found = np.asarray(inputs[places])
    return found.astype(np.float32) if np.issubdtype(found.dtype, np.floating) else found


class _Run:
    """The compiled steps of one fit, over its data."""

    def __init__(self, model: Any, inputs: Any, labels: NDArray[np.float32], split: Split, options: Options,
                 augment: Augment | None) -> None:
        import keras

        self.model, self.inputs, self.labels, self.split, self.options = model, inputs, labels, split, options
        self.augment = augment
        share = float(labels[split.train].mean())
        self.weights = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)
        self.optimizer = keras.optimizers.Adam(options.rate, global_clipnorm=options.norm)
        self.optimizer.build(model.trainable_variables)
        self.compiled = forward(model)
        self._step = _training_step(model, self.optimizer)

    def epoch(self, number: int, watch: Watch) -> Epoch:
        """Go once through the training tracks; `number` counts from 0."""
        options = self.options
        rng = np.random.default_rng((options.seed, number))
        fallen = 0.5 * (1 + np.cos(np.pi * number / options.epochs))
        self.optimizer.learning_rate.assign(options.rate * (0.1 + 0.9 * fallen))
        losses = []
        for places in self._batches(rng.permutation(self.split.train)):
            watch.check()
            batch = _batch(self.inputs, places)
            batch = self.augment(batch, rng) if self.augment else batch
            losses.append(float(self._step(batch, self.labels[places], self.weights[places])))
            if not np.isfinite(losses[-1]):
                raise DataError("hit_network.diverged", epoch=number + 1)
        return Epoch(float(np.mean(losses)), *self._validated())

    def _batches(self, order: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Yield places; a last one alone is left out, since batch normalisation learns nothing of one track."""
        for start in range(0, len(order), self.options.batch):
            places = order[start:start + self.options.batch]
            if len(places) > 1 or len(order) == 1:
                yield places

    def _validated(self) -> tuple[float, float]:
        places = self.split.validation
        found, labels, weights = outputs(self.compiled, self.inputs, places), self.labels[places], self.weights[places]
        loss = np.logaddexp(0, np.where(labels == 1, -found, found))
        return float(np.average(loss, weights=weights)), auc(labels, found)

    def variables(self) -> dict[str, Any]:
        """Return all that changes, by name: weights, dropout's state, the optimiser's moments and count."""
        named = {f"v{place:03d}": each for place, each in enumerate(self.model.variables)}
        return named | {f"o{place:03d}": each for place, each in enumerate(self.optimizer.variables)}


def _training_step(model: Any, optimizer: Any) -> Any:
    import tensorflow as tf

    def step(batch: Any, labels: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            found = tf.reshape(model(batch, training=True), (-1,))
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, found)
            loss = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    first = model.inputs[0]
    flat = tf.TensorSpec((None,), tf.float32)
    return tf.function(step, input_signature=[tf.TensorSpec((None, *first.shape[1:]), first.dtype), flat, flat],
                       autograph=False)


# --- checkpoints --------------------------------------------------------------------------------------------------


def _mark(model: Any, inputs: Any, labels: NDArray[Any], split: Split, options: Options) -> str:
    """Return a digest of what a checkpoint must share with the training that goes on from it."""
    shapes = [tuple(each.shape) for each in model.variables]
    digest = hashlib.sha256(json.dumps([FORM, model.name, shapes, asdict(options), len(labels)]).encode())
    for array in (labels, *split.sides.values()):
        digest.update(np.ascontiguousarray(array).tobytes())
    for place in np.unique(np.linspace(0, len(labels) - 1, 16).astype(int)):
        digest.update(np.ascontiguousarray(inputs[place]).tobytes())
    return digest.hexdigest()


def _store(path: Path, mark: str, run: _Run, state: _State) -> None:
    """Write a checkpoint beside the old one and put it in its place."""
    arrays = {name: np.asarray(each) for name, each in run.variables().items()}
    arrays |= {f"b{place:03d}": each for place, each in enumerate(state.kept or ())}
    told = {"mark": mark, "best": state.best, "epochs": [asdict(each) for each in state.epochs]}
    arrays["state"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _resume(path: Path, mark: str, run: _Run, state: _State) -> int:
    """Set everything as a checkpoint has it; return its epochs, 0 where there is none that fits."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            told = json.loads(kept["state"].tobytes())
            if told["mark"] != mark:
                return 0
            arrays = {name: kept[name] for name in kept.files}
        variables = run.variables()
        best = [arrays[name] for name in sorted(arrays) if name.startswith("b")]
        if any(arrays[name].shape != tuple(each.shape) for name, each in variables.items()):
            return 0
        epochs = [Epoch(**each) for each in told["epochs"]]
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        log.warning("the checkpoint %s cannot be gone on from (%s): training starts anew", path, error)
        return 0
    for name, each in variables.items():
        each.assign(arrays[name])
    state.epochs, state.best, state.kept = epochs, int(told["best"]), best
    return len(epochs)
