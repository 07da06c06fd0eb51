"""Background music: from a wish to plans, from a plan to a score, MIDI and sound.

Task: music that keeps its word on tempo, key, length, loop and loudness. A wish (`music.wish.Wish`: categories, words,
exact figures) is settled to one plan a variant (`settle`), a plan makes a score (`compose`), a score makes sound
(`make`). Conventions: time in quarters from the start (`music.score`), tempo in felt beats a minute, samples at
48 kHz, loudness in LUFS after ITU-R BS.1770-4, true peak in dBTP at four times the rate. The same plan gives the same
bytes of MIDI and WAV, on the same version (`ENGINE`) and soundfont.

Internals: `music.vocabulary` and `music.caption` (words), `music.planning`, `music.lengths`, `music.editing` (plans),
`music.arrange`, `music.harmony`, `music.melody`, `music.drums` (scores), `music.rendering`, `music.mix`,
`music.master` (sound), `music.files` (formats).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music import files, midi, rendering
from music.arrange import compose
from music.caption import caption, read
from music.checks import validate
from music.editing import again, change_energy, lengthen, with_instrument
from music.master import fit
from music.plan import Plan, Section, as_json, from_json
from music.planning import settle
from music.score import SAMPLE_RATE, Score
from music.vocabulary import find, genres, instruments, moods, textures
from music.wish import Feel, Wish

ENGINE = 2
"""Version of what makes notes and sound of a plan; raised with every change that gives other bytes."""

__all__ = [
    "ENGINE", "SAMPLE_RATE", "Feel", "Made", "Plan", "Score", "Section", "Wish", "again", "as_json", "caption_of",
    "change_energy", "compose", "drawn", "files", "find", "fit", "from_json", "genres", "in_english", "instruments",
    "lengthen", "make", "moods", "read", "settle", "stems", "textures", "validate", "with_instrument",
]


@dataclass(frozen=True, slots=True)
class Made:
    """A piece: its score, MIDI, mastered stereo sound (n, 2) at 48 kHz, and what was measured of it."""

    score: Score
    midi: bytes
    mix: NDArray[np.float32]
    figures: Mapping[str, float]


def caption_of(wish: Wish, lang: str) -> str:
    """Return a wish as one line: moods, genres, instruments, background sounds, tempo."""
    return caption(wish.genres, wish.moods, wish.instruments, wish.tempo, lang, wish.keywords, wish.textures)


def in_english(text: str) -> str:
    """Return a caption in English, which models of others know best; words of one's own stay as they are."""
    found = read(text)
    said = caption(found.genres, found.moods, found.instruments, found.tempo or "auto", "en", found.keywords,
                   found.textures)
    return said or text


def make(plan: Plan, soundfont: Path | None = None) -> Made:
    """Compose and render a plan.

    Parameters
    ----------
    soundfont : Path, optional
        An SF2 file; by default TimGM6mb.

    Raises
    ------
    DataError
        If the soundfont cannot be read.
    """
    score = compose(plan)
    sound = rendering.render(score, plan, soundfont=soundfont)
    return Made(score, midi.write(score), sound.mix, dict(sound.figures))


def stems(plan: Plan, soundfont: Path | None = None) -> Mapping[str, NDArray[np.float32]]:
    """Return the sound of every part by role, each made when it is looked up; they add up to the mix of `make`."""
    return rendering.render(compose(plan), plan, soundfont=soundfont, stems=True).stems


def drawn(score: Score) -> dict[str, Any]:
    """Return what a page draws of a score, in seconds: ``roll``, ``spans`` and ``chords`` (see `BgmTrack`)."""
    quarter = score.quarter_s
    return {
        "roll": [[track.role, track.instrument,
                  [[round(note.start * quarter, 3), round(note.length * quarter, 3), note.pitch, note.velocity]
                   for note in track.notes]] for track in score.tracks],
        "spans": [[span.id, span.name, round(span.first_bar * score.bar_s, 3),
                   round((span.first_bar + span.bars) * score.bar_s, 3), round(span.energy, 3)]
                  for span in score.sections],
        "chords": [[round(chord.start * quarter, 3), round(chord.length * quarter, 3), chord.name]
                   for chord in score.chords]}
