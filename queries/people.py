"""Users and the audit log."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

_MEMBER = """id, email, nickname, role, kind, bio, created_at, verified_at, disabled_at, seen_at,
             password_hash IS NOT NULL AS has_password"""
_KEYS = _MEMBER + ", password_hash, terms_at, issuer, subject, signs_from"


# --- the audit log ------------------------------------------------------------------------------------------------


def record_act(connection: Connection, actor_id: int, action: str, item: str, **detail: Any) -> None:
    """Append an act to the audit log."""
    connection.execute(
        text("INSERT INTO audit_log (actor_id, action, object, detail) VALUES (:actor, :action, :item, :detail)"),
        {"actor": actor_id, "action": action, "item": item, "detail": json.dumps(detail, default=str)})


def acts(connection: Connection, search: str, offset: int, limit: int, action: str | None = None,
         ) -> tuple[list[dict[str, Any]], int]:
    """Return acts with a text in who, what or on what, of one kind where given, newest first, and their number."""
    values = {"search": search.lower(), "action": action, "offset": offset, "limit": limit}
    held = """(:search = '' OR strpos(lower(a.action), :search) > 0 OR strpos(lower(a.object), :search) > 0
               OR strpos(lower(coalesce(u.nickname, '')), :search) > 0 OR a.actor_id::text = :search)
              AND (CAST(:action AS text) IS NULL OR a.action = :action)"""
    rows = connection.execute(
        text(f"""SELECT a.id, a.at, a.actor_id, u.nickname AS actor, a.action, a.object AS item, a.detail
                 FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id WHERE {held}
                 ORDER BY a.id DESC OFFSET :offset LIMIT :limit"""), values)
    found = [dict(row._mapping) for row in rows]
    count = connection.execute(
        text(f"SELECT count(*) FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id WHERE {held}"), values)
    return found, count.scalar_one()


def actions(connection: Connection) -> dict[str, int]:
    """Return the kinds of acts there are in the audit log, the most frequent first, and how many of each."""
    rows = connection.execute(text("SELECT action, count(*) FROM audit_log GROUP BY action ORDER BY 2 DESC, 1"))
    return {action: count for action, count in rows}


# --- one user -----------------------------------------------------------------------------------------------------


def user(connection: Connection, user_id: int) -> dict[str, Any] | None:
    """Return id, nickname and role of a user, None if there is no such user."""
    row = connection.execute(text("SELECT id, nickname, role FROM users WHERE id = :id"), {"id": user_id}).first()
    return dict(row._mapping) if row else None


def account(connection: Connection, user_id: int, *, lock: bool = False) -> dict[str, Any] | None:
    """Return all there is of a user, None if there is no such user; nobody else changes it where it is locked."""
    row = connection.execute(text(f"SELECT {_KEYS} FROM users WHERE id = :id {'FOR UPDATE' if lock else ''}"),
                             {"id": user_id}).first()
    return dict(row._mapping) if row else None


def by_email(connection: Connection, email: str) -> dict[str, Any] | None:
    """Return the account of an address, in whatever case."""
    row = connection.execute(text(f"SELECT {_KEYS} FROM users WHERE lower(email) = lower(:email)"),
                             {"email": email}).first()
    return dict(row._mapping) if row else None


def by_subject(connection: Connection, issuer: str, subject: str) -> dict[str, Any] | None:
    """Return the account of somebody whom an identity provider knows."""
    row = connection.execute(text(f"SELECT {_KEYS} FROM users WHERE issuer = :issuer AND subject = :subject"),
                             {"issuer": issuer, "subject": subject}).first()
    return dict(row._mapping) if row else None


def nickname_taken(connection: Connection, key: str, but: int | None = None) -> bool:
    """Return whether somebody else has a nickname."""
    return connection.execute(
        text("""SELECT EXISTS (SELECT FROM users WHERE nickname_key = :key
                               AND id IS DISTINCT FROM CAST(:but AS integer))"""),
        {"key": key, "but": but}).scalar_one()


def add_user(connection: Connection, *, nickname: str, role: str, kind: str, email: str | None = None,
             password_hash: str | None = None, verified: bool = False, terms: bool = False, issuer: str | None = None,
             subject: str | None = None) -> int | None:
    """Store a user; return its id, None where nickname, address or subject is taken."""
    return connection.execute(
        text("""INSERT INTO users (nickname, role, kind, email, password_hash, verified_at, terms_at, issuer, subject)
                VALUES (:nickname, :role, :kind, :email, :password, CASE WHEN :verified THEN now() END,
                        CASE WHEN :terms THEN now() END, :issuer, :subject)
                ON CONFLICT DO NOTHING RETURNING id"""),
        {"nickname": nickname, "role": role, "kind": kind, "email": email, "password": password_hash,
         "verified": verified, "terms": terms, "issuer": issuer, "subject": subject}).scalar()


def change(connection: Connection, user_id: int, **columns: Any) -> bool:
    """Change columns of a user; return False where the new nickname or address is taken."""
    from sqlalchemy.exc import IntegrityError

    allowed = {"nickname", "bio", "email", "role", "password_hash", "kind"}
    if not set(columns) <= allowed:
        raise ValueError(f"Unknown columns: {set(columns) - allowed}")
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    try:
        with connection.begin_nested():
            return connection.execute(text(f"UPDATE users SET {changes} WHERE id = :id"),
                                      {"id": user_id, **columns}).rowcount > 0
    except IntegrityError:
        return False


def verify(connection: Connection, user_id: int) -> None:
    """Note that the address is its owner's."""
    connection.execute(text("UPDATE users SET verified_at = coalesce(verified_at, now()) WHERE id = :id"),
                       {"id": user_id})


def set_disabled(connection: Connection, user_id: int, disabled: bool) -> None:
    """Disable an account or enable it again."""
    connection.execute(
        text("UPDATE users SET disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END WHERE id = :id"),
        {"id": user_id, "disabled": disabled})


def sign_out_before_now(connection: Connection, user_id: int) -> None:
    """Have sign-ins at an identity provider up to now no longer hold."""
    connection.execute(text("UPDATE users SET signs_from = now() WHERE id = :id"), {"id": user_id})


def see(connection: Connection, user_id: int, silent_minutes: float) -> Any:
    """Note that a user is here, at most once a minute; return when the visit before the present one ended."""
    return connection.execute(
        text("""WITH seen AS (
                    UPDATE users SET seen_at = now(), seen_before = CASE
                        WHEN seen_at < now() - make_interval(secs => :seconds) THEN seen_at ELSE seen_before END
                    WHERE id = :id AND (seen_at IS NULL OR seen_at < now() - interval '1 minute')
                    RETURNING seen_before)
                SELECT coalesce((SELECT seen_before FROM seen), (SELECT CASE WHEN NOT EXISTS (SELECT FROM seen)
                       THEN seen_before END FROM users WHERE id = :id))"""),
        {"id": user_id, "seconds": silent_minutes * 60}).scalar()


# --- many users ---------------------------------------------------------------------------------------------------


def members(connection: Connection, search: str, offset: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return accounts that have a text in nickname or address, administrators first, and how many there are."""
    values = {"search": search.lower(), "offset": offset, "limit": limit}
    held = "(:search = '' OR strpos(nickname_key, :search) > 0 OR strpos(lower(coalesce(email, '')), :search) > 0)"
    rows = connection.execute(
        text(f"""SELECT {_MEMBER} FROM users WHERE {held}
                 ORDER BY role <> 'administrator', kind = 'anonymous', id DESC OFFSET :offset LIMIT :limit"""), values)
    found = [dict(row._mapping) for row in rows]
    return found, connection.execute(text(f"SELECT count(*) FROM users WHERE {held}"), values).scalar_one()


def lock_administrators(connection: Connection) -> list[int]:
    """Return the administrators who can sign in with a password; nobody else changes them in the meantime.

    They are locked in the order of their ids: of two who demote each other at the same moment one waits and fails.
    """
    return list(connection.execute(
        text("""SELECT id FROM users WHERE role = 'administrator' AND disabled_at IS NULL
                AND password_hash IS NOT NULL AND verified_at IS NOT NULL ORDER BY id FOR UPDATE""")).scalars())
