"""Scenes indoors: a room with a window, a café table; the weather stays outside."""

from __future__ import annotations

import math

import numpy as np

from painting import air, things, town
from painting.canvas import Mask, Pen, blurred, softened
from painting.colour import Colour, colour, mix, toned
from painting.easel import Easel
from painting.noise import profile
from painting.outdoors import leaf

Pane = tuple[float, float, float, float]


def wall(easel: Easel, warmth: float) -> Colour:
    """Return the colour of a wall: dark and warm by lamplight, pale by day."""
    palette = easel.palette
    if easel.style == "line":
        return mix(palette.sky[0], palette.far, 0.18)
    if palette.dark or palette.time == "sunset":
        return mix(
            mix(palette.near, palette.far, 0.20), palette.accent, warmth * (0.5 if palette.time == "night" else 0.7)
        )
    return mix(mix(palette.sky[-1], palette.far, 0.45), palette.accent, warmth * 0.6)


def room(easel: Easel) -> None:
    """Paint a room: a window with a view, a desk under it with a lamp, a plant, books, a mug, at times a cat."""
    left = easel.chance(0.30, 0.40) if easel.rng.random() < 0.7 else easel.chance(0.08, 0.14)
    pane = (left, 0.09, left + easel.chance(0.46, 0.54), 0.70)
    _view(easel, pane)
    easel.indoors = True
    hole = easel.drawn(lambda pen: pen.box(*pane))
    paint = wall(easel, 0.22)
    easel.layer(1 - hole, toned(paint, 0.02), toned(paint, -0.03), edge=easel.look.edge == "")
    _frame(easel, pane, 2)
    _curtains(easel, pane)
    if easel.palette.dark and easel.rng.random() < 0.6:
        _garland(easel)
    _desk(easel)
    _desk_things(easel, pane)


def _view(easel: Easel, pane: Pane) -> None:
    """Paint what is outside, and the weather on the glass."""
    canvas = easel.canvas
    sun = (easel.chance(pane[0] + 0.1, pane[2] - 0.1), easel.chance(0.20, 0.36), easel.chance(0.05, 0.08))
    air.sky(easel, 0.72, sun, 0.5)
    everywhere = np.ones((canvas.height, canvas.width), np.float32)
    if easel.rng.random() < 0.6:
        town.skyline_through(easel, everywhere, 0.70)
    else:
        for depth, top in ((0.15, 0.46), (0.4, 0.55), (0.7, 0.64)):
            rough = profile(easel.rng, canvas.width, 3 + 4 * depth, 6, 0.45, depth < 0.3)
            easel.layer(
                canvas.below(top - 0.13 * (rough - 0.5)),
                mix(easel.tone(depth), leaf(easel), 0.15 * depth),
                easel.tone(max(0.0, depth - 0.2)),
            )
    if easel.weather in ("rain", "fog") and easel.style not in ("line", "papercut", "poster"):
        canvas.pixels = softened(np.clip(canvas.pixels, 0, 1), 4.5 * easel.unit, (canvas.width, canvas.height)).copy()
    air.weather(easel)
    if easel.weather == "rain":
        _drops(easel, pane)


def _drops(easel: Easel, pane: Pane) -> None:
    """Lay drops on the glass: a dark body, a bright edge, a few with trails."""
    if easel.style == "line":
        return
    spots = [
        (easel.chance(pane[0], pane[2]), easel.chance(pane[1], pane[3]), easel.chance(0.002, 0.0062))
        for _ in range(260)
    ]

    def bodies(pen: Pen) -> None:
        for place, (x, y, size) in enumerate(spots):
            pen.ellipse(x, y, size * 0.85, size)
            if place % 9 == 0:
                pen.line([(x, y), (x + 0.002, y - size * 14)], size * 0.7, 0.45)

    def glints(pen: Pen) -> None:
        for x, y, size in spots:
            pen.ellipse(x - size * 0.18, y - size * 0.35, size * 0.34)

    easel.detail(easel.drawn(bodies), mix(easel.palette.sky[1], easel.palette.near, 0.3), 0.32)
    easel.detail(easel.drawn(glints), mix(easel.palette.sky[-1], (1, 1, 1), 0.6), 0.8)


def _frame(easel: Easel, pane: Pane, columns: int) -> None:
    x0, y0, x1, y1 = pane
    thick = 0.020
    wide = thick / easel.canvas.aspect

    def draw(pen: Pen) -> None:
        pen.box(x0 - wide, y0 - thick, x1 + wide, y0)
        pen.box(x0 - wide, y0 - thick, x0, y1)
        pen.box(x1, y0 - thick, x1 + wide, y1)
        for step in range(1, columns):
            middle = x0 + (x1 - x0) * step / columns
            pen.box(middle - wide * 0.35, y0, middle + wide * 0.35, y1)
        pen.box(x0, y0 + (y1 - y0) * 0.34 - thick * 0.3, x1, y0 + (y1 - y0) * 0.34 + thick * 0.3)
        pen.box(x0 - wide * 2.2, y1, x1 + wide * 2.2, y1 + thick * 1.3)

    wood = wall(easel, 0.10)
    shade = toned(wood, -0.10) if not easel.palette.dark else toned(wood, 0.10)
    easel.layer(easel.drawn(draw), shade)


def _curtains(easel: Easel, pane: Pane) -> None:
    """Hang a curtain at each side of the window, with folds."""
    cloth = mix(
        mix(easel.palette.accent2, wall(easel, 0.15), 0.55), easel.palette.near, 0.35 if easel.palette.dark else 0.0
    )
    if easel.style == "line":
        cloth = easel.tone(0.5)
    for edge, inward in ((pane[0], 1), (pane[2], -1)):
        reach = easel.chance(0.05, 0.08)
        outer, inner = edge - inward * 0.045, edge + inward * reach

        def draw(pen: Pen, outer: float = outer, inner: float = inner, inward: int = inward) -> None:
            curve = [
                (inner - inward * 0.030 * math.sin(math.pi * t) ** 2 - inward * 0.02 * t, 0.045 + 0.72 * t)
                for t in np.linspace(0, 1, 24)
            ]
            pen.polygon([(outer, 0.045), *curve, (outer, 0.765)])

        mask = easel.drawn(draw)
        easel.layer(mask, toned(cloth, 0.03), toned(cloth, -0.05))
        folds = np.sin(easel.canvas.x * 330 + np.sin(easel.canvas.y * 5) * 0.8) * 0.5 + 0.5
        easel.canvas.shade((mask * folds).astype(np.float32), 0.05 if easel.style == "line" else 0.24)
    easel.layer(
        easel.drawn(lambda pen: pen.line([(pane[0] - 0.07, 0.042), (pane[2] + 0.07, 0.042)], 0.010)),
        toned(cloth, -0.22),
    )


def _garland(easel: Easel) -> None:
    """Hang a string of small lights along the ceiling."""
    spots = [(t, 0.020 + 0.055 * math.sin(math.pi * ((t * 3.2) % 1.0))) for t in np.linspace(0.01, 0.99, 30)]
    easel.detail(easel.drawn(lambda pen: pen.line(spots, 0.0022)), easel.palette.near, 0.8)
    bulbs = easel.drawn(lambda pen: [pen.ellipse(x, y + 0.008, 0.0055) for x, y in spots])
    if easel.style != "line":
        easel.canvas.glow(np.clip(blurred(bulbs, 12 * easel.unit) * 4.5, 0, 1), easel.palette.accent, 0.55)
    easel.detail(bulbs, mix(easel.palette.accent, (1, 1, 1), 0.45))


def _desk(easel: Easel) -> None:
    wood = mix(colour("#8a5a3c"), easel.palette.near, 0.55 if easel.palette.dark else 0.18)
    if easel.style == "line":
        wood = easel.tone(0.6)
    if easel.style == "neon":
        wood = mix(easel.palette.near, easel.palette.far, 0.3)
    easel.layer(easel.canvas.below(np.full(easel.canvas.width, 0.80)), toned(wood, 0.06), toned(wood, -0.06))
    grain(easel, 0.80)
    lip = easel.drawn(lambda pen: pen.box(-0.1, 0.80, 1.1, 0.815))
    easel.detail(lip, mix(wood, easel.palette.sun, 0.35), 0.55)


def grain(easel: Easel, top: float) -> None:
    """Draw the grain of wood below a line."""
    if easel.look.flat:
        return
    streaks = easel.noise((3, 130), 2)
    mask = np.clip((streaks - 0.5) * 2.6, 0, 1) * (easel.canvas.y > top)
    easel.canvas.shade(mask.astype(np.float32), 0.22)


def _desk_things(easel: Easel, pane: Pane) -> None:
    """Stand things on the desk: a lamp at the free side of the window, the rest by chance."""
    free_left = pane[0] > 0.25
    lamp_x = easel.chance(0.13, 0.22) if free_left else easel.chance(0.80, 0.88)
    things.lamp(easel, lamp_x, 0.86, 0.42, easel.palette.dark or easel.palette.time == "sunset" or easel.overcast)
    things.books(easel, lamp_x + (0.13 if free_left else -0.13), 0.88, 0.125)
    spots = [0.52, 0.68, 0.84] if free_left else [0.16, 0.34, 0.52]
    easel.rng.shuffle(spots)
    things.mug(easel, spots[0], 0.92, 0.13)
    things.plant(easel, spots[1], 0.86, 0.35)
    if easel.rng.random() < 0.5:
        things.cat(easel, spots[2], 0.85, 0.28)
    elif easel.rng.random() < 0.6:
        things.record(easel, spots[2], 0.85, 0.145)


def cafe(easel: Easel) -> None:
    """Paint a café: a great window out of focus, hanging lamps, a table with a cup."""
    canvas = easel.canvas
    _view(easel, (0.0, 0.05, 1.0, 0.75))
    if not easel.look.flat:
        canvas.pixels = softened(np.clip(canvas.pixels, 0, 1), 7 * easel.unit, (canvas.width, canvas.height)).copy()
    _lights_outside(easel)
    easel.indoors = True
    pane = (0.05, 0.07, 0.95, 0.64)
    hole = easel.drawn(lambda pen: pen.box(*pane, corner=0.02))
    paint = wall(easel, 0.38)
    easel.layer(1 - hole, toned(paint, -0.02), toned(paint, -0.06), edge=easel.look.edge == "")
    _frame(easel, pane, 4)
    _counter(easel)
    on_right = easel.rng.random() < 0.65
    for step in range(3):
        x = 0.5 + (step - 1) * 0.27 + easel.chance(-0.02, 0.02)
        things.pendant(easel, x, easel.chance(0.16, 0.26), 0.085)
    _table(easel, on_right)


def _lights_outside(easel: Easel) -> None:
    if easel.style == "line" or not (easel.palette.dark or easel.palette.time == "sunset" or easel.overcast):
        return
    for shade in (easel.palette.accent, easel.palette.accent2, mix(easel.palette.accent, (1, 1, 1), 0.4)):
        spots = [(easel.rng.random(), easel.chance(0.40, 0.66), easel.chance(0.010, 0.036)) for _ in range(14)]

        def draw(pen: Pen, spots: list[tuple[float, float, float]] = spots) -> None:
            for x, y, size in spots:
                pen.ellipse(x, y, size, tone=0.5)
                pen.ring(x, y, size, size * 0.1, 0.85)

        easel.canvas.glow(easel.drawn(draw), shade, 0.55)


def _counter(easel: Easel) -> None:
    """Stand dark shapes of the bar by the window: bottles, jars, leaves."""
    shade = mix(wall(easel, 0.2), easel.palette.near, 0.6) if easel.style != "line" else easel.tone(0.7)
    spots = [(easel.chance(0.07, 0.93), easel.chance(0.05, 0.11), int(easel.rng.integers(0, 3))) for _ in range(11)]

    def draw(pen: Pen) -> None:
        for x, tall, kind in spots:
            half = tall * (0.16, 0.30, 0.42)[kind] / easel.canvas.aspect
            pen.box(x - half, 0.64 - tall * 0.62, x + half, 0.645, corner=0.006)
            if kind == 0:
                pen.box(x - half * 0.35, 0.64 - tall, x + half * 0.35, 0.62)
            elif kind == 2:
                for turn in np.linspace(-1.1, 1.1, 7):
                    pen.line(
                        [
                            (x, 0.64 - tall * 0.6),
                            (x + math.sin(turn) * tall * 0.5, 0.64 - tall * (0.6 + 0.8 * math.cos(turn))),
                        ],
                        0.007,
                    )

    easel.layer(easel.drawn(draw), shade)


def _table(easel: Easel, on_right: bool) -> None:
    canvas = easel.canvas
    wood = mix(colour("#9a6a44"), easel.palette.near, 0.5 if easel.palette.dark else 0.1)
    if easel.style == "line":
        wood = easel.tone(0.6)
    if easel.style == "neon":
        wood = mix(easel.palette.near, easel.palette.far, 0.35)
    easel.layer(canvas.below(np.full(canvas.width, 0.74)), toned(wood, 0.07), toned(wood, -0.10))
    grain(easel, 0.74)
    shine: Mask = (canvas.halo(0.5, 0.76, 0.5, 1.6, 2.6) * (canvas.y > 0.74)).astype(np.float32)
    easel.light(shine, easel.palette.accent, 0.22)
    x = easel.chance(0.66, 0.76) if on_right else easel.chance(0.24, 0.34)
    things.cup(easel, x, 0.91, 0.25)
    other = 1 - x + easel.chance(-0.04, 0.04)
    if easel.rng.random() < 0.55:
        things.vase(easel, other, 0.84, 0.26)
    else:
        things.books(easel, other, 0.88, 0.15)
    things.cake(easel, x + (-0.20 if on_right else 0.20), 0.90, 0.10)
