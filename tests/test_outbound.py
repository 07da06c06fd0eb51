"""Connections go to the hosts that settings name and nowhere else: by source, by what is asked for, by what is opened."""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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

ROOT = Path(__file__).parents[1]
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


# what the source says ------------------------------------------------------------

AWAY = {"tests", "bench", "tools", ".venv", "data", "cmdata", "docs"}
"""No part of the running product."""
CLIENTS = {"httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client", "aiohttp", "websockets", "websocket",
           "socket", "ssl", "smtplib", "ftplib", "telnetlib", "poplib", "imaplib", "xmlrpc", "boto3", "botocore", "openai",
           "google.genai", "databricks.sdk", "huggingface_hub", "authlib", "paramiko", "pycurl", "asyncpg", "grpc"}
MAY = {
    "providers/_http.py": "makes the clients: httpx2, requests",
    "providers/_patience.py": "urllib3: when to try again",
    "providers/_troubles.py": "httpx2, ssl: names of errors",
    "providers/lastfm.py": "requests, urllib3: names of errors",
    "providers/youtube.py": "requests, urllib3: names of errors",
    "providers/webhook.py": "requests, urllib3: names of errors",
    "providers/music_http.py": "httpx2: names of errors",
    "providers/openai.py": "openai: the SDK is handed our client",
    "providers/_images_openai.py": "openai: names of errors",
    "providers/gemini.py": "google.genai: the SDK is handed our client",
    "providers/_images_gemini.py": "google.genai: types",
    "providers/s3.py": "boto3, which asks before each try",
    "providers/databricks.py": "databricks.sdk, whose session is made to ask; requests: names of errors",
    "providers/smtp.py": "smtplib, ssl: mail; asks before it connects",
    "usecases/operation.py": "urllib.request: the server of this machine, past proxies and redirects",
    "support/jobs.py": "socket: this machine's name",
}
MAKERS = {"get", "post", "put", "delete", "head", "patch", "request", "stream", "Session", "Client", "AsyncClient",
          "PoolManager", "create_connection", "urlopen", "HTTPConnection", "HTTPSConnection"}
"""What opens connections, of the libraries that are imported for their errors."""


WORTH_READING = re.compile(r"^\s*(import|from) (" + "|".join(sorted({each.split(".")[0] for each in CLIENTS})) + r")\b|"
                           r"from_pretrained|SentenceTransformer|client_of", re.MULTILINE)


@cache
def sources():
    """Return the product's modules that may have to do with clients, parsed, by path."""
    tops = [top for top in sorted(ROOT.iterdir()) if top.name not in AWAY and not top.name.startswith(".")]
    paths = [path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*.py"))) if path.suffix == ".py"]
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}
    return {path: ast.parse(text) for path, text in texts.items() if WORTH_READING.search(text)}


def clients_of(tree):
    """Return the clients that a module imports, but for the eyes of the type checker."""
    unseen = {id(each) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
              for each in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {client for client in CLIENTS for name in found if name == client or name.startswith(f"{client}.")}


def test_clients_are_imported_where_they_are_named():
    found = {path: clients_of(tree) for path, tree in sources().items()}
    assert {path for path, clients in found.items() if clients} == set(MAY), found


def test_no_module_but_one_makes_a_client():
    made = []
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MAKERS \
                    and isinstance(node.func.value, ast.Name) and node.func.value.id in {"httpx2", "requests", "urllib3", "socket"}:
                made.append((path, ast.unparse(node.func)))
    assert made == [("providers/_http.py", "httpx2.AsyncClient"), ("providers/_http.py", "requests.Session")]


def test_sdks_are_handed_our_client():
    handed = {ast.unparse(node.func): ast.unparse(node) for tree in sources().values() for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert "http_client=shared()" in handed["openai.AsyncOpenAI"]
    assert "httpx_async_client=shared()" in handed["genai.Client"]


def test_models_of_folders_are_never_looked_for_elsewhere():
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".from_pretrained", "SentenceTransformer")):
                given = {each.arg: ast.unparse(each.value) for each in node.keywords}
                assert given.get("local_files_only") in ("True", "Path(self._source).is_dir()"), (path, ast.unparse(node))


def test_libraries_are_told_to_keep_quiet():
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1" and os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


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


# what is opened in earnest ------------------------------------------------------------

EAR = '''
import json, os, sys

TO = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0,
      "socket.gethostbyaddr": 0}
HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", "None")

def note(*said):
    with open(os.environ["HEARD"], "a", encoding="utf-8") as file:
        file.write(json.dumps(said) + "\\n")

def hear(event, values):
    if event in TO:
        to = values[TO[event]]
        host = to[0] if isinstance(to, tuple) else to if TO[event] == 0 else None  # else: a socket of this machine's files
        host = host.decode() if isinstance(host, bytes) else str(host)
        if host not in HERE:
            note(event, host)
            raise PermissionError(f"{host} is not this machine")

note("listens", sys.argv[0])
sys.addaudithook(hear)
'''
"""Hears of every connection and look-up of a process and of those it starts, and lets none out."""


@pytest.fixture
def watched(tmp_path):
    """Give an environment with nothing configured, and a function that returns what was heard in it."""
    return unconfigured(tmp_path)


def unconfigured(tmp_path):
    if (ROOT / ".env").exists() or (ROOT / ".streamlit" / "secrets.toml").exists():
        pytest.skip("this checkout has settings of its own, which a server would take")
    (tmp_path / "ear").mkdir()
    (tmp_path / "ear" / "sitecustomize.py").write_text(EAR, "utf-8")
    (tmp_path / "home").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1",
                   "PYTHONPATH": f"{tmp_path / 'ear'}:{ROOT}", "HEARD": str(tmp_path / "heard"),
                   "MIS_DATA_DIR": str(tmp_path / "data")}
    tmp_path.chmod(0o755)

    def heard():
        said = [json.loads(line) for line in (tmp_path / "heard").read_text("utf-8").splitlines()]
        assert said[0][0] == "listens"
        return [each for each in said if each[0] != "listens"]

    return environment, heard


def test_the_ear_hears(watched):
    environment, heard = watched
    code = ("import socket\nfor ask in (lambda: socket.create_connection(('192.0.2.1', 9), 1), "
            "lambda: socket.getaddrinfo('host.invalid', 80), lambda: socket.socket(2, 2).sendto(b'x', ('192.0.2.2', 9)),"
            "lambda: socket.create_connection(('127.0.0.1', 1), 1)):\n try: ask()\n except OSError as e: print(type(e).__name__)")
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert done.stdout.split() == ["PermissionError"] * 3 + ["ConnectionRefusedError"], done.stderr
    assert {host for _, host in heard()} == {"192.0.2.1", "host.invalid", "192.0.2.2"}


@pytest.mark.skipif(not os.environ.get("MIS_SOAK"), reason="a minute: set MIS_SOAK=1, or `make soak`")
def test_all_the_product_does_stays_on_this_machine(watched):
    environment, heard = watched
    done = subprocess.run([sys.executable, "tests/outbound_walk.py"], env=environment, cwd=ROOT, text=True,
                          capture_output=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    states = {name: found[name] for name in ("audition", "picture", "thumbnails", "bgm", "prediction")}
    assert set(states.values()) == {"done"}, states
    assert found["artists"] == 8 and found["songs"] and found["playlist"]
    assert heard() == []
    assert not (Path(environment["HOME"]) / ".cache" / "Microsoft").exists()  # onnxruntime's id, made where it reports


PAGES = ("", "growth_radar", "advanced_analysis", "ai_judges", "image_to_music", "playlist_maker", "hit_prediction",
         "text_to_bgm", "data", "song_dossier", "community", "my_page")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reach(port, path, headers=None, method="GET"):
    """Return the status of an answer and its headers, (None, {}) while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, b"" if method != "GET" else None, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    except OSError:
        return None, {}
    finally:
        connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Start the real server on all addresses, which Streamlit would announce with the one seen from outside."""
    folder = tmp_path_factory.mktemp("served")
    environment, heard = unconfigured(folder)
    (folder / "cmdata").mkdir()
    port, environment = free_port(), environment | {"MIS_CMDATA_DIR": str(folder / "cmdata")}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "streamlit", "run", "asgi.py", "--server.port", str(port),
                                   "--server.address", "0.0.0.0"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while reach(port, "/readyz")[0] != 200:
            assert server.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()[-3000:]
            time.sleep(0.2)
        yield port, heard
    finally:
        server.terminate()
        server.wait(60)


def test_the_server_and_its_pages_stay_on_this_machine(served):
    port, heard = served
    foreign = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "https://evil.example"}
    assert reach(port, "/_stcore/stream", foreign)[0] == 403
    assert reach(port, "/_stcore/stream", foreign | {"Origin": f"http://127.0.0.1:{port}"})[0] == 101
    visit(port)
    assert heard() == []


def test_the_server_takes_no_upload_without_its_token_and_sends_its_headers(served):
    """Streamlit's own check of cross-site requests is on, in the server as it is started."""
    port, _ = served
    upload = "/_stcore/upload_file/some-session/some-file"
    own = {"X-Xsrftoken": "2|aaaaaaaa|bbbb|1", "Cookie": "_streamlit_xsrf=2|cccccccc|1234|1"}
    for method in ("PUT", "DELETE"):
        assert reach(port, upload, method=method)[0] == 403
        assert reach(port, upload, own, method)[0] == 403
    headers = reach(port, "/", {"Accept": "text/html"})[1]
    assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    token = reach(port, "/_stcore/health")[1].get("set-cookie", "").partition("_streamlit_xsrf=")[2].partition(";")[0]
    good = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
    assert token and reach(port, upload, good, "PUT")[0] != 403  # let past: it is refused for its session


def visit(port):
    """Open every page as a browser does, and wait until it is drawn."""
    import asyncio

    from bench._page_client import Visitor

    async def look(page):
        visitor = Visitor(port, page, "")
        drawn = await visitor.open()
        await visitor.close()
        return drawn.errors, sum(drawn.elements.values())

    for page in PAGES:
        errors, elements = asyncio.run(look(page))
        assert not errors and elements > 3, (page, errors)
