"""What every part of hit prediction shows: players, bars of log-odds, shares in percent, stored errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

import services
from support.errors import describe
from support.figures import hits as figures
from views import _cache, _shared
from views._shared import number, text

CHART = {"displayModeBar": False}


def play(prediction_id: int) -> None:
    """Have a track's player be open, and no other; 0: none."""
    st.session_state["hit_playing"] = prediction_id


def player(prediction_id: int, token: str | None = None) -> None:
    """Draw the player of a track; its audio is read here and nowhere else."""
    with _shared.errors_shown():
        data, mime = services.prediction_audio(_shared.frame().actor, prediction_id, token)
        st.audio(data, format=mime)


def shares_chart(shares: list[tuple[str, float]], key: str) -> None:
    """Draw log-odds as bars."""
    labels = {name: text(f"hit.chart.{name}") for name in ("axis", "adds", "takes")}
    st.plotly_chart(_cache.Drawn(figures.shares_figure(shares, labels=labels)), key=key, config=CHART,
                    alt=text("hit.chart.shares_alt"))


def percent(share: float) -> str:
    """Return a share in percent with two digits that say something: 2.3, 0.04, 37."""
    value = 100 * share
    said = number(value, 0 if value >= 10 else 1 if value >= 1 else 2 if value >= 0.1 else 3)
    return said.rstrip("0").rstrip(".") if "." in said else said


def failure(code: str | None, values: Mapping[str, Any] | None) -> str:
    """Return a stored error in words, for markdown; its values may be texts themselves."""
    return _shared.plain_text(describe(_shared.lang(), code or "unexpected", {"kind": "–"} | dict(values or {})))


def tested(metrics: Mapping[str, Any], kind: str | None = None) -> Mapping[str, Any]:
    """Return the figures on the tracks kept apart; of a model of several, those of one."""
    kinds = metrics.get("kinds")
    if isinstance(kinds, Mapping) and kinds:
        return kinds.get(kind) or kinds.get("full") or next(iter(kinds.values()))
    found = metrics.get("test")
    return found if isinstance(found, Mapping) else metrics


def reliability(test: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return the points of a calibration curve: probability said and share observed (0 to 1), tracks."""
    found = next((test[name] for name in ("reliability", "bins", "calibration") if test.get(name)), ())
    return [{"predicted": each["predicted"] if "predicted" in each else each["said"], "observed": each["observed"],
             "n": each["n"]} for each in found]
