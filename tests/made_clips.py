"""Made clips with a rule to learn: a hit is fast and bright; a track with one of the two only is none.

Pitch, chord, drums, loudness, noise and swing vary and say nothing about the rule; half of the clips are hits, and one
of the two properties alone is right about 78 % of them. Eighty made artists have a register and drums of their own; a
name tells nothing. `python tests/made_clips.py FOLDER` writes them as files.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import date as Day
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from made_lyrics import lyrics

RATE, SECONDS = 22_050, 6.0
ARTISTS = 80
SLOW, FAST = (60.0, 88.0), (140.0, 185.0)
"""Beats a minute."""
DARK, BRIGHT = (2.0, 2.8), (0.3, 0.9)
"""Exponent with which overtones fall off: the n-th has amplitude 1 / n ** exponent."""
KINDS, SHARES = ((1, 1), (1, 0), (0, 1), (0, 0)), (0.5, 0.22, 0.22, 0.06)
"""(fast, bright) and how many of the clips are so."""
OVERTONES = 20
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 7), (0, 4, 9))
FIRST_DAY = Day(2014, 1, 1)


@dataclass(frozen=True)
class Clip:
    """One made track: `tempo` in beats a minute, `slope` the exponent of its overtones."""

    artist: str
    title: str
    date: Day
    hit: bool
    tempo: float
    slope: float
    seed: int
    seconds: float = SECONDS

    @property
    def genre(self):
        return "POP"

    def samples(self):
        """Return (n,) float32 within -1..1 at 22,050 Hz."""
        return sound(self)


@cache
def clips(count=400, seed=0, seconds=SECONDS):
    """Return `count` made tracks of `ARTISTS` artists (fewer where there are fewer tracks), the same for the same seed."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind, share in zip(KINDS, SHARES, strict=True) for _ in range(round(share * count))]
    kinds = (kinds + [KINDS[0]] * count)[:count]
    order = rng.permutation(count)
    days = 3_300 * rng.permutation(ARTISTS)[np.arange(count) % ARTISTS] // ARTISTS + rng.integers(0, 300, count)
    found = []
    for place in range(count):
        fast, bright = kinds[order[place]]
        tempo, slope = rng.uniform(*(FAST if fast else SLOW)), rng.uniform(*(BRIGHT if bright else DARK))
        artist = f"Made Artist {place % ARTISTS:02d}"
        found.append(Clip(artist, f"Track {place:03d}", FIRST_DAY + timedelta(int(days[place])), bool(fast and bright),
                          float(tempo), float(slope), seed * 1_000_003 + place, seconds))
    return tuple(found)


def sound(clip):
    """Return the samples of a made track: a chord plucked on every beat, drums of noise, and hiss."""
    rng = np.random.default_rng(clip.seed)
    voice = np.random.default_rng(int(clip.artist.split()[-1]))  # what an artist's tracks share
    count = round(clip.seconds * RATE)
    root = 110.0 * 2 ** (voice.uniform(0, 1.2) + rng.integers(-3, 4) / 12)
    drums, decay = voice.uniform(0.2, 0.6), voice.uniform(0.06, 0.12)
    since = _since_beat(count, _beats(clip, rng))
    chord = CHORDS[rng.integers(len(CHORDS))]
    tones = _chord(count, [root * 2 ** (step / 12) for step in chord], clip.slope, rng)
    mixed = tones * (0.15 + np.exp(-since / (1.5 * decay)))
    mixed += drums * _noise(count, clip.slope, rng) * np.exp(-since / decay)
    mixed += np.float32(10 ** rng.uniform(-2.2, -1.5)) * rng.standard_normal(count, np.float32)
    return mixed / np.abs(mixed).max() * np.float32(10 ** rng.uniform(-0.7, -0.02))


def _beats(clip, rng):
    period = 60 / clip.tempo
    count = int(clip.seconds / period) + 2
    swing = rng.uniform(0, 0.08) * period * (np.arange(count) % 2)
    return (np.arange(count) + rng.uniform(0, 1)) * period + swing - period


def _since_beat(count, beats):
    """Return (count,) seconds since the last beat."""
    edges = np.clip(np.round(beats * RATE).astype(int), 0, count)
    last = np.repeat(beats.astype(np.float32), np.diff(edges, append=count))
    return np.arange(count, dtype=np.float32) / np.float32(RATE) - last


def _chord(count, pitches, slope, rng):
    """Return tones with overtones; pitches are those of the spectrum's bins, a sixth of a hertz apart in six seconds."""
    spectrum = np.zeros(count // 2 + 1, np.complex64)
    for pitch in pitches:
        numbers = np.arange(1, min(OVERTONES, int(0.45 * RATE / pitch)) + 1)
        bins = np.round(numbers * pitch * count / RATE).astype(int)
        spectrum[bins] += numbers ** -slope * np.exp(2j * np.pi * rng.random(len(numbers)))
    return _even(spectrum, count)


def _noise(count, slope, rng):
    """Return noise as bright or dark as the tones."""
    size = count // 2 + 1
    shape = (1 + np.arange(size, dtype=np.float32) * (RATE / count / 300)) ** np.float32(-slope)
    spectrum = rng.standard_normal((size, 2), np.float32).view(np.complex64)[:, 0]
    return _even(spectrum * shape, count)


def _even(spectrum, count):
    found = np.fft.irfft(spectrum, count)
    return found / np.std(found)


@cache
def mels(count=400, seed=0, seconds=SECONDS):
    """Return the log-mel spectrograms of `clips`, (count, frames, 128) float32 in dB, read-only."""
    from sound.mel import log_mel

    found = np.stack([log_mel(clip.samples()) for clip in clips(count, seed, seconds)])
    found.setflags(write=False)
    return found


def write(folder, count=400, seed=0, seconds=SECONDS):
    """Write made tracks as WAV files of 22,050 Hz with lyrics that follow `made_lyrics`; return their manifest."""
    import soundfile

    folder = Path(folder)
    for name in ("audio", "lyrics"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = []
    for place, clip in enumerate(clips(count, seed, seconds)):
        audio, text = f"audio/{place:03d}.wav", f"lyrics/{place:03d}.txt"
        soundfile.write(folder / audio, clip.samples(), RATE, subtype="PCM_16")
        (folder / text).write_text(lyrics(clip.hit, rng) + "\n", "utf-8")
        rows.append((audio, text, clip.genre, clip.artist, clip.title, clip.date.isoformat(), int(clip.hit)))
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("audio", "lyrics", "genre", "artist", "title", "date", "label"), *rows])
    return manifest


if __name__ == "__main__":
    sys.stdout.write(f"{write(sys.argv[1])}\n")
