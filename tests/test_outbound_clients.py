"""Connections go to the hosts that settings name and nowhere else: which hosts, and each client by what it asks for."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import config
from providers import _http, outbound
from providers.base import ChatRequest
from providers.lastfm import LastFm
from providers.registry import chat_model, music_makers, painter, video_search
from providers.s3 import S3Place, S3Texts
from providers.smtp import Mailer
from providers.webhook import Webhook
from support.errors import AppError, ProviderError
from usecases import operation

KEY = "sk-travels-nowhere-0123456789"


@pytest.fixture
def settings(monkeypatch):
    """Give a function that sets what the settings name, and nothing else."""
    monkeypatch.delenv("OUTBOUND_HOSTS", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def name(**values):
        for key, value in values.items():
            monkeypatch.setenv(key, str(value))
        return config.reload()

    yield name
    monkeypatch.undo()
    config.reload()


class Host:
    """A server that answers every request alike, and keeps what came."""

    def __init__(self, status=200, headers=None, body=b"{}", address="127.0.0.1"):
        self.asked = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                host.asked.append((self.command, self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, name="127.0.0.1"):
        return f"http://{name}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# which hosts ------------------------------------------------------------


@pytest.mark.parametrize(("named", "address"), [
    ({"OPENAI_API_KEY": KEY}, "https://api.openai.com/v1/chat/completions"),
    ({"OPENAI_API_KEY": KEY}, "https://API.OpenAI.com.:443/v1"),
    ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://models.example:8443/v1"}, "https://models.example:8443/v1/x"),
    ({"FRIENDLI_API_KEY": KEY}, "https://api.friendli.ai/serverless/v1/chat/completions"),
    ({"GOOGLE_API_KEY": KEY}, "https://generativelanguage.googleapis.com/v1beta/models"),
    ({"YOUTUBE_API_KEY": KEY}, "https://www.googleapis.com/youtube/v3/search?key=x"),
    ({"LASTFM_API_KEY": KEY}, "https://ws.audioscrobbler.com/2.0/?method=x"),
    ({"LASTFM_ENDPOINT": "https://fm.example/2.0/"}, "https://fm.example/2.0/"),
    ({"MUSIC_HTTP_URL": "http://10.0.0.5:9000/make"}, "http://10.0.0.5:9000/make/job-1"),
    ({"ALERT_WEBHOOK_URL": "https://hooks.example/services/T/B/X"}, "https://hooks.example/services/T/B/X"),
    ({"DATABRICKS_HOST": "https://adb-1.azuredatabricks.net"}, "https://adb-1.azuredatabricks.net/api/2.1/jobs/run-now"),
    ({"SMTP_URL": "smtp://mail.example", "SMTP_FROM": "a@example.org"}, "smtp://mail.example:587"),
    ({"S3_BUCKET": "songs"}, "https://songs.s3.ap-northeast-2.amazonaws.com/a.txt"),
    ({"S3_BUCKET": "songs"}, "https://songs.s3.amazonaws.com/"),
    ({"S3_BUCKET": "songs"}, "https://s3.us-gov-west-1.amazonaws.com/songs/a"),
    ({"S3_BUCKET": "songs"}, "https://songs.s3-fips.dualstack.us-east-1.amazonaws.com/"),
    ({"S3_BUCKET": "songs", "S3_ENDPOINT_URL": "http://[::1]:9000"}, "http://[::1]:9000/songs/a"),
    ({"OUTBOUND_HOSTS": "files.example, 10.0.0.7:8080"}, "https://files.example:444/a"),
    ({"OUTBOUND_HOSTS": "files.example, 10.0.0.7:8080"}, "http://10.0.0.7:8080/a"),
    ({"OUTBOUND_HOSTS": "bücher.example"}, "https://xn--bcher-kva.example/")])
def test_a_setting_opens_its_own_host(settings, named, address):
    settings()
    with pytest.raises(ProviderError) as caught:
        outbound.permit(address)
    assert caught.value.code == "outbound.refused"
    settings(**named)
    outbound.permit(address)


@pytest.mark.parametrize("address", [
    "http://api.openai.com/v1", "https://api.openai.com:444/v1", "https://api.openai.com@evil.example/",
    "https://api.openai.com.evil.example/", "https://evil.example/?https://api.openai.com/", "https://openai.com/",
    "https://xapi.openai.com/", "https://apixopenai.com/", "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1/",
    "http://localhost:5432/", "http://[::1]/", "http://2130706433/", "http://10.0.0.1/", "https://songs.s3.evil.com/",
    "https://other.s3.amazonaws.com/", "https://x.execute-api.us-east-1.amazonaws.com/", "http://songs.s3.amazonaws.com/",
    "https://s3.evil.amazonaws.com/", "file:///etc/passwd", "gopher://api.openai.com/", "", "https://", "https://[", "//"])
def test_whatever_merely_looks_like_a_named_host_is_refused(settings, address):
    settings(OPENAI_API_KEY=KEY, S3_BUCKET="songs")
    with pytest.raises(ProviderError) as caught:
        outbound.permit(address)
    assert caught.value.code == "outbound.refused"


def test_a_refusal_names_the_host_and_the_setting(settings):
    settings()
    said = {}
    for address in ("https://api.openai.com/v1", "https://hooks.example/secret-path?key=1"):
        with pytest.raises(ProviderError) as caught:
            outbound.permit(address)
        said[address] = str(caught.value)
    assert "api.openai.com" in said["https://api.openai.com/v1"] and "OPENAI_API_KEY" in said["https://api.openai.com/v1"]
    told = said["https://hooks.example/secret-path?key=1"]
    assert "hooks.example" in told and outbound.SETTING in told and "secret" not in told


def test_judges_open_the_hosts_they_name(settings, tmp_path):
    file = tmp_path / "judges.toml"
    file.write_text('[[judges]]\nprovider = "compatible"\nbase_url = "http://localhost:11434/v1"\n'
                    '[[judges]]\nprovider = "openai"\nkey_name = "SECOND_API_KEY"\n', "utf-8")
    settings(MIS_JUDGES_FILE=file)
    outbound.permit("http://localhost:11434/v1/chat/completions")
    with pytest.raises(ProviderError):
        outbound.permit("https://api.openai.com/v1")
    settings(SECOND_API_KEY=KEY)
    outbound.permit("https://api.openai.com/v1")
    for wrong in ("[[judges", 'judges = "x"', "judges = [1]", '[[judges]]\nbase_url = 7'):
        file.write_text(wrong, "utf-8")
        with pytest.raises(ProviderError):
            outbound.permit("http://localhost:11434/v1")


@pytest.mark.parametrize("wrong", ["https://files.example", "files.example/a", "user:pass@files.example", "*.example",
                                   "files.example:x", "files.example:0", ":80", "[::1"])
def test_a_wrong_list_of_hosts_is_said(settings, wrong):
    with pytest.raises(config.SettingsError) as caught:
        settings(OUTBOUND_HOSTS=f"good.example,{wrong}")
    assert caught.value.name == "OUTBOUND_HOSTS" and "pass" not in str(caught.value)


# every client ------------------------------------------------------------

REQUEST = ChatRequest("You judge.", "A song.")


def chat(provider, model, address):
    return list(chat_model(provider, model, key=KEY, base_url=address).stream(REQUEST))


def music(address):
    return music_makers(config.load())[0].make("calm piano", 5.0)


def cluster(address):
    pytest.importorskip("databricks.sdk")
    from providers.databricks import Databricks, Limits

    return Databricks(address, KEY, 7, limits=Limits(call_s=5.0, tries=1)).run("ingest", [], key="one")


ASKING = {
    "openai": ("OPENAI_BASE_URL", lambda at: chat("openai", "m", at)),
    "friendli": ("FRIENDLI_BASE_URL", lambda at: chat("friendli", "m", at)),
    "gemini": ("GEMINI_BASE_URL", lambda at: chat("gemini", "m", at)),
    "openai pictures": ("OPENAI_BASE_URL", lambda at: painter("openai", key=KEY, base_url=at).paint("a song", "")),
    "gemini pictures": ("GEMINI_BASE_URL", lambda at: painter("gemini", key=KEY, base_url=at).paint("a song", "")),
    "youtube": ("YOUTUBE_BASE_URL", lambda at: video_search({"YOUTUBE_API_KEY": KEY}, base_urls={"youtube": at}).find("a", "b")),
    "lastfm": ("LASTFM_ENDPOINT", lambda at: LastFm(KEY, endpoint=at, backoff_s=0.01).track("a", "b")),
    "webhook": ("ALERT_WEBHOOK_URL", lambda at: Webhook(at, backoff_s=0.01).post("a", {}, "one")),
    "music": ("MUSIC_HTTP_URL", music),
    "s3": ("S3_ENDPOINT_URL", lambda at: S3Texts(S3Place("songs", "", at, "key", KEY), tries=1).list(5)),
    "databricks": ("DATABRICKS_HOST", cluster),
}


@pytest.mark.parametrize("status", [302, 307, 308])
@pytest.mark.parametrize("client", ASKING)
def test_a_redirect_leads_nowhere_else(settings, client, status):
    setting, ask = ASKING[client]
    with Host() as elsewhere, Host(status, {"Location": elsewhere.url("localhost") + "/taken"}) as named:
        settings(**{setting: named.url(), "S3_BUCKET": "songs"})
        with pytest.raises(ProviderError):
            ask(named.url())
        assert named.asked and elsewhere.asked == []


@pytest.mark.parametrize("client", ASKING)
def test_a_client_asks_no_host_that_no_setting_names(settings, client):
    with Host() as unnamed:
        settings(MUSIC_HTTP_URL=unnamed.url()) if client == "music" else settings()
        _, ask = ASKING[client]
        made = music_makers(config.load())[0] if client == "music" else None
        if made:
            os.environ.pop("MUSIC_HTTP_URL")
            config.reload()
        with pytest.raises(ProviderError) as caught:
            made.make("calm piano", 5.0) if made else ask(unnamed.url())
        assert caught.value.code == "outbound.refused" and caught.value.values["host"] == "127.0.0.1"
        assert unnamed.asked == [] and KEY not in str(caught.value)


def test_mail_is_handed_in_where_it_is_set_up(settings):
    settings()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        with pytest.raises(ProviderError) as caught:
            Mailer(f"smtp://127.0.0.1:{server.getsockname()[1]}", "a@example.org").send("b@example.org", "s", "t")
        assert caught.value.code == "outbound.refused"
        with pytest.raises(TimeoutError):
            server.accept()


def followed(address):
    """Ask as a library would that follows redirects and knows a secret."""
    with _http.session() as asker:
        return asker.get(address, headers={"X-Api-Key": KEY, "Authorization": f"Bearer {KEY}"}, timeout=5)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.2"])
def test_who_follows_redirects_is_stopped_before_the_next_host(settings, name):
    with Host(address="0.0.0.0") as elsewhere, Host(302, {"Location": elsewhere.url(name)}) as named:
        settings(ALERT_WEBHOOK_URL=named.url())
        with pytest.raises(ProviderError) as caught:
            followed(named.url())
        assert caught.value.code == "outbound.refused" and caught.value.values["host"] == name
        assert len(named.asked) == 1 and elsewhere.asked == []
        settings(OUTBOUND_HOSTS=f"{name}:{elsewhere.port}")
        assert followed(named.url()).status_code == 200 and len(elsewhere.asked) == 1
        assert "Authorization" not in elsewhere.asked[0][2]  # requests itself keeps it from another host


def test_the_client_of_sdks_is_stopped_before_the_next_host(settings):
    import asyncio

    async def ask(address):
        loop = asyncio.get_running_loop()
        _http.open_client(loop, 2.0, 5.0)
        try:
            return await _http.shared().get(address, follow_redirects=True, headers={"X-Api-Key": KEY})
        finally:
            await _http.close_client(loop)

    with Host() as elsewhere, Host(307, {"Location": elsewhere.url("localhost")}) as named:
        settings(ALERT_WEBHOOK_URL=named.url())
        with pytest.raises(ProviderError) as caught:
            asyncio.run(ask(named.url()))
        assert caught.value.code == "outbound.refused" and elsewhere.asked == []


# addresses in answers ------------------------------------------------------------


def test_an_address_in_an_answer_is_not_asked(settings):
    """A picture by its address instead of its bytes, music by its address: not fetched, and no result."""
    with Host() as elsewhere:
        there = elsewhere.url("127.0.0.1") + "/taken"
        answers = {"openai pictures": {"created": 1, "data": [{"url": there}]},
                   "gemini pictures": {"candidates": [{"finishReason": "STOP", "content": {"parts": [
                       {"fileData": {"fileUri": there, "mimeType": "image/png"}}]}}]},
                   "music": {"audio_url": there, "url": there}}
        for client, answer in answers.items():
            body = json.dumps(answer).encode()
            kind = {"Content-Type": "application/json"}
            if client == "gemini pictures":
                body, kind = b"data: " + body + b"\r\n\r\n", {"Content-Type": "text/event-stream"}
            setting, ask = ASKING[client]
            with Host(200, kind, body) as named:
                settings(**{setting: named.url()})
                with pytest.raises(AppError):
                    ask(named.url())
                assert named.asked, client
        assert elsewhere.asked == []


@pytest.mark.parametrize("cover", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/taken"])
def test_a_cover_is_handed_on_and_not_fetched(settings, cover):
    with Host() as elsewhere:
        cover = cover.format(port=elsewhere.port)
        track = {"track": {"name": "a", "artist": {"name": "b"}, "album": {"image": [{"#text": cover, "size": "large"}]}}}
        with Host(body=json.dumps(track).encode()) as named:
            settings(LASTFM_ENDPOINT=named.url())
            assert LastFm(KEY, endpoint=named.url()).track("b", "a").cover_url == cover
            with pytest.raises(ProviderError), _http.session() as asker:
                asker.get(cover, timeout=5)
        assert elsewhere.asked == []


# proxies and the machine's own files ------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used_and_widens_nothing(settings, monkeypatch):
    with Host(200) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        settings(ALERT_WEBHOOK_URL="http://hooks.example/services/x")
        Webhook("http://hooks.example/services/x").post("a", {}, "one")
        assert [asked[:2] for asked in proxy.asked] == [("POST", "http://hooks.example/services/x")]
        with pytest.raises(ProviderError):
            Webhook("http://other.example/").post("a", {}, "one")
        assert len(proxy.asked) == 1


def test_the_server_of_this_machine_is_asked_past_proxies_and_redirects(settings, monkeypatch):
    with Host(200) as proxy, Host(200) as elsewhere, Host(302, {"Location": elsewhere.url()}) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setattr(operation, "server_address", lambda: ("127.0.0.1", server.port))
        assert operation.probe()[0] == "not ready"
        assert server.asked and proxy.asked == elsewhere.asked == []


def test_passwords_of_a_netrc_go_nowhere(settings, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login somebody password netrc-secret\n", "utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Host(200) as named:
        settings(ALERT_WEBHOOK_URL=named.url())
        Webhook(named.url()).post("a", {}, "one")
        assert "Authorization" not in named.asked[0][2]
