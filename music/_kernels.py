"""Compiled loops of the sound: placing notes, filters, reverb, limiter, oscillators. Import it at use: numba takes 1 s.

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


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function; what was compiled is kept on disk where some folder for it can be written."""
    try:
        return njit(cache=True, nogil=True, fastmath=True)(function)
    except RuntimeError:  # no folder can be written: compiled anew in every process
        return njit(nogil=True, fastmath=True)(function)


@compiled
def place(bus: Any, sample: Any, start: int, step: float, hold: int, release: int, left: float, right: float,
          dark: float, loop_from: int, loop_size: int, wrap: bool) -> None:
    """Add a sample to a bus, re-pitched by `step`, held for `hold` output samples, then let go over `release`.

    ``sample`` is (m, 1) or (m, 2); ``dark`` from 0 to below 1 is the pole of a low-pass (soft notes are darker);
    a sample with ``loop_size`` goes back by it at its end for as long as it is held.
    """
    total, most, stereo = bus.shape[0], sample.shape[0], sample.shape[1] == 2
    fade = math.exp(math.log(1e-3) / max(1, release))
    level, low_l, low_r, position = 1.0, 0.0, 0.0, 0.0
    for place_now in range(hold + release):
        if place_now >= hold:
            level *= fade
        index = int(position)
        if index + 2 >= most:
            if loop_size == 0:
                break
            position -= loop_size
            index = int(position)
        part = position - index
        before = index - 1 if index > 0 else 0
        a, b, c, d = sample[before, 0], sample[index, 0], sample[index + 1, 0], sample[index + 2, 0]
        value_l = b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))
        value_r = value_l
        if stereo:
            a, b, c, d = sample[before, 1], sample[index, 1], sample[index + 1, 1], sample[index + 2, 1]
            value_r = b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))
        low_l = value_l + dark * (low_l - value_l)
        low_r = value_r + dark * (low_r - value_r)
        where = start + place_now
        if where >= total:
            if not wrap:
                break
            where %= total
        bus[where, 0] += left * level * low_l
        bus[where, 1] += right * level * low_r
        position += step


@compiled
def biquads(bus: Any, sections: Any, warm: int) -> None:
    """Filter both channels of a bus in place by second-order sections (k, 6); ``warm`` last samples run first."""
    total = bus.shape[0]
    for channel in range(bus.shape[1]):
        for index in range(sections.shape[0]):
            b0, b1, b2 = sections[index, 0], sections[index, 1], sections[index, 2]
            a1, a2 = sections[index, 4], sections[index, 5]
            s1, s2 = 0.0, 0.0
            for place_now in range(total - min(warm, total), total):
                x = bus[place_now, channel]
                y = b0 * x + s1
                s1, s2 = b1 * x - a1 * y + s2, b2 * x - a2 * y
            for place_now in range(total):
                x = bus[place_now, channel]
                y = b0 * x + s1
                s1, s2 = b1 * x - a1 * y + s2, b2 * x - a2 * y
                bus[place_now, channel] = y


@compiled
def k_power(bus: Any, sections: Any, step: int) -> Any:
    """Return the K-weighted power of every `step` samples, both channels added (BS.1770-4), (n // step,)."""
    count = bus.shape[0] // step
    power = np.zeros(count)
    for channel in range(bus.shape[1]):
        p1, p2, q1, q2 = 0.0, 0.0, 0.0, 0.0
        b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 4], sections[0, 5]
        c0, c1, c2, d1, d2 = sections[1, 0], sections[1, 1], sections[1, 2], sections[1, 4], sections[1, 5]
        for block in range(count):
            found = 0.0
            for place_now in range(block * step, (block + 1) * step):
                x = bus[place_now, channel]
                y = b0 * x + p1
                p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
                z = c0 * y + q1
                q1, q2 = c1 * y - d1 * z + q2, c2 * y - d2 * z
                found += z * z
            power[block] += found
    return power


@compiled
def reverb(send: Any, out: Any, delays: Any, gains: Any, damp: float, before: int, warm: int) -> None:
    """Add the reverb of a send (n, 2) to `out`: four all-passes a side, then eight lines fed back by a Hadamard matrix.

    ``before`` is the pre-delay in samples, under 8,192; ``gains`` the lines' losses in one turn.
    """
    total = send.shape[0]
    lines = np.zeros((8, 8192), np.float32)
    at = np.zeros(8, np.int64)
    low = np.zeros(8)
    smear = np.zeros((2, 4, 1024), np.float32)
    smear_at = np.zeros((2, 4), np.int64)
    lengths = np.array([[221, 337, 503, 829], [241, 359, 479, 797]])
    waiting = np.zeros((8192, 2), np.float32)
    for turn in range(-min(warm, total), total):
        source = turn if turn >= 0 else total + turn
        slot = (turn + warm) & 8191
        waiting[slot, 0], waiting[slot, 1] = send[source, 0], send[source, 1]
        late = (turn + warm - before) & 8191
        feed_l, feed_r = 0.0, 0.0
        for side in range(2):
            value = waiting[late, side]
            for index in range(4):
                where = smear_at[side, index]
                old = smear[side, index, where]
                fresh = value + 0.62 * old
                smear[side, index, where] = fresh
                value = old - 0.62 * fresh
                where += 1
                smear_at[side, index] = where if where < lengths[side, index] else 0
            if side == 0:
                feed_l = value
            else:
                feed_r = value
        v0 = lines[0, at[0]]
        v1 = lines[1, at[1]]
        v2 = lines[2, at[2]]
        v3 = lines[3, at[3]]
        v4 = lines[4, at[4]]
        v5 = lines[5, at[5]]
        v6 = lines[6, at[6]]
        v7 = lines[7, at[7]]
        if turn >= 0:
            out[turn, 0] += 0.35 * (v0 - v2 + v4 - v6)
            out[turn, 1] += 0.35 * (v1 - v3 + v5 - v7)
        low[0] += damp * (v0 * gains[0] - low[0])
        low[1] += damp * (v1 * gains[1] - low[1])
        low[2] += damp * (v2 * gains[2] - low[2])
        low[3] += damp * (v3 * gains[3] - low[3])
        low[4] += damp * (v4 * gains[4] - low[4])
        low[5] += damp * (v5 * gains[5] - low[5])
        low[6] += damp * (v6 * gains[6] - low[6])
        low[7] += damp * (v7 * gains[7] - low[7])
        a0, a1, a2, a3 = low[0] + low[1], low[0] - low[1], low[2] + low[3], low[2] - low[3]
        a4, a5, a6, a7 = low[4] + low[5], low[4] - low[5], low[6] + low[7], low[6] - low[7]
        b0, b1, b2, b3 = a0 + a2, a1 + a3, a0 - a2, a1 - a3
        b4, b5, b6, b7 = a4 + a6, a5 + a7, a4 - a6, a5 - a7
        lines[0, at[0]] = 0.35355339 * (b0 + b4) + feed_l
        lines[1, at[1]] = 0.35355339 * (b1 + b5) + feed_r
        lines[2, at[2]] = 0.35355339 * (b2 + b6) + feed_l
        lines[3, at[3]] = 0.35355339 * (b3 + b7) + feed_r
        lines[4, at[4]] = 0.35355339 * (b0 - b4) + feed_l
        lines[5, at[5]] = 0.35355339 * (b1 - b5) + feed_r
        lines[6, at[6]] = 0.35355339 * (b2 - b6) + feed_l
        lines[7, at[7]] = 0.35355339 * (b3 - b7) + feed_r
        for index in range(8):
            at[index] = at[index] + 1 if at[index] + 1 < delays[index] else 0


@compiled
def chorus(bus: Any, out: Any, amount: float, turns: float, wrap: bool) -> None:
    """Add to `out` a bus with two wandering copies, one a side; ``turns`` whole turns of the wandering over the bus."""
    total = bus.shape[0]
    for place_now in range(total):
        phase = TWO_PI * turns * place_now / total
        late_l = 620.0 + 190.0 * math.sin(phase)
        late_r = 790.0 + 190.0 * math.sin(phase + 2.1)
        out[place_now, 0] += bus[place_now, 0]
        out[place_now, 1] += bus[place_now, 1]
        for side in range(2):
            exact = place_now - (late_l if side == 0 else late_r)
            index = int(math.floor(exact))
            part = exact - index
            if index < 0:
                if not wrap:
                    continue
                index += total * (1 + (-index - 1) // total)
            after = index + 1 if index + 1 < total else (0 if wrap else index)
            first = 0.5 * (bus[index, 0] + bus[index, 1])
            second = 0.5 * (bus[after, 0] + bus[after, 1])
            out[place_now, side] += amount * (first + part * (second - first))


@compiled
def true_peaks(bus: Any, phases: Any, floor: float, wrap: bool) -> Any:
    """Return for each sample the greatest magnitude of both channels about it, between samples as well, (n,).

    ``phases`` (k, taps) interpolate between a sample and the next. Where no sample near by is over ``floor`` the sample
    itself stands for it.
    """
    total, taps = bus.shape[0], phases.shape[1]
    half = taps // 2
    found = np.zeros(total, np.float32)
    for place_now in range(total):
        found[place_now] = max(abs(bus[place_now, 0]), abs(bus[place_now, 1]))
    near = np.zeros(total // 16 + 1, np.bool_)
    for place_now in range(total):
        if found[place_now] > floor:
            near[place_now // 16] = True
    for block in range(near.shape[0]):
        if not (near[block] or (block > 0 and near[block - 1]) or (block + 1 < near.shape[0] and near[block + 1])):
            continue
        for place_now in range(block * 16, min(total, block * 16 + 16)):
            most = found[place_now]
            for channel in range(2):
                for phase in range(phases.shape[0]):
                    value = 0.0
                    if place_now - half + 1 >= 0 and place_now + half < total:
                        for tap in range(taps):
                            value += phases[phase, tap] * bus[place_now - half + 1 + tap, channel]
                    else:
                        for tap in range(taps):
                            index = place_now - half + 1 + tap
                            if wrap:
                                index %= total
                            if 0 <= index < total:
                                value += phases[phase, tap] * bus[index, channel]
                    most = max(most, abs(value))
            found[place_now] = max(found[place_now], most)
            if place_now + 1 < total:  # a peak between two samples bounds both
                found[place_now + 1] = max(found[place_now + 1], most)
    return found


@compiled
def limiter_gain(peaks: Any, gain: float, ceiling: float, ahead: int, release: float, wrap: bool) -> Any:
    """Return the gain of a limiter that looks ahead, (n,): down over `ahead` samples, up again at rate `release`."""
    total = peaks.shape[0]
    lead = min(total, 48_000) if wrap else ahead
    count = lead + total + ahead
    need = np.ones(count, np.float32)
    for index in range(count):
        where = index - lead
        if wrap:
            where %= total
        if 0 <= where < total and peaks[where] * gain > ceiling:
            need[index] = ceiling / (peaks[where] * gain)
    # The least over the samples ahead, by a queue of places whose values rise.
    queue = np.empty(count, np.int64)
    head, tail, level = 0, 0, 1.0
    held = np.empty(lead + total, np.float32)
    for index in range(count):
        while tail > head and need[queue[tail - 1]] >= need[index]:
            tail -= 1
        queue[tail] = index
        tail += 1
        if queue[head] < index - ahead:
            head += 1
        if index >= ahead:
            level = min(need[queue[head]], level + release * (1.0 - level))
            held[index - ahead] = level
    # The mean over the samples before: a straight way down that is there in time.
    out = np.empty(total, np.float32)
    running = 0.0
    for index in range(lead + total):
        running += held[index]
        if index >= ahead:
            running -= held[index - ahead]
        if index >= lead:
            out[index - lead] = running / min(index + 1, ahead)
    return out


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
def wander(bus: Any, out: Any, depth: float, turns: float, flutter: float, wrap: bool) -> None:
    """Write a bus read at a wandering speed, as off a worn tape: slow `turns` and fast `flutter` over the bus."""
    total = bus.shape[0]
    for place_now in range(total):
        phase = TWO_PI * place_now / total
        exact = place_now - depth * (1.15 + math.sin(phase * turns) + 0.12 * math.sin(phase * flutter))
        index = int(math.floor(exact))
        part = exact - index
        if index < 0 and not wrap:
            out[place_now, 0], out[place_now, 1] = 0.0, 0.0
            continue
        index %= total
        after = (index + 1) % total
        for side in range(2):
            out[place_now, side] = bus[index, side] + part * (bus[after, side] - bus[index, side])


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
