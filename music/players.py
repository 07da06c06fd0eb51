"""Who plays what in one section: bass, chords, pad, melody, counter line and texture, each from a stream of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from music import bass, comping, counter, melody, voicing
from music.harmony import Passage
from music.melody import LIFTS, Manner, Singer
from music.plan import Part, Plan
from music.score import METERS, Meter, Note
from music.style import Style, at
from music.theory import GUGAK
from music.vocabulary import Instrument

FIVE_TONE = ("pop", "folk", "rock", "acoustic", "edm", "dance", "hip_hop", "lofi", "children")
"""Styles whose melodies keep to five notes."""
TOUCH = {"bass": 88, "chords": 74, "pad": 60, "melody": 94, "counter": 72, "texture": 62}
"""Velocity of a role at middle energy and dynamics."""
LOUDER_BY_ENERGY, LOUDER_BY_FEEL = 34, 14
QUIET, LOUD = 24, 122
STRUCK = ("keys", "plucked", "mallets", "traditional", "synth")
"""Families whose notes begin sharply enough to give the pulse in broken chords; others repeat the chord."""
FAST, SLOW = 140.0, 78.0
SHRILL = 79
"""No melody is centred above G5 unless its instrument begins there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All a player needs: the plan, the style, its own part and instrument, the section, and who else plays."""

    plan: Plan
    style: Style
    part: Part
    instrument: Instrument
    passage: Passage
    others: frozenset[str]

    @property
    def meter(self) -> Meter:
        """The piece's meter."""
        return METERS[self.plan.meter]

    @property
    def key(self) -> tuple[int, str]:
        """Tonic and mode."""
        return self.plan.tonic, self.plan.mode

    @property
    def bars(self) -> int:
        """Bars of the section."""
        return self.passage.section.bars

    @property
    def energy(self) -> float:
        """Energy of the section, moved by how dense the piece should feel."""
        return min(max(self.passage.section.energy + 0.2 * self.plan.feel.density, 0.0), 1.0)

    @property
    def closes(self) -> bool:
        """Whether the section's last bar is the last of a piece that ends."""
        return self.passage.last and not self.plan.loop

    @property
    def pulseless(self) -> bool:
        """Whether no drum gives the beat."""
        return not self.others & {"drums", "percussion"}

    def stream(self, *names: object) -> np.random.Generator:
        """Return this player's own random stream for this section."""
        section = self.passage.section
        return self.plan.stream(self.part.role, self.part.take, section.id, section.take, *names)

    def material(self, role: str, take: int) -> np.random.Generator:
        """Return the stream of what sections of a kind share; a section made anew has its own."""
        section = self.passage.section
        own = (section.id, section.take) if section.take else ()
        return self.plan.stream("material", role, take, self.passage.kind, *own)

    def touch(self) -> int:
        """Return the velocity of a plain note."""
        wanted = (TOUCH[self.part.role] + LOUDER_BY_ENERGY * (self.passage.section.energy - 0.55)
                  + LOUDER_BY_FEEL * self.plan.feel.dynamics)
        return int(min(max(wanted, QUIET + 12), LOUD))

    def span(self, low: int, high: int) -> tuple[int, int]:
        """Return the part of the instrument's range inside two bounds, at least an octave and a half of it."""
        bottom = max(low, self.instrument.low)
        top = min(max(high, bottom + 18), self.instrument.high)
        return min(bottom, max(top - 18, self.instrument.low)), top


def play_bass(stage: Stage) -> list[Note]:
    """Play the bass line."""
    low, high = stage.span(28, 55)
    low = max(low, 31) if high >= 50 else low
    name = at(stage.style.bass, stage.energy)
    if stage.pulseless and not stage.others & {"chords"} and name in bass.STILL:
        name = "pulse"
    return bass.play(name, stage.passage.chords, stage.plan.meter, stage.bars, stage.key, (low, min(low + 24, high)),
                     stage.touch(), stage.stream(), fill=stage.energy > 0.45 and not stage.passage.last)


def play_chords(stage: Stage) -> list[Note]:
    """Play the chords in a pattern as lively as the section."""
    return _voiced(stage, pulsed(at(stage.style.comping, stage.energy), stage), 63 + 3 * stage.plan.feel.register, 4)


def pulsed(name: str, stage: Stage) -> str:
    """Return a pattern that gives the beat where no drum does: broken chords, or strokes on the beats."""
    if not stage.pulseless or name not in comping.HELD:
        return name
    return "arpeggio_wave" if stage.instrument.family in STRUCK else "pulse8"


def play_pad(stage: Stage) -> list[Note]:
    """Hold the chords; where nobody else plays them, give the beat as well."""
    name = at(stage.style.pad, stage.energy) or "pad"
    if not stage.others & {"chords", "bass"}:
        name = pulsed(name, stage)
    return _voiced(stage, name, 65 + 2 * stage.plan.feel.register, 3)


def _voiced(stage: Stage, name: str, centre: float, voices: int) -> list[Note]:
    low, high = stage.span(voicing.LOWEST + (stage.part.role == "pad") * 4, 82)
    count = voices if stage.style.extensions > 0.15 or stage.part.role == "chords" else 3
    leads = voicing.led(stage.passage.chords, low, high, count, min(max(centre, low + 8), high - 8))
    hand = min(max(stage.instrument.low, 41), 60)
    return comping.play(name, stage.passage.chords, leads, stage.plan.meter, stage.bars, hand, stage.touch())


def manner(stage: Stage, centre: float) -> Manner:
    """Return how this part sings in this section."""
    own, feel = stage.style.melody, stage.plan.feel
    pace = 0.75 if stage.plan.bpm > FAST else 1.2 if stage.plan.bpm < SLOW else 1.0
    low, high = stage.span(36, 98)
    middle = min(max(min(centre + 4 * feel.register, SHRILL), low + 8), high - 9)
    return Manner(min(max((own.density + 0.3 * feel.density) * pace, 0.05), 1.0), own.leap, own.rest, own.ornament,
                  own.syncopation, middle, low, high, stage.style.id in FIVE_TONE, stage.style.id == "blues",
                  0.6 if stage.plan.mode in GUGAK else 1.0)


def play_melody(stage: Stage) -> list[Note]:
    """Sing the section's melody, with ornaments and a run into the next section."""
    centre = stage.style.melody.register + LIFTS[stage.passage.kind]
    singer, notes = sung(stage, centre, stage.part.take)
    if not stage.passage.last:
        notes = melody.pickup(notes, singer, stage.bars * stage.meter.quarters, stage.stream("pickup"))
    return melody.ornamented(_shaded(notes, stage), singer, singer.manner.ornament, stage.stream("ornament"))


def sung(stage: Stage, centre: float, take: int) -> tuple[Singer, list[Note]]:
    """Return a singer and the section's plain melody around a pitch."""
    singer = Singer(stage.passage.chords, stage.meter, stage.key, manner(stage, centre))
    own = stage.style.melody.motif_bars
    bars = 1 if stage.meter.quarters > 4 or stage.bars < 2 * own else own
    notes = melody.section(singer, stage.bars, bars, stage.material("melody", take), stage.stream("varied"),
                           stage.closes)
    return singer, notes


def _shaded(notes: Sequence[Note], stage: Stage) -> list[Note]:
    """Give a melody its touch: heavier on the beat, swelling to the middle of each four bars."""
    full, arch = stage.touch(), 4 * stage.meter.quarters
    return [replace(note, velocity=round(full * note.velocity / 100 * (
        0.86 + 0.1 * comping.weight(note.start, stage.meter)
        + 0.07 * float(np.sin(np.pi * (note.start % arch) / arch))))) for note in notes]


def play_counter(stage: Stage) -> list[Note]:
    """Play a second line below the melody; in Korean modes the same melody as another player has it."""
    centre = stage.style.melody.register - 8
    if stage.plan.mode in GUGAK:
        _, notes = sung(stage, centre, 0)
        return _shaded(counter.heterophony(notes, stage.meter, 0, stage.stream("own")), stage)
    singer = Singer(stage.passage.chords, stage.meter, stage.key, manner(stage, centre))
    return _shaded(counter.guide(stage.passage.chords, stage.meter, stage.bars, singer, stage.stream()), stage)


def play_texture(stage: Stage) -> list[Note]:
    """Play a few high notes of the chord."""
    low, high = stage.span(72, 96)
    notes = counter.sparkle(stage.passage.chords, stage.meter, stage.bars, min(low, high - 19),
                            stage.material("texture", stage.part.take))
    return _shaded(notes, stage)


PLAYERS: dict[str, Callable[[Stage], list[Note]]] = {
    "bass": play_bass, "chords": play_chords, "pad": play_pad, "melody": play_melody, "counter": play_counter,
    "texture": play_texture}
"""Who plays a role; drums and percussion are `music.drums` and `music.percussion`."""
