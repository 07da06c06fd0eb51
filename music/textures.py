"""Background sounds made by synthesis: rain, waves, wind, birds, crickets, fire, vinyl, stream.

Source: written for this project, no recording is used. Beds are noise through filters, moved by slow waves that turn a
whole number of times over the piece; drops, chirps and crackles are placed by chance round a circle. So the end of each
runs into its start without a seam. A texture is float32 (n, 2) at 48 kHz, of some -26 LUFS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from music.mix import bell, high_pass, low_pass, panned
from music.score import SAMPLE_RATE
from support.errors import DataError

Audio = NDArray[np.float32]
Rng = np.random.Generator
Sections = Sequence[tuple[float, ...]]


def texture(name: str, count: int, rng: Rng) -> Audio:
    """Return `count` samples of a background sound whose end runs into its start, (count, 2).

    Parameters
    ----------
    name : str
        One of `TEXTURES`.
    count : int
    rng : Generator

    Raises
    ------
    DataError
        ``bgm_sound.texture``: no such sound.
    """
    if name not in TEXTURES:
        raise DataError("bgm_sound.texture", texture=name, accepted=", ".join(TEXTURES))
    return np.asarray(TEXTURES[name](count, rng), np.float32)


# --- building blocks --------------------------------------------------------------------------------------


def _noise(count: int, rng: Rng, sections: Sections, same: float = 0.0) -> Audio:
    """Return filtered noise, left and right apart but for the share `same`."""
    from music import _kernels

    made = rng.standard_normal((count, 2), np.float32)
    if same:
        made += np.float32(same) * made[:, ::-1]
    _kernels.biquads(made, np.array(sections), SAMPLE_RATE)
    return made


def _slow(count: int, rng: Rng, hertz: float, depth: float, waves: int = 4) -> NDArray[np.float32]:
    """Return a gain that wanders about 1 with whole turns over the piece, (count, 1)."""
    points = max(64, count // 480)
    turn = 2 * np.pi * np.arange(points) / points
    base = max(1.0, hertz * count / SAMPLE_RATE)
    made = sum((np.sin(max(1, round(base * rng.uniform(0.4, 1.6))) * turn + rng.uniform(0, 6.3)) for _ in range(waves)),
               np.zeros(points))
    made = 1 + depth * made / np.sqrt(waves / 2) / 1.6
    return _stretched(np.maximum(made, 0.02), count)


def _stretched(points: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """Return points spread over `count` samples, the last running into the first, (count, 1)."""
    where = np.linspace(0, len(points), count, endpoint=False)
    return np.interp(where, np.arange(len(points) + 1), np.append(points, points[0])).astype(np.float32)[:, None]


def _scatter(bus: Audio, sounds: Sequence[NDArray[np.floating]], a_second: float, loud: tuple[float, float], rng: Rng,
             width: float = 0.9) -> None:
    """Place sounds by chance all round a bus."""
    count = len(bus)
    for _ in range(rng.poisson(a_second * count / SAMPLE_RATE)):
        _put(bus, sounds[int(rng.integers(len(sounds)))], int(rng.integers(count)),
             float(np.exp(rng.uniform(*np.log(loud)))), rng.uniform(-width, width))


def _put(bus: Audio, sound: NDArray[np.floating], start: int, loud: float, place: float) -> None:
    from music import _placing

    left, right = panned(place)
    _placing.add(bus, np.ascontiguousarray(sound[:, None], np.float32), start, len(sound), 1, loud * left,
                 loud * right, True)


def _t(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _ping(seconds: float, first: float, last: float, decay: float, rise: float = 0.0004) -> NDArray[np.float64]:
    """Return a damped sine that glides."""
    t = _t(seconds)
    hertz = first + (last - first) * t / seconds
    return np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE) * np.exp(-t / decay) * np.minimum(1, t / rise)


# --- the textures -----------------------------------------------------------------------------------------


def _rain(count: int, rng: Rng) -> Audio:
    bed = _noise(count, rng, [high_pass(500), low_pass(7500, 0.5), bell(2600, -3, 0.7)], 0.2)
    made = np.float32(0.055) * bed * _slow(count, rng, 0.09, 0.22)
    drops = [_ping(0.02, hertz, hertz * rng.uniform(1.0, 1.35), rng.uniform(0.0016, 0.005))
             for hertz in rng.uniform(1500, 6000, 40)]
    _scatter(made, drops, 45, (0.02, 0.14), rng)
    near = [_ping(0.05, hertz, hertz * 1.5, rng.uniform(0.006, 0.014)) for hertz in rng.uniform(700, 1800, 16)]
    _scatter(made, near, 3, (0.03, 0.12), rng)
    return made


def _waves(count: int, rng: Rng) -> Audio:
    number = max(1, round(count / SAMPLE_RATE / 7.5))
    points = 400 * number
    phase = np.arange(points) / points * number
    swell, wash = np.zeros(points), np.zeros(points)
    for wave in range(number):
        height, late = rng.uniform(0.6, 1.0), rng.uniform(-0.12, 0.12)
        near = (phase - wave - 0.5 - late + number / 2) % number - number / 2
        swell += height * np.where(near < 0, np.exp(-(near / 0.24)**2), np.exp(-(near / 0.36)**2))
        wash += height * np.where(near < 0.02, np.exp(-((near - 0.02) / 0.07)**2), np.exp(-(near - 0.02) / 0.22))
    deep = _noise(count, rng, [high_pass(70), low_pass(480, 0.6)], 0.4)
    foam = _noise(count, rng, [high_pass(900, 0.6), low_pass(6500, 0.5)], 0.1)
    made = np.float32(0.16) * deep * _stretched(0.2 + swell, count)
    made += np.float32(0.06) * foam * _stretched(0.06 + 0.25 * swell + 0.9 * wash, count)
    return made


def _wind(count: int, rng: Rng) -> Audio:
    made = np.float32(0.05) * _noise(count, rng, [high_pass(60), low_pass(240, 0.6)], 0.5)
    for hertz, loud in ((260, 0.28), (430, 0.26), (690, 0.2), (1080, 0.11)):
        band = _noise(count, rng, [high_pass(hertz * 0.86, 2.2), low_pass(hertz * 1.16, 2.2)], 0.6)
        made += np.float32(loud * 0.45) * band * _slow(count, rng, 0.13, 0.75)
    made += np.float32(0.008) * _noise(count, rng, [high_pass(2000), low_pass(6000)]) * _slow(count, rng, 0.1, 0.7)
    return made * _slow(count, rng, 0.05, 0.35)


def _birds(count: int, rng: Rng) -> Audio:
    made = np.float32(0.0035) * _noise(count, rng, [high_pass(300), low_pass(4000, 0.5)], 0.2)
    singers = [(rng.uniform(-0.9, 0.9), rng.uniform(2300, 4600), rng.integers(3), rng.uniform(0.35, 1))
               for _ in range(5)]
    seconds = count / SAMPLE_RATE
    for place, hertz, manner, loud in singers:
        for _ in range(max(1, rng.poisson(seconds / 6.5))):
            start = int(rng.integers(count))
            for offset, call in _song(hertz, int(manner), rng):
                far = 0.16 * loud
                _put(made, call, start + offset, far, place)
                _put(made, call, start + offset + 3900, far * 0.16, -place)
                _put(made, call, start + offset + 8300, far * 0.07, place * 0.3)
    return made


def _song(hertz: float, manner: int, rng: Rng) -> list[tuple[int, NDArray[np.float64]]]:
    """Return one bird's phrase: whistles that fall, a trill, or two notes and a rise."""
    calls, at = [], 0.0
    for index in range(int(rng.integers(2, 4)) if manner == 0 else 7 if manner == 1 else 3):
        length = (0.16, 0.045, 0.11)[manner] * rng.uniform(0.9, 1.15)
        t = _t(length)
        bend = (1.16 - 0.3 * t / length, 1 + 0.22 * np.sin(np.pi * t / length),
                (1.0 if index < 2 else 0.9) + (0.02 if index < 2 else 0.4) * t / length)[manner]
        turns = 2 * np.pi * np.cumsum(hertz * bend) / SAMPLE_RATE
        call = (np.sin(turns) + 0.12 * np.sin(2 * turns)) * np.sin(np.pi * t / length) ** 1.3
        calls.append((round(at * SAMPLE_RATE), call))
        at += length + (0.07, 0.022, 0.06)[manner]
    return calls


def _crickets(count: int, rng: Rng) -> Audio:
    made = np.float32(0.006) * _noise(count, rng, [high_pass(200), low_pass(2500, 0.5)], 0.2)
    for place, hertz, loud in ((-0.7, 4150, 0.10), (0.15, 4620, 0.06), (0.8, 4390, 0.085), (-0.2, 5100, 0.035)):
        t = _t(0.2)
        pulses = sum((np.exp(-((t - 0.02 - 0.047 * k) / 0.0085)**2) * (0.6 + 0.2 * k) for k in range(3)), 0 * t)
        chirp = np.sin(2 * np.pi * hertz * t + 0.3 * np.sin(2 * np.pi * 60 * t)) * pulses
        number = max(1, round(count / SAMPLE_RATE * rng.uniform(1.4, 2.3)))
        rest = rng.random(max(1, number // 9)) < 0.25
        for index in range(number):
            if rest[index // 9 % len(rest)]:
                continue
            start = (index + 0.06 * rng.standard_normal()) * count / number
            _put(made, chirp, int(start) % count, loud * rng.uniform(0.8, 1.1), place)
    return made


def _fire(count: int, rng: Rng) -> Audio:
    made = np.float32(0.15) * _noise(count, rng, [high_pass(45), low_pass(170, 0.6)], 0.7) * _slow(count, rng, 0.6, 0.4)
    hiss = _noise(count, rng, [high_pass(700), low_pass(5500, 0.5)], 0.3)
    made += np.float32(0.012) * hiss * _slow(count, rng, 0.4, 0.5)
    cracks = []
    for _ in range(30):
        t = _t(rng.uniform(0.006, 0.03))
        cracks.append(rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.0008, 0.004))
                      + 0.7 * np.sin(2 * np.pi * rng.uniform(600, 3200) * t) * np.exp(-t / 0.004))
    _scatter(made, cracks, 11, (0.008, 0.16), rng, 0.7)
    for _ in range(rng.poisson(count / SAMPLE_RATE / 3)):
        first = int(rng.integers(count))
        for _ in range(int(rng.integers(4, 12))):
            _put(made, cracks[rng.integers(30)], first + int(rng.exponential(3500)), float(rng.uniform(0.02, 0.16)),
                 rng.uniform(-0.5, 0.5))
    return made


def _vinyl(count: int, rng: Rng) -> Audio:
    turns = max(1, round(count / SAMPLE_RATE * 0.5556))
    once = np.sin(2 * np.pi * turns * np.arange(4000) / 4000)
    made = np.float32(0.02) * _noise(count, rng, [high_pass(900, 0.5), low_pass(8000, 0.5)], 0.3)
    made *= _stretched(1 + 0.22 * once, count)
    made += np.float32(0.03) * _noise(count, rng, [high_pass(30), low_pass(90, 0.6)], 0.8)
    ticks = [rng.standard_normal(size) * np.exp(-np.arange(size) / (size / 5)) for size in rng.integers(18, 90, 30)]
    _scatter(made, ticks, 16, (0.006, 0.06), rng, 0.5)
    pops = [_ping(0.012, hertz, hertz * 0.7, 0.0018) for hertz in rng.uniform(500, 1600, 10)]
    _scatter(made, pops, 1.1, (0.06, 0.2), rng, 0.4)
    return made


def _stream(count: int, rng: Rng) -> Audio:
    flow = _noise(count, rng, [high_pass(350, 0.6), low_pass(2200, 0.6)], 0.2)
    made = np.float32(0.045) * flow * _slow(count, rng, 0.35, 0.3)
    spray = _noise(count, rng, [high_pass(2500), low_pass(8000, 0.5)])
    made += np.float32(0.012) * spray * _slow(count, rng, 0.5, 0.35)
    bubbles = [_ping(0.09, hertz, hertz * rng.uniform(1.15, 1.7), rng.uniform(0.012, 0.03), 0.003)
               for hertz in np.exp(rng.uniform(np.log(350), np.log(1700), 48))]
    _scatter(made, bubbles, 26, (0.012, 0.1), rng)
    return made


TEXTURES: dict[str, Callable[[int, Rng], Audio]] = {
    "rain": _rain, "waves": _waves, "wind": _wind, "birds": _birds, "crickets": _crickets, "fire": _fire,
    "vinyl": _vinyl, "stream": _stream}
"""By id, as in `music.vocabulary`."""
