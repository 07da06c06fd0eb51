"""Files: uploads, what the manifest knows of each, the operator's choices, and the sync job."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

import config
import db
from accounts import Actor, require
from data_processing import parse_name, printable
from ingest.series import KEPT_REJECTS
from queries import people
from queries import sync as queries
from support.errors import AppError, DataError, FileRefused, NotFound
from support.jobs import Progress
from usecases import jobs
from usecases.outages import outlast
from usecases.outlook import after_sync
from usecases.results import FileRecord, JobView, UploadOutcome
from usecases.sync import report_as_dict, sync

_submitting = threading.Lock()


def submit_sync(actor: Actor, *, force: bool = False, names: Sequence[str] | None = None) -> JobView:
    """Sync in the background, then refresh figures, forecasts and alerts.

    Where a sync of the whole folder is under way already, that one is returned.

    Raises
    ------
    NotAllowed
    """
    require(actor, "sync")
    with _submitting:
        jobs.interrupt_dead()
        active = jobs.active_job(actor, "sync")
        if active is not None and names is None:
            return active

        def work(progress: Progress) -> dict[str, Any]:
            report = outlast(lambda: sync(actor, names=names, force=force, progress=progress), progress)
            analysis = outlast(lambda: after_sync(actor, progress), progress)
            return report_as_dict(report) | {"analysis": asdict(analysis)}

        return jobs.submit(actor, "sync", work, {"force": force, "names": list(names or ())})


def save_uploads(actor: Actor, uploads: Sequence[tuple[str, bytes]]) -> list[UploadOutcome]:
    """Write uploaded files into the ``cmdata`` folder; a file of the same name is replaced.

    A name that does not follow the grammar, or leads out of the folder, is refused with its reason, and nothing is
    written. An uploaded file of a deleted artist is read again.

    Raises
    ------
    NotAllowed
    """
    require(actor, "upload")
    folder = config.load().cmdata_dir
    outcomes = [_save(folder, name, data) for name, data in uploads]
    saved = [outcome.name for outcome in outcomes if outcome.saved]
    if saved:
        with db.begin() as connection:
            queries.revive_files(connection, saved)
            people.record_act(connection, actor.id, "upload", str(folder), files=saved)
    return outcomes


def _save(folder: Path, name: str, data: bytes) -> UploadOutcome:
    try:
        parse_name(name)
        limit = config.load().upload_limit_mb
        if len(data) > limit * 1_000_000:
            raise FileRefused("file.large", size_mb=round(len(data) / 1e6), limit_mb=limit)
        replaced = _put(folder, name, data)
    except DataError as refusal:
        return UploadOutcome(printable(name), False, False, refusal.code, refusal.values)
    except OSError as error:
        return UploadOutcome(printable(name), False, False, "not_saved", {"detail": error.strerror or str(error)})
    return UploadOutcome(name, True, replaced, None, {})


def _put(folder: Path, name: str, data: bytes) -> bool:
    """Write a file whole or not at all; return whether it replaced one."""
    folder.mkdir(parents=True, exist_ok=True)
    target, temporary = folder / name, folder / f".upload-{os.getpid()}-{threading.get_ident()}"
    replaced = target.exists()
    try:
        temporary.write_bytes(data)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return replaced


def list_files(actor: Actor, artist_id: int | None = None) -> list[FileRecord]:
    """Return the files the manifest knows, of one artist or all, by name."""
    with db.begin() as connection:
        rows = queries.files(connection, artist_id)
    return [record_of(row) for row in rows]


def record_of(row: dict[str, Any]) -> FileRecord:
    """Return a file's line of the manifest (see `queries.sync.files`) as the pages know it."""
    values = {name: row[name] for name in FileRecord.__dataclass_fields__ if name in row}
    values |= {"platform": row["platform_key"], "accepted_days": tuple(row["accepted_days"])}
    return FileRecord(**values)


def _file(file_id: int) -> FileRecord:
    with db.begin() as connection:
        rows = queries.files(connection, None, file_id)
    if not rows:
        raise NotFound("file_gone")
    if not _is_there(Path(rows[0]["folder"]) / rows[0]["name"]):
        raise NotFound("file_missing", name=rows[0]["name"], folder=rows[0]["folder"])
    return record_of(rows[0])


def _is_there(path: Path) -> bool:
    """Return whether a file is there; the manifest holds names with what is not printable written as escapes."""
    return path.is_file() or any(printable(each.name) == path.name for each in path.parent.glob("*"))


def rejected_rows(actor: Actor, file_id: int | None = None, limit: int = 1000, offset: int = 0) -> pd.DataFrame:
    """Return rejected lines: ``file, line, raw, reason`` (a code below ``reject.``), ``values`` for its text."""
    with db.begin() as connection:
        rows = queries.rejected(connection, file_id, limit, offset)
    frame = pd.DataFrame(rows, columns=["file", "line", "raw", "reason", "cell"])
    values = pd.Series([{"cell": cell, "count": cell, "limit": KEPT_REJECTS} for cell in frame["cell"]], dtype=object)
    return frame.drop(columns="cell").assign(values=values)


def recent_runs(actor: Actor, limit: int = 20) -> pd.DataFrame:
    """Return the newest runs of sync, newest first, one line each with its totals."""
    with db.begin() as connection:
        rows = queries.recent_runs(connection, limit)
    totals = ["files", "imported", "unchanged", "skipped", "refused", "lines_read", "accepted", "rejected", "repeated"]
    lines = [{**{name: row[name] for name in ("started_at", "finished_at", "state")},
              **{name: row["totals"].get(name, 0) for name in totals}, "actor": row["actor"]} for row in rows]
    return pd.DataFrame(lines, columns=["started_at", "finished_at", "state", *totals, "actor"])


def set_file_options(actor: Actor, file_id: int, *, kind: str | None, date_order: str | None) -> JobView:
    """Store how a file is to be read (None: found from the data) and read it again.

    Raises
    ------
    NotAllowed, NotFound, AppError
    """
    require(actor, "settings")
    _one_of("kind", kind, (None, "cumulative", "daily"))
    _one_of("date_order", date_order, (None, "mdy", "dmy"))
    record = _file(file_id)
    with db.begin() as connection:
        queries.set_options(connection, file_id, kind, date_order)
        people.record_act(connection, actor.id, "file_options", record.name, kind=kind, date_order=date_order)
    return submit_sync(actor, force=True, names=[record.name])


def accept_level(actor: Actor, file_id: int, day: date) -> JobView:
    """Accept the level a series has leapt to on `day`: totals follow it, the day adds no gain; read the file again.

    Raises
    ------
    NotAllowed, NotFound
    """
    return _set_level(actor, file_id, day, accept=True)


def withdraw_level(actor: Actor, file_id: int, day: date) -> JobView:
    """Take an acceptance back and read the file again.

    Raises
    ------
    NotAllowed, NotFound
    """
    return _set_level(actor, file_id, day, accept=False)


def _set_level(actor: Actor, file_id: int, day: date, *, accept: bool) -> JobView:
    require(actor, "settings")
    record = _file(file_id)
    with db.begin() as connection:
        series = queries.files_of_series(connection, file_id)
        days = {each for row in series for each in row["accepted_days"]}
        days = days | {day} if accept else days - {day}
        queries.set_accepted(connection, [row["id"] for row in series], sorted(days))
        people.record_act(connection, actor.id, "accept_level" if accept else "withdraw_level", record.name, day=day)
    return submit_sync(actor, force=True, names=[record.name])


def restore_files(actor: Actor, names: Sequence[str]) -> JobView:
    """Read the files of a deleted artist again: the undo of deleting.

    Raises
    ------
    NotAllowed
    """
    require(actor, "sync")
    with db.begin() as connection:
        queries.revive_files(connection, names)
        people.record_act(connection, actor.id, "restore_files", ", ".join(names)[:200])
    return submit_sync(actor, force=True, names=names)


def _one_of(name: str, value: str | None, accepted: tuple[str | None, ...]) -> None:
    if value not in accepted:
        raise AppError("config_value", name=name, value=value, accepted=", ".join(map(str, accepted)))
