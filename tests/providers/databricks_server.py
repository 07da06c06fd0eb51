"""A workspace on this machine that speaks the REST calls `providers.databricks` makes, with faults on demand.

    with DatabricksServer() as server:
        server.plan("run-now", Fault(429, headers={"Retry-After": "1"}))
        server.job = lambda parameters: Ends(logs='{"pipeline": "ingest"}')
        Databricks(server.url, server.token, 7)

A run passes through PENDING and RUNNING, a question each, and ends as `job` says for its parameters. A plain module:
tests and pages under test use it alike.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Fault:
    """What is answered in place of the answer: a status, bytes that are no JSON, silence, or a closed connection."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "INTERNAL_ERROR"
    body: bytes | None = None
    silent: bool = False
    closed: bool = False
    done: bool = False
    """Do what was asked first: the answer alone is lost."""


@dataclass(frozen=True)
class Ends:
    """How a run ends; `result` None: never."""

    result: str | None = "SUCCESS"
    logs: str | None = None
    notebook: str | None = None
    error: str | None = None
    trace: str | None = None
    message: str = ""
    tasks: bool = True


class DatabricksServer:
    """Starts with ``with``; keeps what it was asked."""

    def __init__(self, token: str = "dapi-secret-of-the-test") -> None:
        self.token, self.gone = token, threading.Event()
        self.asked: list[tuple[str, str, dict[str, object]]] = []
        self.runs: dict[int, dict[str, object]] = {}
        self.files: dict[str, bytes] = {}
        self.job = lambda parameters: Ends(logs=json.dumps({"pipeline": parameters[0]}))
        self._plans: dict[str, deque[Fault]] = defaultdict(deque)
        self._handles: dict[int, str] = {}
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.answer(self)

            do_POST = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.gone.set()
        self.http.shutdown()
        self.http.server_close()

    def plan(self, call, *faults):
        """Answer the next requests of a call (the end of its path) like this; None answers as is due."""
        self._plans[call].extend(faults)

    def calls(self):
        """Return the calls made, in order, by the end of their paths."""
        return [path.rsplit("/", 1)[-1] for _, path, _ in self.asked]

    def answer(self, handler):
        address = urlsplit(handler.path)
        content = self._content(handler)
        is_file = address.path.startswith("/api/2.0/fs/files/")
        values = {} if is_file else json.loads(content or b"{}") | {name: each[0] for name, each in parse_qs(address.query).items()}
        call = "upload" if is_file else address.path.rsplit("/", 1)[-1]
        with self._lock:
            self.asked.append((handler.command, address.path, values))
            plan = self._plans[call]
            fault = plan.popleft() if plan else None
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return self._send(handler, 401, {"error_code": "UNAUTHENTICATED", "message": f"not {self.token}"})
        if fault is not None:
            if fault.done:
                self._do(call, address.path, values, content)
            return self._fail(handler, fault)
        status, body = self._do(call, address.path, values, content)
        return self._send(handler, status, body)

    def _content(self, handler):
        if handler.headers.get("Transfer-Encoding") == "chunked":
            found = b""
            while size := int(handler.rfile.readline(), 16):
                found += handler.rfile.read(size)
                handler.rfile.readline()
            handler.rfile.readline()
            return found
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))

    def _fail(self, handler, fault):
        if fault.silent or fault.closed:
            self.gone.wait(20 if fault.silent else 0)
            handler.close_connection = True
            return None
        if fault.body is not None:
            return self._send(handler, 200, fault.body)
        return self._send(handler, fault.status, {"error_code": fault.code, "message": f"about {self.token}"}, fault.headers)

    def _do(self, call, path, values, content):
        if call == "upload":
            self.files[unquote(path.removeprefix("/api/2.0/fs/files"))] = content
            return 204, b""
        known = {"run-now": self._order, "get": self._get, "get-output": self._output, "cancel": self._cancel,
                 "create": self._create, "add-block": self._add_block, "close": lambda values: (200, {})}
        return known[call](values) if call in known else (404, {"error_code": "ENDPOINT_NOT_FOUND", "message": call})

    # --- jobs -----------------------------------------------------------------------------------------------------

    def _order(self, values):
        with self._lock:
            for number, run in self.runs.items():
                if run["key"] == values["idempotency_token"]:
                    return 200, {"run_id": number}
            number = 1000 + 10 * len(self.runs)
            self.runs[number] = {"key": values["idempotency_token"], "job": values["job_id"], "asked": 0, "state": None,
                                 "parameters": values["python_params"], "ends": self.job(values["python_params"])}
        return 200, {"run_id": number, "number_in_job": number}

    def _get(self, values):
        number = int(values["run_id"])
        if number not in self.runs:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such run"}
        run = self.runs[number]
        run["asked"] += 1
        ends = run["ends"]
        state = {"life_cycle_state": "PENDING" if run["asked"] < 2 else "RUNNING", "state_message": ""}
        if run["state"] == "CANCELED" or (run["asked"] > 2 and ends.result is not None):
            state = {"life_cycle_state": "TERMINATED", "result_state": run["state"] or ends.result, "state_message": ends.message}
        tasks = [{"run_id": number + 1, "task_key": "main", "state": state}] if ends.tasks else []
        return 200, {"run_id": number, "job_id": run["job"], "state": state, "tasks": tasks, "run_page_url": f"{self.url}/#run/{number}"}

    def _output(self, values):
        number = int(values["run_id"])
        run = self.runs.get(number - 1) or self.runs.get(number)
        ends = run["ends"]
        if ends.tasks and number in self.runs:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "Retrieving the output of runs with multiple tasks is not supported"}
        body = {"metadata": {"run_id": number}, "logs": ends.logs, "error": ends.error, "error_trace": ends.trace}
        if ends.notebook is not None:
            body["notebook_output"] = {"result": ends.notebook}
        return 200, {name: value for name, value in body.items() if value is not None}

    def _cancel(self, values):
        self.runs[int(values["run_id"])]["state"] = "CANCELED"
        return 200, {}

    # --- DBFS -----------------------------------------------------------------------------------------------------

    def _create(self, values):
        handle = len(self._handles) + 1
        self._handles[handle] = values["path"]
        self.files[values["path"]] = b""
        return 200, {"handle": handle}

    def _add_block(self, values):
        self.files[self._handles[values["handle"]]] += base64.b64decode(values["data"])
        return 200, {}

    def _send(self, handler, status, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
