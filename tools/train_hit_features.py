"""Train ``models/hit_features`` anew on the labelled set of charting and obscure tracks, and write how good it is.

Run ``python tools/train_hit_features.py [--tracks CSV]``; default ``hits/spotify_hit_predictor_1960_2019.csv.gz`` below
``MIS_REAL_DATA`` (default ``../shared/data``). Takes about ten minutes on one core. The test side is scored after
everything is fitted; then trees and nets are grown and calibrated again from all tracks, which is what is shipped. No
track of the set is written: trees, nets, centres and quantiles are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hit_features_card import card  # noqa: E402

from hits import features, features_report, fusion  # noqa: E402
from hits.features_training import (  # noqa: E402
    DESCRIBED,
    MEMBERS,
    PLAIN,
    SHARE,
    SIDES,
    Tracks,
    grow_all,
    read_tracks,
    train,
)
from support import weights  # noqa: E402

TARGET = ROOT / "models" / "hit_features"
SET = "spotify_hit_predictor_1960_2019.csv.gz"
DEFAULT = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "hits" / SET
SAMPLE = 200  # tracks of the test side whose mean log-odds are noted, for a quick check of what is shipped
NEWEST_MEMBERS = 4


class Said:
    """Progress as lines."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is."""
        say(f"{done} of {total} sub-models {note}")

    def check(self) -> None:
        """Go on."""


def say(text: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(f"{datetime.now():%H:%M:%S} {text}\n")


def read_back(arrays: dict, facts: dict) -> features.FeatureModel:
    """Return the model as it is shipped: written and read."""
    with tempfile.TemporaryDirectory() as folder:
        weights.write(Path(folder) / "model", arrays, facts)
        return features.load(Path(folder) / "model")


def finished(arrays: dict, facts: dict, tracks: Tracks) -> dict:
    """Grow trees and nets again from all tracks and calibrate them; return the model's answers on a sample.

    There is nobody left to score this model on: its figures are those of the one before, which knew fewer artists.
    """
    for name in [name for name in arrays if name.split(".")[1] in ("trees", "nets")]:
        del arrays[name]
    grown, facts["kinds"] = grow_all(tracks, Said())
    arrays |= grown
    facts["grown_from"] = len(tracks)
    model = read_back(arrays, facts)
    some = tracks.side("test").of(slice(SAMPLE))
    return {kind: float(part.log_odds(some.columns()).mean()) for kind, part in model.parts.items()}


def measured(sides: dict, model: features.FeatureModel) -> dict:
    """Return the figures of a model on the test side."""
    known, apart, test = sides["train"], sides["calibration"], sides["test"]
    say("test side and baselines")
    found = {"kinds": features_report.without_and_with(model, test)}
    found["baselines"] = {name: features_report.figures(test, each)
                          for name, each in features_report.baselines(known.beside(apart), test).items()}
    found["decades"] = {kind: features_report.by_decade(test, features_report.answers(model, test, kind))
                        for kind in ("full", "full-described")}
    found["interval_width"] = {kind: features_report.interval_width(model, kind, test) for kind in features.KINDS}
    found["turned_away"] = {kind: features_report.turned_away(model, kind, test, fusion.STRANGE)
                            for kind in features.KINDS}
    say("trained before 2010, tested since")
    found["newest"] = features_report.before_and_after(known, apart, test, members=NEWEST_MEMBERS)
    return found


def described(sides: dict, path: Path, now: datetime) -> dict:
    """Return the facts of the model but for what training found."""
    counts = {name: {"tracks": len(side), "hits": int(side.labels.sum()), "artists": len(set(side.artists)),
                     "hash": list(SIDES[name])} for name, side in sides.items()}
    return {"part": features.PART, "columns": list(features.COLUMNS), "name": "hit_features", "date": f"{now:%Y-%m-%d}",
            "data": "28,348 tracks of 1960-2019, charted or obscure (Spotify Hit Predictor)", "licence": "MIT",
            "data_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "sides": counts,
            "settings": {"members": MEMBERS, "share": SHARE, "plain": PLAIN, "described": DESCRIBED}}


def main() -> int:
    """Train, measure and write; 1 if there is no data."""
    parser = argparse.ArgumentParser(description="Train models/hit_features anew.")
    parser.add_argument("--tracks", type=Path, default=DEFAULT, metavar="CSV")
    chosen = parser.parse_args()
    path = chosen.tracks
    if not path.exists():
        say(f"no tracks at {path}; set MIS_REAL_DATA or give --tracks CSV")
        return 1
    tracks = read_tracks(path)
    sides = {name: tracks.side(name) for name in SIDES}
    facts = described(sides, path, datetime.now(UTC))
    arrays, facts["kinds"] = train(sides["train"], sides["calibration"], Said())
    found = {"date": facts["date"], "data": facts["data"]} | measured(sides, read_back(arrays, facts))
    found["sample"] = finished(arrays, facts, tracks)
    texts = {"metrics.json": json.dumps(found, indent=1, sort_keys=True) + "\n", "CARD.md": card(facts, found)}
    weights.write(TARGET, arrays, facts, texts)
    for kind, each in found["kinds"].items():
        say(f"{kind}: AUC {each['auc']:.4f}, Brier {each['brier']:.4f}, worst bin {each['worst_gap']:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
