"""Everything a user owns as one ZIP: a JSON file a table, their files, and a README in both languages.

It is made by a job of one's own, from one moment of the database, and written to a file in the data folder; memory
does not grow with its size. A user has one such file at a time, and it is removed `KEPT_S` after it was made. The
server sends it from the disk (`web.files`) to whoever holds both a ticket that its owner's page was given and, where
sign-ins are kept in cookies of ours, the owner's sign-in.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cachetools import TTLCache

import config
import db
from accounts import Actor
from locales import LANGUAGES, format_number, format_time, t
from queries import my_data as queries
from queries import my_page as page_queries
from queries import people
from queries.my_data import SECRET, TABLES, Owned
from support.errors import AppError, DataError, NotFound
from support.jobs import Progress
from usecases import jobs, picture_store
from usecases.results import JobView
from usecases.who import who

log = logging.getLogger(__name__)
KIND = "my_data"
KEPT_S = 24 * 3600.0
"""Seconds a file is kept: long enough to fetch it, not so long that disks fill with copies of everything."""
SWEEP_EVERY_S = 1800.0
TICKET_S = 900.0
"""Seconds a ticket is good for after the page that holds it was last drawn."""
CHUNK = 1 << 20
"""Bytes of a file in memory at a time."""
SPARE = 500 << 20
"""Bytes of the disk that stay free."""
REPORT_EVERY = 50
"""Rows between two looks at whether to stop."""
LONGEST_NAME = 60
ENDINGS = {"jpeg": "jpg", "object_key": "jpg", "ogg": "ogg", "midi": "mid", "master": "flac"}
NAME = re.compile(r"[0-9a-f]{32}\.zip")
_lock = threading.Lock()
_sweeper: threading.Timer | None = None
_tickets: TTLCache[int, _Ticket] = TTLCache(4_096, TICKET_S)
"""By job, so that nobody has more of them than files."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What leads to a file: an unguessable word, given to its owner's page; and the name to save it under."""

    word: str
    actor: Actor
    name: str


@dataclass(frozen=True, slots=True)
class MyData:
    """One's newest file of everything.

    Attributes
    ----------
    job : JobView
        Makes it, or has made it.
    ready : bool
        Whether the file is there to be fetched.
    bytes, rows, files : int
        Its size, and what is in it.
    missing : int
        Files that could not be read, named in ``missing.json`` with the reason.
    until : datetime or None
        When it is removed.
    """

    job: JobView
    ready: bool = False
    bytes: int = 0
    rows: int = 0
    files: int = 0
    missing: int = 0
    until: datetime | None = None


# --- asking for it ------------------------------------------------------------------------------------------------


def submit_my_data(actor: Actor) -> JobView:
    """Pack everything the actor owns; one that is under way is given back instead.

    Raises
    ------
    DataError
        If the disk has no room for it.
    """
    sweep_my_data()
    with _lock:
        running = _newest(actor)
        if running is not None and running.active:
            return running
        _check_room(actor)
        with db.begin() as connection:
            if people.user(connection, actor.id) is None:
                raise NotFound("my_data.gone")
            people.record_act(connection, actor.id, "my_data", f"user {actor.id}")
        return jobs.submit(actor, KIND, lambda progress: _pack(actor, progress))


def my_data(actor: Actor) -> MyData | None:
    """Return the actor's newest file of everything, or the job that makes it; None if none was asked for."""
    job = _newest(actor)
    if job is None:
        return None
    result = job.result or {}
    made = _age_start(_path(actor.id, result)) if job.state == "done" else None
    size, rows, files, missing = (int(result.get(name, 0)) for name in ("bytes", "rows", "files", "missing"))
    until = None if made is None else datetime.fromtimestamp(made + KEPT_S, UTC)
    return MyData(job, made is not None, size, rows, files, missing, until)


def my_data_file(actor: Actor, job_id: int) -> Path:
    """Return where one's own finished file is; it is nobody else's, an administrator's neither.

    Raises
    ------
    NotFound
        If it is another's, is not finished, or was removed.
    """
    job = jobs.get_job(actor, job_id)
    path = None
    if job is not None and job.kind == KIND and job.owner_id == actor.id and job.state == "done":
        path = _path(actor.id, job.result or {})
    if path is None or _age_start(path) is None:
        raise NotFound("my_data.gone")
    return path


def my_data_ticket(actor: Actor, job_id: int, name: str) -> str:
    """Return what leads to one's own file for `TICKET_S`; asked again meanwhile, it is the same and lasts anew.

    Parameters
    ----------
    name : str
        What the file is to be called where it is saved.

    Raises
    ------
    NotFound
        As `my_data_file`.
    """
    my_data_file(actor, job_id)
    with _lock:
        held = _tickets.get(job_id)
        word = held.word if held is not None else secrets.token_urlsafe(24)
        _tickets[job_id] = _Ticket(word, actor, name)
    return f"{job_id}-{word}"


def my_data_by_ticket(ticket: str, token: str | None, *, local: bool) -> tuple[Path, str]:
    """Return where the file is that a ticket leads to, and what it is to be called.

    Parameters
    ----------
    ticket : str
    token : str or None
        Of the sign-in cookie of whoever asks: the owner's, but with an identity provider, which keeps a cookie of its
        own.
    local : bool
        Whether the operator asks from this machine (`usecases.who.who`).

    Raises
    ------
    NotFound
        ``my_data.link`` if the ticket is none or is over, or another than the owner asks; else as `my_data_file`.
    """
    number, _, word = ticket.partition("-")
    with _lock:
        held = _tickets.get(int(number)) if re.fullmatch(r"[0-9]{1,18}", number) else None
    if held is None or not hmac.compare_digest(word.encode("utf-8", "replace"), held.word.encode()):
        raise NotFound("my_data.link")
    if config.load().auth != "oidc":
        asks = who(token, local=local)
        if asks is None or asks.id != held.actor.id:
            raise NotFound("my_data.link")
    return my_data_file(held.actor, int(number)), held.name


def cancel_my_data(actor: Actor) -> None:
    """Ask the packing to stop."""
    job = _newest(actor)
    if job is not None and job.active:
        jobs.cancel_job(actor, job.id)


def _newest(actor: Actor) -> JobView | None:
    with db.begin() as connection:
        found = page_queries.newest_job(connection, actor.id, KIND)
    return None if found is None else jobs.get_job(actor, found)


def _check_room(actor: Actor) -> None:
    with db.begin() as connection:
        needed = sum(queries.file_sizes(connection, table, actor.id)[1] for table in TABLES)
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise DataError("my_data.room", needed=round((needed + SPARE) / 1e6), free=round(free / 1e6))


# --- files on the disk --------------------------------------------------------------------------------------------


def _folder() -> Path:
    return config.load().data_dir / "my_data"


def _path(owner_id: int, result: Mapping[str, Any]) -> Path | None:
    name = str(result.get("file", ""))
    return _folder() / str(owner_id) / name if NAME.fullmatch(name) else None


def _age_start(path: Path | None) -> float | None:
    """Return when a file was made, None where it is gone or over."""
    try:
        made = None if path is None else path.stat().st_mtime
    except OSError:
        return None
    return made if made is not None and time.time() - made < KEPT_S else None


def sweep_my_data() -> int:
    """Remove the files that are over, and what a stopped process left half made; return how many stay."""
    kept = 0
    for path in _folder().glob("*/*"):
        try:
            if time.time() - path.stat().st_mtime >= KEPT_S:
                path.unlink()
            else:
                kept += 1
        except OSError as error:
            log.warning("%s could not be removed: %s", path.name, error)
    return kept


def forget_my_data(owner_id: int) -> None:
    """Remove a user's files: the account goes, or a newer file takes their place."""
    shutil.rmtree(_folder() / str(owner_id), ignore_errors=True)


def keep_my_data_swept() -> None:
    """Remove what is over, and go on doing so as long as there are files."""
    if sweep_my_data():
        _sweep_later()


def _sweep_later() -> None:
    """See to it that files go in time though nobody asks: one timer."""
    global _sweeper

    def sweep() -> None:
        global _sweeper
        with _lock:
            _sweeper = None
        keep_my_data_swept()

    with _lock:
        if _sweeper is None:
            _sweeper = threading.Timer(SWEEP_EVERY_S, sweep)
            _sweeper.daemon = True
            _sweeper.start()


# --- packing ------------------------------------------------------------------------------------------------------


def _pack(actor: Actor, progress: Progress) -> dict[str, Any]:
    """Write the ZIP beside its place and put it there when it is whole."""
    folder, name = _folder() / str(actor.id), f"{secrets.token_hex(16)}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{name}.part"
    try:
        with db.begin() as connection, zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as box:
            queries.hold_still(connection)
            packing = _Packing(connection, actor, box, progress)
            packing.run()
        _check_there(actor)
        for old in folder.glob("*.zip"):
            old.unlink()
        half.rename(folder / name)
    finally:
        half.unlink(missing_ok=True)
    _sweep_later()
    return {"file": name, "bytes": (folder / name).stat().st_size, "rows": sum(packing.counts.values()),
            "files": packing.files, "missing": len(packing.missing)}


def _check_there(actor: Actor) -> None:
    """Leave no file of somebody whose account went meanwhile."""
    with db.begin() as connection:
        if people.user(connection, actor.id) is None:
            raise NotFound("my_data.gone")


class _Packing:
    """One ZIP in the making: what was counted, written and missed."""

    def __init__(self, connection: Any, actor: Actor, box: zipfile.ZipFile, progress: Progress) -> None:
        self.connection, self.actor, self.box, self.progress = connection, actor, box, progress
        self.columns = queries.columns(connection)
        self.counts = {table.name: queries.count(connection, table, actor.id) for table in TABLES}
        self.sizes = {table.name: queries.file_sizes(connection, table, actor.id)[0] for table in TABLES}
        self.total = sum(self.counts.values()) + sum(self.sizes.values())
        self.done = self.files = 0
        self.missing: list[dict[str, Any]] = []

    def run(self) -> None:
        """Write all tables, then all files, then what is to be read first."""
        for table in TABLES:
            self._json(f"{table.name}.json", self._shown(table))
        self._json("songs.json", queries.songs(self.connection, self.actor.id))
        for table in TABLES:
            self._files(table)
        if self.missing:
            self.box.writestr("missing.json", json.dumps(self.missing, ensure_ascii=False, indent=1))
        for lang in LANGUAGES:
            self.box.writestr(f"README.{lang}.txt", "\ufeff" + self._readme(lang))

    def _step(self, note: str) -> None:
        self.done += 1
        if self.done % REPORT_EVERY == 0 or self.done == self.total:
            self.progress.check()
            self.progress.report(self.done, self.total, note)

    def _shown(self, table: Owned) -> Iterator[dict[str, Any]]:
        """Give a table's rows; in a file's place stands the name it has in the ZIP."""
        for row in queries.rows(self.connection, table, self._public(table), self.actor.id):
            self._step(table.name)
            yield row | {column: file_name(table, row, column) if row[column] else None for column in table.files}

    def _public(self, table: Owned) -> dict[str, str]:
        return {name: kind for name, kind in self.columns[table.name].items() if name not in SECRET}

    def _json(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows as a JSON array, a line a row, each as it comes."""
        with self.box.open(name, "w", force_zip64=True) as out:
            out.write(b"[")
            for place, row in enumerate(rows):
                line = json.dumps(row, ensure_ascii=False, default=str)
                out.write(f"{',' if place else ''}\n{line}".encode())
            out.write(b"\n]\n")

    def _files(self, table: Owned) -> None:
        if not self.sizes[table.name]:
            return
        for row in queries.rows(self.connection, table, self._public(table), self.actor.id, with_files=True):
            for column in table.files:
                if row[column] and not (column == "object_key" and row["jpeg"]):
                    self.progress.check()
                    self._file(table, row, column)
                    self._step(table.files[column])

    def _file(self, table: Owned, row: Mapping[str, Any], column: str) -> None:
        """Copy one file; JPEG, PNG, OGG and the like do not get any smaller."""
        name = file_name(table, row, column)
        try:
            first = self._from_bucket(row["id"]) if column == "object_key" else None
        except AppError as error:
            self.missing.append({"file": name, "reason": error.message("en"), "table": table.name, "id": row["id"]})
            return
        box = zipfile.ZipInfo(name, date_time=_moment(row))
        with self.box.open(box, "w", force_zip64=True) as out:
            for part in [first] if first is not None else self._parts(table, column, row["id"]):
                out.write(part)
        self.files += 1

    def _from_bucket(self, image_id: int) -> bytes:
        return picture_store.read(None, queries.object_key(self.connection, image_id))

    def _parts(self, table: Owned, column: str, row_id: int) -> Iterator[bytes]:
        start = 0
        while part := queries.chunk(self.connection, table, column, row_id, start, CHUNK):
            self.progress.check()
            yield part
            start += len(part)

    def _readme(self, lang: str) -> str:
        lines = [t(lang, "my_data.readme.title"), "", t(lang, "my_data.readme.when", name=self.actor.name,
                 moment=format_time(lang, datetime.now(UTC))), "", t(lang, "my_data.readme.how"), ""]
        lines += [f"- {table.name}.json ({format_number(lang, self.counts[table.name])}): "
                  f"{t(lang, f'my_data.table.{table.name}')}" for table in TABLES if self.counts[table.name]]
        lines += [f"- songs.json: {t(lang, 'my_data.table.songs')}"]
        folders = dict.fromkeys(folder for table in TABLES for folder in table.files.values()
                                if self.sizes[table.name])
        lines += [f"- {folder}/: {t(lang, f'my_data.folder.{folder}')}" for folder in folders]
        if self.missing:
            lines += ["", t(lang, "my_data.readme.missing", count=format_number(lang, len(self.missing)))]
        return "\r\n".join([*lines, "", t(lang, "my_data.readme.left_out"), ""])


def file_name(table: Owned, row: Mapping[str, Any], column: str) -> str:
    """Return a file's name in the ZIP: no title leads out of its folder, and no two are alike."""
    named = str(row.get("title") or row.get("name") or "")
    ending = ENDINGS.get(column)
    if table.name == "tracks":
        named, _, last = named.rpartition(".")
        if not (named and re.fullmatch(r"[A-Za-z0-9]{1,5}", last)):
            named, last = str(row["name"]), "bin"
        ending = last
    elif ending is None:
        ending = "jpg" if row.get("kind") == "jpeg" else "png"
    slug = re.sub(r"\W+", "_", named).strip("_")[:LONGEST_NAME]
    return f"{table.files[column]}/{row['id']}{f'_{slug}' if slug else ''}.{ending.lower()}"


def _moment(row: Mapping[str, Any]) -> tuple[int, int, int, int, int, int]:
    """Return when a row was made, as a ZIP has it."""
    made = datetime.fromisoformat(row["created_at"])
    return (max(1980, made.year), made.month, made.day, made.hour, made.minute, made.second)
