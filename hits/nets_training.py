"""Training of the small nets of the feature model (`hits.nets`), all members at once, by torch.

Settings were chosen by cross-validation over artists of the training side. AdamW (Loshchilov & Hutter 2019) with a rate
that rises and falls once; dropout and weight decay against learning tracks by heart.

A net learns a hit's period together with whether it is one (multi-task learning, Caruana 1997): what a hit sounds like
depends on its time, and a net that has to tell times apart finds inputs that matter to both. The period is never given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits.nets import Floats, Nets, fit_encoding

HIDDEN = (64, 32)
EPOCHS, BATCH = 40, 512
RATE, DECAY, DROPOUT = 3e-3, 0.3, 0.1
START = 1.4
"""Size of the first weights over 1 / sqrt(inputs)."""


def fit_nets(table: Floats, labels: Floats, periods: NDArray[Any], chosen: Sequence[NDArray[np.int64]], key: int,
             metre: int, seed: int) -> Nets:
    """Fit one net to each choice of rows.

    Parameters
    ----------
    table : ndarray, (n, columns used)
    labels : ndarray, (n,)
        0 to 1.
    periods : ndarray, (n,)
        Equal for tracks of one time; all alike where times are not known.
    chosen : sequence of ndarray of int
        Rows of each member.
    key, metre : int
        Places of those columns.
    """
    import torch

    encoding = fit_encoding(table, key, metre)
    inputs = encoding.encode(table)
    random = torch.Generator().manual_seed(seed)
    names, period = np.unique(periods, return_inverse=True)
    layers = _layers(torch, (inputs.shape[1], *HIDDEN, 2 * len(names)), len(chosen), random)
    _descend(torch, layers, torch.tensor(inputs, dtype=torch.float32), _targets(torch, labels, period, len(names)),
             [torch.tensor(each) for each in chosen], random)
    weights, biases = (tuple(each[side].detach().numpy().astype(float) for each in layers) for side in (0, 1))
    return Nets(encoding, weights, biases, inputs.mean(axis=0))


def _targets(torch: Any, labels: Floats, period: NDArray[np.int64], periods: int) -> Any:
    """Return the shares of "other" and "hit" by period, (n, 2 periods), that scores are to give."""
    shares = np.zeros((len(labels), 2 * periods), np.float32)
    rows = np.arange(len(labels))
    shares[rows, 2 * period], shares[rows, 2 * period + 1] = 1 - labels, labels
    return torch.tensor(shares)


def _layers(torch: Any, sizes: Sequence[int], members: int, random: Any) -> list[tuple[Any, Any]]:
    made = [(torch.randn(members, a, b, generator=random) * START / a**0.5, torch.zeros(members, 1, b))
            for a, b in zip(sizes, sizes[1:], strict=False)]
    return [(weight.requires_grad_(), bias.requires_grad_()) for weight, bias in made]


def _descend(torch: Any, layers: list[tuple[Any, Any]], inputs: Any, shares: Any, chosen: Sequence[Any],
             random: Any) -> None:
    parameters = [each for layer in layers for each in layer]
    steps = EPOCHS * max(1, len(inputs) // BATCH)
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(steps):
        rows = torch.stack([mine[torch.randint(len(mine), (BATCH,), generator=random)] for mine in chosen])
        said = torch.log_softmax(_forward(torch, layers, inputs[rows], random), dim=-1)
        loss = -(said * shares[rows]).sum(-1).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        pace.step()


def _forward(torch: Any, layers: list[tuple[Any, Any]], at: Any, random: Any) -> Any:
    """Return scores, (members, rows, 2 periods), with some of the hidden units dropped."""
    for number, (weight, bias) in enumerate(layers):
        at = torch.baddbmm(bias, at, weight)
        if number < len(layers) - 1:
            at = torch.nn.functional.silu(at)
            at = at * (torch.rand(at.shape, generator=random) >= DROPOUT) / (1 - DROPOUT)
    return at
