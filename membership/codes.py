"""Secrets of a short life: codes that are mailed, tokens of sign-ins."""

from __future__ import annotations

import hashlib
import hmac
import secrets

DIGITS = 6


def new_code() -> str:
    """Return a code of six digits."""
    return f"{secrets.randbelow(10 ** DIGITS):0{DIGITS}}"


def hash_code(user_id: int, purpose: str, code: str, salt: str | None = None) -> str:
    """Return ``salt:hex`` of a code: HMAC-SHA-256 (RFC 2104) with a salt, of whose code it is and what for."""
    salt = salt or secrets.token_hex(16)
    return f"{salt}:{hmac.new(salt.encode(), f'{user_id}:{purpose}:{code}'.encode(), hashlib.sha256).hexdigest()}"


def same_code(stored: str, user_id: int, purpose: str, code: str) -> bool:
    """Return whether a code is the one whose hash is stored; blanks in between do not count."""
    found = hash_code(user_id, purpose, "".join(code.split()), stored.partition(":")[0])
    return hmac.compare_digest(found, stored)


def new_token() -> str:
    """Return what a browser's cookie holds: 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return under which name a sign-in is stored; 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def proof(token: str, password: str) -> str:
    """Return what shows that a browser was given `password`: HMAC-SHA-256 (RFC 2104) with the browser's token as key.

    The token is stored nowhere, so whoever reads the database cannot try passwords against it.
    """
    return hmac.new(token.encode("utf-8", "replace"), password.encode(), hashlib.sha256).hexdigest()


def same_text(one: str, other: str) -> bool:
    """Compare two secrets in a time that says nothing of where they differ."""
    return hmac.compare_digest(hashlib.sha256(one.encode()).digest(), hashlib.sha256(other.encode()).digest())
