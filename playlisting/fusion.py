"""Components joined: a weight for each, learned on questions kept back, apart for each kind of request.

Each component's scores are divided by their largest and their root is taken, so that the second place of one does not
vanish beside the first of another; the weighted sum ranks. Weights climb coordinate by coordinate on the nDCG itself:
first over all questions, then from there over those of a kind, drawn half-way back where the kind has few questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlisting.components import Component
from playlisting.library import Array, Library, Request
from playlisting.scoring import SONGS_AT, TAGS_AT, Question, discounts

CANDIDATES = 300
"""Best of each component that weights are learned on."""
FACTORS = (0.0, 0.5, 0.8, 1.25, 2.0)
ROUNDS = 3
ENOUGH = 100
"""Questions of a kind that count as much as those of all kinds."""
ALL = ""
Weights = dict[str, tuple[Array, Array]]
"""Weights of the components for songs and tags by kind of request; `ALL` for any other kind."""


@dataclass(frozen=True)
class _Set:
    """Questions as the search for weights sees them.

    Scores (questions, components, candidates), which candidates are right, and the best possible gain.
    """

    scores: Array
    right: NDArray[np.bool_]
    best: NDArray[np.float64]
    at: int

    def quality(self, weights: Array) -> float:
        fused = np.einsum("c,qcn->qn", weights, self.scores)
        at = min(self.at, fused.shape[1])
        top = np.argpartition(-fused, at - 1, axis=1)[:, :at]
        order = np.argsort(-np.take_along_axis(fused, top, 1), axis=1, kind="stable")
        hits = np.take_along_axis(self.right, np.take_along_axis(top, order, 1), 1)
        return float(((hits * discounts(at)).sum(axis=1) / self.best).mean())

    def of(self, rows: NDArray[np.int64]) -> _Set:
        return _Set(self.scores[rows], self.right[rows], self.best[rows], self.at)


def even(scores: NDArray[Any]) -> Array:
    """Return scores of one component as the sum takes them: the root of their share of the largest."""
    top = float(scores.max(initial=0))
    return np.sqrt(np.maximum(scores, 0) / top).astype(np.float32) if top > 0 else np.zeros(len(scores), np.float32)


def fuse(components: Sequence[Component], weights: tuple[Array, Array], request: Request) -> tuple[Array, Array]:
    """Return the fused scores of all songs and tags; components of weight 0 are not asked."""
    songs: Any = 0.0
    tags: Any = 0.0
    for component, song_weight, tag_weight in zip(components, *weights, strict=True):
        if song_weight > 0 or tag_weight > 0:
            found = component.scores(request)
            songs, tags = songs + song_weight * even(found[0]), tags + tag_weight * even(found[1])
    return songs, tags


def learn(components: Sequence[Component], library: Library, questions: Sequence[Question]) -> Weights:
    """Return weights of the components for each kind of request among the questions, and for all together.

    Notes
    -----
    The questions' playlists must not be in the library.
    """
    equal = np.full(len(components), 1 / len(components), np.float32)
    if not questions:
        return {ALL: (equal, equal)}
    asked = [[each.scores(question.request) for each in components] for question in questions]
    kinds = np.array([question.request.kind for question in questions])
    parts = []
    for side in (0, 1):
        kept = _gather(asked, questions, library, side)
        usable = np.flatnonzero(kept.best > 0)
        whole = _climb(kept.of(usable), equal) if len(usable) else equal
        by_kind = {kind: _of_kind(kept.of(usable[kinds[usable] == kind]), whole) for kind in sorted(set(kinds))}
        parts.append({ALL: whole} | by_kind)
    return {kind: (parts[0][kind], parts[1][kind]) for kind in parts[0]}


def weights_for(weights: Mapping[str, tuple[Array, Array]], request: Request) -> tuple[Array, Array]:
    """Return the weights for a request's kind."""
    return weights.get(request.kind, weights[ALL])


def _of_kind(kept: _Set, whole: Array) -> Array:
    if not len(kept.best):
        return whole
    own = len(kept.best) / (len(kept.best) + ENOUGH)
    mixed: Array = (own * _climb(kept, whole) + (1 - own) * whole).astype(np.float32)
    return mixed


def _climb(kept: _Set, start: Array) -> Array:
    weights, best = start.copy(), kept.quality(start)
    for _ in range(ROUNDS):
        before = best
        for at in range(len(weights)):
            for value in (*(weights[at] * factor for factor in FACTORS), weights[at] + 0.1):
                tried = weights.copy()
                tried[at] = value
                if tried.sum() > 0 and (reached := kept.quality(tried)) > best + 1e-5:
                    weights, best = tried, reached
        if best - before < 1e-4:
            break
    normal: Array = weights / weights.sum()
    return normal


def _gather(asked: Sequence[Sequence[Any]], questions: Sequence[Question], library: Library, side: int) -> _Set:
    at = (SONGS_AT, TAGS_AT)[side]
    place: Mapping[Any, int] = (library.song_place, library.tag_place)[side]
    rows = [_candidates([even(each[side]) for each in scores], _shown(library, question, side))
            for scores, question in zip(asked, questions, strict=True)]
    width = max((len(columns) for columns, _ in rows), default=1) or 1
    scores = np.zeros((len(rows), len(asked[0]), width), np.float32)
    right = np.zeros((len(rows), width), bool)
    best = np.zeros(len(rows))
    for row, ((columns, values), question) in enumerate(zip(rows, questions, strict=True)):
        wanted = (question.songs, question.tags)[side]
        scores[row, :, :len(columns)] = values
        right[row, :len(columns)] = np.isin(columns, [place[each] for each in wanted if each in place])
        best[row] = discounts(at)[:min(at, len(set(wanted)))].sum()
    return _Set(scores, right, best, at)


def _shown(library: Library, question: Question, side: int) -> NDArray[np.int64]:
    return library.has_tags(question.request) if side else library.has_songs(question.request)


def _candidates(scores: Sequence[Array], shown: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    stacked = np.stack(scores)
    stacked[:, shown] = -1
    count = min(CANDIDATES, stacked.shape[1])
    best = np.argpartition(-stacked, count - 1, axis=1)[:, :count] if count else np.empty((1, 0), np.int64)
    columns = np.setdiff1d(np.unique(best), shown)
    return columns, stacked[:, columns]
