"""Connections go to the hosts that settings name and nowhere else: by source, and by what the whole product opens."""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
