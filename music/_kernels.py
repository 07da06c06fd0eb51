"""Compiled loops of the sound: filters, reverb, oscillators. Import it at use: numba takes 1 s.

Buses are float32 arrays (n, 2) at 48 kHz. In a loop a bus is a circle: what runs past its end comes back at its start,
and filters are first run over the end so that they are at the start as if they had always been running.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

TWO_PI = 2.0 * math.pi
FAINT = 1e-20
"""Added to what goes into filters: in long silence their memory would get so small that processors slow down."""


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function; what was compiled is kept on disk where some folder for it can be written."""
    try:
        return njit(cache=True, nogil=True, fastmath=True)(function)
    except RuntimeError:  # no folder can be written: compiled anew in every process
        return njit(nogil=True, fastmath=True)(function)


@compiled
def darkened(sample: Any, pole: float) -> Any:
    """Return a sample (m, channels) through a low-pass of one pole."""
    made = np.empty_like(sample)
    for channel in range(sample.shape[1]):
        low = 0.0
        for index in range(sample.shape[0]):
            low = sample[index, channel] + pole * (low - sample[index, channel])
            made[index, channel] = low
    return made


@compiled
def biquads(bus: Any, sections: Any, warm: int) -> None:
    """Filter both channels of a bus in place by second-order sections (k, 6); ``warm`` last samples run first."""
    total = bus.shape[0]
    for index in range(sections.shape[0]):
        b0, b1, b2 = sections[index, 0], sections[index, 1], sections[index, 2]
        a1, a2 = sections[index, 4], sections[index, 5]
        p1, p2, q1, q2 = 0.0, 0.0, 0.0, 0.0
        for turn in range(-min(warm, total), total):
            at = turn if turn >= 0 else total + turn
            x, z = bus[at, 0] + FAINT, bus[at, 1] + FAINT
            y = b0 * x + p1
            w = b0 * z + q1
            p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
            q1, q2 = b1 * z - a1 * w + q2, b2 * z - a2 * w
            if turn >= 0:
                bus[at, 0], bus[at, 1] = y, w


@compiled
def reverb(send: Any, out: Any, cut: Any, delays: Any, gains: Any, damp: float, before: int, warm: int) -> None:
    """Add the reverb of a send (n, 2) to `out`: three all-passes a side, then eight lines through a Hadamard matrix.

    It runs at half the rate, in the middle of which it has died away by its damping. ``before`` is the pre-delay under
    4,096 and ``delays`` the lines' lengths under 4,096, in samples of half the rate; ``gains`` their losses in a turn;
    ``cut`` (6,) filters what goes in.
    """
    total = send.shape[0]
    half = (total + 1) // 2
    lines = np.zeros((8, 4096), np.float32)
    smear = np.zeros((6, 512), np.float32)
    lengths = np.array([113, 241, 419, 127, 229, 401])
    waiting = np.zeros((4096, 2), np.float32)
    low = np.zeros(8, np.float32)
    values = np.zeros(8, np.float32)
    keep, mix_, spread_ = np.float32(damp), np.float32(0.35355339), np.float32(0.62)
    last_l, last_r = np.float32(0), np.float32(0)
    p1, p2, q1, q2 = 0.0, 0.0, 0.0, 0.0
    for turn in range(-min(warm // 2, half), half):
        source = 2 * turn if turn >= 0 else max(0, total + 2 * turn)
        after = min(source + 1, total - 1)
        slot = turn & 4095
        x = 0.5 * (send[source, 0] + send[after, 0]) + FAINT
        z = 0.5 * (send[source, 1] + send[after, 1]) + FAINT
        y = cut[0] * x + p1
        w = cut[0] * z + q1
        p1, p2 = cut[1] * x - cut[4] * y + p2, cut[2] * x - cut[5] * y
        q1, q2 = cut[1] * z - cut[4] * w + q2, cut[2] * z - cut[5] * w
        waiting[slot, 0], waiting[slot, 1] = y + 1e-15, w + 1e-15  # never so small that processors are slow with it
        late = (turn - before) & 4095
        feed_l, feed_r = waiting[late, 0], waiting[late, 1]
        for index in range(3):
            old = smear[index, (turn - lengths[index]) & 511]
            fresh = feed_l + spread_ * old
            smear[index, turn & 511] = fresh
            feed_l = old - spread_ * fresh
            old = smear[index + 3, (turn - lengths[index + 3]) & 511]
            fresh = feed_r + spread_ * old
            smear[index + 3, turn & 511] = fresh
            feed_r = old - spread_ * fresh
        for index in range(8):
            values[index] = lines[index, (turn - delays[index]) & 4095]
        fresh_l = mix_ * (values[0] - values[2] + values[4] - values[6])
        fresh_r = mix_ * (values[1] - values[3] + values[5] - values[7])
        if turn >= 0:
            out[2 * turn, 0] += np.float32(0.5) * (last_l + fresh_l)
            out[2 * turn, 1] += np.float32(0.5) * (last_r + fresh_r)
            if 2 * turn + 1 < total:
                out[2 * turn + 1, 0] += fresh_l
                out[2 * turn + 1, 1] += fresh_r
        last_l, last_r = fresh_l, fresh_r
        for index in range(8):
            low[index] += keep * (values[index] * gains[index] - low[index])
        a0, a1, a2, a3 = low[0] + low[1], low[0] - low[1], low[2] + low[3], low[2] - low[3]
        a4, a5, a6, a7 = low[4] + low[5], low[4] - low[5], low[6] + low[7], low[6] - low[7]
        b0, b1, b2, b3 = a0 + a2, a1 + a3, a0 - a2, a1 - a3
        b4, b5, b6, b7 = a4 + a6, a5 + a7, a4 - a6, a5 - a7
        lines[0, slot] = mix_ * (b0 + b4) + feed_l
        lines[1, slot] = mix_ * (b1 + b5) + feed_r
        lines[2, slot] = mix_ * (b2 + b6) + feed_l
        lines[3, slot] = mix_ * (b3 + b7) + feed_r
        lines[4, slot] = mix_ * (b0 - b4) + feed_l
        lines[5, slot] = mix_ * (b1 - b5) + feed_r
        lines[6, slot] = mix_ * (b2 - b6) + feed_l
        lines[7, slot] = mix_ * (b3 - b7) + feed_r


@compiled
def _blep(phase: float, step: float) -> float:
    """Return what rounds the corner of a saw at `phase` (Valimaki, Huovilainen: polynomial band-limited step)."""
    if phase < step:
        part = phase / step
        return part + part - part * part - 1.0
    if phase > 1.0 - step:
        part = (phase - 1.0) / step
        return part * part + part + part + 1.0
    return 0.0


@compiled
def saws(out: Any, hertz: float, spread: Any, phases: Any, cutoff: Any, resonance: float, width: float, rate: float
         ) -> None:
    """Add detuned saws, or pulses where `width` is over 0, through a low-pass of 12 dB an octave to a mono buffer.

    ``spread`` are frequency ratios, ``phases`` their first phases, ``cutoff`` (n,) Hz. The filter is a state-variable
    one with the trapezoidal rule (Zavalishin, The Art of VA Filter Design, chapter 4).
    """
    voices = spread.shape[0]
    now = phases.copy()
    s1, s2, g = 0.0, 0.0, 0.0
    for place_now in range(out.shape[0]):
        value = 0.0
        for voice in range(voices):
            step = hertz * spread[voice] / rate
            phase = now[voice]
            value += 2.0 * phase - 1.0 - _blep(phase, step)
            if width > 0:
                other = phase + width
                if other >= 1.0:
                    other -= 1.0
                value -= 2.0 * other - 1.0 - _blep(other, step)
            phase += step
            now[voice] = phase - 1.0 if phase >= 1.0 else phase
        if place_now & 15 == 0:
            g = math.tan(math.pi * min(0.45, cutoff[place_now] / rate))
        high = (value - (resonance + g) * s1 - s2) / (1.0 + resonance * g + g * g)
        band = g * high + s1
        s1 = g * high + band
        low = g * band + s2
        s2 = g * band + low
        out[place_now] += low


@compiled
def duck(gain: Any, kicks: Any, depth: float, fall: int, rise: int, wrap: bool) -> None:
    """Lower a gain curve (n,) about kicks: `depth` down within `fall` samples, back along a half cosine of `rise`."""
    total = gain.shape[0]
    shape = np.empty(fall + rise)
    for index in range(fall + rise):
        share = index / fall if index < fall else 0.5 + 0.5 * math.cos(math.pi * (index - fall) / rise)
        shape[index] = 1.0 - depth * share
    for kick in range(kicks.shape[0]):
        for index in range(fall + rise):
            where = kicks[kick] - fall + index
            if where < 0 or where >= total:
                if not wrap:
                    continue
                where %= total
            gain[where] = min(gain[where], shape[index])


@compiled
def number_pages(data: Any, serial: int) -> None:
    """Set the serial number of every OGG page in place, with its checksum: CRC-32 of polynomial 0x04c11db7."""
    table = np.zeros(256, np.uint32)
    for index in range(256):
        value = np.uint32(index << 24)
        for _ in range(8):
            value = np.uint32((value << 1) ^ 0x04C11DB7) if value & np.uint32(0x80000000) else np.uint32(value << 1)
        table[index] = value
    start = 0
    while start + 27 <= data.shape[0]:
        size = 27 + data[start + 26]
        for index in range(data[start + 26]):
            size += data[start + 27 + index]
        for index in range(4):
            data[start + 14 + index] = (serial >> (8 * index)) & 255
            data[start + 22 + index] = 0
        check = np.uint32(0)
        for index in range(start, start + size):
            low = ((check >> np.uint32(24)) & np.uint32(255)) ^ data[index]
            check = np.uint32((check << np.uint32(8)) ^ table[low])
        for index in range(4):
            data[start + 22 + index] = (check >> np.uint32(8 * index)) & np.uint32(255)
        start += size
