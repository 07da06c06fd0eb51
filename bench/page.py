"""How fast the Growth page answers, alone and with many visitors, beside the plain way to write such a page.

A database of the bench's own is filled through the sync's statements. The product's server is started as ``make run``
starts it, the plain page (`_page_baseline.py`) with Streamlit's default settings; both stay up, and what is compared
is measured in turns. Time is a visitor's (`_page_client.py`): from asking for a run to ``script_finished``, over a
websocket on this machine, so all the server does in between counts.

Run ``python bench/page.py [--quick]``.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from _machine import ROOT, Bench, arguments
from _page_client import Crowd, Page, Visitor, ask
from _page_data import artist_name, execute, fill, make_totals, own_database, scans

import db

LOCAL = "127.0.0.1"
START_S = 60
"""Seconds a server may take to answer."""
PAUSE_S = 0.1
"""Seconds between two reruns in a row: the server has cleaned up after the last one."""
THINK_S = 2.0
"""Mean seconds a visitor looks at the page before the next click."""
ARTIST_SHARE = 0.3
"""Of a crowd's clicks: how many choose another artist; the rest choose another window."""
ROSTER = 20
"""Artists a crowd looks at, as a label's people look at their own; the other crowd takes any artist at all."""


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Artists and days stored; starts of a server; rounds of one visitor at a time, in each of them other artists opened,
    reruns in a row, reruns after a pause; visitors of a crowd, its seconds without the first clicks, crowds.
    """

    artists: int
    days: int
    starts: int
    rounds: int
    others: int
    reruns: int
    pauses: int
    visitors: int
    crowd_s: float
    crowds: int


FULL = Size(artists=1_000, days=730, starts=3, rounds=3, others=5, reruns=20, pauses=4, visitors=50, crowd_s=20,
            crowds=2)
QUICK = Size(artists=100, days=365, starts=1, rounds=1, others=2, reruns=6, pauses=1, visitors=15, crowd_s=3, crowds=1)


# --- servers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """A page under test: its server's port and process, how it is opened (path, query), the keys of its two choices."""

    name: str
    port: int
    process: subprocess.Popen
    path: str
    query: str
    artist: str
    window: str

    def visitor(self, artist: int) -> Visitor:
        """Return a visitor about to open the page of an artist."""
        return Visitor(self.port, self.path, self.query.format(artist=artist_name(artist)))

    def cpu_s(self) -> float:
        """Return the seconds of processor time the server has used."""
        import psutil

        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def memory_mb(self) -> float:
        """Return the server's resident memory in MB."""
        import psutil

        return psutil.Process(self.process.pid).memory_info().rss / 1e6


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return probe.getsockname()[1]


@contextmanager
def server(script: Path, folder: Path, log: Path, check: str, *options: str, **extra: str) -> Iterator[tuple]:
    """Run ``streamlit run SCRIPT`` in `folder` until the block ends; give port and process once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.address",
               LOCAL, *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=kept | extra, stdout=output, stderr=output)
    try:
        _wait(f"http://{LOCAL}:{port}{check}", process)
        yield port, process
    except Exception as error:
        error.add_note(f"the server's log ends with:\n{log.read_text()[-3000:]}")
        raise
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not answer at {url}")


@contextmanager
def ours(home: Path) -> Iterator[Site]:
    """Run the product as ``make run`` does."""
    with server(ROOT / "asgi.py", ROOT, home / "ours.log", "/readyz") as (port, process):
        yield Site("ours", port, process, "growth_radar", "lang=en&artist={artist}", "growth_artist", "sidebar_window")


@contextmanager
def plain(home: Path) -> Iterator[Site]:
    """Run the plain page with Streamlit's defaults, in a folder without settings; no telemetry is gathered."""
    folder = home / "plain"
    folder.mkdir(exist_ok=True)
    url = db.engine().url.render_as_string(hide_password=False)
    script = Path(__file__).with_name("_page_baseline.py")
    with server(script, folder, home / "plain.log", "/_stcore/health", "--server.headless", "true",
                "--browser.gatherUsageStats", "false", BENCH_DATABASE_URL=url, HOME=str(folder)) as (port, process):
        yield Site("plain", port, process, "", "artist={artist}", "artist", "window")


# --- one visitor ----------------------------------------------------------------------------------------------------


@dataclass
class Times:
    """Milliseconds of reruns, and the server's milliseconds of processor time for each, by what was asked."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, wall_s: list[float], cpu_s: float) -> None:
        """Add a block of reruns and the processor time of all of them together."""
        self.wall.setdefault(name, []).extend(1000 * seconds for seconds in wall_s)
        self.cpu.setdefault(name, []).append(1000 * cpu_s / len(wall_s))


async def block(site: Site, times: Times, name: str, steps: list[Callable[[], Awaitable[Page]]],
                pause_s: float = PAUSE_S) -> None:
    """Take steps one after the other, a pause before each, and keep their times."""
    before, seconds = site.cpu_s(), []
    for step in steps:
        await asyncio.sleep(pause_s)
        page = await step()
        seconds.append(page.seconds)
        if not page.metrics:
            raise RuntimeError(f"{site.name}: a page came without metrics")
    await asyncio.sleep(PAUSE_S)
    times.add(name, seconds, site.cpu_s() - before)


async def visit(site: Site, times: Times, size: Size, artist: int, others: list[int]) -> None:
    """Measure one visit to an artist nobody has opened yet, then to `others`, which nobody has opened either."""
    visitor = site.visitor(artist)
    page = await visitor.open()
    times.add("open_page", [page.seconds], 0)
    windows = visitor.choices(site.window)
    click = [windows[0], *windows[2:]][:size.others]
    await block(site, times, "new_window", [lambda to=to: visitor.choose(site.window, to) for to in click])
    await block(site, times, "seen_window",
                [lambda to=to: visitor.choose(site.window, to) for to in [*click, windows[1]]])
    await block(site, times, "same", [visitor.rerun] * size.reruns)
    await block(site, times, "same_after_pause", [visitor.rerun] * size.pauses, THINK_S + 0.2)
    await block(site, times, "new_artist", [lambda to=to: visitor.choose(site.artist, artist_name(to))
                                            for to in others])
    await block(site, times, "seen_artist", [lambda to=to: visitor.choose(site.artist, artist_name(to))
                                             for to in [artist, *others]])
    times.wall.setdefault("kilobytes", []).append((await visitor.rerun()).bytes / 1000)
    await visitor.close()


async def check(site: Site, totals: np.ndarray, artist: int) -> None:
    """Stop the bench unless the page shows the artist's own numbers: the newest total of every platform."""
    visitor = site.visitor(artist)
    page = await visitor.open()
    shown = "\n".join(page.charts + page.metrics)
    missing = [f"{total:,}" for total in totals[artist, :, -1].tolist() if f"{total:,}" not in shown]
    if missing or len(page.metrics) < totals.shape[1]:
        raise RuntimeError(f"{site.name}: {artist_name(artist)} without {missing}; {dict(page.elements)}")
    await visitor.close()


async def first_run(site: Site, artist: int) -> float:
    """Return the seconds of a server's very first run."""
    visitor = site.visitor(artist)
    page = await visitor.open()
    await visitor.close()
    return page.seconds


# --- measurements ---------------------------------------------------------------------------------------------------


def cold(bench: Bench, home: Path, size: Size) -> None:
    """Measure a server's first run, and which tables it reads from end to end."""
    start = {"ours": [], "plain": []}
    for number in range(size.starts):
        for run in (ours, plain):
            before = scans() if run is ours and not number else {}
            with run(home) as site:
                start[site.name].append(1000 * asyncio.run(first_run(site, number)))
                if before:
                    bench.figure("memory_mb_after_first_run", site.memory_mb())
                    whole_tables(bench, before, scans())
    for name, measured in start.items():
        bench.figure(f"{name}_first_run_ms", median(measured))
    bench.at_most("first run of a fresh server, ms", 1500, median(start["ours"]))


def whole_tables(bench: Bench, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> None:
    """Keep how often the first run read which table from end to end, and how many rows."""
    read = {name: {"scans": count - before.get(name, (0, 0))[0], "rows": rows - before.get(name, (0, 0))[1]}
            for name, (count, rows) in sorted(after.items())}
    read = {name: counts for name, counts in read.items() if counts["scans"]}
    bench.figure("tables_read_whole_by_first_run", read)
    bench.at_most("first run: whole scans of daily_metrics or artist_growth_data", 0, sum(
        counts["scans"] for name, counts in read.items() if name in ("daily_metrics", "artist_growth_data")))


def alone(bench: Bench, sites: list[Site], size: Size) -> None:
    """Measure one visitor at a time, in turns."""
    found = {site.name: Times() for site in sites}
    artists = iter(range(size.starts, size.artists))
    for _ in range(size.rounds):
        mine, *others = [next(artists) for _ in range(1 + size.others)]
        for site in sites:
            asyncio.run(visit(site, found[site.name], size, mine, others))
    for name, times in found.items():
        for what, values in times.wall.items():
            bench.figure(f"{name}_{what}" + ("" if what == "kilobytes" else "_ms"), median(values))
        for what in ("same", "same_after_pause", "seen_window", "new_window", "new_artist"):
            bench.figure(f"{name}_{what}_cpu_ms", median(times.cpu[what]))
    mine, other = found["ours"].wall, found["plain"].wall
    bench.at_most("warm rerun, server's processor time, ms", 15, median(found["ours"].cpu["same"]))
    bench.at_most("warm rerun, from asking to the end of the page, median ms", 15, median(mine["same"]))
    bench.at_most(f"the same {THINK_S:g} s after the last one, median ms", 15, median(mine["same_after_pause"]))
    bench.at_least("warm rerun, times as fast as the plain page", 3, median(other["same"]) / median(mine["same"]))
    bench.at_least("window seen before, times as fast as the plain page", 3,
                   median(other["seen_window"]) / median(mine["seen_window"]))


def together(bench: Bench, sites: list[Site], size: Size) -> None:
    """Measure many visitors at once, in turns: on a roster; in the full run also on any artist (the product only)."""
    first, any_artist = size.artists // 2, size.artists >= FULL.artists
    crowds = [("roster", range(first, first + ROSTER), sites), ("any", range(size.artists), sites[:1])]
    for name, artists, chosen in crowds if any_artist else crowds[:1]:
        found: dict[str, list[float]] = {}
        for number in range(size.crowds):
            for site in chosen:
                _crowd(bench, site, size, [artist_name(index) for index in artists], number, found)
        for site in chosen:
            _crowd_figures(bench, f"{name}_{site.name}", site.name, found)
            bench.figure(f"{site.name}_memory_mb_after_{name}", site.memory_mb())
        bench.figure(f"{name}_client_lag_p95_ms", max(found["client_lag"]))
    figures, who = bench.figures, f"{size.visitors} visitors"
    bench.at_most(f"{who}, {ROSTER} artists, p95 of reruns, ms", 300, figures["roster_ours_p95_ms"])
    bench.at_least(f"{who}, {ROSTER} artists, p95, times as fast as the plain page", 3,
                   figures["roster_plain_p95_ms"] / figures["roster_ours_p95_ms"])
    if any_artist:
        bench.at_most(f"{who}, any of {size.artists:,} artists, p95 of reruns, ms", 300, figures["any_ours_p95_ms"])


def _crowd(bench: Bench, site: Site, size: Size, artists: list[str], number: int,
           found: dict[str, list[float]]) -> None:
    """Send one crowd and add its milliseconds."""
    crowd = Crowd(site.port, site.path, site.query, site.artist, site.window, artists, size.visitors, size.crowd_s,
                  THINK_S, ARTIST_SHARE, 1000 * number)
    before, start = site.cpu_s(), time.monotonic()
    answer = ask(crowd)
    cores = (site.cpu_s() - before) / (time.monotonic() - start)
    found.setdefault("client_lag", []).append(1000 * answer.pop("client_lag"))
    found.setdefault(f"{site.name}_cores", []).append(cores)
    for kind, seconds in answer.items():
        found.setdefault(f"{site.name}_{kind}", []).extend(1000 * value for value in seconds)
    bench.say(f"{site.name}: {sum(map(len, answer.values()))} runs, {cores:.2f} cores")


def _crowd_figures(bench: Bench, name: str, site: str, found: dict[str, list[float]]) -> None:
    reruns = found[f"{site}_window"] + found[f"{site}_artist"]
    bench.figure(f"{name}_reruns", len(reruns))
    bench.figure(f"{name}_cores", median(found[f"{site}_cores"]))
    for kind, values in (("", reruns), ("_open", found[f"{site}_open"]), ("_window", found[f"{site}_window"]),
                         ("_artist", found[f"{site}_artist"])):
        bench.figure(f"{name}{kind}_p50_ms", float(np.percentile(values, 50)))
        bench.figure(f"{name}{kind}_p95_ms", float(np.percentile(values, 95)))


def measure(bench: Bench, home: Path, size: Size) -> None:
    """Fill the database, run everything, fill in figures and goals."""
    totals = make_totals(size.artists, size.days)
    own_database(home / "data")
    try:
        bench.figures |= {"artists": size.artists, "platforms": totals.shape[1], "days": size.days,
                          "readings": totals.size, "visitors": size.visitors, "think_s": THINK_S,
                          "artist_share": ARTIST_SHARE, "server": execute("SHOW server_version")[0][0].split()[0]}
        fill(totals, bench.say)
        bench.say("database filled")
        cold(bench, home, size)
        with ExitStack() as stack:
            sites = [stack.enter_context(run(home)) for run in (ours, plain)]
            for site in sites:
                for artist in (0, size.artists - 1):
                    asyncio.run(check(site, totals, artist))
            alone(bench, sites, size)
            together(bench, sites, size)
    finally:
        db.stop()


def main() -> None:
    """Run the bench in a temporary folder and print the report."""
    options = arguments(__doc__ or "")
    bench = Bench("page")
    with tempfile.TemporaryDirectory(prefix="bench-page-") as home:
        Path(home).chmod(0o755)
        measure(bench, Path(home), QUICK if options.quick else FULL)
    bench.finish()


if __name__ == "__main__":
    main()
