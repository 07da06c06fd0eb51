"""Every client for HTTP is made here, and asks `providers.outbound` before each request.

One client a call for SDKs that want one for life, and sessions of requests for what is asked without an SDK.

A client's connections belong to the event loop they were opened in, and every call has a loop of its own
(`providers._calls`). Making an SDK's client takes up to 40 ms of computing, so the SDKs keep one and are handed
`shared`, which passes each request on to the client of the running loop.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import cache
from typing import TYPE_CHECKING, Any

from providers.outbound import permit

if TYPE_CHECKING:
    import httpx2
    import requests
    from urllib3.util.retry import Retry

MOST_BYTES = 96 << 20
"""Of one answer: a picture of 20 MB and two half-done ones, in base64. A chat takes a thousandth."""
_clients: dict[asyncio.AbstractEventLoop, httpx2.AsyncClient] = {}


class TooMuch(ValueError):
    """An answer is longer than `MOST_BYTES`."""


@cache
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates: read once, since that takes 60 ms."""
    import httpx2

    return httpx2.create_ssl_context()


@cache
def shared() -> httpx2.AsyncClient:
    """Return the client that is handed to SDKs."""
    import httpx2

    class PerCall(httpx2.AsyncClient):
        """Passes requests on to the client of the running event loop."""

        async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            return await _clients[asyncio.get_running_loop()].send(request, **options)

    return PerCall(verify=_certificates())


def open_client(loop: asyncio.AbstractEventLoop, connect_s: float, whole_s: float) -> None:
    """Make the client of a loop; `connect_s` and `whole_s` are the seconds to connect and to wait for bytes."""
    import httpx2

    limits = {"connect": connect_s, "pool": connect_s, "read": whole_s, "write": whole_s}

    async def limit(request: httpx2.Request) -> None:
        permit(str(request.url))
        # google-genai hands in no timeout at all unless it is one for everything.
        request.extensions = {**request.extensions, "timeout": limits}

    async def bound(response: httpx2.Response) -> None:
        response.stream = _bounded(response.stream)

    _clients[loop] = httpx2.AsyncClient(verify=_certificates(), event_hooks={"request": [limit], "response": [bound]})


async def close_client(loop: asyncio.AbstractEventLoop) -> None:
    """Close the client of a loop and its connections."""
    await _clients.pop(loop).aclose()


def session(retries: Retry | int = 0) -> requests.Session:
    """Return a session of requests; close it after use.

    Parameters
    ----------
    retries : Retry or int
        What is tried again, as urllib3 counts it.
    """
    import requests

    made = requests.Session()
    made.auth = lambda request: request  # none: a .netrc of the machine is not meant for these services
    mount(made, max_retries=retries)
    return made


def mount(session: requests.Session, **options: Any) -> None:
    """Have a session ask before each request; `options` are those of `requests.adapters.HTTPAdapter`."""
    adapter = _adapter()(**options)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)


@cache
def _adapter() -> type[requests.adapters.HTTPAdapter]:
    """Return the adapter that asks; a session sends each step of a redirect through it as well."""
    import requests

    class Asking(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *rest: Any, **named: Any) -> requests.Response:
            permit(request.url or "")
            return super().send(request, *rest, **named)

    return Asking


def _bounded(stream: Any) -> Any:
    """Return a stream of bytes that raises `TooMuch` once it has given `MOST_BYTES`."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = MOST_BYTES
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    raise TooMuch
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()
