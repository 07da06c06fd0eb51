"""The transfer head: an operator's own labels on what a network trained elsewhere hears, a genre each.

Task: learn hits from about 200 labelled tracks, where a network from scratch needs thousands: a logistic regression on
the embedding of `hits.musicnn`, calibrated on artists it has not learned from, judged on others, with the seconds that
carry its answer.

Conventions: log-odds are natural and calibrated (Platt) on the validation side and on what heads that left a training
artist out say of that artist (docs/adr/0026), at the base rate of these; the weights themselves never see the
validation side, and nothing sees the test side. The head is linear in the embedding and the embedding is the mean of a
track's patches, so a track's log-odds are exactly the mean of those of its patches: what a part of the track adds, and
what would be without it, is computed and not estimated. (Beyond ±`LARGEST`, where an answer counts as certain, they are
cut off.) The 80 % interval is the spread of `DRAWS` heads, each trained and calibrated on artists drawn with
replacement, about the answer. Percentiles are among the test tracks. Strangeness is the distance to the five nearest
training tracks, as a percentile of that of validation and test tracks.

What is here
------------
TransferHead          train, save, load, judge, occlusion, over_time
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import calibration, scoring
from hits.calibration import LARGEST
from hits.judgement import Judgement, Quiet, Watch, logit
from hits.musicnn import Heard
from hits.split import Split, Track, check_split, facts_of, groups_of
from hits.transfer_card import card, metrics_of
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
PART, KIND, SOUND = "transfer", "musicnn", "sound"
LEAST, LEAST_OF_CLASS, LEAST_ARTISTS = 60, 10, 6
"""Tracks in all; hits (and others) and artists among those trained on. Below, a head learns the tracks by heart."""
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties to choose from, the strongest penalty first."""
FOLDS = 5
DRAWS, INTERVAL = 40, 0.8
NEIGHBOURS = 5
MOST_KEPT = 4_000
"""Training tracks kept to measure strangeness by."""
LONGEST_FIT = 2_000  # steps of the solver


@dataclass(frozen=True, slots=True)
class _Kept:
    """The head in numbers.

    Attributes
    ----------
    lines : ndarray, shape (1 + draws, features + 1)
        Weights of the embedding and an intercept, calibration included: the head, then those of drawn artists.
    reference : ndarray, shape (tests,)
        Calibrated log-odds of the test tracks, ascending.
    known : ndarray, shape (n, features)
        Training tracks, standardised by `mean` and `spread`, (features,).
    distances : ndarray
        Of validation and test tracks from those, ascending.
    """

    lines: Floats
    reference: Floats
    known: NDArray[np.float32]
    mean: Floats
    spread: Floats
    distances: Floats

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.__slots__}


class TransferHead:
    """A trained head of one genre; `train` or `load` makes one.

    Attributes
    ----------
    facts : dict
        Genre, date, data, split, strength, metrics: what the card is written from.
    """

    def __init__(self, kept: _Kept, facts: Mapping[str, Any]) -> None:
        self._kept, self.facts = kept, dict(facts)

    @property
    def genre(self) -> str:
        """The genre whose tracks it was trained on."""
        return str(self.facts["genre"])

    @property
    def metrics(self) -> dict[str, Any]:
        """How it did on the test tracks; what a new head is compared by."""
        return dict(self.facts["metrics"])

    @classmethod
    def train(cls, embeddings: Any, rows: Sequence[Track], split: Split, *, genre: str, today: date,
              data: Mapping[str, Any] | None = None, seed: int = 0, draws: int = DRAWS,
              watch: Watch | None = None) -> TransferHead:
        """Return a head trained, calibrated and judged on the three sides of a split.

        Parameters
        ----------
        embeddings : array_like, shape (rows, features)
            Of `hits.musicnn`.
        rows : sequence of Track
            The tracks of one genre, in the same order.
        split : Split
            Of these rows.
        genre : str
        today : date
            What the card says.
        data : mapping, optional
            Name and digest of the manifest, for the card.
        seed : int
            Decides which artists are drawn.
        draws : int
            Heads for the interval, at least 1; few make it rough.
        watch : Watch, optional
            Told of every fit, asked before each whether to stop.

        Raises
        ------
        DataError
            ``hit_transfer.few`` below 60 tracks, ``.classes`` if the training side lacks hits, others or artists,
            ``.one_sided`` if all hits (or others) are by too few of them, ``.rows`` or ``.values`` for embeddings that
            do not fit; ``hit_split.artists``; ``hit_calibration.few``.
        support.errors.Cancelled
            What `watch.check` raises.
        """
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, "blas"):  # matrices so small that threads only wait for each other, by spinning
            return cls._trained(embeddings, rows, split, genre, today, data, seed, draws, watch)

    @classmethod
    def _trained(cls, embeddings: Any, rows: Sequence[Track], split: Split, genre: str, today: date,
                 data: Mapping[str, Any] | None, seed: int, draws: int, watch: Watch | None) -> TransferHead:
        given, labels, groups = _checked(embeddings, rows, split)
        steps = _Steps(watch or Quiet(), len(STRENGTHS) + 1 + draws, genre)
        mean, spread = given[split.train].mean(0), given[split.train].std(0)
        spread = np.where(spread > 1e-9, spread, 1)  # what never varies cannot be learned from: its weight stays 0
        standard = (given - mean) / spread
        train, validation = (_Tracks(standard[side], labels[side], groups[side], np.zeros(len(side), np.intp))
                             for side in (split.train, split.validation))
        train = replace(train, folds=_folds(train))
        strength, losses = _strength(train, steps)
        lines = np.array([_line(train, validation, strength, steps),
                          *_drawn(train, validation, strength, draws, seed, steps)])
        if len(lines) < 2:
            raise DataError("hit_transfer.one_sided", folds=FOLDS)
        lines = np.column_stack((lines[:, :-1] / spread, lines[:, -1] - (lines[:, :-1] / spread) @ mean))
        tested = _log_odds(lines[:1], given[split.test])[0]
        known = standard[split.train[::-(-len(split.train) // MOST_KEPT)]].astype(np.float32)
        apart = standard[np.concatenate((split.validation, split.test))]
        kept = _Kept(lines, np.sort(tested), known, mean, spread, np.sort(_distances(apart, known)))
        return cls(kept, {
            "part": PART, "kind": KIND, "genre": genre, "date": today.isoformat(), "data": dict(data or {}),
            "features": given.shape[1], "split": facts_of(split, rows), "strength": strength,
            "losses": losses, "draws": len(lines) - 1, "base_rate": _base_rate(train, validation),
            "metrics": metrics_of(labels[split.test], tested, groups[split.test])})

    def log_odds(self, embeddings: Any) -> Floats:
        """Return calibrated log-odds of embeddings (n, features), (n,)."""
        return np.clip(_log_odds(self._kept.lines[:1], self._fitting(np.atleast_2d(embeddings)))[0], -LARGEST, LARGEST)

    def judge(self, embedding: Any) -> Judgement:
        """Return what the head says of one track, by its embedding (features,).

        Raises
        ------
        DataError
            ``hit_transfer.features``: the embedding is of another model than those trained on.
        """
        given = self._fitting(embedding)
        every = np.clip(_log_odds(self._kept.lines, given[None])[:, 0], -LARGEST, LARGEST)
        found, base_rate = float(every[0]), float(self.facts["base_rate"])
        low, high = found + np.quantile(every[1:] - np.median(every[1:]), ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2))
        far = _distances(((given - self._kept.mean) / self._kept.spread)[None], self._kept.known)[0]
        shown = {name: self.facts[name] for name in ("kind", "genre", "date", "data")}
        return Judgement(PART, found, base_rate, min(float(low), found), max(float(high), found),
                         scoring.percentile(self._kept.reference, found),
                         scoring.percentile(self._kept.distances, float(far)) / 100,
                         ((SOUND, found - logit(base_rate)),), shown)

    def over_time(self, heard: Heard) -> tuple[tuple[float, float, float], ...]:
        """Return what each patch of a track adds to its evidence: (start_s, end_s, log-odds).

        They sum to ``log_odds - logit(base_rate)``, exactly while that is within ±`LARGEST`.
        """
        each = self._by_patch(heard)
        shares = (each - logit(float(self.facts["base_rate"]))) / len(each)
        return _spanned(heard, shares)

    def occlusion(self, heard: Heard, window_s: float | None = None,
                  hop_s: float = 2.5) -> tuple[tuple[float, float, float], ...]:
        """Return how the log-odds change when some seconds are left out: (start_s, end_s, change).

        Log-odds without these seconds less log-odds with them: below 0 they lift the answer. Left out are the patches
        of about three seconds that lie at least half within a window; without one, each patch by itself. Where nothing
        would be left, nothing is said.
        """
        each, patches = self._by_patch(heard), heard.by_patch
        if window_s is None:
            return () if len(each) < 2 else _spanned(heard, (each.sum() - each) / (len(each) - 1) - each.mean())
        found = []
        for start in map(float, np.arange(0.0, max(patches.spans[-1, 1] - window_s, 0) + 1e-6, hop_s)):
            left = patches.inside(start, start + window_s)
            if left.any() and not left.all():
                found.append((start, start + window_s, float(each[~left].mean() - each.mean())))
        return tuple(found)

    def save(self, folder: Path) -> None:
        """Write the head, ``metrics.json`` and ``CARD.md`` as a folder, in place of what stood there."""
        listed = json.dumps(self.metrics, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        weights.write(folder, self._kept.arrays(), self.facts, {"metrics.json": listed, "CARD.md": card(self.facts)})

    @classmethod
    def load(cls, folder: Path) -> TransferHead:
        """Return the head that `save` wrote.

        Raises
        ------
        DataError
            ``weights.missing``, ``.form``, ``.broken``; ``hit_transfer.broken`` if it is no head of this program.
        """
        arrays, facts = weights.read(folder)
        try:
            kept = _Kept(**{name: arrays[name] for name in _Kept.__slots__})
            fits = facts["part"] == PART and kept.lines.shape[1] == kept.known.shape[1] + 1 == facts["features"] + 1
        except (KeyError, IndexError, TypeError) as error:
            raise DataError("hit_transfer.broken", folder=str(folder)) from error
        if not fits:
            raise DataError("hit_transfer.broken", folder=str(folder))
        return cls(kept, facts)

    def _by_patch(self, heard: Heard) -> Floats:
        return _log_odds(self._kept.lines[:1], self._fitting(heard.by_patch.embeddings))[0]

    def _fitting(self, embeddings: Any) -> Floats:
        given = np.asarray(embeddings, float)
        if given.shape[-1] != self.facts["features"]:
            raise DataError("hit_transfer.features", wanted=self.facts["features"], found=given.shape[-1])
        return given


# --- training ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tracks:
    given: Floats  # standardised embeddings
    labels: Floats
    groups: NDArray[np.intp]
    folds: NDArray[np.intp]  # which artists are left out together; of training tracks only

    def of(self, places: NDArray[np.intp]) -> _Tracks:
        return _Tracks(self.given[places], self.labels[places], self.groups[places], self.folds[places])


class _Steps:
    """Counts fits for whoever watches."""

    def __init__(self, watch: Watch, total: int, note: str) -> None:
        self.watch, self.total, self.note, self.done = watch, total, note, 0

    def next(self) -> None:
        self.watch.check()
        self.done += 1
        self.watch.report(self.done, self.total, self.note)


def _checked(embeddings: Any, rows: Sequence[Track],
             split: Split) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return embeddings, labels and groups of artists; raise where they cannot be learned from."""
    given, labels = np.asarray(embeddings, float), np.array([row.hit for row in rows], float)
    if given.ndim != 2 or len(given) != len(rows):
        raise DataError("hit_transfer.rows", embeddings=len(given), rows=len(rows))
    if not np.isfinite(given).all():
        raise DataError("hit_transfer.values", row=int(np.argmin(np.isfinite(given).all(1))) + 1)
    used = sum(len(side) for side in split.sides.values())
    if used < LEAST:
        raise DataError("hit_transfer.few", tracks=used, least=LEAST)
    check_split(split, rows)
    groups = groups_of(rows)
    hits, artists = int(labels[split.train].sum()), len(np.unique(groups[split.train]))
    others = len(split.train) - hits
    if min(hits, others) < LEAST_OF_CLASS or artists < LEAST_ARTISTS:
        raise DataError("hit_transfer.classes", hits=hits, others=others, artists=artists, least=LEAST_OF_CLASS,
                        least_artists=LEAST_ARTISTS)
    return given, labels, groups


def _strength(tracks: _Tracks, steps: _Steps) -> tuple[float, dict[str, float]]:
    """Return the inverse penalty that does best on artists left out in turn, and the loss of each."""
    losses: dict[str, float] = {}
    for strength in STRENGTHS:
        steps.next()
        raw = _left_out(tracks, strength)
        losses[str(strength)] = round(float((np.logaddexp(0, raw) - tracks.labels * raw).mean()), 6)
    return min(STRENGTHS, key=lambda each: losses[str(each)]), losses


def _line(train: _Tracks, validation: _Tracks, strength: float, steps: _Steps) -> Floats:
    """Return weights and intercept of a head, calibrated by artists it has not learned from.

    Those of the validation side are joined by the training artists, each judged by a head that left it out: 200 tracks
    leave 30 for validation, which alone would make the calibration the weakest part.
    """
    steps.next()
    slopes = _logistic(train, strength)
    raw = np.concatenate((_left_out(train, strength), validation.given @ slopes[:-1] + slopes[-1]))
    line = calibration.fit("platt", raw, np.concatenate((train.labels, validation.labels)))
    assert isinstance(line, calibration.Platt)
    return np.append(line.slope * slopes[:-1], line.slope * slopes[-1] + line.intercept)


def _base_rate(train: _Tracks, validation: _Tracks) -> float:
    return float(np.concatenate((train.labels, validation.labels)).mean())


def _left_out(tracks: _Tracks, strength: float) -> Floats:
    """Return what is said of each track by a head that has learned from other artists only."""
    raw = np.zeros(len(tracks.labels))
    for fold in np.unique(tracks.folds):
        left = tracks.folds == fold
        slopes = _logistic(tracks.of(np.flatnonzero(~left)), strength)
        raw[left] = tracks.given[left] @ slopes[:-1] + slopes[-1]
    return raw


def _logistic(tracks: _Tracks, strength: float) -> Floats:
    """Return weights and intercept of a penalised logistic regression."""
    from sklearn.linear_model import LogisticRegression

    if not 0 < tracks.labels.sum() < len(tracks.labels):
        raise DataError("hit_transfer.one_sided", folds=FOLDS)
    model = LogisticRegression(C=strength, max_iter=LONGEST_FIT).fit(tracks.given, tracks.labels)
    return np.append(model.coef_[0], model.intercept_[0])


def _folds(tracks: _Tracks) -> NDArray[np.intp]:
    """Return a number for each track: artists stay whole, hits are spread evenly."""
    from sklearn.model_selection import StratifiedGroupKFold

    found = np.zeros_like(tracks.folds)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for number, (_, left) in enumerate(folds.split(tracks.given, tracks.labels, tracks.groups)):
        found[left] = number
    return found


def _drawn(train: _Tracks, validation: _Tracks, strength: float, draws: int, seed: int,
           steps: _Steps) -> Iterator[Floats]:
    """Give heads trained and calibrated on artists drawn with all their tracks, with replacement."""
    random = np.random.default_rng(seed)
    for _ in range(draws):
        try:  # an artist drawn twice is twice in the same fold
            yield _line(_draw(train, random), _draw(validation, random), strength, steps)
        except DataError:  # too few hits or others were drawn
            continue


def _draw(tracks: _Tracks, random: np.random.Generator) -> _Tracks:
    members = [np.flatnonzero(tracks.groups == group) for group in np.unique(tracks.groups)]
    return tracks.of(np.concatenate([members[place] for place in random.integers(0, len(members), len(members))]))


# --- numbers -------------------------------------------------------------------------------------------------------


def _log_odds(lines: Floats, embeddings: Floats) -> Floats:
    """Return log-odds by every line, (lines, n)."""
    found: Floats = lines[:, :-1] @ embeddings.T + lines[:, -1:]
    return found


def _distances(found: Floats, known: NDArray[np.float32]) -> Floats:
    """Return the mean distance of each row to its `NEIGHBOURS` nearest known ones."""
    nearest = min(NEIGHBOURS, len(known))
    return np.array([np.sqrt(np.partition(np.square(known - row).sum(axis=1), nearest - 1)[:nearest]).mean()
                     for row in found], np.float64)


def _spanned(heard: Heard, values: Floats) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(start), float(end), float(value))
                 for (start, end), value in zip(heard.by_patch.spans, values, strict=True))
