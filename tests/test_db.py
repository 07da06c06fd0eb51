"""The database: starting, joining, migrating, refusing; the built-in server and an external PostgreSQL 15."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from support.errors import DatabaseUnavailable
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss:w/rd %41?#&"
MIGRATE = "from db import init_db; init_db()"


@pytest.fixture
def apart(database, monkeypatch):
    """Put the session's engine aside, so that the test can reach another database; put it back at the end."""
    monkeypatch.setattr(db, "_engine", None)
    monkeypatch.setattr(db, "_server", None)
    yield monkeypatch
    if db._engine is not None:
        db._engine.dispose()
    monkeypatch.undo()
    config.reload()


def fresh(code, folder, **env):
    """Start Python from the root with a data folder of its own, as an operator would."""
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=own | {"MIS_DATA_DIR": str(folder)} | env,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names_a_database():
    """Return whether the checkout's own files lead to a database of somebody's."""
    return any(path.is_file() and any(name in path.read_text("utf-8") for name in ("DATABASE_URL", "PG_HOST"))
               for path in (ROOT / ".env", ROOT / ".streamlit" / "secrets.toml"))


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="mis-db-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


# --- schema -------------------------------------------------------------------------------------------------------


def test_migrating_again_changes_nothing(clean):
    assert db.revision() == db.head() and db.ready() == (True, "")
    db.init_db()
    assert db.revision() == db.head()
    assert db.describe().startswith("PostgreSQL ")


def test_what_every_database_holds(clean, query):
    assert query("SELECT id, nickname, role FROM users") == [(ADMIN.id, "local", "administrator")]
    assert query("SELECT key, metric FROM platforms ORDER BY id") == [
        ("youtube", "views"), ("spotify", "streams"), ("soundcloud", "plays")]
    assert query("INSERT INTO users (nickname, role) VALUES ('second', 'viewer') RETURNING id > 1") == [(True,)]


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET action = 'other'", "DELETE FROM audit_log",
                                       "TRUNCATE audit_log"])
def test_the_audit_log_is_append_only(clean, query, statement):
    query("INSERT INTO audit_log (actor_id, action, object) VALUES (1, 'test', 'it')")
    with pytest.raises(DBAPIError, match="append-only"):
        query(statement)
    assert query("SELECT action FROM audit_log") == [("test",)]


def test_a_thing_is_liked_once(clean, query):
    query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', '7')")
    query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'playlist', '7')")
    with pytest.raises(IntegrityError):
        query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', '7')")
    with pytest.raises(IntegrityError):
        query("INSERT INTO likes (owner_id, kind, item) VALUES (99, 'song', '7')")


def test_songs_take_their_metrics_and_one_identity_each(clean, query):
    query("INSERT INTO artists (key, norm_key, display_name) VALUES ('Ann', 'ann', 'Ann')")
    query("""INSERT INTO songs (artist_id, key, norm_title, title)
             SELECT id, t, lower(t), t FROM artists, unnest(ARRAY['One', 'Two']) AS t""")
    query("""INSERT INTO daily_metrics (song_id, day, platform, source, total)
             SELECT id, :day, 1, 1, 5 FROM songs""", day=date(2026, 1, 1))
    with pytest.raises(IntegrityError):
        query("INSERT INTO songs (artist_id, key, norm_title, title) SELECT id, 'x', 'one', 'x' FROM artists")
    query("DELETE FROM songs WHERE norm_title = 'one'")
    assert query("SELECT s.key FROM daily_metrics d LEFT JOIN songs s ON s.id = d.song_id") == [("Two",)]
    query("DELETE FROM artists")
    assert query("SELECT count(*) FROM daily_metrics") == [(0,)]


def test_lines_of_a_file_must_add_up(clean, query):
    query("INSERT INTO sync_runs (folder, actor_id, state) VALUES ('x', 1, 'done')")
    with pytest.raises(IntegrityError):
        query("""INSERT INTO sync_files (name, folder, sha256, reader, size_bytes, state, lines_read, accepted, run_id)
                 SELECT 'x', 'x', '', 1, 1, 'imported', 3, 2, id FROM sync_runs""")


def test_a_database_of_a_newer_version_is_left_alone(clean, query):
    query("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            db.init_db()
        assert caught.value.code == "database_newer" and caught.value.values == {"revision": "9999"}
        assert db.revision() == "9999"
        ready, why = db.ready()
        assert not ready and "9999" in why
    finally:
        query("UPDATE alembic_version SET version_num = :head", head=db.head())


# --- reaching it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [
    "postgresql://someone:sekret@127.0.0.1:1/music", "postgresql://someone@127.0.0.1:1/music?password=sekret",
    "postgresql://someone:sekret@127.0.0.1:port/music", "postgresql://someone:sekret@[::1/music",
    "postgresql://someone:sekret@host.invalid/music", "postgres://someone:sekret@127.0.0.1:99999/music"])
def test_an_address_that_leads_nowhere(apart, url):
    """One kind of error, with the next step, and never the password."""
    apart.setenv("DATABASE_URL", url)
    config.reload()
    with pytest.raises(DatabaseUnavailable) as caught:
        db.init_db()
    assert "sekret" not in str(caught.value) + caught.value.message("ko")
    assert "DATABASE_URL" in str(caught.value)
    ready, why = db.ready()
    assert not ready and "sekret" not in why


def test_a_server_that_goes_away_is_an_error_of_ours(apart, monkeypatch):
    """Connections that break inside a transaction come out as one kind of error too."""
    if os.environ.get("DATABASE_URL"):
        pytest.skip("an external server")
    db.init_db()
    with pytest.raises(DatabaseUnavailable), db.begin() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        connection.execute(text("SELECT 1"))
    assert db.ready() == (True, "")


def test_four_processes_start_a_new_database_at_once(folder):
    """All succeed, none is left behind, and the server stops with the last."""
    if names_a_database():
        pytest.skip(".env or secrets.toml name a database")
    processes = [fresh(MIGRATE, folder / "data") for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    assert json.loads((folder / "data" / "postgres" / ".handle_pids.json").read_text()) == []
    assert not (folder / "data" / "postgres" / "postmaster.pid").exists()


# --- the built-in server's handles --------------------------------------------------------------------------------


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(("written", "left"), [
    ("[{dead}, {own}, 1]", "[{own}, 1]"), ("[{own}]", "[{own}]"), ("[]", "[]"), ("", ""), ("[12, \0\0", "[]")])
def test_dead_processes_are_forgotten(tmp_path, written, left):
    path = tmp_path / ".handle_pids.json"
    numbers = {"dead": dead_pid(), "own": os.getpid()}
    path.write_text(written.format(**numbers))
    db._prune_dead_handles(path)
    assert path.read_text() == left.format(**numbers)


def test_no_handles_yet(tmp_path):
    db._prune_dead_handles(tmp_path / "missing" / ".handle_pids.json")
    assert list(tmp_path.iterdir()) == []


def test_the_built_in_server_stops_and_starts_again(clean, query):
    if config.load().database_url:
        pytest.skip("an external server")
    query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', 'kept')")
    handles = config.load().data_dir / "postgres" / ".handle_pids.json"
    handles.write_text(json.dumps([*json.loads(handles.read_text()), dead_pid()]))
    db.stop()
    assert not (config.load().data_dir / "postgres" / "postmaster.pid").exists()
    assert query("SELECT item FROM likes") == [("kept",)]
    assert json.loads(handles.read_text()) == [os.getpid()]


# --- an external server -------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def external():
    """Give the port of a PostgreSQL 15 that asks for a password and has no database of ours."""
    if not (DEBIAN / "initdb").exists():
        pytest.skip(f"no PostgreSQL 15 in {DEBIAN}")
    root = os.geteuid() == 0
    home = Path(tempfile.mkdtemp(prefix="mis-pg15-"))
    secret = home / "secret"
    secret.write_text(PASSWORD)
    if root:
        for path in (home, secret):
            shutil.chown(path, "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"] if root else []
    port = free_port()

    def command(*words):
        subprocess.run([*as_postgres, str(DEBIAN / words[0]), *words[1:]], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, timeout=60)

    data = str(home / "data")
    command("initdb", "-D", data, "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "postgres", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    command("pg_ctl", "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    yield port
    command("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


def test_an_external_postgresql_15(external, apart, tmp_path, query, sums):
    """By PG_*, with a password full of special characters: database created, migrated, synced, synced again."""
    apart.delenv("DATABASE_URL", raising=False)
    for name, value in {"PG_HOST": "127.0.0.1", "PG_PORT": str(external), "PG_USER": "postgres",
                        "PG_PASSWORD": PASSWORD, "PG_DB": "music & more",
                        "MIS_CMDATA_DIR": str(ROOT / "cmdata")}.items():
        apart.setenv(name, value)
    config.reload()
    assert db.revision() is None
    db.init_db()
    assert db.revision() == db.head()
    assert query("SELECT current_database(), current_setting('server_encoding')") == [("music & more", "UTF8")]
    assert db.describe() == f"PostgreSQL {db.describe().split()[1].rstrip(',')}, 127.0.0.1"
    report = sync(ADMIN)
    assert report.totals["imported"] == 36
    before = sums(physical=True)
    sync(ADMIN, force=True)
    assert sums(physical=True) == before
    db.stop()
    assert db.ready() == (True, "")
    apart.setenv("PG_PASSWORD", "wrong")
    config.reload()
    db.stop()
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        db.init_db()
