"""Bytes of an export to columns of text cells: encoding, separator, header, quotes, line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from support.errors import FileRefused

SEPARATORS = (",", ";", "\t", "|")
BLOCK = 4_000_000
"""Bytes of a file decoded and taken apart at once, so that a 200 MB file stays within a few hundred MB of memory."""
LONGEST_LINE = 1_000_000
"""Characters of a line that are looked at where a line runs over several blocks; no reading is that long."""
MOST_CELLS = 8
"""Cells a line is cut into: date, value, third, and enough to notice a number with unquoted thousands."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAMPLE_LINES = 20
_SAMPLE_WIDTH = 1_000
_NEWLINES = re.compile("\r\n|\r")
_CUT_GROUPS = re.compile(r"\d{1,3}(?=.*,\d{3})(?:,[+-]?\d{1,3})+(?:\.\d+)?,*")


@dataclass(slots=True)
class Cells:
    """Columns of raw cells of a run of lines: `numbers` are line numbers counted from 1, header included.

    `third` is None where no line has a third cell. `ragged` are lines whose value cannot be told apart, as
    (line, text, reason).
    """

    numbers: Sequence[int]
    dates: list[str]
    values: list[str]
    third: list[str] | None
    ragged: list[tuple[int, str, str]]


class Lines:
    """The lines of a file, in blocks of (number of the first line, lines), as often as one iterates.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    FileRefused
        If the bytes are not text, or in no accepted encoding.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.single: list[str] | None = None
        if len(data) <= BLOCK:
            text, self.encoding = decode(data)
            self.single = split_lines(text)
        else:
            self.encoding = _encoding_of(data)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        if self.single is not None:
            return iter([(1, self.single)])
        return self._blocks()

    def _blocks(self) -> Iterator[tuple[int, list[str]]]:
        number, rest = 1, ""
        for text in _texts(self.data, self.encoding):
            lines = (rest + text).split("\n")
            rest = lines.pop()[:LONGEST_LINE]
            if lines:
                yield number, lines
                number += len(lines)
        if rest:
            yield number, [rest]


def _texts(data: bytes, encoding: str) -> Iterator[str]:
    """Decode block by block; every line end comes out as LF."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    view = memoryview(data)
    for start in range(0, len(view), BLOCK):
        yield decoder.decode(bytes(view[start:start + BLOCK]), final=start + BLOCK >= len(view))


def _encoding_of(data: bytes) -> str:
    """Return the encoding of a large file: tell it by its head, then try the whole."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\0" in data[:4000]:
        encoding = _utf16_without_bom(data[:4000])
    for candidate in (encoding,) if encoding else ("utf-8", "cp949"):
        try:
            if any("\0" in text for text in _texts(data, candidate)):
                raise FileRefused("file.binary")
        except UnicodeDecodeError:
            continue
        return candidate
    raise FileRefused("file.encoding")


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
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, "cp949")
    return _strict(data, "utf-8")


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


def find_separator(lines: Iterable[str]) -> str:
    """Return the separator that cuts most of the first lines into the same number of two or more cells.

    Raises
    ------
    FileRefused
        If none does.
    """
    sample = [line[:_SAMPLE_WIDTH] for line in islice((line for line in lines if line.strip()), _SAMPLE_LINES)]
    if not sample:
        raise FileRefused("file.empty")
    if len(sample) > 1 and is_hint(sample[0]) and sample[0][4:5] in SEPARATORS:
        return sample[0][4]
    scores = []
    for order, mark in enumerate(SEPARATORS):
        agreement = _agreement(sample, mark)
        if agreement[0] >= len(sample) - 1 > 0:  # all but a header: no other mark can do better
            return mark
        scores.append((*agreement, -order, mark))
    dated, cut, _, mark = max(scores)
    if not dated and not cut:
        raise FileRefused("file.separator")
    return mark


def is_hint(line: str) -> bool:
    """Return whether a line is Excel's own ``sep=;``."""
    return line[:4].lower() == "sep=" and len(line) < 10


def _agreement(sample: list[str], mark: str) -> tuple[int, int]:
    """Count the lines that `mark` cuts after something like a date, and those it cuts at all."""
    rows = [_quoted_row(line, mark) if '"' in line else line.split(mark, 1) for line in sample]
    return (sum(len(row) > 1 and like_a_date(row[0]) for row in rows), sum(len(row) > 1 for row in rows))


def like_a_date(cell: str) -> bool:
    """Return whether a cell has about the digits of a date."""
    if len(cell) > 40 or any(mark in cell for mark in ";\t|"):
        return False
    return 4 <= sum(char.isdigit() for char in cell) <= 14


def read_cells(lines: Sequence[str], separator: str, number: int, columns: int = 0) -> Cells:
    """Take lines apart; `number` is that of the first one. Blank lines are passed over.

    Parameters
    ----------
    lines : sequence of str
    separator : str
    number : int
    columns : int
        Columns the header names, 0 without a header. A comma-separated line with more of them whose cells are groups
        of three digits holds a number with unquoted thousands, and no one can tell where it ends.
    """
    if '"' in "".join(lines):
        rows = [_quoted_row(line, separator) if '"' in line else line.split(separator, MOST_CELLS) for line in lines]
        return _uneven(rows, lines, number, separator, columns)
    return _plain(lines, separator, number, columns)


def _quoted_row(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _plain(lines: Sequence[str], separator: str, number: int, named: int) -> Cells:
    """Take apart the quick way: no quotes, every line has the same number of cells."""
    rows = [line.split(separator, MOST_CELLS) for line in lines]
    widths = set(map(len, rows))
    if len(widths) == 1 and 1 < (width := widths.pop()) <= (named or 3):
        columns = list(zip(*rows, strict=True))
        if not all(map(str.strip, columns[0])):
            return _uneven(rows, lines, number, separator, named)
        third = list(columns[2]) if width > 2 else None
        return Cells(range(number, number + len(rows)), list(columns[0]), list(columns[1]), third, [])
    return _uneven(rows, lines, number, separator, named)


def _uneven(rows: list[list[str]], lines: Sequence[str], first: int, separator: str, named: int) -> Cells:
    numbers: list[int] = []
    cells = Cells(numbers, [], [], [], [])
    third: list[str] = []
    some_third = False
    for number, row in enumerate(rows, first):
        if len(row) < 2:
            line = lines[number - first]
            if line.strip():
                cells.ragged.append((number, line, "columns"))
            continue
        if not any(cell.strip() for cell in row):
            continue
        if separator == "," and len(row) > (named or 3) and _CUT_GROUPS.fullmatch(cut := ",".join(row[1:])):
            cells.ragged.append((number, cut, "value_ambiguous"))
            continue
        numbers.append(number)
        cells.dates.append(row[0])
        cells.values.append(row[1])
        third.append(row[2] if len(row) > 2 else "")
        some_third = some_third or len(row) > 2
    cells.third = third if some_third else None
    return cells
