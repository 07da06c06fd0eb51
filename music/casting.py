"""Who plays what: chosen instruments into roles, the remaining roles from the genres' own instruments.

Each role has one instrument. Chosen instruments are given roles together, so that as many as possible play and each
is as near to its first role as the others allow; those named first come first. Then the roles that the loudest section
calls for are filled from the palettes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from music.plan import Part
from music.score import ROLES
from music.style import Style, at
from music.vocabulary import instruments

SPARE = ("texture", "pad", "counter", "percussion")
"""Roles that a variant may do without."""
FADING = 0.65
"""How likely an instrument is against the one that a palette names before it."""
SPARED = 0.35
"""How often it does."""
COLOURED = ("melody", "chords", "counter", "pad")
"""Roles by which further genres colour the first one."""
_UNFIT, _LATER = 1000.0, 20.0

Palette = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Cast:
    """Parts in the order of the roles, and the chosen instruments that have none."""

    parts: tuple[Part, ...]
    left: tuple[str, ...]


def cast(chosen: Sequence[str], style: Style, palettes: Sequence[Palette], colours: Sequence[Palette], loudest: float,
         rng: np.random.Generator) -> Cast:
    """Return the parts of a piece.

    Parameters
    ----------
    chosen : sequence of str
        Instruments that were asked for; they are all heard, as far as there are roles for them.
    style : Style
    palettes : sequence of mapping
        Instruments of each role in order of preference; the first palette that has the role decides. A role that it
        has without any instrument is silent unless one was chosen for it.
    colours : sequence of mapping
        Palettes of further genres; each gives one role where one is free.
    loudest : float
        Energy of the loudest section: a role whose layer lies above it would never be heard.
    rng : Generator
    """
    seats, left = seat(chosen, any(style.drums))
    called = [role for role in ROLES if style.layers.get(role, 2.0) <= loudest + 1e-9]
    free = [role for role in called if role not in seats and (role != "drums" or at(style.drums, loudest))]
    free = _spared(free, len(seats), rng)
    for palette in colours:
        _colour(palette, free, seats, rng)
    for role in free:
        options = next((palette[role] for palette in palettes if role in palette), ())
        found = _pick(options, seats, rng, twice=role not in SPARE) if role not in seats else None
        if found:
            seats[role] = found
    return Cast(tuple(Part(role, seats[role]) for role in ROLES if role in seats), left)


def seat(chosen: Sequence[str], drums: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return roles with the chosen instruments in them, and those left without one.

    Parameters
    ----------
    chosen : sequence of str
    drums : bool
        Whether drums make sense at all; without them a drum kit is left out.
    """
    known = instruments()
    roles = [role for role in ROLES if drums or role != "drums"]
    costs: NDArray[np.float64] = np.full((len(chosen), len(roles)), _UNFIT)
    for row, name in enumerate(chosen):
        for rank, role in enumerate(known[name].roles):
            if role in roles:
                costs[row, roles.index(role)] = rank + 0.01 * row
        costs[row, costs[row] >= _UNFIT] -= _LATER * row  # those named last are the first to be left out
    rows, columns = linear_sum_assignment(costs) if len(chosen) else ((), ())
    seats = {roles[column]: chosen[row] for row, column in zip(rows, columns, strict=True) if costs[row, column] < 100}
    return seats, tuple(name for name in chosen if name not in seats.values())


def _spared(free: list[str], seated: int, rng: np.random.Generator) -> list[str]:
    """Return the free roles less some that a variant can do without; three parts at least remain."""
    kept = list(free)
    for role in SPARE:
        gone = rng.random() < SPARED
        if gone and role in kept and seated + len(kept) > 3:
            kept.remove(role)
    return kept


def _colour(palette: Palette, free: Sequence[str], seats: dict[str, str], rng: np.random.Generator) -> None:
    for role in COLOURED:
        found = _pick(palette.get(role, ()), seats, rng) if role in free and role not in seats else None
        if found:
            seats[role] = found
            return


def _pick(options: Sequence[str], seats: Mapping[str, str], rng: np.random.Generator, *,
          twice: bool = False) -> str | None:
    """Return an instrument that has no part yet, each less likely than the one before it.

    Where all have one it is None, or with `twice` any of them.
    """
    known = instruments()
    able = [name for name in options if name in known]
    fresh = [name for name in able if name not in seats.values()] or (able if twice else [])
    if not fresh:
        return None
    chances = FADING ** np.arange(len(fresh))
    return fresh[int(rng.choice(len(fresh), p=chances / chances.sum()))]
