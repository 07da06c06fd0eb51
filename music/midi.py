"""A score as a standard MIDI file (format 1): opens in any player or workstation, the same bytes for the same score.

Tempo is kept in whole microseconds a quarter, as the format has it. Every note is ended before the same pitch sounds
again, so nothing hangs. Voices made here by synthesis are written as the nearest General MIDI program.
"""

from __future__ import annotations

import struct

from music.score import METERS, Note, Score, Track

Event = tuple[int, int, bytes]
"""When (ticks), which comes first of several at a time, and what."""

TICKS = 480
"""Of a quarter."""
NAME, MARKER, END, TEMPO, METER, KEY = 0x03, 0x06, 0x2F, 0x51, 0x58, 0x59
"""Kinds of meta events (Standard MIDI Files 1.0)."""
DRUM_CHANNEL = 9
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
    tracks = [_heading(score)]
    channels = iter([channel for channel in range(16) if channel != DRUM_CHANNEL])
    for track in score.tracks:
        channel = DRUM_CHANNEL if is_drums(track.voice) else next(channels)
        tracks.append(_part(track, channel))
    return struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), TICKS) + b"".join(_track(events) for events in tracks)


def is_drums(voice: str) -> bool:
    """Return whether a voice is a kit, whose pitches are drums."""
    from music.drum_synths import KITS

    kind, _, name = voice.partition(":")
    return kind == "drums" or (kind == "synth" and name in KITS)


def program(voice: str) -> int:
    """Return the General MIDI program of a voice."""
    kind, _, name = voice.partition(":")
    return int(name) if kind in ("gm", "drums") else PROGRAMS.get(name, 0)


def signature(tonic: int, mode: str) -> tuple[int, bool]:
    """Return the key signature: sharps (flats below 0), and whether it is minor, where the mode has a minor third.

    A fifth is one sharp more; a minor key has those of the major key three semitones above.
    """
    minor = mode in DARK_MODES
    return (7 * (tonic + 3 * minor) + 6) % 12 - 6, minor


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


def _heading(score: Score) -> list[Event]:
    above, below = (int(part) for part in score.meter.split("/"))
    bar = METERS[score.meter].quarters
    sharps, minor = signature(score.tonic, score.mode)
    events = [(0, 0, _meta(NAME, b"BGM")), (0, 0, _meta(TEMPO, round(score.quarter_s * 1e6).to_bytes(3, "big"))),
              (0, 0, _meta(METER, bytes([above, below.bit_length() - 1, 24, 8]))),
              (0, 0, _meta(KEY, bytes([sharps & 255, minor])))]
    events += [(round(span.first_bar * bar * TICKS), 1, _meta(MARKER, span.name.encode("latin-1", "replace")))
               for span in score.sections]
    return [*events, (round(score.bars * bar * TICKS), 2, _meta(END, b""))]


def _part(track: Track, channel: int) -> list[Event]:
    events: list[Event] = [
        (0, 0, _meta(NAME, f"{track.role}: {track.instrument}".encode("latin-1", "replace"))),
        (0, 0, bytes([0xC0 | channel, program(track.voice)])),
        (0, 0, bytes([0xB0 | channel, 7, VOLUME.get(track.role, 90)])),
        (0, 0, bytes([0xB0 | channel, 10, PAN.get(track.role, 64)]))]
    on, off = 0x90 | channel, 0x80 | channel
    for start, end, pitch, velocity in ended(track.notes):
        events.append((start, 2, bytes([on, pitch, velocity])))
        events.append((end, 1, bytes([off, pitch, 0])))
    return events


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable(len(data)) + data


def _variable(value: int) -> bytes:
    """Return a number in the format's own writing: seven bits a byte, all but the last with the eighth set."""
    if value < 128:
        return bytes([value])
    return bytes([128 | part for part in _variable(value >> 7)]) + bytes([value & 127])


def _track(events: list[Event]) -> bytes:
    """Return events, given as (tick, rank within the tick, bytes), as a track with the times between them."""
    written, now = bytearray(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        written += _variable(tick - now) + message
        now = tick
    if events[-1][2][:2] != bytes([0xFF, END]):
        written += b"\0" + _meta(END, b"")
    return struct.pack(">4sI", b"MTrk", len(written)) + bytes(written)
