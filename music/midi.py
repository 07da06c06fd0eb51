"""A score as a standard MIDI file (format 1): opens in any player or workstation, the same bytes for the same score.

Tempo is kept in whole microseconds a quarter, as the format has it. Every note is ended before the same pitch sounds
again, so nothing hangs. Voices made here by synthesis are written as the nearest General MIDI program.
"""

from __future__ import annotations

import io
from typing import Any

from music.score import METERS, Note, Score, Track

TICKS = 480
"""Of a quarter."""
DRUM_CHANNEL = 9
MAJOR_KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MINOR_KEYS = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
DARK_MODES = frozenset({"minor", "dorian", "phrygian", "harmonic_minor", "gyemyeonjo", "pentatonic_minor", "blues"})
"""Modes with a minor third: their key is written as minor of the same tonic; the format knows no others."""
PROGRAMS = {"bass808": 38, "basssub": 38, "basssaw": 38, "bassfm": 39, "lead": 81, "square": 80, "pad": 89, "pluck": 90,
            "brass": 62, "keys": 4}
"""General MIDI programs nearest to synthesised voices."""
PAN = {"chords": 50, "pad": 76, "counter": 84, "percussion": 78}
VOLUME = {"drums": 100, "percussion": 80, "bass": 100, "chords": 84, "pad": 70, "melody": 104, "counter": 84,
          "texture": 64}


def write(score: Score) -> bytes:
    """Return the score as the bytes of a MIDI file.

    Tracks keep their order; track 0 holds tempo, meter, key and a marker at the start of each section. Drums of any
    kind are on channel 10.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(_track(_heading(score)))
    channels = iter([channel for channel in range(16) if channel != DRUM_CHANNEL])
    for track in score.tracks:
        channel = DRUM_CHANNEL if is_drums(track.voice) else next(channels)
        file.tracks.append(_track(_part(track, channel)))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def is_drums(voice: str) -> bool:
    """Return whether a voice is a kit, whose pitches are drums."""
    from music.drum_synths import KITS

    kind, _, name = voice.partition(":")
    return kind == "drums" or (kind == "synth" and name in KITS)


def program(voice: str) -> int:
    """Return the General MIDI program of a voice."""
    kind, _, name = voice.partition(":")
    return int(name) if kind in ("gm", "drums") else PROGRAMS.get(name, 0)


def key(tonic: int, mode: str) -> str:
    """Return the key signature's name: minor where the mode has a minor third."""
    return (MINOR_KEYS if mode in DARK_MODES else MAJOR_KEYS)[tonic % 12]


def ended(notes: tuple[Note, ...]) -> list[tuple[int, int, int, int]]:
    """Return notes as (start, end, pitch, velocity) in ticks, each ended before its pitch sounds again."""
    by_pitch: dict[int, list[list[int]]] = {}
    for note in sorted(notes, key=lambda note: (note.start, note.pitch, -note.velocity)):
        start = max(0, round(note.start * TICKS))
        end = max(start + 1, round((note.start + note.length) * TICKS))
        before = by_pitch.setdefault(min(127, max(0, note.pitch)), [])
        if before and before[-1][0] == start:
            before[-1][1] = max(before[-1][1], end)
            continue
        if before:
            before[-1][1] = min(before[-1][1], start)
        before.append([start, end, min(127, max(1, note.velocity))])
    return sorted((start, end, pitch, velocity) for pitch, all_ in by_pitch.items() for start, end, velocity in all_)


def _heading(score: Score) -> list[tuple[int, int, Any]]:
    from mido import MetaMessage

    above, below = (int(part) for part in score.meter.split("/"))
    bar = METERS[score.meter].quarters
    events = [(0, 0, MetaMessage("track_name", name="BGM")),
              (0, 0, MetaMessage("set_tempo", tempo=round(score.quarter_s * 1e6))),
              (0, 0, MetaMessage("time_signature", numerator=above, denominator=below)),
              (0, 0, MetaMessage("key_signature", key=key(score.tonic, score.mode)))]
    events += [(round(span.first_bar * bar * TICKS), 1, MetaMessage("marker", text=span.name))
               for span in score.sections]
    return [*events, (round(score.bars * bar * TICKS), 2, MetaMessage("end_of_track"))]


def _part(track: Track, channel: int) -> list[tuple[int, int, Any]]:
    from mido import Message, MetaMessage

    events: list[tuple[int, int, Any]] = [
        (0, 0, MetaMessage("track_name", name=f"{track.role}: {track.instrument}")),
        (0, 0, Message("program_change", channel=channel, program=program(track.voice))),
        (0, 0, Message("control_change", channel=channel, control=7, value=VOLUME.get(track.role, 90))),
        (0, 0, Message("control_change", channel=channel, control=10, value=PAN.get(track.role, 64)))]
    for start, end, pitch, velocity in ended(track.notes):
        events.append((start, 2, Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((end, 1, Message("note_off", channel=channel, note=pitch, velocity=0)))
    return events


def _track(events: list[tuple[int, int, Any]]) -> Any:
    """Return events, given as (tick, rank within the tick, message), as a track with the times between them."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track
