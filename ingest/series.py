"""One export to one series: readings, their counts, and the kind of value (cumulative totals or daily amounts)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ingest.audit import ITEMS, Audited, audit, day_numbers
from ingest.dates import MISSING, DateReader, out_of_range, to_date
from ingest.names import printable
from ingest.numbers import read_numbers
from ingest.text import Cells, Lines, find_separator, is_hint, like_a_date, read_cells
from support.errors import FileRefused

KEPT_REJECTS = 10_000
"""Rejected lines of one file that are kept one by one; further ones are counted."""
RAW_LENGTH = 500
FALLING_SHARE = 0.2
"""Share of falling steps above which values are daily amounts; totals fall on rare corrections only."""
FEW_STEPS = 28
"""Steps without a fall below which values prove nothing: amounts follow the weekday, but may ramp up for a while."""
STEADY = 0.01
"""Share of the usual value below which even frequent falls are corrections of a total; amounts vary more."""
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
    lines = Lines(data)
    separator = find_separator(line for _, block in lines for line in block)
    start, header, columns = _header(lines, separator)
    blocks = _blocks(lines, separator, start, columns)
    order = _date_order(blocks(), date_order)
    collected = _Collected()
    for block, cells in blocks():
        collected.add(cells, order, block)
    readings = collected.readings()
    readings.encoding, readings.separator, readings.date_format = lines.encoding, separator, collected.form
    readings.kind = kind or find_kind(readings, header)
    return readings


_Block = tuple[tuple[int, list[str]], Cells]


def _blocks(lines: Lines, separator: str, start: int, columns: int) -> Callable[[], Iterable[_Block]]:
    """Return what gives the blocks from line `start` on: a small file is taken apart once, a large one each time."""
    def take() -> Iterator[_Block]:
        for number, block in lines:
            skip = max(0, start - number)
            if skip < len(block) and any(block):
                block = block[skip:] if skip else block
                yield (number + skip, block), read_cells(block, separator, number + skip, columns)
    if lines.single is None:
        return take
    held = list(take())
    return lambda: held


def _header(lines: Lines, separator: str) -> tuple[int, str, int]:
    """Return the number of the first data line, the header (empty where there is none) and its number of columns."""
    for number, block in lines:
        for index, line in enumerate(block, number):
            if not line.strip() or is_hint(line):
                continue
            first = read_cells([line], separator, index)
            if first.dates and (like_a_date(first.dates[0]) or _dates.is_date(first.dates[0])
                                or any(char.isdigit() for char in first.values[0])):
                return index, "", 0
            return index + 1, line, line.count(separator) + 1
    raise FileRefused("file.empty")


def _date_order(blocks: Iterable[_Block], chosen: str | None) -> str | None:
    if chosen:
        return chosen
    some, only_dmy, only_mdy = None, None, None
    for _, cells in blocks:
        seen, dmy, mdy = _dates.orders(cells.dates)
        some, only_dmy, only_mdy = some or seen, only_dmy or dmy, only_mdy or mdy
    if some is None:
        return None
    if only_dmy and only_mdy:
        raise FileRefused("file.date_contradiction", dmy=printable(only_dmy), mdy=printable(only_mdy))
    if not only_dmy and not only_mdy:
        raise FileRefused("file.date_order", example=printable(some.strip()))
    return "dmy" if only_dmy else "mdy"


def _form(cells: list[str], order: str | None) -> str:
    for cell in cells:
        if _dates.is_date(cell):
            form = _dates.form(cell)
            return order or form if form == "year_last" else form
    return "unknown"


class _Collected:
    """Accepted readings and rejected lines of all chunks of one file."""

    HELD = 500_000
    """Readings above which repeated days are dropped at once, for memory."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]] = []
        self.rejects: list[Rejected] = []
        self.repeats: list[tuple[int, int, float]] = []
        self.rejected = self.repeated = self.read = self.held = 0
        self.form = "unknown"

    def add(self, cells: Cells, order: str | None, block: tuple[int, list[str]]) -> None:
        self.read += len(cells.dates) + len(cells.ragged)
        bad: list[tuple[int, str, str]] = []
        if cells.dates:
            bad = self._add_readings(cells, order)
        self.rejected += len(cells.ragged) + len(bad)
        room = KEPT_REJECTS - len(self.rejects)
        first, lines = block
        for number, cell, reason in sorted(cells.ragged[:room] + bad)[:room]:
            raw = printable(lines[number - first][:RAW_LENGTH])[:RAW_LENGTH]
            self.rejects.append(Rejected(number, raw, reason, printable(cell.strip()[:80])[:80]))

    def _add_readings(self, cells: Cells, order: str | None) -> list[tuple[int, str, str]]:
        """Keep the readings of a block; return the lines without one, as `Cells.ragged`."""
        days = _dates.days(cells.dates, order)
        values, reasons = read_numbers(cells.values)
        if self.form == "unknown":
            self.form = _form(cells.dates, order)
        good = (days != MISSING) & ~np.isnan(values)
        reported = _reported(cells.third)
        lines = cells.numbers
        numbers = (np.arange(lines.start, lines.stop) if isinstance(lines, range)
                   else np.asarray(lines, dtype=np.int64))
        self.parts.append((days[good], values[good], None if reported is None else reported[good], numbers[good]))
        self.held += int(good.sum())
        if self.held > self.HELD:
            self.parts = [self._last_ones()]
            self.held = len(self.parts[0][0])
        return [(cells.numbers[index], cells.values[index], reasons[index]) if days[index] != MISSING
                else (cells.numbers[index], cells.dates[index], _date_reason(cells.dates[index]))
                for index in np.flatnonzero(~good).tolist()]

    def readings(self) -> Readings:
        days, values, reported, numbers = self._last_ones()
        return Readings(days, values, reported, "cumulative", lines_read=self.read, rejected=self.rejected,
                        repeated=self.repeated, rejects=self.rejects,
                        repeats=_repeats(self.repeats, days, values, numbers))

    def _last_ones(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
        """Return the last reading of each day, and note those it replaces."""
        if not self.parts:
            self.parts.append((np.empty(0, np.int32), np.empty(0), None, np.empty(0, np.int64)))
        days, values, reported, numbers = self._joined()
        kept = _last_of_each_day(days)
        if kept is None:
            return days, values, reported, numbers
        if len(kept) < len(days):
            replaced = np.ones(len(days), dtype=bool)
            replaced[kept] = False
            self.repeated += len(days) - len(kept)
            room = ITEMS - len(self.repeats)
            self.repeats += [(int(days[index]), int(numbers[index]), float(values[index]))
                             for index in np.flatnonzero(replaced)[:room]]
        return days[kept], values[kept], None if reported is None else reported[kept], numbers[kept]

    def _joined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
        if len(self.parts) == 1:
            return self.parts[0]
        thirds = [np.full(len(part[0]), np.nan) if part[2] is None else part[2] for part in self.parts]
        return (np.concatenate([part[0] for part in self.parts]), np.concatenate([part[1] for part in self.parts]),
                np.concatenate(thirds), np.concatenate([part[3] for part in self.parts]))


def _date_reason(cell: str) -> str:
    return "date_range" if out_of_range(cell) else "date"


def _reported(third: list[str] | None) -> np.ndarray | None:
    """Return the export's own daily change, NaN where it cannot be read; it is evidence, never a reading."""
    if third is None:
        return None
    try:
        return np.fromiter(map(float, third), dtype=np.float64, count=len(third))
    except ValueError:
        return read_numbers([cell or "x" for cell in third])[0]


def _last_of_each_day(days: np.ndarray) -> np.ndarray | None:
    """Return the indices of the last line of each day, by day; None where every line is one already."""
    if len(days) < 2 or (np.diff(days) > 0).all():
        return None
    order = np.argsort(days, kind="stable")
    ordered = days[order]
    last = np.concatenate((ordered[1:] != ordered[:-1], [True]))
    return order[last]


def _repeats(replaced: list[tuple[int, int, float]], days: np.ndarray, values: np.ndarray, numbers: np.ndarray,
             ) -> list[dict[str, Any]]:
    """Return, for days read more than once, the lines and whether the readings differ."""
    kept = np.searchsorted(days, [day for day, _, _ in replaced]).tolist()
    return [{"day": to_date(day).isoformat(), "line": line, "kept_line": int(numbers[index]), "from": value,
             "to": float(values[index])} for (day, line, value), index in zip(replaced, kept, strict=True)]


def find_kind(readings: Readings, header: str = "") -> str:
    """Return ``cumulative`` or ``daily``.

    Totals rise with rare and small corrections; daily amounts go up and down. What does not fall often is told by the
    export's own change column, then, if it is short, by the words of the header, and is otherwise taken as totals.
    """
    steps = np.diff(readings.values)
    falling = float((steps < 0).mean()) if len(steps) else 0.0
    if falling > FALLING_SHARE and float(np.abs(steps).max()) > STEADY * float(np.median(readings.values)):
        return "daily"
    third = readings.reported
    if third is not None and len(steps):
        close = np.isclose(third[1:], steps, rtol=0.01, atol=1.0)
        if close.mean() > 0.5:
            return "cumulative"
    words = header.casefold()
    if any(word in words for word in _DAILY_WORDS) and not any(word in words for word in _TOTAL_WORDS):
        return "daily" if falling or len(steps) < FEW_STEPS else "cumulative"
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
    last = _last_of_each_day(days)
    kept = np.arange(len(days)) if last is None else last
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
