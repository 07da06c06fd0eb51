"""The panel: series side by side by calendar day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from growth.panel import panel_of
from ingest.flags import Flag


def test_a_day_in_the_future_does_not_stretch_the_panel():
    frame = pd.DataFrame({"platform": "youtube", "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2099-01-01"]),
                          "total": [10.0, 20.0, 30.0], "gain": [np.nan, 10.0, np.nan],
                          "flags": [0, 0, int(Flag.FUTURE)], "counts": True})
    panel, keys = panel_of(frame)
    assert keys == [("youtube",)]
    assert panel.days.tolist() == [day.date() for day in frame["day"][:2]]
    assert panel.totals.tolist() == [[10.0, 20.0]]
