"""The leaderboard of the community: predictions that their owners published, by likes or score, genre and period."""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from views import _community_state as states
from views import _hit_board, _shared
from views._shared import number, plain, text

PAGE = 20
EVERY = "all"
PERIODS: dict[str, int | None] = {"week": 7, "month": 30, "year": 365, EVERY: None}
"""Days since a prediction was published."""
ORDERS = ("likes", "score", "newest")
KEY = "community_leaders_page"


def draw() -> None:
    """Draw what can be narrowed, and the predictions."""
    st.caption(text("community.leaders.intro"))
    actor, asked = _shared.frame().actor, _asked()
    page = _page(asked)
    found = services.leaderboard(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    last = max(1, -(-found.count // PAGE))
    if page > last:
        st.session_state[KEY] = page = last
        found = services.leaderboard(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    if not found.rows:
        with _shared.empty_state("community.leaders.empty", "social_leaderboard"):
            st.page_link("views/hit_prediction.py", label=text("community.leaders.open"),
                         icon=":material/arrow_forward:", query_params={"tab": "mine"}, width="content")
        return
    _hit_board.quiet_links("community_leaders")
    with st.container(key="community_leaders", gap="small"):
        for place, row in enumerate(found.rows, (page - 1) * PAGE + 1):
            with st.container(border=True, gap="small", key=f"community_leader_{row.id}"):
                _row(actor, place, row)
    states.pages(KEY, page, last)


def _asked() -> dict[str, Any]:
    genre_key, period_key, by = (f"community_leaders_{name}" for name in ("genre", "period", "by"))
    every = (EVERY, *services.HIT_GENRES)
    genre = _shared.in_url("genre", genre_key, _shared.one_of(every), EVERY, quiet=True)
    names = {each: text("hit.list.genre_all" if each == EVERY else f"hit.genre.{each}") for each in every}
    period = _shared.in_url("period", period_key, _shared.one_of(tuple(PERIODS)), "month", quiet=True)
    periods = {each: text(f"community.leaders.period.{each}") for each in PERIODS}
    order = _shared.in_url("lead", by, _shared.one_of(ORDERS), ORDERS[0], quiet=True)
    orders = {each: text(f"community.leaders.by.{each}") for each in ORDERS}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="community_leaders_asked"):
        st.selectbox(text("hit.list.genre"), every, key=genre_key, format_func=names.__getitem__, width=220)
        st.segmented_control(text("community.leaders.period.label"), tuple(PERIODS), key=period_key, required=True,
                             format_func=periods.__getitem__)
        st.segmented_control(text("community.by.label"), ORDERS, key=by, required=True, format_func=orders.__getitem__)
    return {"genre": None if genre == EVERY else genre, "days": PERIODS[period], "order": order}


def _page(asked: dict[str, Any]) -> int:
    state, wanted = st.session_state, tuple(asked.values())
    if state.get("community_leaders_last", wanted) != wanted:
        state[KEY] = 1
    state["community_leaders_last"] = wanted
    return _shared.in_url("leaders_page", KEY, lambda value: states.id_of(value) or None, 1, quiet=True)


def _row(actor: services.Actor, place: int, row: services.PredictionRow) -> None:
    crown = f":{_hit_board.CROWNS[place]}[:material/crown:] " if place in _hit_board.CROWNS else ""
    artist = f" · {plain(row.artist)}" if row.artist else ""
    notes = f"{text(f'hit.genre.{row.genre}')} · {text('hit.board.by', owner=plain(row.owner))}"
    own = f" :blue-badge[{text('hit.board.own')}]" if row.own else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{crown}**{text('hit.board.rank', rank=number(place))}** &nbsp; **{plain(row.title)}**{artist}  \n"
                    f"{_hit_board.score_badge(row)}{own} :small[:gray[{notes}]]", width="stretch")
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            st.button(number(row.likes), key=f"community_leader_like_{row.id}", icon=":material/favorite:",
                      type="primary" if row.liked else "secondary", disabled=not services.may(actor, "like"),
                      help=text("hit.board.unlike" if row.liked else "hit.board.like"), on_click=states.pressed,
                      args=(services.like_prediction, actor, row.id), kwargs={"on": not row.liked})
            _hit_board.open_link(row.id)
