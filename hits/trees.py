"""Boosted trees from plain arrays: evaluated and explained in numpy, without the library that grew them.

Task: a bag of members, each a sum of small trees on the same columns; their levels (raw log-odds) for many rows, and
for one row what each group of columns adds. Source of the second: path-dependent Shapley values (Lundberg et al. 2018,
"Consistent individualized feature attribution for tree ensembles"): exact for these trees, with the shares of training
rows that took each branch standing for what is not known. Columns that were made from one input are one player, so no
sum is split by hand.

Conventions: a row goes left where its value is at most the threshold, and where it is missing (NaN) as the node says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
AT_ONCE = 128
"""Rows evaluated together: what they need stays within the processor's cache."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees in one row; children come after their parents; a leaf's children are -1.

    Attributes
    ----------
    column, left, right : ndarray, (nodes,)
    threshold, value, share : ndarray, (nodes,)
        `value` counts at leaves; `share` is the part of the parent's training rows that came here (1 at a root).
    missing_left : ndarray of bool, (nodes,)
    roots, member : ndarray, (trees,)
        First node of each tree; which member it belongs to.
    start : ndarray, (members,)
        What each member says before its trees.
    """

    column: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing_left: NDArray[np.bool_]
    value: Floats
    share: Floats
    roots: Ints
    member: Ints
    start: Floats

    def levels(self, rows: Any) -> Floats:
        """Return raw log-odds, (members, n), of `rows`, (n, columns)."""
        table = np.atleast_2d(np.asarray(rows, float))
        parts = [self._levels(table[at:at + AT_ONCE]) for at in range(0, len(table), AT_ONCE)]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(self.start), 0))

    def _levels(self, rows: Floats) -> Floats:
        node = np.repeat(self.roots[:, None], len(rows), axis=1)
        row = np.broadcast_to(np.arange(len(rows)), node.shape)
        while (inner := self.left[node] >= 0).any():
            found = rows[row, self.column[node]]
            goes = np.where(np.isnan(found), self.missing_left[node], found <= self.threshold[node])
            node = np.where(inner, np.where(goes, self.left[node], self.right[node]), node)
        total = np.zeros((len(self.start), len(rows)))
        np.add.at(total, self.member, self.value[node])
        return total + self.start[:, None]


class Explainer:
    """What each group of columns adds to the mean level of all members.

    A path's share in a player's Shapley value is an integral over t of a product over its other players of
    ``(1 - t) * share + t * known`` (Owen 1972), a polynomial, so that a few Gauss-Legendre points give it exactly.

    Parameters
    ----------
    trees : Trees
    players : sequence of int
        The group of each column, from 0 on.
    """

    def __init__(self, trees: Trees, players: Sequence[int]) -> None:
        self.trees, self.count = trees, max(players) + 1
        self.leaves, self.nodes, self.rights = _paths(trees)
        self.scale = (trees.value[self.leaves] / len(trees.start)).astype(np.float32)
        slot_of, player, kept = self._slots(np.asarray(players, np.int64))
        # Slots by paths, in single precision: what is added up path by path lies side by side.
        self.player, self.kept = np.ascontiguousarray(player.T), np.ascontiguousarray(kept.T, dtype=np.float32)
        path, step = np.nonzero(self.nodes >= 0)
        self.step_node, self.step_right = self.nodes[path, step], self.rights[path, step]
        self.step_place = slot_of[path, step] * len(self.leaves) + path
        self.there = self.player.ravel() >= 0
        self.owner = self.player.ravel()[self.there]
        points, weights = np.polynomial.legendre.leggauss((len(self.kept) + 1) // 2)
        self.points, self.weights = ((points + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)

    def _slots(self, players: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the slot of each step of each path, the player in each slot (-1: none) and its product of shares."""
        trees, on_path = self.trees, self.nodes >= 0
        mine = np.where(on_path, players[trees.column[self.nodes]], -1)
        child = np.where(self.rights, trees.right[self.nodes], trees.left[self.nodes])
        share = np.where(on_path, trees.share[child], 1.0)
        present = np.stack([(mine == each).any(axis=1) for each in range(self.count)], axis=1)
        product = np.stack([np.where(mine == each, share, 1.0).prod(axis=1) for each in range(self.count)], axis=1)
        width = max(int(present.sum(axis=1).max()), 1)
        order = np.argsort(~present, axis=1, kind="stable")[:, :width]
        player = np.where(np.take_along_axis(present, order, axis=1), order, -1)
        place = np.cumsum(present, axis=1) - 1
        slot_of = np.where(on_path, np.take_along_axis(place, np.maximum(mine, 0), axis=1), width)
        return slot_of, player, np.take_along_axis(product, order, axis=1)

    def expected(self) -> float:
        """Return the mean level before anything is known of a row."""
        return float((self.scale * self.kept.prod(axis=0)).sum(dtype=float) + self.trees.start.mean())

    def shares(self, row: Any) -> Floats:
        """Return what each player adds to `expected`; the sum leads to the mean level of `row`, (columns,)."""
        known = self._known(np.asarray(row, float))
        apart = known - self.kept
        total = np.zeros_like(known)
        for point, weight in zip(self.points, self.weights, strict=True):
            factor = self.kept + point * apart
            total += weight * factor.prod(axis=0) / factor
        gain = (self.scale * apart * total).ravel()[self.there]
        return np.asarray(np.bincount(self.owner, gain, self.count), float)

    def _known(self, row: Floats) -> NDArray[np.float32]:
        """Return 1 where all of a player's splits on a path let the row pass, else 0; 1 for empty slots."""
        trees = self.trees
        found = row[trees.column]
        goes_left = np.where(np.isnan(found), trees.missing_left, found <= trees.threshold)
        passes = np.ones(self.kept.shape, np.float32)
        passes.ravel()[self.step_place[goes_left[self.step_node] == self.step_right]] = 0.0
        return passes


def pack(grown: Sequence[Trees], edges: Sequence[Floats]) -> dict[str, NDArray[Any]]:
    """Return one bag of single members as small arrays; thresholds as places in each column's `edges`."""
    offset = np.cumsum([0, *(len(each.column) for each in grown)])
    starts = np.cumsum([0, *(len(each) for each in edges)])
    column = np.concatenate([each.column for each in grown])
    threshold = np.concatenate([each.threshold for each in grown])
    inner = np.concatenate([each.left for each in grown]) >= 0
    place = np.zeros(len(column), np.int64)
    for number, cuts in enumerate(edges):
        mine = inner & (column == number)
        place[mine] = np.searchsorted(cuts, threshold[mine])
    left, right = ((np.concatenate([getattr(each, side) for each in grown])) for side in ("left", "right"))
    missing = np.concatenate([each.missing_left for each in grown])
    relative = [np.where(inner, child - np.arange(len(child)) + np.repeat(offset[:-1], np.diff(offset)), 0)
                for child in (left, right)]
    return {"edges": np.concatenate(edges).astype(np.float32), "edge_starts": starts.astype(np.int32),
            "column": np.where(inner, column * 2 + missing, 255).astype(np.uint8), "place": place.astype(np.uint16),
            "left": relative[0].astype(np.uint8), "right": relative[1].astype(np.uint8),
            "value": np.concatenate([each.value for each in grown]).astype(np.float32),
            "share": np.concatenate([each.share for each in grown]).astype(np.float16),
            "sizes": np.concatenate([np.diff([*each.roots, len(each.column)]) for each in grown]).astype(np.uint16),
            "trees": np.array([len(each.roots) for each in grown], np.int32),
            "start": np.concatenate([each.start for each in grown])}


def unpack(kept: Mapping[str, NDArray[Any]]) -> Trees:
    """Return the bag that `pack` wrote."""
    code, at = kept["column"].astype(np.int64), np.arange(len(kept["column"]))
    inner = code < 255
    column = np.where(inner, code // 2, 0)
    threshold = kept["edges"].astype(float)[np.where(inner, kept["edge_starts"][column] + kept["place"], 0)]
    roots = np.cumsum([0, *kept["sizes"].astype(np.int64)])[:-1]
    left, right = (np.where(inner, at + kept[side], -1) for side in ("left", "right"))
    share = kept["share"].astype(float)
    return Trees(column=column, threshold=threshold, left=left, right=right,
                 missing_left=inner & (code % 2 == 1), value=kept["value"].astype(float), share=share, roots=roots,
                 member=np.repeat(np.arange(len(kept["trees"])), kept["trees"]), start=kept["start"].astype(float))


def _paths(trees: Trees) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return all leaves, (leaves,), the inner nodes on the way to each, (leaves, depth), -1 beyond, and the sides."""
    parent, is_right = np.full(len(trees.column), -1), np.zeros(len(trees.column), bool)
    inner = np.flatnonzero(trees.left >= 0)
    parent[trees.left[inner]] = parent[trees.right[inner]] = inner
    is_right[trees.right[inner]] = True
    leaves = np.flatnonzero(trees.left < 0)
    at, nodes, sides = leaves, [], []
    while (parent[at] >= 0).any():
        nodes.append(parent[at])
        sides.append(is_right[at] & (parent[at] >= 0))
        at = np.where(parent[at] >= 0, parent[at], at)
    if not nodes:
        return leaves, np.full((len(leaves), 1), -1), np.zeros((len(leaves), 1), bool)
    return leaves, np.stack(nodes, axis=1), np.stack(sides, axis=1)
