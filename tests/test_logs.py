"""No secret, nobody's lyrics and nobody's address reaches a log, whichever way it is taken."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import sys
import threading
import warnings
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import config
import db
from support import logs

ROOT = Path(__file__).resolve().parent.parent
PLANTED = {"OPENAI_API_KEY": "sk-proj-Planted0123456789abcdef", "AWS_SECRET_KEY": "pla/nted+Secret&key=0123",
           "METRICS_TOKEN": "planted metrics 'token'", "PG_PASSWORD": "Pl4nted!word",
           "ALERT_WEBHOOK_URL": "https://hooks.example.org/services/T0PLANTED/secret",
           "DATABASE_URL": "postgresql://user:url-planted%21pass@db.example.org/music",
           "SMTP_URL": "smtps://mailer:mail-planted-pass@mail.example.org:465", "ADMIN_PASSWORD": "planted-admin-password"}
HELD = [*PLANTED.values(), "url-planted!pass", "url-planted%21pass", "mail-planted-pass"]
LYRICS = "밤하늘의 별을 따라 걷던 그 길 위에 네가 남긴 노래가 아직도 들려와 나는 오늘도 그 자리에 서서 " * 3


@pytest.fixture
def written(monkeypatch):
    """Give a function that sets the log up and returns the text it has written so far; all is put back."""
    root = logging.getLogger()
    before = [(logger, list(logger.handlers), logger.level, logger.propagate, list(logger.filters))
              for logger in (root, *(logging.getLogger(name) for name in list(root.manager.loggerDict)))]
    hooks = sys.excepthook, threading.excepthook
    stream = io.StringIO()

    def start(*, as_json=True, level="INFO", secrets=(), file=None):
        monkeypatch.setattr(sys, "stderr", stream)
        logs.set_up(as_json=as_json, level=level, secrets=secrets, file=file)
        return lambda: stream.getvalue()

    yield start
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    for logger, handlers, kept, propagate, filters in before:
        logger.handlers[:], logger.level, logger.propagate, logger.filters[:] = handlers, kept, propagate, filters
    logging.root.manager._clear_cache()


@pytest.fixture
def planted(monkeypatch):
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    yield config.secrets()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_planted_secret_is_never_written(written, planted, as_json):
    said = written(as_json=as_json, secrets=planted)
    log = logging.getLogger("a.b")
    for value in HELD:
        log.warning("the value is %s", value)
        log.info("in an address https://%s@example.org/?key=%s&x=1", value, value)
        log.info("as json %s", json.dumps({"password": value}))
        log.info("as repr %r", {"key": value}, extra={"given": value})
        with logs.bound(carried=value):
            log.info("bound")
        try:
            try:
                raise ValueError(value)
            except ValueError as error:
                raise RuntimeError(f"because of {value}") from error
        except RuntimeError:
            log.exception("it failed")
        warnings.warn(value, stacklevel=1)
        thread = threading.Thread(target=lambda value=value: {}[value])
        thread.start()
        thread.join()
        sys.excepthook(KeyError, KeyError(value), None)
        logging.getLogger("uvicorn.error").error("tls key %s", value)
    found = said()
    assert "it failed" in found and found.count("Nobody caught an error") == 2 * len(HELD)
    assert [value for value in HELD if value in found] == []
    assert [line for line in found.splitlines() if "lanted" in line and "test_logs" not in line
            and "hooks.example.org" not in line] == []


def test_settings_are_secret_by_their_names(planted, monkeypatch):
    monkeypatch.setenv("S3_KEY", "lyrics/here.txt")
    monkeypatch.setenv("SOME_API_KEY", "another-secret")
    found = config.secrets()
    assert set(HELD) - {PLANTED["DATABASE_URL"], PLANTED["SMTP_URL"]} <= found | {"url-planted%21pass"}
    assert "another-secret" in found and "lyrics/here.txt" not in found


@pytest.mark.parametrize(("line", "gone", "kept"), [
    ("Authorization: Bearer abcdef0123456789", "abcdef0123456789", "Bearer"),
    ("GET https://api.example.org/v1?api_key=0a1b2c3d&q=x", "0a1b2c3d", "q=x"),
    ("postgresql://joe:hunter2@db/music", "hunter2", "db/music"),
    ("password='hunter2' user=joe", "hunter2", "user=joe"),
    ('{"client_secret": "hunter2"}', "hunter2", "client_secret"),
    ("key AIzaSyA01234567890123456789012345678901 refused", "AIzaSyA0123", "refused"),
    ("AKIAABCDEFGHIJKLMNOP is not allowed", "AKIAABCD", "allowed"),
    ("mail to jane.doe+x@example.org failed", "jane.doe", "failed"),
    (f"cannot parse '{LYRICS}' at 3", LYRICS[:20], "at 3"),
    ("tokens: 512, token count 3", "\0", "tokens: 512, token count 3"),
    ("Artist_Song_yt_views.csv: 3 rows", "\0", "Artist_Song_yt_views.csv: 3 rows"),
])
def test_what_looks_like_a_secret_or_a_person(line, gone, kept):
    found = logs.Redactor()(line)
    assert gone not in found and kept in found


def test_values_of_statements_stay_out(written, database):
    said = written()
    for statement, values in (("INSERT INTO users (nickname, role) VALUES (:a, :b)", {"a": LYRICS, "b": "nothing"}),
                              ("SELECT CAST(:a AS integer)", {"a": "jane.doe@example.org"})):
        try:
            with db.begin() as connection:
                connection.execute(text(statement), values)
        except DBAPIError:
            logging.getLogger("x").exception("a statement failed: %s", sys.exc_info()[1])
    found = said()
    assert found.count("a statement failed") == 2
    assert "별을" not in found and "jane.doe" not in found and "Failing row" not in found


def test_json_lines_carry_what_is_bound(written):
    said = written()
    with logs.bound(request="r1", page="home"), logs.bound(job=7, page=None):
        assert logs.current() == {"request": "r1", "job": 7}
        logging.getLogger("x").info("one\ntwo", extra={"ms": 1.5})
    logging.getLogger("x").info("after")
    first, second = map(json.loads, said().splitlines())
    assert {**first, "at": ""} == {"at": "", "level": "info", "logger": "x", "said": "one\ntwo", "request": "r1",
                                   "job": 7, "ms": 1.5}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["at"])
    assert "request" not in second


def test_nobody_begins_a_line_of_the_log(written):
    said = written(as_json=False)
    logging.getLogger("x").info("name\n2026-01-01 00:00:00 ERROR forged: %s", "a\r\nb")
    assert len(said().splitlines()) == 1


def test_clients_addresses_are_not_written(written):
    said = written()
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "203.0.113.9:1", "GET", "/x?key=1", "1.1", 200)
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "203.0.113.9:1", "/_stcore/stream?a=b")
    logging.getLogger("httpx").info("HTTP Request: GET https://example.org")
    assert said() == ""


def test_libraries_own_handlers_are_taken_off(written):
    own = io.StringIO()
    logger = logging.getLogger("a.library.of.its.own")
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    said = written(secrets=["very-secret-value"])
    logger.warning("very-secret-value")
    assert own.getvalue() == "" and '"***"' in said()


def test_a_rotated_file_is_opened_anew(written, tmp_path):
    file = tmp_path / "logs" / "app.log"
    written(file=file)
    logging.getLogger("x").warning("first")
    file.rename(file.with_suffix(".1"))
    logging.getLogger("x").warning("second")
    assert "first" in file.with_suffix(".1").read_text() and "second" in file.read_text()


NAMES = {"lyrics", "lyric", "password", "email", "secret", "token", "prompt", "reply", "key", "body", "address", "bio"}
"""Names of variables that hold what no log may hold."""


def test_no_call_of_the_log_hands_in_what_is_private():
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        first = path.relative_to(ROOT).parts[0]
        if first.startswith(".") or first in ("tests", "bench", "data", "tools"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                    and getattr(node.func.value, "id", "") == "log":
                ends = {getattr(arg, "attr", getattr(arg, "id", "")) for arg in node.args[1:]}
                found += [f"{path.name} {name}" for name in ends & NAMES]
    assert set(found) <= {"hearing.py key"}, found  # the name of a judge
