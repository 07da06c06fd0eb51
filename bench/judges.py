"""What an audition adds to the time its judges take, whether anything is lost, and whether memory stays flat.

Twenty auditions at once, three judges each, through the services behind the page, against the server of the tests that
speaks OpenAI's and Gemini's streaming protocols, in a process of its own. The server notes on the clock all processes
share when a request reached it, when it sent the first text and the last byte: a judge's own time. Meanwhile every
audition is looked at four times a second, as its page does. Every level, total and verdict stored is compared with what
the server said, or the bench fails.

Run ``python bench/judges.py [--quick]``.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from _judges_server import QUOTE
from _machine import Bench, arguments

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from usecases import auditions, jobs, songs

AT_ONCE, JUDGES = 20, 3
LOOK_S = 0.25
PACE = {"meta-llama-3.1-8b-instruct": 0.03, "gpt-4o-mini": 0.035, "gemini-3.1-flash-lite": 0.04}
"""Seconds between two pieces of four characters: 25 to 33 a second from each judge, 1,700 from all sixty."""
LYRICS = "\n".join([QUOTE, "and the harbour keeps the time", "I fold the map along the coastline",
                    "until the two halves rhyme"] * 6)


@dataclass(frozen=True)
class Size:
    """Waves of twenty at a judge's pace, and auditions at full speed for memory: as warm-up, then measured."""

    waves: int
    warm: int
    measured: int


FULL, QUICK = Size(3, 60, 200), Size(1, 20, 40)


class Server:
    """The language models, in a process of their own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("_judges_server.py"))],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.urls = self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def tell(self, **command: Any) -> list[list[Any]]:
        """Set the pace, or only return what was seen since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._line()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@dataclass
class Heard:
    """One audition: the click, its end, and by model when its first words were to be seen."""

    number: int
    clicked: float
    ended: float = 0.0
    words: dict[str, float] = field(default_factory=dict)


def settings(home: Path, urls: dict[str, str]) -> None:
    """Use a database of the bench's own, the server, and no budget."""
    for name in [name for name in os.environ if name.startswith(("DATABASE_URL", "PG_", "MIS_", "LASTFM_", "S3_"))]:
        del os.environ[name]
    os.environ |= {"MIS_DATA_DIR": str(home / "data"), "MIS_AUDITIONS_AT_ONCE": str(AT_ONCE),
                   "OPENAI_BASE_URL": urls["openai"], "FRIENDLI_BASE_URL": urls["openai"],
                   "GEMINI_BASE_URL": urls["gemini"], "OPENAI_API_KEY": "bench", "FRIENDLI_API_KEY": "bench",
                   "GOOGLE_API_KEY": "bench"}
    found = config.reload()
    if found.database_url or found.budget_tokens or found.budget_usd or found.keys.get("LASTFM_API_KEY"):
        raise SystemExit("a database, a budget or Last.fm is set in .env or .streamlit/secrets.toml: this bench runs "
                         "without them only")


def ends() -> dict[int, float]:
    """Note when each audition has ended, result stored; return where that is kept."""
    found: dict[int, float] = {}
    run = auditions.run

    def timed(audition_id: int, *rest: Any) -> dict[str, Any]:
        try:
            return run(audition_id, *rest)
        finally:
            found[audition_id] = time.monotonic()

    auditions.run = timed  # type: ignore[assignment]
    return found


def wave(numbers: list[int], ids: list[int], ended: dict[int, float]) -> dict[int, Heard]:
    """Start an audition of each numbered song at once, look at them as pages do, and return how they went."""
    started: dict[int, Heard] = {}
    looking = threading.Thread(target=look_at_all, args=(started, ended, len(numbers)))
    looking.start()
    for number in numbers:
        clicked = time.monotonic()
        started[auditions.start_audition(ADMIN, ids[number], lang="en")] = Heard(number, clicked)
    looking.join()
    for each, heard in started.items():
        heard.ended = ended.pop(each)
        check(each, heard.number)
    return started


def look_at_all(started: dict[int, Heard], ended: dict[int, float], count: int) -> None:
    """Look at every audition that is under way, each `LOOK_S` anew, until all have ended."""
    while len(started) < count or any(each not in ended for each in list(started)):
        until = time.monotonic() + LOOK_S
        for each, heard in list(started.items()):
            if each not in ended:
                look(each, heard)
        time.sleep(max(0.0, until - time.monotonic()))


def look(audition_id: int, heard: Heard) -> None:
    """Look at an audition as its page does."""
    view = auditions.get_audition(ADMIN, audition_id)
    now = time.monotonic()
    for judge in view.judges:
        if judge.review:
            heard.words.setdefault(judge.model, now)


def check(audition_id: int, number: int) -> None:
    """Stop the bench unless all judges' levels and the total are those the server gave."""
    view = auditions.get_audition(ADMIN, audition_id)
    level = number % 6
    found = [[one["level"] for one in judge.score["criteria"] if one["level"] is not None] if judge.score else None
             for judge in view.judges]
    levels = {each for judge in found for each in judge or [None]}
    totals = [judge.total for judge in view.judges]
    if view.row.state != "done" or levels != {level} or totals != [20 * level] * JUDGES or \
            (view.row.total, view.row.out_of) != (60 * level, 100 * JUDGES):
        raise RuntimeError(f"audition {audition_id} differs from what was said: {view.row}, levels {found}; "
                           f"{[judge.error_code for judge in view.judges]}")


def times(bench: Bench, server: Server, waves: int, ids: list[int], ended: dict[int, float]) -> None:
    """Measure waves at a judge's pace beside what the server saw."""
    server.tell(token_s=PACE)
    walls, owns, planned, lost = [], [], [], 0
    alls: list[float] = []
    firsts: list[float] = []
    for turn in range(waves):
        used = time.process_time()
        heard = wave(list(range(AT_ONCE)), ids, ended)
        bench.say(f"wave {turn + 1}: {time.process_time() - used:.1f} s of processor")
        said = server.tell()
        lost += AT_ONCE * JUDGES - len(said)
        for one in heard.values():
            mine = [row for row in said if row[1] == f"Song {one.number}"]
            walls.append(one.ended - one.clicked)
            owns.append(max(row[4] - row[2] for row in mine))
            planned.append(max(row[5] for row in mine))
            late = {row[0]: one.words.get(row[0], one.ended) - row[3] for row in mine}
            alls += late.values()
            firsts.append(late[min(mine, key=lambda row: row[3])[0]])
    bench.figure("audition_s", median(walls))
    bench.figure("slowest_judge_s", median(owns))
    bench.figure("slowest_judge_without_load_s", median(planned))
    bench.figure("first_words_median_s", median(alls))
    bench.figure("first_words_of_any_judge_worst_s", max(alls))
    bench.at_most(f"{AT_ONCE} auditions at once, {JUDGES} judges each: replies lost", 0, lost)
    bench.at_most("time that is not the slowest judge's own, % of an audition", 5,
                  100 * (sum(walls) - sum(owns)) / sum(walls))
    bench.at_most("worst audition, times its slowest judge's own time", 1.10,
                  max(wall / own for wall, own in zip(walls, owns, strict=True)))
    bench.at_most("fastest judge's first words to be seen, worst, s after its first token", 0.5, max(firsts))


def memory(bench: Bench, server: Server, size: Size, ids: list[int], ended: dict[int, float]) -> None:
    """Measure what auditions leave behind in memory and threads."""
    server.tell(token_s={})
    began, threads = time.monotonic(), threading.active_count()
    resident = [_resident()]
    for _ in range(size.warm // AT_ONCE):
        wave(list(range(AT_ONCE)), ids, ended)
    resident.append(_resident())
    for _ in range(size.measured // AT_ONCE):
        wave(list(range(AT_ONCE)), ids, ended)
        resident.append(_resident())
        server.tell()
    bench.figure("auditions_a_second_at_full_speed", (size.warm + size.measured) / (time.monotonic() - began))
    bench.figure("resident_mb", [round(each, 1) for each in resident])
    bench.at_most(f"memory gained over {size.measured} auditions, MB", 8, resident[-1] - resident[1])
    jobs.close()
    until = time.monotonic() + 5
    while (left := threading.active_count() - (threads - AT_ONCE)) > 0 and time.monotonic() < until:
        time.sleep(0.1)
    bench.at_most("threads left", 0, max(0, left))


def _resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def measure(bench: Bench, home: Path, size: Size) -> None:
    """Start everything, run everything, fill in figures and goals."""
    server = Server()
    try:
        settings(home, server.urls)
        db.init_db()
        ids = [songs.add_song(ADMIN, "Bench", f"Song {number}", LYRICS) for number in range(AT_ONCE)]
        ended = ends()
        bench.figures |= {"auditions_at_once": AT_ONCE, "judges": JUDGES, "seconds_between_pieces": PACE,
                          "waves": size.waves}
        wave(list(range(AT_ONCE)), ids, ended)  # imports, connections, threads
        server.tell()
        times(bench, server, size.waves, ids, ended)
        memory(bench, server, size, ids, ended)
    finally:
        jobs.close()
        db.stop()
        server.close()


def main() -> None:
    """Run the bench in a temporary folder and print its report."""
    size = QUICK if arguments("Time, losses and memory of auditions before streaming judges.").quick else FULL
    bench = Bench("judges")
    with tempfile.TemporaryDirectory(prefix="bench-judges-") as home:
        Path(home).chmod(0o755)
        measure(bench, Path(home), size)
    bench.finish()


if __name__ == "__main__":
    main()
