"""The guide of Image to Music: how tags are made, what is stored, which model looks, how much quota is left."""

from __future__ import annotations

import streamlit as st

import services
from views import _image_shown, _shared
from views._shared import number, text


def draw() -> None:
    """Draw the guide with how things are at this moment."""
    actor = _shared.frame().actor
    *outside, local = [_image_shown.tagger(name) for name in services.taggers(actor)]
    st.info(text("i2m.guide.now_outside", services=", ".join(outside), local=local) if outside
            else text("i2m.guide.now_local", local=local), icon=":material/visibility:")
    st.markdown(text("i2m.guide.body"))
    quota = services.quota(actor)
    st.markdown(text("i2m.guide.youtube_off") if quota is None
                else text("i2m.guide.youtube_on", used=number(quota[0]), most=number(quota[1])))
