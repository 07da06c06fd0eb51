"""A whole picture: a scene by its name, in a palette and a style, from a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from painting import abstract, forest, heaven, indoors, outdoors, town
from painting.canvas import Canvas
from painting.easel import Easel
from painting.finish import finished
from painting.tables import SEASONS, STYLES, WEATHERS, palettes, scenes

PAINTERS: dict[str, Callable[[Easel], None]] = {
    "sea": outdoors.sea, "mountains": outdoors.mountains, "city": town.city, "road": town.road, "forest": forest.forest,
    "room": indoors.room, "cafe": indoors.cafe, "sky": heaven.open_sky, "abstract": abstract.abstract}


def painted(scene: str, palette: str, style: str, seed: int, size: tuple[int, int], weather: str = "clear",
            season: str = "") -> Image.Image:
    """Return a picture; see `artwork.paint`."""
    _check(scene=(scene, scenes()), palette=(palette, tuple(palettes())), style=(style, STYLES),
           weather=(weather, WEATHERS), season=(season, SEASONS))
    if min(size) < 64 or max(size) > 4096:
        raise ValueError(f"size {size}: each side is 64 to 4096 pixels; ask for another size")
    rng = np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(f"{scene}/{palette}/{style}".encode())])
    easel = Easel(Canvas(*size), palettes()[palette], style, weather, season, rng)
    PAINTERS[scene](easel)
    return finished(easel)


def _check(**asked: tuple[str, tuple[str, ...]]) -> None:
    for what, (value, known) in asked.items():
        if value not in known:
            raise ValueError(f"{what} {value!r} is not known; choose one of {', '.join(map(repr, known))}")
