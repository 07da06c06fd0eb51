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
LENGTHS = (0.6, 0.9, 1.5, 2.2, 3.3, 5.0)
"""Seconds a note may sound; the least that suffices is taken. What is rendered longer serves shorter ones as well."""
HIT, LONG = 1, 3
"""Indices into them: of a drum, and of what rings on or goes round in a loop."""
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
STEP = 1 / 32768
"""The renderer's samples are whole multiples of it; a note has died away where there is no more than one."""
CHUNK_S = 45.0
"""Seconds rendered in one call: between calls other threads run."""
BLOCK = 64
"""Samples of the renderer's blocks; it starts notes at the start of one."""
LARGEST_FONT = 1 << 30
SENDS = (15, 16)
"""Generators of a soundfont: what goes to chorus and to reverb."""


@dataclass(frozen=True, slots=True)
class Key:
    """One note: kit or not, program, pitch, and index into `LENGTHS`."""

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
        return Key(True, program, pitch, LONG if pitch in RINGING else HIT), 1.0
    near = min(108, max(21, round(pitch / GRID) * GRID))
    step = float(2 ** ((pitch - near) / 12))
    need = (seconds + release(program)) * step
    enough = [index for index, length in enumerate(LENGTHS) if length >= need]
    index = enough[0] if enough else len(LENGTHS) - 1
    return Key(False, program, near, min(index, LONG) if program in SUSTAINED else index), step


@dataclass(slots=True)
class _Kept:
    """What was rendered of a pitch: how long, and what was made of it for each length asked for."""

    length: int
    sample: Sample
    tones: dict[int, Tone]

    @property
    def size(self) -> int:
        return self.sample.nbytes + sum(tone.sample.nbytes for tone in self.tones.values() if tone.loop[1])


class Bank:
    """Notes of one soundfont, rendered when first needed. Safe to use from several threads."""

    def __init__(self, font: bytes) -> None:
        self._font = font
        self._kept: OrderedDict[tuple[bool, int, int], _Kept] = OrderedDict()
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
            for chunk in _chunks(self._missing([*wanted, *references])):
                if watch is not None:
                    watch.check()
                for key, sample in zip(chunk, self._render(chunk), strict=True):
                    self._kept[key.drums, key.program, key.pitch] = _Kept(key.length, sample, {})
            for one in references:
                self._gains[one.drums, one.program] = _gain(self._tone(one).sample)
            found = {key: (self._tone(key), self._gains[key.drums, key.program]) for key in wanted}
            self._forget(wanted)
        return found

    def _missing(self, keys: Iterable[Key]) -> list[Key]:
        """Return each pitch that is not there in the length needed, with the longest that is."""
        longest: dict[tuple[bool, int, int], Key] = {}
        for key in keys:
            pitch = key.drums, key.program, key.pitch
            if pitch not in longest or longest[pitch].length < key.length:
                longest[pitch] = key
        return sorted((key for pitch, key in longest.items()
                       if pitch not in self._kept or self._kept[pitch].length < key.length), key=repr)

    def _tone(self, key: Key) -> Tone:
        kept = self._kept[key.drums, key.program, key.pitch]
        if key.length not in kept.tones:
            kept.tones[key.length] = _tone(key, kept.sample)
        return kept.tones[key.length]

    def _forget(self, used: Iterable[Key]) -> None:
        for key in used:
            self._kept.move_to_end((key.drums, key.program, key.pitch))
        size = sum(kept.size for kept in self._kept.values())
        while size > MOST_KEPT and len(self._kept) > 1:
            size -= self._kept.popitem(last=False)[1].size

    def _render(self, keys: list[Key]) -> list[Sample]:
        """Return notes as rendered, up to where they have died away."""
        import midirenderer

        file, starts = _timeline(keys)
        try:
            wave = midirenderer.render_wave_from(self._font, file)
        except BaseException as error:  # a panic of the renderer is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise DataError("bgm_sound.soundfont", why=str(error)[:200]) from error
        audio = _read(wave)
        return [_heard(audio[start:start + int(LENGTHS[key.length] * SAMPLE_RATE)])
                for key, start in zip(keys, starts, strict=False)]


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


def _read(wave: bytes) -> NDArray[np.int16]:
    """Return the samples of the renderer's WAV file, (n, 2)."""
    import soundfile

    audio, rate = soundfile.read(io.BytesIO(wave), dtype="int16", always_2d=True)
    if rate != SAMPLE_RATE or audio.shape[1] != 2:
        raise DataError("bgm_sound.soundfont", why=f"{rate} Hz, {audio.shape[1]}")
    return np.asarray(audio)


def _heard(audio: NDArray[np.int16]) -> Sample:
    """Return a note up to its last sample that is heard, with one channel where both are the same."""
    audio = _ended(audio, 1)
    same = np.array_equal(audio[:, 0], audio[:, 1])
    return np.ascontiguousarray(audio[:, :1] if same else audio, np.float32) * np.float32(STEP)


def _tone(key: Key, sample: Sample) -> Tone:
    """Return what a note asked for is of one rendered as long or longer: the same whichever it was."""
    if not key.drums and key.program in SUSTAINED and key.length >= LONG:
        return _looped(sample)
    return Tone(_ended(sample[:int(LENGTHS[key.length] * SAMPLE_RATE)], STEP))


def _ended(sample: NDArray[Any], over: float) -> NDArray[Any]:
    from music import _placing

    return sample[:max(480, _placing.last_heard(sample, over))]


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
