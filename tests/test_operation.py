"""What an operator does: `doctor`, `status`, the commands; and a server that is stopped in the middle of its work."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from outside import Outside
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

import cli
import config
import db
import locales
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from support.errors import AppError, DatabaseUnavailable, NotAllowed
from usecases import doctor as doctor_module
from usecases import operation
from usecases.doctor import Check, doctor, finding
from usecases.operation import product_version, server_address, status, status_text
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent


def codes(checks):
    return {(check.name, check.code) for check in checks}


# --- doctor ---

def test_a_sound_installation(clean):
    checks = doctor(ADMIN)
    assert [check for check in checks if check.state == "fail"] == []
    assert {check.name for check in checks} == set(doctor_module.CHECKS)
    assert {("packages", "ok"), ("database", "ok"), ("models", "ok"), ("fonts", "ok"), ("decoding", "ok")} \
        <= codes(checks)
    assert ("database", "vector" if db.has_vector() else "no_vector") in codes(checks)
    for lang in locales.LANGUAGES:
        told = [finding(check, lang) for check in checks]
        assert all(said for said, _ in told)
        assert all(bool(step) == (check.state != "ok") for check, (_, step) in zip(checks, told, strict=True))


def test_every_finding_has_its_words():
    texts = locales.texts("en")
    source = (ROOT / "usecases" / "doctor.py").read_text("utf-8")
    listed = {key for key in texts if key.startswith("doctor.") and not key.endswith("_next")} - {"doctor.broken"}
    assert all(f'"{key.split(".")[2]}"' in source for key in listed)
    assert all(key + "_next" in texts for key in listed if key.split(".")[2] not in ("ok", "vector", "no_vector", "ffmpeg"))


@pytest.mark.parametrize(("names", "found"), [
    ({"S3_BUCKET": "b"}, {("services", "s3_no_key")}),
    ({"S3_PICTURES_PREFIX": "p"}, {("services", "s3_no_bucket")}),
    ({"OPENAI_API_KEY": "sk-a b", "AWS_ACCESS_KEY": "x"}, {("keys", "blank"), ("keys", "half")}),
    ({"SOUNDFONT": "/nowhere/x.sf2"}, {("models", "named")}),
    ({"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, {("server", "open")}),
    ({"AUTH": "local"}, {("services", "no_mail"), ("server", "no_public_url")}),
    ({"AUTH": "oidc"}, {("services", "oidc"), ("server", "no_public_url")}),
])
def test_settings_that_do_not_fit(clean, monkeypatch, names, found):
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    for name in ("database", "clock", "packages", "decoding", "fonts", "disk", "folders"):
        monkeypatch.delitem(doctor_module.CHECKS, name)
    config.reload()
    assert found <= codes(doctor(ADMIN))


def test_a_setting_that_cannot_be_read_ends_it(clean, monkeypatch):
    monkeypatch.setenv("MIS_THRESHOLD", "many")
    config._load.cache_clear()
    checks = doctor(ADMIN)
    monkeypatch.undo()
    config.reload()
    assert [(check.name, check.state, check.code) for check in checks] == [("settings", "fail", "wrong")]


def test_disk_weights_fonts_packages_and_the_unexpected(clean, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_module.shutil, "disk_usage", lambda path: os.statvfs_result and type("U", (), {"free": 5 << 20}))
    monkeypatch.setattr(doctor_module.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor_module.fonts, "covers", lambda face, word: face != "poster")
    (tmp_path / "requirements.txt").write_text("numpy>=2\nno-such-package>=1\n-c constraints.txt\nx; sys_platform == 'os2'\n")
    (tmp_path / "constraints.txt").write_text("numpy==0.0.1\n")
    for name, content in (("good", b"w" * 500), ("pointer", b"version https://git-lfs"), ("changed", b"w" * 500)):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "model.onnx").write_bytes(content)
    (tmp_path / "models" / "changed" / "metrics.json").write_text('{"sha256": "0123"}')
    monkeypatch.setattr(config, "ROOT", tmp_path)
    monkeypatch.setitem(doctor_module.CHECKS, "keys", lambda: iter([1 / 0]))
    for name in ("database", "clock", "server", "services"):
        monkeypatch.delitem(doctor_module.CHECKS, name)
    checks = doctor(ADMIN)
    found = codes(checks)
    assert {("disk", "low"), ("packages", "missing"), ("packages", "other"), ("fonts", "missing"),
            ("decoding", "no_ffmpeg"), ("keys", "broken"), ("models", "ok")} <= found
    assert [check.values["folder"].rpartition("/")[2] for check in checks if check.code == "broken_weights"] \
        == ["changed", "pointer"]
    assert next(check for check in checks if check.code == "missing" and check.name == "packages").values["names"] \
        == "no-such-package"


def test_a_folder_that_cannot_be_written(clean, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MIS_CMDATA_DIR", str(tmp_path / "file" / "below"))
    config.reload()
    found = [check for check in doctor_module._folders() if check[0] == "fail"]
    assert found[0][1] == "not_writable" and "below" in found[0][2]["path"]


def test_a_database_that_is_away_or_newer(clean, monkeypatch, query):
    monkeypatch.setattr(db, "head", lambda: "0001")
    assert {code for _, code, _ in doctor_module._database()} >= {"ok", "newer"}
    monkeypatch.setattr(db, "head", lambda: "9999")
    assert {code for _, code, _ in doctor_module._database()} >= {"ok", "older"}

    def away():
        raise DatabaseUnavailable("database_unreachable", where="db", detail="refused")

    monkeypatch.setattr(db, "begin", away)
    assert [(state, code) for state, code, _ in doctor_module._database()] == [("fail", "away")]


# --- status and the commands ---

def test_status(export, query):
    export("A_One_yt_views.csv", [1, 2, 4])
    sync(ADMIN)
    query("""INSERT INTO jobs (kind, state, owner_id, process, done, total)
             VALUES ('bgm', 'running', 1, 'elsewhere:1@1', 3, 10)""")
    query("INSERT INTO provider_usage VALUES ('2026-01-01', 'openai', 'm', 3, 10, 20, 0.5)")
    found = status(ADMIN)
    assert found.server == "no answer" and found.revision == found.head == db.head()
    assert found.rows["daily_metrics"] == 3 and found.last_sync["state"] == "done" and found.waiting == 1
    assert [(job["kind"], job["done"], job["total"]) for job in found.jobs] == [("bgm", 3, 10)]
    assert found.use == {"calls": 3, "input_tokens": 10, "output_tokens": 20, "cost_usd": 0.5}
    assert found.users == {"administrator": 1} and found.database_bytes > 1e6 and len(found.tables_bytes) == 5
    assert found.connections == 0 and "python" in found.versions and found.version == product_version()
    json.dumps(asdict(found), default=str)
    for lang in locales.LANGUAGES:
        assert "bgm running 3/10" in status_text(found, lang)
    url = db.engine().url.render_as_string(hide_password=False)
    other = create_engine(url, connect_args={"application_name": db.APPLICATION})
    with other.connect():
        assert status(ADMIN).connections == 1
    other.dispose()


def test_status_of_another_schema(database, monkeypatch):
    monkeypatch.setattr(db, "head", lambda: "9999")
    with pytest.raises(AppError) as caught:
        status(ADMIN)
    assert caught.value.code == "operation.unmigrated"


def test_only_administrators(database):
    for act in (status, doctor):
        with pytest.raises(NotAllowed):
            act(Actor(2, "analyst", "a"))


def test_the_servers_address(monkeypatch):
    assert server_address() == ("127.0.0.1", 8501)
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "9")
    assert server_address() == ("0.0.0.0", 9) and operation.probe() == ("no answer", "http://127.0.0.1:9")


def run(*arguments):
    return CliRunner().invoke(cli.app, list(arguments))


def test_the_commands(clean, export, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.services, "stop", lambda: None)  # the session's database stays
    monkeypatch.setenv("MIS_DATA_DIR", str(tmp_path / "data"))
    config.reload()
    export("A_One_yt_views.csv", [1, 2, 4])
    sync(ADMIN)
    said = run("backup", str(tmp_path / "b.zip"))
    assert said.exit_code == 0 and "SHA-256" in said.stdout and (tmp_path / "b.zip").is_file()
    again = run("backup", str(tmp_path / "b.zip"), "--lang", "ko")
    assert again.exit_code == 1 and "이미 있습니다" in again.stderr
    refused = run("restore", str(tmp_path / "b.zip"))
    assert refused.exit_code == 1 and "--replace" in refused.stderr
    back = run("restore", str(tmp_path / "b.zip"), "--replace", "--json")
    assert back.exit_code == 0 and json.loads(back.stdout)["tables"]["daily_metrics"] == 3
    shown = run("status", "--json")
    assert shown.exit_code == 0 and json.loads(shown.stdout)["rows"]["artists"] == 1
    assert "Music Integrated System" in run("status").stdout
    monkeypatch.setattr(cli.services, "doctor", lambda actor: [Check("disk", "fail", "low", {"free": "0.1", "path": "/x"})])
    told = run("doctor")
    assert told.exit_code == 1 and "fail  disk" in told.stdout and "→ Make room" in told.stdout
    as_json = run("doctor", "--json")
    assert as_json.exit_code == 1 and json.loads(as_json.stdout)["checks"][0]["next"].startswith("Make room")
    monkeypatch.setattr(cli.services, "doctor", lambda actor: [Check("disk", "ok", "ok", {"free": "9", "path": "/x"})])
    assert run("doctor").exit_code == 0


# --- a clean stop ---

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """The real server over a data folder of its own."""

    def __init__(self, folder, database):
        self.port, self.data = free_port(), folder / "data"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("MIS_", "PG_"))} | {
            "MIS_DATA_DIR": str(self.data), "MIS_CMDATA_DIR": str(folder / "cmdata"), "MIS_SYNC_BATCH_ROWS": "2000",
            "MIS_LOG_FORMAT": "json", "PYTHONPATH": str(ROOT), **({"DATABASE_URL": database} if database else {})}
        self.log = folder / "log"
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "asgi.py", "--server.port", str(self.port),
                 "--server.address", "127.0.0.1"], cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def get(self, path):
        """Return status and text of an answer; None while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return None
        finally:
            connection.close()

    def until(self, path, found, seconds=60):
        """Ask until an answer satisfies `found`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.get(path)
            if answer and found(*answer):
                return answer
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(0.1)
        raise AssertionError(f"{path}: {self.get(path)}\n{self.log.read_text()[-3000:]}")

    def postgres(self):
        """Return the PostgreSQL processes of the data folder."""
        found = []
        for process in psutil.process_iter(["name"]):
            try:
                if (process.info["name"] or "").startswith("postgres") and process.cwd() == str(self.data / "postgres"):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def ask(self, code):
        """Return what Python prints in the server's environment, with `query` at hand."""
        prelude = ("import config, db, json, services\nconfig._values = lambda: dict(__import__('os').environ)\n"
                   "from sqlalchemy import text\n"
                   "def query(s):\n    with db.begin() as c: return [list(r) for r in c.execute(text(s))]\n")
        done = subprocess.run([sys.executable, "-c", prelude + code + "\nservices.stop()"], cwd=ROOT, text=True,
                              env=self.environment, capture_output=True, timeout=120, check=True)
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def server(tmp_path, clean):
    """Give a server with many exports to sync, in a database of its own."""
    folder = exports(tmp_path / "own")
    url = config.load().database_url
    name = f"mis_stop_{os.getpid()}"
    made = Server(folder, make_url(url).set(database=name).render_as_string(hide_password=False) if url else None)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    for process in made.postgres():
        process.kill()
    if url:
        db.engine()
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def exports(folder):
    """Make a folder with many exports to sync."""
    (folder / "cmdata").mkdir(parents=True)
    for artist in range(60):
        lines = [f"{day},{1000 * (n + 1)}" for n, day in enumerate(days())]
        for song in range(2):
            (folder / "cmdata" / f"Artist{artist:02}_Song{song}_yt_views.csv").write_text("\n".join(["date,value", *lines]))
    return folder


def days():
    from datetime import date, timedelta
    return [date(2024, 1, 1) + timedelta(days=n) for n in range(600)]


@pytest.mark.slow
@pytest.mark.parametrize("number", [
    signal.SIGTERM,
    pytest.param(signal.SIGKILL, marks=pytest.mark.skipif(not os.environ.get("MIS_SOAK"), reason="MIS_SOAK is not set"))])
def test_a_server_stopped_in_the_middle_of_a_sync(server, number):
    server.start()
    server.until("/metrics", lambda status, told: 'mis_jobs_running{kind="sync"} 1.0' in told
                 and 'mis_syncs_total{state="running"} 1.0' in told)
    began = time.monotonic()
    server.process.send_signal(number)
    code = server.process.wait(30)
    took = time.monotonic() - began
    if number == signal.SIGTERM:
        assert (code, took < 10) == (0, True), (code, took, server.log.read_text()[-3000:])
        assert server.postgres() == [] and not (server.data / "postgres" / "postmaster.pid").exists()
        states = server.ask("print(json.dumps([query(\"SELECT state, error_code FROM jobs WHERE kind = 'sync'\"), "
                            "query('SELECT state FROM sync_runs'), query('SELECT count(*) FROM sync_files')]))")
        assert states[0] == [["interrupted", "interrupted"]] and states[1] == [["interrupted"]]
        assert states[2][0][0] < 120, "the sync had ended before it was stopped"
    else:
        server.start()  # recovers by itself
        server.until("/readyz", lambda status, told: status == 200)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    counts = server.ask("services.sync(services.current_actor())\n"
                        "print(json.dumps([query('SELECT count(*) FROM sync_files'), query('SELECT count(*) FROM daily_metrics'),"
                        " query(\"SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')\")]))")
    assert counts == [[[120]], [[120 * 600]], [[0]]]
    assert server.postgres() == []


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("MIS_SOAK"), reason="MIS_SOAK is not set")
def test_a_server_whose_database_is_gone_for_half_a_minute(tmp_path):
    """In the middle of a sync: it says that it is not ready and why, and goes on by itself once the database is back."""
    outside = Outside()
    server = Server(exports(tmp_path / "own"), outside.url)
    try:
        outside.start()
        server.start()
        server.until("/metrics", lambda status, told: 'mis_jobs_running{kind="sync"} 1.0' in told
                     and 'mis_syncs_total{state="running"} 1.0' in told)
        outside.cut()
        _, told = server.until("/readyz", lambda status, told: status == 503)
        assert "cannot be reached" in json.loads(told)["reason"]
        time.sleep(30)
        assert server.get("/healthz")[0] == 200 and server.get("/readyz")[0] == 503
        assert 'mis_jobs_running{kind="sync"} 1.0' in server.get("/metrics")[1]
        outside.start()
        server.until("/readyz", lambda status, told: status == 200)
        server.until("/metrics", lambda status, told: 'mis_jobs_running{kind="sync"} 1.0' not in told, 200)
        found = server.ask("print(json.dumps([query(\"SELECT state, error_code FROM jobs WHERE kind = 'sync'\"),"
                           " query('SELECT count(*) FROM sync_files'), query('SELECT count(*) FROM daily_metrics')]))")
        assert found == [[["done", None]], [[120]], [[120 * 600]]]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    finally:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        outside.close()
