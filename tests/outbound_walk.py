"""Every kind of work the product does, with nothing configured, in a process of its own that `test_outbound.py` watches.

Run from the project's root; prints what was done as JSON. Settings come from the environment alone.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import config

config._values = lambda: dict(os.environ)

import db  # noqa: E402
import services  # noqa: E402
from accounts import LOCAL_ADMINISTRATOR as ME  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 240
OVER = ("done", "failed", "cancelled", "interrupted")


def until(found: Any) -> Any:
    """Return what a function finds once it finds something."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not end")


def ended(job: Any) -> str:
    """Wait for a job and return its state."""
    return str(until(lambda: not (view := services.get_job(ME, job.id)).active and view).state)


def at_rest() -> bool:
    """Return whether no job is left."""
    with db.begin() as connection:
        return not connection.exec_driver_sql("SELECT 1 FROM jobs WHERE state IN ('queued', 'running')").first()


def main() -> None:
    """Do it all, and print the state of each."""
    done: dict[str, Any] = {}
    services.start()  # the sample and the starter songs come in by themselves
    until(at_rest)
    demo = services.demo_song()
    done["artists"] = len(services.list_artists(ME))
    artist = services.list_artists(ME)[0].id
    services.artist_growth(ME, artist, window_days=90, threshold=1.0)
    services.artist_analysis(ME, artist, horizon=30, window_days=180, threshold=1.0)
    lyrics = services.add_song(ME, demo.artist, demo.title, demo.lyrics)
    heard = services.start_audition(ME, lyrics, lang="en")
    done["audition"] = until(lambda: not (view := services.get_audition(ME, heard)).row.active and view).row.state
    done["picture"] = ended(services.submit_picture(ME, demo.cover.read_bytes()))
    done["songs"] = len(services.find_songs(ME, services.Wish(text="비 오는 밤 카페")).hits)
    done["playlist"] = len(services.make_playlist(ME, services.Ask("비 오는 밤")).songs)
    done["thumbnails"] = ended(services.submit_thumbnails(ME, "비 오는 밤"))
    reading = services.read_bgm_text(ME, demo.lyrics)
    wish = services.bgm_wish_of(reading, services.BgmWish(genres=("lofi",), seconds=10, variants=1))
    batch = services.submit_bgm(ME, wish)
    done["bgm"] = until(lambda: (view := services.get_bgm(ME, batch.id)).state in OVER and view).state
    judged = services.start_prediction(ME, demo.audio.read_bytes(), name="demo.ogg", title=demo.title, genre="POP",
                                       artist=demo.artist, lyrics=demo.lyrics)
    done["prediction"] = until(lambda: (view := services.get_prediction(ME, judged)).state in OVER and view).state
    for path in sorted((ROOT / "views").glob("*.py")):
        importlib.import_module(f"views.{path.stem}")
    done["alerts"] = services.deliver()
    services.stop()
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
