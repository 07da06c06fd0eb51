"""The comments of a post: oldest first, a jump to the newest, writing, changing, deleting with a way back."""

from __future__ import annotations

from functools import partial

import streamlit as st

import services
from views import _community_moderation as moderation
from views import _community_state as states
from views._shared import number, plain, text

TALL = 110
"""Pixels of a comment's box."""
NEWEST = 0


def draw(actor: services.Actor, post: services.Post) -> None:
    """Draw a page of comments and the box for one's own."""
    post_id = post.row.id
    key = f"community_comments_{post_id}"
    found = services.list_comments(actor, post_id, st.session_state.get(key, 1))
    st.session_state[key] = found.page
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### {text('community.comments.title')} :gray[{number(post.row.comments)}]", width="stretch")
        if found.page < found.pages:
            st.button(text("community.comments.newest"), key="community_newest", icon=":material/south:",
                      type="tertiary", on_click=st.session_state.__setitem__, args=(key, NEWEST))
    if not found.rows:
        st.caption(text("community.comments.empty"))
    for comment in found.rows:
        with st.container(border=True, gap="xsmall", key=f"community_comment_{comment.id}"):
            _comment(actor, comment)
    states.pages(key, found.page, found.pages)
    if services.may(actor, "post") and not post.row.removed:
        _write(actor, post_id, key)


def _comment(actor: services.Actor, comment: services.Comment) -> None:
    if comment.deleted:
        st.markdown(f":gray[:material/delete: *{text('community.comments.deleted')}*]")
        return
    if comment.removed and not comment.body:
        st.markdown(f":gray[:material/block: *{text('community.comments.removed')}*]")
        return
    st.markdown(f":small[{states.author(comment.author, own=comment.own)} "
                f":gray[· {states.when(comment.created_at, comment.edited_at)}]]")
    if comment.removed:
        st.warning(text("community.removed.why", reason=plain(comment.removed_reason or "–")), icon=":material/block:")
    if comment.own and st.session_state.get("community_changing") == comment.id:
        _change(actor, comment)
        return
    states.written(comment.body)
    _acts(actor, comment)


def _acts(actor: services.Actor, comment: services.Comment) -> None:
    with st.container(horizontal=True, gap="small", key=f"community_comment_acts_{comment.id}"):
        if comment.own and not comment.removed and services.may(actor, "post"):
            st.button(text("community.edit"), key=f"community_change_{comment.id}", type="tertiary",
                      icon=":material/edit:", on_click=_begin, args=(comment,))
        if comment.own and st.button(text("community.delete.label"), key=f"community_drop_{comment.id}",
                                     type="tertiary", icon=":material/delete:"):
            states.confirm("community.comments.delete_title", "community.comments.delete_what",
                           "community.delete.label", partial(_delete, actor, comment.id),
                           f"community_drop_{comment.id}")
        if not comment.own:
            moderation.report_button("comment", comment.id)
        if services.may(actor, "moderate"):
            moderation.remove_button("comment", comment.id, removed=comment.removed)


# writing ------------------------------------------------------------


def _write(actor: services.Actor, post_id: int, page_key: str) -> None:
    """Draw the box for a new comment; what is in it stays when the comment is refused or another page is looked at."""
    key, kept = f"community_say_{post_id}", f"community_said_{post_id}"
    st.session_state.setdefault(key, st.session_state.get(kept, ""))
    st.session_state[kept] = st.text_area(text("community.comments.label"), key=key, height=TALL,
                                          max_chars=services.MOST_COMMENT, help=text("community.write.markdown"))
    st.button(text("community.comments.send"), key="community_send", type="primary", icon=":material/send:",
              on_click=_send, args=(actor, post_id, key, kept, page_key))


def _send(actor: services.Actor, post_id: int, key: str, kept: str, page_key: str) -> None:
    done, _ = states.told(services.add_comment, actor, post_id, st.session_state[key], done="community.comments.sent")
    if done:
        st.session_state[key] = st.session_state[kept] = ""
        st.session_state[page_key] = NEWEST


def _begin(comment: services.Comment) -> None:
    st.session_state["community_changing"] = comment.id
    st.session_state[f"community_changed_{comment.id}"] = comment.body


def _change(actor: services.Actor, comment: services.Comment) -> None:
    key = f"community_changed_{comment.id}"
    st.session_state.setdefault(key, comment.body)
    st.text_area(text("community.comments.change"), key=key, height=TALL, max_chars=services.MOST_COMMENT)
    with st.container(horizontal=True, gap="small"):
        st.button(text("community.write.save"), key="community_changed_save", type="primary", on_click=_save,
                  args=(actor, comment.id, key))
        st.button(text("common.cancel"), key="community_changed_cancel", on_click=_end)


def _save(actor: services.Actor, comment_id: int, key: str) -> None:
    done, _ = states.told(services.edit_comment, actor, comment_id, st.session_state[key])
    if done:
        _end()


def _end() -> None:
    st.session_state["community_changing"] = 0


def _delete(actor: services.Actor, comment_id: int) -> None:
    states.told(services.delete_comment, actor, comment_id, done="community.comments.delete_done",
                undo=partial(_restore, actor, comment_id))


def _restore(actor: services.Actor, comment_id: int) -> None:
    states.told(services.restore_comment, actor, comment_id, done="community.comments.delete_undone")
