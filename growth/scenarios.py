"""Three named scenarios of one series' total: low, base and high.

They are the 10th, 50th and 90th percentile of the total on each day, each read off by itself: a scenario is a line
through percentiles, not one particular future, and two futures in ten end outside low and high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.forecast import Forecasts, total_quantiles

Floats = NDArray[np.float64]

SCENARIOS = (("low", 0.1), ("base", 0.5), ("high", 0.9))
"""Names, also keys of the assumptions in words, and the percentile each stands for."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of one series.

    Attributes
    ----------
    name : str
        ``low``, ``base`` or ``high``.
    probability : float
        Chance that the total stays below it on any one day.
    totals : ndarray, shape (h,)
        Total at the end of each day, never falling.
    gain : float
        Sum of all gains.
    daily_gain : float
        The same per day.
    change : float or None
        That against the mean daily gain of the last 28 known days, in percent; None without one above 0.
    """

    name: str
    probability: float
    totals: Floats
    gain: float
    daily_gain: float
    change: float | None


def scenarios(forecasts: Forecasts, recent_gain: Floats | None = None) -> list[tuple[Scenario, ...]]:
    """Return the scenarios of every series; an empty tuple where there is no forecast.

    Parameters
    ----------
    forecasts : Forecasts
    recent_gain : ndarray, shape (s,), optional
        Mean gain of the last 28 days, to compare with; NaN unknown.

    Raises
    ------
    ValueError
        If `recent_gain` has another length than the forecasts.
    """
    count = len(forecasts.gains)
    recent = np.full(count, np.nan) if recent_gain is None else np.asarray(recent_gain, dtype=np.float64)
    if recent.shape != (count,):
        raise ValueError(f"recent_gain has shape {recent.shape}; one value for each of {count} series is accepted")
    sums = total_quantiles(forecasts, np.array([probability for _, probability in SCENARIOS]))
    days = forecasts.gains.shape[1]
    return [tuple(_scenario(name, probability, float(forecasts.last_total[row]), sums[row, at], days, recent[row])
                  for at, (name, probability) in enumerate(SCENARIOS)) if reason is None else ()
            for row, reason in enumerate(forecasts.reasons)]


def _scenario(name: str, probability: float, last: float, sums: Floats, days: int, recent: float) -> Scenario:
    gain = float(sums[-1])
    change = 100.0 * (gain / days / float(recent) - 1.0) if recent > 0 else None
    return Scenario(name, probability, last + sums, gain, gain / days, change)
