"""The alerts tab: what the rules have found, the rules in words, and a form for a new one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from views import _cache, _shared
from views._analysis_choice import Choice
from views._shared import day, number, plain, text

SHOWN_AT_ONCE = 20
MOST_LISTED = 500
"""Alerts that are listed at most; older ones are in the database only."""
SCOPES = ("all", "artist")
KIND_BADGES = {"band": ":orange-badge[:material/monitoring:", "change": ":blue-badge[:material/trending_up:",
               "milestone": ":green-badge[:material/flag:", "silence": ":red-badge[:material/cloud_off:"}
"""How the kind of an alert is written, up to its word."""
DELIVERY_ICONS = {"pending": "schedule_send", "sent": "mark_email_read", "failed": "error"}
REASONS = ("unreachable", "refused", "redirected", "limited")
"""Codes of ``errors.provider`` that have a short form."""
DEFAULTS: dict[str, dict[str, int]] = {
    "band": {"level": 95}, "change": {"percent": 50, "floor": 1_000, "days": 7},
    "milestone": {"target": 100_000_000}, "silence": {"days": 3}}
STEPS = {"percent": 5, "floor": 100, "days": 1, "target": 1_000_000}
DEFAULT_PLATFORM = {"milestone": "youtube"}
EVERY = "all"
"""Option of the pickers of the form that stands for every artist or platform."""


def draw(choice: Choice) -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    rules = _cache.alert_rules(actor)
    allowed = services.may(actor, "alert")
    webhook = "webhook" if services.settings().alert_webhook else "no_webhook"
    st.caption(f"{text('analysis.alert.intro')} {text(f'analysis.alert.{webhook}')}")
    if not allowed:
        st.info(text("analysis.alert.not_allowed", role=actor.role), icon=":material/lock:")
    _notice()
    if rules:
        _events(choice)
        _rules(rules, allowed)
    else:
        _no_rules(allowed)
    _form(choice, allowed, unfolded=not rules)


def _notice() -> None:
    """Say once what the last press did."""
    done = st.session_state.pop("analysis_alert_done", None)
    if done:
        st.success(text(done[0], **done[1]), icon=":material/check_circle:")


def _done(key: str, **values: Any) -> None:
    """Draw anew after a change, with a word about it."""
    st.session_state["analysis_alert_done"] = (key, values)
    _cache.clear()
    st.rerun()


# events ------------------------------------------------------------


def is_new(event: services.AlertEvent) -> bool:
    """Return whether an alert waits to be seen."""
    return event.seen_at is None and not event.initial


def _events(choice: Choice) -> None:
    """Draw the filters, what can be done with the alerts, and the newest of them."""
    st.markdown(f"#### {text('analysis.alert.title')}")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        scope = _shared.in_url("alerts", "analysis_alert_scope", _shared.one_of(SCOPES), "all", quiet=True)
        names = {"all": text("analysis.alert.scope_all"), "artist": plain(choice.artist.name)}
        st.segmented_control(text("analysis.alert.scope"), SCOPES, key="analysis_alert_scope", required=True,
                             format_func=names.__getitem__, label_visibility="collapsed")
        only_new = _shared.switch_in_url("new", "analysis_alert_new")
        st.toggle(text("analysis.alert.only_new"), key="analysis_alert_new")
    every = _cache.alert_events(_shared.frame().actor, choice.artist.id if scope == "artist" else None, MOST_LISTED)
    events = [event for event in every if is_new(event)] if only_new else every
    if not events:
        filtered = only_new or scope == "artist"
        st.info(text("analysis.alert.no_events_filtered" if filtered else "analysis.alert.no_events"),
                icon=":material/notifications_none:")
        return
    _acts(events)
    _list(events)
    if len(every) == MOST_LISTED:
        st.caption(text("analysis.alert.cut", count=number(MOST_LISTED)))


def _acts(events: list[services.AlertEvent]) -> None:
    """Draw the button that marks all as seen, and the download."""
    new = [event.id for event in events if is_new(event)]
    with st.container(horizontal=True):
        if st.button(text("analysis.alert.see_all", count=number(len(new))), key="analysis_alert_see",
                     disabled=not new, icon=":material/done_all:"):
            with _shared.errors_shown():
                services.mark_seen(_shared.frame().actor, new)
                _cache.clear()
                st.rerun()
        _shared.csv_download(export(events), text("analysis.alert.file_name"), "analysis_alert_csv")


def _list(events: list[services.AlertEvent]) -> None:
    """Draw the newest alerts, and a button for more of them."""
    shown, rows = st.session_state.get("analysis_alert_shown", SHOWN_AT_ONCE), merged(events)
    # a link to the page one is on looks like a pressed button, and here every row has one
    st.html("<style>.st-key-analysis_alert_list [data-testid=stPageLink-NavLink] {background: none}</style>")
    with st.container(border=True, gap="small", key="analysis_alert_list"):
        for row in rows[:shown]:
            _row(row)
    count = sum(map(len, rows[:shown]))
    if len(rows) > SHOWN_AT_ONCE:
        st.caption(text("analysis.alert.count", shown=number(count), count=number(len(events))))
    if len(rows) > shown and st.button(text("analysis.alert.more", count=number(len(events) - count)),
                                       key="analysis_alert_more", icon=":material/expand_more:"):
        st.session_state["analysis_alert_shown"] = shown + SHOWN_AT_ONCE
        st.rerun()


def merged(events: Sequence[services.AlertEvent]) -> list[list[services.AlertEvent]]:
    """Return the alerts row by row: an artist's platforms that fell silent together are one row."""
    rows: dict[Any, list[services.AlertEvent]] = {}
    for event in events:
        together = (event.rule_id, event.artist_id, event.created_at, event.day, event.seen_at, event.delivery)
        rows.setdefault(together if event.kind == "silence" else event.id, []).append(event)
    return list(rows.values())


def said(row: list[services.AlertEvent]) -> str:
    """Return what a row of `merged` says, for markdown."""
    if len(row) == 1:
        return plain(services.sentence(row[0], _shared.lang()))
    return plain(text("analysis.alert.says.silence", artist=row[0].artist, day=day(row[0].day),
                      platform=", ".join(_shared.platform(event.platform) for event in row),
                      days=number(row[0].detail["days"])))


def _row(row: list[services.AlertEvent]) -> None:
    """Draw one alert: its kind, what happened, when it was found, and the way to its artist's forecast."""
    event, sentence = row[0], said(row)
    words, link = st.columns([7, 2], vertical_alignment="center")
    words.markdown(f"{badges(event)}  \n{f':gray[{sentence}]' if event.initial else sentence}  \n"
                   f":small[:gray[{' · '.join(_notes(event))}]]")
    link.page_link("views/advanced_analysis.py", label=f":violet[{text('analysis.alert.open')}]",
                   icon=":material/arrow_forward:",
                   query_params={"artist": event.artist_key, "platform": event.platform, "tab": "forecast"})


def badges(event: services.AlertEvent) -> str:
    """Return the kind of an alert, and that it is new, as badges; grey where it was so already."""
    kind = f"{KIND_BADGES[event.kind]} {text(f'analysis.alert.kind.{event.kind}')}]"
    if event.initial:
        kind = ":gray-badge[" + kind.partition("[")[2]
    return f"{kind} :violet-badge[{text('analysis.alert.new')}]" if is_new(event) else kind


def _notes(event: services.AlertEvent) -> list[str]:
    notes = [day(event.day), text("analysis.alert.found", moment=format_time(_shared.lang(), event.created_at))]
    if event.initial:
        notes.append(text("analysis.alert.already"))
    if event.delivery in DELIVERY_ICONS:
        notes.append(f":material/{DELIVERY_ICONS[event.delivery]}: {delivery(event)}")
    return notes


def delivery(event: services.AlertEvent) -> str:
    """Return what became of posting an alert."""
    code = (event.error or "").rpartition(".")[2]
    reason = text(f"analysis.alert.why.{code if code in REASONS else 'unknown'}")
    state = "retrying" if event.delivery == "pending" and event.attempts else event.delivery
    return text(f"analysis.alert.delivery.{state}", reason=reason, attempts=number(event.attempts))


def export(events: list[services.AlertEvent]) -> pd.DataFrame:
    """Return alerts for other programs: names that do not change with the language, what was compared as JSON."""
    rows = [{"found_at": event.created_at.isoformat(), "day": event.day.isoformat(), "artist": event.artist,
             "platform": event.platform, "kind": event.kind, "text": services.sentence(event, _shared.lang()),
             "initial": event.initial, "seen_at": event.seen_at.isoformat() if event.seen_at else "",
             "delivery": event.delivery, "attempts": event.attempts, "error": event.error or "",
             "rule": json.dumps(event.params), "detail": json.dumps(event.detail)} for event in events]
    return pd.DataFrame(rows)


# rules ------------------------------------------------------------


def _no_rules(allowed: bool) -> None:
    """Say that there is no rule, and offer those we suggest."""
    box = _shared.empty_state("analysis.alert.empty", "notifications")
    if box.button(text("analysis.alert.suggest.button"), key="analysis_alert_suggest", type="primary",
                  disabled=not allowed, icon=":material/add_alert:"):
        with _shared.errors_shown():
            for kind, params in services.SUGGESTED:
                services.add_rule(_shared.frame().actor, kind, params, today=_today())
            _done("analysis.alert.suggest.done")


def _rules(rules: list[services.AlertRule], allowed: bool) -> None:
    """Draw the rules in words, each with its alerts counted and a button that deletes it."""
    st.markdown(f"#### {text('analysis.alert.rules.title')}")
    actor = _shared.frame().actor
    counts = Counter(event.rule_id for event in _cache.alert_events(actor, None, MOST_LISTED))
    with st.container(border=True, gap="small"):
        for rule in rules:
            words, button = st.columns([7, 2], vertical_alignment="center")
            notes = [_count(counts[rule.id]), text("analysis.alert.rules.since", day=day(rule.created_at.date()))]
            if rule.owner_id != actor.id:
                notes.append(text("analysis.alert.rules.owner", owner=number(rule.owner_id)))
            words.markdown(f"{rule_words(rule.kind, rule.artist, rule.platform, rule.params)}  \n"
                           f":small[:gray[{' · '.join(notes)}]]")
            if button.button(text("analysis.alert.rules.delete"), key=f"analysis_alert_delete_{rule.id}",
                             disabled=not allowed, icon=":material/delete:"):
                st.dialog(text("analysis.alert.delete.title"))(_confirm_delete)(actor, rule, counts[rule.id])


def _count(count: int) -> str:
    return text("analysis.alert.rules.events_one" if count == 1 else "analysis.alert.rules.events",
                count=number(count))


def rule_words(kind: str, artist: str | None, platform: str | None, params: dict[str, Any]) -> str:
    """Return a rule as a sentence of markdown; `artist` and `platform` None are all."""
    who = plain(artist) if artist else text("analysis.alert.rules.everyone")
    where = _shared.platform(platform) if platform else text("analysis.alert.rules.every_platform")
    return text(f"analysis.alert.rule.{kind}", artist=who, platform=where,
                **{name: number(value) for name, value in params.items()})


def _confirm_delete(actor: services.Actor, rule: services.AlertRule, count: int) -> None:
    """Say what goes with a rule, and delete it when confirmed."""
    st.markdown(rule_words(rule.kind, rule.artist, rule.platform, rule.params))
    st.warning(text("analysis.alert.delete.what", count=_count(count)), icon=":material/warning:")
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="analysis_alert_delete_no", width="stretch"):
        st.rerun()
    if right.button(text("analysis.alert.rules.delete"), key="analysis_alert_delete_yes", type="primary",
                    width="stretch"):
        with _shared.errors_shown():
            services.delete_rule(actor, rule.id)
            _done("analysis.alert.delete.done")


# form ------------------------------------------------------------


def _form(choice: Choice, allowed: bool, *, unfolded: bool) -> None:
    """Draw the form for a new rule; folded it is not drawn, since its list of artists is long."""
    st.session_state.setdefault("analysis_alert_form", unfolded)
    with st.expander(text("analysis.alert.form.title"), icon=":material/add_alert:", key="analysis_alert_form",
                     on_change="rerun") as box:
        if box.open:
            _fields(choice, allowed)


def _fields(choice: Choice, allowed: bool) -> None:
    kinds = {kind: text(f"analysis.alert.kind.{kind}") for kind in services.LIMITS}
    left, middle, right = st.columns(3)
    kind = left.selectbox(text("analysis.alert.form.kind"), list(kinds), key="analysis_alert_kind",
                          format_func=kinds.__getitem__, disabled=not allowed)
    artist_id, artist = _artist(choice, middle, allowed)
    platform = _platform(kind, right, allowed)
    params = _params(kind, allowed)
    above = text("analysis.alert.form.above", threshold=number(services.settings().threshold_default))
    notes = [text(f"analysis.alert.kind_help.{kind}"), *([above] if kind in ("band", "change") else [])]
    st.markdown(f"{rule_words(kind, artist, platform, params)}  \n:small[:gray[{' '.join(notes)}]]")
    if st.button(text("analysis.alert.form.button"), key="analysis_alert_add", type="primary", disabled=not allowed,
                 icon=":material/add:"):
        with _shared.errors_shown():
            _add(kind, params, artist_id, platform)


def _artist(choice: Choice, place: Any, allowed: bool) -> tuple[int | None, str | None]:
    """Draw the choice of the artist, the page's own first; return id and name, None for every one."""
    names: dict[Any, str] = {EVERY: text("analysis.alert.form.every_artist"), choice.artist.id: choice.artist.name}
    names |= {artist.id: artist.name for artist in _cache.artists(_shared.frame().actor)}
    chosen = place.selectbox(text("analysis.alert.form.artist"), list(names), format_func=names.__getitem__, index=1,
                             key=f"analysis_alert_artist_{choice.artist.id}", disabled=not allowed)
    return (None, None) if chosen == EVERY else (chosen, names[chosen])


def _platform(kind: str, place: Any, allowed: bool) -> str | None:
    names = {EVERY: text("analysis.alert.form.every_platform")}
    names |= {key: _shared.platform(key) for key in _shared.PLATFORMS}
    chosen = place.selectbox(text("analysis.alert.form.platform"), list(names), format_func=names.__getitem__,
                             index=list(names).index(DEFAULT_PLATFORM.get(kind, EVERY)),
                             key=f"analysis_alert_{kind}_platform", disabled=not allowed)
    return None if chosen == EVERY else chosen


def _params(kind: str, allowed: bool) -> dict[str, float]:
    """Draw the numbers a kind of rule asks for, and return them."""
    params: dict[str, float] = {}
    for place, (name, (least, most)) in zip(st.columns(3), services.LIMITS[kind].items(), strict=False):
        label, key = text(f"analysis.alert.param.{name}"), f"analysis_alert_{kind}_{name}"
        hint = text(f"analysis.alert.param_help.{f'{kind}_days' if name == 'days' else name}")
        if name == "level":
            params[name] = place.segmented_control(label, (80, 95), default=DEFAULTS[kind][name], key=key, help=hint,
                                                   required=True, disabled=not allowed)
        else:
            params[name] = place.number_input(label, int(least), int(most), DEFAULTS[kind][name], STEPS[name],
                                              key=key, help=hint, disabled=not allowed)
    return params


def _add(kind: str, params: dict[str, float], artist_id: int | None, platform: str | None) -> None:
    """Store a rule and say what it has found already."""
    actor = _shared.frame().actor
    rule = services.add_rule(actor, kind, params, today=_today(), artist_id=artist_id, platform=platform)
    found = sum(event.rule_id == rule.id for event in services.list_events(actor, limit=MOST_LISTED))
    if found:
        _done("analysis.alert.form.done", count=number(found))
    _done("analysis.alert.form.done_none")


def _today() -> date:
    """Return the server's day in UTC, as a sync counts silence."""
    return datetime.now(UTC).date()
