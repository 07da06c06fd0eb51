"""The sync's statements: manifest, names to ids, bulk upsert of readings, rejected lines, runs.

Readings travel as binary COPY into a temporary table and from there by ``INSERT ... ON CONFLICT DO UPDATE ... WHERE ...
IS DISTINCT FROM`` where days are new, by a join where only values can differ: an unchanged reading is not written again
and leaves no dead tuple. The very first readings of songs are copied straight in.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

LOCK = 7_302_102
"""Advisory lock held while readings are written or deleted."""
_PG_EPOCH_DAY = 10_957
"""2000-01-01, where PostgreSQL counts days from, as days since 1970-01-01."""
_FIELDS = (("song", ">i4"), ("day", ">i4"), ("platform", ">i2"), ("flags", ">i2"), ("source", ">i4"),
           ("total", ">f8"), ("gain", ">f8"))
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"


def _copy_dtype() -> np.dtype:
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in _FIELDS:
        parts += [(f"{name}_length", ">i4"), (name, kind)]
    return np.dtype(parts)


_COPY_ROW = _copy_dtype()


def copy_rows(columns: dict[str, np.ndarray]) -> bytes:
    """Return readings in PostgreSQL's binary COPY format.

    Parameters
    ----------
    columns : dict of str to ndarray, each of shape (n,)
        ``song``, ``day`` (days since 1970-01-01), ``platform``, ``flags``, ``source``, ``total``, ``gain``. An
        unknown gain is NaN here and NULL on the wire.
    """
    rows = np.empty(len(columns["song"]), _COPY_ROW)
    rows["fields"] = len(_FIELDS)
    for name, kind in _FIELDS:
        rows[f"{name}_length"] = np.dtype(kind).itemsize
        rows[name] = columns[name] - _PG_EPOCH_DAY if name == "day" else columns[name]
    unknown = np.flatnonzero(np.isnan(rows["gain"]))
    rows["gain_length"][unknown] = -1
    return b"".join((_COPY_HEADER, *_without_gain(rows.tobytes(), unknown.tolist()), _COPY_END))


def _without_gain(data: bytes, unknown: list[int]) -> Iterator[memoryview]:
    """Cut the gain, a row's last field, out of the rows `unknown`: NULL has a length of -1 and no bytes."""
    view, start, width = memoryview(data), 0, _COPY_ROW.itemsize
    for row in unknown:
        yield view[start:(row + 1) * width - 8]
        start = (row + 1) * width
    yield view[start:]


def _cursor(connection: Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver.cursor()


# --- lock and runs ------------------------------------------------------------------------------------------------


def try_lock(connection: Connection) -> bool:
    """Try to take the session's sync lock; it goes with the connection."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())


def unlock(connection: Connection) -> None:
    """Give the sync lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})


def running_since(connection: Connection) -> str | None:
    """Return when the newest unfinished run started, as a text to the minute."""
    row = connection.execute(
        text("SELECT started_at FROM sync_runs WHERE state = 'running' ORDER BY id DESC LIMIT 1")).first()
    return row[0].astimezone().strftime("%Y-%m-%d %H:%M") if row else None


def start_run(connection: Connection, folder: str, actor_id: int, forced: bool) -> int:
    """Store a new run and return its id; the lock is held, so any other unfinished run was interrupted."""
    connection.execute(text("UPDATE sync_runs SET state = 'interrupted', finished_at = now() WHERE state = 'running'"))
    return connection.execute(
        text("""INSERT INTO sync_runs (folder, actor_id, state, forced)
                VALUES (:folder, :actor, 'running', :forced) RETURNING id"""),
        {"folder": folder, "actor": actor_id, "forced": forced}).scalar_one()


def finish_run(connection: Connection, run_id: int, state: str, totals: dict[str, int], error: str | None) -> Any:
    """Store how a run ended and return its start and end."""
    return connection.execute(
        text("""UPDATE sync_runs SET state = :state, totals = :totals, error = :error, finished_at = now()
                WHERE id = :id RETURNING started_at, finished_at"""),
        {"id": run_id, "state": state, "totals": json.dumps(totals), "error": error}).one()


def put_changes(connection: Connection, run_id: int, rows_by_song: dict[int, int]) -> None:
    """Add to what a run changed, artist by artist."""
    connection.execute(
        text("""INSERT INTO sync_changes AS c (run_id, artist_id, rows)
                SELECT :run, s.artist_id, sum(n.rows) FROM unnest(CAST(:songs AS integer[]), CAST(:rows AS integer[]))
                AS n (song_id, rows) JOIN songs s ON s.id = n.song_id GROUP BY s.artist_id
                ON CONFLICT (run_id, artist_id) DO UPDATE SET rows = c.rows + excluded.rows"""),
        {"run": run_id, "songs": list(rows_by_song), "rows": list(rows_by_song.values())})


def waiting_files(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return files that wait for somebody: refused, or with a leap on a day nobody accepted; refused ones first."""
    rows = connection.execute(
        text("""SELECT f.*, a.id AS artist_id, a.display_name AS artist, s.title AS song, p.key AS platform_key
                FROM sync_files f LEFT JOIN songs s ON s.id = f.song_id LEFT JOIN artists a ON a.id = s.artist_id
                     LEFT JOIN platforms p ON p.id = f.platform
                WHERE f.state = 'refused' OR (f.state = 'imported' AND jsonb_path_exists(
                          f.audit, '$.jumps.items[*] ? (@.accepted == false)'))
                ORDER BY f.state DESC, f.name LIMIT :limit"""), {"limit": limit})
    return [dict(row._mapping) for row in rows]


def recent_runs(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the newest runs, newest first."""
    rows = connection.execute(
        text("""SELECT r.id, r.folder, r.state, r.forced, r.totals, r.error, r.started_at, r.finished_at,
                       u.nickname AS actor
                FROM sync_runs r LEFT JOIN users u ON u.id = r.actor_id ORDER BY r.id DESC LIMIT :limit"""),
        {"limit": limit})
    return [dict(row._mapping) for row in rows]


# --- manifest -----------------------------------------------------------------------------------------------------


def manifest(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return what is known of every file, by name."""
    rows = connection.execute(
        text("""SELECT id, name, sha256, reader, state, song_id, platform, recheck_on, kind_option, date_order_option,
                       accepted_days, kind, lines_read, accepted, rejected, repeated, reason, reason_values
                FROM sync_files"""))
    return {row.name: dict(row._mapping) for row in rows}


_FILE_COLUMNS = ("name", "folder", "sha256", "reader", "size_bytes", "state", "song_id", "platform", "reason",
                 "reason_values", "encoding", "separator", "date_format", "kind", "lines_read", "accepted", "rejected",
                 "repeated", "first_day", "last_day", "audit", "recheck_on", "run_id")
_COMPARED = tuple(name for name in _FILE_COLUMNS if name not in ("name", "run_id"))


def file_ids(connection: Connection, names: Sequence[str], run_id: int) -> dict[str, int]:
    """Return the ids of files by name; a new file gets an empty entry, which `put_files` fills."""
    find = text("SELECT name, id FROM sync_files WHERE name = ANY(:names)")
    found = {name: number for name, number in connection.execute(find, {"names": list(names)})}
    fresh = [(name, "", "", 0, 0, "imported", run_id) for name in names if name not in found]
    if fresh:
        _many(connection, """INSERT INTO sync_files (name, folder, sha256, reader, size_bytes, state, run_id) VALUES %s
                             ON CONFLICT DO NOTHING""", fresh)
        found = {name: number for name, number in connection.execute(find, {"names": list(names)})}
    return found


def put_files(connection: Connection, files: Sequence[dict[str, Any]]) -> None:
    """Store what was found in files; an unchanged entry is not written.

    A refused file keeps the song it belonged to when it was last readable.
    """
    if not files:
        return
    updates = ", ".join(f"{name} = excluded.{name}" for name in (*_COMPARED, "run_id") if name != "song_id")
    old = ", ".join(f"f.{name}" for name in _COMPARED if name != "song_id")
    new = ", ".join(f"excluded.{name}" for name in _COMPARED if name != "song_id")
    statement = f"""
        INSERT INTO sync_files AS f ({", ".join(_FILE_COLUMNS)}) VALUES %s
        ON CONFLICT (name) DO UPDATE SET {updates}, song_id = coalesce(excluded.song_id, f.song_id), changed_at = now()
        WHERE ({old}) IS DISTINCT FROM ({new}) OR f.song_id IS DISTINCT FROM coalesce(excluded.song_id, f.song_id)"""
    rows = [tuple(json.dumps(_finite(file[name]), sort_keys=True) if name in ("audit", "reason_values") else file[name]
                  for name in _FILE_COLUMNS) for file in files]
    _many(connection, statement, rows)


def _finite(value: Any) -> Any:
    """Return `value` with null for what JSON in PostgreSQL does not know: NaN and infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    from psycopg2.extras import execute_values

    with _cursor(connection) as cursor:
        execute_values(cursor, statement, rows, page_size=1000)


# --- names --------------------------------------------------------------------------------------------------------


def put_artists(connection: Connection, artists: Iterable[tuple[str, str, str]]) -> dict[str, int]:
    """Make sure artists are there and return their ids by normalised key.

    Parameters
    ----------
    artists : iterable of (norm_key, key, display name)
        A known artist keeps the key and the name it has; of several spellings here the first counts.
    """
    rows = sorted(dict((row[0], row) for row in reversed(list(artists))).values())
    found = _artist_ids(connection, [row[0] for row in rows])
    fresh = [row for row in rows if row[0] not in found]
    if fresh:
        _many(connection, "INSERT INTO artists (norm_key, key, display_name) VALUES %s ON CONFLICT DO NOTHING", fresh)
        found = _artist_ids(connection, [row[0] for row in rows])
    return found


def _artist_ids(connection: Connection, keys: list[str]) -> dict[str, int]:
    rows = connection.execute(text("SELECT norm_key, id FROM artists WHERE norm_key = ANY(:keys) FOR KEY SHARE"),
                              {"keys": keys})
    return {key: number for key, number in rows}


def put_songs(connection: Connection, songs: Iterable[tuple[int, str, str, str]]) -> dict[tuple[int, str], int]:
    """Make sure songs are there and return their ids by artist id and normalised title.

    Parameters
    ----------
    songs : iterable of (artist id, norm_title, key, title)
    """
    rows = sorted(dict((row[:2], row) for row in reversed(list(songs))).values())
    found = _song_ids(connection, {row[0] for row in rows})
    fresh = [row for row in rows if row[:2] not in found]
    if fresh:
        _many(connection, "INSERT INTO songs (artist_id, norm_title, key, title) VALUES %s ON CONFLICT DO NOTHING",
              fresh)
        found = _song_ids(connection, {row[0] for row in rows})
    return found


def _song_ids(connection: Connection, artists: set[int]) -> dict[tuple[int, str], int]:
    rows = connection.execute(
        text("SELECT artist_id, norm_title, id FROM songs WHERE artist_id = ANY(:artists) FOR KEY SHARE"),
        {"artists": sorted(artists)})
    return {(artist, title): number for artist, title, number in rows}


# --- readings -----------------------------------------------------------------------------------------------------


def known_series(connection: Connection, songs: Sequence[int]) -> dict[tuple[int, int], str]:
    """Return the kind of every series already stored of these songs, by song and platform id."""
    rows = connection.execute(text("SELECT song_id, platform, kind FROM series WHERE song_id = ANY(:songs)"),
                              {"songs": sorted(set(songs))})
    return {(song, platform): kind for song, platform, kind in rows}


def day_sets(connection: Connection, songs: Sequence[int]) -> dict[tuple[int, int], tuple[int, int, int, int, int]]:
    """Return first, last, number, sum and sum of squares of the days stored of each series.

    Days are days since 1970-01-01; two sets of days with the same five numbers are the same set.
    """
    rows = connection.execute(
        text("""SELECT song_id, platform, min(n), max(n), count(*), sum(n)::bigint, sum(n * n)::bigint FROM (
                    SELECT song_id, platform, (day - date '1970-01-01')::bigint AS n FROM daily_metrics
                    WHERE song_id = ANY(:songs)) AS d
                GROUP BY song_id, platform"""), {"songs": sorted(set(songs))})
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def stored_readings(connection: Connection, song_id: int, platform: int) -> dict[str, np.ndarray]:
    """Return the stored readings of one series: ``day`` (days since 1970-01-01), ``total``, ``source``, ``flags``."""
    rows = connection.execute(
        text("""SELECT day - date '1970-01-01', total, source, flags FROM daily_metrics
                WHERE song_id = :song AND platform = :platform ORDER BY day"""),
        {"song": song_id, "platform": platform}).all()
    days, totals, sources, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return {"day": np.array(days, np.int32), "total": np.array(totals, np.float64),
            "source": np.array(sources, np.int32), "flags": np.array(flags, np.int16)}


def drop_series(connection: Connection, song_id: int, platform: int) -> None:
    """Remove the readings of one series (its kind was corrected: totals of the old kind are wrong)."""
    values = {"song": song_id, "platform": platform}
    connection.execute(text("DELETE FROM daily_metrics WHERE song_id = :song AND platform = :platform"), values)
    connection.execute(text("DELETE FROM series WHERE song_id = :song AND platform = :platform"), values)


STAGE = """CREATE TEMPORARY TABLE IF NOT EXISTS stage (song_id integer, day date, platform smallint, flags smallint,
    source integer, total double precision, gain double precision) ON COMMIT DELETE ROWS"""
_READING = "song_id, day, platform, flags, source, total, gain"
UPDATE = """
    WITH written AS (
        UPDATE daily_metrics AS d SET flags = s.flags, source = s.source, total = s.total, gain = s.gain
        FROM stage s
        WHERE d.song_id = ANY(%(songs)s) AND (d.song_id, d.platform, d.day) = (s.song_id, s.platform, s.day)
          AND (d.flags, d.source, d.total, d.gain) IS DISTINCT FROM (s.flags, s.source, s.total, s.gain)
        RETURNING d.song_id, d.platform)
    SELECT song_id, platform, count(*) FROM written GROUP BY song_id, platform"""
UPSERT = f"""
    WITH written AS (
        INSERT INTO daily_metrics AS d ({_READING})
        SELECT {_READING} FROM stage JOIN unnest(%(songs)s, %(platforms)s::smallint[]) AS c (song_id, platform)
            USING (song_id, platform)
        ON CONFLICT (song_id, platform, day) DO UPDATE
        SET flags = excluded.flags, source = excluded.source, total = excluded.total, gain = excluded.gain
        WHERE (d.flags, d.source, d.total, d.gain)
              IS DISTINCT FROM (excluded.flags, excluded.source, excluded.total, excluded.gain)
        RETURNING d.song_id, d.platform)
    SELECT song_id, platform, count(*) FROM written GROUP BY song_id, platform"""


def put_readings(connection: Connection, columns: dict[str, np.ndarray], grown: Sequence[tuple[int, int]],
                 ) -> dict[tuple[int, int], int]:
    """Store readings, sorted by song, platform and day and free of repeats; return rows written by series.

    Songs without any reading so far have nothing to be in conflict with and are copied straight in; the lock held by
    the caller (`try_lock`) keeps it so. Of the others the series in `grown`, by song and platform, hold days that are
    not stored: they are upserted. The rest can only differ in their values, and a join finds and updates those: ON
    CONFLICT locks, and so logs, every row it meets, the unchanged ones as well. See `copy_rows` for `columns`.
    """
    songs = np.unique(columns["song"]).tolist()
    known = connection.execute(text("SELECT EXISTS (SELECT FROM daily_metrics WHERE song_id = ANY(:songs))"),
                               {"songs": songs}).scalar()
    rows = io.BytesIO(copy_rows(columns))
    with _cursor(connection) as cursor:
        if not known:
            cursor.copy_expert(f"COPY daily_metrics ({_READING}) FROM STDIN (FORMAT binary)", rows, size=1 << 20)
            return _count(columns)
        cursor.execute(STAGE)
        cursor.copy_expert("COPY stage FROM STDIN (FORMAT binary)", rows, size=1 << 20)
        cursor.execute("ANALYZE stage; SET LOCAL work_mem = '64MB'")
        cursor.execute(UPDATE, {"songs": songs})
        written = {(song, platform): count for song, platform, count in cursor.fetchall()}
        if grown:
            cursor.execute(UPSERT, {"songs": [key[0] for key in grown], "platforms": [key[1] for key in grown]})
            for song, platform, count in cursor.fetchall():
                written[song, platform] = written.get((song, platform), 0) + count
        return written


def _count(columns: dict[str, np.ndarray]) -> dict[tuple[int, int], int]:
    """Return the number of rows of each series; rows are sorted by song and platform."""
    song, platform = columns["song"], columns["platform"]
    starts = np.flatnonzero((np.diff(song, prepend=-1) != 0) | (np.diff(platform, prepend=-1) != 0))
    counts = np.diff(np.append(starts, len(song)))
    return {(int(song[at]), int(platform[at])): int(n) for at, n in zip(starts, counts, strict=True)}


def put_series(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Store one line a series: song, platform, kind, rows, flagged, first day, last day, total."""
    if rows:
        _many(connection, """
            INSERT INTO series AS s (song_id, platform, kind, rows, flagged, first_day, last_day, total) VALUES %s
            ON CONFLICT (song_id, platform) DO UPDATE
            SET kind = excluded.kind, rows = excluded.rows, flagged = excluded.flagged,
                first_day = excluded.first_day, last_day = excluded.last_day, total = excluded.total
            WHERE s IS DISTINCT FROM excluded""", rows)


def put_rejected(connection: Connection, file_ids: Sequence[int], rows: Sequence[tuple[Any, ...]]) -> None:
    """Make the rejected lines of these files exactly `rows`: file, line, raw text, reason, cell."""
    keys = [(row[0], row[1]) for row in rows]
    connection.execute(
        text("""DELETE FROM rejected_rows r WHERE file_id = ANY(:files) AND NOT EXISTS (
                    SELECT FROM unnest(CAST(:ids AS integer[]), CAST(:lines AS integer[])) AS k (file_id, line)
                    WHERE k.file_id = r.file_id AND k.line = r.line)"""),
        {"files": list(file_ids), "ids": [key[0] for key in keys], "lines": [key[1] for key in keys]})
    if rows:
        _many(connection, """
            INSERT INTO rejected_rows AS r (file_id, line, raw, reason, cell) VALUES %s
            ON CONFLICT (file_id, line) DO UPDATE
            SET raw = excluded.raw, reason = excluded.reason, cell = excluded.cell
            WHERE r IS DISTINCT FROM excluded""", rows)


def mark_stale(connection: Connection, songs: Sequence[int]) -> None:
    """Note that derived data of these songs' artists is out of date."""
    connection.execute(
        text("""UPDATE artists SET growth_stale = true WHERE NOT growth_stale AND id IN (
                    SELECT artist_id FROM songs WHERE id = ANY(:songs))"""), {"songs": sorted(set(songs))})


# --- files on the data page -----------------------------------------------------------------------------------------


def files(connection: Connection, artist_id: int | None, file_id: int | None = None) -> list[dict[str, Any]]:
    """Return files with the names of artist and song, by name."""
    rows = connection.execute(
        text("""SELECT f.*, a.id AS artist_id, a.display_name AS artist, s.title AS song, p.key AS platform_key
                FROM sync_files f LEFT JOIN songs s ON s.id = f.song_id LEFT JOIN artists a ON a.id = s.artist_id
                     LEFT JOIN platforms p ON p.id = f.platform
                WHERE (CAST(:artist AS integer) IS NULL OR a.id = :artist)
                  AND (CAST(:file AS integer) IS NULL OR f.id = :file) ORDER BY f.name"""),
        {"artist": artist_id, "file": file_id})
    return [dict(row._mapping) for row in rows]


def files_of_series(connection: Connection, file_id: int) -> list[dict[str, Any]]:
    """Return id and accepted days of a file and of all others that hold the same series."""
    rows = connection.execute(
        text("""SELECT f.id, f.accepted_days FROM sync_files f JOIN sync_files own ON own.id = :file
                WHERE f.id = own.id OR (f.song_id, f.platform) = (own.song_id, own.platform) ORDER BY f.id"""),
        {"file": file_id})
    return [dict(row._mapping) for row in rows]


def rejected(connection: Connection, file_id: int | None, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return rejected lines with their file's name."""
    rows = connection.execute(
        text("""SELECT f.name AS file, r.line, r.raw, r.reason, r.cell
                FROM rejected_rows r JOIN sync_files f ON f.id = r.file_id
                WHERE CAST(:file AS integer) IS NULL OR r.file_id = :file
                ORDER BY f.name, r.line LIMIT :limit OFFSET :offset"""),
        {"file": file_id, "limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def set_options(connection: Connection, file_id: int, kind: str | None, date_order: str | None) -> None:
    """Store the operator's choices for a file; the next sync reads it, even if the one started now never ends."""
    connection.execute(
        text("""UPDATE sync_files SET kind_option = :kind, kind = :kind, date_order_option = :order, reader = 0
                WHERE id = :id"""),
        {"id": file_id, "kind": kind, "order": date_order})


def set_accepted(connection: Connection, file_ids: Sequence[int], days: Sequence[date]) -> None:
    """Store the days from which a new level was accepted, with all files of the series; the next sync reads them."""
    connection.execute(text("UPDATE sync_files SET accepted_days = :days, reader = 0 WHERE id = ANY(:ids)"),
                       {"ids": list(file_ids), "days": sorted(set(days))})


def revive_files(connection: Connection, names: Sequence[str]) -> None:
    """Let the next sync read files again whose artist was deleted."""
    connection.execute(
        text("UPDATE sync_files SET state = 'imported', sha256 = '' WHERE state = 'deleted' AND name = ANY(:names)"),
        {"names": list(names)})
