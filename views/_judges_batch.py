"""The batch tab: a panel judges every song of a search, one after the other; progress, stop, resume, results."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _judges_cards, _judges_songs, _shared
from views._judges_compare import STATE_BADGES
from views._shared import number, plain, text

POLL_SECONDS = 0.5
"""How often a running batch is asked how far it is; nothing is asked while none runs."""
LONGEST_SEARCH = 200
UNDER_WAY = ("queued", "running")


def draw() -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    st.caption(text("judges.batch.intro"))
    _notice()
    _form(actor)
    _list(actor)


def _notice() -> None:
    """Say once what the last press did."""
    started = st.session_state.pop("judges_b_started", None)
    if started:
        st.success(text("judges.batch.started", number=number(started)), icon=":material/check_circle:")


# start ------------------------------------------------------------


def _form(actor: services.Actor) -> None:
    """Draw which songs and which panel, what that would take, and the start."""
    names = {panel.key: _judges_songs.panel_name(panel.key) for panel in services.panels(actor)}
    panels = list(names)
    with st.container(border=True, key="judges_b_form"):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        search = _shared.in_url("songs", "judges_b_search", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
        left.text_input(text("judges.batch.search"), key="judges_b_search", icon=":material/search:",
                        placeholder=text("judges.batch.search_placeholder"), max_chars=LONGEST_SEARCH)
        panel = _shared.in_url("panel_of", "judges_b_panel", _shared.one_of(panels), panels[0], quiet=True)
        right.selectbox(text("judges.batch.panel"), panels, key="judges_b_panel", format_func=names.__getitem__)
        _judges_songs.source(actor, services.list_songs(actor, limit=1))
        found = services.estimate_batch(actor, search=search, panel=panel)
        if not found.songs:
            _shared.empty_state("judges.batch.no_songs", "search_off")
            return
        _estimate(found)
        _start(actor, found, search, panel)


def _estimate(found: services.BatchEstimate) -> None:
    """Draw how many songs and calls, what they may use, and what is left of the budget."""
    with st.container(horizontal=True, gap="medium"):
        st.metric(text("judges.batch.songs"), number(found.songs), width="content")
        st.metric(text("judges.batch.calls"), number(found.calls), help=text("judges.batch.calls_help"),
                  width="content")
        if found.judges:
            st.metric(text("judges.batch.tokens"), number(found.tokens), help=text("judges.batch.tokens_help"),
                      width="content")
            cost = "–" if found.cost_usd is None else f"${found.cost_usd:,.2f}"
            st.metric(text("judges.batch.cost"), cost, help=text("judges.batch.tokens_help"), width="content")
    names = ", ".join(f"{plain(song.artist)} – {plain(song.title)}" for song in found.sample)
    more = found.songs - len(found.sample)
    st.caption(text("judges.batch.sample_more", names=names, count=number(more)) if more
               else text("judges.batch.sample", names=names))
    if not found.judges:
        st.info(text("judges.batch.offline"), icon=":material/cloud_off:")
        return
    st.caption(" ".join(_budget(found)))
    if found.over_budget:
        st.warning(text("judges.batch.over_budget"), icon=":material/savings:")


def _budget(found: services.BatchEstimate) -> list[str]:
    lines = []
    if found.tokens_limit is not None:
        lines.append(text("judges.batch.budget_tokens", used=number(found.tokens_used),
                          limit=number(found.tokens_limit)))
    if found.usd_limit is not None:
        lines.append(text("judges.batch.budget_usd", used=number(found.usd_used, 2), limit=number(found.usd_limit, 2)))
    return lines or [text("judges.batch.no_budget")]


def _start(actor: services.Actor, found: services.BatchEstimate, search: str, panel: str) -> None:
    allowed = services.may(actor, "audition")
    label = (text("judges.batch.start_one") if found.songs == 1
             else text("judges.batch.start", count=number(found.songs)))
    if st.button(label, key="judges_b_start", type="primary", icon=":material/playlist_play:", disabled=not allowed):
        with _shared.errors_shown():
            batch = services.start_batch(actor, search=search, panel=panel, lang=_shared.lang())
            st.session_state["judges_b_started"] = batch
            st.rerun()
    if not allowed:
        st.caption(text("judges.batch.not_allowed", role=actor.role))


# list ------------------------------------------------------------


def _list(actor: services.Actor) -> None:
    """Draw the batches, newest first; those under way are asked how far they are until they have ended."""
    batches = services.list_batches(actor)
    if not batches:
        _shared.empty_state("judges.batch.none", "playlist_play")
        return
    st.markdown(f"#### {text('judges.batch.list')}")
    # a link to the page one is on looks like a pressed button
    st.html("<style>.st-key-judges_b_list [data-testid=stPageLink-NavLink] {background: none}</style>")
    with st.container(key="judges_b_list", gap="small"):
        active = [batch.id for batch in batches if batch.state in UNDER_WAY]
        if active:
            st.fragment(_running, run_every=POLL_SECONDS)(actor, active)
        for batch in batches:
            if batch.state not in UNDER_WAY:
                with st.container(border=True):
                    _ended(actor, batch)


def _running(actor: services.Actor, ids: Sequence[int]) -> None:
    """Draw the batches under way; runs again by itself until one of them has ended, then once the whole page."""
    found = {batch.id: batch for batch in services.list_batches(actor) if batch.id in ids}
    if len(found) < len(ids) or any(batch.state not in UNDER_WAY for batch in found.values()):
        st.rerun(scope="app")
    for batch in found.values():
        with st.container(border=True):
            _under_way(actor, batch)


def _under_way(actor: services.Actor, batch: services.BatchView) -> None:
    st.markdown(_head(batch))
    count = len(set(batch.songs))
    key = "judges.batch.queued" if batch.state == "queued" else "judges.batch.progress"
    st.progress(min(batch.done / max(count, 1), 1.0), text=text(key, done=number(batch.done), count=number(count)))
    with st.container(horizontal=True, vertical_alignment="center"):
        stopping = batch.id in st.session_state.get("judges_b_stopping", ())
        # by a callback: a rerun of the fragment alone cannot be asked for in a run of the whole page
        st.button(text("judges.batch.stop"), key=f"judges_b_stop_{batch.id}", icon=":material/stop_circle:",
                  disabled=stopping or batch.job_id is None, on_click=_stop, args=(actor, batch))
        _results(batch)
        if stopping:
            st.caption(text("judges.batch.stopping"))
    refused = st.session_state.pop("judges_b_refused", None)
    if refused:
        st.error(_shared.plain_text(refused), icon=":material/error:")


def _stop(actor: services.Actor, batch: services.BatchView) -> None:
    state = st.session_state
    try:
        services.cancel_job(actor, batch.job_id or 0)
        state["judges_b_stopping"] = {*state.get("judges_b_stopping", ()), batch.id}
    except AppError as error:
        state["judges_b_refused"] = error.message(_shared.lang())


def _ended(actor: services.Actor, batch: services.BatchView) -> None:
    """Draw a batch that is not under way: how far it came, what failed, and how to go on."""
    st.session_state["judges_b_stopping"] = {*st.session_state.get("judges_b_stopping", ())} - {batch.id}
    count = len(set(batch.songs))
    words, acts = st.columns([7, 3], vertical_alignment="center")
    lines = [_head(batch), text("judges.batch.progress", done=number(batch.done), count=number(count))
             if batch.done < count else f":green[:material/check_circle:] {text('judges.batch.all_done')} "
                                        f"({number(count)})"]
    job = services.get_job(actor, batch.job_id) if batch.job_id is not None and batch.done < count else None
    failed = (job.result or {}).get("failed", 0) if job else 0
    if failed:
        lines.append(text("judges.batch.failed_one") if failed == 1
                     else text("judges.batch.failed_songs", count=number(failed)))
    elif job is not None and job.state == "failed":
        lines.append(_judges_cards.why(job.error_code, job.error_values))
    words.markdown("  \n".join(lines))
    with acts.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if batch.done < count and st.button(text("judges.batch.resume"), key=f"judges_b_resume_{batch.id}",
                                            icon=":material/play_arrow:",
                                            disabled=not services.may(actor, "audition")):
            with _shared.errors_shown():
                services.resume_batch(actor, batch.id)
                st.rerun()
        _results(batch)


def _head(batch: services.BatchView) -> str:
    """Return which batch it is, as markdown."""
    what = text("judges.batch.search_was", search=plain(batch.search)) if batch.search else text(
        "judges.batch.every_song")
    state = f" :{STATE_BADGES[batch.state]}-badge[{text(f'job.{batch.state}')}]" if batch.state else ""
    notes = [what, _judges_songs.panel_name(batch.panel), format_time(_shared.lang(), batch.created_at)]
    return f"**{text('judges.batch.name', number=number(batch.id))}**{state}  \n:small[:gray[{' · '.join(notes)}]]"


def _results(batch: services.BatchView) -> None:
    if batch.done:
        st.page_link("views/ai_judges.py", label=f":violet[{text('judges.batch.results')}]",
                     icon=":material/leaderboard:", width="content",
                     query_params={"tab": "history", "batch": str(batch.id), "by": "best"})
