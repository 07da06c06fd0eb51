"""Song lists to rows of the catalogue: CSV and Parquet files of any size, read a batch at a time.

A row becomes a song of the catalogue, or is left out and counted: refused (no title, no artist, unknown genre, too
long, with line, code and values), untagged (no tag we know), or repeated (title, artist and genre were there before).
The first of several equal rows that has tags counts. What cells may hold is in `ingest.catalogue_cells`.

Conventions: `line` is the line of a CSV file, header included, and the row of a Parquet file, both counted from 1; a
line without any text is none. Names are NFC on one line; keys are `ingest.names.normalise`; tags are a mask of
`moods.vocabulary`; an unknown year is None, an unknown language ``""``.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.catalogue_cells import (
    COLUMNS,
    LONGEST_CELL,
    REQUIRED,
    TAG_COLUMNS,
    columns_of,
    genre_of,
    language_of,
    tags_in,
    text_of,
    year_of,
)
from ingest.names import normalise, printable
from support.errors import FileRefused

CATALOGUE_READER = 1
"""Version of these rules; raised when they change, so that a file that was read before counts as new."""
BATCH_ROWS = 5_000
"""Rows read before they are stored in one transaction: a killed import has lost no more."""
LONGEST_NAME = 500
"""Characters of a title, an artist or an album: movements of classical works take up to 300."""
_SEPARATORS = (",", "\t", ";", "|")
_BLOCK = 4_000_000
_HEADER_BYTES = 100_000
_MOST_LINES = 50
"""Lines of one row: more are a quote that was not closed, and whole rows would vanish in a cell."""
_PARQUET = b"PAR1"
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")

Cells = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A song as a list has it; `mask` holds its tags."""

    line: int
    artist: str
    title: str
    album: str
    year: int | None
    genre: str
    language: str
    mask: int
    norm_artist: str
    norm_title: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: its line, and why (a key below ``errors.`` with its values)."""

    line: int
    code: str
    values: dict[str, Any]


@dataclass(slots=True)
class CatalogueBatch:
    """Rows read together, and what became of those that are not in `rows`.

    Attributes
    ----------
    read : int
        Rows read: ``len(rows) + untagged + repeated + len(refused)``.
    unknown : Counter
        Texts in tag columns that are no tag.
    """

    rows: list[CatalogueRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    untagged: int = 0
    repeated: int = 0

    @property
    def read(self) -> int:
        """Rows read."""
        return len(self.rows) + len(self.refused) + self.untagged + self.repeated


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A file whose columns are known.

    Attributes
    ----------
    path : Path
    kind : str
        ``csv`` or ``parquet``.
    sha256 : str
    rows : int
        Rows there are; of a CSV file its line ends less the header: with line ends inside cells that is too many.
    columns : dict of str to int or str
        Where each column is: its place in a CSV file, its name in a Parquet file.
    encoding, separator : str
        Of a CSV file.
    width : int
        Cells of a CSV file's header.
    """

    path: Path
    kind: str
    sha256: str
    rows: int
    columns: dict[str, Any]
    encoding: str = ""
    separator: str = ""
    width: int = 0

    def batches(self, *, skip: int = 0, size: int = BATCH_ROWS) -> Iterator[CatalogueBatch]:
        """Yield all rows, `size` read at a time.

        Parameters
        ----------
        skip : int
            Rows at the beginning that are only read to know what repeats them.
        size : int

        Raises
        ------
        FileRefused
            If the file cannot be read on: an open quote in a CSV file, a damaged Parquet file.
        """
        return _batches(self, skip, size)


def open_catalogue(path: Path) -> CatalogueFile:
    """Look into a file: CSV or Parquet by its content, encoding, separator, columns.

    Raises
    ------
    FileRefused
        If the file cannot be opened, is neither, or lacks a column.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
        if not head:
            raise FileRefused("catalogue.empty")
        return _open_parquet(path) if head.startswith(_PARQUET) else _open_csv(path, head)
    except OSError as error:
        raise FileRefused("file.unreadable") from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, as `CatalogueFile` has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- columns ------------------------------------------------------------------------------------------------------


def _check_columns(columns: dict[str, int], headers: Sequence[str]) -> None:
    missing = [COLUMNS[name][0] for name in REQUIRED if name not in columns]
    if not any(name in columns for name in TAG_COLUMNS):
        missing.append(COLUMNS["tags"][0])
    if missing:
        found = ", ".join(printable(header)[:40] for header in headers[:20])
        raise FileRefused("catalogue.columns", missing=", ".join(missing), found=found)


# --- CSV ----------------------------------------------------------------------------------------------------------


def _open_csv(path: Path, head: bytes) -> CatalogueFile:
    if head.startswith(_NO_TEXT):
        raise FileRefused("catalogue.kind")
    sha256, encoding, lines = _scan(path)
    separator, headers = _header(head, encoding)
    columns = columns_of(headers)
    _check_columns(columns, headers)
    return CatalogueFile(path, "csv", sha256, max(lines - 1, 0), columns, encoding, separator, len(headers))


def _scan(path: Path) -> tuple[str, str, int]:
    """Return SHA-256, encoding and number of lines, reading the file once.

    Raises
    ------
    FileRefused
        If the bytes are no text we can read.
    """
    sha256, lines, last = hashlib.sha256(), 0, b""
    decoders: dict[str, codecs.IncrementalDecoder] | None = None
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            decoders = _candidates(block) if decoders is None else decoders
            sha256.update(block)
            lines, last = lines + block.count(b"\n"), block[-1:]
            decoders = {name: decoder for name, decoder in decoders.items() if _decodes(decoder, block)}
    fitting = [name for name, decoder in (decoders or {}).items() if _decodes(decoder, b"", final=True)]
    if not fitting:
        raise FileRefused("file.encoding")
    return sha256.hexdigest(), fitting[0], lines + (last != b"\n")


def _candidates(head: bytes) -> dict[str, codecs.IncrementalDecoder]:
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not utf16 and b"\0" in head:
        raise FileRefused("catalogue.kind")
    return {name: codecs.getincrementaldecoder(name)() for name in (("utf-16",) if utf16 else ("utf-8-sig", "cp949"))}


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _header(head: bytes, encoding: str) -> tuple[str, list[str]]:
    """Return the separator under which the first line names most columns, and the line's cells."""
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    found = [(separator, next(csv.reader(text.splitlines()[:50], delimiter=separator), []))
             for separator in _SEPARATORS]
    return max(found, key=lambda each: len(columns_of(each[1])))


def _csv_rows(file: CatalogueFile) -> Iterator[tuple[int, Cells | RefusedRow]]:
    line = 1
    with file.path.open(encoding=file.encoding, newline="") as source:
        reader = csv.reader(source, delimiter=file.separator)
        try:
            next(reader)
            line = reader.line_num + 1
            for cells in reader:
                if reader.line_num - line >= _MOST_LINES:
                    raise csv.Error(f"a cell of {reader.line_num - line + 1} lines")
                if any(map(str.strip, cells)):
                    yield line, _csv_cells(file, line, cells)
                line = reader.line_num + 1
        except csv.Error as error:
            raise FileRefused("catalogue.broken", line=line, detail=str(error)) from error


def _csv_cells(file: CatalogueFile, line: int, cells: list[str]) -> Cells | RefusedRow:
    if len(cells) > file.width and any(map(str.strip, cells[file.width:])):
        return RefusedRow(line, "catalogue.row.cells", {"found": len(cells), "expected": file.width})
    return {name: cells[place] if place < len(cells) else "" for name, place in file.columns.items()}


# --- Parquet ------------------------------------------------------------------------------------------------------


def _open_parquet(path: Path) -> CatalogueFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            headers, rows = file.schema_arrow.names, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise FileRefused("catalogue.parquet", detail=str(error)[:200]) from error
    columns = columns_of(headers)
    _check_columns(columns, headers)
    return CatalogueFile(path, "parquet", digest_of(path), rows, {name: headers[at] for name, at in columns.items()})


def _parquet_rows(file: CatalogueFile) -> Iterator[tuple[int, Cells | RefusedRow]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, row = list(file.columns), 0
    try:
        with pq.ParquetFile(file.path) as source:
            for batch in source.iter_batches(BATCH_ROWS, columns=list(file.columns.values()), use_threads=False):
                columns = [batch.column(file.columns[name]).to_pylist() for name in names]
                for cells in zip(*columns, strict=True):
                    row += 1
                    yield row, dict(zip(names, cells, strict=True))
    except (pa.ArrowException, OSError) as error:
        raise FileRefused("catalogue.parquet", detail=str(error)[:200]) from error


# --- rows ---------------------------------------------------------------------------------------------------------


def _batches(file: CatalogueFile, skip: int, size: int) -> Iterator[CatalogueBatch]:
    rows = _csv_rows(file) if file.kind == "csv" else _parquet_rows(file)
    seen: set[bytes] = set()
    batch = CatalogueBatch()
    for number, (line, cells) in enumerate(rows, 1):
        _take(batch, line, cells, seen)
        if number <= skip:
            batch = CatalogueBatch()
        elif batch.read >= size:
            yield batch
            batch = CatalogueBatch()
    if batch.read:
        yield batch


def _take(batch: CatalogueBatch, line: int, cells: Cells | RefusedRow, seen: set[bytes]) -> None:
    """Put a row where it belongs."""
    row = cells if isinstance(cells, RefusedRow) else _row(line, cells, batch.unknown)
    if isinstance(row, RefusedRow):
        batch.refused.append(row)
    elif not row.mask:
        batch.untagged += 1
    else:
        key = _key(row)
        if key in seen:
            batch.repeated += 1
        else:
            seen.add(key)
            batch.rows.append(row)


def _key(row: CatalogueRow) -> bytes:
    """Return what is the same for repeats of a row, in few bytes: a million of them are kept."""
    return hashlib.blake2b(f"{row.norm_artist}\0{row.norm_title}\0{row.genre}".encode(), digest_size=12).digest()


def _row(line: int, cells: Cells, unknown: Counter[str]) -> CatalogueRow | RefusedRow:
    artist, title, album = (text_of(cells.get(name)) for name in ("artist", "title", "album"))
    norm_artist, norm_title = normalise(artist), normalise(title)
    if not norm_artist or not norm_title:
        return RefusedRow(line, "catalogue.row.name", {"artist": artist[:60], "title": title[:60]})
    for text in (artist, title, album):
        if len(text) > LONGEST_NAME:
            return RefusedRow(line, "catalogue.row.long", {"found": f"{text[:40]}…", "limit": LONGEST_NAME})
    genre = genre_of(cells.get("genre"))
    if genre is None:
        return RefusedRow(line, "catalogue.row.genre", {"found": text_of(cells.get("genre"))[:60]})
    tagged = [cells.get(name) for name in TAG_COLUMNS]
    if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in tagged):
        return RefusedRow(line, "catalogue.row.long", {"found": artist[:40], "limit": LONGEST_CELL})
    mask, others = tags_in(tagged)
    unknown.update(others)
    return CatalogueRow(line, artist, title, album, year_of(cells.get("year")), genre,
                        language_of(cells.get("language")), mask, norm_artist, norm_title)
