"""Notes of a track put on a bus: by a soundfont's rendered notes, a synthesiser's, or a drum machine's hits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music import drum_synths, mix, soundfont, synths
from music.midi import TICKS, ended
from music.score import SAMPLE_RATE, Track
from support.errors import DataError

Audio = NDArray[np.float32]
Tones = Mapping[soundfont.Key, tuple[soundfont.Tone, float]]

TOUCH = 1.7
"""Power of the velocity that is loudness."""
DARKEST = 0.6
"""Pole of the low-pass of the softest notes: about 4 kHz."""
SYNTH_DARKEST = 0.3
"""The same for voices whose filter follows the velocity already, and for drum machines."""
KIT_LEVEL, SYNTH_LEVEL = 0.5, 0.4
SHADES, COLOURS = 6, 8
"""Steps of velocity that change the colour of a hit, and of a soundfont's note."""
CHOKE = 1200
"""Samples in which a hit that is cut short dies away."""
SHORTEST_S = 0.04
"""A note is held at least so long: shorter ones are heard as clicks."""


@dataclass(frozen=True, slots=True)
class Time:
    """The time line: seconds of a quarter, samples of the piece, whether its end runs into its start.

    ``tonic`` is the pitch class that a machine's kick is tuned to.
    """

    quarter_s: float
    count: int
    loop: bool
    tonic: int | None = None

    def sample(self, ticks: int) -> int:
        """Return where a tick is, in samples."""
        return round(ticks / TICKS * self.quarter_s * SAMPLE_RATE)


def sounding(voice: str) -> str:
    """Return the voice that sounds for a track's: synthesisers of General MIDI are played by those of `synths`.

    Raises
    ------
    DataError
        ``bgm_sound.voice``: no such voice.
    """
    kind, _, name = voice.partition(":")
    if kind in ("gm", "drums") and name.isdigit() and int(name) < 128:
        return f"synth:{synths.ELECTRIC[int(name)]}" if kind == "gm" and int(name) in synths.ELECTRIC else voice
    if kind == "synth" and (name in synths.VOICES or name in drum_synths.KITS):
        return voice
    raise DataError("bgm_sound.voice", voice=voice,
                    accepted=", ".join(["gm:0-127", "drums:0-127", *(f"synth:{one}" for one in
                                                                     (*synths.VOICES, *drum_synths.KITS))]))


def needed(track: Track, time: Time) -> Iterator[soundfont.Key]:
    """Yield the soundfont's notes a track is played with."""
    kind, _, name = sounding(track.voice).partition(":")
    if kind == "synth":
        return
    for start, end, pitch, _ in ended(track.notes):
        held = (end - start) / TICKS * time.quarter_s
        yield soundfont.key(kind == "drums", int(name), pitch, max(held, SHORTEST_S))[0]


def play(track: Track, time: Time, bus: Audio, tones: Tones, width: float = 1.0) -> None:
    """Add a track's notes to a bus (n, 2).

    Parameters
    ----------
    track : Track
    time : Time
    bus : array (n, 2)
    tones : mapping
        What `soundfont.Bank.tones` has for `needed`.
    width : float
        0 to 1: how far the pieces of a kit stand apart, and the part stands from the middle.
    """
    kind, _, name = sounding(track.voice).partition(":")
    if kind == "drums" or name in drum_synths.KITS:
        _play_kit(track, time, bus, tones, width, None if kind == "drums" else name, name)
    elif kind == "synth":
        _play_synth(track, time, bus, name, _sides(track.role, width))
    else:
        _play_font(track, time, bus, tones, int(name), _sides(track.role, width))


def _sides(role: str, width: float) -> tuple[float, float]:
    return mix.panned(mix.PAN.get(role, 0.0) * width)


def _play_font(track: Track, time: Time, bus: Audio, tones: Tones, program: int, sides: tuple[float, float]) -> None:
    """Play notes of the soundfont: those of a pitch and colour share one sample, re-pitched as long as the longest."""
    from music import _placing

    release = round(soundfont.release(program) * SAMPLE_RATE)
    alike: dict[tuple[soundfont.Key, float, int], list[tuple[int, int, float]]] = {}
    for start, end, pitch, velocity in ended(track.notes):
        held = max((end - start) / TICKS * time.quarter_s, SHORTEST_S)
        key, step = soundfont.key(False, program, pitch, held)
        tone, gain = tones[key]
        hold = round(held * SAMPLE_RATE)
        if not tone.loop[1]:
            hold = min(hold, max(64, int((len(tone.sample) - 3) / step) - release))
        alike.setdefault((key, step, velocity * COLOURS // 128), []).append(
            (time.sample(start), hold, gain * (velocity / 127) ** TOUCH))
    for (key, step, colour), notes in alike.items():
        tone = tones[key][0]
        dark = DARKEST * (1 - (colour + 0.5) / COLOURS)
        sample = _placing.pitched(tone.sample, step, dark, tone.loop[1], release + max(hold for _, hold, _ in notes))
        for place, hold, loud in notes:
            _placing.add(bus, sample, place, hold, release, loud * sides[0], loud * sides[1], time.loop)


def _play_synth(track: Track, time: Time, bus: Audio, voice: str, sides: tuple[float, float]) -> None:
    from music import _placing

    release = round(synths.RELEASES[voice] * SAMPLE_RATE)
    for start, end, pitch, velocity in ended(track.notes):
        held = max((end - start) / TICKS * time.quarter_s, SHORTEST_S)
        sample = synths.note(voice, pitch, held + synths.RELEASES[voice], velocity)
        loud = SYNTH_LEVEL * (velocity / 127) ** TOUCH
        hold = max(1, min(round(held * SAMPLE_RATE), len(sample) - release))
        _placing.add(bus, sample, time.sample(start), hold, release, loud * sides[0], loud * sides[1], time.loop)


def _play_kit(track: Track, time: Time, bus: Audio, tones: Tones, width: float, kit: str | None, program: str) -> None:
    """Play a kit: hits sound in full, but an open hat ends where a closed one follows."""
    from music import _placing

    notes, taken, hits = ended(track.notes), Counter[int](), dict[tuple[int, int, int], tuple[Audio, float]]()
    for place, (start, _, pitch, velocity) in enumerate(notes):
        wanted = pitch, taken[pitch] % drum_synths.TAKES, velocity * SHADES // 128
        taken[pitch] += 1
        if wanted not in hits:
            hits[wanted] = _hit(*wanted, tones, kit, program, time.tonic)
        sample, gain = hits[wanted]
        loud = gain * (velocity / 127) ** TOUCH
        hold = len(sample)
        if pitch in drum_synths.CHOKED:
            cut = next((other for other, _, closed, _ in notes[place + 1:place + 40]
                        if closed in drum_synths.CHOKED[pitch] and other > start), None)
            hold = hold if cut is None else min(hold, time.sample(cut) - time.sample(start))
        sides = mix.panned((mix.DRUM_PAN.get(pitch, 0.0) if track.role == "drums" else mix.PAN["percussion"]) * width)
        _placing.add(bus, sample, time.sample(start), max(1, hold), CHOKE, loud * sides[0], loud * sides[1], time.loop)


def _hit(pitch: int, take: int, shade: int, tones: Tones, kit: str | None, program: str, tonic: int | None
         ) -> tuple[Audio, float]:
    """Return a hit, the darker the softer it is struck, and its gain."""
    from music import _kernels

    pole = (DARKEST if kit is None else SYNTH_DARKEST) * (1 - (shade + 0.5) / SHADES)
    if kit is None:
        tone, gain = tones[soundfont.key(True, int(program), pitch, 1.0)[0]]
        return _kernels.darkened(tone.sample, pole), gain
    return _kernels.darkened(drum_synths.hit(kit, pitch, take, tonic), pole), KIT_LEVEL
