"""A tall card for a telephone: picture, title, tags, songs; as long as the songs need.

Conventions: pixels of a picture `WIDTH` wide. What does not fit a row ends in an ellipsis; the title is never cut.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from locales import t
from painting.colour import Colour, contrast, luminance, mix, toned
from painting.fonts import width
from painting.script import leads_left, settable, visual
from painting.setting import drawn, fitted, line_at, shortened

WIDTH, EDGE = 1080, 64
MOST_SONGS, MOST_TAGS = 50, 30
GAP = "·"
"""Stands where a letter of a song or an artist is in no shipped font."""


@dataclass(frozen=True, slots=True)
class Song:
    """A row of a card.

    Attributes
    ----------
    title, artist : str
    similarity : float or None
        0 to 1, shown in percent; None where there is none.
    why : str
        A short reason; may be empty.
    """

    title: str
    artist: str
    similarity: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Inks:
    """Colours of a card: ground, letters, quieter letters, plates, accent."""

    ground: Colour
    strong: Colour
    quiet: Colour
    plate: Colour
    accent: Colour


def carded(picture: Image.Image, title: str, tags: Sequence[str], songs: Sequence[Song], lang: str) -> bytes:
    """Return the card as a PNG; see `artwork.card`."""
    ground = picture.convert("RGB")
    inks = _inks(ground)
    tall = round(WIDTH * min(1.25, ground.height / ground.width))
    top = ground.resize((WIDTH, tall), Image.Resampling.LANCZOS, box=_centred(ground, WIDTH / tall))
    rows = _rows(tags)
    text = settable("heavy", title)[0]
    setting = fitted(text, "heavy", (WIDTH - 2 * EDGE, 330), 72, 4) if text else None
    title_height = setting.height + 54 if setting else 20
    height = round(tall + 30 + title_height + len(rows) * 62 + 40 + _song_height(songs) + 76)
    sheet = Image.new("RGB", (WIDTH, height), _rgb(inks.ground))
    sheet.paste(top, (0, 0))
    _fade(sheet, tall, inks.ground)
    level = tall + 30.0
    if setting:
        mask = Image.new("L", sheet.size)
        drawn(mask, setting, EDGE, level, "right" if setting.leftward else "left", WIDTH - 2 * EDGE)
        sheet.paste(_rgb(inks.strong), mask=mask)
    level = _tags(sheet, rows, level + title_height, inks) + 40
    for place, song in enumerate(songs[:MOST_SONGS], 1):
        level = _song(sheet, song, place, level, inks)
    _foot(sheet, songs, lang, inks)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=5)
    return buffer.getvalue()


def _centred(picture: Image.Image, shape: float) -> tuple[float, float, float, float]:
    """Return the middle part of a picture that has a shape (width by height)."""
    wide = min(picture.width, picture.height * shape)
    tall = wide / shape
    left, top = (picture.width - wide) / 2, (picture.height - tall) / 2
    return left, top, left + wide, top + tall


def _inks(picture: Image.Image) -> Inks:
    """Return colours that go with a picture: its own, made dark for the ground; letters with contrast of 7 at least."""
    small = np.asarray(picture.resize((24, 24)), float) / 255
    flat = small.reshape(-1, 3)
    mean = tuple(float(each) for each in flat.mean(axis=0))
    ground = mix((mean[0], mean[1], mean[2]), (0.04, 0.045, 0.07), 0.80)
    vivid = flat[np.argmax(flat.max(axis=1) - flat.min(axis=1) + 0.25 * flat.max(axis=1))]
    accent = (float(vivid[0]), float(vivid[1]), float(vivid[2]))
    while float(contrast(luminance(accent), luminance(ground))) < 4.5:
        accent = mix(accent, (1, 1, 1), 0.15)
    return Inks(ground, (0.97, 0.97, 0.98), mix(ground, (1, 1, 1), 0.72), toned(ground, 0.075), accent)


def _rgb(shade: Colour) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, round(each * 255))) for each in shade)
    return red, green, blue


def _fade(sheet: Image.Image, tall: int, ground: Colour) -> None:
    """Let the foot of the picture run into the ground."""
    band = 150
    mask = Image.fromarray((np.linspace(0, 1, band) ** 1.6 * 255).astype(np.uint8)[:, None].repeat(WIDTH, 1))
    sheet.paste(Image.new("RGB", (WIDTH, band), _rgb(ground)), (0, tall - band), mask)


def _rows(tags: Sequence[str]) -> list[list[str]]:
    """Return tags in rows that fit."""
    rows: list[list[str]] = []
    used = 0.0
    for tag in tags[:MOST_TAGS]:
        text = settable("plain", "#" + tag.lstrip("#").replace(" ", ""))[0]
        if len(text) < 2:
            continue
        text = shortened(text, "plain", 28, WIDTH - 2 * EDGE - 44)
        wide = width("plain", text) * 28 + 44 + 14
        if not rows or used + wide > WIDTH - 2 * EDGE + 14:
            rows.append([])
            used = 0.0
        rows[-1].append(text)
        used += wide
    return rows


def _tags(sheet: Image.Image, rows: list[list[str]], level: float, inks: Inks) -> float:
    draw = ImageDraw.Draw(sheet)
    for row in rows:
        x = float(EDGE)
        for text in row:
            wide = width("plain", text) * 28
            draw.rounded_rectangle((x, level, x + wide + 44, level + 48), 24, fill=_rgb(inks.plate))
            line_at(sheet, visual(text, leads_left(text)), "plain", 28, x + 22, level + 34, fill=_rgb(inks.accent))
            x += wide + 44 + 14
        level += 62
    return level


def _song_height(songs: Sequence[Song]) -> int:
    return sum(142 if song.why else 104 for song in songs[:MOST_SONGS])


def _song(sheet: Image.Image, song: Song, place: int, level: float, inks: Inks) -> float:
    """Draw one song and return where the next begins."""
    tall = 142 if song.why else 104
    plate = (EDGE - 20, level, WIDTH - EDGE + 20, level + tall - 12)
    ImageDraw.Draw(sheet).rounded_rectangle(plate, 18, fill=_rgb(inks.plate))
    line_at(sheet, f"{place}", "plain", 30, EDGE + 2, level + 57, fill=_rgb(inks.accent))
    left, right = EDGE + 62, WIDTH - EDGE
    if song.similarity is not None:
        share = f"{round(max(0.0, min(1.0, song.similarity)) * 100)}%"
        end = right - width("heavy", share) * 32
        line_at(sheet, share, "heavy", 32, end, level + 57, fill=_rgb(inks.accent))
        right = round(end) - 24
    for text, face, size, drop, shade in ((song.title, "plain", 33, 42, inks.strong),
                                          (song.artist, "small", 26, 78, inks.quiet),
                                          (song.why, "small", 24, 114, inks.quiet)):
        found = settable(face, text, GAP)[0]
        if found:
            line = shortened(found, face, size, right - left if drop < 100 else WIDTH - EDGE - left)
            line_at(sheet, visual(line, leads_left(line)), face, size, left, level + drop, fill=_rgb(shade))
    return level + tall


def _foot(sheet: Image.Image, songs: Sequence[Song], lang: str, inks: Inks) -> None:
    """Say how many songs there are, and how many of them are shown."""
    if not songs:
        return
    key = "artwork.card.songs" if len(songs) <= MOST_SONGS else "artwork.card.songs_first"
    text = t(lang, key, count=len(songs), shown=MOST_SONGS)
    wide = width("small", text) * 24
    line_at(sheet, text, "small", 24, (WIDTH - wide) / 2, sheet.height - 34, fill=_rgb(inks.quiet))
