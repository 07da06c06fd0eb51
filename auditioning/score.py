"""Points from levels: a judge's total, the jury's verdict. Nothing here is read from a model but levels and quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from auditioning.evidence import What, quoted
from auditioning.rubric import BY_KEY, CRITERIA, FULL, GROUPS, SCALE, half_up, verdict_of
from auditioning.stream import Reply

SPLIT = 25  # points of 100 between two judges beyond which a jury is split


@dataclass(frozen=True)
class Evidence:
    """One criterion as judged.

    Attributes
    ----------
    criterion : str
        Its key.
    level : int or None
        0 to 5; None: not judged.
    quote, reason : str
        What the judge shows and says.
    in_lyrics : bool
        The quote is really in the lyrics; for criteria of the sound, in tags, measured figures or lyrics.
    """

    criterion: str
    level: int | None
    quote: str = ""
    reason: str = ""
    in_lyrics: bool = False


@dataclass(frozen=True)
class GroupPoints:
    """Points of one group: `points` of `out_of` judged points (both exact; 0 of 0 where nothing was judged)."""

    points: Fraction
    out_of: Fraction


@dataclass(frozen=True)
class JudgeScore:
    """A judge's score.

    Attributes
    ----------
    total : int or None
        0 to 100: ``100 * points / judged points``, rounded half up; None where nothing was judged.
    points, out_of : Fraction
        Points of the judged criteria, and how many they could have been (100 when all nine were judged).
    groups : dict
        Points by group.
    evidence : tuple of Evidence
        All nine criteria in their order.
    not_judged, flagged : tuple of str
        Criteria left out of the denominator; criteria whose quote was not found.
    """

    total: int | None
    points: Fraction
    out_of: Fraction
    groups: dict[str, GroupPoints]
    evidence: tuple[Evidence, ...]
    not_judged: tuple[str, ...]
    flagged: tuple[str, ...]

    @property
    def scaled(self) -> bool:
        """Tell whether the total stands for fewer than the nine criteria."""
        return 0 < self.out_of < FULL


@dataclass(frozen=True)
class Verdict:
    """What the jury says.

    Attributes
    ----------
    total, out_of : int
        Sum of the judges' totals times their weights, and its maximum, over judges who answered: "162 / 200".
    judges, failed : int
        How many answered, and how many did not.
    scaled_300 : int or None
        ``300 * total / out_of`` rounded half up; None where nobody answered.
    verdict : str or None
        ``HIT`` from 255, ``GOOD`` from 200, ``SOLID`` from 160, ``BAD`` below, by the rounded `scaled_300`.
    provisional : bool
        A judge is missing, or the total is the offline rubric's.
    spread : int or None
        Highest minus lowest judge, of 100; None below two judges.
    split : bool
        The spread is more than 25.
    """

    total: int
    out_of: int
    judges: int
    failed: int
    scaled_300: int | None
    verdict: str | None
    provisional: bool
    spread: int | None
    split: bool


def score(reply: Reply, lyrics: str, what: What) -> JudgeScore:
    """Return a judge's score of a valid reply, its quotes checked against what the judge had."""
    given = {entry.criterion: entry for entry in reply.criteria}
    heard = "\n".join((lyrics, *what.tags, *(what.audio.lines if what.audio else ())))

    def one(key: str, sound: bool) -> Evidence:
        entry = given.get(key)
        if entry is None or entry.level is None or (sound and not what.sound):
            return Evidence(key, None)
        return Evidence(key, entry.level, entry.quote, entry.reason, quoted(entry.quote, heard if sound else lyrics))

    return score_of(tuple(one(each.key, each.sound) for each in CRITERIA))


def score_of(evidence: tuple[Evidence, ...]) -> JudgeScore:
    """Return the score of judged criteria."""
    judged = [each for each in evidence if each.level is not None]
    groups = {group: _group(group, judged) for group in GROUPS}
    points = sum((each.points for each in groups.values()), Fraction(0))
    out_of = sum((each.out_of for each in groups.values()), Fraction(0))
    return JudgeScore(half_up(FULL * points / out_of) if out_of else None, points, out_of, groups, evidence,
                      tuple(each.criterion for each in evidence if each.level is None),
                      tuple(each.criterion for each in judged if not each.in_lyrics))


def _group(group: str, judged: list[Evidence]) -> GroupPoints:
    ours = [(BY_KEY[each.criterion], each.level or 0) for each in judged if BY_KEY[each.criterion].group == group]
    return GroupPoints(sum((each.points(level) for each, level in ours), Fraction(0)),
                       sum((each.weight for each, _ in ours), Fraction(0)))


def jury(scores: Sequence[JudgeScore | None], weights: Sequence[int] | None = None) -> Verdict:
    """Return the verdict of a panel.

    Parameters
    ----------
    scores : sequence of JudgeScore or None
        One a judge; None: failed. Failed judges leave the denominator.
    weights : sequence of int, optional
        Weights of the judges; 1 each where absent.

    Raises
    ------
    ValueError
        If the numbers of scores and weights differ.
    """
    pairs = zip(scores, weights or [1] * len(scores), strict=True)
    counted = [(each.total, weight) for each, weight in pairs if each is not None and each.total is not None]
    total, out_of = sum(mark * weight for mark, weight in counted), FULL * sum(weight for _, weight in counted)
    scaled = half_up(Fraction(SCALE * total, out_of)) if out_of else None
    marks = [mark for mark, _ in counted]
    spread = max(marks) - min(marks) if len(marks) > 1 else None
    failed = len(scores) - len(counted)
    return Verdict(total, out_of, len(counted), failed, scaled, None if scaled is None else verdict_of(scaled),
                   failed > 0, spread, spread is not None and spread > SPLIT)
