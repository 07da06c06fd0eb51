"""Rank in a graph, as of TextRank (Mihalcea and Tarau, 2004): what much that matters points at matters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAMPING = 0.85
"""As in the paper."""
_STEPS, _CLOSE = 100, 1e-9


def rank(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the rank of each node of an undirected graph; they add up to 1.

    Parameters
    ----------
    weights : ndarray, (n, n)
        Of the edges, at least 0, symmetric; the diagonal is not read.

    Notes
    -----
    The fixed point of ``r = (1 - d) / n + d * W r``, W the weights scaled so that each column adds up to 1; a node
    without edges gives its rank to all alike. Empty for no nodes.
    """
    count = len(weights)
    if not count:
        return np.empty(0)
    edges = np.array(weights, float)
    np.fill_diagonal(edges, 0)
    out = edges.sum(axis=0)
    edges[:, out == 0], out[out == 0] = 1, count
    edges /= out
    ranks = np.full(count, 1 / count)
    for _ in range(_STEPS):
        before, ranks = ranks, (1 - DAMPING) / count + DAMPING * (edges @ ranks)
        if np.abs(ranks - before).sum() < _CLOSE:
            break
    return ranks
