"""Compiled loops of the sound: placing notes, filters, reverb, oscillators. Import it at use: numba takes 1 s.

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
def add(bus: Any, sample: Any, start: int, hold: int, release: int, left: float, right: float, wrap: bool) -> None:
    """Add a sample (m, 1) or (m, 2) to a bus, held for `hold` samples, then let go, 80 dB down after `release`."""
    total, side = bus.shape[0], sample.shape[1] - 1
    count = min(sample.shape[0], hold + release)
    loud_l, loud_r = np.float32(left), np.float32(right)
    fade = np.float32(math.exp(math.log(1e-4) / max(1, release)))
    done, where = 0, start % total if wrap else start
    while done < count and where < total:
        size = min(min(hold, count) - done, total - where)
        for index in range(size):
            bus[where + index, 0] += loud_l * sample[done + index, 0]
            bus[where + index, 1] += loud_r * sample[done + index, side]
        done, where = done + max(0, size), where + max(0, size)
        if done >= hold:
            size = min(count - done, total - where)
            for index in range(size):
                loud_l *= fade
                loud_r *= fade
                bus[where + index, 0] += loud_l * sample[done + index, 0]
                bus[where + index, 1] += loud_r * sample[done + index, side]
            done, where = done + size, where + size
        if wrap and where >= total:
            where = 0


@compiled
def place(bus: Any, sample: Any, start: int, step: float, hold: int, release: int, left: float, right: float,
          dark: float, loop_from: int, loop_size: int, wrap: bool) -> None:
    """Add a sample to a bus, re-pitched by `step`, held for `hold` output samples, then let go over `release`.

    ``sample`` is (m, 1) or (m, 2); ``dark`` from 0 to below 1 is the pole of a low-pass (soft notes are darker);
    a sample with ``loop_size`` goes back by it at its end for as long as it is held. Between samples cubic Hermite.
    """
    total, most, stereo = bus.shape[0], sample.shape[0], sample.shape[1] == 2
    fade = np.float32(math.exp(math.log(1e-4) / max(1, release)))
    half, pole = np.float32(0.5), np.float32(dark)
    low_l, low_r, position = np.float32(0), np.float32(0), 0.0
    loud_l, loud_r = np.float32(left), np.float32(right)
    where = start % total if wrap else start
    for place_now in range(hold + release):
        if place_now >= hold:
            loud_l *= fade
            loud_r *= fade
        index = int(position)
        if index + 2 >= most:
            if loop_size == 0:
                break
            position -= loop_size
            index = int(position)
        part = np.float32(position - index)
        before = index - 1 if index > 0 else 0
        a, b, c, d = sample[before, 0], sample[index, 0], sample[index + 1, 0], sample[index + 2, 0]
        bend = c - a
        curve = a + a - np.float32(5) * b + np.float32(4) * c - d
        value = b + half * part * (bend + part * (curve + part * (np.float32(3) * (b - c) + d - a)))
        low_l = value + pole * (low_l - value)
        if stereo:
            a, b, c, d = sample[before, 1], sample[index, 1], sample[index + 1, 1], sample[index + 2, 1]
            bend = c - a
            curve = a + a - np.float32(5) * b + np.float32(4) * c - d
            value = b + half * part * (bend + part * (curve + part * (np.float32(3) * (b - c) + d - a)))
            low_r = value + pole * (low_r - value)
        else:
            low_r = low_l
        if where >= total:
            if not wrap:
                break
            where = 0
        bus[where, 0] += loud_l * low_l
        bus[where, 1] += loud_r * low_r
        where += 1
        position += step


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
def strip(bus: Any, made: Any, send: Any, sections: Any, gain: float, duck_gain: Any, share: float, sent: float,
          amount: float, turns: float, warm: int) -> None:
    """Put one part into the mix: two filters, two wandering copies, gain, ducking; `made` and `send` are added to.

    ``sections`` (2, 6); ``duck_gain`` (n,) or empty, followed by `share`; ``sent`` goes to the room; the copies have
    the gain `amount` and wander ``turns`` whole times over the bus. ``warm`` last samples run first (a loop).
    """
    total, ducked = bus.shape[0], duck_gain.shape[0] > 0
    b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 4], sections[0, 5]
    d0, d1, d2, c1, c2 = sections[1, 0], sections[1, 1], sections[1, 2], sections[1, 4], sections[1, 5]
    p1, p2, q1, q2, r1, r2, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    ring = np.zeros(2048)
    late_l, late_r, move_l, move_r = 620.0, 790.0, 0.0, 0.0
    for turn in range(-min(warm, total), total):
        at = turn if turn >= 0 else total + turn
        x, z = bus[at, 0] + FAINT, bus[at, 1] + FAINT
        y = b0 * x + p1
        w = b0 * z + q1
        p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
        q1, q2 = b1 * z - a1 * w + q2, b2 * z - a2 * w
        y += FAINT
        w += FAINT
        u = d0 * y + r1
        v = d0 * w + s1
        r1, r2 = d1 * y - c1 * u + r2, d2 * y - c2 * u
        s1, s2 = d1 * w - c1 * v + s2, d2 * w - c2 * v
        if amount > 0:
            ring[turn & 2047] = 0.5 * (u + v)
            if turn < 0:
                continue
            if turn & 63 == 0:
                phase, ahead = TWO_PI * turns * turn / total, TWO_PI * turns * (turn + 64) / total
                late_l, late_r = 620.0 + 190.0 * math.sin(phase), 790.0 + 190.0 * math.sin(phase + 2.1)
                move_l = (620.0 + 190.0 * math.sin(ahead) - late_l) / 64
                move_r = (790.0 + 190.0 * math.sin(ahead + 2.1) - late_r) / 64
            late_l += move_l
            late_r += move_r
            whole = int(late_l)
            first, second = ring[(turn - whole) & 2047], ring[(turn - whole - 1) & 2047]
            u += amount * (first + (late_l - whole) * (second - first))
            whole = int(late_r)
            first, second = ring[(turn - whole) & 2047], ring[(turn - whole - 1) & 2047]
            v += amount * (first + (late_r - whole) * (second - first))
        if turn >= 0:
            loud = gain
            if ducked:
                loud *= 1.0 - share * (1.0 - duck_gain[at])
            made[at, 0] += loud * u
            made[at, 1] += loud * v
            send[at, 0] += sent * loud * u
            send[at, 1] += sent * loud * v


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
    for kick in range(kicks.shape[0]):
        for offset in range(-fall, rise):
            where = kicks[kick] + offset
            if where < 0 or where >= total:
                if not wrap:
                    continue
                where %= total
            if offset < 0:
                share = 1.0 + offset / fall
            else:
                share = 0.5 + 0.5 * math.cos(math.pi * offset / rise)
            gain[where] = min(gain[where], 1.0 - depth * share)


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
