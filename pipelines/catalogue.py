"""A list of songs into the catalogue on Spark: what `usecases.catalogue_import` does, tagged and embedded in parallel.

Every part reads the list, which costs little, and tags its own blocks of rows, which costs much; each combination of
tags is embedded once, wherever it stands. Rows come back in the order of the list and are stored by the import's own
code, a batch a transaction: the catalogue's lock lets one transaction write at a time, so storing is not spread. What
is stored, counted and refused is what an import on one machine stores, counts and refuses; one that was cut short goes
on where it stopped, whichever way.

The list is opened by its path on every machine: a shared folder, a volume.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import db
from accounts import LOCAL_ADMINISTRATOR, Actor, require
from data_processing import CatalogueBatch, CatalogueFile, CatalogueRow, RefusedRow, open_catalogue
from ingest.catalogue import BATCH_ROWS, Cells, _csv_rows, _key, _parquet_rows, _row
from moods.meaning import space
from moods.vocabulary import words_of
from pipelines import _spark
from usecases.catalogue_import import _Import, _Vectors, exclusive
from usecases.catalogue_results import ImportReport
from usecases.locks import Lock
from usecases.mood_search import make_nearest_index
from usecases.sync import Progress, Silent

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
BLOCK = 20_000
"""Rows that one part tags before it passes over those of the others."""
MOST_VECTORS = 200_000
"""Vectors of tag combinations brought to the driver (0.3 GB); those of rarer ones it makes again."""
TAGGED = """number long, line long, state string, key binary, artist string, title string, album string, year int,
    genre string, language string, mask string, norm_artist string, norm_title string, code string, details string,
    unknown string"""
"""Schema of a tagged row: ``state`` is ``row``, ``untagged`` or ``refused``; ``mask`` is hexadecimal."""
COLUMNS = [part.split()[0] for part in TAGGED.split(",")]
EMBEDDED = "mask string, vector binary"


def import_catalogue(spark: SparkSession, actor: Actor, path: Path, *, name: str | None = None,
                     parts: int | None = None, progress: Progress | None = None) -> ImportReport:
    """Bring the catalogue up to a CSV or Parquet file of songs; nothing is removed.

    Parameters
    ----------
    spark : SparkSession
    actor : Actor
        Needs the right to ``import``.
    path : Path
        The list, under the same path on all machines.
    name : str, optional
        Of the file, as shown; by default that of the path.
    parts : int, optional
        Parts at the same time; by default one for each of the session's shuffle partitions.
    progress : Progress, optional

    Raises
    ------
    NotAllowed, FileRefused, Busy, Cancelled, AppError
        What was stored up to then is kept.
    """
    require(actor, "import")
    file = open_catalogue(path)
    with exclusive() as lock:
        report = _OnSpark(spark, actor, file, name or path.name, progress or Silent(), parts, lock).run()
    make_nearest_index()
    return report


class _OnSpark(_Import):
    """An import whose rows come tagged and whose vectors come made."""

    def __init__(self, spark: SparkSession, actor: Actor, file: CatalogueFile, name: str, progress: Progress,
                 parts: int | None, lock: Lock) -> None:
        super().__init__(actor, file, name, progress, lock)
        self.spark, self.parts = spark, parts

    def _read(self, import_id: int) -> None:
        rows = in_order(tagged(self.spark, self.file.path, self.parts)).persist()
        try:
            fresh = rows.where(f"number > {self.counts['rows_read']}")
            self.vectors = _Made(self.space, embedded(fresh))
            total = max(self.file.rows, self.counts["rows_read"])
            self._report(total)
            for batch in _batches(fresh.orderBy("number").toLocalIterator(prefetchPartitions=True)):
                self.progress.check()
                self._keep_lock()
                self._store(import_id, batch)
                self._report(max(total, self.counts["rows_read"]))
            self._report(self.counts["rows_read"])
        finally:
            rows.unpersist()


class _Made(_Vectors):
    """Vectors made by Spark; one that was not brought along is made here."""

    def __init__(self, made_by: Any, known: dict[int, NDArray[np.float32]]) -> None:
        super().__init__(made_by)
        self._brought = known

    def of(self, masks: Sequence[int]) -> NDArray[np.float32]:
        """Return one unit vector a combination, shape (n, width)."""
        rest = [mask for mask in masks if mask not in self._brought]
        made = dict(zip(rest, super().of(rest), strict=True)) if rest else {}
        return np.stack([self._brought[mask] if mask in self._brought else made[mask] for mask in masks])


# --- tagging ------------------------------------------------------------------------------------------------------


def tagged(spark: SparkSession, path: Path, parts: int | None = None) -> DataFrame:
    """Return the rows of a list as `ingest.catalogue` reads them, tagged where they are (`TAGGED`)."""
    count = parts or int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    return spark.range(count, numPartitions=count).mapInPandas(_tagger(str(path), count), TAGGED)


def _tagger(path: str, count: int) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what tags the blocks of a list that fall to a part, told by its number."""
    def tag(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in (number for frame in parts for number in frame["id"]):
            file, found = open_catalogue(Path(path)), []
            for number, (line, cells) in enumerate(_csv_rows(file) if file.kind == "csv" else _parquet_rows(file), 1):
                if (number - 1) // BLOCK % count == part:
                    found.append(_tagged(number, line, cells))
                if len(found) == BATCH_ROWS:
                    yield pd.DataFrame(found, columns=COLUMNS)
                    found = []
            yield pd.DataFrame(found, columns=COLUMNS)
    return tag


def _tagged(number: int, line: int, cells: Cells | RefusedRow) -> tuple[Any, ...]:
    unknown: Counter[str] = Counter()
    row = cells if isinstance(cells, RefusedRow) else _row(line, cells, unknown)
    others = json.dumps(unknown, ensure_ascii=False) if unknown else ""
    if isinstance(row, RefusedRow):
        why = json.dumps(row.values, ensure_ascii=False, default=str)
        return number, row.line, "refused", None, *[None] * 9, row.code, why, others
    if not row.mask:
        return number, line, "untagged", None, *[None] * 9, None, None, others
    return (number, line, "row", _key(row), row.artist, row.title, row.album, row.year, row.genre, row.language,
            f"{row.mask:x}", row.norm_artist, row.norm_title, None, None, others)


def in_order(rows: DataFrame) -> DataFrame:
    """Return tagged rows, those that were there before (the same artist, title and genre) marked ``repeated``."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    place = f.row_number().over(Window.partitionBy("key").orderBy("number"))
    songs = rows.where("state = 'row'").withColumn("state", f.when(place == 1, "row").otherwise("repeated"))
    return songs.unionByName(rows.where("state <> 'row'"))


def embedded(rows: DataFrame) -> dict[int, NDArray[np.float32]]:
    """Return the vector of every combination of tags, each made once; the first `MOST_VECTORS` of them."""
    masks = rows.where("state = 'row'").select("mask").distinct()
    found = masks.mapInPandas(_embed, EMBEDDED).limit(MOST_VECTORS).collect()
    return {int(row.mask, 16): np.frombuffer(row.vector, np.float32) for row in found}


def _embed(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for batch in batches:
        vectors = space().songs(words_of([int(mask, 16) for mask in batch["mask"]]))
        yield pd.DataFrame({"mask": batch["mask"], "vector": [vector.tobytes() for vector in vectors]})


def _batches(rows: Iterator[Any]) -> Iterator[CatalogueBatch]:
    """Yield rows in the batches an import stores, each row where it belongs."""
    batch = CatalogueBatch()
    for row in rows:
        batch.unknown.update(json.loads(row.unknown) if row.unknown else {})
        if row.state == "row":
            batch.rows.append(CatalogueRow(row.line, row.artist, row.title, row.album, row.year, row.genre,
                                           row.language, int(row.mask, 16), row.norm_artist, row.norm_title))
        elif row.state == "refused":
            batch.refused.append(RefusedRow(row.line, row.code, json.loads(row.details)))
        elif row.state == "repeated":
            batch.repeated += 1
        else:
            batch.untagged += 1
        if batch.read >= BATCH_ROWS:
            yield batch
            batch = CatalogueBatch()
    if batch.read:
        yield batch


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; its last line is what became of the rows, as JSON."""
    parser = _spark.arguments(__doc__ or "")
    parser.add_argument("file", type=Path, help="CSV or Parquet: title, artist, genre, tags")
    chosen = parser.parse_args(argv)
    _spark.log_progress()
    db.init_db()
    try:
        spark = _spark.session("catalogue", chosen.master)
        report = import_catalogue(spark, LOCAL_ADMINISTRATOR, chosen.file, parts=chosen.parts)
    finally:
        db.stop()
    counts = {name: getattr(report, name) for name in (
        "rows_read", "added", "changed", "unchanged", "edited", "untagged", "repeated", "refused")}
    _spark.told({"pipeline": "catalogue", "id": report.id, "state": report.state, **counts})


if __name__ == "__main__":
    main()
