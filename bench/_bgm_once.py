"""One process on one core: how long variants of a minute take, from plan to files; prints JSON.

Run ``python bench/_bgm_once.py VARIANTS GENRE ...``. A short piece goes before, so that imports and what is compiled at
first use are not counted; they are told apart. Seconds are those of the processor, which on one core and a quiet
machine are those of the clock; the clock is told as well.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
began = time.perf_counter()

from _machine import peak_mb  # noqa: E402

import composer  # noqa: E402
from music import rendering  # noqa: E402


def once(seconds: float, genre: str, variants: int) -> dict[str, float]:
    """Return the seconds of each step of all variants together.

    ``make`` is a piece without stems, ``with stems`` another piece with them, in one pass that gives both.
    """
    steps = dict.fromkeys(("settle", "make", "with stems", "wav", "ogg", "zip"), 0.0)

    def timed(step, work):
        start = time.process_time()
        found = work()
        steps[step] += time.process_time() - start
        return found

    wish = composer.Wish(genres=(genre,), moods=("happy",), seconds=seconds, variants=variants, seed=5)
    others = composer.settle(replace(wish, seed=6))[0]
    for plan, other in zip(timed("settle", lambda: composer.settle(wish))[0], others, strict=True):
        made = timed("make", lambda: composer.make(plan))  # noqa: B023 - called at once
        timed("wav", lambda: composer.files.wav(made.mix))  # noqa: B023
        timed("ogg", lambda: composer.files.ogg(made.mix))  # noqa: B023
        both = timed("with stems", lambda: rendering.render(composer.compose(other), other, stems=True))  # noqa: B023
        timed("zip", lambda: composer.files.stems_zip(both.stems, made.midi))  # noqa: B023
    return steps


def main() -> None:
    """Time each genre and print what it took."""
    variants, genres = int(sys.argv[1]), sys.argv[2:]
    once(5.0, genres[0], 1)
    warm = time.perf_counter() - began
    start = time.perf_counter()
    found = {genre: once(60.0, genre, variants) for genre in genres}
    clock = (time.perf_counter() - start) / len(genres)
    print(json.dumps({"warm_up_s": warm, "peak_mb": peak_mb(), "clock_s": clock, "steps": found}))


if __name__ == "__main__":
    main()
