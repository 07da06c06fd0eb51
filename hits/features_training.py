"""Training of the feature model: who is on which side, growing the trees, calibrating, what is kept for judging.

Task: `train` makes what `hits.features` reads from a table of tracks with labels. The sides (training, calibration,
test) are ranges of a hash of the artist's normalised name, so no artist is on two and no list has to be kept.

How it is calibrated: each member leaves a fifth of the artists out, so that five tracks in six are unknown to one
member at least. What those members say of them (`said_apart`) is calibrated and ranked: twenty thousand tracks instead
of a side of two thousand, whose artists may be easy or hard by chance. Such an answer is the mean of fewer members than
a judgement; they differ so little (at most 0.7 % of the variance of answers) that the slope is found 0.4 % too low.

How it learns: each sub-model is a bag of `MEMBERS`, each a boosted model (scikit-learn's histogram gradient boosting)
and a small net (`hits.nets_training`) on the same random `SHARE` of the artists; the mean of all is its answer.
Sub-models without descriptors learn partly from what a model with descriptors said of each training track, trained on
other artists: its answer is a less noisy label than hit or not (generalised distillation, Lopez-Paz et al. 2016).
Decade, year and names are an input of none of them.

Conventions: labels 1 hit, 0 other. A spread of members on a share f of the artists gives the variance of the bag by the
delete-d jackknife, f / (1 - f) times theirs (Shao & Wu 1989); `widening` is the root of that.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import calibration
from hits.features import COLUMNS, KINDS, PLAYERS, Z80, column_numbers, columns_of, distances, shape
from hits.judgement import Quiet, Watch
from hits.nets import pack as pack_nets
from hits.nets_training import fit_nets
from hits.trees import Trees, pack, unpack
from ingest.names import normalise
from support.errors import DataError

Floats = NDArray[np.float64]
SIDES = {"train": (0.0, 0.76), "calibration": (0.76, 0.86), "test": (0.86, 1.0)}
"""Ranges of the artist's hash."""
MEMBERS, SHARE = 8, 0.8
TEACHER_FOLDS, TEACHER_WEIGHT = 4, 0.7
"""Artist folds of the model with descriptors; how far its answer replaces the label."""
UNKNOWN_TEMPO = 0.02
"""Share of training rows whose tempo is hidden, so that the trees know which way a track without a beat goes."""
CENTRES = 96
QUANTILES = 401
PLAIN = {"max_iter": 200, "learning_rate": 0.06, "max_leaf_nodes": 16, "min_samples_leaf": 40, "max_features": 0.4}
DESCRIBED = {"max_iter": 220, "learning_rate": 0.06, "max_leaf_nodes": 14, "min_samples_leaf": 40, "max_features": 0.4}
"""Chosen by cross-validation over artists of the training side alone."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """Labelled tracks.

    Attributes
    ----------
    inputs : mapping of str to ndarray, (n,)
        `features.PLAYERS`.
    labels, decades : ndarray, (n,)
        Decades are for reports, and what nets learn to tell beside the label; they are never an input.
    artists : ndarray of str, (n,)
        Normalised names.
    """

    inputs: Mapping[str, Floats]
    labels: Floats
    artists: NDArray[np.str_]
    decades: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, mask: NDArray[Any]) -> Tracks:
        """Return the tracks of a mask or of places."""
        return Tracks({name: values[mask] for name, values in self.inputs.items()}, self.labels[mask],
                      self.artists[mask], self.decades[mask])

    def beside(self, other: Tracks) -> Tracks:
        """Return these tracks and then the others."""
        return Tracks({name: np.concatenate([values, other.inputs[name]]) for name, values in self.inputs.items()},
                      np.concatenate([self.labels, other.labels]), np.concatenate([self.artists, other.artists]),
                      np.concatenate([self.decades, other.decades]))

    def side(self, name: str) -> Tracks:
        """Return one of `SIDES`."""
        low, high = SIDES[name]
        where = np.array([hash_share(artist) for artist in self.artists])
        return self.of((where >= low) & (where < high))

    def columns(self) -> Floats:
        """Return the trees' columns, (n, columns)."""
        return columns_of(self.inputs)


def read_tracks(path: Path) -> Tracks:
    """Read a CSV (also .gz) with the columns `PLAYERS`, ``artist``, ``target`` and, if it has one, ``decade``.

    Raises
    ------
    DataError
        ``hit_features.columns``: one of them is not there.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        lacking = [name for name in (*PLAYERS, "artist", "target") if name not in (reader.fieldnames or ())]
    if lacking:
        raise DataError("hit_features.columns", file=path.name, names=", ".join(lacking))
    number = {name: np.array([float(row[name]) for row in rows]) for name in (*PLAYERS, "target")}
    decades = np.array([int(float(row.get("decade") or 0)) for row in rows], np.int64)
    return Tracks({name: number[name] for name in PLAYERS}, number["target"],
                  np.array([normalise(row["artist"]) for row in rows]), decades)


def hash_share(artist: str) -> float:
    """Return a number from 0 to 1 that only the name decides."""
    return int(hashlib.sha256(artist.encode()).hexdigest()[:12], 16) / 16**12


def train(tracks: Tracks, apart: Tracks, watch: Watch | None = None, *, kinds: tuple[str, ...] = KINDS,
          members: int = MEMBERS, seed: int = 0) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Train sub-models on `tracks` and on `apart`, tracks of other artists, by which it is known what is strange.

    Returns
    -------
    arrays : dict of str to ndarray
        As `features.load` reads them.
    numbers : dict
        Calibration, base rate and widening by sub-model.

    Raises
    ------
    DataError
        ``hit_features.artists``: an artist is on both sides. ``hit_calibration.few``: no ten hits and ten others are
        left to calibrate on.
    """
    shared = set(tracks.artists) & set(apart.artists)
    if shared:
        raise DataError("hit_features.artists", count=len(shared), artist=min(shared))
    arrays, numbers = grow_all(tracks.beside(apart), watch, kinds=kinds, members=members, seed=seed)
    for kind in kinds:
        arrays |= {f"{kind}.near.{name}": values for name, values in fit_near(kind, tracks, apart, seed).items()}
    return arrays, numbers


def grow_all(tracks: Tracks, watch: Watch | None = None, *, kinds: tuple[str, ...] = KINDS, members: int = MEMBERS,
             seed: int = 0) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Grow and calibrate sub-models on `tracks`; return what `train` does but for what tells strange ones."""
    watch = watch or Quiet()
    taught = soft_labels(tracks, seed) if any("-" not in kind for kind in kinds) else tracks.labels
    arrays: dict[str, NDArray[Any]] = {}
    numbers: dict[str, Any] = {}
    for done, kind in enumerate(kinds):
        watch.check()
        watch.report(done, len(kinds), kind)
        mine, levels = grow_kind(kind, tracks, taught, members, seed)
        said = said_apart(levels(tracks.columns()), tracks.artists, learned(tracks.artists, members, seed))
        numbers[kind], mine["reference"] = calibrated(said, tracks)
        numbers[kind]["widening"] = float(np.sqrt(SHARE / (1 - SHARE)))
        arrays |= {f"{kind}.{name}": values for name, values in mine.items()}
    watch.report(len(kinds), len(kinds))
    return arrays, numbers


def grow_kind(kind: str, tracks: Tracks, taught: Floats, members: int,
              seed: int) -> tuple[dict[str, NDArray[Any]], Callable[[Floats], Floats]]:
    """Return the trees and nets of one sub-model as arrays, and what gives its members' raw log-odds of columns."""
    used = list(column_numbers(kind))
    table, labels = tracks.columns()[:, used], taught if "-" not in kind else tracks.labels
    chosen = drawn(tracks.artists, members, seed)
    bag = grow_bag(table, labels, chosen, settings(kind), seed)
    names = [list(COLUMNS)[number] for number in used]
    nets = fit_nets(table, labels, tracks.decades, chosen, names.index("key"), names.index("time_signature"), seed)
    arrays = {f"trees.{name}": values for name, values in bag.items()}
    arrays |= {f"nets.{name}": values for name, values in pack_nets(nets).items()}

    def levels(columns: Floats) -> Floats:
        return np.asarray((unpack(bag).levels(columns[:, used]) + nets.levels(columns[:, used])) / 2, float)

    return arrays, levels


def learned(artists: NDArray[np.str_], members: int = MEMBERS, seed: int = 0) -> list[NDArray[np.str_]]:
    """Return the artists that each member of a bag grown on tracks of `artists` learned from."""
    return [np.unique(artists[rows]) for rows in drawn(artists, members, seed)]


def said_apart(levels: Floats, artists: NDArray[np.str_], known: Sequence[NDArray[np.str_]]) -> Floats:
    """Return what members say, on the mean, of tracks whose artist they did not learn from.

    Parameters
    ----------
    levels : ndarray, (members, n)
    artists : ndarray of str, (n,)
    known : sequence of ndarray of str
        The artists of each member, as of `learned`.

    Returns
    -------
    ndarray, (n,)
        NaN where every member knows the artist.
    """
    apart = np.array([~np.isin(artists, names) for names in known])
    count = apart.sum(axis=0)
    return np.divide((levels * apart).sum(axis=0), count, out=np.full(len(artists), np.nan), where=count > 0)


def calibrated(raw: Floats, tracks: Tracks) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Return a calibration and base rate on the tracks whose `raw` is a number, and quantiles of what it says of them.

    A straight line: in folds over artists beta calibration, splines and isotonic gained nothing in log loss on it.
    """
    told = ~np.isnan(raw)
    raw, labels = raw[told], tracks.labels[told]
    fitted = calibration.fit("platt", raw, labels)
    reference = np.quantile(fitted(raw), np.linspace(0, 1, QUANTILES)).astype(np.float32)
    return {"calibration": fitted.numbers(), "base_rate": float(labels.mean()), "calibrated_on": len(labels)}, reference


def settings(kind: str) -> dict[str, Any]:
    """Return the boosting settings of a sub-model."""
    return DESCRIBED if kind.endswith("-described") else PLAIN


def soft_labels(tracks: Tracks, seed: int = 0) -> Floats:
    """Return labels mixed with what a model with descriptors, trained on other artists, says of each track."""
    table = tracks.columns()
    fold = np.array([int(hash_share(f"fold {artist}") * TEACHER_FOLDS) for artist in tracks.artists])
    said = np.empty(len(tracks))
    for number in range(TEACHER_FOLDS):
        inside, outside = fold != number, fold == number
        grown, _ = grow(table[inside], tracks.labels[inside], DESCRIBED, seed + number)
        said[outside] = 1 / (1 + np.exp(-grown.levels(table[outside])[0]))
    return TEACHER_WEIGHT * said + (1 - TEACHER_WEIGHT) * tracks.labels


def drawn(artists: NDArray[np.str_], members: int, seed: int) -> list[NDArray[np.int64]]:
    """Return the rows of each member: those of `SHARE` of the artists."""
    names, random = np.unique(artists), np.random.default_rng(seed)
    return [np.flatnonzero(np.isin(artists, random.permutation(names)[: round(SHARE * len(names))]))
            for _ in range(members)]


def grow_bag(table: Floats, labels: Floats, chosen: Sequence[NDArray[np.int64]], setting: Mapping[str, Any],
             seed: int) -> dict[str, NDArray[Any]]:
    """Grow a member on each choice of rows; return them packed."""
    random, grown = np.random.default_rng(seed), []
    for number, inside in enumerate(chosen):
        rows = table[inside].copy()
        rows[random.random(len(rows)) < UNKNOWN_TEMPO, list(COLUMNS).index("tempo")] = np.nan
        grown.append(grow(rows, labels[inside], setting, seed + number)[0])
    cuts = [np.unique(np.concatenate([_cuts(each, column) for each in grown])) for column in range(table.shape[1])]
    return pack(grown, cuts)


def grow(table: Floats, labels: Floats, chosen: Mapping[str, Any], seed: int) -> tuple[Trees, Any]:
    """Grow one boosted model on labels from 0 to 1: a row of label s is a hit of weight s and another of 1 - s."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(early_stopping=False, l2_regularization=5.0, random_state=seed, **chosen)
    hard = bool(np.isin(labels, (0, 1)).all())
    rows = table if hard else np.concatenate([table, table])
    hits = labels if hard else np.repeat([1.0, 0.0], len(labels))
    model.fit(rows, hits, sample_weight=None if hard else np.concatenate([labels, 1 - labels]))
    return _trees(model), model


def _trees(model: Any) -> Trees:
    """Read the nodes out of a fitted model of scikit-learn."""
    nodes = [each[0].nodes for each in model._predictors]
    sizes = np.array([len(each) for each in nodes])
    roots = np.cumsum([0, *sizes])[:-1]
    table = np.concatenate(nodes)
    leaf = table["is_leaf"].astype(bool)
    offset = np.repeat(roots, sizes)
    left, right = (np.where(leaf, -1, table[side].astype(np.int64) + offset) for side in ("left", "right"))
    share, count = np.ones(len(table)), table["count"].astype(float)
    for side in (left, right):
        share[side[~leaf]] = count[side[~leaf]] / count[~leaf]
    return Trees(column=np.where(leaf, 0, table["feature_idx"]).astype(np.int64),
                 threshold=np.where(leaf, 0.0, table["num_threshold"]).astype(np.float32).astype(float), left=left,
                 right=right, missing_left=~leaf & table["missing_go_to_left"].astype(bool),
                 value=np.where(leaf, table["value"], 0.0), share=share, roots=roots,
                 member=np.zeros(len(roots), np.int64), start=np.ravel(model._baseline_prediction).astype(float))


def _cuts(trees: Trees, column: int) -> Floats:
    return trees.threshold[(trees.left >= 0) & (trees.column == column)]


def fit_near(kind: str, tracks: Tracks, apart: Tracks, seed: int) -> dict[str, NDArray[Any]]:
    """Return what `features.distances` needs: k-means centres, no track, and distances of the tracks kept apart."""
    from sklearn.cluster import MiniBatchKMeans

    from hits.features import SHAPES

    names = [name for name, number in zip(COLUMNS, range(len(COLUMNS)), strict=True) if number in column_numbers(kind)]
    used = [number for number, name in enumerate(SHAPES) if name in names]
    table = shape(tracks.columns())[:, used]
    low, middle, high = np.nanquantile(table, (0.1, 0.5, 0.9), axis=0)
    spread = (high - low) / (2 * Z80)
    at = np.nan_to_num((table - middle) / spread)
    model = MiniBatchKMeans(CENTRES, random_state=seed, n_init=1, batch_size=1024).fit(np.clip(at, -6, 6))
    near: dict[str, NDArray[Any]] = {"used": np.array(used, np.int16), "middle": middle.astype(np.float32),
                                     "spread": spread.astype(np.float32),
                                     "centres": model.cluster_centers_.astype(np.float32)}
    found = distances(shape(apart.columns()), {name: values.astype(float) for name, values in near.items()})
    return near | {"reference": np.quantile(found, np.linspace(0, 1, QUANTILES)).astype(np.float32)}
