"""The community: a board of posts with attached results, the leaderboard of predictions, the moderators' queue."""

from __future__ import annotations

import streamlit as st

import services
from views import (
    _community_leaders,
    _community_list,
    _community_moderation,
    _community_post,
    _community_write,
    _shared,
)
from views import _community_state as states
from views._shared import text

LONGEST = 60


def page() -> None:
    """Draw the page: the editor while something is written, the post that is open, or the lists."""
    st.title(text("community.title"))
    _attached()
    states.tell()
    actor = _shared.frame().actor
    with _shared.errors_shown():
        if states.writing() and services.may(actor, "post"):
            _community_write.draw()
        elif post_id := states.opened():
            _shared.not_in_url("tab", "q", "kind", "by", "mine", "page")
            _community_post.draw(post_id)
        else:
            _lists(actor)


def _attached() -> None:
    """Begin a post with the result that the URL names (``?attach=kind:item``), once."""
    asked = st.query_params.get("attach", "")[:LONGEST]
    if not asked:
        return
    st.query_params.pop("attach", None)
    kind, _, item = asked.partition(":")
    if kind in services.CARD_KINDS and states.id_of(item) and services.may(_shared.frame().actor, "post"):
        states.begin(card=(kind, states.id_of(item)))


def _lists(actor: services.Actor) -> None:
    names = ("board", "leaders", "moderation") if services.may(actor, "moderate") else ("board", "leaders")
    draws = {"board": _community_list.draw, "leaders": _community_leaders.draw,
             "moderation": _community_moderation.draw}
    for name, tab in _shared.tabs("community", names).items():
        if tab.open:
            with tab:
                draws[name]()


if __name__ == "__main__":
    page()
