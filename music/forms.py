"""Sections: a style's form laid over a number of bars, and the energy of each from a curve.

Sections are made of whole phrases (four bars; two or one where bars are few or long); bars left over make a short last
section or join it. A short piece keeps the weightiest sections, of as many kinds as fit; a long one repeats what lies
between the opening and the close. Under a curve that was asked for, each section is of the kind nearest to its energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from music.plan import Section
from music.style import FormPart
from music.wish import Feel

FRAME = ("intro", "outro")
"""Sections that open and close a piece; a loop has neither, since its end leads to its start."""
PART_BARS = (4.0, 6.0, 8.0)
"""Bars a section has on average, one of these a variant; of bars of twelve beats or eighths half as many."""
SPREAD = ((96, 1.6), (40, 1.3))
"""From so many bars, sections are so much longer."""
AGAIN = 0.4
"""Weight of a kind of section that comes once more, against the time before."""
QUIET = 0.5
"""Energy up to which a curve's first and last section may be the opening and the close."""
RISE = 0.1
"""Rise of a curve that a build leads to."""
LIFT = 0.25
"""Energy that full arousal adds to a form's own."""
LOUDER = 0.04
"""Energy that each repetition of the middle adds."""
_LONG = ("12/8", "12/4")
_GRID = 481
_PLACES: NDArray[np.float64] = np.linspace(0.0, 1.0, _GRID)
_CURVES = {"flat": 0.6 + 0 * _PLACES, "rising": 0.2 + 0.8 * _PLACES, "falling": 1.0 - 0.8 * _PLACES,
           "wave": 0.6 - 0.4 * np.sin(4 * np.pi * _PLACES), "arch": 0.25 + 0.75 * (1 - np.abs(2 * _PLACES - 1))}
_PARTS = {"auto": 1, "flat": 1, "rising": 3, "falling": 3, "wave": 4, "arch": 3}


def sections(form: Sequence[FormPart], bars: int, meter: str, *, loop: bool, energy: str | tuple[float, ...],
             feel: Feel, rng: np.random.Generator) -> tuple[Section, ...]:
    """Return the sections of a piece.

    Parameters
    ----------
    form : sequence of FormPart
        A style's own, in order.
    bars : int
        All bars; those of the sections add up to them.
    meter : str
    loop : bool
    energy : str or tuple of float
        A curve's name, ``auto`` (the form's own energies), or values from 0 to 1 spread evenly over the piece.
    feel : Feel
        Its arousal lifts or lowers the form's own energies; a given curve is kept as it is.
    rng : Generator
        What differs between variants: lengths, repetitions, and a little energy.
    """
    least = len(energy) if isinstance(energy, tuple) else _PARTS[energy]
    unit = _unit(bars, meter, least)
    count = min(max(least, _wanted(bars, meter, rng)), max(1, bars // unit + (bars % unit > 1)))
    if energy in ("auto", "flat"):
        chosen = _chosen(form, count, loop, rng)
        lengths = share(bars, [one.weight * float(rng.choice((0.75, 1.0, 1.35))) for one in chosen], unit)
        levels = _own(chosen, feel, rng) if energy == "auto" else levels_of(energy, lengths)
    else:
        lengths = share(bars, [1.0] * count, unit)
        levels = levels_of(energy, lengths)
        chosen = _by_level(form, levels, loop)
    return tuple(Section(place, one.name, length, level)
                 for place, (one, length, level) in enumerate(zip(chosen, lengths, levels, strict=True), 1))


def share(bars: int, weights: Sequence[float], unit: int) -> list[int]:
    """Return bars by weight in whole units, at least one unit each; bars left over join the last.

    Where there is one section more than whole units, the last has only what is left over. Largest remainders first
    (Hamilton's method).
    """
    units, rest = divmod(bars, unit)
    if len(weights) > units:
        return [*share(bars - rest, weights[:-1], unit), rest] if units else [rest]
    wanted: NDArray[np.float64] = np.asarray(weights, float) / sum(weights) * (units - len(weights))
    whole = np.floor(wanted + 1e-9)
    order = np.argsort(-(wanted - whole), kind="stable")
    whole[order[:int(units - len(weights) - whole.sum())]] += 1
    lengths = [int(one + 1) * unit for one in whole]
    lengths[-1] += rest
    return lengths


def levels_of(energy: str | tuple[float, ...], lengths: Sequence[int]) -> list[float]:
    """Return the mean of a curve over each section, to three decimals.

    Given values lie at even distances from the start to the end, with straight lines between them.
    """
    curve = _CURVES[energy] if isinstance(energy, str) else np.interp(_PLACES, np.linspace(0, 1, len(energy)), energy)
    edges = np.cumsum([0, *lengths]) / sum(lengths)
    inner = (np.linspace(start, end, 33) for start, end in zip(edges[:-1], edges[1:], strict=True))
    return [round(float(np.mean(np.interp(place, _PLACES, curve))), 3) for place in inner]


def _unit(bars: int, meter: str, least: int) -> int:
    """Return the bars of a phrase: four, two or one, so that there is one for each section needed."""
    sizes = (2, 1) if meter in _LONG else (4, 2, 1)
    return next((size for size in sizes if bars >= size * max(2, least)), 1)


def _wanted(bars: int, meter: str, rng: np.random.Generator) -> int:
    each = float(rng.choice(PART_BARS)) / (2 if meter in _LONG else 1)
    return max(1, round(bars / each / next((longer for most, longer in SPREAD if bars > most), 1.0)))


def _frame(form: Sequence[FormPart], loop: bool) -> tuple[list[FormPart], list[FormPart], list[FormPart]]:
    """Return the opening, the middle and the close of a form; a loop is all middle."""
    body = [one for one in form if one.name not in FRAME] or list(form)
    opening, closing = ([one for one in form if one.name == name and not loop] for name in FRAME)
    return opening[:1], body, closing[:1]


def _chosen(form: Sequence[FormPart], count: int, loop: bool, rng: np.random.Generator) -> list[FormPart]:
    """Return as many parts of the form as are needed, in order, its middle repeated or its lightest left out."""
    opening, body, closing = _frame(form, loop)
    if count < 4 or (count < 6 and rng.random() < 0.5):
        opening = []
    if count < 3:
        closing = []
    room = count - len(opening) - len(closing)
    return [*opening, *_middle(body, room, rng), *closing]


def _middle(body: Sequence[FormPart], room: int, rng: np.random.Generator) -> list[FormPart]:
    """Return the weightiest parts where there is room for few, else all of them in turn, a little louder each time."""
    if room < len(body):
        names = [one.name for one in body]
        weights = [one.weight * AGAIN ** names[:place].count(one.name) * float(rng.uniform(0.8, 1.25))
                   for place, one in enumerate(body)]
        kept = sorted(sorted(range(len(body)), key=lambda place: -weights[place])[:room])
        return [body[place] for place in kept]
    again = [(body[place % len(body)], place // len(body)) for place in range(room)]
    return [replace(one, energy=min(1.0, one.energy + LOUDER * times)) for one, times in again]


def _by_level(form: Sequence[FormPart], levels: Sequence[float], loop: bool) -> list[FormPart]:
    """Return the part of the form nearest to each energy; a build only where a rise follows."""
    opening, body, closing = _frame(form, loop)
    plain = [one for one in body if not one.name.startswith("build")] or body
    rises = [later - level > RISE for level, later in zip(levels, levels[1:], strict=False)]
    found = [min(body if rise else plain, key=lambda one: abs(one.energy - level))
             for level, rise in zip(levels, [*rises, False], strict=True)]
    if opening and len(levels) > 3 and levels[0] <= QUIET:
        found[0] = opening[0]
    if closing and len(levels) > 2 and levels[-1] <= QUIET:
        found[-1] = closing[0]
    return found


def _own(chosen: Sequence[FormPart], feel: Feel, rng: np.random.Generator) -> list[float]:
    lifted = [one.energy + LIFT * feel.arousal + float(rng.uniform(-0.04, 0.04)) for one in chosen]
    return [round(min(max(level, 0.05), 1.0), 3) for level in lifted]
