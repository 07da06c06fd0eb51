"""The list of posts: search, filters, order, pages, download, and the way to write one."""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from views import _community_state as states
from views import _shared
from views._shared import number, plain, text

EVERY = "all"
ORDERS = ("newest", "liked", "viewed", "discussed")
LONGEST_SEARCH = 100
PAGE = "community_page"


def draw() -> None:
    """Draw what can be narrowed, and the posts."""
    actor = _shared.frame().actor
    _head(actor)
    asked = _asked()
    found = services.list_posts(actor, **asked, page=_page(asked))
    if not found.rows:
        _nothing(asked)
        return
    _summary(found)
    states.quiet("community_posts")
    with st.container(key="community_posts", gap="small"):
        for row in found.rows:
            _row(row)
    states.pages(PAGE, found.page, found.pages)
    st.download_button(text("common.download_csv"), lambda: _shared.csv_bytes(services.posts_table(actor, **asked)),
                       file_name=f"{_shared.file_part(text('community.file_name'))}.csv", mime="text/csv",
                       key="community_csv", on_click="ignore", icon=":material/download:")


def _head(actor: services.Actor) -> None:
    allowed = services.may(actor, "post")
    kept = states.draft()["of"] == states.NEW and any(states.draft()[name] for name in ("title", "body"))
    left, right = st.columns([4, 1], vertical_alignment="center", gap="medium")
    left.caption(text("community.intro"))
    right.button(text("community.write.go_on" if kept else "community.write.label"), key="community_write",
                 type="primary", icon=":material/edit:", disabled=not allowed, on_click=states.begin, width="stretch",
                 help=None if allowed else text("community.not_allowed"))


def _asked() -> dict[str, Any]:
    """Draw search, filters and order; return what is asked of the service."""
    find, kind_key, by, mine_key = (f"community_{name}" for name in ("find", "kind", "by", "mine"))
    search = _shared.in_url("q", find, lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.text_input(text("community.search"), key=find, icon=":material/search:", max_chars=LONGEST_SEARCH,
                    placeholder=text("community.search_hint"))
    kinds = (EVERY, *services.CARD_KINDS, "none")
    kind = _shared.in_url("kind", kind_key, _shared.one_of(kinds), EVERY, quiet=True)
    names = {each: text(f"community.kind.{each}") for each in kinds}
    right.selectbox(text("community.kind.label"), kinds, key=kind_key, format_func=names.__getitem__)
    order = _shared.in_url("by", by, _shared.one_of(ORDERS), ORDERS[0], quiet=True)
    labels = {each: text(f"community.by.{each}") for each in ORDERS}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="community_order"):
        st.segmented_control(text("community.by.label"), ORDERS, key=by, required=True, format_func=labels.__getitem__)
        mine = _shared.switch_in_url("mine", mine_key)
        st.toggle(text("community.mine"), key=mine_key)
    return {"search": search.strip(), "kind": None if kind == EVERY else kind, "mine": mine, "order": order}


def _page(asked: dict[str, Any]) -> int:
    """Return the page of the list; a change of the filters begins at the first."""
    state, wanted = st.session_state, tuple(asked.values())
    if state.get("community_asked", wanted) != wanted:
        state[PAGE] = 1
    state["community_asked"] = wanted
    return _shared.in_url("page", PAGE, lambda value: states.id_of(value) or None, 1, quiet=True)


def _nothing(asked: dict[str, Any]) -> None:
    """Say that there is no post, or none that matches."""
    if asked["search"] or asked["kind"] or asked["mine"]:
        with _shared.empty_state("community.no_match", "search_off"):
            st.button(text("community.clear"), key="community_clear", icon=":material/filter_alt_off:", on_click=_clear)
        return
    with _shared.empty_state("community.empty", "forum"):
        if services.may(_shared.frame().actor, "post"):
            st.button(text("community.write.label"), key="community_write_first", icon=":material/edit:",
                      on_click=states.begin)


def _clear() -> None:
    st.session_state.update({"community_find": "", "community_kind": EVERY, "community_mine": False})


def _summary(found: services.PostPage) -> None:
    st.caption(text("community.count_one") if found.count == 1 else text("community.count", count=number(found.count)))


def _row(row: services.PostRow) -> None:
    with st.container(border=True, gap="xsmall", key=f"community_row_{row.id}"):
        states.link(row.id, f"**{plain(row.title)}**")
        removed = f" :red-badge[:material/block: {text('community.removed.mark')}]" if row.removed else ""
        if row.excerpt and row.excerpt != row.title:
            st.markdown(f":gray[{plain(row.excerpt)}]")
        st.markdown(f":small[{states.author(row.author, own=row.own)} :gray[· "
                    f"{_when(row)}]] {states.badge(row.card_kind)}{removed}  \n"
                    f":small[:gray[{_counts(row)}]]")


def _when(row: services.PostRow) -> str:
    changed = f" · {text('community.edited_mark')}" if row.edited_at is not None else ""
    return states.when(row.created_at, None) + changed


def _counts(row: services.PostRow) -> str:
    return states.counts({"visibility": row.views, "favorite": row.likes, "chat_bubble": row.comments})
