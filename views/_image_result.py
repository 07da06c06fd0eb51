"""A picture with its tags and songs as they were left, to look at only: what a link and the archive show."""

from __future__ import annotations

import streamlit as st

import services
from views import _image_shown, _image_songs, _image_tags
from views._shared import text


def draw(actor: services.Actor, view: services.PictureView) -> None:
    """Draw a picture: what it shows, its tags, its songs."""
    left, right = st.columns([4, 7], gap="medium")
    with left:
        _image_shown.picture(actor, view)
        _image_shown.hashtag_line(view)
        _image_shown.seen_by(view)
    with right:
        _image_tags.read_only(view)
        st.markdown(f"#### {text('i2m.songs.heading')}")
        if view.search is None:
            st.info(text("i2m.songs.not_yet"), icon=":material/info:")
        else:
            _image_songs.rows(view.search)
