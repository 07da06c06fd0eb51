"""Dates as exports write them, to day numbers (days since 1970-01-01).

Exports of one folder hold the same few hundred spellings, so each spelling is read once and looked up afterwards.
``07/27/2025`` depends on the file: the order is settled by the file's own days above 12, or by the operator.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import numpy as np

EPOCH = date(1970, 1, 1).toordinal()
MISSING = -(2**31)
"""Day number of a cell that is no date."""
_FIRST, _LAST = date(1990, 1, 1), date(2199, 12, 31)
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_SERIALS = range(32874, 109575)
"""Excel serials of 1990-01-01 to 2199-12-31."""
_TIME = (r"(?:[T\s]+(?:오전\s*|오후\s*)?\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?"
         r"\s*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?")
_WEEKDAY = r"(?:\([^)]{1,3}\)|[월화수목금토일]요일)?"
_YEAR_FIRST = re.compile(
    rf"(\d{{4}})\s*[-./년]\s*(\d{{1,2}})\s*[-./월]\s*(\d{{1,2}})\s*[.일]?\s*{_WEEKDAY}{_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})\s*[-./]\s*(\d{{1,2}})\s*[-./]\s*(\d{{4}})\.?{_TIME}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5,6})(?:\.\d+)?")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y")


LONGEST = 64
"""Characters above which a cell is no date."""
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u202a\u202c"))
"""Marks that browsers and concatenated files leave in date cells."""


class DateReader(threading.local):
    """Reads date cells; one per process, since it remembers spellings (each thread its own).

    `fixed` maps a spelling to its day number, `either` maps a year-last spelling to its two leading numbers and its
    year.
    """

    LIMIT = 200_000

    def __init__(self) -> None:
        self.fixed: dict[str, int] = {}
        self.either: dict[str, tuple[int, int, int]] = {}
        self.forms: dict[str, str] = {}

    def days(self, cells: list[str], order: str | None = None) -> np.ndarray:
        """Return day numbers of `cells`, int32, `MISSING` where there is no date.

        Parameters
        ----------
        cells : list of str
        order : {"mdy", "dmy"}, optional
            How to read ``01/02/2025``; without it such cells are `MISSING`.
        """
        fixed = self.fixed
        try:
            return np.fromiter(map(fixed.__getitem__, cells), dtype=np.int32, count=len(cells))
        except KeyError:
            pass
        self.learn(cells)
        result = np.fromiter((fixed.get(cell, MISSING) for cell in cells), dtype=np.int32, count=len(cells))
        if order and self.either:
            for index in np.flatnonzero(result == MISSING):
                numbers = self.either.get(cells[index])
                if numbers:
                    result[index] = _ordered(numbers, order)
        return result

    def learn(self, cells: Iterable[str]) -> None:
        """Read the spellings that are new."""
        if len(self.fixed) + len(self.either) > self.LIMIT:
            self.fixed.clear()
            self.either.clear()
            self.forms.clear()
        for cell in set(cells).difference(self.fixed):
            if cell not in self.either and len(cell) <= LONGEST:
                self._learn(cell)

    def _learn(self, cell: str) -> None:
        text = _clean(cell)
        match = _YEAR_LAST.fullmatch(text)
        if match:
            self.either[cell] = (int(match[1]), int(match[2]), int(match[3]))
            self.forms[cell] = "year_last"
            return
        day, form = _read(text)
        self.fixed[cell] = day
        if day != MISSING:
            self.forms[cell] = form

    def orders(self, cells: list[str]) -> tuple[str | None, str | None, str | None]:
        """Return a year-last date if there is any, one that can only be day/month and one only month/day."""
        self.learn(cells)
        if self.either.keys().isdisjoint(cells):
            return None, None, None
        seen = [(cell, self.either[cell]) for cell in dict.fromkeys(cells) if cell in self.either]
        only_dmy = next((cell for cell, (a, b, _) in seen if 12 < a <= 31 and b <= 12), None)
        only_mdy = next((cell for cell, (a, b, _) in seen if 12 < b <= 31 and a <= 12), None)
        return seen[0][0], only_dmy, only_mdy

    def is_date(self, cell: str) -> bool:
        """Return whether a cell is a date in any form (used to tell a header from data)."""
        self.learn([cell])
        return cell in self.either or self.fixed.get(cell, MISSING) != MISSING

    def form(self, cell: str) -> str:
        """Return the name of the form of a cell that was read: ``korean``, ``iso``, ``dotted`` ..."""
        return self.forms.get(cell, "unknown")


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).translate(_INVISIBLE).strip().strip('"').strip()


def _read(text: str) -> tuple[int, str]:
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        mark = text[4:].strip()[:1]
        form = {"년": "korean", ".": "dotted", "/": "slashed"}.get(mark, "iso")
        return _number(int(match[1]), int(match[2]), int(match[3])), form
    match = _COMPACT.fullmatch(text)
    if match:
        return _number(int(match[1]), int(match[2]), int(match[3])), "compact"
    match = _SERIAL.fullmatch(text)
    if match and int(match[1]) in _EXCEL_SERIALS:
        return (_EXCEL_EPOCH + timedelta(days=int(match[1]))).toordinal() - EPOCH, "excel"
    return _named(text), "named"


def _named(text: str) -> int:
    if not 8 <= len(text) <= 24 or not any(char.isalpha() for char in text):
        return MISSING
    for form in _NAMED:
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day.toordinal() - EPOCH if _FIRST <= day <= _LAST else MISSING
    return MISSING


def _number(year: int, month: int, day: int) -> int:
    try:
        found = date(year, month, day)
    except ValueError:
        return MISSING
    return found.toordinal() - EPOCH if _FIRST <= found <= _LAST else MISSING


def _ordered(numbers: tuple[int, int, int], order: str) -> int:
    first, second, year = numbers
    return _number(year, first, second) if order == "mdy" else _number(year, second, first)


def out_of_range(cell: str) -> bool:
    """Return whether a cell that was not read is a date of a year before 1990 or after 2199."""
    text = _clean(cell[:LONGEST])
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    last = _YEAR_LAST.fullmatch(text)
    year = int(match[1]) if match else int(last[3]) if last else _FIRST.year
    return not _FIRST.year <= year <= _LAST.year


def to_date(day: int) -> date:
    """Return the date of a day number."""
    return date.fromordinal(int(day) + EPOCH)


def to_number(day: date) -> int:
    """Return the day number of a date."""
    return day.toordinal() - EPOCH
