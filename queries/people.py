"""Users and the audit log."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text


def record_act(connection: Connection, actor_id: int, action: str, item: str, **detail: Any) -> None:
    """Append an act to the audit log."""
    connection.execute(
        text("INSERT INTO audit_log (actor_id, action, object, detail) VALUES (:actor, :action, :item, :detail)"),
        {"actor": actor_id, "action": action, "item": item, "detail": json.dumps(detail, default=str)})


def user(connection: Connection, user_id: int) -> dict[str, Any] | None:
    """Return id, nickname and role of a user, None if there is no such user."""
    row = connection.execute(text("SELECT id, nickname, role FROM users WHERE id = :id"), {"id": user_id}).first()
    return dict(row._mapping) if row else None
