"""Scenes of nature: the sea, mountains; birds and pines for others."""

from __future__ import annotations

import math

import numpy as np

from painting import air
from painting.canvas import Mask, Pen
from painting.colour import Colour, colour, mix, toned
from painting.easel import Easel
from painting.noise import profile

LEAF = {"": "#3f7a4a", "spring": "#8fbf6a", "summer": "#2f7f4f", "autumn": "#c8662e", "winter": "#6f8a8f"}


def leaf(easel: Easel) -> Colour:
    """Return the colour of leaves in the season."""
    return colour(LEAF[easel.season])


def sea(easel: Easel) -> None:
    """Paint the sea under a low sun, with a shore or a headland."""
    horizon = easel.chance(0.52, 0.62)
    left = easel.rng.random() < 0.35
    sun_x = easel.chance(0.22, 0.36) if left else easel.chance(0.62, 0.80)
    low = easel.palette.time in ("dawn", "sunset", "morning")
    radius = easel.chance(0.07, 0.11) if low or easel.look.flat else easel.chance(0.045, 0.065)
    sun = (sun_x, horizon - (easel.chance(0.05, 0.14) if low else easel.chance(0.26, 0.36)), radius)
    air.sky(easel, horizon, sun, 0.45)
    if easel.rng.random() < 0.75:
        _headland(easel, horizon, not left)
    _water(easel, horizon, sun_x)
    if easel.rng.random() < 0.6:
        _boat(easel, easel.chance(0.2, 0.8), horizon + easel.chance(0.015, 0.05), easel.chance(0.035, 0.06))
    if easel.rng.random() < 0.7:
        _shore(easel, left)
    if not easel.overcast and easel.palette.time != "night":
        birds(easel, easel.chance(0.2, 0.8), horizon * 0.5, 6)
    if easel.weather != "clear":  # no leaves over the sea
        air.weather(easel)


def _headland(easel: Easel, horizon: float, on_right: bool) -> None:
    for depth, wide, tall in ((0.12, 0.55, 0.13), (0.34, 0.34, 0.09)):
        rough = profile(easel.rng, easel.canvas.width, 6, 5, 0.5)
        place = easel.canvas.x[0] if not on_right else 1 - easel.canvas.x[0]
        slope = np.clip(1 - place / np.float32(wide), 0, 1) ** 0.7
        outline = horizon - tall * slope * (0.35 + 0.9 * rough)
        mask = easel.canvas.below(outline) * (easel.canvas.y <= horizon + 0.002) * (slope > 0)[None, :]
        easel.layer(mask.astype(np.float32), easel.tone(depth), easel.tone(max(0.0, depth - 0.1)))


def _water(easel: Easel, horizon: float, sun_x: float) -> None:
    canvas, palette = easel.canvas, easel.palette
    mask = np.broadcast_to(
        np.clip((canvas.y - np.float32(horizon)) * canvas.height + np.float32(0.5), 0, 1), (canvas.height, canvas.width)
    ).astype(np.float32)
    shine = mix(palette.sky[-1], palette.far, 0.30)
    deep = mix(palette.far, palette.near, 0.72 if palette.time != "noon" else 0.5)
    if easel.look.flat:
        _bands(easel, horizon, shine, deep)
    else:
        paint = canvas.gradient((shine, mix(shine, deep, 0.55), deep), horizon, 1.0)
        canvas.blend(mask, np.broadcast_to(paint, canvas.pixels.shape))
        _swell(easel, horizon, shine, deep)
    _glitter(easel, horizon, sun_x)


def _swell(easel: Easel, horizon: float, shine: Colour, deep: Colour) -> None:
    """Lay waves: streaks of noise, coarser towards the viewer."""
    canvas = easel.canvas
    depth = np.clip((canvas.y - np.float32(horizon)) / np.float32(1 - horizon), 0, 1)
    rough = np.zeros((canvas.height, canvas.width), np.float32)
    for cells, near in (((16, 170), 0.0), ((9, 80), 0.35), ((5, 40), 0.8)):
        part = easel.noise(cells, 2)
        rough += part * np.clip(1 - np.abs(depth - near) / 0.5, 0, 1)
    crest = np.clip((rough - 0.62) * 3.2, 0, 1) * (depth > 0)
    trough = np.clip((0.40 - rough) * 3.0, 0, 1) * (depth > 0)
    canvas.blend(trough.astype(np.float32), toned(deep, -0.04), 0.45)
    canvas.blend(crest.astype(np.float32), mix(shine, easel.palette.sun, 0.3), 0.34)


def _bands(easel: Easel, horizon: float, shine: Colour, deep: Colour) -> None:
    """Lay the sea as sheets with wavy edges, each nearer and deeper."""
    canvas = easel.canvas
    for step, part in enumerate((0.0, 0.10, 0.26, 0.48, 0.74)):
        top = horizon + (1 - horizon) * part
        phase, waves = easel.chance(0, math.tau), 16 - 2.6 * step
        bend = 0.0 if step == 0 else 0.004 + 0.006 * step
        outline = top + bend * np.sin(canvas.x[0] * waves + phase) + 0.4 * bend * np.sin(canvas.x[0] * waves * 2.3)
        easel.layer(canvas.below(outline), mix(shine, deep, 0.12 + 0.22 * step))


def _glitter(easel: Easel, horizon: float, sun_x: float) -> None:
    """Lay the light of sun or moon on the water: dashes, wider and sparser towards the viewer."""
    rng = easel.rng
    strength = 0.25 if easel.overcast else 0.85
    count = 110 if easel.look.flat else 420
    dashes = []
    for _ in range(count):
        depth = rng.random() ** 1.3
        spread = 0.016 + 0.11 * depth
        x = sun_x + rng.normal() * spread * 0.55
        dashes.append(
            (
                x,
                horizon + (1 - horizon) * depth * 0.97,
                (0.006 + 0.034 * depth) * rng.uniform(0.4, 1.3),
                0.0012 + 0.0042 * depth,
                1 - 0.5 * depth,
            )
        )

    def draw(pen: Pen) -> None:
        for x, y, long, thick, tone in dashes:
            if y > horizon + 0.004:
                pen.ellipse(x, y, long, thick, tone)

    found = easel.drawn(draw)
    easel.detail(found, easel.palette.sun, strength * (0.8 if easel.style != "line" else 1.0))
    if not easel.look.flat:
        column = np.exp(-(((easel.canvas.x - np.float32(sun_x)) / np.float32(0.10)) ** 2))
        fade = np.clip((easel.canvas.y - horizon) * 40, 0, 1) * np.clip(1.25 - (easel.canvas.y - horizon) * 2.0, 0, 1)
        easel.light((column * fade).astype(np.float32), easel.palette.sun, 0.26 * strength)


def _boat(easel: Easel, x: float, y: float, size: float) -> None:
    wide = size / easel.canvas.aspect

    def hull(pen: Pen) -> None:
        pen.polygon(
            [
                (x - wide * 0.6, y - size * 0.10),
                (x + wide * 0.7, y - size * 0.10),
                (x + wide * 0.45, y + size * 0.06),
                (x - wide * 0.42, y + size * 0.06),
            ]
        )

    def sails(pen: Pen) -> None:
        pen.polygon(
            [(x + wide * 0.03, y - size * 1.25), (x + wide * 0.03, y - size * 0.16), (x + wide * 0.62, y - size * 0.16)]
        )
        pen.polygon(
            [(x - wide * 0.05, y - size * 1.1), (x - wide * 0.05, y - size * 0.16), (x - wide * 0.45, y - size * 0.16)]
        )

    easel.layer(
        easel.drawn(sails),
        mix(easel.palette.sun, easel.palette.sky[-1], 0.35) if easel.palette.time != "night" else easel.tone(0.25),
    )
    easel.layer(easel.drawn(hull), easel.tone(0.85))


def _shore(easel: Easel, on_right: bool) -> None:
    """Paint a beach in a corner with its foam."""
    canvas = easel.canvas
    place = canvas.x[0] if not on_right else 1 - canvas.x[0]
    wave = 0.012 * np.sin(place * 21) + 0.01 * (profile(easel.rng, canvas.width, 7, 3) - 0.5)
    edge = (0.80 + 0.30 * place**1.3 + wave).astype(np.float32)
    sand = easel.tinted(mix(colour("#ecd3a2"), easel.palette.sky[-1], 0.25), 0.85)
    for lift, shade, tone in (
        (-0.055, mix(easel.palette.sun, easel.palette.far, 0.25), 0.30),
        (-0.022, mix(easel.palette.sun, (1, 1, 1), 0.3), 0.8),
    ):
        foam = canvas.below(edge + lift + 0.006 * np.sin(place * 90)) * (1 - canvas.below(edge + lift + 0.02))
        easel.detail(foam, shade, tone * (0.5 if easel.palette.dark else 0.9))
    easel.layer(canvas.below(edge), sand, mix(sand, easel.palette.near, 0.3))
    wet = canvas.below(edge) * (1 - canvas.below(edge + 0.035))
    easel.detail(wet, mix(sand, easel.palette.far, 0.6), 0.55)


def birds(easel: Easel, x: float, y: float, count: int) -> None:
    """Draw a few birds far away."""
    spots = [
        (x + easel.rng.normal() * 0.06, y + easel.rng.normal() * 0.035, easel.chance(0.008, 0.016))
        for _ in range(count)
    ]

    def draw(pen: Pen) -> None:
        for left, top, size in spots:
            wide = size / easel.canvas.aspect
            pen.line(
                [
                    (left - wide, top - size * 0.35),
                    (left - wide * 0.4, top - size * 0.55),
                    (left, top),
                    (left + wide * 0.4, top - size * 0.55),
                    (left + wide, top - size * 0.35),
                ],
                0.0028,
            )

    easel.detail(easel.drawn(draw), easel.ink if easel.style == "line" else easel.tone(0.75), 0.85)


def mountains(easel: Easel) -> None:
    """Paint ranges one behind the other, with mist between, pines in front, and at times a lake."""
    lake = easel.rng.random() < 0.45
    base = 0.66 if lake else 1.02
    sun = (easel.chance(0.2, 0.8), easel.chance(0.18, 0.36), easel.chance(0.05, 0.09))
    air.sky(easel, 0.72, sun, 0.4)
    count = 4 if lake else 5
    for step in range(count):
        part = step / (count - 1)
        _range(easel, part, 0.30 + part * (base - 0.44), base, step)
        if step < count - 1:
            easel.mist(0.42 + part * (base - 0.5), 0.10, 0.9 if easel.weather == "fog" else 0.42)
    if lake:
        _mirror(easel, base)
    _pines(easel, 1.03, 0.16 if lake else 0.20, 18, 0.96)
    air.weather(easel)


def _range(easel: Easel, part: float, top: float, base: float, step: int) -> None:
    canvas = easel.canvas
    ridged = step < 3
    rough = profile(easel.rng, canvas.width, 2.2 + 1.2 * step, 7 if ridged else 6, 0.47 if ridged else 0.42, ridged)
    rough = (rough - rough.min()) / max(float(np.ptp(rough)), 1e-3)
    tall = (0.30 - 0.035 * step) * (1.0 if base > 0.9 else 0.8)
    outline = np.minimum(top + tall * (0.55 - rough), base)
    mask = canvas.below(outline) * (canvas.y <= base)
    depth = 0.05 + 0.72 * part**1.15
    upper, lower = easel.tone(depth), mix(easel.tone(depth), easel.palette.sky[-1], 0.45 * (1 - 0.6 * part))
    easel.layer(mask.astype(np.float32), upper, lower)
    if step < 2:
        _snowcap(easel, mask, outline, tall)


def _snowcap(easel: Easel, mask: Mask, outline: np.ndarray, tall: float) -> None:
    """Lay snow on the peaks, jagged below, and light on their sunny side."""
    canvas = easel.canvas
    crag = profile(easel.rng, canvas.width, 34, 3, 0.55)
    peak = float(outline.min())
    line = peak + tall * (0.30 + 0.09 * crag) + (outline - peak) * 0.15
    cap = mask * (1 - canvas.below(line)) * canvas.below(outline)
    much = 0.95 if easel.season == "winter" or easel.weather == "snow" else 0.6
    easel.detail(
        cap, mix(easel.palette.sun, easel.palette.sky[-1], 0.35), much * (0.55 if easel.palette.dark else 0.85)
    )
    if not easel.look.flat:
        easel.canvas.shade(mask * _faces(easel, outline), 0.26)


def _faces(easel: Easel, outline: np.ndarray) -> Mask:
    """Return where slopes lie in shade: what falls to the right, drawn down aslant and fading."""
    canvas = easel.canvas
    wide = max(3, round(14 * easel.unit))
    even = np.convolve(np.pad(outline, wide // 2, mode="edge"), np.ones(wide) / wide, "same")
    fall = np.gradient(even)[wide // 2 : wide // 2 + canvas.width]
    slope = np.clip(fall * canvas.height * 0.9, 0, 1).astype(np.float32)
    deep = np.clip(canvas.y - outline[None, :].astype(np.float32), 0, 1)
    columns = np.arange(canvas.width)[None, :] - (deep * np.float32(canvas.height * 0.45)).astype(np.int32)
    faces: Mask = slope[np.clip(columns, 0, canvas.width - 1)] * np.clip(1 - deep / np.float32(0.20), 0, 1)
    return faces


def _mirror(easel: Easel, base: float) -> None:
    """Turn what is above the water over, ripple and tint it."""
    canvas = easel.canvas
    first = round(base * canvas.height)
    depth = canvas.height - first
    rows = np.clip(first - 1 - (np.arange(depth) * 1.15).astype(int), 0, first - 1)
    sway = (np.sin(np.arange(depth) * 0.9 / easel.unit) * (0.5 + np.arange(depth) / depth * 5) * easel.unit).astype(int)
    columns = np.clip(np.arange(canvas.width)[None, :] + sway[:, None], 0, canvas.width - 1)
    turned = canvas.pixels[rows[:, None], columns]
    tint = np.asarray(mix(easel.palette.far, easel.palette.near, 0.4), np.float32)
    canvas.pixels[first:] = turned * np.float32(0.78) + tint * np.float32(0.22)
    edge = np.exp(-(((canvas.y - base) / 0.004) ** 2)).astype(np.float32) * np.ones_like(canvas.x)
    easel.detail(edge, mix(easel.palette.sun, easel.palette.sky[-1], 0.6), 0.5)
    ripples = easel.noise((6, 110), 2)
    easel.detail(
        (np.clip((ripples - 0.66) * 4, 0, 1) * (canvas.y > base)).astype(np.float32), easel.palette.sky[-1], 0.25
    )


def _pines(easel: Easel, foot: float, size: float, count: int, depth: float, spread: float = 0.5) -> None:
    """Stand pines along the bottom, tall at the sides and low in the middle."""
    spots = []
    for _ in range(count):
        side = easel.rng.random() < 0.5
        x = easel.rng.random() ** 1.6 * spread
        x = x if side else 1 - x
        tall = size * (1.5 - 2.0 * min(x, 1 - x)) * easel.chance(0.6, 1.15)
        spots.append((x, foot + easel.chance(-0.01, 0.03), tall))

    def draw(pen: Pen) -> None:
        for x, y, tall in spots:
            pine(pen, x, y, tall, easel)

    mask = easel.drawn(draw)
    ground = easel.canvas.below(0.95 + 0.03 * profile(easel.rng, easel.canvas.width, 5, 4))
    shade = easel.tone(depth) if easel.season != "autumn" else mix(easel.tone(depth), leaf(easel), 0.18)
    easel.layer(np.maximum(mask, ground), shade, easel.tone(1.0))


def pine(pen: Pen, x: float, y: float, tall: float, easel: Easel) -> None:
    """Draw a pine of a height, standing at (x, y): tiers with drooping tips."""
    aspect = easel.canvas.aspect
    tiers = 7
    points = [(x, y - tall)]
    right = []
    for tier in range(1, tiers + 1):
        part = tier / tiers
        half = tall * 0.19 * part * (0.9 + 0.2 * float(easel.rng.random())) / aspect
        level = y - tall + tall * part * 0.95
        right += [(x + half, level + tall * 0.012), (x + half * 0.55, level - tall * 0.015)]
    left = [(2 * x - a, b) for a, b in right]
    pen.polygon(points + right + [(x, y - tall * 0.03)] + left[::-1])
    pen.box(x - tall * 0.012 / aspect, y - tall * 0.08, x + tall * 0.012 / aspect, y)
