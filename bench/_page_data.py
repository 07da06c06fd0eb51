"""What `page.py` reads: artists with one song on three platforms, in a database of the bench's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

import config
import db
from queries import growth, sync

PLATFORMS = ((1, "YouTube_views"), (2, "Spotify_streams"), (3, "SoundCloud_plays"))
FIRST_DAY = date(2024, 1, 1)
SEED = 20240101
AT_ONCE = 100
"""Artists in one transaction."""


def artist_name(index: int) -> str:
    """Return the name of artist `index`, which is its key as well."""
    return f"Artist{index + 1:04d}"


def make_totals(artists: int, days: int) -> np.ndarray:
    """Return cumulative counts, shape (artists, platforms, days): steady growth with noise, all above the threshold."""
    rng = np.random.default_rng(SEED)
    usual = rng.lognormal(8.0, 1.0, (artists, len(PLATFORMS), 1))
    gains = np.maximum(1, usual * rng.lognormal(0.0, 0.15, (artists, len(PLATFORMS), days))).astype(np.int64)
    return rng.integers(200_000, 5_000_000, (artists, len(PLATFORMS), 1)) + gains.cumsum(axis=2)


def own_database(folder: Path) -> None:
    """Point settings at a database of the bench's own and make its tables; stop if another one is configured."""
    for name in ("DATABASE_URL", "PG_HOST"):
        os.environ.pop(name, None)
    os.environ["MIS_DATA_DIR"] = str(folder)
    if config.reload().database_url:
        raise SystemExit("a database is set in .env or .streamlit/secrets.toml: this bench fills tables and runs on a "
                         "database of its own only")
    db.init_db()


def fill(totals: np.ndarray, say: Callable[[str], None]) -> None:
    """Store `totals` as a sync would: artists, songs, files, readings, series and derived growth."""
    with db.begin() as connection:
        run = sync.start_run(connection, "bench", 1, False)
    for first in range(0, len(totals), AT_ONCE):
        _fill_part(run, first, totals[first:first + AT_ONCE])
    with db.begin() as connection:
        sync.finish_run(connection, run, "done", {"files": len(totals) * len(PLATFORMS)}, None)
    say(f"{totals.size:,} readings stored")
    with db.begin() as connection:
        stale = growth.stale_artists(connection)
    for first in range(0, len(stale), 2 * AT_ONCE):
        with db.begin() as connection:
            growth.derive_growth(connection, stale[first:first + 2 * AT_ONCE], 0)
    execute("VACUUM (ANALYZE)")
    execute("CHECKPOINT")


def _fill_part(run: int, first: int, totals: np.ndarray) -> None:
    """Store some artists in one transaction."""
    days, names = totals.shape[2], [artist_name(first + index) for index in range(len(totals))]
    last_day = FIRST_DAY + timedelta(days=days - 1)
    with db.begin() as connection:
        artists = sync.put_artists(connection, [(name.casefold(), name, name) for name in names])
        ids = [artists[name.casefold()] for name in names]
        songs = sync.put_songs(connection, [(number, "song", "Song", "Song") for number in ids])
        series = [(songs[number, "song"], platform, f"{name}_Song_{export}.csv")
                  for name, number in zip(names, ids, strict=True) for platform, export in PLATFORMS]
        sync.put_files(connection, [_file(run, song, platform, name, days, last_day)
                                    for song, platform, name in series])
        sources = sync.file_ids(connection, [name for *_, name in series], run)
        flat = totals.reshape(-1, days).astype(np.float64)
        start = (FIRST_DAY - date(1970, 1, 1)).days
        sync.put_readings(connection, {
            "song": np.repeat([song for song, *_ in series], days),
            "day": np.tile(np.arange(days) + start, len(series)),
            "platform": np.repeat([platform for _, platform, _ in series], days),
            "flags": np.zeros(flat.size, np.int16), "source": np.repeat([sources[name] for *_, name in series], days),
            "total": flat.ravel(), "gain": np.diff(flat, axis=1, prepend=np.nan).ravel()}, [])
        sync.put_series(connection, [(song, platform, "cumulative", days, 0, FIRST_DAY, last_day, float(row[-1]))
                                     for (song, platform, _), row in zip(series, flat, strict=True)])
        sync.put_changes(connection, run, {song: days for song in songs.values()})
        sync.mark_stale(connection, list(songs.values()))


def _file(run: int, song: int, platform: int, name: str, days: int, last_day: date) -> dict[str, Any]:
    return {"name": name, "folder": "bench", "sha256": name, "reader": 1, "size_bytes": days * 20, "state": "imported",
            "song_id": song, "platform": platform, "reason": None, "reason_values": {}, "encoding": "utf-8",
            "separator": ",", "date_format": "ISO", "kind": "cumulative", "lines_read": days, "accepted": days,
            "rejected": 0, "repeated": 0, "first_day": FIRST_DAY, "last_day": last_day, "audit": {},
            "recheck_on": None, "run_id": run}


# --- what PostgreSQL counts -----------------------------------------------------------------------------------------


@contextmanager
def _alone() -> Iterator[Any]:
    """Give a connection outside of transactions."""
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def execute(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement outside of a transaction and return its rows."""
    with _alone() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def scans() -> dict[str, tuple[int, int]]:
    """Return, for each table, sequential scans so far and the rows they read.

    A connection hands its counts in when it ends, so all others are ended first; pools open new ones by themselves.
    """
    import time

    execute("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()""")
    while execute("""SELECT count(*) FROM pg_stat_activity
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()""")[0][0]:
        time.sleep(0.05)
    rows = execute("SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables")
    return {name: (scans, read) for name, scans, read in rows}
