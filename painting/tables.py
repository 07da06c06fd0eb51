"""The tables of `tables.toml`: palettes, scenes, and what mood tags ask of them; and the six styles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from painting.colour import Colour, colour

FILE = Path(__file__).with_name("tables.toml")
TIMES = ("dawn", "morning", "noon", "sunset", "night")
WEATHERS = ("clear", "cloudy", "rain", "fog", "snow")
SEASONS = ("", "spring", "summer", "autumn", "winter")
"""The first is no season in particular."""
STYLES = ("poster", "painterly", "lofi", "papercut", "neon", "line")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together at a time of day.

    Attributes
    ----------
    name, time : str
        `time` is one of `TIMES`.
    sky : tuple of Colour
        From the top to the horizon.
    sun : Colour
        Sun or moon and the light of either.
    far, near : Colour
        What distance and foreground look like.
    accent, accent2 : Colour
        Lit windows, flowers, signs.
    """

    name: str
    time: str
    sky: tuple[Colour, ...]
    sun: Colour
    far: Colour
    near: Colour
    accent: Colour
    accent2: Colour

    @property
    def dark(self) -> bool:
        """Whether lamps are lit."""
        return self.time in ("night", "dawn")


@cache
def tree() -> Mapping[str, Any]:
    """Return the whole file."""
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def palettes() -> dict[str, Palette]:
    """Return the palettes by name."""
    return {name: Palette(name, row["time"], tuple(colour(each) for each in row["sky"]),
                          *(colour(row[key]) for key in ("sun", "far", "near", "accent", "accent2")))
            for name, row in tree()["palettes"].items()}


def scenes() -> tuple[str, ...]:
    """Return the names of the scenes."""
    return tuple(tree()["scenes"])
