"""The caption: one line that says the wish, written from the fields and read back into them where it is edited."""

from __future__ import annotations

import streamlit as st

import services
from views import _bgm_state as states
from views import _shared
from views._shared import plain, text

LONGEST = 600


def current(wish: services.BgmWish) -> str:
    """Return the caption as it stands on the page."""
    return st.session_state.get("bgm_caption", "").strip() or services.bgm_caption(wish, _shared.lang())


def draw(wish: services.BgmWish) -> None:
    """Draw the caption of the fields; edited by hand, it is read back into them."""
    state, lang = st.session_state, _shared.lang()
    usual = services.bgm_caption(wish, lang)
    if state.get("bgm_caption_of") != usual:
        state["bgm_caption"], state["bgm_caption_of"] = usual, usual
        state.pop("bgm_unknown", None)
    elif "bgm_caption" not in state:
        state["bgm_caption"] = usual
    st.text_area(text("bgm.caption.label"), key="bgm_caption", height="content", max_chars=LONGEST, on_change=_read,
                 args=(wish,), help=text("bgm.caption.help"))
    unknown = state.get("bgm_unknown")
    if unknown:
        st.info(text("bgm.caption.unknown", words=", ".join(map(plain, unknown))), icon=":material/help:")
    if state["bgm_caption"] != usual:
        st.button(text("bgm.caption.reset"), key="bgm_caption_reset", type="tertiary", icon=":material/undo:",
                  on_click=_reset)


def _read(wish: services.BgmWish) -> None:
    """Read an edited caption back into the fields; what it says in words of its own stays as it was typed."""
    state = st.session_state
    typed = state["bgm_caption"].strip()
    if not typed:
        state.pop("bgm_caption_of", None)
        return
    take(typed, wish)


def take(caption: str, wish: services.BgmWish) -> None:
    """Have the fields say what a caption says; it stays as it is written."""
    state = st.session_state
    found = states.told(services.read_bgm_caption, caption, wish)
    if found is None:
        return
    read, unknown = found
    states.put(read)
    state["bgm_caption"], state["bgm_unknown"] = caption, tuple(unknown)
    state["bgm_caption_of"] = services.bgm_caption(read, _shared.lang())


def _reset() -> None:
    st.session_state.pop("bgm_caption_of", None)
