"""Alerts: rules, what they find in the data, events, and posting them to a webhook.

========= ===================================== ====================================================================
kind      params                                detail of an event
========= ===================================== ====================================================================
band      level (80 or 95, %)                   observed, expected, low, high; outside and of: days of the readings
                                                newer than the forecast
change    percent, floor (per day), days        recent, before (mean gain per day), percent
milestone target (total)                        target, total
silence   days                                  days without a reading
========= ===================================== ====================================================================

``band`` compares each new day with the newest forecast made before it. ``band`` and ``change`` look only at platforms
whose total is above the quality threshold. A rule that is true already when it is made keeps that as ``initial``
events, which are not posted. An event is stored once for an artist, a platform and a day; a change stays true for many
days and is told once, until the days it was told for have left both spans that are compared.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import analytics
import config
import db
from accounts import Actor, require
from data_processing import LEFT_OUT_OF_MEANS
from locales import DEFAULT_LANGUAGE, format_date, format_number, t
from providers.webhook import Webhook
from queries import alerts as queries
from queries import growth as growth_queries
from queries import outlook as outlook_queries
from queries import people
from support.errors import DataError, NotAllowed, NotFound, ProviderError
from usecases.analysis_results import AlertEvent, AlertRule

log = logging.getLogger(__name__)

LIMITS: dict[str, dict[str, tuple[float, float]]] = {
    "band": {"level": (80, 95)},
    "change": {"percent": (1, 10_000), "floor": (0, 1e12), "days": (3, 90)},
    "milestone": {"target": (1, 1e15)},
    "silence": {"days": (1, 365)},
}
"""What each kind of rule is asked for, with the least and the most."""
LEVELS = (80, 95)
WHOLE = ("level", "days")
"""Parameters that are whole numbers."""
SUGGESTED: tuple[tuple[str, dict[str, float]], ...] = (
    ("band", {"level": 95}), ("change", {"percent": 50, "floor": 1_000, "days": 7}), ("silence", {"days": 3}))
"""Rules for every artist and platform that the page offers to start with."""
MIN_SHARE_KNOWN = 0.5
"""Share of a span's days that must be known for its mean to be compared: more than half."""
MOST_ATTEMPTS = 3
"""Rounds of posting after which an event is given up; each tries several times."""
AGAIN_DAYS = 7
"""How old an event may be that is posted although it was given up before."""


# rules ------------------------------------------------------------


def add_rule(actor: Actor, kind: str, params: dict[str, float], *, today: date, artist_id: int | None = None,
             platform: str | None = None) -> AlertRule:
    """Store a rule, and as initial events what it finds right away.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If the kind, the platform or a parameter cannot be used, or the actor has the same rule already.
    """
    require(actor, "alert")
    params = validate_rule(kind, params)
    with db.begin() as connection:
        if artist_id is not None and not queries.artist_is_there(connection, artist_id):
            raise NotFound("artist_gone")
        _check_platform(connection, platform)
        if queries.same_rule(connection, actor.id, kind, artist_id, platform, params):
            raise DataError("alert_twice")
        rule_id = queries.add_rule(connection, actor.id, kind, artist_id, platform, params)
        rule = queries.rule(connection, rule_id)
        assert rule is not None
        found = _found(connection, [rule], today)
        queries.add_events(connection, rule_id, found[rule_id], initial=True, delivery="none")
        people.record_act(connection, actor.id, "add_alert", kind, artist=artist_id, platform=platform, params=params)
    return AlertRule(**rule)


def _check_platform(connection: Any, platform: str | None) -> None:
    known = queries.platforms(connection)
    if platform is not None and platform not in known:
        raise DataError("alert_param", name={"key": "analysis.alert.param.platform", "values": {}}, value=platform,
                        accepted=", ".join(known))


def validate_rule(kind: str, params: dict[str, float]) -> dict[str, float]:
    """Return the parameters of a rule, checked.

    Raises
    ------
    DataError
        ``alert_kind`` or ``alert_param``, with what is accepted.
    """
    if kind not in LIMITS:
        raise DataError("alert_kind", value=kind, accepted=", ".join(LIMITS))
    for name, (least, most) in LIMITS[kind].items():
        value = params.get(name)
        fits = value is not None and least <= value <= most and (name != "level" or value in LEVELS) and (
            name not in WHOLE or value == int(value))
        if not fits:
            accepted = ", ".join(map(str, LEVELS)) if name == "level" else f"{least:,.0f} – {most:,.0f}"
            raise DataError("alert_param", name={"key": f"analysis.alert.param.{name}", "values": {}},
                            value="–" if value is None else f"{value:,}", accepted=accepted)
    return {name: int(params[name]) if name in WHOLE else params[name] for name in LIMITS[kind]}


def list_rules(actor: Actor) -> list[AlertRule]:
    """Return the actor's rules; an administrator sees all."""
    with db.begin() as connection:
        return [AlertRule(**row) for row in queries.rules(connection, owner_seen(actor))]


def delete_rule(actor: Actor, rule_id: int) -> AlertRule:
    """Delete a rule with its events, and return it.

    Raises
    ------
    NotAllowed, NotFound
    """
    require(actor, "alert")
    with db.begin() as connection:
        row = queries.rule(connection, rule_id)
        if row is None:
            raise NotFound("alert_gone")
        if owner_seen(actor) not in (None, row["owner_id"]):
            raise NotAllowed("alert_of_another")
        queries.delete_rule(connection, rule_id)
        people.record_act(connection, actor.id, "delete_alert", row["kind"], artist=row["artist_id"],
                          platform=row["platform"], params=row["params"])
    return AlertRule(**row)


def owner_seen(actor: Actor) -> int | None:
    """Return whose rules an actor sees; None is everyone's, for administrators."""
    return None if actor.role == "administrator" else actor.id


# events ------------------------------------------------------------


def list_events(actor: Actor, *, limit: int = 200, artist_id: int | None = None,
                unseen: bool = False) -> list[AlertEvent]:
    """Return the newest events of the actor's rules; only those nobody has seen with `unseen`."""
    with db.begin() as connection:
        rows = queries.events(connection, owner_seen(actor), limit, artist_id=artist_id, unseen=unseen)
    return [AlertEvent(**row) for row in rows]


def unseen_alerts(actor: Actor) -> dict[int, int]:
    """Return how many events of the actor's rules are new, by artist."""
    with db.begin() as connection:
        return queries.unseen_counts(connection, owner_seen(actor))


def mark_seen(actor: Actor, event_ids: Sequence[int]) -> None:
    """Mark events of the actor's rules as seen."""
    with db.begin() as connection:
        seen = queries.mark_seen(connection, owner_seen(actor), event_ids)
        if seen:
            people.record_act(connection, actor.id, "see_alerts", str(seen))


# evaluation ------------------------------------------------------------


def evaluate(today: date) -> int:
    """Check every rule against the data and store what is new; return how many events that are.

    Parameters
    ----------
    today : date
        The day that silence is counted to.
    """
    delivery = "pending" if config.load().alert_webhook else "none"
    with db.begin() as connection:
        rules = queries.rules(connection)
        found = _found(connection, rules, today)
        return sum(queries.add_events(connection, rule["id"], found[rule["id"]], initial=False, delivery=delivery)
                   for rule in rules)


def _found(connection: Any, rules: Sequence[dict[str, Any]], today: date) -> dict[int, list[dict[str, Any]]]:
    """Return by rule the events its data give."""
    outlooks = outlook_queries.outlooks(connection) if rules else []
    checks = {"band": _bands, "change": _changes, "milestone": _milestones, "silence": _silences}
    found = {}
    for rule in rules:
        watched = [row for row in outlooks if rule["artist_id"] in (None, row["artist_id"])
                   and rule["platform"] in (None, row["platform"])]
        found[rule["id"]] = checks[rule["kind"]](connection, rule, watched, today)
    return found


def _large(rows: Iterable[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return artists and platforms whose total is above the quality threshold."""
    threshold = config.load().threshold_default
    return [(row["artist_id"], row["platform"]) for row in rows if (row["total"] or 0) > threshold]


def _bands(connection: Any, rule: dict[str, Any], watched: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    days: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    level = int(rule["params"]["level"])
    for row in queries.outside_band(connection, _large(watched), level, LEFT_OUT_OF_MEANS):
        days[row["artist_id"], row["platform"]].append(row)
    events = []
    for (artist, platform), rows in days.items():
        outside = [row for row in rows if not row["low"] <= row["gain"] <= row["high"]]
        if outside:
            last = outside[-1]
            events.append(_event(artist, platform, last["day"], observed=last["gain"], expected=last["expected"],
                                 low=last["low"], high=last["high"], outside=len(outside), of=len(rows)))
    return events


def _changes(connection: Any, rule: dict[str, Any], watched: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    days, percent, floor = (rule["params"][name] for name in ("days", "percent", "floor"))
    told, events = queries.newest_changes(connection, rule["id"]), []
    for row in queries.means_before(connection, _large(watched), int(days), LEFT_OUT_OF_MEANS):
        known = min(row["recent_days"], row["before_days"]) > days * MIN_SHARE_KNOWN
        if not known or row["before"] <= 0:
            continue
        change = 100.0 * (row["recent"] / row["before"] - 1.0)
        newest = told.get((row["artist_id"], row["platform"], change > 0))
        if newest is not None and row["day"] - newest < timedelta(days=2 * days):
            continue
        if abs(change) >= percent and abs(row["recent"] - row["before"]) >= floor:
            events.append(_event(row["artist_id"], row["platform"], row["day"], recent=row["recent"],
                                 before=row["before"], percent=change))
    return events


def _milestones(connection: Any, rule: dict[str, Any], watched: list[dict[str, Any]],
                today: date) -> list[dict[str, Any]]:
    target, known = rule["params"]["target"], queries.known_events(connection, rule["id"])
    reached = [row for row in watched if (row["total"] or 0) >= target
               and (row["artist_id"], row["platform"]) not in known]
    return [_event(row["artist_id"], row["platform"], _reached_on(connection, row, target), target=target,
                   total=row["total"]) for row in reached]


def _reached_on(connection: Any, row: dict[str, Any], target: float) -> date:
    """Return the first day an artist's total on a platform counts at least `target`."""
    readings = growth_queries.readings(connection, row["artist_id"])
    daily = analytics.combine_songs(readings[readings["platform"] == row["platform"]])
    reached = daily.loc[daily["counts"] & (daily["total"] >= target), "day"]
    return reached.iloc[0].date() if len(reached) else row["last_day"]


def _silences(connection: Any, rule: dict[str, Any], watched: list[dict[str, Any]],
              today: date) -> list[dict[str, Any]]:
    # readings that wait for a decision are readings: the outlook ends before them
    read = queries.last_readings(connection) if watched else {}
    silent = [(row, max(row["last_day"], read.get((row["artist_id"], row["platform"]), row["last_day"])))
              for row in watched]
    return [_event(row["artist_id"], row["platform"], last, days=(today - last).days)
            for row, last in silent if (today - last).days >= rule["params"]["days"]]


def _event(artist_id: int, platform: str, day: date, **detail: Any) -> dict[str, Any]:
    return {"artist_id": artist_id, "platform": platform, "day": day, "detail": detail}


# posting ------------------------------------------------------------


def deliver(lang: str = DEFAULT_LANGUAGE, *, again: bool = False) -> tuple[int, int]:
    """Post what is pending to the webhook; return how many went out and how many failed.

    An event that fails stays pending for the next round, up to `MOST_ATTEMPTS`. After one that fails nothing more is
    tried in this round: a receiver that is down is down for all.

    Parameters
    ----------
    again : bool
        Post also what was given up in the last `AGAIN_DAYS` days.

    Raises
    ------
    DataError
        If the webhook's address is none.
    """
    url = config.load().alert_webhook
    if not url:
        return 0, 0
    webhook, sent = Webhook(url), 0
    if again:
        with db.begin() as connection:
            queries.retry_failed(connection, AGAIN_DAYS)
    while True:
        with db.begin() as connection:  # one by one, so that what is out is noted whatever comes after it
            row = queries.next_pending(connection)
            if row is None:
                return sent, 0
            event = AlertEvent(**row)
            error = _post(webhook, event, lang)
            state = "sent" if error is None else "failed" if event.attempts + 1 >= MOST_ATTEMPTS else "pending"
            queries.delivered(connection, event.id, state, error)
        if error is not None:
            return sent, 1
        sent += 1


def _post(webhook: Webhook, event: AlertEvent, lang: str) -> str | None:
    """Post one event; return the code of what went wrong."""
    body = {"id": event.id, "kind": event.kind, "artist": event.artist, "platform": event.platform,
            "day": event.day.isoformat(), **event.detail}
    try:
        webhook.post(sentence(event, lang), body, f"mis-alert-{event.id}")
    except ProviderError as error:
        log.warning("An alert could not be posted: %s", error)
        return error.code
    return None


def sentence(event: AlertEvent, lang: str) -> str:
    """Return an event in words."""
    values = {name: format_number(lang, value, 1 if name == "percent" else 0)
              for name, value in (event.params | event.detail).items()}
    key = event.kind
    if key == "band":
        key = "band_above" if event.detail["observed"] > event.detail["high"] else "band_below"
    elif key == "change":
        key = "change_up" if event.detail["percent"] > 0 else "change_down"
        values["percent"] = format_number(lang, abs(event.detail["percent"]), 0)
    return t(lang, f"analysis.alert.says.{key}", artist=event.artist, day=format_date(lang, event.day),
             platform=t(lang, f"platform.{event.platform}.label"), **values)
