"""What the server does around Streamlit: forms to sign in with, large files, and a layer around every request.

The forms are pages of their own, so that cookies can be ``HttpOnly``; the layer adds security headers and sends
whoever has to sign in to the door. `routes` and `middleware` are all that the server needs of it.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from web import doors, files
from web.guard import Guard
from web.pages import STATIC


def routes() -> list[BaseRoute]:
    """Return the routes below ``/account``."""
    shown = [Route(f"/account/{name}", endpoint, methods=["GET", "POST"]) for name, endpoint in doors.DOORS.items()]
    sent = Route("/account/my-data/{ticket}", files.my_data, methods=["GET"])
    return [*shown, sent, Mount("/account/static", StaticFiles(directory=STATIC))]


def middleware(listens: Callable[[], str | None]) -> list[Middleware]:
    """Return the layer that stands around every request.

    Parameters
    ----------
    listens : callable
        Returns the address the server listens on, None for all; asked at each request, since the server's options are
        read after its modules.
    """
    return [Middleware(Guard, listens=listens)]
