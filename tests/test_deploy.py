"""What `deploy/` holds: no secret in it, the service without rights, and a real nginx in front that keeps its limits."""

from __future__ import annotations

import asyncio
import configparser
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

import config

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def test_the_check_passes():
    done = subprocess.run(["sh", str(DEPLOY / "check.sh")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    for program, name in (("systemd-analyze", "systemd-analyze verify"), ("nginx", "nginx -t"), ("logrotate", "logrotate -d")):
        if shutil.which(program):
            assert re.search(rf"^ok +{name}$", done.stdout, re.M), done.stdout


def unit():
    parser = configparser.RawConfigParser(strict=False, delimiters="=", interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "music-integrated-system.service")
    return parser


def test_the_unit_has_no_rights_and_no_secrets():
    service = dict(unit()["Service"])
    assert service["User"] == "music" and service["Restart"] == "on-failure" and service["KillMode"] == "mixed"
    assert service["ProtectSystem"] == "strict" and service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"
    assert service["CapabilityBoundingSet"] == "" and service["EnvironmentFile"].startswith("/etc/")
    assert "MemoryDenyWriteExecute" not in service, "numba and torch compile while they run"
    assert int(service["TimeoutStopSec"]) > 2 * config.load().stop_s + 5
    set_here = re.findall(r"(?m)^Environment=(\w+)=", (DEPLOY / "music-integrated-system.service").read_text())
    assert set_here and not [name for name in set_here if config._is_secret(name)]


def test_examples_hold_no_secret_and_only_names_that_are_read():
    known = (ROOT / "config.py").read_text() + (ROOT / ".streamlit" / "secrets.example.toml").read_text()
    for name in ("environment.example", "compose.env.example"):
        for line in (DEPLOY / name).read_text().splitlines():
            setting, mark, value = line.removeprefix("# ").partition("=")
            if mark and re.fullmatch(r"[A-Z_]+", setting):
                assert not config._is_secret(setting) or value in ("", "change-me"), line
                assert setting in known or setting.startswith(("STREAMLIT_", "OMP_", "TORCH_")), line


def test_limits_agree():
    site = (DEPLOY / "nginx.conf").read_text()
    body = int(re.search(r"client_max_body_size (\d+)m;", site)[1])
    streamlit = int(re.search(r"(?m)^maxUploadSize = (\d+)", (ROOT / ".streamlit/config.toml").read_text())[1])
    assert config.load().upload_limit_mb == streamlit < body <= 1.05 * streamlit


# --- a real nginx ---

def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


async def tell(request):
    body = await request.body()
    return JSONResponse({"path": request.url.path, "headers": dict(request.headers), "size": len(body)})


async def echo(socket):
    await socket.accept()
    await socket.send_text(json.dumps({"heard": await socket.receive_text(), "headers": dict(socket.headers)}))
    await socket.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give the port of an nginx with the site of `deploy/` in front of a server that tells what it was asked."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        pytest.skip("nginx or openssl is not installed")
    folder, (inner, plain, secure) = tmp_path_factory.mktemp("nginx"), free_ports(3)
    app = Starlette(routes=[WebSocketRoute("/_stcore/stream", echo),
                            Route("/{path:path}", tell, methods=["GET", "POST", "PUT"])])
    server = uvicorn.Server(uvicorn.Config(app, port=inner, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    (folder / "proxy.conf").write_text((DEPLOY / "nginx-proxy.conf").read_text())
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in {"/etc/letsencrypt/live/music.example.org/fullchain.pem": folder / "cert.pem",
                     "/etc/letsencrypt/live/music.example.org/privkey.pem": folder / "key.pem",
                     "/etc/nginx/music-integrated-system-proxy.conf": folder / "proxy.conf",
                     "/var/log/nginx/": f"{folder}/", "127.0.0.1:8501": f"127.0.0.1:{inner}",
                     "    listen [::]:80;\n": "", "    listen [::]:443 ssl http2;\n": "",
                     "listen 80;": f"listen 127.0.0.1:{plain};",
                     "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;"}.items():
        assert old in text
        text = text.replace(old, str(new))
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; include {folder}/site.conf; }}\n")
    nginx = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder])
    try:
        wait_for(secure)
        yield secure, plain, folder
    finally:
        nginx.terminate()
        nginx.wait(10)
        server.should_exit = True
        thread.join(10)


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ask(port, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting())
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_the_proxy_says_who_asks_and_nobody_can_say_it_for_himself(site):
    status, headers, body = ask(site[0], "/home?key=hidden", headers={
        "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Request-Id": "made-up-by-me"})
    told = json.loads(body)["headers"]
    assert status == 200 and told["x-forwarded-for"] == "127.0.0.1" and told["x-forwarded-proto"] == "https"
    assert re.fullmatch(r"[0-9a-f]{32}", told["x-request-id"]) and headers["Strict-Transport-Security"]
    file, deadline = site[2] / "music-integrated-system.access.log", time.monotonic() + 5
    while "GET /home" not in (log := file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)  # it is written after the answer
    assert "GET /home" in log and "hidden" not in log and "127.0.0.1" not in log and "127.0.0.0" in log


@pytest.mark.parametrize("path", ["/metrics", "/_stcore/metrics", "/readyz"])
def test_the_operators_routes_are_not_served(site, path):
    assert ask(site[0], path)[0] == 404


def test_uploads_up_to_the_limit(site):
    status, _, body = ask(site[0], "/_stcore/upload_file/session/1", "PUT", b"x" * (3 << 20))
    assert status == 200 and json.loads(body)["size"] == 3 << 20
    connection = http.client.HTTPSConnection("127.0.0.1", site[0], timeout=20, context=trusting())
    connection.putrequest("PUT", "/_stcore/upload_file/session/1")
    connection.putheader("Content-Length", str(206 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_the_websocket_goes_through(site):
    import websockets

    async def talk():
        async with websockets.connect(f"wss://127.0.0.1:{site[0]}/_stcore/stream", ssl=trusting(), proxy=None) as opened:
            await opened.send("annyeong")
            return json.loads(await opened.recv())

    told = asyncio.run(talk())
    assert told["heard"] == "annyeong" and told["headers"]["x-forwarded-proto"] == "https"


def test_plain_http_is_sent_to_https(site):
    connection = http.client.HTTPConnection("127.0.0.1", site[1], timeout=10)
    connection.request("GET", "/data", headers={"Host": "music.example.org"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, "https://music.example.org/data")


def test_tries_to_sign_in_are_slowed_down(site):
    found = [ask(site[0], "/account/sign-in", "POST", b"")[0] for _ in range(26)]
    assert found[0] == 200 and found.count(503) >= 1
