"""The database: the built-in server or an external one, its engine, its schema.

Every SQL statement is a named function in `queries`; here is only what it takes to reach the database. The built-in
server itself is started and stopped by `support.builtin_database`. All errors of connecting come out as
`DatabaseUnavailable`.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

import config
from support import builtin_database
from support.errors import DatabaseUnavailable

APPLICATION = "music-integrated-system"
"""What the server calls our connections; a restore looks for those of other processes."""
_MIGRATION_LOCK = 7_302_101
_NO_ROOM = "53100"
"""What PostgreSQL says when its disk is full."""
_engine: Engine | None = None
_closed = False
"""Whether this process is on its way out: what still runs must not start the built-in server again."""


def engine() -> Engine:
    """Return the engine, starting the built-in server where no external one is configured.

    Raises
    ------
    DatabaseUnavailable
    """
    global _engine
    with builtin_database.lock:
        if _closed:
            raise DatabaseUnavailable("database_stopping")
        if _engine is None:
            url = config.load().database_url
            target = (_make_database(_target(url)) if url
                      else builtin_database.start(config.load().data_dir / "postgres", _make_database))
            _engine = create_engine(target, pool_pre_ping=True, pool_size=10, max_overflow=20,
                                    hide_parameters=True,  # errors reach the log, and values can be anything
                                    connect_args={"connect_timeout": 10, "application_name": APPLICATION})
            if not url:
                event.listen(_engine, "do_connect", _connect)
                atexit.register(stop)  # runs before the server's own: no connection is open when the server stops
        return _engine


def _connect(dialect: Any, _record: Any, args: Any, parameters: dict[str, Any]) -> Any:
    """Connect to the built-in server; where it is gone (killed, or stopped by hand), start it again once."""
    try:
        return dialect.connect(*args, **parameters)
    except dialect.loaded_dbapi.OperationalError as error:
        target = builtin_database.revive(_make_database, error)
        if target is None:  # this process has stopped using it
            raise
    return dialect.connect(*args, **parameters | dialect.create_connect_args(target)[1])


def _target(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        accepted = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (special characters as %XX)"
        raise DatabaseUnavailable("config_value", name="DATABASE_URL", value="***", accepted=accepted) from error


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
    built_in = builtin_database.in_use()
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
    return f"PostgreSQL {version}, {'built-in' if builtin_database.in_use() else engine().url.host}"


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
    global _engine, _closed
    with builtin_database.lock:
        _closed = _closed or for_good
        if _engine is not None:
            _engine.dispose()
            _engine = None
        builtin_database.stop()


def _forget() -> None:
    """Make a forked child a process of its own: the connections are its parent's."""
    global _engine
    if _engine is not None:
        _engine.dispose(close=False)
    _engine = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
