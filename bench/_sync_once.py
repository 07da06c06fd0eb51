"""One sync of one folder in a process of its own, for `ingest.py`: prints seconds, derive seconds, peak memory, totals.

Run ``python bench/_sync_once.py FOLDER [--force] [--plain]`` with ``MIS_DATA_DIR`` set. ``--plain`` stores readings by
a plain ``ON CONFLICT DO UPDATE``, changed or not, in place of `queries.sync.put_readings`; all else is the same.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
from _machine import peak_mb
from sqlalchemy import Connection

import db
import services
from accounts import LOCAL_ADMINISTRATOR
from queries import sync as queries
from usecases import sync as usecase

STAGE = """CREATE TEMPORARY TABLE plain_stage (song_id integer, day date, platform smallint, flags smallint,
    source integer, total double precision, gain double precision) ON COMMIT DROP"""
UPSERT = """
    WITH written AS (
        INSERT INTO daily_metrics AS d (song_id, day, platform, flags, source, total, gain)
        SELECT song_id, day, platform, flags, source, total, nullif(gain, 'NaN') FROM plain_stage
        ON CONFLICT (song_id, platform, day) DO UPDATE
        SET flags = excluded.flags, source = excluded.source, total = excluded.total, gain = excluded.gain
        RETURNING d.song_id, d.platform)
    SELECT song_id, platform, count(*) FROM written GROUP BY song_id, platform"""


def put_readings_plainly(connection: Connection, columns: dict[str, np.ndarray], grown: list[tuple[int, int]],
                         ) -> dict[tuple[int, int], int]:
    """Store readings as `queries.sync.put_readings` does, but write every one again."""
    with connection.connection.driver_connection.cursor() as cursor:
        cursor.execute(STAGE)
        rows = io.BytesIO(queries.copy_rows(columns))
        cursor.copy_expert("COPY plain_stage FROM STDIN (FORMAT binary)", rows, size=1 << 20)
        cursor.execute(UPSERT)
        return {(song, platform): count for song, platform, count in cursor.fetchall()}


def timed_derive(seconds: list[float]) -> None:
    """Let every run add the time of its derive step to `seconds`."""
    derive = usecase._Run.derive

    def timed(run: usecase._Run) -> None:
        start = time.perf_counter()
        derive(run)
        seconds.append(time.perf_counter() - start)

    usecase._Run.derive = timed


def main(folder: str, *options: str) -> None:
    """Sync `folder` and print what it took."""
    derive: list[float] = []
    timed_derive(derive)
    if "--plain" in options:
        queries.put_readings = put_readings_plainly
    db.engine().connect().close()
    start = time.perf_counter()
    report = services.sync(LOCAL_ADMINISTRATOR, Path(folder), force="--force" in options)
    seconds = time.perf_counter() - start
    db.stop()
    print(json.dumps({"seconds": seconds, "derive": sum(derive), "peak_mb": peak_mb(), "totals": report.totals}))


if __name__ == "__main__":
    main(*sys.argv[1:])
