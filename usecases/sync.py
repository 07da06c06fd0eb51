"""Sync: the files of a folder into the database, whole files at a time, every line accounted for.

A folder is scanned, files of one song and platform are taken together, and their series are written in batches: one
transaction holds whole files only. Reading the next batch and writing the last one overlap. Derived growth follows in
transactions of its own; if the process dies in between, the next run makes up for it (`artists.growth_stale`).
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection

import config
import db
from accounts import Actor, require
from data_processing import (
    BY_KEY,
    LEFT_OUT_OF_MEANS,
    READER,
    build,
    combine,
    display_name,
    normalise,
    parse_name,
    printable,
    read_file,
)
from ingest.dates import to_date, to_number
from queries import growth as growth_queries
from queries import people
from queries import sync as queries
from support.errors import AppError, Busy, Cancelled, FileRefused, state_after
from usecases import locks
from usecases.groups import (
    File,
    Group,
    attach_findings,
    columns,
    covers,
    known_kind,
    part_of,
    refuse_mixed_kinds,
    rejected_lines,
    series_row,
    stored_part,
)
from usecases.results import FileOutcome, SyncReport

log = logging.getLogger(__name__)
DERIVE_AT_ONCE = 200
"""Artists whose growth is derived in one transaction."""
SILENT_SUFFIXES = {".md", ".py", ".pyc", ".toml", ".json", ""}
"""Files beside the exports that are nobody's data."""


class Progress(Protocol):
    """How a run tells how far it is and asks whether to stop (see `support.jobs.Progress`)."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is."""

    def check(self) -> None:
        """Raise `Cancelled` if the work is to stop."""


class Silent:
    """Progress nobody looks at."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Do nothing."""

    def check(self) -> None:
        """Never stop."""


def today_number() -> int:
    """Return the latest calendar day anywhere on earth, as a day number: an export made there is not of the future."""
    return to_number((datetime.now(UTC) + timedelta(hours=14)).date())


def sync(actor: Actor, folder: Path | None = None, *, names: Sequence[str] | None = None, force: bool = False,
         progress: Progress | None = None) -> SyncReport:
    """Bring the database up to the files of a folder.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``sync``.
    folder : Path, optional
        By default the configured ``cmdata`` folder; a single file is taken as itself.
    names : sequence of str, optional
        Only these files, by their name relative to the folder.
    force : bool
        Read files again whose content has not changed (not those whose artist was deleted).
    progress : Progress, optional

    Raises
    ------
    NotAllowed, Busy, Cancelled, DatabaseUnavailable
        `Busy` after `Settings.sync_wait_s` if another sync holds the lock. What was read up to then is kept.
    """
    require(actor, "sync")
    folder = folder or config.load().cmdata_dir
    if folder.is_file():
        folder, names = folder.parent, [folder.name]
    if not folder.is_dir():
        raise AppError("folder_missing", path=str(folder))
    with exclusive() as lock:
        return _Run(actor, folder, names, force, progress or Silent(), lock).run()


@contextmanager
def exclusive(wait_s: float | None = None) -> Iterator[locks.Lock]:
    """Hold the lock of everything that writes readings.

    Raises
    ------
    Busy
        If it is not free within `wait_s` seconds.
    DatabaseUnavailable
    """
    wait_s = config.load().sync_wait_s if wait_s is None else wait_s
    with locks.hold(queries.try_lock, queries.unlock, _busy, wait_s) as lock:
        yield lock


def _busy(connection: Connection) -> Busy:
    return Busy("sync_busy", since=queries.running_since(connection) or "?")


class _Run:
    """One run over one folder."""

    def __init__(self, actor: Actor, folder: Path, names: Sequence[str] | None, force: bool,
                 progress: Progress, lock: locks.Lock | None = None) -> None:
        self.actor, self.folder, self.force, self.progress, self.lock = actor, folder, force, progress, lock
        self.names = None if names is None else set(map(printable, names))
        self.settings = config.load()
        self.today = today_number()
        self.outcomes: dict[str, FileOutcome] = {}
        self.known: dict[str, dict[str, Any]] = {}
        self.accepted: dict[tuple[int, int], set[date]] = {}
        self.run_id = 0

    def run(self) -> SyncReport:
        with db.begin() as connection:
            self.run_id = queries.start_run(connection, str(self.folder), self.actor.id, self.force)
            people.record_act(connection, self.actor.id, "sync", str(self.folder), run=self.run_id, forced=self.force)
            self.known = queries.manifest(connection)
        for entry in self.known.values():
            if entry["accepted_days"]:
                self.accepted.setdefault((entry["song_id"], entry["platform"]), set()).update(entry["accepted_days"])
        try:
            self._read_and_write()
            self.derive()
        except Cancelled as error:
            self._finish(state_after(error), str(error))
            raise
        except Exception as error:
            log.exception("sync run %s failed", self.run_id)
            self._finish("failed", f"{type(error).__name__}: {error}")
            raise
        return self._finish("done", None)

    def _finish(self, state: str, error: str | None) -> SyncReport:
        files = tuple(self.outcomes[name] for name in sorted(self.outcomes))
        totals = _totals(files)
        with db.begin() as connection:
            started, finished = queries.finish_run(connection, self.run_id, state, totals, error)
        return SyncReport(self.run_id, state, started, finished, files, totals)

    # --- reading ---

    def _read_and_write(self) -> None:
        """Read groups and hand them to the writer in batches; one batch is read while the last is written."""
        groups = self._groups()
        total, done = sum(map(len, groups)), 0
        batch: list[Group] = []
        rows = 0
        pending: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="sync-writer") as writer:
            try:
                for names in groups:
                    self.progress.check()
                    self.progress.report(done, total, names[-1])
                    group = self._read_group(names)
                    done += len(names)
                    if group:
                        batch.append(group)
                        rows += group.rows
                    if rows >= self.settings.sync_batch_rows:
                        pending = self._hand_over(writer, pending, batch)
                        batch, rows = [], 0
            finally:
                self._hand_over(writer, pending, batch).result()
        self.progress.report(total, total)

    def _hand_over(self, writer: ThreadPoolExecutor, pending: Future[None] | None, batch: list[Group],
                   ) -> Future[None]:
        if pending is not None:
            pending.result()
        self._keep_lock()
        return writer.submit(self._write, batch)

    def _keep_lock(self) -> None:
        if self.lock is not None:  # else another process holds it for this one
            self.lock.keep()

    def _groups(self) -> list[list[str]]:
        """Return the names of files, those of one song and platform together, in the order of their names."""
        groups: dict[Any, list[str]] = {}
        for name in self._scan():
            if Path(name).suffix.lower() != ".csv":
                if Path(name).suffix.lower() not in SILENT_SUFFIXES:
                    self.outcomes[printable(name)] = FileOutcome(printable(name), "ignored")
                continue
            try:
                parsed = parse_name(Path(name).name)
                key: Any = (normalise(parsed.artist), normalise(parsed.song), parsed.platform)
            except FileRefused:
                key = name
            groups.setdefault(key, []).append(name)
        return [names for names in groups.values() if self.names is None or self.names & set(map(printable, names))]

    def _scan(self) -> list[str]:
        found = []
        for root, folders, files in os.walk(self.folder):
            folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__")))
            base = Path(root).relative_to(self.folder)
            found += [str(base / file) for file in files if not file.startswith((".", "~$"))]
        return sorted(found)

    def _read_group(self, names: list[str]) -> Group | None:
        """Read all files of a group, or none of them if none has changed."""
        contents = {name: self._content(name) for name in names}
        if not any(self._wanted(name, contents[name][1]) for name in names):
            for name in names:
                self._skip(printable(name))
            return None
        group = Group([self._read(name, *contents[name]) for name in names
                        if not self._deleted(name, contents[name][1])])
        for name in names:
            if self._deleted(name, contents[name][1]):
                self._skip(printable(name))
        refuse_mixed_kinds(group.files)
        return group

    def _content(self, name: str) -> tuple[bytes | None, str, int]:
        """Return bytes, digest and size; no bytes for a file that is too large or whose name is refused."""
        path = self.folder / name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, "not a file")
            size = status.st_size
            if size > self.settings.upload_limit_mb * 1_000_000:
                return None, f"size {size}", size
            data = path.read_bytes()
        except OSError as error:
            log.warning("%s: %s", name, error)
            return None, f"unreadable {error.errno}", -1
        return data, hashlib.sha256(data).hexdigest(), size

    def _entry(self, name: str) -> dict[str, Any]:
        return self.known.get(printable(name), {})

    def _deleted(self, name: str, sha256: str) -> bool:
        entry = self._entry(name)
        return bool(entry) and entry["state"] == "deleted" and entry["sha256"] == sha256

    def _wanted(self, name: str, sha256: str) -> bool:
        entry = self._entry(name)
        if not entry:
            return True
        if self._deleted(name, sha256):
            return False
        recheck = entry["recheck_on"]
        return (self.force or entry["sha256"] != sha256 or entry["reader"] != READER
                or (recheck is not None and to_number(recheck) <= self.today))

    def _skip(self, name: str) -> None:
        entry = self.known[name]
        outcome = {"deleted": "deleted", "refused": "refused"}.get(entry["state"], "skipped")
        self.outcomes[name] = FileOutcome(name, outcome, entry["lines_read"], entry["accepted"], entry["rejected"],
                                          entry["repeated"], 0, entry["reason"], entry["reason_values"])

    def _read(self, name: str, data: bytes | None, sha256: str, size: int) -> File:
        entry = self._entry(name)
        file = File(printable(name), None, max(size, 0), sha256, accepted_days=entry.get("accepted_days") or ())
        try:
            file.parsed = parse_name(Path(name).name)
            if data is None:
                raise self._unread(size)
            if not data:
                raise FileRefused("file.empty")
            file.readings = read_file(data, kind=known_kind(entry), date_order=entry.get("date_order_option"))
            file.refusal = file.readings.refusal()
        except FileRefused as refusal:
            file.refusal = refusal
        return file

    def _unread(self, size: int) -> FileRefused:
        if size < 0:
            return FileRefused("file.unreadable")
        return FileRefused("file.large", size_mb=round(size / 1e6), limit_mb=self.settings.upload_limit_mb)

    # --- writing ---

    def _write(self, groups: list[Group]) -> None:
        """Write one batch in one transaction."""
        if not groups:
            return
        with db.begin() as connection:
            usable = [group for group in groups if group.usable]
            self._identify(connection, usable)
            ids = queries.file_ids(connection, [file.name for group in groups for file in group.files], self.run_id)
            self._complete(connection, usable, ids)
            written = queries.put_readings(connection, columns(usable), [
                (group.song_id, group.platform) for group in usable if group.grown]) if usable else {}
            queries.put_series(connection, [series_row(group, self.today) for group in usable])
            entries = {file.name: self._manifest_entry(file, group) for group in groups for file in group.files}
            queries.put_files(connection, list(entries.values()))
            queries.put_rejected(connection, list(ids.values()), rejected_lines(groups, ids))
            if written:
                queries.mark_stale(connection, [song for song, _ in written])
                queries.put_changes(connection, self.run_id, _by_song(written))
        for group in groups:
            self._note_outcomes(group, written)

    def _identify(self, connection: Connection, groups: list[Group]) -> None:
        artists = queries.put_artists(connection, [
            (normalise(group.parsed.artist), group.parsed.artist, display_name(group.parsed.artist))
            for group in groups])
        keys = [(artists[normalise(group.parsed.artist)], normalise(group.parsed.song)) for group in groups]
        titles = [(group.parsed.song, display_name(group.parsed.song)) for group in groups]
        songs = queries.put_songs(connection, [(*key, *title) for key, title in zip(keys, titles, strict=True)])
        for key, group in zip(keys, groups, strict=True):
            group.song_id = songs[key]

    def _complete(self, connection: Connection, groups: list[Group], ids: dict[str, int]) -> None:
        """Join each group's files with the days only the database knows, and audit the whole series."""
        songs = [group.song_id for group in groups]
        known = queries.known_series(connection, songs) if groups else {}
        stored = queries.day_sets(connection, sorted({song for song, _ in known})) if known else {}
        for group in groups:
            parts = [part_of(file.readings, ids[file.name]) for file in group.usable if file.readings]
            key = (group.song_id, group.platform)
            if known.get(key, group.kind) != group.kind:
                queries.drop_series(connection, *key)
            elif key in stored and not covers(combine(parts).days, stored[key]):
                parts.insert(0, stored_part(connection, group))
            group.part = combine(parts)
            group.grown = key not in stored or known.get(key) != group.kind or len(group.part.days) > stored[key][2]
            group.series = build(group.part.days, group.part.values, group.kind, reported=group.part.reported,
                                 accepted=self._accepted_days(group), today=self.today)
            for file in group.usable:
                attach_findings(file, group.series)

    def _accepted_days(self, group: Group) -> list[date]:
        """Return the days accepted for a series, also with files of it that are no longer in the folder."""
        here = {day for file in group.files for day in file.accepted_days}
        return sorted(here | self.accepted.get((group.song_id, group.platform), set()))

    def _manifest_entry(self, file: File, group: Group) -> dict[str, Any]:
        readings, parsed = file.readings, file.parsed
        days = readings.days if readings is not None else np.empty(0)
        return {
            "name": file.name, "folder": str(self.folder), "sha256": file.sha256, "reader": READER,
            "size_bytes": file.size, "state": "imported" if file.usable else "refused",
            "song_id": group.song_id or None, "platform": BY_KEY[parsed.platform].id if parsed else None,
            "reason": file.refusal.code if file.refusal else None,
            "reason_values": file.refusal.values if file.refusal else {},
            "encoding": readings.encoding if readings else None, "separator": readings.separator if readings else None,
            "date_format": readings.date_format if readings else None, "kind": readings.kind if readings else None,
            "lines_read": readings.lines_read if readings else 0,
            "accepted": readings.accepted if readings else 0, "rejected": readings.rejected if readings else 0,
            "repeated": readings.repeated if readings else 0,
            "first_day": to_date(days[0]) if len(days) else None,
            "last_day": to_date(days[-1]) if len(days) else None,
            "audit": file.findings, "recheck_on": file.recheck, "run_id": self.run_id,
        }

    def _note_outcomes(self, group: Group, written: dict[tuple[int, int], int]) -> None:
        changed = written.get((group.song_id, group.platform), 0) if group.usable else 0
        flagged = int((group.series.audited.flags != 0).sum()) if group.series else 0
        for file in group.files:
            readings = file.readings
            outcome = "refused" if not file.usable else "imported" if changed else "unchanged"
            self.outcomes[file.name] = FileOutcome(
                file.name, outcome, readings.lines_read if readings else 0, readings.accepted if readings else 0,
                readings.rejected if readings else 0, readings.repeated if readings else 0,
                flagged if file.usable else 0, file.refusal.code if file.refusal else None,
                file.refusal.values if file.refusal else {})

    def derive(self) -> None:
        """Derive the daily growth of every artist whose readings have changed."""
        with db.begin() as connection:
            stale = growth_queries.stale_artists(connection)
        for start in range(0, len(stale), DERIVE_AT_ONCE):
            self.progress.check()
            self._keep_lock()
            with db.begin() as connection:
                growth_queries.derive_growth(connection, stale[start:start + DERIVE_AT_ONCE], LEFT_OUT_OF_MEANS)


def _by_song(written: dict[tuple[int, int], int]) -> dict[int, int]:
    rows: dict[int, int] = {}
    for (song, _), count in written.items():
        rows[song] = rows.get(song, 0) + count
    return rows


def _totals(files: Sequence[FileOutcome]) -> dict[str, int]:
    totals = {"files": len(files)}
    for outcome in ("imported", "unchanged", "skipped", "refused", "deleted", "ignored"):
        totals[outcome] = sum(file.outcome == outcome for file in files)
    for name in ("lines_read", "accepted", "rejected", "repeated", "flagged"):
        totals[name] = sum(getattr(file, name) for file in files)
    return totals


def report_as_dict(report: SyncReport, most: int = 2000) -> dict[str, Any]:
    """Return a report as a job's result: refused and imported files first, at most `most` of them."""
    rank = {"refused": 0, "imported": 1, "unchanged": 2, "deleted": 3, "ignored": 4, "skipped": 5}
    files = sorted(report.files, key=lambda file: (rank[file.outcome], file.name))
    return {"run_id": report.run_id, "state": report.state, "totals": report.totals,
            "files": [asdict(file) for file in files[:most]]}
