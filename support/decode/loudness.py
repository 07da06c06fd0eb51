"""Integrated loudness of a recording as it streams by: ITU-R BS.1770-4, annex 1. Runs in the worker process only.

Two filters of second order ("K-weighting") stand for head and ear; of what comes out the mean square of every 400 ms,
begun every 100 ms, is taken over all channels; blocks under -70 LUFS, then those 10 LU under the mean of the rest,
count for nothing.

The filters are recursive: each sample needs the one before. For speed about 64 samples are filtered at once, as a
product of matrices, from the state the filters were left in; so are those states, for some 30 such runs at once; from
there on they are carried in double precision. The result is that of the recursion, to single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RUNS = range(50, 81)
"""Samples that are filtered at once: the number that makes up 100 ms best is taken, 63 at 44,100 Hz."""
MOST_RUNS = 40
"""Whose states are found at once; more would cost more than it saves."""
BLOCK, ABSOLUTE_GATE, RELATIVE_GATE, OFFSET = 4, -70.0, -10.0, -0.691
"""Steps of 100 ms in a block; LUFS; LU; dB so that 997 Hz at full scale are -3.01 LUFS (BS.1770-4, equation 2)."""
SURROUND = 1.41
"""Weight of speakers 60 to 120 degrees to the side (BS.1770-4, table 4)."""
WEIGHTS = {1: (1,), 2: (1, 1), 3: (1, 1, 1), 4: (1, 1, SURROUND, SURROUND), 5: (1, 1, 1, SURROUND, SURROUND),
           6: (1, 1, 1, 0, SURROUND, SURROUND), 7: (1, 1, 1, 0, 1, SURROUND, SURROUND),
           8: (1, 1, 1, 0, 1, 1, SURROUND, SURROUND)}
"""By number of channels, in the order of WAVE: left, right, centre, low frequencies, back, side."""
VORBIS_WEIGHTS = WEIGHTS | {6: (1, 1, 1, SURROUND, SURROUND, 0), 7: (1, 1, 1, SURROUND, SURROUND, 1, 0),
                            8: (1, 1, 1, SURROUND, SURROUND, 1, 1, 0)}
"""The same in the order of Vorbis and Opus: left, centre, right, side, back, low frequencies (Vorbis I, 4.3.9)."""


class Loudness:
    """Loudness of what was added so far.

    Parameters
    ----------
    rate : int
        Samples a second.
    weights : sequence of float
        Of the channels: an entry of `WEIGHTS` or `VORBIS_WEIGHTS`.

    Attributes
    ----------
    step : int
        Samples of 100 ms; whoever adds multiples of it spares a copy.
    """

    def __init__(self, rate: int, weights: Sequence[float]) -> None:
        self._weights = np.array(weights, np.float64)
        self._filter, self._state = _k_weighting(rate), np.zeros((len(weights), 4))
        self.step = self._filter.span
        self._kept = np.zeros((len(weights), 0), np.float32)
        self._powers: list[NDArray[np.float64]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Add samples, (channels, n)."""
        if self._kept.size:
            samples = np.concatenate([self._kept, samples], axis=1)
        ready = samples.shape[1] // self.step * self.step
        self._kept = samples[:, ready:].copy()
        if not ready:
            return
        heard, self._state = self._filter(samples[:, :ready], self._state)
        self._powers.append(self._weights @ np.einsum("csn,csn->cs", heard, heard))

    def integrated(self) -> float:
        """Return the loudness in LUFS; minus infinity where no block is over the absolute gate.

        A last step that is not full belongs to no block.
        """
        steps = np.concatenate([np.zeros(0), *self._powers])
        if len(steps) < BLOCK:
            return -np.inf
        return gated(np.convolve(steps, np.ones(BLOCK), "valid") / (BLOCK * self.step))


def gated(powers: NDArray[np.float64]) -> float:
    """Return the loudness of blocks by their mean squares (BS.1770-4, equations 5 to 7)."""
    loud = powers[_decibels(powers) > ABSOLUTE_GATE]
    if not len(loud):
        return -np.inf
    return float(_decibels(np.mean(loud[_decibels(loud) > _decibels(np.mean(loud)) + RELATIVE_GATE])))


def _decibels(powers: Any) -> Any:
    return OFFSET + 10 * np.log10(np.maximum(powers, 1e-30))


class _Blocked:
    """A recursive filter for steps of 100 ms, given by its state space.

    Parameters
    ----------
    rate : int
    step, into, out : array (n, n), (n,), (n,)
    through : float
        state' = step @ state + into * x; y = out @ state + through * x.
    """

    def __init__(self, rate: int, step: Any, into: Any, out: Any, through: float) -> None:
        self._run = run = min(RUNS, key=lambda length: abs(round(rate / 10 / length) * length - rate / 10))
        runs = round(rate / 10 / run)
        count = max(count for count in range(1, MOST_RUNS + 1) if runs % count == 0)
        self.span, self._part = run * runs, run * count
        powers = _powers(step, run)
        response = np.array([through, *(out @ power @ into for power in powers[:run - 1])])
        late = np.arange(run) - np.arange(run)[:, None]
        direct = np.where(late >= 0, response[late], 0)
        self._now = _single(np.hstack([direct, powers[run - 1::-1] @ into]))
        self._later = _single((out @ powers[:run]).T)
        jumps = _powers(powers[run], count).transpose(0, 2, 1)
        late = np.arange(count) - np.arange(count)[:, None]
        within = np.where((late > 0)[..., None, None], jumps[late - 1], 0).transpose(0, 2, 1, 3)
        self._within = _single(within.reshape(count * len(step), -1))
        self._begin, self._end = np.hstack(list(jumps[:count])), np.vstack(list(jumps[count - 1::-1]))
        self._jump = jumps[count]

    def __call__(self, samples: NDArray[np.float32], state: NDArray[np.float64]
                 ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the filtered samples, (channels, steps, span), and the state the filter is left in.

        Parameters
        ----------
        samples : array (channels, steps * span)
        state : array (channels, n)
        """
        channels, parts = len(samples), samples.shape[1] // self._part
        made = np.ascontiguousarray(samples).reshape(-1, self._run) @ self._now
        heard, pushed = made[:, :self._run], made[:, self._run:].reshape(channels * parts, -1)
        ends = (pushed @ self._end).reshape(channels, parts, -1)
        begun = np.empty_like(ends)
        for place in range(parts):
            begun[:, place] = state
            state = state @ self._jump + ends[:, place]
        states = pushed @ self._within
        states += begun.reshape(channels * parts, -1) @ self._begin
        heard += states.reshape(len(made), -1) @ self._later
        return np.ascontiguousarray(heard).reshape(channels, -1, self.span), state


def _single(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a matrix in single precision, without numbers so small that processors are slow with them."""
    return np.where(np.abs(matrix) > 1e-20, matrix, 0).astype(np.float32)


def _powers(matrix: Any, most: int) -> NDArray[np.float64]:
    """Return the powers 0 to `most` of a square matrix."""
    found = [np.eye(len(matrix))]
    for _ in range(most):
        found.append(found[-1] @ matrix)
    return np.array(found)


@lru_cache(maxsize=8)
def _k_weighting(rate: int) -> _Blocked:
    """Return both filters in a row."""
    (step_1, into_1, out_1, through_1), (step_2, into_2, out_2, through_2) = map(_state_space, coefficients(rate))
    step = np.block([[step_1, np.zeros((2, 2))], [np.outer(into_2, out_1), step_2]])
    into, out = np.concatenate([into_1, into_2 * through_1]), np.concatenate([through_2 * out_1, out_2])
    return _Blocked(rate, step, into, out, through_1 * through_2)


def coefficients(rate: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return b and a of the two filters, a[0] = 1: a shelf for the head, then a high-pass.

    BS.1770-4 gives them for 48,000 Hz (tables 1 and 2); these are the analogue filters behind, found by inverting the
    bilinear transform, brought to `rate` by the same transform. At 48,000 Hz they are the standard's own, to 1e-9.
    """
    bend, quality, gain = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = gain ** 0.4996667741545416
    least = 1 + bend / quality + bend * bend
    shelf = (np.array([gain + middle * bend / quality + bend * bend, 2 * (bend * bend - gain),
                       gain - middle * bend / quality + bend * bend]) / least,
             np.array([least, 2 * (bend * bend - 1), 1 - bend / quality + bend * bend]) / least)
    bend, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    least = 1 + bend / quality + bend * bend
    return shelf, (np.array([1.0, -2.0, 1.0]),
                   np.array([least, 2 * (bend * bend - 1), 1 - bend / quality + bend * bend]) / least)


def _state_space(filter_: tuple[Any, Any]) -> tuple[Any, Any, Any, float]:
    (b0, b1, b2), (_, a1, a2) = filter_
    return np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([b1 - a1 * b0, b2 - a2 * b0]), np.array([1.0, 0.0]), float(b0)
