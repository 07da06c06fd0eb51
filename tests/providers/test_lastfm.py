"""Last.fm against a real server on this machine: what is asked, what is understood, what is never told."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import lastfm
from providers.lastfm import ENDPOINT, LastFm, TrackInfo
from support.errors import DataError, MissingKey, ProviderError, RateLimited

KEY = "0123456789abcdefSECRET"
COVER = "https://lastfm.freetls.fastly.net/i/u/{}/cover.png"
TRACK = {"track": {
    "name": "Midnight Ferry", "url": "https://www.last.fm/music/Luna+Harbor/_/Midnight+Ferry", "duration": "90000",
    "listeners": "12345", "playcount": "6789012", "artist": {"name": "Luna Harbor", "mbid": ""},
    "album": {"title": "Harbor", "image": [{"#text": COVER.format("34s"), "size": "small"},
                                           {"#text": COVER.format("300x300"), "size": "extralarge"},
                                           {"#text": COVER.format("174s"), "size": "large"}]},
    "toptags": {"tag": [{"name": "City  Pop", "url": "x"}, {"name": "dreamy"}, {"name": "City Pop"}]}}}


class Service:
    """Answers as it is told, one entry a request (the last one again), and keeps what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked, self.lock = list(answers), [], threading.Lock()
        self.done = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with service.lock:
                    service.asked.append(SimpleNamespace(query=parse_qs(urlsplit(self.path).query),
                                                         agent=self.headers["User-Agent"]))
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
        self.url = f"http://127.0.0.1:{self.server.server_port}/2.0/"

    def close(self):
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    made = []

    def make(*answers):
        made.append(Service(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ask(server, artist="Luna Harbor", title="Midnight Ferry", **options):
    return LastFm(KEY, endpoint=server.url, **{"backoff_s": 0.001, "pause_s": 0.0} | options).track(artist, title)


def failure(server, **options):
    with pytest.raises(ProviderError) as caught:
        ask(server, **options)
    told = "".join(traceback.format_exception(caught.value)) + caught.value.message("ko")
    assert "SECRET" not in told and "api_key" not in told
    return caught.value


def test_what_is_asked_and_understood(service):
    server = service(TRACK)
    assert ask(server) == TrackInfo("Luna Harbor", "Midnight Ferry", ("City Pop", "dreamy"), COVER.format("300x300"),
                                    12345, 6789012, TRACK["track"]["url"])
    (asked,) = server.asked
    assert asked.query == {"method": ["track.getInfo"], "artist": ["Luna Harbor"], "track": ["Midnight Ferry"],
                           "autocorrect": ["1"], "format": ["json"], "api_key": [KEY]}
    assert asked.agent == lastfm.USER_AGENT


def test_names_of_any_script_arrive_whole(service):
    server = service({"track": {"name": "고래 & 나?"}})
    assert ask(server, "물빛정거장", "고래 & 나?").artist == "물빛정거장"
    assert (server.asked[0].query["artist"], server.asked[0].query["track"]) == (["물빛정거장"], ["고래 & 나?"])


@pytest.mark.parametrize("change", [
    {"toptags": ""}, {"toptags": {}}, {"toptags": {"tag": ""}}, {"toptags": None}, {"toptags": {"tag": [None, {}]}}])
def test_no_tags(service, change):
    assert ask(service({"track": TRACK["track"] | change})).tags == ()


def test_one_tag_comes_as_itself(service):
    assert ask(service({"track": TRACK["track"] | {"toptags": {"tag": {"name": "folk"}}}})).tags == ("folk",)


def image(url, size="large"):
    return {"image": [{"#text": url, "size": size}]}


@pytest.mark.parametrize(("album", "cover"), [
    (None, None), ("", None), ({}, None), ({"image": []}, None), (image(""), None), (image("javascript:alert(1)"), None),
    (image('https://x/"onload="y'), None), (image("https://x/2a96cbd8b46e442fc41c2b86b821562f.png"), None),
    (image("https://x/a.png", "mega"), "https://x/a.png"), ({"image": image("https://x/a.png")["image"][0]},
                                                            "https://x/a.png")])
def test_the_cover_is_a_picture_or_absent(service, album, cover):
    assert ask(service({"track": TRACK["track"] | {"album": album}})).cover_url == cover


@pytest.mark.parametrize("value", [None, "", "many", "-5", "1e3", str(10 ** 30)])
def test_a_count_that_is_none_is_absent(service, value):
    assert ask(service({"track": TRACK["track"] | {"listeners": value}})).listeners is None


@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_unknown_track_is_an_answer(service, status):
    server = service((status, {"error": 6, "message": "Track not found"}))
    assert ask(server) is None and len(server.asked) == 1


LIMITED = (429, {"error": 29, "message": "Rate limit exceeded"})


@pytest.mark.parametrize("first", [
    LIMITED, {"error": 29}, (429, b""), {"error": 8}, {"error": 11}, (500, {"error": 16}), (503, b"<html>"), ("cut",
                                                                                                             b"")])
def test_what_passes_is_tried_again(service, first):
    server = service(first, TRACK)
    assert ask(server).listeners == 12345 and len(server.asked) == 2


def test_a_limit_that_stays_is_told_after_three_tries(service):
    server = service(LIMITED)
    assert isinstance(failure(server), RateLimited) and len(server.asked) == 3


def test_a_wait_longer_than_anyone_waits_is_not_begun(service):
    server = service((429, {"error": 29}, {"Retry-After": "30"}))
    assert failure(server).code == "lastfm.limited" and len(server.asked) == 1


def test_the_wait_asked_for_is_kept(service, monkeypatch):
    waits = []
    monkeypatch.setattr(lastfm.time, "sleep", waits.append)
    assert ask(service((429, {"error": 29}, {"Retry-After": "3"}), LIMITED, TRACK), backoff_s=1.0)
    waits = [wait for wait in waits if wait]
    assert waits[0] == 3.0 and 2.0 <= waits[1] <= 3.0


@pytest.mark.parametrize(("answer", "code"), [
    ((403, {"error": 10}), "bad_key"), ({"error": 26}, "bad_key"), ({"error": 3}, "refused"), ((301, b""), "refused"),
    ((404, b"gone"), "refused"), (b"not json", "garbage"), ([1], "garbage"), ({"track": []}, "garbage"), ({}, "garbage"),
    (b"[" * 100_000, "garbage"), (b'{"track": {"name": "' + b"x" * 1_000_001 + b'"}}', "garbage")])
def test_what_stays_is_told_at_once(service, answer, code):
    server = service(answer)
    error = failure(server)
    assert error.code == f"lastfm.{code}" and len(server.asked) == 1
    assert isinstance(error, MissingKey) == (code == "bad_key")


def test_nobody_answers(service, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = SimpleNamespace(url=f"http://127.0.0.1:{closed.getsockname()[1]}/")
        assert failure(dead).values["why"]["key"].endswith("why_connection")
    slow = service(("slow", b""))
    assert failure(slow, timeout_s=(1, 0.1)).values["why"]["key"].endswith("why_timeout")
    assert "SECRET" not in caplog.text


def test_an_answer_drop_by_drop_is_not_waited_for(service):
    server = service((206, b" " * 400))  # 8 s
    error = failure(server, budget_s=0.15)
    assert error.values["why"]["key"].endswith("why_timeout") and len(server.asked) == 1


def test_a_packed_answer(service):
    packed = gzip.compress(json.dumps(TRACK).encode())
    assert ask(service((200, packed, {"Content-Encoding": "gzip"}))).listeners == 12345
    assert failure(service((200, b"not gzip", {"Content-Encoding": "gzip"}))).code == "lastfm.unreachable"


def test_no_more_than_so_many_requests_a_second(service, monkeypatch):
    server, clock, starts = service(TRACK), [100.0], []
    monkeypatch.setattr(lastfm.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(lastfm.time, "sleep", starts.append)
    one = LastFm(KEY, endpoint=server.url, pause_s=0.2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: one.track("A", str(number)), range(5)))
    assert sorted(starts) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("endpoint", ["http://ws.audioscrobbler.com/2.0/", "ftp://x", "ws.audioscrobbler.com", "https://"])
def test_the_key_travels_encrypted(endpoint):
    with pytest.raises(DataError, match="LASTFM_ENDPOINT"):
        LastFm(KEY, endpoint=endpoint)
    assert ENDPOINT.startswith("https://") and KEY not in repr(LastFm(KEY))


def test_without_a_key():
    with pytest.raises(MissingKey, match="LASTFM_API_KEY"):
        LastFm("")
