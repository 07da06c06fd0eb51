"""From a plan to a score: harmony, then every part section by section, by energy; exact to the last note.

Nothing a part draws depends on another part or another section, so that an edit changes what it names only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from music import drums, vocabulary
from music.harmony import Passage, is_closer, is_opener, passages, placed
from music.plan import Part, Plan
from music.players import LOUD, PLAYERS, QUIET, STRUCK, Stage
from music.score import METERS, ROLES, Meter, Note, Score, Track
from music.style import Style, style
from music.tabs import swung

HEARD = 0.5
"""Share of a piece's bars in which every part plays at least."""
CLOSING_BARS = 3
"""A piece with an ending holds its last bar's chord where it has so many bars; a shorter one plays on."""
GRACE = 0.2
"""Notes so short (quarters) are graces, which do not ring on."""
SEAM, SOFT, SOFT_STRUCK = 0.15, 0.88, 0.78
"""Quarters from a loop's start that are its first beat; touch of it, and of instruments that begin sharply."""
SLOW, SLOWEST, BETWEEN = 98.0, 68.0, 0.6
"""Felt beats a minute below which notes between the beats are softer, where they are softest, and by what factor."""
NEAR_BEAT = 0.06
"""Beats from a beat that are on it: graces come a little before."""
SWELLING = ("build", "pre", "rise")
"""Sections that lead up to the next."""
STRUCK_ROLES = ("drums", "percussion")
LEAD = ("melody", "counter")
"""Parts that keep silent in an introduction, if others play there."""


def compose(plan: Plan) -> Score:
    """Compose a piece.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Score
        The same plan always gives the same notes. All notes start inside the piece and end by its end.
    """
    own = style(plan.style)
    placed_ = passages(plan, own)
    meter = METERS[plan.meter]
    cast = playing(plan, own, placed_)
    tracks = [_track(plan, own, part, placed_, cast) for role in ROLES for part in plan.parts if part.role == role]
    return Score(plan.bpm, plan.meter, plan.tonic, plan.mode, plan.seconds, plan.loop,
                 tuple(chord for passage in placed_ for chord in placed(passage, meter.quarters)),
                 tuple(passage.span for passage in placed_), tuple(tracks))


def playing(plan: Plan, own: Style, sections: Sequence[Passage]) -> Mapping[int, frozenset[str]]:
    """Return the roles that play in each section: those its energy calls for, and each in half of the bars at least."""
    found: dict[int, set[str]] = {passage.section.id: set() for passage in sections}
    for part in plan.parts:
        for passage in _heard(part.role, plan, own, sections):
            found[passage.section.id].add(part.role)
    for roles in found.values():
        if not roles & {"chords", "bass", "drums", "melody"}:
            roles.add(_fallback(plan))
    return {number: frozenset(roles) for number, roles in found.items()}


def _heard(role: str, plan: Plan, own: Style, sections: Sequence[Passage]) -> list[Passage]:
    """Return the sections in which a role plays.

    A role that its layer would silence in more than half of the bars takes the liveliest sections besides. Sections put
    in later (their ids are above the last one's) are settled after the others, so that these stay as they were.
    """
    first = [passage for passage in sections if passage.section.id <= sections[-1].section.id]
    found = [passage for passage in first if _called(role, own, passage, plan)]
    rest = sorted((passage for passage in first if passage not in found),
                  key=lambda one: (is_opener(one.section), -one.section.energy, one.span.first_bar))
    while rest and _bars(found) < HEARD * _bars(first):
        found.append(rest.pop(0))
    later = sorted((passage for passage in sections if passage not in first), key=lambda one: one.section.id)
    for place, passage in enumerate(later):
        if _called(role, own, passage, plan) or _bars(found) < HEARD * (_bars(first) + _bars(later[:place + 1])):
            found.append(passage)
    return found


def _bars(sections: Iterable[Passage]) -> int:
    return sum(passage.section.bars for passage in sections)


def _called(role: str, own: Style, passage: Passage, plan: Plan) -> bool:
    """Whether a section's energy calls for a role; leading parts leave the introduction to the others."""
    if role in LEAD and is_opener(passage.section) and len(plan.parts) > 2 and plan.mode not in ("pyeongjo",
                                                                                               "gyemyeonjo"):
        return False
    if role == "counter" and is_closer(passage.section):
        return False
    return passage.section.energy >= own.layers.get(role, 0.5) - 1e-9


def _fallback(plan: Plan) -> str:
    """Return the role that plays where none would: the one that carries most."""
    order = ("chords", "melody", "bass", "pad", "counter", "drums", "percussion", "texture")
    return next((role for role in order if plan.part(role)), "chords")


def voice_of(part: Part, own: Style) -> str:
    """Return the voice of a part, as `music.score.Track` names it."""
    if part.role in STRUCK_ROLES:
        return drums.voice(part, own)
    usual = own.palette.get("bass", ("bass",))[0]
    synthetic = part.instrument == "synth_bass" and own.bass_voice.startswith("synth:")
    if part.role == "bass" and (part.instrument in ("bass", usual) or synthetic):
        return own.bass_voice
    return f"gm:{vocabulary.instruments()[part.instrument].program or 0}"


def _track(plan: Plan, own: Style, part: Part, sections: Sequence[Passage],
           cast: Mapping[int, frozenset[str]]) -> Track:
    """Return one part's whole track."""
    voice = voice_of(part, own)
    played = [passage for passage in sections if part.role in cast[passage.section.id]]
    if part.role in STRUCK_ROLES:
        spans = tuple(passage.span for passage in played)
        return Track(part.role, part.instrument, voice, drums.play(plan, own, spans, part))
    notes: list[Note] = []
    for passage in played:
        notes += _section(Stage(plan, own, part, vocabulary.instruments()[part.instrument], passage,
                                cast[passage.section.id] - {part.role}))
    return Track(part.role, part.instrument, voice, tuple(notes))


def _section(stage: Stage) -> list[Note]:
    """Return one part's notes in one section, in the time of the piece."""
    meter, plan = stage.meter, stage.plan
    notes = PLAYERS[stage.part.role](stage)
    end = stage.bars * meter.quarters
    if stage.closes and sum(one.bars for one in plan.sections) >= CLOSING_BARS:
        notes = _closed(notes, end - meter.quarters, end + _ring(plan, meter), stage)
        end += _ring(plan, meter)
    first = stage.passage.span.first_bar * meter.quarters
    return sorted(_clean(_human(_fitted(notes, stage), stage, end), first, end),
                  key=lambda note: (note.start, note.pitch))


def _ring(plan: Plan, meter: Meter) -> float:
    """Return the quarters between the last bar's end and the piece's."""
    whole = plan.seconds * plan.bpm / 60.0 * meter.beat
    return max(whole - sum(section.bars for section in plan.sections) * meter.quarters, 0.0)


def _closed(notes: Iterable[Note], last: float, end: float, stage: Stage) -> list[Note]:
    """Let the last bar stand: what is struck on its first beat rings to the end, nothing else is."""
    before = [replace(note, length=min(note.length, last - note.start)) for note in notes if note.start < last - 1e-6]
    struck = [note for note in notes if last - 1e-6 <= note.start < last + 0.15]
    if not struck:
        struck = _last_strike(before, last, stage)
    return before + [replace(note, length=end - note.start) if note.length > GRACE else note for note in struck]


def _last_strike(before: Sequence[Note], last: float, stage: Stage) -> list[Note]:
    """Return the tonic for a part whose pattern would rest at the end, near where it was."""
    if not before:
        return []
    near, tonic = before[-1].pitch, stage.plan.tonic
    pitch = near + (tonic - near + 6) % 12 - 6
    return [Note(last, 1.0, pitch, before[-1].velocity)]


def _fitted(notes: Iterable[Note], stage: Stage) -> list[Note]:
    """Bring every note into the instrument's range by octaves."""
    low, high = stage.instrument.low, stage.instrument.high
    return [replace(note, pitch=_folded(note.pitch, low, high)) for note in notes]


def _folded(pitch: int, low: int, high: int) -> int:
    while pitch < low:
        pitch += 12
    while pitch > high and pitch - 12 >= low:
        pitch -= 12
    return pitch


def _human(notes: Iterable[Note], stage: Stage, end: float) -> list[Note]:
    """Swing the notes and give each a player's small error of time and touch; chords stay together."""
    own, plan = stage.style, stage.plan
    rng = stage.stream("human")
    quarter = 60.0 / plan.bpm / stage.meter.beat
    sway, touch = 0.6 * own.humanise.timing / quarter, 0.6 * own.humanise.velocity
    found, errors = [], {}
    for note in notes:
        start = swung(note.start, plan.swing, own.swing_unit, plan.meter)
        stop = swung(note.start + note.length, plan.swing, own.swing_unit, plan.meter)
        if note.start not in errors:
            errors[note.start] = min(max(float(rng.normal(0, 1)), -2.0), 2.0) * sway
        moved = min(max(start + errors[note.start], 0.0), end - 0.02)
        place = min(moved / (stage.bars * stage.meter.quarters), 1.0)
        loud = note.velocity * _swell(stage, place) * _pulse(stage, note.start)
        loud *= 1 + touch * min(max(float(rng.normal(0, 1)), -2.0), 2.0)
        found.append(Note(moved, max(stop - start, 0.04), note.pitch, round(min(max(loud, QUIET), LOUD))))
    return found


def _pulse(stage: Stage, start: float) -> float:
    """Return how loud a note is beside one on a beat: in slow pieces softer between the beats, which stay plain."""
    places = start / stage.meter.beat
    if abs(places - round(places)) < NEAR_BEAT:
        return 1.0
    share = min(max((stage.plan.bpm - SLOWEST) / (SLOW - SLOWEST), 0.0), 1.0)
    return BETWEEN + (1 - BETWEEN) * share


def _swell(stage: Stage, place: float) -> float:
    """Return how loud a place of a section is, from 0 to 1: builds grow, closing sections of a piece that ends fade.

    The first beat of a loop is a little softer than other bars' so that its seam is not heard.
    """
    if stage.plan.loop and stage.passage.first and place * stage.bars * stage.meter.quarters < SEAM:
        return SOFT_STRUCK if stage.instrument.family in STRUCK else SOFT
    if stage.passage.section.name.lower().startswith(SWELLING):
        return 0.82 + 0.22 * place
    return 1.0 - 0.14 * place if stage.closes and is_closer(stage.passage.section) else 1.0


def _clean(notes: Iterable[Note], first: float, end: float) -> list[Note]:
    """End notes by the section's end and where the same pitch is struck again, and place them in the piece."""
    open_: dict[int, int] = {}
    found: list[Note] = []
    for note in sorted(notes, key=lambda one: (one.start, one.pitch, -one.velocity)):
        length = min(note.length, end - note.start)
        before = open_.get(note.pitch)
        if before is not None:
            last = found[before]
            if note.start - (last.start - first) < 0.03:
                continue
            found[before] = replace(last, length=min(last.length, note.start + first - last.start))
        open_[note.pitch] = len(found)
        found.append(Note(note.start + first, length, note.pitch, note.velocity))
    return found
