"""How good forecasts of 30 days are on real daily series, beside plain ones, and how fast.

Series are read and audited by the product's own import and forecast at rolling origins by `growth.forecast.forecast`
exactly as the product does: one call for all series of a set, knowing only what was known on that day. In the same run
stand the last gain (naive), the last week (seasonal naive), the slope of a straight line through the last year's
totals, and the last total plus the mean gain of 28 days. What is scored is written in ``_forecast_score.py``.

Run ``python bench/forecast.py [--quick] [--test PATH]``. The series are looked for in ``MIS_REAL_DATA``, default
``../shared/data``; ``--test PATH`` scores a file or a folder of the same kind of data instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from _forecast_data import DATA, Set, load
from _forecast_score import CHART, HORIZON, SETTLED, YOUNG, Kind, Scores, ratio_to_best, score
from _machine import Bench

from growth.forecast import LEVELS, PLAIN, forecast
from growth.panel import Panel

SOURCES = (("tracks", "daily_series/taylor_swift_spotify_daily_streams_2024_2025.csv.gz", (SETTLED, YOUNG)),
           ("charts", "daily_series/kworb_asia7_spotify_daily_top50_2026.csv.gz", (CHART, YOUNG)),
           ("exports", "cmdata_real", (CHART,)))
STEP, QUICK_STEP = 21, 49
"""Days between origins. Whole weeks do not matter: the month ahead holds every weekday four times."""
LONG = 365
"""Days from which on a quick run takes fewer origins."""
SPEED = (1_000, 365)
ENOUGH = 20
"""Forecasts below which a goal says nothing."""


def arguments() -> argparse.Namespace:
    """Return the command line's choices: ``quick`` and ``test``."""
    parser = argparse.ArgumentParser(description="Forecasts of real series, beside plain ones.")
    parser.add_argument("--quick", action="store_true", help="fewer origins, at most 50 s on 2 cores")
    parser.add_argument("--test", type=Path, metavar="PATH", help="a CSV, CSV.GZ or folder to score instead")
    return parser.parse_args()


def report(bench: Bench, name: str, scores: Scores, *, intervals: bool) -> None:
    """Keep the figures of one kind of series, and judge them where there are enough."""
    arrays = scores.joined()
    count = len(arrays["series"])
    bench.figure(f"{name}: forecasts", count)
    bench.figure(f"{name}: series", len(np.unique(arrays["series"])))
    bench.figure(f"{name}: origins", len(np.unique(arrays["origin"])))
    for method in ("forecast", *PLAIN):
        bench.figure(f"{name}: median MASE, {method}", float(np.nanmedian(arrays[f"mase_{method}"])))
        bench.figure(f"{name}: median error of the sum, {method}", float(np.nanmedian(arrays[f"sums_{method}"])))
    ratio, best = ratio_to_best(arrays)
    bench.figure(f"{name}: best plain forecast", best)
    for kind in ("daily", "total"):
        for level, share in zip(LEVELS, np.nanmean(arrays[kind], axis=0), strict=True):
            bench.figure(f"{name}: {level:.0%} intervals of {'days' if kind == 'daily' else 'sums'} held", float(share))
    _halves(bench, name, scores)
    if count < ENOUGH:
        bench.say(f"{name}: {count} forecasts are too few to judge")
        return
    bench.at_most(f"{name}: median MASE over the best plain one's ({best})", 0.93, ratio)
    times = float(np.nanmedian(arrays["sums_line"]) / np.nanmedian(arrays["sums_forecast"]))
    bench.at_least(f"{name}: median error of the sum, the line's over the forecast's", 2.5, times)
    if intervals:
        judge_intervals(bench, name, [scores])


def judge_intervals(bench: Bench, name: str, parts: list[Scores]) -> None:
    """Judge the 80 % intervals of one or several kinds of series together, if there are enough."""
    if sum(len(each.joined()["series"]) for each in parts) < ENOUGH:
        return
    for kind, words in (("daily", "daily gains"), ("total", "sums of 30 days")):
        held = 100 * float(np.nanmean(np.concatenate([each.joined()[kind][:, 1] for each in parts])))
        bench.figure(f"{name}: 80% intervals of {words} held, %", held)
        bench.at_most(f"{name}: 80% intervals of {words}, points from 80", 3, abs(held - 80))


def _halves(bench: Bench, name: str, scores: Scores) -> None:
    """Say how the ratio to the best plain forecast holds in halves by series and by origin."""
    arrays = scores.joined()
    early = arrays["origin"] <= np.median(arrays["origin"])
    for words, kept in (("series A", arrays["half"] == 0), ("series B", arrays["half"] == 1), ("early", early),
                        ("late", ~early)):
        if kept.sum() >= ENOUGH:
            bench.figure(f"{name}: ratio to the best plain one, {words}", ratio_to_best(scores.joined(kept))[0])


def milestones(bench: Bench, parts: list[Scores]) -> None:
    """Report whether targets fell within their 80 % ranges, and whether chances came true."""
    found = [each for scores in parts for each in scores.milestones]
    if len(found) < ENOUGH:
        return
    bench.figure("milestones", len(found))
    held = 100 * float(np.mean([inside for inside, _, _ in found]))
    chance, came = (100 * float(np.mean([each[at] for each in found])) for at in (1, 2))
    bench.figure("milestones: mean chance of a month's target within 30 days, %", chance)
    bench.figure("milestones: such targets reached within 30 days, %", came)
    # no goal: songs of one month rise and fall together, so that a dozen origins are a dozen draws
    # dates are whole days: a range of four of them holds more than the quantiles it comes from
    bench.at_least("milestones: reached within the 80% range of dates, %", 75, held)


def speed(bench: Bench, data: Set) -> None:
    """Time 1,000 forecasts of a year's history with intervals; real series, repeated with noise."""
    series, days = SPEED
    rng = np.random.default_rng(1)
    whole = np.flatnonzero(np.isfinite(data.panel.gains[:, -days:]).sum(axis=1) > 0.8 * min(days, len(data.panel.days)))
    taken = rng.choice(whole, series)
    gains = data.panel.gains[taken, -days:] * np.exp(rng.normal(0, 0.05, (series, min(days, len(data.panel.days)))))
    panel = Panel(data.panel.days[-days:], gains, np.where(np.isnan(gains), np.nan, np.nancumsum(gains, axis=1) + 1e6))
    forecast(Panel(panel.days, gains[:20], panel.totals[:20]), HORIZON)
    start = time.perf_counter()
    made = forecast(panel, HORIZON)
    seconds = time.perf_counter() - start
    bench.figure("1,000 forecasts: made", int((made.chosen >= 0).sum()))
    bench.figure("1,000 forecasts: past forecasts tested", int(np.isfinite(made.backtest.points[..., 0]).sum()))
    bench.at_most("1,000 forecasts of 365 days each with intervals, s", 60, seconds)


def _sources(path: Path | None) -> list[tuple[str, Set, tuple[Kind, ...]]]:
    if path is None:
        return [(name, each, kinds) for name, file, kinds in SOURCES if (DATA / file).exists()
                for each in load(DATA / file)]
    found = []
    for each in load(path):
        long = (each.panel.totals.shape[1] >= SETTLED.history + HORIZON)
        kinds = (SETTLED if long else CHART, YOUNG) if np.isfinite(each.released).any() else (
            (SETTLED, CHART) if long else (CHART,))
        found.append((each.name, each, kinds))
    return found


def main() -> int:
    """Run the bench and print its report; 1 if there are no series."""
    chosen = arguments()
    bench = Bench("forecast")
    sources = _sources(chosen.test)
    if not sources:
        print(f"no daily series in {chosen.test or DATA}; set MIS_REAL_DATA or give --test PATH", file=sys.stderr)
        return 1
    everything: list[Scores] = []
    for name, data, kinds in sources:
        bench.say(f"{name}: {data.panel.gains.shape[0]} series, {data.panel.gains.shape[1]} days")
        step = QUICK_STEP if chosen.quick and data.panel.gains.shape[1] > LONG else STEP
        for kind, scores in score(data, kinds, step).items():
            report(bench, f"{name} {kind}", scores, intervals=kind != YOUNG.name)
            everything.append(scores)
    if everything:
        judge_intervals(bench, "all", everything)
        milestones(bench, everything)
    longest = max((data for _, data, _ in sources), key=lambda data: data.panel.gains.size)
    if np.isfinite(longest.panel.gains[:, -SPEED[1]:]).sum(axis=1).max() > 0.8 * min(SPEED[1], len(longest.panel.days)):
        speed(bench, longest)
    bench.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
