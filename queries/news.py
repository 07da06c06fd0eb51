"""What came since a moment: syncs, alerts, what a user's own jobs finished, answers to a user's posts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

_MADE = {
    "audition": """SELECT id, title, artist AS note, state, finished_at AS at, verdict AS fact FROM auditions
                   WHERE owner_id = :owner AND finished_at > :since AND state IN ('done', 'failed')""",
    "prediction": """SELECT id, title, artist AS note, state, finished_at AS at, CAST(round(score) AS text) AS fact
                     FROM predictions
                     WHERE owner_id = :owner AND finished_at > :since AND state IN ('done', 'failed')""",
    "bgm": """SELECT b.id, coalesce((array_agg(t.title ORDER BY t.variant) FILTER (WHERE t.id IS NOT NULL))[1],
                                    b.caption) AS title, '' AS note, b.state, b.finished_at AS at,
                     CAST(count(t.id) AS text) AS fact
              FROM bgm_batches b LEFT JOIN bgm_tracks t ON t.batch_id = b.id AND t.state = 'done'
                   AND t.deleted_at IS NULL
              WHERE b.owner_id = :owner AND b.finished_at > :since AND b.state IN ('done', 'failed')
              GROUP BY b.id""",
    "post": """SELECT p.id, p.title, (array_agg(u.nickname ORDER BY c.id DESC))[1] AS note, 'done' AS state,
                      max(c.created_at) AS at, CAST(count(*) AS text) AS fact
               FROM posts p JOIN comments c ON c.post_id = p.id LEFT JOIN users u ON u.id = c.author_id
               WHERE p.author_id = :owner AND p.deleted_at IS NULL AND p.removed_at IS NULL
                     AND c.author_id IS DISTINCT FROM p.author_id AND c.created_at > :since
                     AND c.deleted_at IS NULL AND c.removed_at IS NULL
               GROUP BY p.id""",
}
KINDS = tuple(_MADE)


def made(connection: Connection, kind: str, owner_id: int, since: datetime, limit: int,
         ) -> tuple[list[dict[str, Any]], int, int]:
    """Return what an owner's jobs ended, or posts that were answered, since a moment.

    The newest come first, then how many there are, and how many of them failed. A row has ``id, title, note, state, at,
    fact``; `fact` is a verdict, a score, a number of tracks or of answers.
    """
    rows = connection.execute(
        text(f"""SELECT x.*, count(*) OVER () AS every, count(*) FILTER (WHERE x.state = 'failed') OVER () AS failed
                 FROM ({_MADE[kind]}) AS x ORDER BY at DESC, id DESC LIMIT :limit"""),
        {"owner": owner_id, "since": since, "limit": limit})
    page = [dict(row._mapping) for row in rows]
    counts = [(row.pop("every"), row.pop("failed")) for row in page]
    return page, *(counts[0] if counts else (0, 0))


def syncs(connection: Connection, since: datetime) -> dict[str, Any]:
    """Return how many syncs ended since a moment, how many of those failed, and what they brought."""
    row = connection.execute(
        text("""SELECT count(*) AS runs, count(*) FILTER (WHERE state <> 'done') AS failed, max(finished_at) AS last_at,
                       coalesce(sum(CAST(totals ->> 'imported' AS integer)), 0) AS imported,
                       coalesce(sum(CAST(totals ->> 'refused' AS integer)) FILTER (WHERE id = newest), 0) AS refused
                FROM (SELECT r.*, max(id) OVER () AS newest FROM sync_runs r WHERE finished_at > :since) AS r"""),
        {"since": since}).one()
    return dict(row._mapping)


def grown(connection: Connection, since: datetime, limit: int) -> tuple[list[dict[str, Any]], int, int]:
    """Return the artists that syncs since a moment brought most readings for, how many artists, how many readings."""
    rows = connection.execute(
        text("""SELECT a.key, a.display_name AS name, sum(c.rows) AS rows, count(*) OVER () AS artists,
                       sum(sum(c.rows)) OVER () AS every
                FROM sync_changes c JOIN sync_runs r ON r.id = c.run_id JOIN artists a ON a.id = c.artist_id
                WHERE r.finished_at > :since GROUP BY a.id ORDER BY rows DESC, a.display_name LIMIT :limit"""),
        {"since": since, "limit": limit})
    page = [dict(row._mapping) for row in rows]
    counts = [(row.pop("artists"), int(row.pop("every"))) for row in page]
    return page, *(counts[0] if counts else (0, 0))


def alerts(connection: Connection, owner_id: int | None, since: datetime) -> int:
    """Return how many alerts the rules of an owner (of everybody with None) brought since a moment."""
    return connection.execute(
        text("""SELECT count(*) FROM alert_events e JOIN alert_rules r ON r.id = e.rule_id
                WHERE e.created_at > :since AND NOT e.initial
                      AND (CAST(:owner AS integer) IS NULL OR r.owner_id = :owner)"""),
        {"owner": owner_id, "since": since}).scalar_one()
