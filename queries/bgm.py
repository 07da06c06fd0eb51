"""Background music: requests, tracks, their sound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

ACTIVE = ("queued", "running")
_TRACK = """id, batch_id, owner_id, song_id, variant, title, maker, state, error_code, error_values, seconds, plan,
            engine, drawn, figures, rating, created_at"""
_LISTED = _TRACK.replace("drawn", "jsonb_build_object('peaks', drawn -> 'peaks') AS drawn")
_SOUNDS = ("ogg", "midi", "master")


# --- requests -----------------------------------------------------------------------------------------------------


def add_batch(connection: Connection, row: Mapping[str, Any]) -> int:
    """Store a request and return its id."""
    return connection.execute(
        text("""INSERT INTO bgm_batches (owner_id, song_id, parent_id, edit, wish, caption, maker, tracks)
                VALUES (:owner_id, :song_id, :parent_id, CAST(:edit AS jsonb), CAST(:wish AS jsonb), :caption, :maker,
                        :tracks) RETURNING id"""),
        {**row, "wish": json.dumps(row["wish"]), "edit": None if row["edit"] is None else json.dumps(row["edit"])},
    ).scalar_one()


def get_batch(connection: Connection, batch_id: int) -> dict[str, Any] | None:
    """Return a request and how many are before it in the queue, None if there is none."""
    row = connection.execute(
        text("""SELECT b.*, (SELECT count(*) FROM bgm_batches o WHERE o.state IN ('queued', 'running')
                AND (o.maker = 'composer') = (b.maker = 'composer') AND o.id < b.id) AS ahead
                FROM bgm_batches b WHERE b.id = :id"""),
        {"id": batch_id}).first()
    return dict(row._mapping) if row else None


def set_job(connection: Connection, batch_id: int, job_id: int) -> None:
    """Note which job makes a request's tracks."""
    connection.execute(text("UPDATE bgm_batches SET job_id = :job WHERE id = :id"), {"id": batch_id, "job": job_id})


def begin(connection: Connection, batch_id: int) -> bool:
    """Mark a queued request as running; return whether it was queued."""
    done = connection.execute(text("UPDATE bgm_batches SET state = 'running' WHERE id = :id AND state = 'queued'"),
                              {"id": batch_id})
    return done.rowcount > 0


def end(connection: Connection, batch_id: int, state: str, code: str | None = None,
        values: Mapping[str, Any] | None = None) -> None:
    """Note how a request ended."""
    connection.execute(
        text("""UPDATE bgm_batches SET state = :state, error_code = :code, error_values = CAST(:values AS jsonb),
                       finished_at = now() WHERE id = :id AND state IN ('queued', 'running')"""),
        {"id": batch_id, "state": state, "code": code, "values": json.dumps(values or {})})


def queue_again(connection: Connection, batch_id: int) -> bool:
    """Queue a request that did not come to its end; return whether it was one."""
    done = connection.execute(
        text("""UPDATE bgm_batches SET state = 'queued', error_code = NULL, error_values = '{}', finished_at = NULL
                WHERE id = :id AND state IN ('failed', 'cancelled', 'interrupted')"""), {"id": batch_id})
    return done.rowcount > 0


def interrupt(connection: Connection) -> int:
    """Mark requests whose job is no longer under way; return how many."""
    done = connection.execute(
        text("""UPDATE bgm_batches b SET state = 'interrupted', finished_at = now()
                WHERE b.state IN ('queued', 'running') AND NOT EXISTS
                (SELECT FROM jobs j WHERE j.id = b.job_id AND j.state IN ('queued', 'running'))"""))
    return done.rowcount


# --- tracks -------------------------------------------------------------------------------------------------------


def put_track(connection: Connection, row: Mapping[str, Any]) -> int:
    """Store a track, in place of a failed one of the same request and variant; return its id."""
    names = ("batch_id", "owner_id", "song_id", "variant", "title", "maker", "state", "error_code", "error_values",
             "seconds", "plan", "engine", "drawn", "figures", "ogg", "midi", "master")
    values = {name: row.get(name) for name in names}
    for name in ("error_values", "drawn", "figures"):
        values[name] = json.dumps(values[name] or {})
    values["plan"] = None if values["plan"] is None else json.dumps(values["plan"])
    cast = {name: f"CAST(:{name} AS jsonb)" for name in ("error_values", "drawn", "figures", "plan")}
    return connection.execute(
        text(f"""INSERT INTO bgm_tracks ({", ".join(names)})
                 VALUES ({", ".join(cast.get(name, f":{name}") for name in names)})
                 ON CONFLICT (batch_id, variant) DO UPDATE
                 SET {", ".join(f"{name} = excluded.{name}" for name in names[2:])} RETURNING id"""),
        values).scalar_one()


def tracks(connection: Connection, batch_id: int) -> list[dict[str, Any]]:
    """Return the tracks of a request in order, without their sound."""
    rows = connection.execute(
        text(f"SELECT {_TRACK} FROM bgm_tracks WHERE batch_id = :id AND deleted_at IS NULL ORDER BY variant"),
        {"id": batch_id})
    return [dict(row._mapping) for row in rows]


def variants_done(connection: Connection, batch_id: int) -> set[int]:
    """Return which variants of a request are made (deleted ones too: they are not made again)."""
    rows = connection.execute(text("SELECT variant FROM bgm_tracks WHERE batch_id = :id AND state = 'done'"),
                              {"id": batch_id})
    return {row[0] for row in rows}


def get_track(connection: Connection, track_id: int, *, deleted: bool = False) -> dict[str, Any] | None:
    """Return a track without its sound, None if there is none (or it is deleted)."""
    row = connection.execute(
        text(f"""SELECT {_TRACK}, deleted_at FROM bgm_tracks
                 WHERE id = :id AND (deleted_at IS NOT NULL) = :deleted"""),
        {"id": track_id, "deleted": deleted}).first()
    return dict(row._mapping) if row else None


def sound(connection: Connection, track_id: int, kind: str) -> bytes | None:
    """Return what is stored of a track's sound: ``ogg``, ``midi`` or ``master``; None if it is not.

    Raises
    ------
    ValueError
        If the kind is another.
    """
    if kind not in _SOUNDS:
        raise ValueError(f"{kind} is not stored, accepted are {', '.join(_SOUNDS)}")
    found = connection.execute(text(f"SELECT {kind} FROM bgm_tracks WHERE id = :id"), {"id": track_id}).scalar()
    return None if found is None else bytes(found)


def set_value(connection: Connection, track_id: int, name: str, value: Any) -> None:
    """Set a track's title, rating or song."""
    if name not in ("title", "rating", "song_id"):
        raise ValueError(f"{name} cannot be set, accepted are title, rating, song_id")
    connection.execute(text(f"UPDATE bgm_tracks SET {name} = :value WHERE id = :id"), {"id": track_id, "value": value})


def hide(connection: Connection, track_id: int, *, on: bool) -> None:
    """Delete a track so that it can be taken back, or take it back."""
    connection.execute(text("UPDATE bgm_tracks SET deleted_at = CASE WHEN :on THEN now() END WHERE id = :id"),
                       {"id": track_id, "on": on})


def purge(connection: Connection) -> int:
    """Remove tracks deleted more than an hour ago, and requests that have none left; return how many tracks."""
    gone = connection.execute(
        text("""WITH gone AS (DELETE FROM bgm_tracks WHERE deleted_at < now() - interval '1 hour' RETURNING batch_id),
                empty AS (DELETE FROM bgm_batches b WHERE b.id IN (SELECT batch_id FROM gone)
                          AND b.state NOT IN ('queued', 'running')
                          AND (SELECT count(*) FROM bgm_tracks t WHERE t.batch_id = b.id)
                              = (SELECT count(*) FROM gone g WHERE g.batch_id = b.id))
                SELECT count(*) FROM gone"""))
    return gone.scalar_one()


def listed(connection: Connection, owner_id: int, search: str, limit: int,
           offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return a page of an owner's tracks, newest first, and how many match in all.

    ``search`` is looked for in titles and in the captions they were made from.
    """
    where = """owner_id = :owner AND state = 'done' AND deleted_at IS NULL AND (:search = ''
               OR strpos(lower(title), lower(:search)) > 0 OR EXISTS (SELECT FROM bgm_batches b
               WHERE b.id = bgm_tracks.batch_id AND strpos(lower(b.caption), lower(:search)) > 0))"""
    values = {"owner": owner_id, "search": search, "limit": limit, "offset": offset}
    rows = connection.execute(
        text(f"SELECT {_LISTED} FROM bgm_tracks WHERE {where} ORDER BY id DESC LIMIT :limit OFFSET :offset"), values)
    found = [dict(row._mapping) for row in rows]
    return found, connection.execute(text(f"SELECT count(*) FROM bgm_tracks WHERE {where}"), values).scalar_one()

