"""My page's second tab: all things of one kind, to search, page through and open."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import _my_state as states
from views import _shared
from views._shared import number, text

PAGE = 20
GRID = 12
"""Pictures on a page: rows of three and of four come out even."""
COLUMNS = 3
PICTURED = ("picture", "thumbnail")
LONGEST_SEARCH = 200


def draw() -> None:
    """Draw the choice of a kind, the search, and a page of what is found."""
    kinds = services.MY_KINDS
    kind = _shared.in_url("kind", "mine_kind", _shared.one_of(kinds), kinds[0], quiet=True)
    names = {each: f":material/{states.ICONS[each]}: {text(f'mine.kind.{each}')}" for each in kinds}
    st.pills(text("mine.kinds"), kinds, key="mine_kind", format_func=names.__getitem__, required=True,
             label_visibility="collapsed")
    search = _shared.in_url("find", "mine_find", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    st.text_input(text("mine.search"), key="mine_find", icon=":material/search:", max_chars=LONGEST_SEARCH,
                  placeholder=text(f"mine.hint.{kind}"), label_visibility="collapsed")
    search = search.strip()
    page = states.page_of("mine", "p", (kind, search))
    shelf = services.my_things(_shared.frame().actor, kind, search=search, page=page,
                               size=GRID if kind in PICTURED else PAGE)
    if shelf.page != page:
        states.turn("mine", shelf.page)
    if not shelf.count:
        _nothing(kind, search)
        return
    st.caption(text("mine.count_one") if shelf.count == 1 else text("mine.count", count=number(shelf.count)))
    if kind in PICTURED:
        _grid(shelf)
    else:
        _rows(shelf)
    states.pages("mine", shelf.page, shelf.pages)


def open_all(kind: str) -> None:
    """Have all things of a kind be shown from the next run on."""
    st.session_state.update({"mine_tab": text("mine.tab.things"), "mine_kind": kind, "mine_find": "", "mine_page": 1})


def _nothing(kind: str, search: str) -> None:
    if search:
        with _shared.empty_state("mine.no_match", "search_off"):
            st.button(text("mine.no_match.clear"), key="mine_clear", icon=":material/filter_alt_off:", on_click=_clear)
        return
    box = st.container(border=True, horizontal_alignment="center", gap="small")
    box.markdown(f"# :gray[:material/{states.ICONS[kind]}:]", text_alignment="center")
    box.markdown(text(f"mine.none.{kind}"), text_alignment="center")
    with box:
        states.make(kind, width="content")


def _clear() -> None:
    st.session_state["mine_find"] = ""


def _rows(shelf: services.MyShelf) -> None:
    with st.container(gap="small", key="mine_rows"):
        for thing in shelf.things:
            with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small",
                              key=f"mine_row_{thing.kind}_{thing.id}"):
                badge = states.badges(thing)
                st.markdown(f"**{states.title(thing)}** {badge}  \n:small[:gray[{states.notes(thing)}]]",
                            width="stretch")
                opening(thing, text("mine.open"), "arrow_forward")


def _grid(shelf: services.MyShelf) -> None:
    for start in range(0, len(shelf.things), COLUMNS):
        for place, thing in zip(st.columns(COLUMNS, gap="small"), shelf.things[start:start + COLUMNS], strict=False):
            with place.container(border=True, height="stretch", gap="xsmall", key=f"mine_face_{thing.kind}_{thing.id}"):
                face(thing)
                opening(thing, states.title(thing))
                badge = states.badges(thing)
                st.markdown(f":small[:gray[{states.notes(thing)}]]" + (f" {badge}" if badge else ""))


def face(thing: services.MyThing) -> None:
    """Draw a picture or thumbnail; one that cannot be had now is said to be so."""
    try:
        st.image(states.picture(thing.kind, thing.id), width="stretch", alt=text(f"mine.alt.{thing.kind}"))
    except AppError as error:
        st.caption(f":material/broken_image: {_shared.plain_text(error.message(_shared.lang()))}")


def opening(thing: services.MyThing, label: str, icon: str = "") -> None:
    """Draw the link that opens a thing on its page; its name alone where there is no such page."""
    if thing.page in _shared.pages():
        states.link(thing.page, f":violet[{label}]", icon, dict(thing.query), width="content")
    elif not icon:
        st.markdown(label)
