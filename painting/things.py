"""Things on tables: lamp, books, mug, cup, plant, vase, cake, cat, record; drawn as a few shapes each.

Conventions: `x` is the middle and `y` the foot, in fractions of width and height; `size` is a height.
"""

from __future__ import annotations

import math

import numpy as np

from painting.canvas import Pen, Point, blurred
from painting.colour import Colour, colour, mix, toned
from painting.easel import Easel
from painting.outdoors import leaf


def _lit(easel: Easel, shade: Colour) -> Colour:
    return easel.tinted(shade, 0.9)


def _shadow(easel: Easel, x: float, y: float, wide: float) -> None:
    """Ground a thing with its shadow."""
    if easel.style in ("line", "neon"):
        return
    mask = easel.ellipse(x, y, wide, wide * 0.16)
    easel.canvas.shade(mask if easel.look.flat else blurred(mask, 5 * easel.unit), 0.32)


def lamp(easel: Easel, x: float, y: float, size: float, lit: bool) -> None:
    """Stand a lamp with a shade; `lit` lets it shine."""
    wide = size / easel.canvas.aspect
    _shadow(easel, x, y, size * 0.3)
    stand = easel.drawn(
        lambda pen: (
            pen.line([(x, y), (x, y - size * 0.62)], size * 0.035),
            pen.ellipse(x, y, size * 0.17, size * 0.035),
        )
    )
    easel.layer(stand, _lit(easel, colour("#5a4a44")))
    top = y - size
    shade = easel.drawn(
        lambda pen: pen.polygon(
            [
                (x - wide * 0.15, top),
                (x + wide * 0.15, top),
                (x + wide * 0.30, y - size * 0.60),
                (x - wide * 0.30, y - size * 0.60),
            ]
        )
    )
    glow = mix(easel.palette.accent, (1, 1, 1), 0.25)
    if lit and easel.style != "line":
        easel.light(easel.canvas.halo(x, y - size * 0.68, 0.75, 2.4), easel.palette.accent, 0.62)
        easel.layer(shade, mix(glow, (1, 1, 1), 0.25), glow)
        pool = easel.canvas.halo(x, y, 0.32, 1.6, 2.6) * (easel.canvas.y > y - 0.03)
        easel.light(pool.astype(np.float32), easel.palette.accent, 0.42)
    else:
        easel.layer(shade, easel.palette.accent if easel.style == "line" else _lit(easel, colour("#ead9bd")))


def books(easel: Easel, x: float, y: float, size: float) -> None:
    """Lay a pile of books."""
    _shadow(easel, x, y, size * 0.95)
    shades = [easel.palette.accent2, easel.palette.accent, colour("#e8dfcc"), colour("#6b7a8f")]
    level = y
    for place in range(int(easel.rng.integers(3, 5))):
        thick, half = size * easel.chance(0.16, 0.24), size * easel.chance(0.70, 0.92) / easel.canvas.aspect
        shift = easel.chance(-0.08, 0.08) * size
        box = (x - half + shift, level - thick, x + half + shift, level)
        easel.layer(
            easel.box(*box, corner=0.004),
            _lit(easel, mix(shades[place % 4], easel.palette.far, 0.25)),
        )
        band = (box[0] + half * 0.22, box[1], box[0] + half * 0.30, box[3])
        easel.detail(easel.box(*band), easel.palette.near, 0.35)
        level -= thick


def steam(easel: Easel, x: float, y: float, size: float) -> None:
    """Let steam rise in two ribbons."""
    ribbons: list[list[Point]] = []
    for shift in (-0.16, 0.12):
        phase = easel.chance(0, math.tau)
        ribbons.append(
            [
                (x + (shift * size + 0.11 * size * math.sin(phase + t * 6)) / easel.canvas.aspect, y - t * size)
                for t in np.linspace(0, 1, 24)
            ]
        )

    def draw(pen: Pen) -> None:
        for ribbon in ribbons:
            for place in range(len(ribbon) - 1):
                part = place / len(ribbon)
                pen.line(
                    ribbon[place : place + 2],
                    size * (0.03 + 0.05 * part),
                    0.75 * math.sin(math.pi * (0.08 + 0.9 * part)),
                )

    mask = easel.drawn(draw)
    shade = easel.ink if easel.style == "line" else mix(easel.palette.sky[-1], (1, 1, 1), 0.5)
    easel.detail(mask if easel.look.flat else blurred(mask, 5 * easel.unit), shade, 0.35 if easel.look.flat else 0.5)


def mug(easel: Easel, x: float, y: float, size: float) -> None:
    """Stand a mug, steaming."""
    wide = size / easel.canvas.aspect
    steam(easel, x, y - size * 1.02, size * 1.1)
    _shadow(easel, x, y, size * 0.55)
    shade = _lit(easel, mix(easel.palette.accent2, colour("#f4efe4"), 0.5))
    handle = easel.drawn(lambda pen: pen.ring(x + wide * 0.42, y - size * 0.5, size * 0.25, size * 0.085))
    easel.layer(handle, toned(shade, -0.05))
    body = easel.drawn(lambda pen: pen.box(x - wide * 0.42, y - size, x + wide * 0.42, y, corner=size * 0.12))
    easel.layer(body, shade, toned(shade, -0.07))
    easel.detail(
        easel.drawn(lambda pen: pen.box(x - wide * 0.42, y - size * 0.46, x + wide * 0.42, y - size * 0.32)),
        _lit(easel, easel.palette.accent),
        0.8,
    )


def cup(easel: Easel, x: float, y: float, size: float) -> None:
    """Stand a wide cup on its saucer, seen a little from above."""
    aspect = easel.canvas.aspect
    steam(easel, x, y - size * 0.95, size * 1.25)
    china = (
        _lit(easel, mix(colour("#faf4ea"), easel.palette.accent2, 0.10))
        if easel.style != "line"
        else easel.palette.sky[0]
    )
    _shadow(easel, x, y + size * 0.04, size * 1.05)
    easel.layer(
        easel.ellipse(x, y, size * 0.98, size * 0.20), toned(china, -0.03), toned(china, -0.09)
    )
    easel.layer(easel.ellipse(x, y - size * 0.03, size * 0.60, size * 0.11), toned(china, -0.10))
    easel.layer(
        easel.drawn(lambda pen: pen.ring(x + size * 0.66 / aspect, y - size * 0.47, size * 0.23, size * 0.075)),
        toned(china, -0.04),
    )
    rim = y - size * 0.78
    curve = [
        (
            x + math.copysign((0.34 + 0.34 * t**0.55) * size, side) / aspect,
            y - size * 0.04 - (y - size * 0.04 - rim) * t,
        )
        for side, order in ((-1, np.linspace(1, 0, 12)), (1, np.linspace(0, 1, 12)))
        for t in order
    ]
    easel.layer(
        easel.drawn(lambda pen: (pen.polygon(curve), pen.ellipse(x, y - size * 0.05, size * 0.34, size * 0.06))),
        china,
        toned(china, -0.10),
    )
    side = np.clip((easel.canvas.x - x) * aspect / size * 1.2, 0, 1)
    body = easel.drawn(lambda pen: pen.polygon(curve))
    if not easel.look.flat:
        easel.canvas.shade((body * side).astype(np.float32), 0.28)
    easel.layer(easel.ellipse(x, rim, size * 0.68, size * 0.15), toned(china, 0.02))
    coffee = _lit(easel, colour("#6b4128")) if easel.style != "line" else easel.palette.accent
    easel.layer(
        easel.ellipse(x, rim + size * 0.012, size * 0.61, size * 0.122),
        coffee,
        toned(coffee, 0.06),
        edge=False,
    )
    art = easel.drawn(
        lambda pen: (
            pen.ellipse(x - 0.07 * size / aspect, rim + size * 0.002, size * 0.13, size * 0.042),
            pen.ellipse(x + 0.07 * size / aspect, rim + size * 0.002, size * 0.13, size * 0.042),
            pen.polygon(
                [
                    (x - 0.19 * size / aspect, rim + size * 0.012),
                    (x + 0.19 * size / aspect, rim + size * 0.012),
                    (x, rim + size * 0.10),
                ]
            ),
        )
    )
    easel.detail(art, _lit(easel, colour("#f1ddc0")), 0.9)


def plant(easel: Easel, x: float, y: float, size: float) -> None:
    """Stand a potted plant with arching leaves."""
    aspect = easel.canvas.aspect
    _shadow(easel, x, y, size * 0.3)
    green = _lit(easel, colour("#4f8a5b") if easel.season != "autumn" else leaf(easel))
    for lift, count in ((-0.06, 8), (0.03, 6)):
        stems = [(easel.chance(-1.25, 1.25), easel.chance(0.55, 0.8)) for _ in range(count)]

        def draw(pen: Pen, stems: list[tuple[float, float]] = stems) -> None:
            for turn, long in stems:
                _blade(pen, x, y - size * 0.34, turn, long * size, aspect)

        easel.layer(easel.drawn(draw), toned(green, lift), edge=easel.look.edge != "glow" or lift > 0)
    pot = _lit(easel, mix(colour("#c9805a"), easel.palette.accent, 0.25))
    half = size * 0.17 / aspect
    easel.layer(
        easel.drawn(
            lambda pen: (
                pen.polygon(
                    [
                        (x - half, y - size * 0.34),
                        (x + half, y - size * 0.34),
                        (x + half * 0.72, y),
                        (x - half * 0.72, y),
                    ]
                ),
                pen.box(x - half * 1.12, y - size * 0.37, x + half * 1.12, y - size * 0.29),
            )
        ),
        pot,
        toned(pot, -0.08),
    )


def _blade(pen: Pen, x: float, y: float, turn: float, long: float, aspect: float) -> None:
    """Draw a leaf that leaves the pot at an angle and bends outwards."""
    left, right = [], []
    for t in np.linspace(0, 1, 12):
        bend = turn * (0.35 + 0.65 * t)
        px, py = x + math.sin(bend) * long * t / aspect, y - math.cos(bend) * long * t
        half = long * 0.085 * math.sin(math.pi * min(1.0, 0.08 + t)) ** 0.8
        left.append((px - math.cos(bend) * half / aspect, py - math.sin(bend) * half))
        right.append((px + math.cos(bend) * half / aspect, py + math.sin(bend) * half))
    pen.polygon(left + right[::-1])


def vase(easel: Easel, x: float, y: float, size: float) -> None:
    """Stand a small vase with flowers."""
    aspect = easel.canvas.aspect
    _shadow(easel, x, y, size * 0.28)
    heads = [
        (x + math.sin(turn) * size * long / aspect, y - size * 0.42 - math.cos(turn) * size * long)
        for turn, long in ((-0.55, 0.42), (-0.12, 0.58), (0.3, 0.48), (0.75, 0.34))
    ]
    stems = easel.drawn(lambda pen: [pen.line([(x, y - size * 0.3), head], 0.005) for head in heads])
    easel.detail(stems, _lit(easel, colour("#5f8f5a")))

    def petals(pen: Pen) -> None:
        for left, top in heads:
            for step in range(6):
                angle = math.tau * step / 6
                pen.ellipse(
                    left + math.cos(angle) * size * 0.055 / aspect, top + math.sin(angle) * size * 0.055, size * 0.05
                )

    easel.layer(easel.drawn(petals), _lit(easel, mix(easel.palette.accent, colour("#ff9db0"), 0.4)))
    easel.detail(
        easel.drawn(lambda pen: [pen.ellipse(*head, size * 0.035) for head in heads]), _lit(easel, colour("#ffe08a"))
    )
    glass = _lit(easel, mix(easel.palette.accent2, colour("#f1f1ea"), 0.55))
    half = size * 0.13 / aspect
    body = easel.drawn(
        lambda pen: (
            pen.ellipse(x, y - size * 0.15, size * 0.17, size * 0.15),
            pen.box(x - half * 0.55, y - size * 0.44, x + half * 0.55, y - size * 0.2),
        )
    )
    easel.layer(body, glass, toned(glass, -0.08))


def cake(easel: Easel, x: float, y: float, size: float) -> None:
    """Lay a slice of cake on a plate."""
    wide = size / easel.canvas.aspect
    china = _lit(easel, colour("#f6efe4")) if easel.style != "line" else easel.palette.sky[0]
    _shadow(easel, x, y, size * 1.1)
    easel.layer(easel.ellipse(x, y, size * 1.05, size * 0.22), toned(china, -0.05))
    for low, high, shade in (
        (0.0, 0.30, "#c98a55"),
        (0.30, 0.40, "#fff1e0"),
        (0.40, 0.66, "#c98a55"),
        (0.66, 0.82, "#fff1e0"),
    ):
        box = (x - wide * 0.6, y - size * (high + 0.03), x + wide * 0.6, y - size * (low + 0.02))
        easel.layer(
            easel.box(*box, corner=0.004),
            _lit(easel, colour(shade)),
            edge=easel.look.edge == "ink",
        )
    easel.layer(
        easel.ellipse(x, y - size * 0.95, size * 0.14),
        _lit(easel, mix(colour("#e0405a"), easel.palette.accent, 0.3)),
    )


def pendant(easel: Easel, x: float, y: float, size: float) -> None:
    """Hang a lamp from the ceiling and let it shine."""
    wide = size / easel.canvas.aspect
    easel.detail(
        easel.drawn(lambda pen: pen.line([(x, -0.02), (x, y - size * 0.5)], 0.0035)),
        easel.ink if easel.style == "line" else easel.palette.near,
        0.9,
    )
    if easel.style != "line":
        easel.light(easel.canvas.halo(x, y + size * 0.2, 0.36, 2.2), easel.palette.accent, 0.55)
        easel.canvas.glow(
            easel.canvas.halo(x, y + size * 0.15, 0.09, 1.5), mix(easel.palette.accent, (1, 1, 1), 0.5), 0.9
        )
    hood = easel.drawn(
        lambda pen: pen.polygon(
            [
                (x - wide * 0.14, y - size * 0.5),
                (x + wide * 0.14, y - size * 0.5),
                (x + wide * 0.8, y + size * 0.12),
                (x - wide * 0.8, y + size * 0.12),
            ]
        )
    )
    easel.layer(
        hood,
        mix(easel.palette.near, easel.palette.accent, 0.30) if easel.style != "line" else easel.palette.accent,
        easel.tone(0.95) if easel.style != "line" else None,
    )
    easel.detail(
        easel.ellipse(x, y + size * 0.12, size * 0.8, size * 0.10),
        mix(easel.palette.accent, (1, 1, 1), 0.55),
        0.95,
    )


def cat(easel: Easel, x: float, y: float, size: float) -> None:
    """Seat a cat, seen from behind, looking out."""
    aspect = easel.canvas.aspect
    tail = [
        (x + (0.24 + 0.22 * math.sin(t * 2.4)) * size / aspect, y - size * (0.04 + 0.10 * t * t))
        for t in np.linspace(0, 1.5, 14)
    ]

    def draw(pen: Pen) -> None:
        pen.ellipse(x, y - size * 0.26, size * 0.25, size * 0.27)
        pen.ellipse(x, y - size * 0.46, size * 0.17, size * 0.22)
        pen.ellipse(x, y - size * 0.70, size * 0.165, size * 0.145)
        for side in (-1, 1):
            pen.polygon(
                [
                    (x + side * 0.155 * size / aspect, y - size * 0.70),
                    (x + side * 0.125 * size / aspect, y - size * 0.95),
                    (x + side * 0.02 * size / aspect, y - size * 0.80),
                ]
            )
        pen.line(tail, size * 0.075)
        pen.ellipse(*tail[-1], size * 0.037)

    shade = mix(easel.palette.near, easel.palette.far, 0.10) if easel.style != "line" else easel.tone(0.8)
    easel.layer(easel.drawn(draw), toned(shade, 0.03), shade)


def record(easel: Easel, x: float, y: float, size: float) -> None:
    """Stand a record against the wall."""
    middle = y - size
    easel.layer(
        easel.ellipse(x, middle, size),
        mix(easel.palette.near, (0, 0, 0), 0.3) if easel.style != "line" else easel.tone(0.8),
    )
    grooves = easel.drawn(
        lambda pen: [pen.ring(x, middle, size * part, 0.0015, 0.6) for part in (0.9, 0.78, 0.66, 0.54)]
    )
    easel.detail(grooves, easel.palette.far, 0.4)
    easel.layer(easel.ellipse(x, middle, size * 0.36), _lit(easel, easel.palette.accent))
    easel.detail(easel.ellipse(x, middle, size * 0.05), easel.palette.near)
