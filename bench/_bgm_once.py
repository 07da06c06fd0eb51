"""One process on one core: how long four variants take, from plan to files; prints JSON.

Run ``python bench/_bgm_once.py SECONDS [--stems]``. A short piece goes before, so that imports and what is compiled at
first use are not counted; they are told apart.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
began = time.perf_counter()

from _machine import peak_mb  # noqa: E402

import composer  # noqa: E402


def once(seconds: float, genre: str, mood: str, variants: int, stems: bool) -> dict[str, float]:
    """Return the seconds of each step of all variants together."""
    steps = dict.fromkeys(("settle", "make", "wav", "ogg", "stems"), 0.0)

    def timed(step, work):
        start = time.perf_counter()
        found = work()
        steps[step] += time.perf_counter() - start
        return found

    wish = composer.Wish(genres=(genre,), moods=(mood,), seconds=seconds, variants=variants, seed=5)
    for plan in timed("settle", lambda: composer.settle(wish))[0]:
        made = timed("make", lambda: composer.make(plan))  # noqa: B023 - called at once
        timed("wav", lambda: composer.files.wav(made.mix))  # noqa: B023
        timed("ogg", lambda: composer.files.ogg(made.mix))  # noqa: B023
        if stems:
            timed("stems", lambda: composer.files.stems_zip(composer.stems(plan), made.midi))  # noqa: B023
    return steps


def main() -> None:
    """Time pop, and the style with the most parts, and print the slower one."""
    seconds, stems = float(sys.argv[1]), "--stems" in sys.argv
    once(5.0, "pop", "happy", 1, stems)
    warm = time.perf_counter() - began
    found = {genre: once(seconds, genre, mood, 4, stems) for genre, mood in (("pop", "happy"), ("orchestral", "party"))}
    print(json.dumps({"warm_up_s": warm, "peak_mb": peak_mb(), "steps": found}))


if __name__ == "__main__":
    main()
