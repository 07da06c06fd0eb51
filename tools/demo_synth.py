"""Sounds, effects and level meters of the demo song.

Task: turn a pitch, a length and a velocity into samples, and mixed samples into a finished stereo track.

Source: textbook synthesis written for this project; no recording and no sample is used. Loudness follows
ITU-R BS.1770-4.

Conventions: 44,100 Hz; a mono sound has shape (n,), a stereo one (n, 2); pitches are MIDI numbers (69 is
440 Hz); lengths are seconds; velocity is 0 to 1. Every random choice comes from the generator handed in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

RATE = 44_100
Audio = NDArray[np.float64]
Rng = np.random.Generator

LOWEST_DB = -200.0  # what silence measures as


# --- building blocks --------------------------------------------------------------------------------------


def hz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def times(length: float) -> Audio:
    """Return the sample times of ``length`` seconds."""
    return np.arange(round(length * RATE)) / RATE


def envelope(length: float, attack: float, release: float) -> Audio:
    """Return a fade in over ``attack`` and, after ``length``, a fade out over ``release`` seconds."""
    t = times(length + release)
    up = np.clip(t / attack, 0, 1)
    down = np.clip((length + release - t) / release, 0, 1)
    return np.asarray(np.sin(up * np.pi / 2) * down**2)


def saw(frequency: Audio | float, n: int, phase: float = 0.0) -> Audio:
    """Return a sawtooth whose corners are rounded over one sample each side, so that it hardly aliases."""
    step = np.broadcast_to(np.asarray(frequency, dtype=np.float64) / RATE, (n,))
    x = (phase + np.cumsum(step)) % 1.0
    out = 2 * x - 1
    low, high = x < step, x > 1 - step
    near = x[low] / step[low]
    out[low] -= 2 * near - near**2 - 1
    near = (x[high] - 1) / step[high]
    out[high] -= near**2 + 2 * near + 1
    return out


def filtered(x: Audio, kind: str, edge: float | tuple[float, float], order: int = 2) -> Audio:
    """Return ``x`` through a Butterworth filter along its first axis; ``edge`` in Hz."""
    sos = signal.butter(order, edge, kind, fs=RATE, output="sos")
    return np.asarray(signal.sosfilt(sos, x, axis=0))


# --- pitched instruments ----------------------------------------------------------------------------------


def electric_piano(pitch: int, length: float, velocity: float) -> Audio:
    """Return a tine piano: a sine bent by another, brighter when played harder, and a short metallic tine."""
    t = times(length + 0.25)
    turn = 2 * np.pi * hz(pitch) * t
    bend = (0.35 + 1.5 * velocity * np.exp(-3.5 * t)) * np.sin(turn)
    tine = 0.10 * velocity * np.exp(-14 * t) * np.sin(14 * turn) * (hz(pitch) * 14 < RATE / 2.5)
    body = np.sin(turn + bend) * np.exp(-1.1 * t)
    return (body + tine) * envelope(length, 0.004, 0.25) * velocity


def bass(pitch: int, length: float, velocity: float) -> Audio:
    """Return a plucked bass: a bright saw that closes quickly over a steady sine."""
    env = envelope(length, 0.004, 0.06)
    t = times(length + 0.06)
    raw = saw(hz(pitch), len(t))
    dark, bright = filtered(raw, "low", 320), filtered(raw, "low", 1700)
    open_ = np.exp(-10 * t) * velocity
    mixed = dark * (1 - open_) + bright * open_ + 0.9 * np.sin(2 * np.pi * hz(pitch) * t)
    return np.tanh(1.3 * mixed) * env * velocity


def lead(pitch: int, length: float, velocity: float, glide_from: int | None = None) -> Audio:
    """Return the singing voice: two saws and a soft lower octave, sliding in, with vibrato on held notes."""
    t = times(length + 0.14)
    start = pitch if glide_from is None else glide_from
    semitones = pitch + (start - pitch) * np.exp(-t / 0.022)
    semitones = semitones + 0.16 * np.clip((t - 0.22) / 0.3, 0, 1) * np.sin(2 * np.pi * 5.3 * t)
    frequency = 440.0 * 2 ** ((semitones - 69) / 12)
    raw = 0.5 * saw(frequency * 1.003, len(t)) + 0.5 * saw(frequency * 0.997, len(t), 0.37)
    raw += 0.6 * np.sin(np.pi * np.cumsum(frequency) / RATE)  # an octave below
    dark, bright = filtered(raw, "low", 1100), filtered(raw, "low", 4200)
    open_ = 0.25 + 0.6 * velocity * np.exp(-3 * t)
    return (dark * (1 - open_) + bright * open_) * envelope(length, 0.02, 0.14) * velocity


def pluck(pitch: int, length: float, velocity: float) -> Audio:
    """Return a short bright synthesizer pluck."""
    t = times(length + 0.3)
    raw = 0.6 * saw(hz(pitch), len(t)) + 0.4 * saw(hz(pitch) * 1.004, len(t), 0.5)
    dark, bright = filtered(raw, "low", 900), filtered(raw, "low", 5200)
    open_ = np.exp(-16 * t)
    shape = np.exp(-6 * t) * envelope(length, 0.003, 0.3) * velocity
    return np.asarray((dark * (1 - open_) + bright * open_) * shape)


def bell(pitch: int, length: float, velocity: float) -> Audio:
    """Return a bell: a sine bent at an inharmonic ratio, ringing on."""
    t = times(length + 1.6)
    turn = 2 * np.pi * hz(pitch) * t
    ring = np.sin(turn + 1.4 * np.exp(-4 * t) * np.sin(3.5 * turn)) * np.exp(-2.2 * t)
    return ring * envelope(length, 0.002, 1.6) * velocity


def guitar(pitch: int, length: float, velocity: float, rng: Rng) -> Audio:
    """Return a plucked string after Karplus and Strong: noise in a delay line that loses its treble."""
    env = envelope(length, 0.002, 0.08)
    period = int(RATE / hz(pitch))
    burst = np.zeros(len(env) + period)
    burst[:period] = rng.uniform(-1, 1, period)
    loop = np.zeros(period + 2)
    loop[0], loop[period], loop[period + 1] = 1.0, -0.496, -0.496
    string = signal.lfilter([1.0], loop, burst)
    # The loop lasts a whole number of samples and a half: out of tune until it is read at another speed.
    speed = hz(pitch) * (period + 0.5) / RATE
    tuned = np.interp(np.arange(len(env)) * speed, np.arange(len(string)), string)
    return filtered(tuned, "band", (280, 5200)) * env * velocity


def pad(pitch: int, length: float, velocity: float, rng: Rng) -> Audio:
    """Return a wide string pad in stereo: five detuned saws a side."""
    env = envelope(length, 0.45, 0.9)
    sides = []
    for _ in range(2):
        cents = np.array([-11, -5, 0, 6, 12]) + rng.uniform(-1.5, 1.5, 5)
        voices = [saw(hz(pitch + c / 100), len(env), float(rng.uniform())) for c in cents]
        sides.append(filtered(np.sum(voices, axis=0), "low", 900 + 1500 * velocity))
    return np.stack(sides, axis=1) * env[:, None] * velocity


def foghorn(length: float) -> Audio:
    """Return a ship's horn far out: a low fifth, swelling in and sinking a little as it ends."""
    t = times(length + 0.8)
    sink = 2 ** (-0.4 * np.clip((t - length) / 0.8, 0, 1) / 12)
    raw = sum(saw(hz(p) * sink, len(t), 0.2 * i) for i, p in enumerate((38.0, 38.07, 45.0)))
    return filtered(np.asarray(raw), "low", 420, 3) * envelope(length, 0.5, 0.8)


def sea(length: float, rng: Rng) -> Audio:
    """Return waves in stereo: filtered noise that swells about every six seconds, the sides apart."""
    t = times(length)
    sides = []
    for offset in (0.0, 0.21):
        swell = 0.5 - 0.5 * np.cos(2 * np.pi * (t / 6.1 + offset))
        low, high = rng.standard_normal((2, len(t)))
        sides.append(filtered(low, "low", 500, 1) + 0.8 * swell**2 * filtered(high, "band", (500, 5200), 1))
    return np.stack(sides, axis=1)


# --- drums ------------------------------------------------------------------------------------------------


def kick(velocity: float) -> Audio:
    """Return a bass drum: a sine that falls to 55 Hz, an A, in tune with the bass; and a click."""
    t = times(0.34)
    frequency = 55 + 150 * np.exp(-t * 42)
    body = np.sin(2 * np.pi * np.cumsum(frequency) / RATE) * np.exp(-10 * t)
    click = 0.25 * np.sin(2 * np.pi * 1900 * t) * np.exp(-t * 420)
    return np.tanh(1.7 * (body + click)) * velocity * np.clip((0.34 - t) / 0.03, 0, 1)


def snare(velocity: float, rng: Rng) -> Audio:
    """Return a snare drum: two skins and rattling wires."""
    t = times(0.32)
    skin = 0.6 * np.sin(2 * np.pi * 188 * t) + 0.35 * np.sin(2 * np.pi * 331 * t)
    wires = filtered(rng.standard_normal(len(t)), "band", (900, 9500), 1)
    return (skin * np.exp(-24 * t) + 0.55 * wires * np.exp(-15 * t)) * velocity * np.clip(t / 0.0008, 0, 1)


def clap(velocity: float, rng: Rng) -> Audio:
    """Return hand claps: three bursts of noise close together."""
    t = times(0.3)
    shape = sum(np.where(t >= d, np.exp(-(t - d) * k), 0) for d, k in ((0.0, 160), (0.011, 160), (0.023, 22)))
    return filtered(rng.standard_normal(len(t)) * shape, "band", (850, 4200)) * velocity


def hat(velocity: float, rng: Rng, ring: float = 0.035) -> Audio:
    """Return a hi-hat; ``ring`` is its decay in seconds, 0.035 closed and 0.18 open."""
    t = times(ring * 6)
    metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (4127.0, 5391.0, 6173.0, 8219.0)) * 0.12
    noise = filtered(rng.standard_normal(len(t)) + metal, "high", 7200)
    return noise * np.exp(-t / ring) * np.clip(t / 0.0006, 0, 1) * velocity


def crash(velocity: float, rng: Rng) -> Audio:
    """Return a crash cymbal in stereo."""
    t = times(2.6)
    noise = filtered(rng.standard_normal((len(t), 2)), "high", 3300)
    shape = np.exp(-2.0 * t) * np.clip(t / 0.002, 0, 1) * velocity
    return np.asarray(noise * shape[:, None])


def tom(pitch: int, velocity: float) -> Audio:
    """Return a tom-tom."""
    t = times(0.45)
    frequency = hz(pitch) * (1 + 0.5 * np.exp(-t * 26))
    return np.sin(2 * np.pi * np.cumsum(frequency) / RATE) * np.exp(-8 * t) * velocity


# --- effects ----------------------------------------------------------------------------------------------


def chorus(x: Audio, depth_s: float = 0.0016, rate: float = 0.6) -> Audio:
    """Return ``x`` thickened by a copy a side whose delay wanders, the sides in opposite phase."""
    position = np.arange(len(x), dtype=np.float64)
    sides = []
    for side, phase in ((0, 0.0), (1, np.pi)):
        wander = np.sin(2 * np.pi * rate * position / RATE + phase)
        late = np.interp(position - RATE * (0.009 + depth_s * wander), position, x[:, side])
        sides.append(0.75 * x[:, side] + 0.6 * late)
    return np.stack(sides, axis=1)


def echo(x: Audio, delay_s: float, feedback: float, repeats: int = 6) -> Audio:
    """Return only the echoes of ``x``, darker each time and changing sides."""
    out = np.zeros_like(x)
    wave = filtered(x, "band", (250, 5200), 1)
    for i in range(1, repeats + 1):
        shift = round(i * delay_s * RATE)
        wave = filtered(wave[:, ::-1], "low", 4200, 1)
        out[shift:] += wave[: len(x) - shift] * feedback**i
    return out


def reverb(x: Audio, decay_s: float, rng: Rng) -> Audio:
    """Return only the reverberation of ``x``: noise that dies by 60 dB in ``decay_s``, the treble sooner."""
    t = times(decay_s * 1.2)
    tail = np.zeros((len(t), 2))
    for low, high, speed in ((180.0, 1200.0, 1.0), (1200.0, 4000.0, 1.4), (4000.0, 9000.0, 2.4)):
        noise = filtered(rng.standard_normal((len(t), 2)), "band", (low, high), 1)
        tail += noise * (10 ** (-3 * speed * t / decay_s))[:, None]
    tail *= np.clip(t / 0.012, 0, 1)[:, None]
    before = np.zeros((round(0.018 * RATE), 2))
    tail = np.concatenate([before, tail]) / np.sqrt((tail**2).sum(axis=0))
    wet = signal.fftconvolve(x, tail, axes=0)
    return np.asarray(wet)[: len(x)]


def duck(x: Audio, hits_s: list[float], depth: float = 0.45, recovery_s: float = 0.16) -> Audio:
    """Return ``x`` pressed down for a moment at each of ``hits_s``, so that the bass drum has room."""
    gain = np.ones(len(x))
    curve = 1 - depth * np.exp(-times(recovery_s * 4) / recovery_s)
    for hit in hits_s:
        at = round(hit * RATE)
        part = gain[at : at + len(curve)]
        np.minimum(part, curve[: len(part)], out=part)
    return x * gain[:, None]


def limit(x: Audio, ceiling: float, look_s: float = 0.004) -> Audio:
    """Return ``x`` kept below ``ceiling`` by a gain that is already down when the peak arrives."""
    size = 2 * round(look_s * RATE) + 1
    peak = ndimage.maximum_filter1d(np.abs(x).max(axis=1), 2 * size)
    gain = np.minimum(1.0, ceiling / np.maximum(peak, 1e-9))
    # A mean over a window no wider than the maximum's cannot rise above what any peak in it allows.
    return np.asarray(x * ndimage.uniform_filter1d(gain, size)[:, None])


# --- meters -----------------------------------------------------------------------------------------------


def _k_weighted(x: Audio) -> Audio:
    """Return ``x`` through the two filters of BS.1770 (head shelf, then high pass) at this sample rate."""
    shelf_f, shelf_q, shelf_gain = 1681.974450955533, 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    k = np.tan(np.pi * shelf_f / RATE)
    mid = shelf_gain**0.4996667741545416
    a0 = 1 + k / shelf_q + k * k
    b = np.array([shelf_gain + mid * k / shelf_q + k * k, 2 * (k * k - shelf_gain),
                  shelf_gain - mid * k / shelf_q + k * k])  # fmt: skip
    a = np.array([a0, 2 * (k * k - 1), 1 - k / shelf_q + k * k])
    shelved = signal.lfilter(b / a0, a / a0, x, axis=0)
    k, q = np.tan(np.pi * 38.13547087602444 / RATE), 0.5003270373238773
    a = np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
    return np.asarray(signal.lfilter([1, -2, 1], a / a[0], shelved, axis=0))


def loudness(x: Audio) -> float:
    """Return the integrated loudness of a stereo sound.

    Parameters
    ----------
    x : ndarray of shape (n, 2)
        Samples between -1 and 1.

    Returns
    -------
    float
        LUFS after both gates of ITU-R BS.1770-4; -200 for silence or less than 0.4 s.
    """
    power = (_k_weighted(x) ** 2).sum(axis=1)
    block, hop = round(0.4 * RATE), round(0.1 * RATE)
    if len(x) < block:
        return LOWEST_DB
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(x) - block + 1, hop)
    blocks = (total[starts + block] - total[starts]) / block
    blocks = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    if not len(blocks):
        return LOWEST_DB
    blocks = blocks[blocks > blocks.mean() / 10]  # ten decibels below the mean
    return float(-0.691 + 10 * np.log10(blocks.mean()))


def decibels(x: float) -> float:
    """Return an amplitude in decibels below full scale; -200 for silence."""
    return float(20 * np.log10(x)) if x > 0 else LOWEST_DB
