"""What the services of the Advanced Analysis page return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AnalyseReport:
    """What refreshing figures and forecasts brought; `error` is the code of what stopped it."""

    artists: int
    series: int
    forecasts: int
    events: int
    posted: int
    failed: int
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Stored figures and forecast of one artist on one platform; None where absent.

    Attributes
    ----------
    mean_7, mean_30, mean_60 : float or None
        Mean gain per day of the last 7, 30, 60 days.
    momentum : float or None
        Ratio.
    volatility, acceleration, growth_7, growth_28, growth_90 : float or None
        Percent.
    stability : float or None
        0 to 100.
    sum_30, sum_30_low, sum_30_high : float or None
        Forecast of the next 30 days' gains, with its 80 % interval.
    target, target_day, target_90
        The next round total, the day by which it is reached with a chance of a half (None: not within ten years), and
        the chance within 90 days.
    """

    artist_id: int
    artist_key: str
    name: str
    platform: str
    last_day: date
    total: float | None
    mean_7: float | None
    mean_30: float | None
    mean_60: float | None
    momentum: float | None
    volatility: float | None
    acceleration: float | None
    stability: float | None
    growth_7: float | None
    growth_28: float | None
    growth_90: float | None
    sum_30: float | None
    sum_30_low: float | None
    sum_30_high: float | None
    target: float | None
    target_day: date | None
    target_90: float | None


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What is watched; `artist_id` and `platform` None are all. Who may change it is its owner and administrators."""

    id: int
    owner_id: int
    kind: str
    artist_id: int | None
    artist_key: str | None
    artist: str | None
    platform: str | None
    params: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """A rule that came true for an artist on a platform.

    Attributes
    ----------
    day : date
        Day of data it is about.
    detail : dict
        What was observed and what the rule compares it with, by kind (see `usecases.alerts`).
    initial : bool
        Already so when the rule was made: shown, not posted, not counted as new.
    delivery : str
        ``none`` (no webhook is set), ``pending``, ``sent`` or ``failed``, after `attempts`; `error` is its last code.
    """

    id: int
    rule_id: int
    kind: str
    owner_id: int
    params: dict[str, Any]
    artist_id: int
    artist_key: str
    artist: str
    platform: str
    day: date
    detail: dict[str, Any]
    initial: bool
    delivery: str
    attempts: int
    error: str | None
    created_at: datetime
    seen_at: datetime | None
