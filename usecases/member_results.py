"""What the services of accounts return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from: network address, and a short name of the browser."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A sign-in that has begun; the token belongs into the browser's cookie and nowhere else."""

    token: str = field(repr=False)
    expires_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What signing up comes to: the same whether or not the address was free."""

    needs_code: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser that is signed in."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    device: str
    current: bool
    operator_until: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """An account as its owner and administrators see it."""

    id: int
    email: str | None
    nickname: str
    role: str
    kind: str
    bio: str
    created_at: datetime
    verified_at: datetime | None
    disabled_at: datetime | None
    seen_at: datetime | None
    has_password: bool


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A page of accounts; pages count from 1."""

    rows: tuple[Member, ...]
    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of the audit log; the name is that of today, None once the account is gone."""

    id: int
    at: datetime
    actor_id: int
    actor: str | None
    action: str
    item: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the audit log, newest first; pages count from 1."""

    rows: tuple[AuditRow, ...]
    count: int
    page: int
    pages: int
