"""My page: who one is here, all one has made and kept, the account, and everything as a file."""

from __future__ import annotations

import streamlit as st

import services
from views import _my_account, _my_data, _my_overview, _my_things, _shared
from views import _my_state as states
from views._shared import plain, text

TABS = {"overview": _my_overview.draw, "things": _my_things.draw, "account": _my_account.draw, "data": _my_data.draw}

STYLE = """<style>
:is([class*=st-key-mine_line_], [class*=st-key-mine_card_], [class*=st-key-mine_face_]) [data-testid=stPageLink-NavLink]
    {padding-inline: 0; margin: 0}
.st-key-mine_body [data-testid=stPageLink-NavLink] * {white-space: normal; word-break: keep-all}
.st-key-mine_body p {word-break: keep-all; overflow-wrap: anywhere}
</style>"""
"""A link in a list starts where the text below it does; Korean breaks between words."""


def page() -> None:
    """Draw the page."""
    st.title(text("mine.title"))
    st.html(STYLE)
    with _shared.errors_shown():
        states.tell()
        me = services.my_account(_shared.frame().actor)
        _head(me)
        with st.container(key="mine_body"):
            for name, box in _shared.tabs("mine", tuple(TABS)).items():
                if box.open:
                    with box:
                        TABS[name]()


def _head(me: services.Member) -> None:
    """Draw who this is: name, role, since when, and what they say of themselves."""
    name = text("who.local") if me.kind == "local" and not me.has_password else me.nickname
    since = text("mine.since", day=_shared.day(me.created_at.date()))
    st.markdown(f"**{plain(name)}** :violet-badge[{text(f'role.{_shared.frame().actor.role}')}] "
                f":small[:gray[{since}]]" + (f"  \n{plain(me.bio)}" if me.bio else ""))


if __name__ == "__main__":
    page()
