"""All growth figures of 10,000 series at once, beside a loop over them in pandas; 1,000 forecasts with intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from _machine import Bench, arguments

from growth.anomalies import anomalies
from growth.correlation import correlations
from growth.forecast import forecast
from growth.metrics import PanelMetrics, panel_metrics
from growth.panel import NO_ROW, Panel, panel_of
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS, Flag

DAYS, WINDOW, HORIZON = 365, 30, 30
SEED = 20260101
FIRST_DAY = np.datetime64("2025-01-01")


@dataclass(frozen=True)
class Size:
    """How much is measured: series of all figures, series of the loop's sample, forecasts, rounds."""

    series: int
    loop: int
    forecasts: int
    rounds: int


FULL, QUICK = Size(10_000, 200, 1_000, 3), Size(10_000, 100, 1_000, 1)


def make_panel(series: int, days: int = DAYS) -> Panel:
    """Return made-up songs: a level, a decay, weekdays, noise, a spike; 3 % flagged days, 2 % days without a row."""
    rng = np.random.default_rng(SEED)
    shape = series, days
    level, decay = np.exp(rng.normal(8, 2, (series, 1))), rng.uniform(0, 0.6, (series, 1))
    weekday = 1 + 0.2 * np.sin(np.arange(days) % 7 + rng.uniform(0, 7, (series, 1)))
    gains = level * weekday * np.arange(20, days + 20.0) ** -decay * np.exp(rng.normal(0, 0.15, shape))
    burst = rng.integers(0, days, series)
    gains[np.arange(series), burst] *= rng.uniform(1, 8, series)
    gains = np.round(gains)
    totals = np.cumsum(gains, axis=1)
    marks = np.where(rng.random(shape) < 0.03, rng.choice([int(Flag.GAP), int(Flag.AVERAGED), int(Flag.STALE),
                                                           int(Flag.INTERPOLATED)], shape), 0)
    flags = np.where(rng.random(shape) < 0.02, NO_ROW, marks).astype(np.int16)
    no_gain = (flags == NO_ROW) | ((flags & LEFT_OUT_OF_MEANS) != 0)
    return Panel(FIRST_DAY + np.arange(days), np.where(no_gain, np.nan, gains),
                 np.where(flags == NO_ROW, np.nan, totals), flags)


def rows_of(panel: Panel) -> pd.DataFrame:
    """Return the same as the rows of a table, one a series and day."""
    series, day = np.nonzero(panel.flags != NO_ROW)  # type: ignore[arg-type]
    assert panel.flags is not None
    return pd.DataFrame({"series": series, "day": panel.days[day].astype("datetime64[us]"),
                         "total": panel.totals[series, day], "gain": panel.gains[series, day],
                         "flags": panel.flags[series, day].astype(np.int64)})


# --- the same figures, one series at a time -------------------------------------------------------------------------


def mean(gains: pd.Series, least: int) -> float:
    """Return the mean of known gains, NaN with fewer than `least`."""
    return gains.mean() if gains.count() >= least else np.nan


def ratio(above: float, below: float) -> float:
    """Return above / below, NaN unless below is positive."""
    return above / below if below > 0 else np.nan


def one_series(gains: pd.Series, even: pd.Series, totals: pd.Series) -> dict[str, Any]:
    """Return the figures of one series with pandas; `even` lacks the days that spreads leave out.

    The series come ready, a row each calendar day, and no days are counted: that favours the loop.
    """
    window = gains.iloc[-WINDOW:]
    half = WINDOW // 2
    spread, recent = even.iloc[-WINDOW:], even.iloc[-30:]
    found: dict[str, Any] = {
        "momentum": ratio(mean(gains.iloc[-7:], 4), mean(gains.iloc[-35:-7], 14)),
        "acceleration": 100 * (ratio(mean(window.iloc[half:], 3), mean(window.iloc[:half], 3)) - 1),
        "stability": np.clip(100 - 20 * ratio(spread.std(ddof=0), mean(spread, 7)), 0, 100),
        "volatility": 100 * ratio(recent.std(ddof=0), mean(recent, 14)),
        "total": totals.dropna().iloc[-1],
        "last_week_gain": gains.iloc[-7:].sum(), "window_gain": window.sum(),
        "mean_7": mean(gains.iloc[-7:], 4), "mean_30": mean(gains.iloc[-30:], 15),
        "mean_60": mean(gains.iloc[-60:], 30),
    }
    for days, least in ((7, 4), (28, 14), (90, 45)):
        found[f"growth_{days}"] = 100 * (ratio(mean(gains.iloc[-days:], least),
                                               mean(gains.iloc[-2 * days:-days], least)) - 1)
    week = gains.rolling(7, min_periods=4).mean()
    found["days_since_peak"] = (gains.index[-1] - week[::-1].idxmax()).days  # of equal weeks the latest
    found["half_life"] = half_life(gains)
    found["weekdays"] = weekdays(gains, even)
    return found


def half_life(gains: pd.Series) -> float:
    """Return the days until the latest spike lost half of its excess."""
    before = gains.rolling(28, min_periods=14)
    level, deviation = before.mean().shift(1), before.std(ddof=0).shift(1)
    high = (gains >= 2 * level) & (gains >= level + 4 * deviation) & (level > 0)
    start = high & ~high.shift(1, fill_value=False).rolling(6, min_periods=1).max().astype(bool)
    if not start.any():
        return np.nan
    first = int(np.flatnonzero(start)[-1])
    peak = first + int(gains.iloc[first:first + 7].argmax())
    base = level.iloc[first]
    calm = np.flatnonzero(gains.iloc[peak + 1:] <= base + (gains.iloc[peak] - base) / 2)
    return float(calm[0] + 1) if calm.size else np.nan


def weekdays(gains: pd.Series, even: pd.Series) -> list[float]:
    """Return the median of gain / mean of the seven days around, Monday to Sunday, over twelve weeks."""
    away = (even / gains.rolling(7, center=True, min_periods=6).mean()).iloc[-87:-3]
    middle = away.groupby(away.index.day_of_week).median()
    return list(middle / middle.mean())


def ready(panel: Panel, count: int) -> list[tuple[pd.Series, pd.Series, pd.Series]]:
    """Return the first series as pandas series by day."""
    assert panel.flags is not None
    index = pd.DatetimeIndex(panel.days)
    uneven = (panel.flags & LEFT_OUT_OF_SPREADS) != 0  # NO_ROW has all bits
    return [(pd.Series(panel.gains[row], index), pd.Series(np.where(uneven[row], np.nan, panel.gains[row]), index),
             pd.Series(panel.totals[row], index)) for row in range(count)]


# --- measurements ---------------------------------------------------------------------------------------------------


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long `work` took, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def check(found: PanelMetrics, loop: list[dict[str, Any]]) -> None:
    """Stop the bench unless both ways give the same figures."""
    for field in fields(PanelMetrics):
        figure = getattr(found, field.name)
        ours = figure.ratio if field.name == "weekdays" else figure.value
        theirs = np.array([each[field.name] for each in loop])
        # pandas' rolling sums leave rounding that tells equal weeks apart, and days on a bound: one in a hundred
        differs = ~np.isclose(ours[:len(loop)], theirs, rtol=1e-7, atol=1e-9, equal_nan=True)
        if differs.reshape(len(loop), -1).any(axis=1).mean() > 0.01:
            raise RuntimeError(f"{field.name} differs: {ours[:len(loop)][differs][:3]}, loop {theirs[differs][:3]}")


def figures(bench: Bench, panel: Panel, size: Size) -> None:
    """Compare all figures of all series with the loop over a sample, scaled to as many."""
    sample = ready(panel, size.loop)
    panel_metrics(panel, window_days=WINDOW)
    rounds = []
    for _ in range(size.rounds):
        before, found = seconds(lambda: panel_metrics(panel, window_days=WINDOW))
        slow, loop = seconds(lambda: [one_series(*each) for each in sample])
        after, found = seconds(lambda: panel_metrics(panel, window_days=WINDOW))
        check(found, loop)
        at_once, scaled = (before + after) / 2, slow / size.loop * len(panel.gains)
        rounds.append((at_once, scaled, scaled / at_once))
        bench.say(f"at once {at_once:.3f} s, loop over {size.loop} series {slow:.2f} s, scaled {scaled:.1f} s")
    at_once, scaled, times = (median(each[place] for each in rounds) for place in range(3))
    bench.figure("metrics_s", at_once)
    bench.figure("pandas_loop_scaled_s", scaled)
    series = f"{len(panel.gains):,} series x {DAYS} days"
    bench.at_most(f"all figures of {series}, seconds", 1, at_once)
    bench.at_least(f"all figures of {series}, times as fast as a pandas loop (sample of {size.loop}, scaled)", 50,
                   times)


def others(bench: Bench, panel: Panel) -> None:
    """Measure what has no goal in the same way: a panel from rows, correlations, anomalies."""
    took, (again, _) = seconds(lambda: panel_of(rows_of(panel), ("series",)))
    if not np.array_equal(again.gains, panel.gains, equal_nan=True):
        raise RuntimeError("the panel of its own rows differs")
    bench.figure("panel_from_rows_s", took)
    pairs = [(row, row + 1) for row in range(0, 40, 2)]
    correlations(panel, pairs[:1])
    bench.figure("correlation_ms_a_pair", 1e3 * seconds(lambda: correlations(panel, pairs))[0] / len(pairs))
    longer = make_panel(50, 730)
    bench.figure("ruptures_import_and_first_s", seconds(lambda: anomalies(longer, 0))[0])
    took = seconds(lambda: [anomalies(longer, row) for row in range(50)])[0]
    bench.figure("anomalies_ms_a_series_of_730_days", 1e3 * took / 50)


def forecasts(bench: Bench, panel: Panel, size: Size) -> None:
    """Measure forecasts with their backtest and intervals."""
    chosen = Panel(panel.days, panel.gains[:size.forecasts], panel.totals[:size.forecasts], panel.flags)
    took = []
    for _ in range(size.rounds):
        spent, found = seconds(lambda: forecast(chosen, HORIZON))
        took.append(spent)
        there = found.chosen >= 0
        low, high = found.total_bands[there, 1, 0], found.total_bands[there, 1, 1]
        if there.mean() < 0.9 or not (np.isfinite(found.totals[there]).all() and (low <= high).all()
                                      and (np.diff(found.totals[there], axis=1) >= 0).all()):
            raise RuntimeError("forecasts are missing, fall, or their intervals are turned round")
        bench.say(f"{int(there.sum()):,} forecasts in {spent:.1f} s")
    bench.figure("forecasts_s", median(took))
    bench.at_most(f"{size.forecasts:,} forecasts of {HORIZON} days with intervals, {DAYS} days each, seconds", 60,
                  median(took))


def main() -> None:
    """Run the bench and print its report."""
    size = QUICK if arguments("All growth figures at once, beside a pandas loop; forecasts.").quick else FULL
    bench = Bench("analytics")
    bench.figures |= {"series": size.series, "days": DAYS, "loop_sample": size.loop, "forecasts": size.forecasts,
                      "rounds": size.rounds}
    panel = make_panel(size.series)
    figures(bench, panel, size)
    others(bench, panel)
    forecasts(bench, panel, size)
    bench.finish()


if __name__ == "__main__":
    main()
