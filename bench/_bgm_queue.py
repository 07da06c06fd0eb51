"""One process: many requests for background music queued at once through the services, as pages do; prints JSON.

Run ``python bench/_bgm_queue.py REQUESTS SECONDS VARIANTS``. Genre after genre, in a database of its own.
Idle is the process with database and services up after one short request, which loads what stays loaded.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import psutil
from _machine import peak_mb

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from composer import Wish
from music.style import styles
from usecases import bgm, jobs

ACTIVE = ("queued", "running")
LONGEST_S = 1800.0


def settings(home: Path) -> None:
    """Use a database of the bench's own."""
    for name in [name for name in os.environ if name.startswith(("DATABASE_URL", "PG_", "MIS_"))]:
        del os.environ[name]
    os.environ["MIS_DATA_DIR"] = str(home / "data")
    if config.reload().database_url:
        raise SystemExit("a database is set in .env or .streamlit/secrets.toml: this bench runs without one only")


def finished(ids: list[int]) -> list[str]:
    """Wait for requests, look at each as its page does, and return their states."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        states = [bgm.get_bgm(ADMIN, each).state for each in ids]
        if not set(states) & set(ACTIVE):
            return states
        time.sleep(0.5)
    return states


def asked(number: int, seconds: float, variants: int) -> int:
    """Queue a request and return its id."""
    genres = tuple(styles())
    wish = Wish(genres=(genres[number % len(genres)],), seconds=seconds, variants=variants, seed=number + 1)
    return bgm.submit_bgm(ADMIN, wish, "bench").id


class Watch:
    """The largest resident size while something runs, looked at 20 times a second."""

    def __init__(self) -> None:
        self.most, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(0.05):
            self.most = max(self.most, process.memory_info().rss / 1e6)

    def end(self) -> float:
        """Stop looking and return it, in MB."""
        self._over.set()
        self._thread.join()
        return self.most


def main() -> None:
    """Queue them all, wait, and print memory and states."""
    count, seconds, variants = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="bench-bgm-") as folder:
        Path(folder).chmod(0o755)
        settings(Path(folder))
        db.init_db()
        finished([asked(0, 5.0, 1)])
        idle = psutil.Process().memory_info().rss / 1e6
        watch, began = Watch(), time.monotonic()
        states = finished([asked(number, seconds, variants) for number in range(count)])
        most = watch.end()
        print(json.dumps({"idle_mb": idle, "most_mb": most, "peak_mb": peak_mb(), "seconds": time.monotonic() - began,
                          "states": {state: states.count(state) for state in set(states)}}))
        jobs.close()
        db.stop()


if __name__ == "__main__":
    main()
