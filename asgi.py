"""The server around `app.py`: starts the database, warms up, answers health checks, and stops cleanly.

``streamlit run asgi.py`` starts it; address, port and the rest come from ``.streamlit/config.toml``.

======== ==============================================================================================
route    answer
======== ==============================================================================================
/healthz 200 ``ok`` as long as the process answers
/readyz  200 when the database is reachable and migrated, else 503 with the reason as JSON
/metrics figures for Prometheus, for this machine or whoever sends ``METRICS_TOKEN`` as bearer token
/account the forms of `web`: sign in, sign up, and out again; files that are sent from the disk
======== ==============================================================================================
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import importlib
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
import streamlit.logger
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import services
import web
from config import SettingsError
from locales import DEFAULT_LANGUAGE, t
from support import logs, memory, metrics, stopping
from support.errors import AppError
from support.origins import is_local
from support.traffic import Traffic

log = logging.getLogger(__name__)

WARM = ("pandas", "pyarrow", "plotly.graph_objects", "support.charts", "views._sidebar")
"""Modules the first page needs; imported before anyone asks for it."""
LEAVE_S = 2.0
"""Seconds Python gets to end in after everything was stopped."""


def prepare() -> None:
    """Start the database, import what the pages need, and take all of that out of the collector's sight.

    Streamlit collects garbage after every run of a page and holds the interpreter meanwhile; what is loaded once and
    stays need not be looked at each time. A database that is away is no reason not to start: the pages say so and
    ``/readyz`` answers 503.
    """
    try:
        services.start()
    except AppError as error:
        log.error("The database is not available: %s", error)
    for name in WARM:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


async def tidy() -> None:
    """Give back what was freed, again and again, until cancelled."""
    while True:
        await asyncio.sleep(memory.EVERY_S)
        await asyncio.to_thread(memory.give_back)


def write_log() -> None:
    """Send all records through the one redacted handler, those of Streamlit and uvicorn as well."""
    settings = services.settings()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    streamlit.logger.setup_formatter = logs.adopt  # its loggers are made as its modules are imported, some later
    logs.set_up(as_json=as_json, level=settings.log_level, secrets=services.secrets(), file=settings.log_file)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prepare in a thread, so that ``/healthz`` answers meanwhile; wait for it before stopping.

    After SIGTERM requests, then jobs get `Settings.stop_s` seconds each to end in; jobs that do not are parked.
    """
    try:
        write_log()
        patience = services.settings().stop_s
    except SettingsError:  # the pages say which
        patience = 4.0
    undo = stopping.on_sigterm(patience)
    memory.use_few_arenas()
    tidying, preparing = asyncio.create_task(tidy()), asyncio.create_task(asyncio.to_thread(prepare))
    yield
    tidying.cancel()
    await asyncio.wait([preparing])
    left = await asyncio.to_thread(services.stop, for_good=stopping.asked(), wait_s=patience)
    undo()
    if stopping.asked() and left:
        log.warning("%s job(s) did not end in time and are stored as interrupted", left)
    if stopping.asked():
        stopping.leave(LEAVE_S)


def unexpected(error: Exception) -> bool:
    """Log what no page has foreseen, and say so in the user's language instead of Streamlit's own words.

    A database that goes away in the middle of a page, or while a page looks after its work, says so itself.
    """
    lang = st.session_state.get("app_lang_now", DEFAULT_LANGUAGE)
    if isinstance(error, AppError):
        log.warning("A page was broken off: %s", error)
        st.error(error.message(lang), icon=":material/error:")
        return True
    log.error("A page failed", exc_info=error)
    metrics.PAGE_ERRORS.inc()
    st.error(t(lang, "errors.unexpected", kind=type(error).__name__), icon=":material/error:")
    return True


async def healthz(request: Request) -> Response:
    """Answer that the process is up."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Answer whether pages can be served: the database is reachable and migrated."""
    ready, reason = await asyncio.to_thread(services.ready)
    return JSONResponse({"ready": ready, "reason": reason}, status_code=200 if ready else 503)


async def figures(request: Request) -> Response:
    """Answer with figures for Prometheus, to those who may have them."""
    if not admitted(request):
        return PlainTextResponse("Ask from this machine, or send METRICS_TOKEN as bearer token.\n", status_code=403)
    text, kind = await asyncio.to_thread(services.metrics_text)
    return Response(text, media_type=kind)


def admitted(request: Request) -> bool:
    """Return whether a request may see figures: from this machine and through no proxy, or with the token."""
    token = services.settings().metrics_token
    sent = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token and hmac.compare_digest(sent, token.encode()):
        return True
    peer = request.client.host if request.client else ""
    return is_local(peer, peer, request.headers)


app = st.App(Path(__file__).with_name("app.py"), lifespan=lifespan, on_script_error=unexpected,
             routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", figures), *web.routes()],
             middleware=[Middleware(Traffic), *web.middleware(lambda: st.get_option("server.address"))])

if __name__ == "__main__":
    app.run()
