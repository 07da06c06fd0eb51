"""Daily exports into the database on Spark: what `usecases.sync` does, on as many machines as there are.

The files are spread by artist, read, audited and written where they are: a part of the data holds all files of its
artists, so two parts never write the same song, and each writes in the same batches and by the same statements (COPY,
then upserts of what differs) as the sync of one process. What is in the database afterwards is the same; running the
job again changes nothing. The sync's own lock is held by the driver, the run is in the sync's log.

Spark lists neither empty files nor names that begin with ``_``. Where the driver sees the folder itself it adds them;
in a store that only Spark reaches they are not in the report. A file that cannot be read for want of rights ends the
job in place of being refused.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

import config
import db
from accounts import LOCAL_ADMINISTRATOR, Actor, require
from data_processing import normalise, parse_name, printable
from pipelines import _spark
from support.errors import FileRefused
from usecases.groups import Group
from usecases.locks import Lock
from usecases.results import FileOutcome, SyncReport
from usecases.sync import SILENT_SUFFIXES, Silent, _Run, exclusive

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
OUTCOME = """name string, outcome string, lines_read long, accepted long, rejected long, repeated long, flagged long,
    reason string, reason_values string"""
"""Schema of `FileOutcome` as Spark carries it."""


def ingest(spark: SparkSession, actor: Actor, folder: str, *, force: bool = False,
           parts: int | None = None) -> SyncReport:
    """Bring the database up to the files of a folder.

    Parameters
    ----------
    spark : SparkSession
    actor : Actor
        Needs the right to ``sync``.
    folder : str
        Where Spark finds it: a path all machines see, ``dbfs:/...``, ``/Volumes/...``, ``s3a://...``.
    force : bool
        Read files again whose content has not changed.
    parts : int, optional
        Writers at the same time; by default Spark decides.

    Raises
    ------
    NotAllowed, Busy, DatabaseUnavailable
    DataError
        ``pipelines.database``: a cluster and no external database.
    """
    require(actor, "sync")
    url = _spark.address(spark)
    with exclusive() as lock:
        return _OnSpark(actor, folder, force, spark, url, parts, lock).run()


@dataclass(frozen=True)
class _Order:
    """What a worker is told; `known` is the manifest at the start, so that a part run again does the same."""

    url: str = field(repr=False)
    actor: Actor
    folder: str
    force: bool
    run_id: int
    today: int
    batch_rows: int
    limit_mb: int
    known: dict[str, dict[str, Any]] = field(repr=False)
    accepted: dict[tuple[int, int], set[date]] = field(repr=False)


class _OnSpark(_Run):
    """A run of the sync whose reading and writing is spread."""

    def __init__(self, actor: Actor, folder: str, force: bool, spark: SparkSession, url: str,
                 parts: int | None, lock: Lock) -> None:
        super().__init__(actor, Path(folder), None, force, Silent(), lock)
        self.address, self.spark, self.url, self.parts = folder, spark, url, parts

    def _read_and_write(self) -> None:
        listed = _listed(self.spark, self.address)
        self.outcomes = {name: FileOutcome(name, "ignored") for name in _ignored(listed["name"])}
        order = _Order(self.url, self.actor, self.address, self.force, self.run_id, self.today,
                       self.settings.sync_batch_rows, self.settings.upload_limit_mb, self.known, self.accepted)
        exports = listed[listed["name"].str.lower().str.endswith(".csv")]
        log.info("%s of %s files are exports", len(exports), len(listed))
        if len(exports):
            spread = _spread(self.spark, self.address, exports, self.settings.upload_limit_mb * 1_000_000, self.parts)
            for row in spread.mapInPandas(_writer(order), OUTCOME).collect():
                values = row.asDict() | {"reason_values": json.loads(row.reason_values)}
                self.outcomes[row.name] = FileOutcome(**values)


# --- listing ------------------------------------------------------------------------------------------------------


def _files(spark: SparkSession, folder: str) -> DataFrame:
    return spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(folder)


def _listed(spark: SparkSession, folder: str) -> pd.DataFrame:
    """Return ``path``, ``length`` and ``name`` of the folder's files, but for those the sync passes over."""
    name_of = _name_under(folder)
    found = _files(spark, folder).select("path", "length").collect()
    rows = [(row.path, row.length, name) for row in found if (name := name_of(row.path)) is not None]
    rows += [("", (Path(folder) / name).stat().st_size, name) for name in _unlisted(folder, {row[2] for row in rows})]
    return pd.DataFrame(rows, columns=["path", "length", "name"])


def _unlisted(folder: str, listed: set[str | None]) -> Iterator[str]:
    """Yield the names that Spark does not list, in a folder that is one to the driver as well."""
    name_of = _name_under(folder)
    for path in Path(folder).rglob("*"):
        name = name_of(str(path))
        if name is not None and name not in listed and path.is_file():
            yield name


def _name_under(folder: str) -> Callable[[str], str | None]:
    """Return what gives a path's name relative to `folder`; None where the sync would not look."""
    root = PurePosixPath(_bare(folder))

    def name(path: str) -> str | None:
        relative = PurePosixPath(_bare(path)).relative_to(root)
        hidden = any(part.startswith((".", "__")) for part in relative.parts[:-1])
        return None if hidden or relative.name.startswith((".", "~$")) else str(relative)
    return name


def _bare(address: str) -> str:
    """Return an address without ``file:``, ``dbfs:``, ``s3a://bucket`` and the like."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?", "", address)


def _ignored(names: pd.Series) -> Iterator[str]:
    """Yield what is no export, as the sync's report has it."""
    for name in names:
        if PurePosixPath(name).suffix.lower() not in SILENT_SUFFIXES | {".csv"}:
            yield printable(name)


def _spread(spark: SparkSession, folder: str, exports: pd.DataFrame, limit: int, parts: int | None) -> DataFrame:
    """Return the exports, an artist's together and in the order of their names; too large ones without content."""
    from pyspark.sql import functions as f

    known = spark.createDataFrame(exports.assign(artist=exports["name"].map(_artist_of)),
                                  "path string, length long, name string, artist string")
    contents = _files(spark, folder).where(f.col("length") <= limit).select("path", "content")
    own = exports[(exports["path"] == "") & (exports["length"] <= limit)]
    read = [(name, bytearray((Path(folder) / name).read_bytes())) for name in own["name"]]
    handed = spark.createDataFrame(read, "name string, own binary")
    rows = known.join(contents, "path", "left").join(handed, "name", "left").select(
        "artist", "name", "length", f.coalesce("content", "own").alias("content"))
    spread = rows.repartition(parts, "artist") if parts else rows.repartition("artist")
    return spread.sortWithinPartitions("artist", "name")


def _artist_of(name: str) -> str:
    """Return by what files are kept together: the artist; a file whose name is refused stays alone."""
    try:
        return normalise(parse_name(PurePosixPath(name).name).artist)
    except FileRefused:
        return f"\0{name}"


# --- a worker's part ----------------------------------------------------------------------------------------------


def _writer(order: _Order) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what reads and writes one part and yields what became of its files."""
    def write(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        with _spark.database(order.url):
            part = _Part(order)
            for _, rows in groupby(_rows(batches), key=lambda row: row[0]):
                part.take({name: (content, size) for _, name, content, size in rows})
                if part.full:
                    part.store()
                    yield part.outcomes_so_far()
            part.store()
            yield part.outcomes_so_far()
    return write


def _rows(batches: Iterator[pd.DataFrame]) -> Iterator[tuple[str, str, bytes | None, int]]:
    for batch in batches:
        yield from zip(batch["artist"], batch["name"], batch["content"], batch["length"], strict=True)


class _Part(_Run):
    """The files of some artists, read and written as the sync does; their bytes come from Spark."""

    def __init__(self, order: _Order) -> None:
        super().__init__(order.actor, Path(order.folder), None, order.force, Silent())
        self.order, self.today, self.run_id = order, order.today, order.run_id
        self.known, self.accepted = order.known, order.accepted
        self.given: dict[str, tuple[bytes | None, int]] = {}
        self.batch: list[Group] = []

    @property
    def full(self) -> bool:
        """Whether what was read makes a transaction."""
        return sum(group.rows for group in self.batch) >= self.order.batch_rows

    def take(self, files: dict[str, tuple[bytes | None, int]]) -> None:
        """Read one artist's files, those of a song and platform together, in the order of the first one's name."""
        self.given = files
        for names in self._groups():
            group = self._read_group(names)
            if group:
                self.batch.append(group)

    def store(self) -> None:
        """Write what was read in one transaction."""
        self._write(self.batch)
        self.batch = []

    def outcomes_so_far(self) -> pd.DataFrame:
        """Return what became of the files since the last call."""
        rows = [asdict(outcome) | {"reason_values": json.dumps(outcome.reason_values, default=str)}
                for outcome in self.outcomes.values()]
        self.outcomes = {}
        return pd.DataFrame(rows, columns=[part.split()[0] for part in OUTCOME.split(",")])

    def _scan(self) -> list[str]:
        return sorted(self.given)

    def _content(self, name: str) -> tuple[bytes | None, str, int]:
        data, size = self.given[name]
        if data is None:
            return None, f"size {size}", int(size)
        return bytes(data), hashlib.sha256(data).hexdigest(), int(size)

    def _unread(self, size: int) -> FileRefused:
        return FileRefused("file.large", size_mb=round(size / 1e6), limit_mb=self.order.limit_mb)

    def _manifest_entry(self, file: Any, group: Group) -> dict[str, Any]:
        return super()._manifest_entry(file, group) | {"folder": self.order.folder}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; its last line is the run's number and totals as JSON."""
    parser = _spark.arguments(__doc__ or "")
    parser.add_argument("folder", help="exports, where all machines see them")
    parser.add_argument("--force", action="store_true", help="read unchanged files again")
    chosen = parser.parse_args(argv)
    _spark.log_progress()
    db.init_db()
    try:
        spark = _spark.session("ingest", chosen.master)
        report = ingest(spark, LOCAL_ADMINISTRATOR, chosen.folder or str(config.load().cmdata_dir), force=chosen.force,
                        parts=chosen.parts)
    finally:
        db.stop()
    _spark.told({"pipeline": "ingest", "run_id": report.run_id, "state": report.state, **report.totals})


if __name__ == "__main__":
    main()
