"""Cards of the parts that read lyrics: what they are, what they were trained and judged on, how they came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LIMITS = ("It knows the lyrics it was trained on, in their languages, and nothing of sound, marketing, artist or "
          "season. What counts as a hit is what the manifest says.")


def texts_of(facts: Mapping[str, Any], title: str, made: str) -> dict[str, str]:
    """Return ``metrics.json`` and ``CARD.md``, which stand beside the weights; see `card`."""
    told = {name: facts[name] for name in ("genre", "kind", "date", "data", "test")}
    listed = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return {"metrics.json": listed, "CARD.md": card(facts, title, made)}


def card(facts: Mapping[str, Any], title: str, made: str) -> str:
    """Return ``CARD.md``.

    Parameters
    ----------
    facts : mapping
        ``genre``, ``date``, ``data``, ``split``, ``left_out``, ``test``.
    title, made : str
        What the model is, and a sentence on how it was made.
    """
    told, split, data = facts["test"], facts["split"], facts["data"]
    sides = [f"| {name} | {side['tracks']} | {side['hits']} | {side['artists']} | {side['from'] or '-'} to "
             f"{side['to'] or '-'} |" for name, side in split.items() if isinstance(side, dict)]
    bins = [f"| {each['low']:.1f} to {each['high']:.1f} | {each['n']} | {each['said']:.2f} | {each['observed']:.2f} |"
            for each in told["calibration"]]
    name = data.get("name") or data.get("manifest") or "manifest"
    source = f" ({name}, sha256 {data.get('sha256', '-')})" if data else ""
    order = "the newest artists are the test" if split["by_date"] else "without dates: sides alike in hits"
    return "\n".join([
        f"# {title}, {facts['genre']}", "",
        f"Trained on {facts['date']} on the operator's own lyrics{source}. {made} "
        f"Tracks without usable lyrics, left out: {facts['left_out']}.", "",
        f"## Split (no artist on two sides; {order})", "",
        "| side | tracks | hits | artists | days |", "|---|---|---|---|---|", *sides, "",
        "## Test tracks", "",
        f"Base rate {_shown(told['base_rate'])}, AUC {_shown(told['auc'])} (95 % interval {_shown(told['auc_low'])} to "
        f"{_shown(told['auc_high'])}), PR-AUC {_shown(told['pr_auc'])}, Brier {_shown(told['brier'])} (base rate alone "
        f"{_shown(told['brier_of_base_rate'])}), calibration error {_shown(told['ece'])}, accuracy "
        f"{_shown(told['accuracy'])} (commoner label {_shown(told['accuracy_of_commoner'])}).", "",
        "| said | tracks | mean said | observed |", "|---|---|---|---|", *bins, "",
        "## Limits", "", LIMITS, ""])


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
