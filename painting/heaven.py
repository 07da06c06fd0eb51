"""The open sky: great clouds by day, a band of stars by night, a balloon."""

from __future__ import annotations

import math

import numpy as np

from painting import air
from painting.canvas import Pen, blurred
from painting.colour import mix
from painting.easel import Easel
from painting.noise import profile
from painting.outdoors import birds, leaf


def open_sky(easel: Easel) -> None:
    """Paint mostly sky: great clouds by day, a band of stars by night, low hills beneath."""
    canvas = easel.canvas
    night = easel.palette.time == "night"
    sun = (
        easel.chance(0.62, 0.82) if easel.rng.random() < 0.6 else easel.chance(0.2, 0.35),
        easel.chance(0.24, 0.46),
        easel.chance(0.08, 0.13),
    )
    air.sky(easel, 0.95, sun, 0.35)
    if night and not easel.overcast and easel.style != "line":
        _galaxy(easel)
    if easel.rng.random() < 0.75 and not (easel.overcast and easel.style == "neon"):
        _cumulus(easel)
    if not night and not easel.overcast:
        _balloon(easel) if easel.rng.random() < 0.5 else birds(easel, easel.chance(0.25, 0.75), 0.35, 9)
    for depth, top in ((0.35, 0.84), (0.75, 0.91)):
        outline = top + 0.10 * (profile(easel.rng, canvas.width, 3, 4, 0.4) - 0.5)
        shade = mix(easel.tone(depth), leaf(easel), 0.12) if easel.style != "line" else easel.tone(depth)
        easel.layer(canvas.below(outline), shade, easel.tone(min(1.0, depth + 0.2)))
    if easel.season == "winter" or easel.weather == "snow":
        easel.detail(canvas.below(outline), mix(easel.palette.sky[-1], (1, 1, 1), 0.3), 0.6)
    air.weather(easel)


def _galaxy(easel: Easel) -> None:
    canvas = easel.canvas
    lean = easel.chance(-0.5, 0.5)
    along = (canvas.y - 0.42) - lean * (canvas.x - 0.5)
    band = np.exp(-((along / 0.17) ** 2)).astype(np.float32)
    rough = easel.noise((5, 4), 5, 0.6)
    easel.light(band * rough**2, mix(easel.palette.sky[-1], easel.palette.accent2, 0.35), 0.55)
    spots = easel.rng.random((500, 3))

    def draw(pen: Pen) -> None:
        for x, y, much in spots:
            pen.ellipse(x, 0.42 + lean * (x - 0.5) + (y - 0.5) * 0.34, 0.0008 + 0.0010 * much, tone=0.3 + 0.5 * much)

    easel.detail(easel.drawn(draw), mix(easel.palette.sun, (1, 1, 1), 0.5), 0.8)


def _cumulus(easel: Easel) -> None:
    """Pile a great cloud from the horizon: many balls, lit from above, shaded below."""
    centre = easel.chance(0.15, 0.85)
    palette = easel.palette
    lit = mix(palette.sky[-1], (1, 1, 1), 0.15 if palette.dark else 0.75)
    dim = mix(palette.sky[2], palette.far, 0.45)
    heaps = [(centre + easel.chance(-0.22, 0.22), easel.chance(0.07, 0.15), tall) for tall in (1.0, 0.75, 0.6, 0.45)]
    for step in range(4):
        part = step / 3
        knobs = []
        for _ in range(26):
            x = centre + easel.rng.normal() * (0.15 + 0.09 * part)
            rise = max(tall * math.exp(-(((x - place) / wide) ** 2)) for place, wide, tall in heaps)
            knobs.append((x, 0.90 - (0.44 - 0.11 * step) * rise * easel.chance(0.6, 1.0), easel.chance(0.045, 0.10)))

        def draw(pen: Pen, knobs: list[tuple[float, float, float]] = knobs) -> None:
            for x, y, radius in knobs:
                pen.ellipse(x, y, radius)
                pen.polygon([(x - radius / easel.canvas.aspect, y), (x + radius / easel.canvas.aspect, y), (x, 1.1)])

        mask = easel.drawn(draw)
        if not easel.look.flat:
            mask = np.clip(blurred(mask, 3 * easel.unit) * 1.15 - 0.05, 0, 1)
        fade = np.clip((1.0 - easel.canvas.y) * 3.2, 0, 1).astype(np.float32)
        easel.layer(
            mask * (fade if not easel.look.flat else 1),
            mix(lit, dim, 0.15 + 0.22 * part),
            mix(lit, dim, 0.75),
            edge=easel.look.edge != "glow",
        )


def _balloon(easel: Easel) -> None:
    x, y, size = easel.chance(0.55, 0.85), easel.chance(0.22, 0.45), easel.chance(0.055, 0.085)
    wide = size / easel.canvas.aspect

    def bag(pen: Pen) -> None:
        pen.ellipse(x, y, size)
        pen.polygon(
            [
                (x - wide * 0.86, y + size * 0.5),
                (x + wide * 0.86, y + size * 0.5),
                (x + wide * 0.2, y + size * 1.35),
                (x - wide * 0.2, y + size * 1.35),
            ]
        )

    def gores(pen: Pen) -> None:
        for share in (-0.62, 0.0, 0.62):
            pen.polygon(
                [
                    (x + wide * (share - 0.16), y - size * 0.8),
                    (x + wide * (share + 0.16), y - size * 0.8),
                    (x + wide * (share * 0.25 + 0.06), y + size * 1.35),
                    (x + wide * (share * 0.25 - 0.06), y + size * 1.35),
                ]
            )

    def basket(pen: Pen) -> None:
        pen.box(x - wide * 0.16, y + size * 1.6, x + wide * 0.16, y + size * 1.85)
        for side in (-1, 1):
            pen.line([(x + side * wide * 0.17, y + size * 1.34), (x + side * wide * 0.13, y + size * 1.62)], 0.002)

    mask = easel.drawn(bag)
    easel.layer(mask, easel.palette.accent, mix(easel.palette.accent, easel.palette.near, 0.25))
    easel.detail(mask * easel.drawn(gores), easel.palette.accent2, 0.9)
    easel.layer(easel.drawn(basket), easel.tone(0.9), edge=False)
