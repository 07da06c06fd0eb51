"""Fonts that come with installed packages, which characters each has, and faces made of several of them.

Fonts: Nanum Gothic (`koreanize-matplotlib`; SIL OFL), Poppins, Playfair Display and Bebas Neue (`fontpkg-*`; SIL OFL),
DejaVu Sans (with matplotlib; Bitstream Vera licence). A character is set in the first font of the face that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

NANUM, DEJAVU = "koreanize_matplotlib/fonts", "matplotlib/mpl-data/fonts/ttf"
REFERENCE = 200
"""Pixels at which widths are measured; they grow in proportion."""


@dataclass(frozen=True, slots=True, eq=False)
class Font:
    """A font file.

    Attributes
    ----------
    path : str
        Package and place in it.
    scale : float
        What its size is multiplied by, so that letters of a face look equally large.
    weight : int
        Of a variable font; 0 for others.
    """

    path: str
    scale: float = 1.0
    weight: int = 0


HEAVY, BOLD, REGULAR = (Font(f"{NANUM}/NanumGothic{kind}.ttf") for kind in ("ExtraBold", "Bold", ""))
OTHERS = (Font(f"{DEJAVU}/DejaVuSans-Bold.ttf", 0.9), Font(f"{DEJAVU}/DejaVuSans.ttf", 0.9))
POPPINS, POPPINS_BOLD = (Font(f"fontpkg_poppins/files/Poppins-{kind}.ttf", 0.94) for kind in ("SemiBold", "ExtraBold"))
FACES: dict[str, tuple[Font, ...]] = {
    "heavy": (POPPINS_BOLD, HEAVY, *OTHERS),
    "plain": (POPPINS, BOLD, *OTHERS),
    "serif": (Font("fontpkg_playfair_display/files/PlayfairDisplay[wght].ttf", 1.04, 700), BOLD, *OTHERS),
    "poster": (Font("fontpkg_bebas_neue/files/BebasNeue-Regular.ttf", 1.16), HEAVY, *OTHERS),
    "small": (Font("fontpkg_poppins/files/Poppins-Medium.ttf", 0.94), REGULAR, *reversed(OTHERS)),
}


@cache
def face(name: str) -> tuple[Font, ...]:
    """Return the fonts of a face that are installed."""
    return tuple(font for font in FACES[name] if file_of(font) is not None)


@cache
def file_of(font: Font) -> Path | None:
    """Return where a font is, or None where its package is not installed. No package is imported for it."""
    package, _, place = font.path.partition("/")
    spec = find_spec(package)
    path = Path(spec.origin).parent / place if spec and spec.origin else Path()
    return path if path.is_file() else None


@cache
def characters(font: Font) -> frozenset[int]:
    """Return the code points a font has glyphs for."""
    from fontTools.ttLib import TTFont

    with TTFont(str(file_of(font)), lazy=True) as opened:
        return frozenset(opened.getBestCmap())


@lru_cache(maxsize=128)
def loaded(font: Font, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at a size in pixels; laid out plainly, so that every machine sets the same."""
    pixels = max(1, round(size * font.scale))
    opened = ImageFont.truetype(str(file_of(font)), pixels, layout_engine=ImageFont.Layout.BASIC)
    if font.weight:
        opened.set_variation_by_axes([font.weight])
    return opened


@cache
def _known(name: str) -> list[tuple[Font, frozenset[int]]]:
    return [(font, characters(font)) for font in face(name)]


def covers(name: str, text: str) -> bool:
    """Return whether every character of a text has a glyph in a face."""
    return all(any(ord(char) in known for _, known in _known(name)) for char in text)


def runs(name: str, text: str) -> list[tuple[Font, str]]:
    """Return a text cut where the font changes; signs and blanks stay with what is before them."""
    result: list[tuple[Font, str]] = []
    for char in text:
        before = result[-1][0] if result else None
        if before and not char.isalnum() and ord(char) in characters(before):
            font = before
        else:
            font = next((font for font, known in _known(name) if ord(char) in known), face(name)[0])
        if before == font:
            result[-1] = (font, result[-1][1] + char)
        else:
            result.append((font, char))
    return result


def width(name: str, text: str, spacing: float = 0.0) -> float:
    """Return how wide a text is, in units of the size; `spacing` is put after each character, in the same unit."""
    return _width(name, text) / REFERENCE + spacing * len(text)


@lru_cache(maxsize=4096)
def _width(name: str, text: str) -> float:
    return sum(loaded(font, REFERENCE).getlength(part) for font, part in runs(name, text))
