"""Figures for Prometheus: jobs, calls, pages and requests are counted, and what all processes share is read."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families
from test_jobs import Memory, until

import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from support import logs, metrics
from support.errors import Cancelled, DatabaseUnavailable, ProviderError
from support.jobs import Jobs
from support.traffic import Traffic, kind_of, shown
from usecases.operation import metrics_text
from usecases.sync import sync


def samples():
    """Return all samples of the answer: name and labels to value."""
    text, kind = metrics_text()
    assert kind.startswith("text/plain; version=0.0.4")
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.decode()) for sample in family.samples}


def value(name, **labels):
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_call_is_counted_by_its_outcome():
    for outcome, error in (("ok", None), ("provider.cut", ProviderError("provider.cut")),
                           ("cancelled", Cancelled("cancelled")), ("unexpected", ZeroDivisionError())):
        before = value("mis_provider_calls_total", provider="test", outcome=outcome)
        try:
            with metrics.call("test"):
                if error:
                    raise error
        except type(error or Exception()) as caught:
            assert caught is error
        assert value("mis_provider_calls_total", provider="test", outcome=outcome) == before + 1
    assert value("mis_provider_seconds_count", provider="test") == 4

    def stream():
        with metrics.call("gone"):
            yield 1

    running = stream()
    next(running)
    running.close()
    assert value("mis_provider_calls_total", provider="gone", outcome="cancelled") == 1


def test_jobs_are_counted_by_kind_and_state():
    store, seen = Memory(), {}
    runner = Jobs(store)

    def work(progress):
        seen.update(logs.current(), running=value("mis_jobs_running", kind="counted"))
        return {}

    with logs.bound(request="r7"):
        runner.submit("counted", 1, work)
    until(lambda: value("mis_job_seconds_count", kind="counted") == 1)  # two may run at once
    runner.submit("counted", 1, lambda progress: 1 / 0)
    until(lambda: value("mis_job_seconds_count", kind="counted") == 2)
    runner.close()
    assert seen.items() >= {"request": "r7", "job": 1, "kind": "counted", "running": 1.0}.items()
    assert value("mis_jobs_total", kind="counted", state="done") == 1
    assert value("mis_jobs_total", kind="counted", state="failed") == 1
    assert value("mis_jobs_running", kind="counted") == 0


def test_what_all_processes_share(clean, export, query):
    export("A_One_yt_views.csv", [1, 2, "x", 4])
    sync(ADMIN)
    query("""INSERT INTO provider_usage VALUES ('2026-01-01', 'openai', 'm', 3, 10, 20, 0.5),
                                               ('2026-01-02', 'openai', 'm', 1, 1, 2, 0.25)""")
    query("INSERT INTO jobs (kind, state, owner_id, process) VALUES ('bgm', 'queued', 1, 'x'), ('bgm', 'done', 1, 'x')")
    found = samples()
    assert found["mis_database_up",] == 1 and found["mis_database_bytes",] > 1e6 and found["mis_data_free_bytes",] > 0
    assert {key[1][1]: n for key, n in found.items() if key[0] == "mis_sync_lines_total"} == {
        "lines_read": 4, "accepted": 3, "rejected": 1, "repeated": 0}
    assert found["mis_syncs_total", ("state", "done")] == 1
    used = (("model", "m"), ("provider", "openai"))
    assert [found[f"mis_model_{name}_total", *used] for name in ("calls", "input_tokens", "output_tokens", "cost_usd")] \
        == [4, 11, 22, 0.75]
    assert found["mis_jobs_stored", ("kind", "bgm"), ("state", "queued")] == 1
    assert found["mis_users", ("role", "administrator")] == 1
    assert not [key for key in found if key[0].endswith("_created")]
    assert ("process_resident_memory_bytes",) in found


def test_a_database_that_is_away_is_told_as_that(monkeypatch):
    def away():
        raise DatabaseUnavailable("database_stopping")

    monkeypatch.setattr(db, "begin", away)
    found = samples()
    assert found["mis_database_up",] == 0 and ("mis_database_bytes",) not in found


@pytest.mark.parametrize(("path", "kind", "told"), [
    ("/", "page", "/"), ("/growth_radar", "page", "/growth_radar"), ("/metrics", "own", "/metrics"),
    ("/_stcore/upload_file/0b2c-session/11", "upload", "/_stcore/upload_file/…"),
    ("/media/0a1b2c3d4e5f.mp3", "media", "/media/…"), ("/static/js/main.js", "static", "/static/js/…"),
    ("/_stcore/health", "other", "/_stcore/health"), ("/a\nb/../etc", "other", "/…/../…"),
])
def test_a_path_is_told_without_what_it_names(path, kind, told):
    assert kind_of(path) == kind and shown(path) == told


def ask(headers=(), status=200, kind="http", path="/home"):
    """Send one request through the layer; return the scope the app saw, what was sent, and what the log said."""
    seen, sent = {}, []

    async def app(scope, receive, send):
        seen.update(scope, bound=logs.current())
        if kind == "http":
            await send({"type": "http.response.start", "status": status, "headers": [(b"x-other", b"1")]})
        else:
            seen["open"] = value("mis_websockets_open")

    async def send(message):
        sent.append(message)

    asyncio.run(Traffic(app)({"type": kind, "method": "GET", "path": path, "query_string": b"key=hidden",
                              "headers": list(headers)}, None, send))
    return seen, sent


def test_every_request_has_an_id(caplog):
    before = value("mis_http_requests_total", kind="page", status="2xx")
    with caplog.at_level(logging.INFO, "support.traffic"):
        seen, sent = ask([(b"x-request-id", b"from-the-proxy-1")])
    assert seen["bound"] == {"request": "from-the-proxy-1"} and logs.current() == {}
    assert (b"x-request-id", b"from-the-proxy-1") in seen["headers"]
    assert sent[0]["headers"] == [(b"x-other", b"1"), (b"x-request-id", b"from-the-proxy-1")]
    assert [record.getMessage() for record in caplog.records] == ["GET /home: 200"]
    assert caplog.records[0].status == 200 and caplog.records[0].ms >= 0
    assert "hidden" not in json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert value("mis_http_requests_total", kind="page", status="2xx") == before + 1


@pytest.mark.parametrize("given", [b"", b"short", b"x" * 65, b"with blank!", "é".encode() * 8])
def test_an_id_that_cannot_be_used_is_replaced(given):
    seen, _ = ask([(b"x-request-id", given), (b"x-request-id", b"a-second-one")])
    names = [held for key, held in seen["headers"] if key == b"x-request-id"]
    assert len(names) == 1 and names[0] not in (given, b"a-second-one") and len(names[0]) == 16


def test_browsers_that_are_connected_are_counted():
    before = value("mis_websockets_open")
    seen, _ = ask(kind="websocket", path="/_stcore/stream")
    assert seen["open"] == before + 1 and value("mis_websockets_open") == before
    assert len(seen["bound"]["request"]) == 16
