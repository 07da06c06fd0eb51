"""Sign-ins, codes that were mailed, and attempts that are counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

_ACTOR = """u.id AS user_id, u.nickname, u.role, u.kind, u.disabled_at, s.id, s.expires_at, s.operator_until,
            s.operator_proof, s.seen_at < now() - interval '1 minute' AS stale"""


# --- sign-ins -----------------------------------------------------------------------------------------------------


def add(connection: Connection, user_id: int, token_sha256: str, days: float, address: str, device: str) -> datetime:
    """Store a sign-in; return when it ends."""
    return connection.execute(
        text("""INSERT INTO sign_ins (user_id, token_sha256, expires_at, address, device)
                VALUES (:user, :token, now() + make_interval(secs => :seconds), :address, :device)
                RETURNING expires_at"""),
        {"user": user_id, "token": token_sha256, "seconds": days * 86_400, "address": address,
         "device": device}).scalar_one()


def by_token(connection: Connection, token_sha256: str) -> dict[str, Any] | None:
    """Return whose sign-in a token is, None if it is none or has ended."""
    row = connection.execute(
        text(f"""SELECT {_ACTOR} FROM sign_ins s JOIN users u ON u.id = s.user_id
                 WHERE s.token_sha256 = :token AND s.expires_at > now()"""), {"token": token_sha256}).first()
    return dict(row._mapping) if row else None


def touch(connection: Connection, sign_in_id: int) -> None:
    """Note that a browser was seen just now."""
    connection.execute(text("UPDATE sign_ins SET seen_at = now() WHERE id = :id"), {"id": sign_in_id})


def unlock(connection: Connection, sign_in_id: int, token_sha256: str, hours: float, proof: str) -> datetime:
    """Give a sign-in another token, and an administrator's rights for some hours; return when it ends.

    Parameters
    ----------
    proof : str
        Of the password that the rights were given for (`accounts.proof`).
    """
    return connection.execute(
        text("""UPDATE sign_ins SET token_sha256 = :token, seen_at = now(), operator_proof = :proof,
                       operator_until = now() + make_interval(secs => CAST(:seconds AS double precision))
                WHERE id = :id RETURNING expires_at"""),
        {"id": sign_in_id, "token": token_sha256, "seconds": hours * 3_600, "proof": proof}).scalar_one()


def lock(connection: Connection, token_sha256: str) -> int | None:
    """Take an administrator's rights from a browser; return whose it is, None if it had none."""
    return connection.execute(
        text("""UPDATE sign_ins SET operator_until = NULL, operator_proof = NULL
                WHERE token_sha256 = :token AND operator_until > now() RETURNING user_id"""),
        {"token": token_sha256}).scalar()


def end_token(connection: Connection, token_sha256: str) -> int | None:
    """End the sign-in of a token; return whose it was."""
    return connection.execute(text("DELETE FROM sign_ins WHERE token_sha256 = :token RETURNING user_id"),
                              {"token": token_sha256}).scalar()


def end_one(connection: Connection, user_id: int, sign_in_id: int) -> bool:
    """End one sign-in of a user; return whether there was such a one."""
    return connection.execute(text("DELETE FROM sign_ins WHERE id = :id AND user_id = :user"),
                              {"id": sign_in_id, "user": user_id}).rowcount > 0


def end_all(connection: Connection, user_id: int, keep_sha256: str | None = None) -> int:
    """End all sign-ins of a user but the one of a token; return how many."""
    return connection.execute(
        text("DELETE FROM sign_ins WHERE user_id = :user AND token_sha256 IS DISTINCT FROM CAST(:keep AS text)"),
        {"user": user_id, "keep": keep_sha256}).rowcount


def of_user(connection: Connection, user_id: int, token_sha256: str | None) -> list[dict[str, Any]]:
    """Return the sign-ins of a user that hold, the one of a token first, then the last seen."""
    rows = connection.execute(
        text("""SELECT id, created_at, seen_at, expires_at, address, device, operator_until,
                       token_sha256 IS NOT DISTINCT FROM CAST(:token AS text) AS current
                FROM sign_ins WHERE user_id = :user AND expires_at > now()
                ORDER BY current DESC, seen_at DESC, id DESC"""), {"user": user_id, "token": token_sha256})
    return [dict(row._mapping) for row in rows]


def known_address(connection: Connection, user_id: int, address: str) -> bool:
    """Return whether a user is signed in from a network address."""
    return connection.execute(
        text("SELECT EXISTS (SELECT FROM sign_ins WHERE user_id = :user AND address = :address AND address <> '')"),
        {"user": user_id, "address": address}).scalar_one()


# --- codes --------------------------------------------------------------------------------------------------------


def put_code(connection: Connection, user_id: int, purpose: str, code_sha256: str, minutes: float,
             new_email: str | None = None) -> None:
    """Store a code in place of the one before it."""
    connection.execute(
        text("""INSERT INTO account_codes (user_id, purpose, code_sha256, new_email, expires_at)
                VALUES (:user, :purpose, :code, :email, now() + make_interval(secs => :seconds))
                ON CONFLICT (user_id, purpose) DO UPDATE SET code_sha256 = excluded.code_sha256, tries = 0,
                    new_email = excluded.new_email, created_at = now(), expires_at = excluded.expires_at"""),
        {"user": user_id, "purpose": purpose, "code": code_sha256, "email": new_email, "seconds": minutes * 60})


def try_code(connection: Connection, user_id: int, purpose: str, most_tries: int) -> dict[str, Any] | None:
    """Count a try and return the code that holds, None if there is none or it was tried often enough.

    The row stays locked to the end of the transaction: of two tries at the same moment one waits.
    """
    row = connection.execute(
        text("""UPDATE account_codes SET tries = tries + 1
                WHERE user_id = :user AND purpose = :purpose AND expires_at > now() AND tries < :most
                RETURNING code_sha256, new_email"""),
        {"user": user_id, "purpose": purpose, "most": most_tries}).first()
    return dict(row._mapping) if row else None


def drop_code(connection: Connection, user_id: int, purpose: str) -> None:
    """Remove a code: used, or no longer wanted."""
    connection.execute(text("DELETE FROM account_codes WHERE user_id = :user AND purpose = :purpose"),
                       {"user": user_id, "purpose": purpose})


# --- attempts -----------------------------------------------------------------------------------------------------


def take_attempt(connection: Connection, kind: str, key: str, most: int, minutes: float) -> float | None:
    """Count an attempt; where there were `most` already, count nothing and return the minutes to wait.

    Those of one key take turns (a lock to the end of the transaction), so that many at once count as many.
    """
    values = {"kind": kind, "key": key, "seconds": minutes * 60, "most": most}
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:kind || ':' || :key, 7302))"), values)
    # clock_timestamp, not now: the transaction may have waited for its turn
    wait = connection.execute(
        text("""SELECT extract(epoch FROM min(at) - clock_timestamp() + make_interval(secs => :seconds)) / 60
                FROM (SELECT at FROM attempts
                      WHERE kind = :kind AND key = :key AND at > clock_timestamp() - make_interval(secs => :seconds)
                      ORDER BY at DESC LIMIT :most) AS last HAVING count(*) >= :most"""), values).scalar()
    if wait is not None:
        return float(wait)
    connection.execute(text("INSERT INTO attempts (kind, key, at) VALUES (:kind, :key, clock_timestamp())"), values)
    return None


def forgive(connection: Connection, kind: str, key: str) -> None:
    """Forget the attempts of a key: one has succeeded."""
    connection.execute(text("DELETE FROM attempts WHERE kind = :kind AND key = :key"), {"kind": kind, "key": key})


def take_back(connection: Connection, kind: str, key: str) -> None:
    """Forget the newest attempt of a key."""
    connection.execute(
        text("""DELETE FROM attempts WHERE ctid = (SELECT ctid FROM attempts WHERE kind = :kind AND key = :key
                                                   ORDER BY at DESC LIMIT 1)"""), {"kind": kind, "key": key})


def forget_attempts(connection: Connection, key: str) -> None:
    """Forget all attempts at an account, also those counted with a network address, and nicknames held for it."""
    connection.execute(
        text("""DELETE FROM attempts WHERE key = :key OR starts_with(key, :key || ':')
                OR (kind = 'nickname' AND right(key, length(:key) + 1) = ':' || :key)"""), {"key": key})


def reserved(connection: Connection, key: str, by: str, hours: float) -> bool:
    """Return whether a nickname is held for somebody else's sign-up that is under way (see `reserve`)."""
    return connection.execute(
        text("""SELECT EXISTS (SELECT FROM attempts WHERE kind = 'nickname' AND starts_with(key, :key || ':')
                               AND key <> :key || ':' || :by AND at > now() - make_interval(secs => :seconds))"""),
        {"key": key, "by": by, "seconds": hours * 3_600}).scalar_one()


def reserve(connection: Connection, key: str, by: str) -> None:
    """Hold a nickname as a new account would: whether it is free afterwards must not tell if one was made."""
    connection.execute(text("INSERT INTO attempts (kind, key) VALUES ('nickname', :key || ':' || :by)"),
                       {"key": key, "by": by})


def tidy(connection: Connection, *, most: int = 1_000) -> None:
    """Remove up to `most` attempts that count no more, codes and sign-ins that have ended.

    Rows that another one is removing are left to it.
    """
    for table, old in (("attempts", "at < now() - interval '25 hours'"), ("account_codes", "expires_at < now()"),
                       ("sign_ins", "expires_at < now()")):
        connection.execute(
            text(f"""DELETE FROM {table} WHERE ctid = ANY(ARRAY(
                     SELECT ctid FROM {table} WHERE {old} LIMIT :most FOR UPDATE SKIP LOCKED))"""), {"most": most})
