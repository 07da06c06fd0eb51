"""How fast, and in how little memory, a sync brings files into the database, beside plain ways to load the same rows.

Files of 365 daily totals each are made in a temporary folder (seeded) and synced into a fresh built-in database by
`services.sync`, the code behind the sync button, each time in a process of its own. Deriving the growth tables is timed
apart; all other work of a sync counts: finding, reading, parsing, auditing, writing. Beside it run, in the same
minutes: row-wise upserts, `DataFrame.to_sql`, and one binary COPY of the same rows into a table of the same shape.
What is in the database afterwards is checked against what was generated, or the bench fails.

Run ``python bench/ingest.py [--quick]``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
from _machine import Bench, arguments

import config
import db
from queries.sync import copy_rows

DAYS = 365
FIRST_DAY = date(2024, 1, 1)
SONGS_AN_ARTIST = 10
SEED = 20240101
WRITTEN = ("daily_metrics", "series", "songs", "artists", "sync_files", "rejected_rows", "artist_growth_data")
"""Tables a sync writes, which an unchanged one must leave alone; the run's own line is in ``sync_runs``."""
COLUMNS = "song_id, day, platform, flags, source, total, gain"


@dataclass(frozen=True)
class Size:
    """How much is measured: files a load, rounds, files of the samples loaded the plain ways.

    `judge_large` is false where the larger size is too small for its goals to mean anything: several batches must
    follow each other, or reading one and writing the last cannot overlap.
    """

    small: int
    rounds: int
    large: int
    by_row: int
    by_frame: int
    judge_large: bool


FULL = Size(small=1_000, rounds=3, large=13_700, by_row=40, by_frame=1_000, judge_large=True)
QUICK = Size(small=400, rounds=1, large=2_000, by_row=20, by_frame=100, judge_large=False)


# --- files ----------------------------------------------------------------------------------------------------------


def make_totals(files: int) -> np.ndarray:
    """Return cumulative counts, shape (files, DAYS): growth of a song's own size with noise, no leaps."""
    rng = np.random.default_rng(SEED)
    usual = rng.lognormal(8.0, 1.0, (files, 1))
    gains = np.maximum(1, usual * rng.lognormal(0.0, 0.15, (files, DAYS))).astype(np.int64)
    return rng.integers(100_000, 5_000_000, (files, 1)) + gains.cumsum(axis=1)


def file_name(index: int) -> str:
    """Return the name of file `index`, ten songs an artist."""
    return f"Artist{index // SONGS_AN_ARTIST + 1:05d}_Song{index + 1:05d}_YouTube_views.csv"


def write_files(folder: Path, totals: np.ndarray) -> None:
    """Write one file a row of `totals`."""
    folder.mkdir(exist_ok=True)
    days = [(FIRST_DAY + timedelta(days=offset)).isoformat() for offset in range(DAYS)]
    for index, row in enumerate(totals.tolist()):
        lines = "".join(f"{day},{value}\n" for day, value in zip(days, row, strict=True))
        (folder / file_name(index)).write_text("date,value\n" + lines)


def write_copy(path: Path, totals: np.ndarray) -> None:
    """Write the rows the files hold in PostgreSQL's binary COPY format, in the order of the key."""
    files = len(totals)
    gains = np.diff(totals.astype(np.float64), axis=1, prepend=np.nan)
    each = np.repeat(np.arange(1, files + 1), DAYS)
    first = (FIRST_DAY - date(1970, 1, 1)).days
    path.write_bytes(copy_rows({
        "song": each, "day": np.tile(np.arange(first, first + DAYS), files), "platform": np.ones_like(each),
        "flags": np.zeros_like(each), "source": each, "total": totals.ravel(), "gain": gains.ravel()}))


# --- database -------------------------------------------------------------------------------------------------------


class Database:
    """The bench's own database and the one connection it uses."""

    def __init__(self, folder: Path) -> None:
        for name in ("DATABASE_URL", "PG_HOST"):
            os.environ.pop(name, None)
        os.environ["MIS_DATA_DIR"] = str(folder)
        if config.reload().database_url:
            raise SystemExit("a database is set in .env or .streamlit/secrets.toml: this bench empties tables and "
                             "runs on a database of its own only")
        db.init_db()
        url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
        db.engine().dispose()
        self.connection = psycopg2.connect(url, application_name="bench")
        self.connection.autocommit = True

    def run(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement in a transaction of its own and return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self):
        """Give a cursor; what it did is committed at the end."""
        self.connection.autocommit = False
        try:
            with self.connection, self.connection.cursor() as cursor:
                yield cursor
        finally:
            self.connection.autocommit = True

    def empty(self) -> None:
        """Forget everything synced so far."""
        self.run(f"TRUNCATE {', '.join(WRITTEN)}, sync_runs RESTART IDENTITY CASCADE")

    def settle(self) -> None:
        """Let what was done before weigh on nothing that is measured next."""
        self.run("CHECKPOINT")

    def vacuum(self) -> None:
        """Remove dead tuples, as autovacuum does in quiet hours."""
        self.run("VACUUM (ANALYZE)")

    def fresh_table(self, name: str) -> None:
        """Make an empty table like ``daily_metrics``, primary key and all."""
        self.run(f"DROP TABLE IF EXISTS {name}")
        self.run(f"CREATE TABLE {name} (LIKE daily_metrics INCLUDING ALL)")
        self.settle()

    def close(self) -> None:
        """Stop the server."""
        self.connection.close()
        db.stop()

    def check(self, totals: np.ndarray) -> None:
        """Stop the bench unless the readings are those of `totals`, each on its day, from its file."""
        self._same("readings", (totals.size, int(totals.sum()), int((totals * np.arange(DAYS)).sum()),
                                int((totals[:, -1] - totals[:, 0]).sum())),
                   """SELECT count(*), sum(total)::bigint, sum(total::bigint * (day - %(first)s)), sum(gain)::bigint
                      FROM daily_metrics""")
        by_file = int((totals.sum(axis=1) * np.arange(1, len(totals) + 1)).sum())
        self._same("songs and files", (len(totals), len(totals), -(-len(totals) // SONGS_AN_ARTIST), by_file),
                   """SELECT (SELECT count(*) FROM series WHERE rows = %(days)s),
                             (SELECT count(*) FROM sync_files WHERE state = 'imported' AND accepted = %(days)s),
                             (SELECT count(*) FROM artists WHERE NOT growth_stale),
                             sum(x.total * substr(s.key, 5)::bigint)
                      FROM (SELECT song_id, sum(total)::bigint AS total FROM daily_metrics GROUP BY song_id) AS x
                           JOIN songs s ON s.id = x.song_id""")

    def _same(self, what: str, expected: tuple[int, ...], statement: str) -> None:
        found = tuple(map(int, self.run(statement, {"first": FIRST_DAY, "days": DAYS})[0]))
        if found != expected:
            raise RuntimeError(f"{what} differ from what was generated: {found}, expected {expected}")

    def state(self) -> dict[str, tuple[int, ...]]:
        """Return, for each table: dead tuples, tuples updated or deleted so far, and a sum over all row versions."""
        self._wait_alone()
        counts = self.run("""SELECT relname, n_dead_tup, n_tup_upd + n_tup_del FROM pg_stat_user_tables
                             WHERE relname = ANY(%s)""", [list(WRITTEN)])
        return {name: (dead, rewritten, *self._versions(name)) for name, dead, rewritten in counts}

    def _versions(self, table: str) -> tuple[int, int]:
        version = "hashtextextended(ctid::text, xmin::text::bigint)"
        count, versions = self.run(f"SELECT count(*), coalesce(sum({version}), 0) FROM {table}")[0]
        return count, int(versions)

    def _wait_alone(self) -> None:
        """Wait until the last sync's connections have ended: they hand their counts in as they go."""
        deadline = time.monotonic() + 10
        others = """SELECT count(*) FROM pg_stat_activity
                    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        while self.run(others)[0][0]:
            if time.monotonic() > deadline:
                raise RuntimeError("other connections are still open")
            time.sleep(0.05)


# --- ways to load ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sync:
    """One sync: seconds without deriving growth, seconds of deriving, peak memory in MB."""

    seconds: float
    derive: float
    peak_mb: float


class Syncs:
    """Runs syncs, each in a process of its own that does nothing else, and remembers their peak memory."""

    def __init__(self, bench: Bench, database: Database) -> None:
        self.bench, self.database, self.peaks = bench, database, []

    def __call__(self, folder: Path, outcome: str, *options: str) -> Sync:
        """Sync `folder`; every file must end as `outcome`."""
        self.database.settle()
        script = Path(__file__).with_name("_sync_once.py")
        command = [sys.executable, "-W", "ignore", str(script), str(folder), *options]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        if found["totals"][outcome] != found["totals"]["files"] or not found["totals"]["files"]:
            raise RuntimeError(f"not every file was {outcome}: {found['totals']}")
        result = Sync(found["seconds"] - found["derive"], found["derive"], found["peak_mb"])
        if "--plain" not in options:
            self.peaks.append(result.peak_mb)
        self.bench.say(f"sync {outcome} {' '.join(options)}: {result.seconds:.2f} s, derive {result.derive:.2f} s, "
                       f"peak {result.peak_mb:.0f} MB")
        return result


def copy_seconds(database: Database, path: Path) -> float:
    """Return the seconds of one COPY of prepared rows into an empty table, committed."""
    database.fresh_table("copied")
    start = time.perf_counter()
    with path.open("rb") as rows, database.transaction() as cursor:
        cursor.copy_expert(f"COPY copied ({COLUMNS}) FROM STDIN (FORMAT binary)", rows, size=1 << 20)
    seconds = time.perf_counter() - start
    database.run("DROP TABLE copied")
    return seconds


def frame_of(folder: Path, index: int) -> pd.DataFrame:
    """Return file `index` as a script would read it: `pandas.read_csv` and one `diff`."""
    frame = pd.read_csv(folder / file_name(index), parse_dates=["date"])
    return pd.DataFrame({"song_id": index + 1, "day": frame["date"].dt.date, "platform": 1, "flags": 0,
                         "source": index + 1, "total": frame["value"].astype(float), "gain": frame["value"].diff()})


def by_row_rate(database: Database, folder: Path, files: int) -> float:
    """Return rows a second of `read_csv` and one upsert a row, one commit a file."""
    database.fresh_table("by_row")
    statement = f"""INSERT INTO by_row ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, nullif(%s, 'NaN'))
                    ON CONFLICT (song_id, platform, day) DO UPDATE SET
                    flags = excluded.flags, source = excluded.source, total = excluded.total, gain = excluded.gain"""
    start = time.perf_counter()
    for index in range(files):
        with database.transaction() as cursor:
            for row in frame_of(folder, index).itertuples(index=False, name=None):
                cursor.execute(statement, row)
    seconds = time.perf_counter() - start
    check_sample(database, "by_row", files)
    return files * DAYS / seconds


def by_frame_rates(database: Database, folder: Path, files: int) -> tuple[float, float]:
    """Return rows a second of `to_sql` alone, all files in one frame, and of `read_csv` and `to_sql` together."""
    database.fresh_table("by_frame")
    start = time.perf_counter()
    frame = pd.concat([frame_of(folder, index) for index in range(files)], ignore_index=True)
    parsed = time.perf_counter()
    with db.begin() as connection:
        frame.to_sql("by_frame", connection, if_exists="append", index=False, method=None)
    end = time.perf_counter()
    db.engine().dispose()
    check_sample(database, "by_frame", files)
    return files * DAYS / (end - parsed), files * DAYS / (end - start)


def check_sample(database: Database, table: str, files: int) -> None:
    """Stop the bench unless `table` holds the rows of the first `files` songs; drop it."""
    differ = database.run(f"""SELECT count(*) FROM (SELECT song_id, day, total FROM {table} EXCEPT
                              SELECT s.song_id, d.day, d.total FROM daily_metrics d JOIN (SELECT id,
                              substr(key, 5)::integer AS song_id FROM songs) AS s ON s.id = d.song_id) AS x""")[0][0]
    rows = database.run(f"SELECT count(*) FROM {table}")[0][0]
    if differ or rows != files * DAYS:
        raise RuntimeError(f"{table}: {rows} rows, {differ} of them not those of the sync")
    database.run(f"DROP TABLE {table}")


# --- measurements ---------------------------------------------------------------------------------------------------


def beside_copy(bench: Bench, database: Database, path: Path, sync: Callable[[], Sync]) -> tuple[Sync, float]:
    """Return a sync and the mean seconds of the COPY before and the COPY after it."""
    before = copy_seconds(database, path)
    result = sync()
    after = copy_seconds(database, path)
    bench.say(f"COPY before {before:.2f} s, after {after:.2f} s")
    return result, mean((before, after))


def first_loads(bench: Bench, database: Database, syncs: Syncs, folder: Path, totals: np.ndarray, copy: Path,
                size: Size) -> None:
    """Compare first loads of the smaller size with COPY, row-wise upserts and to_sql."""
    rounds = []
    for _ in range(size.rounds):
        database.empty()
        load, copied = beside_copy(bench, database, copy, lambda: syncs(folder, "imported"))
        database.check(totals)
        by_row = by_row_rate(database, folder, size.by_row)
        by_frame, by_frame_whole = by_frame_rates(database, folder, size.by_frame)
        rate = totals.size / load.seconds
        rounds.append({"load_s": load.seconds, "derive_s": load.derive, "copy_s": copied, "rows_s": rate,
                       "files_s": len(totals) / load.seconds, "by_row_rows_s": by_row, "to_sql_rows_s": by_frame,
                       "read_csv_to_sql_rows_s": by_frame_whole, "times_by_row": rate / by_row,
                       "times_to_sql": rate / by_frame, "times_read_csv_to_sql": rate / by_frame_whole,
                       "copies": load.seconds / copied, "copies_with_derive": (load.seconds + load.derive) / copied})
    middle = {name: median(each[name] for each in rounds) for name in rounds[0]}
    for name, value in middle.items():
        bench.figure(f"small_{name}", value)
    files = f"{len(totals):,} files"
    bench.at_least(f"first load of {files}, throughput over row-wise upserts", 20, middle["times_by_row"])
    bench.at_least(f"first load of {files}, throughput over to_sql of parsed frames", 5, middle["times_to_sql"])
    bench.at_most(f"first load of {files}, times one COPY", 6, middle["copies"])


def unchanged(bench: Bench, database: Database, syncs: Syncs, folder: Path, name: str, totals: np.ndarray,
              rounds: int) -> int:
    """Compare an unchanged, forced re-sync with one that updates plainly; return the tuples the former rewrote."""
    careful, plain, rewritten = [], [], 0
    for _ in range(rounds):
        database.vacuum()
        before = database.state()
        careful.append(syncs(folder, "unchanged", "--force").seconds)
        after = database.state()
        rewritten += sum(_rewritten(before[table], after[table]) for table in WRITTEN)
        plain.append(syncs(folder, "imported", "--force", "--plain").seconds)
        database.check(totals)
    skip = [syncs(folder, "skipped").seconds for _ in range(rounds)]
    bench.figure(f"{name}_unchanged_s", median(careful))
    bench.figure(f"{name}_plain_update_s", median(plain))
    bench.figure(f"{name}_skip_s", median(skip))
    ratio = median(slow / quick for slow, quick in zip(plain, careful, strict=True))
    bench.at_least(f"unchanged re-sync of {len(totals):,} files, times as fast as plain DO UPDATE", 1.5, ratio)
    return rewritten


def _rewritten(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Return how many tuples died or were rewritten between two states; at least 1 if any row's version differs."""
    return max(after[0] - before[0], after[1] - before[1], int(before[2:] != after[2:]))


def large(bench: Bench, database: Database, syncs: Syncs, folder: Path, totals: np.ndarray, copy: Path,
          judge: bool) -> int:
    """Compare a large first load and a large upsert with COPY; return the tuples an unchanged re-sync rewrote."""
    rows = f"{totals.size / 1e6:.2g}M rows"
    database.empty()
    copies = _large_step(bench, database, syncs, folder, totals, copy, "load")
    if judge:
        bench.at_most(f"first load of {rows}, times one COPY", 3, copies)
    rewritten = unchanged(bench, database, syncs, folder, "large", totals, 1)
    database.vacuum()
    totals = totals + 1
    write_files(folder, totals)
    copies = _large_step(bench, database, syncs, folder, totals, copy, "upsert")
    if judge:
        bench.at_most(f"upsert of {rows}, all values changed, times one COPY", 5, copies)
    return rewritten


def _large_step(bench: Bench, database: Database, syncs: Syncs, folder: Path, totals: np.ndarray, copy: Path,
                name: str) -> float:
    """Sync beside COPY, keep the figures, and return how many times the COPY's seconds the sync took."""
    done, copied = beside_copy(bench, database, copy, lambda: syncs(folder, "imported"))
    database.check(totals)
    for figure, value in (("s", done.seconds), ("derive_s", done.derive), ("copy_s", copied),
                          ("rows_s", totals.size / done.seconds), ("files_s", len(totals) / done.seconds),
                          ("copies", done.seconds / copied),
                          ("copies_with_derive", (done.seconds + done.derive) / copied)):
        bench.figure(f"large_{name}_{figure}", value)
    return done.seconds / copied


def measure(bench: Bench, home: Path, size: Size) -> None:
    """Make the files, run everything, fill in figures and goals."""
    copy = home / "rows.bin"
    database = Database(home / "data")
    syncs = Syncs(bench, database)
    try:
        bench.figures |= {"days_a_file": DAYS, "small_files": size.small, "large_files": size.large,
                          "rounds": size.rounds, "by_row_sample_files": size.by_row,
                          "to_sql_sample_files": size.by_frame, "songs_an_artist": SONGS_AN_ARTIST,
                          "server": database.run("SHOW server_version")[0][0].split()[0]}
        totals = make_totals(size.small)
        write_files(home / "small", totals)
        write_copy(copy, totals)
        first_loads(bench, database, syncs, home / "small", totals, copy, size)
        rewritten = unchanged(bench, database, syncs, home / "small", "small", totals, size.rounds)
        bench.say(f"making {size.large:,} files")
        totals = make_totals(size.large)
        write_files(home / "large", totals)
        write_copy(copy, totals)
        rewritten += large(bench, database, syncs, home / "large", totals, copy, size.judge_large)
        bench.at_most("unchanged re-syncs, dead or rewritten tuples in all tables", 0, rewritten)
        bench.at_most("peak memory of a sync process, MB", 1_500, max(syncs.peaks))
    finally:
        database.close()


def main() -> None:
    """Run the bench in a temporary folder and print its report."""
    size = QUICK if arguments("Speed and memory of a sync, beside plain ways to load the same rows.").quick else FULL
    bench = Bench("ingest")
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as home:
        measure(bench, Path(home), size)
    bench.finish()


if __name__ == "__main__":
    main()
