"""Small nets beside the trees, from plain arrays: evaluated and explained in numpy.

Task: a bag of members, each two hidden layers on the same columns, whose mean stands beside that of the trees: what
they get wrong differs. A member scores "other" and "hit" of every period it learned from; when a track came out is no
input, so the periods are summed out (`odds`). What each input adds is by integrated gradients (Sundararajan, Taly & Yan
2017) along the straight line from the mean training row, for groups of columns the sum over the group.

Conventions: columns as `features.columns`; a value becomes the normal score of its place among the training rows
(`encode`), a missing one the middle, key and metre one-hot. SiLU between layers; levels are raw log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KEYS, METRES = 12, (3, 4)
FURTHEST = 2.5
"""Normal scores beyond this count as this: the one or two per cent at each end are one place."""
POINTS = 12
"""Gauss-Legendre points of the line integral; the sum is then exact to about 0.001 log-odds."""
AT_ONCE = 1_024


@dataclass(frozen=True, slots=True)
class Encoding:
    """From columns to what nets take: places of key, metre and graded columns, their knots, and the players' columns.

    Attributes
    ----------
    key, metre : int
        Places among the columns used.
    graded : tuple of int
        Places of the columns that become normal scores.
    knots, scores : ndarray, (graded, quantiles)
        Ascending values of the training rows and the normal score of each.
    """

    key: int
    metre: int
    graded: tuple[int, ...]
    knots: Floats
    scores: Floats

    def encode(self, rows: Any) -> Floats:
        """Return (n, inputs) of rows, (n, columns used)."""
        table = np.atleast_2d(np.asarray(rows, float))
        graded = [np.interp(table[:, place], knots, scores) for place, knots, scores
                  in zip(self.graded, self.knots, self.scores, strict=True)]
        keys = [table[:, self.key] == key for key in range(KEYS)]
        metres = [table[:, self.metre] == metre for metre in METRES]
        return np.nan_to_num(np.stack([*graded, *keys, *metres], axis=1).astype(float))

    def places(self) -> list[int]:
        """Return, for each input, the place of the column it was made of."""
        return [*self.graded, *[self.key] * KEYS, *[self.metre] * len(METRES)]


@dataclass(frozen=True, slots=True)
class Nets:
    """Members of one bag.

    Attributes
    ----------
    encoding : Encoding
    weights, biases : tuple of ndarray, (members, in, out) and (members, 1, out)
        The last ones give the scores that `odds` takes.
    origin : ndarray, (inputs,)
        Mean training row, encoded.
    """

    encoding: Encoding
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    origin: Floats

    def levels(self, rows: Any) -> Floats:
        """Return raw log-odds, (members, n), of rows, (n, columns used)."""
        inputs = self.encoding.encode(rows)
        parts = [odds(self._forward(inputs[at:at + AT_ONCE])[-1]) for at in range(0, len(inputs), AT_ONCE)]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(self.weights[0]), 0))

    def expected(self) -> float:
        """Return the mean level of the mean training row."""
        return float(odds(self._forward(self.origin[None])[-1]).mean())

    def shares(self, row: Any, players: Sequence[int], count: int) -> Floats:
        """Return what each player adds to `expected`, (count,); `players` are those of the columns used."""
        away = self.encoding.encode(row)[0] - self.origin
        points, weights = np.polynomial.legendre.leggauss(POINTS)
        line = self.origin + (points[:, None] + 1) / 2 * away
        added = away * (weights[:, None] / 2 * self._slopes(line)).sum(axis=0)
        return np.asarray(np.bincount([players[place] for place in self.encoding.places()], added, count), float)

    def _forward(self, inputs: Floats) -> list[Floats]:
        """Return what enters each layer's bend, (members, n, out), the last one the scores."""
        states, at = [], np.broadcast_to(inputs, (len(self.weights[0]), *inputs.shape))
        for weight, bias in zip(self.weights, self.biases, strict=True):
            states.append(at @ weight + bias)
            at = states[-1] * _sigmoid(states[-1])
        return states

    def _slopes(self, inputs: Floats) -> Floats:
        """Return the mean level's derivative by each input, (n, inputs)."""
        states = self._forward(inputs)
        slope = _steepness(states[-1])
        for number in range(len(self.weights) - 1, -1, -1):
            slope = slope @ self.weights[number].transpose(0, 2, 1)
            if number:
                bend = _sigmoid(states[number - 1])
                slope = slope * bend * (1 + states[number - 1] * (1 - bend))
        return np.asarray(slope.mean(axis=0), float)


def odds(scores: Floats) -> Floats:
    """Return the log-odds of a hit in any period, (...,), of scores (..., 2 periods) of "other" and "hit" by turns.

    Scores are log-probabilities but for a constant: the sum over periods is that of their exponentials.
    """
    return np.asarray(np.logaddexp.reduce(scores[..., 1::2], axis=-1) - np.logaddexp.reduce(scores[..., ::2], axis=-1))


def _steepness(scores: Floats) -> Floats:
    """Return the derivative of `odds` by each score."""
    found = np.empty_like(scores)
    for first, sign in ((0, -1), (1, 1)):
        mine = scores[..., first::2]
        found[..., first::2] = sign * np.exp(mine - np.logaddexp.reduce(mine, axis=-1)[..., None])
    return found


def fit_encoding(table: Floats, key: int, metre: int, quantiles: int = 101) -> Encoding:
    """Return the encoding of training rows, (n, columns used); equal values get the mean score of their places."""
    from scipy.special import ndtri

    graded = tuple(place for place in range(table.shape[1]) if place not in (key, metre))
    share = np.linspace(0, 1, quantiles)
    score = np.clip(ndtri(share), -FURTHEST, FURTHEST)
    knots = np.nanquantile(table[:, graded], share, axis=0).T
    scores = np.array([[score[each == value].mean() for value in each] for each in knots])
    return Encoding(key, metre, graded, knots, scores)


def pack(nets: Nets) -> dict[str, NDArray[Any]]:
    """Return small arrays of which `unpack` makes the nets again."""
    coding = nets.encoding
    found: dict[str, NDArray[Any]] = {"places": np.array([coding.key, coding.metre, *coding.graded], np.int16),
                                      "knots": coding.knots, "scores": coding.scores, "origin": nets.origin}
    for number, (weight, bias) in enumerate(zip(nets.weights, nets.biases, strict=True)):
        found |= {f"weight{number}": weight, f"bias{number}": bias}
    return {name: each if each.dtype == np.int16 else each.astype(np.float32) for name, each in found.items()}


def unpack(kept: Mapping[str, NDArray[Any]]) -> Nets:
    """Return the nets that `pack` wrote."""
    key, metre, *graded = kept["places"].tolist()
    coding = Encoding(key, metre, tuple(graded), kept["knots"].astype(float), kept["scores"].astype(float))
    layers = range(sum(name.startswith("weight") for name in kept))
    return Nets(coding, tuple(kept[f"weight{number}"].astype(float) for number in layers),
                tuple(kept[f"bias{number}"].astype(float) for number in layers), kept["origin"].astype(float))


def _sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))
