"""What a piece of background music is found to be from its sound alone, by other means than those that made it.

Tempo by librosa's beat tracker, key by a key profile, loudness by pyloudnorm, true peak by soxr at four times the rate,
loop seam by spectral flux, MIDI by mido. The bench and the tests measure alike. Nothing here knows the product.

Conventions: `mix` is (n, 2) at 48,000 Hz; `mono` is (n,) at 22,050 Hz. Pitch classes: 0 is C.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

RATE, MONO_RATE = 48_000, 22_050
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
"""How well each degree fits a key (C. Krumhansl and E. Kessler, 1982; Krumhansl, Cognitive Foundations, 1990)."""
TEMPO_BOUND = 0.02
BRIGHT = ("major", "mixolydian", "lydian", "pyeongjo")
"""Modes with a major third, or nearer to major."""
QUIET_DB, BLOCK_S = -60.0, 0.5
"""A block under this level is silent."""
HELD_S = 0.37
"""Blocks compared for what hangs: no tempo's beat, or a steady beat would look like one sound."""
SAME = 0.9995
"""Cosine of the mel spectra (in dB) of two blocks in a row that are one sound held on."""
SEAM_FFT, SEAM_HOP = 2_048, 128
SEAM_S = 0.03
"""Onsets of a bar's first notes lie this near to it: players are not machines."""
PAIRS: Mapping[str, tuple[str, str]] = {
    "happy": ("happy", "sad"), "sad": ("sad", "happy"), "calm": ("chill", "party"), "peaceful": ("chill", "party"),
    "party": ("party", "chill"), "energetic": ("party", "chill"), "jazz": ("jazz", "rock"), "rock": ("rock", "jazz"),
    "blues": ("blues", "electro"), "folk": ("folk", "electro"), "acoustic": ("acoustic", "electro"),
    "edm": ("electronic", "folk"), "dance": ("dance", "folk"), "disco": ("dance", "folk"),
    "hip_hop": ("Hip-Hop", "country"), "lofi": ("chillout", "metal"), "new_age": ("ambient", "hard rock"),
    "pop": ("pop", "metal"),
}
"""Moods and genres that the tagger has a tag for, with that tag and the one of their opposite, as common a tag as can
be: likelihoods of rare tags are small whatever is heard."""
OPPOSITES = ((("happy", "cheerful"), ("sad", "lonely"), "happy", "sad"),
             (("energetic", "party"), ("calm", "peaceful"), "party", "chill"), (("jazz",), ("rock",), "jazz", "rock"),
             (("acoustic", "folk"), ("edm", "dance"), "acoustic", "electronic"),
             (("new_age", "lofi"), ("rock",), "ambient", "rock"))
"""What is asked of one piece and of another, with the tags of both."""


def mono_of(mix: np.ndarray) -> np.ndarray:
    """Return the mean of both channels at `MONO_RATE`."""
    import soxr

    return soxr.resample(mix.mean(1, dtype=np.float32), RATE, MONO_RATE, quality="HQ")


@dataclass(frozen=True)
class Tempo:
    """Beats a minute by the slope of a line through the tracked beats, their number, and their spread about it, s."""

    bpm: float
    beats: int
    spread_s: float


def tempo(mono: np.ndarray) -> Tempo:
    """Return the tempo a beat tracker finds (librosa's, as it comes); nan where it finds under four beats."""
    import librosa

    times = librosa.beat.beat_track(y=mono, sr=MONO_RATE, units="time")[1]
    if len(times) < 4:
        return Tempo(math.nan, len(times), math.nan)
    slope, start = np.polyfit(np.arange(len(times)), times, 1)
    return Tempo(60 / slope, len(times), float(np.std(times - (start + slope * np.arange(len(times))))))


def tempo_error(found: float, asked: float, times: Sequence[float] = (1.0,)) -> float:
    """Return how far a tempo is from the nearest that counts as asked, as a share; infinite where none was found.

    `times` holds the multiples of the asked tempo that count: 0.5 as well for half time, 2 for double time.
    """
    return min(abs(found / (asked * by) - 1) for by in times) if math.isfinite(found) else math.inf


def ratio_name(found: float, asked: float) -> str:
    """Return by what simple ratio a tracker was off, or the ratio itself."""
    if not math.isfinite(found):
        return "none"
    named = {"1": 1, "2": 2, "1/2": 1 / 2, "3/2": 3 / 2, "2/3": 2 / 3, "3": 3, "1/3": 1 / 3, "4/3": 4 / 3, "3/4": 3 / 4}
    best = min(named, key=lambda name: abs(found / asked / named[name] - 1))
    return best if abs(found / asked / named[best] - 1) <= TEMPO_BOUND else f"{found / asked:.3f}"


def chroma(mono: np.ndarray) -> np.ndarray:
    """Return the chroma of a constant-Q transform, (12, frames)."""
    import librosa

    return librosa.feature.chroma_cqt(y=mono, sr=MONO_RATE, hop_length=1024)


def key(classes: np.ndarray) -> tuple[int, bool]:
    """Return tonic and whether it is major, by the key profile that correlates best with the mean chroma."""
    mean = classes.mean(1)
    scores = {(tonic, bright): np.corrcoef(np.roll(profile, tonic), mean)[0, 1]
              for bright, profile in ((True, MAJOR), (False, MINOR)) for tonic in range(12)}
    return max(scores, key=lambda name: scores[name])


def key_fits(found: tuple[int, bool], tonic: int, mode: str) -> str:
    """Return ``right``, ``relative``, or in words what was found instead: ``parallel``, ``fifth``, ``other``."""
    bright = mode in BRIGHT
    if found == (tonic, bright):
        return "right"
    if found == ((tonic + (9 if bright else 3)) % 12, not bright):
        return "relative"
    if found[0] == tonic:
        return "parallel"
    return "fifth" if found[1] == bright and (found[0] - tonic) % 12 in (5, 7) else "other"


def loudness(mix: np.ndarray) -> float:
    """Return the integrated loudness in LUFS (pyloudnorm)."""
    import pyloudnorm

    return float(pyloudnorm.Meter(RATE).integrated_loudness(mix.astype(np.float64)))


def true_peak(mix: np.ndarray) -> float:
    """Return the largest value at four times the rate, in dBTP."""
    import soxr

    peak = max(float(np.abs(soxr.resample(mix[:, side], RATE, 4 * RATE, quality="VHQ")).max()) for side in range(2))
    return 20 * math.log10(max(peak, 1e-9))


def flux(around: np.ndarray) -> float:
    """Return the largest rise of the magnitude spectrum within a stretch of sound, (n,).

    Half-wave rectified spectral flux (S. Dixon, Onset detection revisited, DAFx 2006, equation 2.5).
    """
    frames = np.lib.stride_tricks.sliding_window_view(around, SEAM_FFT)[::SEAM_HOP]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(SEAM_FFT)))
    return float(np.maximum(np.diff(spectra, axis=0), 0).sum(1).max())


@dataclass(frozen=True)
class Seam:
    """The flux where a loop begins anew as a share of the median of its other bar starts, and the step of the signal.

    ``jump`` is the step from the last sample to the first as a share of the largest step between neighbours.
    """

    ratio: float
    jump: float


def seam(mix: np.ndarray, bar_s: float) -> Seam:
    """Return how a loop's end meets its start, beside its other bar starts."""
    once = mix.mean(1, dtype=np.float64)
    round_and_round = np.concatenate([once, once, once])
    reach = round(SEAM_S * RATE) + SEAM_FFT // 2
    def at(moment: float) -> float:
        place = len(once) + round(moment * RATE)
        return flux(round_and_round[place - reach:place + reach])

    bars = round(len(once) / RATE / bar_s)
    others = [at(bar * bar_s) for bar in range(1, bars)]
    steps = np.abs(np.diff(once))
    return Seam(at(0.0) / max(float(np.median(others)), 1e-12) if others else math.nan,
                float(abs(once[0] - once[-1]) / max(steps.max(), 1e-12)))


def longest_silence(mix: np.ndarray) -> float:
    """Return the longest stretch, in seconds, of blocks under `QUIET_DB`."""
    block = round(BLOCK_S * RATE)
    whole = mix[:len(mix) // block * block].astype(np.float64).reshape(-1, block * 2)
    return BLOCK_S * _longest(10 * np.log10((whole ** 2).mean(1) + 1e-15) < QUIET_DB)


def longest_held(mono: np.ndarray) -> float:
    """Return the longest stretch, in seconds, in which nothing changes: one sound that hangs."""
    import librosa

    hop = round(HELD_S * MONO_RATE)
    power = librosa.feature.melspectrogram(y=mono, sr=MONO_RATE, n_fft=2048, hop_length=512, n_mels=64)
    count = power.shape[1] * 512 // hop
    blocks = np.stack([part.mean(1) for part in np.array_split(power, max(count, 1), axis=1)])
    decibels = 10 * np.log10(blocks + 1e-9) + 90
    unit = decibels / np.maximum(np.linalg.norm(decibels, axis=1, keepdims=True), 1e-9)
    return HELD_S * _longest((unit[1:] * unit[:-1]).sum(1) > SAME)


def onsets_a_second(mono: np.ndarray) -> float:
    """Return how often something begins: peaks of the onset strength over a tenth of its largest.

    Not by librosa's own picker of peaks, which crashes the process under some versions of numba.
    """
    import librosa
    from scipy.signal import find_peaks

    strength = librosa.onset.onset_strength(y=mono, sr=MONO_RATE)
    return len(find_peaks(strength, prominence=0.1 * strength.max())[0]) / (len(mono) / MONO_RATE)


def _longest(marks: np.ndarray) -> int:
    longest = run = 0
    for mark in marks:
        run = run + 1 if mark else 0
        longest = max(longest, run)
    return longest


def least_distances(monos: Sequence[np.ndarray], points: int = 64) -> tuple[float, float]:
    """Return how near the two most alike of several pieces are: by chroma and by onsets, 0 the same to 1.

    Each piece is cut into `points` stretches; compared are their chroma (cosine) and their onset strengths
    (correlation), stretch by stretch.
    """
    import librosa

    tones = [_stretched(chroma(mono), points) for mono in monos]
    strokes = [librosa.onset.onset_strength(y=mono, sr=MONO_RATE) for mono in monos]
    most = min(map(len, strokes))
    by_chroma = [1 - float((_unit(one) * _unit(other)).sum(0).mean()) for one, other in combinations(tones, 2)]
    by_onset = [1 - float(np.corrcoef(one[:most], other[:most])[0, 1]) for one, other in combinations(strokes, 2)]
    return min(by_chroma), min(by_onset)


def _stretched(frames: np.ndarray, points: int) -> np.ndarray:
    return np.stack([part.mean(1) for part in np.array_split(frames, points, axis=1)], axis=1)


def _unit(columns: np.ndarray) -> np.ndarray:
    return columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-9)


@dataclass(frozen=True)
class Midi:
    """A MIDI file as another library reads it: quarters a minute, seconds to its end, notes."""

    quarters_a_minute: float
    seconds: float
    notes: int


def midi(data: bytes) -> Midi:
    """Open a MIDI file with mido."""
    import mido

    file = mido.MidiFile(file=io.BytesIO(data))
    tempi = [message.tempo for track in file.tracks for message in track if message.type == "set_tempo"]
    notes = sum(message.type == "note_on" and message.velocity > 0 for track in file.tracks for message in track)
    return Midi(mido.tempo2bpm(tempi[0]) if tempi else 120.0, file.length, notes)


def tag_scores(tagger: Any, mono: np.ndarray) -> dict[str, float]:
    """Return the likelihood of each tag of the blind tagger (`hits.musicnn`)."""
    return dict(tagger.tags(mono, MONO_RATE))


def ranked(scores: Mapping[str, float], name: str) -> bool:
    """Return whether the tag of a mood or genre is likelier than that of its opposite."""
    asked, opposite = PAIRS[name]
    return scores[asked] > scores[opposite]
