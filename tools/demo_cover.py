"""The demo song's cover: a ferry in a harbour at night.

Task: paint a square picture from back to front (sky, moon, hills, town, water, ferry, pier) and finish it
like a photograph (bloom, vignette, grain).

Source: drawn for this project from shapes, gradients and noise; no picture and no font is used.

Conventions: a picture has shape (SIZE, SIZE, 3), 0 to 1 in sRGB, y downwards; a mask has shape
(SIZE, SIZE). Every random choice comes from the generator handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

SIZE = 1200
SHARP = 3  # shapes are drawn this many times larger, so that their edges come out smooth
HORIZON = 742
WATERLINE = 925  # of the ferry
MOON = (842, 300, 104)  # x, y, radius
QUALITY = 88

Picture = NDArray[np.floating[Any]]
Colour = tuple[int, int, int]
Rng = np.random.Generator

SKY = ((0.0, (9, 13, 43)), (0.30, (27, 31, 86)), (0.55, (74, 50, 124)), (0.76, (158, 78, 134)),
       (0.90, (232, 128, 122)), (1.0, (255, 186, 132)))  # fmt: skip
WARM: Colour = (255, 206, 128)
RIDGES: tuple[tuple[float, float, Colour], ...] = (  # height, width of the lumps, colour; from far to near
    (118, 340, (128, 76, 134)), (84, 230, (88, 58, 118)), (50, 160, (54, 42, 96)))  # fmt: skip

Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


# --- tools ------------------------------------------------------------------------------------------------


def rgb(colour: Colour) -> Picture:
    """Return a colour as three floats."""
    return np.asarray(colour, dtype=np.float32) / 255


def noise(rng: Rng, cell_x: float, cell_y: float, octaves: int = 4) -> Picture:
    """Return fractal noise from 0 to 1 whose coarsest lumps measure about ``cell_x`` by ``cell_y`` pixels."""
    total, weight = np.zeros((SIZE, SIZE), np.float32), 0.0
    for i in range(octaves):
        shape = (max(2, round(SIZE / cell_y * 2**i) + 2), max(2, round(SIZE / cell_x * 2**i) + 2))
        grid = Image.fromarray(rng.random(shape).astype(np.float32))
        total += np.asarray(grid.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 2**i
        weight += 1 / 2**i
    return np.asarray(np.clip(total / np.float32(weight), 0, 1))


def shape(draw_it: Callable[[ImageDraw.ImageDraw, Callable[..., list[float]]], None]) -> Picture:
    """Return a smooth mask; ``draw_it`` gets the canvas and a function that scales coordinates for it."""
    canvas = Image.new("L", (SIZE * SHARP, SIZE * SHARP))
    draw_it(ImageDraw.Draw(canvas), lambda *xy: [v * SHARP for v in xy])
    small = canvas.resize((SIZE, SIZE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def polygon(*corners: tuple[float, float]) -> Picture:
    """Return the mask of a filled polygon."""
    flat = [v for corner in corners for v in corner]
    return shape(lambda canvas, at: canvas.polygon(at(*flat), fill=255))


def blend(picture: Picture, colour: Picture | Colour, mask: Picture) -> Picture:
    """Return ``picture`` covered with a colour, or another picture, where ``mask`` says."""
    top = rgb(colour) if isinstance(colour, tuple) else colour
    return np.asarray(picture * (1 - mask[..., None]) + top * mask[..., None])


def add_light(picture: Picture, colour: Colour, amount: Picture) -> Picture:
    """Return ``picture`` lit by a colour: screened, so that it never burns out."""
    return 1 - (1 - picture) * (1 - np.clip(amount, 0, 1)[..., None] * rgb(colour))


def blur(mask: Picture, sigma: float | tuple[float, float]) -> Picture:
    """Return a mask, or a picture, softened by a Gaussian."""
    each = (sigma, sigma) if isinstance(sigma, int | float) else sigma
    return np.asarray(ndimage.gaussian_filter(mask, (*each, 0)[: mask.ndim]), dtype=np.float32)


def dots(places: list[tuple[float, float, float]]) -> Picture:
    """Return a mask of filled circles (x, y, radius)."""

    def paint(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
        for x, y, r in places:
            canvas.ellipse(at(x - r, y - r, x + r, y + r), fill=255)

    return shape(paint)


def glow(places: list[tuple[float, float, float]], reach: float) -> Picture:
    """Return small lights with a halo of about ``reach`` pixels."""
    sharp = dots(places)
    return np.asarray(sharp + 2.2 * blur(sharp, reach / 3) + 3.0 * blur(sharp, reach))


# --- from back to front -----------------------------------------------------------------------------------


def sky(rng: Rng) -> Picture:
    """Return the evening sky with stars and thin clouds that catch the afterglow."""
    stops = np.array([at for at, _ in SKY]) * HORIZON
    colours = np.array([colour for _, colour in SKY]) / 255
    column = np.stack([np.interp(np.arange(SIZE), stops, colours[:, i]) for i in range(3)], axis=1)
    picture = np.repeat(column[:, None, :], SIZE, axis=1).astype(np.float32)
    picture *= (1 - 0.16 * ((X - 700) / SIZE) ** 2)[..., None]
    count = 520
    xs, ys = rng.uniform(0, SIZE, count), HORIZON * 0.8 * rng.random(count) ** 1.3
    radii = 0.35 + 1.1 * rng.random(count) ** 6
    stars = dots(list(zip(xs, ys, radii, strict=True)))
    picture = add_light(picture, (235, 238, 255), (stars + 0.6 * blur(stars, 2)) * np.clip(1 - Y / 560, 0, 1))
    bands = noise(rng, 620, 70, 5)
    high = np.exp(-(((Y - 575) / 105) ** 2))
    cloud = np.clip((bands - 0.46) * 5, 0, 1) * high
    picture = blend(picture, (214, 104, 146), 0.62 * cloud)
    lower = np.clip((noise(rng, 520, 40, 5) - 0.48) * 6, 0, 1) * np.exp(-(((Y - 610) / 52) ** 2))
    return blend(picture, (255, 178, 146), 0.62 * lower)


def moon(picture: Picture, rng: Rng) -> Picture:
    """Return the sky with a full moon, its seas and its halo."""
    x, y, r = MOON
    far = np.hypot(X - x, Y - y)
    picture = add_light(picture, (255, 214, 178), 0.42 * np.exp(-((far / 175) ** 1.2)))
    picture = add_light(picture, (214, 170, 220), 0.26 * np.exp(-far / 330))
    seas = np.clip((noise(rng, 95, 95, 5) - 0.47) * 4.5, 0, 1)
    shade = 1 - 0.17 * seas - 0.10 * np.clip((X - x) * 0.5 + (Y - y) * 0.6, 0, None) / r
    disc = shape(lambda canvas, at: canvas.ellipse(at(x - r, y - r, x + r, y + r), fill=255))
    face = rgb((255, 243, 216)) * shade[..., None]
    picture = blend(picture, face.astype(np.float32), disc)
    wisps = np.clip((noise(rng, 460, 30, 5) - 0.47) * 5, 0, 1) * np.exp(-(((Y - y - 62) / 30) ** 2))
    return blend(picture, (104, 72, 140), 0.72 * wisps * np.exp(-((far / 300) ** 2)))


def hills(picture: Picture, rng: Rng) -> Picture:
    """Return the sky with three ridges, the farther the paler."""
    for height, lumps, colour in RIDGES:
        ridge = HORIZON - height * (0.35 + 1.0 * noise(rng, lumps, SIZE, 5)[0])
        mask = np.clip(Y - ridge[None, :], 0, 1)
        haze = np.clip((Y - HORIZON + 80) / 80, 0, 1) * 0.45
        shaded = rgb(colour) * (1 - haze[..., None]) + rgb((238, 146, 134)) * haze[..., None]
        picture = blend(picture, shaded.astype(np.float32), mask * 0.96)
    return picture


def bridge(picture: Picture) -> Picture:
    """Return the far side with a suspension bridge whose cables carry lights."""
    deck, top, towers = HORIZON - 34, HORIZON - 150, (700, 1010)
    lights = []

    def cable(x: float) -> float:
        for left, right in ((390, 700), (700, 1010), (1010, 1320)):
            if left <= x <= right:
                if left in towers and right in towers:
                    part = (x - (left + right) / 2) / ((right - left) / 2)
                    return deck - 14 - (deck - 14 - top) * part**2
                part = (x - left) / (right - left)
                part = part if right in towers else 1 - part
                return deck - (deck - top) * part**2
        return deck

    def paint(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
        for x in towers:
            canvas.rectangle(at(x - 5, top - 6, x + 5, HORIZON), fill=255)
        canvas.rectangle(at(390, deck, SIZE, deck + 5), fill=255)
        for x in range(390, SIZE, 2):
            canvas.line(at(x, cable(x), x + 2, cable(x + 2)), fill=255, width=5)
            if x % 16 == 0:
                canvas.line(at(x, cable(x), x, deck), fill=120, width=2)
                lights.append((float(x), cable(x), 1.3))

    picture = blend(picture, (44, 34, 84), shape(paint))
    picture = add_light(picture, (255, 226, 176), 0.8 * glow(lights, 5))
    tips = [(float(x), top - 9.0, 2.2) for x in towers]
    return add_light(picture, (255, 84, 84), glow(tips, 10))


def town(picture: Picture, rng: Rng) -> Picture:
    """Return the near shore with houses on both sides and light in many windows."""
    houses, panes = [], []
    for left, right, tallest in ((-10, 470, 170), (1020, SIZE + 10, 120)):
        x = float(left)
        while x < right:
            wide = float(rng.uniform(22, 52))
            inland = 1 - abs((x - (0 if left < 0 else SIZE)) / (right - left))
            tall = 16 + tallest * float(rng.random()) ** 1.4 * (0.25 + 0.75 * inland)
            houses.append((x, HORIZON - tall, min(x + wide, right), HORIZON + 3.0))
            for wy in np.arange(HORIZON - tall + 7, HORIZON - 6, 9):
                for wx in np.arange(x + 5, min(x + wide, right) - 6, 8):
                    if rng.random() < 0.42:
                        panes.append((float(wx), float(wy), float(rng.random())))
            x += wide + float(rng.choice([0, 0, 3, 8]))

    def paint(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
        for box in houses:
            canvas.rectangle(at(*box), fill=255)

    def windows(low: float, high: float) -> Picture:
        def paint_some(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
            for wx, wy, kind in panes:
                if low <= kind < high:
                    canvas.rectangle(at(wx, wy, wx + 3.2, wy + 4.4), fill=int(150 + 105 * (kind * 7 % 1)))

        return shape(paint_some)

    picture = blend(picture, (27, 23, 62), shape(paint))
    for low, high, colour in ((0, 0.7, WARM), (0.7, 0.88, (255, 150, 116)), (0.88, 1.0, (150, 214, 255))):
        lit = windows(low, high)
        picture = add_light(picture, colour, 0.85 * lit + 1.2 * blur(lit, 4))
    quay = [(float(x), HORIZON - 2.0, 2.0) for x in (*range(14, 470, 38), *range(1035, SIZE, 38))]
    return add_light(picture, (255, 196, 120), glow(quay, 9))


def water(scene: Picture, rng: Rng) -> Picture:
    """Return the scene above a sea that mirrors it in waves growing towards us, the moon's path on it."""
    depth = np.clip((Y - HORIZON) / (SIZE - HORIZON), 0.004, 1)
    texture = noise(rng, 150, 40, 5)
    u, v = (X - 600) / (0.16 + depth) * 0.42, 520 * np.log(0.03 + depth)
    ripple = ndimage.map_coordinates(texture, [v, u], order=1, mode="mirror") - 0.5
    ripple = ripple.astype(np.float32)
    source_y = np.clip(HORIZON - (Y - HORIZON) * 0.62 - 150 * depth**0.8 * ripple, 0, HORIZON - 1)
    source_x = np.clip(X + 46 * depth * ripple, 0, SIZE - 1)
    mirror = np.stack(
        [ndimage.map_coordinates(scene[..., i], [source_y, source_x], order=1) for i in range(3)], axis=2
    )
    mirror = blur(mirror.astype(np.float32), (3.5, 0.8))
    sea = mirror * (0.80 - 0.46 * depth[..., None]) + rgb((10, 14, 48)) * (0.10 + 0.46 * depth[..., None])
    sea *= (1 + 0.55 * ripple * np.clip(depth * 3, 0.2, 1))[..., None]
    width = 26 + 190 * depth
    path = np.exp(-(((X - MOON[0] + 26 * ripple) / width) ** 2))
    sparkle = np.clip((ripple - 0.02) * 9, 0, 1) * path * (1.05 - 0.45 * depth)
    sea = add_light(sea, (255, 226, 184), 0.9 * sparkle + 0.14 * path)
    return blend(scene, np.clip(sea, 0, 1).astype(np.float32), np.clip(Y - HORIZON, 0, 1))


FERRY_PARTS: tuple[tuple[Colour, tuple[tuple[float, float], ...]], ...] = (  # y upwards from the waterline
    ((112, 104, 152), ((268, 168), (520, 168), (516, 206), (280, 206))),  # third deck
    ((150, 138, 178), ((470, 168), (592, 168), (562, 224), (476, 224))),  # wheelhouse
    ((88, 80, 132), ((470, 224), (568, 224), (560, 231), (474, 231))),  # its roof
    ((132, 120, 166), ((214, 120), (628, 120), (604, 170), (222, 170))),  # second deck
    ((158, 143, 182), ((182, 70), (676, 70), (648, 122), (192, 122))),  # first deck
    ((26, 28, 74), ((140, 88), (146, 56), (154, 24), (164, 0), (684, 0), (712, 22), (738, 52),
                    (776, 110), (740, 97), (704, 86), (650, 78), (560, 75), (250, 75), (190, 79))),  # hull
    ((222, 96, 96), ((151, 36), (157, 20), (708, 20), (723, 36))),  # painted line
    ((12, 13, 40), ((160, 10), (164, 0), (684, 0), (697, 10))),  # below it
    ((206, 84, 92), ((318, 206), (392, 206), (378, 286), (324, 286))),  # funnel
    ((240, 226, 222), ((320, 228), (388, 228), (384, 248), (322, 248))),  # its band
    ((24, 22, 58), ((322, 277), (381, 277), (379, 289), (323, 289))),  # its mouth
    ((70, 60, 120), ((533, 231), (541, 231), (539, 322), (536, 322))),  # mast
    ((70, 60, 120), ((518, 282), (556, 282), (556, 286), (518, 286))),  # its yard
    ((110, 98, 150), ((212, 122), (217, 122), (216, 218), (213, 218))),  # after mast
)  # fmt: skip


def _ferry_lights() -> list[tuple[float, float, float]]:
    """Return the small lamps of the ferry: strings from mast to bow and stern, and on the mast."""
    lamps = [(537.0, WATERLINE - 320.0, 2.6), (214.0, WATERLINE - 216.0, 2.0)]
    for (x0, y0), (x1, y1), sag in (((537, 318), (772, 112), 34), ((537, 318), (214, 216), 62)):
        for t in np.linspace(0, 1, 19)[1:-1]:
            drop = sag * 4 * t * (1 - t)
            lamps.append((float(x0 + (x1 - x0) * t), float(WATERLINE - y0 - (y1 - y0) * t + drop), 1.7))
    return lamps


def _ferry_windows(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
    for base, left, right, step, wide, tall in (
        (88, 206, 632, 19, 11, 20), (138, 236, 590, 17, 10, 18), (182, 292, 462, 15, 8, 13)):  # fmt: skip
        for x in np.arange(left, right, step):
            box = at(x, WATERLINE - base - tall, x + wide, WATERLINE - base)
            canvas.rounded_rectangle(box, radius=2.5 * SHARP, fill=int(165 + 90 * ((x * 0.37) % 1)))
    for x in np.arange(206, 690, 30):  # portholes
        canvas.ellipse(at(x, WATERLINE - 59, x + 8, WATERLINE - 51), fill=215)
    low, high = WATERLINE - 197, WATERLINE - 214
    canvas.polygon(at(484, low, 572, low, 562, high, 484, high), fill=190)  # the wheelhouse


def _ferry_edges(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
    """Draw what catches the moon: the edges of the decks, and railings on them."""
    for y, left, right in ((122, 192, 648), (170, 222, 604), (206, 280, 470), (231, 474, 560)):
        canvas.line(at(left, WATERLINE - y, right, WATERLINE - y), fill=255, width=5)
    rails = ((122, 604, 646), (122, 192, 221), (170, 224, 279), (206, 394, 470), (75, 652, 704))
    for y, left, right in rails:
        canvas.line(at(left, WATERLINE - y - 13, right, WATERLINE - y - 13), fill=150, width=3)
        for x in range(left, right + 1, 8):
            canvas.line(at(x, WATERLINE - y - 13, x, WATERLINE - y), fill=120, width=2)


def _ferry_layers() -> tuple[Picture, Picture, Picture, Picture]:
    """Return the ferry's colours, its mask, its windows and its lamps."""
    colours, mask = np.zeros((SIZE, SIZE, 3), np.float32), np.zeros((SIZE, SIZE), np.float32)
    for colour, corners in FERRY_PARTS:
        part = polygon(*((x, WATERLINE - y) for x, y in corners))
        shade = 1 - 0.22 * np.clip((Y - WATERLINE + 220) / 220, 0, 1) + 0.20 * np.clip((X - 400) / 380, 0, 1)
        colours = blend(colours, np.clip(rgb(colour) * shade[..., None], 0, 1).astype(np.float32), part)
        mask = np.maximum(mask, part)
    edges = shape(_ferry_edges)
    colours = blend(colours, (236, 214, 222), 0.6 * edges)
    mask = np.maximum(mask, edges * 0.7)
    return colours, mask, shape(_ferry_windows) * mask, glow(_ferry_lights(), 7)


def ferry(picture: Picture, rng: Rng) -> Picture:
    """Return the harbour with the ferry, its mirror image, its wake and a little smoke."""
    colours, mask, windows, lamps = _ferry_layers()
    ripple = noise(rng, 90, 9, 4) - 0.5
    below = np.clip(Y - WATERLINE, 0, None)
    at_y = np.clip(WATERLINE - below * 1.15 + ripple * (8 + below * 0.75), 0, SIZE - 1)
    at_x = np.clip(X + ripple * (4 + below * 0.35), 0, SIZE - 1)

    def mirrored(layer: Picture) -> Picture:
        flat = ndimage.map_coordinates(layer, [at_y, at_x], order=1) * (Y > WATERLINE)
        return np.asarray(flat, dtype=np.float32)

    fade = np.clip(1 - below / 270, 0, 1)
    picture = blend(picture, (14, 14, 46), blur(mirrored(mask), (3, 2)) * 0.66 * fade)
    image = np.stack([mirrored(colours[..., i]) for i in range(3)], axis=2)
    picture = blend(picture, image * 0.5, blur(mirrored(mask), (2, 1)) * 0.35 * fade)
    streaks = blur(mirrored(windows), (9, 1.2)) * 1.5 + blur(mirrored(np.clip(lamps, 0, 1)), (6, 1.5)) * 0.7
    picture = add_light(picture, WARM, streaks * (0.35 + 0.65 * fade) * (0.75 + ripple * 1.6))
    drift = np.hypot((X - 352 + (640 - Y) * 1.5) / 1.5, 0) / (14 + np.clip(640 - Y, 0, None) * 0.30)
    smoke = np.exp(-(drift**2)) * (Y < 640) * np.clip((Y - 470) / 170, 0, 1) * (0.35 + noise(rng, 90, 70, 4))
    picture = blend(picture, (150, 108, 158), 0.42 * smoke)
    picture = blend(picture, colours, mask)
    picture = blend(picture, (255, 190, 96), 0.8 * windows)
    picture = add_light(picture, WARM, 0.9 * windows + 0.35 * blur(windows, 5) + 0.40 * blur(windows, 24))
    picture = add_light(picture, (255, 228, 180), lamps)
    along = np.clip((X - 130) / 60, 0, 1) * np.clip((790 - X) / 90, 0, 1)
    foam = np.exp(-(((Y - WATERLINE - 1.5) / 3.2) ** 2)) * along
    return add_light(picture, (226, 214, 238), 0.75 * foam * np.clip(0.6 + ripple * 3, 0, 1))


def pier(picture: Picture) -> Picture:
    """Return the picture with a pier in front, a lamp on it and someone who waits."""

    def paint(canvas: ImageDraw.ImageDraw, at: Callable[..., list[float]]) -> None:
        canvas.polygon(at(760, 1148, SIZE, 1128, SIZE, SIZE, 700, SIZE), fill=255)
        for x in (775, 880, 1055, 1180):
            canvas.rectangle(at(x, 1128 - (x - 760) * 0.045, x + 15, SIZE), fill=255)
        canvas.line(at(1088, 1140, 1088, 884, 1092, 866, 1104, 858, 1122, 858), fill=255, width=6 * SHARP)
        canvas.polygon(at(1108, 858, 1136, 858, 1146, 876, 1098, 876), fill=255)
        coat = at(957, 1052, 977, 1052, 982, 1060, 985, 1084, 993, 1117, 942, 1117, 950, 1084, 952, 1060)
        canvas.polygon(coat, fill=255)
        canvas.polygon(at(976, 1056, 984, 1062, 989, 1092, 984, 1094), fill=255)  # arm
        canvas.ellipse(at(956, 1028, 976, 1051), fill=255)  # head
        canvas.rounded_rectangle(at(954, 1030, 974, 1056), 8 * SHARP, fill=255)  # hair
        waving = at(955, 1064, 940, 1046, 937, 1026, 943, 1025, 947, 1042, 962, 1054)
        canvas.polygon(waving, fill=255)
        canvas.rectangle(at(957, 1112, 964, 1144), fill=255)
        canvas.rectangle(at(971, 1112, 978, 1144), fill=255)
        canvas.rounded_rectangle(at(1000, 1112, 1030, 1142), 4 * SHARP, fill=255)  # suitcase
        canvas.arc(at(1008, 1102, 1022, 1120), 180, 360, fill=255, width=3 * SHARP)

    solid = shape(paint)
    bulb = [(1122.0, 880.0, 8.0)]
    far = np.hypot((X - 1122), (Y - 880))
    cone = np.exp(-(((X - 1122) / (26 + np.clip(Y - 880, 0, None) * 0.42)) ** 2)) * (Y > 880)
    picture = add_light(picture, (255, 186, 110), 0.13 * cone)
    picture = blend(picture, (9, 9, 31), solid)
    edge = np.clip(solid - np.roll(solid, (3, -3), (0, 1)), 0, 1)  # upper right edges, towards the lamp
    picture = add_light(picture, (255, 190, 120), 0.75 * edge * np.exp(-far / 190))
    picture = add_light(picture, (255, 214, 150), 0.5 * np.exp(-far / 48) + 0.22 * np.exp(-far / 150))
    return add_light(picture, (255, 244, 214), glow(bulb, 12))


def finish(picture: Picture, rng: Rng) -> Picture:
    """Return the picture with bloom, a vignette, a little contrast and grain."""
    bright = np.clip(picture - 0.62, 0, 1)
    picture = 1 - (1 - picture) * (1 - np.clip(0.55 * blur(bright, 9) + 0.45 * blur(bright, 34), 0, 1))
    far = np.hypot((X - SIZE / 2) / SIZE, (Y - SIZE / 2) / SIZE)
    picture = picture * (1 - 0.42 * np.clip(far - 0.32, 0, 1) ** 1.3)[..., None]
    picture = picture + 0.10 * (picture - 0.5) * picture * (1 - picture) * 4
    grain = blur(rng.standard_normal((SIZE, SIZE)).astype(np.float32), 0.6)
    return np.clip(picture + 0.012 * grain[..., None], 0, 1)


def paint(seed: int) -> Image.Image:
    """Return the cover.

    Parameters
    ----------
    seed : int
        Same seed, same picture.

    Returns
    -------
    PIL.Image.Image
        RGB, 1200 by 1200.
    """
    rng = np.random.default_rng(seed)
    scene = town(bridge(hills(moon(sky(rng), rng), rng)), rng)
    picture = finish(pier(ferry(water(scene, rng), rng)), rng)
    return Image.fromarray(np.rint(picture * 255).astype(np.uint8))


def write(path: Path, seed: int) -> None:
    """Write the cover as JPEG.

    Parameters
    ----------
    path : Path
        File to write.
    seed : int
        Same seed, same picture.
    """
    paint(seed).save(path, "JPEG", quality=QUALITY, optimize=True, progressive=True)
