"""Predictions of hits: the tracks that were sent, what came out, batches, the leaderboard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

ORDERS = {"score": "p.score DESC NULLS LAST, p.id", "likes": "likes DESC, p.score DESC NULLS LAST, p.id",
          "newest": "p.id DESC", "best": "p.score DESC NULLS LAST, p.id"}
_SHOWN = """p.id, p.owner_id, u.nickname AS owner, p.track_id, p.song_id, p.batch_id, p.job_id, p.title, p.artist,
            p.genre, p.released, p.lyrics, p.full_seconds, p.prior, p.state, p.error_code, p.error_values,
            p.log_odds_ratio, p.low, p.high, p.score, p.abstained, p.report, p.public_at, p.token, p.created_at,
            p.finished_at, t.format, t.seconds, t.sha256, t.name, p.picture IS NOT NULL AS has_picture"""
_ROW = """p.id, p.owner_id, u.nickname AS owner, p.title, p.artist, p.genre, p.state, p.score, p.log_odds_ratio,
          p.prior, p.abstained, p.public_at, p.lyrics IS NOT NULL AS has_lyrics, p.batch_id, p.error_code,
          p.error_values, p.created_at"""
_FROM = "FROM predictions p JOIN users u ON u.id = p.owner_id JOIN tracks t ON t.id = p.track_id"
_LIKES = "(SELECT count(*) FROM likes l WHERE l.kind = 'prediction' AND l.item = p.id::text)"
_MATCH = """(CAST(:genre AS text) IS NULL OR p.genre = :genre)
            AND (CAST(:batch AS integer) IS NULL OR p.batch_id = :batch)
            AND (CAST(:since AS timestamptz) IS NULL OR p.public_at >= :since)
            AND (:search = '' OR strpos(lower(p.title || ' ' || p.artist), lower(:search)) > 0)"""
_OWN, _BOARD = "p.owner_id = :owner", "p.public_at IS NOT NULL AND p.state = 'done' AND p.score IS NOT NULL"
ACTIVE = ("queued", "running")


# --- tracks -------------------------------------------------------------------------------------------------------


def put_track(connection: Connection, owner_id: int, sha256: str, name: str, data: bytes) -> int:
    """Store a file as it was sent and return its id; one the owner has sent before is found again."""
    return connection.execute(
        text("""INSERT INTO tracks (owner_id, sha256, name, bytes, data) VALUES (:owner, :sha256, :name, :bytes, :data)
                ON CONFLICT (owner_id, sha256) DO UPDATE SET name = EXCLUDED.name RETURNING id"""),
        {"owner": owner_id, "sha256": sha256, "name": name, "bytes": len(data), "data": data}).scalar_one()


def track_data(connection: Connection, track_id: int) -> tuple[bytes, str | None] | None:
    """Return a track's bytes and format, None if there is none."""
    row = connection.execute(text("SELECT data, format FROM tracks WHERE id = :id"), {"id": track_id}).first()
    return None if row is None else (bytes(row[0]), row[1])


def set_track(connection: Connection, track_id: int, form: str, seconds: float) -> None:
    """Note what a track turned out to be."""
    connection.execute(text("UPDATE tracks SET format = :form, seconds = :seconds WHERE id = :id"),
                       {"id": track_id, "form": form, "seconds": seconds})


# --- predictions --------------------------------------------------------------------------------------------------


def add(connection: Connection, row: Mapping[str, Any]) -> int:
    """Store a prediction to be made and return its id."""
    names = ("owner_id", "track_id", "song_id", "batch_id", "title", "artist", "genre", "released", "lyrics",
             "full_seconds", "prior", "public_at")
    return connection.execute(
        text(f"""INSERT INTO predictions ({", ".join(names)}) VALUES ({", ".join(f":{name}" for name in names)})
                 RETURNING id"""), {name: row.get(name) for name in names}).scalar_one()


def get(connection: Connection, prediction_id: int) -> dict[str, Any] | None:
    """Return a prediction without its picture and audio, None if there is none."""
    row = connection.execute(text(f"SELECT {_SHOWN} {_FROM} WHERE p.id = :id"), {"id": prediction_id}).first()
    return dict(row._mapping) if row else None


def by_token(connection: Connection, token: str) -> int | None:
    """Return the prediction a link shows, None if there is no such link (any more)."""
    return connection.execute(text("SELECT id FROM predictions WHERE token = :token"), {"token": token}).scalar()


def picture(connection: Connection, prediction_id: int) -> bytes | None:
    """Return the picture of the mel spectrogram, None if there is none."""
    found = connection.execute(text("SELECT picture FROM predictions WHERE id = :id"), {"id": prediction_id}).scalar()
    return None if found is None else bytes(found)


def set_job(connection: Connection, prediction_id: int, job_id: int) -> None:
    """Note which job makes a prediction."""
    connection.execute(text("UPDATE predictions SET job_id = :job WHERE id = :id"),
                       {"id": prediction_id, "job": job_id})


def queue_again(connection: Connection, prediction_id: int) -> bool:
    """Queue a prediction that has ended without an answer; return whether it was one."""
    done = connection.execute(
        text("""UPDATE predictions SET state = 'queued', error_code = NULL, error_values = '{}', finished_at = NULL
                WHERE id = :id AND state IN ('failed', 'cancelled', 'interrupted')"""), {"id": prediction_id})
    return done.rowcount > 0


def begin(connection: Connection, prediction_id: int) -> bool:
    """Mark a queued prediction as running; return whether it was queued."""
    done = connection.execute(text("UPDATE predictions SET state = 'running' WHERE id = :id AND state = 'queued'"),
                              {"id": prediction_id})
    return done.rowcount > 0


def end(connection: Connection, prediction_id: int, state: str, code: str | None = None,
        values: Mapping[str, Any] | None = None) -> None:
    """Note that a prediction ended without an answer."""
    connection.execute(
        text("""UPDATE predictions SET state = :state, error_code = :code, error_values = CAST(:values AS jsonb),
                       finished_at = now() WHERE id = :id AND state IN ('queued', 'running')"""),
        {"id": prediction_id, "state": state, "code": code, "values": json.dumps(values or {})})


def finish(connection: Connection, prediction_id: int, found: Mapping[str, Any]) -> None:
    """Store what came out."""
    connection.execute(
        text("""UPDATE predictions SET state = 'done', log_odds_ratio = :log_odds_ratio, low = :low, high = :high,
                       score = :score, abstained = :abstained, report = CAST(:report AS jsonb),
                       embedding = CAST(:embedding AS real[]), picture = :picture, finished_at = now()
                WHERE id = :id"""), {**found, "report": json.dumps(found["report"]), "id": prediction_id})


def set_value(connection: Connection, prediction_id: int, name: str, value: Any) -> None:
    """Set the prior, the token or since when it is public."""
    if name not in ("prior", "token", "public_at"):
        raise ValueError(f"{name} cannot be set, accepted are prior, token, public_at")
    connection.execute(text(f"UPDATE predictions SET {name} = :value WHERE id = :id"),
                       {"id": prediction_id, "value": value})


def delete(connection: Connection, prediction_id: int) -> None:
    """Remove a prediction, and its track where no other prediction is of it."""
    connection.execute(text("DELETE FROM likes WHERE kind = 'prediction' AND item = :item"),
                       {"item": str(prediction_id)})
    track = connection.execute(text("DELETE FROM predictions WHERE id = :id RETURNING track_id"),
                               {"id": prediction_id}).scalar()
    drop_tracks(connection, [] if track is None else [track])


def drop_tracks(connection: Connection, track_ids: Sequence[int]) -> None:
    """Remove those of some tracks that no prediction is of."""
    connection.execute(
        text("""DELETE FROM tracks t WHERE t.id = ANY(CAST(:ids AS integer[]))
                AND NOT EXISTS (SELECT FROM predictions p WHERE p.track_id = t.id)"""), {"ids": list(track_ids)})


def interrupt(connection: Connection) -> int:
    """Mark predictions whose job is no longer under way; return how many."""
    done = connection.execute(
        text("""UPDATE predictions p SET state = 'interrupted', finished_at = now()
                WHERE p.state IN ('queued', 'running') AND NOT EXISTS
                (SELECT FROM jobs j WHERE j.id = p.job_id AND j.state IN ('queued', 'running'))"""))
    return done.rowcount


# --- lists --------------------------------------------------------------------------------------------------------


def listed(connection: Connection, actor_id: int, *, board: bool, genre: str | None, search: str, order: str,
           batch_id: int | None, limit: int, offset: int, since: datetime | None = None,
           ) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the owner's predictions, or of the leaderboard, and how many match in all.

    Parameters
    ----------
    order : str
        One of `ORDERS`. A leaderboard's ``rank`` is by score among all that are public, whatever is shown.
    since : datetime or None
        Only those published since then.
    """
    where = f"{_BOARD if board else _OWN} AND {_MATCH}"
    values = {"owner": actor_id, "genre": genre, "search": search, "batch": batch_id, "limit": limit, "offset": offset,
              "since": since}
    rank = ("(SELECT 1 + count(*) FROM predictions b WHERE b.public_at IS NOT NULL AND b.state = 'done' "
            "AND b.score > p.score)" if board else "NULL")
    liked = "EXISTS (SELECT FROM likes l WHERE l.kind = 'prediction' AND l.item = p.id::text AND l.owner_id = :owner)"
    rows = connection.execute(
        text(f"""SELECT {_ROW}, {_LIKES} AS likes, {liked} AS liked, {rank} AS rank {_FROM} WHERE {where}
                 ORDER BY {ORDERS[order]} LIMIT :limit OFFSET :offset"""), values)
    found = [dict(row._mapping) for row in rows]
    return found, connection.execute(text(f"SELECT count(*) {_FROM} WHERE {where}"), values).scalar_one()


def standing(connection: Connection, actor_id: int, genre: str, score: float) -> tuple[int, int]:
    """Return how many analysed tracks of a genre the actor may see, and how many of them score lower."""
    return tuple(connection.execute(
        text("""SELECT count(*), count(*) FILTER (WHERE score < :score) FROM predictions
                WHERE genre = :genre AND state = 'done' AND score IS NOT NULL
                AND (owner_id = :owner OR public_at IS NOT NULL)"""),
        {"owner": actor_id, "genre": genre, "score": score}).one())


def others(connection: Connection, actor_id: int, prediction_id: int) -> list[dict[str, Any]]:
    """Return what tells how near other tracks are: those of the actor and public ones, each file once."""
    rows = connection.execute(
        text(f"""SELECT DISTINCT ON (t.sha256) {_ROW}, p.embedding, t.sha256 {_FROM}
                 WHERE p.state = 'done' AND p.id <> :id AND p.embedding IS NOT NULL
                 AND t.sha256 <> (SELECT s.sha256 FROM predictions q JOIN tracks s ON s.id = q.track_id
                                  WHERE q.id = :id)
                 AND ({_OWN} OR p.public_at IS NOT NULL)
                 ORDER BY t.sha256, p.owner_id = :owner DESC, p.id DESC"""), {"id": prediction_id, "owner": actor_id})
    return [dict(row._mapping) for row in rows]


def embedding(connection: Connection, prediction_id: int) -> list[float] | None:
    """Return the embedding of a prediction's audio, None if it has none."""
    return connection.execute(text("SELECT embedding FROM predictions WHERE id = :id"), {"id": prediction_id}).scalar()


def like(connection: Connection, owner_id: int, prediction_id: int, *, on: bool) -> None:
    """Note that a user likes a prediction, or no longer."""
    connection.execute(text(
        "INSERT INTO likes (owner_id, kind, item) VALUES (:owner, 'prediction', :item) ON CONFLICT DO NOTHING"
        if on else "DELETE FROM likes WHERE owner_id = :owner AND kind = 'prediction' AND item = :item"),
        {"owner": owner_id, "item": str(prediction_id)})


def likes(connection: Connection, owner_id: int, prediction_id: int) -> tuple[int, bool]:
    """Return how many users like a prediction, and whether this one does."""
    return tuple(connection.execute(
        text("""SELECT count(*), coalesce(bool_or(owner_id = :owner), false) FROM likes
                WHERE kind = 'prediction' AND item = :item"""),
        {"owner": owner_id, "item": str(prediction_id)}).one())


# --- batches ------------------------------------------------------------------------------------------------------


def add_batch(connection: Connection, owner_id: int, name: str) -> int:
    """Store a batch and return its id."""
    return connection.execute(
        text("INSERT INTO prediction_batches (owner_id, name) VALUES (:owner, :name) RETURNING id"),
        {"owner": owner_id, "name": name}).scalar_one()


def set_batch(connection: Connection, batch_id: int, *, job_id: int | None = None,
              refused: Sequence[Sequence[Any]] | None = None) -> None:
    """Note which job runs a batch, or which of its files were not taken."""
    connection.execute(
        text("""UPDATE prediction_batches SET job_id = coalesce(:job, job_id),
                       refused = coalesce(CAST(:refused AS jsonb), refused) WHERE id = :id"""),
        {"id": batch_id, "job": job_id, "refused": None if refused is None else json.dumps(refused)})


def batches(connection: Connection, owner_id: int, batch_id: int | None = None) -> list[dict[str, Any]]:
    """Return the owner's batches, newest first, each with the number of its predictions by state."""
    rows = connection.execute(
        text("""SELECT b.id, b.owner_id, b.name, b.refused, b.job_id, b.created_at, j.state AS job_state,
                       coalesce((SELECT jsonb_object_agg(state, many) FROM (SELECT p.state, count(*) AS many
                                 FROM predictions p WHERE p.batch_id = b.id GROUP BY p.state) each), '{}') AS counts
                FROM prediction_batches b LEFT JOIN jobs j ON j.id = b.job_id
                WHERE b.owner_id = :owner AND (CAST(:id AS integer) IS NULL OR b.id = :id) ORDER BY b.id DESC"""),
        {"owner": owner_id, "id": batch_id})
    return [dict(row._mapping) for row in rows]


def of_batch(connection: Connection, batch_id: int, states: Sequence[str]) -> list[int]:
    """Return the predictions of a batch in some states, in their order."""
    return list(connection.execute(
        text("SELECT id FROM predictions WHERE batch_id = :id AND state = ANY(CAST(:states AS text[])) ORDER BY id"),
        {"id": batch_id, "states": list(states)}).scalars())


def delete_batch(connection: Connection, batch_id: int) -> None:
    """Remove a batch with its predictions and the tracks only they are of."""
    tracks = list(connection.execute(text("SELECT track_id FROM predictions WHERE batch_id = :id"),
                                     {"id": batch_id}).scalars())
    connection.execute(
        text("""DELETE FROM likes WHERE kind = 'prediction'
                AND item IN (SELECT id::text FROM predictions WHERE batch_id = :id)"""), {"id": batch_id})
    connection.execute(text("DELETE FROM prediction_batches WHERE id = :id"), {"id": batch_id})
    drop_tracks(connection, tracks)
