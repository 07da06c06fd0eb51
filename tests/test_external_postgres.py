"""Everything on Debian's PostgreSQL 15, which has no pgvector: a server of the test's own, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not (PROGRAMS / "initdb").is_file() or not hasattr(os, "geteuid"),
                                reason=f"PostgreSQL 15 is not installed in {PROGRAMS}")
WORK = """
import json, sys
from pathlib import Path
import config
config._values = lambda: dict(__import__('os').environ)
import db, services
from usecases.doctor import _database
from sqlalchemy import text
from queries import backup as tables

actor, told = services.current_actor(), {}
def rows():
    with db.begin() as c:
        return {name: sorted(c.execute(text(f'SELECT t::text FROM "{name}" t')).scalars()) for name in tables.tables(c)}

services.start(sample=False)
told["server"], told["vector"] = db.describe(), db.has_vector()
told["ready"] = db.ready()
told["doctor"] = sorted(code for state, code, values in _database())
capability = {each.key: each.state for each in services.capabilities(actor)}
told["capability"] = capability["vector"]
report = services.sync(actor)
told["sync"] = report.totals
told["changed"] = sorted({file.outcome for file in services.sync(actor).files})
services.analyse(actor)
imported = services.import_catalogue(actor, Path(sys.argv[1]))
told["catalogue"] = imported.added
found = services.find_songs(actor, services.Wish({"비오는날": 1.0, "외로움": 0.8}), count=5, seed=3)
told["songs"], told["exact"] = [hit.title for hit in found.hits], found.exact
before = rows()
told["rows"] = sum(map(len, before.values()))
file = Path(sys.argv[2])
services.backup(actor, file)
with db.begin() as c:
    c.execute(text("DELETE FROM songs"))
services.restore(actor, file, replace=True)
told["same"] = rows() == before
services.stop()
print(json.dumps(told))
"""


def own(command):
    """Return a command as PostgreSQL's user: as root it refuses to run."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="module")
def server():
    """Give the port of a PostgreSQL 15 of the test's own; its folder must be the server's user's."""
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and runuser is not there")
    folder = Path(tempfile.mkdtemp(prefix="mis-pg15-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    data, control = str(folder / "data"), [str(PROGRAMS / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    options = (f"-p {port} -c unix_socket_directories={folder} -c listen_addresses=127.0.0.1 -c fsync=off "
               "-c synchronous_commit=off -c full_page_writes=off")
    subprocess.run(own([str(PROGRAMS / "initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]),
                   check=True, capture_output=True, cwd="/")
    subprocess.run(own([*control, "-l", str(folder / "log"), "-o", options, "start"]), check=True, cwd="/",
                   stdout=subprocess.DEVNULL)
    yield port
    subprocess.run(own([*control, "-m", "immediate", "stop"]), check=False, cwd="/", stdout=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)


def environment(port, folder, **more):
    (folder / "cmdata").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIS_", "PG_", "DATABASE_"))}
    return kept | {"MIS_DATA_DIR": str(folder / "data"), "MIS_CMDATA_DIR": str(folder / "cmdata"), "PG_HOST": "127.0.0.1",
                   "PG_PORT": str(port), "PG_USER": "postgres", "PG_DB": 'music "of" 한국', **more}


def test_the_whole_way(server, tmp_path, export):
    """The database is made, migrated, filled, searched, backed up and restored, by the PG_* names alone."""
    given = environment(server, tmp_path)
    for song in ("One", "Two"):
        export(f"Somebody_{song}_yt_views.csv", [1000 * n for n in range(1, 60)], folder=tmp_path / "cmdata")
    songs = tmp_path / "songs.csv"
    songs.write_text("title,artist,genre,language,emotion,style,weather\n" + "".join(
        f"노래 {n},가수 {n},발라드,ko,외로움,잔잔한,{'비오는날' if n == 3 else '맑은날'}\n" for n in range(8)), "utf-8")
    done = subprocess.run([sys.executable, "-c", WORK, str(songs), str(tmp_path / "backup.zip")], cwd=ROOT, env=given,
                          text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["server"].startswith("PostgreSQL 15.") and told["server"].endswith(", 127.0.0.1")
    assert told["ready"] == [True, ""] and told["vector"] is False
    assert told["capability"] == "missing" and told["doctor"] == ["no_vector", "ok"], "it says that pgvector is absent"
    assert told["sync"]["accepted"] == told["sync"]["lines_read"] == 118 and told["changed"] == ["skipped"]
    assert told["catalogue"] == 8 and told["songs"][0] == "노래 3" and len(told["songs"]) == 5 and told["exact"]
    assert told["same"] and told["rows"] > 118
    assert not (tmp_path / "data" / "postgres").exists(), "no built-in server was started"


def test_a_backup_of_the_built_in_server_goes_into_it(server, tmp_path, export, sums, monkeypatch):
    """From one server to the other, over versions and with or without pgvector."""
    import config
    import db
    from accounts import LOCAL_ADMINISTRATOR as ADMIN
    from usecases.backup import backup, restore
    from usecases.sync import sync

    export("Somebody_One_yt_views.csv", [1000, 1100, "x", 1300])
    sync(ADMIN)
    before = sums()
    told = backup(ADMIN, tmp_path / "b.zip")
    monkeypatch.setattr(db, "_engine", None)
    monkeypatch.setenv("MIS_DATA_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@127.0.0.1:{server}/moved")
    config.reload()
    try:
        restore(ADMIN, tmp_path / "b.zip")
        assert sums() == before and db.engine().url.port == server
        back = backup(ADMIN, tmp_path / "back.zip")
    finally:
        db.engine().dispose()
    assert back.tables == told.tables and back.server.startswith("15.")


def test_a_server_that_refuses_is_named_without_its_password(server, tmp_path):
    code = ("import config\nconfig._values = lambda: dict(__import__('os').environ)\nimport db\n"
            "from support.errors import DatabaseUnavailable\n"
            "try:\n    db.init_db()\nexcept DatabaseUnavailable as error:\n    print(error)\n")
    given = environment(server, tmp_path, PG_USER="nobody-here", PG_PASSWORD="planted-password")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=given, text=True, capture_output=True, timeout=60)
    assert "cannot be reached" in done.stdout and "nobody-here" in done.stdout
    assert "planted-password" not in done.stdout + done.stderr
