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
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
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
    LEFT_OUT_OF_TOTALS,
    READER,
    FileName,
    Flag,
    Part,
    Readings,
    Series,
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
from support.errors import AppError, Busy, Cancelled, FileRefused
from usecases.results import FileOutcome, SyncReport

log = logging.getLogger(__name__)
DERIVE_AT_ONCE = 200
"""Artists whose growth is derived in one transaction."""
ENOUGH_FOR_KIND = 14
"""Readings from which the kind found for a file is kept, so that an odd later export cannot turn a series over."""
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


@dataclass(slots=True)
class _File:
    """One file of a group: what was read, or why not."""

    name: str
    parsed: FileName | None
    size: int = 0
    sha256: str = ""
    readings: Readings | None = None
    refusal: FileRefused | None = None
    accepted_days: Sequence[date] = ()
    findings: dict[str, Any] = field(default_factory=dict)
    recheck: date | None = None

    @property
    def usable(self) -> bool:
        return self.readings is not None and self.refusal is None


@dataclass(slots=True)
class _Group:
    """All files of one song and platform; or one file that was refused by its name."""

    files: list[_File]
    song_id: int = 0
    series: Series | None = None
    part: Part | None = None

    @property
    def parsed(self) -> FileName:
        parsed = self.files[0].parsed
        assert parsed is not None
        return parsed

    @property
    def usable(self) -> list[_File]:
        return [file for file in self.files if file.usable]

    @property
    def kind(self) -> str:
        readings = self.usable[0].readings
        assert readings is not None
        return readings.kind

    @property
    def platform(self) -> int:
        return BY_KEY[self.parsed.platform].id

    @property
    def rows(self) -> int:
        return sum(file.readings.accepted for file in self.usable if file.readings)


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
    with exclusive():
        return _Run(actor, folder, names, force, progress or Silent()).run()


@contextmanager
def exclusive(wait_s: float | None = None) -> Iterator[None]:
    """Hold the lock of everything that writes readings.

    Raises
    ------
    Busy
        If it is not free within `wait_s` seconds.
    """
    deadline = time.monotonic() + (config.load().sync_wait_s if wait_s is None else wait_s)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not queries.try_lock(connection):
            if time.monotonic() > deadline:
                raise Busy("sync_busy", since=queries.running_since(connection) or "?")
            time.sleep(0.1)
        try:
            yield
        finally:
            queries.unlock(connection)


class _Run:
    """One run over one folder."""

    def __init__(self, actor: Actor, folder: Path, names: Sequence[str] | None, force: bool,
                 progress: Progress) -> None:
        self.actor, self.folder, self.force, self.progress = actor, folder, force, progress
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
            self._finish("cancelled", str(error))
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
        batch: list[_Group] = []
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

    def _hand_over(self, writer: ThreadPoolExecutor, pending: Future[None] | None, batch: list[_Group],
                   ) -> Future[None]:
        if pending is not None:
            pending.result()
        return writer.submit(self._write, batch)

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

    def _read_group(self, names: list[str]) -> _Group | None:
        """Read all files of a group, or none of them if none has changed."""
        contents = {name: self._content(name) for name in names}
        if not any(self._wanted(name, contents[name][1]) for name in names):
            for name in names:
                self._skip(printable(name))
            return None
        group = _Group([self._read(name, *contents[name]) for name in names
                        if not self._deleted(name, contents[name][1])])
        for name in names:
            if self._deleted(name, contents[name][1]):
                self._skip(printable(name))
        _refuse_mixed_kinds(group.files)
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

    def _read(self, name: str, data: bytes | None, sha256: str, size: int) -> _File:
        entry = self._entry(name)
        file = _File(printable(name), None, max(size, 0), sha256, accepted_days=entry.get("accepted_days") or ())
        try:
            file.parsed = parse_name(Path(name).name)
            if data is None:
                raise self._unread(size)
            if not data:
                raise FileRefused("file.empty")
            file.readings = read_file(data, kind=_kind(entry), date_order=entry.get("date_order_option"))
            file.refusal = file.readings.refusal()
        except FileRefused as refusal:
            file.refusal = refusal
        return file

    def _unread(self, size: int) -> FileRefused:
        if size < 0:
            return FileRefused("file.unreadable")
        return FileRefused("file.large", size_mb=round(size / 1e6), limit_mb=self.settings.upload_limit_mb)

    # --- writing ---

    def _write(self, groups: list[_Group]) -> None:
        """Write one batch in one transaction."""
        if not groups:
            return
        with db.begin() as connection:
            usable = [group for group in groups if group.usable]
            self._identify(connection, usable)
            ids = queries.file_ids(connection, [file.name for group in groups for file in group.files], self.run_id)
            self._complete(connection, usable, ids)
            written = queries.put_readings(connection, _columns(usable)) if usable else {}
            queries.put_series(connection, [_series_row(group, self.today) for group in usable])
            entries = {file.name: self._manifest_entry(file, group) for group in groups for file in group.files}
            queries.put_files(connection, list(entries.values()))
            queries.put_rejected(connection, list(ids.values()), _rejected(groups, ids))
            if written:
                queries.mark_stale(connection, [song for song, _ in written])
                queries.put_changes(connection, self.run_id, _by_song(written))
        for group in groups:
            self._note_outcomes(group, written)

    def _identify(self, connection: Connection, groups: list[_Group]) -> None:
        artists = queries.put_artists(connection, [
            (normalise(group.parsed.artist), group.parsed.artist, display_name(group.parsed.artist))
            for group in groups])
        keys = [(artists[normalise(group.parsed.artist)], normalise(group.parsed.song)) for group in groups]
        titles = [(group.parsed.song, display_name(group.parsed.song)) for group in groups]
        songs = queries.put_songs(connection, [(*key, *title) for key, title in zip(keys, titles, strict=True)])
        for key, group in zip(keys, groups, strict=True):
            group.song_id = songs[key]

    def _complete(self, connection: Connection, groups: list[_Group], ids: dict[str, int]) -> None:
        """Join each group's files with the days only the database knows, and audit the whole series."""
        songs = [group.song_id for group in groups]
        known = queries.known_series(connection, songs) if groups else {}
        stored = queries.day_sets(connection, sorted({song for song, _ in known})) if known else {}
        for group in groups:
            parts = [_part(file.readings, ids[file.name]) for file in group.usable if file.readings]
            key = (group.song_id, group.platform)
            if known.get(key, group.kind) != group.kind:
                queries.drop_series(connection, *key)
            elif key in stored and not _covers(combine(parts).days, stored[key]):
                parts.insert(0, _stored_part(connection, group))
            group.part = combine(parts)
            group.series = build(group.part.days, group.part.values, group.kind, reported=group.part.reported,
                                 accepted=self._accepted_days(group), today=self.today)
            for file in group.usable:
                _attach_findings(file, group.series)

    def _accepted_days(self, group: _Group) -> list[date]:
        """Return the days accepted for a series, also with files of it that are no longer in the folder."""
        here = {day for file in group.files for day in file.accepted_days}
        return sorted(here | self.accepted.get((group.song_id, group.platform), set()))

    def _manifest_entry(self, file: _File, group: _Group) -> dict[str, Any]:
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

    def _note_outcomes(self, group: _Group, written: dict[tuple[int, int], int]) -> None:
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
            with db.begin() as connection:
                growth_queries.derive_growth(connection, stale[start:start + DERIVE_AT_ONCE], LEFT_OUT_OF_MEANS)


def _kind(entry: dict[str, Any]) -> str | None:
    """Return the kind a file's values are known to be of: the operator's word, else what enough lines once showed."""
    if entry.get("kind_option") or entry.get("accepted", 0) >= ENOUGH_FOR_KIND:
        return entry.get("kind_option") or entry.get("kind")
    return None


def _refuse_mixed_kinds(files: list[_File]) -> None:
    """Refuse files of one series whose kind of value is not that of the first."""
    first = next((file for file in files if file.usable), None)
    if first is None or first.readings is None:
        return
    for file in files:
        if file.usable and file.readings and file.readings.kind != first.readings.kind:
            file.refusal = FileRefused("file.kinds_differ", other=first.name, other_kind=first.readings.kind,
                                       kind=file.readings.kind)


def _covers(days: np.ndarray, stored: tuple[int, int, int, int, int]) -> bool:
    """Return whether `days` hold every stored day (see `queries.day_sets`)."""
    first, last, count, total, squares = stored
    within = days[(days >= first) & (days <= last)].astype(np.int64)
    return (len(within), int(within.sum()), int((within * within).sum())) == (count, total, squares)


def _part(readings: Readings, source: int) -> Part:
    """Return a file's readings; its first line has no day before, so the change written there says nothing."""
    reported = readings.reported
    if reported is not None:
        reported = np.concatenate(([np.nan], reported[1:]))
    return Part(readings.days, readings.values, source, reported)


def _stored_part(connection: Connection, group: _Group) -> Part:
    """Return what the database holds; a leap found there stays denied, though the column that denied it is gone."""
    stored = queries.stored_readings(connection, group.song_id, group.platform)
    totals = stored["total"]
    return Part(stored["day"], np.diff(totals, prepend=0.0) if group.kind == "daily" else totals, stored["source"],
                np.where(stored["flags"] & int(Flag.JUMP), 0.0, np.nan))


def _attach_findings(file: _File, series: Series) -> None:
    readings = file.readings
    assert readings is not None
    file.findings = dict(series.audited.findings)
    if readings.repeated:
        file.findings["repeated_days"] = {"count": readings.repeated, "items": readings.repeats}
    if readings.rejected:
        file.findings["rejected_cells"] = {"count": readings.rejected, "items": [
            {"line": each.line, "reason": each.reason, "cell": each.cell} for each in readings.rejects[:50]]}
    file.recheck = series.audited.recheck


def _columns(groups: list[_Group]) -> dict[str, np.ndarray]:
    """Return the batch's readings as columns, sorted by song, platform and day."""
    groups = sorted(groups, key=lambda group: (group.song_id, group.platform))
    pairs = [(group.part, group.series) for group in groups if group.part and group.series]
    lengths = [len(series.days) for _, series in pairs]
    return {
        "song": np.repeat([group.song_id for group in groups], lengths),
        "platform": np.repeat([group.platform for group in groups], lengths),
        "day": np.concatenate([series.days for _, series in pairs]),
        "flags": np.concatenate([series.audited.flags for _, series in pairs]),
        "source": np.concatenate([np.broadcast_to(part.source, len(series.days)) for part, series in pairs]),
        "total": np.concatenate([series.totals for _, series in pairs]),
        "gain": np.concatenate([series.audited.gains for _, series in pairs]),
    }


def _series_row(group: _Group, today: int) -> tuple[Any, ...]:
    series = group.series
    assert series is not None
    flags, days = series.audited.flags, series.days
    good = np.flatnonzero(((flags & LEFT_OUT_OF_TOTALS) == 0) | ((flags & int(Flag.ACCEPTED)) != 0))
    present = days[days <= today]
    return (group.song_id, group.platform, group.kind, len(days), int((flags != 0).sum()), to_date(days[0]),
            to_date(present[-1] if len(present) else days[-1]), float(series.totals[good[-1]]) if len(good) else None)


def _rejected(groups: list[_Group], ids: dict[str, int]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for group in groups:
        for file in group.files:
            if file.readings is None:
                continue
            rows += [(ids[file.name], each.line, each.raw, each.reason, each.cell) for each in file.readings.rejects]
            rest = file.readings.rejected - len(file.readings.rejects)
            if rest:
                rows.append((ids[file.name], 0, "", "more", f"{rest}"))
    return rows


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
