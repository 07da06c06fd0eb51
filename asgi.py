"""The server around `app.py`: starts the database, warms up, answers health checks, and stops cleanly.

``streamlit run asgi.py`` starts it; address, port and the rest come from ``.streamlit/config.toml``.

======== ==============================================================================================
route    answer
======== ==============================================================================================
/healthz 200 ``ok`` as long as the process answers
/readyz  200 when the database is reachable and migrated, else 503 with the reason as JSON
/account the forms of `web`: sign in, sign up, and out again
======== ==============================================================================================
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import services
import web
from locales import DEFAULT_LANGUAGE, t
from support.errors import AppError

log = logging.getLogger(__name__)

WARM = ("pandas", "pyarrow", "plotly.graph_objects", "support.charts", "views._sidebar")
"""Modules the first page needs; imported before anyone asks for it."""


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


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prepare in a thread, so that ``/healthz`` answers meanwhile; wait for it before stopping."""
    preparing = asyncio.create_task(asyncio.to_thread(prepare))
    yield
    await asyncio.wait([preparing])
    await asyncio.to_thread(services.stop)


def unexpected(error: Exception) -> bool:
    """Log what no page has foreseen, and say so in the user's language instead of Streamlit's own words."""
    log.error("A page failed", exc_info=error)
    lang = st.session_state.get("app_lang_now", DEFAULT_LANGUAGE)
    st.error(t(lang, "errors.unexpected", kind=type(error).__name__), icon=":material/error:")
    return True


async def healthz(request: Request) -> Response:
    """Answer that the process is up."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Answer whether pages can be served: the database is reachable and migrated."""
    ready, reason = await asyncio.to_thread(services.ready)
    return JSONResponse({"ready": ready, "reason": reason}, status_code=200 if ready else 503)


app = st.App(Path(__file__).with_name("app.py"), lifespan=lifespan, on_script_error=unexpected,
             routes=[Route("/healthz", healthz), Route("/readyz", readyz), *web.routes()],
             middleware=web.middleware(lambda: st.get_option("server.address")))

if __name__ == "__main__":
    app.run()
