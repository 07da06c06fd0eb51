"""The canvas: a picture in float32, shapes drawn twice as large and reduced, light added.

Conventions: places are fractions of width and height from the top left, lengths are fractions of the height unless said
otherwise, so that a scene fits any size. Masks are float32 from 0 to 1, shape (height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from painting.colour import Colour, Pixels, ramp

Mask = NDArray[np.float32]
Point = tuple[float, float]
FINER = 2
"""Shapes are drawn so many times larger and reduced: smooth edges."""
BAND = 48
"""Rows worked on at once."""


class Canvas:
    """A picture being painted.

    Parameters
    ----------
    width, height : int
        Pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.aspect = width / height
        self.pixels: Pixels = np.zeros((height, width, 3), np.float32)
        self.x: Mask = ((np.arange(width, dtype=np.float32) + np.float32(0.5)) / np.float32(width))[None, :]
        self._sheet = Image.new("L", (width * FINER, height * FINER))
        self.y: Mask = ((np.arange(height, dtype=np.float32) + np.float32(0.5)) / np.float32(height))[:, None]

    def gradient(self, colours: Sequence[Colour], top: float = 0.0, bottom: float = 1.0) -> Pixels:
        """Return a vertical gradient as rows, shape (height, 1, 3), through `colours` from `top` to `bottom`."""
        return ramp(colours, (self.y - top) / max(bottom - top, 1e-6))

    def blend(self, mask: Mask, paint: Colour | Pixels, strength: float = 1.0) -> None:
        """Lay a colour, or pixels that broadcast to the picture, where the mask is."""
        over = np.asarray(paint, np.float32)
        for rows, columns in self._parts(mask):
            under = self.pixels[rows, columns]
            there = over
            if over.ndim == 3 and over.shape[0] == self.height:
                there = over[rows, columns] if over.shape[1] == self.width else over[rows]
            under += (there - under) * (mask[rows, columns, None] * np.float32(strength))

    def glow(self, mask: Mask, light: Colour, strength: float = 1.0) -> None:
        """Add light as on a screen: it never burns out."""
        shade = np.asarray(light, np.float32) * np.float32(strength)
        for rows, columns in self._parts(mask):
            under = self.pixels[rows, columns]
            under += (1 - under) * (shade * mask[rows, columns, None])

    def shade(self, mask: Mask, strength: float = 1.0) -> None:
        """Darken by the mask."""
        for rows, columns in self._parts(mask):
            self.pixels[rows, columns] *= 1 - np.clip(mask[rows, columns] * np.float32(strength), 0, 1)[:, :, None]

    def _parts(self, mask: Mask) -> Iterator[tuple[slice, slice]]:
        """Return where a mask is, in runs of rows small enough for the processor's cache: much faster than at once."""
        rows, columns = extent(mask)
        for top in range(rows.start, rows.stop, BAND):
            yield slice(top, min(top + BAND, rows.stop)), columns

    def distance(self, x: float, y: float, stretch: float = 1.0) -> Mask:
        """Return how far each pixel is from a place, in heights; `stretch` above 1 makes it an ellipse lying down."""
        across = (self.x - np.float32(x)) * np.float32(self.aspect / stretch)
        far: Mask = np.sqrt(across ** 2 + (self.y - np.float32(y)) ** 2)
        return far

    def halo(self, x: float, y: float, radius: float, power: float = 2.0, stretch: float = 1.0) -> Mask:
        """Return light around a place that fades to nothing at `radius`."""
        result = np.zeros((self.height, self.width), np.float32)
        reach = radius * stretch / self.aspect
        rows = slice(max(0, int((y - radius) * self.height)), max(0, int((y + radius) * self.height) + 1))
        columns = slice(max(0, int((x - reach) * self.width)), max(0, int((x + reach) * self.width) + 1))
        across = (self.x[:, columns] - np.float32(x)) * np.float32(self.aspect / stretch)
        far = np.sqrt(across ** 2 + (self.y[rows] - np.float32(y)) ** 2)
        result[rows, columns] = np.clip(1 - far / np.float32(radius), 0, 1) ** np.float32(power)
        return result

    def below(self, outline: NDArray[np.floating]) -> Mask:
        """Return what lies below an outline, shape (width,), in fractions of the height from the top."""
        edge = np.asarray(outline, np.float32)[None, :]
        return np.clip((self.y - edge) * np.float32(self.height) + np.float32(0.5), 0, 1)

    def drawn(self, draw: Callable[[Pen], object]) -> Mask:
        """Return the mask of shapes drawn by a function that is given a `Pen`."""
        draw(Pen(ImageDraw.Draw(self._sheet), self.width * FINER, self.height * FINER))
        mask = np.zeros((self.height, self.width), np.float32)
        found = self._sheet.getbbox()
        if found:
            left, top = found[0] // FINER, found[1] // FINER
            box = (left * FINER, top * FINER, min(found[2] + FINER, self.width * FINER) // FINER * FINER,
                   min(found[3] + FINER, self.height * FINER) // FINER * FINER)
            small = np.asarray(self._sheet.reduce(FINER, box), np.float32)
            mask[top:top + small.shape[0], left:left + small.shape[1]] = small / np.float32(255)
            self._sheet.paste(0, found)
        return mask

    def image(self) -> Image.Image:
        """Return the picture in 8 bits."""
        return Image.fromarray(np.clip(self.pixels * 255 + 0.5, 0, 255).astype(np.uint8))


class Pen:
    """Draws shapes at fractions of a sheet; `tone` is how much of the mask a shape is, 0 to 1."""

    def __init__(self, draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        self.draw, self.width, self.height = draw, width, height

    def at(self, x: float, y: float) -> Point:
        """Return a place in pixels of the sheet."""
        return x * self.width, y * self.height

    def polygon(self, points: Sequence[Point], tone: float = 1.0) -> Pen:
        """Fill a polygon."""
        self.draw.polygon([self.at(*point) for point in points], fill=_tone(tone))
        return self

    def line(self, points: Sequence[Point], thick: float, tone: float = 1.0) -> Pen:
        """Draw a line of a thickness in heights, with round joints."""
        width = max(1, round(thick * self.height))
        self.draw.line([self.at(*point) for point in points], fill=_tone(tone), width=width, joint="curve")
        return self

    def ellipse(self, x: float, y: float, across: float, down: float | None = None, tone: float = 1.0) -> Pen:
        """Fill an ellipse around a place; radii in heights."""
        left, top = self.at(x, y)
        wide, tall = across * self.height, (across if down is None else down) * self.height
        self.draw.ellipse((left - wide, top - tall, left + wide, top + tall), fill=_tone(tone))
        return self

    def ring(self, x: float, y: float, radius: float, thick: float, tone: float = 1.0) -> Pen:
        """Draw a circle's line."""
        left, top = self.at(x, y)
        far = radius * self.height
        self.draw.ellipse((left - far, top - far, left + far, top + far), outline=_tone(tone),
                          width=max(1, round(thick * self.height)))
        return self

    def box(self, x0: float, y0: float, x1: float, y1: float, tone: float = 1.0, corner: float = 0.0) -> Pen:
        """Fill a rectangle; `corner` rounds it, in heights."""
        place = (*self.at(min(x0, x1), min(y0, y1)), *self.at(max(x0, x1), max(y0, y1)))
        if corner:
            self.draw.rounded_rectangle(place, corner * self.height, fill=_tone(tone))
        else:
            self.draw.rectangle(place, fill=_tone(tone))
        return self

    def arc(self, x: float, y: float, across: float, down: float, angles: tuple[float, float], thick: float,
            tone: float = 1.0) -> Pen:
        """Draw part of an ellipse's line; angles in degrees, clockwise from the right."""
        left, top = self.at(x, y)
        wide, tall = across * self.height, down * self.height
        self.draw.arc((left - wide, top - tall, left + wide, top + tall), *angles, fill=_tone(tone),
                      width=max(1, round(thick * self.height)))
        return self


def _tone(tone: float) -> int:
    return max(0, min(255, round(tone * 255)))


def extent(mask: Mask, margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns in which a mask is above 0, widened by a margin; both empty where it is nowhere."""
    rows = np.flatnonzero(mask.max(axis=1) > 0)
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    within = slice(max(0, int(rows[0]) - margin), min(mask.shape[0], int(rows[-1]) + 1 + margin))
    columns = np.flatnonzero(mask[within].max(axis=0) > 0)
    return within, slice(max(0, int(columns[0]) - margin), min(mask.shape[1], int(columns[-1]) + 1 + margin))


def blurred(mask: Mask, radius: float) -> Mask:
    """Return a mask blurred by a radius in pixels, worked out only where it is, wide blurs on a reduced copy."""
    step = max(1, min(8, int(radius / 2)))
    result = np.zeros_like(mask)
    rows, columns = extent(mask, int(3 * radius) + 1)
    part = mask[rows, columns]
    if part.size:
        small = Image.fromarray(np.clip(part * 255, 0, 255).astype(np.uint8)).reduce(step)
        soft = small.filter(ImageFilter.GaussianBlur(radius / step)).resize(part.shape[::-1], Image.Resampling.BILINEAR)
        result[rows, columns] = np.asarray(soft, np.float32) / np.float32(255)
    return result


def softened(pixels: Pixels, radius: float, size: tuple[int, int]) -> Pixels:
    """Return pixels blurred by a radius in their own pixels, at another size."""
    step = max(1, min(8, int(radius / 3)))
    small = Image.fromarray(np.clip(pixels * 255, 0, 255).astype(np.uint8)).reduce(step)
    soft = small.filter(ImageFilter.GaussianBlur(radius / step)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(soft, np.float32) / np.float32(255)


def moved(mask: NDArray[np.float32], right: int, down: int) -> NDArray[np.float32]:
    """Return an array moved by whole pixels, empty where nothing was."""
    result = np.zeros_like(mask)
    height, width = mask.shape[:2]
    to_y, from_y = (slice(down, None), slice(0, height - down)) if down >= 0 else (slice(0, down), slice(-down, None))
    to_x, from_x = (slice(right, None), slice(0, width - right)) if right >= 0 else (slice(0, right),
                                                                                     slice(-right, None))
    result[to_y, to_x] = mask[from_y, from_x]
    return result
