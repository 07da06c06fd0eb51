"""From the judgements of several parts to one answer: evidence in log-odds, a resemblance, a probability at a prior.

Task: `fuse` adds up what each part says relative to its own base rate, so that parts calibrated on sets with different
shares of hits can meet, and moves the sum to the operator's prior. Sources: a change of base rate adds the difference
of the priors' log-odds (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2; Saerens, Latinne &
Decaestecker 2002); learned weights are logistic stacking (Wolpert 1992) with weights of at least 0 (Breiman 1996).

Weights: those a training learned on tracks kept apart, else stated ones. Summing log-odds would be right only for parts
that are independent given the label; parts here hear the same sound or read the same words, and a sum would count what
they share once for each. So by default the parts of one *source* (sound, words) are averaged, and the two averages are
added at `SECOND_SOURCE` of their size: between the mean (nothing new in the second) and the sum (everything new).

Conventions: natural log-odds; contributions add up to the fused log-odds ratio; intervals are 80 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits.judgement import Judgement, logit, sigmoid
from support.errors import DataError

Floats = NDArray[np.float64]
SOURCES = {"features": "sound", "audio": "sound", "transfer": "sound", "lyrics": "words", "sentences": "words"}
"""What each part goes by."""
SECOND_SOURCE = 0.75
"""What each of two sources counts where both are there: halfway between their mean (a half) and their sum (one)."""
STRANGE = 0.99
"""Tracks stranger than this share of the tracks kept apart in training are not answered; by its meaning, one in a
hundred tracks like those of the training is turned away too."""
DEFAULT_PRIOR = 0.01
RIDGE = 1.0
"""Pull of learned weights towards the stated ones, in tracks' worth of evidence for a weight off by one."""
FEWEST = 20
"""Hits and others that learning weights takes at least."""
STEPS = 200
LEAST = 1e-3
"""Percentiles nearer to 0 or 100 count as this far from it, as shares."""


@dataclass(frozen=True, slots=True)
class Fused:
    """One answer about one track.

    Attributes
    ----------
    log_odds_ratio : float
        Evidence relative to the base rate; 0 says nothing either way.
    low, high : float
        80 % interval of it.
    prior, probability, probability_low, probability_high : float
        The operator's share of hits among all tracks, and the answer at it.
    score, score_low, score_high : float
        Resemblance, 0 to 100: share of tracks kept apart that score lower, of the parts by their weights.
    shares : mapping of str to float
        What each part adds in log-odds; they sum to `log_odds_ratio`.
    weights : mapping of str to float
        What each part's evidence was multiplied by; `learned` says whether a training found them.
    strange : tuple of str
        Parts to which the track is unlike what they were trained on; they are left out.
    abstained : str or None
        ``strange`` (all parts that were there are), ``nothing`` (no part was there); the numbers are then None.
    """

    log_odds_ratio: float | None
    low: float | None
    high: float | None
    prior: float
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    score: float | None
    score_low: float | None
    score_high: float | None
    shares: Mapping[str, float]
    weights: Mapping[str, float]
    learned: bool
    strange: tuple[str, ...] = ()
    abstained: str | None = None


def fuse(judgements: Sequence[Judgement], weights: Mapping[str, float] | None = None,
         prior: float = DEFAULT_PRIOR) -> Fused:
    """Return one answer from the judgements that there are.

    Parameters
    ----------
    judgements : sequence of Judgement
        At most one of each part. Those to which the track is too strange (`STRANGE`) are left out and named.
    weights : mapping of str to float, optional
        By part, from `learn_weights`. Used where all parts that answer have one and not all are 0; else those of
        `stated_weights`. Where a part is missing that they were learned with, the others keep theirs: they then say
        too little rather than too much.
    prior : float
        Share of hits among the tracks the answer is about, above 0 and below 1.

    Raises
    ------
    DataError
        ``hit_fusion.prior``, ``hit_fusion.twice``.
    """
    check_prior(prior)
    parts = [each.part for each in judgements]
    if len(set(parts)) < len(parts):
        raise DataError("hit_fusion.twice", part=next(part for part in parts if parts.count(part) > 1))
    strange = tuple(each.part for each in judgements if each.strange is not None and each.strange > STRANGE)
    heard = [each for each in judgements if each.part not in strange]
    if not heard:
        return _silent(prior, strange)
    learned = weights is not None and all(each.part in weights for each in heard) \
        and any(weights[each.part] > 0 for each in heard)
    used = {each.part: float(weights[each.part]) for each in heard} if learned and weights is not None \
        else stated_weights([each.part for each in heard])
    return _answer(heard, used, prior, strange, learned)


def stated_weights(parts: Sequence[str]) -> dict[str, float]:
    """Return the weights used where none were learned: the mean within a source, `SECOND_SOURCE` of each of two."""
    sources = [SOURCES.get(part, part) for part in parts]
    size = SECOND_SOURCE if len(set(sources)) > 1 else 1.0
    return {part: size / sources.count(source) for part, source in zip(parts, sources, strict=True)}


def rebase(log_odds: float, base_rate: float, prior: float) -> float:
    """Return log-odds at another share of hits: the difference of the log-odds of both shares is added."""
    check_prior(prior)
    return log_odds - logit(base_rate) + logit(prior)


def rebase_ratio(ratio: float, prior: float) -> float:
    """Return the probability at a prior of evidence relative to a base rate (`Fused.log_odds_ratio`)."""
    check_prior(prior)
    return sigmoid(logit(prior) + ratio)


def check_prior(prior: float) -> None:
    """Refuse a prior that is no share between 0 and 1.

    Raises
    ------
    DataError
        ``hit_fusion.prior``.
    """
    if not 0 < prior < 1:
        raise DataError("hit_fusion.prior", value=prior)


def learn_weights(evidence: Any, labels: Any, parts: Sequence[str], base_rate: float | None = None) -> dict[str, float]:
    """Return weights of parts by logistic stacking on tracks that none of the parts was trained on.

    The intercept is held at the log-odds of the base rate, so that weights are of evidence alone. A part that did not
    answer counts as no evidence. Weights are at least 0 and pulled (`RIDGE`) towards `stated_weights`.

    Parameters
    ----------
    evidence : array_like, (n, parts)
        `Judgement.evidence` (log-odds relative to the part's base rate); NaN where a part did not answer.
    labels : array_like, (n,)
        0 or 1.
    parts : sequence of str
        Names of the columns.
    base_rate : float, optional
        Share of hits; that of `labels` if it is not given.

    Raises
    ------
    DataError
        ``hit_fusion.few``: under `FEWEST` hits or others.
    """
    table, hits = np.nan_to_num(np.asarray(evidence, float).reshape(-1, len(parts))), np.asarray(labels, float)
    if min(hits.sum(), (1 - hits).sum()) < FEWEST:
        raise DataError("hit_fusion.few", hits=int(hits.sum()), others=int((1 - hits).sum()), least=FEWEST)
    aim = np.array(list(stated_weights(parts).values()))
    start = logit(float(hits.mean()) if base_rate is None else base_rate)
    found = _stacked(table, hits, start, aim)
    return {part: float(weight) for part, weight in zip(parts, found, strict=True)}


def _stacked(table: Floats, hits: Floats, start: float, aim: Floats) -> Floats:
    """Return weights of at least 0 by projected gradient steps, each as long as the steepest bend allows."""
    longest = 1 / (np.linalg.eigvalsh(table.T @ table)[-1] / 4 + RIDGE)
    weights, ahead, pace = aim.copy(), aim.copy(), 1.0
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-(start + table @ ahead)))
        fresh = np.maximum(ahead - longest * (table.T @ (likely - hits) + RIDGE * (ahead - aim)), 0)
        quicker = (1 + math.sqrt(1 + 4 * pace**2)) / 2  # Nesterov's acceleration (Beck & Teboulle 2009)
        ahead, weights, pace = fresh + (pace - 1) / quicker * (fresh - weights), fresh, quicker
    return weights


def _answer(heard: Sequence[Judgement], weights: Mapping[str, float], prior: float, strange: tuple[str, ...],
            learned: bool) -> Fused:
    shares = {each.part: weights[each.part] * each.evidence for each in heard}
    ratio, start = math.fsum(shares.values()), logit(prior)
    # Errors of parts that share their input go together: half-widths are added, which is the widest they can be.
    below = sum(weights[each.part] * (each.log_odds - each.low) for each in heard)
    above = sum(weights[each.part] * (each.high - each.log_odds) for each in heard)
    score = _resemblance(heard, weights)
    return Fused(
        log_odds_ratio=ratio, low=ratio - below, high=ratio + above, prior=prior,
        probability=sigmoid(start + ratio), probability_low=sigmoid(start + ratio - below),
        probability_high=sigmoid(start + ratio + above), score=score,
        score_low=_resemblance(heard, weights, "low"),
        score_high=_resemblance(heard, weights, "high"), shares=shares, weights=dict(weights),
        learned=learned, strange=strange)


def _resemblance(heard: Sequence[Judgement], weights: Mapping[str, float], end: str = "") -> float:
    """Return the parts' percentiles by weight, averaged on the scale of their own log-odds.

    `end` is ``low`` or ``high``; a part that does not say which percentile its end has is moved along that scale.
    """
    total = sum(weights[each.part] for each in heard)
    mixed = sum(weights[each.part] * _place(each, end) for each in heard) / total
    return 100 * sigmoid(mixed)


def _place(judged: Judgement, end: str) -> float:
    """Return the log-odds of a percentile; the very ends are not reached."""
    told = getattr(judged, f"percentile_{end}") if end else judged.percentile
    share = min(max((judged.percentile if told is None else told) / 100, LEAST), 1 - LEAST)
    moved = getattr(judged, end) - judged.log_odds if end and told is None else 0.0
    return logit(share) + moved


def _silent(prior: float, strange: tuple[str, ...]) -> Fused:
    return Fused(None, None, None, prior, None, None, None, None, None, None, {}, {}, False, strange,
                 "strange" if strange else "nothing")
