"""Manifests: a CSV of an operator's own tracks, with what each was, to rows that can be learned from.

Task: read ``audio, lyrics, genre, artist, title, date, label, popularity`` (or the Korean names of these columns), find
the files beside it, and say for every line that is not taken why.

Conventions: paths are relative to the manifest's folder; a label is 1 or 0; a popularity is any number that grows with
success (streams, views, an index), of which the `TOP_SHARE` of each genre count as hits, chosen over all rows of the
genre that have a popularity and no label; a label counts before a popularity. A date of a year alone is its 1 July, one
of a month its 15th. Lines are counted from 1, header included. The genre is one of `GENRES`: models are trained a genre
each. Encoding, separator and spellings as elsewhere (`ingest.text`, `ingest.catalogue_cells`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.catalogue_cells import genre_of as catalogue_genre
from ingest.catalogue_cells import text_of
from ingest.names import normalise, printable
from ingest.numbers import read_numbers
from ingest.text import SEPARATORS, decode, is_hint
from support.errors import DataError, FileRefused

GENRES = ("POP", "BALLAD", "DANCE")
TOP_SHARE = 0.25
"""Share of a genre's tracks that count as hits where a manifest gives popularity: the top quarter."""
LARGEST_MANIFEST = 50_000_000
"""Bytes; 200,000 tracks take about 30 MB."""
MOST_ROWS = 200_000
LONGEST_NAME = 500
"""Characters of an artist or a title."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "audio": ("audio", "audio path", "audio file", "오디오", "오디오경로", "음원", "음원파일"),
    "lyrics": ("lyrics", "lyrics path", "lyrics file", "가사", "가사경로", "가사파일"),
    "genre": ("genre", "장르"),
    "artist": ("artist", "artist name", "singer", "가수", "가수명", "아티스트"),
    "title": ("title", "song", "track", "track name", "곡명", "제목", "노래제목"),
    "date": ("date", "release date", "released", "날짜", "발매일", "발매일자"),
    "label": ("label", "hit", "라벨", "레이블", "히트", "히트여부"),
    "popularity": ("popularity", "streams", "views", "인기도", "스트리밍", "조회수"),
}
"""Headers of each column, compared without case, blanks and marks."""
HIT = frozenset(("1", "hit", "hits", "yes", "y", "true", "t", "o", "히트", "예", "참", "성공"))
MISS = frozenset(("0", "flop", "miss", "no", "n", "false", "f", "x", "nohit", "nonhit", "nothit", "비히트", "아니오",
                  "아니요", "거짓", "실패"))
_OTHER_GENRES = {"ballad": "BALLAD", "dance": "DANCE", "pop": "POP", "kpop": "POP"}
_OF_THE_CATALOGUE = {"POP": "POP", "가요": "POP", "발라드": "BALLAD", "댄스": "DANCE"}
_DAY = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?(?:[T\s].*)?|(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[.월]?")
_YEAR = re.compile(r"(\d{4})\s*년?(?:\.0)?")
_FIRST_YEAR, _LAST_YEAR = 1860, 2199
_DECIMAL_WHOLE = re.compile(r"(\d+)\.0+")


@dataclass(frozen=True, slots=True)
class Row:
    """A track to learn from; at least one of `audio` and `lyrics` is there, and the file with it.

    Attributes
    ----------
    line : int
        Of the manifest, header included.
    hit : bool
    popularity : float or None
        As written, where it was.
    """

    audio: Path | None
    lyrics: Path | None
    genre: str
    artist: str
    title: str
    date: date | None
    hit: bool
    popularity: float | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that was not taken, and why: a key below ``errors.`` with its values."""

    line: int
    code: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How a genre's popularities became labels: `hits` of `tracks` are at `at` or above."""

    genre: str
    at: float
    tracks: int
    hits: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest holds: rows to learn from, and those refused.

    Attributes
    ----------
    share : float
        Share of a genre that was to count as hits where popularity decides.
    thresholds : tuple of Threshold
        One for each genre in which popularity decided.
    """

    path: Path
    sha256: str
    rows: tuple[Row, ...]
    refused: tuple[RefusedRow, ...]
    share: float
    thresholds: tuple[Threshold, ...] = ()

    def of(self, genre: str) -> tuple[Row, ...]:
        """Return the rows of one genre."""
        return tuple(row for row in self.rows if row.genre == genre)

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres there are rows of, in the order of `GENRES`."""
        return tuple(genre for genre in GENRES if any(row.genre == genre for row in self.rows))


def read_manifest(path: Path, *, top_share: float = TOP_SHARE, within: Path | None = None) -> Manifest:
    """Return the rows of a manifest, with the reason of every line that is not taken.

    Parameters
    ----------
    path : Path
    top_share : float
        Share of each genre's tracks that count as hits where there is no label but a popularity.
    within : Path, optional
        Files outside this folder are refused (for manifests that others have sent).

    Raises
    ------
    FileRefused
        If the file cannot be read as a table, or lacks a column.
    DataError
        ``hit_manifest.share`` if `top_share` is not between 0 and 1.
    """
    if not 0 < top_share < 1:
        raise DataError("hit_manifest.share", share=top_share)
    data = _bytes(path)
    refused: list[RefusedRow] = []
    found = list(_rows(path, data, refused, within))
    labelled, thresholds = _by_popularity(found, top_share, refused)
    refused.sort(key=lambda row: row.line)
    return Manifest(path, hashlib.sha256(data).hexdigest(), labelled, tuple(refused), top_share, thresholds)


def genre_of(text: str) -> str | None:
    """Return the one of `GENRES` that a text names in Korean or English, else None.

    >>> genre_of("발라드"), genre_of("k-pop"), genre_of("jazz")
    ('BALLAD', 'POP', None)
    """
    known = _OTHER_GENRES.get(normalise(text))
    return known or _OF_THE_CATALOGUE.get(catalogue_genre(text) or "")


# --- the file -----------------------------------------------------------------------------------------------------


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_MANIFEST:
            raise FileRefused("hit_manifest.large", size_mb=f"{size / 1e6:.0f}", limit_mb=LARGEST_MANIFEST // 10**6)
        return path.read_bytes()
    except OSError as error:
        raise FileRefused("file.unreadable") from error


def _rows(path: Path, data: bytes, refused: list[RefusedRow], within: Path | None) -> Iterator[Row | _Rated]:
    """Yield the rows that are whole; those that wait for a label by popularity as `_Rated`."""
    lines = _table(decode(data)[0])
    columns = _columns(next(lines, (1, []))[1])
    table = list(islice(lines, MOST_ROWS + 1))
    if len(table) > MOST_ROWS:
        raise FileRefused("hit_manifest.rows", limit=MOST_ROWS)
    if not table:
        raise FileRefused("file.empty")
    rated = _popularities([cells for _, cells in table], columns)
    seen: dict[Path, int] = {}
    for (line, cells), popularity in zip(table, rated, strict=True):
        cell = {name: _cell(name, cells[place]) if place < len(cells) else "" for name, place in columns.items()}
        try:
            yield _row(cell, popularity, line, path.parent, within, seen)
        except DataError as error:
            refused.append(RefusedRow(line, error.code, error.values))


def _table(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row with text, the header first."""
    hint = is_hint(text.split("\n", 1)[0].strip())
    body = text.split("\n", 1)[1] if hint and "\n" in text else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=_separator(body), skipinitialspace=True)
    try:
        start = 1 + hint
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1 + hint
    except csv.Error as error:
        raise FileRefused("hit_manifest.quotes", line=reader.line_num + hint) from error


def _separator(text: str) -> str:
    """Return the mark that cuts the first line with text into most columns that are known."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = {normalise(name) for names in COLUMNS.values() for name in names}
    return max(SEPARATORS, key=lambda mark: sum(normalise(cell.strip(' "')) in known for cell in first.split(mark)))


def _columns(headers: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        places.setdefault(normalise(header), place)
    known = {name: [key for key in map(normalise, names) if key in places] for name, names in COLUMNS.items()}
    found = {name: places[keys[0]] for name, keys in known.items() if keys}
    missing = [name for name in ("genre", "artist") if name not in found]
    missing += ["audio / lyrics"] if not {"audio", "lyrics"} & found.keys() else []
    missing += ["label / popularity"] if not {"label", "popularity"} & found.keys() else []
    if missing:
        raise FileRefused("hit_manifest.columns", missing=", ".join(missing),
                          found=", ".join(printable(header)[:40] for header in headers[:20]) or "-")
    return found


def _popularities(table: Sequence[Sequence[str]], columns: Mapping[str, int]) -> list[float | None]:
    """Return each line's popularity, None where it has none, NaN where it cannot be read; all of a file alike."""
    place = columns.get("popularity")
    cells = [row[place] if place is not None and place < len(row) else "" for row in table]
    given = [index for index, cell in enumerate(cells) if cell.strip()]
    values, _ = read_numbers([cells[index] for index in given])
    found: list[float | None] = [None] * len(cells)
    for index, value in zip(given, values, strict=True):
        found[index] = float(value)
    return found


# --- one row ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rated:
    """A row that becomes a hit or not by its popularity among those of its genre."""

    row: Row


def _row(cell: Mapping[str, str], popularity: float | None, line: int, folder: Path, within: Path | None,
         seen: dict[Path, int]) -> Row | _Rated:
    artist, title = _name(cell, "artist"), _name(cell, "title")
    genre = genre_of(cell["genre"])
    if genre is None:
        raise DataError("hit_row.genre", found=cell["genre"][:60], expected=", ".join(GENRES))
    if not normalise(artist):
        raise DataError("hit_row.artist")
    hit = _label(cell.get("label", ""))
    if hit is None and popularity is None:
        raise DataError("hit_row.label")
    if popularity is not None and popularity != popularity:
        if hit is None:
            raise DataError("hit_row.popularity", found=cell["popularity"][:60])
        popularity = None
    day = _date(cell.get("date", ""))
    audio, lyrics = (_file(cell.get(name, ""), folder, within) for name in ("audio", "lyrics"))
    _once(audio or lyrics, seen, line)
    row = Row(audio, lyrics, genre, artist, title, day, bool(hit), popularity, line)
    return _Rated(row) if hit is None else row


def _name(cell: Mapping[str, str], name: str) -> str:
    text = cell.get(name, "")
    if len(text) > LONGEST_NAME:
        raise DataError("hit_row.long", column=name, limit=LONGEST_NAME)
    return text


def _label(text: str) -> bool | None:
    if not text:
        return None
    key = normalise(_DECIMAL_WHOLE.sub(r"\1", text))
    if key in HIT or key in MISS:
        return key in HIT
    raise DataError("hit_row.label_form", found=text[:60])


def _date(text: str) -> date | None:
    """Return a day, the middle of a month or a year, None for nothing.

    Raises
    ------
    DataError
        If it is none of these: day and month of ``03/04/2020`` cannot be told apart.
    """
    if not text:
        return None
    try:
        if found := _DAY.fullmatch(text):
            numbers = [int(each) for each in found.groups() if each is not None]
        elif found := _MONTH.fullmatch(text):
            numbers = [int(found[1]), int(found[2]), 15]
        elif found := _YEAR.fullmatch(text):
            numbers = [int(found[1]), 7, 1]
        else:
            raise ValueError(text)
        if not _FIRST_YEAR <= numbers[0] <= _LAST_YEAR:
            raise ValueError(text)
        return date(*numbers)
    except ValueError as error:
        raise DataError("hit_row.date", found=text[:60]) from error


def _cell(name: str, text: str) -> str:
    """Return a cell as one tidy line; names of files as they are, since two blanks in one are two."""
    return text.strip() if name in ("audio", "lyrics") else text_of(text)


def _file(text: str, folder: Path, within: Path | None) -> Path | None:
    """Return the file a cell names, None for an empty cell."""
    if not text:
        return None
    shown = printable(text)[:200]
    try:
        path = next(filter(Path.is_file, (folder / name for name in _spellings(text))), None)
        path = path.resolve() if path else None
        outside = within is not None and not (path or (folder / text).resolve()).is_relative_to(within.resolve())
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a zero byte, links in a circle
        raise DataError("hit_row.missing", file=shown) from error
    if outside:
        raise DataError("hit_row.outside", file=shown)
    if path is None:
        raise DataError("hit_row.missing", file=shown)
    return path


def _spellings(text: str) -> tuple[str, ...]:
    """Return a name as written, then as other systems write it: slashes, composed and decomposed syllables."""
    slashed = text.replace("\\", "/")
    return tuple(dict.fromkeys((text, slashed, *(unicodedata.normalize(form, slashed) for form in ("NFC", "NFD")))))


def _once(path: Path | None, seen: dict[Path, int], line: int) -> None:
    if path is None:
        raise DataError("hit_row.nothing")
    if path in seen:
        raise DataError("hit_row.twice", file=path.name, line=seen[path])
    seen[path] = line


# --- popularity to labels -----------------------------------------------------------------------------------------


def _by_popularity(found: Sequence[Row | _Rated], share: float, refused: list[RefusedRow]) -> tuple[
        tuple[Row, ...], tuple[Threshold, ...]]:
    """Return all rows with labels, in the order of the manifest."""
    rated = [each.row for each in found if isinstance(each, _Rated)]
    thresholds = {}
    for genre in GENRES:
        values = sorted((row.popularity or 0.0 for row in rated if row.genre == genre), reverse=True)
        at = _threshold(values, share)
        if at is not None:
            thresholds[genre] = Threshold(genre, at, len(values), sum(value >= at for value in values))
    rows = []
    for each in found:
        if isinstance(each, Row):
            rows.append(each)
        elif each.row.genre in thresholds:
            rows.append(replace(each.row, hit=(each.row.popularity or 0.0) >= thresholds[each.row.genre].at))
        else:
            refused.append(RefusedRow(each.row.line, "hit_row.alike", {"genre": each.row.genre}))
    return tuple(rows), tuple(thresholds.values())


def _threshold(values: Sequence[float], share: float) -> float | None:
    """Return the least popularity of a hit: of descending `values` about `share`, None where all are alike.

    Equal values stay together: if those at the cut are also the least of all, the cut moves up to the next value.
    """
    if not values or values[0] == values[-1]:
        return None
    at = values[max(round(share * len(values)), 1) - 1]
    return at if at > values[-1] else min(value for value in values if value > values[-1])
