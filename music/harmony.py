"""Chords of a piece: a progression for each kind of section, cadences at its end, the tonic at start and close.

Sections of the same kind (verse, chorus, bridge) share their chords, so that the ear knows them again. Nothing here
follows the energy: a quieter version of a piece keeps its chords.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from music.plan import Plan, Section
from music.score import METERS, Chord, Span
from music.style import Style
from music.theory import GUGAK, roman

KINDS = {"intro": "a", "verse": "a", "theme": "a", "head": "a", "main": "a", "outro": "a", "ending": "a", "end": "a",
         "coda": "a", "loop": "a", "chorus": "b", "refrain": "b", "hook": "b", "drop": "b", "b": "b", "lift": "b",
         "pre": "c", "prechorus": "c", "build": "c", "bridge": "c", "break": "c", "breakdown": "c", "solo": "a",
         "interlude": "c", "middle": "c", "c": "c"}
"""Which material a section of this name plays: first, lifted, or contrasting."""
OPENERS, CLOSERS = ("intro",), ("outro", "ending", "end", "coda")
RELEASES = {"major": "V7", "minor": "V7", "dorian": "V7", "harmonic_minor": "V7", "lydian": "V7",
            "mixolydian": "bVII", "phrygian": "bII"}
"""The chord that leads home, by mode."""


PLAIN_SEVENTH = 0.8
"""How often a plain dominant takes its seventh, which tells the key from that of its fifth."""
POWER = ("rock", "edm", "dance")
"""Styles that leave dominants plain."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One section with its place and its chords; times of the chords count from the section's own start."""

    section: Section
    span: Span
    chords: tuple[Chord, ...]
    first: bool
    last: bool

    @property
    def kind(self) -> str:
        """Which material it plays: ``a``, ``b`` or ``c``."""
        return kind(self.section.name)


def kind(name: str) -> str:
    """Return the kind of material a section of a name plays."""
    plain = "".join(letter for letter in name.lower() if letter.isalpha())
    return KINDS.get(plain) or next((value for key, value in KINDS.items() if len(key) > 2 and plain.startswith(key)),
                                    "b" if plain[:1] in "bde" and len(plain) == 1 else "a")


def is_opener(section: Section) -> bool:
    """Whether a section is an introduction."""
    return section.name.lower().startswith(OPENERS)


def is_closer(section: Section) -> bool:
    """Whether a section is there to close."""
    return section.name.lower().startswith(CLOSERS)


def passages(plan: Plan, style: Style) -> tuple[Passage, ...]:
    """Place a plan's sections one after the other and give each its chords."""
    made, bar = [], 0
    for index, section in enumerate(plan.sections):
        first, last = index == 0, index == len(plan.sections) - 1
        span = Span(section.id, section.name, bar, section.bars, section.energy)
        bars = _bars(plan, style, section, first, last)
        made.append(Passage(section, span, _chords(plan, bars, section.bars), first, last))
        bar += section.bars
    return tuple(made)


def _bars(plan: Plan, style: Style, section: Section, first: bool, last: bool) -> list[tuple[str, ...]]:
    """Return the numerals of each bar of a section."""
    row = _row(plan, style, section)
    bars = [row[index % len(row)] for index in range(section.bars)]
    home = _home(row, plan.mode)
    if first and not _is_home(bars[0][0]):
        bars[0] = (home,)
    if plan.mode in GUGAK:
        return [*bars[:-1], (home,)] if last and not plan.loop else bars
    if last and not plan.loop:
        return _closed(bars, home, plan.mode)
    return _led(bars, len(row), plan, style, last)


def _row(plan: Plan, style: Style, section: Section) -> list[tuple[str, ...]]:
    """Return the progression a section is built on, as numerals a bar."""
    rows = style.progressions_of(plan.mode)
    order = plan.stream("progressions").permutation(len(rows))
    place = {"a": 0, "b": 1, "c": 2}[kind(section.name)]
    chosen = rows[order[place % len(rows)]]
    if section.take:
        chosen = rows[plan.stream("progression", section.id, section.take).integers(len(rows))]
    bars = [tuple(_rich(name, style, plan) for name in bar.split(",")) for bar in chosen.split()]
    return bars


def _rich(numeral: str, style: Style, plan: Plan) -> str:
    """Add a seventh or ninth to a plain triad where the style likes them; the same triad always gets the same."""
    plain = numeral.lstrip("b#")
    if not plain.isalpha() or plan.mode in GUGAK:
        return numeral
    draw = float(plan.stream("extension", numeral).random())
    taste = style.extensions
    if numeral == "V" and draw < max(taste, 0.0 if style.id in POWER else PLAIN_SEVENTH):
        return "V7"
    if numeral == "bVII":
        return "bVIIadd9" if draw < 0.7 else numeral  # its ninth is the tonic
    home = _is_home(numeral)
    draw += 0.25 * home  # the tonic stays plainer than the rest
    if draw >= taste * 0.9:
        return numeral
    ninth = draw < taste - 0.75 and not home
    if plain.islower():
        return numeral + ("9" if ninth else "7")
    return numeral + ("add9" if taste < 0.45 else "maj9" if ninth else "maj7")


def _home(row: Sequence[tuple[str, ...]], mode: str) -> str:
    """Return the tonic chord as a progression writes it."""
    written = [name for bar in row for name in bar if _is_home(name)]
    return written[0] if written else roman_home(mode) + ("5" if mode in GUGAK else "")


def roman_home(mode: str) -> str:
    """Return a mode's plain tonic chord."""
    return "I" if mode in ("major", "mixolydian", "lydian", "pyeongjo") else "i"


def _is_home(numeral: str) -> bool:
    """Whether a chord stands on the tonic."""
    return roman(numeral, 0, "major")[0] == 0


def _leads(numeral: str) -> bool:
    """Whether a chord pulls home: it stands on the fifth, seventh or lowered second degree."""
    return roman(numeral, 0, "major")[0] in (7, 10, 11, 1)


def _closed(bars: list[tuple[str, ...]], home: str, mode: str) -> list[tuple[str, ...]]:
    """End a piece: the chord that leads home, then the tonic for the whole last bar."""
    bars[-1] = (home,)
    if len(bars) > 1 and not _leads(bars[-2][-1]):
        lead = RELEASES[mode]
        bars[-2] = (bars[-2][0], lead) if len(bars) > 2 or _is_home(bars[-2][0]) else (lead,)
    return bars


def _led(bars: list[tuple[str, ...]], length: int, plan: Plan, style: Style, last: bool) -> list[tuple[str, ...]]:
    """Let a section's last bar lead on: at the seam of a loop, where it would stand still at home, or was cut short."""
    end = bars[-1][-1]
    whole = len(bars) % length == 0
    if _leads(end) or whole and not last and not _is_home(end):
        return bars
    if whole and not _is_home(end) and end.startswith(("IV", "iv")) and style.id in ("pop", "rock", "dance", "edm"):
        return bars  # the fourth degree leads home as well where the style turns on it
    lead = RELEASES[plan.mode]
    if style.extensions < 0.1 and lead == "V7":
        lead = "V"
    bars[-1] = (bars[-1][0], lead)
    return bars


def _chords(plan: Plan, bars: Sequence[tuple[str, ...]], count: int) -> tuple[Chord, ...]:
    """Write numerals out as chords with times, neighbours that are the same bar's joined."""
    meter = METERS[plan.meter]
    found: list[Chord] = []
    for number, names in enumerate(bars[:count]):
        for start, length, name in zip(*_shares(meter.quarters, meter.beat, len(names)), names, strict=True):
            root, bass, intervals, text = roman(name, plan.tonic, plan.mode)
            found.append(Chord(number * meter.quarters + start, length, root, bass, intervals, text))
    return tuple(found)


def _shares(quarters: float, beat: float, count: int) -> tuple[list[float], list[float]]:
    """Return starts and lengths of chords that share a bar, on its beats: two in a bar of three get two and one."""
    beats = round(quarters / beat)
    cuts = [round(index * beats / count + 0.01) * beat for index in range(count)] + [quarters]
    if len(set(cuts)) <= count:
        cuts = [index * quarters / count for index in range(count + 1)]
    return cuts[:-1], [after - before for before, after in zip(cuts, cuts[1:], strict=False)]


def placed(passage: Passage, quarters: float) -> tuple[Chord, ...]:
    """Return a section's chords in the time of the piece."""
    start = passage.span.first_bar * quarters
    return tuple(replace(chord, start=chord.start + start) for chord in passage.chords)
