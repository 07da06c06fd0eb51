"""Home's first section: what is new since the visit before. At a first visit a welcome; nothing new: one quiet line."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from views import _cache, _shared
from views._shared import number, plain, text

ICONS = {"audition": "gavel", "prediction": "target", "bgm": "piano", "post": "forum"}
COLUMNS = 3
VERDICTS = {"HIT": "green", "GOOD": "blue", "SOLID": "orange", "BAD": "red"}

STYLE = """<style>
.st-key-home_news [data-testid=stPageLink-NavLink] {padding-inline: 0; margin: 0}
.st-key-home_news [data-testid=stPageLink-NavLink] * {white-space: normal}
.st-key-home_news p {word-break: keep-all; overflow-wrap: anywhere}
</style>"""
"""A link in a list starts where the text below it does; Korean breaks between words."""


def draw() -> None:
    """Draw what came since this user was here last."""
    actor = _shared.frame().actor
    found = _cache.news(actor, services.visit(actor))
    if found.since is None:
        _welcome(actor)
        return
    since = format_time(_shared.lang(), found.since)
    if found.empty:
        st.caption(f":material/check: {text('news.nothing', since=since)}")
        return
    st.markdown(f"### {text('news.title')}")
    st.caption(text("news.since", since=since))
    cards = [*([_syncs] if found.syncs.runs else []), *([_alerts] if found.alerts else []),
             *(lambda _, group=group: _group(group) for group in found.groups)]
    st.html(STYLE)
    with st.container(key="home_news", gap="small"):
        for start in range(0, len(cards), COLUMNS):
            row = cards[start:start + COLUMNS]
            for place, card in zip(st.columns(len(row), gap="small"), row, strict=True):
                with place.container(border=True, height="stretch", gap="small"):
                    card(found)


def _welcome(actor: services.Actor) -> None:
    """Greet somebody who is here for the first time, and say what will stand here."""
    named = actor.kind in ("member", "oidc")
    hello = text("news.welcome_name", name=plain(actor.name)) if named else text("news.welcome")
    st.markdown(f":material/waving_hand: **{hello}** {text('news.welcome_body')}")


def _link(page: str, label: str, **query: str) -> None:
    if page in _shared.pages():
        st.page_link(f"views/{page}.py", label=f":violet[{label}]", query_params=query)
    else:
        st.markdown(label)


def _syncs(found: services.News) -> None:
    syncs = found.syncs
    st.markdown(f"**:material/sync: {text('news.syncs', count=number(syncs.runs))}**")
    if syncs.failed:
        st.markdown(f":orange-badge[:material/warning: {text('news.syncs_failed', count=number(syncs.failed))}]")
    st.caption(text("news.brought", files=number(syncs.imported), artists=number(syncs.artists),
                    rows=number(syncs.rows)) if syncs.rows else text("news.brought_nothing"))
    for key, name, rows in syncs.most:
        with st.container(gap=None):
            _link("growth_radar", plain(name), artist=key)
            st.caption(text("news.rows", rows=number(rows)))
    if syncs.artists > len(syncs.most):
        st.caption(text("news.more", count=number(syncs.artists - len(syncs.most))))


def _alerts(found: services.News) -> None:
    st.markdown(f"**:material/notifications: {text('news.alerts', count=number(found.alerts))}**")
    st.caption(text("news.alerts_note"))
    _link("advanced_analysis", text("news.alerts_link"), tab="alerts")


def _group(group: services.NewsGroup) -> None:
    st.markdown(f"**:material/{ICONS[group.kind]}: {text(f'news.{group.kind}', count=number(group.count))}**")
    if group.failed:
        st.markdown(f":red-badge[:material/error: {text('news.failed', count=number(group.failed))}]")
    for thing in group.things:
        with st.container(gap=None):
            _link(thing.page, plain(thing.title), **dict(thing.query))
            st.markdown(f":small[:gray[{_note(thing)}]]{_badge(thing)}")
    if group.count > len(group.things):
        st.caption(text("news.more", count=number(group.count - len(group.things))))


def _note(thing: services.NewsThing) -> str:
    at = format_time(_shared.lang(), thing.at)
    if thing.kind == "post":
        who = plain(thing.note) if thing.note else text("news.somebody")
        return f"{text('news.answers', count=number(int(thing.fact or 0)), name=who)} · {at}"
    parts = [plain(thing.note)] if thing.note else []
    if thing.state == "done" and thing.fact and thing.kind in ("prediction", "bgm"):
        parts.append(text(f"news.{thing.kind}_fact", fact=thing.fact))
    return " · ".join([*parts, at])


def _badge(thing: services.NewsThing) -> str:
    if thing.state == "failed":
        return f" :red-badge[{text('job.failed')}]"
    if thing.kind == "audition" and thing.fact:
        return f" :{VERDICTS.get(thing.fact, 'gray')}-badge[{plain(thing.fact)}]"
    return ""
