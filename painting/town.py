"""Scenes of town and travel: the city with its windows and their reflection, the road to the horizon."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from painting import air
from painting.canvas import Mask, Pen, blurred
from painting.colour import Colour, colour, mix, toned
from painting.easel import Easel
from painting.noise import cloud, profile
from painting.outdoors import birds, leaf

Block = tuple[float, float, float, int]
"""A building: left, right, top, and the kind of its roof."""


def city(easel: Easel) -> None:
    """Paint a skyline in three depths above water or a wet street."""
    water = easel.rng.random() < 0.65
    base = easel.chance(0.74, 0.80) if water else 1.02
    sun = (easel.chance(0.18, 0.82), easel.chance(0.18, 0.34), easel.chance(0.05, 0.09))
    air.sky(easel, 0.78, sun, 0.35)
    for step, depth in enumerate((0.16, 0.48, 0.88)):
        blocks = _blocks(easel, step, base)
        mask = easel.drawn(_skyline(blocks, base))
        easel.layer(mask, easel.tone(depth), easel.tone(max(0.0, depth - 0.18)))
        _windows(easel, blocks, base, step)
        if step < 2:
            easel.mist(base - 0.05, 0.15, 0.6 if easel.weather == "fog" else 0.32)
    if water:
        _reflection(easel, base)
    else:
        _bokeh(easel, 0.70, 1.0, 26, easel.palette.dark or easel.overcast)
    if not easel.palette.dark and not easel.overcast:
        birds(easel, easel.chance(0.2, 0.8), 0.25, 6)
    air.weather(easel)


def _blocks(easel: Easel, step: int, base: float) -> list[Block]:
    """Return one row of buildings, lower in the middle of the nearest row."""
    blocks, x = [], -0.03
    while x < 1.02:
        wide = easel.chance(0.030, 0.068) * (0.75 + 0.28 * step)
        centre = math.exp(-(((x + wide / 2 - 0.5) / 0.28) ** 2))
        tall = (
            (0.44 - 0.02 * step) * easel.chance(0.35, 1.0) * (0.75 + 0.5 * centre if step < 2 else 1.20 - 0.85 * centre)
        )
        blocks.append((x, x + wide, base - max(tall, 0.07), int(easel.rng.integers(0, 7))))
        x += wide * (1.0 if step else 0.92)
    return blocks


def _skyline(blocks: list[Block], base: float) -> Callable[[Pen], None]:
    """Return a function that draws buildings with their roofs."""

    def draw(pen: Pen) -> None:
        for left, right, top, roof in blocks:
            wide = right - left
            pen.box(left, top, right, base)
            if roof == 0:
                pen.box(left + wide * 0.25, top - 0.035, right - wide * 0.25, top)
            elif roof == 1:
                pen.line([((left + right) / 2, top), ((left + right) / 2, top - 0.075)], 0.003)
                pen.box(left + wide * 0.38, top - 0.02, right - wide * 0.38, top)
            elif roof == 2:
                pen.polygon([(left, top), (right, top), (right, top - 0.045)])
            elif roof == 3:
                pen.polygon([(left + wide * 0.1, top), (right - wide * 0.1, top), ((left + right) / 2, top - 0.06)])
            elif roof == 4:
                pen.box(left + wide * 0.12, top - 0.022, left + wide * 0.42, top)

    return draw


def _windows(easel: Easel, blocks: list[Block], base: float, step: int) -> None:
    """Light windows: many and warm by night, a shimmer of glass by day."""
    rng = easel.rng
    lit_share = 0.46 if easel.palette.dark else 0.22 if easel.palette.time == "sunset" else 0.0
    high, wide = 0.0080 + 0.0032 * step, (0.0058 + 0.0024 * step)
    groups: list[list[tuple[float, float, float]]] = [[], [], []]
    for left, right, top, _ in blocks:
        habit = rng.uniform(0.3, 1.3)
        columns = max(1, int((right - left - 0.006) / (wide * 1.75 / easel.canvas.aspect * 1.6)))
        gap = (right - left) / (columns + 0.5)
        for y in np.arange(top + high * 1.4, base - 0.012, high * 2.3):
            for column in range(columns):
                draw = rng.random()
                place = (left + gap * (column + 0.5), float(y), gap * 0.55)
                if draw < lit_share * habit:
                    groups[0 if rng.random() < 0.74 else 1].append(place)
                elif draw > 0.25:
                    groups[2].append(place)
    shades = (
        easel.palette.accent,
        mix(easel.palette.accent2, (1, 1, 1), 0.25),
        easel.tone(0.1) if not easel.palette.dark else easel.tone(0.55),
    )
    for group, shade, tone in zip(groups, shades, (0.92, 0.8, 0.20 + 0.08 * step), strict=True):

        def draw_group(pen: Pen, group: list[tuple[float, float, float]] = group) -> None:
            for x, y, reach in group:
                pen.box(x, y, x + reach, y + high, 1.0)

        if not group:
            continue
        mask = easel.drawn(draw_group)
        easel.detail(mask, shade, tone * (0.45 + 0.275 * step))
        if shade is shades[0] and not easel.look.flat:
            easel.canvas.glow(np.clip(blurred(mask, 8 * easel.unit) * 1.6, 0, 1), shade, 0.28 * easel.look.light)


def _reflection(easel: Easel, base: float) -> None:
    """Turn the city over in the water, stretched and broken by ripples."""
    canvas = easel.canvas
    first = round(base * canvas.height)
    depth = canvas.height - first
    if easel.look.flat:
        _quay(easel, base)
    below = np.arange(depth)
    rows = np.clip(first - 1 - (below * 1.7).astype(int), 0, first - 1)
    ripple = cloud(easel.rng, canvas.width, depth, (14, 46), 2) - np.float32(0.5)
    sway = (ripple * (4 + 30 * below[:, None] / depth) * easel.unit).astype(int)
    lift = (ripple * (6 + 34 * below[:, None] / depth) * easel.unit).astype(int)
    source_rows = np.clip(rows[:, None] + lift, 0, first - 1)
    source_columns = np.clip(np.arange(canvas.width)[None, :] + sway, 0, canvas.width - 1)
    turned = canvas.pixels[source_rows, source_columns]
    tint = np.asarray(mix(easel.palette.near, easel.palette.sky[1], 0.35), np.float32)
    share = (0.24 + 0.34 * below / depth).astype(np.float32)[:, None, None]
    canvas.pixels[first:] = turned * (1 - share) + tint * share
    streaks = easel.noise((10, 130), 2)
    wet = np.clip((streaks - 0.64) * 4, 0, 1) * (canvas.y > base)
    easel.detail(wet.astype(np.float32), mix(easel.palette.sky[-1], easel.palette.accent, 0.3), 0.22)
    edge = np.exp(-(((canvas.y - base) / 0.0035) ** 2)).astype(np.float32) * np.ones_like(canvas.x)
    easel.detail(edge, easel.tone(1.0) if easel.style != "line" else easel.ink, 0.8)


def _quay(easel: Easel, base: float) -> None:
    easel.detail(easel.canvas.below(np.full(easel.canvas.width, base)), mix(easel.palette.near, easel.palette.far, 0.4))


def _bokeh(easel: Easel, top: float, bottom: float, count: int, lit: bool) -> None:
    """Lay lights out of focus, as a lens sees a wet street."""
    if not lit or easel.style == "line":
        return
    shades = (easel.palette.accent, easel.palette.accent2, mix(easel.palette.accent, (1, 1, 1), 0.4), easel.palette.sun)
    for shade in shades:
        spots = [(easel.rng.random(), easel.chance(top, bottom), easel.chance(0.012, 0.045)) for _ in range(count // 4)]

        def draw(pen: Pen, spots: list[tuple[float, float, float]] = spots) -> None:
            for x, y, size in spots:
                pen.ellipse(x, y, size, tone=0.45)
                pen.ring(x, y, size, size * 0.10, 0.8)

        mask = easel.drawn(draw)
        easel.canvas.glow(mask if easel.look.flat else blurred(mask, 1.6 * easel.unit), shade, 0.5)


def road(easel: Easel) -> None:
    """Paint a road to its vanishing point, with hills, poles and wires, trees or a grid of light."""
    canvas = easel.canvas
    horizon = easel.chance(0.54, 0.62)
    vanish = easel.chance(0.42, 0.58)
    low = easel.palette.time in ("sunset", "dawn", "morning")
    sun = (
        vanish + easel.chance(-0.10, 0.10),
        horizon - (0.09 if low else 0.28),
        easel.chance(0.09, 0.14) if low else 0.06,
    )
    air.sky(easel, horizon, sun, 0.5)
    for depth, tall in ((0.18, 0.13), (0.36, 0.08)):
        rough = profile(easel.rng, canvas.width, 4, 6, 0.45, depth < 0.2)
        valley = 0.35 + 0.65 * np.clip(np.abs(canvas.x[0] - vanish) * 2.6, 0, 1)
        easel.layer(canvas.below(horizon - tall * rough * valley), easel.tone(depth), easel.tone(depth - 0.1))
    if easel.style == "neon":
        _grid(easel, horizon, vanish)
    else:
        _fields(easel, horizon, vanish)
    _asphalt(easel, horizon, vanish)
    if easel.style != "neon":
        _roadside(easel, horizon, vanish)
    air.weather(easel)


def _grid(easel: Easel, horizon: float, vanish: float) -> None:
    """Lay a floor of glowing lines."""
    easel.layer(easel.canvas.below(np.full(easel.canvas.width, horizon)), easel.tone(0.75), easel.tone(1.0), edge=False)

    def draw(pen: Pen) -> None:
        for step in range(-22, 23):
            pen.line([(vanish + step * 0.012, horizon), (vanish + step * 0.19, 1.02)], 0.0022, 0.8)
        for step in range(1, 15):
            y = horizon + (1.02 - horizon) * (step / 14) ** 2.3
            pen.line([(-0.1, y), (1.1, y)], 0.0022, 0.8)

    lines = easel.drawn(draw)
    easel.canvas.glow(np.clip(blurred(lines, 5 * easel.unit) * 1.3, 0, 1), easel.palette.accent2, 0.8)
    easel.detail(lines, mix(easel.palette.accent2, (1, 1, 1), 0.3), 0.8)


def _fields(easel: Easel, horizon: float, vanish: float) -> None:
    ground = {"autumn": "#c08a3e", "winter": "#dfe6ea", "spring": "#9fc06a", "summer": "#5f9a4f"}.get(
        easel.season, "#8a9a5a"
    )
    if easel.weather == "snow":
        ground = "#e4eaee"
    far, near = easel.tinted(colour(ground), 0.25), mix(easel.tinted(colour(ground), 0.95), easel.palette.near, 0.25)
    canvas = easel.canvas
    easel.layer(canvas.below(np.full(canvas.width, horizon)), far, near)
    if easel.look.flat and easel.style != "line":
        for part in (0.18, 0.45):
            bend = 0.02 * np.sin(canvas.x[0] * 5 + part * 20)
            easel.layer(
                canvas.below(horizon + (1 - horizon) * part + bend),
                mix(far, near, part + 0.15),
                edge=easel.style == "papercut",
            )
    elif not easel.look.flat:
        rough = easel.noise((7, 60), 3) - np.float32(0.5)
        depth = np.clip((canvas.y - horizon) / (1 - horizon), 0, 1)
        easel.detail(
            (np.clip(rough * 2.4, 0, 1) * (canvas.y > horizon) * (0.3 + 0.7 * depth)).astype(np.float32),
            toned(far, 0.06),
            0.6,
        )
        easel.detail((np.clip(-rough * 2.4, 0, 1) * (canvas.y > horizon)).astype(np.float32), easel.palette.near, 0.22)


def _asphalt(easel: Easel, horizon: float, vanish: float) -> None:
    half = 0.46
    shade = mix(easel.tone(0.62), easel.palette.near, 0.35) if easel.style != "line" else easel.tone(0.4)
    mask = easel.drawn(
        lambda pen: pen.polygon(
            [(vanish - 0.004, horizon), (vanish + 0.004, horizon), (vanish + half, 1.02), (vanish - half, 1.02)]
        )
    )
    easel.layer(mask, mix(shade, easel.palette.sky[-1], 0.35 if easel.weather != "rain" else 0.5), shade)

    def marks(pen: Pen) -> None:
        for side in (-1, 1):
            inner, outer = side * half * 0.89, side * half * 0.93
            pen.polygon([(vanish, horizon), (vanish, horizon), (vanish + outer, 1.02), (vanish + inner, 1.02)], 0.9)
        for step in range(9):
            near, far = ((step + 0.55) / 9) ** 2.4, (step / 9) ** 2.4
            y0, y1 = horizon + (1.02 - horizon) * far, horizon + (1.02 - horizon) * near
            w0, w1 = 0.011 * far, 0.011 * near
            pen.polygon([(vanish - w0, y0), (vanish + w0, y0), (vanish + w1, y1), (vanish - w1, y1)])

    paint = easel.ink if easel.style == "line" else mix(easel.palette.sun, easel.palette.accent, 0.25)
    easel.detail(easel.drawn(marks), paint, 0.85 if not easel.palette.dark else 0.7)
    glow = np.exp(-(((easel.canvas.x - vanish) / 0.10) ** 2)) * np.clip(1 - (easel.canvas.y - horizon) * 4, 0, 1)
    if not easel.look.flat:
        easel.light((mask * glow).astype(np.float32), mix(easel.palette.sun, easel.palette.sky[-1], 0.5), 0.4)


def _roadside(easel: Easel, horizon: float, vanish: float) -> None:
    """Stand poles with wires on one side and trees on the other, shrinking with distance."""
    side = 1 if easel.rng.random() < 0.5 else -1
    if easel.season in ("spring", "autumn") or easel.rng.random() < 0.45:
        for group in ((0.10, 0.22, 0.34), (0.48,), (0.64,), (0.82,)):
            spots = [
                (
                    vanish + each * (0.03 + 0.66 * part**2),
                    horizon + (1.0 - horizon) * 0.80 * part**2.2,
                    0.04 + 0.62 * part**2.2,
                )
                for part in group
                for each in (side, -side)
            ]
            _trees(easel, spots, group[-1])
        return
    _poles(easel, horizon, vanish, side)


def _trees(easel: Easel, spots: list[tuple[float, float, float]], part: float) -> None:
    """Stand round trees of a like distance: (x, foot, height) each."""
    aspect = easel.canvas.aspect
    depth = 0.2 + 0.75 * part
    shade = {"spring": easel.tinted(colour("#f4b6c8"), depth), "winter": easel.tinted(colour("#dfe8ee"), depth)}.get(
        easel.season, easel.tinted(leaf(easel), depth)
    )
    balls = []
    for x, foot, tall in spots:
        for turn in np.linspace(0, math.tau, 13):
            reach = easel.chance(0.12, 0.24) * tall
            balls.append(
                (
                    x + math.cos(turn) * reach * 1.15 / aspect,
                    foot - tall * 0.66 + math.sin(turn) * reach,
                    tall * easel.chance(0.10, 0.16),
                )
            )
        balls.append((x, foot - tall * 0.66, tall * 0.2))

    def trunks(pen: Pen) -> None:
        for x, foot, tall in spots:
            thin, wide = tall * 0.020 / aspect, tall * 0.040 / aspect
            pen.polygon(
                [(x - thin, foot - tall * 0.6), (x + thin, foot - tall * 0.6), (x + wide, foot), (x - wide, foot)]
            )

    easel.layer(easel.drawn(trunks), mix(easel.tone(depth), easel.tinted(colour("#4a372c"), depth), 0.5), edge=False)
    for lift, shift, size in ((-0.05, 0.0, 1.0), (0.03, 0.35, 0.72)):

        def crowns(pen: Pen, shift: float = shift, size: float = size) -> None:
            for x, y, radius in balls:
                pen.ellipse(x - radius * shift * 0.5 / aspect, y - radius * shift, radius * size)

        easel.layer(easel.drawn(crowns), toned(shade, lift), edge=lift < 0)


def _poles(easel: Easel, horizon: float, vanish: float, side: int) -> None:
    tops = []
    for step in range(7):
        part = ((step + 1) / 7) ** 2.2
        tops.append(
            (vanish + side * (0.015 + 0.50 * part), horizon + (1.0 - horizon) * 0.62 * part, 0.03 + 0.80 * part, part)
        )

    def draw(pen: Pen) -> None:
        for x, foot, tall, part in tops:
            thick = 0.0015 + 0.010 * part
            pen.line([(x, foot), (x, foot - tall)], thick)
            for drop in (0.05, 0.13):
                pen.line(
                    [(x - tall * 0.07, foot - tall * (1 - drop)), (x + tall * 0.07, foot - tall * (1 - drop))],
                    thick * 0.6,
                )

    def wires(pen: Pen) -> None:
        for arm in (-0.065, 0.065):
            for drop in (0.05, 0.13):
                ends = [(x + tall * arm, foot - tall * (1 - drop), tall) for x, foot, tall, _ in tops]
                for (x0, y0, _), (x1, y1, tall) in zip(ends, ends[1:], strict=False):
                    sag = [
                        (x0 + (x1 - x0) * t, y0 + (y1 - y0) * t + tall * 0.10 * 4 * t * (1 - t) * 0.5)
                        for t in np.linspace(0, 1, 9)
                    ]
                    pen.line(sag, 0.0016, 0.8)

    shade = easel.ink if easel.style == "line" else easel.tone(0.95)
    easel.detail(easel.drawn(wires), shade, 0.8)
    easel.detail(easel.drawn(draw), shade, 0.97)


def skyline_through(easel: Easel, mask: Mask, base: float) -> None:
    """Paint a small city where a mask says: what a window looks out on."""
    for step, depth in enumerate((0.2, 0.6)):
        blocks = _blocks(easel, step, base)
        found = easel.drawn(_skyline(blocks, 1.0)) * mask
        easel.layer(found, easel.tone(depth), easel.tone(max(0.0, depth - 0.2)))
        _windows(easel, blocks, min(base + 0.2, 0.98), step)


def lamp_light(easel: Easel, x: float, y: float, reach: float, shade: Colour, strength: float) -> None:
    """Let a lamp shine."""
    easel.light(easel.canvas.halo(x, y, reach, 2.2), shade, strength)
