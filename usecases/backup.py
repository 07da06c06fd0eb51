"""Backup and restore: one ZIP with every table's rows and what lies in the data folder beside the database.

The rows are PostgreSQL's own COPY text from one snapshot, so that a backup of the built-in server can be restored into
an external one and the other way round, of whatever version and with or without pgvector (docs/adr/0032-operation.md).
The schema is not in it: migrations make it at the backup's revision, the rows go in, and newer migrations follow, all
in one transaction. ``manifest.json`` comes last and names every member with its size and SHA-256: a file that was cut
short or changed is refused, and nothing has happened.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from psycopg2 import Error as DriverError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

import config
import db
from accounts import Actor, require
from queries import backup as queries
from support.errors import DataError
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
FORM = 1
"""Version of the file's form; another one is not read."""
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 << 20
LEFT_OUT = ("postgres", "postgres.", "cache", "bgm", "log", "logs", ".restore-", "lost+found")
"""What the data folder holds that is the database itself, or can be made anew; a name ending in a dot or dash is the
beginning of one."""
CHUNK = 1 << 20
GOING_S = 2.0
"""Seconds that a connection which was just closed may still be seen."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes
    ----------
    made_at : datetime
    revision : str
        Of the schema.
    server : str
        Version of PostgreSQL it was made with.
    tables : dict of str to int
        Rows by table.
    files : int
        Files of the data folder.
    size_bytes : int
        Of the ZIP.
    sha256 : str
        Of the ZIP.
    skipped : tuple of str
        Links and other things of the data folder that are no plain files.
    """

    made_at: datetime
    revision: str
    server: str
    tables: dict[str, int]
    files: int
    size_bytes: int
    sha256: str
    skipped: tuple[str, ...] = ()


# --- out ---

def backup(actor: Actor, target: Path, *, progress: Progress | None = None) -> Backup:
    """Write everything into a new file; the server may run meanwhile.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``settings``.
    target : Path
        Is there only once it is whole; readable for its owner alone.
    progress : Progress, optional

    Raises
    ------
    NotAllowed, DatabaseUnavailable
    DataError
        ``backup.exists``, ``backup.unmigrated`` or ``backup.not_written``.
    """
    require(actor, "settings")
    if target.exists():
        raise DataError("backup.exists", path=str(target))
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _private(part) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            manifest, skipped = _fill(archive, progress or Silent())
        digest = _digest(part)
        part.replace(target)
    except OSError as error:
        raise DataError("backup.not_written", path=str(target), detail=error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    return _told(manifest, target.stat().st_size, digest, skipped)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file that only its owner reads, on the disk when it is closed: it holds password hashes."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _fill(archive: zipfile.ZipFile, progress: Progress) -> tuple[dict[str, Any], tuple[str, ...]]:
    members: dict[str, dict[str, Any]] = {}
    files, skipped = _files(config.load().data_dir)
    with db.begin() as connection:
        queries.freeze(connection)
        revision = db.revision_of(connection)
        if revision is None:
            raise DataError("backup.unmigrated")
        names = queries.tables(connection)
        for done, table in enumerate(names):
            progress.check()
            progress.report(done, len(names) + len(files), table)
            columns = queries.columns(connection, table)
            with _member(archive, f"tables/{table}.copy", members) as sink:
                rows = queries.copy_out(connection, table, columns, sink)
            members[f"tables/{table}.copy"] |= {"rows": rows, "columns": columns}
        manifest = {"form": FORM, "made_at": datetime.now(UTC).isoformat(), "revision": revision,
                    "server": queries.server_version(connection), "sequences": queries.sequences(connection)}
    for done, (name, path) in enumerate(files.items(), len(names)):
        progress.check()
        progress.report(done, len(names) + len(files), name)
        with suppress(FileNotFoundError), path.open("rb") as source:  # a model that has just been replaced
            with _member(archive, f"files/{name}", members) as sink:
                shutil.copyfileobj(source, sink, CHUNK)
    manifest["members"] = members
    archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return manifest, skipped


class _Counted:
    """A sink that knows size and SHA-256 of what went through."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink, self.size, self.digest = sink, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.digest.update(data)
        return self._sink.write(data)


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, members: dict[str, dict[str, Any]]) -> Iterator[Any]:
    with archive.open(name, "w", force_zip64=True) as opened:
        sink = _Counted(opened)
        yield sink
    members[name] = {"size": sink.size, "sha256": sink.digest.hexdigest()}


def _files(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the plain files of the data folder that belong into a backup by relative name, and what is none."""
    found: dict[str, Path] = {}
    skipped: list[str] = []
    for root, folders, names in os.walk(folder):
        here = Path(root)
        if here == folder:
            folders[:] = [name for name in folders if not _left_out(name)]
            names = [name for name in names if not _left_out(name)]
        skipped += [(here / name).relative_to(folder).as_posix() for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not (here / name).is_symlink())
        for name in sorted(names):
            path = here / name
            plain = stat.S_ISREG(path.lstat().st_mode) and not name.endswith(".part")
            relative = path.relative_to(folder).as_posix()
            found |= {relative: path} if plain else {}
            skipped += [] if plain else [relative]
    return found, tuple(skipped)


def _left_out(name: str) -> bool:
    return any(name.startswith(each) if each[-1] in ".-" else name == each for each in LEFT_OUT)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _told(manifest: Mapping[str, Any], size: int, digest: str, skipped: tuple[str, ...] = ()) -> Backup:
    members = manifest["members"]
    rows = {name.removeprefix("tables/").removesuffix(".copy"): member["rows"]
            for name, member in members.items() if name.startswith("tables/")}
    files = sum(name.startswith("files/") for name in members)
    return Backup(datetime.fromisoformat(manifest["made_at"]), manifest["revision"], manifest["server"], rows, files,
                  size, digest, skipped)


# --- in ---

def restore(actor: Actor, source: Path, *, replace: bool = False, progress: Progress | None = None) -> Backup:
    """Bring database and data folder to what a backup holds: wholly, or not at all.

    The server must not run meanwhile.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``settings``.
    source : Path
    replace : bool
        Remove what is in the database now; folders of the data folder that the backup has as well become the
        backup's.
    progress : Progress, optional

    Raises
    ------
    NotAllowed, DatabaseUnavailable
    DataError
        ``backup.not_read``, ``backup.form``, ``backup.broken``, ``backup.newer``, ``backup.in_use``,
        ``backup.not_empty``, ``backup.foreign``, ``backup.not_loaded`` or ``backup.not_written``.
    """
    require(actor, "settings")
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(archive)
            _restore(archive, manifest, replace, progress or Silent())
    except zipfile.BadZipFile as error:
        raise DataError("backup.broken", detail=str(error)) from error
    except OSError as error:
        raise DataError("backup.not_read", path=str(source), detail=error.strerror or str(error)) from error
    log.info("restored from a backup of %s", manifest["made_at"])
    return _told(manifest, source.stat().st_size, _digest(source))


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest after a look at every name in the archive."""
    try:
        if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise ValueError(MANIFEST)
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["form"] == FORM:
            _check(manifest)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("backup.broken", detail=MANIFEST) from error
    if manifest["form"] != FORM:
        raise DataError("backup.form", form=str(manifest["form"]), wanted=FORM)
    members = manifest["members"]
    infos = [info for info in archive.infolist() if info.filename != MANIFEST]
    if sorted(info.filename for info in infos) != sorted(members):
        raise DataError("backup.broken", detail="names")
    for info in infos:
        _check_name(info)
        if info.file_size != members[info.filename]["size"]:
            raise DataError("backup.broken", detail=info.filename)
    if manifest["revision"] > db.head():
        raise DataError("backup.newer", revision=manifest["revision"], known=db.head())
    return manifest


def _check(manifest: Mapping[str, Any]) -> None:
    """Raise if the manifest is not what `backup` writes."""
    datetime.fromisoformat(manifest["made_at"])
    wanted = [(manifest["server"], str), *((value, int) for value in manifest["sequences"].values())]
    for name, member in manifest["members"].items():
        wanted += [(member["size"], int), (member["sha256"], str)]
        if name.startswith("tables/"):
            wanted += [(member["rows"], int), *((column, str) for column in member["columns"])]
    if not all(isinstance(value, kind) for value, kind in wanted) or not re.fullmatch(r"\d{4}", manifest["revision"]):
        raise ValueError(MANIFEST)


def _check_name(info: zipfile.ZipInfo) -> None:
    """Refuse what would be written elsewhere than in its folder, or is no plain file."""
    name = info.filename
    kind, _, rest = name.partition("/")
    path = PurePosixPath(rest)
    plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG) and not info.is_dir()
    inside = rest != "" and not path.is_absolute() and ".." not in path.parts and str(path) == rest
    known = kind == "files" and not _left_out(path.parts[0] if path.parts else "") \
        or kind == "tables" and len(path.parts) == 1 and rest.endswith(".copy")
    if not (plain and inside and known) or any(letter in name for letter in "\\:\0"):
        raise DataError("backup.broken", detail=repr(name))


def _restore(archive: zipfile.ZipFile, manifest: Mapping[str, Any], replace: bool, progress: Progress) -> None:
    folder = config.load().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    needed = sum(member["size"] for member in manifest["members"].values())
    if shutil.disk_usage(folder).free < needed:
        raise DataError("backup.not_written", path=str(folder), detail=f"{needed / 1e6:,.0f} MB needed")
    for left in folder.glob(".restore-*"):
        shutil.rmtree(left, ignore_errors=True)
    db.engine().dispose()  # so that the connections that are left are those of others
    staged = Path(tempfile.mkdtemp(prefix=".restore-", dir=folder))
    try:
        _stage(archive, manifest, staged, progress)
        if not replace and any((folder / fresh.name).exists() for fresh in _fresh(staged)):
            raise DataError("backup.not_empty", tables=0)
        with db.begin() as connection:
            _make_room(connection, replace)
            _load(connection, archive, manifest, progress)
            with _swapped(staged, folder):
                connection.commit()
    except DBAPIError as error:
        raise DataError("backup.not_loaded", detail=str(error.orig).splitlines()[0]) from error
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DataError("backup.broken", detail=str(error)) from error
    except OSError as error:
        raise DataError("backup.not_written", path=str(folder), detail=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _stage(archive: zipfile.ZipFile, manifest: Mapping[str, Any], staged: Path, progress: Progress) -> None:
    """Unpack the files beside their place, each checked."""
    names = [name for name in manifest["members"] if name.startswith("files/")]
    for done, name in enumerate(names):
        progress.check()
        progress.report(done, len(manifest["members"]), name)
        path = staged / "new" / name.removeprefix("files/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _Checked(archive, name, manifest) as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink, CHUNK)


class _Checked:
    """A member read from its beginning to its end; at the end it must be what the manifest says."""

    def __init__(self, archive: zipfile.ZipFile, name: str, manifest: Mapping[str, Any]) -> None:
        self._opened, self._name, self._member = archive.open(name), name, manifest["members"][name]
        self._digest, self._size = hashlib.sha256(), 0

    def __enter__(self) -> _Checked:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        with self._opened:
            self._end(kind)

    def _end(self, kind: Any) -> None:
        if kind is None:
            self.drain()

    def drain(self) -> None:
        """Read what is left; raise `DataError` if the whole is not what was backed up."""
        while self.read(CHUNK):
            pass
        if self._size != self._member["size"] or self._digest.hexdigest() != self._member["sha256"]:
            raise DataError("backup.broken", detail=self._name)

    def read(self, size: int = -1) -> bytes:
        data = self._opened.read(size)
        self._size += len(data)
        self._digest.update(data)
        return data


def _make_room(connection: Connection, replace: bool) -> None:
    """Have no table in the database, or say why not."""
    until = time.monotonic() + GOING_S
    while used := queries.others(connection, db.APPLICATION):
        if time.monotonic() > until:
            raise DataError("backup.in_use", connections=used)
        time.sleep(0.05)
    there = queries.tables(connection)
    revision = db.revision_of(connection)
    if there and revision is None:
        raise DataError("backup.foreign", tables=", ".join(there[:5]))
    rows = {table: queries.count(connection, table) for table in there if queries.filled(connection, table)}
    if not replace and any(count > (1 if table == "users" else 0)
                           for table, count in rows.items() if table != "platforms"):
        raise DataError("backup.not_empty", tables=len(rows))
    queries.drop_all(connection)


def _load(connection: Connection, archive: zipfile.ZipFile, manifest: Mapping[str, Any], progress: Progress) -> None:
    """Make the schema of the backup's revision, fill it, and bring it to ours."""
    db.migrate(connection, manifest["revision"])
    names = {name.removeprefix("tables/").removesuffix(".copy"): member
             for name, member in manifest["members"].items() if name.startswith("tables/")}
    if set(names) != set(queries.tables(connection)):
        raise DataError("backup.broken", detail="tables")
    keys = queries.foreign_keys(connection)  # tables refer to each other in a ring: no order would do
    for key in keys:
        queries.drop_key(connection, key)
    for done, (table, member) in enumerate(names.items()):
        progress.check()
        progress.report(done, len(names), table)
        _fill_table(connection, archive, manifest, table, member)
    for key in keys:
        queries.add_key(connection, key)
    for name, value in manifest["sequences"].items():
        queries.set_sequence(connection, name, value)
    db.migrate(connection)
    queries.analyse(connection)


def _fill_table(connection: Connection, archive: zipfile.ZipFile, manifest: Mapping[str, Any], table: str,
                member: Mapping[str, Any]) -> None:
    if not set(member["columns"]) <= set(queries.columns(connection, table)):
        raise DataError("backup.broken", detail=table)
    queries.triggers(connection, table, on=False)
    if queries.filled(connection, table):
        queries.empty(connection, table)  # what migrations put there
    with _Checked(archive, f"tables/{table}.copy", manifest) as source:
        try:
            rows = queries.copy_in(connection, table, member["columns"], source)
        except DriverError as error:
            source.drain()  # what was changed on its way is refused as that, not for what it has become
            raise DataError("backup.not_loaded", detail=str(error).splitlines()[0]) from error
    if rows != member["rows"]:
        raise DataError("backup.broken", detail=table)
    queries.triggers(connection, table, on=True)


def _fresh(staged: Path) -> list[Path]:
    return sorted((staged / "new").iterdir()) if (staged / "new").is_dir() else []


@contextmanager
def _swapped(staged: Path, folder: Path) -> Iterator[None]:
    """Put the unpacked things in their places while the database commits; if it does not, put the old ones back."""
    moved: list[tuple[Path, Path | None]] = []
    (staged / "old").mkdir()
    try:
        for fresh in _fresh(staged):
            place, aside = folder / fresh.name, staged / "old" / fresh.name
            there = place.exists() or place.is_symlink()
            if there:
                place.rename(aside)
            moved.append((place, aside if there else None))
            fresh.rename(place)
        yield
    except BaseException:
        for place, old in reversed(moved):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
            if old is not None:
                old.rename(place)
        raise
