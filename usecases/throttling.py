"""How often something may be tried: counted in the database, so that all processes count together.

An attempt is counted before what it tries is looked at, so that many at the same moment cannot all slip through. What
is refused is not counted: whoever waits gets in.
"""

from __future__ import annotations

import hashlib
import math

import config
import db
from accounts import network_of, normalise_email
from queries import sign_ins as queries
from support.errors import DataError


def account_key(email: str) -> str:
    """Return under what an account's attempts are counted; it names nobody."""
    return _sha256(normalise_email(email))


def address_key(address: str) -> str:
    """Return under what the attempts of a network address are counted."""
    return _sha256(network_of(address))


def pair_key(email: str, address: str) -> str:
    """Return under what the attempts of an address at an account are counted."""
    return f"{account_key(email)}:{address_key(address)}"


def count(*tries: tuple[str, str]) -> None:
    """Count one attempt under each of several kinds (of `config.LIMITS`) and keys.

    Raises
    ------
    DataError
        If one of them was tried too often; then none is counted.
    """
    wait = None
    with db.begin() as connection:
        whole = connection.begin_nested()
        for kind, key in sorted(tries):  # always in the same order: two never wait for each other
            wait = queries.take_attempt(connection, kind, key, *config.LIMITS[kind])
            if wait is not None:
                whole.rollback()
                break
        else:
            whole.commit()
        queries.tidy(connection)
    if wait is not None:
        raise DataError("account.throttled", minutes=max(1, math.ceil(wait)))


def forgive(*tries: tuple[str, str]) -> None:
    """Forget the attempts under several kinds and keys: one has succeeded."""
    with db.begin() as connection:
        for kind, key in tries:
            queries.forgive(connection, kind, key)


def take_back(*tries: tuple[str, str]) -> None:
    """Count one attempt less under several kinds and keys: it was a right one, and those before it still count."""
    with db.begin() as connection:
        for kind, key in tries:
            queries.take_back(connection, kind, key)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
