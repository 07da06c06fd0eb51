"""Key and mode of a song, after its tuning.

Tuning
    The angle of ``sum_j strength_j exp(2 pi i cents_j / 100)`` over all peaks of the spectra: how far the song lies off
    A = 440 Hz, within half a semitone.
Chroma
    Strength of the twelve pitch classes around the tuned semitones, each frame divided by its sum: a loud refrain does
    not outweigh the rest.
Key
    The pitch profile of a key that correlates best with the mean chroma (Krumhansl 1990, "Cognitive foundations of
    musical pitch"), with the profiles that Albrecht & Shanahan counted ("The use of large corpora to train a new
    type of key-finding algorithm", Music Perception 31, 2013).

Conventions: key 0 = C to 11 = B, mode 1 = major and 0 = minor, as in the labelled set, where equal-sounding names are
one key. Without any pitch: key 0, major, correlation 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sound.curves import STEPS

SEMITONE = STEPS // 12
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
"""Shares of the twelve notes above the tonic in pieces in major and in minor."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tonality:
    """Key (0 = C to 11 = B), mode (1 = major), and how well the profile of that key fits (correlation, to 1)."""

    key: int
    mode: int
    correlation: float


def tuning(pitch: NDArray[np.floating]) -> float:
    """Return the tuning in cents against A = 440 Hz, -50 to 50, of a pitch curve of shape (frames, STEPS)."""
    sums = pitch.sum(axis=0, dtype=float)
    turn = np.angle(np.sum(sums * np.exp(2j * np.pi * np.arange(STEPS) / SEMITONE)))
    return float(turn / (2 * np.pi) * 100)


def chroma(pitch: NDArray[np.floating], cents: float) -> Array:
    """Return the chroma of each frame at a tuning in cents, shape (frames, 12); rows sum to 1, or to 0 in silence."""
    centres = cents * SEMITONE / 100 + SEMITONE * np.arange(12)
    away = (np.arange(STEPS)[:, None] - centres + STEPS / 2) % STEPS - STEPS / 2
    near = np.where(np.abs(away) <= SEMITONE / 2, np.square(np.cos(np.pi * away / SEMITONE)), 0)
    strengths = pitch @ near
    return strengths / np.maximum(strengths.sum(axis=1, keepdims=True), 1e-9)


def tonality_of(frames: NDArray[np.floating]) -> Tonality:
    """Return the key of chroma frames, shape (n, 12)."""
    mean = frames.mean(axis=0) if len(frames) else np.zeros(12)
    if mean.std() < 1e-9:
        return Tonality(0, 1, 0.0)
    fits = np.array([[np.corrcoef(mean, np.roll(profile, key))[0, 1] for key in range(12)]
                     for profile in (MINOR, MAJOR)])
    mode, key = np.unravel_index(fits.argmax(), fits.shape)
    return Tonality(int(key), int(mode), float(fits.max()))
