"""Artists, their series, and the derived daily growth."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, text

EPOCH = date(1970, 1, 1).toordinal()


def artists(connection: Connection, artist_id: int | None = None) -> list[dict[str, Any]]:
    """Return one line for each song and platform that has readings, by artist name and song title."""
    rows = connection.execute(
        text("""SELECT a.id, a.key, a.display_name, s.id AS song_id, s.key AS song_key, s.title, p.key AS platform,
                       x.rows, x.first_day, x.last_day, x.total
                FROM series x JOIN songs s ON s.id = x.song_id JOIN artists a ON a.id = s.artist_id
                     JOIN platforms p ON p.id = x.platform
                WHERE CAST(:artist AS integer) IS NULL OR a.id = :artist
                ORDER BY a.display_name, a.id, s.title, s.id, p.id"""), {"artist": artist_id})
    return [dict(row._mapping) for row in rows]


def readings(connection: Connection, artist_id: int) -> pd.DataFrame:
    """Return all readings of an artist: ``song_id, song, platform, day, total, gain, flags, file``.

    By song title and platform, oldest first.
    """
    rows = connection.execute(
        text("""SELECT d.song_id, s.title, p.key, d.day, d.total, d.gain, d.flags, f.name
                FROM songs s JOIN daily_metrics d ON d.song_id = s.id JOIN platforms p ON p.id = d.platform
                     LEFT JOIN sync_files f ON f.id = d.source
                WHERE s.artist_id = :artist ORDER BY s.title, s.id, p.key, d.day"""),
        {"artist": artist_id}).cursor.fetchall()
    song_id, song, platform, day, total, gain, flags, file = zip(*rows, strict=True) if rows else ((),) * 8
    # as arrays of their types: left to find them out, pandas takes five times as long
    ordinal = np.fromiter((one.toordinal() for one in day), dtype=np.int64, count=len(day)) - EPOCH
    return pd.DataFrame({
        "song_id": np.array(song_id, dtype=np.int64), "song": np.array(song, dtype=object),
        "platform": np.array(platform, dtype=object), "day": ordinal.astype("datetime64[D]").astype("datetime64[ns]"),
        "total": np.array(total, dtype=np.float64), "gain": np.array(gain, dtype=np.float64),
        "flags": np.array(flags, dtype=np.int64), "file": np.array(file, dtype=object)}, copy=False)


def count_artists(connection: Connection) -> int:
    """Return how many artists there are that have readings."""
    return connection.execute(
        text("SELECT count(DISTINCT s.artist_id) FROM series x JOIN songs s ON s.id = x.song_id")).scalar_one()


def counts(connection: Connection) -> dict[str, Any]:
    """Return how much there is of everything, and when a sync last ended well."""
    row = connection.execute(text("""
        SELECT (SELECT count(DISTINCT s.artist_id) FROM series x JOIN songs s ON s.id = x.song_id) AS artists,
               (SELECT count(DISTINCT song_id) FROM series) AS songs,
               (SELECT coalesce(sum(rows), 0) FROM series) AS rows,
               (SELECT count(*) FROM sync_files WHERE state = 'imported') AS files,
               (SELECT count(*) FROM sync_files WHERE state = 'refused') AS refused_files,
               (SELECT coalesce(sum(rejected), 0) FROM sync_files WHERE state <> 'deleted') AS rejected_rows,
               (SELECT max(finished_at) FROM sync_runs WHERE state = 'done') AS last_sync""")).one()
    return dict(row._mapping)


def version(connection: Connection) -> str:
    """Return a text that changes whenever readings do, for caches."""
    row = connection.execute(text("""SELECT (SELECT max(id) FROM sync_runs), (SELECT max(id) FROM audit_log),
                                            (SELECT count(*) FROM series),
                                            (SELECT max(finished_at) FROM sync_runs)""")).one()
    return ":".join(map(str, row))


def changes(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return, of the newest run that changed readings, the artists with the most of them."""
    rows = connection.execute(
        text("""SELECT a.id AS artist_id, a.key, a.display_name AS name, c.rows,
                       (SELECT max(x.last_day) FROM series x JOIN songs s ON s.id = x.song_id
                        WHERE s.artist_id = a.id) AS last_day
                FROM sync_changes c JOIN artists a ON a.id = c.artist_id
                WHERE c.run_id = (SELECT max(run_id) FROM sync_changes)
                ORDER BY c.rows DESC, a.display_name LIMIT :limit"""), {"limit": limit})
    return [dict(row._mapping) for row in rows]


def risers(connection: Connection, threshold: float, limit: int) -> list[dict[str, Any]]:
    """Return the artists and platforms whose newest growth rate is highest, above the threshold, fastest first.

    One index look-up for each artist and platform; `artist_growth_data` is not scanned.
    """
    rows = connection.execute(
        text("""SELECT a.id AS artist_id, a.key, a.display_name AS name, p.key AS platform, g.growth_rate, g.mean_7,
                       g.day
                FROM (SELECT s.artist_id, x.platform, max(x.last_day) AS last_day FROM series x
                      JOIN songs s ON s.id = x.song_id GROUP BY s.artist_id, x.platform
                      HAVING sum(x.total) > :threshold) AS newest
                JOIN artist_growth_data g ON g.artist_id = newest.artist_id AND g.platform = newest.platform
                                          AND g.day = newest.last_day
                JOIN artists a ON a.id = newest.artist_id JOIN platforms p ON p.id = newest.platform
                WHERE g.growth_rate > 0 AND g.mean_7 > 0
                ORDER BY g.growth_rate DESC LIMIT :limit"""), {"threshold": threshold, "limit": limit})
    return [dict(row._mapping) for row in rows]


def folders(connection: Connection) -> list[str]:
    """Return the folders that files in the database came from."""
    return list(connection.execute(
        text("SELECT DISTINCT folder FROM sync_files WHERE state = 'imported'")).scalars())


def delete_preview(connection: Connection, artist_id: int) -> dict[str, Any] | None:
    """Return what goes with an artist: name, songs, rows, file names; None if there is no such artist.

    Songs of the catalogue lose their readings and stay: they are not among ``songs``.
    """
    row = connection.execute(text("""
        SELECT a.display_name AS name, (SELECT count(*) FROM songs s WHERE s.artist_id = a.id
                                                AND EXISTS (SELECT FROM series x WHERE x.song_id = s.id)
                                                AND NOT EXISTS (SELECT FROM catalogue_entries e
                                                                WHERE e.song_id = s.id)) AS songs,
               (SELECT coalesce(sum(x.rows), 0) FROM series x JOIN songs s ON s.id = x.song_id
                WHERE s.artist_id = a.id) AS rows,
               ARRAY(SELECT f.name FROM sync_files f JOIN songs s ON s.id = f.song_id
                     WHERE s.artist_id = a.id AND f.state <> 'deleted' ORDER BY f.name) AS files
        FROM artists a WHERE a.id = :artist"""), {"artist": artist_id}).first()
    return dict(row._mapping) if row else None


OF_ARTIST = ("artist_growth_data", "artist_outlook", "forecasts", "alert_events", "alert_rules", "sync_changes")
"""Tables of what is known or derived of an artist as such."""


def delete_artist(connection: Connection, artist_id: int) -> None:
    """Remove an artist with songs, readings and derived data; mark its files so that sync passes over them.

    What the song catalogue holds stays: its songs, and an artist who has such, without anything that came from files.
    The caller keeps imports from adding songs meanwhile (`queries.catalogue.hold_songs`).
    """
    values = {"artist": artist_id}
    connection.execute(
        text("""UPDATE sync_files SET state = 'deleted', audit = '{}', recheck_on = NULL, song_id = NULL,
                       lines_read = 0, accepted = 0, rejected = 0, repeated = 0, changed_at = now()
                WHERE song_id IN (SELECT id FROM songs WHERE artist_id = :artist)"""), values)
    connection.execute(
        text("DELETE FROM rejected_rows WHERE file_id IN (SELECT id FROM sync_files WHERE state = 'deleted')"))
    connection.execute(
        text("""DELETE FROM songs s WHERE artist_id = :artist
                AND NOT EXISTS (SELECT FROM catalogue_entries e WHERE e.song_id = s.id)"""), values)
    for table in ("daily_metrics", "series"):
        connection.execute(
            text(f"DELETE FROM {table} WHERE song_id IN (SELECT id FROM songs WHERE artist_id = :artist)"), values)
    for table in OF_ARTIST:
        connection.execute(text(f"DELETE FROM {table} WHERE artist_id = :artist"), values)
    connection.execute(
        text("UPDATE artists SET growth_stale = false, outlook_stale = false WHERE id = :artist"), values)
    connection.execute(
        text("""DELETE FROM artists a WHERE id = :artist AND NOT EXISTS (SELECT FROM songs s WHERE s.artist_id = a.id)
             """), values)


def stale_artists(connection: Connection) -> list[int]:
    """Return the artists whose derived growth is out of date."""
    return list(connection.execute(text("SELECT id FROM artists WHERE growth_stale ORDER BY id")).scalars())


DERIVE = """
    WITH daily AS (
        SELECT s.artist_id, d.platform, d.day, count(*)::smallint AS songs, bit_or(d.flags) AS flags,
               sum(d.gain) AS gain,
               CASE WHEN bit_or(d.flags) & :left_out = 0 THEN sum(d.gain) END AS ordinary
        FROM songs s JOIN daily_metrics d ON d.song_id = s.id
        WHERE s.artist_id = ANY(:artists) GROUP BY s.artist_id, d.platform, d.day),
    means AS (
        SELECT artist_id, platform, day, songs, flags, gain, avg(ordinary) OVER last_7 AS mean_7,
               avg(ordinary) OVER last_28 AS mean_28, avg(ordinary) OVER base AS mean_base
        FROM daily
        WINDOW last_7 AS (PARTITION BY artist_id, platform ORDER BY day
                          RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW),
               last_28 AS (PARTITION BY artist_id, platform ORDER BY day
                           RANGE BETWEEN '27 days' PRECEDING AND CURRENT ROW),
               base AS (PARTITION BY artist_id, platform ORDER BY day
                        RANGE BETWEEN '34 days' PRECEDING AND '7 days' PRECEDING))
    INSERT INTO artist_growth_data AS g (artist_id, day, platform, flags, songs, gain, mean_7, mean_28, growth_rate)
    SELECT artist_id, day, platform, flags, songs, gain, mean_7, mean_28,
           CASE WHEN mean_base > 0 THEN mean_7 / mean_base - 1 END
    FROM means
    ON CONFLICT (artist_id, platform, day) DO UPDATE
    SET flags = excluded.flags, songs = excluded.songs, gain = excluded.gain, mean_7 = excluded.mean_7,
        mean_28 = excluded.mean_28, growth_rate = excluded.growth_rate
    WHERE (g.flags, g.songs, g.gain, g.mean_7, g.mean_28, g.growth_rate) IS DISTINCT FROM
          (excluded.flags, excluded.songs, excluded.gain, excluded.mean_7, excluded.mean_28, excluded.growth_rate)"""


def derive_growth(connection: Connection, artist_ids: list[int], left_out: int) -> int:
    """Derive daily growth of artists from their readings; return rows written.

    Parameters
    ----------
    left_out : int
        Flags whose days do not enter the means.
    """
    values = {"artists": artist_ids, "left_out": left_out}
    connection.execute(
        text("""DELETE FROM artist_growth_data g WHERE artist_id = ANY(:artists) AND NOT EXISTS (
                    SELECT FROM songs s JOIN daily_metrics d ON d.song_id = s.id
                    WHERE s.artist_id = g.artist_id AND d.platform = g.platform AND d.day = g.day)"""), values)
    written = connection.execute(text(DERIVE), values).rowcount
    connection.execute(
        text("UPDATE artists SET growth_stale = false, outlook_stale = true WHERE id = ANY(:artists)"), values)
    return written
