"""What administrators do with accounts: roles, disabling, the audit log; and what the operator does at the shell."""

from __future__ import annotations

from sqlalchemy import Connection

import accounts
import db
from accounts import ROLES, Actor, require
from queries import people
from queries import sign_ins as sign_in_queries
from support.errors import DataError, NotFound
from usecases.member_results import AuditPage, AuditRow, Member, MemberPage
from usecases.members import member_of
from usecases.sign_in import forget

PAGE = 50
"""Rows of a page."""


def list_members(actor: Actor, search: str = "", page: int = 1, size: int = PAGE) -> MemberPage:
    """Return a page of accounts that have `search` in nickname or address.

    Raises
    ------
    NotAllowed
    """
    require(actor, "people")
    with db.begin() as connection:
        rows, count = people.members(connection, _sought(search), (max(1, page) - 1) * size, size)
    return MemberPage(tuple(map(member_of, rows)), count, max(1, page), max(1, -(-count // size)))


def audit_trail(actor: Actor, search: str = "", page: int = 1, size: int = PAGE, *,
                action: str | None = None) -> AuditPage:
    """Return a page of the audit log: acts that have `search` in who (nickname, number), what or on what.

    Parameters
    ----------
    action : str, optional
        Only acts of this kind (`audit_actions`).

    Raises
    ------
    NotAllowed
    """
    require(actor, "people")
    with db.begin() as connection:
        rows, count = people.acts(connection, _sought(search), (max(1, page) - 1) * size, size, action)
    return AuditPage(tuple(AuditRow(**row) for row in rows), count, max(1, page), max(1, -(-count // size)))


def audit_actions(actor: Actor) -> dict[str, int]:
    """Return the kinds of acts in the audit log, the most frequent first, and how many there are of each.

    Raises
    ------
    NotAllowed
    """
    require(actor, "people")
    with db.begin() as connection:
        return people.actions(connection)


def _sought(search: str) -> str:
    return search.replace("\0", "").strip()[:100]


def set_role(actor: Actor, member_id: int, role: str) -> None:
    """Give an account another role.

    Raises
    ------
    NotAllowed
    NotFound
    DataError
        If there is no such role, the account is the last administrator, or its role is not for administrators to give:
        visitors stay analysts, administrators of an identity provider are named in the settings.
    """
    require(actor, "people")
    if role not in ROLES:
        raise DataError("account.role", value=role, accepted=", ".join(ROLES))
    with db.begin() as connection:
        row = _locked(connection, member_id)
        if row["kind"] == "anonymous":
            raise DataError("account.role_of_visitor")
        if row["kind"] == "oidc" and "administrator" in (role, row["role"]):
            raise DataError("account.role_by_settings")
        if role != "administrator":
            keep_an_administrator(connection, member_id)
        people.change(connection, member_id, role=role)
        people.record_act(connection, actor.id, "set_role", f"user {member_id}", role=role)
    forget(user_id=member_id)


def disable_member(actor: Actor, member_id: int) -> None:
    """Disable an account: its sign-ins end, and nobody gets in with it any more.

    Raises
    ------
    NotAllowed
    NotFound
    DataError
        If it is the last administrator.
    """
    require(actor, "people")
    with db.begin() as connection:
        _locked(connection, member_id)
        keep_an_administrator(connection, member_id)
        people.set_disabled(connection, member_id, True)
        sign_in_queries.end_all(connection, member_id)
        people.record_act(connection, actor.id, "disable_member", f"user {member_id}")
    forget(user_id=member_id)


def enable_member(actor: Actor, member_id: int) -> None:
    """Enable an account again.

    Raises
    ------
    NotAllowed
    NotFound
    """
    require(actor, "people")
    with db.begin() as connection:
        _locked(connection, member_id)
        people.set_disabled(connection, member_id, False)
        people.record_act(connection, actor.id, "enable_member", f"user {member_id}")
    forget(user_id=member_id)


def keep_an_administrator(connection: Connection, member_id: int) -> None:
    """Check that there is an administrator left without this account.

    Raises
    ------
    DataError
        ``account.last_administrator``
    """
    if people.lock_administrators(connection) == [member_id]:
        raise DataError("account.last_administrator")


def _locked(connection: Connection, member_id: int) -> dict[str, object]:
    # administrators first, always in the same order: two who act on each other never wait for one another
    people.lock_administrators(connection)
    row = people.account(connection, member_id, lock=True)
    if row is None:
        raise NotFound("account.gone")
    return row


# --- at the shell -----------------------------------------------------------------------------------------------------


def create_admin(email: str, password: str | None = None, nickname: str | None = None, *,
                 take_over: bool = False) -> Member:
    """Make an administrator with a password, or make an existing account one.

    Parameters
    ----------
    email : str
        Its address, which counts as confirmed.
    password : str, optional
        Of an existing account: None keeps the one it has.
    nickname : str, optional
        Of an existing account: None keeps the one it has.
    take_over : bool
        Whether the local user of ``AUTH=off`` gets these credentials, and so keeps all that was made with it.

    Raises
    ------
    DataError
        If address, password or nickname cannot be taken, or a new account lacks one.
    """
    email = accounts.validate_email(email)
    if nickname is not None:
        nickname = accounts.validate_nickname(nickname)
    if password is not None:
        accounts.validate_password(password, email=email, nickname=nickname or "")
    hashed = accounts.hash_password(password) if password is not None else None
    with db.begin() as connection:
        user_id = _administrator(connection, email, hashed, nickname, take_over)
        people.verify(connection, user_id)
        people.set_disabled(connection, user_id, False)
        sign_in_queries.end_all(connection, user_id)
        people.record_act(connection, accounts.LOCAL_ADMINISTRATOR.id, "create_admin", f"user {user_id}",
                          take_over=take_over)
        row = people.account(connection, user_id)
    assert row is not None
    forget(user_id=user_id)
    return member_of(row)


def _administrator(connection: Connection, email: str, hashed: str | None, nickname: str | None, take_over: bool,
                   ) -> int:
    found = people.by_email(connection, email)
    local = accounts.LOCAL_ADMINISTRATOR.id
    if take_over and found is not None and found["id"] != local:
        raise DataError("account.email_taken")
    user_id = local if take_over else found["id"] if found is not None else None
    row = people.account(connection, user_id) if user_id is not None else None
    if (row is None and nickname is None) or (hashed is None and (row is None or not row["password_hash"])):
        raise DataError("account.password_needed")
    if row is None:
        user_id = people.add_user(connection, nickname=nickname or "", role="administrator", kind="member",
                                  email=email, password_hash=hashed, verified=True)
    elif not people.change(connection, row["id"], role="administrator", email=email,
                           **({"password_hash": hashed} if hashed else {}),
                           **({"kind": "member"} if row["kind"] == "oidc" else {}),
                           **({"nickname": nickname} if nickname else {})):
        user_id = None
    if user_id is None:
        raise DataError("account.nickname_taken", value=nickname)
    return user_id


def set_password(email: str, password: str) -> Member:
    """Set the password of an account, for an operator at the shell; all its sign-ins end.

    Raises
    ------
    NotFound
    DataError
        If the password cannot be taken.
    """
    with db.begin() as connection:
        row = people.by_email(connection, accounts.normalise_email(email))
    if row is None:
        raise NotFound("account.gone")
    accounts.validate_password(password, email=row["email"], nickname=row["nickname"])
    hashed = accounts.hash_password(password)
    with db.begin() as connection:
        people.change(connection, row["id"], password_hash=hashed,
                      **({"kind": "member"} if row["kind"] == "oidc" else {}))  # from now on it has a password
        people.verify(connection, row["id"])
        sign_in_queries.end_all(connection, row["id"])
        people.record_act(connection, accounts.LOCAL_ADMINISTRATOR.id, "set_password", f"user {row['id']}")
    forget(user_id=row["id"])
    return member_of(row)
