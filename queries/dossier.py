"""Song dossiers: which songs there are to see, what is tied to one, links to show one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, text

EPOCH = date(1970, 1, 1).toordinal()
_OPEN = """EXISTS (SELECT FROM series x WHERE x.song_id = s.id)
    OR EXISTS (SELECT FROM catalogue_entries x WHERE x.song_id = s.id)
    OR EXISTS (SELECT FROM lyrics x WHERE x.song_id = s.id AND (x.owner_id IS NULL OR x.owner_id = :actor))
    OR EXISTS (SELECT FROM playlist_songs x JOIN playlists p ON p.id = x.playlist_id
               WHERE x.song_id = s.id AND p.owner_id IS NULL)"""
_OWN = """EXISTS (SELECT FROM dossier_songs x WHERE x.song_id = s.id AND x.owner_id = :actor)
    OR EXISTS (SELECT FROM auditions x WHERE x.song_id = s.id AND x.owner_id = :actor)"""
SEEN = f"({_OPEN} OR {_OWN})"
"""Whether ``:actor`` may know of song ``s``: from what everybody sees, or because they gave its names themselves.

That something of theirs is tied to it is not enough: whoever guesses an id could tie a thing to it and read its names.
"""
CATEGORIES = ("situation", "emotion", "time", "style", "weather", "season")
MOST_COUNTED = 1_000
"""Songs of a search that are looked at and counted."""
MINE = """
    SELECT song_id, count(*) AS things FROM (
        SELECT song_id FROM dossier_songs WHERE owner_id = :actor
        UNION ALL SELECT song_id FROM auditions WHERE owner_id = :actor AND song_id IS NOT NULL
        UNION ALL SELECT song_id FROM predictions WHERE owner_id = :actor AND song_id IS NOT NULL
        UNION ALL SELECT song_id FROM playlist_pictures WHERE owner_id = :actor AND song_id IS NOT NULL
        UNION ALL SELECT song_id FROM bgm_tracks WHERE owner_id = :actor AND song_id IS NOT NULL
                  AND deleted_at IS NULL) AS each GROUP BY song_id"""
"""How many things of ``:actor`` are tied to each song."""


# --- songs --------------------------------------------------------------------------------------------------------


def song(connection: Connection, actor_id: int, song_id: int) -> dict[str, Any] | None:
    """Return what the heading shows of a song the actor may see, None if there is none such.

    ``lyrics_id`` is of lyrics the actor may read, their own first.
    """
    row = connection.execute(
        text(f"""SELECT s.id, s.artist_id, a.display_name AS artist, s.title, i.cover_url, i.tags,
                        coalesce(e.album, '') AS album, e.year,
                        (SELECT l.id FROM lyrics l WHERE l.song_id = s.id AND NOT l.repeated
                         AND (l.owner_id IS NULL OR l.owner_id = :actor)
                         ORDER BY l.owner_id IS NULL, l.id LIMIT 1) AS lyrics_id
                 FROM songs s JOIN artists a ON a.id = s.artist_id LEFT JOIN track_info i ON i.song_id = s.id
                      LEFT JOIN LATERAL (SELECT max(album) AS album, max(year) AS year FROM catalogue_entries e
                                         WHERE e.song_id = s.id) e ON true
                 WHERE s.id = :song AND {SEEN}"""), {"song": song_id, "actor": actor_id}).first()
    return dict(row._mapping) if row else None


def rich(connection: Connection, actor_id: int, limit: int) -> list[int]:
    """Return the songs with most to show: those with most things of the actor's own, then those with readings.

    Songs that stand in the catalogue alone follow, the first ones.
    """
    return list(connection.execute(
        text(f"""WITH mine AS ({MINE}),
                 kept AS (SELECT m.song_id FROM mine m JOIN songs s ON s.id = m.song_id WHERE {SEEN}
                          UNION SELECT song_id FROM series
                          UNION (SELECT DISTINCT song_id FROM catalogue_entries WHERE id <= (
                                 SELECT coalesce(min(id), 0) FROM catalogue_entries) + :limit))
                 SELECT k.song_id FROM kept k LEFT JOIN mine m ON m.song_id = k.song_id
                 ORDER BY coalesce(m.things, 0) DESC, EXISTS (SELECT FROM series x WHERE x.song_id = k.song_id) DESC,
                          (SELECT max(x.total) FROM series x WHERE x.song_id = k.song_id) DESC NULLS LAST, k.song_id
                 LIMIT :limit"""), {"actor": actor_id, "limit": limit}).scalars())


def named(connection: Connection, actor_id: int, words: Sequence[str], whole: str, limit: int,
          ) -> tuple[list[int], int]:
    """Return songs the actor may see that have all words in artist and title, the best first, and how many match.

    Of more than `MOST_COUNTED` names that match only the best are looked at, and as many are said to match: whether
    the actor may see one takes longer to find out than that it matches. Names are short, so that going through
    100,000 of them takes less time than an index of three letters would save, and needs none.

    Parameters
    ----------
    words : sequence of str
        Normalised.
    whole : str
        All of them in one: a title that is just that comes first, then one that begins so.
    """
    held = " AND ".join(f"""(strpos(s.norm_title, :word{number}) > 0 OR s.artist_id IN (
                                 SELECT id FROM artists WHERE strpos(norm_key, :word{number}) > 0))"""
                        for number in range(len(words))) or "false"
    rows = connection.execute(
        text(f"""WITH mine AS MATERIALIZED ({MINE}),
                 exact AS MATERIALIZED (
                     SELECT s.id FROM artists a JOIN songs s ON s.artist_id = a.id AND s.norm_title IN (
                         substr(:whole, length(a.norm_key) + 1), left(:whole, -length(a.norm_key)))
                     WHERE :whole IN (a.norm_key || s.norm_title, s.norm_title || a.norm_key)
                           AND strpos(:whole, a.norm_key) > 0),
                 ranked AS MATERIALIZED (
                     SELECT s.id, coalesce(m.things, 0) AS things,
                            CASE WHEN s.norm_title = :whole OR s.id IN (SELECT id FROM exact) THEN 0
                                 WHEN strpos(s.norm_title, :whole) = 1 THEN 1
                                 WHEN s.artist_id IN (SELECT id FROM artists WHERE norm_key = :whole) THEN 2
                                 ELSE 3 END AS place
                     FROM songs s LEFT JOIN mine m ON m.song_id = s.id WHERE {held}
                     ORDER BY place, things DESC, s.id LIMIT {MOST_COUNTED}),
                 seen AS MATERIALIZED (SELECT s.* FROM ranked s WHERE {SEEN})
                 SELECT f.id, count(*) OVER () AS every FROM seen f
                 ORDER BY f.place, f.things DESC, EXISTS (SELECT FROM series x WHERE x.song_id = f.id) DESC, f.id
                 LIMIT :limit"""),
        {f"word{number}": word for number, word in enumerate(words)}
        | {"actor": actor_id, "whole": whole, "limit": limit})
    found = [(row.id, row.every) for row in rows]
    return [each[0] for each in found], found[0][1] if found else 0


def tagged(connection: Connection, tags: Mapping[str, Sequence[str]], limit: int) -> tuple[list[int], int]:
    """Return songs of the catalogue that have all the tags (by category), the first ones, and how many there are.

    They are counted as by `named`.
    """
    held = " AND ".join(f'"{name}" @> CAST(:{name} AS text[])' for name in CATEGORIES if tags.get(name)) or "false"
    row = connection.execute(
        text(f"""WITH found AS MATERIALIZED (
                     SELECT song_id FROM catalogue_entries WHERE {held} ORDER BY id LIMIT {MOST_COUNTED}),
                 once AS MATERIALIZED (SELECT DISTINCT song_id FROM found)
                 SELECT ARRAY(SELECT song_id FROM once ORDER BY song_id LIMIT :limit) AS ids,
                        (SELECT count(*) FROM once) AS every"""),
        {name: list(each) for name, each in tags.items() if each} | {"limit": limit}).one()
    return list(row.ids), row.every


def headings(connection: Connection, song_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what a list shows of songs the caller has found for the actor, by id."""
    rows = connection.execute(
        text("""SELECT s.id, s.artist_id, a.display_name AS artist, s.title, i.cover_url,
                       coalesce(e.album, '') AS album, e.year
                FROM songs s JOIN artists a ON a.id = s.artist_id LEFT JOIN track_info i ON i.song_id = s.id
                     LEFT JOIN LATERAL (SELECT max(album) AS album, max(year) AS year FROM catalogue_entries e
                                        WHERE e.song_id = s.id) e ON true
                WHERE s.id = ANY(CAST(:ids AS integer[]))"""), {"ids": list(song_ids)})
    return {row.id: dict(row._mapping) for row in rows}


def keep_song(connection: Connection, owner_id: int, song_id: int) -> None:
    """Note that somebody entered a song by hand, or tied something to one: it stays theirs to see."""
    connection.execute(text("INSERT INTO dossier_songs (owner_id, song_id) VALUES (:owner, :song) "
                            "ON CONFLICT DO NOTHING"), {"owner": owner_id, "song": song_id})


# --- what is tied to a song ---------------------------------------------------------------------------------------


def readings(connection: Connection, song_id: int) -> pd.DataFrame:
    """Return all readings of a song: ``song_id, platform, day, total, gain, flags``, by platform and day."""
    rows = connection.execute(
        text("""SELECT p.key, d.day, d.total, d.gain, d.flags
                FROM daily_metrics d JOIN platforms p ON p.id = d.platform
                WHERE d.song_id = :song ORDER BY p.key, d.day"""), {"song": song_id}).cursor.fetchall()
    platform, day, total, gain, flags = zip(*rows, strict=True) if rows else ((),) * 5
    ordinal = np.fromiter((one.toordinal() for one in day), dtype=np.int64, count=len(day)) - EPOCH
    return pd.DataFrame({
        "song_id": np.full(len(day), song_id, dtype=np.int64), "platform": np.array(platform, dtype=object),
        "day": ordinal.astype("datetime64[D]").astype("datetime64[ns]"), "total": np.array(total, dtype=np.float64),
        "gain": np.array(gain, dtype=np.float64), "flags": np.array(flags, dtype=np.int64)}, copy=False)


def readings_key(connection: Connection, song_id: int) -> tuple[Any, ...]:
    """Return what changes whenever the readings of a song, or the errors forecasts are made from, do."""
    return tuple(connection.execute(
        text("""SELECT (SELECT string_agg(concat_ws(',', x.platform, x.rows, x.flagged, x.last_day, x.total), ';'
                                          ORDER BY x.platform) FROM series x WHERE x.song_id = :song),
                       (SELECT max(id) FROM sync_runs), (SELECT max(made_at) FROM forecast_calibration)"""),
        {"song": song_id}).one())


def auditions(connection: Connection, owner_id: int, song_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the newest finished auditions of an owner for a song, and how many there are."""
    rows = connection.execute(
        text("""SELECT id, panel, CAST(scaled_300 AS double precision) AS total, verdict,
                       offline IS NOT NULL AS offline, created_at, count(*) OVER () AS every
                FROM auditions WHERE song_id = :song AND owner_id = :owner AND state = 'done'
                ORDER BY id DESC LIMIT :limit"""), {"song": song_id, "owner": owner_id, "limit": limit})
    return _counted(rows)


def predictions(connection: Connection, owner_id: int, song_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the newest finished predictions of an owner for a song, and how many there are."""
    rows = connection.execute(
        text("""SELECT id, genre, score, log_odds_ratio, prior, abstained, created_at, count(*) OVER () AS every,
                       CAST(report ->> 'score_low' AS double precision) AS low,
                       CAST(report ->> 'score_high' AS double precision) AS high
                FROM predictions WHERE song_id = :song AND owner_id = :owner AND state = 'done'
                ORDER BY id DESC LIMIT :limit"""), {"song": song_id, "owner": owner_id, "limit": limit})
    return _counted(rows)


def entries(connection: Connection, song_id: int) -> list[dict[str, Any]]:
    """Return the entries of a song in the catalogue: id, genre, and its tags by category."""
    rows = connection.execute(
        text("""SELECT id, genre, situation, emotion, "time", style, weather, season FROM catalogue_entries
                WHERE song_id = :song ORDER BY id"""), {"song": song_id})
    return [dict(row._mapping) for row in rows]


def playlists(connection: Connection, owner_id: int, song_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return playlists that hold a song, the owner's own first, and how many there are; never those of others."""
    rows = connection.execute(
        text("""SELECT p.id, p.title, p.owner_id IS NOT NULL AS own, count(*) OVER () AS every,
                       (SELECT count(*) FROM playlist_songs n WHERE n.playlist_id = p.id) AS songs
                FROM playlist_songs x JOIN playlists p ON p.id = x.playlist_id
                WHERE x.song_id = :song AND (p.owner_id IS NULL OR p.owner_id = :owner)
                ORDER BY own DESC, p.changed_at DESC, p.likes DESC, p.id DESC LIMIT :limit"""),
        {"song": song_id, "owner": owner_id, "limit": limit})
    return _counted(rows)


def thumbnails(connection: Connection, owner_id: int, song_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the newest thumbnails of an owner for a song, without their pixels, and how many there are."""
    rows = connection.execute(
        text("""SELECT id, title, kind, created_at, count(*) OVER () AS every FROM playlist_pictures
                WHERE song_id = :song AND owner_id = :owner ORDER BY id DESC LIMIT :limit"""),
        {"song": song_id, "owner": owner_id, "limit": limit})
    return _counted(rows)


def tracks(connection: Connection, owner_id: int, song_id: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the newest background music of an owner for a song, without its sound, and how many there are."""
    rows = connection.execute(
        text("""SELECT id, batch_id, title, seconds, rating, created_at, count(*) OVER () AS every FROM bgm_tracks
                WHERE song_id = :song AND owner_id = :owner AND state = 'done' AND deleted_at IS NULL
                ORDER BY id DESC LIMIT :limit"""), {"song": song_id, "owner": owner_id, "limit": limit})
    return _counted(rows)


def _counted(rows: Any) -> tuple[list[dict[str, Any]], int]:
    page = [dict(row._mapping) for row in rows]
    every = [row.pop("every") for row in page]
    return page, every[0] if every else 0


def set_picture_song(connection: Connection, picture_id: int, song_id: int | None) -> None:
    """Let a thumbnail belong to a song, or to none."""
    connection.execute(text("UPDATE playlist_pictures SET song_id = CAST(:song AS integer) WHERE id = :id"),
                       {"id": picture_id, "song": song_id})


def set_prediction_song(connection: Connection, prediction_id: int, song_id: int | None) -> None:
    """Let a prediction belong to a song, or to none."""
    connection.execute(text("UPDATE predictions SET song_id = CAST(:song AS integer) WHERE id = :id"),
                       {"id": prediction_id, "song": song_id})


# --- links --------------------------------------------------------------------------------------------------------

_SHARE = "id, song_id, owner_id, created_at, expires_at, revoked_at, opened"


def add_share(connection: Connection, owner_id: int, song_id: int, token_sha256: str, until: datetime,
              ) -> dict[str, Any]:
    """Store a link and return it."""
    return dict(connection.execute(
        text(f"""INSERT INTO dossier_shares (owner_id, song_id, token_sha256, expires_at)
                 VALUES (:owner, :song, :sha256, :until) RETURNING {_SHARE}"""),
        {"owner": owner_id, "song": song_id, "sha256": token_sha256, "until": until}).one()._mapping)


def shares(connection: Connection, owner_id: int, song_id: int) -> list[dict[str, Any]]:
    """Return an owner's links to a song, newest first."""
    rows = connection.execute(
        text(f"SELECT {_SHARE} FROM dossier_shares WHERE owner_id = :owner AND song_id = :song ORDER BY id DESC"),
        {"owner": owner_id, "song": song_id})
    return [dict(row._mapping) for row in rows]


def count_shares(connection: Connection, owner_id: int, song_id: int) -> int:
    """Return how many of an owner's links to a song still hold."""
    return connection.execute(
        text("""SELECT count(*) FROM dossier_shares WHERE owner_id = :owner AND song_id = :song AND revoked_at IS NULL
                AND expires_at > now()"""), {"owner": owner_id, "song": song_id}).scalar_one()


def revoke_share(connection: Connection, owner_id: int, share_id: int) -> int | None:
    """Take an owner's link back, once; return its song, None if there is no such link of theirs."""
    return connection.execute(
        text("""UPDATE dossier_shares SET revoked_at = coalesce(revoked_at, now())
                WHERE id = :id AND owner_id = :owner RETURNING song_id"""),
        {"id": share_id, "owner": owner_id}).scalar()


def share_of(connection: Connection, token_sha256: str, *, opening: bool) -> dict[str, Any] | None:
    """Return the link that still holds, with its owner's name and role, None if there is none; count an opening."""
    row = connection.execute(
        text("""UPDATE dossier_shares d SET opened = d.opened + :more FROM users u
                WHERE d.token_sha256 = :sha256 AND d.revoked_at IS NULL AND d.expires_at > now()
                      AND u.id = d.owner_id AND u.disabled_at IS NULL
                RETURNING d.id, d.song_id, d.owner_id, u.nickname, u.role""") if opening else
        text("""SELECT d.id, d.song_id, d.owner_id, u.nickname, u.role
                FROM dossier_shares d JOIN users u ON u.id = d.owner_id
                WHERE d.token_sha256 = :sha256 AND d.revoked_at IS NULL AND d.expires_at > now()
                      AND u.disabled_at IS NULL"""),
        {"sha256": token_sha256, "more": 1} if opening else {"sha256": token_sha256}).first()
    return dict(row._mapping) if row else None
