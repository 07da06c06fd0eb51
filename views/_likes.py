"""The button that likes a song or a post: a heart with how many do, filled where one does oneself."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import _shared
from views._shared import number, text


def button(kind: str, item: int, found: services.Likes | None = None) -> None:
    """Draw the button; `found` is how it stands where the page knows that already.

    Parameters
    ----------
    kind : str
        ``song`` or ``post``.
    """
    actor = _shared.frame().actor
    shown = found or services.likes(actor, kind, [item])[item]
    st.button(number(shown.count), key=f"likes_{kind}_{item}", icon=":material/favorite:",
              type="primary" if shown.liked else "secondary", disabled=not services.may(actor, "like"),
              help=text("likes.off" if shown.liked else f"likes.{kind}"), on_click=_press,
              args=(actor, kind, item, not shown.liked))


def _press(actor: services.Actor, kind: str, item: int, on: bool) -> None:
    try:
        services.like(actor, kind, item, on)
    except AppError as error:
        st.toast(_shared.plain_text(error.message(_shared.lang())), icon=":material/error:")
