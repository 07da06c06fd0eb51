"""What is derived from each artist's readings: figures, forecasts, and the errors behind their intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy import Connection, text

FIGURES = ("last_day", "total", "mean_7", "mean_30", "mean_60", "momentum", "volatility", "acceleration", "stability",
           "growth_7", "growth_28", "growth_90", "sum_30", "sum_30_low", "sum_30_high", "target", "target_day",
           "target_90")
"""Columns of `artist_outlook` after its key."""
BANDS = ("gains", "low_80", "high_80", "low_95", "high_95")


def stale_artists(connection: Connection) -> list[int]:
    """Return the artists whose outlook is older than their readings."""
    return list(connection.execute(text("SELECT id FROM artists WHERE outlook_stale ORDER BY id")).scalars())


def mark_fresh(connection: Connection, artist_ids: Sequence[int]) -> None:
    """Note that the outlook of these artists is up to date."""
    connection.execute(text("UPDATE artists SET outlook_stale = false WHERE id = ANY(:artists)"),
                       {"artists": list(artist_ids)})


def save(connection: Connection, artist_ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    """Put the outlook of artists in place of what there was: one row an artist and platform (by its key)."""
    connection.execute(text("DELETE FROM artist_outlook WHERE artist_id = ANY(:artists)"),
                       {"artists": list(artist_ids)})
    _insert(connection, f"INSERT INTO artist_outlook (artist_id, platform, {', '.join(FIGURES)}) VALUES %s",
            FIGURES, rows)


def save_forecasts(connection: Connection, artist_ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    """Add forecasts, one an artist and platform, and keep the two newest of each; one of the same day is replaced."""
    columns = ("last_day", "method", *BANDS)
    _insert(connection, f"""INSERT INTO forecasts (artist_id, platform, {', '.join(columns)}) VALUES %s
                            ON CONFLICT (artist_id, platform, last_day) DO UPDATE SET (method, {', '.join(BANDS)}) =
                            (excluded.method, {', '.join(f'excluded.{band}' for band in BANDS)})""", columns, rows)
    # a forecast from a day after the last reading speaks of readings that are gone
    connection.execute(
        text("""DELETE FROM forecasts f USING (
                    SELECT x.artist_id, x.platform, x.last_day, o.last_day AS newest,
                           row_number() OVER (PARTITION BY x.artist_id, x.platform ORDER BY x.last_day DESC) AS place
                    FROM forecasts x LEFT JOIN artist_outlook o ON o.artist_id = x.artist_id
                                                               AND o.platform = x.platform
                    WHERE x.artist_id = ANY(:artists)) AS old
                WHERE f.artist_id = old.artist_id AND f.platform = old.platform AND f.last_day = old.last_day
                      AND (old.place > 2 OR old.newest IS NULL OR old.last_day > old.newest)"""),
        {"artists": list(artist_ids)})


def _insert(connection: Connection, statement: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute("SELECT key, id FROM platforms")
            platforms = dict(cursor.fetchall())
            execute_values(cursor, statement, [(row["artist_id"], platforms[row["platform"]],
                                                *(row[name] for name in columns)) for row in rows])


def outlooks(connection: Connection, artist_id: int | None = None) -> list[dict[str, Any]]:
    """Return the outlook of every artist and platform, or of one artist."""
    rows = connection.execute(
        text(f"""SELECT a.id AS artist_id, a.key AS artist_key, a.display_name AS name, p.key AS platform,
                        {', '.join(f'o.{name}' for name in FIGURES)}
                 FROM artist_outlook o JOIN artists a ON a.id = o.artist_id JOIN platforms p ON p.id = o.platform
                 WHERE CAST(:artist AS integer) IS NULL OR o.artist_id = :artist
                 ORDER BY a.display_name, a.id, p.id"""), {"artist": artist_id})
    return [dict(row._mapping) for row in rows]


def calibration(connection: Connection) -> dict[str, Any] | None:
    """Return the errors intervals are made from, None where there are none yet."""
    return connection.execute(text("SELECT data FROM forecast_calibration")).scalar()


def save_calibration(connection: Connection, data: dict[str, Any], series: int) -> None:
    """Keep the errors intervals are made from."""
    connection.execute(
        text("""INSERT INTO forecast_calibration (id, data, series) VALUES (1, :data, :series)
                ON CONFLICT (id) DO UPDATE SET data = excluded.data, series = excluded.series, made_at = now()"""),
        {"data": json.dumps(data), "series": series})
