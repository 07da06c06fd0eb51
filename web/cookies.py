"""The cookies: one holds a sign-in, one ties a form to the browser it was drawn for, one the page to come back to.

All are ``HttpOnly`` and ``SameSite=Lax``; encrypted, they are ``Secure`` and carry the prefix ``__Host-``, which no
neighbouring site can set.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, unquote

from starlette.requests import HTTPConnection
from starlette.responses import Response

import services
from support.origins import cookie_name

LONGEST = 200
"""A token that is longer is none of ours."""
FORM_SECONDS = 12 * 3600
"""How long a form that was left open still counts."""
PAGE_SECONDS = 900
"""How long signing in elsewhere may take before it leads home rather than to the page that was asked for."""
LONGEST_PAGE = 1500
PROVIDERS_COOKIE = "_streamlit_user"
"""Streamlit's own, of somebody an identity provider has signed in."""


def sign_in_token(request: HTTPConnection, secure: bool) -> str | None:
    """Return the token of the sign-in cookie."""
    return _short(request.cookies.get(cookie_name(secure)))


def form_token(request: HTTPConnection, secure: bool) -> str | None:
    """Return the token of the cookie that ties forms to a browser."""
    return _short(request.cookies.get(form_cookie(secure)))


def keep_sign_in(response: Response, opened: services.Opened, secure: bool) -> None:
    """Give the browser a sign-in to keep."""
    seconds = max(1, int((opened.expires_at - datetime.now(UTC)).total_seconds()))
    _keep(response, cookie_name(secure), opened.token, seconds, secure)


def keep_form(response: Response, token: str, secure: bool) -> None:
    """Give the browser what its next form will be compared with."""
    _keep(response, form_cookie(secure), token, FORM_SECONDS, secure)


def drop_sign_in(response: Response, secure: bool) -> None:
    """Have the browser forget its sign-in."""
    response.delete_cookie(cookie_name(secure), path="/", secure=secure, httponly=True, samesite="lax")


def asked_page(request: HTTPConnection, secure: bool) -> str | None:
    """Return the page that was asked for before signing in, as the browser says: check it before it is gone to."""
    value = request.cookies.get(_page_cookie(secure))
    return unquote(value) if value and len(value) <= LONGEST_PAGE else None


def keep_page(response: Response, page: str, secure: bool) -> None:
    """Have the browser keep a page of ours until somebody is signed in; a longer one is let go."""
    if len(value := quote(page, safe="")) <= LONGEST_PAGE:
        _keep(response, _page_cookie(secure), value, PAGE_SECONDS, secure)


def drop_page(response: Response, secure: bool) -> None:
    """Have the browser forget the page that was asked for."""
    response.delete_cookie(_page_cookie(secure), path="/", secure=secure, httponly=True, samesite="lax")


def _page_cookie(secure: bool) -> str:
    return "__Host-mis_page" if secure else "mis_page"


def form_cookie(secure: bool) -> str:
    """Return the name of the cookie that ties forms to a browser."""
    return "__Host-mis_form" if secure else "mis_form"


def _keep(response: Response, name: str, value: str, seconds: int, secure: bool) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _short(value: str | None) -> str | None:
    return value if value and len(value) <= LONGEST else None
