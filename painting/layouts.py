"""Six layouts of a title on a picture, readable whatever is behind it.

Contrast is that of WCAG 2: of the ink with every pixel behind the letters and a few around them, after shade has been
laid. A veil (the layout's own, then a shadow of the letters) is made stronger until 4.5 to 1 holds for nearly all of
them; the last bright or dark specks are brought down one by one, so that it holds for all.

Conventions: lengths in pixels of a 1280 x 720 picture. The corner `BADGE` at the bottom right, where a player shows the
duration, is left free of letters and plates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from painting.canvas import BAND, Mask, blurred
from painting.colour import Colour, Pixels, contrast, luminance, mix, toned
from painting.fonts import width
from painting.setting import Setting, drawn, fitted, line_at
from painting.tables import Palette

SIZE = (1280, 720)
BADGE = (1120, 640, 1280, 720)
"""Left, top, right, bottom: 160 x 80 pixels; YouTube's own badge is about 70 x 25 and 8 from the edges."""
LEAST = 4.5
AIM = 4.9
"""What is aimed at: rounding and JPEG take a little away."""
KICKER = "PLAYLIST"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where and how a title stands.

    Attributes
    ----------
    box : tuple of int
        Left, top, right, bottom of the title.
    align, stand : str
        left or centre; top, middle or bottom of the box.
    face : str
    largest : float
        Of the type.
    most_lines : int
    veil : str
        What is laid behind: bottom, top, left, middle, panel or card.
    kicker : bool
        Whether a small "PLAYLIST" stands above.
    """

    box: tuple[int, int, int, int]
    align: str
    stand: str
    face: str
    largest: float
    most_lines: int
    veil: str
    kicker: bool


LAYOUTS = {
    "lower_left": Layout((64, 380, 1040, 662), "left", "bottom", "heavy", 112, 3, "bottom", True),
    "centre": Layout((150, 190, 1130, 530), "centre", "middle", "serif", 124, 3, "middle", True),
    "panel": Layout((60, 120, 500, 600), "left", "middle", "heavy", 118, 5, "panel", True),
    "top_left": Layout((64, 92, 960, 340), "left", "top", "plain", 108, 3, "top", True),
    "card": Layout((270, 262, 1010, 470), "centre", "middle", "plain", 92, 3, "card", False),
    "poster": Layout((64, 96, 1216, 600), "left", "middle", "poster", 190, 4, "left", False),
}


@dataclass(frozen=True, slots=True)
class Lettered:
    """A picture with its title.

    Attributes
    ----------
    picture : PIL.Image.Image
    setting : Setting
    contrast : float
        The lowest, over every pixel behind and around the letters.
    box : tuple of int
        What the letters take up: left, top, right, bottom.
    """

    picture: Image.Image
    setting: Setting
    contrast: float
    box: tuple[int, int, int, int]


def lettered(picture: Image.Image, title: str, name: str, palette: Palette) -> Lettered:
    """Return a picture of `SIZE` with a title that is not empty in one of `LAYOUTS`."""
    layout = LAYOUTS[name]
    room = (layout.box[2] - layout.box[0], _room(layout))
    setting = fitted(title, layout.face, room, layout.largest, layout.most_lines)
    sheet = Image.new("L", SIZE)
    _write(sheet, setting, layout)
    letters = np.asarray(sheet, np.float32) / np.float32(255)
    zone = _around(sheet, min(7, max(3, round(setting.size * 0.04))))
    pixels = np.asarray(picture.convert("RGB"), np.float32) / np.float32(255)
    ink, veil_colour = _inks(pixels, zone, layout, palette)
    pixels = _veiled(pixels, letters, zone, layout, ink, veil_colour, setting)
    lowest = float(contrast(luminance(pixels[zone]), luminance(ink)).min())
    pixels += (np.asarray(ink, np.float32) - pixels) * letters[..., None]
    _ornament(pixels, sheet.getbbox() or (0, 0, 0, 0), layout, palette)
    return Lettered(Image.fromarray(np.clip(pixels * 255 + 0.5, 0, 255).astype(np.uint8)), setting, lowest,
                    sheet.getbbox() or (0, 0, 0, 0))


def _around(sheet: Image.Image, reach: int) -> NDArray[np.bool_]:
    """Return the pixels up to `reach` from any letter; a box blur is quicker than a filter of maxima."""
    solid = sheet.point([0] + [255] * 255)
    return np.asarray(solid.filter(ImageFilter.BoxBlur(reach))) > 0


def _room(layout: Layout) -> float:
    """Return the height left for the title."""
    return layout.box[3] - layout.box[1] - (44 if layout.kicker else 0)


def _write(sheet: Image.Image, setting: Setting, layout: Layout) -> None:
    """Draw title and kicker on a mask."""
    left, top, right, bottom = layout.box
    above = 44 if layout.kicker else 0
    spare = bottom - top - above - setting.height
    start = top + above + {"top": 0.0, "middle": spare / 2, "bottom": spare}[layout.stand]
    align = "right" if setting.leftward and layout.align == "left" else layout.align
    drawn(sheet, setting, left, start, align, right - left)
    if layout.kicker:
        wide = width("plain", KICKER, 0.30) * 22
        shift = {"left": 2.0, "centre": (right - left - wide) / 2, "right": right - left - wide}[align]
        line_at(sheet, KICKER, "plain", 22, left + shift, start - 22, 0.30)


def _inks(pixels: Pixels, zone: NDArray[np.bool_], layout: Layout, palette: Palette) -> tuple[Colour, Colour]:
    """Return the colours of letters and veil: light on dark, unless the picture is so light that dark costs less."""
    dark = mix(palette.near, (0.02, 0.02, 0.04), 0.55)
    light = mix(palette.sun, (1.0, 1.0, 1.0), 0.6)
    if layout.veil == "card":
        return toned(dark, -0.02), light
    behind = float(np.median(luminance(pixels[zone][::7])))
    return (dark, mix(light, palette.sky[-1], 0.25)) if behind > 0.42 else (light, dark)


def _veiled(pixels: Pixels, letters: Mask, zone: NDArray[np.bool_], layout: Layout, ink: Colour, shade: Colour,
            setting: Setting) -> Pixels:
    """Return the picture with as much veil as contrast asks for; tried on the zone alone, then laid everywhere."""
    soft = np.clip(blurred(letters, setting.size * 0.16 + 3) * 2.4, 0, 1)
    wide = _veil(layout, zone)
    goal = float(luminance(ink))
    there, wide_there, soft_there = (each[zone][::3] for each in (pixels, wide, soft))
    start = {"panel": 0.80, "card": 0.92}.get(layout.veil, 0.25)
    for strength in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        much = (max(start, 0.88) - start) * strength + start
        share = np.maximum(wide_there * np.float32(much), soft_there * np.float32(0.30 + 0.62 * strength))
        if np.percentile(contrast(luminance(_dimmed(there, shade, share, layout)), goal), 1) >= AIM:
            break
    result = np.empty_like(pixels)
    for top in range(0, SIZE[1], BAND):
        part = slice(top, top + BAND)
        share = np.maximum(wide[part] * np.float32(much), soft[part] * np.float32(0.30 + 0.62 * strength))
        result[part] = _dimmed(pixels[part], shade, share, layout)
    return _specks(result, zone, goal)


def _dimmed(pixels: Pixels, shade: Colour, share: NDArray[np.float32], layout: Layout) -> Pixels:
    """Return pixels under a veil: plates cover, the others dim (or bleach) and so keep the picture's colours."""
    veil = np.asarray(shade, np.float32)
    if layout.veil not in ("panel", "card"):
        veil = np.float32(0.3) * veil + np.float32(0.7) * (pixels * np.float32(0.22) if veil.mean() < 0.5 else
                                                          1 - (1 - pixels) * np.float32(0.22))
    mixed: Pixels = pixels + (veil - pixels) * share[..., None]
    return mixed


def _specks(pixels: Pixels, zone: NDArray[np.bool_], ink: float) -> Pixels:
    """Bring down (or up) single pixels of the zone whose contrast is still too low."""
    found = pixels[zone]
    for _ in range(40):
        low = contrast(luminance(found), ink) < AIM
        if not low.any():
            break
        found[low] = found[low] * np.float32(0.90) if ink > 0.2 else 1 - (1 - found[low]) * np.float32(0.90)
    pixels[zone] = found
    return pixels


def _veil(layout: Layout, zone: NDArray[np.bool_]) -> Mask:
    """Return where a layout lays its veil, 0 to 1."""
    x = ((np.arange(SIZE[0], dtype=np.float32) + 0.5) / SIZE[0])[None, :]
    y = ((np.arange(SIZE[1], dtype=np.float32) + 0.5) / SIZE[1])[:, None]
    rows = np.flatnonzero(zone.any(axis=1))
    top, bottom = (rows[0] / SIZE[1], rows[-1] / SIZE[1]) if len(rows) else (0.4, 0.6)
    if layout.veil == "bottom":
        return (np.clip((y - (top - 0.22)) / 0.34, 0, 1) ** 1.4 * np.ones_like(x)).astype(np.float32)
    if layout.veil == "top":
        return (np.clip((bottom + 0.26 - y) / 0.40, 0, 1) ** 1.4 * np.ones_like(x)).astype(np.float32)
    if layout.veil == "left":
        return (np.clip((0.98 - x) / 0.75, 0, 1) * np.ones_like(y)).astype(np.float32)
    if layout.veil == "middle":
        far = np.hypot((x - 0.5) / 0.62, (y - 0.5) / (0.30 + (bottom - top) * 0.5))
        return np.clip(1.25 - far, 0, 1).astype(np.float32)
    return _plate(layout, zone)


def _plate(layout: Layout, zone: NDArray[np.bool_]) -> Mask:
    """Return a panel at the left, or a card around the letters."""
    sheet = Image.new("L", (SIZE[0] * 2, SIZE[1] * 2))
    draw = ImageDraw.Draw(sheet)
    if layout.veil == "panel":
        draw.rectangle((0, 0, 2 * 548, 2 * SIZE[1]), fill=255)
    else:
        rows, columns = np.flatnonzero(zone.any(axis=1)), np.flatnonzero(zone.any(axis=0))
        around = (columns[0] - 52, rows[0] - 44, columns[-1] + 52, rows[-1] + 44)
        draw.rounded_rectangle([2 * int(each) for each in around], 2 * 18, fill=255)
    return np.asarray(sheet.reduce(2), np.float32) / np.float32(255)


def _ornament(pixels: Pixels, box: tuple[int, int, int, int], layout: Layout, palette: Palette) -> None:
    """Lay the layout's small sign in the accent's colour: a bar beside the letters or a rule above or below them."""
    accent = np.asarray(palette.accent, np.float32)
    left, top, right, bottom = box
    middle = (left + right) // 2
    rules = {
        "lower_left": (left, bottom + 14, left + 96, bottom + 20),
        "centre": (middle - 44, bottom + 26, middle + 44, bottom + 29),
        "panel": (544, 0, 550, SIZE[1]),
        "top_left": (left - 24, top, left - 19, bottom),
        "poster": (left, top - 34, left + 120, top - 24)}
    name = next(key for key, value in LAYOUTS.items() if value is layout)
    if name in rules:
        x0, y0, x1, y1 = (max(0, each) for each in rules[name])
        pixels[y0:min(y1, SIZE[1]), x0:x1] = accent
