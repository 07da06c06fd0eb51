"""Who is at a browser: sign-ins by password, anonymous visitors, the operator's password, identity providers.

A browser holds a token of 256 random bits in a cookie; the database holds its SHA-256. The token changes whenever the
rights behind it do, so that one planted before is worth nothing. What a token means is kept for `KEPT_S` seconds in a
process, and forgotten at once in the process that changes it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cachetools import TTLCache

import accounts
import config
import db
from accounts import Actor
from queries import people
from queries import sign_ins as queries
from support.errors import DataError, NotAllowed, NotFound
from usecases import throttling
from usecases.member_results import Opened, Place, SignIn

log = logging.getLogger(__name__)
KEPT_S = 5.0
SEEN_S = 60.0
_lock = threading.Lock()
_changes = 0
"""How often something was forgotten: what was read from the database before that is not kept."""
_actors: TTLCache[str, tuple[Actor, datetime]] = TTLCache(8_192, KEPT_S)
_claimed: TTLCache[tuple[Any, ...], Actor] = TTLCache(8_192, KEPT_S)
_visits: TTLCache[int, Any] = TTLCache(8_192, SEEN_S)
_NEVER = object()


def sign_in(email: str, password: str, place: Place, *, old_token: str | None = None) -> Opened:
    """Begin a sign-in; what the browser was signed in with before ends.

    Unknown account, wrong password and disabled account answer alike, after the same work.

    Raises
    ------
    NotAllowed
        If nobody signs in with a password here (``AUTH`` is not ``local``).
    DataError
        ``account.wrong``; ``account.unverified`` with the right password of an account whose address is not confirmed;
        ``account.throttled`` after too many tries.
    """
    if config.load().auth != "local":
        raise NotAllowed("account.no_sign_up")
    pair = ("sign_in_pair", throttling.pair_key(email, place.address))
    with db.begin() as connection:
        row = people.by_email(connection, accounts.normalise_email(email))
        known = row is not None and queries.known_address(connection, row["id"], accounts.network_of(place.address))
    tries = [("sign_in_address", throttling.address_key(place.address))]
    if not known:  # nobody can lock an owner out from elsewhere
        tries.append(("sign_in_account", throttling.account_key(email)))
    throttling.count(pair, *tries)
    if not _right(row, password) or row is None or row["disabled_at"] is not None:
        raise DataError("account.wrong")
    if row["verified_at"] is None:
        raise DataError("account.unverified")
    throttling.forgive(pair)
    throttling.take_back(*tries)
    _renew_hash(row, password)
    return _open(row, place, config.load().sign_in_days, old_token=old_token, act="sign_in")


def _right(row: Mapping[str, Any] | None, password: str) -> bool:
    if row is None or not row["password_hash"]:
        return accounts.dummy_verify(password)
    return accounts.verify_password(row["password_hash"], password)


def _renew_hash(row: Mapping[str, Any], password: str) -> None:
    """Hash a password anew where the library's parameters have become stronger."""
    if accounts.needs_rehash(row["password_hash"]):
        renewed = accounts.hash_password(password)
        with db.begin() as connection:
            people.change(connection, row["id"], password_hash=renewed)


def _open(row: Mapping[str, Any], place: Place, days: float, *, old_token: str | None, act: str) -> Opened:
    token = accounts.new_token()
    with db.begin() as connection:
        if old_token:
            queries.end_token(connection, accounts.hash_token(old_token))
        ends = queries.add(connection, row["id"], accounts.hash_token(token), days,
                           accounts.network_of(place.address), place.device[:80])
        people.see(connection, row["id"], config.VISIT_MINUTES)
        people.record_act(connection, row["id"], act, f"user {row['id']}")
    forget(token=old_token)
    return Opened(token, ends, Actor(row["id"], row["role"], row["nickname"], row["kind"]))


def actor_by_token(token: str | None) -> Actor | None:
    """Return who is behind a cookie; None if nobody is (any more).

    With ``AUTH=off`` these are anonymous visitors, with ``AUTH=local`` accounts with a password: a token from before a
    change of that setting opens nothing.
    """
    if not token:
        return None
    name = accounts.hash_token(token)
    with _lock:
        kept, seen = _actors.get(name), _changes
    if kept is not None:
        return kept[0] if kept[1] > datetime.now(UTC) else None
    with db.begin() as connection:
        row = queries.by_token(connection, name)
        if row is None or row["disabled_at"] is not None or not _fits(row["kind"]):
            return None
        if row["stale"]:
            queries.touch(connection, row["id"])
            people.see(connection, row["user_id"], config.VISIT_MINUTES)
    actor, until = _actor_of(row, token)
    with _lock:
        if seen == _changes:
            _actors[name] = (actor, until)
    return actor


def _fits(kind: str) -> bool:
    return kind in {"off": ("anonymous",), "local": ("member", "local")}.get(config.load().auth, ())


def _actor_of(row: Mapping[str, Any], token: str) -> tuple[Actor, datetime]:
    """Return the actor of a sign-in, and until when that is so."""
    until = row["operator_until"]
    operates = until is not None and until > datetime.now(UTC) and _proven(row["operator_proof"], token)
    role = "administrator" if operates else row["role"]
    return (Actor(row["user_id"], role, row["nickname"], row["kind"]),
            min(until, row["expires_at"]) if operates else row["expires_at"])


def forget(*, token: str | None = None, user_id: int | None = None) -> None:
    """Forget what is kept of a token or of a user: it has just changed."""
    global _changes
    with _lock:
        _changes += 1
        if token:
            _actors.pop(accounts.hash_token(token), None)
        if user_id is not None:
            # what is over goes by itself at any moment, so nothing is taken for granted between two looks
            for name in list(_actors):
                if (kept := _actors.get(name)) is not None and kept[0].id == user_id:
                    _actors.pop(name, None)
            for claims in list(_claimed):
                if (actor := _claimed.get(claims)) is not None and actor.id == user_id:
                    _claimed.pop(claims, None)
            _visits.pop(user_id, None)


def forget_all() -> None:
    """Forget all that is kept (tests, and a change of settings)."""
    with _lock:
        _actors.clear()
        _claimed.clear()
        _visits.clear()


# --- ending ---------------------------------------------------------------------------------------------------------


def sign_out(token: str | None) -> None:
    """End the sign-in of a token; one that is none is no error."""
    if not token:
        return
    with db.begin() as connection:
        user_id = queries.end_token(connection, accounts.hash_token(token))
        if user_id is not None:
            people.record_act(connection, user_id, "sign_out", f"user {user_id}")
    forget(token=token)


def sign_out_everywhere(actor: Actor, keep_token: str | None = None) -> int:
    """End all sign-ins of the actor but the one of `keep_token`; return how many.

    Those at an identity provider end as well: what it said up to now no longer counts.
    """
    with db.begin() as connection:
        ended = queries.end_all(connection, actor.id, accounts.hash_token(keep_token) if keep_token else None)
        people.sign_out_before_now(connection, actor.id)
        people.record_act(connection, actor.id, "sign_out_everywhere", f"user {actor.id}", ended=ended)
    forget(user_id=actor.id)
    return ended


def list_sign_ins(actor: Actor, token: str | None) -> tuple[SignIn, ...]:
    """Return where the actor is signed in, this browser first."""
    with db.begin() as connection:
        rows = queries.of_user(connection, actor.id, accounts.hash_token(token) if token else None)
    return tuple(SignIn(**row) for row in rows)


def end_sign_in(actor: Actor, sign_in_id: int) -> None:
    """End one of the actor's own sign-ins.

    Raises
    ------
    NotFound
        Also where it is another's.
    """
    with db.begin() as connection:
        if not queries.end_one(connection, actor.id, sign_in_id):
            raise NotFound("account.sign_in_gone")
        people.record_act(connection, actor.id, "end_sign_in", f"user {actor.id}")
    forget(user_id=actor.id)


# --- anonymous visitors and the operator's password -------------------------------------------------------------------


def open_anonymous(place: Place, lang: str = "en") -> Opened:
    """Make an anonymous analyst for a browser that nobody knows yet, with a made-up nickname.

    Raises
    ------
    DataError
        ``account.throttled`` if one network address makes too many.
    NotAllowed
        If people sign in here (``AUTH`` is not ``off``).
    """
    if config.load().auth != "off":
        raise NotAllowed("account.sign_in_first")
    throttling.count(("open_address", throttling.address_key(place.address)))
    return _open(_visitor(lang), place, config.ANONYMOUS_DAYS, old_token=None, act="open_anonymous")


def _visitor(lang: str) -> dict[str, Any]:
    for length in (4, 4, 6, 8, 12):
        nickname = accounts.made_up(lang, length)
        with db.begin() as connection:
            user_id = people.add_user(connection, nickname=nickname, role="analyst", kind="anonymous")
        if user_id is not None:
            return {"id": user_id, "role": "analyst", "nickname": nickname, "kind": "anonymous"}
    raise DataError("account.nickname_taken", value=nickname)


def _operator_password() -> str | None:
    """Return the operator's password where it counts: with accounts there are administrators."""
    settings = config.load()
    return settings.admin_password if settings.auth == "off" else None


def _proven(proof: str | None, token: str) -> bool:
    """Return whether the operator's password is still the one that a browser's rights were given for."""
    password = _operator_password()
    return password is not None and proof is not None and accounts.same_text(proof, accounts.proof(token, password))


def unlock_operator(token: str | None, password: str, place: Place) -> Opened:
    """Give a browser an administrator's rights for `config.OPERATOR_HOURS` by ``ADMIN_PASSWORD``; the token changes.

    The rights are of that password: where it is taken away or changed, they end.

    Raises
    ------
    DataError
        ``account.operator_off`` where there is no such password, ``account.operator_wrong``, ``account.throttled``.
    """
    wanted = _operator_password()
    if wanted is None:
        raise DataError("account.operator_off")
    key = throttling.address_key(place.address)
    throttling.count(("operator_address", key), ("operator_all", "all"))
    if not accounts.same_text(password, wanted):
        raise DataError("account.operator_wrong")
    throttling.forgive(("operator_address", key))
    throttling.take_back(("operator_all", "all"))
    if actor_by_token(token) is None or token is None:
        token = open_anonymous(place).token
    return _unlock(token, wanted)


def _unlock(token: str, password: str) -> Opened:
    fresh = accounts.new_token()
    with db.begin() as connection:
        row = queries.by_token(connection, accounts.hash_token(token))
        if row is None:
            raise NotFound("account.sign_in_gone")
        ends = queries.unlock(connection, row["id"], accounts.hash_token(fresh), config.OPERATOR_HOURS,
                              accounts.proof(fresh, password))
        people.record_act(connection, row["user_id"], "unlock_operator", f"user {row['user_id']}",
                          hours=config.OPERATOR_HOURS)
    forget(token=token)
    return Opened(fresh, ends, Actor(row["user_id"], "administrator", row["nickname"], row["kind"]))


def lock_operator(token: str | None) -> None:
    """Take the administrator's rights from a browser again; one that has none is no error."""
    if not token:
        return
    with db.begin() as connection:
        user_id = queries.lock(connection, accounts.hash_token(token))
        if user_id is not None:
            people.record_act(connection, user_id, "lock_operator", f"user {user_id}")
    forget(token=token)


# --- identity providers -----------------------------------------------------------------------------------------------


def oidc_actor(claims: Mapping[str, Any]) -> Actor:
    """Return the actor of somebody whom an identity provider has vouched for; make the account at the first time.

    Accounts are told apart by issuer and subject alone: an address can change hands. Administrators are those whose
    verified address is in ``OIDC_ADMINISTRATORS``; who is no longer in it is an analyst at the next look.

    Parameters
    ----------
    claims : mapping
        Of the identity token: ``iss``, ``sub``, ``iat``; ``email``, ``email_verified``, ``name``,
        ``preferred_username`` where the provider tells them.

    Raises
    ------
    DataError
        ``account.claims`` where issuer or subject are missing.
    NotAllowed
        ``account.disabled``; ``account.signed_out`` where the account was signed out everywhere since.
    """
    issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
    if not issuer or not subject:
        raise DataError("account.claims")
    email = _verified_email(claims)
    kept = (issuer, subject, claims.get("iat"), email)
    with _lock:
        actor, seen = _claimed.get(kept), _changes
    if actor is None:
        actor = _from_claims(claims, issuer, subject, email)
        with _lock:
            if seen == _changes:
                _claimed[kept] = actor
    return actor


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    if claims.get("email_verified") is not True and claims.get("email_verified") != "true":
        return None
    try:
        return accounts.validate_email(str(claims.get("email") or ""))
    except DataError:
        return None


def _from_claims(claims: Mapping[str, Any], issuer: str, subject: str, email: str | None) -> Actor:
    listed = email is not None and email in config.load().oidc_administrators
    with db.begin() as connection:
        row = people.by_subject(connection, issuer, subject)
        if row is None:
            _add_claimed(connection, claims, issuer, subject, "administrator" if listed else "analyst")
            row = people.by_subject(connection, issuer, subject)
            assert row is not None
        if row["disabled_at"] is not None:
            raise NotAllowed("account.disabled")
        if row["signs_from"] is not None and _issued(claims) <= int(row["signs_from"].timestamp()):
            raise NotAllowed("account.signed_out")
        role = "administrator" if listed else "analyst" if row["role"] == "administrator" else row["role"]
        if role != row["role"]:
            people.change(connection, row["id"], role=role)
            people.record_act(connection, row["id"], "set_role", f"user {row['id']}", role=role)
        if email != row["email"] and email is not None:
            if people.change(connection, row["id"], email=email):  # not where an account with a password has it
                people.verify(connection, row["id"])
        people.see(connection, row["id"], config.VISIT_MINUTES)
    return Actor(row["id"], role, row["nickname"], "oidc")


def _add_claimed(connection: Any, claims: Mapping[str, Any], issuer: str, subject: str, role: str) -> None:
    """Store the account of somebody who is here for the first time, under a nickname that nobody has."""
    given = next((name for claim in ("preferred_username", "name") if "@" not in str(claims.get(claim) or "@")
                  and (name := accounts.nickname_from(str(claims[claim])))), None) or accounts.made_up("en", 6)
    for nickname in (given, *(f"{given[:13]}-{secrets.token_hex(3)}" for _ in range(5))):
        user_id = people.add_user(connection, nickname=nickname, role=role, kind="oidc", issuer=issuer, subject=subject)
        if user_id is not None:
            people.record_act(connection, user_id, "sign_up", f"user {user_id}", role=role)
            return
        if people.by_subject(connection, issuer, subject) is not None:  # another process was first
            return
    raise DataError("account.nickname_taken", value=given)


def _issued(claims: Mapping[str, Any]) -> int:
    try:
        return int(claims.get("iat") or 0)
    except (TypeError, ValueError):
        return 0


# --- visits -----------------------------------------------------------------------------------------------------------


def visit(actor: Actor) -> datetime | None:
    """Return when the actor's visit before the present one ended, None at the first; written once a minute at most."""
    with _lock:
        if (kept := _visits.get(actor.id, _NEVER)) is not _NEVER:
            return kept
    with db.begin() as connection:
        before: datetime | None = people.see(connection, actor.id, config.VISIT_MINUTES)
    with _lock:
        _visits[actor.id] = before
    return before
