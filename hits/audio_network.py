"""The audio network: what the sound of a clip alone says, learned from an operator's own tracks, a genre each.

Task: train a network of `hits.network` on log-mel clips (`sound.mel.clip_of`), calibrate it on artists it has not
learned from, judge it on others, keep it as plain arrays, and say which seconds of a clip carry its answer.

Conventions: a clip is (frames, bands) in dB; log-odds are natural. Calibration, interval, percentile and strangeness
are those of `hits.kept_apart`, by tracks of the validation and the test; distance is the mean one to the five nearest
training clips where the network's last layer sees them. A network never trained has no answer.

What is here
------------
AudioNetwork          train, save, load, judge, occlusion
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import fitting, network, scoring
from hits.judgement import Judgement, Watch
from hits.kept_apart import Kept, keep, of_arrays
from hits.split import Split, Track, check_classes, check_split, facts_of, groups_of
from sound.mel import HOP, RATE
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
Facts = Mapping[str, Any]
PART = "audio"
NEIGHBOURS = 5
MOST_KEPT = 4_000
"""Training clips kept to measure distances from."""
AT_ONCE = 256
"""Clips in memory at once when training data is measured."""


class AudioNetwork:
    """A trained network of one genre; `train` or `load` makes one.

    Attributes
    ----------
    model : keras.Model
        (n, frames, bands) dB to (n, 1) raw log-odds; for one clip `compiled` is at least 20 times as fast as its
        ``predict``.
    compiled : callable
        The same as one compiled function: (n, frames, bands) float32 to (n,), the way `judge` goes.
    facts : dict
        Kind, genre, date, data, split, how it did on the test: what the card is written from.
    """

    part = PART

    def __init__(self, model: Any, kept: Kept, near: Mapping[str, NDArray[Any]], facts: Facts,
                 steps: tuple[Any, Any] | None = None) -> None:
        self.model, self.facts = model, dict(facts)
        self.shape: tuple[int, int] = tuple(model.inputs[0].shape[1:])
        self.compiled, self._seen = steps or _compiled(model)
        self._kept, self._near = kept, dict(near)
        self._fill = np.asarray(model.get_layer(network.BANDS).moving_mean, np.float32)

    @property
    def kind(self) -> str:
        """One of `hits.network.KINDS`."""
        return str(self.facts["kind"])

    @property
    def genre(self) -> str:
        """The genre whose tracks it was trained on."""
        return str(self.facts["genre"])

    @property
    def metrics(self) -> dict[str, Any]:
        """How it did on the test tracks; what a new network is compared by."""
        return dict(self.facts["test"])

    @classmethod
    def train(cls, clips: Any, rows: Sequence[Track], split: Split, *, genre: str, today: date, kind: str = "cnn1d",
              data: Facts | None = None, units: int | None = None, options: fitting.Options | None = None,
              watch: Watch | None = None, checkpoint: Path | None = None) -> AudioNetwork:
        """Return a network trained, calibrated and judged on the three sides of a split.

        Parameters
        ----------
        clips : ndarray or memmap, shape (rows, frames, bands)
            In dB; float16 will do. Only a batch at a time is read.
        rows : sequence of Track
            The tracks of one genre, in the order of the clips.
        split : Split
            Of these rows.
        genre : str
        today : date
            What the card says.
        kind : str
            One of `hits.network.KINDS`.
        data : mapping, optional
            Name and digest of the manifest, for the card.
        units : int, optional
        options : fitting.Options, optional
        watch : Watch, optional
            Told of every epoch, asked before every batch whether to stop.
        checkpoint : Path, optional
            As in `fitting.fit`; for the caller to remove once the network is saved.

        Raises
        ------
        DataError
            ``hit_network.*`` for clips that do not fit; ``hit_split.artists`` and ``.classes``.
        support.errors.Cancelled
            What `watch.check` raises.
        """
        check_split(split, rows)
        check_classes(split, rows)  # now, and not after an hour
        options = options or fitting.Options()
        mean, deviation = _check(clips, rows, split)
        model = network.build(kind, tuple(clips.shape[1:]), units, seed=options.seed)
        network.standardise(model, mean, deviation)
        history = fitting.fit(model, clips, rows, split, options=options, augment=fitting.spec_augment(mean),
                              watch=watch, checkpoint=checkpoint, note=f"{genre} {kind}")
        facts = {"model": PART, "kind": kind, "genre": genre, "shape": list(clips.shape[1:]), "units": units,
                 "date": today.isoformat(), "data": dict(data or {}), "split": facts_of(split, rows),
                 "options": asdict(options), "epochs": len(history.epochs), "best_epoch": history.best}
        return _calibrated(model, clips, rows, split, facts)

    def warm(self) -> None:
        """Go through once, so that the first clip of a user does not wait for compiling."""
        silence = np.zeros((1, *self.shape), np.float32)
        self.compiled(silence)
        self._seen(silence)

    def log_odds(self, clips: Any) -> Floats:
        """Return calibrated log-odds of (n, frames, bands) clips, (n,)."""
        return self._kept.calibrated(fitting.outputs(self.compiled, clips, np.arange(len(clips))))

    def judge(self, clip: NDArray[Any]) -> Judgement:
        """Return what the network says of one clip, (frames, bands) in dB.

        Raises
        ------
        DataError
            ``hit_network.shape`` for a clip of another size, ``hit_network.values`` for one that holds NaN.
        """
        clip = self._checked(clip)
        raw = float(self.compiled(clip[None]).numpy()[0])
        distance = float(_distances(self._seen(clip[None]).numpy() / self._near["spread"], self._near["known"])[0])
        return self._kept.judgement(PART, raw, distance, self.facts, {PART: self._kept.evidence(raw)})

    def occlusion(self, clip: NDArray[Any], window_s: float = 5.0, hop_s: float = 2.5,
                  seconds: float | None = None) -> tuple[tuple[float, float, float], ...]:
        """Return how the log-odds change when some seconds are covered by the training tracks' mean.

        Parameters
        ----------
        clip : ndarray, shape (frames, bands)
        window_s, hop_s : float
            Length of what is covered, and from one start to the next.
        seconds : float, optional
            Of the clip that are sound, where its end is padding.

        Returns
        -------
        tuple of (start_s, end_s, change)
            Seconds count from the clip's beginning. Change is log-odds without these seconds less log-odds with them:
            below 0 they lift the answer.
        """
        clip = self._checked(clip)
        whole = len(clip) * HOP / RATE
        spans = _windows(min(seconds or whole, whole), window_s, hop_s)
        covered = np.repeat(clip[None], len(spans) + 1, axis=0)
        for each, (start, end) in zip(covered[1:], spans, strict=True):
            each[round(start * RATE / HOP):math.ceil(end * RATE / HOP)] = self._fill
        found = self.log_odds(covered)
        return tuple((start, end, float(change))
                     for (start, end), change in zip(spans, found[1:] - found[0], strict=True))

    def save(self, folder: Path) -> None:
        """Write weights, ``metrics.json`` and ``CARD.md`` as a folder, in place of what stood there."""
        listed = json.dumps(self.metrics, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        weights.write(folder, network.arrays_of(self.model) | self._kept.arrays() | self._near, self.facts,
                      {"metrics.json": listed, "CARD.md": card(self.facts)})

    @classmethod
    def load(cls, folder: Path) -> AudioNetwork:
        """Return the network that `save` wrote; its architecture comes from `hits.network`.

        Raises
        ------
        DataError
            ``weights.missing``, ``.form``, ``.broken``; ``hit_network.broken`` if this program has no such network.
        """
        arrays, facts = weights.read(folder)
        try:
            frames, bands = facts["shape"]
            model = network.build(facts["kind"], (int(frames), int(bands)), facts["units"])
            network.put(model, arrays)
            return cls(model, of_arrays(arrays), {name: arrays[name] for name in ("known", "spread")}, facts)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("hit_network.broken", folder=str(folder), what=str(error)[:80]) from error

    def _checked(self, clip: NDArray[Any]) -> NDArray[np.float32]:
        found = np.asarray(clip, np.float32)
        if found.shape != self.shape:
            raise DataError("hit_network.shape", wanted=self.shape, found=found.shape)
        if not np.isfinite(found).all():
            raise DataError("hit_network.values", row=1)
        return found


# --- training ------------------------------------------------------------------------------------------------------


def _check(clips: Any, rows: Sequence[Track], split: Split) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation of each band over the training clips; all clips must be there, and numbers."""
    if len(clips) != len(rows):
        raise DataError("hit_network.clips", clips=len(clips), rows=len(rows))
    trained = np.zeros(len(rows), bool)
    trained[split.train] = True
    sums, squares, frames = np.zeros(clips.shape[2]), np.zeros(clips.shape[2]), 0
    for start in range(0, len(rows), AT_ONCE):
        block = np.asarray(clips[start:start + AT_ONCE], np.float32)
        whole = np.isfinite(block).all(axis=(1, 2))
        if not whole.all():
            raise DataError("hit_network.values", row=start + int(np.argmin(whole)) + 1)
        used = block[trained[start:start + AT_ONCE]].astype(np.float64)
        sums, squares = sums + used.sum(axis=(0, 1)), squares + np.square(used).sum(axis=(0, 1))
        frames += used.shape[0] * used.shape[1]
    mean = sums / frames
    return mean.astype(np.float32), np.sqrt(np.maximum(squares / frames - mean ** 2, 0)).astype(np.float32)


def _calibrated(model: Any, clips: Any, rows: Sequence[Track], split: Split, facts: dict[str, Any]) -> AudioNetwork:
    """Return a fitted model with what the validation and the test say of it."""
    labels, groups = np.array([row.hit for row in rows], np.float64), groups_of(rows)
    compiled, seen = steps = _compiled(model)
    raw, judged = (fitting.outputs(compiled, clips, places) for places in (split.validation, split.test))
    near, distances = _neighbourhood(seen, clips, split)
    kept = keep(raw, labels[split.validation], groups[split.validation], others=judged, distances=distances,
                seed=facts["options"]["seed"])
    levels = np.array([float(np.mean(clips[place], dtype=np.float64)) for place in range(len(rows))])
    told = _metrics(labels, groups, split, kept.calibrated(judged), levels)
    return AudioNetwork(model, kept, near, facts | {"base_rate": kept.base_rate, "test": told}, steps)


def _metrics(labels: Floats, groups: NDArray[np.intp], split: Split, tested: Floats, levels: Floats) -> dict[str, Any]:
    """Return how the test tracks came out, beside what loudness alone and the commoner label give."""
    truth, said = labels[split.test], 1 / (1 + np.exp(-tested))
    loud = levels[split.test] * (1 if scoring.auc(labels[split.train], levels[split.train]) >= 0.5 else -1)
    low, high = scoring.interval(truth, said, [str(group) for group in groups[split.test]])
    told = {**scoring.scores(truth, said), "accuracy": float(((tested > 0) == truth).mean()),
            "auc_low": low, "auc_high": high, "auc_of_loudness": scoring.auc(truth, loud),
            "accuracy_of_commoner": float(max(truth.mean(), 1 - truth.mean())),
            "brier_of_base_rate": float(truth.mean() * (1 - truth.mean()))}
    return {name: None if value != value else round(value, 6) for name, value in told.items()} | {
        "calibration": [asdict(each) for each in scoring.reliability(truth, said)]}


# --- strangeness ---------------------------------------------------------------------------------------------------


def _compiled(model: Any) -> tuple[Any, Any]:
    """Return two compiled functions of clips: log-odds, (n,), and where the last layer sees them, (n, d)."""
    import keras
    import tensorflow as tf

    inner = keras.Model(model.inputs, model.get_layer(network.EMBEDDING).output)
    spec = tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32)
    seen = tf.function(lambda batch: inner(batch, training=False), input_signature=[spec], autograph=False)
    return fitting.forward(model), seen


def _neighbourhood(seen: Any, clips: Any, split: Split) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Return training clips where the network sees them, what they were divided by, and how far off the others are."""
    def places_of(chosen: NDArray[np.intp]) -> NDArray[np.float32]:
        return np.concatenate([seen(np.asarray(clips[chosen[start:start + 64]], np.float32)).numpy()
                               for start in range(0, len(chosen), 64)])

    step = max(1, math.ceil(len(split.train) / MOST_KEPT))
    known = places_of(split.train[::step])
    spread = np.maximum(known.std(axis=0), 1e-3 * max(float(known.std()), 1e-6)).astype(np.float32)
    known = known / spread
    others = places_of(np.concatenate((split.validation, split.test))) / spread
    return {"known": known, "spread": spread}, _distances(others, known)


def _distances(found: NDArray[np.float32], known: NDArray[np.float32]) -> Floats:
    """Return the mean distance of each row to its `NEIGHBOURS` nearest known ones."""
    nearest = min(NEIGHBOURS, len(known))
    return np.array([np.sqrt(np.partition(np.square(known - row).sum(axis=1), nearest - 1)[:nearest]).mean()
                     for row in found], np.float64)


# --- what is shown -------------------------------------------------------------------------------------------------


def _windows(seconds: float, window_s: float, hop_s: float) -> list[tuple[float, float]]:
    """Return spans of equal length over all seconds; the last ends where they end."""
    if window_s >= seconds:
        return [(0.0, seconds)]
    count = math.ceil((seconds - window_s) / hop_s - 0.05)  # no start a breath before the last one
    starts = [hop_s * place for place in range(count)] + [seconds - window_s]
    return [(start, start + window_s) for start in starts]


def card(facts: Facts) -> str:
    """Return ``CARD.md``: what the network is, what it was trained and judged on, and how it came out."""
    told, split, data = facts["test"], facts["split"], facts["data"]
    sides = [f"| {name} | {side['tracks']} | {side['hits']} | {side['artists']} | {side['from'] or '-'} to "
             f"{side['to'] or '-'} |" for name, side in split.items() if isinstance(side, dict)]
    bins = [f"| {each['low']:.1f} to {each['high']:.1f} | {each['n']} | {each['said']:.2f} | {each['observed']:.2f} |"
            for each in told["calibration"]]
    order = "the newest artists are the test" if split["by_date"] else "without dates: sides alike in hits"
    return "\n".join([
        f"# Audio network, {facts['genre']}", "",
        f"Kind {facts['kind']} on log-mel clips of {facts['shape'][0]} frames and {facts['shape'][1]} bands, trained "
        f"on {facts['date']} on the operator's own tracks"
        + (f" ({data.get('name', 'manifest')}, sha256 {data.get('sha256', '-')})." if data else "."),
        f"{facts['epochs']} epochs, the weights of epoch {facts['best_epoch']} kept; hits and others weighed alike; "
        "SpecAugment; calibrated (Platt) on the validation artists.", "",
        f"## Split (no artist on two sides; {order})", "",
        "| side | tracks | hits | artists | days |", "|---|---|---|---|---|", *sides, "",
        "## Test tracks", "",
        f"Base rate {told['base_rate']:.3f}, AUC {_shown(told['auc'])} (95 % interval {_shown(told['auc_low'])} to "
        f"{_shown(told['auc_high'])}; by loudness alone {_shown(told['auc_of_loudness'])}), PR-AUC "
        f"{_shown(told['pr_auc'])}, Brier {_shown(told['brier'])} (base rate alone "
        f"{_shown(told['brier_of_base_rate'])}), calibration error {_shown(told['ece'])}, accuracy "
        f"{_shown(told['accuracy'])} (commoner label {_shown(told['accuracy_of_commoner'])}).", "",
        "| said | tracks | mean said | observed |", "|---|---|---|---|", *bins, "",
        "## Limits", "",
        "It knows the tracks it was trained on and nothing of marketing, artist or season. What counts as a hit is "
        "what the manifest says. A few hundred tracks tell little; use in earnest takes thousands.", ""])


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
