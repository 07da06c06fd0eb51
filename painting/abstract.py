"""Abstract pictures: waves, a flow of lines, soft orbs, halftone, geometry, a record; one of them by chance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from painting.canvas import Pen, blurred
from painting.colour import Colour, mix, ramp, toned
from painting.easel import Easel
from painting.noise import profile


def abstract(easel: Easel) -> None:
    """Paint one of six kinds of abstract picture."""
    kinds = (_waves, _flow, _orbs, _halftone, _geometry, _record)
    kinds[int(easel.rng.integers(0, len(kinds)))](easel)


def _shades(easel: Easel) -> list[Colour]:
    palette = easel.palette
    return [
        palette.accent,
        palette.accent2,
        palette.sky[2],
        palette.sky[1],
        palette.far,
        mix(palette.sun, palette.sky[-1], 0.3),
    ]


def _ground(easel: Easel) -> None:
    lean = easel.chance(-0.5, 0.5)
    place = easel.canvas.y * (1 - abs(lean)) + (easel.canvas.x if lean > 0 else 1 - easel.canvas.x) * abs(lean)
    if easel.look.flat:
        easel.canvas.pixels[:] = ramp(easel.palette.sky[:2], place)
    else:
        easel.canvas.pixels[:] = ramp(easel.palette.sky, place)


def _waves(easel: Easel) -> None:
    """Lay sheets of waves across the picture, from the sky's colours to the foreground's."""
    _ground(easel)
    x, y, radius = easel.chance(0.6, 0.8), easel.chance(0.26, 0.38), easel.chance(0.13, 0.19)
    sun = easel.ellipse(x, y, radius)
    easel.light(easel.canvas.halo(x, y, radius * 3.5, 2.0), easel.palette.sun, 0.5)
    easel.layer(
        sun, mix(easel.palette.sun, easel.palette.accent, 0.2), mix(easel.palette.sun, easel.palette.accent, 0.7)
    )
    count, slope = 7, easel.chance(-0.22, 0.22)
    for step in range(count):
        part = step / (count - 1)
        bend = 0.05 * np.sin(easel.canvas.x[0] * (4 + 2 * part) + easel.chance(0, math.tau)) + 0.05 * profile(
            easel.rng, easel.canvas.width, 3, 2
        )
        outline = 0.40 + 0.52 * part + bend + slope * (easel.canvas.x[0] - 0.5) * (1 - part)
        warm = mix(easel.palette.accent, easel.palette.accent2, part)
        shade = mix(mix(easel.palette.sky[-1], easel.palette.near, part**0.9), warm, 0.30 * (1 - part * 0.7))
        easel.layer(easel.canvas.below(outline), shade, toned(shade, -0.04))


def _flow(easel: Easel) -> None:
    """Draw hundreds of lines along a slow field."""
    _ground(easel)
    canvas = easel.canvas
    field = easel.noise((2.0, 1.5), 1, finer=4)
    turns = easel.chance(0.55, 0.95)
    for shade in _shades(easel)[:2] + [easel.palette.sun]:
        lines = []
        for _ in range(130):
            x, y = easel.chance(-0.1, 1.1), easel.chance(-0.1, 1.1)
            points = [(x, y)]
            for _ in range(34):
                row, column = (int(np.clip(v, 0, 0.999) * n) for v, n in ((y, canvas.height), (x, canvas.width)))
                angle = float(field[row, column]) * math.tau * turns
                x, y = x + math.cos(angle) * 0.013, y + math.sin(angle) * 0.013 * canvas.aspect
                points.append((x, y))
            lines.append((points, easel.chance(0.0014, 0.0075)))

        def draw(pen: Pen, lines: list[tuple[list[tuple[float, float]], float]] = lines) -> None:
            for points, thick in lines:
                pen.line(points, thick)
                pen.ellipse(*points[-1], thick * 0.9)

        mask = easel.drawn(draw)
        if easel.style == "neon":
            canvas.glow(np.clip(blurred(mask, 8 * easel.unit) * 1.4, 0, 1), shade, 0.8)
        elif easel.look.shadow:
            easel.canvas.shade(blurred(mask, 6 * easel.unit), 0.3)
        easel.detail(mask, shade, 0.85)


def _orbs(easel: Easel) -> None:
    """Lay large soft lights over each other, and a few clear discs."""
    _ground(easel)
    shades = _shades(easel)
    for place in range(7):
        x, y, radius = easel.chance(0, 1), easel.chance(0, 1), easel.chance(0.35, 0.75)
        easel.detail(easel.canvas.halo(x, y, radius, 1.5), shades[place % len(shades)], 0.75)
    for place in range(4):
        x, y, radius = easel.chance(0.08, 0.92), easel.chance(0.1, 0.9), easel.chance(0.05, 0.22)
        shade = shades[(place * 2 + 1) % len(shades)]
        mask = easel.ellipse(x, y, radius)
        if easel.look.flat:
            easel.layer(mask, shade)
            continue
        lit = np.clip(
            1.15 - easel.canvas.distance(x - radius * 0.3 / easel.canvas.aspect, y - radius * 0.35) / (radius * 1.5),
            0,
            1,
        )
        easel.layer(mask, mix(shade, easel.palette.near, 0.35), mix(shade, easel.palette.near, 0.5))
        easel.detail((mask * lit).astype(np.float32), mix(shade, (1, 1, 1), 0.35), 0.85)


def _halftone(easel: Easel) -> None:
    """Print a great sun in dots, with a second colour a little out of register."""
    _ground(easel)
    x, y, radius = easel.chance(0.55, 0.75), easel.chance(0.42, 0.58), easel.chance(0.34, 0.46)
    step = 0.026
    for shift, shade, reach in ((0.0, easel.palette.accent2, 1.18), (0.013, easel.palette.accent, 1.0)):

        def draw(pen: Pen, shift: float = shift, reach: float = reach) -> None:
            for row in range(int(1.1 / step)):
                for column in range(int(easel.canvas.aspect * 1.1 / step)):
                    left, top = (column + 0.5 * (row % 2)) * step / easel.canvas.aspect + shift / 2, row * step + shift
                    far = math.hypot((left - x) * easel.canvas.aspect, top - y) / (radius * reach)
                    size = step * 0.62 * (1.0 if far < 0.55 else max(0.0, 1 - (far - 0.55) / 0.75)) * (0.55 + 0.5 * top)
                    if size > 0.0012:
                        pen.ellipse(left, top, size)

        mask = easel.drawn(draw)
        if easel.style == "neon":
            easel.canvas.glow(blurred(mask, 8 * easel.unit), shade, 0.7)
        elif easel.look.shadow:
            easel.canvas.shade(blurred(mask, 4 * easel.unit), 0.25)
        easel.detail(mask, shade, 0.9)
    for edge, depth in ((0.90, 0.6), (0.95, 0.9)):
        bend = 0.03 * np.sin(easel.canvas.x[0] * 5 + easel.chance(0, math.tau))
        easel.layer(easel.canvas.below(edge + bend), easel.tone(depth))


def _geometry(easel: Easel) -> None:
    """Lay circles, quarters, bars and triangles on a grid."""
    _ground(easel)
    canvas = easel.canvas
    rows = 4
    tall = 1 / rows
    wide = tall / canvas.aspect
    shades = _shades(easel)
    groups: list[list[tuple[float, float, int]]] = [[] for _ in shades]
    for row in range(rows):
        for column in range(math.ceil(1 / wide)):
            if easel.rng.random() < 0.72:
                groups[int(easel.rng.integers(0, len(shades)))].append(
                    (column * wide, row * tall, int(easel.rng.integers(0, 8)))
                )
    for shade, group in zip(shades, groups, strict=True):
        easel.layer(easel.drawn(_cells(group, wide, tall)), shade)


def _cells(cells: list[tuple[float, float, int]], wide: float, tall: float) -> Callable[[Pen], None]:
    """Return a function that draws cells: left, top and kind of each."""

    def draw(pen: Pen) -> None:
        for x, y, kind in cells:
            _cell(pen, x, y, kind, wide, tall)

    return draw


def _cell(pen: Pen, x: float, y: float, kind: int, wide: float, tall: float) -> None:
    """Draw one cell's shape."""
    if kind == 0:
        pen.ellipse(x + wide / 2, y + tall / 2, tall * 0.42)
    elif kind in (1, 2, 3, 4):
        cx, cy = x + wide * (kind % 2), y + tall * (kind > 2)
        angles = {(0, 0): (0, 90), (1, 0): (90, 180), (1, 1): (180, 270), (0, 1): (270, 360)}[(kind % 2, int(kind > 2))]
        points = [
            (cx + math.cos(math.radians(a)) * wide, cy + math.sin(math.radians(a)) * tall)
            for a in np.linspace(*angles, 24)
        ]
        pen.polygon([(cx, cy), *points])
    elif kind == 5:
        for top in (0, 1 / 3, 2 / 3):
            pen.box(x, y + tall * (top + 0.05), x + wide, y + tall * (top + 0.22))
    elif kind == 6:
        pen.polygon([(x, y + tall), (x + wide, y + tall), (x + wide, y)])
    else:
        for radius in (0.42, 0.27, 0.12):
            pen.ring(x + wide / 2, y + tall / 2, tall * radius, tall * 0.05)


def _record(easel: Easel) -> None:
    """Show a record as a setting sun over bars of sound."""
    _ground(easel)
    canvas = easel.canvas
    x, y, size = easel.chance(0.64, 0.74), easel.chance(0.46, 0.54), easel.chance(0.33, 0.38)
    easel.light(canvas.halo(x, y, size * 2.4, 2.0), easel.palette.accent, 0.5)
    disc = mix(easel.palette.near, (0, 0, 0), 0.25) if easel.style != "line" else easel.tone(0.8)
    body = easel.ellipse(x, y, size)
    easel.layer(body, disc)
    grooves = easel.drawn(
        lambda pen: [pen.ring(x, y, size * part, 0.0016, 0.7) for part in np.linspace(0.42, 0.96, 14)]
    )
    easel.detail(grooves, easel.palette.far, 0.35)
    angle = np.arctan2(canvas.y - y, (canvas.x - x) * canvas.aspect)
    shine = np.clip(np.cos(2 * (angle - 0.9)) - 0.72, 0, 1) * 3.2
    easel.light((body * shine).astype(np.float32), easel.palette.sky[-1], 0.28)
    easel.layer(
        easel.ellipse(x, y, size * 0.36),
        easel.palette.accent,
        mix(easel.palette.accent, easel.palette.accent2, 0.6),
    )
    easel.detail(easel.drawn(lambda pen: pen.ring(x, y, size * 0.26, 0.004)), easel.palette.sun, 0.8)
    easel.detail(easel.ellipse(x, y, size * 0.04), easel.palette.near)
    heights = 0.05 + 0.24 * profile(easel.rng, 64, 9, 3) * (0.35 + 0.65 * np.abs(np.linspace(-1, 1, 64)))

    def bars(pen: Pen) -> None:
        for place, tall in enumerate(heights):
            pen.box((place + 0.18) / 64, 1.0 - float(tall), (place + 0.82) / 64, 1.01, corner=0.006)

    found = easel.drawn(bars)
    if easel.style == "neon":
        canvas.glow(np.clip(blurred(found, 9 * easel.unit), 0, 1), easel.palette.accent2, 0.7)
    easel.detail(found, canvas.gradient((easel.palette.accent2, easel.palette.accent), 0.7, 1.0), 0.9)
