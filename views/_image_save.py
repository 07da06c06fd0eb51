"""What can be done with a result: save the list, copy it, a PNG card, a link, the archive; nothing shares itself."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _image_shown, _shared
from views._shared import text


def draw(view: services.PictureView) -> None:
    """Draw all of it for a picture of the actor's own."""
    st.markdown(f"#### {text('i2m.save.heading')}")
    with st.container(horizontal=True, gap="small", key="i2m_save"):
        if view.search and view.search.songs:
            with st.popover(text("i2m.save.list"), icon=":material/save:", key="i2m_save_list"):
                _lists(view, view.search)
            with st.popover(text("i2m.save.copy"), icon=":material/content_copy:", key="i2m_save_copy"):
                st.caption(text("i2m.save.copy_note"))
                st.code(services.song_text(view.search, view.hashtags, _shared.lang()), language=None, wrap_lines=True)
            with st.popover(text("i2m.save.card"), icon=":material/image:", key="i2m_save_card"):
                _card(view)
        with st.popover(text("i2m.save.link"), icon=":material/link:", key="i2m_save_link"):
            link(view)
        with st.popover(text("i2m.save.share"), icon=":material/public:", key="i2m_save_share"):
            share(view)


def _lists(view: services.PictureView, search: services.PictureSearch) -> None:
    """Draw the list as files for other programs; each is made when its button is pressed."""
    actor, lang = _shared.frame().actor, _shared.lang()
    st.caption(text("i2m.save.list_note"))
    files = {"m3u8": ("audio/x-mpegurl", lambda: services.song_m3u8(actor, search)),
             "csv": ("text/csv", lambda: _shared.csv_bytes(services.song_table(actor, search, lang))),
             "text": ("text/plain", lambda: services.song_text(search, view.hashtags, lang).encode("utf-8-sig"))}
    for name, (mime, made) in files.items():
        st.download_button(text(f"i2m.save.{name}"), made, mime=mime, key=f"i2m_list_{name}", width="stretch",
                           file_name=f"{text('i2m.save.file_name')}-{view.id}.{'txt' if name == 'text' else name}",
                           on_click="ignore", icon=":material/download:")


def _card(view: services.PictureView) -> None:
    """Draw the card once it is asked for: it takes a second."""
    st.caption(text("i2m.save.card_note"))
    made = (view.id, view.search, _shared.lang())
    if st.session_state.get("i2m_card", (None,))[0] != made:
        if not st.button(text("i2m.save.card_make"), key="i2m_card_make", icon=":material/brush:"):
            return
        try:
            with st.spinner(text("i2m.save.card_making")):
                png = services.picture_card(_shared.frame().actor, view, _shared.lang())
        except AppError as error:
            _shared.error_box(error)
            return
        st.session_state["i2m_card"] = (made, png)
    png = st.session_state["i2m_card"][1]
    st.image(png, width=260, alt=text("i2m.save.card"))
    st.download_button(text("i2m.save.card_download"), png, mime="image/png", key="i2m_card_png", on_click="ignore",
                       file_name=f"{text('i2m.save.file_name')}-{view.id}.png", icon=":material/download:")


def link(view: services.PictureView) -> None:
    """Draw the link of a picture, or the button that makes one."""
    st.caption(text("i2m.save.link_note"))
    if view.removed_at is not None:
        st.warning(text("i2m.save.removed"), icon=":material/block:")
    elif view.token is None:
        st.button(text("i2m.save.link_make"), key=f"i2m_link_make_{view.id}", type="primary",
                  icon=":material/add_link:", on_click=_act, args=("link_picture", view.id))
    else:
        st.code(address(view.token), language=None, wrap_lines=True)
        st.button(text("i2m.save.link_back"), key=f"i2m_link_back_{view.id}", icon=":material/link_off:",
                  on_click=_act, args=("link_picture", view.id, "i2m.save.link_is_back"), kwargs={"on": False})


def address(token: str) -> str:
    """Return the whole address that shows a result."""
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page or '/image_to_music'}?picture={token}"


def share(view: services.PictureView) -> None:
    """Draw consent and start of sharing, or its end."""
    if view.removed_at is not None:
        st.warning(text("i2m.save.removed"), icon=":material/block:")
        return
    if view.shared_at is not None:
        st.markdown(text("i2m.save.shared_since", moment=format_time(_shared.lang(), view.shared_at)))
        st.button(text("i2m.save.share_stop"), key=f"i2m_unshare_{view.id}", icon=":material/public_off:",
                  on_click=_act, args=("unshare_picture", view.id))
        return
    st.caption(text("i2m.save.share_note", name=_shared.plain(view.owner)))
    agreed = st.checkbox(text("i2m.save.share_agree"), key=f"i2m_agree_{view.id}")
    st.button(text("i2m.save.share_start"), key=f"i2m_share_{view.id}", type="primary", icon=":material/public:",
              disabled=not agreed, on_click=_act, args=("share_picture", view.id), kwargs={"consent": agreed})


def _act(name: str, image_id: int, done: str | None = None, **options: bool) -> None:
    """Do what a button says; the run that follows shows it, or why it was refused."""
    try:
        getattr(services, name)(_shared.frame().actor, image_id, **options)
        if done:
            st.toast(text(done), icon=":material/check_circle:")
    except AppError as error:
        st.session_state["i2m_told"] = error.message(_shared.lang())


def confirm(key: str, view: services.PictureView, what: str, act: str, done: str, reasons: bool = False) -> None:
    """Draw a dialog that says what an act does, and does it.

    Parameters
    ----------
    key : str
        Text of the title; the button has the text without ``_title``.
    view : PictureView
    what, done : str
        Texts: what will happen, what has happened.
    act : str
        Name of the service.
    reasons : bool
        Whether to ask for a reason and hand it on.
    """
    def body() -> None:
        st.markdown(text(what))
        names = {name: text(f"i2m.reason.{name}") for name in services.REASONS}
        reason = st.radio(text("i2m.reason.label"), list(names), key=f"i2m_reason_{view.id}",
                          format_func=names.__getitem__) if reasons else None
        left, right = st.columns(2)
        if left.button(text("common.cancel"), key="i2m_confirm_no", width="stretch"):
            st.rerun()
        if right.button(text(key.removesuffix("_title")), key="i2m_confirm_yes", type="primary", width="stretch"):
            with _shared.errors_shown():
                getattr(services, act)(_shared.frame().actor, view.id, *((reason,) if reasons else ()))
                if act != "report_picture":
                    _image_shown.forget(view.id)
                st.session_state["i2m_done"] = done
                if st.session_state.get("i2m_image") == view.id and act == "delete_picture":
                    st.session_state["i2m_image"] = 0
                st.rerun()

    st.dialog(text(key))(body)()
