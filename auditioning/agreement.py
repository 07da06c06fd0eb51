"""How far repeats of an audition agree: spread of the total, and Krippendorff's alpha a criterion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditioning.rubric import CRITERIA
from auditioning.score import JudgeScore, Verdict, jury

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha of one criterion; `value` is None for a `reason`: ``few`` or ``no_variation``."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Repeats:
    """Agreement of n repeats.

    Attributes
    ----------
    totals : tuple of int
        Totals on the scale of 300 of the repeats in which a judge answered.
    mean, std, error : float
        Mean, sample standard deviation, half width of the mean's 95 % interval (Student's t); NaN for fewer than two.
    alpha : dict
        By criterion.
    """

    totals: tuple[int, ...]
    mean: float
    std: float
    error: float
    alpha: dict[str, Alpha]


def repeats(runs: Sequence[Mapping[str, JudgeScore | None]], weights: Mapping[str, int] | None = None) -> Repeats:
    """Return the agreement of repeated auditions of one song.

    Parameters
    ----------
    runs : sequence of mapping
        A repeat each: judge's key to score, None where it failed.
    weights : mapping, optional
        Judge's key to weight; 1 where absent.
    """
    verdicts = [_verdict(run, weights or {}) for run in runs]
    totals = tuple(each.scaled_300 for each in verdicts if each.scaled_300 is not None)
    mean = float(np.mean(totals)) if totals else math.nan
    std = float(np.std(totals, ddof=1)) if len(totals) > 1 else math.nan
    return Repeats(totals, mean, std, _half_width(std, len(totals)),
                   {each.key: _alpha(each.key, runs) for each in CRITERIA})


def _verdict(run: Mapping[str, JudgeScore | None], weights: Mapping[str, int]) -> Verdict:
    return jury(list(run.values()), [weights.get(key, 1) for key in run])


def _half_width(std: float, count: int) -> float:
    if count < 2:
        return math.nan
    from scipy.special import stdtrit

    return float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2) * std / math.sqrt(count))


def _alpha(criterion: str, runs: Sequence[Mapping[str, JudgeScore | None]]) -> Alpha:
    """Return alpha with repeats as coders and judges as units: how alike repeats tell the judges apart."""
    levels = [(str(coder), judge, level) for coder, run in enumerate(runs) for judge, each in run.items()
              if each is not None and (level := _level(each, criterion)) is not None]
    return alpha_of(levels)


def _level(each: JudgeScore, criterion: str) -> int | None:
    return next(one.level for one in each.evidence if one.criterion == criterion)


def alpha_of(levels: list[tuple[str, str, int]]) -> Alpha:
    """Return Krippendorff's alpha, interval distance, of (coder, unit, level) triples.

    A unit with one level says nothing and is left out. ``few``: no two units with two levels. ``no_variation``: all
    levels the same, where alpha is 0 / 0.

    Source: Krippendorff (2004), Content Analysis, chapter 11; computed by nltk.
    """
    counts = {unit: sum(each[1] == unit for each in levels) for _, unit, _ in levels}
    paired = [each for each in levels if counts[each[1]] > 1]
    if len({unit for _, unit, _ in paired}) < 2:
        return Alpha(None, "few")
    if len({level for _, _, level in paired}) < 2:
        return Alpha(None, "no_variation")
    from nltk.metrics.agreement import AnnotationTask  # 1 s
    from nltk.metrics.distance import interval_distance

    return Alpha(float(AnnotationTask(paired, distance=interval_distance).alpha()))
