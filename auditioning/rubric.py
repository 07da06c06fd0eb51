"""The rubric: nine criteria in three groups, each 0 to 5 with a written anchor a level; points are exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from locales import t

GROUPS = {"musicality": 40, "marketability": 30, "narrative": 30}  # points; together 100 a judge
TOP_LEVEL = 5
FULL = 100  # points of one judge
SCALE = 300  # points of the verdict: three judges
VERDICTS = ((255, "HIT"), (200, "GOOD"), (160, "SOLID"), (0, "BAD"))  # from this total up, on the scale of 300


@dataclass(frozen=True)
class Criterion:
    """One of the nine.

    Attributes
    ----------
    key, group : str
        Names in code and locale files.
    sound : bool
        Needs tags or measured audio; without either it is not judged.
    """

    key: str
    group: str
    sound: bool = False

    @property
    def weight(self) -> Fraction:
        """Return the points of level 5: a third of the group's."""
        return Fraction(GROUPS[self.group], sum(each.group == self.group for each in CRITERIA))

    def points(self, level: int) -> Fraction:
        """Return the points of a level."""
        return self.weight * level / TOP_LEVEL

    def name(self, lang: str) -> str:
        """Return the criterion's name."""
        return t(lang, f"judging.criterion.{self.key}.name")

    def asks(self, lang: str) -> str:
        """Return the question the criterion asks."""
        return t(lang, f"judging.criterion.{self.key}.asks")

    def anchors(self, lang: str) -> tuple[str, ...]:
        """Return what each level from 0 to 5 means."""
        return tuple(t(lang, f"judging.criterion.{self.key}.level{level}") for level in range(TOP_LEVEL + 1))


CRITERIA = (
    Criterion("melody", "musicality", sound=True), Criterion("rhythm", "musicality", sound=True),
    Criterion("arrangement", "musicality", sound=True),
    Criterion("hook", "marketability"), Criterion("singability", "marketability"),
    Criterion("freshness", "marketability"),
    Criterion("imagery", "narrative"), Criterion("arc", "narrative"), Criterion("coherence", "narrative"),
)
BY_KEY = {each.key: each for each in CRITERIA}


def half_up(value: Fraction) -> int:
    """Return the nearest whole number, halves upwards."""
    return (2 * value + 1).__floor__() // 2


def verdict_of(scaled: int) -> str:
    """Return the verdict of a whole total on the scale of 300."""
    return next(word for least, word in VERDICTS if scaled >= least)
