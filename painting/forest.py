"""The forest: trunks in depth, canopy, shafts of light, a path, fireflies."""

from __future__ import annotations

import math

import numpy as np

from painting import air
from painting.canvas import Pen, blurred
from painting.colour import colour, mix, toned
from painting.easel import Easel
from painting.noise import profile
from painting.outdoors import leaf, pine


def forest(easel: Easel) -> None:
    """Paint a wood of broad-leaved trees, or of pines where it is cold or the dice say so."""
    pines = easel.season == "winter" or easel.weather == "snow" or easel.rng.random() < 0.3
    light = (easel.chance(0.35, 0.65), easel.chance(0.30, 0.40), easel.chance(0.07, 0.10))
    air.sky(easel, 0.8, light, 0.0)
    if not easel.palette.dark:
        _green_haze(easel, light)
    if pines:
        _pine_rows(easel)
    else:
        _trunk_rows(easel)
    if not easel.overcast:
        _shafts(easel, light)
    if easel.palette.dark and not easel.overcast and easel.style != "line":
        _fireflies(easel)
    air.weather(easel)


def _green_haze(easel: Easel, light: tuple[float, float, float]) -> None:
    """Fill the distance with light that came through leaves."""
    tint = mix(easel.tinted(leaf(easel), 0.1), easel.palette.sky[-1], 0.35)
    fade = np.clip(easel.canvas.distance(light[0], light[1]) / 0.9, 0, 1)
    easel.detail((0.35 + 0.5 * fade).astype(np.float32), tint, 0.75)


def _pine_rows(easel: Easel) -> None:
    canvas = easel.canvas
    snowy = easel.season == "winter" or easel.weather == "snow"
    for step in range(5):
        part = step / 4
        spots = []
        for _ in range(round(26 - 4 * step)):
            x = easel.rng.random()
            gap = abs(x - 0.5) * 2
            if gap < 0.30 * part + 0.04 and step > 1:
                continue
            spots.append(
                (
                    x,
                    0.70 + 0.10 * part + easel.chance(-0.01, 0.02),
                    (0.20 + 0.55 * part * gap + 0.1) * easel.chance(0.7, 1.2),
                )
            )

        def draw(pen: Pen, spots: list[tuple[float, float, float]] = spots) -> None:
            for x, y, tall in spots:
                pine(pen, x, y, tall, easel)

        ground = canvas.below(0.69 + 0.10 * part + 0.02 * profile(easel.rng, canvas.width, 4, 4))
        depth = 0.12 + 0.85 * part
        trees = easel.drawn(draw)
        easel.layer(trees, _needles(easel, depth), _needles(easel, depth, 0.06))
        if snowy and easel.style != "line":
            rough = easel.noise((160, 120), 1)
            lit = trees * np.clip((rough - 0.56) * 7, 0, 1)
            easel.detail(lit, mix(easel.palette.sky[-1], (1, 1, 1), 0.5), 0.75)
        if snowy:
            snow = mix(mix(easel.palette.sky[-1], (1, 1, 1), 0.45), easel.palette.far, 0.15 + 0.1 * part)
            easel.layer(ground, snow, mix(snow, easel.palette.far, 0.3))
        else:
            easel.layer(ground, _needles(easel, depth, 0.02), _needles(easel, min(1.0, depth + 0.2)))
        if step < 4:
            easel.mist(0.62 + 0.06 * part, 0.14, 0.75 if easel.weather == "fog" else 0.35)


def _needles(easel: Easel, depth: float, lift: float = 0.0) -> tuple[float, float, float]:
    green = colour("#2c5f50") if easel.season != "autumn" else colour("#7a5a2e")
    return toned(mix(easel.tone(depth), easel.tinted(green, depth), 0.35), lift)


def _trunk_rows(easel: Easel) -> None:
    for step in range(5):
        part = step / 4
        depth = 0.10 + 0.85 * part
        _ground(easel, part, depth)
        trunks = _trunks(easel, part)
        bark = mix(easel.tone(depth), easel.tinted(colour("#5b4636"), depth), 0.35)
        easel.layer(easel.drawn(trunks), toned(bark, 0.03), bark)
        _leaves(easel, part, depth)
        if step < 4:
            easel.mist(0.60, 0.22, 0.7 if easel.weather == "fog" else 0.28)


def _trunks(easel: Easel, part: float):
    """Return a function that draws a row of trunks with a few boughs, leaving the middle open in front."""
    spots = []
    for _ in range(round(20 - 14 * part)):
        x = easel.chance(-0.02, 1.02)
        if part > 0.3 and abs(x - 0.5) < 0.10 + 0.20 * part:
            x += math.copysign(0.25, x - 0.5)
        spots.append(
            (x, 0.007 + 0.030 * part**1.6 * easel.chance(0.7, 1.4), easel.chance(-0.02, 0.02), easel.chance(0.15, 0.45))
        )
    foot = 0.72 + 0.22 * part

    def draw(pen: Pen) -> None:
        for x, half, lean, fork in spots:
            wide = half / easel.canvas.aspect
            pen.polygon(
                [
                    (x + lean - wide * 0.7, -0.02),
                    (x + lean + wide * 0.7, -0.02),
                    (x + wide, foot * 0.85),
                    (x + wide * 1.7, foot + 0.02),
                    (x - wide * 1.7, foot + 0.02),
                    (x - wide, foot * 0.85),
                ]
            )
            for side in (-1, 1):
                start = (x + lean * (1 - fork), fork + 0.08)
                pen.line([start, (x + side * wide * 5, fork - 0.04), (x + side * wide * 9, fork - 0.16)], half * 0.55)

    return draw


def _ground(easel: Easel, part: float, depth: float) -> None:
    canvas = easel.canvas
    outline = 0.69 + 0.21 * part + 0.03 * profile(easel.rng, canvas.width, 4 + 3 * part, 5)
    floor = {"autumn": "#b5672f", "winter": "#c8d3da", "spring": "#86a865"}.get(easel.season, "#46683f")
    shade = mix(easel.tone(depth), easel.tinted(colour(floor), depth), 0.5)
    easel.layer(canvas.below(outline), shade, mix(shade, easel.palette.near, 0.35))


def _leaves(easel: Easel, part: float, depth: float) -> None:
    """Hang leaves from above and stand bushes at the sides: clouds of small blots."""
    shade = easel.tinted(leaf(easel), depth)
    if easel.season == "spring" and easel.rng.random() < 0.6:
        shade = easel.tinted(colour("#f2b3c6"), depth)
    for turn, lift in enumerate((-0.05, 0.0, 0.06) if part > 0.4 else (-0.04, 0.03)):  # far ones need less
        blots = []
        for _ in range(round(60 - 14 * part)):
            x = easel.chance(-0.02, 1.02)
            hang = 0.10 + 0.16 * abs(x - 0.5) * 2 * (0.5 + part)
            blots.append(
                (
                    x,
                    abs(easel.rng.normal()) * hang - 0.03 - 0.012 * turn,
                    easel.chance(0.012, 0.034) * (0.7 + 0.8 * part),
                )
            )

        def draw(pen: Pen, blots: list[tuple[float, float, float]] = blots) -> None:
            for x, y, size in blots:
                for _ in range(5):
                    pen.ellipse(
                        x + easel.rng.normal() * size / 1.6,
                        y + easel.rng.normal() * size * 0.7,
                        size * easel.chance(0.35, 0.8),
                    )

        mask = easel.drawn(draw)
        if part > 0.9 and easel.style == "painterly":
            mask = blurred(mask, 2 * easel.unit)
        easel.layer(mask, toned(mix(shade, easel.tone(depth), 0.15), lift), edge=easel.look.edge == "ink" and turn == 0)


def _shafts(easel: Easel, light: tuple[float, float, float]) -> None:
    """Let light fall slantwise from between the leaves."""
    canvas = easel.canvas
    lean = easel.chance(0.25, 0.5) * (1 if light[0] < 0.5 else -1)
    places = [(easel.chance(-0.1, 1.0), easel.chance(0.015, 0.06)) for _ in range(9)]

    def draw(pen: Pen) -> None:
        for x, wide in places:
            pen.polygon(
                [(x, -0.02), (x + wide * 0.6, -0.02), (x + lean + wide * 1.8, 0.95), (x + lean - wide * 0.6, 0.95)],
                0.75,
            )

    shafts = blurred(easel.drawn(draw), 14 * easel.unit) if not easel.look.flat else easel.drawn(draw)
    fade = np.clip(1.05 - canvas.y, 0, 1).astype(np.float32)
    strength = {"poster": 0.16, "papercut": 0.12, "line": 0.0}.get(easel.style, 0.42 if not easel.palette.dark else 0.2)
    if strength:
        easel.canvas.glow(shafts * fade, mix(easel.palette.sun, easel.palette.sky[-1], 0.3), strength)


def _fireflies(easel: Easel) -> None:
    spots = [(easel.rng.random(), easel.chance(0.35, 0.95), easel.chance(0.002, 0.0045)) for _ in range(46)]

    def draw(pen: Pen) -> None:
        for x, y, size in spots:
            pen.ellipse(x, y, size)

    points = easel.drawn(draw)
    warm = mix(easel.palette.accent, colour("#fff3a8"), 0.5)
    easel.canvas.glow(np.clip(blurred(points, 9 * easel.unit) * 7, 0, 1), warm, 0.55)
    easel.detail(points, mix(warm, (1, 1, 1), 0.5))
