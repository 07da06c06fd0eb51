"""Text to BGM: choices or a text in, background music out that keeps tempo, key, length, loop and loudness."""

from __future__ import annotations

import streamlit as st

from views import _bgm_batch, _bgm_form, _bgm_history, _shared
from views import _bgm_state as states
from views._shared import text


def page() -> None:
    """Draw the page."""
    st.title(text("bgm.title"))
    st.caption(text("bgm.intro"))
    with _shared.errors_shown():
        for name, tab in _shared.tabs("bgm", tuple(PARTS)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name]()


def _make() -> None:
    """Draw the request that is open, else the inputs."""
    states.tell()
    batch = _shared.in_url("batch", states.BATCH, states.number_in_url, 0, quiet=True)
    if not batch or not _bgm_batch.draw(batch):
        _bgm_form.draw()


PARTS = {"make": _make, "history": _bgm_history.draw}

if __name__ == "__main__":
    page()
