"""Every table out and in again, whatever the schema's revision: the catalogue of PostgreSQL says what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import Connection, text

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A constraint that is taken off for a load and put back: `table`, `name`, and its `definition`."""

    table: str
    name: str
    definition: str


def freeze(connection: Connection) -> None:
    """Have the whole transaction see the moment of its first statement, and write nothing."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))


def tables(connection: Connection) -> list[str]:
    """Return the tables of the schema but for the one that holds its revision, by name; none of an extension."""
    rows = connection.execute(text("""
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> :version
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ORDER BY c.relname COLLATE "C" """), {"version": VERSION_TABLE})
    return [name for name, in rows]


def columns(connection: Connection, table: str) -> list[str]:
    """Return the columns of a table that hold values of their own, in order."""
    rows = connection.execute(text("""
        SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = to_regclass('public.' || quote_ident(:table)) AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attgenerated = ''
        ORDER BY a.attnum"""), {"table": table})
    return [name for name, in rows]


def filled(connection: Connection, table: str) -> bool:
    """Return whether a table has rows."""
    return connection.execute(text(f"SELECT EXISTS (SELECT FROM {_quoted(connection, table)})")).scalar_one()


def count(connection: Connection, table: str) -> int:
    """Return how many rows a table has."""
    return connection.execute(text(f"SELECT count(*) FROM {_quoted(connection, table)}")).scalar_one()


def copy_out(connection: Connection, table: str, names: list[str], sink: IO[bytes]) -> int:
    """Write a table's rows in PostgreSQL's text form, UTF-8, and return how many there were."""
    listed = ", ".join(_quoted(connection, name) for name in names)
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {_quoted(connection, table)} ({listed}) TO STDOUT (ENCODING 'UTF8')", sink)
        return cursor.rowcount


def copy_in(connection: Connection, table: str, names: list[str], source: Any) -> int:
    """Add rows that `copy_out` wrote, and return how many there were."""
    listed = ", ".join(_quoted(connection, name) for name in names)
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {_quoted(connection, table)} ({listed}) FROM STDIN (ENCODING 'UTF8')", source)
        return cursor.rowcount


def empty(connection: Connection, table: str) -> None:
    """Delete a table's rows, foreign keys aside."""
    connection.execute(text(f"DELETE FROM {_quoted(connection, table)}"))


def foreign_keys(connection: Connection) -> list[ForeignKey]:
    """Return all foreign keys of the schema."""
    rows = connection.execute(text("""
        SELECT r.relname, c.conname, pg_get_constraintdef(c.oid)
        FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace ORDER BY c.oid"""))
    return [ForeignKey(*row) for row in rows]


def drop_key(connection: Connection, key: ForeignKey) -> None:
    """Take a foreign key off."""
    connection.execute(text(f"ALTER TABLE {_quoted(connection, key.table)} "
                            f"DROP CONSTRAINT {_quoted(connection, key.name)}"))


def add_key(connection: Connection, key: ForeignKey) -> None:
    """Put a foreign key back, which checks every row."""
    connection.execute(text(f"ALTER TABLE {_quoted(connection, key.table)} "
                            f"ADD CONSTRAINT {_quoted(connection, key.name)} {key.definition}"))


def triggers(connection: Connection, table: str, *, on: bool) -> None:
    """Have a table's own triggers look away from a load, or look again."""
    connection.execute(text(f"ALTER TABLE {_quoted(connection, table)} {'ENABLE' if on else 'DISABLE'} TRIGGER USER"))


def sequences(connection: Connection) -> dict[str, int]:
    """Return the last number each sequence gave; those that gave none are left out."""
    rows = connection.execute(text("""SELECT sequencename, last_value FROM pg_sequences
                                      WHERE schemaname = 'public' AND last_value IS NOT NULL ORDER BY 1"""))
    return {name: value for name, value in rows}


def set_sequence(connection: Connection, name: str, value: int) -> None:
    """Have a sequence go on after `value`."""
    connection.execute(text("SELECT setval(to_regclass('public.' || quote_ident(:name)), :value)"),
                       {"name": name, "value": value})


def drop_all(connection: Connection) -> None:
    """Remove every table, sequence, type and function of the schema that is no extension's."""
    for table in [*tables(connection), VERSION_TABLE]:
        connection.execute(text(f"DROP TABLE IF EXISTS {_quoted(connection, table)} CASCADE"))
    routines = connection.execute(text("""
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""")).scalars().all()
    for routine in routines:
        connection.execute(text(f"DROP ROUTINE IF EXISTS {routine} CASCADE"))
    types = connection.execute(text("""
        SELECT t.oid::regtype::text FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')""")).scalars().all()
    for name in types:
        connection.execute(text(f"DROP TYPE IF EXISTS {name} CASCADE"))


def analyse(connection: Connection) -> None:
    """Have the planner know what was loaded."""
    connection.execute(text("ANALYZE"))


def others(connection: Connection, application: str) -> int:
    """Return how many other connections of the product use this database at this moment."""
    connection.execute(text("SELECT pg_stat_clear_snapshot()"))
    return connection.execute(text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = :name AND pid <> pg_backend_pid()"""),
        {"name": application}).scalar_one()


def server_version(connection: Connection) -> str:
    """Return the version of PostgreSQL, such as ``18.4``."""
    return connection.execute(text("SHOW server_version")).scalar_one().split()[0]


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()
