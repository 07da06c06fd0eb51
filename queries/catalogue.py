"""The song catalogue's statements: import in batches, its log, counts, pages, tags edited by hand.

Rows travel as binary COPY into temporary tables, the vectors of tag combinations once a batch; from there artists and
songs that are missing are added, and entries are upserted. Unchanged entries are neither written nor locked.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

LOCK = 7_302_106
"""Advisory lock held during an import."""
WRITE_LOCK = 7_302_107
"""Advisory lock of a transaction that adds songs to the catalogue, or deletes songs that are not in it."""
CATEGORIES = ("situation", "emotion", "time", "style", "weather", "season")
SORTS = {"artist": "lower(a.display_name), lower(s.title), e.id",
         "title": "lower(s.title), lower(a.display_name), e.id",
         "newest": "e.year DESC NULLS LAST, lower(s.title), e.id", "oldest": "e.year NULLS LAST, lower(s.title), e.id",
         "edited": "e.edited_at DESC NULLS LAST, e.id DESC"}
"""Orders of `page`, by name."""
_TAGS = ", ".join(f'"{name}"' for name in CATEGORIES)
_COUNTS = ("rows_read", "added", "changed", "unchanged", "edited", "untagged", "repeated", "refused")
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_NULL = struct.pack(">i", -1)
_TEXT_OID, _REAL_OID = 25, 700


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries: every one of `words` in the names and all of `tags` (by category), any of the others."""

    words: Sequence[str] = ()
    genres: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] | None = None
    languages: Sequence[str] = ()
    first_year: int | None = None
    last_year: int | None = None


# --- lock and log -------------------------------------------------------------------------------------------------


def try_lock(connection: Connection) -> bool:
    """Try to take the session's lock of importing; it goes with the connection."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())


def unlock(connection: Connection) -> None:
    """Give the lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})


def hold_songs(connection: Connection) -> None:
    """Wait until no other transaction adds songs to the catalogue or deletes songs; held to the transaction's end."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})


def start_import(connection: Connection, name: str, sha256: str, reader: int, actor_id: int) -> dict[str, Any]:
    """Return the log's row of an import that begins, or goes on where one of the same file was cut short.

    The lock is held, so any other unfinished import was interrupted.
    """
    connection.execute(text("UPDATE catalogue_imports SET state = 'interrupted', finished_at = now() "
                            "WHERE state = 'running'"))
    row = connection.execute(
        text("""UPDATE catalogue_imports SET state = 'running', finished_at = NULL, actor_id = :actor
                WHERE id = (SELECT max(id) FROM catalogue_imports WHERE sha256 = :sha256 AND reader = :reader)
                      AND state <> 'done' RETURNING *"""),
        {"actor": actor_id, "sha256": sha256, "reader": reader}).first()
    row = row or connection.execute(
        text("""INSERT INTO catalogue_imports (name, sha256, reader, state, actor_id)
                VALUES (:name, :sha256, :reader, 'running', :actor) RETURNING *"""),
        {"name": name, "sha256": sha256, "reader": reader, "actor": actor_id}).one()
    return dict(row._mapping)


def put_counts(connection: Connection, import_id: int, counts: Mapping[str, int], unknown: Mapping[str, int],
               refusals: Sequence[Mapping[str, Any]]) -> None:
    """Store what became of the rows read so far."""
    connection.execute(
        text(f"""UPDATE catalogue_imports SET {", ".join(f"{name} = :{name}" for name in _COUNTS)},
                        unknown_tags = :unknown, refusals = :refusals WHERE id = :id"""),
        {name: counts[name] for name in _COUNTS} | {
            "id": import_id, "unknown": json.dumps(dict(unknown)), "refusals": json.dumps(list(refusals))})


def finish_import(connection: Connection, import_id: int, state: str) -> dict[str, Any]:
    """Store how an import ended and return its row."""
    return dict(connection.execute(
        text("UPDATE catalogue_imports SET state = :state, finished_at = now() WHERE id = :id RETURNING *"),
        {"id": import_id, "state": state}).one()._mapping)


def imports(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the newest imports, newest first; one whose process is gone counts as interrupted."""
    rows = connection.execute(
        text("""SELECT i.*, u.nickname AS actor, i.state = 'running' AND NOT EXISTS (
                           SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objid = :key AND l.granted
                           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS dead
                FROM catalogue_imports i LEFT JOIN users u ON u.id = i.actor_id ORDER BY i.id DESC LIMIT :limit"""),
        {"key": LOCK, "limit": limit})
    return [dict(row._mapping) | ({"state": "interrupted"} if row.dead else {}) for row in rows]


def was_imported(connection: Connection, sha256: str, reader: int) -> bool:
    """Return whether a file was imported to its end by these rules."""
    return bool(connection.execute(
        text("SELECT EXISTS (SELECT FROM catalogue_imports WHERE sha256 = :sha256 AND reader = :reader "
             "AND state = 'done')"), {"sha256": sha256, "reader": reader}).scalar())


def version(connection: Connection) -> int:
    """Return the catalogue's version, 0 before anything was stored."""
    return connection.execute(text("SELECT coalesce(max(version), 0) FROM catalogue_version")).scalar_one()


def raise_version(connection: Connection) -> None:
    """Raise the catalogue's version, to the moment in microseconds at least.

    A restored backup, or emptied tables, would else count up to a version again that stood for other songs.
    """
    connection.execute(text("""
        INSERT INTO catalogue_version AS v (version)
        VALUES (greatest(1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint))
        ON CONFLICT (only_row) DO UPDATE SET version = greatest(v.version + 1, excluded.version)"""))


# --- import -------------------------------------------------------------------------------------------------------


STAGE = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS catalogue_stage (place integer, norm_artist text, artist text, norm_title text,
        title text, genre text, album text, year smallint, language text, haystack text, combination integer)
        ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS catalogue_combinations (combination integer,
        {", ".join(f'"{name}" text[]' for name in CATEGORIES)}, embedding real[]) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS catalogue_songs (place integer, song_id integer) ON COMMIT DELETE ROWS;
    SET LOCAL random_page_cost = 1.1"""
_STAGED = ("norm_artist", "artist", "norm_title", "title", "genre", "album", "year", "language", "haystack")
ARTISTS = """
    INSERT INTO artists (norm_key, key, display_name, outlook_stale)
    SELECT DISTINCT ON (norm_artist COLLATE "C") norm_artist, artist, artist, false FROM catalogue_stage s
    WHERE NOT EXISTS (SELECT FROM artists a WHERE a.norm_key = s.norm_artist)
    ORDER BY norm_artist COLLATE "C", place ON CONFLICT DO NOTHING"""
SONGS = """
    INSERT INTO songs (artist_id, norm_title, key, title)
    SELECT DISTINCT ON (a.id, s.norm_title COLLATE "C") a.id, s.norm_title, s.title, s.title
    FROM catalogue_stage s JOIN artists a ON a.norm_key = s.norm_artist
    WHERE NOT EXISTS (SELECT FROM songs o WHERE (o.artist_id, o.norm_title) = (a.id, s.norm_title))
    ORDER BY a.id, s.norm_title COLLATE "C", s.place ON CONFLICT DO NOTHING"""
FOUND = """
    INSERT INTO catalogue_songs
    SELECT s.place, o.id FROM catalogue_stage s JOIN artists a ON a.norm_key = s.norm_artist
           JOIN songs o ON (o.artist_id, o.norm_title) = (a.id, s.norm_title)"""
"""In a table of its own: the planner takes a row for each of these joins, and would go on in nested loops."""
_COMPARED = ("album", "year", "language", *CATEGORIES, "embedded_by", "haystack")
_ENTRY = ", ".join(f'"{name}"' for name in ("album", "year", "language", *CATEGORIES, "embedding", "embedded_by",
                                            "haystack", "source"))
ENTRIES = f"""
    WITH wanted AS MATERIALIZED (
        SELECT o.song_id, s.genre, s.album, s.year, s.language, {", ".join(f'c."{each}"' for each in CATEGORIES)},
               %(key)s::text AS embedded_by, s.haystack, s.combination
        FROM catalogue_stage s JOIN catalogue_songs o USING (place) JOIN catalogue_combinations c USING (combination)),
    compared AS MATERIALIZED (
        SELECT w.*, e.id IS NULL AS fresh, e.edited_at IS NOT NULL AS edited,
               ({", ".join(f'w."{name}"' for name in _COMPARED)})
               IS NOT DISTINCT FROM ({", ".join(f'e."{name}"' for name in _COMPARED)}) AS same
        FROM wanted w LEFT JOIN catalogue_entries e USING (song_id, genre)),
    written AS (
        INSERT INTO catalogue_entries AS e (song_id, genre, {_ENTRY})
        SELECT song_id, genre, {", ".join("c.embedding" if name == '"embedding"' else "%(source)s" if name == '"source"'
                                          else f"d.{name}" for name in _ENTRY.split(", "))}
        FROM compared d JOIN catalogue_combinations c USING (combination) WHERE fresh OR NOT (edited OR same)
        ORDER BY song_id, genre
        ON CONFLICT (song_id, genre) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in _ENTRY.split(", "))}
        WHERE e.edited_at IS NULL AND ({", ".join(f'e."{name}"' for name in _COMPARED)})
              IS DISTINCT FROM ({", ".join(f'excluded."{name}"' for name in _COMPARED)})
        RETURNING xmax = 0 AS fresh)
    SELECT (SELECT count(*) FROM written WHERE fresh), (SELECT count(*) FROM written WHERE NOT fresh),
           (SELECT count(*) FROM compared WHERE same AND NOT edited)"""


def put_entries(connection: Connection, rows: Sequence[Mapping[str, Any]], combinations: Sequence[int],
                tags: Sequence[Mapping[str, Sequence[str]]], vectors: NDArray[np.float32], *, key: str,
                source: str) -> dict[str, int]:
    """Store entries with their artists and songs; return how many were ``added, changed, unchanged, edited``.

    Entries edited by hand stay as they are and count as ``edited``.

    Parameters
    ----------
    rows : sequence of mapping
        ``norm_artist, artist, norm_title, title, genre, album, year, language, haystack``; artist, title and genre
        together only once.
    combinations : sequence of int
        For each row the place of its tags in `tags`.
    tags : sequence of mapping
        Tags by category, each combination once.
    vectors : ndarray of float32, shape (len(tags), width)
    key : str
        What made the vectors.
    source : str
        Name of the file.
    """
    hold_songs(connection)
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        cursor.execute(STAGE)
        for table, lines in (("catalogue_stage", _stage_lines(rows, combinations)),
                             ("catalogue_combinations", _combination_lines(tags, vectors))):
            data = io.BytesIO(b"".join((_COPY_HEADER, *lines, _COPY_END)))
            cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", data, size=1 << 20)
            cursor.execute(f"ANALYZE {table}")
        for statement in (ARTISTS, SONGS, FOUND, "ANALYZE catalogue_songs"):
            cursor.execute(statement)
        cursor.execute(ENTRIES, {"key": key, "source": source})
        added, changed, unchanged = cursor.fetchone()
    if added or changed:
        raise_version(connection)
    return {"added": added, "changed": changed, "unchanged": unchanged,
            "edited": len(rows) - added - changed - unchanged}


def _stage_lines(rows: Sequence[Mapping[str, Any]], combinations: Sequence[int]) -> Iterable[bytes]:
    head = struct.pack(">h", len(_STAGED) + 2)
    for place, (row, combination) in enumerate(zip(rows, combinations, strict=True)):
        yield b"".join((head, _number(place), *(_year(row[name]) if name == "year" else _bytes(row[name].encode())
                                                for name in _STAGED), _number(combination)))


def _combination_lines(tags: Sequence[Mapping[str, Sequence[str]]], vectors: NDArray[np.float32]) -> Iterable[bytes]:
    head = struct.pack(">h", len(CATEGORIES) + 2)
    for place, by_category in enumerate(tags):
        arrays = (_bytes(_array(_TEXT_OID, [each.encode() for each in by_category[name]])) for name in CATEGORIES)
        yield b"".join((head, _number(place), *arrays, _bytes(_vector(vectors[place]))))


def _bytes(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def _number(value: int) -> bytes:
    return struct.pack(">ii", 4, value)


def _year(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack(">ih", 2, value)


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    """Return an array of one dimension as PostgreSQL sends it; an empty one has no dimension."""
    if not items:
        return struct.pack(">iii", 0, 0, oid)
    return struct.pack(">iiiii", 1, 0, oid, len(items), 1) + b"".join(map(_bytes, items))


def _vector(vector: NDArray[np.float32]) -> bytes:
    cells = np.empty(len(vector), [("length", ">i4"), ("value", ">f4")])
    cells["length"], cells["value"] = 4, vector
    return struct.pack(">iiiii", 1, 0, _REAL_OID, len(vector), 1) + cells.tobytes()


# --- counts and pages ---------------------------------------------------------------------------------------------


def counts(connection: Connection) -> dict[str, Any]:
    """Return songs, entries, how many were edited, first and last year, and entries by genre, tag and language."""
    row = connection.execute(text("""
        SELECT count(DISTINCT song_id) AS songs, count(*) AS entries, count(edited_at) AS edited,
               min(year) AS first_year, max(year) AS last_year FROM catalogue_entries""")).one()
    every = " || ".join(f'"{name}"' for name in CATEGORIES)
    grouped = {name: {key: count for key, count in connection.execute(text(statement))} for name, statement in (
        ("genres", "SELECT genre, count(*) FROM catalogue_entries GROUP BY genre"),
        ("languages", "SELECT language, count(*) FROM catalogue_entries GROUP BY language"),
        ("tags", f"SELECT tag, count(*) FROM catalogue_entries, unnest({every}) AS tag GROUP BY tag"))}
    return dict(row._mapping) | grouped


_SELECT = f"""
    SELECT e.id, e.song_id, a.display_name AS artist, s.title, e.album, e.year, e.genre, e.language,
           {", ".join(f'e."{name}"' for name in CATEGORIES)}, e.source, e.created_at, e.edited_at,
           u.nickname AS edited_by
    FROM catalogue_entries e JOIN songs s ON s.id = e.song_id JOIN artists a ON a.id = s.artist_id
         LEFT JOIN users u ON u.id = e.edited_by"""


def count(connection: Connection, filters: Filters) -> int:
    """Return how many entries there are."""
    where, values = _where(filters)
    return connection.execute(text(f"SELECT count(*) FROM catalogue_entries e WHERE {where}"), values).scalar_one()


def page(connection: Connection, filters: Filters, sort: str, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return entries with the names of song and artist; `sort` is one of `SORTS`."""
    where, values = _where(filters)
    rows = connection.execute(text(f"{_SELECT} WHERE {where} ORDER BY {SORTS[sort]} LIMIT :limit OFFSET :offset"),
                              values | {"limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def table(connection: Connection, filters: Filters, sort: str) -> list[tuple[Any, ...]]:
    """Return all entries: genre, title, artist, album, year, language, tags of each category parted by ``|``."""
    where, values = _where(filters)
    tags = ", ".join(f"""array_to_string(e."{name}", '|')""" for name in CATEGORIES)
    rows = connection.execute(
        text(f"""SELECT e.genre, s.title, a.display_name, e.album, e.year, e.language, {tags}
                 FROM catalogue_entries e JOIN songs s ON s.id = e.song_id JOIN artists a ON a.id = s.artist_id
                 WHERE {where} ORDER BY {SORTS[sort]}"""), values)
    return [tuple(row) for row in rows]


def entry(connection: Connection, entry_id: int) -> dict[str, Any] | None:
    """Return an entry, None if there is none."""
    row = connection.execute(text(f"{_SELECT} WHERE e.id = :id"), {"id": entry_id}).first()
    return dict(row._mapping) if row else None


def _where(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Return the condition of filters and its values."""
    parts = [f"strpos(e.haystack, :word{number}) > 0" for number in range(len(filters.words))]
    values: dict[str, Any] = {f"word{number}": word for number, word in enumerate(filters.words)}
    for name in ("genre", "language"):
        if chosen := getattr(filters, f"{name}s"):
            parts.append(f"e.{name} = ANY(:{name})")
            values[name] = list(chosen)
    for category, tags in (filters.tags or {}).items():
        if tags:
            parts.append(f'e."{CATEGORIES[CATEGORIES.index(category)]}" @> CAST(:tags_{category} AS text[])')
            values[f"tags_{category}"] = list(tags)
    for name, sign in (("first_year", ">="), ("last_year", "<=")):
        if (year := getattr(filters, name)) is not None:
            parts.append(f"e.year {sign} :{name}")
            values[name] = year
    return " AND ".join(parts) or "true", values


# --- editing ------------------------------------------------------------------------------------------------------


def lock_entry(connection: Connection, entry_id: int) -> bool:
    """Keep others from changing an entry until the transaction ends; return whether it is there."""
    return connection.execute(text("SELECT 1 FROM catalogue_entries WHERE id = :id FOR NO KEY UPDATE"),
                              {"id": entry_id}).first() is not None


def put_tags(connection: Connection, entry_id: int, tags: Mapping[str, Sequence[str]], vector: Sequence[float],
             key: str, actor_id: int) -> None:
    """Store tags edited by hand, with their vector."""
    connection.execute(
        text(f"""UPDATE catalogue_entries
                 SET {", ".join(f'"{name}" = CAST(:{name} AS text[])' for name in CATEGORIES)},
                     embedding = CAST(:vector AS real[]), embedded_by = :key, edited_at = now(), edited_by = :actor
                 WHERE id = :id"""),
        {name: list(tags[name]) for name in CATEGORIES} | {
            "id": entry_id, "vector": list(vector), "key": key, "actor": actor_id})
    raise_version(connection)
