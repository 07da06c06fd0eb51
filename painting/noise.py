"""Noise that looks grown: sums of smooth random grids, and profiles of hills.

Conventions: results are float32, about 0 to 1 with mean 0.5; the same generator gives the same noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]


def cloud(rng: np.random.Generator, width: int, height: int, cells: tuple[float, float], octaves: int = 4,
          rough: float = 0.5) -> Field:
    """Return fractal noise, shape (height, width).

    Parameters
    ----------
    cells : tuple of (float, float)
        Cells of the coarsest grid across and down; few across and many down give streaks.
    octaves : int
        Grids summed, each twice as fine as the one before.
    rough : float
        Weight of a grid against the one before.
    """
    total = np.zeros((height, width), np.float32)
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        across, down = (max(1, round(cells[axis] * 2 ** octave)) for axis in (0, 1))
        grid = rng.random((min(down + 3, height), min(across + 3, width)), np.float32)
        total += weight * _grown(grid, width, height)
        weights += weight
        weight *= rough
    spread = 0.5 + (total / weights - 0.5) * 1.6
    return np.clip(spread, 0, 1, out=spread)


def profile(rng: np.random.Generator, width: int, cells: float, octaves: int = 6, rough: float = 0.5,
            ridged: bool = False) -> Field:
    """Return the outline of a row of hills, shape (width,); `ridged` folds the noise so that peaks are sharp."""
    total = np.zeros(width, np.float32)
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        count = max(2, round(cells * 2 ** octave))
        values = rng.random(count + 3)
        row = _smooth(values, np.linspace(1, count + 1, width))
        if ridged:
            row = 1 - np.abs(2 * row - 1)
        total += (weight * row).astype(np.float32)
        weights += weight
        weight *= rough
    return total / np.float32(weights)


def _smooth(values: NDArray[np.floating], places: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a Catmull-Rom curve through `values` at `places`."""
    last = len(values) - 3
    left = np.clip(places.astype(int), 1, last)
    part = places - left
    before, here, there, after = (values[left + step] for step in (-1, 0, 1, 2))
    bend: NDArray[np.floating] = here + 0.5 * part * (there - before + part * (
        2 * before - 5 * here + 4 * there - after + part * (3 * (here - there) + after - before)))
    return bend


def _grown(grid: Field, width: int, height: int) -> Field:
    picture = Image.fromarray(grid)
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC), np.float32)
