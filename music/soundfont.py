"""Instruments of a soundfont, played by `midirenderer`: every note is rendered once, kept, and placed where it sounds.

A renderer of whole pieces costs 0.1 s and more for each voice that sounds for a minute, and gives the sum only. So the
notes a score needs are rendered alone, one after another in one silent MIDI file, at every third pitch and the full
velocity; the pitches between are re-pitched by one semitone at most, and velocity is gain, as in the renderer itself
(it has no more of it), and a darker sound. What is kept serves every variant, stem and edit after; the renderer is
exact, so a kept note is the same to the bit as one rendered anew.

Samples are float32, (m, 1) where left and right are the same, else (m, 2), 48 kHz.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.midi import DRUM_CHANNEL
from music.score import SAMPLE_RATE
from support.errors import DataError

Sample = NDArray[np.float32]

GRID = 3
"""Semitones between rendered pitches."""
LENGTHS = (0.9, 2.2, 5.0)
"""Seconds a note may be rendered for; the least that suffices is taken."""
SUSTAINED = frozenset([*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 104), 109, 110, 111])
"""Programs that sound as long as they are held: organs, bows, voices, winds, synthesisers, pipes."""
RINGING = frozenset({46, 49, 51, 52, 53, 55, 57, 58, 59, 72, 81})
"""Drums that ring for more than a second: cymbals, open hat, vibraslap, triangle."""
LOOP_END, LOOP_FROM, LOOP_JOIN = 2.15, (0.85, 1.35), 0.06
"""Seconds: where a held note goes back, between which places to, and how long one fades into the other."""
RELEASES = {"keys": 0.35, "mallets": 0.9, "organ": 0.12, "plucked": 0.28, "bass": 0.14, "strings": 0.45,
            "ensemble": 0.55, "brass": 0.22, "reed": 0.16, "pipe": 0.2, "synth": 0.3, "other": 0.4}
FAMILIES = ("keys", "mallets", "organ", "plucked", "bass", "strings", "ensemble", "brass", "reed", "pipe", "synth",
            "synth", "other", "plucked", "other", "other")
"""Of eight General MIDI programs each."""
REFERENCES = {"bass": 36, "mallets": 72, "pipe": 72}
"""Pitch whose loudness stands for a program of the family; 60 for the others."""
LEVEL = 0.1
"""K-weighted root mean square of that pitch at full velocity, first half second."""
MOST_KEPT = 160_000_000
"""Bytes of notes kept in memory."""
QUIET = 10 ** (-75 / 20)
"""Share of its peak at which a note has died away."""
CHUNK_S = 45.0
"""Seconds rendered in one call: between calls other threads run."""
BLOCK = 64
"""Samples of the renderer's blocks; it starts notes at the start of one."""
LARGEST_FONT = 1 << 30
SENDS = (15, 16)
"""Generators of a soundfont: what goes to chorus and to reverb."""


@dataclass(frozen=True, slots=True)
class Key:
    """One rendered note: kit or not, program, pitch, and index into `LENGTHS`."""

    drums: bool
    program: int
    pitch: int
    length: int


@dataclass(frozen=True, slots=True)
class Tone:
    """A rendered note; ``loop`` is where it goes back to from its end, and by how much, in samples (0, 0: it ends)."""

    sample: Sample
    loop: tuple[int, int] = (0, 0)


def shipped() -> Path:
    """Return the soundfont that comes with `pretty_midi`."""
    from importlib.util import find_spec

    found = find_spec("pretty_midi")
    if found is None or found.origin is None:
        raise DataError("bgm_sound.no_soundfont", path="TimGM6mb.sf2")
    return Path(found.origin).with_name("TimGM6mb.sf2")


def release(program: int) -> float:
    """Return the seconds in which a program dies away by 60 dB once let go."""
    return RELEASES[FAMILIES[program // 8]]


def key(drums: bool, program: int, pitch: int, seconds: float) -> tuple[Key, float]:
    """Return which rendered note serves a note held for `seconds`, and the ratio it is re-pitched by."""
    if drums:
        return Key(True, program, pitch, int(pitch in RINGING)), 1.0
    near = min(108, max(21, round(pitch / GRID) * GRID))
    step = float(2 ** ((pitch - near) / 12))
    need = (seconds + release(program)) * step
    enough = [index for index, length in enumerate(LENGTHS) if length >= need]
    index = enough[0] if enough else len(LENGTHS) - 1
    return Key(False, program, near, min(index, 1) if program in SUSTAINED else index), step


class Bank:
    """Notes of one soundfont, rendered when first needed. Safe to use from several threads."""

    def __init__(self, font: bytes) -> None:
        self._font = font
        self._kept: OrderedDict[Key, Tone] = OrderedDict()
        self._gains: dict[tuple[bool, int], float] = {}
        self._lock = threading.Lock()

    def tones(self, keys: Iterable[Key], watch: Any = None) -> dict[Key, tuple[Tone, float]]:
        """Return the notes and what each is to be multiplied by, so that all programs are equally loud.

        Raises
        ------
        DataError
            ``bgm_sound.soundfont``: the renderer cannot read the soundfont.
        """
        wanted = sorted(set(keys), key=repr)
        with self._lock:
            references = {_reference(key.drums, key.program) for key in wanted
                          if (key.drums, key.program) not in self._gains}
            for chunk in _chunks([key for key in sorted({*wanted, *references}, key=repr) if key not in self._kept]):
                if watch is not None:
                    watch.check()
                self._kept.update(zip(chunk, self._render(chunk), strict=True))
            for one in references:
                self._gains[one.drums, one.program] = _gain(self._kept[one].sample)
            found = {key: (self._kept[key], self._gains[key.drums, key.program]) for key in wanted}
            self._forget(found)
        return found

    def _forget(self, used: Iterable[Key]) -> None:
        for key in used:
            self._kept.move_to_end(key)
        size = sum(tone.sample.nbytes for tone in self._kept.values())
        while size > MOST_KEPT and len(self._kept) > 1:
            size -= self._kept.popitem(last=False)[1].sample.nbytes

    def _render(self, keys: list[Key]) -> list[Tone]:
        import midirenderer
        import soundfile

        file, starts = _timeline(keys)
        try:
            wave = midirenderer.render_wave_from(self._font, file)
        except BaseException as error:  # a panic of the renderer is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise DataError("bgm_sound.soundfont", why=str(error)[:200]) from error
        audio, rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
        if rate != SAMPLE_RATE:
            raise DataError("bgm_sound.soundfont", why=f"{rate} Hz")
        return [_tone(key, audio[start:end]) for key, start, end in zip(keys, starts, starts[1:], strict=False)]


def bank(path: Path | None = None) -> Bank:
    """Return the bank of a soundfont file, kept for the process; the shipped one without `path`.

    Raises
    ------
    DataError
        ``bgm_sound.no_soundfont`` where there is no such file, ``bgm_sound.soundfont`` where it is none.
    """
    path = path or shipped()
    try:
        stat = path.stat()
        return _bank(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise DataError("bgm_sound.no_soundfont", path=str(path)) from error


@lru_cache(maxsize=2)
def _bank(path: Path, size: int, _changed: int) -> Bank:
    if size > LARGEST_FONT:
        raise DataError("bgm_sound.soundfont", why=f"{size >> 20} MB > {LARGEST_FONT >> 20} MB")
    font = path.read_bytes()
    if font[:4] != b"RIFF" or font[8:12] != b"sfbk":
        raise DataError("bgm_sound.soundfont", why="RIFF sfbk?")
    return Bank(dry(font))


def dry(font: bytes) -> bytes:
    """Return a soundfont none of whose presets and instruments sends anything to the renderer's reverb and chorus.

    The mix has a reverb of its own; and the tail of one note would be heard in the next, so that a note would sound by
    a hair otherwise after another than alone (SoundFont 2.04, 7.5 and 7.9: generators are pairs of 16 bits).
    """
    made = bytearray(font)
    for name in (b"pgen", b"igen"):
        place = font.rfind(name)  # they stand behind the samples
        size = int.from_bytes(font[place + 4:place + 8], "little")
        if place < 0 or size % 4 or place + 8 + size > len(font):
            raise DataError("bgm_sound.soundfont", why=name.decode())
        pairs = np.frombuffer(font, "<u2", size // 2, place + 8).reshape(-1, 2).copy()
        pairs[np.isin(pairs[:, 0], SENDS), 1] = 0
        made[place + 8:place + 8 + size] = pairs.tobytes()
    return bytes(made)


def _reference(drums: bool, program: int) -> Key:
    if drums:
        return Key(True, program, 38, 0)
    return Key(False, program, REFERENCES.get(FAMILIES[program // 8], 60), 0)


def _chunks(keys: list[Key]) -> Iterable[list[Key]]:
    chunk: list[Key] = []
    for key in keys:
        chunk.append(key)
        if sum(LENGTHS[one.length] for one in chunk) >= CHUNK_S:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _timeline(keys: list[Key]) -> tuple[bytes, list[int]]:
    """Return a MIDI file with one note after another, and where each starts in samples, with the end of the last.

    At 125 beats a minute and 240 ticks a beat a tick is 96 samples; two are three of the renderer's blocks. All events
    are at odd ticks, in the middle of a block, and heard from the next one on: at its very edge the renderer's clock,
    which adds up fractions of a second, would take them a block sooner or later.
    """
    from mido import Message, MetaMessage, MidiFile, MidiTrack

    tick = 96
    track = MidiTrack([MetaMessage("set_tempo", tempo=480_000)])
    for channel in (0, DRUM_CHANNEL):
        track += [Message("control_change", channel=channel, control=control, value=value)
                  for control, value in ((7, 127), (11, 127), (10, 64), (91, 0), (93, 0))]
    starts, wait = [2 * BLOCK], 1
    for key in keys:
        channel = DRUM_CHANNEL if key.drums else 0
        ticks = int(LENGTHS[key.length] * SAMPLE_RATE / tick / 2) * 2
        track += [Message("program_change", channel=channel, program=key.program, time=wait),
                  Message("note_on", channel=channel, note=key.pitch, velocity=127),
                  Message("note_off", channel=channel, note=key.pitch, time=ticks),
                  Message("control_change", channel=channel, control=120, value=0)]
        wait = 20
        starts.append(starts[-1] + (ticks + wait) * tick)
    track.append(Message("control_change", channel=0, control=1, value=0, time=wait))
    written = io.BytesIO()
    MidiFile(type=0, ticks_per_beat=240, tracks=[track]).save(file=written)
    return written.getvalue(), starts


def _tone(key: Key, audio: NDArray[np.float32]) -> Tone:
    audio = audio[:int(LENGTHS[key.length] * SAMPLE_RATE)]
    heard = np.flatnonzero(np.abs(audio).max(axis=1) > QUIET * np.abs(audio).max(initial=0))
    audio = audio[:max(480, int(heard[-1]) + 1 if len(heard) else 0)]
    sample = audio[:, :1] if np.array_equal(audio[:, 0], audio[:, 1]) else audio
    if not key.drums and key.program in SUSTAINED and key.length >= 1:
        return _looped(np.ascontiguousarray(sample))
    return Tone(np.ascontiguousarray(sample))


def _looped(sample: Sample) -> Tone:
    """Return a note that goes back, from its end, to the earlier place most like it, one fading into the other."""
    from scipy.signal import correlate

    join, end = round(LOOP_JOIN * SAMPLE_RATE), round(LOOP_END * SAMPLE_RATE)
    first, last = (round(seconds * SAMPLE_RATE) for seconds in LOOP_FROM)
    mono = sample.mean(axis=1)
    if len(mono) < end + 4:
        return Tone(sample)
    template, searched = mono[end - join:end], mono[first - join:last]
    power = np.convolve(searched**2, np.ones(join), "valid") + 1e-12
    back = first + int(np.argmax(correlate(searched, template, "valid") / np.sqrt(power)))
    made = sample[:end + 4].copy()
    fade = np.linspace(0, 1, join, dtype=np.float32)[:, None]
    made[end - join:end] = (1 - fade) * sample[end - join:end] + fade * sample[back - join:back]
    made[end:] = sample[back:back + 4]
    return Tone(made, (back, end - back))


def _gain(sample: Sample) -> float:
    from scipy.signal import sosfilt

    from music.master import k_sections

    heard = sosfilt(k_sections(), sample[:SAMPLE_RATE // 2].astype(np.float64), axis=0)
    mean = float(np.sqrt(np.mean(heard**2)))
    return LEVEL / mean if mean > 1e-6 else 1.0
