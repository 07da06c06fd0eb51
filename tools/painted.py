"""Pictures nobody photographed: gradients, shapes, waves, meshes, stripes and tiles in random colours, from a seed.

They teach the head of `tools/train_weather_head.py` what a drawing looks like, so that no weather is read off one.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHTS = 512, (288, 341, 384, 512)  # pixels
QUALITY = 85  # of the JPEG each picture has been through, as most pictures have
Random = np.random.Generator
Colour = tuple[int, int, int]


def paint(seed: int) -> Image.Image:
    """Return the picture of a seed."""
    random = np.random.default_rng(seed)
    size = (WIDTH, int(random.choice(HEIGHTS)))
    picture = gradient(random, size) if random.random() < 0.7 else Image.new("RGB", size, colour(random))
    for place in random.choice(len(KINDS), random.integers(1, 3)):
        KINDS[place](random, picture)
    if random.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(1, 25)))
    return compressed(grained(random, picture) if random.random() < 0.3 else picture)


def compressed(picture: Image.Image) -> Image.Image:
    """Return a picture as JPEG leaves it."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return Image.open(file).convert("RGB")


def grained(random: Random, picture: Image.Image) -> Image.Image:
    """Return a picture with noise like that of paper."""
    values = np.asarray(picture, float)
    noisy = values + random.normal(0, random.uniform(1, 10), (*values.shape[:2], 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def colour(random: Random) -> Colour:
    """Return a colour, neither nearly black nor quite grey."""
    red, green, blue = colorsys.hsv_to_rgb(random.random(), random.uniform(0.1, 1), random.uniform(0.15, 1))
    return int(255 * red), int(255 * green), int(255 * blue)


def veil(random: Random, least: int = 60) -> tuple[int, int, int, int]:
    """Return a colour through which something may be seen."""
    return (*colour(random), int(random.integers(least, 255)))


def gradient(random: Random, size: tuple[int, int]) -> Image.Image:
    """Return two by two or three by three colours that flow into each other."""
    count = random.integers(2, 4)
    cells = np.array([[colour(random) for _ in range(count)] for _ in range(count)], np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def _polygons(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(random.integers(3, 14)):
        centre, size = random.uniform(0, 1, 2) * picture.size, random.uniform(0.1, 0.8) * picture.width
        corners = centre + random.normal(0, 0.4, (random.integers(3, 7), 2)) * size
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=veil(random))


def _circles(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(random.integers(2, 25)):
        x, y = random.uniform(0, 1, 2) * picture.size
        radius = random.uniform(0.02, 0.4) * picture.width
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=veil(random))


def _waves(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    x = np.linspace(0, width, 60)
    for _ in range(random.integers(2, 7)):
        swing = np.sin(x / width * random.uniform(1, 9) + random.uniform(0, 6)) * random.uniform(0.02, 0.3)
        y = height * (random.uniform(0.1, 0.9) + swing) + random.normal(0, 0.5) * x * 0.5
        line = list(zip(x.tolist(), y.tolist(), strict=True))
        draw.polygon([*line, (width, height), (0, height)], fill=veil(random, 80))


def _mesh(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    count = int(random.integers(3, 9))
    base = np.asarray(gradient(random, picture.size), float)
    grid = np.stack(np.meshgrid(np.linspace(-0.1, 1.1, count + 1) * width,
                                np.linspace(-0.1, 1.1, count + 1) * height), axis=-1)
    grid += random.normal(0, 0.3 / count, grid.shape) * width
    for i in range(count):
        for j in range(count):
            a, b, c, d = grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]
            for triangle in (np.stack([a, b, c]), np.stack([a, c, d])):
                x, y = triangle.mean(axis=0).astype(int)
                shade = base[min(max(y, 0), height - 1), min(max(x, 0), width - 1)] + random.normal(0, 14, 3)
                red, green, blue = np.clip(shade, 0, 255).astype(int).tolist()
                draw.polygon([(float(u), float(v)) for u, v in triangle], fill=(red, green, blue))


def _stripes(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    slant, x = random.uniform(-1, 1) * height, -float(height)
    while x < width + height:
        broad = random.uniform(0.03, 0.2) * width
        draw.polygon([(x, 0), (x + broad, 0), (x + broad + slant, height), (x + slant, height)], fill=colour(random))
        x += broad * random.choice([1, 2])


def _tiles(random: Random, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    size = random.uniform(0.03, 0.12) * width
    angles = np.arange(6) * np.pi / 3
    for i in range(int(height / (0.866 * size)) + 2):
        for j in range(int(width / (1.5 * size)) + 2):
            if random.random() < 0.6:
                x, y = 1.5 * j * size, (2 * i + j % 2) * 0.866 * size
                corners = zip(x + size * np.cos(angles), y + size * np.sin(angles), strict=True)
                draw.polygon([(float(u), float(v)) for u, v in corners], fill=veil(random, 40))


def _nothing(random: Random, picture: Image.Image) -> None:
    """Leave the picture as it is: a plain gradient."""


KINDS: tuple[Callable[[Random, Image.Image], None], ...] = (_polygons, _circles, _waves, _mesh, _stripes, _tiles,
                                                            _nothing)
