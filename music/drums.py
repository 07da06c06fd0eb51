"""What drums and percussion play: a style's groove for each section's energy, fills, section starts and the close.

A section draws only from its own stream, and nothing in it depends on another section, so that a section or the drums
made anew leave the rest note for note as it was. Humanised times have zero mean and are smallest on the beats, so that
the beat stays where the tempo puts it; lanes that lie back do so by a constant. No note starts before 0 or at or after
the end of a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from music import jangdan, tabs
from music.plan import Part, Plan
from music.score import METERS, Note, Span
from music.style import Style, at
from music.tabs import COMPOUND, LANES, Groove, Hit

GUGAK = ("janggu", "buk")
"""Instruments that keep the beat in jangdan whatever the style."""
CLOSING_BARS = 3
"""A piece that ends lets its last bar ring where it has so many bars; a shorter one plays on."""
ON_BEAT, OFF_BEAT = 0.35, 0.8
"""Shares of a player's timing spread on felt beats and between them."""
FASTEST_S = 0.08
"""Weak strokes on off steps closer than this (seconds) are left out; machines play them."""
MACHINES = ("synth:909", "synth:808")
SLOW, SLOWEST = 112.0, 68.0
"""Felt beats a minute below which time keepers play less between the beats, and nothing there: the beat stays plain."""
BACKBONE, BETWEEN = ("kick", "snare", "clap", "rim"), 0.55
"""Strokes that are softer between the beats of slow pieces, and by what factor at `SLOWEST`."""
KEEPERS = ("hat", "ride", "shaker", "tamb", "maracas", "guiro", "cabasa", "bongo_h", "block_h", "open", "h", "m")
FAINT = 0.2
"""Strength below which a stroke is left out."""
SEAM = 0.72
"""Touch of the first beat of a loop: its end flows into it, a start would be marked."""
LIVELY = 0.58
"""Energy from which a section's start is marked by the style's crash."""
PEAKS = ("chorus", "drop", "climax")
LONG_RING = ("crash", "cymbal", "jing", "tri_open", "ride", "bell")
STARTS = ("kick", "kung", "l", "h")


@dataclass(frozen=True, slots=True)
class _Kit:
    """How one part is struck: names of grooves from quiet to loud, and the pitch of each lane."""

    patterns: tuple[str, ...]
    pitches: Mapping[str, int]
    fills: tuple[str, ...]
    crash: str


@dataclass(frozen=True, slots=True)
class _Scene:
    """One section as a player sees it."""

    plan: Plan
    style: Style
    part: Part
    span: Span
    kit: _Kit
    rng: np.random.Generator

    @property
    def bar(self) -> float:
        """Quarters of a bar."""
        return METERS[self.plan.meter].quarters

    @property
    def energy(self) -> float:
        """The section's energy, moved by how dense the piece should feel."""
        return min(max(self.span.energy + 0.2 * self.plan.feel.density, 0.0), 1.0)

    @property
    def closes(self) -> bool:
        """Whether the section's last bar is the piece's last and stands."""
        bars = sum(section.bars for section in self.plan.sections)
        return not self.plan.loop and bars >= CLOSING_BARS and self.span.first_bar + self.span.bars == bars

    @property
    def bars(self) -> int:
        """Bars in which the groove runs."""
        return self.span.bars - self.closes


def play(plan: Plan, style: Style, spans: Sequence[Span], part: Part | None = None) -> tuple[Note, ...]:
    """Return what the drums or the percussion play.

    Parameters
    ----------
    plan : Plan
    style : Style
    spans : sequence of Span
        Sections in which the part plays.
    part : Part, optional
        The plan's drums by default.

    Returns
    -------
    tuple of Note
        In order; pitches as the voice that `voice` names has them.
    """
    own = part or plan.part("drums") or Part("drums", "drums")
    kit = _kit(plan, style, own)
    takes = {section.id: section.take for section in plan.sections}
    notes: list[Note] = []
    for span in spans:
        rng = plan.stream(own.role, span.id, takes.get(span.id, 0), own.take)
        notes += _section(_Scene(plan, style, own, span, kit, rng))
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))


def voice(part: Part, style: Style) -> str:
    """Return the voice that sounds a drums or percussion part, as `music.score.Track` names it."""
    kits = {"electronic_drums": "drums:24", "brush_drums": "drums:40"}
    machine = style.kit if style.kit in (*MACHINES, "synth:lofi") else "synth:808"
    if part.instrument in kits:
        return kits[part.instrument]
    if part.instrument == "drum_machine":
        return machine
    if part.instrument in tabs.percussion():
        return str(tabs.percussion()[part.instrument]["voice"])
    return "drums:0" if part.role == "percussion" or style.kit == "synth:gugak" else style.kit


def percussion_voice(part: Part, style: Style) -> str:
    """Return the voice of a percussion part."""
    return voice(part, style)


def _kit(plan: Plan, style: Style, part: Part) -> _Kit:
    """Return how a part is struck."""
    table = tabs.percussion().get(part.instrument)
    if part.role == "drums" and part.instrument in GUGAK:
        own = style.fills if style.kit == "synth:gugak" else ("janggu_close",)
        return _Kit(jangdan.NAMES, LANES, own, "")
    if table:
        return _Kit(tuple(table["patterns"]), _pitches(table, plan.tonic), (), "")
    if part.role == "percussion":
        return _Kit(("perc_eighths",), {"h": LANES["tamb"]}, (), "")
    names = tabs.genre_grooves().get(plan.genre) or tuple(name for name in style.drums if name) or ("pop_light",)
    return _Kit(names, LANES, style.fills, style.crash)


def _pitches(table: Mapping[str, dict[str, int]], tonic: int) -> Mapping[str, int]:
    """Return the pitch of each lane; tuned drums stand on degrees of the key."""
    tuned = table.get("tuned")
    if not tuned:
        return table["pitches"]
    low = tuned["from"]
    return {lane: low + (tonic + step - low) % 12 for lane, step in tuned.items() if lane != "from"}


def _pattern(scene: _Scene) -> Groove:
    """Return the groove of a section."""
    plan, whole = scene.plan, scene.part.role == "drums" and scene.kit.pitches is LANES
    name = (scene.style.moments.get(scene.span.name, "") if whole else "") or at(scene.kit.patterns, scene.energy)
    if name in jangdan.NAMES:
        return jangdan.groove(name, plan.meter, plan.bpm)
    return tabs.groove(tabs.at_tempo(name, plan.bpm), plan.meter)


def _section(scene: _Scene) -> list[Note]:
    """Return a section's notes, in the time of the piece."""
    groove = _pattern(scene)
    hits = [replace(hit, at=hit.at + bar * scene.bar, strength=hit.strength * _swell(groove, bar, scene))
            for bar in range(scene.bars) for hit in groove.bars[_turn(groove, bar, scene)]
            if hit.chance >= 1 or scene.rng.random() < hit.chance]
    hits = [hit for hit in _plain(hits, scene) if hit.strength >= FAINT and not _too_fast(hit, scene)]
    if not groove.stretch:
        hits = _filled(hits, scene)
    hits += _opening(scene)
    notes = [note for hit in hits for note in _note(hit, groove, scene)]
    return notes + (_close(scene) if scene.closes else [])


def _turn(groove: Groove, bar: int, scene: _Scene) -> int:
    """Return which bar of a groove a bar of the section plays: in turn, or its stage of a build."""
    count = len(groove.bars)
    return (bar + 1) * count // scene.bars - 1 if groove.stretch and scene.bars < count else (
        bar * count // scene.bars if groove.stretch else bar % count)


def _swell(groove: Groove, bar: int, scene: _Scene) -> float:
    """Return the loudness of a bar within a build; 1 in other grooves."""
    return 0.65 + 0.35 * (bar + 1) / scene.bars if groove.stretch else 1.0


def _plain(hits: Iterable[Hit], scene: _Scene) -> list[Hit]:
    """Return hits with softer time keepers between the beats of a slow piece, and a soft first beat of a loop."""
    beat = METERS[scene.plan.meter].beat
    share = min(max((scene.plan.bpm - SLOWEST) / (SLOW - SLOWEST), 0.0), 1.0)
    first = scene.plan.loop and scene.span.first_bar == 0
    return [replace(hit, strength=_kept(hit, share, beat) * (SEAM if first and hit.at < 1e-6 else 1.0)) for hit in hits]


def _kept(hit: Hit, share: float, beat: float) -> float:
    """Return a stroke's strength, in slow pieces nearer to an accent on the beats and to nothing between them."""
    if hit.lane not in KEEPERS:
        softer = hit.lane in BACKBONE and not _on_beat(hit.at, beat)
        return hit.strength * (BETWEEN + (1 - BETWEEN) * share if softer else 1.0)
    return hit.strength + 0.6 * (1 - share) * (0.9 - hit.strength) if _on_beat(hit.at, beat) else hit.strength * share


def _on_beat(at_: float, beat: float) -> bool:
    return abs(at_ / beat - round(at_ / beat)) < 1e-6


def _too_fast(hit: Hit, scene: _Scene) -> bool:
    """Whether a stroke is a weak one that a hand leaves out at this tempo."""
    seconds = hit.step * 60 / scene.plan.bpm / METERS[scene.plan.meter].beat
    return (seconds < FASTEST_S and scene.style.kit not in MACHINES and hit.strength < 0.9
            and hit.lane not in STARTS and round(hit.at / hit.step) % 2 == 1)


def _filled(hits: list[Hit], scene: _Scene) -> list[Hit]:
    """Return a section's hits with a fill at its end, and a small one now and then on the way."""
    fills = [name for name in scene.kit.fills if name]
    chances = scene.rng.random(scene.bars // 4 + 1)
    if not fills or scene.bars < 2:
        return hits
    for index, bar in enumerate(range(4, scene.bars - 1, 4)):
        if chances[index + 1] < 0.35 * scene.energy + 0.2:
            hits = _with_fill(hits, fills[0], bar * scene.bar, scene)
    if chances[0] < 0.5 + 0.9 * scene.energy:
        hits = _with_fill(hits, _fill_name(scene), scene.bars * scene.bar, scene)
    return hits


def _fill_name(scene: _Scene) -> str:
    """Return the liveliest fill that the energy asks for and that a bar holds."""
    room = scene.bar + 1e-9
    names = [name for name in scene.kit.fills if name and tabs.fill(name, scene.plan.meter).length <= room]
    return at(names, scene.energy)


def _with_fill(hits: Iterable[Hit], name: str, end: float, scene: _Scene) -> list[Hit]:
    """Return hits with a fill that ends at a time in the place of what the groove played there."""
    if not name:
        return list(hits)
    fill = tabs.fill(name, scene.plan.meter)
    start = end - fill.length
    kept = [hit for hit in hits if hit.lane in fill.keep or not start - 1e-6 <= hit.at < end - 1e-6]
    return kept + [replace(hit, at=hit.at + start) for hit in fill.hits]


def _opening(scene: _Scene) -> list[Hit]:
    """Return the crash on a lively section's first beat; none at the start of a loop, where it would mark the seam."""
    lively = scene.span.energy >= LIVELY or scene.span.name.lower().startswith(PEAKS)
    if not scene.kit.crash or not lively or scene.span.first_bar == 0 or scene.bars < 1:
        return []
    return [Hit(0.0, scene.kit.crash, 0.6 + 0.35 * scene.span.energy, 1.0, 1.0)]


def _note(hit: Hit, groove: Groove, scene: _Scene) -> list[Note]:
    """Return a hit as a note in the time of the piece; nothing where the part has no such lane."""
    pitch = scene.kit.pitches.get(hit.lane)
    if pitch is None:
        return []
    start = _when(hit, groove, scene)
    touch = 1 + scene.style.humanise.velocity * float(np.clip(scene.rng.normal(), -2, 2))
    length = 2.0 if hit.lane in LONG_RING else min(hit.step, 0.25)
    end = sum(section.bars for section in scene.plan.sections) * scene.bar
    return [Note(start, max(min(length, end - start), 0.01), pitch, _velocity(hit.strength * touch, scene))]


def _when(hit: Hit, groove: Groove, scene: _Scene) -> float:
    """Return when a hit sounds, in quarters of the piece: swung, laid back, and with a player's small error."""
    plan, meter = scene.plan, METERS[scene.plan.meter]
    bar = int(hit.at / scene.bar + 1e-9)
    place = hit.at - bar * scene.bar
    if not _triplet(hit, scene):
        place = tabs.swung(place, plan.swing, scene.style.swing_unit, plan.meter)
    on_beat = _on_beat(hit.at, meter.beat)
    second = plan.bpm / 60 * meter.beat  # quarters in a second
    error = float(np.clip(scene.rng.normal(), -2, 2)) * scene.style.humanise.timing * (ON_BEAT if on_beat else OFF_BEAT)
    start = (scene.span.first_bar + bar) * scene.bar + place + (error + groove.late.get(hit.lane, 0.0)) * second
    end = sum(section.bars for section in plan.sections) * scene.bar
    return min(max(start, 0.0), end - 0.01)


def _triplet(hit: Hit, scene: _Scene) -> bool:
    """Whether a hit stands on a grid of triplets, which does not swing."""
    return scene.plan.meter not in COMPOUND and abs(hit.step * 8 - round(hit.step * 8)) > 1e-6


def _velocity(strength: float, scene: _Scene) -> int:
    """Return a velocity for a strength in this section."""
    level = 0.68 + 0.32 * scene.span.energy + 0.1 * scene.plan.feel.dynamics
    return int(min(max(round(124 * strength * level), 8), 127))


def _close(scene: _Scene) -> list[Note]:
    """Return the last stroke of a piece, on the first beat of its last bar, ringing to the end."""
    lanes = [lane for lane in (*STARTS, "deok" if "deok" in scene.kit.pitches and _is_jangdan(scene) else "",
                               scene.kit.crash) if lane in scene.kit.pitches and _belongs(lane, scene)]
    at_ = (scene.span.first_bar + scene.bars) * scene.bar
    ring = scene.plan.seconds * scene.plan.bpm / 60 * METERS[scene.plan.meter].beat - at_
    pitches = sorted({scene.kit.pitches[lane] for lane in lanes})
    return [Note(at_, max(ring, 0.1), pitch, _velocity(0.85, scene)) for pitch in pitches]


def _is_jangdan(scene: _Scene) -> bool:
    return scene.kit.patterns[-1] in jangdan.NAMES


def _belongs(lane: str, scene: _Scene) -> bool:
    """Whether a lane of the kit is one of the instruments that this part plays."""
    if scene.kit.pitches is not LANES:
        return True
    return lane == scene.kit.crash or (lane in ("kung", "deok")) == _is_jangdan(scene)
