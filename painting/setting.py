"""Setting type: words into lines as large as a box allows, and drawn.

A word is never cut, unless it alone is so long that it could only be set under `FLOOR`; then it is broken between
characters, and said so. Chinese and Japanese, which have no blanks, break between characters; Korean at blanks.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass

from PIL import Image, ImageDraw

from painting.fonts import loaded, runs, width
from painting.script import clusters, leads_left, visual

FLOOR = 34.0
"""Pixels of 720: smaller type cannot be read on a telephone."""
ONE_MORE = 1.15
"""How much larger the type must get for another line to be worth it."""
HINTED = 1.08
"""How much wider small letters can come out than large ones in proportion."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A text in lines.

    Attributes
    ----------
    lines : tuple of str
        As read.
    size : int
        Pixels.
    leading : float
        From line to line, in sizes.
    face : str
    broken : tuple of str
        Words too long to stay whole.
    leftward : bool
        Whether it reads from right to left.
    """

    lines: tuple[str, ...]
    size: int
    leading: float
    face: str
    broken: tuple[str, ...]
    leftward: bool

    @property
    def height(self) -> float:
        """Height of all lines, pixels."""
        return self.size * (1.0 + self.leading * (len(self.lines) - 1))

    @property
    def width(self) -> float:
        """Width of the widest line, pixels."""
        return max((measured(shown, self.face, self.size) for shown in self.shown), default=0.0)

    @property
    def shown(self) -> tuple[str, ...]:
        """Lines as drawn from left to right."""
        return tuple(visual(line, self.leftward) for line in self.lines)


def fitted(text: str, face: str, box: tuple[float, float], largest: float, most_lines: int, leading: float = 1.22,
           floor: float = FLOOR) -> Setting:
    """Return a text set as large as fits in a box of (width, height) pixels.

    Another line is begun only where it makes the type `ONE_MORE` times as large; words are spread evenly.
    """
    words = pieces(text)
    broken: tuple[str, ...] = ()
    found = _best(words, face, box, largest, most_lines, leading)
    if found[1] < floor:
        words, broken = _cut(words, face, box[0] / (floor * HINTED))
        found = _best(words, face, box, largest, max(most_lines, 8), leading)
    return Setting(found[0], _settled(*found, face, box[0], leads_left(text)), leading, face, broken, leads_left(text))


def _settled(lines: tuple[str, ...], size: float, face: str, reach: float, leftward: bool) -> int:
    """Return the whole size at which lines really fit: steps of letters are whole pixels, which adds up."""
    settled = max(1, int(size))
    while settled > 8 and any(measured(visual(line, leftward), face, settled) > reach for line in lines):
        settled -= 1
    return settled


def measured(line: str, face: str, size: int) -> float:
    """Return how wide a line is when drawn, pixels."""
    return sum(loaded(font, size).getlength(part) for font, part in runs(face, line))


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return what lines are made of: each piece and whether a blank stands before it."""
    result: list[tuple[str, bool]] = []
    for word in text.split():
        first = True
        for part in _breakable(word):
            result.append((part, first and bool(result)))
            first = False
    return result


def _breakable(word: str) -> list[str]:
    """Return a word cut where its script breaks without blanks: before kana and Chinese characters."""
    parts: list[str] = []
    for cluster in clusters(word):
        if parts and not _may_break(parts[-1][-1], cluster[0]):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


def _may_break(before: str, after: str) -> bool:
    """Return whether a line may end between two characters of a word."""
    if _closing(after) or unicodedata.category(before) in ("Ps", "Pi"):
        return False
    return _ideographic(after) or (_ideographic(before) and after.isalnum())


def _ideographic(char: str) -> bool:
    return 0x3040 <= ord(char) <= 0x30FF or 0x3400 <= ord(char) <= 0x9FFF


def _closing(char: str) -> bool:
    return char in "ーっゃゅょッャュョぁぃぅぇぉァィゥェォ々" or unicodedata.category(char) in ("Pe", "Pf", "Po", "Mn")


def _best(words: list[tuple[str, bool]], face: str, box: tuple[float, float], largest: float, most: int,
          leading: float) -> tuple[tuple[str, ...], float]:
    best: tuple[tuple[str, ...], float] = ((), 0.0)
    for count in range(1, min(most, len(words)) + 1):
        lines = _balanced(words, face, count)
        wide = max(width(face, line) for line in lines)
        size = min(largest, box[0] / max(wide, 1e-6), box[1] / (1.0 + leading * (len(lines) - 1)))
        if size > best[1] * ONE_MORE:
            best = (lines, size)
    return best


def _balanced(words: list[tuple[str, bool]], face: str, count: int) -> tuple[str, ...]:
    """Return words in at most `count` lines, the widest as narrow as can be."""
    widths = [width(face, word) for word, _ in words]
    blank = width(face, " ")
    low, high = max(widths), sum(widths) + blank * sum(spaced for _, spaced in words)
    for _ in range(14):
        middle = (low + high) / 2
        if len(_greedy(words, widths, blank, middle)) <= count:
            high = middle
        else:
            low = middle
    return _greedy(words, widths, blank, high + 1e-6)


def _greedy(words: list[tuple[str, bool]], widths: list[float], blank: float, reach: float) -> tuple[str, ...]:
    """Return lines filled with words of known widths as far as a width allows, all in sizes."""
    lines: list[str] = []
    used = 0.0
    for (word, spaced), wide in zip(words, widths, strict=True):
        more = wide + blank * spaced
        if lines and used + more <= reach:
            lines[-1] += " " * spaced + word
            used += more
        else:
            lines.append(word)
            used = wide
    return tuple(lines)


def _cut(words: list[tuple[str, bool]], face: str, reach: float) -> tuple[list[tuple[str, bool]], tuple[str, ...]]:
    """Return words with those wider than `reach` (in sizes) cut into even parts, and the words cut."""
    result: list[tuple[str, bool]] = []
    broken = []
    for word, blank in words:
        wide = width(face, word)
        if wide <= reach:
            result.append((word, blank))
            continue
        broken.append(word)
        units = clusters(word)
        parts = min(len(units), max(2, round(wide / reach + 0.999)))
        for part in range(parts):
            piece = "".join(units[len(units) * part // parts:len(units) * (part + 1) // parts])
            result.append((piece, blank and part == 0))
    return result, tuple(broken)


def drawn(sheet: Image.Image, setting: Setting, left: float, top: float, align: str, reach: float) -> None:
    """Draw lines on a mask from (left, top), within a width of `reach` pixels; `align` is left, centre or right."""
    for place, line in enumerate(setting.shown):
        wide = measured(line, setting.face, setting.size)
        shift = {"left": 0.0, "centre": (reach - wide) / 2, "right": reach - wide}[align]
        baseline = top + setting.size * (0.86 + setting.leading * place)
        line_at(sheet, line, setting.face, setting.size, left + shift, baseline)


def line_at(sheet: Image.Image, line: str, face: str, size: int, x: float, baseline: float, spacing: float = 0.0,
            fill: int | tuple[int, ...] = 255) -> float:
    """Draw one line from x on a baseline and return where it ends; `spacing` after each character, in sizes."""
    draw = ImageDraw.Draw(sheet)
    for font, part in runs(face, line):
        opened = loaded(font, size)
        for chunk in (part if spacing else [part]):
            draw.text((x, baseline), chunk, fill=fill, font=opened, anchor="ls")
            x += opened.getlength(chunk) + spacing * size
    return x


def shortened(text: str, face: str, size: float, reach: float) -> str:
    """Return a text that fits a width in pixels, its end replaced by an ellipsis where it is too long."""
    if width(face, text) * size <= reach:
        return text
    units = clusters(text)
    kept = bisect_left(range(len(units)), True,
                       key=lambda count: width(face, "".join(units[:count]) + "…") * size > reach)
    return "".join(units[:max(0, kept - 1)]).rstrip() + "…"
