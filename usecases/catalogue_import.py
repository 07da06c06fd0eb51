"""Song lists into the catalogue: read, embed, store, batch by batch, so that what is cut short goes on there."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import db
from accounts import Actor, require
from data_processing import CATALOGUE_READER, CatalogueBatch, CatalogueFile, CatalogueRow, fold, open_catalogue
from moods.meaning import Space, space
from moods.vocabulary import vocabulary, words_of
from queries import catalogue as queries
from queries import people
from support.errors import Busy, state_after
from usecases import locks
from usecases.catalogue_results import CatalogueRefusal, ImportReport
from usecases.mood_search import make_nearest_index
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
STARTER = config.ROOT / "catalogue" / "songs.csv"
KEPT_REFUSALS = 200
KEPT_UNKNOWN = 100
MOST_UNKNOWN = 20_000
"""Different unknown texts counted at a time; beyond that the rarer ones are dropped: free text has no end."""
MOST_VECTORS = 50_000
"""Vectors of tag combinations kept during an import (77 MB), so that each is made once."""
_COUNTS = ("rows_read", "added", "changed", "unchanged", "edited", "untagged", "repeated", "refused")


def import_catalogue(actor: Actor, path: Path, *, name: str | None = None,
                     progress: Progress | None = None) -> ImportReport:
    """Bring the catalogue up to a CSV or Parquet file of songs; nothing is removed.

    An import of the same content that was cut short goes on after the last batch that was stored.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``import``.
    path : Path
    name : str, optional
        Of the file, as shown; by default that of the path.
    progress : Progress, optional

    Raises
    ------
    NotAllowed, FileRefused, Busy, Cancelled, AppError
        What was stored up to then is kept.
    """
    require(actor, "import")
    file = open_catalogue(path)
    with exclusive() as lock:
        report = _Import(actor, file, name or path.name, progress or Silent(), lock).run()
    make_nearest_index()
    return report


@contextmanager
def exclusive() -> Iterator[locks.Lock]:
    """Hold the lock of importing.

    Raises
    ------
    Busy, DatabaseUnavailable
    """
    with locks.hold(queries.try_lock, queries.unlock, lambda _: Busy("catalogue.busy")) as lock:
        yield lock


def report_of(row: Mapping[str, Any], *, resumable: bool = False) -> ImportReport:
    """Return a row of the log (`queries.catalogue.imports`) as pages know it."""
    values = {each.name: row[each.name] for each in fields(ImportReport) if each.name in row}
    refusals = tuple(CatalogueRefusal(**each) for each in row["refusals"])
    return ImportReport(**{"actor": None, **values, "refusals": refusals, "resumable": resumable})


class _Import:
    """One run over one file."""

    def __init__(self, actor: Actor, file: CatalogueFile, name: str, progress: Progress,
                 lock: locks.Lock | None = None) -> None:
        self.actor, self.file, self.name, self.progress, self.lock = actor, file, name, progress, lock
        self.space = space()
        self.vectors = _Vectors(self.space)
        self.counts: dict[str, int] = {}
        self.unknown: Counter[str] = Counter()
        self.refusals: list[dict[str, Any]] = []

    def run(self) -> ImportReport:
        with db.begin() as connection:
            row = queries.start_import(connection, self.name, self.file.sha256, CATALOGUE_READER, self.actor.id)
            people.record_act(connection, self.actor.id, "import_catalogue", self.name, run=row["id"],
                              resumed_at=row["rows_read"])
        self.counts = {name: row[name] for name in _COUNTS}
        self.unknown.update(row["unknown_tags"])
        self.refusals = list(row["refusals"])
        try:
            self._read(row["id"])
        except Exception as error:
            state = state_after(error)
            log.info("Import %s of %s %s after %s rows", row["id"], self.name, state, self.counts["rows_read"])
            self._finish(row["id"], state)
            raise
        return self._finish(row["id"], "done")

    def _read(self, import_id: int) -> None:
        total = max(self.file.rows, self.counts["rows_read"])
        self._report(total)
        for batch in self.file.batches(skip=self.counts["rows_read"]):
            self.progress.check()
            self._keep_lock()
            self._store(import_id, batch)
            self._report(max(total, self.counts["rows_read"]))
        self._report(self.counts["rows_read"])

    def _keep_lock(self) -> None:
        if self.lock is not None:
            self.lock.keep()

    def _report(self, total: int) -> None:
        self.progress.report(self.counts["rows_read"], total, self.name)

    def _finish(self, import_id: int, state: str) -> ImportReport:
        with db.begin() as connection:
            return report_of(queries.finish_import(connection, import_id, state))

    def _store(self, import_id: int, batch: CatalogueBatch) -> None:
        """Store a batch and what became of its rows in one transaction."""
        with db.begin() as connection:
            put = self._put(connection, batch.rows) if batch.rows else {}
            counts = Counter(self.counts) + Counter(put) + Counter({
                "rows_read": batch.read, "untagged": batch.untagged, "repeated": batch.repeated,
                "refused": len(batch.refused)})
            unknown = _fewer(self.unknown + batch.unknown)
            refusals = [*self.refusals, *map(asdict, batch.refused)][:KEPT_REFUSALS]
            queries.put_counts(connection, import_id, counts, dict(unknown.most_common(KEPT_UNKNOWN)), refusals)
        self.counts = {name: counts[name] for name in _COUNTS}
        self.unknown, self.refusals = unknown, refusals

    def _put(self, connection: Any, rows: Sequence[CatalogueRow]) -> dict[str, int]:
        masks = list(dict.fromkeys(row.mask for row in rows))
        places = {mask: place for place, mask in enumerate(masks)}
        tags = [vocabulary().sort(vocabulary().unmask(mask)) for mask in masks]
        return queries.put_entries(connection, [staged(row) for row in rows], [places[row.mask] for row in rows], tags,
                                   self.vectors.of(masks), key=self.space.key, source=self.name)


class _Vectors:
    """Vectors of tag combinations, each made once as long as there is room."""

    def __init__(self, made_by: Space) -> None:
        self._space = made_by
        self._known: dict[int, NDArray[np.float32]] = {}

    def of(self, masks: Sequence[int]) -> NDArray[np.float32]:
        """Return one unit vector a combination, shape (n, width)."""
        if len(self._known) + len(masks) > MOST_VECTORS:
            self._known.clear()
        new = [mask for mask in masks if mask not in self._known]
        self._known.update(zip(new, self._space.songs(words_of(new)), strict=True))
        return np.stack([self._known[mask] for mask in masks])


def _fewer(unknown: Counter[str]) -> Counter[str]:
    return unknown if len(unknown) <= MOST_UNKNOWN else Counter(dict(unknown.most_common(MOST_UNKNOWN // 2)))


def staged(row: CatalogueRow) -> dict[str, Any]:
    """Return a row as `queries.catalogue.put_entries` takes it."""
    names = "\n".join((row.artist, row.title, row.album, f"{row.norm_artist} {row.norm_title}"))
    return {"norm_artist": row.norm_artist, "artist": row.artist, "norm_title": row.norm_title, "title": row.title,
            "genre": row.genre, "album": row.album, "year": row.year, "language": row.language,
            "haystack": fold(names)}
