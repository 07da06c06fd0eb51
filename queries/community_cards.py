"""What can be attached to a post: an owner's finished results, as their cards show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

_JUDGES = """(SELECT coalesce(json_agg(json_build_object('name', j.name, 'total', j.total) ORDER BY j.place), '[]')
              FROM (SELECT place, name, round(avg(total)) AS total FROM audition_judges
                    WHERE audition_id = t.id AND state = 'done' AND total IS NOT NULL GROUP BY place, name) j)"""
THINGS = {
    "audition": (f"""t.title, t.artist AS note, t.created_at, CAST(t.scaled_300 AS double precision) AS total,
                     t.verdict, t.offline IS NOT NULL AS offline, {_JUDGES} AS judges""",
                 "auditions t", "t.state = 'done'", "t.artist || ' ' || t.title"),
    "prediction": ("""t.title, t.artist AS note, t.created_at, t.genre, t.score, t.abstained, t.public_at,
                      CAST(t.report ->> 'score_low' AS double precision) AS low,
                      CAST(t.report ->> 'score_high' AS double precision) AS high""",
                   "predictions t", "t.state = 'done'", "t.artist || ' ' || t.title"),
    "picture": ("""'' AS title, '' AS note, t.created_at, t.shared_at, ARRAY(
                       SELECT g.tag FROM image_tags g WHERE g.image_id = t.id AND g.weight > 0
                       ORDER BY g.weight DESC, g.tag LIMIT 8) AS tags""",
                "images t", "t.removed_at IS NULL", "''"),
    "playlist": ("""t.title, '' AS note, t.changed_at AS created_at, t.tags,
                    (SELECT count(*) FROM playlist_songs x WHERE x.playlist_id = t.id) AS songs, ARRAY(
                        SELECT a.display_name || ' – ' || s.title FROM playlist_songs x JOIN songs s ON s.id = x.song_id
                        JOIN artists a ON a.id = s.artist_id WHERE x.playlist_id = t.id ORDER BY x.position LIMIT 5
                    ) AS first""",
                 "playlists t", "t.source = 'made'", "t.title || ' ' || array_to_string(t.tags, ' ')"),
    "thumbnail": ("t.title, '' AS note, t.created_at", "playlist_pictures t", "true", "t.title"),
    "bgm": ("t.title, '' AS note, t.created_at, CAST(t.seconds AS double precision) AS seconds, t.batch_id",
            "bgm_tracks t", "t.state = 'done' AND t.deleted_at IS NULL AND t.ogg IS NOT NULL", "t.title"),
}
"""By kind: columns, table, which can be shown, and the text that a search goes through."""


def thing(connection: Connection, owner_id: int, kind: str, item: int) -> dict[str, Any] | None:
    """Return an owner's own thing, None where it is another's, unfinished, deleted or taken down."""
    columns, table, where, _ = THINGS[kind]
    row = connection.execute(
        text(f"SELECT t.id, {columns} FROM {table} WHERE t.id = :id AND t.owner_id = :owner AND {where}"),
        {"id": item, "owner": owner_id}).first()
    return dict(row._mapping) if row else None


def things(connection: Connection, owner_id: int, kind: str, words: Sequence[str], tags: Sequence[str], limit: int,
           ) -> list[dict[str, Any]]:
    """Return an owner's own things of a kind, newest first.

    Parameters
    ----------
    words : sequence of str
        In lower case; each must be in the names.
    tags : sequence of str
        What a picture must have in their place.
    """
    columns, table, where, named = THINGS[kind]
    if kind == "picture":
        found = """(SELECT count(*) FROM image_tags g WHERE g.image_id = t.id AND g.weight > 0
                    AND g.tag = ANY(CAST(:tags AS text[]))) = cardinality(CAST(:tags AS text[]))"""
        words = ()
    else:
        found = " AND ".join(f"strpos(lower({named}), :word{place}) > 0" for place in range(len(words))) or "true"
    values = {f"word{place}": word for place, word in enumerate(words)}
    rows = connection.execute(
        text(f"""SELECT t.id, {columns} FROM {table} WHERE t.owner_id = :owner AND {where} AND {found}
                 ORDER BY t.id DESC LIMIT :limit"""),
        values | {"owner": owner_id, "tags": list(tags), "limit": limit})
    return [dict(row._mapping) for row in rows]
