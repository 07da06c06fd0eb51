"""The editor of a post: title, text with a preview, and a result of one's own to attach."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import _community_card, _shared
from views import _community_state as states
from views._shared import text

FOUND = 8
LONGEST_SEARCH = 100
TALL = 260
"""Pixels of the text's box."""


def draw() -> None:
    """Draw the editor."""
    draft = states.draft()
    new = draft["of"] == states.NEW
    st.markdown(f"### {text('community.write.new' if new else 'community.write.change')}")
    for name in ("title", "body"):
        st.session_state.setdefault(f"community_{name}", draft[name])
    draft["title"] = st.text_input(text("community.write.title"), key="community_title", max_chars=services.MOST_TITLE)
    draft["body"] = st.text_area(text("community.write.body"), key="community_body", max_chars=services.MOST_BODY,
                                 height=TALL, help=text("community.write.markdown"))
    if st.toggle(text("community.write.preview"), key="community_preview"):
        with st.container(border=True, key="community_previewed"):
            states.written(draft["body"]) if draft["body"].strip() else st.caption(text("community.write.nothing"))
    _card(draft["card"])
    with st.container(horizontal=True, gap="small"):
        st.button(text("community.write.publish" if new else "community.write.save"), key="community_publish",
                  type="primary", icon=":material/send:", on_click=_publish)
        st.button(text("community.write.later" if new else "common.cancel"), key="community_leave",
                  on_click=states.finish, kwargs={"keep": True})
        if new:
            st.button(text("community.write.discard"), key="community_discard", type="tertiary",
                      icon=":material/delete:", on_click=states.finish, kwargs={"keep": False})
    st.caption(text("community.write.rules"))


def _publish() -> None:
    """Publish what is written, or save what is changed; a draft that is refused stays."""
    draft, actor = states.draft(), _shared.frame().actor
    draft |= {name: st.session_state.get(f"community_{name}", draft[name]) for name in ("title", "body")}
    given = (draft["title"], draft["body"], draft["card"])
    if draft["of"] == states.NEW:
        done, post_id = states.told(services.add_post, actor, *given, done="community.write.published")
    else:
        done, _ = states.told(services.edit_post, actor, draft["of"], *given, done="community.write.saved")
        post_id = draft["of"]
    if done:
        states.finish(keep=False)
        states.show(post_id)


# what is attached ------------------------------------------------------------


def _card(card: tuple[str, int] | None) -> None:
    """Draw the result that is attached as others will see it, or the way to attach one."""
    if card is None:
        with st.popover(text("community.attach.label"), icon=":material/attach_file:", key="community_attach"):
            _choose()
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(text("community.attach.shown"), width="stretch")
        st.button(text("community.attach.off"), key="community_attach_off", icon=":material/close:", type="tertiary",
                  on_click=_put, args=(None,))
    try:
        _community_card.draw(services.attachable(_shared.frame().actor, *card))
    except AppError as error:
        if states.draft()["of"] == states.NEW:
            _shared.error_box(error)
        else:  # it was attached before and is gone since
            _community_card.draw(services.Card(*card, "", gone=True))


def _choose() -> None:
    actor = _shared.frame().actor
    st.caption(text("community.attach.note"))
    names = {each: text(f"community.kind.{each}") for each in services.CARD_KINDS}
    st.session_state.setdefault("community_attach_kind", services.CARD_KINDS[0])
    kind = st.selectbox(text("community.attach.kind"), services.CARD_KINDS, key="community_attach_kind",
                        format_func=names.__getitem__)
    search = st.text_input(text("community.attach.search"), key="community_attach_find", icon=":material/search:",
                           max_chars=LONGEST_SEARCH)
    with _shared.errors_shown():
        found = services.own_things(actor, kind, search.strip(), FOUND)
        for card in found:
            label = " – ".join(part for part in (_community_card.name_plain(card), card.note) if part)
            st.button(_shared.plain(label), key=f"community_put_{kind}_{card.item}", width="stretch",
                      icon=f":material/{states.ICONS[kind]}:", on_click=_put, args=((kind, card.item),))
        if not found:
            st.caption(text("community.attach.none"))


def _put(card: tuple[str, int] | None) -> None:
    states.draft()["card"] = card
