"""The card of ``models/hit_features``: the text beside this file, filled with the figures of ``metrics.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEXT = Path(__file__).with_suffix(".md")
GOALS = {"full": 0.75, "full-described": 0.865}
NAMES = {"full": "full", "full-described": "full, with descriptors", "length": "length alone",
         "length-described": "length alone, with descriptors", "short": "clip",
         "short-described": "clip, with descriptors",
         "majority": "*majority*", "loudness": "*loudness alone*", "boosting": "*plain boosting*",
         "boosting-described": "*plain boosting, with descriptors*"}


def card(facts: dict[str, Any], found: dict[str, Any]) -> str:
    """Return ``CARD.md`` of the manifest's facts and the figures of ``metrics.json``."""
    full = found["kinds"]["full"]
    decades = sorted(found["decades"]["full"])
    sides = "; ".join(f"{name} {side['tracks']:,} tracks of {side['artists']:,} artists" for name, side
                      in facts["sides"].items())
    return TEXT.read_text("utf-8").format(
        date=facts["date"], grown=facts["grown_from"], calibrated=facts["kinds"]["full"]["calibrated_on"],
        sha=facts["data_sha256"], sides=sides, tracks=f"{full['n']:,}",
        artists=f"{full['artists']:,}", rate=full["base_rate"], decades=" | ".join(decades),
        dashes="---|" * (len(decades) - 1) + "---", strange=found["turned_away"]["full"],
        scores="\n".join(_row(name, told) for name, told in {**found["kinds"], **found["baselines"]}.items()),
        reached=" ".join(_reached(kind, found["kinds"][kind]["auc"], goal) for kind, goal in GOALS.items()),
        by_decade="\n".join(f"| {NAMES[kind]}, AUC | " + " | ".join(f"{each[decade]['auc']:.3f}" for decade in decades)
                            + " |" for kind, each in found["decades"].items()),
        newest_tracks=f"{found['newest']['full']['own']['n']:,}",
        newest="\n".join(f"| {NAMES[kind]} | {_auc(each['own'])} | {each['as_was']['brier']:.3f} "
                         f"| {each['own']['brier']:.3f} |" for kind, each in found["newest"].items()))


def _row(name: str, told: dict[str, Any]) -> str:
    brier = f"{told['brier']:.3f} ({told['brier_low']:.3f} to {told['brier_high']:.3f})"
    cells = [NAMES[name], _auc(told), f"{told['pr_auc']:.3f}", brier, f"{told['ece']:.3f}", f"{told['worst_gap']:.3f}"]
    return f"| {' | '.join(cells)} |"


def _auc(told: dict[str, Any]) -> str:
    return f"{told['auc']:.3f} ({told['auc_low']:.3f} to {told['auc_high']:.3f})"


def _reached(kind: str, auc: float, goal: float) -> str:
    verdict = "reached" if auc >= goal else "**not reached**"
    return f"{NAMES[kind].capitalize()}: AUC {auc:.3f}, goal {goal:g} {verdict}."
