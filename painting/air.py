"""What is in the air: sky, sun, moon, stars, clouds, rain, snow, fog, petals and leaves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from painting.canvas import Mask, Pen, blurred
from painting.colour import Colour, colour, mix, toned
from painting.easel import Easel
from painting.noise import cloud

PETAL, LEAVES = ("#ffc4d6", "#ffdfe8"), ("#e8742c", "#d9482f", "#f0b13a")


def sky(easel: Easel, horizon: float, sun: tuple[float, float, float], clouds: float = 0.5) -> None:
    """Paint the sky down to a horizon, with a sun or moon at (x, y) of a radius in heights.

    Parameters
    ----------
    clouds : float
        How cloudy where the weather does not say, 0 to 1.
    """
    easel.canvas.pixels[:] = easel.canvas.gradient(easel.palette.sky, 0.0, horizon)
    if easel.look.texture and easel.style == "painterly":
        wash = easel.noise((3, 5), 4) - np.float32(0.5)
        easel.canvas.pixels += wash[..., None] * np.float32(0.07)
    if easel.palette.dark and not easel.overcast:
        stars(easel, horizon)
    disc(easel, *sun)
    if easel.weather != "fog":
        cover(easel, horizon, sun, {"clear": clouds, "cloudy": 1.0, "rain": 1.1, "snow": 0.9}[easel.weather])


def stars(easel: Easel, horizon: float, count: int = 260) -> None:
    """Scatter stars, fewer towards the horizon, some with a glint."""
    rng = easel.rng
    spots = [(rng.random(), horizon * rng.random() ** 1.5 * 0.95, rng.random() ** 6) for _ in range(count)]

    def draw(pen: Pen) -> None:
        for x, y, size in spots:
            pen.ellipse(x, y, 0.0010 + 0.0022 * size, tone=(0.35 + 0.65 * size) * (1 - 0.8 * y / horizon))
        for x, y, size in spots:
            if size > 0.55:
                arm = 0.008 + 0.010 * size
                pen.line([(x - arm / easel.canvas.aspect, y), (x + arm / easel.canvas.aspect, y)], 0.0012, 0.7)
                pen.line([(x, y - arm), (x, y + arm)], 0.0012, 0.7)

    shade = easel.ink if easel.style == "line" else mix(easel.palette.sun, (1, 1, 1), 0.4)
    easel.detail(easel.drawn(draw), shade, 0.9)


def disc(easel: Easel, x: float, y: float, radius: float) -> None:
    """Paint the sun or the moon and the light around it."""
    if easel.overcast:
        glow = easel.canvas.halo(x, y, 0.7, 2.0, 1.5)
        easel.light(glow, easel.palette.sun, 0.22 if easel.weather == "rain" else 0.34)
        return
    night = easel.palette.time == "night" and easel.style != "neon"
    easel.light(easel.canvas.halo(x, y, 0.95, 2.4, 1.3), mix(easel.palette.sun, easel.palette.sky[-1], 0.45),
                0.38 if night else 0.6)
    easel.light(easel.canvas.halo(x, y, radius * 3.2, 2.2), easel.palette.sun, 0.5)
    face = np.clip((np.float32(radius) - easel.canvas.distance(x, y)) * easel.canvas.height + np.float32(0.5), 0, 1)
    if night and easel.rng.random() < 0.45:
        bite = easel.canvas.distance(x + radius * 0.42 / easel.canvas.aspect, y - radius * 0.22)
        face = face * np.clip((bite - np.float32(radius * 0.92)) * easel.canvas.height + np.float32(0.5), 0, 1)
    if easel.style in ("neon", "lofi") and not night:
        face = face * _stripes(easel, y, radius)
        top, low = (mix(easel.palette.sun, easel.palette.accent, 0.15), easel.palette.accent2) \
            if easel.style == "neon" else (easel.palette.sun, mix(easel.palette.sun, easel.palette.accent, 0.55))
        easel.detail(face, easel.canvas.gradient((top, mix(top, low, 0.6), low), y - radius, y + radius))
        return
    easel.detail(face, easel.palette.sun)
    if night and not easel.look.flat:
        spots = easel.noise((22, 14), 2)
        easel.detail(face * np.clip(spots - np.float32(0.5), 0, 1), mix(easel.palette.sun, easel.palette.far, 0.5), 0.5)


def _stripes(easel: Easel, y: float, radius: float) -> Mask:
    """Return gaps across the lower half of a sun, wider towards its foot."""
    place = (easel.canvas.y - np.float32(y)) / np.float32(radius)
    wave = np.sin(place * 18) * 0.5 + 0.5
    gap = np.clip((wave - (1.05 - 0.62 * np.clip(place, 0, 1))) * 14, 0, 1) * (place > 0.02)
    stripes: Mask = (1 - gap).astype(np.float32)
    return stripes


def cover(easel: Easel, horizon: float, sun: tuple[float, float, float], amount: float) -> None:
    """Paint clouds: shapes where the style is flat, noise lit from the sun's side elsewhere."""
    if amount <= 0.02:
        return
    if easel.look.flat:
        for _ in range(round(2 + 4 * min(amount, 1.0))):
            puff(easel, easel.chance(-0.05, 1.05), easel.chance(0.06, horizon * 0.72), easel.chance(0.06, 0.13))
        if amount > 0.85 and easel.style != "line":
            _ceiling(easel, horizon, 0.55)
        return
    _ceiling(easel, horizon, amount)


def _ceiling(easel: Easel, horizon: float, amount: float) -> None:
    width, height = easel.canvas.width // 2, easel.canvas.height // 2
    field = cloud(easel.rng, width, height, (2.6, 6.5), 5, 0.55)
    lit = np.clip((field - np.roll(field, (6, -5), (0, 1))) * 3.2 + 0.5, 0, 1)
    size = (easel.canvas.width, easel.canvas.height)
    both = [np.asarray(Image.fromarray(each.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
            for each in (field, lit)]
    edge = 0.70 - 0.30 * min(amount, 1.15)
    body = np.clip((both[0] - np.float32(edge)) / np.float32(0.24), 0, 1)
    body = body * body * (3 - 2 * body) * np.clip((horizon - easel.canvas.y) / 0.10, 0, 1).astype(np.float32)
    shadow = mix(easel.palette.sky[1], easel.palette.far, 0.45)
    bright = mix(easel.palette.sky[-1], easel.palette.sun, 0.55)
    paint = np.asarray(shadow, np.float32) + both[1][..., None] * (np.asarray(bright, np.float32)
                                                                   - np.asarray(shadow, np.float32))
    strength = 0.42 if easel.palette.time == "night" else 0.8
    easel.detail(body, paint.astype(np.float32), strength)


def puff(easel: Easel, x: float, y: float, size: float, shade: Colour | None = None) -> None:
    """Paint one cloud as a shape: round above, flat below."""
    rng = easel.rng
    wide = size * rng.uniform(2.2, 3.6) / easel.canvas.aspect
    knobs = [(x + (part - 0.5) * wide * 1.5, y - size * math.sin(math.pi * part) * rng.uniform(0.2, 0.6),
              size * (0.32 + 0.5 * math.sin(math.pi * part)) * rng.uniform(0.8, 1.1))
             for part in np.linspace(0.04, 0.96, 7)]

    def draw(pen: Pen) -> None:
        for left, top, radius in knobs:
            pen.ellipse(left, min(top, y - radius), radius)
        pen.box(x - wide * 0.95, y - size * 0.34, x + wide * 0.95, y, corner=size * 0.17)

    whole = easel.drawn(draw)
    mask = whole * np.clip((np.float32(y) - easel.canvas.y) * easel.canvas.height + np.float32(0.5), 0, 1)
    top = shade or mix(easel.palette.sky[-1], (1, 1, 1), 0.12 if easel.palette.dark else 0.6)
    under = mix(top, easel.palette.sky[1], 0.5 if easel.palette.dark else 0.25)
    if easel.style == "line":
        easel.layer(mask, easel.palette.sky[0])
    elif easel.style == "papercut":
        easel.layer(mask, mix(top, under, 0.2))
    else:
        strength = np.clip(1 - (easel.canvas.y - np.float32(y - size)) / np.float32(size * 1.3), 0.25, 1)
        easel.detail(mask * strength.astype(np.float32), top, 0.75 if not easel.palette.dark else 0.5)


def weather(easel: Easel, mask: Mask | None = None) -> None:
    """Let rain, snow, fog, petals or leaves fall over the whole picture, or where a mask says."""
    if easel.weather == "rain":
        _rain(easel, mask)
    elif easel.weather == "snow":
        _snow(easel, mask)
    elif easel.weather == "fog":
        easel.mist(0.62, 0.30, 0.55)
    elif easel.season in ("spring", "autumn"):
        _drift(easel, mask)


def _within(found: Mask, mask: Mask | None) -> Mask:
    return found if mask is None else found * mask


def _rain(easel: Easel, mask: Mask | None) -> None:
    rng = easel.rng
    slant = rng.uniform(0.05, 0.16) * (1 if rng.random() < 0.7 else -1)
    light = easel.ink if easel.style == "line" else mix(easel.palette.sky[-1], (1, 1, 1), 0.55)
    for count, long, thick, tone in ((240, 0.045, 0.0012, 0.30), (110, 0.085, 0.0018, 0.42), (26, 0.15, 0.0028, 0.30)):
        drops = rng.random((count, 3))

        def draw(pen: Pen, drops: np.ndarray = drops, long: float = long, thick: float = thick) -> None:
            for x, y, much in drops:
                reach = long * (0.6 + 0.8 * much)
                top = (x * 1.2 - 0.1, y * 1.2 - 0.2)
                pen.line([top, (top[0] - slant * reach * 2, top[1] + reach)], thick, 0.5 + 0.5 * much)

        easel.detail(_within(easel.drawn(draw), mask), light, tone)


def _snow(easel: Easel, mask: Mask | None) -> None:
    rng = easel.rng
    white = (1.0, 1.0, 1.0)
    if easel.style == "line" and not easel.palette.dark:
        white = mix(easel.ink, easel.palette.sky[0], 0.35)
    for count, size, soft, tone in ((260, 0.0022, 0.0, 0.75), (120, 0.0042, 0.8, 0.85), (34, 0.010, 3.5, 0.75)):
        flakes = rng.random((count, 3))

        def draw(pen: Pen, flakes: np.ndarray = flakes, size: float = size) -> None:
            for x, y, much in flakes:
                pen.ellipse(x, y, size * (0.6 + 0.8 * much), tone=0.6 + 0.4 * much)

        found = easel.drawn(draw)
        if soft and not easel.look.flat:
            found = np.clip(blurred(found, soft * easel.unit) * 1.3, 0, 1)
        easel.detail(_within(found, mask), white, tone)


def _drift(easel: Easel, mask: Mask | None) -> None:
    """Let petals or leaves drift, the near ones large and out of focus."""
    shades = PETAL if easel.season == "spring" else LEAVES
    for count, size, soft in ((46, 0.008, 0.0), (16, 0.016, 0.0), (5, 0.034, 5.0)):
        for shade in shades:
            found = easel.drawn(_leaves(easel, count // len(shades) + 1, size))
            if soft and not easel.look.flat:
                found = blurred(found, soft * easel.unit)
            easel.detail(_within(found, mask), toned(colour(shade), -0.12 if easel.palette.dark else 0.0), 0.9)


def _leaves(easel: Easel, count: int, size: float) -> Callable[[Pen], None]:
    spots = easel.rng.random((count, 5))
    aspect = easel.canvas.aspect

    def draw(pen: Pen) -> None:
        for x, y, turn, much, thin in spots:
            angle, long, wide = turn * math.tau, size * (0.6 + 0.8 * much), size * (0.25 + 0.4 * thin)
            pen.polygon([(x + (long * math.cos(a) * math.cos(angle) - wide * math.sin(a) * math.sin(angle)) / aspect,
                          y + long * math.cos(a) * math.sin(angle) + wide * math.sin(a) * math.cos(angle))
                         for a in np.linspace(0, math.tau, 14)])

    return draw
