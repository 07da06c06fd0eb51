"""Rules of alerts, what they are checked against, and the events they bring."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy import Connection, text

_RULES = """SELECT r.id, r.owner_id, r.kind, r.artist_id, a.key AS artist_key, a.display_name AS artist,
                   p.key AS platform, r.params, r.created_at
            FROM alert_rules r LEFT JOIN artists a ON a.id = r.artist_id LEFT JOIN platforms p ON p.id = r.platform"""
_EVENTS = """SELECT e.id, e.rule_id, r.kind, r.owner_id, r.params, e.artist_id, a.key AS artist_key,
                    a.display_name AS artist, p.key AS platform, e.day, e.detail, e.initial, e.delivery, e.attempts,
                    e.error, e.created_at, e.seen_at
             FROM alert_events e JOIN alert_rules r ON r.id = e.rule_id JOIN artists a ON a.id = e.artist_id
                  JOIN platforms p ON p.id = e.platform"""


def add_rule(connection: Connection, owner_id: int, kind: str, artist_id: int | None, platform: str | None,
             params: dict[str, Any]) -> int:
    """Store a rule and return its id."""
    return connection.execute(
        text("""INSERT INTO alert_rules (owner_id, kind, artist_id, platform, params)
                VALUES (:owner, :kind, :artist, (SELECT id FROM platforms WHERE key = :platform), :params)
                RETURNING id"""),
        {"owner": owner_id, "kind": kind, "artist": artist_id, "platform": platform,
         "params": json.dumps(params)}).scalar_one()


def rules(connection: Connection, owner_id: int | None = None) -> list[dict[str, Any]]:
    """Return all rules, or those of one owner, oldest first."""
    rows = connection.execute(
        text(f"{_RULES} WHERE CAST(:owner AS integer) IS NULL OR r.owner_id = :owner ORDER BY r.id"),
        {"owner": owner_id})
    return [dict(row._mapping) for row in rows]


def rule(connection: Connection, rule_id: int) -> dict[str, Any] | None:
    """Return a rule, None if there is none."""
    row = connection.execute(text(f"{_RULES} WHERE r.id = :id"), {"id": rule_id}).first()
    return dict(row._mapping) if row else None


def delete_rule(connection: Connection, rule_id: int) -> None:
    """Delete a rule with its events."""
    connection.execute(text("DELETE FROM alert_rules WHERE id = :id"), {"id": rule_id})


def same_rule(connection: Connection, owner_id: int, kind: str, artist_id: int | None, platform: str | None,
              params: dict[str, Any]) -> bool:
    """Return whether an owner has such a rule already."""
    return connection.execute(
        text("""SELECT 1 FROM alert_rules r LEFT JOIN platforms p ON p.id = r.platform
                WHERE r.owner_id = :owner AND r.kind = :kind AND r.params = CAST(:params AS jsonb)
                      AND r.artist_id IS NOT DISTINCT FROM CAST(:artist AS integer)
                      AND p.key IS NOT DISTINCT FROM CAST(:platform AS text)"""),
        {"owner": owner_id, "kind": kind, "artist": artist_id, "platform": platform,
         "params": json.dumps(params)}).first() is not None


def platforms(connection: Connection) -> list[str]:
    """Return the keys of all platforms."""
    return list(connection.execute(text("SELECT key FROM platforms ORDER BY id")).scalars())


def artist_is_there(connection: Connection, artist_id: int) -> bool:
    """Return whether there is such an artist."""
    return connection.execute(text("SELECT 1 FROM artists WHERE id = :id"), {"id": artist_id}).first() is not None


def outside_band(connection: Connection, pairs: Sequence[tuple[int, str]], level: int,
                 left_out: int) -> list[dict[str, Any]]:
    """Return, for artists and platforms, the readings after the newest forecast made before them, with its band.

    Parameters
    ----------
    pairs : sequence of (artist id, platform key)
    level : int
        80 or 95.
    left_out : int
        Flags whose days are not looked at.

    Returns
    -------
    list of dict
        ``artist_id, platform, day, gain, expected, low, high``, oldest first; only days the forecast reaches.
    """
    low, high = {80: ("low_80", "high_80"), 95: ("low_95", "high_95")}[level]
    rows = connection.execute(
        text(f"""SELECT o.artist_id, p.key AS platform, g.day, g.gain, f.gains[g.day - f.last_day] AS expected,
                        f.{low}[g.day - f.last_day] AS low, f.{high}[g.day - f.last_day] AS high
                 FROM unnest(CAST(:artists AS integer[]), CAST(:platforms AS text[])) AS wanted(artist_id, platform)
                      JOIN platforms p ON p.key = wanted.platform
                      JOIN artist_outlook o ON o.artist_id = wanted.artist_id AND o.platform = p.id
                      CROSS JOIN LATERAL (
                          SELECT * FROM forecasts x WHERE x.artist_id = o.artist_id AND x.platform = o.platform
                                 AND x.last_day < o.last_day ORDER BY x.last_day DESC LIMIT 1) AS f
                      JOIN artist_growth_data g ON g.artist_id = o.artist_id AND g.platform = o.platform
                           AND g.day > f.last_day AND g.day <= f.last_day + cardinality(f.gains)
                 WHERE g.gain IS NOT NULL AND g.flags & :left_out = 0
                 ORDER BY o.artist_id, p.id, g.day"""),
        {"artists": [artist for artist, _ in pairs], "platforms": [platform for _, platform in pairs],
         "left_out": left_out})
    return [dict(row._mapping) for row in rows]


def means_before(connection: Connection, pairs: Sequence[tuple[int, str]], days: int,
                 left_out: int) -> list[dict[str, Any]]:
    """Return, for artists and platforms, the mean gain of the last `days` days and of the `days` before those.

    Returns
    -------
    list of dict
        ``artist_id, platform, day`` (the last one), ``recent, before, recent_days, before_days`` (days known).
    """
    rows = connection.execute(
        text("""SELECT o.artist_id, p.key AS platform, o.last_day AS day,
                       avg(g.gain) FILTER (WHERE g.day > o.last_day - :days) AS recent,
                       avg(g.gain) FILTER (WHERE g.day <= o.last_day - :days) AS before,
                       count(*) FILTER (WHERE g.day > o.last_day - :days) AS recent_days,
                       count(*) FILTER (WHERE g.day <= o.last_day - :days) AS before_days
                FROM unnest(CAST(:artists AS integer[]), CAST(:platforms AS text[])) AS wanted(artist_id, platform)
                     JOIN platforms p ON p.key = wanted.platform
                     JOIN artist_outlook o ON o.artist_id = wanted.artist_id AND o.platform = p.id
                     JOIN artist_growth_data g ON g.artist_id = o.artist_id AND g.platform = o.platform
                          AND g.day > o.last_day - 2 * :days AND g.day <= o.last_day
                WHERE g.gain IS NOT NULL AND g.flags & :left_out = 0
                GROUP BY o.artist_id, p.id, p.key, o.last_day"""),
        {"artists": [artist for artist, _ in pairs], "platforms": [platform for _, platform in pairs], "days": days,
         "left_out": left_out})
    return [dict(row._mapping) for row in rows]


def last_readings(connection: Connection) -> dict[tuple[int, str], date]:
    """Return the last day with a reading, whatever it is worth, by artist and platform; days in the future aside."""
    rows = connection.execute(
        text("""SELECT s.artist_id, p.key, max(x.last_day) FROM series x JOIN songs s ON s.id = x.song_id
                JOIN platforms p ON p.id = x.platform GROUP BY s.artist_id, p.key"""))
    return {(artist, platform): last for artist, platform, last in rows}


def known_events(connection: Connection, rule_id: int) -> set[tuple[int, str]]:
    """Return the artists and platforms a rule has brought an event for."""
    rows = connection.execute(
        text("""SELECT DISTINCT e.artist_id, p.key FROM alert_events e JOIN platforms p ON p.id = e.platform
                WHERE e.rule_id = :rule"""), {"rule": rule_id})
    return {(artist, platform) for artist, platform in rows}


def newest_changes(connection: Connection, rule_id: int) -> dict[tuple[int, str, bool], date]:
    """Return, by artist, platform and direction (up is true), the day of the newest event of a rule on changes."""
    rows = connection.execute(
        text("""SELECT e.artist_id, p.key, CAST(e.detail ->> 'percent' AS double precision) > 0 AS up, max(e.day)
                FROM alert_events e JOIN platforms p ON p.id = e.platform
                WHERE e.rule_id = :rule GROUP BY e.artist_id, p.key, up"""), {"rule": rule_id})
    return {(artist, platform, up): day for artist, platform, up, day in rows}


def add_events(connection: Connection, rule_id: int, events: Sequence[dict[str, Any]], *, initial: bool,
               delivery: str) -> int:
    """Store events (``artist_id, platform, day, detail``) that are not there yet; return how many are new.

    Events of a rule or an artist deleted meanwhile are dropped.
    """
    if not events:
        return 0
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        cursor.execute("SELECT key, id FROM platforms")
        platforms = dict(cursor.fetchall())
        rows = [(rule_id, event["artist_id"], platforms[event["platform"]], event["day"],
                 json.dumps(event["detail"], default=str), initial, delivery) for event in events]
        new = execute_values(cursor, """
            INSERT INTO alert_events (rule_id, artist_id, platform, day, detail, initial, delivery)
            SELECT v.rule_id, v.artist_id, v.platform, v.day, CAST(v.detail AS jsonb), v.initial, v.delivery
            FROM (VALUES %s) AS v (rule_id, artist_id, platform, day, detail, initial, delivery)
                 JOIN alert_rules r ON r.id = v.rule_id JOIN artists a ON a.id = v.artist_id
            FOR KEY SHARE OF r, a
            ON CONFLICT DO NOTHING RETURNING id""", rows, fetch=True)
    return len(new)


def events(connection: Connection, owner_id: int | None, limit: int, *, artist_id: int | None = None,
           unseen: bool = False) -> list[dict[str, Any]]:
    """Return the newest events of an owner's rules (of all rules with None), of one artist where given.

    Of those found at the same moment the silent platforms come last: when exports stop there is one for each.
    """
    rows = connection.execute(
        text(f"""{_EVENTS}
                 WHERE (CAST(:owner AS integer) IS NULL OR r.owner_id = :owner)
                       AND (CAST(:artist AS integer) IS NULL OR e.artist_id = :artist)
                       AND (NOT :unseen OR (e.seen_at IS NULL AND NOT e.initial))
                 ORDER BY e.created_at DESC, r.kind = 'silence', e.id DESC LIMIT :limit"""),
        {"owner": owner_id, "artist": artist_id, "unseen": unseen, "limit": limit})
    return [dict(row._mapping) for row in rows]


def unseen_counts(connection: Connection, owner_id: int | None) -> dict[int, int]:
    """Return how many events nobody has marked as seen, by artist."""
    rows = connection.execute(
        text("""SELECT e.artist_id, count(*) FROM alert_events e JOIN alert_rules r ON r.id = e.rule_id
                WHERE e.seen_at IS NULL AND NOT e.initial AND (CAST(:owner AS integer) IS NULL OR r.owner_id = :owner)
                GROUP BY e.artist_id"""), {"owner": owner_id})
    return {artist: count for artist, count in rows}


def mark_seen(connection: Connection, owner_id: int | None, event_ids: Sequence[int]) -> int:
    """Mark events as seen; return how many were new."""
    return connection.execute(
        text("""UPDATE alert_events e SET seen_at = now() FROM alert_rules r
                WHERE r.id = e.rule_id AND e.id = ANY(CAST(:events AS bigint[])) AND e.seen_at IS NULL
                      AND (CAST(:owner AS integer) IS NULL OR r.owner_id = :owner)"""),
        {"owner": owner_id, "events": list(event_ids)}).rowcount


def next_pending(connection: Connection) -> dict[str, Any] | None:
    """Return the next event to be posted, and hold it until the transaction ends; None when there is none.

    The least often tried comes first: one that is never taken holds up no other.
    """
    row = connection.execute(
        text(f"{_EVENTS} WHERE e.delivery = 'pending' ORDER BY e.attempts, e.id LIMIT 1 "
             "FOR UPDATE OF e SKIP LOCKED")).first()
    return dict(row._mapping) if row else None


def delivered(connection: Connection, event_id: int, state: str, error: str | None) -> None:
    """Note how an attempt to post an event ended."""
    connection.execute(
        text("UPDATE alert_events SET delivery = :state, attempts = attempts + 1, error = :error WHERE id = :id"),
        {"state": state, "error": error, "id": event_id})


def retry_failed(connection: Connection, days: int) -> int:
    """Put events that were given up in the last `days` days back in the queue; return how many."""
    return connection.execute(
        text("""UPDATE alert_events SET delivery = 'pending', attempts = 0
                WHERE delivery = 'failed' AND created_at >= now() - make_interval(days => :days)"""),
        {"days": days}).rowcount
