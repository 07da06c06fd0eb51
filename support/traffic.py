"""Around every request: an id that the log and the answer carry, a line in the log, and figures for Prometheus.

A plain ASGI layer that touches no body. Addresses of clients and queries of URLs (links hold keys) are not written
down; of paths only what a route needs to be told, since those of uploads and media name sessions and files.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from support import logs, metrics

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
HEADER = b"x-request-id"
_USABLE = re.compile(rb"[A-Za-z0-9_-]{8,64}")
OWN = ("/healthz", "/readyz", "/metrics")


class Traffic:
    """Gives each request an id: the one a proxy has sent in ``X-Request-Id``, else a new one.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope, name = _named(scope)
        with logs.bound(request=name):
            if scope["type"] == "websocket":
                await self._connection(scope, receive, send)
            else:
                await self._request(scope, receive, send, name)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        metrics.SOCKETS.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            metrics.SOCKETS.dec()

    async def _request(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        status, began = 500, time.monotonic()

        async def named(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, name.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            _tell(scope, status, time.monotonic() - began)


def _named(scope: Scope) -> tuple[Scope, str]:
    """Return the scope with one id among its headers, so that pages see it, and the id."""
    given = next((value for key, value in scope["headers"] if key == HEADER), b"")
    name = given if _USABLE.fullmatch(given) else uuid.uuid4().hex[:16].encode()
    headers = [(key, value) for key, value in scope["headers"] if key != HEADER] + [(HEADER, name)]
    return {**scope, "headers": headers}, name.decode()


def _tell(scope: Scope, status: int, seconds: float) -> None:
    kind = kind_of(scope["path"])
    metrics.REQUESTS.labels(kind, f"{status // 100}xx").inc()
    metrics.REQUEST_SECONDS.labels(kind).observe(seconds)
    level = logging.WARNING if status >= 500 and kind != "own" else \
        logging.DEBUG if kind in ("static", "media", "own", "other") else logging.INFO
    log.log(level, "%s %s: %d", scope["method"], shown(scope["path"]), status,
            extra={"status": status, "ms": round(1000 * seconds, 1)})


def kind_of(path: str) -> str:
    """Return what a path is: own, upload, media, static, page (one segment, no dot) or other."""
    if path in OWN:
        return "own"
    head = path.split("/")[1] if path.startswith("/") else ""
    if path.startswith("/_stcore/upload_file"):
        return "upload"
    if head in ("media", "static", "component", "_stcore"):
        return {"component": "static", "_stcore": "other"}.get(head, head)
    return "page" if path.count("/") == 1 and "." not in path else "other"


def shown(path: str) -> str:
    """Return as much of a path as says which route it was: at most two plain segments."""
    parts = [part if re.fullmatch(r"[A-Za-z_.-]{0,40}", part) else "…" for part in path.split("/")[1:]]
    return "/" + "/".join(parts[:2] + (["…"] if len(parts) > 2 else []))
