"""How good the playlist model is on real playlists, beside each of its components and others', and how fast.

Playlists are judged as the Arena of Melon playlists did: nDCG of 100 songs (0.85) and of 10 tags (0.15), on its own
masked questions (``all``) and, from the same playlists, on songs only, songs and tags, tags and title, title only. Five
splits; everything about a judged playlist is taken out of what is learned from (``_playlist_data.py``). ALS is that of
the ``implicit`` package; ``everything`` is one nearest-neighbour model over songs, tags and title words in one cosine.

Run ``python bench/playlist.py [--quick] [--test PATH]``. The data are looked for in ``MIS_REAL_DATA``, default
``../shared/data``; ``--test PATH`` judges other playlists (a folder with ``playlists``, ``questions`` and ``answers``)
by a model trained on all shared ones. What is learned from these data is for research and is not kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _machine import Bench, peak_mb
from _playlist_als import Als
from _playlist_data import DATA, SPLITS, TASKS, Asked, Embeddings, asked, found_at, lessons
from _playlist_scale import scale, thumbnails

from playlisting.components import Component, everything
from playlisting.library import Array, Library
from playlisting.model import Model, Options, train
from playlisting.scoring import SONG_SHARE, SONGS_AT, TAGS_AT, Question, discounts

QUICK = Options(epochs=1, most=(1_000, 300, 400), asking=60)
"""Small, and titles by their words alone: embedding 3,600 titles takes minutes the first time."""
QUICK_QUESTIONS = 60
Pairs = dict[tuple[str, str], list[tuple[float, float]]]
"""nDCGs of songs and tags by task and method."""


def arguments() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = argparse.ArgumentParser(description="Playlist model on real playlists.")
    parser.add_argument("--quick", action="store_true", help="one split, small models, at most 50 s on 2 cores")
    parser.add_argument("--test", type=Path, metavar="PATH", help="a folder of playlists to judge instead")
    parser.add_argument("--splits", type=int, default=SPLITS, help=f"splits to judge, 1 to {SPLITS}")
    parser.add_argument("--only-scale", action="store_true", help="only 50,000 made playlists and thumbnails")
    parser.add_argument("--no-scale", action="store_true", help="leave out 50,000 made playlists")
    return parser.parse_args()


def judge(model: Model, others: Sequence[Component], questions: Sequence[tuple[str, Question]], pairs: Pairs) -> None:
    """Ask every method every question, and keep the nDCGs."""
    for task, question in questions:
        library = model.library
        shown = library.has_songs(question.request), library.has_tags(question.request)
        methods: list[tuple[str, Any]] = [("fused", model), *model.components.items(),
                                          *((each.name, each) for each in others)]
        for name, method in methods:
            songs, tags = method.scores(question.request)
            pair = (gain(songs, shown[0], question.songs, library.song_place, SONGS_AT),
                    gain(tags, shown[1], question.tags, library.tag_place, TAGS_AT))
            pairs.setdefault((task, name), []).append(pair)


def gain(scores: Array, shown: Any, wanted: Sequence[Any], place: dict[Any, int], at: int) -> float:
    """Return the nDCG of scores of all songs or tags; what scores 0 is not recommended."""
    if not wanted:
        return float("nan")
    left = np.array(scores, np.float32)
    left[shown] = 0
    top = np.argpartition(-left, min(at, len(left)) - 1)[:at]
    top = top[np.lexsort((top, -left[top]))]
    right = np.isin(top, [place[each] for each in wanted if each in place]) & (left[top] > 0)
    return float((right * discounts(at)[:len(top)]).sum() / discounts(at)[:min(at, len(set(wanted)))].sum())


def others_of(library: Library, seed: int) -> list[Component]:
    """Return the methods that are compared with and are no part of the product."""
    return [everything(library), Als(library, seed)]


def report(bench: Bench, pairs: Pairs) -> dict[tuple[str, str], float]:
    """Keep the figures; return the scores by task and method."""
    scores = {}
    for (task, name), found in sorted(pairs.items()):
        songs, tags = np.nanmean(np.array(found), axis=0)
        scores[task, name] = SONG_SHARE * songs + (1 - SONG_SHARE) * tags
        bench.figure(f"{task}, {name}: score", float(scores[task, name]))
        bench.figure(f"{task}, {name}: song nDCG@100", float(songs))
        bench.figure(f"{task}, {name}: tag nDCG@10", float(tags))
    for task in TASKS:
        bench.figure(f"{task}: questions", len(pairs.get((task, "fused"), ())))
    return scores


def goals(bench: Bench, pairs: Pairs, scores: dict[tuple[str, str], float]) -> None:
    """Judge what was aimed at."""
    alone = {name: score for (task, name), score in scores.items()
             if task == "all" and name not in ("fused", "everything")}
    best = max(alone, key=lambda name: alone[name])
    bench.figure("best single one", best)
    fused = scores["all", "fused"]
    bench.at_least(f"fused over the best single one ({best})", 1.1, fused / alone[best])
    bench.at_least("fused over one nearest-neighbour model of everything", 1.1, fused / scores["all", "everything"])
    bench.at_least("fused, 1000 x score of the Arena's questions", 185, 1000 * fused)
    bench.at_least("fused, 1000 x tag nDCG@10 of the Arena's questions", 330, 1000 * _mean(pairs, "all", "fused", 1))
    for side, what, times in ((0, "songs", 1.5), (1, "tags", 2.0)):
        ratio = _mean(pairs, "title-only", "fused", side) / max(_mean(pairs, "title-only", "popularity", side), 1e-9)
        bench.at_least(f"title only, fused over popularity, {what}", times, ratio)


def _mean(pairs: Pairs, task: str, name: str, side: int) -> float:
    return float(np.nanmean(np.array(pairs[task, name])[:, side]))


def questions_of(judged: Sequence[Asked]) -> list[tuple[str, Question]]:
    """Return all questions about some playlists, with their task; those shown a title alone are named apart too."""
    made = [(task, question) for each in judged for task in TASKS if (question := each.question(task)) is not None]
    return made + [(f"all, {question.request.kind}", question) for task, question in made if task == "all"]


def run(bench: Bench, known: Sequence[Asked], rounds: Sequence[Sequence[Asked]], options: Options,
        embeddings: Embeddings | None) -> Pairs:
    """Train and judge once for each group of judged playlists."""
    pairs = Pairs()
    for number, judged in enumerate(rounds):
        taught = lessons(known, judged)
        if embeddings is not None:
            embeddings.fill({each.title for each in taught} | {each.shown.title for each in judged}, bench.say)
        start = time.perf_counter()
        model = train(taught, embeddings, options)
        bench.say(f"round {number + 1} of {len(rounds)}: {len(taught)} playlists, {len(model.library.songs)} songs, "
                  f"trained in {time.perf_counter() - start:.0f} s; {len(judged)} judged")
        for kind, (songs, tags) in model.weights.items():
            bench.say(f"  weights {kind or 'any'}: " + ", ".join(
                f"{name} {a:.2f}/{b:.2f}" for name, a, b in zip(model.components, songs, tags, strict=True)))
        judge(model, others_of(model.library, options.seed), questions_of(judged), pairs)
        found = np.array(pairs["all", "fused"])[-len(judged):]
        bench.say(f"  fused: songs {np.nanmean(found[:, 0]):.4f}, tags {np.nanmean(found[:, 1]):.4f}")
        bench.say("  so far: " + ", ".join(f"{name} {_mean(pairs, task, name, 0):.4f}/{_mean(pairs, task, name, 1):.4f}"
                                           for task, name in sorted(pairs) if task == "all"))
    return pairs


def main() -> int:
    """Run the bench and print its report; 1 if there are no playlists."""
    chosen = arguments()
    bench = Bench("playlist")
    if chosen.only_scale:
        scale(bench)
        thumbnails(bench)
        bench.finish()
        return 0
    if found_at(DATA) is None or (chosen.test and found_at(chosen.test) is None):
        return 1
    known = asked(DATA)
    options = QUICK if chosen.quick else Options()
    if chosen.test:
        rounds: list[Sequence[Asked]] = [asked(chosen.test)]
    else:
        rounds = [[each for each in known if each.split == split] for split in range(chosen.splits)]
    if chosen.quick:
        rounds = [rounds[0][:QUICK_QUESTIONS]]
    pairs = run(bench, known, rounds, options, None if chosen.quick else Embeddings())
    goals(bench, pairs, report(bench, pairs))
    bench.figure("peak memory of the real data, MB", peak_mb())
    if not (chosen.quick or chosen.test or chosen.no_scale):
        scale(bench)
        thumbnails(bench)
    bench.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
