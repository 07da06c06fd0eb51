"""Compiled loops that put notes on a bus and parts into the mix. Import it at use, as `music._kernels`.

Loops run over stretches of memory without gaps, so that the compiler works on several samples at once: a bus (n, 2) is
seen as (2 n,), left and right in turn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from music._kernels import FAINT, TWO_PI, compiled

STRETCH = 64
"""Samples that are worked on together."""
FINE = 4294967296.0
"""Parts of a sample that places between samples are counted in: 2 to the power of 32."""


@compiled
def add(bus: Any, sample: Any, start: int, hold: int, release: int, left: float, right: float, wrap: bool) -> None:
    """Add a sample (m, 1) or (m, 2) to a bus, held for `hold` samples, then let go, 80 dB down after `release`."""
    total, two = bus.shape[0], sample.shape[1] == 2
    flat, notes = bus.ravel(), sample.ravel()
    count = min(sample.shape[0], hold + release)
    loud_l, loud_r = np.float32(left), np.float32(right)
    fades = np.exp(math.log(1e-4) / max(1, release) * np.arange(1, STRETCH + 1)).astype(np.float32)
    done, where = 0, start % total if wrap else start
    while done < count and where < total:
        size = min(min(hold, count) - done, total - where)
        if size > 0:
            out = flat[2 * where:2 * (where + size)]
            if two:
                part = notes[2 * done:2 * (done + size)]
                for index in range(size):
                    out[2 * index] += loud_l * part[2 * index]
                    out[2 * index + 1] += loud_r * part[2 * index + 1]
            else:
                part = notes[done:done + size]
                for index in range(size):
                    out[2 * index] += loud_l * part[index]
                    out[2 * index + 1] += loud_r * part[index]
            done, where = done + size, where + size
        if done >= hold:
            size = min(min(count - done, total - where), STRETCH)
            out = flat[2 * where:2 * (where + size)]
            if two:
                part = notes[2 * done:2 * (done + size)]
                for index in range(size):
                    out[2 * index] += loud_l * fades[index] * part[2 * index]
                    out[2 * index + 1] += loud_r * fades[index] * part[2 * index + 1]
            else:
                part = notes[done:done + size]
                for index in range(size):
                    out[2 * index] += loud_l * fades[index] * part[index]
                    out[2 * index + 1] += loud_r * fades[index] * part[index]
            loud_l *= fades[size - 1]
            loud_r *= fades[size - 1]
            done, where = done + size, where + size
        if wrap and where >= total:
            where = 0


@compiled
def last_heard(sample: Any, over: float) -> int:
    """Return the number of samples (n, channels) up to the last whose magnitude is greater than `over`."""
    for index in range(sample.shape[0] - 1, -1, -1):
        for side in range(sample.shape[1]):
            if abs(sample[index, side]) > over:
                return index + 1
    return 0


@compiled
def _bent(notes: Any, step: float, loop_size: int, count: int) -> Any:
    """Return (m,) re-pitched by `step`, at most `count` long, between samples by cubic Hermite."""
    most, done, position = notes.shape[0], 0, 0.0
    made = np.empty(count, np.float32)
    half, two, three, five = np.float32(0.5), np.float32(2), np.float32(3), np.float32(5)
    while done < count:
        size = min(count - done, int(math.ceil((most - 2 - position) / step)))
        if size <= 0:
            if loop_size == 0:
                break
            position -= loop_size
            continue
        out = made[done:done + size]
        if step == 1.0 and position == int(position):
            out[:] = notes[int(position):int(position) + size]
        else:
            first, by = np.int64(position * FINE), np.int64(step * FINE)  # whole numbers: several are done at once
            for index in range(size):
                place = first + index * by
                whole = place >> 32
                part = np.float32(place & 0xFFFF_FFFF) * np.float32(1 / FINE)
                a, b, c, d = notes[max(whole - 1, 0)], notes[whole], notes[whole + 1], notes[whole + 2]
                bend = c - a
                out[index] = b + half * part * (bend + part * (two * a - five * b + two * two * c - d + part * (
                    three * (b - c) + d - a)))
        done, position = done + size, position + size * step
    return made[:done]


@compiled
def pitched(sample: Any, step: float, dark: float, loop_size: int, count: int) -> Any:
    """Return a sample (m, 1) or (m, 2) re-pitched by `step`, at most `count` long.

    ``dark`` from 0 to below 1 is the pole of a low-pass (soft notes are darker); a sample with ``loop_size`` goes back
    by it at its end for as long as it is wanted.
    """
    sides, keep, pole = sample.shape[1], np.float32(1 - dark), np.float32(dark)
    flat = sample.ravel()
    made = np.empty((0, sides), np.float32)
    for side in range(sides):
        bent = _bent(flat if sides == 1 else flat[side::sides].copy(), step, loop_size, count)
        if side == 0:
            made = np.empty((bent.shape[0], sides), np.float32)
        low, out = np.float32(0), made.ravel()
        for index in range(bent.shape[0]):
            low = keep * bent[index] + pole * low
            out[index * sides + side] = low
    return made


@compiled
def strip(bus: Any, made: Any, send: Any, sections: Any, gain: float, duck_gain: Any, share: float, sent: float,
          amount: float, turns: float, warm: int) -> None:
    """Put one part into the mix: filters, two wandering copies, gain, ducking; `made` and `send` are added to.

    ``sections`` (1 or 2, 6); ``duck_gain`` (n,) or empty, followed by `share`; ``sent`` goes to the room; the copies
    have the gain `amount` and wander ``turns`` whole times over the bus. ``warm`` last samples run first (a loop).
    Where the bus is silent and the filters have come to rest nothing is done.
    """
    total, ducked, twice = bus.shape[0], duck_gain.shape[0] > 0, sections.shape[0] == 2
    last = sections.shape[0] - 1
    b0, b1, b2, a1, a2 = sections[0, 0], sections[0, 1], sections[0, 2], sections[0, 4], sections[0, 5]
    d0, d1, d2 = sections[last, 0], sections[last, 1], sections[last, 2]
    c1, c2 = sections[last, 4], sections[last, 5]
    p1, p2, q1, q2, r1, r2, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    flat, mixed, room = bus.ravel(), made.ravel(), send.ravel()
    heard = np.zeros(2 * STRETCH, np.float32)
    ring = np.zeros(2048, np.float32)
    loud = np.full(STRETCH, np.float32(gain), np.float32)
    into, wide, rested = np.float32(sent), np.float32(amount), 2048
    begin = -(min(warm, total) // STRETCH * STRETCH)
    for turn in range(begin, total, STRETCH):
        size = min(STRETCH, total - turn) if turn >= 0 else STRETCH
        base = 2 * (turn if turn >= 0 else total + turn)
        sounds = np.float32(0)
        for index in range(base, base + 2 * size):
            sounds += abs(flat[index])
        if sounds == 0 and abs(p1) + abs(p2) + abs(q1) + abs(q2) + abs(r1) + abs(r2) + abs(s1) + abs(s2) < 1e-9:
            p1, p2, q1, q2, r1, r2, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            if amount <= 0 or rested >= 2048:
                continue
            rested += size
            heard[:] = 0
        else:
            rested = 0
            for index in range(size):
                x, z = flat[base + 2 * index] + FAINT, flat[base + 2 * index + 1] + FAINT
                y = b0 * x + p1
                w = b0 * z + q1
                p1, p2 = b1 * x - a1 * y + p2, b2 * x - a2 * y
                q1, q2 = b1 * z - a1 * w + q2, b2 * z - a2 * w
                if twice:
                    u = d0 * y + r1
                    v = d0 * w + s1
                    r1, r2 = d1 * y - c1 * u + r2, d2 * y - c2 * u
                    s1, s2 = d1 * w - c1 * v + s2, d2 * w - c2 * v
                    y, w = u, v
                heard[2 * index], heard[2 * index + 1] = y, w
        if amount > 0:
            for index in range(size):
                ring[(turn + index) & 2047] = np.float32(0.5) * (heard[2 * index] + heard[2 * index + 1])
            if turn >= 0:
                phase, ahead = TWO_PI * turns * turn / total, TWO_PI * turns * (turn + STRETCH) / total
                for side in range(2):
                    late = 620.0 + 190.0 * math.sin(phase) if side == 0 else 790.0 + 190.0 * math.sin(phase + 2.1)
                    after = 620.0 + 190.0 * math.sin(ahead) if side == 0 else 790.0 + 190.0 * math.sin(ahead + 2.1)
                    move = (after - late) / STRETCH
                    for index in range(size):
                        now = late + (index + 1) * move
                        whole = int(now)
                        first = ring[(turn + index - whole) & 2047]
                        second = ring[(turn + index - whole - 1) & 2047]
                        heard[2 * index + side] += wide * (first + np.float32(now - whole) * (second - first))
        if turn >= 0:
            if ducked:
                for index in range(size):
                    loud[index] = gain * (1.0 - share * (1.0 - duck_gain[turn + index]))
            for index in range(size):
                heard[2 * index] *= loud[index]
                heard[2 * index + 1] *= loud[index]
            for index in range(2 * size):
                mixed[base + index] += heard[index]
            if sent > 0:
                for index in range(2 * size):
                    room[base + index] += into * heard[index]
