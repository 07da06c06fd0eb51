"""Training of the emotion head: which comments are kept apart, the fit, its calibration and its figures.

A comment's side is decided by the SHA-256 of its text: a fifth is the test, never used for any choice; the others are
split into five parts, each left out in turn, and all choices (kernel, strength, calibration, thresholds) come from the
answers on the parts left out. The head is then fitted on all of the five.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texts import grams
from texts.emotion import EmotionHead, gaussian, logistic, unit
from texts.grams import Counts

GAMMA = 2.0
"""Of the Gaussian kernel of embeddings."""
LETTERS, MORPHEMES = 0.4, 0.2
"""Weights of the kernels of letters and morphemes beside it."""
STRENGTH, STRENGTH_ALONE = 2.5, 2.0
"""Penalties: with pieces, and of embeddings alone."""
LEAST_LETTERS, LEAST_MORPHEMES = 3, 2
"""Comments a piece must be in to count."""
PARTS = 5
TEST = 5  # one in five

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comments:
    """Comments with what the head sees of them: vectors (n, width), pieces, labels (n, 7) of 0 and 1."""

    texts: tuple[str, ...]
    vectors: NDArray[Any]
    letters: tuple[Counts, ...]
    morphemes: tuple[Counts, ...]
    labels: Floats

    def of(self, mask: NDArray[np.bool_]) -> Comments:
        """Return some of them."""
        places = np.flatnonzero(mask)
        return Comments(tuple(self.texts[each] for each in places), self.vectors[places],
                        tuple(self.letters[each] for each in places), tuple(self.morphemes[each] for each in places),
                        self.labels[places])


def sides(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the part of each comment, 0 to `PARTS` - 1, or -1 for the test; the same text is always on one side."""
    drawn = np.array([int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) for text in texts])
    return np.where(drawn % TEST == 0, -1, drawn // TEST % PARTS)


def trained(comments: Comments, parts: NDArray[np.int64],
            offset: NDArray[Any]) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Return the arrays of a head but for its ``felt``, and the probabilities of the comments left out in turn.

    Parameters
    ----------
    comments : Comments
        Without the test.
    parts : ndarray of int, (n,)
        0 to `PARTS` - 1.
    offset : ndarray, (width,)
        English less Korean.
    """
    left_out, left_out_alone = np.empty_like(comments.labels), np.empty_like(comments.labels)
    for part in range(PARTS):
        apart = parts == part
        head = EmotionHead({**fitted(comments.of(~apart)), **_open(comments)}, {"gamma": GAMMA})
        left_out[apart] = scores_of(head, comments.of(apart))
        left_out_alone[apart] = _line(head.other(comments.of(apart).vectors))
    platt = calibrated(left_out, comments.labels)
    probabilities = logistic(left_out, platt)
    arrays = {**fitted(comments), "offset": offset, "platt": platt,
              "platt_alone": calibrated(left_out_alone, comments.labels),
              "thresholds": thresholds(probabilities, comments.labels)}
    return {name: _small(name, array) for name, array in arrays.items()}, probabilities


def fitted(comments: Comments) -> dict[str, NDArray[Any]]:
    """Return what is learned from comments: the kernel's weights, those of the pieces worked out for each place."""
    mean = comments.vectors.mean(axis=0)
    known = np.round(unit(comments.vectors - mean) * 400).clip(-127, 127).astype(np.int8)
    near = gaussian(unit(comments.vectors - mean), unit(known.astype(float)), GAMMA)
    near = (near + near.T) / 2
    base = comments.labels.mean(axis=0)
    tables = [_table(comments.letters, grams.LETTERS, LEAST_LETTERS),
              _table(comments.morphemes, grams.MORPHEMES, LEAST_MORPHEMES)]
    whole = near + sum(weight * (table @ table.T).toarray()
                       for weight, (_, table) in zip((LETTERS, MORPHEMES), tables, strict=True))
    ridge = np.eye(len(near))
    alpha = np.linalg.solve(whole + STRENGTH * ridge, comments.labels - base)
    alone = np.linalg.solve(near + STRENGTH_ALONE * ridge, comments.labels - base)
    return {"mean": mean, "known": known, "alpha": alpha, "alone": alone, "base": base,
            "letters_idf": tables[0][0], "letters": LETTERS * (tables[0][1].T @ alpha),
            "morphemes_idf": tables[1][0], "morphemes": MORPHEMES * (tables[1][1].T @ alpha)}


def scores_of(head: EmotionHead, comments: Comments) -> Floats:
    """Return the scores behind a head's probabilities, before its calibration if that does nothing."""
    return _line(head.korean(comments.vectors, comments.letters, comments.morphemes))


def calibrated(scores: Floats, labels: Floats) -> Floats:
    """Return slope and intercept of each column, by logistic regression of its labels on its scores (Platt)."""
    from sklearn.linear_model import LogisticRegression

    fits = [LogisticRegression(C=1e4, max_iter=1000).fit(column[:, None], label)
            for column, label in zip(scores.T, labels.T, strict=True)]
    return np.array([[fit.coef_[0, 0], fit.intercept_[0]] for fit in fits])


def thresholds(probabilities: Floats, labels: Floats) -> Floats:
    """Return for each column the probability from which saying yes gives the highest F1."""
    return np.array([_threshold(column, label) for column, label in zip(probabilities.T, labels.T, strict=True)])


def _threshold(column: Floats, label: Floats) -> float:
    order = np.argsort(-column)
    found = 2 * np.cumsum(label[order]) / (np.arange(1, len(column) + 1) + label.sum())
    best = int(found.argmax())
    return float(column[order[best:best + 2]].mean())


def figures(probabilities: Floats, labels: Floats, limits: Floats) -> dict[str, Any]:
    """Return macro-F1, mean AUC and calibration error over the columns, and each column's own."""
    from sklearn.metrics import f1_score, roc_auc_score

    yes = probabilities >= limits
    f1 = [float(f1_score(label, said)) for label, said in zip(labels.T, yes.T, strict=True)]
    auc = [float(roc_auc_score(label, each)) for label, each in zip(labels.T, probabilities.T, strict=True)]
    gaps = [calibration_gap(each, label) for each, label in zip(probabilities.T, labels.T, strict=True)]
    return {"comments": len(labels), "macro_f1": float(np.mean(f1)), "mean_auc": float(np.mean(auc)),
            "calibration_error": float(np.mean(gaps)), "f1": f1, "auc": auc}


def calibration_gap(probabilities: Floats, labels: Floats, bins: int = 10) -> float:
    """Return the expected calibration error: what is said less what is met, over bins of equal width, by their size."""
    where = np.minimum((probabilities * bins).astype(int), bins - 1)
    return float(sum(abs(probabilities[where == each].sum() - labels[where == each].sum())
                     for each in range(bins)) / len(labels))


def _table(counts: Sequence[Counts], size: int, least: int) -> tuple[NDArray[np.float32], Any]:
    from scipy.sparse import csr_matrix

    idf = grams.rarity(counts, size, least)
    rows = [grams.weighed(each, idf) for each in counts]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    return idf, csr_matrix((np.concatenate([values for _, values in rows]),
                            np.concatenate([places for places, _ in rows]), ends), shape=(len(rows), size))


def _open(comments: Comments) -> dict[str, NDArray[Any]]:
    """Return the arrays of a head that is not calibrated yet."""
    plain = np.tile([1.0, 0.0], (comments.labels.shape[1], 1))
    return {"platt": plain, "platt_alone": plain, "offset": np.zeros(comments.vectors.shape[1])}


def _line(probabilities: Floats) -> Floats:
    return np.log(probabilities / (1 - probabilities))


def _small(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in as few bytes as its use allows."""
    if name == "known":
        return array
    return array.astype(np.float16 if name in ("letters", "morphemes", "letters_idf", "morphemes_idf") else np.float32)
