"""What one user has: each kind of thing to look up and to count, and the job that packs all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind is read: what is shown, where it is, what is searched, what comes first."""

    shown: str
    source: str
    held: str
    order: str = "x.id DESC"


_COMMENTS = "(SELECT count(*) FROM comments c WHERE c.post_id = x.id AND c.deleted_at IS NULL AND c.removed_at IS NULL)"
_LIKES = "(SELECT count(*) FROM likes l WHERE l.kind = 'post' AND l.item = CAST(x.id AS text))"
_KINDS = {
    "audition": _Kind(
        """x.id, x.title, x.artist AS note, x.state, x.created_at, jsonb_build_object('verdict', x.verdict,
           'score', x.scaled_300, 'provisional', x.provisional) AS facts""",
        "auditions x WHERE x.owner_id = :owner",
        "lower(x.artist || ' ' || x.title || ' ' || array_to_string(x.tags, ' '))"),
    "picture": _Kind(
        """x.id, x.words AS title, '' AS note, 'done' AS state, x.created_at, jsonb_build_object(
           'tags', ARRAY(SELECT t.tag FROM image_tags t WHERE t.image_id = x.id AND t.weight > 0
                         ORDER BY t.weight DESC, t.tag LIMIT 5), 'shared', x.shared_at IS NOT NULL) AS facts""",
        "images x WHERE x.owner_id = :owner AND x.removed_at IS NULL", "lower(x.words)"),
    "playlist": _Kind(
        """x.id, x.title, '' AS note, 'done' AS state, x.changed_at AS created_at, jsonb_build_object('songs',
           (SELECT count(*) FROM playlist_songs s WHERE s.playlist_id = x.id), 'tags', x.tags[1:5]) AS facts""",
        "playlists x WHERE x.owner_id = :owner", "lower(x.title || ' ' || array_to_string(x.tags, ' '))",
        "x.changed_at DESC, x.id DESC"),
    "thumbnail": _Kind(
        """x.id, x.title, '' AS note, 'done' AS state, x.created_at, jsonb_build_object('painter', x.painter,
           'playlist', x.playlist_id, 'song', x.song_id) AS facts""",
        "playlist_pictures x WHERE x.owner_id = :owner", "lower(x.title)"),
    "prediction": _Kind(
        """x.id, x.title, x.artist AS note, x.state, x.created_at, jsonb_build_object('genre', x.genre,
           'score', x.score, 'abstained', x.abstained, 'public', x.public_at IS NOT NULL) AS facts""",
        "predictions x WHERE x.owner_id = :owner", "lower(x.artist || ' ' || x.title)"),
    "track": _Kind(
        """x.id, x.title, b.caption AS note, x.state, x.created_at, jsonb_build_object('batch', x.batch_id,
           'seconds', x.seconds, 'rating', x.rating) AS facts""",
        """bgm_tracks x JOIN bgm_batches b ON b.id = x.batch_id
           WHERE x.owner_id = :owner AND x.deleted_at IS NULL AND x.state = 'done'""",
        "lower(x.title || ' ' || b.caption)"),
    "song": _Kind(
        "x.id, x.title, a.display_name AS note, 'done' AS state, l.created_at, jsonb_build_object() AS facts",
        """likes l JOIN songs x ON CAST(x.id AS text) = l.item JOIN artists a ON a.id = x.artist_id
           WHERE l.owner_id = :owner AND l.kind = 'song'""",
        "lower(a.display_name || ' ' || x.title)", "l.created_at DESC, x.id DESC"),
    "post": _Kind(
        f"""x.id, x.title, left(x.body, 200) AS note,
            CASE WHEN x.removed_at IS NULL THEN 'done' ELSE 'removed' END AS state, x.created_at,
            jsonb_build_object('comments', {_COMMENTS}, 'likes', {_LIKES}, 'views', x.views) AS facts""",
        "posts x WHERE x.author_id = :owner AND x.deleted_at IS NULL", "lower(x.title || ' ' || x.body)"),
}
KINDS = tuple(_KINDS)
"""Kinds of things, in the order in which a user's page has them."""


def _where(kind: str, owner_id: int, words: Sequence[str], tags: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return source and condition of the owner's things with all the words, and the values."""
    found = _KINDS[kind]
    held = " AND ".join(f"strpos({found.held}, :word{place}) > 0" for place in range(len(words))) or "true"
    if kind == "picture" and tags:
        held = f"""(({held}) OR (SELECT count(*) FROM image_tags t WHERE t.image_id = x.id AND t.weight > 0
                    AND t.tag = ANY(CAST(:tags AS text[]))) = cardinality(CAST(:tags AS text[])))"""
    values = {"owner": owner_id, "tags": list(tags), **{f"word{place}": word for place, word in enumerate(words)}}
    return f"{found.source} AND {held}", values


def count(connection: Connection, kind: str, owner_id: int, words: Sequence[str] = (), tags: Sequence[str] = ()) -> int:
    """Return how many things of a kind an owner has that hold all the words (in lower case), or all the tags."""
    where, values = _where(kind, owner_id, words, tags)
    return connection.execute(text(f"SELECT count(*) FROM {where}"), values).scalar_one()


def things(connection: Connection, kind: str, owner_id: int, words: Sequence[str], tags: Sequence[str], limit: int,
           offset: int) -> list[dict[str, Any]]:
    """Return a page of an owner's things, newest first: ``id, title, note, state, created_at, facts``."""
    where, values = _where(kind, owner_id, words, tags)
    rows = connection.execute(
        text(f"SELECT {_KINDS[kind].shown} FROM {where} ORDER BY {_KINDS[kind].order} LIMIT :limit OFFSET :offset"),
        values | {"limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def newest_job(connection: Connection, owner_id: int, kind: str) -> int | None:
    """Return an owner's newest job of a kind, None if there is none."""
    return connection.execute(text("SELECT id FROM jobs WHERE owner_id = :owner AND kind = :kind "
                                   "ORDER BY id DESC LIMIT 1"), {"owner": owner_id, "kind": kind}).scalar()


def own_pixels(connection: Connection, kind: str, owner_id: int, item: int) -> tuple[bytes | None, str | None] | None:
    """Return an owner's picture or thumbnail: its file, or its key in the bucket; None if there is none."""
    statement = {"picture": "SELECT jpeg, object_key FROM images WHERE removed_at IS NULL AND",
                 "thumbnail": "SELECT picture, NULL FROM playlist_pictures WHERE"}[kind]
    row = connection.execute(text(f"{statement} owner_id = :owner AND id = :id"),
                             {"owner": owner_id, "id": item}).first()
    return None if row is None else (None if row[0] is None else bytes(row[0]), row[1])
