"""The demo song's score: harmony, melody, rhythms, and the parts written out as notes.

Task: turn the tables below into the notes each instrument plays. 42 bars of night-time city pop in D minor at
112 beats a minute, which are 90 seconds exactly.

Source: written for this project.

Conventions: beats are quarter notes counted from the start of the song, bars from 0; pitches are MIDI numbers
(60 is C4); velocities are 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

TEMPO = 112.0
BEAT = 60 / TEMPO  # seconds
BARS = 42
LENGTH = BARS * 4 * BEAT  # seconds

SECTIONS = (  # name, first bar, bars
    ("intro", 0, 4), ("verse", 4, 8), ("pre-chorus", 12, 4), ("chorus", 16, 8), ("bridge", 24, 4),
    ("chorus 2", 28, 8), ("outro", 36, 4), ("end", 40, 2),
)  # fmt: skip

VOICINGS = {  # close, without the root, which the bass plays
    "Dm9": (53, 57, 60, 64), "Bbmaj9": (53, 57, 60, 62), "Gm9": (53, 57, 58, 62), "A7sus": (55, 57, 62, 64),
    "A7": (55, 57, 61, 64), "C9": (55, 58, 62, 64), "C9sus": (53, 58, 60, 62), "Am7": (55, 57, 60, 64),
    "Fmaj9": (52, 55, 57, 60), "Dm": (53, 57, 62, 64),
}  # fmt: skip
ROOTS = {"D": 38, "Bb": 34, "G": 31, "A": 33, "C": 36, "F": 29}

VERSE = "Dm9 Bbmaj9 Gm9 A7sus/A7"
CHORUS = "Bbmaj9 C9 Am7 Dm9 Gm9 C9 Fmaj9 A7sus/A7"
HARMONY = {  # a slash shares the bar
    "intro": "Dm9 Bbmaj9 Gm9 A7sus/A7", "verse": f"{VERSE} {VERSE}", "pre-chorus": "Gm9 Am7 Bbmaj9 C9sus/C9",
    "chorus": CHORUS, "bridge": "Gm9 Am7 Bbmaj9 A7sus/A7", "chorus 2": CHORUS,
    "outro": "Dm9 Bbmaj9 Gm9 A7sus/A7", "end": "Dm Dm",
}  # fmt: skip

HOOK = """
D6:1 C6:.5 A5:1 F5:.5 G5:.5 A5:.5 | G5:1.5 E5:.5 G5:.75 -:.25 G5:.5 A5:.5
C6:1 A5:.5 G5:1 E5:.5 G5:.5 E5:.5 | F5:1.5 E5:.5 D5:1 -:.5 F5:.5
Bb5:1 A5:.5 G5:1 F5:.5 G5:.5 A5:.5 | G5:1 Bb5:.5 A5:.5 G5:1 E5:.5 G5:.5
A5:1.5 G5:.5 C6:1 A5:.5 G5:.5 | D6:1 C6:.5 D6:.5 C#6:1.25 -:.75
"""
MELODY = {
    "verse": """
-:.5 A4:.5 D5:.5 E5:.5 F5:1 E5:.5 D5:.5 | C5:.5 D5:1 A4:1.5 -:1
-:.5 A4:.5 Bb4:.5 C5:.5 D5:1 C5:.5 Bb4:.5 | A4:1.5 D5:.5 C#5:1 -:1
-:.5 A4:.5 D5:.5 E5:.5 F5:1 G5:.5 A5:.5 | A5:1 F5:.5 D5:1.5 -:1
-:.5 D5:.5 F5:.5 G5:.5 A5:.75 G5:.75 F5:.5 | E5:2 C#5:1 -:1
""",
    "pre-chorus": """
D5:.75 D5:.75 F5:.5 G5:1 F5:1 | E5:.75 E5:.75 G5:.5 A5:1 G5:1
F5:.75 F5:.75 A5:.5 C6:1 A5:1 | G5:1 A5:.5 Bb5:1.5 -:1
""",
    "chorus": HOOK,
    "chorus 2": HOOK,
}
BELLS = {
    "intro": "-:4 | -:2 A5:1 D6:1 | -:4 | -:1 E6:1 C#6:2",
    "bridge": "D6:3 -:1 | C6:2.5 E6:.5 D6:1 | A5:2 C6:2 | D6:2 C#6:2",
    "outro": "F6:1 E6:1 D6:2 | C6:1 D6:1 A5:2 | D6:1 C6:1 Bb5:2 | A5:2 C#6:2",
    "end": "D6:4 | -:4",
}
# Where in the bar each part plays: (beat, length, velocity)
COMPING = {
    "soft": ((0, 3.8, 0.5),),
    "verse": ((0, 1.3, 0.62), (1.5, 0.9, 0.45), (2.75, 1.1, 0.5)),
    "chorus": ((0, 0.6, 0.72), (0.75, 0.6, 0.55), (1.5, 1.0, 0.66), (2.75, 0.45, 0.55), (3.5, 0.4, 0.6)),
}
STRUMS = ((0.5, 0.18, 0.5), (1.25, 0.13, 0.4), (1.5, 0.26, 0.7), (2.5, 0.18, 0.5), (3.25, 0.13, 0.45),
          (3.75, 0.18, 0.6))  # fmt: skip
BASS_LINES = {  # (beat, length, semitones above the root, velocity)
    "verse": ((0, 1.25, 0, 0.9), (1.5, 0.45, 0, 0.7), (2.5, 0.45, 7, 0.75), (3, 0.7, 0, 0.8),
              (3.75, 0.2, 12, 0.6)),
    "chorus": ((0, 0.45, 0, 0.95), (0.5, 0.2, 12, 0.6), (0.75, 0.2, 0, 0.65), (1.25, 0.2, 0, 0.6),
               (1.5, 0.4, 12, 0.85), (2, 0.45, 0, 0.9), (2.5, 0.2, 7, 0.65), (2.75, 0.45, 12, 0.8),
               (3.25, 0.2, 7, 0.6), (3.5, 0.4, 0, 0.8)),
    "held": ((0, 3.9, 0, 0.8),),
}  # fmt: skip


@dataclass(frozen=True)
class Note:
    """One note, in beats from the start of the song."""

    beat: float
    length: float
    pitch: int
    velocity: float


def pitch_of(name: str) -> int:
    """Return the MIDI number of a note name such as ``C#5``."""
    found = re.fullmatch(r"([A-G])([#b]?)(\d)", name)
    if not found:
        raise ValueError(f"not a note: {name!r}; write C#5, Bb4 or A4")
    letter, sign, octave = found.groups()
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[letter]
    return 12 * (int(octave) + 1) + step + {"#": 1, "b": -1, "": 0}[sign]


def melody(text: str, bar: int, velocity: float) -> Iterator[Note]:
    """Yield the notes of a written line (``A4:.5`` is half a beat, ``-`` a rest) that starts at ``bar``."""
    beat = 4.0 * bar
    for token in text.replace("|", " ").split():
        name, length = token.split(":")
        if name != "-":
            accent = 0.08 if beat % 1 == 0 else 0.0
            yield Note(beat, float(length), pitch_of(name), velocity + accent)
        beat += float(length)


def chords() -> Iterator[tuple[str, float, float, str]]:
    """Yield (section, first beat, length in beats, chord) over the whole song."""
    for section, first, _ in SECTIONS:
        for bar, names in enumerate(HARMONY[section].split()):
            parts = names.split("/")
            for i, name in enumerate(parts):
                length = 4 / len(parts)
                yield section, 4.0 * (first + bar) + i * length, length, name


def _within(pattern: Iterable[tuple[float, ...]], beat: float, length: float) -> Iterator[tuple[float, ...]]:
    """Yield the hits of a one-bar pattern that fall into the part of the bar a chord holds."""
    start = beat % 4
    for hit in pattern:
        if start <= hit[0] < start + length:
            yield (beat - start + hit[0], *hit[1:])


def piano_part() -> Iterator[Note]:
    """Yield the electric piano: held chords at the ends, syncopated ones between."""
    style = {"verse": "verse", "pre-chorus": "verse", "chorus": "chorus", "chorus 2": "chorus"}
    for section, beat, length, name in chords():
        pattern = COMPING[style.get(section, "soft")]
        hits = list(_within(pattern, beat, length)) or [(beat, length, 0.5)]
        for at, lasts, velocity in hits:
            for i, pitch in enumerate(VOICINGS[name]):
                yield Note(at + 0.012 * i, min(lasts, beat + length - at), pitch, velocity)


def bass_part() -> Iterator[Note]:
    """Yield the bass; the intro does without."""
    style = {"chorus": "chorus", "chorus 2": "chorus", "bridge": "held", "end": "held"}
    for section, beat, length, name in chords():
        if section == "intro":
            continue
        found = re.match(r"[A-G]b?", name)
        root = ROOTS[found.group()] if found else ROOTS["D"]
        line = BASS_LINES[style.get(section, "verse")]
        hits = list(_within(line, beat, length)) or [(beat, length, 0, 0.8)]
        for at, lasts, above, velocity in hits:
            yield Note(at, min(lasts, beat + length - at), root + int(above), velocity)


def pluck_part() -> Iterator[Note]:
    """Yield the running sixteenths of the pre-chorus, the bridge and the second chorus."""
    steps = (0, 2, 1, 3, 2, 4, 3, 1)
    loud = {"pre-chorus": 0.4, "bridge": 0.5, "chorus 2": 0.42}
    for section, beat, length, name in chords():
        if section not in loud:
            continue
        ladder = [p + 12 for p in VOICINGS[name]] + [VOICINGS[name][0] + 24]
        for i in range(int(length * 4)):
            grow = 0.5 + 0.5 * (beat - 48) / 16 if section == "pre-chorus" else 1.0
            yield Note(beat + i / 4, 0.2, ladder[steps[i % 8]], loud[section] * grow * (1 if i % 4 else 1.25))


def below(note: Note) -> Note:
    """Return the note a third lower in D minor, for the second voice."""
    scale = [2, 4, 5, 7, 9, 10, 0]
    degree = note.pitch % 12
    if degree not in scale:  # the leading note C#
        return replace(note, pitch=note.pitch - 4)
    target = scale[(scale.index(degree) - 2) % 7]
    return replace(note, pitch=note.pitch - (degree - target) % 12)


def strum_part() -> Iterator[Note]:
    """Yield the guitar of the choruses; a strum runs over its strings from low to high."""
    for section, beat, length, name in chords():
        if section.startswith("chorus"):
            for at, lasts, velocity in _within(STRUMS, beat, length):
                for i, pitch in enumerate(VOICINGS[name][1:]):
                    yield Note(at + 0.014 * i, lasts, pitch + 12, velocity)


def drum_part() -> Iterator[tuple[str, float, float]]:
    """Yield (drum, beat, velocity)."""
    for section, first, bars in SECTIONS:
        for bar in range(bars):
            start = 4.0 * (first + bar)
            last = bar == bars - 1
            yield from _drum_bar(section, bar, start, last)
    for bar, velocity in ((4, 0.5), (16, 1.0), (24, 0.6), (28, 1.0), (32, 0.6), (36, 0.8), (40, 0.7)):
        yield "crash", 4.0 * bar, velocity


def _drum_bar(section: str, bar: int, start: float, last: bool) -> Iterator[tuple[str, float, float]]:
    """Yield one bar of drums; the last bar of a driving section ends in a fill."""
    driving = section in ("verse", "pre-chorus", "chorus", "chorus 2", "outro")
    full = section.startswith("chorus")
    if section == "intro" and bar >= 2 or section == "bridge":
        for i in range(8):
            yield "hat", start + i / 2, 0.35 if i % 2 else 0.5
    if section == "bridge":
        yield "kick", start, 0.8
        yield "snare", start + 2, 0.55
    if not driving:
        return
    fill = last and section != "outro"
    for at in (0, 1, 2, 3) if full else (0, 1.75, 2.5):
        yield "kick", start + at, 1.0 if at in (0, 2) else 0.85
    for at in (1,) if fill else (1, 3):
        yield "snare", start + at, 0.95 if full else 0.75
        if full:
            yield "clap", start + at, 0.8
    for i in range(16 if full else 8):
        at = i / 4 if full else i / 2
        if full and at % 1 == 0.5:
            yield "open", start + at, 0.7
        else:
            yield "hat", start + at, 0.8 if at % 1 == 0.5 else 0.55 if at % 0.5 == 0 else 0.32
    if fill:
        for i, drum in enumerate(("snare", "snare", "tom high", "tom low")):
            yield drum, start + 3 + i / 4, 0.5 + i / 6
