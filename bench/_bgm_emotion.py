"""How good the shipped emotion head is on the comments it has not seen, by scikit-learn's own measures."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from _machine import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import train_text_emotion as tool  # noqa: E402

from texts import emotion, emotion_training  # noqa: E402


def scored(most: int | None = None) -> dict[str, Any] | None:
    """Return macro-F1 and mean AUC on the comments kept apart, the first `most` of them; None where there are none."""
    from sklearn.metrics import f1_score, roc_auc_score

    if not tool.COMMENTS.exists() or not tool.FOLD.exists():
        return None
    fold = json.loads(tool.FOLD.read_text("utf-8"))
    texts, every = tool.read(tool.COMMENTS, fold)
    apart = np.flatnonzero(emotion_training.sides(texts) == -1)[:most]
    texts, labels = [texts[place] for place in apart], tool.folded(every, fold)[apart]
    head = emotion.load()
    seen = tool.seen(texts, tool.embedded(texts, None), labels)
    said = head.korean(seen.vectors, seen.letters, seen.morphemes)
    yes = f1_score(labels, np.ones_like(labels), average="macro")
    return {"comments": len(texts), "macro_f1": float(f1_score(labels, said >= head.thresholds, average="macro")),
            "mean_auc": float(roc_auc_score(labels, said, average="macro")), "all_yes": float(yes)}
