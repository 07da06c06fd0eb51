"""What a form sends: its fields, whether it is our own form, and where to go afterwards.

A form counts only with the token that the same browser holds as a cookie (a foreign page can send a form, but can
neither read nor set that cookie), and only where the browser does not say that it comes from another site.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.requests import Request

MOST_BYTES = 16_384
MOST_FIELDS = 20
LONGEST_PATH = 1000
TOKEN_BYTES = 32
HOME = "/"
NOT_AFTERWARDS = ("/account/", "/auth/", "/oauth2callback", "/_stcore/", "/media/")
"""Where nobody is sent after signing in: these are no pages."""


async def fields(request: Request) -> dict[str, str] | None:
    """Return the fields of a form, the first value of each; None where it is no form or a huge one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return parsed(body)


def parsed(body: bytes) -> dict[str, str] | None:
    """Return the fields in the body of a form."""
    try:
        found = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    # a database keeps no NUL, and nobody types one
    return {name: values[0].replace("\0", "") for name, values in found.items()}


def new_token() -> str:
    """Return a token for forms."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def genuine(sent: str | None, held: str | None, headers: Mapping[str, str], public_url: str | None) -> bool:
    """Return whether a form is our own.

    Parameters
    ----------
    sent, held : str or None
        The token in the form and the one in the browser's cookie.
    headers : mapping of str to str
        Names in lower case.
    public_url : str or None
        Address under which the operator serves others.
    """
    if not sent or not held or not hmac.compare_digest(*(token.encode("utf-8", "replace") for token in (sent, held))):
        return False
    site = headers.get("sec-fetch-site")
    return site == "same-origin" if site else _same_host(headers, public_url)


def _same_host(headers: Mapping[str, str], public_url: str | None) -> bool:
    """Return whether a form comes from where it is sent to; older browsers say nothing, and then the token decides."""
    origin = headers.get("origin")
    if origin is None:
        return True
    return _netloc(origin) in {headers.get("host", "").lower(), _netloc(public_url or "")} - {""}


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def local_path(wanted: str | None) -> str:
    """Return `wanted` where it is a page of this server, else home: nobody is led elsewhere by a link to the door."""
    wanted = (wanted or "").partition("#")[0]
    if len(wanted) > LONGEST_PATH or not (_is_path(wanted) and _is_path(unquote(wanted))):
        return HOME
    return HOME if unquote(wanted).lower().startswith(NOT_AFTERWARDS) else wanted


def _is_path(value: str) -> bool:
    """Return whether every browser reads `value` as a path: some drop control characters, some turn backslashes."""
    return (value.startswith("/") and not value.startswith("//") and "\\" not in value
            and all(" " <= letter != "\x7f" for letter in value))
