"""The webhook against a real server on this machine, with its faults: what is sent, how often, and what is never told."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import traceback
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from providers.base import Notifier
from providers.webhook import Webhook
from support.errors import AppError, DataError, ProviderError, RateLimited

SECRET = "/services/T000/B000/XXXXsecretXXXX"
EVENT = {"artist": "물빛정거장", "platform": "youtube", "total": 100_000_000}


class Receiver:
    """Answers as it is told, one entry a request (the last one again), and keeps what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.done = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append(SimpleNamespace(path=self.path, headers=dict(self.headers), body=body))
                receiver.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}{SECRET}"

    def answer(self, handler):
        status, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == "slow":
            self.done.wait(5)
        if status in ("slow", "cut"):
            handler.close_connection = True
            return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def keys(self):
        return [request.headers["Idempotency-Key"] for request in self.requests]

    def close(self):
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receive(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    started = []

    def start(*answers):
        started.append(Receiver(*[each if isinstance(each, tuple) else (each, {}) for each in answers]))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def waits(monkeypatch):
    """Record how long would be waited between tries, and do not wait."""
    slept = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=slept.append, time=time.time))
    return slept


def webhook(url, **options) -> Notifier:
    return Webhook(url, **{"backoff_s": 0.01, **options})


def test_an_alert_is_posted_once_and_reads_everywhere(receive):
    receiver = receive(204)
    webhook(receiver.url).post("물빛정거장: YouTube 1억 회", EVENT, "rule-7:2026-01-09")
    [request] = receiver.requests
    assert request.path == SECRET and request.headers["Content-Type"] == "application/json"
    assert request.headers["Idempotency-Key"] == "rule-7:2026-01-09"
    assert json.loads(request.body) == {"text": "물빛정거장: YouTube 1억 회", "content": "물빛정거장: YouTube 1억 회",
                                        "allowed_mentions": {"parse": []}, "event": EVENT}


def test_a_failing_service_is_tried_again_as_the_same_alert(receive, waits):
    receiver = receive(500, 503, 200)
    webhook(receiver.url, backoff_s=0.5).post("text", EVENT, "k1")
    assert receiver.keys() == ["k1"] * 3
    assert len({request.body for request in receiver.requests}) == 1
    assert waits == [1.0]


def test_the_waits_grow_and_four_tries_are_all(receive, waits):
    receiver = receive(502)
    with pytest.raises(ProviderError) as caught:
        webhook(receiver.url, backoff_s=0.5).post("text", EVENT, "k1")
    assert caught.value.code == "provider.refused" and caught.value.values == {"status": 502}
    assert receiver.keys() == ["k1"] * 4 and waits == [1.0, 2.0]


@pytest.mark.parametrize(("asked", "waited"), [("7", [7.0]), ("0.65", [0.65]), ("soon", []), ("-3", []), ("0", [])])
def test_a_service_says_how_long_to_wait(receive, waits, asked, waited):
    receiver = receive((429, {"Retry-After": asked}), 200)
    webhook(receiver.url).post("text", EVENT, "k1")
    assert receiver.keys() == ["k1"] * 2 and waits == waited


def test_a_wait_may_be_a_date(receive, waits):
    receiver = receive((503, {"Retry-After": f"{datetime.fromtimestamp(time.time() + 30, UTC):%a, %d %b %Y %H:%M:%S GMT}"}),
                       200)
    webhook(receiver.url).post("text", EVENT, "k1")
    assert len(receiver.requests) == 2 and 20 < waits[0] <= 30


def test_too_long_a_wait_is_not_waited_for(receive, waits):
    receiver = receive((429, {"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as caught:
        webhook(receiver.url).post("text", EVENT, "k1")
    assert len(receiver.requests) == 1 and waits == [] and caught.value.values == {"wait_s": 3600}


def test_too_many_requests_to_the_end(receive, waits):
    receiver = receive((429, {"Retry-After": "2"}))
    with pytest.raises(RateLimited) as caught:
        webhook(receiver.url).post("text", EVENT, "k1")
    assert caught.value.code == "provider.limited" and len(receiver.requests) == 4 and waits == [2.0] * 3


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_refusal_is_final(receive, status):
    receiver = receive(status)
    with pytest.raises(ProviderError) as caught:
        webhook(receiver.url).post("text", EVENT, "k1")
    assert len(receiver.requests) == 1
    assert caught.value.code == "provider.refused" and caught.value.values == {"status": status}


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        with pytest.raises(ProviderError) as caught:
            webhook(f"http://127.0.0.1:{taken.getsockname()[1]}{SECRET}").post("text", EVENT, "k1")
    assert caught.value.code == "provider.unreachable"
    assert "no connection" in str(caught.value) and "연결되지 않음" in caught.value.message("ko")


def test_a_broken_connection_is_tried_again(receive):
    receiver = receive("cut", 200)
    webhook(receiver.url).post("text", EVENT, "k1")
    assert receiver.keys() == ["k1", "k1"]


def test_no_answer_in_time(receive):
    receiver = receive("slow")
    with pytest.raises(ProviderError) as caught:
        webhook(receiver.url, timeout_s=(0.5, 0.05)).post("text", EVENT, "k1")
    assert caught.value.code == "provider.unreachable" and "no answer in time" in str(caught.value)
    assert receiver.keys() == ["k1"] * 4


def test_no_encrypted_answer(receive):
    receiver = receive(200)
    with pytest.raises(ProviderError) as caught:
        webhook(receiver.url.replace("http:", "https:")).post("text", EVENT, "k1")
    assert caught.value.code == "provider.unreachable" and receiver.requests == []
    assert "certificate" in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receive, status):
    other = receive(200)
    receiver = receive((status, {"Location": other.url}))
    with pytest.raises(ProviderError) as caught:
        webhook(receiver.url).post("text", EVENT, "k1")
    assert caught.value.code == "provider.redirected" and caught.value.values == {"status": status}
    assert len(receiver.requests) == 1 and other.requests == []


def everything(error, caplog):
    """Return all that could be written about an error, the chain of its causes and the log at its finest included."""
    chain = []
    while error is not None:
        chain += [str(error), repr(error), *(traceback.format_exception(error, chain=False))]
        error = error.__cause__ or error.__context__
    return "\n".join([*chain, *(record.getMessage() for record in caplog.records)])


@pytest.mark.parametrize("answer", ["cut", 500, 404, 302, (429, {"Retry-After": "900"}), 200])
def test_the_address_is_told_nowhere(receive, caplog, answer):
    caplog.set_level(logging.DEBUG)
    receiver = receive(answer)
    error = None
    try:
        webhook(receiver.url).post("text", EVENT, "k1")
    except AppError as caught:
        error = caught
    assert (error is None) == (answer == 200)
    told = everything(error, caplog)
    assert not any(part in told for part in (SECRET, "XXXX", "T000", "127.0.0.1", str(receiver.server.server_port)))
    assert "secret" not in repr(webhook(receiver.url)).replace("<secret>", "")


def test_other_requests_are_still_logged(receive, caplog):
    import requests

    receiver = receive(200)
    webhook(receiver.url).post("text", EVENT, "k1")
    caplog.set_level(logging.DEBUG)
    requests.post(receiver.url.replace(SECRET, "/open"), data=b"x", timeout=5)
    assert "/open" in caplog.text


def test_tries_are_logged(receive, caplog):
    receiver = receive(500, 200)
    webhook(receiver.url).post("text", EVENT, "k1")
    assert "a request failed (500), 3 more tries" in caplog.text


@pytest.mark.parametrize("url", ["", "hooks.example.com/XXXX", "ftp://example.com/XXXX", "https:///XXXX",
                                 "https://[::1/XXXX", "https://example.com:99999/XXXX", "https://exa mple.com/XXXX"])
def test_what_is_no_web_address(url):
    with pytest.raises(DataError) as caught:
        Webhook(url)
    assert caught.value.code == "provider.address" and "XXXX" not in str(caught.value)


def test_an_impossible_host_name_is_an_error_of_ours():
    address = f"http://{'a' * 64}..invalid{SECRET}"
    with pytest.raises(ProviderError) as caught:
        webhook(address).post("text", EVENT, "k1")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_json_cannot_hold(receive):
    receiver = receive(200)
    event = {"day": date(2026, 1, 9), "at": datetime(2026, 1, 9, 6, tzinfo=UTC), "low": np.float64(1.5),
             "count": np.int64(3), "share": float("nan"), "top": np.inf, "band": (1, np.array([2.0, np.nan])),
             "day64": np.datetime64("2026-01-09"), 5: True, "none": None, "kind": ValueError}
    webhook(receiver.url).post("text", event, "k1")
    assert json.loads(receiver.requests[0].body)["event"] == {
        "day": "2026-01-09", "at": "2026-01-09T06:00:00+00:00", "low": 1.5, "count": 3, "share": None, "top": None,
        "band": [1, [2.0, None]], "day64": "2026-01-09", "5": True, "none": None, "kind": "<class 'ValueError'>"}


def test_keys_of_any_letters_stay_apart_and_make_a_header(receive):
    receiver = receive(200)
    for key in ("물빛정거장:1", "여울담:1", "a\r\nX-Evil: 1"):
        webhook(receiver.url).post("text", EVENT, key)
    assert len(set(receiver.keys())) == 3 and all(key.isascii() for key in receiver.keys())
    assert not any("X-Evil" in request.headers for request in receiver.requests)


def test_an_event_without_a_name_is_a_mistake(receive):
    receiver = receive(200)
    with pytest.raises(ValueError, match="empty"):
        webhook(receiver.url).post("text", EVENT, "")
    assert receiver.requests == []


def test_a_name_calls_nobody_and_a_text_is_cut(receive):
    receiver = receive(200)
    webhook(receiver.url).post("<!channel> & @everyone " + "x" * 5000, EVENT, "k1")
    sent = json.loads(receiver.requests[0].body)
    assert sent["text"].startswith("&lt;!channel&gt; &amp; @everyone x") and sent["allowed_mentions"] == {"parse": []}
    assert len(sent["content"]) == 2000 and sent["content"].endswith("x…")


def test_nothing_heavy_until_an_alert_is_posted():
    import subprocess
    import sys
    from pathlib import Path

    code = "import sys, providers.webhook; sys.exit(bool({'requests', 'urllib3'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
