"""The easel: one way to lay a shape, done as each style does it, so that a scene is written once.

Styles: `poster` flat colours and stepped light; `painterly` textured layers, brushed and grained at the end; `lofi`
warm, faded, with scan lines; `papercut` sheets with shadows; `neon` dark shapes with glowing edges; `line` ink on
tinted paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from painting.canvas import Canvas, Mask, Pen, blurred, extent, moved
from painting.colour import Colour, Pixels, lightness, mix, toned
from painting.colour import colour as hexed
from painting.noise import cloud
from painting.tables import Palette


@dataclass(frozen=True, slots=True)
class Look:
    """How a style lays things.

    Attributes
    ----------
    flat : bool
        Layers have one colour, light comes in steps, clouds are shapes.
    texture, shadow, light, grain, vignette : float
        Unevenness of layers, shadow under them, strength of light, film grain, darkness of corners; 0 to 1.
    edge : str
        What edges get: nothing, ``ink`` or ``glow``.
    """

    flat: bool = False
    texture: float = 0.0
    shadow: float = 0.0
    light: float = 1.0
    grain: float = 0.02
    vignette: float = 0.2
    edge: str = ""


LOOKS = {
    "poster": Look(flat=True, light=0.9, grain=0.012, vignette=0.08),
    "painterly": Look(texture=0.09, grain=0.015, vignette=0.22),
    "lofi": Look(texture=0.03, light=1.0, grain=0.026, vignette=0.3),
    "papercut": Look(flat=True, texture=0.025, shadow=0.42, light=0.7, grain=0.018, vignette=0.12),
    "neon": Look(light=1.25, grain=0.02, vignette=0.35, edge="glow"),
    "line": Look(flat=True, light=0.3, grain=0.015, vignette=0.0, edge="ink"),
}


class Easel:
    """A canvas with its palette, style, weather, season and random numbers.

    Parameters
    ----------
    canvas : Canvas
    palette : Palette
    style, weather, season : str
    rng : numpy.random.Generator

    Attributes
    ----------
    indoors : bool
        Set by scenes under a roof: things are lit by lamps, strokes are finer.
    """

    def __init__(self, canvas: Canvas, palette: Palette, style: str, weather: str, season: str,
                 rng: np.random.Generator) -> None:
        self.canvas, self.style, self.weather, self.season, self.rng = canvas, style, weather, season, rng
        self.look = LOOKS[style]
        self.palette = styled(weathered(palette, weather), style)
        self.ink = self._ink()
        self.unit = canvas.height / 720
        self.indoors = False
        self._rough: Mask | None = None

    def drawn(self, draw: Callable[[Pen], object]) -> Mask:
        """Return the mask of shapes drawn by a function that is given a `Pen`."""
        return self.canvas.drawn(draw)

    def box(self, x0: float, y0: float, x1: float, y1: float, corner: float = 0.0) -> Mask:
        """Return the mask of a rectangle."""
        return self.canvas.drawn(lambda pen: pen.box(x0, y0, x1, y1, corner=corner))

    def ellipse(self, x: float, y: float, across: float, down: float | None = None) -> Mask:
        """Return the mask of an ellipse."""
        return self.canvas.drawn(lambda pen: pen.ellipse(x, y, across, down))

    @property
    def overcast(self) -> bool:
        """Whether the sky is covered: neither disc nor stars."""
        return self.weather in ("cloudy", "rain", "snow", "fog")

    def tone(self, depth: float, lift: float = 0.0) -> Colour:
        """Return the colour of things at a depth: 0 far away in the haze, 1 right in front."""
        shade = mix(self.palette.far, self.palette.near, depth)
        return toned(shade, lift) if lift else shade

    def tinted(self, shade: Colour, depth: float) -> Colour:
        """Return a thing's own colour in the light of the hour, at a depth."""
        if self.style == "line":
            return mix(self.palette.far, shade, 0.22)
        if self.indoors:
            dark = self.palette.dark or self.palette.time == "sunset"
            dimmed = mix(shade, self.palette.near, 0.30 if dark else 0.08)
            return mix(dimmed, self.palette.accent, 0.16 if dark else 0.05)
        dim = 0.62 if self.palette.time == "night" else 0.42 if self.palette.time == "dawn" else 0.2
        return mix(mix(shade, self.palette.near, dim * depth), self.palette.far, 0.5 * (1 - depth))

    def layer(self, mask: Mask, upper: Colour, lower: Colour | None = None, edge: bool = True) -> None:
        """Lay a shape that hides what is behind it; `lower` is its colour at the bottom."""
        rows, _ = extent(mask)
        if rows.stop == 0:
            return
        if self.look.shadow and edge:
            soft = moved(blurred(mask, 11 * self.unit), round(3 * self.unit), round(-5 * self.unit))
            self.canvas.shade(soft, self.look.shadow)
        self.canvas.blend(mask, self._paint(upper, lower, rows))
        if self.look.edge and edge:
            self.outline(mask)

    def detail(self, mask: Mask, shade: Colour | Pixels, strength: float = 1.0) -> None:
        """Lay something small on a layer, without edge or shadow."""
        self.canvas.blend(mask, shade, strength)

    def light(self, mask: Mask, shade: Colour, strength: float = 1.0) -> None:
        """Add light, in steps where the style is flat."""
        if self.look.flat:
            mask = np.round(mask * 5) / np.float32(5)
        self.canvas.glow(mask, shade, strength * self.look.light)

    def outline(self, mask: Mask) -> None:
        """Draw a shape's edge as the style does."""
        reach = 1 if self.look.edge == "ink" else 2
        rows, columns = extent(mask, 3)
        part = mask[rows, columns]
        edge = np.zeros_like(mask)
        found = edge[rows, columns]
        found[:, reach:] = np.abs(part[:, reach:] - part[:, :-reach])
        found[reach:] += np.abs(part[reach:] - part[:-reach])
        np.clip(found, 0, 1, out=found)
        if self.look.edge == "ink":
            self.canvas.blend(edge, self.ink, 0.85)
            return
        shade = mix(self.palette.accent, self.palette.accent2, rows.start / len(mask) * 1.2)
        self.canvas.glow(blurred(edge, 7 * self.unit), shade, 1.5)
        self.canvas.blend(edge, mix(shade, (1, 1, 1), 0.35), 0.9)

    def mist(self, middle: float, reach: float, strength: float, shade: Colour | None = None) -> None:
        """Lay haze in a band; `reach` in heights to where it is gone."""
        if self.style in ("line", "papercut"):
            return
        if self.look.flat:
            strength *= 0.5
        band = np.exp(-(((self.canvas.y - middle) / reach) ** 2)).astype(np.float32)
        rough = self.noise((2.5, 5), 3)
        self.canvas.blend(band * (np.float32(0.45) + np.float32(0.55) * rough), shade or self.palette.sky[-1], strength)

    def noise(self, cells: tuple[float, float], octaves: int = 3, rough: float = 0.5, finer: int = 2) -> Mask:
        """Return noise over the picture, made `finer` times smaller and stretched: quick."""
        width, height = self.canvas.width, self.canvas.height
        field = cloud(self.rng, width // finer, height // finer, cells, octaves, rough)
        return np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR))

    def chance(self, low: float, high: float) -> float:
        """Return a random number."""
        return float(self.rng.uniform(low, high))

    def _paint(self, upper: Colour, lower: Colour | None, rows: slice) -> Colour | Pixels:
        lower = upper if lower is None else lower
        height = self.canvas.height
        if self.look.flat:
            paint = np.asarray(mix(upper, lower, 0.3), np.float32)[None, None, :]
        else:
            paint = self.canvas.gradient((upper, lower), rows.start / height, rows.stop / height)
        if not self.look.texture:
            return paint if paint.shape[0] == height else mix(upper, lower, 0.3)
        if self._rough is None:
            much = self.look.texture * (0.3 if self.indoors else 1.3)
            self._rough = (self.noise((14, 22), 3, 0.6) - np.float32(0.5)) * np.float32(much)
        turn = int(self.rng.integers(0, max(1, height - (rows.stop - rows.start) + 1)))
        result = np.empty((height, self.canvas.width, 3), np.float32)  # only the rows of the shape are filled
        there = paint[rows] if paint.shape[0] == height else paint
        np.add(there, self._rough[turn:turn + rows.stop - rows.start, :, None], out=result[rows])
        return result

    def _ink(self) -> Colour:
        paper = self.palette.sky[0]
        return hexed("#2b2d3a") if lightness(paper) > 0.6 else hexed("#e9e4d4")


def weathered(palette: Palette, weather: str) -> Palette:
    """Return a palette under a sky: greyer and darker in rain, pale in fog."""
    if weather == "clear":
        return palette
    grey = {"cloudy": 0.65, "rain": 0.66, "fog": 0.6, "snow": 0.75}[weather]
    dim = {"cloudy": -0.02, "rain": -0.07, "fog": 0.02, "snow": 0.0}[weather]
    sky = tuple(toned(each, dim, grey) for each in palette.sky)
    flat = tuple(mix(each, sky[2], 0.35 if weather != "snow" else 0.2) for each in sky)
    far = mix(toned(palette.far, dim, grey), flat[-1], 0.35 if weather == "fog" else 0.1)
    return replace(palette, sky=flat, far=far, near=toned(palette.near, 0.0, 0.8))


def styled(palette: Palette, style: str) -> Palette:
    """Return a palette as a style uses it."""
    if style == "neon":
        deep = hexed("#0b0524")
        bases = ("#090420", "#1b0b4a", "#4a1472", "#b0287f")
        sky = tuple(mix(toned(each, 0, 1.3), hexed(base), 0.62) for each, base in zip(palette.sky, bases, strict=True))
        return replace(palette, time="night", sky=sky, far=mix(palette.far, hexed("#2a1263"), 0.72),
                       near=mix(palette.near, deep, 0.8),
                       accent=toned(mix(palette.accent, hexed("#ff4fa3"), 0.4), 0, 1.25),
                       accent2=toned(mix(palette.accent2, hexed("#3fd8ff"), 0.5), 0, 1.25))
    if style == "line":
        paper = hexed("#14203a") if palette.dark else hexed("#f5efe2")
        sky = tuple(mix(paper, each, share) for each, share in zip(palette.sky, (0.06, 0.08, 0.12, 0.18), strict=True))
        return replace(palette, sky=sky, sun=mix(palette.accent, palette.sun, 0.25), far=mix(paper, palette.far, 0.22),
                       near=mix(paper, palette.far, 0.08 if palette.dark else 0.42))
    if style == "lofi":
        warm = hexed("#ff9a76")
        return replace(palette, sky=tuple(mix(each, warm, 0.08) for each in palette.sky),
                       near=mix(palette.near, hexed("#2a1a3e"), 0.35))
    return palette


CURVE = [round(255 * (v + 0.2 * (v * v * (3 - 2 * v) - v))) for v in (np.arange(256) / 255)]
"""Tones bent a little into an S: deeper shade, clearer light."""


def brushed(easel: Easel) -> Image.Image:
    """Return the picture as if brushed: pixels pulled along a slow flow, then smoothed."""
    width, height = easel.canvas.width, easel.canvas.height
    flow = easel.noise((7, 5), 2, finer=4) * np.float32(4 * np.pi)
    reach = (easel.noise((70, 44), 2) - np.float32(0.5)) * np.float32((3.5 if easel.indoors else 6) * easel.unit)
    rows = np.clip(np.arange(height, dtype=np.float32)[:, None] + np.sin(flow) * reach, 0, height - 1).astype(np.int32)
    columns = np.clip(np.arange(width, dtype=np.float32) + np.cos(flow) * reach, 0, width - 1).astype(np.int32)
    pulled = Image.fromarray(np.asarray(easel.canvas.image())[rows, columns])
    return pulled.filter(ImageFilter.SMOOTH).point(CURVE * 3)
