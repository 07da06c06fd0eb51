"""Jobs on Databricks against a workspace of the tests' own: reports, faults, time-outs, stopping, several at once."""

from __future__ import annotations

import json
import threading
import time

import pytest
from databricks_server import DatabricksServer, Ends, Fault

pytest.importorskip("databricks.sdk")

import config
from providers.databricks import Databricks, Limits
from support.errors import Cancelled, DataError, MissingKey, ProviderError, RateLimited

FAST = Limits(call_s=3.0, backoff_s=0.02, poll_s=0.05, whole_s=20.0, longest_wait_s=2.0)


@pytest.fixture
def server():
    with DatabricksServer() as found:
        yield found


@pytest.fixture
def named(monkeypatch):
    """Give a function that has the settings name a workspace."""
    def name(host):
        monkeypatch.setenv("DATABRICKS_HOST", host)
        config.reload()

    yield name
    monkeypatch.undo()
    config.reload()


def workspace(server, limits=FAST, **more):
    return Databricks(server.url, server.token, 7, "/Volumes/main/default/music", limits, **more)


def code_of(caught):
    return caught.value.code, dict(caught.value.values)


def test_a_run_ends_with_its_report(server):
    server.job = lambda parameters: Ends(logs="a line\n" + json.dumps({"pipeline": "ingest", "files": 3}) + "\n")
    told = []
    found = workspace(server).run("ingest", ["/Volumes/x", "--force"], key="one", progress=lambda *step: told.append(step))
    assert found.report == {"pipeline": "ingest", "files": 3}
    assert found.run == 1000 and found.page == f"{server.url}/#run/1000" and found.seconds > 0
    assert told == [(0, 1, "pending"), (0, 1, "running"), (1, 1, "terminated")]
    assert server.runs[1000]["parameters"] == ["ingest", "/Volumes/x", "--force"] and server.runs[1000]["job"] == 7
    assert server.calls() == ["run-now", "get", "get", "get", "get-output"]


def test_a_notebook_and_a_run_without_tasks_report_as_well(server):
    server.job = lambda parameters: Ends(notebook='{"pipeline": "audio"}', tasks=False)
    assert workspace(server).run("audio", [], key="one").report == {"pipeline": "audio"}


def test_a_wrong_token_is_said_without_the_token(server):
    server_token, server.token = server.token, "another"
    with pytest.raises(ProviderError) as caught:
        Databricks(server.url, server_token, 7, limits=FAST).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.key", {"status": 401})
    assert "another" not in str(caught.value) + repr(Databricks(server.url, "dapi-x", 7)) and "dapi-x" not in repr(Databricks(server.url, "dapi-x", 7))


def test_who_is_asked_to_wait_waits(server):
    server.plan("run-now", Fault(429, {"Retry-After": "1"}, "REQUEST_LIMIT_EXCEEDED"))
    start = time.monotonic()
    assert workspace(server).run("ingest", [], key="one").run == 1000
    assert time.monotonic() - start >= 1.0 and server.calls().count("run-now") == 2


def test_who_is_asked_to_wait_long_says_so(server):
    server.plan("run-now", Fault(429, {"Retry-After": "3600"}))
    start = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        workspace(server).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.limited", {"wait_s": 3600}) and time.monotonic() - start < 2


@pytest.mark.parametrize("fault", [Fault(500), Fault(503, code="TEMPORARILY_UNAVAILABLE"), Fault(closed=True), Fault(502, body=None, code="x")])
def test_a_fault_that_passes_is_passed_over(server, fault):
    server.plan("run-now", fault)
    server.plan("get", None, fault)
    server.plan("get-output", fault)
    assert workspace(server).run("ingest", [], key="one").report == {"pipeline": "ingest"}
    assert len(server.runs) == 1


def test_an_order_whose_answer_is_lost_starts_one_run(server):
    server.plan("run-now", Fault(closed=True, done=True), Fault(500, done=True))
    workspace(server).run("ingest", [], key="one")
    assert len(server.runs) == 1 and server.calls().count("run-now") == 3


def test_a_fault_that_stays_is_said_and_the_run_stopped(server):
    server.plan("get", *[Fault(500)] * 9)
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.failing", {"status": 500})
    assert server.runs[1000]["state"] == "CANCELED"


def test_a_run_that_fails_says_why_and_logs_its_trace(server, caplog):
    trace = "Traceback ...\n  File \"ingest.py\"\nOperationalError: postgresql://me:hidden@db/music"
    server.job = lambda parameters: Ends("FAILED", error="OperationalError: postgresql://me:hidden@db/music", trace=trace)
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    code, values = code_of(caught)
    assert code == "remote.failed" and values["run"] == 1000 and "OperationalError" in values["reason"]
    assert "File" in caplog.text and "hidden" not in caplog.text + str(values)
    assert "cancel" not in server.calls()


def test_a_run_stopped_by_others_is_no_success(server):
    server.job = lambda parameters: Ends("CANCELED", logs='{"pipeline": "ingest"}')
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.cancelled", {"run": 1000})


def test_a_run_that_never_ends_is_stopped_there(server):
    server.job = lambda parameters: Ends(None)
    with pytest.raises(ProviderError) as caught:
        workspace(server, Limits(call_s=3, poll_s=0.05, whole_s=0.4)).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.slow", {"run": 1000, "seconds": "0.4"})
    assert server.runs[1000]["state"] == "CANCELED"


def test_a_run_that_cannot_be_stopped_is_told_to_the_user(server):
    server.job = lambda parameters: Ends(None)
    server.plan("cancel", *[Fault(500)] * 9)
    with pytest.raises(ProviderError) as caught:
        workspace(server, Limits(call_s=3, poll_s=0.05, whole_s=0.2, backoff_s=0.01)).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.left", {"run": 1000})


def test_who_stops_stops_the_run_there_at_once(server):
    server.job = lambda parameters: Ends(None)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        workspace(server, Limits(call_s=3, poll_s=30)).run("ingest", [], key="one", stopped=stop.is_set)
    assert time.monotonic() - start < 3 and server.runs[1000]["state"] == "CANCELED"


def test_who_stops_while_the_service_is_silent_does_not_wait(server):
    server.plan("get", Fault(silent=True))
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        workspace(server, Limits(call_s=15)).run("ingest", [], key="one", stopped=stop.is_set)
    assert time.monotonic() - start < 5 and server.runs[1000]["state"] == "CANCELED"


def test_a_silent_service_is_not_waited_for_long(server):
    server.plan("run-now", *[Fault(silent=True)] * 3)
    start = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        workspace(server, Limits(call_s=0.5, tries=2, backoff_s=0.01)).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.unreachable", {"seconds": "0.5"}) and time.monotonic() - start < 5


@pytest.mark.parametrize("host", ["http://127.0.0.1:9", "https://no-such-host.invalid"])
def test_an_unreachable_host_is_said_soon(host, named):
    named(host)
    start = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        Databricks(host, "dapi-x", 7, limits=Limits(call_s=1.0, tries=2, backoff_s=0.01)).run("ingest", [], key="one")
    assert caught.value.code == "remote.unreachable" and time.monotonic() - start < 8


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b"{}", b'{"run_id": "seven"}', b"\xff\xfe"])
def test_an_answer_that_cannot_be_read_is_an_error(server, body):
    server.plan("run-now", Fault(body=body))
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    assert caught.value.code == "remote.garbage"


def test_an_answer_about_another_run_is_an_error(server):
    server.plan("get", Fault(body=b'{"run_id": 5, "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}}'))
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    assert caught.value.code == "remote.garbage" and server.runs[1000]["state"] == "CANCELED"


@pytest.mark.parametrize("logs", [None, "", "done", '{"pipeline": "audio"}', '[1]', '{"pipeline": "ingest"}\nbye', '{"pipeline": "ing'])
def test_a_last_line_that_is_no_report_is_an_error(server, logs):
    server.job = lambda parameters: Ends(logs=logs)
    with pytest.raises(ProviderError) as caught:
        workspace(server).run("ingest", [], key="one")
    assert code_of(caught) == ("remote.output", {"run": 1000, "name": "ingest"})


def test_runs_at_once_are_not_mixed_up(server):
    server.job = lambda parameters: Ends(logs=json.dumps({"pipeline": parameters[0], "of": parameters[1]}))
    one, found = workspace(server), {}

    def order(place):
        found[place] = one.run("ingest", [f"folder {place}"], key=f"key {place}")

    threads = [threading.Thread(target=order, args=(place,)) for place in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert {place: report.report["of"] for place, report in found.items()} == {place: f"folder {place}" for place in range(6)}
    assert len({report.run for report in found.values()}) == 6


@pytest.mark.parametrize("volume", ["/Volumes/main/default/music", "dbfs:/music"])
def test_a_file_arrives_whole(server, tmp_path, volume):
    path, data = tmp_path / "a b.csv", bytes(range(256)) * 9_000
    path.write_bytes(data)
    told = []
    one = Databricks(server.url, server.token, 7, volume, FAST)
    server.plan("upload", Fault(503))
    server.plan("create", Fault(503))
    target = one.upload(path, "노래 목록.csv", progress=lambda *step: told.append(step))
    assert target == f"{volume}/노래 목록.csv"
    assert server.files[target.removeprefix("dbfs:")] == data and told[-1] == (len(data), len(data))


def test_an_upload_can_be_stopped_and_a_missing_file_is_said(server, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(5 << 20))
    with pytest.raises(Cancelled):
        workspace(server).upload(path, "a.csv", stopped=lambda: True)
    with pytest.raises(DataError, match="no.csv"):
        workspace(server).upload(tmp_path / "no.csv", "no.csv")
    with pytest.raises(MissingKey, match="DATABRICKS_VOLUME"):
        Databricks(server.url, server.token, 7).upload(path, "a.csv")


@pytest.mark.parametrize(("host", "volume"), [("adb-1.net", ""), ("ftp://x", ""), ("https://me:secret@x.net", ""), ("https://x.net", "/tmp"), ("https://x.net", "/Volumes/")])
def test_what_cannot_be_an_address_is_refused(host, volume):
    with pytest.raises(DataError) as caught:
        Databricks(host, "dapi-x", 7, volume)
    assert "secret" not in str(caught.value)


def test_a_job_without_a_number_is_said(server):
    with pytest.raises(MissingKey, match="DATABRICKS_JOB_ID"):
        Databricks(server.url, server.token).run("ingest", [], key="one")
    assert server.asked == []
