"""How time and memory grow with the data, and where one machine ends.

A sync of 1, 5 and 15 million readings (files of 365 days) into an empty database, and a catalogue of 0.1, 1 and 3
million songs: its import, what it holds in memory, a search through all of it and one as a page asks for it. Each size
runs in a process and with a database of its own. How a figure grows is the slope of its logarithm over that of the
size; what one machine does in an hour or a gigabyte is read off that line. The smallest sync runs on Spark as well
(``local[2]``), where PySpark and Java are there. Nothing but what was measured is reported.

Run ``python bench/scale.py [--quick] [--rows N ...] [--songs N ...]``; the full sizes take about an hour.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from _machine import ROOT, Bench

from moods.vocabulary import CATEGORIES, vocabulary

DAYS, SONGS_AN_ARTIST, SEED = 365, 10, 20240101
ROWS, SONGS = (1_000_000, 5_000_000, 15_000_000), (100_000, 1_000_000, 3_000_000)
QUICK_ROWS, QUICK_SONGS = (36_500, 146_000), (4_000, 16_000)
COMBINATIONS, WISHES = 20_000, 31
PROJECTED_FROM_ROWS, PROJECTED_FROM_SONGS = 1_000_000, 100_000
"""Largest sizes below which nothing is projected: what every run costs at its start would pass for slow growth."""
HOUR_S, VM_MB, PAGE_MS = 3_600.0, 8_000.0, 100.0
"""What one machine is held to: a nightly sync of everything in an hour, half of 16 GB for the catalogue, a search that
feels immediate."""


def write_files(folder: Path, rows: int) -> int:
    """Write files of 365 days that hold about `rows` readings; return how many readings they hold."""
    rng = np.random.default_rng(SEED)
    days = [(date(2024, 1, 1) + timedelta(days=offset)).isoformat() for offset in range(DAYS)]
    files = max(1, rows // DAYS)
    folder.mkdir()
    for index in range(files):
        gains = np.maximum(1, rng.lognormal(8.0, 1.0) * rng.lognormal(0.0, 0.15, DAYS)).astype(np.int64)
        totals = (rng.integers(100_000, 5_000_000) + gains.cumsum()).tolist()
        lines = "".join(f"{day},{total}\n" for day, total in zip(days, totals, strict=True))
        name = f"Artist{index // SONGS_AN_ARTIST + 1:05d}_Song{index + 1:06d}_YouTube_views.csv"
        (folder / name).write_text("date,value\n" + lines)
    return files * DAYS


def write_songs(path: Path, songs: int) -> None:
    """Write made-up songs whose tags are one of `COMBINATIONS`."""
    rng = np.random.default_rng(SEED + 1)
    genres = list(vocabulary().genres)
    names = [vocabulary().categories[category] for category in CATEGORIES]
    tags = ["|".join(name for each in names for name in rng.choice(each, rng.integers(1, 3), replace=False))
            for _ in range(min(COMBINATIONS, songs))]
    with path.open("w", encoding="utf-8") as file:
        file.write("장르,곡명,가수,앨범,연관태그\n")
        for song, combination in enumerate(rng.integers(0, len(tags), songs).tolist()):
            genre = genres[song % len(genres)]
            file.write(f"{genre},Song {song},Artist {song // 8},Album {song // 12},{tags[combination]}\n")


def python(command: Sequence[str], data: Path) -> dict[str, Any]:
    """Run a script on a database of its own and return the JSON of its last line."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PG_HOST")}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment | {"MIS_DATA_DIR": str(data)},
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{list(command)} ended with {done.returncode}")
    return json.loads((done.stdout.strip().splitlines() or ["{}"])[-1])


def make_database(data: Path) -> None:
    """Start a database in a folder once, migrated."""
    python(["-c", "import db; db.init_db(); db.stop()"], data)


def size_mb(folder: Path) -> float:
    """Return the bytes below a folder, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


# --- what grows -----------------------------------------------------------------------------------------------------


def synced(bench: Bench, rows: int, home: Path) -> dict[str, float]:
    """Sync files of so many readings into an empty database."""
    files, data = home / "files", home / "data"
    expected = write_files(files, rows)
    make_database(data)
    bench.say(f"{expected:,} readings in {expected // DAYS:,} files are written")
    report = python(["bench/_sync_once.py", str(files)], data)
    if report["totals"]["accepted"] != expected:
        raise RuntimeError(f"{report['totals']['accepted']} of {expected} readings were accepted")
    found = {"rows": expected, "seconds": report["seconds"], "derive_s": report["derive"], "peak_mb": report["peak_mb"],
             "database_mb": size_mb(data), "files_mb": size_mb(files)}
    shutil.rmtree(data)
    shutil.rmtree(files)
    bench.figure(f"sync_{expected}", {name: round(value, 1) for name, value in found.items()})
    return found


def searched(bench: Bench, songs: int, home: Path) -> dict[str, float]:
    """Import so many songs into an empty database, hold them in memory and search them."""
    path, data = home / "songs.csv", home / "data"
    write_songs(path, songs)
    report = python(["bench/_import_once.py", str(path)], data)
    if report["added"] != songs:
        raise RuntimeError(f"{report['added']} of {songs} songs were imported")
    bench.say(f"{songs:,} songs are imported in {report['seconds']:.0f} s")
    found = python(["bench/_scale_search.py", str(WISHES)], data)
    if found["songs"] != songs:
        raise RuntimeError(f"{found['songs']} of {songs} songs are held")
    found |= {"import_s": report["seconds"], "import_peak_mb": report["peak_mb"], "database_mb": size_mb(data)}
    shutil.rmtree(data)
    path.unlink()
    bench.figure(f"catalogue_{songs}", {name: round(value, 2) for name, value in found.items()})
    return found


def on_spark(bench: Bench, rows: int, home: Path, alone_s: float) -> None:
    """Sync the same files on Spark on this machine; its session's start counts, as it does for who waits."""
    if not _spark_there():
        bench.say("PySpark or Java is not there: Spark is left out")
        return
    files, data = home / "files", home / "data"
    expected = write_files(files, rows)
    make_database(data)
    start = time.perf_counter()
    report = python(["-m", "pipelines.ingest", str(files), "--master", "local[2]"], data)
    seconds = time.perf_counter() - start
    if report["accepted"] != expected:
        raise RuntimeError(f"{report['accepted']} of {expected} readings were accepted on Spark")
    shutil.rmtree(data)
    shutil.rmtree(files)
    bench.figure(f"spark_sync_{expected}_s", seconds)
    bench.figure("spark_times_one_process", seconds / alone_s)


def _spark_there() -> bool:
    from importlib.util import find_spec

    return find_spec("pyspark") is not None and (shutil.which("java") is not None or "JAVA_HOME" in os.environ)


# --- how it grows ---------------------------------------------------------------------------------------------------


def fitted(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Return exponent and factor of ``value = factor * size ** exponent``, least squares over the logarithms."""
    slope, level = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(slope), float(math.exp(level))


def size_at(limit: float, exponent: float, factor: float) -> float:
    """Return the size at which a fitted figure reaches `limit`; infinite where it does not grow."""
    return (limit / factor) ** (1 / exponent) if exponent > 0.02 else math.inf


def grown(bench: Bench, name: str, key: str, runs: Sequence[dict[str, float]], of: str) -> tuple[float, float]:
    """Keep the exponent of one figure over all sizes."""
    exponent, factor = fitted([run[of] for run in runs], [run[key] for run in runs])
    bench.figure(f"{name}_{key}_exponent", exponent)
    return exponent, factor


def limit(bench: Bench, name: str, bound: float, growth: tuple[float, float]) -> None:
    """Keep the size at which one machine ends, if the measured growth goes on."""
    size = size_at(bound, *growth)
    bench.figure(name, None if math.isinf(size) else float(f"{size:.2g}"))


def syncs(bench: Bench, sizes: Sequence[int], home: Path, *, spark: bool) -> None:
    """Measure syncs and how they grow; the smallest on Spark as well."""
    runs = [synced(bench, rows, home) for rows in sizes]
    if spark:
        on_spark(bench, sizes[0], home, runs[0]["seconds"])
    time_s = grown(bench, "sync", "seconds", runs, "rows")
    memory = grown(bench, "sync", "peak_mb", runs, "rows")
    grown(bench, "sync", "database_mb", runs, "rows")
    if sizes[-1] >= PROJECTED_FROM_ROWS:
        limit(bench, "sync_rows_in_an_hour_projected", HOUR_S, time_s)
    what = f"{runs[0]['rows']:,} to {runs[-1]['rows']:,} readings"
    bench.at_most(f"sync of {what}, exponent of time", 1.15, time_s[0])
    bench.at_most(f"sync of {what}, exponent of peak memory", 0.5, memory[0])


def catalogues(bench: Bench, sizes: Sequence[int], home: Path) -> None:
    """Measure catalogues and how they grow."""
    runs = [searched(bench, songs, home) for songs in sizes]
    held = grown(bench, "catalogue", "resident_mb", runs, "songs")
    exact = grown(bench, "catalogue", "exact_ms", runs, "songs")
    for key in ("import_s", "load_s", "page_ms", "database_mb"):
        grown(bench, "catalogue", key, runs, "songs")
    if sizes[-1] >= PROJECTED_FROM_SONGS:
        limit(bench, "catalogue_songs_in_8_gb_projected", VM_MB, held)
        limit(bench, "catalogue_songs_in_100_ms_projected", PAGE_MS, exact)
    what = f"{sizes[0]:,} to {sizes[-1]:,} songs"
    bench.at_most(f"catalogue of {what}, exponent of memory held", 1.1, held[0])
    bench.at_most(f"catalogue of {what}, exponent of a search through all", 1.15, exact[0])


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 50 s on 2 cores, without Spark")
    parser.add_argument("--rows", type=int, nargs="*", help="readings of each sync; none: no sync")
    parser.add_argument("--songs", type=int, nargs="*", help="songs of each catalogue; none: no catalogue")
    chosen = parser.parse_args()
    rows = sorted((QUICK_ROWS if chosen.quick else ROWS) if chosen.rows is None else chosen.rows)
    songs = sorted((QUICK_SONGS if chosen.quick else SONGS) if chosen.songs is None else chosen.songs)
    if len(rows) == 1 or len(songs) == 1:
        parser.error("how something grows takes two sizes or more")
    bench = Bench("scale")
    with tempfile.TemporaryDirectory(prefix="mis-bench-") as home:
        Path(home).chmod(0o755)
        if rows:
            syncs(bench, rows, Path(home), spark=not chosen.quick)
        if songs:
            catalogues(bench, songs, Path(home))
    bench.finish()


if __name__ == "__main__":
    main()
