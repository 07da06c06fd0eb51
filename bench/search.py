"""How fast songs are found among many, beside plain ways to do the same, and how much an import of many takes.

In memory: 130,000 vectors of 384 numbers in 16 genres, the five nearest within three genres, beside `DataFrame.apply`
of a cosine over the same rows and beside a copy of the bytes that are read, first random directions, then vectors as
made-up songs have them from their tags; 1,000,000 random vectors without a filter, whose answer must be that of single
precision. In the database: 130,000 made-up songs with 20,000 combinations of tags are
imported by the command line's own code in a process of its own, then found by pgvector's HNSW index, as the product
uses it above a million, and compared with the exact search. The starter catalogue is imported by ``python -m cli`` into
a database of its own.

Run ``python bench/search.py [--quick]``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from _machine import ROOT, Bench, arguments
from numpy.typing import NDArray

import config
import db
import services
from moods.index import VectorIndex
from moods.meaning import Wish, space
from moods.songs import Filters
from moods.vocabulary import CATEGORIES, vocabulary, words_of
from queries import mood_search as queries
from usecases.mood_search import Neighbours, songs_in_memory

SEED = 20260101
WIDTH, GENRES, CHOSEN, TOP = 384, 16, (1, 6, 11), 5


@dataclass(frozen=True)
class Size:
    """How much is measured: rows in memory, rows of the large index, songs and combinations imported, wishes."""

    rows: int
    many: int
    songs: int
    combinations: int
    wishes: int
    rounds: int


FULL = Size(130_000, 1_000_000, 130_000, 20_000, 200, 41)
QUICK = Size(130_000, 350_000, 10_000, 2_000, 50, 7)


def unit_rows(rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return random directions, a row each."""
    found = rng.standard_normal((rows, WIDTH), dtype=np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def milliseconds(work: Callable[[], Any]) -> float:
    """Return how long `work` took."""
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def check(found: Any, vectors: NDArray[np.float32], wish: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
    """Stop the bench unless the rows found are the best ones by double precision."""
    scores = vectors[rows].astype(np.float64) @ wish.astype(np.float64)
    best = rows[np.lexsort((rows, -np.round(scores, 9)))[:TOP]]
    if not np.array_equal(found.rows, best):
        raise RuntimeError(f"found {found.rows}, the best are {best}")


# --- in memory ------------------------------------------------------------------------------------------------------


def in_genres(bench: Bench, size: Size) -> None:
    """Three genres of 130,000 random directions: the hardest rows there are, for they lie in all dimensions alike."""
    rng = np.random.default_rng(SEED)
    vectors, genres = unit_rows(size.rows, rng), np.sort(rng.integers(0, GENRES, size.rows))
    what = f"{size.rows:,} x {WIDTH}"
    times = _beside(bench, "genres", what, vectors, genres, unit_rows(size.rounds, rng))
    bench.at_most(f"{_asked(what)}, times a copy of the bytes read", 2, times)


def of_songs(bench: Bench, size: Size) -> None:
    """Three genres of 130,000 songs with 20,000 combinations of tags: vectors as the product has them."""
    rng = np.random.default_rng(SEED + 4)
    masks = words_of([vocabulary().mask(_combination(rng)) for _ in range(20_000)])
    vectors = space().songs(masks[rng.integers(0, len(masks), size.rows)])
    wishes = [space().aim(Wish(dict.fromkeys(_combination(rng), 1.0))).vector for _ in range(size.rounds)]
    _beside(bench, "songs", f"{size.rows:,} songs' own vectors", vectors,
            np.sort(rng.integers(0, GENRES, size.rows)), np.array(wishes))


def _beside(bench: Bench, name: str, what: str, vectors: NDArray[np.float32], genres: NDArray[np.int64],
            wishes: NDArray[np.float32]) -> float:
    """Compare the index with pandas and with copies, in turn; return how many copies of the bytes read it takes."""
    index = VectorIndex(lambda rows: vectors[rows], genres, WIDTH)
    frame = pd.DataFrame({"genre": genres, "vector": list(vectors)})
    read = np.flatnonzero(np.isin(genres, CHOSEN))
    stored: NDArray[np.uint8] = np.ones((len(genres), index.length), np.uint8)
    ours, copies, whole, theirs = [], [], [], []
    for place, wish in enumerate(wishes):
        ours.append(_taken(lambda wish=wish: index.top(wish, TOP, CHOSEN)))
        whole.append(_copy(vectors, genres))
        copies.append(_copy(stored, genres))
        if place % 5 == 0:
            theirs.append(_taken(lambda wish=wish: by_apply(frame, wish)))
    for wish in wishes:  # afterwards: threads of the products in it go on spinning into what is measured next
        check(index.top(wish, TOP, CHOSEN), vectors, wish, read)
    (found, busy), (pandas, pandas_busy) = (np.median(each, axis=0) for each in (ours, theirs))
    copy, copy_whole = median(copies), median(whole)
    for which, taken in (("ms", found), ("pandas_ms", pandas), ("copy_ms", copy), ("copy_whole_ms", copy_whole)):
        bench.figure(f"{name}_{which}", float(taken))
    bench.figure(f"{name}_mb_read", index.length * len(read) / 1e6)
    bench.figure(f"{name}_times_by_processor", float(pandas_busy / busy))
    bench.figure(f"{name}_times_copy", float(found / copy))
    bench.figure(f"{name}_times_copy_whole", float(found / copy_whole))
    bench.at_least(f"{_asked(what)}, times as fast as DataFrame.apply of a cosine", 50, pandas / found)
    return float(found / copy)


def _asked(what: str) -> str:
    return f"{what}, top {TOP} in {len(CHOSEN)} of {GENRES} genres"


def _taken(work: Callable[[], Any]) -> tuple[float, float]:
    """Return how long `work` took and how long processors were at it, in ms: others' work delays the first alone."""
    busy = time.process_time()
    return milliseconds(work), 1e3 * (time.process_time() - busy)


def _copy(rows: NDArray[Any], genres: NDArray[np.int64]) -> float:
    """Return how long a copy of the chosen genres' rows takes, into memory that is there."""
    slices = [slice(*np.searchsorted(genres, [genre, genre + 1])) for genre in CHOSEN]
    rooms = [np.ones_like(rows[place]) for place in slices]
    return milliseconds(lambda: [np.copyto(room, rows[place]) for room, place in zip(rooms, slices, strict=True)])


def by_apply(frame: pd.DataFrame, wish: NDArray[np.float32]) -> pd.DataFrame:
    """Return the five nearest the plain way: a cosine for each row of the chosen genres."""
    chosen = frame[frame["genre"].isin(CHOSEN)]
    length = np.linalg.norm(wish)
    cosine = chosen["vector"].apply(lambda row: np.dot(row, wish) / (np.linalg.norm(row) * length))
    return chosen.assign(cosine=cosine).nlargest(TOP, "cosine")


def among_many(bench: Bench, size: Size) -> None:
    """All of a million rows."""
    rng = np.random.default_rng(SEED + 1)
    vectors = unit_rows(size.many, rng)
    start = time.perf_counter()
    index = VectorIndex(lambda rows: vectors[rows], np.zeros(size.many, np.int16), WIDTH)
    bench.figure("many_build_s", time.perf_counter() - start)
    if not index.coded:
        raise RuntimeError("the large index is held in single precision")
    bench.figure("many_mb", index.nbytes / 1e6)
    every = np.arange(size.many)
    ours, floats = [], []
    for wish in unit_rows(size.rounds, rng):
        ours.append(milliseconds(lambda wish=wish: index.top(wish, TOP)))
        floats.append(milliseconds(lambda wish=wish: np.argpartition(-(vectors @ wish), TOP)[:TOP]))
        check(index.top(wish, TOP), vectors, wish, every)
    bench.figure("many_single_precision_ms", median(floats))
    bench.at_most(f"{size.many:,} x {WIDTH}, no filter, ms (same top {TOP} as single precision)", 60, median(ours))


# --- imports and the database's index -------------------------------------------------------------------------------


def write_catalogue(path: Path, size: Size) -> None:
    """Write made-up songs with random combinations of tags."""
    rng = np.random.default_rng(SEED + 2)
    genres = list(vocabulary().genres)
    combinations = [_combination(rng) for _ in range(size.combinations)]
    with path.open("w", encoding="utf-8") as file:
        file.write("장르,곡명,가수,앨범,연관태그\n")
        for song, combination in enumerate(rng.integers(0, size.combinations, size.songs).tolist()):
            if song < size.combinations:
                combination = song
            tags = "|".join(combinations[combination])
            file.write(f"{genres[song % GENRES]},Song {song},Artist {song // 8},Album {song // 12},{tags}\n")


def _combination(rng: np.random.Generator) -> list[str]:
    """Return one to three emotions and styles, none to two of the rest."""
    found: list[str] = []
    for category in CATEGORIES:
        least, most = (1, 3) if category in ("emotion", "style") else (0, 2)
        names = vocabulary().categories[category]
        found += [names[place] for place in rng.choice(len(names), rng.integers(least, most + 1), replace=False)]
    return found


def imports(bench: Bench, size: Size, folder: Path) -> None:
    """Import many songs, and the starter catalogue by the command line, each into a database of its own."""
    path = folder / "many.csv"
    write_catalogue(path, size)
    report = _python(["bench/_import_once.py", str(path)], folder / "many")
    if report["added"] != size.songs:
        raise RuntimeError(f"{report['added']} of {size.songs} songs were imported")
    bench.figure("import_s", report["seconds"])
    bench.at_most(f"import of {size.songs:,} songs with {size.combinations:,} combinations, peak memory, MB", 2_000,
                  report["peak_mb"])
    start = time.perf_counter()
    starter = _python(["-m", "cli", "import-catalogue", "catalogue/songs.csv", "--json"], folder / "starter")
    bench.at_most(f"python -m cli import-catalogue of {starter['rows_read']:,} songs into a new database, s", 20,
                  time.perf_counter() - start)


def _python(command: list[str], data: Path) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PG_HOST")}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment | {"MIS_DATA_DIR": str(data)},
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def nearest(bench: Bench, size: Size, folder: Path) -> None:
    """Compare the database's index with the exact search on what `imports` has stored."""
    os.environ["MIS_DATA_DIR"] = str(folder / "many")
    config.reload()
    try:
        services.start(sample=False)
        meaning = space()
        with db.begin() as connection:
            start = time.perf_counter()
            queries.make_nearest_index(connection, meaning.width)
            bench.figure("hnsw_build_s", time.perf_counter() - start)
        _recall(bench, size, Neighbours(meaning), songs_in_memory(meaning))
    finally:
        services.stop()


def _recall(bench: Bench, size: Size, ours: Neighbours, exact: Any) -> None:
    rng = np.random.default_rng(SEED + 3)
    genres = list(vocabulary().genres)
    hits, took, exact_took = [], [], []
    for _ in range(size.wishes):
        aim = space().aim(Wish(dict.fromkeys(_combination(rng), 1.0)))
        for genre in rng.choice(genres, 3, replace=False).tolist():
            start = time.perf_counter()
            found = ours.ranked(aim, TOP, genre, Filters())
            took.append(1e3 * (time.perf_counter() - start))
            start = time.perf_counter()
            best = exact.ranked(aim, TOP, genre, Filters())
            exact_took.append(1e3 * (time.perf_counter() - start))
            hits += [float(score >= best.scores[-1] - 1e-9) for score in found.scores] + [0.0] * (TOP - len(found))
    bench.figure("hnsw_ms", median(took))
    bench.figure("exact_ms", median(exact_took))
    what = f"pgvector HNSW among {size.songs:,} songs, within a genre, recall@{TOP}"
    bench.at_least(what, 0.95, float(np.mean(hits)))


def main() -> None:
    """Run the bench."""
    size = QUICK if arguments(__doc__ or "").quick else FULL
    bench = Bench("search")
    in_genres(bench, size)
    of_songs(bench, size)
    among_many(bench, size)
    with tempfile.TemporaryDirectory(prefix="mis-bench-") as home:
        folder = Path(home)
        folder.chmod(0o755)
        imports(bench, size, folder)
        nearest(bench, size, folder)
    bench.finish()


if __name__ == "__main__":
    main()
