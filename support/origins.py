"""Where a request comes from: its network address, whether it travels encrypted, whether it is the operator's own.

The server sees each request before the pages do, so it settles all of this once and hands it on as a header that is
sealed with a secret of the process: a header of that name which comes from outside says nothing.

What proxies say (``X-Forwarded-For``, ``X-Forwarded-Proto``) counts only where the connection itself comes from an
address that the operator trusts. "Local" is narrow on purpose, since it stands for all rights: the server listens on
a loopback address only, the browser asked for a loopback name, and no proxy has left a trace.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

HEADER = "x-mis-origin"
"""Carries a sealed `Origin` from the server's middleware to the pages."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1")
PROXY_TRACES = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded", "via")
SCHEMES = ("https", "wss")
PLAIN_COOKIE = "mis_sign_in"
SECURE_COOKIE = "__Host-mis_sign_in"
"""Browsers take a cookie of this name from nobody but this very host, and only encrypted."""
_SEAL = secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str
    secure: bool
    local: bool


def origin(peer: str, headers: Mapping[str, str], *, scheme: str, listens: str | None, trusted: Collection[str],
           public_url: str | None) -> Origin:
    """Return where a request comes from.

    Parameters
    ----------
    peer : str
        Address of the connection.
    headers : mapping of str to str
        Names in lower case.
    scheme : str
        Of the connection: ``http``, ``https``, ``ws`` or ``wss``.
    listens : str or None
        Address the server listens on; None is all.
    trusted : collection of str
        Addresses and networks of proxies.
    public_url : str or None
        Address under which the operator serves others.
    """
    return Origin(address(peer, headers.get("x-forwarded-for", ""), trusted),
                  _secure(peer, headers, scheme, trusted, public_url), is_local(peer, listens, headers))


def address(peer: str, forwarded: str, trusted: Collection[str]) -> str:
    """Return the nearest address that is no trusted proxy: of what stands before it, anybody may have made it up."""
    nearest = _without_port(peer)
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not within(nearest, trusted):
            break
        nearest = _without_port(hop)
    return nearest


def is_own(headers: Mapping[str, str]) -> bool:
    """Return whether a websocket is opened by a page of the address it goes to, by one of this machine, or by no page.

    Parameters
    ----------
    headers : mapping of str to str
        Names in lower case.

    Notes
    -----
    The same as Streamlit lets pass without looking further. Before it refuses the rest it asks a service on the
    internet for the server's own address, so the rest must not get that far.
    """
    asked = headers.get("origin")
    if asked is None:
        return True
    try:
        parts = urlsplit(asked)
        return parts.netloc == headers.get("host") or parts.hostname in LOOPBACK_NAMES
    except ValueError:
        return False


def within(address: str, trusted: Collection[str]) -> bool:
    """Return whether an address is one of, or in one of the networks of, `trusted`."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(each, strict=False) for each in trusted)


def is_local(peer: str, listens: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether a request comes from this machine and through nothing else."""
    if not listens or not (loopback(listens) and loopback(peer)) or any(trace in headers for trace in PROXY_TRACES):
        return False
    # a page of elsewhere that a proxy or a rebound name leads here still says where it is from
    return all(loopback(name) for name in (_host(headers.get("host")), _host_of_url(headers.get("origin"))) if name)


def loopback(name: str) -> bool:
    """Return whether a name or an address is of this machine; a name is only looked at, never looked up."""
    bare = name.strip().lower().rstrip(".").strip("[]")
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def seal(found: Origin) -> str:
    """Return an origin as text that nobody outside the process can make."""
    return f"{_SEAL} {int(found.secure)} {int(found.local)} {found.address}"


def unseal(value: str | None) -> Origin | None:
    """Return the origin of a sealed text; None where it is not sealed by this process."""
    parts = (value or "").split(" ", 3)
    if len(parts) != 4 or not hmac.compare_digest(parts[0].encode("utf-8", "replace"), _SEAL.encode()):
        return None
    return Origin(parts[3], parts[1] == "1", parts[2] == "1")


def cookie_name(secure: bool) -> str:
    """Return the name of the cookie that holds a sign-in."""
    return SECURE_COOKIE if secure else PLAIN_COOKIE


def _secure(peer: str, headers: Mapping[str, str], scheme: str, trusted: Collection[str],
            public_url: str | None) -> bool:
    if scheme in SCHEMES or (public_url or "").lower().startswith("https://"):
        return True
    said = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    return said in SCHEMES and within(_without_port(peer), trusted)


def _without_port(value: str) -> str:
    """Return an address in its usual form, without port, brackets and zone; what is none becomes empty."""
    bare = value.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def _host(value: str | None) -> str:
    """Return the name in a Host header, without its port; what cannot be read is nobody's."""
    return _host_of_url(f"//{value}") if value else ""


def _host_of_url(value: str | None) -> str:
    if not value:
        return ""
    try:
        return urlsplit(value).hostname or "?"
    except ValueError:
        return "?"
