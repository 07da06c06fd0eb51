"""One calibrated logistic regression on embeddings made elsewhere: what the transfer head and the sentence head share.

Task: learn hits from about 100 to 200 labelled tracks whose sound or words a network has already turned into numbers.

Conventions: the weights come from the training side alone. So few tracks leave a small validation, so the calibration
(Platt) is by its log-odds and by those of training artists left out in turn, which choose the penalty as well, at the
base rate of both sides; nothing sees the test side. The 80 % interval is the spread of heads trained and calibrated in
the same way on artists drawn with replacement, about the answer. Percentiles and strangeness are ranks among tracks
scored by a fit without their artist, test included; distance is the mean one to the five nearest of those learned from.
Log-odds are natural.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import calibration
from hits.calibration import LARGEST
from hits.judgement import Judgement, Watch, logit
from hits.kept_apart import MIDDLE, distances
from hits.scoring import percentile
from hits.split import Split
from support.errors import DataError

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties to choose from, the strongest penalty first."""
FOLDS, DRAWS = 5, 40
MOST_KEPT = 4_000
"""Training tracks kept to measure strangeness by."""
LONGEST_FIT = 2_000  # steps of the solver


@dataclass(frozen=True, slots=True)
class Head:
    """A head in numbers.

    Attributes
    ----------
    lines : ndarray, shape (1 + draws, features + 1)
        Weights of the embedding and an intercept, calibration included: the head, then those of drawn artists.
    reference, distances : ndarray
        Calibrated log-odds, and distances, of the tracks kept apart, ascending.
    known : ndarray, shape (n, features)
        Training tracks, standardised by `mean` and `spread`, (features,).
    """

    lines: Floats
    reference: Floats
    distances: Floats
    known: NDArray[np.float32]
    mean: Floats
    spread: Floats

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `of_arrays` needs."""
        return {name: getattr(self, name) for name in self.__slots__}

    def log_odds(self, given: Floats) -> Floats:
        """Return calibrated log-odds of embeddings (n, features), (n,), without a limit."""
        found: Floats = given @ self.lines[0, :-1] + self.lines[0, -1]
        return found

    def judgement(self, part: str, given: Floats, base_rate: float, facts: Mapping[str, Any],
                  named: str) -> Judgement:
        """Return what the head says of one track by its embedding, (features,)."""
        every = np.clip(self.lines[:, :-1] @ given + self.lines[:, -1], -LARGEST, LARGEST)
        found = float(every[0])
        ends = found + np.percentile(every[1:] - np.median(every[1:]), MIDDLE)
        low, high = min(float(ends[0]), found), max(float(ends[1]), found)
        far = float(distances(((given - self.mean) / self.spread)[None], self.known)[0])
        return Judgement(part, found, base_rate, low, high, percentile(self.reference, found),
                         percentile(self.distances, far) / 100, ((named, found - logit(base_rate)),), dict(facts),
                         percentile_low=percentile(self.reference, low),
                         percentile_high=percentile(self.reference, high))


def of_arrays(arrays: Mapping[str, NDArray[Any]], features: int) -> Head:
    """Return what `Head.arrays` gave.

    Raises
    ------
    ValueError
        If something is missing or of another shape.
    """
    if any(name not in arrays for name in Head.__slots__):
        raise ValueError("head")
    head = Head(**{name: arrays[name] for name in Head.__slots__})
    if head.lines.ndim != 2 or head.known.ndim != 2 or not head.lines.shape[1] - 1 == features == head.known.shape[1]:
        raise ValueError("head")
    return head


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head as it was trained: calibrated log-odds of the test side, the penalty that was chosen, each one's loss."""

    head: Head
    tested: Floats
    strength: float
    losses: Mapping[str, float]
    base_rate: float


class Steps:
    """Counts what is done for whoever watches."""

    def __init__(self, watch: Watch, total: int, note: str) -> None:
        self.watch, self.total, self.note, self.done = watch, total, note, 0

    def each(self, things: Sequence[Any]) -> Iterator[Any]:
        """Give each thing, after asking whether to stop."""
        for thing in things:
            self.watch.check()
            yield thing
            self.done += 1
            self.watch.report(self.done, self.total, self.note)


def fit(given: Floats, labels: Floats, groups: Places, split: Split, *, steps: Steps, seed: int = 0,
        draws: int = DRAWS) -> Fitted:
    """Return a head trained, calibrated and judged on the three sides of a split.

    Parameters
    ----------
    given : ndarray, shape (tracks, features)
    labels, groups : ndarray, shape (tracks,)
        1 for a hit; which tracks share artists.
    split : Split
        Of these tracks, no artist on two sides.
    steps : Steps
        Told of ``len(STRENGTHS) + draws`` fits.
    seed : int
        Decides which artists are drawn.

    Raises
    ------
    DataError
        ``hit_calibration.few``; ``hit_transfer.one_sided`` if no artists drawn have both hits and others.
    """
    from threadpoolctl import threadpool_limits

    mean, spread = given[split.train].mean(axis=0), given[split.train].std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1)  # what never varies teaches nothing
    tracks = _Tracks((given - mean) / spread, labels, groups, split)
    with threadpool_limits(1, "blas"):  # matrices so small that threads only wait for each other, by spinning
        return _fitted(tracks, mean, spread, seed, draws, steps)


@dataclass(frozen=True, slots=True)
class _Tracks:
    given: Floats  # standardised
    labels: Floats
    groups: Places
    split: Split


def _fitted(tracks: _Tracks, mean: Floats, spread: Floats, seed: int, draws: int, steps: Steps) -> Fitted:
    split, folds = tracks.split, _folds(tracks)
    strength, losses = _chosen(tracks, folds, steps)
    raw, labels, line = _line(tracks, strength, split.train, split.validation, folds)
    lines = [line]
    for draw in steps.each(range(draws)):
        lines += _drawn(tracks, strength, folds, np.random.default_rng((seed, draw)))
    if len(lines) < 2:
        raise DataError("hit_transfer.one_sided", folds=FOLDS)
    apart = calibration.fit("platt", raw, labels)(raw)
    tested = np.clip(_raw(tracks, lines[0], split.test), -LARGEST, LARGEST)
    far = [distances(tracks.given[left], tracks.given[fitted])
           for fitted, left in (*folds, (split.train, np.concatenate([split.validation, split.test])))]
    unscaled = [np.append(line[:-1] / spread, line[-1] - (line[:-1] / spread) @ mean) for line in lines]
    known = tracks.given[split.train[::-(-len(split.train) // MOST_KEPT)]].astype(np.float32)
    head = Head(np.array(unscaled), np.sort(np.concatenate([apart, tested])), np.sort(np.concatenate(far)), known,
                mean, spread)
    return Fitted(head, tested, strength, losses, float(labels.mean()))


def _folds(tracks: _Tracks) -> list[tuple[Places, Places]]:
    """Return what is fitted and what is left out, in turn, artists whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    train, labels = tracks.split.train, tracks.labels[tracks.split.train]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(labels[:, None], labels,
                                                                            tracks.groups[train])
    return [(train[fitted], train[left]) for fitted, left in folds if len(left) and 0 < labels[fitted].mean() < 1]


def _chosen(tracks: _Tracks, folds: Sequence[tuple[Places, Places]], steps: Steps) -> tuple[float, dict[str, float]]:
    """Return the inverse penalty that does best on training artists left out in turn, and the loss of each."""
    labels, losses = tracks.labels[tracks.split.train], {}
    for strength in steps.each(STRENGTHS):
        raw = _left_out(tracks, strength, tracks.split.train, folds)
        losses[strength] = float((np.logaddexp(0, raw) - labels * raw).mean())
    return min(losses, key=losses.__getitem__), {str(each): round(loss, 6) for each, loss in losses.items()}


def _left_out(tracks: _Tracks, strength: float, places: Places, folds: Sequence[tuple[Places, Places]]) -> Floats:
    """Return what is said of each of some training tracks by a head that has learned from others of their artists."""
    raw = np.full(len(places), logit(float(tracks.labels[places].mean())))  # for tracks no fold leaves out
    for _, left in folds:
        out = np.isin(places, left)
        if out.any():
            raw[out] = _raw(tracks, _logistic(tracks, strength, places[~out]), places[out])
    return raw


def _line(tracks: _Tracks, strength: float, train: Places, validation: Places,
          folds: Sequence[tuple[Places, Places]]) -> tuple[Floats, Floats, Floats]:
    """Return raw log-odds and labels of tracks no weights have seen, and the weights, calibrated by them."""
    plain = _logistic(tracks, strength, train)
    raw = np.concatenate([_left_out(tracks, strength, train, folds), _raw(tracks, plain, validation)])
    labels = tracks.labels[np.concatenate([train, validation])]
    found = calibration.fit("platt", raw, labels)
    assert isinstance(found, calibration.Platt)
    return raw, labels, np.append(found.slope * plain[:-1], found.slope * plain[-1] + found.intercept)


def _logistic(tracks: _Tracks, strength: float, places: Places) -> Floats:
    """Return weights and intercept of a penalised logistic regression on some tracks."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=LONGEST_FIT).fit(tracks.given[places], tracks.labels[places])
    return np.append(model.coef_[0], model.intercept_[0])


def _raw(tracks: _Tracks, line: Floats, places: Places) -> Floats:
    found: Floats = tracks.given[places] @ line[:-1] + line[-1]
    return found


def _drawn(tracks: _Tracks, strength: float, folds: Sequence[tuple[Places, Places]],
           random: np.random.Generator) -> list[Floats]:
    """Return a head trained and calibrated on artists drawn with replacement; none where too few of a class came up.

    An artist drawn twice is twice in the same fold.
    """
    train, validation = (_draw(tracks.groups, side, random) for side in (tracks.split.train, tracks.split.validation))
    try:
        return [_line(tracks, strength, train, validation, folds)[2]]
    except (DataError, ValueError):  # a class is missing
        return []


def _draw(groups: Places, side: Places, random: np.random.Generator) -> Places:
    artists = np.unique(groups[side])
    return np.concatenate([side[groups[side] == artist] for artist in random.choice(artists, len(artists))])
