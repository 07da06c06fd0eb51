"""Around every request: where it comes from, who is sent to the door, and what every answer says to the browser.

A plain ASGI layer: it looks at headers only, so that streams and websockets pass untouched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response

import config
import services
from locales import LANGUAGES, pick_language
from support import origins
from support.errors import AppError
from support.origins import Origin
from web import cookies, forms
from web.places import place

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

NO_PAGES = ("/account/", "/_stcore/", "/static/", "/media/", "/component/", "/auth/", "/oauth2callback", "/app/static/",
            "/healthz", "/readyz", "/metrics")
"""What is no page of the product: parts of pages, doors, and what machines ask."""
CALLBACK = "/oauth2callback"
"""Where an identity provider sends the browser back to; Streamlit leads home from there, whatever was asked for."""
FOR_GUESTS = "/song_dossier"
"""Page that a link with ``?share=`` shows to everybody."""

EMBEDDED = "https://www.youtube-nocookie.com"
"""The only foreign page that is shown inside ours: YouTube's own player."""
PAGES_POLICY = "; ".join((
    "default-src 'self'",
    # the pages' own bundle, which compiles charts (Vega) and comes with a script in its HTML
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data: blob: https:",  # covers of songs come from where the metadata says
    "media-src 'self' data: blob:",
    "connect-src 'self' data: blob:",
    f"frame-src 'self' blob: data: {EMBEDDED}",
    "object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'"))
"""What Streamlit's pages may load; found with Chromium, page by page (docs/adr/0031-sign-in-pages.md)."""
DOORS_POLICY = "; ".join(("default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action 'self'",
                          "base-uri 'none'", "frame-ancestors 'none'"))
"""The doors have no script at all."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # the address alone goes to other sites: paths and queries hold keys of shared dossiers; YouTube wants to know who
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), midi=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ENCRYPTED_FOR = "max-age=31536000"
"""A year, without what lies below the name: that may be somebody else's."""


class Guard:
    """Stands around every request.

    Parameters
    ----------
    app : ASGI application
    listens : callable
        Returns the address the server listens on.
    """

    def __init__(self, app: Application, listens: Callable[[], str | None]) -> None:
        self._app, self._listens = app, listens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the seal of where it comes from; a page is first asked who wants it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        found = _origin(scope, self._listens())
        scope = _sealed(scope, found)
        if scope["type"] == "websocket":
            await (self._app if origins.is_own(Headers(scope=scope)) else _turned_away)(scope, receive, send)
            return
        begun, send = _guarded(scope, found, send)
        try:
            await self._page_or(scope, receive, send, found)
        except Exception:
            if begun():
                raise
            log.exception("A request failed")
            await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)

    async def _page_or(self, scope: Scope, receive: Receive, send: Send, found: Origin) -> None:
        """Answer with the page itself, or with the way to the door."""
        if scope["path"] == CALLBACK:
            await self._app(scope, receive, _leading_back(HTTPConnection(scope), found, send))
            return
        extra = await asyncio.to_thread(_entrance, scope, found) if is_page(scope) else None
        if extra is not None and extra.status_code != 200:
            await extra(scope, receive, send)
            return
        await self._app(scope, receive, _with_cookies(send, extra) if extra is not None else send)


async def _turned_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket before it is accepted, which the browser sees as 403."""
    log.warning("A page of another address (%s) wanted to connect and was refused; a proxy in front has to hand on the "
                "header Host as it came", Headers(scope=scope).get("origin", "")[:100])
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def origin_of(scope: Scope) -> Origin | None:
    """Return where a request comes from, as this layer has found."""
    return origins.unseal(Headers(scope=scope).get(origins.HEADER))


def is_page(scope: Scope) -> bool:
    """Return whether a browser asks for a page to show, rather than for a part of one."""
    headers = Headers(scope=scope)
    return (scope["method"] == "GET" and not scope["path"].startswith(NO_PAGES)
            and "text/html" in headers.get("accept", "")
            and headers.get("sec-fetch-mode", "navigate") == "navigate"
            and "prefetch" not in headers.get("sec-purpose", ""))


def who(token: str | None) -> services.Actor | None:
    """Return whom a sign-in cookie stands for."""
    return services.who(token, local=False)


def _entrance(scope: Scope, found: Origin) -> Response | None:
    """Return what a page needs first: the way to the door, or a sign-in for a browser that is nobody yet."""
    try:
        services.start()
        auth = services.settings().auth
        request = HTTPConnection(scope)
        if auth == "oidc":
            return _remembered(request, found)
        if (auth == "off" and found.local) or who(cookies.sign_in_token(request, found.secure)):
            return None
        if _for_guests(request):
            return None
        if auth == "local":
            return RedirectResponse(_door(request), 303, {"cache-control": "no-store"})
        response = Response()
        opened = services.open_anonymous(place(found, request.headers.get("user-agent", "")), language(request))
        cookies.keep_sign_in(response, opened, found.secure)
        return response
    except AppError as error:  # the page says what is wrong, in the reader's language
        log.warning("A browser stays unknown: %s", error)
        return None


def _remembered(request: HTTPConnection, found: Origin) -> Response | None:
    """Return what has a browser that nobody is signed in with keep the page it asks for."""
    if request.url.path == "/" or any(name.startswith(cookies.PROVIDERS_COOKIE) for name in request.cookies):
        return None
    response = Response()
    cookies.keep_page(response, _path(request), found.secure)
    return response


def _leading_back(request: HTTPConnection, found: Origin, send: Send) -> Send:
    """Return a `send` that leads on to the page that was asked for, where the answer leads home; never elsewhere."""
    page = forms.local_path(cookies.asked_page(request, found.secure))
    gone = Response()
    cookies.drop_page(gone, found.secure)

    async def leading(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("location") == "/":
                headers["location"] = page
        await send(message)

    return _with_cookies(leading, gone)


def language(request: HTTPConnection) -> str:
    """Return the language the address names, else the browser's first."""
    wanted = request.query_params.get("lang")
    accepted = request.headers.get("accept-language", "").partition(",")[0].strip()
    return wanted if wanted in LANGUAGES else pick_language(accepted or None)


def _for_guests(request: HTTPConnection) -> bool:
    return request.url.path.rstrip("/") == FOR_GUESTS and bool(request.query_params.get("share"))


def _door(request: HTTPConnection) -> str:
    """Return the address of the sign-in form, which leads back to the page."""
    path = _path(request)
    query = {"next": path} if path != "/" else {}
    if lang := request.query_params.get("lang"):
        query["lang"] = lang
    return "/account/sign-in" + (f"?{urlencode(query)}" if query else "")


def _path(request: HTTPConnection) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _origin(scope: Scope, listens: str | None) -> Origin:
    peer = (scope.get("client") or ("", 0))[0]
    try:
        settings = services.settings()
        trusted, public_url = settings.trusted_proxies, settings.public_url
    except config.SettingsError:  # the page says which
        trusted, public_url = (), None
    return origins.origin(peer, Headers(scope=scope), scheme=scope.get("scheme", "http"), listens=listens,
                          trusted=trusted, public_url=public_url)


def _sealed(scope: Scope, found: Origin) -> Scope:
    """Return the scope with our own header in the place of any that came under its name."""
    name = origins.HEADER.encode()
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != name]
    return {**scope, "headers": [*headers, (name, origins.seal(found).encode("latin-1"))]}


def _guarded(scope: Scope, found: Origin, send: Send) -> tuple[Callable[[], bool], Send]:
    """Return whether an answer has begun, and a `send` that adds our headers to it."""
    begun = False
    policy = DOORS_POLICY if scope["path"].startswith("/account") else PAGES_POLICY

    async def guarded(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start":
            begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", policy)
            if found.secure:
                headers.setdefault("strict-transport-security", ENCRYPTED_FOR)
        await send(message)

    return lambda: begun, guarded


def _with_cookies(send: Send, extra: Response) -> Send:
    """Return a `send` that adds another answer's cookies."""
    added = [(name, value) for name, value in extra.raw_headers if name == b"set-cookie"]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *added]}
            MutableHeaders(scope=message)["cache-control"] = "no-store"  # a page with a cookie is nobody else's
        await send(message)

    return sending
