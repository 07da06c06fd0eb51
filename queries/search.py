"""The search across everything: artists, and an actor's auditions, predictions, pictures, playlists and music.

Songs are found by `queries.dossier`. Words arrive in lower case, for artists normalised; each must be somewhere in what
is searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text


def _held(words: Sequence[str], *columns: str) -> tuple[str, dict[str, Any]]:
    """Return the condition that every word is in one of the columns, and its values."""
    parts = ["(" + " OR ".join(f"strpos({column}, :word{number}) > 0" for column in columns) + ")"
             for number in range(len(words))]
    return " AND ".join(parts) or "false", {f"word{number}": word for number, word in enumerate(words)}


def artists(connection: Connection, words: Sequence[str], whole: str, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return artists with readings that have all words in their name: ``key, name, songs``, and how many there are."""
    held, values = _held(words, "a.norm_key")
    return _counted(connection.execute(
        text(f"""SELECT a.key, a.display_name AS name, count(DISTINCT s.id) AS songs, count(*) OVER () AS every
                 FROM artists a JOIN songs s ON s.artist_id = a.id JOIN series x ON x.song_id = s.id WHERE {held}
                 GROUP BY a.id ORDER BY a.norm_key <> :whole, strpos(a.norm_key, :whole) <> 1, a.display_name, a.id
                 LIMIT :limit"""), values | {"whole": whole, "limit": limit}))


def auditions(connection: Connection, owner_id: int, words: Sequence[str], limit: int,
              ) -> tuple[list[dict[str, Any]], int]:
    """Return an owner's auditions with all words in artist, title and tags, newest first, and how many there are."""
    held, values = _held(words, "lower(artist || ' ' || title || ' ' || array_to_string(tags, ' '))")
    return _counted(connection.execute(
        text(f"""SELECT id, song_id, artist, title, verdict, created_at, count(*) OVER () AS every FROM auditions
                 WHERE owner_id = :owner AND {held} ORDER BY id DESC LIMIT :limit"""),
        values | {"owner": owner_id, "limit": limit}))


def predictions(connection: Connection, actor_id: int, words: Sequence[str], limit: int,
                ) -> tuple[list[dict[str, Any]], int]:
    """Return predictions of the actor and public ones with all words in artist and title; the actor's first."""
    held, values = _held(words, "lower(artist || ' ' || title)")
    return _counted(connection.execute(
        text(f"""SELECT id, CASE WHEN owner_id = :actor THEN song_id END AS song_id, artist, title, genre, score,
                        created_at, count(*) OVER () AS every FROM predictions
                 WHERE (owner_id = :actor OR (public_at IS NOT NULL AND state = 'done')) AND {held}
                 ORDER BY owner_id = :actor DESC, id DESC LIMIT :limit"""),
        values | {"actor": actor_id, "limit": limit}))


def pictures(connection: Connection, actor_id: int, tags: Sequence[str], limit: int,
             ) -> tuple[list[dict[str, Any]], int]:
    """Return an actor's own pictures that have all the tags, newest first, and how many there are."""
    return _counted(connection.execute(
        text("""SELECT i.id, i.song_id, i.created_at, ARRAY(SELECT t.tag FROM image_tags t WHERE t.image_id = i.id
                       AND t.weight > 0 ORDER BY t.weight DESC, t.tag LIMIT 5) AS tags, count(*) OVER () AS every
                FROM images i WHERE i.owner_id = :actor AND i.removed_at IS NULL
                AND (SELECT count(*) FROM image_tags t WHERE t.image_id = i.id AND t.weight > 0
                     AND t.tag = ANY(CAST(:tags AS text[]))) = cardinality(CAST(:tags AS text[]))
                ORDER BY i.id DESC LIMIT :limit"""), {"actor": actor_id, "tags": list(tags), "limit": limit}))


def playlists(connection: Connection, actor_id: int, words: Sequence[str], limit: int,
              ) -> tuple[list[dict[str, Any]], int]:
    """Return playlists of the actor with all words in title and tags, last changed first, and how many there are."""
    held, values = _held(words, "lower(p.title || ' ' || array_to_string(p.tags, ' '))")
    return _counted(connection.execute(
        text(f"""SELECT p.id, p.title, p.changed_at, count(*) OVER () AS every,
                        (SELECT count(*) FROM playlist_songs s WHERE s.playlist_id = p.id) AS songs
                 FROM playlists p WHERE p.owner_id = :actor AND {held}
                 ORDER BY p.changed_at DESC, p.id DESC LIMIT :limit"""), values | {"actor": actor_id, "limit": limit}))


def music(connection: Connection, owner_id: int, words: Sequence[str], limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return an owner's background music with all words in title and caption, newest first, and how many there are."""
    held, values = _held(words, "lower(t.title || ' ' || b.caption)")
    return _counted(connection.execute(
        text(f"""SELECT t.id, t.batch_id, t.song_id, t.title, t.created_at, b.caption, count(*) OVER () AS every
                 FROM bgm_tracks t JOIN bgm_batches b ON b.id = t.batch_id
                 WHERE t.owner_id = :owner AND t.state = 'done' AND t.deleted_at IS NULL AND {held}
                 ORDER BY t.id DESC LIMIT :limit"""), values | {"owner": owner_id, "limit": limit}))


def _counted(rows: Any) -> tuple[list[dict[str, Any]], int]:
    page = [dict(row._mapping) for row in rows]
    every = [row.pop("every") for row in page]
    return page, every[0] if every else 0
