"""Jangdan, the rhythmic cycles of Korean music, as a janggu strikes them.

``kung`` is the low left side, ``deok`` the high right side, ``deong`` both together, ``gideok`` a deok with a grace
stroke, ``deo`` the light bounces of a roll (deoreoreoreo). Gutgeori and jajinmori are four beats of three eighths
(12/8), jungmori twelve quarters, semachi three beats of three, hwimori four quarters. Basic strokes as Korean school
books and the National Gugak Center print them; the accents: the first stroke, in jungmori also the ninth beat, where
the cycle binds (maenneun), in jajinmori the last beat's pair. In 6/8 a cycle takes two bars.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from music.score import METERS
from music.tabs import Groove, Hit

CYCLES = {
    "gutgeori": ("12/8", {0: "deong", 2: "gideok", 3: "kung", 4: "deo", 6: "kung", 8: "gideok", 9: "kung", 10: "deo"}),
    "jajinmori": ("12/8", {0: "deong", 3: "deong", 6: "deong", 8: "deok", 9: "kung", 10: "deok"}),
    "jungmori": ("12/4", {0: "deong", 1: "kung", 2: "deok", 3: "kung", 4: "deokdeok", 5: "deok", 6: "kung", 7: "kung",
                          8: "deok", 9: "kung", 10: "kung", 11: "kung"}),
    "semachi": ("3/4", {0: "deong", 3: "deong", 5: "deok", 6: "kung", 7: "deok"}),
    "hwimori": ("4/4", {0: "deong", 2: "deok", 3: "deok", 4: "kung", 5: "deok", 6: "kung"}),
}
"""Meter and strokes by step: eighths in 12/8 and 4/4, quarters in 12/4, thirds of a quarter in 3/4."""
ACCENTS = {"gutgeori": {0: 1.0, 3: 0.85, 6: 0.9, 9: 0.85}, "jajinmori": {0: 1.0, 3: 0.85, 6: 0.9, 9: 0.95},
           "jungmori": {0: 1.0, 8: 1.0}, "semachi": {0: 1.0, 3: 0.85, 6: 0.9}, "hwimori": {0: 1.0, 4: 0.9}}
"""Strength of the accented steps: the first most, then each beat; other strokes are plain."""
STEPS = {"12/8": 0.5, "12/4": 1.0, "3/4": 1 / 3, "4/4": 0.5}
PLAIN, LIGHT, GRACE, BOUNCE = 0.7, 0.5, 0.45, (0.36, 0.22, 0.28, 0.2)
"""Touch of plain strokes, of a second quick one, of a gideok between beats, and of the four bounces of a roll."""
GUTGEORI_BELOW = 84.0
"""Dotted quarters a minute from which 12/8 turns from gutgeori to jajinmori."""
NAMES = ("jangdan_light", "jangdan", "jangdan_full")
"""Grooves that stand for the jangdan of the meter: without bounces, as printed, with more bounces and the buk."""


def jangdan(meter: str, bpm: float) -> str:
    """Return the name of the cycle that a meter and a tempo (felt beats a minute) ask for."""
    if meter in ("12/8", "6/8"):
        return "gutgeori" if bpm < GUTGEORI_BELOW else "jajinmori"
    return {"12/4": "jungmori", "3/4": "semachi", "4/4": "hwimori"}[meter]


@cache
def groove(name: str, meter: str, bpm: float) -> Groove:
    """Return the cycle for a meter and a tempo as one of `NAMES`."""
    cycle = jangdan(meter, bpm)
    hits = [hit for step, stroke in CYCLES[cycle][1].items() for hit in _stroke(cycle, step, stroke)]
    if name == "jangdan_light":
        hits = [hit for hit in hits if hit.strength >= GRACE]
    elif name == "jangdan_full":
        hits += [replace(hit, lane="buk", strength=hit.strength * 0.8) for hit in hits if hit.lane == "kung"]
        hits += _bounces(cycle, hits)
    length = METERS[meter].quarters
    bars = round(METERS[CYCLES[cycle][0]].quarters / length) if meter == "6/8" else 1
    return Groove(name, tuple(_bar(hits, bar * length, length) for bar in range(bars)), False, {})


def _stroke(cycle: str, step: int, stroke: str) -> list[Hit]:
    """Return the hits of one stroke of a cycle."""
    unit = STEPS[CYCLES[cycle][0]]
    at, strength = step * unit, ACCENTS[cycle].get(step, PLAIN)
    if stroke == "deong":
        return [Hit(at, lane, strength, 1.0, unit) for lane in ("kung", "deok")]
    if stroke == "deo":
        return [Hit(at + index * unit / 2, "deok", value, 1.0, unit / 2) for index, value in enumerate(BOUNCE)]
    if stroke == "deokdeok":
        return [Hit(at, "deok", strength, 1.0, unit), Hit(at + unit / 2, "deok", LIGHT, 1.0, unit / 2)]
    if stroke == "gideok":
        strength = GRACE
    return [Hit(at, stroke, strength, 1.0, unit)]


def _bounces(cycle: str, hits: list[Hit]) -> list[Hit]:
    """Return light strokes, played every other time, on the steps that the cycle leaves free."""
    unit, quarters = STEPS[CYCLES[cycle][0]], METERS[CYCLES[cycle][0]].quarters
    taken = {round(hit.at / unit, 3) for hit in hits}
    return [Hit(step * unit, "deok", 0.28, 0.5, unit) for step in range(round(quarters / unit)) if step not in taken]


def _bar(hits: list[Hit], start: float, length: float) -> tuple[Hit, ...]:
    """Return the hits within a bar, counted from its start."""
    inside = [replace(hit, at=hit.at - start) for hit in hits if start - 1e-9 <= hit.at < start + length - 1e-9]
    return tuple(sorted(inside, key=lambda hit: (hit.at, hit.lane)))
