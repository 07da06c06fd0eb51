"""How good the feature model is, on tracks of artists it does not know: beside baselines, by decade, by probability.

Task: the figures of ``models/hit_features/metrics.json``, its card and ``bench/hit.py``; nothing here is used to judge.
Conventions: probabilities are at the base rate of the tracks that are scored (`at_rate`), all ways alike; intervals are
95 %, drawn over artists (`scoring.interval`). Bins of probability are tenths; ``worst_gap`` is over those with 100 and
more tracks, ``worst_gap_tenths`` over ten bins of equally many tracks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import features, scoring
from hits.calibration import fit, restore
from hits.features import DESCRIPTORS, KINDS, NAMES, FeatureModel
from hits.features_training import Tracks, hash_share, learned, said_apart, train
from hits.judgement import logit

Floats = NDArray[np.float64]
ENOUGH = 100
"""Tracks of a bin whose calibration is judged."""
NEWEST = 2010
FOLDS = 5
"""Artist folds on which plain ways are calibrated."""
REPEATS = 200
"""Bootstrap samples of each interval."""


def answers(model: FeatureModel, tracks: Tracks, kind: str) -> Floats:
    """Return the shipped sub-model's probabilities, (n,), at the base rate of `tracks`."""
    part = model.parts[kind]
    return at_rate(part.log_odds(tracks.columns()), part.base_rate, tracks)


def at_rate(log_odds: Floats, base_rate: float, tracks: Tracks) -> Floats:
    """Return probabilities of log-odds calibrated at one base rate at that of `tracks`, as `fusion.rebase` does."""
    rate = float(tracks.labels.mean())
    return _likely(log_odds - logit(base_rate) + logit(rate) if 0 < rate < 1 else log_odds)


def figures(tracks: Tracks, said: Floats, repeats: int = REPEATS) -> dict[str, Any]:
    """Return scores, intervals of ROC area and Brier score, and the bins of probability."""
    told: dict[str, Any] = dict(scoring.scores(tracks.labels, said))
    for name in ("auc", "brier") if repeats else ():
        low, high = scoring.interval(tracks.labels, said, list(tracks.artists), scoring.METRICS[name], repeats=repeats)
        told[f"{name}_low"], told[f"{name}_high"] = low, high
    bins = scoring.reliability(tracks.labels, said)
    even = scoring.reliability(tracks.labels, said, equal_counts=True)
    return told | {"artists": len(set(tracks.artists)), "bins": [asdict(each) for each in bins],
                   "worst_gap": scoring.worst_gap(bins, ENOUGH), "worst_gap_tenths": scoring.worst_gap(even, ENOUGH)}


def by_decade(tracks: Tracks, said: Floats) -> dict[str, dict[str, float]]:
    """Return scores by decade of the track."""
    where = {str(decade): tracks.decades == decade for decade in sorted(set(tracks.decades.tolist()))}
    return {name: scoring.scores(tracks.labels[mask], said[mask]) for name, mask in where.items()}


def baselines(known: Tracks, tracks: Tracks) -> dict[str, Floats]:
    """Return what plain ways say of `tracks`: the majority, loudness alone, gradient boosting with default settings.

    Each is fitted on `known` and, as the shipped model is, calibrated on what those not knowing a track's artist say:
    fits on all but a fifth of the artists. The majority is told the base rate.
    """
    found = {"majority": np.full(len(tracks), tracks.labels.mean())}
    for name, inputs in (("loudness", ("loudness",)), ("boosting", NAMES), ("boosting-described", NAMES + DESCRIPTORS)):
        found[name] = _plain(known, tracks, inputs)
    return found


def _plain(known: Tracks, tracks: Tracks, inputs: Sequence[str]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    def table(some: Tracks) -> Floats:
        return np.stack([some.inputs[name] for name in inputs], axis=1)

    def fitted(some: Tracks) -> Any:
        return HistGradientBoostingClassifier(random_state=0, early_stopping=False).fit(table(some), some.labels)

    fold = np.array([int(hash_share(f"plain {artist}") * FOLDS) for artist in known.artists])
    raw = np.empty(len(known))
    for number in range(FOLDS):
        raw[fold == number] = fitted(known.of(fold != number)).decision_function(table(known.of(fold == number)))
    said = fit("platt", raw, known.labels)(fitted(known).decision_function(table(tracks)))
    return at_rate(said, float(known.labels.mean()), tracks)


def before_and_after(known: Tracks, apart: Tracks, tracks: Tracks, *, members: int,
                     kinds: tuple[str, ...] = ("full", "full-described")) -> dict[str, dict[str, Any]]:
    """Train and calibrate on tracks before `NEWEST`, test on those since; all artists apart.

    ``as_was`` keeps the calibration of the earlier decades; ``own`` is calibrated on tracks of `known` and `apart`
    since `NEWEST`, by members that did not learn from their artists.
    """
    early = known.of(known.decades < NEWEST), apart.of(apart.decades < NEWEST)
    late = known.beside(apart)
    late = late.of(late.decades >= NEWEST)
    newest = tracks.of(tracks.decades >= NEWEST)
    arrays, numbers = train(*early, kinds=kinds, members=members)
    names = learned(early[0].beside(early[1]).artists, members)
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        part = features.part_of(kind, arrays, numbers[kind])
        raw = part.levels(newest.columns()).mean(axis=0)
        other = said_apart(part.levels(late.columns()), late.artists, names)
        told = ~np.isnan(other)
        as_was, own = restore(numbers[kind]["calibration"]), fit("platt", other[told], late.labels[told])
        found[kind] = {"as_was": figures(newest, at_rate(as_was(raw), numbers[kind]["base_rate"], newest)),
                       "own": figures(newest, at_rate(own(raw), float(late.labels[told].mean()), newest))}
    return found


def without_and_with(model: FeatureModel, tracks: Tracks) -> dict[str, dict[str, Any]]:
    """Return the figures of all sub-models on the same tracks."""
    return {kind: figures(tracks, answers(model, tracks, kind)) for kind in KINDS}


def interval_width(model: FeatureModel, kind: str, tracks: Tracks) -> float:
    """Return the mean width of the 80 % intervals in log-odds; how wide members disagree."""
    part = model.parts[kind]
    members = part.calibrator(part.levels(tracks.columns()))
    return float((2 * features.Z80 * part.widening * members.std(axis=0, ddof=1)).mean())


def turned_away(model: FeatureModel, kind: str, tracks: Tracks, limit: float) -> float:
    """Return the share of tracks stranger to a sub-model than `limit`."""
    near: Mapping[str, Floats] = model.parts[kind].near
    found = features.distances(features.shape(tracks.columns()), near)
    return float(np.mean([scoring.percentile(near["reference"], each) / 100 > limit for each in found]))


def _likely(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))
