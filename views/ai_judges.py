"""AI judges: a song before a panel of AI personas, what they say while they say it, past auditions, whole batches."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _judges_batch, _judges_cards, _judges_history, _judges_songs, _shared
from views._shared import number, plain, text

POLL_SECONDS = 0.25
"""How often a running audition is asked what its judges say; nothing is asked while none runs."""
MOST_ACTIVE = 20
"""Newest auditions among which one under way is looked for."""


def page() -> None:
    """Draw the page."""
    st.title(text("judges.title"))
    st.caption(text("judges.intro"))
    with _shared.errors_shown():
        for name, tab in _shared.tabs("judges", tuple(PARTS)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name]()


def _audition() -> None:
    """Draw the audition that was opened or is under way; without one the choice of song and panel."""
    actor = _shared.frame().actor
    active = _active(actor)
    # one that was put aside is not opened again by itself
    auto = 0 if active is None or active.id == st.session_state.get("judges_aside") else active.id
    asked = _shared.in_url("audition", "judges_audition", _id, 0, quiet=True) or auto
    if asked and _open(actor, asked):
        return
    _choose(actor, active)


def _id(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def _active(actor: services.Actor) -> services.AuditionRow | None:
    """Return the actor's newest audition that is to be judged and belongs to no batch."""
    rows, _ = services.list_auditions(actor, limit=MOST_ACTIVE)
    return next((row for row in rows if row.active and row.owner_id == actor.id and row.batch_id is None), None)


def show(audition_id: int) -> None:
    """Open an audition from the next run on, and start that run; 0 is none."""
    st.session_state["judges_audition"] = audition_id
    st.rerun()


# one audition ------------------------------------------------------------


def _open(actor: services.Actor, audition_id: int) -> bool:
    """Draw an audition; return whether there is one to draw."""
    try:
        view = services.get_audition(actor, audition_id)
    except AppError as error:
        _shared.error_box(error)
        st.session_state["judges_audition"] = 0
        return False
    st.session_state.setdefault("app_url", {})["audition"] = str(audition_id)
    _head(view)
    if view.row.active:
        st.fragment(_live, run_every=POLL_SECONDS)(actor, audition_id)
    else:
        _ended(actor, view)
    return True


def _head(view: services.AuditionView) -> None:
    """Draw whose song it is, and the way to another one."""
    row = view.row
    # a link to the page one is on looks like a pressed button
    st.html("<style>.st-key-judges_head [data-testid=stPageLink-NavLink] {background: none}</style>")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="judges_head"):
        if view.cover_url:
            st.image(view.cover_url, width=72)
        facts = [text(f"songs.source.{row.source}"), _judges_songs.panel_name(row.panel),
                 text("judges.run.language", language=text(f"songs.language.{row.lang}")),
                 format_time(_shared.lang(), row.created_at)]
        if row.repeats > 1:
            facts.insert(2, text("judges.run.repeats", count=number(row.repeats)))
        st.markdown(f"#### {plain(row.artist)} – {plain(row.title)}\n:small[:gray[{' · '.join(facts)}]]",
                    width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if st.button(text("judges.run.another"), key="judges_another", icon=":material/library_music:"):
                st.session_state["judges_aside"] = row.id
                show(0)
            _history_link()


def _history_link() -> None:
    st.page_link("views/ai_judges.py", label=f":violet[{text('judges.run.history')}]", icon=":material/history:",
                 query_params={"tab": "history"}, width="content")


def _live(actor: services.Actor, audition_id: int) -> None:
    """Draw what the judges say at this moment; runs again by itself until they have ended, then once the whole page."""
    view = services.get_audition(actor, audition_id)
    if not view.row.active:
        st.rerun(scope="app")
    stopping = st.session_state.get("judges_stopping") == audition_id
    with st.container(horizontal=True, vertical_alignment="center", key="judges_live"):
        st.markdown(_progress(view))
        if st.button(text("judges.run.stopping" if stopping else "judges.run.cancel"), key="judges_cancel",
                     icon=":material/stop_circle:", disabled=stopping):
            with _shared.errors_shown():
                services.cancel_audition(actor, audition_id)
                st.session_state["judges_stopping"] = audition_id
                st.rerun()
    _judges_cards.live(view)


def _progress(view: services.AuditionView) -> str:
    """Return how far an audition is, in words."""
    if view.row.state == "queued":
        key = "judges.run.queued" if view.ahead else "judges.run.next"
        return f":blue[:material/hourglass_top:] {text(key, count=number(view.ahead))}"
    done = sum(judge.state not in ("waiting", "running") for judge in view.judges)
    said = text("judges.run.running", done=number(done), count=number(len(view.judges)))
    return f":blue[:material/graphic_eq:] {said}"


def _ended(actor: services.Actor, view: services.AuditionView) -> None:
    """Draw what an audition came to, or why it came to nothing."""
    row = view.row
    if row.state != "done":
        key = f"judges.run.state.{row.state}"
        why = _judges_cards.why(row.error_code, row.error_values) if row.state == "failed" else ""
        st.warning(text(key, why=why), icon=":material/warning:")
        _again(actor, view)
        if not any(judge.review or judge.state in ("done", "failed") for judge in view.judges):
            _judges_cards.before(view)
            return
    _judges_cards.result(view, may_retry=services.may(actor, "audition"))


def _again(actor: services.Actor, view: services.AuditionView) -> None:
    """Draw a button that has the same song judged in the same way."""
    row = view.row
    if row.lyrics_id is None:
        st.caption(text("judges.run.lyrics_gone"))
    elif st.button(text("judges.run.again"), key="judges_again", type="primary", icon=":material/replay:",
                   disabled=not services.may(actor, "audition")):
        _start(actor, row.lyrics_id, row.panel, row.repeats)


def _start(actor: services.Actor, song_id: int, panel: str, repeats: int) -> None:
    with _shared.errors_shown():
        with st.spinner(text("judges.run.starting")):
            audition_id = services.start_audition(actor, song_id, panel=panel, lang=_shared.lang(), repeats=repeats)
        show(audition_id)


# choosing ------------------------------------------------------------


def _choose(actor: services.Actor, active: services.AuditionRow | None) -> None:
    """Draw the choice of a song beside the song, its panel and the start."""
    if active is not None:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f":blue[:material/graphic_eq:] "
                        f"{text('judges.run.under_way', song=f'{plain(active.artist)} – {plain(active.title)}')}")
            if st.button(text("judges.run.open"), key="judges_open", icon=":material/visibility:"):
                show(active.id)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        song_id = _judges_songs.choose(actor)
    with right, _shared.errors_shown():
        if song_id is not None:
            _judges_songs.card(actor, song_id)
            _panel(actor, song_id)


def _panel(actor: services.Actor, song_id: int) -> None:
    """Draw who will judge, how often, and the start."""
    panels = {panel.key: panel for panel in services.panels(actor)}
    allowed = services.may(actor, "audition")
    st.markdown(f"#### {text('judges.panel.title')}")
    with st.container(border=True, key="judges_panel"):
        key = _shared.in_url("panel", "judges_panel_key", _shared.one_of(tuple(panels)), next(iter(panels)), quiet=True)
        if len(panels) > 1:
            names = {name: _judges_songs.panel_name(name) for name in panels}
            st.selectbox(text("judges.panel.choice"), list(panels), key="judges_panel_key",
                         format_func=names.__getitem__)
        panel = panels[key]
        for judge in panel.judges:
            st.markdown(_judge(judge))
        repeats = st.segmented_control(text("judges.panel.repeats"), (1, 2, 3, 4, 5), default=1, required=True,
                                       key="judges_repeats", help=text("judges.panel.repeats_help"))
        st.caption(text("judges.panel.language", language=text(f"songs.language.{_shared.lang()}")))
        _before_start(panel)
        if st.button(text("judges.panel.start" if panel.ready else "judges.panel.start_offline"), key="judges_start",
                     type="primary", icon=":material/mic:", disabled=not allowed):
            _start(actor, song_id, key, repeats)
        if not allowed:
            st.caption(text("judges.panel.not_allowed", role=actor.role))


def _judge(judge: dict[str, object]) -> str:
    """Return a judge of a panel in words: name, model, and whether its key is there."""
    if judge["ready"]:
        state = f":green-badge[:material/check: {text('judges.panel.ready')}]"
    elif judge["missing"]:
        state = f":orange-badge[:material/key_off: {text('judges.panel.missing', setting=plain(judge['missing']))}]"
    else:
        state = f":red-badge[:material/error: {text('judges.panel.problem', code=plain(judge['problem']))}]"
    weight = f" · {text('judges.card.weight', weight=judge['weight'])}" if judge["weight"] != 1 else ""
    return (f"**{plain(judge['name'])}** :violet-badge[{text('judges.card.persona')}] {state}  \n"
            f":small[:gray[{_judges_cards.provider(str(judge['provider']))} · {plain(judge['model'])}{weight}]]")


def _before_start(panel: services.PanelView) -> None:
    """Say who will judge where keys are missing."""
    keys = ", ".join(f"`{key}`" for key in dict.fromkeys(judge["missing"] for judge in panel.judges) if key)
    if not panel.ready:
        st.info(text("judges.panel.offline", keys=keys or "–"), icon=":material/cloud_off:")
    elif panel.ready < len(panel.judges):
        st.warning(text("judges.panel.some", ready=number(panel.ready), count=number(len(panel.judges)),
                        out_of=number(100 * sum(judge["weight"] for judge in panel.judges if judge["ready"])),
                        keys=keys or "–"), icon=":material/key_off:")


PARTS = {"audition": _audition, "history": _judges_history.draw, "batch": _judges_batch.draw}

if __name__ == "__main__":
    page()
