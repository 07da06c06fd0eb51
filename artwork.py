"""Thumbnails: a title and its mood become pictures of 1280 x 720 with the title set in type, and cards to keep.

Task: four variants at once, painted by code without any model, or a picture from elsewhere cropped; the title always
legible, never drawn by a model.
Source: tables of `painting/tables.toml` (which tag asks for which scene, palette, style), by judgement; contrast by
WCAG 2.1, success criterion 1.4.3; colours mixed in OKLab (Ottosson 2020).

Conventions: pixels from the top left; the same seed gives the same picture. The corner `BADGE` at the bottom right is
left free of letters. Files are under 2 MB. Characters no shipped font has are left out of the picture and named.

What comes back: `Thumbnail` (bytes, contrast, box, type size, what was left out), `Plan`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from painting.card import Song, carded
from painting.layouts import BADGE, KICKER, LAYOUTS, LEAST, SIZE, lettered
from painting.picture import painted
from painting.planning import Plan, planned
from painting.script import settable
from painting.tables import STYLES, palettes, scenes

__all__ = ["BADGE", "KICKER", "LAYOUTS", "LEAST", "MOST_BYTES", "PREVIEW", "SIZE", "STYLES", "Plan", "Song",
           "Thumbnail", "card", "cropped", "left_out", "paint", "palettes", "plan", "scenes", "thumbnail", "variants"]

MOST_BYTES = 2_000_000
"""YouTube takes thumbnails up to 2 MB."""
PREVIEW = (168, 94)
"""The smallest a thumbnail is shown, beside a video that plays."""
MOST_VARIANTS = 12


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A finished thumbnail.

    Attributes
    ----------
    data : bytes
        A JPEG of `SIZE`, or a PNG where asked for and under `MOST_BYTES`.
    kind : str
        JPEG or PNG.
    preview : bytes
        The same as a PNG of `PREVIEW`.
    contrast : float or None
        Lowest contrast of the letters with any pixel behind them (WCAG 2); None without letters.
    box : tuple of int or None
        What the letters take up: left, top, right, bottom.
    font_size : int
        Pixels; 0 without letters.
    lines : tuple of str
        The title as it was set.
    left_out : tuple of str
        Characters that no shipped font has.
    broken : tuple of str
        Words too long to stay whole on a line.
    plan : Plan
    painted : bool
        Whether code painted the picture; False for one handed in.
    """

    data: bytes
    kind: str
    preview: bytes
    contrast: float | None
    box: tuple[int, int, int, int] | None
    font_size: int
    lines: tuple[str, ...]
    left_out: tuple[str, ...]
    broken: tuple[str, ...]
    plan: Plan
    painted: bool


def paint(scene: str, palette: str, style: str, seed: int, size: tuple[int, int] = SIZE, weather: str = "clear",
          season: str = "") -> Image.Image:
    """Paint a scene without any model and without letters.

    Parameters
    ----------
    scene, palette, style : str
        Names from `scenes`, `palettes` and `STYLES`.
    seed : int
    size : tuple of (int, int)
        Pixels, 64 to 4096 each.
    weather : str
        clear, cloudy, rain, fog or snow.
    season : str
        spring, summer, autumn, winter or empty.

    Raises
    ------
    ValueError
        For a name or size that is not known; the message lists what is.
    """
    return painted(scene, palette, style, seed, size, weather, season)


def plan(title: str, tags: Mapping[str, float], seed: int) -> Plan:
    """Return what suits a title with these mood tags (weights 0 to 1); without tags it is left to the seed."""
    return planned(title, tags, 1, seed)[0]


def thumbnail(title: str, plan: Plan, picture: Image.Image | None = None, kind: str = "JPEG") -> Thumbnail:
    """Make a thumbnail.

    Parameters
    ----------
    title : str
        What cannot be set is left out and named; with nothing left the picture has no letters.
    plan : Plan
    picture : PIL.Image.Image, optional
        Taken instead of painting one, cropped to 16:9.
    kind : str
        JPEG, or PNG, which falls back to JPEG where it were too large.
    """
    if kind not in ("JPEG", "PNG"):
        raise ValueError(f"kind {kind!r} is not known; choose 'JPEG' or 'PNG'")
    ground = cropped(picture) if picture is not None else paint(plan.scene, plan.palette, plan.style, plan.seed, SIZE,
                                                                plan.weather, plan.season)
    text, left_out = settable(LAYOUTS[plan.layout].face, title)
    if not text:
        data, kind = _encoded(ground, kind)
        return Thumbnail(data, kind, _small(ground), None, None, 0, (), left_out, (), plan, picture is None)
    found = lettered(ground, text, plan.layout, palettes()[plan.palette])
    data, kind = _encoded(found.picture, kind)
    return Thumbnail(data, kind, _small(found.picture), found.contrast, found.box, found.setting.size,
                     found.setting.lines, left_out, found.setting.broken, plan, picture is None)


def variants(title: str, tags: Mapping[str, float], count: int = 4, seed: int = 0) -> tuple[Thumbnail, ...]:
    """Make several thumbnails of a title that differ visibly, each with the seed in its plan.

    Raises
    ------
    ValueError
        If `count` is not from 1 to `MOST_VARIANTS`.
    """
    if not 1 <= count <= MOST_VARIANTS:
        raise ValueError(f"{count} variants: make 1 to {MOST_VARIANTS} at once")
    return tuple(thumbnail(title, each) for each in planned(title, tags, count, seed))


def cropped(picture: Image.Image, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture cut to the shape of `size` around its middle, then resized: never stretched."""
    found = picture.convert("RGB")
    scale = min(found.width / size[0], found.height / size[1])
    wide, tall = size[0] * scale, size[1] * scale
    left, top = (found.width - wide) / 2, (found.height - tall) / 2
    return found.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + wide, top + tall))


def left_out(*texts: str) -> tuple[str, ...]:
    """Return the characters of texts that no shipped font has, each once: for a line under a card."""
    found = [each for text in texts for each in settable("plain", text)[1]]
    return tuple(dict.fromkeys(found))


def card(picture: Image.Image | bytes, title: str, tags: Sequence[str], songs: Sequence[Song], lang: str) -> bytes:
    """Return a tall PNG for a telephone: picture, title, tags, songs with artist, similarity and why.

    Parameters
    ----------
    picture : PIL.Image.Image or bytes
        Bytes are a PNG or JPEG this program made or checked.
    title : str
        May be empty.
    tags : sequence of str
        Shown with a leading ``#``.
    songs : sequence of Song
        Characters no font has are left out, letters marked by a dot; `left_out` names them.
    lang : str
        ``ko`` or ``en``.
    """
    opened = Image.open(io.BytesIO(picture), formats=["PNG", "JPEG"]) if isinstance(picture, bytes) else picture
    return carded(opened, title, tags, songs, lang)


def _encoded(picture: Image.Image, kind: str) -> tuple[bytes, str]:
    """Return a picture as a file under `MOST_BYTES`."""
    if kind == "PNG":
        data = _file(picture, "PNG", optimize=False, compress_level=7)
        if len(data) < MOST_BYTES:
            return data, "PNG"
    for quality in (92, 85, 75, 60):
        data = _file(picture, "JPEG", quality=quality, subsampling=0 if quality > 80 else 2)
        if len(data) < MOST_BYTES:
            break
    return data, "JPEG"


def _small(picture: Image.Image) -> bytes:
    return _file(picture.resize(PREVIEW, Image.Resampling.LANCZOS), "PNG")


def _file(picture: Image.Image, kind: str, **options: int | bool) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
