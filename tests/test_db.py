"""The database: starting, joining, migrating, refusing; the built-in server and an external PostgreSQL 15."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from support import builtin_database
from support.errors import DatabaseUnavailable
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss:w/rd %41?#&"
MIGRATE = "from db import init_db; init_db()"
UNTIL_TOLD = MIGRATE + "; print('up', flush=True); input()"
WITHOUT_FILES = "import config, os; config._values = lambda: {n: v for n, v in os.environ.items() if v}; "


@pytest.fixture
def apart(database, monkeypatch):
    """Put the session's engine aside, so that the test can reach another database; put it back at the end."""
    monkeypatch.setattr(db, "_engine", None)
    monkeypatch.setattr(builtin_database, "_server", None)
    monkeypatch.setattr(builtin_database, "_users", None)
    yield monkeypatch
    if db._engine is not None:
        db._engine.dispose()
    if builtin_database._users is not None:
        builtin_database._users.close()
    monkeypatch.undo()
    config.reload()


def fresh(code, folder, *, group=False, **env):
    """Start Python from the root with a data folder of its own, as an operator would."""
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=own | {"MIS_DATA_DIR": str(folder)} | env,
                            start_new_session=group,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
    assert not builtin_database.in_use() and builtin_database._users is None  # nothing of ours takes its place


def test_a_server_that_goes_away_is_an_error_of_ours(apart, monkeypatch):
    """Connections that break inside a transaction come out as one kind of error too."""
    if os.environ.get("DATABASE_URL"):
        pytest.skip("an external server")
    db.init_db()
    with pytest.raises(DatabaseUnavailable), db.begin() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
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
    assert postmaster(folder / "data") is None


# --- the built-in server's handles --------------------------------------------------------------------------------


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(("written", "left"), [
    ("[{dead}, {own}, 1]", "[{own}, 1]"), ("[{own}]", "[{own}]"), ("[]", "[]"), ("", ""), ("[12, \0\0", "[]"),
    ("12", "[]"), ('["12"]', "[]")])
def test_dead_processes_are_forgotten(tmp_path, written, left):
    path = tmp_path / ".handle_pids.json"
    numbers = {"dead": dead_pid(), "own": os.getpid()}
    path.write_text(written.format(**numbers))
    builtin_database._prune_dead_handles(path)
    assert path.read_text() == left.format(**numbers)


def test_no_handles_yet(tmp_path):
    builtin_database._prune_dead_handles(tmp_path / "missing" / ".handle_pids.json")
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


# --- the built-in server's users ----------------------------------------------------------------------------------


KEPT = "SET LOCAL synchronous_commit = on; INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', 'kept')"


def postmaster(data):
    """Return the living PostgreSQL server of a data folder, None if there is none."""
    own = [process for process in psutil.process_iter() if builtin_database._works_in(process, data / "postgres")]
    parents = {process.pid for process in own}
    found = [process for process in own if process.ppid() not in parents]
    return found[0] if found else None


def kill_server(data):
    """Kill the server with SIGKILL and wait until its processes have noticed."""
    server = postmaster(data)
    others = server.children()
    server.kill()
    psutil.wait_procs(others, timeout=20)


@pytest.fixture
def shared(clean):
    """Give the data folder whose built-in server this process uses."""
    if config.load().database_url:
        pytest.skip("an external server")
    if not hasattr(os, "fork"):
        pytest.skip("no file locks that end with their process")
    db.init_db()
    return config.load().data_dir


def test_a_torn_list_of_users_stops_nobody_s_server(shared, query):
    """A process is killed and leaves the list torn; the next ones start and exit: the server stays as it is."""
    handles, server = shared / "postgres" / ".handle_pids.json", postmaster(shared)
    killed = fresh(WITHOUT_FILES + UNTIL_TOLD, shared)
    assert killed.stdout.readline() == "up\n"
    killed.kill()
    killed.communicate(timeout=60)
    for torn in ("", f"[{os.getpid()}, 12", "[]", "\0" * 12):
        handles.write_text(torn)
        exiting = fresh(WITHOUT_FILES + MIGRATE, shared)
        errors = exiting.communicate(timeout=60)[1]
        assert exiting.returncode == 0, errors
        assert postmaster(shared) == server and query("SELECT 1") == [(1,)], torn


def test_a_list_torn_while_in_use(shared):
    """The process that finds it so on its own way out exits cleanly."""
    leaving = fresh(WITHOUT_FILES + UNTIL_TOLD, shared)
    assert leaving.stdout.readline() == "up\n"
    (shared / "postgres" / ".handle_pids.json").write_text("[1")
    _, errors = leaving.communicate("\n", timeout=60)
    assert leaving.returncode == 0 and "Traceback" not in errors, errors
    assert db.ready() == (True, "")


def test_the_last_one_out_stops_the_server(folder):
    """Also when the server was started by one that was killed, and was killed and started again since."""
    killed, staying = (fresh(WITHOUT_FILES + UNTIL_TOLD, folder) for _ in range(2))
    assert killed.stdout.readline() == staying.stdout.readline() == "up\n"
    killed.kill()
    killed.communicate(timeout=60)
    kill_server(folder)
    passing = fresh(WITHOUT_FILES + MIGRATE, folder)
    errors = passing.communicate(timeout=60)[1]
    assert passing.returncode == 0, errors
    assert postmaster(folder) is not None
    _, errors = staying.communicate("\n", timeout=60)
    assert staying.returncode == 0 and "Traceback" not in errors, errors
    assert postmaster(folder) is None and not (folder / "postgres" / "postmaster.pid").exists()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_the_very_first_start_is_cut_short(folder):
    """All its processes are killed while they make the cluster; the next start makes a whole one."""
    killed = fresh(WITHOUT_FILES + MIGRATE, folder, group=True)
    while not list(folder.glob("**/PG_VERSION")):
        assert killed.poll() is None
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    assert not (folder / "postgres" / "postmaster.opts").exists()  # it was never started
    again = fresh(WITHOUT_FILES + MIGRATE, folder)
    errors = again.communicate(timeout=60)[1]
    assert again.returncode == 0, errors
    assert not list(folder.glob("postgres.new-*"))


def test_starting_while_others_stop(folder):
    """Processes that come and go at once never find the server gone under them."""
    cycle = WITHOUT_FILES + "import db, time; [(db.init_db(), db.describe(), db.stop()) for _ in range(6)]"
    processes = [fresh(cycle, folder) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, errors
    assert postmaster(folder) is None


def test_the_server_is_killed(shared, query):
    """The next transaction starts it again, on connections made before as well, and nothing committed is lost."""
    query(KEPT)
    kill_server(shared)
    assert query("SELECT item FROM likes") == [("kept",)]


def test_many_threads_find_the_server_killed(shared):
    """All of them get a connection, also those that ask the engine itself."""
    def ask(_):
        with db.engine().connect() as connection:
            return connection.execute(text("SELECT 1")).scalar_one()

    kill_server(shared)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(16))) == [1] * 16


@pytest.mark.parametrize("left", ["another program's pid", "half a file", "nothing in it"])
def test_a_pid_file_that_a_killed_server_left(shared, query, left):
    """The pid belongs to a living program that is no PostgreSQL (this one), or the file was only half written."""
    path = shared / "postgres" / "postmaster.pid"
    lines = [f"{os.getpid()}\n", *path.read_text().splitlines(keepends=True)[1:]]
    db.stop()
    path.write_text("".join({"another program's pid": lines, "half a file": lines[:3], "nothing in it": []}[left]))
    (shared / "postgres" / ".s.PGSQL.5432.lock").write_text("".join(lines[:5]))
    assert query("SELECT 1") == [(1,)]


def test_a_forked_child_is_a_process_of_its_own(shared, query):
    """It has no connection of its parent, and its end takes nothing from the parent."""
    server = postmaster(shared)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            db.stop()
            code = 0 if db._engine is None and db.ready()[0] else 2
            db.stop()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert postmaster(shared) == server and query("SELECT 1") == [(1,)]
    other = fresh(WITHOUT_FILES + MIGRATE, shared)
    other.communicate(timeout=60)
    assert other.returncode == 0 and postmaster(shared) == server


def test_a_server_this_process_stopped_stays_stopped(shared):
    """A connection made late from an engine that was put away starts nothing behind its back."""
    engine = db.engine()
    db.stop()
    with pytest.raises(OperationalError):
        engine.connect()
    assert postmaster(shared) is None


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
