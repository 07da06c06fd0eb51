"""A real server in a process of its own, and Chromium to drive it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SHOTS = Path(os.environ.get("MIS_SCREENSHOTS") or ROOT / "screenshots")


@dataclass
class Server:
    url: str
    cmdata: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Start the product as `make run` does, with an empty folder of exports and a database of its own.

    Each file of tests has its own, so that none depends on what another has synced.
    """
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


@contextmanager
def running(folder: Path, port: int = 0, **settings: str) -> Iterator[Server]:
    """Start the product with its data in `folder` and the given settings, and stop it at the end."""
    cmdata = folder / "cmdata"
    cmdata.mkdir()
    port = port or free_port()
    environment = {**os.environ, "MIS_DATA_DIR": str(folder / "data"), "MIS_CMDATA_DIR": str(cmdata), **settings}
    environment.pop("DATABASE_URL", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "asgi.py", "--server.port", str(port),
             "--server.address", "127.0.0.1", "--server.headless", "true"],
            cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", cmdata, process)
    try:
        _wait(server, folder / "log")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def run_beside(server: Server, script: str, *given: str) -> str:
    """Run a script of this folder as another process on a server's data; return what it printed."""
    environment = {**os.environ, "MIS_DATA_DIR": str(server.cmdata.parent / "data")}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *given], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait(server: Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="package")
def browser():
    """Launch Chromium once; skip where there is none. It ends with this package: its event loop would outlive it."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install it, or name one in CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = watched(playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
        yield chromium
        chromium.close()


violations: list[str] = []
"""What the browser refused to load by the content security policy, since the test began."""


def watched(chromium):
    """Have every page of a browser say what the content security policy has refused."""
    make = chromium.new_context

    def new_context(**options):
        context = make(**options)
        context.on("console", lambda said: violations.append(said.text) if "Content Security Policy" in said.text else None)
        return context

    chromium.new_context = new_context
    return chromium


@pytest.fixture(autouse=True)
def nothing_refused() -> Iterator[None]:
    """Fail where a page wanted what the content security policy does not allow."""
    violations.clear()
    yield
    assert violations == []


@pytest.fixture(scope="session")
def shots() -> Path:
    """Folder that keeps the screenshots."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS
