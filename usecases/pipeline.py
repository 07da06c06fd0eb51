"""What the pipeline of a sync has left behind: rows by table, what waits, when figures were refreshed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import db
from accounts import Actor
from queries import pipeline as queries


@dataclass(frozen=True, slots=True)
class PipelineState:
    """How much there is of everything that a sync leaves behind.

    Attributes
    ----------
    rows : dict of str to int
        By table; of ``artist_growth_data`` about.
    waiting : int
        Artists whose figures and forecasts are older than their readings.
    forecasts : int
        Artists and platforms with a forecast from their last day, of ``rows["artist_outlook"]``.
    refreshed_at : datetime or None
        When the newest figures were derived.
    analysed_at, analysed_artists, analysed_series, new_events
        The last refresh that changed something; None before the first.
    """

    rows: dict[str, int]
    waiting: int
    forecasts: int
    refreshed_at: datetime | None
    analysed_at: datetime | None
    analysed_artists: int | None
    analysed_series: int | None
    new_events: int | None


def pipeline(actor: Actor) -> PipelineState:
    """Return how much there is of everything that a sync leaves behind."""
    with db.begin() as connection:
        return PipelineState(queries.table_rows(connection), **queries.state(connection))
