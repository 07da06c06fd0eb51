"""Voices made by synthesis: basses 808, sub, saw and FM; and lead, square, pad, pluck, brass and keys.

Source: textbook synthesis written for this project. Saws and pulses have their corners rounded (polyBLEP) so that they
hardly alias, and run through a state-variable low-pass with an envelope of its own; FM voices are sines bent by sines
(Chowning 1973), with the bend small enough for the pitch; the 808 bass is a driven sine whose pitch falls at the start.
A note is float32 (m, 1) or (m, 2) at 48 kHz with a peak of about 1; whoever plays it lets it go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from music.score import SAMPLE_RATE

Floats = NDArray[np.float64]

LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds notes are made for: the next longer one serves, and is let go when it is time. No note is longer."""
RELEASES = {"bass808": 0.14, "basssub": 0.12, "basssaw": 0.08, "bassfm": 0.1, "lead": 0.3, "square": 0.16, "pad": 1.1,
            "pluck": 0.3, "brass": 0.25, "keys": 0.35}
"""Seconds in which a voice dies away by 80 dB once it is let go."""
MOST_KEPT = 64_000_000
"""Bytes of notes kept in memory."""
LAYERS = 6
"""Steps of velocity that change a voice's colour; its loudness follows the velocity itself."""
ELECTRIC = {38: "basssaw", 39: "bassfm", 80: "square", 81: "lead", 82: "lead", 84: "lead", 86: "lead", 87: "lead",
            62: "brass", 63: "brass", 88: "pad", 89: "pad", 90: "pad", 94: "pad", 95: "pad"}
"""General MIDI programs that are synthesisers, and which voice plays them rather than the soundfont."""


def note(voice: str, pitch: int, seconds: float, velocity: int) -> NDArray[np.float32]:
    """Return one note of a voice, held for `seconds` or more, kept for the process.

    Parameters
    ----------
    voice : str
        One of `VOICES`.
    pitch : int
        MIDI pitch.
    seconds : float
        How long it sounds at most, its release included.
    velocity : int
        1 to 127: its colour; the loudness is that of full velocity.
    """
    length = next((one for one in LENGTHS if one >= seconds), LENGTHS[-1])
    wanted = voice, pitch, length, min(LAYERS - 1, velocity * LAYERS // 128)
    with _lock:
        if wanted in _kept:
            _kept.move_to_end(wanted)
            return _kept[wanted]
    made = VOICES[voice](pitch, length, (wanted[3] + 0.5) / LAYERS)
    sample = np.ascontiguousarray(made if made.ndim == 2 else made[:, None], np.float32)
    with _lock:
        _kept[wanted] = sample
        size = sum(one.nbytes for one in _kept.values())
        while size > MOST_KEPT:
            size -= _kept.popitem(last=False)[1].nbytes
    return sample


_kept: OrderedDict[tuple[str, int, float, int], NDArray[np.float32]] = OrderedDict()
_lock = threading.Lock()


def hertz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def _envelope(held: float, attack: float, decay: float, sustain: float) -> Floats:
    """Return an envelope that rises and falls to its level."""
    t = _seconds(round(held * SAMPLE_RATE))
    return np.minimum(1, t / attack) * (sustain + (1 - sustain) * np.exp(-np.maximum(0, t - attack) / decay))


def _saws(pitch: float, envelope: Floats, cutoff: Floats, ratios: tuple[float, ...] = (1.0,), resonance: float = 1.0,
          width: float = 0.0, seed: int = 0) -> Floats:
    """Return saws (or pulses of `width`) through the filter under an envelope; resonance 2 is none, 0.2 much."""
    from music import _kernels

    out = np.zeros(len(envelope), np.float32)
    phases = np.random.default_rng(seed).random(len(ratios)) if len(ratios) > 1 else np.zeros(1)
    _kernels.saws(out, hertz(pitch), np.array(ratios), phases, cutoff, resonance, width, float(SAMPLE_RATE))
    return np.asarray(out * envelope / np.sqrt(len(ratios)), np.float64)


def _sine(pitch: float, count: int, bend: Floats | float = 0.0, phase: Floats | float = 0.0) -> Floats:
    """Return a sine; ``bend`` in semitones over time, ``phase`` in radians over time."""
    step = hertz(pitch) / SAMPLE_RATE * 2 ** (np.asarray(bend) / 12)
    turns = np.cumsum(np.broadcast_to(step, count))
    return np.sin(2 * np.pi * turns + phase)


def _seconds(count: int) -> Floats:
    return np.arange(count) / SAMPLE_RATE


def _bass808(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.003, 1.1, 0.12)
    t = _seconds(len(env))
    raw = _sine(pitch, len(env), 14 * np.exp(-t / 0.018)) * env
    driven = np.tanh((1.6 + 1.6 * bright) * raw)
    click = np.exp(-t / 0.002) * np.sin(2 * np.pi * 900 * t) * 0.12
    return driven * 0.95 + click


def _basssub(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.008, 0.9, 0.65)
    count = len(env)
    raw = _sine(pitch, count) + (0.25 + 0.2 * bright) * _sine(pitch + 12, count) + 0.12 * _sine(pitch + 19.02, count)
    return np.tanh(1.5 * raw * env) * 0.9


def _basssaw(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.003, 0.35, 0.75)
    t = _seconds(len(env))
    cutoff = np.minimum(6000, hertz(pitch) * (2.5 + 3 * bright) + (500 + 2600 * bright) * np.exp(-t / 0.11))
    body = _saws(pitch, env, cutoff, (0.9965, 1.0035), 0.9, seed=pitch)
    return np.tanh(1.3 * (0.75 * body + 0.6 * _sine(pitch, len(env)) * env)) * 0.9


def _bassfm(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.003, 0.5, 0.5)
    t = _seconds(len(env))
    index = (0.8 + 2.2 * bright) * (0.25 + np.exp(-t / 0.14))
    bend = index * np.sin(2 * np.pi * hertz(pitch) * t) + 0.25 * index * np.sin(4 * np.pi * hertz(pitch) * t)
    return np.tanh(1.2 * _sine(pitch, len(env), 0.0, bend) * env) * 0.9


def _lead(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.006, 0.4, 0.8)
    t = _seconds(len(env))
    cutoff = np.minimum(12_000, 1500 + 5500 * bright + 3000 * np.exp(-t / 0.2))
    sides = [_saws(pitch, env, cutoff, (0.9935, 0.9982, 1.0031, 1.0069), 1.3, seed=2 * pitch + side) for side in (0, 1)]
    return 0.75 * np.stack(sides, axis=1)


def _square(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.004, 0.25, 0.7)
    t = _seconds(len(env))
    return 0.7 * _saws(pitch, env, np.minimum(9000, 1400 + 3500 * bright + 1800 * np.exp(-t / 0.15)), (1.0,), 1.4, 0.5)


def _pad(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.14, 1.5, 0.85)
    t = _seconds(len(env))
    cutoff = np.minimum(7000, 700 + 2200 * bright + 500 * np.minimum(1, t / 0.8))
    sides = [_saws(pitch, env, cutoff, (0.9945, 1.0, 1.0058), 1.7, seed=2 * pitch + side) for side in (0, 1)]
    return 0.7 * np.stack(sides, axis=1)


def _pluck(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.002, 0.22, 0.0)
    t = _seconds(len(env))
    cutoff = np.minimum(11_000, 600 + (2500 + 5000 * bright) * np.exp(-t / 0.09))
    sides = [_saws(pitch, env, cutoff, (0.996, 1.004), 1.1, seed=2 * pitch + side) for side in (0, 1)]
    return 0.85 * np.stack(sides, axis=1)


def _brass(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.03, 0.5, 0.8)
    t = _seconds(len(env))
    cutoff = np.minimum(9000, 500 + (1500 + 4500 * bright) * np.minimum(1, t / 0.06) * (0.6 + 0.4 * np.exp(-t / 0.35)))
    return 0.85 * _saws(pitch, env, cutoff, (0.997, 1.0, 1.0034), 1.2, seed=pitch)


def _keys(pitch: int, held: float, bright: float) -> Floats:
    env = _envelope(held, 0.003, 1.3, 0.05)
    t = _seconds(len(env))
    bend = (0.3 + 1.1 * bright) * np.exp(-t / 0.45) * np.sin(2 * np.pi * hertz(pitch) * t)
    tine = 0.07 * bright * np.exp(-t / 0.06) * np.sin(2 * np.pi * min(9000, 14 * hertz(pitch)) * t)
    return (_sine(pitch, len(env), 0.0, bend) + tine) * env * 0.85


VOICES: dict[str, Callable[[int, float, float], Floats]] = {
    "bass808": _bass808, "basssub": _basssub, "basssaw": _basssaw, "bassfm": _bassfm, "lead": _lead, "square": _square,
    "pad": _pad, "pluck": _pluck, "brass": _brass, "keys": _keys}
"""Names as in ``synth:NAME``."""
