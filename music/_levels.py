"""Compiled loops of mastering: loudness, peaks between samples, the limiter. Import it at use, as `music._kernels`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from music._kernels import FAINT, compiled


@compiled
def k_power(bus: Any, sections: Any, step: int) -> Any:
    """Return the K-weighted power of every `step` samples, both channels added (BS.1770-4), (n // step,)."""
    count, flat = bus.shape[0] // step, bus.ravel()
    power = np.zeros(count)
    p1, p2, q1, q2, r1, r2, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 4], sections[0, 5]
    c0, c1, c2, d1, d2 = sections[1, 0], sections[1, 1], sections[1, 2], sections[1, 4], sections[1, 5]
    for block in range(count):
        found = 0.0
        for at in range(block * step, (block + 1) * step):
            x, z = flat[2 * at] + FAINT, flat[2 * at + 1] + FAINT
            y = b0 * x + p1
            w = b0 * z + q1
            p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
            q1, q2 = b1 * z - a1 * w + q2, b2 * z - a2 * w
            u = c0 * y + r1
            v = c0 * w + s1
            r1, r2 = c1 * y - d1 * u + r2, c2 * y - d2 * u
            s1, s2 = c1 * w - d1 * v + s2, c2 * w - d2 * v
            found += u * u + v * v
        power[block] = found
    return power


@compiled
def rough_power(bus: Any, sections: Any, step: int) -> Any:
    """Return the K-weighted power of every `step` samples of the middle of a bus, of every fourth sample alone.

    What is over an eighth of the rate folds down and counts nearly as it is: enough to balance parts by.
    """
    count = bus.shape[0] // step
    power = np.zeros(count)
    b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 4], sections[0, 5]
    c0, c1, c2, d1, d2 = sections[1, 0], sections[1, 1], sections[1, 2], sections[1, 4], sections[1, 5]
    p1, p2, r1, r2 = 0.0, 0.0, 0.0, 0.0
    for block in range(count):
        found = 0.0
        for at in range(block * step, (block + 1) * step, 4):
            x = bus[at, 0] + bus[at, 1] + FAINT
            y = b0 * x + p1 + FAINT
            p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
            u = c0 * y + r1
            r1, r2 = c1 * y - d1 * u + r2, c2 * y - d2 * u
            found += u * u
        power[block] = 2 * found
    return power


@compiled
def true_peaks(bus: Any, phases: Any, floor: float, size: int, wrap: bool) -> Any:
    """Return the greatest magnitude in every `size` samples, between samples as well, (ceil(n / size),).

    ``phases`` (k, taps) interpolate between a sample and the next. Where no sample of a block and its neighbours is
    over ``floor`` the samples themselves stand for it.
    """
    total, taps = bus.shape[0], phases.shape[1]
    half, count = taps // 2, (total + size - 1) // size
    found = np.zeros(count, np.float32)
    for block in range(count):
        most = np.float32(0)
        for at in range(block * size, min(total, block * size + size)):
            most = max(most, max(abs(bus[at, 0]), abs(bus[at, 1])))
        found[block] = most
    between = np.zeros(count, np.float32)
    for block in range(count):
        near = found[block]
        if block > 0 or wrap:
            near = max(near, found[block - 1])
        if block + 1 < count or wrap:
            near = max(near, found[(block + 1) % count])
        if near <= floor:
            continue
        most = np.float32(0)
        inner = block * size - half + 1 >= 0 and block * size + size + half < total
        for at in range(block * size, min(total, block * size + size)):
            for channel in range(2):
                for phase in range(phases.shape[0]):
                    value = np.float32(0)
                    if inner:
                        for tap in range(taps):
                            value += phases[phase, tap] * bus[at - half + 1 + tap, channel]
                    else:
                        for tap in range(taps):
                            index = at - half + 1 + tap
                            if wrap:
                                index %= total
                            if 0 <= index < total:
                                value += phases[phase, tap] * bus[index, channel]
                    most = max(most, abs(value))
        between[block] = most
    for block in range(count):
        found[block] = max(found[block], between[block])
    return found


@compiled
def limiter(peaks: Any, gain: float, ceiling: float, ahead: int, release: float, wrap: bool) -> Any:
    """Return gain times that of a limiter for blocks of peaks, (k + 1,): the gain at each block's start and at the end.

    It looks `ahead` blocks ahead, goes down along a straight line, and comes up again at the rate `release` a block.
    """
    total = peaks.shape[0]
    lead = total if wrap else ahead + 2
    count = lead + total + ahead + 2
    need = np.ones(count)
    for index in range(count):
        where = index - lead
        if wrap:
            where %= total
        if 0 <= where < total and peaks[where] * gain > ceiling:
            need[index] = ceiling / (peaks[where] * gain)
    # The least of a block, the one before (its end is this one's start) and those ahead: a queue of rising values.
    queue = np.empty(count, np.int64)
    head, tail, level = 0, 0, 1.0
    held = np.ones(count)
    for index in range(count):
        while tail > head and need[queue[tail - 1]] >= need[index]:
            tail -= 1
        queue[tail] = index
        tail += 1
        if queue[head] < index - ahead - 1:
            head += 1
        if index >= ahead:
            level = min(need[queue[head]], level + release * (1.0 - level))
            held[index - ahead] = level
    out = np.empty(total + 1)
    running = 0.0
    for index in range(lead + total + 1):  # the mean over the blocks before is the straight way down, there in time
        running += held[index]
        if index >= ahead:
            running -= held[index - ahead]
        if index >= lead:
            out[index - lead] = gain * running / min(index + 1, ahead)
    return out


@compiled
def finished(bus: Any, curve: Any, size: int) -> Any:
    """Return a bus times a gain rounded to 24 bits, (n, 2).

    ``curve`` is the gain at every `size`-th sample, drawn straight between them.
    """
    total, flat = bus.shape[0], bus.ravel()
    made = np.empty_like(bus)
    out = made.ravel()
    for block in range((total + size - 1) // size):
        base, most = 2 * block * size, 2 * min(size, total - block * size)
        gain, move = 8388608.0 * curve[block], 8388608.0 * (curve[block + 1] - curve[block]) / size
        for index in range(most):
            value = math.floor(flat[base + index] * (gain + (index >> 1) * move) + 0.5)
            out[base + index] = min(8388607.0, max(-8388608.0, value)) / 8388608.0
    return made


@compiled
def packed(audio: Any, out: Any) -> None:
    """Write samples (n,) from -1 to below 1 as whole numbers of 24 bits, the least byte first, to (3 n,)."""
    for index in range(audio.shape[0]):
        value = int(min(8388607.0, max(-8388608.0, math.floor(audio[index] * 8388608.0 + 0.5))))
        out[3 * index] = value & 255
        out[3 * index + 1] = (value >> 8) & 255
        out[3 * index + 2] = (value >> 16) & 255
