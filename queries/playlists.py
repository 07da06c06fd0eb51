"""Playlists: those the product came with or imported, those of users, their songs and pictures; what was shown."""

from __future__ import annotations

import io
import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2.extras import execute_values
from sqlalchemy import Connection, text

LOCK = 7_302_108
"""Advisory lock held while playlists are imported or a model is trained."""
MOST_SONGS = 32_767
"""Songs a playlist can have: positions are of two bytes."""
_STREAMED: dict[str, Any] = {"stream_results": True, "max_row_buffer": 1_000}
"""All playlists with their songs, or their vectors, at once were gigabytes."""
_ARRAY_HEAD, _ELEMENT = 20, np.dtype([("bytes", ">i4"), ("value", ">f4")])
"""How PostgreSQL sends an array of one dimension: dimensions, nulls, type, length, bound; then each value's length and
value (src/backend/utils/adt/arrayfuncs.c, array_send)."""
_SHOWN = """p.id, p.owner_id, u.nickname AS owner, p.source, p.title, p.tags, p.likes, p.updated, p.request, p.token,
            p.created_at, p.changed_at"""
_FROM = "FROM playlists p LEFT JOIN users u ON u.id = p.owner_id"


def try_lock(connection: Connection) -> bool:
    """Try to take the session's lock of importing and training; it goes with the connection."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())


def unlock(connection: Connection) -> None:
    """Give the lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})


def version(connection: Connection) -> int:
    """Return a number that is raised by every change of the playlists to choose from, 0 before the first."""
    return connection.execute(text("SELECT coalesce(max(version), 0) FROM playlist_version")).scalar_one()


def raise_version(connection: Connection) -> None:
    """Let copies in memory be made anew: raise the version, to the moment in microseconds at least.

    A restored backup, or emptied tables, would else count up to a version again that stood for other playlists.
    """
    connection.execute(text("""
        INSERT INTO playlist_version AS v (version)
        VALUES (greatest(1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint))
        ON CONFLICT (only_row) DO UPDATE SET version = greatest(v.version + 1, excluded.version)"""))


# --- imports ------------------------------------------------------------------------------------------------------


def put_names(connection: Connection, songs: Sequence[tuple[str, str, str, str]]) -> dict[tuple[str, str], int]:
    """Make sure songs are there and return their ids by normalised artist and title.

    The caller keeps imports of the catalogue from adding songs meanwhile (`queries.catalogue.hold_songs`).

    Parameters
    ----------
    songs : sequence of (normalised artist, artist, normalised title, title)
        A known song keeps its names. The artists are not added to those whose growth is analysed.
    """
    rows = sorted({(each[0], each[2]): each for each in reversed(songs)}.values())
    if not rows:
        return {}
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        execute_values(cursor, """INSERT INTO artists (norm_key, key, display_name, outlook_stale)
            SELECT DISTINCT ON (norm) norm, name, name, false FROM (VALUES %s) AS v (norm, name)
            ON CONFLICT DO NOTHING""", sorted({(each[0], each[1]) for each in rows}), page_size=10_000)
        execute_values(cursor, """INSERT INTO songs (artist_id, key, norm_title, title)
            SELECT a.id, v.title, v.norm, v.title FROM (VALUES %s) AS v (artist, norm, title)
            JOIN artists a ON a.norm_key = v.artist ON CONFLICT DO NOTHING""",
                       [(each[0], each[2], each[3]) for each in rows], page_size=10_000)
    # a statement of its own sees what others have put in meanwhile
    return song_ids(connection, [(each[0], each[2]) for each in rows])


def clear_source(connection: Connection, source: str) -> None:
    """Remove the playlists of a source."""
    connection.execute(text("DELETE FROM playlists WHERE source = :source"), {"source": source})


def put_playlists(connection: Connection, source: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store playlists of a source; `raise_version` once all are there.

    Parameters
    ----------
    rows : sequence of dict
        ``outer_id, title, tags, likes, updated, songs`` (ids in order, at most `MOST_SONGS`).
    """
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        found = dict(execute_values(
            cursor, """INSERT INTO playlists (source, outer_id, title, tags, likes, updated) VALUES %s
                       RETURNING outer_id, id""",
            [(source, row["outer_id"], row["title"], list(row["tags"]), row["likes"], row["updated"]) for row in rows],
            fetch=True, page_size=5_000))
        lines = "".join(f"{found[row['outer_id']]}\t{place}\t{song}\n" for row in rows
                        for place, song in enumerate(row["songs"]))
        cursor.copy_expert("COPY playlist_songs (playlist_id, position, song_id) FROM STDIN", io.StringIO(lines))


def put_import(connection: Connection, source: str, sha256: str, reader: int, counts: Mapping[str, Any],
               actor_id: int) -> None:
    """Note that an import has ended."""
    connection.execute(
        text("""INSERT INTO playlist_imports (source, sha256, reader, counts, actor_id)
                VALUES (:source, :sha256, :reader, :counts, :actor)"""),
        {"source": source, "sha256": sha256, "reader": reader, "counts": json.dumps(counts), "actor": actor_id})


def import_counts(connection: Connection, source: str, sha256: str, reader: int) -> dict[str, Any] | None:
    """Return what the newest import of a source counted if it was of this file, else None."""
    row = connection.execute(
        text("SELECT sha256, reader, counts FROM playlist_imports WHERE source = :source ORDER BY id DESC LIMIT 1"),
        {"source": source}).first()
    return dict(row.counts) if row is not None and (row.sha256, row.reader) == (sha256, reader) else None


def count_not_embedded(connection: Connection, key: str) -> int:
    """Return how many playlists to choose from have a title without a vector of a model."""
    return connection.execute(
        text("SELECT count(*) FROM playlists WHERE owner_id IS NULL AND embedded_by IS DISTINCT FROM :key"),
        {"key": key}).scalar_one()


def not_embedded(connection: Connection, key: str, limit: int) -> list[tuple[int, str]]:
    """Return playlists to choose from whose title has no vector of a model: id and title."""
    rows = connection.execute(
        text("""SELECT id, title FROM playlists WHERE owner_id IS NULL AND embedded_by IS DISTINCT FROM :key
                ORDER BY id LIMIT :limit"""), {"key": key, "limit": limit})
    return [(row.id, row.title) for row in rows]


def put_embeddings(connection: Connection, key: str, rows: Sequence[tuple[int, list[float]]]) -> None:
    """Store the vectors of titles."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        execute_values(cursor, """UPDATE playlists p SET embedding = v.embedding, embedded_by = v.key
                                  FROM (VALUES %s) AS v (id, embedding, key) WHERE p.id = v.id""",
                       [(row[0], row[1], key) for row in rows], template="(%s, %s::real[], %s)", page_size=500)


# --- what is chosen from ------------------------------------------------------------------------------------------


def library(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give all playlists to choose from by their ids: ``id, source, outer_id, title, tags, likes, songs``."""
    asked = text("""SELECT p.id, p.source, p.outer_id, p.title, p.tags, p.likes,
                           ARRAY(SELECT song_id FROM playlist_songs s WHERE s.playlist_id = p.id
                                 ORDER BY position) AS songs
                    FROM playlists p WHERE p.owner_id IS NULL ORDER BY p.id""")
    for row in connection.execute(asked.execution_options(**_STREAMED)):
        yield dict(row._mapping) | {"songs": array("i", row.songs)}


def title_vectors(connection: Connection, key: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Give the vectors a model made of the titles of playlists to choose from, each with the playlist's id."""
    asked = text("""SELECT id, array_send(embedding) AS sent FROM playlists
                    WHERE owner_id IS NULL AND embedded_by = :key ORDER BY id""")
    for row in connection.execute(asked.execution_options(**_STREAMED), {"key": key}):
        yield row.id, np.frombuffer(row.sent, _ELEMENT, offset=_ARRAY_HEAD)["value"].astype(np.float32)


def made(connection: Connection) -> list[dict[str, Any]]:
    """Return what users saved, to learn from: ``id, title, tags, songs, chosen, likes`` (of users here).

    ``chosen`` are the playlists it was made from.
    """
    rows = connection.execute(text("""
        SELECT p.id, p.title, p.tags, coalesce(p.request -> 'chosen', '[]') AS chosen,
               ARRAY(SELECT song_id FROM playlist_songs s WHERE s.playlist_id = p.id ORDER BY position) AS songs,
               (SELECT count(*) FROM likes l WHERE l.kind = 'playlist' AND l.item = p.id::text) AS likes
        FROM playlists p WHERE p.owner_id IS NOT NULL ORDER BY p.id"""))
    return [dict(row._mapping) for row in rows]


def song_names(connection: Connection, song_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return artist, title and what the catalogue knows of some songs: genre, year, language and tags.

    A song that stands in the catalogue under several genres is given with the first.
    """
    rows = connection.execute(
        text("""SELECT s.id, s.title, a.display_name AS artist, s.artist_id, e.genre, e.year, e.language,
                       e.situation || e.emotion || e."time" || e.style || e.weather || e.season AS tags
                FROM songs s JOIN artists a ON a.id = s.artist_id
                LEFT JOIN LATERAL (SELECT * FROM catalogue_entries e WHERE e.song_id = s.id ORDER BY e.id LIMIT 1) e
                    ON true
                WHERE s.id = ANY(CAST(:ids AS integer[]))"""), {"ids": list(song_ids)})
    return {row.id: dict(row._mapping) | {"tags": list(row.tags or ())} for row in rows}


def song_ids(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the ids of songs by normalised artist and title, of those that are there."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        found = execute_values(
            cursor, """SELECT v.artist, v.title, s.id FROM (VALUES %s) AS v (artist, title)
                       JOIN artists a ON a.norm_key = v.artist
                       JOIN songs s ON s.artist_id = a.id AND s.norm_title = v.title""",
            sorted(set(names)), fetch=True, page_size=10_000) if names else []
    return {(artist, title): song for artist, title, song in found}


def keys_of(connection: Connection, song_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return normalised artist and title of songs."""
    rows = connection.execute(
        text("""SELECT s.id, a.norm_key, s.norm_title FROM songs s JOIN artists a ON a.id = s.artist_id
                WHERE s.id = ANY(CAST(:ids AS integer[]))"""), {"ids": list(song_ids)})
    return {row.id: (row.norm_key, row.norm_title) for row in rows}


# --- playlists of users -------------------------------------------------------------------------------------------


def save(connection: Connection, owner_id: int, playlist_id: int | None, title: str, tags: Sequence[str],
         request: Mapping[str, Any], songs: Sequence[Mapping[str, Any]]) -> int:
    """Store a user's playlist, a new one or in place of one of theirs, and return its id.

    Parameters
    ----------
    songs : sequence of dict
        ``song_id, locked, why`` in order.
    """
    values = {"owner": owner_id, "id": playlist_id, "title": title, "tags": list(tags), "request": json.dumps(request)}
    if playlist_id is None:
        playlist_id = connection.execute(
            text("""INSERT INTO playlists (owner_id, source, title, tags, request, updated)
                    VALUES (:owner, 'made', :title, CAST(:tags AS text[]), :request, now()::date) RETURNING id"""),
            values).scalar_one()
    else:
        connection.execute(
            text("""UPDATE playlists SET title = :title, tags = CAST(:tags AS text[]), request = :request,
                           updated = now()::date, changed_at = now() WHERE id = :id AND owner_id = :owner"""), values)
        connection.execute(text("DELETE FROM playlist_songs WHERE playlist_id = :id"), {"id": playlist_id})
    for place, song in enumerate(songs):
        connection.execute(
            text("""INSERT INTO playlist_songs (playlist_id, position, song_id, locked, why)
                    VALUES (:id, :place, :song, :locked, CAST(:why AS jsonb))"""),
            {"id": playlist_id, "place": place, "song": song["song_id"], "locked": song["locked"],
             "why": json.dumps(song["why"])})
    return playlist_id


def get(connection: Connection, playlist_id: int) -> dict[str, Any] | None:
    """Return a playlist with its songs (``song_id, locked, why`` in order), None if there is none."""
    row = connection.execute(text(f"SELECT {_SHOWN} {_FROM} WHERE p.id = :id"), {"id": playlist_id}).first()
    if row is None:
        return None
    songs = connection.execute(
        text("SELECT song_id, locked, why FROM playlist_songs WHERE playlist_id = :id ORDER BY position"),
        {"id": playlist_id})
    return dict(row._mapping) | {"songs": [dict(song._mapping) for song in songs]}


def counts(connection: Connection) -> dict[str, int]:
    """Return how many playlists there are to choose from, by source."""
    rows = connection.execute(text("SELECT source, count(*) FROM playlists WHERE source <> 'made' GROUP BY source"))
    return {source: count for source, count in rows}


def by_token(connection: Connection, token: str) -> int | None:
    """Return the playlist a link shows, None if there is no such link (any more)."""
    return connection.execute(text("SELECT id FROM playlists WHERE token = :token"), {"token": token}).scalar()


def set_token(connection: Connection, playlist_id: int, token: str | None) -> None:
    """Set or take back the link of a playlist."""
    connection.execute(text("UPDATE playlists SET token = :token WHERE id = :id"), {"id": playlist_id, "token": token})


def of_owner(connection: Connection, owner_id: int, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return a page of an owner's playlists, the last changed first, each with its number of songs."""
    rows = connection.execute(
        text(f"""SELECT {_SHOWN}, (SELECT count(*) FROM playlist_songs s WHERE s.playlist_id = p.id) AS count {_FROM}
                 WHERE p.owner_id = :owner ORDER BY p.changed_at DESC, p.id DESC LIMIT :limit OFFSET :offset"""),
        {"owner": owner_id, "limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def delete(connection: Connection, playlist_id: int) -> None:
    """Remove a playlist with its songs and pictures."""
    connection.execute(text("DELETE FROM likes WHERE kind = 'playlist' AND item = :item"), {"item": str(playlist_id)})
    connection.execute(text("DELETE FROM playlists WHERE id = :id"), {"id": playlist_id})


def like(connection: Connection, owner_id: int, playlist_id: int, *, on: bool) -> None:
    """Note that a user likes a playlist, or no longer."""
    values = {"owner": owner_id, "item": str(playlist_id)}
    connection.execute(text(
        "INSERT INTO likes (owner_id, kind, item) VALUES (:owner, 'playlist', :item) ON CONFLICT DO NOTHING" if on else
        "DELETE FROM likes WHERE owner_id = :owner AND kind = 'playlist' AND item = :item"), values)


def likes(connection: Connection, owner_id: int, playlist_ids: Sequence[int]) -> dict[int, tuple[int, bool]]:
    """Return, by playlist, how many users like it and whether this one does."""
    rows = connection.execute(
        text("""SELECT CAST(item AS integer) AS id, count(*) AS every, bool_or(owner_id = :owner) AS own FROM likes
                WHERE kind = 'playlist' AND item = ANY(CAST(:ids AS text[])) GROUP BY item"""),
        {"owner": owner_id, "ids": [str(each) for each in playlist_ids]})
    return {row.id: (row.every, row.own) for row in rows}


def add_feedback(connection: Connection, owner_id: int, act: str, title: str, *, playlist_id: int | None = None,
                 tags: Sequence[str] = (), songs: Sequence[int] = (), chosen: Sequence[int] = ()) -> None:
    """Note what was shown to a user, or what they did with it."""
    connection.execute(
        text("""INSERT INTO playlist_feedback (owner_id, playlist_id, act, title, tags, songs, chosen)
                VALUES (:owner, :playlist, :act, :title, CAST(:tags AS text[]), CAST(:songs AS integer[]),
                        CAST(:chosen AS integer[]))"""),
        {"owner": owner_id, "playlist": playlist_id, "act": act, "title": title, "tags": list(tags),
         "songs": list(songs), "chosen": list(chosen)})


# --- pictures -----------------------------------------------------------------------------------------------------


def put_picture(connection: Connection, row: Mapping[str, Any]) -> int:
    """Store a thumbnail and return its id."""
    return connection.execute(
        text("""INSERT INTO playlist_pictures
                    (owner_id, playlist_id, song_id, title, seed, painter, plan, kind, picture)
                VALUES (:owner_id, :playlist_id, :song_id, :title, :seed, :painter, CAST(:plan AS jsonb), :kind,
                        :picture) RETURNING id"""),
        {**row, "plan": json.dumps(row["plan"], default=str)}).scalar_one()


def pictures(connection: Connection, playlist_id: int) -> list[dict[str, Any]]:
    """Return the thumbnails of a playlist without their pixels, newest first."""
    rows = connection.execute(
        text("""SELECT id, owner_id, song_id, title, seed, painter, plan, kind, created_at FROM playlist_pictures
                WHERE playlist_id = :id ORDER BY id DESC"""), {"id": playlist_id})
    return [dict(row._mapping) for row in rows]


def picture(connection: Connection, picture_id: int) -> dict[str, Any] | None:
    """Return a thumbnail with its pixels, None if there is none."""
    row = connection.execute(
        text("""SELECT p.*, l.token FROM playlist_pictures p LEFT JOIN playlists l ON l.id = p.playlist_id
                WHERE p.id = :id"""), {"id": picture_id}).first()
    return None if row is None else dict(row._mapping) | {"picture": bytes(row.picture)}


def choose_picture(connection: Connection, playlist_id: int, picture_id: int) -> None:
    """Keep with a playlist which of its thumbnails stands for it."""
    connection.execute(
        text("""UPDATE playlists
                SET request = coalesce(request, '{}') || jsonb_build_object('picture', CAST(:picture AS bigint))
                WHERE id = :id"""), {"id": playlist_id, "picture": picture_id})


def adopt_pictures(connection: Connection, owner_id: int, picture_ids: Sequence[int], playlist_id: int) -> None:
    """Let thumbnails of an owner belong to a playlist."""
    connection.execute(
        text("""UPDATE playlist_pictures SET playlist_id = :playlist
                WHERE id = ANY(CAST(:ids AS integer[])) AND owner_id = :owner"""),
        {"playlist": playlist_id, "ids": list(picture_ids), "owner": owner_id})


def delete_picture(connection: Connection, picture_id: int) -> None:
    """Remove a thumbnail."""
    connection.execute(text("DELETE FROM playlist_pictures WHERE id = :id"), {"id": picture_id})
