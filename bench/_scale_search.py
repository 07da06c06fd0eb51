"""The catalogue of a database held in memory and searched, in a process of its own, for `scale.py`.

Run ``python bench/_scale_search.py WISHES`` with ``MIS_DATA_DIR`` set; prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import numpy as np
import psutil
from _machine import peak_mb

import services
from accounts import LOCAL_ADMINISTRATOR
from moods.meaning import Wish, space
from moods.songs import Filters
from moods.vocabulary import CATEGORIES, vocabulary
from usecases.mood_search import songs_in_memory


def wishes(count: int) -> list[Wish]:
    """Return wishes of one tag a category."""
    rng = np.random.default_rng(11)
    names = [vocabulary().categories[category] for category in CATEGORIES]
    return [Wish({str(rng.choice(each)): 1.0 for each in names}) for _ in range(count)]


def milliseconds(work: object) -> float:
    """Return how long a call took."""
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return 1e3 * (time.perf_counter() - start)


def main(count: int) -> None:
    """Hold and search what is in the database."""
    services.start(sample=False)
    try:
        space()
        before = psutil.Process().memory_info().rss
        start = time.perf_counter()
        songs = songs_in_memory()
        loaded = time.perf_counter() - start
        resident = psutil.Process().memory_info().rss - before
        asked = wishes(count)
        aims = [space().aim(wish) for wish in asked]
        exact = [milliseconds(lambda aim=aim: songs.ranked(aim, 20, None, Filters())) for aim in aims]
        genres = list(vocabulary().genres)[:3]
        found = [milliseconds(lambda wish=wish: services.find_songs(LOCAL_ADMINISTRATOR, wish, genres=genres))
                 for wish in asked]
        print(json.dumps({"songs": len(songs), "load_s": loaded, "resident_mb": resident / 1e6, "peak_mb": peak_mb(),
                          "index_mb": songs.nbytes / 1e6, "exact_ms": median(exact), "page_ms": median(found)}))
    finally:
        services.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
