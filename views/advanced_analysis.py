"""Advanced Analysis: forecasts with their accuracy, patterns, where an artist stands, all artists, alerts, pipeline."""

from __future__ import annotations

import streamlit as st

from views import (
    _analysis_alerts,
    _analysis_engineering,
    _analysis_forecast,
    _analysis_patterns,
    _analysis_portfolio,
    _cache,
    _shared,
)
from views._analysis_choice import choose
from views._shared import text

TABS = ("forecast", "patterns", "standing", "portfolio", "alerts", "engineering")


def page() -> None:
    """Draw the page."""
    st.title(text("analysis.title"))
    st.caption(text("analysis.intro"))
    with _shared.errors_shown():
        artists = _cache.artists(_shared.frame().actor)
        if not artists:
            _shared.nothing_imported("analysis_sync")
            return
        choice = choose(artists)
        for name, tab in _shared.tabs("analysis", TABS).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    PARTS[name](choice)


PARTS = {"forecast": _analysis_forecast.draw, "patterns": _analysis_patterns.draw,
         "standing": _analysis_portfolio.draw_standing, "portfolio": _analysis_portfolio.draw,
         "alerts": _analysis_alerts.draw, "engineering": _analysis_engineering.draw}

if __name__ == "__main__":
    page()
