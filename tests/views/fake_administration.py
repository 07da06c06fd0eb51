"""The part of the made-up services that administrators use: accounts and the audit trail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import accounts
from support.errors import DataError
from usecases import member_results as results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)


def member(number: int, nickname: str, role: str = "analyst", kind: str = "member", **given: Any) -> results.Member:
    """Return an account."""
    return results.Member(**{"id": number, "email": f"{nickname}@example.org", "nickname": nickname, "role": role,
                             "kind": kind, "bio": "", "created_at": MOMENT, "verified_at": MOMENT, "disabled_at": None,
                             "seen_at": MOMENT, "has_password": True, **given})


class FakeAdministration:
    """Five accounts and 120 acts."""

    def set_administration(self) -> None:
        self.members = [member(1, "local", "administrator", "local", email=None, has_password=False),
                        member(7, "mina"), member(8, "<b>juno</b>", "viewer", email="juno@example.org"),
                        member(9, "visitor-1a2b", kind="anonymous", email=None, has_password=False, seen_at=None),
                        member(10, "wren", disabled_at=MOMENT)]
        self.acts = [results.AuditRow(number, MOMENT + timedelta(minutes=number), 1 if number % 3 else 99,
                                      "local" if number % 3 else None, "sync" if number % 2 else "set_role",
                                      f"user {number}", {"role": "viewer"} if number % 2 == 0 else {})
                     for number in range(120, 0, -1)]
        self.acts[0] = replace(self.acts[0], item="=HYPERLINK(1)")

    def list_members(self, actor: accounts.Actor, search: str = "", page: int = 1, size: int = 50) -> results.MemberPage:
        self._note("list_members", actor, search, page, size)
        accounts.require(actor, "people")
        found = [each for each in self.members if search.lower() in f"{each.nickname} {each.email}".lower()]
        return results.MemberPage(tuple(found[(page - 1) * size:page * size]), len(found), page,
                                  max(1, -(-len(found) // size)))

    def _change(self, number: int, **given: Any) -> None:
        self.members = [replace(each, **given) if each.id == number else each for each in self.members]

    def set_role(self, actor: accounts.Actor, member_id: int, role: str) -> None:
        self._note("set_role", actor, member_id, role)
        if member_id == 1:
            raise DataError("account.last_administrator")
        self._change(member_id, role=role)

    def disable_member(self, actor: accounts.Actor, member_id: int) -> None:
        self._note("disable_member", actor, member_id)
        self._change(member_id, disabled_at=MOMENT)

    def enable_member(self, actor: accounts.Actor, member_id: int) -> None:
        self._note("enable_member", actor, member_id)
        self._change(member_id, disabled_at=None)

    def audit_actions(self, actor: accounts.Actor) -> dict[str, int]:
        self._note("audit_actions", actor)
        return {"set_role": 60, "sync": 60}

    def audit_trail(self, actor: accounts.Actor, search: str = "", page: int = 1, size: int = 50, *,
                    action: str | None = None) -> results.AuditPage:
        self._note("audit_trail", actor, search, page, size, action=action)
        accounts.require(actor, "people")
        found = [each for each in self.acts if search.lower() in f"{each.actor} {each.item}".lower()
                 and action in (None, each.action)]
        return results.AuditPage(tuple(found[(page - 1) * size:page * size]), len(found), page,
                                 max(1, -(-len(found) // size)))
