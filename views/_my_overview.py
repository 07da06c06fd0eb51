"""My page's first tab: the newest of everything, each kind with its count and the way to all of them."""

from __future__ import annotations

import streamlit as st

import services
from views import _my_state as states
from views import _my_things, _shared
from views._shared import number, text

COLUMNS = 2
FACE = 96
"""Pixels of a picture in a card: three are side by side on a phone."""


def draw() -> None:
    """Draw a card of each kind; somebody who has nothing yet is told where to begin."""
    mine = services.my_overview(_shared.frame().actor)
    if mine.empty:
        box = _shared.empty_state("mine.empty", "waving_hand")
        with box.container(horizontal=True, horizontal_alignment="center", gap="small"):
            for kind in ("audition", "picture", "playlist"):
                states.make(kind, width="content")
    shelves = mine.shelves
    for start in range(0, len(shelves), COLUMNS):
        for place, shelf in zip(st.columns(COLUMNS, gap="small"), shelves[start:start + COLUMNS], strict=False):
            with place.container(border=True, height="stretch", gap="small", key=f"mine_card_{shelf.kind}"):
                _card(shelf)


def _card(shelf: services.MyShelf) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.markdown(f"#### :material/{states.ICONS[shelf.kind]}: {text(f'mine.kind.{shelf.kind}')} "
                    f":gray[{number(shelf.count)}]", width="stretch")
        if shelf.count:
            st.button(text("mine.all"), key=f"mine_all_{shelf.kind}", type="tertiary", icon=":material/arrow_forward:",
                      icon_position="right", on_click=_my_things.open_all, args=(shelf.kind,))
    if not shelf.count:
        st.markdown(f":gray[{text(f'mine.none.{shelf.kind}')}]")
        states.make(shelf.kind, width="content")
    elif shelf.kind in _my_things.PICTURED:
        _faces(shelf)
    else:
        for thing in shelf.things:
            _line(thing)


def _line(thing: services.MyThing) -> None:
    """Draw a thing as its title, which opens it, and a small line."""
    badge = states.badges(thing)
    with st.container(gap=None, key=f"mine_line_{thing.kind}_{thing.id}"):
        _my_things.opening(thing, states.title(thing))
        st.markdown(f":small[:gray[{states.notes(thing)}]]" + (f" {badge}" if badge else ""))


def _faces(shelf: services.MyShelf) -> None:
    with st.container(horizontal=True, gap="small", key=f"mine_faces_{shelf.kind}"):
        for thing in shelf.things:
            with st.container(gap="xsmall", width=FACE, key=f"mine_face_{thing.kind}_{thing.id}"):
                _my_things.face(thing)
                _my_things.opening(thing, states.title(thing))
