"""Made totals for exports to sync, what became of each file, and the readings that are stored."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

FIRST = date(2026, 1, 1)
NOBODY = "A_B_YouTube_views.csv"


def day(index):
    return FIRST + timedelta(days=index)


def steady(n, seed=1, least=900, most=1100):
    """Return totals of a counter that grows by a little more or less every day."""
    return (100_000 + np.cumsum(np.random.default_rng(seed).integers(least, most, n))).tolist()


def outcomes(report):
    return {file.name: (file.outcome, file.reason) for file in report.files}


READINGS = """SELECT a.key, s.key, p.key, d.day, d.total, d.gain, d.flags
              FROM daily_metrics d JOIN songs s ON s.id = d.song_id JOIN artists a ON a.id = s.artist_id
                   JOIN platforms p ON p.id = d.platform ORDER BY 1, 2, 3, 4"""
