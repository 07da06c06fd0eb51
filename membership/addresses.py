"""E-mail addresses and network addresses as they are compared."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from support.errors import DataError

LONGEST_EMAIL = 254
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
IPV6_NETWORK = 64
"""Bits of an IPv6 address that count: whoever has one has the other 64 bits too."""


def normalise_email(email: str) -> str:
    """Return an address as it is stored and compared: in lower case, without blanks around and what no text holds."""
    return email.encode("utf-8", "ignore").decode().replace("\0", "").strip().lower()


def validate_email(email: str) -> str:
    """Return the normalised address.

    Letters of other scripts in the domain are taken in their ASCII form (IDNA). Control characters, with which a mail
    could be given further recipients, match nothing.

    Raises
    ------
    DataError
        If this is no address mail can be sent to.
    """
    name, _, domain = normalise_email(email).rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        domain = ""
    found = f"{name}@{domain}"
    if not (name.isascii() and len(name) <= 64 and len(found) <= LONGEST_EMAIL and _LOCAL.fullmatch(name)
            and _DOMAIN.fullmatch(domain)):
        raise DataError("account.email", value=email.strip()[:60])
    return found


def network_of(address: str) -> str:
    """Return what stands for a network address when attempts are counted: IPv4 whole, IPv6 its first 64 bits."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return address.strip()[:64]
    if found.version == 6 and (mapped := getattr(found, "ipv4_mapped", None)):
        return str(mapped)
    return str(found) if found.version == 4 else str(ip_network((found, IPV6_NETWORK), strict=False))
