"""YouTube against a real server on this machine: what is asked, what is understood, what it costs, what is never told."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import youtube
from providers.registry import video_search
from providers.youtube import BASE_URL, Video, YouTube, search_link
from support.errors import DataError, MissingKey, ProviderError, RateLimited

KEY = "AIza0123456789SECRET"


def result(name="dQw4w9WgXcQ", title="Luna Harbor &#39;Midnight Ferry&#39; &amp; more", channel="Luna Harbor", **snippet):
    return {"kind": "youtube#searchResult", "etag": "x", "id": {"kind": "youtube#video", "videoId": name},
            "snippet": {"publishedAt": "2026-01-01T00:00:00Z", "title": title, "channelTitle": channel, "description": "",
                        "liveBroadcastContent": "none", **snippet}}


def listing(*results):
    return {"kind": "youtube#searchListResponse", "regionCode": "KR", "items": list(results),
            "pageInfo": {"totalResults": len(results), "resultsPerPage": 5}}


def error(code, reason, domain="youtube.quota", status=None, details=None):
    tree = {"code": code, "message": f"no, {KEY}", "errors": [{"message": "no", "domain": domain, "reason": reason}]}
    return code, {"error": tree | ({"status": status} if status else {}) | ({"details": details} if details else {})}


BAD_KEY = error(400, "badRequest", "global", "INVALID_ARGUMENT",
                [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}])


class Service:
    """Answers as it is told, one entry a request (the last one again), and keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked, self.lock, self.done = list(answers), [], threading.Lock(), threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                with service.lock:
                    service.asked.append(SimpleNamespace(path=parts.path, query={name: value for name, [value] in
                                                                                 parse_qs(parts.query).items()}))
                    answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                status, body, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (200, answer, {})
                if status in ("slow", "cut"):
                    service.done.wait(5 if status == "slow" else 0)
                    self.close_connection = True
                    return
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                drip = status == 206  # drop by drop
                for start in range(0, len(data), 1 if drip else max(1, len(data))):
                    self.wfile.write(data[start:start + 1] if drip else data)
                    if drip and service.done.wait(0.02):
                        return

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/youtube/v3"

    def close(self):
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = []

    def make(*answers):
        made.append(Service(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def find(server, title="Midnight Ferry", artist="Luna Harbor", **options) -> Video:
    return YouTube(KEY, base_url=server.url, **{"backoff_s": 0.001} | options).find(title, artist)


def failure(server, kind=ProviderError, **options):
    with pytest.raises(kind) as caught:
        find(server, **options)
    told = "".join(traceback.format_exception(caught.value)) + caught.value.message("ko")
    assert "SECRET" not in told and "key=" not in told and caught.value.message("ko") != caught.value.message("en")
    assert caught.value.__context__ is None
    return caught.value


def test_what_is_asked_and_understood(service):
    server = service(listing(result(), result("aaaaaaaaaaa")))
    assert find(server) == Video("dQw4w9WgXcQ", "Luna Harbor 'Midnight Ferry' & more", "Luna Harbor", 100)
    [asked] = server.asked
    assert asked.path == "/youtube/v3/search"
    assert asked.query == {"part": "snippet", "type": "video", "videoEmbeddable": "true", "videoCategoryId": "10", "maxResults": "5",
                           "q": "Luna Harbor Midnight Ferry", "key": KEY}


def test_names_of_any_script_arrive_whole(service):
    server = service(listing(result(title="고래 &amp; 나?", channel="물빛정거장")))
    assert find(server, "고래 & 나? #1", "물빛정거장").title == "고래 & 나?"
    assert server.asked[0].query["q"] == "물빛정거장 고래 & 나? #1"


@pytest.mark.parametrize("first", [
    {"id": {"kind": "youtube#channel", "channelId": "UC1"}, "snippet": {}}, result("too-short"), result("<script>aaa"), result(None),
    result(liveBroadcastContent="upcoming"), result(liveBroadcastContent="live"), {"id": "dQw4w9WgXcQ", "snippet": {}}, None, 7,
    {"id": {"videoId": "dQw4w9WgXcQ"}}], ids=str)
def test_what_cannot_be_played_is_passed_over(service, first):
    assert find(service(listing(first, result("bbbbbbbbbb_")))).video_id == "bbbbbbbbbb_"


def test_what_is_not_said_is_empty(service):
    assert find(service(listing(result(title=None, channel=5)))) == Video("dQw4w9WgXcQ", "", "", 100)


@pytest.mark.parametrize("answer", [listing(), listing(result("x")), {"items": []}])
def test_no_video_is_an_error_that_counts_what_it_cost(service, answer):
    server = service(answer)
    found = failure(server)
    assert (found.code, found.values) == ("youtube.nothing", {"artist": "Luna Harbor", "title": "Midnight Ferry", "units": 100})
    assert "Luna Harbor - Midnight Ferry" in str(found) and len(server.asked) == 1


@pytest.mark.parametrize("answer", [error(403, "quotaExceeded"), error(403, "dailyLimitExceeded", "usageLimits"),
                                    error(429, "quotaExceeded", "youtube.quota", "RESOURCE_EXHAUSTED")])
def test_a_quota_that_is_used_up_is_not_asked_again(service, answer):
    server = service(answer)
    assert failure(server, RateLimited).code == "youtube.quota" and len(server.asked) == 1


@pytest.mark.parametrize(("answer", "reason"), [
    (BAD_KEY, "API_KEY_INVALID"), (error(403, "accessNotConfigured", "usageLimits"), "accessNotConfigured"), (error(400, "keyInvalid", "usageLimits"), "keyInvalid"),
    (error(403, "forbidden", "global", "PERMISSION_DENIED", [{"reason": "SERVICE_DISABLED"}]), "SERVICE_DISABLED"),
    (error(401, "authError", "global", "UNAUTHENTICATED"), "authError"), ((403, b"no"), "–")])
def test_a_key_that_is_not_accepted_says_so_and_where(service, answer, reason):
    server = service(answer)
    found = failure(server, MissingKey)
    assert (found.code, found.values["reason"]) == ("youtube.bad_key", reason) and len(server.asked) == 1
    assert "YOUTUBE_API_KEY" in found.message("ko")


@pytest.mark.parametrize("passing", [error(403, "rateLimitExceeded", "usageLimits"), (429, b""), error(500, "backendError", "global"),
                                     (503, b"<html>"), ("cut", b"")], ids=["too fast", "429", "500", "503", "cut"])
def test_what_may_pass_is_tried_again_and_every_try_is_counted(service, passing):
    server = service(passing, passing, listing(result()))
    assert find(server).units == 300 and len(server.asked) == 3


@pytest.mark.parametrize(("answer", "code", "kind"), [
    (error(500, "backendError"), "youtube.refused", ProviderError), ((429, b""), "youtube.limited", RateLimited),
    (("cut", b""), "youtube.unreachable", ProviderError)])
def test_three_tries_are_all(service, answer, code, kind):
    server = service(answer)
    found = failure(server, kind)
    assert (found.code, found.values["units"], len(server.asked)) == (code, 300, 3)


@pytest.mark.parametrize(("answer", "code"), [
    (error(400, "invalidSearchFilter", "youtube.search"), "youtube.refused"), ((404, b""), "youtube.refused"),
    ((302, b"", {"Location": "http://127.0.0.1:9/"}), "youtube.refused"), (b"<html>", "youtube.garbage"), ([1], "youtube.garbage"),
    ({"items": "many"}, "youtube.garbage"), ({}, "youtube.garbage"), (b" " * 1_000_001 + b"{}", "youtube.garbage"),
    (b"[" * 100_000, "youtube.garbage"), ({"error": "no"}, "youtube.refused")], ids=str)
def test_what_no_second_try_mends(service, answer, code):
    server = service(answer)
    assert failure(server).code == code and len(server.asked) == 1


def test_a_service_says_how_long_to_wait(service):
    server = service((503, b"", {"Retry-After": "0.2"}), listing(result()))
    start = time.monotonic()
    find(server)
    assert time.monotonic() - start >= 0.2


def test_too_long_a_wait_is_not_waited_for(service):
    server = service((503, b"", {"Retry-After": "60"}))
    assert failure(server).code == "youtube.refused" and len(server.asked) == 1


@pytest.mark.parametrize("answer", [("slow", b""), (206, json.dumps(listing(result())).encode())], ids=["silent", "drip"])
def test_no_answer_in_time(service, answer):
    start = time.monotonic()
    found = failure(service(answer), timeout_s=(1.0, 0.2), budget_s=0.3)
    assert found.code == "youtube.unreachable" and "in time" in str(found) and time.monotonic() - start < 3


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        found = failure(SimpleNamespace(url=f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert found.code == "youtube.unreachable" and "no connection" in str(found) and "연결되지 않음" in found.message("ko")


def test_a_certificate_that_is_none(service):
    server = service(listing(result()))
    found = failure(SimpleNamespace(url=server.url.replace("http:", "https:")))
    assert "certificate" in str(found) and server.asked == []


@pytest.mark.parametrize("answer", [listing(result()), error(403, "quotaExceeded"), (500, b""), ("cut", b"")], ids=["fine", "quota", "500", "cut"])
def test_the_key_is_told_nowhere(service, caplog, answer):
    caplog.set_level(logging.DEBUG)
    server = service(answer)
    seeker = YouTube(KEY, base_url=server.url, backoff_s=0.001)
    try:
        seeker.find("a", "b")
    except ProviderError as found:
        assert "SECRET" not in "".join(traceback.format_exception(found)) + str(found.values)
    assert "SECRET" not in caplog.text + repr(seeker) + str(seeker)


@pytest.mark.parametrize("key", ["", "  "])
def test_no_key_is_a_reason_to_show_the_link(key):
    with pytest.raises(MissingKey) as caught:
        YouTube(key)
    assert caught.value.code == "youtube.no_key" and "YOUTUBE_API_KEY" in str(caught.value)


@pytest.mark.parametrize("url", ["", "http://example.com/v3", "ftp://127.0.0.1/", "https://", "https://[::1/", "example.com"])
def test_an_address_that_would_give_the_key_away(url):
    with pytest.raises(DataError) as caught:
        YouTube(KEY, base_url=url)
    assert caught.value.code == "youtube.address"


def test_the_link_needs_no_key_and_holds_the_names():
    assert search_link("Midnight Ferry", "Luna Harbor") == "https://www.youtube.com/results?search_query=Luna+Harbor+Midnight+Ferry"
    link = search_link("고래 & 나? #1", "물빛정거장\"'<>")
    assert parse_qs(urlsplit(link).query) == {"search_query": ["물빛정거장\"'<> 고래 & 나? #1"]}
    assert re.fullmatch(r"[A-Za-z0-9:/.?=_+%-]+", link) and search_link("곡", "").endswith("=%EA%B3%A1")


def test_the_registry_makes_it(service):
    server = service(listing(result()))
    assert video_search({"YOUTUBE_API_KEY": KEY}, base_urls={"youtube": server.url}).find("a", "b").video_id == "dQw4w9WgXcQ"
    assert server.asked[0].query["key"] == KEY
    with pytest.raises(MissingKey):
        video_search({})
    assert video_search({"YOUTUBE_API_KEY": KEY})._url == f"{BASE_URL}/search" and youtube.SEARCH_UNITS == 100
