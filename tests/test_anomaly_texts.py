"""Anomalies in words: a level that is still young is not said to have stayed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from growth.anomalies import Anomaly
from usecases.analysis_figures import SETTLED_DAYS, anomaly_text


@pytest.mark.parametrize(("days", "stayed"), [(SETTLED_DAYS - 1, False), (SETTLED_DAYS, True)])
def test_a_young_level_is_said_with_reserve(days, stayed):
    first = date(2026, 3, 1)
    found = Anomaly("new_level", first, first + timedelta(days=days - 1), days, 2_000.0, 1_000.0, 2.0, 1_000.0, 9.0)
    assert ("and it stayed" in anomaly_text(found, "en")) is stayed
    assert ("유지" in anomaly_text(found, "ko")) is stayed
