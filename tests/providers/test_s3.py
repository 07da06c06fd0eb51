"""Texts in a bucket, against a real S3 server (moto) and, for its refusals, against one that answers as told."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import requests

from providers.s3 import S3Place, S3Texts
from support.errors import DataError, MissingKey, ProviderError, RateLimited

moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
SECRET = "sEcReTkEyVaLuE"


@pytest.fixture(scope="module")
def endpoint():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(endpoint):
    return S3Place("songs", "", endpoint, "AKIAEXAMPLE", SECRET, "us-east-1")


@pytest.fixture
def s3(endpoint):
    client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x",
                          region_name="us-east-1")
    client.create_bucket(Bucket="songs")
    yield client
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)


def put(s3, **texts):
    for name, text in texts.items():
        s3.put_object(Bucket="songs", Key=name, Body=text)


def names(place, limit=20_000):
    return [text.name for text in S3Texts(place).list(limit).texts]


def failure(call, *values):
    with pytest.raises(ProviderError) as caught:
        call(*values)
    told = caught.value.message("ko") + caught.value.message("en") + repr(caught.value)
    assert SECRET not in told and "AKIAEXAMPLE" not in told and caught.value.__cause__ is None
    return caught.value


def test_one_object_is_named(s3, place):
    put(s3, **{"all.txt": b"A - B:\nla", "all.txt.old": b"x"})
    texts = S3Texts(replace(place, key="all.txt"))
    (found,) = texts.list(10).texts
    assert (found.name, found.size) == ("all.txt", 9)
    assert texts.read("all.txt", 100) == (b"A - B:\nla", found.etag)
    assert texts.read("gone.txt", 100) is None


def test_a_tag_changes_with_the_content_alone(s3, place):
    put(s3, a=b"one")
    first = S3Texts(place).list(9).texts
    put(s3, a=b"one")
    assert S3Texts(place).list(9).texts == first
    put(s3, a=b"two")
    assert S3Texts(place).list(9).texts[0].etag != first[0].etag


@pytest.mark.parametrize(("key", "expected"), [
    ("lyrics/", ["lyrics/a.txt", "lyrics/deep/B.TXT"]), ("lyrics", ["lyrics/a.txt", "lyrics/deep/B.TXT"]),
    ("ly", ["lyrics-old/c.txt", "lyrics/a.txt", "lyrics/deep/B.TXT"]),
    ("", ["Mr. Blue - Sky", "lyrics-old/c.txt", "lyrics/a.txt", "lyrics/deep/B.TXT"])])
def test_a_prefix_ends_with_a_slash_or_names_no_object(s3, place, key, expected):
    put(s3, **{"lyrics/": b"", "lyrics/a.txt": b"a", "lyrics/cover.jpg": b"j", "lyrics/deep/B.TXT": b"b",
               "lyrics-old/c.txt": b"c", "Mr. Blue - Sky": b"d"})
    assert names(replace(place, key=key)) == expected
    assert S3Texts(replace(place, key=key)).list(99).ignored == 1


def test_more_than_a_thousand_objects_are_all_listed(s3, place):
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    for number in range(1_005):  # straight into the server's store: a thousand requests would take 6 s
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object("songs", f"many/{number:05}.txt", b"x")
    listing = S3Texts(replace(place, key="many/")).list(20_000)
    assert [text.name for text in listing.texts] == [f"many/{number:05}.txt" for number in range(1_005)]
    assert not listing.cut
    short = S3Texts(replace(place, key="many/")).list(1_002)
    assert len(short.texts) == 1_002 and short.cut


def test_no_more_than_the_limit_is_downloaded(s3, place):
    put(s3, big=b"x" * 100_000)
    assert S3Texts(place).read("big", 10)[0] == b"x" * 11


def test_what_is_not_there_is_said_with_the_next_step(s3, place):
    missing = failure(S3Texts(replace(place, bucket="no-such-bucket")).list, 9)
    assert missing.code == "s3.no_bucket" and missing.values == {"bucket": "no-such-bucket"}
    assert failure(S3Texts(replace(place, bucket="Not A Bucket!")).list, 9).code == "s3.no_bucket"
    put(s3, **{"a/b.jpg": b"x"})
    empty = failure(S3Texts(replace(place, key="a/")).list, 9)
    assert empty.code == "s3.nothing" and empty.values["ignored"] == 1 and "S3_KEY" in empty.message("en")


def test_nobody_answers(place):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        dead = replace(place, endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        error = failure(S3Texts(dead, tries=1).list, 9)
        assert error.code == "s3.unreachable" and "S3_ENDPOINT_URL" in error.message("en")
        silent.listen()
        late = failure(S3Texts(dead, timeouts_s=(1, 0.2), tries=1).list, 9)
        assert "no answer in time" in late.message("en")


@pytest.mark.parametrize("url", ["s3.example.com", "ftp://x", "http://", "http://[bad"])
def test_an_endpoint_must_be_a_web_address(place, url):
    with pytest.raises(DataError, match="S3_ENDPOINT_URL"):
        S3Texts(replace(place, endpoint_url=url))


def test_nothing_secret_is_shown(place):
    odd = replace(place, endpoint_url="https://user:pass@minio.example:9000")
    assert odd.address == "s3://songs/ @ minio.example:9000"
    assert SECRET not in repr(place) and "AKIA" not in repr(place)


def test_no_key_at_all(s3, place, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    error = failure(S3Texts(replace(place, access_key=None, secret_key=None)).list, 9)
    assert isinstance(error, MissingKey) and "AWS_ACCESS_KEY" in error.message("en")


class Refusing:
    """Answers every request with one status and code of S3."""

    def __init__(self, status, code):
        self.asked = 0
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        refusing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                refusing.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(("status", "code", "expected"), [
    (403, "AccessDenied", "s3.no_access"), (403, "InvalidAccessKeyId", "s3.bad_key"),
    (403, "SignatureDoesNotMatch", "s3.bad_key"), (400, "AuthorizationHeaderMalformed", "s3.other_region"),
    (503, "SlowDown", "s3.limited"), (500, "InternalError", "s3.refused"), (404, "NoSuchBucket", "s3.no_bucket")])
@pytest.mark.parametrize("key", ["", "lyrics/a.txt"])
def test_a_refusal_says_what_is_wrong(place, status, code, expected, key):
    with Refusing(status, code) as server:
        error = failure(S3Texts(replace(place, key=key, endpoint_url=server.url), tries=1).list, 9)
    # a HEAD has no body: only its status is known, and a 403 or 404 leads to a listing, which has one
    known = {"AuthorizationHeaderMalformed": "s3.refused"} if key else {}
    assert error.code == known.get(code, expected)
    assert isinstance(error, RateLimited) == (expected == "s3.limited")


def test_a_failing_service_is_asked_as_often_as_said(place):
    with Refusing(500, "InternalError") as server:
        failure(S3Texts(replace(place, endpoint_url=server.url), tries=2).list, 9)
        assert server.asked == 2


PAGE = b"<!doctype html><html><body>Please sign in to the network</body></html>"


@pytest.mark.parametrize(("head", "body"), [
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d" % len(PAGE), PAGE),
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 16", b"<ListBucketResul"),
    (b"SSH-2.0-OpenSSH_9.2", b""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9000", b"<?xml version='1.0'?><ListBucketResult>")],
    ids=["a page of the network", "half an answer", "another protocol", "an answer that is cut"])
def test_an_answer_that_is_none(place, head, body):
    with Raw(head + b"\r\n\r\n" + body) as url:
        error = failure(S3Texts(replace(place, endpoint_url=url), tries=1).list, 9)
    assert error.code in ("s3.unreachable", "s3.refused") and error.message("en") and error.message("ko")


def test_a_text_that_is_cut_is_not_taken_for_whole(place):
    head = b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 5000\r\n\r\n'
    with Raw(head + b"the first half of the lyrics") as url:
        assert failure(S3Texts(replace(place, endpoint_url=url), tries=1).read, "a.txt", 100_000).code == "s3.unreachable"


def test_too_many_requests(place):
    with Raw(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n") as url:
        error = failure(S3Texts(replace(place, endpoint_url=url), tries=1).list, 9)
    assert isinstance(error, RateLimited) and error.code == "s3.limited"


class Raw:
    """Answers every request with the same bytes, and hangs up."""

    def __init__(self, answer):
        self.answer, self.socket = answer, socket.create_server(("127.0.0.1", 0))

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(self.answer)
