"""What a transfer head's card says: how it did on artists kept apart, beside what no listening at all gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import scoring

Floats = NDArray[np.float64]


def metrics_of(labels: Floats, log_odds: Floats, groups: NDArray[np.intp]) -> dict[str, Any]:
    """Return scores of test tracks, the AUC's 95 % interval over artists, and the baselines; None where undefined."""
    said = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    low, high = scoring.interval(labels, said, [str(group) for group in groups])
    told = {**scoring.scores(labels, said), "accuracy": float(((log_odds > 0) == labels).mean()),
            "auc_low": low, "auc_high": high, "accuracy_of_commoner": float(max(labels.mean(), 1 - labels.mean())),
            "brier_of_base_rate": float(labels.mean() * (1 - labels.mean()))}
    return {name: None if value != value else round(value, 6) for name, value in told.items()} | {
        "calibration": [asdict(each) for each in scoring.reliability(labels, said)]}


def card(facts: Mapping[str, Any]) -> str:
    """Return ``CARD.md``: what the head is, what it was trained and judged on, and how it came out."""
    told, split, data = facts["metrics"], facts["split"], facts["data"]
    order = "the newest artists are the test" if split["by_date"] else "without dates: sides alike in hits"
    sides = [f"| {name} | {side['tracks']} | {side['hits']} | {side['artists']} | {side['from'] or '-'} to "
             f"{side['to'] or '-'} |" for name, side in split.items() if isinstance(side, dict)]
    bins = [f"| {each['low']:.1f} to {each['high']:.1f} | {each['n']} | {each['said']:.2f} | {each['observed']:.2f} |"
            for each in told["calibration"]]
    return "\n".join([
        f"# Transfer head, {facts['genre']}", "",
        f"Logistic regression on the {facts['features']} features of musicnn (`models/musicnn`), trained on "
        f"{facts['date']} on the operator's own tracks"
        + (f" ({data.get('name', 'manifest')}, sha256 {data.get('sha256', '-')})." if data else "."),
        f"Inverse penalty {facts['strength']} by the loss on training artists left out in turn; calibrated (Platt) on "
        f"these and the validation artists; intervals by {facts['draws']} heads of drawn artists.", "",
        f"## Split (no artist on two sides; {order})", "",
        "| side | tracks | hits | artists | days |", "|---|---|---|---|---|", *sides, "",
        "## Test tracks", "",
        f"Base rate {_shown(told['base_rate'])}, AUC {_shown(told['auc'])} (95 % interval {_shown(told['auc_low'])} to "
        f"{_shown(told['auc_high'])}), PR-AUC {_shown(told['pr_auc'])}, Brier {_shown(told['brier'])} (base rate alone "
        f"{_shown(told['brier_of_base_rate'])}), calibration error {_shown(told['ece'])}, accuracy "
        f"{_shown(told['accuracy'])} (commoner label {_shown(told['accuracy_of_commoner'])}).", "",
        "| said | tracks | mean said | observed |", "|---|---|---|---|", *bins, "",
        "## Limits", "",
        "It hears what listeners' tags up to 2010 taught musicnn to hear, below 8 kHz, three seconds at a time: no "
        "form of a song, no words. It knows nothing of marketing, artist or season. What counts as a hit is what the "
        "manifest says. Where the AUC's interval begins at or below 0.5, nothing was shown to be learned.", ""])


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
