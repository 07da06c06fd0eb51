"""Pictures: their tags, the searches made for them, the archive, reports; videos of songs and the quota they took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.types import ARRAY, Text

_SHOWN = """i.id, i.owner_id, u.nickname AS owner, i.song_id, i.sha256, i.format, i.width, i.height, i.tagger, i.notes,
            i.words, i.token, i.shared_at, i.removed_at, i.created_at"""
_FROM = "FROM images i JOIN users u ON u.id = i.owner_id"


# --- pictures -----------------------------------------------------------------------------------------------------


def put(connection: Connection, row: Mapping[str, Any]) -> int:
    """Store a picture and return its id; one its owner already has is left, and its id returned."""
    names = ("owner_id", "song_id", "sha256", "format", "width", "height", "jpeg", "object_key", "tagger", "notes")
    values = {name: row.get(name) for name in names} | {"notes": json.dumps(row["notes"])}
    connection.execute(
        text(f"""INSERT INTO images ({", ".join(names)}) VALUES ({", ".join(f":{name}" for name in names)})
                 ON CONFLICT (owner_id, sha256) DO NOTHING"""), values)
    return connection.execute(text("SELECT id FROM images WHERE owner_id = :owner AND sha256 = :sha256"),
                              {"owner": row["owner_id"], "sha256": row["sha256"]}).scalar_one()


def own(connection: Connection, owner_id: int, sha256: str) -> tuple[int, bool] | None:
    """Return the owner's picture of that file and whether it was taken down, None if there is none."""
    row = connection.execute(text("SELECT id, removed_at IS NOT NULL FROM images WHERE owner_id = :owner "
                                  "AND sha256 = :sha256"), {"owner": owner_id, "sha256": sha256}).first()
    return None if row is None else (row[0], row[1])


def get(connection: Connection, image_id: int) -> dict[str, Any] | None:
    """Return a picture without its pixels, None if there is none."""
    row = connection.execute(text(f"SELECT {_SHOWN} {_FROM} WHERE i.id = :id"), {"id": image_id}).first()
    return dict(row._mapping) if row else None


def by_token(connection: Connection, token: str) -> int | None:
    """Return the picture a link shows, None if there is no such link (any more)."""
    return connection.execute(text("SELECT id FROM images WHERE token = :token AND removed_at IS NULL"),
                              {"token": token}).scalar()


def pixels(connection: Connection, image_id: int) -> tuple[bytes | None, str | None] | None:
    """Return the JPEG or its key in the bucket, None if there is no such picture."""
    row = connection.execute(text("SELECT jpeg, object_key FROM images WHERE id = :id"), {"id": image_id}).first()
    return None if row is None else (None if row[0] is None else bytes(row[0]), row[1])


def of_owner(connection: Connection, owner_id: int, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return a page of an owner's pictures, newest first."""
    rows = connection.execute(
        text(f"SELECT {_SHOWN} {_FROM} WHERE i.owner_id = :owner ORDER BY i.id DESC LIMIT :limit OFFSET :offset"),
        {"owner": owner_id, "limit": limit, "offset": offset})
    return [dict(row._mapping) for row in rows]


def shared(connection: Connection, tag: str | None, reported: bool, limit: int, offset: int,
           ) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the archive, newest first, and how many pictures it has.

    Parameters
    ----------
    tag : str or None
        Only pictures with this tag, weighing more than 0.
    reported : bool
        Only those somebody reported and nobody settled, most reported first.
    """
    where = "i.shared_at IS NOT NULL AND i.removed_at IS NULL"
    if tag:
        where += " AND EXISTS (SELECT FROM image_tags t WHERE t.image_id = i.id AND t.tag = :tag AND t.weight > 0)"
    open_reports = "(SELECT count(*) FROM image_reports r WHERE r.image_id = i.id AND r.settled_at IS NULL)"
    if reported:
        where += f" AND {open_reports} > 0"
    order = "reports DESC, i.id DESC" if reported else "i.shared_at DESC, i.id DESC"
    rows = connection.execute(
        text(f"""SELECT {_SHOWN}, {open_reports} AS reports, count(*) OVER () AS every {_FROM} WHERE {where}
                 ORDER BY {order} LIMIT :limit OFFSET :offset"""), {"tag": tag, "limit": limit, "offset": offset})
    page = [dict(row._mapping) for row in rows]
    every = [row.pop("every") for row in page]
    return page, every[0] if every else 0


def shared_tags(connection: Connection) -> dict[str, int]:
    """Return the tags of the archive's pictures and how many pictures have each."""
    rows = connection.execute(text("""
        SELECT t.tag, count(*) FROM image_tags t JOIN images i ON i.id = t.image_id
        WHERE t.weight > 0 AND i.shared_at IS NOT NULL AND i.removed_at IS NULL GROUP BY t.tag"""))
    return {tag: count for tag, count in rows}


def set_fields(connection: Connection, image_id: int, **values: Any) -> None:
    """Change columns of a picture."""
    names = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE images SET {names} WHERE id = :id"), {"id": image_id, **values})


def share(connection: Connection, image_id: int, *, on: bool) -> None:
    """Show a picture in the archive, or no longer."""
    connection.execute(text("UPDATE images SET shared_at = CASE WHEN :on THEN coalesce(shared_at, now()) END "
                            "WHERE id = :id"), {"id": image_id, "on": on})


def take_down(connection: Connection, image_id: int, by: int) -> None:
    """Remove a picture's pixels, tags' link and place in the archive; that it was there stays known."""
    connection.execute(
        text("""UPDATE images SET removed_at = now(), removed_by = :by, jpeg = NULL, object_key = NULL,
                       shared_at = NULL, token = NULL WHERE id = :id"""), {"id": image_id, "by": by})
    settle(connection, image_id)


def delete(connection: Connection, image_id: int) -> None:
    """Remove a picture with all that hangs on it."""
    connection.execute(text("DELETE FROM images WHERE id = :id"), {"id": image_id})


def report(connection: Connection, image_id: int, reporter_id: int, reason: str) -> None:
    """Note that somebody finds a picture out of place; a second report of the same person replaces the first."""
    connection.execute(
        text("""INSERT INTO image_reports (image_id, reporter_id, reason) VALUES (:image, :reporter, :reason)
                ON CONFLICT (image_id, reporter_id)
                DO UPDATE SET reason = excluded.reason, created_at = now(), settled_at = NULL"""),
        {"image": image_id, "reporter": reporter_id, "reason": reason})


def reports(connection: Connection, image_id: int) -> list[dict[str, Any]]:
    """Return the open reports of a picture, oldest first."""
    rows = connection.execute(
        text("""SELECT reason, created_at FROM image_reports WHERE image_id = :id AND settled_at IS NULL
                ORDER BY created_at"""), {"id": image_id})
    return [dict(row._mapping) for row in rows]


def settle(connection: Connection, image_id: int) -> None:
    """Mark the reports of a picture as dealt with."""
    connection.execute(text("UPDATE image_reports SET settled_at = now() WHERE image_id = :id AND settled_at IS NULL"),
                       {"id": image_id})


# --- tags ---------------------------------------------------------------------------------------------------------


def put_tags(connection: Connection, image_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store a picture's tags, those it has left as they are."""
    for row in rows:
        connection.execute(
            text("""INSERT INTO image_tags (image_id, tag, category, weight, ground, confidence, why, tagger)
                    VALUES (:image, :tag, :category, :weight, :ground, :confidence, :why, :tagger)
                    ON CONFLICT (image_id, tag) DO NOTHING"""), {"image": image_id, **row})


def tags(connection: Connection, image_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the tags of some pictures, the surest first."""
    found: dict[int, list[dict[str, Any]]] = {image_id: [] for image_id in image_ids}
    rows = connection.execute(
        text("""SELECT image_id, tag, category, weight, ground, confidence, why, tagger FROM image_tags
                WHERE image_id = ANY(CAST(:ids AS integer[]))
                ORDER BY confidence DESC NULLS LAST, tag"""), {"ids": list(image_ids)})
    for row in rows:
        found[row.image_id].append({name: value for name, value in row._mapping.items() if name != "image_id"})
    return found


def weigh(connection: Connection, image_id: int, weights: Mapping[str, float], categories: Mapping[str, str]) -> None:
    """Set the weights of a picture's tags; tags it does not have yet are the owner's choice."""
    for tag, weight in weights.items():
        connection.execute(
            text("""INSERT INTO image_tags (image_id, tag, category, weight, ground, tagger)
                    VALUES (:image, :tag, :category, :weight, 'chosen', '')
                    ON CONFLICT (image_id, tag) DO UPDATE SET weight = excluded.weight"""),
            {"image": image_id, "tag": tag, "category": categories[tag], "weight": weight})


def known_tags(connection: Connection, sha256: str, tagger: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Return what a tagger said of the same file before, for whomever: its notes and tags; None if it never saw it."""
    row = connection.execute(
        text("SELECT id, notes FROM images WHERE sha256 = :sha256 AND tagger = :tagger AND removed_at IS NULL "
             "ORDER BY id LIMIT 1"), {"sha256": sha256, "tagger": tagger}).first()
    if row is None:
        return None
    return row.notes, [one | {"weight": one["confidence"]} for one in tags(connection, [row.id])[row.id]
                       if one["ground"] != "chosen"]


# --- searches -----------------------------------------------------------------------------------------------------


def put_search(connection: Connection, image_id: int, wish: Mapping[str, Any], matches: int,
               rows: Sequence[Mapping[str, Any]]) -> int:
    """Store a search and its songs; the same search again replaces its songs."""
    search_id = connection.execute(
        text("""INSERT INTO image_searches (image_id, wish, matches) VALUES (:image, CAST(:wish AS jsonb), :matches)
                ON CONFLICT (image_id, md5(wish::text)) DO UPDATE SET matches = excluded.matches,
                    created_at = now()
                RETURNING id"""),
        {"image": image_id, "wish": json.dumps(wish, sort_keys=True), "matches": matches}).scalar_one()
    connection.execute(text("DELETE FROM recommendations WHERE search_id = :id"), {"id": search_id})
    if rows:
        connection.execute(
            text("""INSERT INTO recommendations (search_id, rank, entry_id, song_id, title, artist, genre, similarity,
                                                 best, why, song_tags)
                    VALUES (:search, :rank, :entry_id, :song_id, :title, :artist, :genre, :similarity, :best,
                            CAST(:why AS jsonb), :song_tags)""").bindparams(bindparam("song_tags", type_=ARRAY(Text))),
            [{"search": search_id, **row, "why": json.dumps(row["why"])} for row in rows])
    return search_id


def last_search(connection: Connection, image_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the newest search of each picture with its songs."""
    found: dict[int, dict[str, Any]] = {}
    rows = connection.execute(
        text("""SELECT DISTINCT ON (image_id) id, image_id, wish, matches, created_at FROM image_searches
                WHERE image_id = ANY(CAST(:ids AS integer[])) ORDER BY image_id, created_at DESC, id DESC"""),
        {"ids": list(image_ids)})
    for row in rows:
        found[row.image_id] = dict(row._mapping) | {"songs": []}
    by_search = {search["id"]: search for search in found.values()}
    songs = connection.execute(
        text("""SELECT search_id, rank, entry_id, song_id, title, artist, genre, similarity, best, why, song_tags
                FROM recommendations WHERE search_id = ANY(CAST(:ids AS bigint[])) ORDER BY search_id, rank"""),
        {"ids": list(by_search)})
    for song in songs:
        by_search[song.search_id]["songs"].append(dict(song._mapping))
    return found


# --- videos -------------------------------------------------------------------------------------------------------


def videos(connection: Connection, song_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what YouTube's search said of some songs; a song it was never asked about is missing."""
    rows = connection.execute(
        text("SELECT song_id, video_id, title, channel, fetched_at FROM song_videos "
             "WHERE song_id = ANY(CAST(:ids AS integer[]))"), {"ids": list(song_ids)})
    return {row.song_id: dict(row._mapping) for row in rows}


def put_video(connection: Connection, song_id: int, video_id: str | None, title: str | None, channel: str | None,
              ) -> None:
    """Store an answer of YouTube's search; of a song that has gone meanwhile nothing is stored."""
    connection.execute(
        text("""INSERT INTO song_videos (song_id, video_id, title, channel)
                SELECT id, :video, :title, :channel FROM songs WHERE id = :song
                ON CONFLICT (song_id) DO UPDATE SET video_id = excluded.video_id, title = excluded.title,
                    channel = excluded.channel, fetched_at = now()"""),
        {"song": song_id, "video": video_id, "title": title, "channel": channel})


def count_quota(connection: Connection, units: int) -> None:
    """Add to what was used of today's quota."""
    connection.execute(
        text("""INSERT INTO youtube_quota AS q (day, units)
                VALUES ((now() AT TIME ZONE 'America/Los_Angeles')::date, :units)
                ON CONFLICT (day) DO UPDATE SET units = q.units + excluded.units"""), {"units": units})


def quota_today(connection: Connection) -> int:
    """Return the units used of today's quota."""
    return connection.execute(
        text("SELECT coalesce(max(units), 0) FROM youtube_quota "
             "WHERE day = (now() AT TIME ZONE 'America/Los_Angeles')::date")).scalar_one()
