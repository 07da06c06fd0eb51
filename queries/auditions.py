"""Auditions, what their judges said, batches, and the use of providers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

_HEAD = """a.id, a.owner_id, a.job_id, a.batch_id, a.lyrics_id, a.song_id, a.artist, a.title, a.source, a.panel, a.lang,
           a.repeats, a.prompt_version, a.state, a.total, a.out_of, a.scaled_300, a.verdict, a.provisional, a.spread,
           a.split, a.error_code, a.error_values, a.created_at, a.finished_at"""
_WHOLE = f"{_HEAD}, a.lyrics, a.tags, a.audio, a.cover_url, a.repeat_stats, a.offline"
ORDERS = {"newest": "a.id DESC", "best": "a.scaled_300 DESC NULLS LAST, a.id DESC",
          "worst": "a.scaled_300 NULLS LAST, a.id DESC", "split": "a.spread DESC NULLS LAST, a.id DESC"}
ACTIVE = ("queued", "running")
"""States of an audition that is still to come to something."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
RESULT = ("total", "out_of", "scaled_300", "verdict", "provisional", "spread", "split")
JUDGED = ("state", "review", "raw", "score", "total", "repaired", "input_tokens", "output_tokens", "cost_usd",
          "first_s", "seconds", "error_code", "error_values")


def add(connection: Connection, row: dict[str, Any]) -> int:
    """Store a queued audition and return its id."""
    return connection.execute(
        text("""INSERT INTO auditions (owner_id, batch_id, job_id, lyrics_id, song_id, artist, title, lyrics, source,
                    tags, audio, cover_url, panel, lang, repeats, prompt_version, state)
                VALUES (:owner_id, :batch_id, :job_id, :lyrics_id, (SELECT id FROM songs WHERE id = :song_id), :artist,
                    :title, :lyrics, :source, :tags, :audio, :cover_url, :panel, :lang, :repeats, :prompt_version,
                    'queued')
                RETURNING id"""),
        row | {"tags": list(row["tags"]), "audio": _json(row["audio"])}).scalar_one()


def add_judges(connection: Connection, audition_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Store the judges of an audition, each repeat a row, waiting."""
    connection.execute(
        text("""INSERT INTO audition_judges (audition_id, place, repeat, judge, name, provider, model, weight, language,
                    state)
                VALUES (:audition, :place, :repeat, :judge, :name, :provider, :model, :weight, :language,
                        'waiting')"""),
        [row | {"audition": audition_id} for row in rows])


def set_job(connection: Connection, audition_id: int, job_id: int) -> None:
    """Note the job that runs an audition."""
    connection.execute(text("UPDATE auditions SET job_id = :job WHERE id = :id"), {"job": job_id, "id": audition_id})


def begin(connection: Connection, audition_id: int) -> bool:
    """Note that a queued audition runs; return whether it was queued: a cancelled one must not begin."""
    return _moved(connection, audition_id, "state = 'running'", "state = 'queued'")


def queue_again(connection: Connection, audition_id: int) -> bool:
    """Queue an audition that has ended; return whether it had: of two who ask at once, one does it."""
    return _moved(connection, audition_id, """state = 'queued', job_id = NULL, queued_at = now(), error_code = NULL,
                  error_values = '{}', finished_at = NULL""", "state NOT IN ('queued', 'running')")


def cancel_queued(connection: Connection, audition_id: int) -> bool:
    """Cancel an audition that has not begun; return whether it had not."""
    return _moved(connection, audition_id, "state = 'cancelled', error_code = 'cancelled', finished_at = now()",
                  "state = 'queued'")


def _moved(connection: Connection, audition_id: int, change: str, only: str) -> bool:
    return connection.execute(text(f"UPDATE auditions SET {change} WHERE id = :id AND {only}"),
                              {"id": audition_id}).rowcount > 0


def set_info(connection: Connection, audition_id: int, info: dict[str, Any]) -> None:
    """Store what is known of a song beside its lyrics: ``tags``, ``cover_url``, ``song_id``."""
    connection.execute(
        text("""UPDATE auditions SET tags = :tags, cover_url = :cover_url,
                    song_id = (SELECT id FROM songs WHERE id = :song_id) WHERE id = :id"""), info | {"id": audition_id})


def set_state(connection: Connection, audition_id: int, state: str, code: str | None = None,
              values: dict[str, Any] | None = None) -> None:
    """Note how far an audition is, or why it ended without a result."""
    connection.execute(
        text("""UPDATE auditions SET state = :state, error_code = :code, error_values = :values,
                    finished_at = CASE WHEN :state IN ('queued', 'running') THEN NULL ELSE now() END WHERE id = :id"""),
        {"id": audition_id, "state": state, "code": code, "values": _json(values or {})})


def set_result(connection: Connection, audition_id: int, result: dict[str, Any], repeat_stats: dict[str, Any] | None,
               offline: dict[str, Any] | None) -> None:
    """Store what an audition came to (`RESULT`); it is done."""
    connection.execute(
        text(f"""UPDATE auditions SET state = 'done', finished_at = now(), error_code = NULL, error_values = '{{}}',
                     repeat_stats = :stats, offline = :offline, {', '.join(f'{name} = :{name}' for name in RESULT)}
                 WHERE id = :id"""),
        {name: result.get(name) for name in RESULT} | {"id": audition_id, "stats": _json(repeat_stats),
                                                       "offline": _json(offline)})


def set_judge(connection: Connection, audition_id: int, place: int, repeat: int, found: dict[str, Any]) -> None:
    """Store what one judge said (`JUDGED`), or why not."""
    connection.execute(
        text(f"""UPDATE audition_judges SET {', '.join(f'{name} = :{name}' for name in JUDGED)}
                 WHERE audition_id = :audition AND place = :place AND repeat = :repeat"""),
        {name: found.get(name) for name in JUDGED}
        | {"score": _json(found.get("score")), "error_values": _json(found.get("error_values") or {}),
           "review": storable(found.get("review") or ""), "raw": storable(found.get("raw") or ""),
           "repaired": bool(found.get("repaired")), "audition": audition_id, "place": place, "repeat": repeat})


def get(connection: Connection, audition_id: int) -> dict[str, Any] | None:
    """Return an audition with everything and the process that runs it, None if there is none."""
    row = connection.execute(
        text(f"SELECT {_WHOLE}, j.process FROM auditions a LEFT JOIN jobs j ON j.id = a.job_id WHERE a.id = :id"),
        {"id": audition_id}).first()
    return dict(row._mapping) if row else None


def judges(connection: Connection, audition_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the judges of auditions, by audition, repeat and place."""
    rows = connection.execute(
        text("SELECT * FROM audition_judges WHERE audition_id = ANY(:ids) ORDER BY audition_id, repeat, place"),
        {"ids": list(audition_ids)})
    return [dict(row._mapping) for row in rows]


def find(connection: Connection, owner_id: int | None, *, search: str = "", verdict: str | None = None,
         panel: str | None = None, song_id: int | None = None, batch_id: int | None = None, done_only: bool = False,
         order: str = "newest", limit: int = 50, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return auditions of an owner (of all with None) and how many match; `search` is in artist and title."""
    where = """(CAST(:owner AS integer) IS NULL OR a.owner_id = :owner)
               AND (:search = '' OR strpos(lower(a.artist || ' ' || a.title), lower(:search)) > 0)
               AND (CAST(:verdict AS text) IS NULL OR a.verdict = :verdict)
               AND (CAST(:panel AS text) IS NULL OR a.panel = :panel)
               AND (CAST(:song AS integer) IS NULL OR a.song_id = :song)
               AND (CAST(:batch AS integer) IS NULL OR a.batch_id = :batch)
               AND (NOT :done_only OR a.scaled_300 IS NOT NULL)"""
    values = {"owner": owner_id, "search": search.strip(), "verdict": verdict, "panel": panel, "song": song_id,
              "batch": batch_id, "done_only": done_only, "limit": limit, "offset": offset}
    count = connection.execute(text(f"SELECT count(*) FROM auditions a WHERE {where}"), values).scalar_one()
    rows = connection.execute(
        text(f"SELECT {_HEAD} FROM auditions a WHERE {where} ORDER BY {ORDERS[order]} LIMIT :limit OFFSET :offset"),
        values)
    return [dict(row._mapping) for row in rows], count


def delete(connection: Connection, audition_id: int) -> bool:
    """Delete an audition that has ended, with what its judges said; return whether it had."""
    return connection.execute(
        text("DELETE FROM auditions WHERE id = :id AND state NOT IN ('queued', 'running')"),
        {"id": audition_id}).rowcount > 0


def interrupt(connection: Connection) -> int:
    """Mark auditions whose job has ended without them, and their judges still to speak; return how many auditions."""
    return connection.execute(
        text("""WITH ended AS (
                    UPDATE auditions a SET state = 'interrupted', error_code = 'interrupted', finished_at = now()
                    WHERE a.state IN ('queued', 'running') AND NOT EXISTS (
                        SELECT FROM jobs j WHERE j.id = a.job_id AND j.state IN ('queued', 'running'))
                          AND (a.job_id IS NOT NULL OR a.queued_at < now() - interval '1 minute') RETURNING a.id),
                unheard AS (
                    UPDATE audition_judges SET state = 'interrupted', error_code = 'interrupted'
                    WHERE audition_id IN (SELECT id FROM ended) AND state IN ('waiting', 'running'))
                SELECT count(*) FROM ended""")).scalar_one()


def ahead(connection: Connection, job_id: int) -> int:
    """Return how many jobs of auditions wait before one."""
    return connection.execute(
        text("""SELECT count(*) FROM jobs WHERE kind = 'audition' AND state = 'queued' AND id < :id"""),
        {"id": job_id}).scalar_one()


def used_today(connection: Connection, day: date) -> tuple[int, float]:
    """Return the tokens and US dollars of a day, all providers together."""
    row = connection.execute(
        text("""SELECT coalesce(sum(input_tokens + output_tokens), 0), coalesce(sum(cost_usd), 0)
                FROM provider_usage WHERE day = :day"""), {"day": day}).one()
    return int(row[0]), float(row[1])


def add_usage(connection: Connection, day: date, provider: str, model: str, input_tokens: int, output_tokens: int,
              cost_usd: float) -> None:
    """Count one call."""
    connection.execute(
        text("""INSERT INTO provider_usage AS u (day, provider, model, calls, input_tokens, output_tokens, cost_usd)
                VALUES (:day, :provider, :model, 1, :input, :output, :cost)
                ON CONFLICT (day, provider, model) DO UPDATE SET calls = u.calls + 1,
                    input_tokens = u.input_tokens + excluded.input_tokens,
                    output_tokens = u.output_tokens + excluded.output_tokens,
                    cost_usd = u.cost_usd + excluded.cost_usd"""),
        {"day": day, "provider": provider, "model": model, "input": input_tokens, "output": output_tokens,
         "cost": cost_usd})


def add_batch(connection: Connection, owner_id: int, panel: str, lang: str, search: str, songs: Sequence[int]) -> int:
    """Store a batch and return its id."""
    return connection.execute(
        text("""INSERT INTO audition_batches (owner_id, panel, lang, search, songs)
                VALUES (:owner, :panel, :lang, :search, :songs) RETURNING id"""),
        {"owner": owner_id, "panel": panel, "lang": lang, "search": search, "songs": list(songs)}).scalar_one()


def set_batch_job(connection: Connection, batch_id: int, job_id: int) -> None:
    """Note the job that runs a batch, again after it was resumed."""
    connection.execute(text("UPDATE audition_batches SET job_id = :job WHERE id = :id"),
                       {"job": job_id, "id": batch_id})


def batches(connection: Connection, owner_id: int | None, batch_id: int | None = None) -> list[dict[str, Any]]:
    """Return batches, newest first, with how many of their songs have been judged."""
    rows = connection.execute(
        text("""SELECT b.id, b.owner_id, b.job_id, b.panel, b.lang, b.search, b.songs, b.created_at, j.state,
                       (SELECT count(DISTINCT a.lyrics_id) FROM auditions a
                        WHERE a.batch_id = b.id AND a.scaled_300 IS NOT NULL) AS done
                FROM audition_batches b LEFT JOIN jobs j ON j.id = b.job_id
                WHERE (CAST(:owner AS integer) IS NULL OR b.owner_id = :owner)
                      AND (CAST(:batch AS integer) IS NULL OR b.id = :batch)
                ORDER BY b.id DESC LIMIT 50"""), {"owner": owner_id, "batch": batch_id})
    return [dict(row._mapping) for row in rows]


def heard(connection: Connection, batch_id: int) -> set[int]:
    """Return the lyrics of a batch that have a score."""
    return set(connection.execute(
        text("SELECT lyrics_id FROM auditions WHERE batch_id = :batch AND scaled_300 IS NOT NULL"),
        {"batch": batch_id}).scalars())


def storable(value: Any) -> Any:
    """Return text, or a tree of it, as PostgreSQL can hold it: without NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return {key: storable(each) for key, each in value.items()} if isinstance(value, dict) else value


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(storable(value), ensure_ascii=False, default=str)
