"""Hit prediction: a track in, a calibrated answer with its evidence out; lists, many tracks at once, the models."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import services
from support.errors import AppError
from views import _hit_batch, _hit_board, _hit_input, _hit_models, _hit_report, _shared
from views._shared import text


def page() -> None:
    """Draw the page: what a link shows, or the tabs."""
    st.title(text("hit.title"))
    st.caption(text("hit.intro"))
    _hit_input.keep()
    with _shared.errors_shown():
        if token := st.query_params.get("hit"):
            _linked(token[:200])
            return
        for name, tab in _shared.tabs("hit", tuple(PARTS)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name]()


def _linked(token: str) -> None:
    """Draw what a link shows, to look at only."""
    with st.container(horizontal=True, vertical_alignment="center", key="hit_linked"):
        st.markdown(f"#### {text('hit.link.heading')}  \n:small[:gray[{text('hit.link.note')}]]", width="stretch")
        if st.button(text("hit.link.own"), key="hit_own", icon=":material/add:", type="primary"):
            st.query_params.pop("hit")
            st.rerun()
    # its owner sees what everybody with the link sees
    view = replace(services.prediction_by_link(_shared.frame().actor, token), own=False, token=None)
    (_hit_report.draw if view.state == "done" else _hit_input.waiting)(view, token)


def _analyse() -> None:
    """Draw the prediction that is open: under way, its report, or why there is none; else the inputs."""
    _hit_board.tell()
    prediction_id = _shared.in_url("prediction", "hit_id", number_in_url, 0, quiet=True)
    view = _open(prediction_id) if prediction_id else None
    if view is None:
        _hit_input.draw()
    elif view.state == "done":
        _hit_report.draw(view)
    elif view.state in _hit_board.UNDER_WAY:
        _hit_input.follow(view)
    else:
        _hit_input.ended(view)
        _hit_report.aside(view)


def number_in_url(value: str) -> int | None:
    """Return an id of the URL, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def _open(prediction_id: int) -> services.PredictionView | None:
    """Return a prediction; say so where there is none that may be seen."""
    try:
        return services.get_prediction(_shared.frame().actor, prediction_id)
    except AppError as error:
        _shared.error_box(error)
        st.session_state["hit_id"] = 0
        _shared.not_in_url("prediction")
        return None


PARTS = {"analyse": _analyse, "mine": _hit_board.mine, "board": _hit_board.board, "batch": _hit_batch.draw,
         "models": _hit_models.draw}

if __name__ == "__main__":
    page()
