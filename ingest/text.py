"""Bytes of an export to columns of text cells: encoding, separator, header, quotes, line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from support.errors import FileRefused

SEPARATORS = (",", ";", "\t", "|")
CHUNK_LINES = 200_000
"""Lines taken apart at once, so that a 200 MB file stays within a few hundred MB of memory."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAMPLE_LINES = 20
_NEWLINES = re.compile("\r\n|\r")


@dataclass(slots=True)
class Cells:
    """Columns of raw cells of a run of lines: `numbers` are line numbers counted from 1, header included.

    `third` is None where no line has a third cell. `ragged` are lines without a value column, as (line, text).
    """

    numbers: list[int]
    dates: list[str]
    values: list[str]
    third: list[str] | None
    ragged: list[tuple[int, str]]


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding.

    A byte-order mark decides; else UTF-16 by its zero bytes, strict UTF-8, then CP949 (which contains EUC-KR).

    Raises
    ------
    FileRefused
        If the bytes are not text, or in no accepted encoding.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data, encoding)
    if b"\0" in data[:4000]:
        return _strict(data, _utf16_without_bom(data[:4000]))
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _strict(data, "cp949")


def _strict(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused("file.encoding") from error
    if "\0" in text:
        raise FileRefused("file.binary")
    return text, encoding


def _utf16_without_bom(head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if head.startswith(_WORKBOOKS) or min(even, odd) * 4 > max(even, odd):
        raise FileRefused("file.binary")
    return "utf-16-le" if odd > even else "utf-16-be"


def split_lines(text: str) -> list[str]:
    """Return the lines of `text`, ended by LF, CRLF or CR (not by the other characters Unicode calls line ends)."""
    if "\r" in text:
        text = _NEWLINES.sub("\n", text)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def find_separator(lines: list[str]) -> str:
    """Return the separator that cuts most of the first lines into the same number of two or more cells.

    Raises
    ------
    FileRefused
        If none does.
    """
    sample = [line for line in lines[:_SAMPLE_LINES] if line.strip()]
    if not sample:
        raise FileRefused("file.empty")
    if len(sample) > 1 and sample[0].lower().startswith("sep=") and len(sample[0].strip()) == 5:
        return sample[0].strip()[4]
    scores = [(_agreement(sample, mark), -order, mark) for order, mark in enumerate(SEPARATORS)]
    best, _, mark = max(scores)
    if best == 0:
        raise FileRefused("file.separator")
    return mark


def _agreement(sample: list[str], mark: str) -> int:
    """Count the lines whose date cell (before the first `mark`) has a digit and that have a second cell."""
    if '"' in "".join(sample):
        rows: Iterator[list[str]] = csv.reader(io.StringIO("\n".join(sample)), delimiter=mark)
    else:
        rows = (line.split(mark) for line in sample)
    try:
        return sum(len(row) > 1 and _like_a_date(row[0]) for row in rows)
    except csv.Error:
        return 0


def _like_a_date(cell: str) -> bool:
    if len(cell) > 40 or any(mark in cell for mark in ";\t|"):
        return False
    return 4 <= sum(char.isdigit() for char in cell) <= 14


def read_cells(lines: list[str], separator: str, start: int) -> Iterator[Cells]:
    """Take apart the lines from index `start` on, in chunks; blank lines are passed over."""
    for first in range(start, len(lines), CHUNK_LINES):
        chunk = lines[first:first + CHUNK_LINES]
        if any('"' in line for line in chunk):
            yield _quoted(chunk, separator, first + 1)
        else:
            yield _plain(chunk, separator, first + 1)


def _plain(lines: list[str], separator: str, number: int) -> Cells:
    """Take lines without quotes apart: quick where all have the same number of cells."""
    rows = [line.split(separator) for line in lines]
    widths = set(map(len, rows))
    if len(widths) == 1 and (width := widths.pop()) > 1:
        columns = list(zip(*rows, strict=True))
        third = list(columns[2]) if width > 2 else None
        return Cells(list(range(number, number + len(rows))), list(columns[0]), list(columns[1]), third, [])
    return _uneven(enumerate(rows, number), lines, number, separator)


def _quoted(lines: list[str], separator: str, number: int) -> Cells:
    rows = []
    for offset, line in enumerate(lines):
        try:
            cells = next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            cells = [line]
        rows.append((number + offset, cells))
    return _uneven(iter(rows), lines, number, separator)


def _uneven(rows: Iterator[tuple[int, list[str]]], lines: list[str], first: int, separator: str) -> Cells:
    cells = Cells([], [], [], [], [])
    some_third = False
    for number, row in rows:
        if len(row) < 2:
            line = lines[number - first]
            if line.strip():
                cells.ragged.append((number, line))
            continue
        if not any(cell.strip() for cell in row):
            continue
        cells.numbers.append(number)
        cells.dates.append(row[0])
        cells.values.append(row[1])
        cells.third.append(row[2] if len(row) > 2 else "")  # type: ignore[union-attr]
        some_third = some_third or len(row) > 2
    if not some_third:
        cells.third = None
    return cells
