"""The community: posts, comments, likes, reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

KEPT = "1 hour"
"""How long a deletion can be taken back."""
START = 800
"""Characters of a text that a list reads for its excerpt."""
_LIKES = "(SELECT count(*) FROM likes l WHERE l.kind = 'post' AND l.item = CAST(p.id AS text))"
_COMMENTS = """(SELECT count(*) FROM comments c WHERE c.post_id = p.id AND c.deleted_at IS NULL
                AND c.removed_at IS NULL)"""
ORDERS = {"newest": "p.id DESC", "liked": "coalesce(x.many, 0) DESC, p.id DESC", "viewed": "p.views DESC, p.id DESC",
          "discussed": "coalesce(x.many, 0) DESC, p.id DESC"}
_RANKS = {
    "liked": """LEFT JOIN (SELECT CAST(item AS integer) AS id, count(*) AS many FROM likes WHERE kind = 'post'
                           GROUP BY item) x ON x.id = p.id""",
    "discussed": """LEFT JOIN (SELECT post_id AS id, count(*) AS many FROM comments
                               WHERE deleted_at IS NULL AND removed_at IS NULL GROUP BY post_id) x ON x.id = p.id"""}
"""What an order is by, counted once for all posts: one count for each post would take ten times as long."""
_ROW = f"""p.id, p.title, p.author_id, coalesce(u.nickname, '') AS author, p.created_at, p.edited_at, p.views,
           p.card_kind, p.removed_at IS NOT NULL AS removed, {_LIKES} AS likes, {_COMMENTS} AS comments,
           EXISTS (SELECT FROM likes l WHERE l.kind = 'post' AND l.item = CAST(p.id AS text)
                   AND l.owner_id = :actor) AS liked"""
_FROM = "FROM posts p LEFT JOIN users u ON u.id = p.author_id"
_TABLES = {"post": "posts", "comment": "comments"}


def _words(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the condition that every word is in title, text or author, and its values."""
    where = "lower(p.title || ' ' || p.body || ' ' || coalesce(u.nickname, ''))"
    return ("".join(f" AND strpos({where}, :word{place}) > 0" for place in range(len(words))),
            {f"word{place}": word for place, word in enumerate(words)})


# --- posts --------------------------------------------------------------------------------------------------------


def count(connection: Connection, actor_id: int, *, words: Sequence[str], kind: str | None, mine: bool) -> int:
    """Return how many posts `listed` would give in all."""
    where, values = _match(actor_id, words, kind, mine)
    return connection.execute(text(f"SELECT count(*) {_FROM} WHERE {where}"), values).scalar_one()


def listed(connection: Connection, actor_id: int, *, words: Sequence[str], kind: str | None, mine: bool, order: str,
           limit: int, offset: int) -> list[dict[str, Any]]:
    """Return a page of posts with the start of their texts.

    Parameters
    ----------
    words : sequence of str
        In lower case; each must be in title, text or author.
    kind : str or None
        Of the card; ``none``: posts without one.
    mine : bool
        Only the actor's own, removed ones among them.
    order : str
        One of `ORDERS`.
    """
    where, values = _match(actor_id, words, kind, mine)
    # the page's ids first: what a row shows is looked up for that page's posts alone
    rows = connection.execute(
        text(f"""WITH page AS MATERIALIZED (
                     SELECT id, row_number() OVER () AS place FROM (
                         SELECT p.id {_FROM} {_RANKS.get(order, "")} WHERE {where}
                         ORDER BY {ORDERS[order]} LIMIT :limit OFFSET :offset) f)
                 SELECT {_ROW}, left(p.body, {START}) AS start {_FROM} JOIN page ON page.id = p.id
                 ORDER BY page.place"""), values | {"limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def _match(actor_id: int, words: Sequence[str], kind: str | None, mine: bool) -> tuple[str, dict[str, Any]]:
    found, values = _words(words)
    where = "p.deleted_at IS NULL" + (" AND p.author_id = :actor" if mine else " AND p.removed_at IS NULL") + found
    if kind is not None:
        where += " AND p.card_kind IS NULL" if kind == "none" else " AND p.card_kind = :kind"
    return where, values | {"actor": actor_id, "kind": kind}


def get(connection: Connection, actor_id: int, post_id: int) -> dict[str, Any] | None:
    """Return a post with its text and card, None if there is none; a deleted or removed one says so."""
    row = connection.execute(
        text(f"""SELECT {_ROW}, p.body, p.card, p.card_item, p.deleted_at, p.removed_at, p.removed_reason
                 {_FROM} WHERE p.id = :id"""), {"id": post_id, "actor": actor_id}).first()
    return dict(row._mapping) if row else None


def add(connection: Connection, author_id: int, title: str, body: str, card: Mapping[str, Any] | None) -> int:
    """Store a post and return its id; `card` has ``kind``, ``item`` and ``told``, what it says."""
    return connection.execute(
        text("""INSERT INTO posts (author_id, title, body, card_kind, card_item, card)
                VALUES (:author, :title, :body, :kind, :item, CAST(:card AS jsonb)) RETURNING id"""),
        {"author": author_id, "title": title, "body": body, **_card(card)}).scalar_one()


def _card(card: Mapping[str, Any] | None) -> dict[str, Any]:
    if card is None:
        return {"kind": None, "item": None, "card": None}
    return {"kind": card["kind"], "item": card["item"], "card": json.dumps(card["told"])}


def edit(connection: Connection, post_id: int, title: str, body: str, card: Mapping[str, Any] | None) -> None:
    """Store another title, text and card of a post."""
    connection.execute(
        text("""UPDATE posts SET title = :title, body = :body, card_kind = :kind, card_item = :item,
                       card = CAST(:card AS jsonb), edited_at = now() WHERE id = :id"""),
        {"id": post_id, "title": title, "body": body, **_card(card)})


def viewed(connection: Connection, post_id: int) -> None:
    """Count a view."""
    connection.execute(text("UPDATE posts SET views = views + 1 WHERE id = :id"), {"id": post_id})


def hide(connection: Connection, kind: str, item: int, author_id: int, *, on: bool) -> bool:
    """Delete an author's own post or comment, or take that back within `KEPT`; return whether there was one."""
    done = connection.execute(
        text(f"UPDATE {_TABLES[kind]} SET deleted_at = now() WHERE id = :id AND author_id = :author "
             "AND deleted_at IS NULL" if on else
             f"UPDATE {_TABLES[kind]} SET deleted_at = NULL WHERE id = :id AND author_id = :author "
             f"AND deleted_at > now() - interval '{KEPT}'"), {"id": item, "author": author_id})
    return done.rowcount > 0


def purge(connection: Connection) -> None:
    """Forget what was deleted longer ago than can be taken back: posts go, comments lose their text."""
    connection.execute(text(f"""
        WITH gone AS (DELETE FROM posts WHERE deleted_at < now() - interval '{KEPT}' RETURNING id),
             liked AS (DELETE FROM likes WHERE kind = 'post' AND item IN (SELECT CAST(id AS text) FROM gone)),
             told AS (DELETE FROM reports WHERE (kind = 'post' AND item IN (SELECT id FROM gone))
                      OR (kind = 'comment' AND item IN (
                          SELECT c.id FROM comments c WHERE c.post_id IN (SELECT id FROM gone)
                          OR c.deleted_at < now() - interval '{KEPT}')))
        UPDATE comments SET body = '', edited_at = NULL
        WHERE deleted_at < now() - interval '{KEPT}' AND body <> '' AND post_id NOT IN (SELECT id FROM gone)"""))


def hold(connection: Connection, user_id: int) -> None:
    """Let one author's writes follow each other until the transaction ends, so that their limit holds."""
    connection.execute(text("SELECT id FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": user_id})


def recent(connection: Connection, kind: str, author_id: int) -> int:
    """Return how many posts, comments or reports somebody has written in the last hour."""
    table, column = {"post": ("posts", "author_id"), "comment": ("comments", "author_id"),
                     "report": ("reports", "owner_id")}[kind]
    return connection.execute(
        text(f"SELECT count(*) FROM {table} WHERE {column} = :id AND created_at > now() - interval '1 hour'"),
        {"id": author_id}).scalar_one()


# --- comments -----------------------------------------------------------------------------------------------------

_COMMENT = """c.id, c.post_id, c.author_id, coalesce(u.nickname, '') AS author, c.body, c.created_at, c.edited_at,
              c.deleted_at, c.removed_at, c.removed_reason"""
_SAID = "FROM comments c LEFT JOIN users u ON u.id = c.author_id"


def count_comments(connection: Connection, post_id: int) -> int:
    """Return how many comments a post has, deleted ones among them: their place is kept."""
    return connection.execute(text("SELECT count(*) FROM comments WHERE post_id = :id"), {"id": post_id}).scalar_one()


def comments(connection: Connection, post_id: int, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return comments of a post, oldest first."""
    rows = connection.execute(
        text(f"SELECT {_COMMENT} {_SAID} WHERE c.post_id = :id ORDER BY c.id LIMIT :limit OFFSET :offset"),
        {"id": post_id, "limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def comment(connection: Connection, comment_id: int) -> dict[str, Any] | None:
    """Return a comment, None if there is none."""
    row = connection.execute(text(f"SELECT {_COMMENT} {_SAID} WHERE c.id = :id"), {"id": comment_id}).first()
    return dict(row._mapping) if row else None


def add_comment(connection: Connection, post_id: int, author_id: int, body: str) -> int:
    """Store a comment and return its id."""
    return connection.execute(
        text("INSERT INTO comments (post_id, author_id, body) VALUES (:post, :author, :body) RETURNING id"),
        {"post": post_id, "author": author_id, "body": body}).scalar_one()


def edit_comment(connection: Connection, comment_id: int, body: str) -> None:
    """Store another text of a comment."""
    connection.execute(text("UPDATE comments SET body = :body, edited_at = now() WHERE id = :id"),
                       {"id": comment_id, "body": body})


# --- likes --------------------------------------------------------------------------------------------------------


def like(connection: Connection, owner_id: int, kind: str, item: int, *, on: bool) -> None:
    """Note that a user likes a thing, or no longer; doing so again changes nothing."""
    connection.execute(text(
        "INSERT INTO likes (owner_id, kind, item) VALUES (:owner, :kind, :item) ON CONFLICT DO NOTHING"
        if on else "DELETE FROM likes WHERE owner_id = :owner AND kind = :kind AND item = :item"),
        {"owner": owner_id, "kind": kind, "item": str(item)})


def likes(connection: Connection, owner_id: int, kind: str, items: Sequence[int]) -> dict[int, tuple[int, bool]]:
    """Return for things how many users like each, and whether this one does; those nobody likes are left out."""
    rows = connection.execute(
        text("""SELECT CAST(item AS integer), count(*), bool_or(owner_id = :owner) FROM likes
                WHERE kind = :kind AND item = ANY(CAST(:items AS text[])) GROUP BY item"""),
        {"owner": owner_id, "kind": kind, "items": [str(item) for item in items]})
    return {item: (many, own) for item, many, own in rows}


def liked(connection: Connection, owner_id: int, kind: str, limit: int) -> list[int]:
    """Return the ids of things of a kind that a user likes, the last liked first."""
    return list(connection.execute(
        text("""SELECT CAST(item AS integer) FROM likes WHERE owner_id = :owner AND kind = :kind
                ORDER BY created_at DESC, item DESC LIMIT :limit"""),
        {"owner": owner_id, "kind": kind, "limit": limit}).scalars())


# --- reports ------------------------------------------------------------------------------------------------------


def report(connection: Connection, owner_id: int, kind: str, item: int, reason: str, note: str, since: Any) -> bool:
    """Store a user's report, once for each thing; return whether it is open.

    One that was settled opens again only where the text was edited afterwards (`since`).
    """
    done = connection.execute(
        text("""INSERT INTO reports (kind, item, owner_id, reason, note) VALUES (:kind, :item, :owner, :reason, :note)
                ON CONFLICT (owner_id, kind, item) DO UPDATE SET reason = EXCLUDED.reason, note = EXCLUDED.note,
                    created_at = now(), resolved_at = NULL, resolved_by = NULL
                WHERE reports.resolved_at IS NULL OR reports.resolved_at < CAST(:since AS timestamptz)"""),
        {"kind": kind, "item": item, "owner": owner_id, "reason": reason, "note": note, "since": since})
    return done.rowcount > 0


_REPORTED = """
    WITH open AS (SELECT kind, item, count(*) AS count, min(created_at) AS first_at, array_agg(reason) AS reasons,
                         coalesce(array_agg(note ORDER BY id) FILTER (WHERE note <> ''), '{}') AS notes
                  FROM reports WHERE resolved_at IS NULL GROUP BY kind, item),
         found AS (SELECT o.*, p.id AS post_id, p.title, coalesce(c.body, p.body) AS body, u.id AS author_id,
                          coalesce(u.nickname, '') AS author
                   FROM open o LEFT JOIN comments c ON o.kind = 'comment' AND c.id = o.item
                        JOIN posts p ON p.id = CASE WHEN o.kind = 'post' THEN o.item ELSE c.post_id END
                        LEFT JOIN users u ON u.id = CASE WHEN o.kind = 'post' THEN p.author_id ELSE c.author_id END
                   WHERE p.deleted_at IS NULL AND (c.id IS NULL OR c.deleted_at IS NULL))"""
_REMOVED = """
    WITH found AS (SELECT 'post' AS kind, p.id AS item, p.id AS post_id, p.title, p.body, p.author_id, p.removed_at,
                          p.removed_reason FROM posts p WHERE p.removed_at IS NOT NULL AND p.deleted_at IS NULL
                   UNION ALL
                   SELECT 'comment', c.id, c.post_id, p.title, c.body, c.author_id, c.removed_at, c.removed_reason
                   FROM comments c JOIN posts p ON p.id = c.post_id
                   WHERE c.removed_at IS NOT NULL AND c.deleted_at IS NULL)"""


def count_reported(connection: Connection) -> int:
    """Return how many posts and comments have open reports."""
    return connection.execute(text(f"{_REPORTED} SELECT count(*) FROM found")).scalar_one()


def reported(connection: Connection, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return posts and comments with open reports, those reported most first."""
    rows = connection.execute(
        text(f"{_REPORTED} SELECT * FROM found ORDER BY count DESC, first_at, kind, item LIMIT :limit OFFSET :offset"),
        {"limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def count_removed(connection: Connection) -> int:
    """Return how many posts and comments moderators have removed."""
    return connection.execute(text(f"{_REMOVED} SELECT count(*) FROM found")).scalar_one()


def removed(connection: Connection, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return posts and comments that moderators have removed, the last first."""
    rows = connection.execute(
        text(f"""{_REMOVED} SELECT f.*, coalesce(u.nickname, '') AS author
                 FROM found f LEFT JOIN users u ON u.id = f.author_id
                 ORDER BY f.removed_at DESC, f.kind, f.item LIMIT :limit OFFSET :offset"""),
        {"limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def resolve(connection: Connection, kind: str, item: int, by: int) -> int:
    """Settle all open reports of a thing; return how many there were."""
    return connection.execute(
        text("""UPDATE reports SET resolved_at = now(), resolved_by = :by
                WHERE kind = :kind AND item = :item AND resolved_at IS NULL"""),
        {"kind": kind, "item": item, "by": by}).rowcount


def set_removed(connection: Connection, kind: str, item: int, by: int | None, reason: str | None) -> bool:
    """Remove a post or comment as a moderator (`by`), or put it back (None); return whether that changed it."""
    done = connection.execute(
        text(f"""UPDATE {_TABLES[kind]} SET removed_at = CASE WHEN CAST(:by AS integer) IS NOT NULL THEN now() END,
                        removed_by = CAST(:by AS integer), removed_reason = CAST(:reason AS text)
                 WHERE id = :id AND deleted_at IS NULL
                 AND (removed_at IS NULL) = (CAST(:by AS integer) IS NOT NULL)"""),
        {"id": item, "by": by, "reason": reason})
    return done.rowcount > 0
