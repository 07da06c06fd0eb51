"""How much there is of everything that a sync leaves behind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

TABLES = ("artists", "songs", "series", "sync_files", "artist_outlook", "forecasts", "alert_rules", "alert_events")
"""Tables small enough to be counted row by row."""


def table_rows(connection: Connection) -> dict[str, int]:
    """Return the rows of each table: readings as the loader has counted them, daily figures as the planner knows."""
    counted = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
    row = connection.execute(text(f"""
        SELECT {counted}, (SELECT coalesce(sum(rows), 0) FROM series) AS daily_metrics,
               (SELECT coalesce(sum(rejected), 0) FROM sync_files) AS rejected_rows,
               (SELECT reltuples FROM pg_class WHERE oid = 'artist_growth_data'::regclass) AS planned""")).one()
    rows = {name: int(value) for name, value in row._mapping.items() if name != "planned"}
    # a table that was never analysed is new, and so is small
    growth = int(row.planned) if row.planned > 0 else connection.execute(
        text("SELECT count(*) FROM artist_growth_data")).scalar_one()
    return rows | {"artist_growth_data": growth}


def state(connection: Connection) -> dict[str, Any]:
    """Return what waits and when what was done last.

    Returns
    -------
    dict
        ``waiting`` (artists whose figures are older than their readings), ``forecasts`` (artists and platforms that
        have one from their last day), ``refreshed_at`` (the newest figures), ``analysed_at, analysed_artists,
        analysed_series, new_events`` (the last refresh that changed something; None before the first).
    """
    row = connection.execute(text("""
        SELECT (SELECT count(*) FROM artists WHERE outlook_stale) AS waiting,
               (SELECT count(*) FROM artist_outlook o JOIN forecasts f USING (artist_id, platform, last_day))
                   AS forecasts,
               (SELECT max(made_at) FROM artist_outlook) AS refreshed_at,
               a.at AS analysed_at, CAST(a.object AS integer) AS analysed_artists,
               CAST(a.detail ->> 'series' AS integer) AS analysed_series,
               CAST(a.detail ->> 'events' AS integer) AS new_events
        FROM (SELECT 1) AS one LEFT JOIN LATERAL (
            SELECT * FROM audit_log WHERE action = 'analyse' ORDER BY id DESC LIMIT 1) AS a ON true""")).one()
    return dict(row._mapping)
