"""Changes to one thing of a plan; the rest stays note for note.

Sections and parts draw from random streams of their own (`music.plan.Plan.stream`), named by their ids, roles and
takes. Each change here keeps all of these but the ones it is about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from music import vocabulary
from music.checks import check_seconds, unknown
from music.forms import FRAME
from music.lengths import bar_seconds, ending, to_sample
from music.plan import Part, Plan, Section
from music.score import ROLES
from music.wish import SECONDS
from support.errors import DataError

STEP = 0.25
"""Energy taken off or added at a time."""
MOST_BARS = 8
"""Bars of a section that is put in to lengthen a piece."""


def again(plan: Plan, section_id: int) -> Plan:
    """Return the plan with one section made anew (its next take).

    Raises
    ------
    DataError
        ``bgm_wish.section`` where no section has that id.
    """
    known = [section.id for section in plan.sections]
    if section_id not in known:
        raise DataError("bgm_wish.section", section=section_id, known=", ".join(map(str, known)))
    made = (replace(one, take=one.take + 1) if one.id == section_id else one for one in plan.sections)
    return replace(plan, sections=tuple(made))


def with_instrument(plan: Plan, role: str, instrument: str) -> Plan:
    """Return the plan with another instrument in a role; a role that nothing played so far is added.

    Raises
    ------
    DataError
        ``bgm_wish.unknown`` for an instrument, ``bgm_wish.role`` for a role, that there is none of;
        ``bgm_wish.role_unfit`` where the instrument cannot play it.
    """
    known = vocabulary.instruments()
    if role not in ROLES:
        raise DataError("bgm_wish.role", role=role, accepted=", ".join(ROLES))
    if instrument not in known:
        raise unknown("instruments", instrument, known)
    fitting = known[instrument].roles
    if role not in fitting:
        raise DataError("bgm_wish.role_unfit", instrument=instrument, role=role, accepted=", ".join(fitting))
    seats = {part.role: part for part in plan.parts}
    seats[role] = replace(seats.get(role, Part(role, instrument)), instrument=instrument)
    return replace(plan, parts=tuple(seats[one] for one in ROLES if one in seats))


def change_energy(plan: Plan, by: float) -> Plan:
    """Return the plan with the energy of every section raised or lowered, within 0 and 1.

    Raises
    ------
    DataError
        ``bgm_wish.energy_by`` where `by` is not from -1 to 1, or nothing can change any more.
    """
    if not -1 <= by <= 1:
        raise DataError("bgm_wish.energy_by", by=f"{by:g}")
    made = tuple(replace(one, energy=round(min(max(one.energy + by, 0.0), 1.0), 3)) for one in plan.sections)
    return replace(plan, sections=made)


def lower_energy(plan: Plan, by: float = STEP) -> Plan:
    """Return the plan with every section's energy lowered by so much, not below 0."""
    return change_energy(plan, -by)


def lengthen(plan: Plan, seconds: float) -> Plan:
    """Return a longer plan at the same tempo: new sections before the last one, all others as they were.

    A piece with an ending becomes exactly so long; a loop as many whole bars as come nearest, at least one more.

    Raises
    ------
    DataError
        ``bgm_wish.seconds`` outside the range, ``bgm_wish.not_longer`` where it is no longer than now.
    """
    check_seconds(seconds)
    if to_sample(seconds) <= plan.seconds:
        raise _not_longer(plan, seconds)
    now = sum(section.bars for section in plan.sections)
    bars = _loop_bars(plan, seconds, now) if plan.loop else ending(seconds, plan.bpm, plan.meter).bars
    length = to_sample(bars * bar_seconds(plan.bpm, plan.meter) if plan.loop else seconds)
    added = _added(plan.sections, bars - now)
    return replace(plan, sections=(*plan.sections[:-1], *added, plan.sections[-1]), seconds=length)


def _loop_bars(plan: Plan, seconds: float, now: int) -> int:
    bar = bar_seconds(plan.bpm, plan.meter)
    bars = max(now + 1, math.floor(seconds / bar + 0.5))
    bars -= bars * bar > SECONDS[1] + 1e-6
    if bars <= now:
        raise _not_longer(plan, seconds)
    return bars


def _not_longer(plan: Plan, seconds: float) -> DataError:
    return DataError("bgm_wish.not_longer", seconds=f"{seconds:g}", now=f"{plan.seconds:.2f}", most=f"{SECONDS[1]:g}")


def _added(sections: Sequence[Section], bars: int) -> tuple[Section, ...]:
    """Return new sections of so many bars, like those in the middle of the piece in turn, with ids of their own."""
    models = [one for one in sections if one.name not in FRAME] or list(sections)
    fresh = max(one.id for one in sections) + 1
    lengths = _chunks(bars)
    return tuple(Section(fresh + place, models[place % len(models)].name, length, models[place % len(models)].energy)
                 for place, length in enumerate(lengths))


def _chunks(bars: int) -> list[int]:
    """Return sections of eight bars and one with the rest; a single bar joins the one before it."""
    whole, rest = divmod(max(0, bars), MOST_BARS)
    chunks = [MOST_BARS] * whole + ([rest] if rest else [])
    return [*chunks[:-2], chunks[-2] + 1] if len(chunks) > 1 and chunks[-1] == 1 else chunks
