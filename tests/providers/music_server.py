"""A music server on this machine that speaks the protocol of `providers.music_http`, with faults on demand.

    with MusicServer() as server:
        server.plan(Act("status", status=429, headers={"Retry-After": "1"}), Act("job"))
        HttpMusic(server.url)

A request takes the first act planned, else the default. A plain module: tests, benches and pages under test use it alike.
"""

from __future__ import annotations

import base64
import io
import json
import math
import struct
import threading
import wave
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def tone(seconds: float, seed: int, rate: int = 8_000) -> bytes:
    """Return a WAV of a tone whose pitch the seed decides."""
    hertz, file = 200 + seed % 400, io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        count = round(seconds * rate)
        out.writeframes(struct.pack(f"<{count}h", *(int(9000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(count))))
    return file.getvalue()


@dataclass(frozen=True)
class Act:
    """What the server does with one request.

    kind: ``audio`` (the file itself); ``base64``; ``job`` (a job of `steps` questions, its music as `then` says);
    ``failed`` (a job that fails with `code`); ``status`` (answers with `status`, `headers`, `code`); ``json`` (answers
    with `body` as JSON); ``closed`` (closes the connection before it answers); ``cut`` (closes it within the answer);
    ``mute`` (never answers); ``endless`` (sends and sends). `audio` is sent in place of a tone.
    """

    kind: str = "audio"
    audio: bytes | None = None
    media: str = "audio/wav"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "server_error"
    body: object = None
    steps: int = 3
    then: str = "audio"
    told: bool = True


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, object] | None


class MusicServer:
    """Starts with ``with``; keeps what it was asked."""

    def __init__(self, key: str | None = None) -> None:
        self.key, self.gone = key, threading.Event()
        self.reset()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                server.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_GET(self):
                server.answer(self, None)

            do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1/music"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.gone.set()
        self.http.shutdown()
        self.http.server_close()

    def reset(self):
        """Forget what was asked and planned."""
        self.default, self.asked, self.jobs, self.key = Act(), [], {}, None
        self._plan, self._polls = deque(), deque()

    def plan(self, *acts):
        """Do this with the next requests for music."""
        self._plan.extend(acts)

    def plan_polls(self, *acts):
        """Do this with the next questions how far a job is; None answers as is due."""
        self._polls.extend(acts)

    def methods(self):
        """Return the methods asked, in order."""
        return [asked.method for asked in self.asked]

    def answer(self, handler, body):
        """Answer one request."""
        self.asked.append(Asked(handler.command, handler.path, {name.lower(): value for name, value in handler.headers.items()}, body))
        if self.key and handler.headers.get("Authorization") != f"Bearer {self.key}":
            return self._json(handler, {"error": {"code": "invalid_key"}}, 401)
        if handler.command == "POST":
            act = self._plan.popleft() if self._plan else self.default
            return self._do(handler, act, body)
        name = handler.path.rsplit("/", 1)[-1]
        if handler.command == "DELETE":
            self.jobs.pop(name, None)
            return self._json(handler, {}, 200)
        planned = self._polls.popleft() if self._polls else None
        if planned is not None:
            return self._do(handler, planned, None)
        return self._poll(handler, name)

    def _do(self, handler, act, body):
        audio = act.audio if act.audio is not None else tone(body["seconds"], body["seed"]) if body else b""
        if act.kind in ("job", "failed"):
            name = f"job-{len(self.asked)}"
            self.jobs[name] = [0, act, audio]
            return self._json(handler, {"job": name}, 202)
        if act.kind in ("closed", "mute"):
            if act.kind == "mute":
                self.gone.wait(10)
            handler.close_connection = True
            return None
        if act.kind == "status":
            return self._json(handler, {"error": {"code": act.code}}, act.status, act.headers)
        if act.kind == "json":
            return self._json(handler, act.body, 200)
        if act.kind == "base64":
            return self._json(handler, {"audio": base64.b64encode(audio).decode()}, 200)
        return self._audio(handler, act, audio)

    def _audio(self, handler, act, audio):
        handler.send_response(200)
        handler.send_header("Content-Type", act.media)
        if act.kind != "endless":
            handler.send_header("Content-Length", str(len(audio)))
        handler.end_headers()
        handler.wfile.write(audio[:len(audio) // 2] if act.kind == "cut" else audio)
        try:
            while act.kind == "endless":
                handler.wfile.write(bytes(1 << 16))
        except OSError:
            pass
        handler.close_connection = act.kind in ("cut", "endless")

    def _poll(self, handler, name):
        if name not in self.jobs:
            return self._json(handler, {"error": {"code": "no_such_job"}}, 404)
        job = self.jobs[name]
        done, act, audio = job
        job[0] += 1
        if done < act.steps:
            told = {"progress": done / act.steps} if act.told else {}
            return self._json(handler, {"state": "running" if done else "queued", **told}, 200)
        if act.kind == "failed":
            return self._json(handler, {"state": "failed", "error": act.code}, 200)
        return self._do(handler, Act(act.then), None) if act.then not in ("audio", "base64") else \
            self._do(handler, Act(act.then, audio), None)

    def _json(self, handler, body, status, headers=None):
        text = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)
