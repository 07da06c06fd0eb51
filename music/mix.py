"""The mix: where each part stands, how loud, with how much room, and how it gives way to the kick.

Loudness of a part is set against the others by what it measures where it plays in full (K-weighted, BS.1770-4), so a
style's levels hold for every instrument. All of it is linear, so parts mixed alone (stems) add up to the mix. In a loop
all filters, delays and the room run round its end. Arrays are float32 (n, 2) at 48 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from music.score import SAMPLE_RATE

Audio = NDArray[np.float32]

ANCHOR = -20.0
"""LUFS of a part at level 0 where it plays in full, before mastering."""
USUAL_LEVEL = {"drums": -2.0, "percussion": -12.0, "bass": -3.0, "chords": -5.0, "pad": -11.0, "melody": -2.0,
               "counter": -8.0, "texture": -14.0}
"""dB of parts a style says nothing of."""
DEEP, DEEP_LEVEL = frozenset({"synth:bass808", "synth:basssub"}), -4.0
"""Voices that are little but a deep sine, and dB they stay lower: the measure hardly hears them, a limiter does."""
AMBIENCE_LEVEL = -15.0
"""dB of rain, wind and the like."""
PAN = {"chords": -0.22, "counter": 0.4, "percussion": -0.42, "texture": 0.3}
"""Where a part stands, -1 left to 1 right, at full width; the others stand in the middle."""
DRUM_PAN = {42: 0.3, 44: 0.3, 46: 0.3, 49: -0.4, 51: 0.45, 57: 0.5, 41: 0.35, 43: 0.25, 45: 0.1, 47: -0.05, 48: -0.2,
            50: -0.35, 54: -0.3, 56: 0.25, 69: -0.35, 70: -0.35, 82: -0.35, 75: 0.3, 37: 0.08}
SPREAD = {"pad": 0.8, "chords": 0.5, "texture": 0.6, "counter": 0.25}
"""How much of two wandering copies widens a part, at full width."""
SENDS = {"drums": 0.16, "percussion": 0.35, "bass": 0.0, "chords": 0.45, "pad": 0.6, "melody": 0.6, "counter": 0.7,
         "texture": 0.6, "ambience": 0.1}
"""How much of a part goes into the room."""
LOW_CUT = {"drums": 28.0, "percussion": 180.0, "bass": 28.0, "chords": 120.0, "pad": 170.0, "melody": 140.0,
           "counter": 170.0, "texture": 240.0, "ambience": 60.0}
"""Hz under which a part is taken away, so that kick and bass stay clear."""
MUD = {"chords": -2.5, "pad": -3.5, "counter": -2.0, "texture": -2.0}
"""dB about 320 Hz."""
HISS_CUT = {"percussion": 10_500.0, "ambience": 12_000.0}
"""Hz over which a part is softened: shakers and rain tire the ear."""
DUCKED = {"bass": 0.75, "chords": 1.0, "pad": 1.0, "counter": 0.8, "texture": 0.9, "melody": 0.35, "ambience": 0.4}
"""Share of the style's sidechain that a part follows."""
DUCK_DEPTH = 0.85
"""Gain taken away at a full sidechain."""
LINES = (839, 997, 1151, 1319, 1481, 1657, 1823, 1993)
"""Samples at half the rate of the room's delays: primes from 35 to 83 ms."""
WARM_S = 3.0
"""Seconds before a loop's start from which the room is heard at its start."""


@dataclass(frozen=True, slots=True)
class Room:
    """A reverb: seconds until it is 60 dB down, pole of its damping, pre-delay in samples, how loud it comes back."""

    seconds: float
    damp: float
    before: int
    wet: float


def room(amount: float) -> Room:
    """Return the room for a style's `reverb` from 0 (dry, small) to 1 (hall)."""
    return Room(0.5 + 2.6 * amount, 0.62 - 0.2 * amount, round((0.008 + 0.022 * amount) * SAMPLE_RATE),
                1.2 * amount)


def add_room(send: Audio, out: Audio, kind: Room, loop: bool) -> None:
    """Add the room's answer to a send to `out`; its low end is cut."""
    from music import _kernels

    half = SAMPLE_RATE // 2
    gains = np.array([10 ** (-3 * delay / half / kind.seconds) for delay in LINES], np.float32)
    cut = np.array(high_pass(220.0, rate=half))
    cut[:3] *= kind.wet
    warm = round(WARM_S * SAMPLE_RATE) if loop else 0
    _kernels.reverb(send, out, cut, np.array(LINES), gains, kind.damp, kind.before // 2, warm)


def add_part(bus: Audio, made: Audio, send: Audio, role: str, gain: float, width: float,
             duck_gain: NDArray[np.float32] | None, loop: bool) -> None:
    """Add a part to the mix and to what goes into the room: cut, widened, at its gain, ducked."""
    from music import _placing

    share = DUCKED.get(role, 0.0)
    sections = np.array([high_pass(LOW_CUT[role]),
                         *([low_pass(HISS_CUT[role])] if role in HISS_CUT else []),
                         *([bell(320.0, MUD[role], 0.9)] if role in MUD else [])])
    curve = duck_gain if duck_gain is not None and share else np.zeros(0, np.float32)
    amount = SPREAD.get(role, 0.0) * width
    turns = max(1.0, np.round(0.31 * len(bus) / SAMPLE_RATE))
    _placing.strip(bus, made, send, sections, gain, curve, share, SENDS[role], amount if amount > 0.02 else 0.0, turns,
                   SAMPLE_RATE // 2 if loop else 0)


def ducking(kicks: NDArray[np.int64], count: int, depth: float, beat_s: float, loop: bool
            ) -> NDArray[np.float32] | None:
    """Return the gain that makes way for kicks, (count,), or None where nothing is to be done."""
    from music import _kernels

    if not len(kicks) or depth <= 0:
        return None
    gain = np.ones(count, np.float32)
    rise = round(min(0.42, 0.8 * beat_s) * SAMPLE_RATE)
    _kernels.duck(gain, kicks, depth * DUCK_DEPTH, round(0.006 * SAMPLE_RATE), rise, loop)
    return gain


def panned(place: float) -> tuple[float, float]:
    """Return left and right gains for a place from -1 to 1, of equal power, 1 and 1 in the middle."""
    angle = (min(1.0, max(-1.0, place)) + 1) * np.pi / 4
    return float(np.sqrt(2) * np.cos(angle)), float(np.sqrt(2) * np.sin(angle))


@cache
def high_pass(hertz: float, quality: float = 0.7071, rate: int = SAMPLE_RATE) -> tuple[float, ...]:
    """Return a high-pass of second order (Bristow-Johnson, Audio EQ Cookbook): b0 b1 b2 1 a1 a2."""
    turn = 2 * np.pi * hertz / rate
    alpha, cosine = np.sin(turn) / (2 * quality), np.cos(turn)
    return _over(1 + alpha, (1 + cosine) / 2, -(1 + cosine), (1 + cosine) / 2, -2 * cosine, 1 - alpha)


@cache
def low_pass(hertz: float, quality: float = 0.7071) -> tuple[float, ...]:
    """Return a low-pass of second order, from the same source."""
    turn = 2 * np.pi * hertz / SAMPLE_RATE
    alpha, cosine = np.sin(turn) / (2 * quality), np.cos(turn)
    return _over(1 + alpha, (1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2, -2 * cosine, 1 - alpha)


@cache
def bell(hertz: float, decibels: float, quality: float) -> tuple[float, ...]:
    """Return a filter that lifts or lowers about a pitch, from the same source."""
    turn, gain = 2 * np.pi * hertz / SAMPLE_RATE, 10 ** (decibels / 40)
    alpha, cosine = np.sin(turn) / (2 * quality), np.cos(turn)
    return _over(1 + alpha / gain, 1 + alpha * gain, -2 * cosine, 1 - alpha * gain, -2 * cosine, 1 - alpha / gain)


def _over(a0: float, b0: float, b1: float, b2: float, a1: float, a2: float) -> tuple[float, ...]:
    return tuple(float(value) for value in (b0 / a0, b1 / a0, b2 / a0, 1.0, a1 / a0, a2 / a0))
