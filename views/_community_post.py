"""One post: its text and card, what can be done with it, and its comments."""

from __future__ import annotations

from functools import partial

import streamlit as st

import services
from support.errors import AppError
from views import _community_card, _community_comments, _likes, _shared
from views import _community_moderation as moderation
from views import _community_state as states
from views._shared import plain, text


def draw(post_id: int) -> None:
    """Draw the post; one that is not there says so, above the way back."""
    actor = _shared.frame().actor
    st.button(text("community.back"), key="community_back", icon=":material/arrow_back:", type="tertiary",
              on_click=states.show, args=(0,))
    seen = st.session_state.setdefault("community_seen", set())
    try:
        post = services.get_post(actor, post_id, count_view=post_id not in seen)
    except AppError as error:
        _shared.error_box(error)
        return
    seen.add(post_id)
    with st.container(border=True, gap="small", key="community_post"):
        _text(post)
        _acts(actor, post)
    _community_comments.draw(actor, post)


def _text(post: services.Post) -> None:
    row = post.row
    st.markdown(f"### {plain(row.title)}")
    views = states.counts({"visibility": row.views})
    st.markdown(f":small[{states.author(row.author, own=row.own)} :gray[· {states.when(row.created_at, row.edited_at)} "
                f"&nbsp; {views}]]")
    if row.removed:
        st.warning(text("community.removed.why", reason=plain(post.removed_reason or "–")), icon=":material/block:")
    states.written(post.body)
    if post.card is not None:
        _community_card.draw(post.card, post)


def _acts(actor: services.Actor, post: services.Post) -> None:
    row = post.row
    with st.container(horizontal=True, gap="small", key="community_acts"):
        _likes.button("post", row.id, services.Likes(row.likes, row.liked))
        if row.own:
            _own(actor, post)
        else:
            moderation.report_button("post", row.id)
        if services.may(actor, "moderate"):
            moderation.remove_button("post", row.id, removed=row.removed)


def _own(actor: services.Actor, post: services.Post) -> None:
    if not post.row.removed and services.may(actor, "post"):
        st.button(text("community.edit"), key="community_edit", icon=":material/edit:", on_click=states.begin,
                  args=(post,))
    if st.button(text("community.delete.label"), key="community_delete", icon=":material/delete:"):
        states.confirm("community.delete.title", "community.delete.what", "community.delete.label",
                       partial(_delete, actor, post.row.id), "community_delete", title=plain(post.row.title))


def _delete(actor: services.Actor, post_id: int) -> None:
    done, _ = states.told(services.delete_post, actor, post_id, done="community.delete.done",
                          undo=partial(_restore, actor, post_id))
    if done:
        states.show(0)


def _restore(actor: services.Actor, post_id: int) -> None:
    done, _ = states.told(services.restore_post, actor, post_id, done="community.delete.undone")
    if done:
        states.show(post_id)
