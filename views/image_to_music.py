"""Image to Music: a picture becomes mood tags, the tags become songs; one's own pictures, everyone's, a guide."""

from __future__ import annotations

import streamlit as st

import services
from support.errors import AppError
from views import (
    _image_choices,
    _image_gallery,
    _image_guide,
    _image_result,
    _image_save,
    _image_shown,
    _image_songs,
    _image_tags,
    _image_upload,
    _shared,
)
from views._shared import text


def page() -> None:
    """Draw the page: what a link shows, or the tabs."""
    st.title(text("i2m.title"))
    st.caption(text("i2m.intro"))
    with _shared.errors_shown():
        if token := st.query_params.get("picture"):
            _linked(token)
            return
        for name, tab in _shared.tabs("i2m", tuple(PARTS)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name]()


def _linked(token: str) -> None:
    """Draw what a link shows, to look at only."""
    actor = _shared.frame().actor
    with st.container(horizontal=True, vertical_alignment="center", key="i2m_linked"):
        st.markdown(f"#### {text('i2m.link.heading')}  \n:small[:gray[{text('i2m.link.note')}]]", width="stretch")
        if st.button(text("i2m.link.own"), key="i2m_own", icon=":material/add_photo_alternate:", type="primary"):
            st.query_params.pop("picture")
            st.rerun()
    _image_result.draw(actor, services.picture_by_link(actor, token[:200]))


# making ------------------------------------------------------------


def _make() -> None:
    """Draw the job under way, the picture that is open, or the start."""
    actor = _shared.frame().actor
    job = _shared.in_url("job", "i2m_job", _image_shown.number_in_url, 0, quiet=True)
    image = _shared.in_url("image", "i2m_image", _image_shown.number_in_url, 0, quiet=True)
    if job and _image_upload.follow(job):
        return
    if image and _open(actor, image):
        return
    if not services.catalogue_counts(actor).entries:
        _no_songs()
    _image_upload.draw()


def _no_songs() -> None:
    """Say that there is nothing to search yet, with the next step."""
    with _shared.empty_state("i2m.empty", "library_music"):
        st.page_link("views/data.py", label=f":violet[{text('i2m.empty.link')}]", icon=":material/upload_file:",
                     query_params={"tab": "catalogue"})


def _open(actor: services.Actor, image_id: int) -> bool:
    """Draw a picture of the actor's own with its tags and songs; return whether there is one."""
    try:
        view = services.get_picture(actor, image_id)
    except AppError as error:
        _shared.error_box(error)
        st.session_state["i2m_image"] = 0
        _shared.not_in_url("image")
        return False
    if not view.own or view.removed_at is not None:
        _image_result.draw(actor, view)
        _another()
        return True
    left, tags = st.columns([4, 7], gap="medium")
    with left:
        _picture(actor, view)
    with st.container(border=True, key="i2m_choices"):
        choices = _image_choices.draw()
    there = bool(services.catalogue_counts(actor).entries)
    # songs are looked for before the tags are drawn: the search reads tags from the free words
    found = _image_songs.found(view, choices) if there else None
    with tags:
        _image_tags.editor(found or view)
    if there:
        _image_songs.head(found.search if found else None, choices)
        _image_songs.result(found)
    else:
        _no_songs()
    _image_save.draw(found or view)
    return True


def _picture(actor: services.Actor, view: services.PictureView) -> None:
    _image_shown.picture(actor, view)
    _image_shown.hashtag_line(view)
    if st.session_state.get("i2m_known") == view.id:
        st.info(text("i2m.tagger.known"), icon=":material/history:")
    _image_shown.seen_by(view)
    _another()


def _another() -> None:
    st.button(text("i2m.upload.other"), key="i2m_other", icon=":material/add_photo_alternate:", on_click=_put_aside)


def _put_aside() -> None:
    st.session_state["i2m_image"] = 0


PARTS = {"make": _make, "mine": _image_gallery.mine, "archive": _image_gallery.archive, "guide": _image_guide.draw}

if __name__ == "__main__":
    page()
