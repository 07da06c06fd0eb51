"""Accounts with a password: signing up, confirming the address, resetting and changing things of one's own.

Whether an address has an account is told to nobody: signing up, asking for a code and entering one answer alike, and
what differs is said in a mail to that address. Codes have six digits, hold `config.CODE_MINUTES` minutes and take
`config.CODE_TRIES` tries and one use; only a hash is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

import accounts
import config
import db
from accounts import Actor
from queries import leaving, people
from queries import sign_ins as queries
from support.errors import DataError, NotAllowed, NotFound
from usecases import mails, throttling
from usecases.member_results import Member, Place, SignedUp
from usecases.sign_in import forget

# --- signing up -----------------------------------------------------------------------------------------------------


def sign_up(email: str, password: str, nickname: str, *, terms: bool, place: Place, lang: str = "en") -> SignedUp:
    """Make an account; an address that has one already gets the same answer.

    With a mail server the account works once `verify_email` has had the code that is mailed; the address of an
    existing account gets a mail that says so. Without one the account is ready at once.

    Raises
    ------
    NotAllowed
        If nobody signs up here (``AUTH`` is not ``local``).
    DataError
        If the terms were not accepted, or address, password or nickname cannot be taken; ``account.throttled``.
    ProviderError
        If the mail could not be sent.
    """
    if config.load().auth != "local":
        raise NotAllowed("account.no_sign_up")
    if not terms:
        raise DataError("account.terms")
    email, nickname = accounts.validate_email(email), accounts.validate_nickname(nickname)
    accounts.validate_password(password, email=email, nickname=nickname)
    with_mail = mails.configured()
    throttling.count(("sign_up_address", throttling.address_key(place.address)),
                     *([("mail_account", throttling.account_key(email))] if with_mail else []))
    hashed = accounts.hash_password(password)
    code = _enter(email, hashed, nickname, with_mail)
    if with_mail:
        mails.send(email, "verify" if code else "exists", lang, **({"code": code} if code else {}))
    return SignedUp(needs_code=with_mail)


def _enter(email: str, hashed: str, nickname: str, with_mail: bool) -> str | None:
    """Store an account that was signed up for; return the code to confirm it with, None where none is needed.

    An account that was never confirmed gives way. Where there is one that was, the nickname is held as if another had
    been made, so that trying it tells nothing.
    """
    key, by = accounts.nickname_key(nickname), throttling.account_key(email)
    with db.begin() as connection:
        leaving.drop_unverified(connection, config.UNVERIFIED_HOURS)  # whose nicknames are free again
        row = people.by_email(connection, email)
        # one of an identity provider is somebody's, though no mail was ever sent to it
        pending = (row is not None and row["kind"] == "member" and row["password_hash"] is not None
                   and row["verified_at"] is None and row["disabled_at"] is None)
        if (people.nickname_taken(connection, key, row["id"] if row and pending else None)
                or queries.reserved(connection, key, by, config.UNVERIFIED_HOURS)):
            raise DataError("account.nickname_taken", value=nickname)
        if row is not None and not pending:
            queries.reserve(connection, key, by)
            return None
        user_id = _pending(connection, row, email, hashed, nickname, with_mail)
        if not with_mail:
            return None
        return _new_code(connection, user_id, "verify")


def _pending(connection: Connection, row: Mapping[str, Any] | None, email: str, hashed: str, nickname: str,
             with_mail: bool) -> int:
    if row is not None:
        leaving.drop_user(connection, row["id"])
    user_id = people.add_user(connection, nickname=nickname, role="analyst", kind="member", email=email,
                              password_hash=hashed, verified=not with_mail, terms=True)
    if user_id is None:  # somebody else was faster by a moment
        raise DataError("account.nickname_taken", value=nickname)
    people.record_act(connection, user_id, "sign_up", f"user {user_id}")
    return user_id


def _new_code(connection: Connection, user_id: int, purpose: str, new_email: str | None = None) -> str:
    code = accounts.new_code()
    queries.put_code(connection, user_id, purpose, accounts.hash_code(user_id, purpose, code), config.CODE_MINUTES,
                     new_email)
    return code


def verify_email(email: str, code: str, place: Place) -> None:
    """Confirm the address of a new account with the code that was mailed.

    Raises
    ------
    DataError
        ``account.code_wrong``: wrong, used, over, tried too often, or no such account, all alike;
        ``account.throttled``.
    """
    def confirm(connection: Connection, user_id: int) -> None:
        people.verify(connection, user_id)
        people.record_act(connection, user_id, "verify_email", f"user {user_id}")

    _with_code(email, code, "verify", place, confirm)


def resend_code(email: str, place: Place, lang: str = "en") -> None:
    """Mail a new code to an account that is not confirmed yet; every address gets the same answer.

    Raises
    ------
    DataError
        ``account.throttled``
    ProviderError
        If no mail can be sent here.
    """
    _mail_code(email, "verify", place, lang)


# --- a forgotten password -------------------------------------------------------------------------------------------


def request_reset(email: str, place: Place, lang: str = "en") -> None:
    """Mail a code with which a new password can be set; every address gets the same answer.

    Raises
    ------
    DataError
        ``account.throttled``
    ProviderError
        If no mail can be sent here.
    """
    _mail_code(email, "reset", place, lang)


def _mail_code(email: str, purpose: str, place: Place, lang: str) -> None:
    if not mails.configured():
        mails.send(email, purpose, lang, code="")  # says so
    email = accounts.validate_email(email)
    throttling.count(("mail_account", throttling.account_key(email)),
                     ("mail_address", throttling.address_key(place.address)))
    with db.begin() as connection:
        row = people.by_email(connection, email)
        wanted = (row is not None and row["disabled_at"] is None and row["password_hash"] is not None
                  and (purpose == "reset" or row["verified_at"] is None))
        code = _new_code(connection, row["id"], purpose) if row is not None and wanted else None
    if code is not None:
        mails.send_later(email, purpose, lang, code=code)


def reset_password(email: str, code: str, new_password: str, place: Place) -> None:
    """Set a new password with the code that was mailed; all sign-ins end.

    Whoever has the code has the address: it counts as confirmed.

    Raises
    ------
    DataError
        If the password cannot be taken; ``account.code_wrong``; ``account.throttled``.
    """
    accounts.validate_password(new_password, email=accounts.normalise_email(email))
    hashed = accounts.hash_password(new_password)

    def renew(connection: Connection, user_id: int) -> None:
        people.change(connection, user_id, password_hash=hashed)
        people.verify(connection, user_id)
        queries.end_all(connection, user_id)
        people.record_act(connection, user_id, "reset_password", f"user {user_id}")

    forget(user_id=_with_code(email, code, "reset", place, renew))
    throttling.forgive(("sign_in_pair", throttling.pair_key(email, place.address)),
                       ("sign_in_account", throttling.account_key(email)))


def _with_code(email: str, code: str, purpose: str, place: Place, then: Any) -> int:
    """Do `then` if the code is right, in the same transaction that uses it up; return whose it was."""
    email = accounts.normalise_email(email)
    tries = (("code_account", throttling.account_key(email)), ("code_address", throttling.address_key(place.address)))
    throttling.count(*tries)
    with db.begin() as connection:
        row = people.by_email(connection, email)
        user_id = None if row is None or row["disabled_at"] is not None else int(row["id"])
        if user_id is not None and _use_code(connection, user_id, purpose, code) is not None:
            then(connection, user_id)
        else:
            user_id = None
    if user_id is None:  # raised outside: the try has to stay counted
        raise DataError("account.code_wrong")
    throttling.take_back(*tries)
    return user_id


def _use_code(connection: Connection, user_id: int, purpose: str, code: str) -> dict[str, Any] | None:
    """Return what a code stands for and remove it, None if it is wrong."""
    row = queries.try_code(connection, user_id, purpose, config.CODE_TRIES)
    if row is None or not accounts.same_code(row["code_sha256"], user_id, purpose, code):
        return None
    queries.drop_code(connection, user_id, purpose)
    return row


# --- one's own account ------------------------------------------------------------------------------------------------


def my_account(actor: Actor) -> Member:
    """Return the actor's own account.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        return member_of(_own(connection, actor))


def member_of(row: Mapping[str, Any]) -> Member:
    """Return an account as services show it."""
    return Member(**{name: row[name] for name in Member.__dataclass_fields__})


def change_nickname(actor: Actor, nickname: str) -> str:
    """Give the actor another nickname; return it as it is stored.

    Raises
    ------
    DataError
        If it cannot be taken or somebody has it.
    """
    nickname = accounts.validate_nickname(nickname)
    key = accounts.nickname_key(nickname)
    with db.begin() as connection:
        row = _own(connection, actor)
        by = throttling.account_key(row["email"] or "")
        held = queries.reserved(connection, key, by, config.UNVERIFIED_HOURS)
        if held or not people.change(connection, actor.id, nickname=nickname):
            raise DataError("account.nickname_taken", value=nickname)
        people.record_act(connection, actor.id, "change_nickname", f"user {actor.id}")
    forget(user_id=actor.id)
    return nickname


def change_bio(actor: Actor, bio: str) -> str:
    """Store what the actor says of themselves; return it as it is stored.

    Raises
    ------
    DataError
        If it is too long.
    """
    bio = accounts.validate_bio(bio)
    with db.begin() as connection:
        _own(connection, actor)
        people.change(connection, actor.id, bio=bio)
        people.record_act(connection, actor.id, "change_bio", f"user {actor.id}")
    return bio


def change_password(actor: Actor, old: str, new: str, keep_token: str | None = None) -> None:
    """Set another password; all sign-ins but the one of `keep_token` end.

    Raises
    ------
    DataError
        ``account.password_wrong``, ``account.throttled``, or if the new one cannot be taken.
    """
    row = check_password(actor, old)
    accounts.validate_password(new, email=row["email"] or "", nickname=row["nickname"])
    hashed = accounts.hash_password(new)
    with db.begin() as connection:
        people.change(connection, actor.id, password_hash=hashed)
        queries.drop_code(connection, actor.id, "reset")
        queries.end_all(connection, actor.id, accounts.hash_token(keep_token) if keep_token else None)
        people.record_act(connection, actor.id, "change_password", f"user {actor.id}")
    forget(user_id=actor.id)


def check_password(actor: Actor, password: str) -> dict[str, Any]:
    """Return the actor's account if this is its password.

    Raises
    ------
    DataError
        ``account.password_wrong``, ``account.throttled``; ``account.no_password`` where it has none.
    """
    with db.begin() as connection:
        row = _own(connection, actor)
    if not row["password_hash"]:
        raise DataError("account.no_password")
    key = ("password_account", f"user {actor.id}")
    throttling.count(key)
    if not accounts.verify_password(row["password_hash"], password):
        raise DataError("account.password_wrong")
    throttling.forgive(key)
    return row


def request_email_change(actor: Actor, password: str, new_email: str, lang: str = "en") -> SignedUp:
    """Begin to change the address: a code goes to the new one, which counts once `confirm_email_change` has it.

    An address that has an account gets a mail that says so; the answer is the same. Without a mail server the address
    is changed at once.

    Raises
    ------
    DataError
        ``account.password_wrong``, ``account.throttled``, ``account.email``.
    ProviderError
        If the mail could not be sent.
    """
    row = check_password(actor, password)
    email = accounts.validate_email(new_email)
    throttling.count(("mail_account", throttling.account_key(email)))
    if not mails.configured():
        with db.begin() as connection:
            _set_email(connection, row, email)
        return SignedUp(needs_code=False)
    with db.begin() as connection:
        taken = people.by_email(connection, email) is not None
        code = _new_code(connection, actor.id, "email", email)
    mails.send(email, "exists" if taken else "email", lang, **({} if taken else {"code": code}))
    return SignedUp(needs_code=True)


def confirm_email_change(actor: Actor, code: str) -> str:
    """Change the address to the one that the code was mailed to; return it.

    Raises
    ------
    DataError
        ``account.code_wrong``, ``account.throttled``.
    """
    throttling.count(("code_account", f"user {actor.id}"))
    with db.begin() as connection:
        row = _own(connection, actor)
        found = _use_code(connection, actor.id, "email", code)
        email: str | None = found["new_email"] if found else None
        if email is not None and not _set_email(connection, row, email):
            email = None  # somebody has taken it since
    if email is None:
        raise DataError("account.code_wrong")
    return email


def _set_email(connection: Connection, row: Mapping[str, Any], email: str) -> bool:
    """Change an address and forget what was counted under the old one; return False where it is taken."""
    if not people.change(connection, row["id"], email=email):
        return False
    if row["email"]:
        queries.forget_attempts(connection, throttling.account_key(row["email"]))
    queries.drop_code(connection, row["id"], "reset")
    people.record_act(connection, row["id"], "change_email", f"user {row['id']}")
    return True


def _own(connection: Connection, actor: Actor) -> dict[str, Any]:
    row = people.account(connection, actor.id)
    if row is None:
        raise NotFound("account.gone")
    return row
