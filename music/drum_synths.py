"""Drum machines and drums made by synthesis: kits 909, 808, lofi (dusty) and gugak (janggu, buk, gongs).

Source: textbook synthesis written for this project, no recording is used. Skins are sines that drop in pitch, or the
modes of a circular membrane (Rossing, Science of Percussion Instruments: 1, 1.59, 2.14, 2.30, 2.65, 2.92 times the
first); cymbals are squares at unrelated pitches through a high-pass, as in the machines of 1980 and 1983; gongs are
modes that beat and glide. Pitches are General MIDI drums; in the kit gugak 36 kung, 38 deok, 37 gideok, 41 buk,
49 jing, 56 kkwaenggwari. A hit is float32 (m, 1) at 48 kHz with a peak of about 1; hits are kept for the process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from music.score import SAMPLE_RATE

Floats = NDArray[np.float64]

KITS = ("909", "808", "lofi", "gugak")
TAKES = 3
"""Versions of a hit that take turns, so that fast ones do not sound like one machine gun."""
METAL = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""Pitches of the six oscillators behind hats and cymbals of 1980."""
KICKS = {"909": 49.0, "808": 47.0, "lofi": 56.0}
"""Pitch in Hz that a machine's kick falls to: it rings long enough to be heard as a note."""
MEMBRANE = (1.0, 1.59, 2.14, 2.30, 2.65, 2.92, 3.16, 3.50)
TOMS = {41: 78.0, 43: 92.0, 45: 110.0, 47: 131.0, 48: 155.0, 50: 185.0}
SIMILAR = {35: 36, 40: 38, 44: 42, 53: 51, 59: 51, 52: 49, 55: 49, 57: 49, 70: 82, 69: 82, 76: 75, 77: 75, 60: 48,
           61: 45, 62: 50, 63: 48, 64: 45, 65: 50, 66: 47, 67: 56, 68: 56, 58: 54, 80: 54, 81: 54, 73: 37, 74: 37,
           78: 47, 79: 45, 71: 75, 72: 75, 85: 75, 31: 37, 32: 37, 33: 37, 34: 75}
"""Hits that stand in for others."""
GUGAK_SIMILAR = {35: 36, 40: 38, 39: 37, 42: 38, 44: 38, 46: 38, 43: 41, 45: 41, 47: 41, 48: 41, 50: 41, 51: 56, 57: 49,
                 52: 49, 55: 49, 53: 56, 59: 56, 54: 56, 75: 38, 37: 37}
CHOKED = {46: (42, 44)}
"""A hit that ends when one of these follows: an open hat is closed."""


def tuning(kit: str, pitch: int, tonic: int) -> float:
    """Return by how much a kick is speeded up so that it sounds the tonic, as producers tune it; 1 for other hits.

    The nearest octave is taken, so that it moves by half an octave at most.
    """
    if kit not in KICKS or pitch not in (35, 36):
        return 1.0
    away = (tonic - 69 - 12 * np.log2(KICKS[kit] / 440)) % 12
    return float(2 ** ((away - 12 if away > 6 else away) / 12))


@lru_cache(maxsize=256)
def hit(kit: str, pitch: int, take: int = 0, tonic: int | None = None) -> NDArray[np.float32]:
    """Return one hit of a kit, (m, 1); a drum the kit lacks is played on the nearest it has, a kick on the tonic."""
    speed = 1.0 if tonic is None else tuning(kit, pitch, tonic)
    if speed != 1.0:
        plain = hit(kit, pitch, take)[:, 0]
        places = np.arange(0, len(plain) - 1, speed)
        return np.ascontiguousarray(np.interp(places, np.arange(len(plain)), plain)[:, None], np.float32)
    drums = _KITS[kit]
    similar = GUGAK_SIMILAR if kit == "gugak" else SIMILAR
    known = pitch if pitch in drums else similar.get(pitch, 37)
    rng = np.random.default_rng([KITS.index(kit), known, take % TAKES])
    made = drums[known](rng)
    made[-480:] *= np.linspace(1, 0, 480)
    return np.ascontiguousarray(made[:, None], np.float32)


# --- building blocks --------------------------------------------------------------------------------------


def _t(seconds: float) -> Floats:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _sweep(hertz: Floats, phase: float = 0.0) -> Floats:
    return np.sin(phase + 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE)


def _filtered(x: Floats, kind: str, edge: float | tuple[float, float], order: int = 2) -> Floats:
    from scipy.signal import butter, sosfilt

    return np.asarray(sosfilt(butter(order, edge, kind, fs=SAMPLE_RATE, output="sos"), x))


def _noise(rng: np.random.Generator, count: int) -> Floats:
    return rng.standard_normal(count)


def _unit(x: Floats, peak: float = 1.0) -> Floats:
    return x * (peak / max(1e-9, float(np.max(np.abs(x)))))


def _drive(x: Floats, amount: float) -> Floats:
    return np.tanh(x * amount) / np.tanh(amount)


def _skin(rng: np.random.Generator, seconds: float, first: float, decay: float, count: int, bend: float = 0.06
          ) -> Floats:
    """Return a struck membrane: higher modes are weaker and die sooner; the pitch drops as the skin calms."""
    t, made = _t(seconds), np.zeros(round(seconds * SAMPLE_RATE))
    for index, ratio in enumerate(MEMBRANE[:count]):
        hertz = first * ratio * (1 + bend * np.exp(-t / 0.03)) * (1 + 0.004 * rng.standard_normal())
        made += _sweep(hertz, rng.uniform(0, 0.5)) * np.exp(-t / (decay / (1 + 0.7 * index))) / (1 + 0.8 * index)
    return made


def _metal(rng: np.random.Generator, seconds: float, scale: float, more: int = 0) -> Floats:
    """Return squares at unrelated pitches: the raw sound of a cymbal."""
    t, made = _t(seconds), np.zeros(round(seconds * SAMPLE_RATE))
    pitches = [*METAL, *rng.uniform(300, 1400, more)]
    for hertz in pitches:
        made += np.sign(np.sin(2 * np.pi * hertz * scale * t + rng.uniform(0, 2 * np.pi)))
    return made / len(pitches)


# --- machines ---------------------------------------------------------------------------------------------


def _kick(first: float, top: float, fall: float, decay: float, seconds: float, click: float, drive: float
          ) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        t = _t(seconds)
        body = _sweep(first + (top - first) * np.exp(-t / fall) + 1.4 * top * np.exp(-t / 0.0035)) * np.exp(-t / decay)
        snap = _filtered(_noise(rng, len(t)), "bandpass", (1200, 6000)) * np.exp(-t / 0.004)
        return _unit(_drive(body, drive) + click * snap, 1.0)
    return make


def _snare(tones: tuple[float, float], body: float, noise: float, decay: float, low: float, high: float
           ) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        t = _t(0.42)
        skin = sum((_sweep(hertz * (1 + 0.35 * np.exp(-t / 0.012))) * np.exp(-t / 0.075) for hertz in tones), 0 * t)
        wires = _unit(_filtered(_noise(rng, len(t)), "bandpass", (low, high))) * (
            0.75 * np.exp(-t / decay) + 0.5 * np.exp(-t / 0.012))
        return _unit(_drive(body * skin + noise * wires, 1.3))
    return make


def _clap(decay: float, low: float, high: float) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        t = _t(0.4)
        bursts = sum((np.where(t >= start, np.exp(-(t - start).clip(0) / 0.0045), 0)
                      for start in (0, 0.0095, 0.0205)), 0 * t)
        tail = np.where(t >= 0.029, np.exp(-(t - 0.029).clip(0) / decay), 0) * 0.85
        return _unit(_filtered(_noise(rng, len(t)), "bandpass", (low, high)) * (bursts + tail))
    return make


def _hat(decay: float, edge: float, hiss: float, scale: float = 1.0) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        seconds = min(0.9, 0.03 + 6 * decay)
        t = _t(seconds)
        raw = (1 - hiss) * 2.5 * _metal(rng, seconds, scale) + hiss * _noise(rng, len(t))
        made = _filtered(_filtered(raw, "highpass", edge, 4), "lowpass", 12_500)
        return _unit(made * np.exp(-t / decay) * np.minimum(1, t / 0.0006), 0.75)
    return make


def _cymbal(seconds: float, decay: float, edge: float, bell: float) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        t = _t(seconds)
        wash = _filtered(1.4 * _metal(rng, seconds, 1.7, 10) + 0.7 * _noise(rng, len(t)), "bandpass", (edge, 11_000))
        ring = sum((np.sin(2 * np.pi * hertz * t + rng.uniform(0, 6)) * np.exp(-t / (decay * 0.8))
                    for hertz in (2350.0, 3170.0, 4410.0, 5230.0)), 0 * t)
        env = 0.55 * np.exp(-t / decay) + 0.45 * np.exp(-t / (decay * 0.18))
        return _unit(_unit(wash) * env * np.minimum(1, t / 0.0015) + bell * ring, 0.85)
    return make


def _tom(hertz: float, decay: float) -> Callable[[np.random.Generator], Floats]:
    def make(rng: np.random.Generator) -> Floats:
        t = _t(0.7)
        body = _sweep(hertz * (1 + 0.55 * np.exp(-t / 0.045))) * np.exp(-t / decay)
        hiss = _filtered(_noise(rng, len(t)), "lowpass", 2500) * np.exp(-t / 0.02)
        return _unit(_drive(body, 1.4) + 0.12 * hiss)
    return make


def _rim(rng: np.random.Generator) -> Floats:
    t = _t(0.12)
    ring = np.sin(2 * np.pi * 480 * t) * np.exp(-t / 0.012) + np.sin(2 * np.pi * 1720 * t) * np.exp(-t / 0.009)
    return _unit(_drive(ring + 0.3 * _filtered(_noise(rng, len(t)), "highpass", 2000) * np.exp(-t / 0.003), 2.0), 0.9)


def _cowbell(rng: np.random.Generator) -> Floats:
    t = _t(0.5)
    raw = np.sign(np.sin(2 * np.pi * 540 * t)) + np.sign(np.sin(2 * np.pi * 800 * t))
    return _unit(_filtered(raw, "bandpass", (500, 3500)) * (0.6 * np.exp(-t / 0.02) + 0.4 * np.exp(-t / 0.14)), 0.8)


def _shaker(rng: np.random.Generator) -> Floats:
    t = _t(0.16)
    env = np.minimum(1, t / 0.018) * np.exp(-np.maximum(0, t - 0.022) / 0.024)
    return _unit(_filtered(_noise(rng, len(t)), "bandpass", (4500, 13_000)) * env, 0.7)


def _tambourine(rng: np.random.Generator) -> Floats:
    t = _t(0.4)
    ring = sum((np.sin(2 * np.pi * hertz * t + rng.uniform(0, 6)) for hertz in rng.uniform(5200, 12_500, 14)), 0 * t)
    hiss = _filtered(_noise(rng, len(t)), "highpass", 6000)
    return _unit((ring / 5 + 0.6 * hiss) * (0.7 * np.exp(-t / 0.03) + 0.3 * np.exp(-t / 0.12)), 0.7)


def _claves(rng: np.random.Generator) -> Floats:
    t = _t(0.15)
    return _unit(np.sin(2 * np.pi * 2480 * t) * np.exp(-t / 0.022) * np.minimum(1, t / 0.0005), 0.8)


def _dusty(make: Callable[[np.random.Generator], Floats], edge: float, weight: float = 1.0
           ) -> Callable[[np.random.Generator], Floats]:
    """Return a hit as an old sampler keeps it: half the rate, twelve bits, driven, dull."""
    def dusty(rng: np.random.Generator) -> Floats:
        clean = _drive(make(rng), 1.6)
        coarse = np.round(np.repeat(clean[::2], 2)[:len(clean)] * 2048) / 2048
        return _unit(_filtered(coarse, "lowpass", edge), weight)
    return dusty


# --- gugak ------------------------------------------------------------------------------------------------


def _kung(rng: np.random.Generator) -> Floats:
    """Return the palm side of the janggu: deep, short."""
    skin = _skin(rng, 0.8, 98.0, 0.26, 6, 0.16)
    t = _t(0.8)
    palm = _filtered(_noise(rng, len(t)), "bandpass", (180, 1400)) * np.exp(-t / 0.012)
    return _unit(_drive(skin, 1.2) + 0.25 * palm)


def _deok(rng: np.random.Generator, seconds: float = 0.5) -> Floats:
    """Return the stick side of the janggu: high skin and the crack of the bamboo stick."""
    t = _t(seconds)
    skin = _skin(rng, seconds, 318.0, 0.1, 8, 0.05)
    crack = _filtered(_noise(rng, len(t)), "bandpass", (1800, 7000)) * (np.exp(-t / 0.006) + 0.25 * np.exp(-t / 0.035))
    return _unit(0.5 * _unit(skin) + 0.95 * _unit(crack), 0.9)


def _gideok(rng: np.random.Generator) -> Floats:
    """Return a stick that bounces: a stroke and five more, closer and softer."""
    made = np.zeros(round(0.75 * SAMPLE_RATE))
    for start, loud in ((0, 0.9), (0.085, 0.5), (0.155, 0.42), (0.212, 0.34), (0.26, 0.26), (0.3, 0.18)):
        first = round(start * SAMPLE_RATE)
        stroke = _deok(rng, 0.4)
        made[first:first + len(stroke)] += loud * stroke[:len(made) - first]
    return _unit(made, 0.9)


def _buk(rng: np.random.Generator) -> Floats:
    """Return the barrel drum: low, dry, with the stick."""
    t = _t(0.7)
    stick = _filtered(_noise(rng, len(t)), "bandpass", (500, 2600)) * np.exp(-t / 0.009)
    return _unit(_drive(_skin(rng, 0.7, 84.0, 0.2, 5, 0.22), 1.3) + 0.3 * stick)


def _gong(first: float, ratios: tuple[float, ...], seconds: float, decay: float, glide: float, bloom: float, hiss: float
          ) -> Callable[[np.random.Generator], Floats]:
    """Return a gong: pairs of modes that beat, a pitch that glides, high modes that bloom after the stroke."""
    def make(rng: np.random.Generator) -> Floats:
        t = _t(seconds)
        made = np.zeros(len(t))
        for index, ratio in enumerate(ratios):
            fade = decay / (1 + 0.28 * index)
            rise = 1 - 0.8 * np.exp(-t / (bloom * (1 + 0.4 * index))) if index else 1.0
            for side in (-1, 1):
                hertz = first * ratio * (1 + glide * np.exp(-t / 0.5)) + side * (0.6 + 0.35 * index)
                made += _sweep(hertz, rng.uniform(0, 6)) * np.exp(-t / fade) * rise / (1 + 0.55 * index)
        stroke = _filtered(_noise(rng, len(t)), "bandpass", (700, 9000)) * np.exp(-t / 0.012)
        return _unit(made * np.minimum(1, t / 0.001) + hiss * stroke, 0.9)
    return make


_PERCUSSION = {37: _rim, 56: _cowbell, 82: _shaker, 54: _tambourine, 75: _claves}
_KITS: dict[str, dict[int, Callable[[np.random.Generator], Floats]]] = {
    "909": {36: _kick(49, 215, 0.028, 0.17, 0.55, 0.22, 1.9), 38: _snare((188, 332), 0.6, 1.2, 0.085, 900, 9500),
            39: _clap(0.085, 750, 4200), 42: _hat(0.032, 6500, 0.55, 1.6), 46: _hat(0.2, 6000, 0.55, 1.6),
            49: _cymbal(2.4, 0.75, 2600, 0.0), 51: _cymbal(1.5, 0.45, 3500, 0.06),
            **{pitch: _tom(hertz, 0.16) for pitch, hertz in TOMS.items()}, **_PERCUSSION},
    "808": {36: _kick(47, 118, 0.045, 0.26, 0.85, 0.1, 1.5), 38: _snare((226, 412), 0.5, 1.1, 0.08, 1500, 10_000),
            39: _clap(0.11, 800, 3600), 42: _hat(0.024, 7000, 0.2), 46: _hat(0.22, 6500, 0.2),
            49: _cymbal(2.2, 0.6, 3800, 0.0), 51: _cymbal(1.3, 0.35, 4200, 0.05),
            **{pitch: _tom(hertz * 1.05, 0.2) for pitch, hertz in TOMS.items()}, **_PERCUSSION},
    "lofi": {36: _dusty(_kick(56, 150, 0.022, 0.11, 0.4, 0.12, 2.2), 2600),
             38: _dusty(_snare((172, 278), 0.55, 1.7, 0.075, 500, 7000), 5200, 0.9),
             39: _dusty(_clap(0.06, 700, 3600), 5000, 0.9), 42: _dusty(_hat(0.026, 5200, 0.7), 8500, 0.6),
             46: _dusty(_hat(0.13, 5000, 0.7), 8000, 0.6), 49: _dusty(_cymbal(1.8, 0.45, 2600, 0.0), 7000, 0.7),
             51: _dusty(_cymbal(1.2, 0.3, 3000, 0.08), 7000, 0.7), 37: _dusty(_rim, 4500, 0.9),
             82: _dusty(_shaker, 8500, 0.6),
             54: _dusty(_tambourine, 8500, 0.6), 56: _dusty(_cowbell, 5000, 0.7), 75: _dusty(_claves, 5500, 0.7),
             **{pitch: _dusty(_tom(hertz, 0.12), 3500) for pitch, hertz in TOMS.items()}},
    "gugak": {36: _kung, 38: _deok, 37: _gideok, 41: _buk,
              49: _gong(168, (1.0, 1.52, 2.02, 2.71, 3.38, 4.1, 5.2, 6.9, 8.7, 11.3, 14.6), 4.5, 1.7, -0.012, 0.16,
                        0.2),
              56: _gong(905, (1.0, 1.47, 2.09, 2.56, 3.39, 4.08, 5.3, 6.7), 0.9, 0.24, 0.006, 0.01, 0.5)},
}
