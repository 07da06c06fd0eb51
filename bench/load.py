"""Fifty users on every page at once: whether anything fails, a result is lost, or memory grows.

The product runs as ``make run`` starts it, with the sample data and catalogue, no key, in a database of the bench's
own. Fifty users without a browser (`_load_client.py`, Streamlit's websocket protocol), each an anonymous visitor of its
own as behind a proxy, wander over all pages for ten minutes: they open a page, change a choice on it, and one step in
eight start work (playlists that are saved, auditions by the offline rubric, background music), wait for it and look
whether its result is shown. Afterwards whatever was shown must be stored as its user's, and nothing begun be left.

Run ``python bench/load.py [--quick]``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from _load_client import Plan
from _machine import ROOT, Bench, arguments
from page import server
from sqlalchemy import text

import config
import db

ADDRESS = "203.0.113.9"
"""Whom a proxy would name: each browser is a visitor of its own."""
VISITS = [("", ""), ("growth_radar", ""), ("advanced_analysis", ""), ("ai_judges", ""),
          ("image_to_music", "source=demo"), ("playlist_maker", ""), ("hit_prediction", ""), ("text_to_bgm", ""),
          ("song_dossier", ""), ("community", ""), ("my_page", ""), ("data", "")]
TITLES = ["Rainy Sunday", "Night drive", "퇴근길 플레이리스트", "여름 바다", "Study with me", "비 오는 새벽 감성"]
STATES = ("SELECT state, count(*) FROM (SELECT state FROM auditions UNION ALL SELECT state FROM bgm_batches "
          "UNION ALL SELECT state FROM jobs) AS work WHERE state <> 'done' GROUP BY state")
STORED = {"playlist": "SELECT count(*) FROM playlists WHERE source = 'made' GROUP BY owner_id",
          "audition": "SELECT count(*) FROM auditions WHERE state = 'done' GROUP BY owner_id",
          "music": "SELECT count(*) FROM bgm_batches WHERE state = 'done' GROUP BY owner_id"}
"""What is stored of each kind of work, by whom it is of."""
SETTLE_S = 600


@dataclass(frozen=True)
class Size:
    """Users, seconds, seconds of thought."""

    users: int
    seconds: float
    think_s: float = 4.0
    work_share: float = 0.125


FULL, QUICK = Size(50, 600), Size(10, 25, 2.0)


def cookies(port: int, count: int) -> list[str]:
    """Open the page as so many new browsers; return each one's cookie."""
    found = []
    for number in range(count):
        ask = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={
            "X-Forwarded-For": f"203.0.113.{number + 1}", "Accept": "text/html"})
        with urllib.request.urlopen(ask, timeout=30) as answer:
            given = [each.split(";")[0] for each in answer.headers.get_all("Set-Cookie") or []]
        found.append("; ".join(given))
    return found


class Memory:
    """Resident size of the server and what it started (the database apart), every two seconds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.readings: list[tuple[float, float]] = []
        self._process, self._ended = psutil.Process(process.pid), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(2.0):
            self.readings.append((time.monotonic(), self._size()))

    def _size(self) -> float:
        total = self._process.memory_info().rss
        for child in self._process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += child.memory_info().rss if child.name() != "postgres" else 0
        return total / 1e6

    def end(self) -> list[tuple[float, float]]:
        """Stop, and return the readings: seconds, MB."""
        self._ended.set()
        self._thread.join()
        return self.readings


def grown(readings: list[tuple[float, float]]) -> float:
    """Return by how many MB the second half grew: its last fifth's median over its first fifth's."""
    half = readings[len(readings) // 2:]
    fifth = max(1, len(half) // 5)
    return median(size for _, size in half[-fifth:]) - median(size for _, size in half[:fifth])


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95)] if seconds else 0.0


def wander(bench: Bench, port: int, process: Any, size: Size) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    """Let everybody wander; return what the users and the watch of the memory tell."""
    given = cookies(port, size.users)
    for file, query in VISITS:  # the first opening of a page loads its libraries
        ask(Plan(port, 1, 0.1, 0.0, 0.0, [(file, query)], TITLES, ADDRESS, 1), given[:1])
    bench.figure("visitors_with_a_cookie", sum(map(bool, given)))
    memory = Memory(process)
    told = ask(Plan(port, size.users, size.seconds, size.think_s, size.work_share, VISITS, TITLES, ADDRESS, 7), given)
    return told, memory.end()


def ask(plan: Plan, given: list[str]) -> dict[str, Any]:
    """Run the users in a process of their own."""
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("_load_client.py"))], check=True, text=True,
                          input=json.dumps({"plan": asdict(plan), "cookies": given}), stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def rest() -> dict[str, int]:
    """Wait for what still runs; return how much is in which state but done."""
    until = time.monotonic() + SETTLE_S
    while True:
        with db.begin() as connection:
            states = {state: count for state, count in connection.execute(text(STATES))}
        if not {"queued", "running"} & set(states) or time.monotonic() > until:
            return states
        time.sleep(1)


def lost(told: dict[str, Any]) -> dict[str, int]:
    """Return how many of the results shown to the users are not stored as theirs, by kind."""
    with db.begin() as connection:
        stored = {name: sorted(connection.execute(text(query)).scalars()) for name, query in STORED.items()}
    shown = {name: sorted(told["done"][name].values()) for name in STORED}  # who is whom is not known: by number
    return {name: sum(max(0, want - have) for want, have in zip_longest(reversed(shown[name]), reversed(stored[name]),
                                                                        fillvalue=0)) for name in STORED}


def report(bench: Bench, told: dict[str, Any], readings: list[tuple[float, float]], size: Size) -> None:
    """Fill in figures and goals."""
    start = time.monotonic()
    states = rest()
    opened = [each for seconds in told["open"].values() for each in seconds]
    clicked = [each for seconds in told["click"].values() for each in seconds]
    bench.figure("steps", len(opened) + len(clicked) + sum(told["begun"].values()))
    bench.figure("work_begun", told["begun"])
    bench.figure("work_shown", {name: sum(of.values()) for name, of in told["done"].items()})
    bench.figure("work_not_done", states)
    bench.figure("at_rest_after_s", time.monotonic() - start)
    bench.figure("p95_open_s", p95(opened))
    bench.figure("p95_click_s", p95(clicked))
    for name, of in (("p95", p95), ("median", median)):
        bench.figure(f"{name}_open_by_page_s", {page or "home": round(of(each), 3)
                                                for page, each in told["open"].items() if each})
    bench.figure("memory_mb", [round(size) for _, size in readings[:: max(1, len(readings) // 20)]])
    bench.figure("errors", told["errors"][:10])
    bench.at_most(f"{size.users} users for {size.seconds:g} s: errors", 0, len(told["errors"]))
    bench.at_most("results shown and not stored as their user's", 0, sum(lost(told).values()))
    bench.at_most("work not done in the end", 0, sum(states.values()))
    bench.at_most("memory gained in the second half, MB", 50, grown(readings))


def main() -> None:
    """Run the bench in a temporary folder and print its report."""
    size = QUICK if arguments("Many users on every page at once.").quick else FULL
    bench = Bench("load")
    with tempfile.TemporaryDirectory(prefix="bench-load-") as name:
        home = Path(name)
        home.chmod(0o755)
        os.environ["MIS_DATA_DIR"] = str(home / "data")
        if config.reload().database_url:
            raise SystemExit("a database is set: this bench runs on one of its own only")
        with server(ROOT / "asgi.py", ROOT, home / "log", "/readyz") as (port, process):
            db.init_db()
            rest()  # the sample and the catalogue
            told, readings = wander(bench, port, process, size)
            report(bench, told, readings, size)
        db.stop()
    bench.finish()


if __name__ == "__main__":
    main()
