"""Killed in the middle: the app or its database, during a sync, an audition, an import, a training; a full disk; clocks.

Each scenario runs the product in processes of its own (`faulty.py`) on a data folder of its own. What was killed must be
found out by the next start, said so, and taken up again by the page's own button to the very same end. One scenario is
part of the tests, all of them run with ``MIS_SOAK=1`` (``make soak``).
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from faulty import PLAYLISTS, WHOLE
from outside import Outside

import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from queries import jobs as job_queries
from usecases import jobs

SOAK = bool(os.environ.get("MIS_SOAK"))
HERE = Path(__file__).parent
KINDS = ("sync", "audition", "import", "training")
SCENARIOS = [(what, kind) for what in ("app", "database") for kind in KINDS]
WAIT_S = 200


class Product:
    """The product in a process of its own."""

    def __init__(self, folder: Path, do: str, kind: str, database: str | None = None) -> None:
        environment = {**os.environ, "MIS_DATA_DIR": str(folder / "data"), "MIS_CMDATA_DIR": str(folder / "cmdata"),
                       "OMP_NUM_THREADS": "1"}
        environment.pop("DATABASE_URL", None)
        if database is not None:
            environment["DATABASE_URL"] = database
        self.log = (folder / f"{do}.log").open("wb")
        self.process = subprocess.Popen([sys.executable, str(HERE / "faulty.py"), do, kind], cwd=HERE.parent,
                                        env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def told(self, *what: str) -> dict:
        """Return the next line that says one of `what`; fails with the log if there is none."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if any(each in said for each in what):
                return said
        pytest.fail(f"nothing was said of {what}:\n{Path(self.log.name).read_text('utf-8', 'replace')[-3000:]}")

    def end(self) -> int:
        """Wait for the end."""
        return self.process.wait(WAIT_S)


@pytest.fixture
def folder(tmp_path, request):
    tmp_path.chmod(0o755)
    (tmp_path / "cmdata").mkdir()
    assert Product(tmp_path, "prepare", request.param).end() == 0
    yield tmp_path, request.param
    end_servers(tmp_path)


def end_servers(folder):
    """Kill the database of a folder where a test that failed has left it running."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if (process.info["name"] or "").startswith("postgres") and str(folder) in " ".join(process.info["cmdline"] or ()):
            process.kill()


def check_whole(kind, said):
    """Check that the work is there to its end, each piece once."""
    assert said["again"] == {"state": "done", "code": None}, said
    if kind in WHOLE:
        assert said["counts"] == WHOLE[kind]
    else:
        assert said["counts"][0] == PLAYLISTS and said["counts"][1] >= 1, said


@pytest.mark.parametrize("folder", KINDS if SOAK else ["import"], indirect=True)
def test_the_app_is_killed(folder):
    place, kind = folder
    running = Product(place, "run", kind)
    running.told("middle")
    running.process.kill()
    running.end()
    anew = Product(place, "again", kind)
    found = anew.told("found")
    assert found["found"][-1] == ["interrupted", "interrupted"] or found["found"][-1][0] == "interrupted", found
    if kind in WHOLE:
        assert found["counts"][0] < WHOLE[kind][0], "it was killed in the middle"
    check_whole(kind, anew.told("again"))
    assert anew.end() == 0


@pytest.mark.skipif(not SOAK, reason="the long tests are asked for with MIS_SOAK=1")
@pytest.mark.parametrize("folder", KINDS, indirect=True)
def test_the_database_is_killed(folder):
    place, kind = folder
    running = Product(place, "run", kind)
    postmaster = running.told("pid")["pid"]
    running.told("middle")
    os.kill(postmaster, signal.SIGKILL)
    ended = running.told("ended")["ended"]
    # the work either got over it or says that the database was away
    assert ended["state"] in ("done", "failed", "interrupted"), ended
    if ended["state"] == "failed":
        assert ended["code"].startswith("database"), ended
    check_whole(kind, running.told("again"))
    assert running.end() == 0


@pytest.mark.skipif(not SOAK, reason="the long tests are asked for with MIS_SOAK=1")
@pytest.mark.parametrize("folder", ["sync"], indirect=True)
def test_the_database_stands_still_for_half_a_minute(folder):
    place, kind = folder
    running = Product(place, "run", kind)
    postmaster = running.told("pid")["pid"]
    running.told("middle")
    children = [int(pid) for pid in subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True,
                                                   text=True).stdout.split()]
    for pid in (postmaster, *children):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(30)
    for pid in (*children, postmaster):
        os.kill(pid, signal.SIGCONT)
    assert running.told("ended")["ended"]["state"] == "done"
    check_whole(kind, running.told("again"))
    assert running.end() == 0


@pytest.fixture
def outside():
    """Give a server of ours that is no part of the product."""
    server = Outside()
    server.start()
    yield server
    server.close()


@pytest.mark.skipif(not SOAK, reason="the long tests are asked for with MIS_SOAK=1")
@pytest.mark.parametrize("kind", ["sync", "import", "audition"])
def test_an_external_database_is_gone_for_half_a_minute(outside, tmp_path, kind):
    """Cut off in the middle of work, started again by its operator: meanwhile it is said so, then the work goes on."""
    (tmp_path / "cmdata").mkdir()
    assert Product(tmp_path, "prepare", kind, outside.url).end() == 0
    running = Product(tmp_path, "run", kind, outside.url)
    running.told("middle")
    outside.cut()
    away = running.told("away")
    assert away["away"] == "database_unreachable" and "cannot be reached" in away["told"]
    time.sleep(30)
    outside.start()
    assert running.told("ended")["ended"] == {"state": "done", "code": None}, "the work waits for its database"
    check_whole(kind, running.told("again"))
    assert running.end() == 0


# --- a full disk, clocks ------------------------------------------------------------------------------------------


def test_an_upload_on_a_full_disk_is_refused_and_leaves_nothing(clean, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    said = services.save_uploads(ADMIN, [("IU_Palette_yt_views.csv", b"date,value\n2026-01-01,1\n")])[0]
    assert (said.saved, said.reason) == (False, "not_saved") and "No space" in str(said.reason_values)
    assert list(clean.iterdir()) == []


@pytest.mark.skipif(not SOAK, reason="the long tests are asked for with MIS_SOAK=1")
@pytest.mark.parametrize("folder", ["sync"], indirect=True)
def test_the_databases_disk_is_full(folder):
    """Another file takes all the room in the middle of a sync: that is said, whole files stay, and the same process goes
    on once there is room again.
    """
    place, kind = folder
    data, kept = place / "data", place / "kept"
    data.rename(kept)
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m,mode=755", "tmpfs", str(data)]).returncode:
        pytest.skip("no file system can be mounted here")
    running = None
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(data)], check=True)
        running = Product(place, "run", kind)
        running.told("middle")
        fill(data / "other")
        first = running.told("ended", "away")
        full = first.get("ended") or {"state": "failed", "code": first["away"]}
        assert full["state"] == "failed" and full["code"].startswith("database"), first
        assert "No space left" in place.joinpath("run.log").read_text()
        (data / "other").unlink()
        if "away" in first:
            assert running.told("ended")["ended"]["state"] in ("done", "failed")
        check_whole(kind, running.told("again"))
        assert running.end() == 0
    finally:
        if running is not None:
            running.process.kill()
        end_servers(place)
        subprocess.run(["umount", "-l", str(data)])


def fill(path):
    """Write a file until there is no room left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_a_clock_that_leaps_ends_no_work(clean, query):
    """A job whose last sign of life seems a day old, or a day ahead, is left alone while its process lives."""
    with db.begin() as connection:
        job = job_queries.add(connection, "bgm", ADMIN.id, jobs.own_process(), {})["id"]
    for leap in ("- interval '1 day'", "+ interval '1 day'"):
        query(f"UPDATE jobs SET state = 'running', started_at = now() {leap}, beat_at = now() {leap} WHERE id = :id", id=job)
        assert jobs.interrupt_dead() == 0
        assert (found := services.get_job(ADMIN, job)) is not None and found.state == "running"
