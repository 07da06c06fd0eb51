"""How good the feature model of hit prediction is, beside plain ways, and how fast it judges.

Scored are tracks of artists that the model does not know. What is shipped was grown from all tracks of the labelled
set, so it is scored by ``--test FILE`` alone, another file of the same kind (CSV or CSV.gz: the inputs, ``artist``,
``target`` and, if it has one, ``decade``), in which artists of the labelled set are passed over. Without it, a model is
trained anew on the training and calibration side of the labelled set (artists by hash, see `hits.features_training`)
and scored on the test side.
Beside it, fitted on the same tracks and calibrated alike, on artists left out: the majority, loudness alone, and
gradient boosting with scikit-learn's default settings on the same inputs. Intervals are 95 %, over artists. A second
model is trained on tracks before 2010 and tested on those since. Probabilities are at the base rate of the tracks
scored.

Run ``python bench/hit.py [--quick] [--test FILE]``. The labelled set is looked for in ``MIS_REAL_DATA``, default
``../shared/data``; without it ``--test`` scores the shipped model alone, without baselines. ``--quick`` trains two
members of the model with descriptors only, and draws fewer samples for the intervals.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # beside other work threads wait for each other, three times as long

import numpy as np  # noqa: E402
from _machine import ROOT, Bench  # noqa: E402

from hits import features, fusion  # noqa: E402
from hits import features_report as report  # noqa: E402
from hits.features import KINDS, FeatureModel  # noqa: E402
from hits.features_training import MEMBERS, Tracks, read_tracks, train  # noqa: E402
from support import weights  # noqa: E402

MODEL = ROOT / "models" / "hit_features"
DATA = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data")
TRACKS = DATA / "hits" / "spotify_hit_predictor_1960_2019.csv.gz"
GOALS = {"full": 0.75, "full-described": 0.865}
REPEATS, QUICK_REPEATS = 300, 60
QUICK_MEMBERS, QUICK_TRAINED = 1, 2
NEWEST = ("full", "full-described")  # the first learns from answers of four more models, which takes its time
JUDGED = 60  # tracks judged one by one, as the page does


def arguments() -> argparse.Namespace:
    """Return the command line's choices: ``quick`` and ``test``."""
    parser = argparse.ArgumentParser(description="The shipped feature model of hit prediction on real labels.")
    parser.add_argument("--quick", action="store_true", help="fewer samples and members, at most 50 s on 2 cores")
    parser.add_argument("--test", type=Path, metavar="FILE", help="other labelled tracks to score the shipped model on")
    return parser.parse_args()


def figures(bench: Bench, name: str, told: dict[str, Any]) -> None:
    """Keep scores with their intervals."""
    for metric in ("auc", "pr_auc", "brier", "ece"):
        bench.figure(f"{name}: {metric}", told[metric])
        if f"{metric}_low" in told:
            ends = [round(told[f"{metric}_{end}"], 4) for end in ("low", "high")]
            bench.figure(f"{name}: {metric}, 95 % interval", ends)


def score(bench: Bench, model: FeatureModel, tracks: Tracks, repeats: int, kinds: Sequence[str]) -> None:
    """Score sub-models; goals are on those with everything that audio gives."""
    for kind in kinds:
        said = report.answers(model, tracks, kind)
        told = report.figures(tracks, said, repeats if kind in GOALS else 0)
        figures(bench, kind, told)
        bench.figure(f"{kind}: worst of ten bins of equally many tracks, said less observed", told["worst_gap_tenths"])
        bench.figure(f"{kind}: turned away as strange, %",
                     100 * report.turned_away(model, kind, tracks, fusion.STRANGE))
        if kind in GOALS:
            for each in told["bins"]:
                bench.say(f"  {each['low']:.1f} to {each['high']:.1f}: {each['n']:5d} tracks, said {each['said']:.3f}, "
                          f"observed {each['observed']:.3f}")
            for decade, scored in report.by_decade(tracks, said).items():
                bench.figure(f"{kind}: auc of {decade}", scored["auc"])
                bench.figure(f"{kind}: brier of {decade}", scored["brier"])
            bench.at_least(f"{kind}: AUC", GOALS[kind], told["auc"])
            bench.at_most(f"{kind}: said less observed, worst tenth of probability with {report.ENOUGH} tracks", 0.05,
                          told["worst_gap"])


def beside(bench: Bench, known: Tracks, apart: Tracks, tracks: Tracks, repeats: int) -> None:
    """Score the plain ways on the same tracks."""
    for name, said in report.baselines(known.beside(apart), tracks).items():
        figures(bench, f"plain: {name}", report.figures(tracks, said, repeats if name.startswith("boosting") else 0))


def newest(bench: Bench, known: Tracks, apart: Tracks, tracks: Tracks, members: int, kinds: tuple[str, ...]) -> None:
    """Train before 2010, test since, with the calibration of then and one of its own."""
    for kind, told in report.before_and_after(known, apart, tracks, members=members, kinds=kinds).items():
        bench.figure(f"before 2010, tested since, {kind}: tracks", told["own"]["n"])
        bench.figure(f"before 2010, tested since, {kind}: auc", told["own"]["auc"])
        bench.figure(f"before 2010, tested since, {kind}: auc, 95 % interval",
                     [round(told["own"][f"auc_{end}"], 4) for end in ("low", "high")])
        for name in ("as_was", "own"):
            words = {"as_was": "calibrated before 2010", "own": "calibrated since"}[name]
            for metric in ("brier", "ece"):
                bench.figure(f"before 2010, tested since, {kind}: {metric}, {words}", told[name][metric])


def unknown(bench: Bench, labelled: Tracks, tracks: Tracks) -> Tracks:
    """Return the tracks whose artist is not in the labelled set."""
    mine = np.isin(tracks.artists, labelled.artists)
    bench.figure("tracks passed over, their artist is in the labelled set", int(mine.sum()))
    return tracks.of(~mine)


def trained(bench: Bench, known: Tracks, apart: Tracks, quick: bool) -> FeatureModel:
    """Return a model that does not know the test side."""
    start = time.perf_counter()
    kinds, members = (NEWEST[1:], QUICK_TRAINED) if quick else (KINDS, MEMBERS)
    arrays, numbers = train(known, apart, kinds=kinds, members=members)
    bench.figure("training on the training and calibration side, s", time.perf_counter() - start)
    shown = {name: weights.read(MODEL)[1][name] for name in ("name", "date", "data", "licence")}
    return FeatureModel({kind: features.part_of(kind, arrays, numbers[kind]) for kind in kinds}, shown)


def one_by_one(bench: Bench, model: FeatureModel, tracks: Tracks) -> None:
    """Judge tracks as the page does: the same answers as those scored, shares that add up, and how long it takes."""
    for kind in [each for each in NEWEST if each in model.parts]:
        scored = model.parts[kind].log_odds(tracks.of(np.arange(min(JUDGED, len(tracks)))).columns())
        times = []
        for place in range(len(scored)):
            values = {name: float(tracks.inputs[name][place]) for name in features.inputs(kind)}
            start = time.process_time()
            judged = model.judge(values)
            times.append(1000 * (time.process_time() - start))
            if abs(judged.log_odds - scored[place]) > 1e-6:
                raise SystemExit(f"{kind}: track {place} is judged {judged.log_odds}, but scored {scored[place]}")
            if abs(sum(each for _, each in judged.contributions) - judged.evidence) > 1e-6:
                raise SystemExit(f"{kind}: the contributions of track {place} do not add up")
        bench.at_most(f"{kind}: one track with its contributions, median ms of processor time", 20,
                      float(np.median(times)))


def main() -> int:
    """Run the bench and print its report; 1 if there are no tracks."""
    chosen = arguments()
    bench = Bench("hit")
    repeats, members = (QUICK_REPEATS, QUICK_MEMBERS) if chosen.quick else (REPEATS, MEMBERS)
    if not (chosen.test or TRACKS).exists():
        print(f"no tracks at {chosen.test or TRACKS}; set MIS_REAL_DATA or give --test FILE", file=sys.stderr)
        return 1
    start = time.perf_counter()
    model = features.load(MODEL)
    bench.figure("loading the model, ms", 1000 * (time.perf_counter() - start))
    bench.figure("model, MB", sum(path.stat().st_size for path in MODEL.iterdir()) / 1e6)
    labelled = read_tracks(TRACKS) if TRACKS.exists() else None
    tracks = read_tracks(chosen.test) if chosen.test else labelled.side("test")  # type: ignore[union-attr]
    if labelled is not None:
        known, apart = labelled.side("train"), labelled.side("calibration")
        tracks = unknown(bench, labelled, tracks) if chosen.test else tracks
        model = model if chosen.test else trained(bench, known, apart, chosen.quick)
    if not 0 < tracks.labels.sum() < len(tracks):
        print("no hits, or nothing but hits, is left to score", file=sys.stderr)
        return 1
    bench.figure("tracks", len(tracks))
    bench.figure("artists", len(set(tracks.artists)))
    bench.figure("share of hits", float(tracks.labels.mean()))
    one_by_one(bench, model, tracks)
    score(bench, model, tracks, repeats, [each for each in (GOALS if chosen.quick else KINDS) if each in model.parts])
    if labelled is not None:
        beside(bench, known, apart, tracks, repeats)
        if not (chosen.quick and chosen.test):  # a large file takes the time
            newest(bench, known, apart, tracks, members, NEWEST[1:] if chosen.quick else NEWEST)
    bench.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
