"""Lyrics of songs: sources and their objects, search, private lyrics; what Last.fm says of tracks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy import Connection, text

LOCK = 7_302_104
"""Advisory lock held while the lyrics of a source are refreshed."""
_VISIBLE = "(l.owner_id = :owner OR (l.source_id = CAST(:source AS integer) AND NOT l.repeated))"
_LYRICS = ("song_id", "owner_id", "source_id", "object_id", "source", "artist", "title", "norm_artist", "norm_title",
           "language", "lines", "lyrics", "haystack")
_CHANGING = ("song_id", "source", "artist", "title", "language", "lines", "lyrics", "haystack")


def try_lock(connection: Connection) -> bool:
    """Try to take the session's lock of refreshing; it goes with the connection."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())


def unlock(connection: Connection) -> None:
    """Give the lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})


# --- sources and objects ------------------------------------------------------------------------------------------


def put_source(connection: Connection, kind: str, address: str) -> int:
    """Make sure a source is there and return its id."""
    connection.execute(text("INSERT INTO lyrics_sources (kind, address) VALUES (:kind, :address) "
                            "ON CONFLICT (address) DO NOTHING"), {"kind": kind, "address": address})
    return connection.execute(text("SELECT id FROM lyrics_sources WHERE address = :address"),
                              {"address": address}).scalar_one()


def source(connection: Connection, address: str) -> dict[str, Any] | None:
    """Return a source with the moments of its refreshes and its last error, None if it was never refreshed."""
    row = connection.execute(text("SELECT * FROM lyrics_sources WHERE address = :address"),
                             {"address": address}).first()
    return dict(row._mapping) if row else None


def due(connection: Connection, address: str, minutes: float) -> bool:
    """Return whether the last attempt to refresh a source is more than `minutes` ago."""
    return not connection.execute(
        text("SELECT 1 FROM lyrics_sources WHERE address = :address AND tried_at > now() - make_interval(secs => :s)"),
        {"address": address, "s": minutes * 60}).first()


def refreshed(connection: Connection, source_id: int, *, cut: bool) -> None:
    """Note that a refresh has ended well, and which songs several objects have."""
    connection.execute(
        text("""UPDATE lyrics l SET repeated = r.place > 1
                FROM (SELECT l.id, row_number() OVER (PARTITION BY l.norm_artist, l.norm_title ORDER BY o.name, l.id)
                             AS place
                      FROM lyrics l JOIN lyrics_objects o ON o.id = l.object_id WHERE l.source_id = :source) AS r
                WHERE l.id = r.id AND l.repeated IS DISTINCT FROM (r.place > 1)"""), {"source": source_id})
    connection.execute(
        text("""UPDATE lyrics_sources SET tried_at = now(), refreshed_at = now(), cut = :cut, error_code = NULL,
                       error_values = '{}' WHERE id = :source"""), {"source": source_id, "cut": cut})


def failed(connection: Connection, source_id: int, code: str, values: dict[str, Any]) -> None:
    """Note that an attempt to refresh has failed, and why."""
    connection.execute(
        text("UPDATE lyrics_sources SET tried_at = now(), error_code = :code, error_values = :values WHERE id = :id"),
        {"id": source_id, "code": code, "values": json.dumps(values, default=str)})


def objects(connection: Connection, source_id: int) -> dict[str, tuple[str, int, int]]:
    """Return, by name, etag, reader and number of songs of the objects read."""
    rows = connection.execute(
        text("SELECT name, etag, reader, songs FROM lyrics_objects WHERE source_id = :source"), {"source": source_id})
    return {name: (etag, reader, songs) for name, etag, reader, songs in rows}


def put_objects(connection: Connection, source_id: int, rows: Sequence[tuple[str, str, int, int, int, list[Any]]],
                ) -> dict[str, int]:
    """Store objects as read and return their ids by name.

    Parameters
    ----------
    rows : sequence of (name, etag, size, reader, number of songs, songs refused)
    """
    if not rows:
        return {}
    return dict(_many(connection, """
        INSERT INTO lyrics_objects AS o (source_id, name, etag, size, reader, songs, refused) VALUES %s
        ON CONFLICT (source_id, name) DO UPDATE
        SET etag = excluded.etag, size = excluded.size, reader = excluded.reader, songs = excluded.songs,
            refused = excluded.refused, read_at = now()
        RETURNING name, id""", [(source_id, *row[:5], json.dumps(row[5], default=str)) for row in rows]))


def drop_objects(connection: Connection, source_id: int, names: Sequence[str]) -> int:
    """Remove objects that have gone, with their lyrics; return how many."""
    return connection.execute(
        text("DELETE FROM lyrics_objects WHERE source_id = :source AND name = ANY(CAST(:names AS text[]))"),
        {"source": source_id, "names": list(names)}).rowcount


def refused(connection: Connection, address: str, limit: int) -> list[dict[str, Any]]:
    """Return the songs of a source that were not taken: ``name, line, code, values``, by name and line."""
    rows = connection.execute(
        text("""SELECT o.name, CAST(r ->> 'line' AS integer) AS line, r ->> 'code' AS code, r -> 'values' AS values
                FROM lyrics_objects o JOIN lyrics_sources s ON s.id = o.source_id
                     CROSS JOIN LATERAL jsonb_array_elements(o.refused) AS r
                WHERE s.address = :address ORDER BY o.name, line LIMIT :limit"""),
        {"address": address, "limit": limit})
    return [dict(row._mapping) for row in rows]


# --- lyrics -------------------------------------------------------------------------------------------------------


def add_artists(connection: Connection, artists: Iterable[tuple[str, str, str]]) -> None:
    """Add artists (norm_key, key, display name) that are not there yet: nothing of theirs is to be analysed."""
    rows = sorted(dict((row[0], row) for row in reversed(list(artists))).values())
    if rows:
        _many(connection, "INSERT INTO artists (norm_key, key, display_name, outlook_stale) VALUES %s "
                          "ON CONFLICT DO NOTHING RETURNING id", [(*row, False) for row in rows])


def put_lyrics(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Store lyrics, all of objects or all private, and return their ids; known ones keep theirs.

    Parameters
    ----------
    rows : sequence of dict
        With the keys `_LYRICS`; the same song only once for each object or owner.
    """
    if not rows:
        return []
    home = "object_id" if rows[0]["object_id"] is not None else "owner_id"
    new, old = (", ".join(f"{table}.{name}" for name in _CHANGING) for table in ("excluded", "l"))
    _many(connection, f"""
        INSERT INTO lyrics AS l ({", ".join(_LYRICS)}) VALUES %s
        ON CONFLICT ({home}, norm_artist, norm_title) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in _CHANGING)}, changed_at = now()
        WHERE ({old}) IS DISTINCT FROM ({new}) RETURNING id""",
        [tuple(row[name] for name in _LYRICS) for row in rows])
    return sorted(row[0] for row in _many(connection, f"""
        SELECT l.id FROM lyrics l JOIN (VALUES %s) AS v (home, norm_artist, norm_title)
            ON (l.{home}, l.norm_artist, l.norm_title) = (v.home, v.norm_artist, v.norm_title)""",
        [(row[home], row["norm_artist"], row["norm_title"]) for row in rows]))


def drop_lyrics_but(connection: Connection, object_ids: Sequence[int], kept: Sequence[int]) -> None:
    """Remove lyrics of objects that are no longer in them."""
    connection.execute(
        text("""DELETE FROM lyrics WHERE object_id = ANY(CAST(:objects AS integer[]))
                AND id <> ALL(CAST(:kept AS integer[]))"""), {"objects": list(object_ids), "kept": list(kept)})


def lyrics_page(connection: Connection, owner_id: int, source_id: int | None, words: Sequence[str], limit: int,
                offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the lyrics an owner may read that hold every one of the words, by artist and title.

    Returns
    -------
    tuple of (list of dict, int)
        The page, and how many there are in all: counted on the way, since a search reads every text once anyway.
    """
    where, values = _found(owner_id, source_id, words)
    rows = connection.execute(
        text(f"""SELECT l.id, l.song_id, l.artist, l.title, l.source, l.language, l.lines, l.changed_at,
                        l.owner_id IS NOT NULL AS own, count(*) OVER () AS every
                 FROM lyrics l WHERE {where}
                 ORDER BY l.norm_artist, l.norm_title, l.id LIMIT :limit OFFSET :offset"""),
        values | {"limit": limit, "offset": offset})
    page = [dict(row._mapping) for row in rows]
    every = [row.pop("every") for row in page]
    if every or not offset:
        return page, every[0] if every else 0
    count = connection.execute(text(f"SELECT count(*) FROM lyrics l WHERE {where}"), values).scalar_one()
    return page, count


def lyrics_ids(connection: Connection, owner_id: int, source_id: int | None, words: Sequence[str]) -> list[int]:
    """Return the ids of all that `lyrics_page` has, in its order."""
    where, values = _found(owner_id, source_id, words)
    return list(connection.execute(
        text(f"SELECT l.id FROM lyrics l WHERE {where} ORDER BY l.norm_artist, l.norm_title, l.id"), values).scalars())


def _found(owner_id: int, source_id: int | None, words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the condition of a search and its values; `strpos` takes half the time of LIKE, and knows no wildcards."""
    values = {"owner": owner_id, "source": source_id} | {f"word{number}": word for number, word in enumerate(words)}
    held = [f" AND strpos(l.haystack, :word{number}) > 0" for number in range(len(words))]
    return _VISIBLE + "".join(held), values


def lyrics(connection: Connection, lyrics_id: int, owner_id: int) -> dict[str, Any] | None:
    """Return lyrics that are everyone's or the owner's, with what is known of the track; None if there are none."""
    row = connection.execute(
        text("""SELECT l.id, l.song_id, l.artist, l.title, l.source, l.language, l.lyrics, l.norm_artist, l.norm_title,
                       i.known, i.tags, i.cover_url, i.listeners, i.playcount, i.url, i.fetched_at
                FROM lyrics l LEFT JOIN track_info i ON i.song_id = l.song_id
                WHERE l.id = :id AND (l.owner_id IS NULL OR l.owner_id = :owner)"""),
        {"id": lyrics_id, "owner": owner_id}).first()
    return dict(row._mapping) if row else None


def link(connection: Connection, lyrics_id: int, song_id: int) -> None:
    """Say which song lyrics belong to."""
    connection.execute(text("UPDATE lyrics SET song_id = :song WHERE id = :id"), {"song": song_id, "id": lyrics_id})


def count_own(connection: Connection, owner_id: int) -> int:
    """Return how many private lyrics somebody has."""
    return connection.execute(text("SELECT count(*) FROM lyrics WHERE owner_id = :owner"),
                              {"owner": owner_id}).scalar_one()


def delete_own(connection: Connection, lyrics_id: int, owner_id: int) -> str | None:
    """Delete private lyrics and return their title; None if the owner has none such."""
    return connection.execute(text("DELETE FROM lyrics WHERE id = :id AND owner_id = :owner RETURNING title"),
                              {"id": lyrics_id, "owner": owner_id}).scalar()


# --- Last.fm ------------------------------------------------------------------------------------------------------


def put_track_info(connection: Connection, song_id: int, known: dict[str, Any] | None) -> None:
    """Store an answer with its moment; None: the track is not known. Nothing, where the song was deleted meanwhile."""
    values = {"artist": None, "title": None, "tags": [], "cover_url": None, "listeners": None, "playcount": None,
              "url": None} | (known or {})
    columns = ", ".join(values)
    connection.execute(
        text(f"""INSERT INTO track_info (song_id, known, {columns})
                 SELECT id, :known, :artist, :title, CAST(:tags AS text[]), :cover_url, CAST(:listeners AS bigint),
                        CAST(:playcount AS bigint), :url FROM songs WHERE id = :song
                 FOR KEY SHARE
                 ON CONFLICT (song_id) DO UPDATE
                 SET known = excluded.known, {", ".join(f"{name} = excluded.{name}" for name in values)},
                     fetched_at = now()"""),
        {"song": song_id, "known": known is not None, **values})


def _many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        return execute_values(cursor, statement, rows, page_size=1000, fetch=True) or []
