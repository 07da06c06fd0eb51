"""Whether background music keeps its word, and how fast it is made.

Every piece is made by the composer and then measured from its sound alone, by libraries that had no part in making it
(`_bgm_measure`): tempo by librosa's beat tracker (the slope of a line through the beats), key by the profiles of
Krumhansl and Kessler on a constant-Q chroma, length, loudness and true peak, the seam of loops, silence and what
hangs, differences between variants, MIDI opened with mido, and tags of a network that has never heard of the product
(musicnn), asked whether the tag of the genre or mood outranks that of its opposite. What is asked for stands at the top
of `_bgm_pieces`: 15 genres x 15 moods x 3 seeds. Speed is that of one process on one core (`_bgm_once`).

Run ``python bench/bgm.py [--quick] [--table FILE] [--processes N] [--only pieces,variants,speed,queue,emotion]``.
``--table`` writes a table by genre and every piece that failed, in figures. ``--quick``: 27 shorter pieces, the speed
of one variant of one genre, and a shorter queue.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # beside other work threads wait for each other

import _bgm_measure as measure  # noqa: E402
import _bgm_pieces as made  # noqa: E402
from _bgm_pieces import Piece  # noqa: E402
from _machine import ROOT, Bench  # noqa: E402

PARTS = ("pieces", "variants", "speed", "queue", "emotion")
CHECKS = {"tempo": "tempo_ok", "length": "length_ok", "loudness": "loudness_ok", "true peak": "peak_ok",
          "seam": "seam_ok", "alive": "alive", "MIDI": "midi_ok"}
VARIANTS, QUICK_SPEED_VARIANTS = 4, 1
SPEED_GENRES = ("pop", "orchestral")
"""An ordinary one, and the one with the most parts."""
VARIANTS_S, QUICK_VARIANTS_S = 16.0, 8.0
QUICK_VARIANTS, SAME_BPM = 2, 100.0
QUEUED, QUEUED_S, QUICK_QUEUED_S = 20, 30.0, 5.0
LONGEST_PIECE_S = 600.0


def arguments() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = argparse.ArgumentParser(description="Background music: what is asked for against what is heard.")
    parser.add_argument("--quick", action="store_true", help="27 pieces, at most 50 s on 2 cores")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write a table by genre and what failed")
    parser.add_argument("--processes", type=int, default=2, help="pieces judged at the same time")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--some", action="store_true", help="the 27 pieces of --quick at full length")
    return parser.parse_args()


def many(bench: Bench, pool: ProcessPoolExecutor, work: Callable[..., dict[str, Any]],
         asked: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the results of `work` for each of `asked`, in order; what fails ends the bench."""
    found = []
    for place, each in enumerate(pool.map(work, *zip(*asked, strict=True), timeout=LONGEST_PIECE_S * len(asked))):
        found.append(each)
        if (place + 1) % 25 == 0:
            bench.say(f"{place + 1} of {len(asked)} pieces")
    return found


def judged(bench: Bench, chosen: argparse.Namespace, parts: set[str]) -> list[dict[str, Any]]:
    """Report pieces and variants, and return what was measured of the pieces."""
    rows: list[dict[str, Any]] = []
    length = made.QUICK_SECONDS if chosen.quick else made.SECONDS
    with ProcessPoolExecutor(chosen.processes, multiprocessing.get_context("spawn")) as pool:
        if "pieces" in parts:
            asked: tuple[Piece, ...] = made.some(length) if chosen.quick or chosen.some else made.pieces(length)
            rows = many(bench, pool, made.judge, [(piece,) for piece in asked])
            pieces(bench, rows)
        if "variants" in parts:
            pairs = list(zip(made.styles(), made.MOODS, strict=True))[:QUICK_VARIANTS if chosen.quick else None]
            seconds = QUICK_VARIANTS_S if chosen.quick else VARIANTS_S
            variants(bench, many(bench, pool, made.variants, [(*pair, seconds) for pair in pairs]))
            same_tempo(bench, many(bench, pool, made.variants, [(*pair, seconds, SAME_BPM) for pair in pairs]))
    return rows


def share(rows: Sequence[dict[str, Any]], name: str) -> float:
    """Return the percentage of rows that have a check and pass it."""
    there = [row[name] for row in rows if name in row]
    return 100 * sum(there) / len(there) if there else float("nan")


def tagged(rows: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return every name that was asked for and has a tag, with whether it outranks its opposite."""
    return [(name, ok) for row in rows for name, ok in row.get("tags_ok", {}).items()]


def across(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return in how many pairs of pieces the one asked for a tag ranks it higher than the one asked for its opposite.

    A pair differs in what was asked alone: moods are compared in the same genre and by the same seed, genres in the
    same mood. The tagger's own bias towards one of two tags has no part in this.
    """
    found, all_wins = {}, []
    for ones, others, tag, opposite in measure.OPPOSITES:
        wins = [_ratio(one, tag, opposite) > _ratio(other, tag, opposite)
                for one in rows for other in rows
                if one["seed"] == other["seed"] and (
                    (one["genre"] == other["genre"] and one["mood"] in ones and other["mood"] in others)
                    or (one["mood"] == other["mood"] and one["genre"] in ones and other["genre"] in others))]
        all_wins += wins
        found[f"{'/'.join(ones)} over {'/'.join(others)}"] = round(100 * sum(wins) / len(wins), 1) if wins else None
    return {"all": 100 * sum(all_wins) / len(all_wins) if all_wins else float("nan"), "pairs": len(all_wins), **found}


def _ratio(row: dict[str, Any], tag: str, opposite: str) -> float:
    return row["tags"][tag] / max(row["tags"][opposite], 1e-9)


def pieces(bench: Bench, rows: Sequence[dict[str, Any]]) -> None:
    """Report what was measured of all pieces, against the goals."""
    tonal = [row for row in rows if row["tonal"]]
    bench.figure("pieces", len(rows))
    bench.at_least("tempo within 2 %, % of pieces", 95, share(rows, "tempo_ok"))
    bench.at_least("key right or relative, % of tonal pieces", 85, share(tonal, "key_ok"))
    bench.figure("key right, % of tonal pieces", 100 * sum(row["key"] == "right" for row in tonal) / max(len(tonal), 1))
    bench.at_least("length exact to the sample, % of pieces", 100, share(rows, "length_ok"))
    bench.at_least("exact tempo and key in the plan as asked, % of pieces", 100,
                   100 * sum(row["bpm_ok"] and row["key_asked_ok"] for row in rows) / len(rows))
    bench.at_most("loudness off by, LU, worst piece", 0.5, max(abs(row["loudness_error"]) for row in rows))
    bench.at_most("true peak, dBTP, loudest piece", -1, max(row["true_peak"] for row in rows))
    loops = sorted(row["seam"] for row in rows if "seam" in row)
    bench.at_least("loop seam no more flux than the median bar start, % of loops", 100, share(rows, "seam_ok"))
    bench.figure("loop seam: flux over the median bar start, median and worst",
                 [round(loops[len(loops) // 2], 3), round(loops[-1], 3)])
    bench.at_most("silent or stuck pieces", 0, sum(not row["alive"] for row in rows))
    bench.at_least("MIDI opens elsewhere with its tempo and length, % of pieces", 100, share(rows, "midi_ok"))
    named = tagged(rows)
    bench.at_least("blind tags: asked above its opposite in the same piece, %", 80,
                   100 * sum(ok for _, ok in named) / max(len(named), 1))
    bench.figure("blind tags: pairs", len(named))
    pairs = across(rows)
    bench.figure("blind tags of two pieces", pairs)
    if pairs["pairs"]:
        bench.at_least("blind tags: asked higher than in the piece asked for its opposite, % of pairs of pieces", 80,
                       pairs["all"])
    bench.figure("by genre", {genre: by_genre([row for row in rows if row["genre"] == genre])
                              for genre in dict.fromkeys(row["genre"] for row in rows)})
    bench.figure("by tag", {name: round(100 * sum(ok for each, ok in named if each == name)
                                        / sum(each == name for each, _ in named)) for name in sorted(dict(named))})
    bench.figure("composed and rendered, s of processor time for a minute of music",
                 60 * sum(row["made_s"] for row in rows) / sum(row["seconds"] for row in rows))


def by_genre(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the percentage of each check, and by what ratios the tracker and the profile were off."""
    told: dict[str, Any] = {name: round(share(rows, check), 1) for name, check in CHECKS.items()}
    told["key"] = round(share(rows, "key_ok"), 1)
    named = tagged(rows)
    told["tags"] = round(100 * sum(ok for _, ok in named) / len(named), 1) if named else None
    told["tempo found"] = counted([row["ratio"] for row in rows if not row["tempo_ok"]])
    told["key found"] = counted([row["key"] for row in rows if not row["key_ok"]])
    return told


def counted(names: Sequence[str]) -> dict[str, int]:
    """Return how often each name is there."""
    return {name: names.count(name) for name in sorted(set(names))}


def variants(bench: Bench, rows: Sequence[dict[str, Any]]) -> None:
    """Report how different four variants are."""
    bench.at_least("four variants that differ in chroma and onsets, % of requests", 100, share(rows, "differ"))
    bench.figure("variants: least distance by chroma", min(row["chroma"] for row in rows))
    bench.figure("variants: least distance by onsets", min(row["onset"] for row in rows))
    bench.figure("variants: different tempi, fewest of four", min(row["tempi"] for row in rows))
    bench.figure("variants: files of MIDI that differ, fewest of four", min(row["files"] for row in rows))


def same_tempo(bench: Bench, rows: Sequence[dict[str, Any]]) -> None:
    """Report how different four variants are that were all asked for at one exact tempo."""
    bench.at_most("variants of an exact tempo: different tempi among four", 1, max(row["tempi"] for row in rows))
    bench.figure("variants of an exact tempo: least distance by chroma and by onsets",
                 [round(min(row[name] for row in rows), 3) for name in ("chroma", "onset")])


def speed(bench: Bench, count: int, genres: Sequence[str]) -> None:
    """Time four variants of a minute on one core, without and with stems; of fewer, what four would take."""
    command = [sys.executable, str(Path(__file__).with_name("_bgm_once.py")), str(count), *genres]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    steps = {genre: {step: round(spent * VARIANTS / count, 2) for step, spent in each.items()}
             for genre, each in told["steps"].items()}
    bench.figure("one core: s by step", steps)
    bench.figure("one core: all of it by the clock, s", told["clock_s"] * VARIANTS / count)
    bench.figure("one core: warm-up, s", told["warm_up_s"])
    bench.figure("one core: memory, MB", told["peak_mb"])
    shared = {genre: each["settle"] + each["wav"] + each["ogg"] for genre, each in steps.items()}
    without = max(shared[genre] + each["make"] for genre, each in steps.items())
    whole = max(shared[genre] + each["with stems"] + each["zip"] for genre, each in steps.items())
    bench.at_most("one core: 60 s in 4 variants, WAV and OGG, s of processor time", 10, without)
    bench.at_most("one core: 60 s in 4 variants, WAV, OGG and stems, s of processor time", 20, whole)


def queue(bench: Bench, requests: int, seconds: float, count: int) -> None:
    """Queue requests at once through the services and watch the memory of the process."""
    command = [sys.executable, str(Path(__file__).with_name("_bgm_queue.py")), str(requests), str(seconds),
               str(count)]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])
    bench.figure("queue: requests, their states", told["states"])
    bench.figure("queue: s by the clock", told["seconds"])
    bench.figure("queue: idle, MB", told["idle_mb"])
    bench.at_least("queue: requests that finished", requests, told["states"].get("done", 0))
    bench.at_most(f"queue: memory above idle with {requests} requests at once, MB", 1000,
                  told["most_mb"] - told["idle_mb"])


def emotion(bench: Bench, quick: bool) -> None:
    """Score the shipped emotion head on the comments kept apart, by scikit-learn; quickly: by what is shipped of it."""
    shipped = json.loads((ROOT / "models" / "text_emotion" / "metrics.json").read_text("utf-8"))["test"]
    bench.figure("emotion: as shipped, macro-F1 and mean AUC", [shipped["macro_f1"], shipped["mean_auc"]])
    if quick:
        return
    import _bgm_emotion

    found = _bgm_emotion.scored()
    if found is None:
        bench.say("no comments: set MIS_REAL_DATA to score the emotion head")
        return
    bench.figure("emotion: comments kept apart", found["comments"])
    bench.figure("emotion: macro-F1 of answering yes to all", found["all_yes"])
    bench.at_least("emotion: macro-F1", 0.64, found["macro_f1"])
    bench.at_least("emotion: mean AUC", 0.80, found["mean_auc"])


def table(path: Path, bench: Bench, rows: Sequence[dict[str, Any]]) -> None:
    """Write a table by genre, then every piece that failed."""
    names = [*CHECKS, "key", "tags"]
    lines = ["| genre | " + " | ".join(names) + " | made, s a minute |", "|---" * (len(names) + 2) + "|"]
    for genre in dict.fromkeys(row["genre"] for row in rows):
        own = [row for row in rows if row["genre"] == genre]
        told, spent = by_genre(own), 60 * sum(row["made_s"] for row in own) / sum(row["seconds"] for row in own)
        lines.append(f"| {genre} | " + " | ".join(f"{told[name]}" for name in names) + f" | {spent:.1f} |")
    goals = [f"- {'met' if goal['met'] else 'MISSED'}: {goal['what']}: {goal['measured']} ({goal['goal']})"
             for goal in bench.goals]
    lines += ["", "Goals:", *goals, "", "What failed, piece by piece:"]
    for row in rows:
        if failed := failures(row):
            lines.append(f"- {row['genre']} {row['mood']} seed {row['seed']} ({row['bpm']:.1f} bpm, {row['meter']}, "
                         f"{row['tonic']} {row['mode']}, {'loop' if row['loop'] else 'ending'}): {'; '.join(failed)}")
    path.write_text("\n".join(lines) + "\n", "utf-8")


def failures(row: dict[str, Any]) -> list[str]:
    """Return in words what failed of a piece."""
    said = {
        "tempo_ok": f"tempo found {row['found_bpm']:.1f} = {row['ratio']} x",
        "length_ok": "length", "bpm_ok": "tempo not as asked", "key_asked_ok": "key not as asked",
        "loudness_ok": f"loudness off by {row['loudness_error']:+.2f}", "peak_ok": f"true peak {row['true_peak']:.2f}",
        "seam_ok": f"seam {row.get('seam', 0):.2f} x median flux, jump {row.get('jump', 0):.2f}",
        "alive": f"silence {row['silence_s']} s, held {row['held_s']} s, {row['onsets']:.1f} onsets/s",
        "midi_ok": "MIDI"}
    found = [text for check, text in said.items() if not row.get(check, True)]
    if row["tonal"] and not row["key_ok"]:
        found.append(f"key found {row['found_key']} ({row['key']})")
    for name, ok in row.get("tags_ok", {}).items():
        if not ok:
            found.append("tags " + " < ".join(f"{tag} {row['tags'][tag]:.3f}" for tag in measure.PAIRS[name]))
    return found


def main() -> int:
    """Run the bench and print its report."""
    chosen = arguments()
    parts, bench = set(chosen.only.split(",")), Bench("bgm")
    rows = judged(bench, chosen, parts)
    if "speed" in parts:
        speed(bench, QUICK_SPEED_VARIANTS if chosen.quick else VARIANTS, SPEED_GENRES[:1 if chosen.quick else None])
    if "queue" in parts:
        queue(bench, QUEUED, *((QUICK_QUEUED_S, 1) if chosen.quick else (QUEUED_S, VARIANTS)))
    if "emotion" in parts:
        emotion(bench, chosen.quick)
    if chosen.table:
        table(chosen.table, bench, rows)
    bench.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
