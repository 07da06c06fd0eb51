"""One export to one series: readings, their counts, and the kind of value (cumulative totals or daily amounts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ingest.audit import ITEMS, Audited, audit, day_numbers
from ingest.dates import MISSING, DateReader, to_date
from ingest.names import printable
from ingest.numbers import read_numbers
from ingest.text import Cells, decode, find_separator, read_cells, split_lines
from support.errors import FileRefused

KEPT_REJECTS = 10_000
"""Rejected lines of one file that are kept one by one; further ones are counted."""
RAW_LENGTH = 500
FALLING_SHARE = 0.2
"""Share of falling steps above which values are daily amounts; totals fall on rare corrections only."""
FEW_STEPS = 7
"""Steps below which rising values prove nothing about their kind."""
_DAILY_WORDS = ("일일", "일별", "daily", "per day", "하루", "diario", "por día", "täglich", "日間")
_TOTAL_WORDS = ("누적", "총", "total", "cumulative", "accumul", "累計", "합계", "gesamt", "acumulad")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not accepted: `reason` is a code below ``reject.`` in the locale files."""

    line: int
    raw: str
    reason: str
    cell: str


@dataclass(slots=True)
class Readings:
    """What a file holds: one reading a day, and an account of every line.

    ``accepted + rejected + repeated == lines_read``.
    """

    days: np.ndarray
    values: np.ndarray
    reported: np.ndarray | None
    kind: str
    encoding: str = "utf-8"
    separator: str = ","
    date_format: str = "iso"
    lines_read: int = 0
    rejected: int = 0
    repeated: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    repeats: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Number of lines whose reading is kept."""
        return len(self.days)

    def refusal(self) -> FileRefused | None:
        """Return why the file as a whole cannot be used although its lines were read, if so."""
        if self.accepted:
            return None
        if not self.rejects:
            return FileRefused("file.header_only")
        first = {"key": f"reject.{self.rejects[0].reason}", "values": {"cell": self.rejects[0].cell}}
        return FileRefused("file.no_rows", lines=self.lines_read, rejected=self.rejected, first=first)


@dataclass(slots=True)
class Series:
    """A series ready for the database: all arrays have one entry a day, days increasing."""

    days: np.ndarray
    totals: np.ndarray
    audited: Audited


_dates = DateReader()


def read_file(data: bytes, *, kind: str | None = None, date_order: str | None = None) -> Readings:
    """Read the bytes of an export.

    Parameters
    ----------
    data : bytes
    kind : {"cumulative", "daily"}, optional
        The operator's word; by default found from the data.
    date_order : {"mdy", "dmy"}, optional
        The operator's word on dates such as ``01/02/2025``.

    Raises
    ------
    FileRefused
        If the bytes, the separator or the order of its dates cannot be made out. A file none of whose lines holds a
        reading is returned, with its rejected lines; see `Readings.refusal`.
    """
    text, encoding = decode(data)
    lines = split_lines(text)
    separator = find_separator(lines)
    start, header = _header(lines, separator)
    chunks = list(read_cells(lines, separator, start))
    order = _date_order(chunks, date_order)
    collected = _Collected(lines)
    for cells in chunks:
        collected.add(cells, order)
    readings = collected.readings()
    readings.encoding, readings.separator = encoding, separator
    readings.date_format = _form(chunks, order)
    readings.kind = kind or find_kind(readings, header)
    return readings


def _header(lines: list[str], separator: str) -> tuple[int, str]:
    """Return the index of the first data line and the text of the header, empty where there is none."""
    index = 0
    while index < len(lines) and (not lines[index].strip() or lines[index].lower().startswith("sep=")):
        index += 1
    if index == len(lines):
        raise FileRefused("file.empty")
    first = next(read_cells([lines[index]], separator, 0))
    if first.dates and (_dates.is_date(first.dates[0]) or any(char.isdigit() for char in first.values[0])):
        return index, ""
    return index + 1, lines[index]


def _date_order(chunks: list[Cells], chosen: str | None) -> str | None:
    some, only_dmy, only_mdy = False, None, None
    for cells in chunks:
        seen, dmy, mdy = _dates.orders(cells.dates)
        some, only_dmy, only_mdy = some or seen, only_dmy or dmy, only_mdy or mdy
    if not some or chosen:
        return chosen
    if only_dmy and only_mdy:
        raise FileRefused("file.date_contradiction", dmy=printable(only_dmy), mdy=printable(only_mdy))
    if not only_dmy and not only_mdy:
        example = next(cell for cells in chunks for cell in cells.dates if cell in _dates.either)
        raise FileRefused("file.date_order", example=printable(example.strip()))
    return "dmy" if only_dmy else "mdy"


def _form(chunks: list[Cells], order: str | None) -> str:
    for cells in chunks:
        for cell in cells.dates:
            form = _dates.form(cell)
            if form not in ("named", "unknown") or _dates.is_date(cell):
                return order or form if form == "year_last" else form
    return "unknown"


class _Collected:
    """Accepted readings and rejected lines of all chunks of one file."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]] = []
        self.rejects: list[Rejected] = []
        self.rejected = 0
        self.read = 0

    def add(self, cells: Cells, order: str | None) -> None:
        self.read += len(cells.dates) + len(cells.ragged)
        for number, raw in cells.ragged:
            self._reject(number, "columns", raw)
        if not cells.dates:
            return
        days = _dates.days(cells.dates, order)
        values, reasons = read_numbers(cells.values)
        good = (days != MISSING) & ~np.isnan(values)
        if not good.all():
            for index in np.flatnonzero(~good):
                self._reject_cell(cells, int(index), bool(days[index] == MISSING), reasons)
        reported = _reported(cells.third)
        numbers = np.asarray(cells.numbers, dtype=np.int64)
        self.parts.append((days[good], values[good], None if reported is None else reported[good], numbers[good]))

    def _reject_cell(self, cells: Cells, index: int, no_date: bool, reasons: dict[int, str]) -> None:
        cell = cells.dates[index] if no_date else cells.values[index]
        reason = _date_reason(cell) if no_date else reasons[index]
        self._reject(cells.numbers[index], reason, cell)

    def _reject(self, number: int, reason: str, cell: str) -> None:
        self.rejected += 1
        if len(self.rejects) < KEPT_REJECTS:
            raw = printable(self.lines[number - 1])[:RAW_LENGTH]
            self.rejects.append(Rejected(number, raw, reason, printable(cell.strip())[:80]))

    def readings(self) -> Readings:
        if not self.parts:
            self.parts.append((np.empty(0, np.int32), np.empty(0), None, np.empty(0, np.int64)))
        days, values, reported, numbers = self._joined()
        kept = _last_of_each_day(days)
        repeats = _repeats(days, values, numbers, kept) if len(kept) < len(days) else []
        return Readings(days[kept], values[kept], None if reported is None else reported[kept], "cumulative",
                        lines_read=self.read, rejected=self.rejected, repeated=len(days) - len(kept),
                        rejects=self.rejects, repeats=repeats)

    def _joined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
        if len(self.parts) == 1:
            return self.parts[0]
        thirds = [np.full(len(part[0]), np.nan) if part[2] is None else part[2] for part in self.parts]
        return (np.concatenate([part[0] for part in self.parts]), np.concatenate([part[1] for part in self.parts]),
                np.concatenate(thirds), np.concatenate([part[3] for part in self.parts]))


def _date_reason(cell: str) -> str:
    return "date_range" if sum(char.isdigit() for char in cell) >= 8 and _dates.form(cell) != "named" else "date"


def _reported(third: list[str] | None) -> np.ndarray | None:
    """Return the export's own daily change, NaN where it cannot be read; it is evidence, never a reading."""
    if third is None:
        return None
    try:
        return np.fromiter(map(float, third), dtype=np.float64, count=len(third))
    except ValueError:
        return read_numbers([cell or "x" for cell in third])[0]


def _last_of_each_day(days: np.ndarray) -> np.ndarray:
    """Return the indices of the last line of each day, by day."""
    if len(days) < 2 or (np.diff(days) > 0).all():
        return np.arange(len(days))
    order = np.argsort(days, kind="stable")
    ordered = days[order]
    last = np.concatenate((ordered[1:] != ordered[:-1], [True]))
    return order[last]


def _repeats(days: np.ndarray, values: np.ndarray, numbers: np.ndarray, kept: np.ndarray) -> list[dict[str, Any]]:
    """Return, for days read more than once, the lines and whether the readings differ."""
    again = np.setdiff1d(np.arange(len(days)), kept)[:ITEMS]
    last = dict(zip(days[kept].tolist(), kept.tolist(), strict=True))
    return [{"day": to_date(days[index]).isoformat(), "line": int(numbers[index]),
             "kept_line": int(numbers[last[int(days[index])]]),
             "from": float(values[index]), "to": float(values[last[int(days[index])]])} for index in again]


def find_kind(readings: Readings, header: str = "") -> str:
    """Return ``cumulative`` or ``daily``.

    Totals rise with rare corrections; daily amounts go up and down. A short run that only rises is told by the
    export's own change column, then by the words of the header, and is otherwise taken as totals.
    """
    steps = np.diff(readings.values)
    if len(steps) and float((steps < 0).mean()) > FALLING_SHARE:
        return "daily"
    if len(steps) >= FEW_STEPS and float(np.median(readings.values)) > float(np.abs(steps).max()):
        return "cumulative"
    third = readings.reported
    if third is not None and len(steps):
        close = np.isclose(third[1:], steps, rtol=0.01, atol=1.0)
        if close.mean() > 0.5:
            return "cumulative"
    words = header.casefold()
    if any(word in words for word in _DAILY_WORDS) and not any(word in words for word in _TOTAL_WORDS):
        return "daily"
    return "cumulative"


@dataclass(frozen=True, slots=True)
class Part:
    """Readings of one source of a series: a file, or what the database already holds.

    `source` is one number for the whole part or one a reading; it says where a reading was taken from.
    """

    days: np.ndarray
    values: np.ndarray
    source: np.ndarray | int
    reported: np.ndarray | None = None


def combine(parts: Sequence[Part]) -> Part:
    """Return the union of parts, by day; where several have a day, the last part counts."""
    if len(parts) == 1:
        return parts[0]
    days = np.concatenate([part.days for part in parts])
    kept = _last_of_each_day(days)
    values = np.concatenate([part.values for part in parts])[kept]
    sources = np.concatenate([np.broadcast_to(part.source, len(part.days)) for part in parts])[kept]
    reported = np.concatenate([np.full(len(part.days), np.nan) if part.reported is None else part.reported
                               for part in parts])[kept]
    return Part(days[kept], values, sources, reported)


def build(days: np.ndarray, values: np.ndarray, kind: str, *, reported: np.ndarray | None = None,
          accepted: Sequence[date] = (), today: int) -> Series:
    """Return the audited series of readings.

    Parameters
    ----------
    days, values : ndarray, shape (n,)
        Readings by day; totals or daily amounts as `kind` says.
    kind : {"cumulative", "daily"}
    reported : ndarray, optional
        The export's own daily change.
    accepted : sequence of date
        Days from which a new level was accepted.
    today : int
        Day number after which a reading is in the future.
    """
    amounts = kind == "daily"
    totals = np.cumsum(values) if amounts else values
    return Series(days, totals, audit(days, totals, reported=reported, amounts=amounts,
                                      accepted=day_numbers(tuple(accepted)), today=today))
