"""The trained head on the network's features: six kinds of weather, drawing or photo, familiar or strange.

Weights are plain arrays (``models/weather_head/weights.npz``), never code. The head knows six kinds of weather and
nothing else: of an indoor picture it would name one all the same. So it also says how strange a picture is to it, as
the distance from the space that weather pictures span; `Head.familiar` is false where hardly any weather picture is so
far off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seeing.network import MODELS, WIDTH, checked
from support.errors import DataError

FOLDER = MODELS / "weather_head"
LABELS = ("clouds", "fog", "rain", "shine", "storm", "sunrise")
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """Weights of the head; `WIDTH` features each.

    Attributes
    ----------
    weather_weights, weather_bias : ndarray, shape (6, WIDTH) and (6,)
    painted_weights, painted_bias : ndarray, shape (1, WIDTH) and (1,)
    mean, scale : ndarray, shape (WIDTH,)
        Of the weather pictures.
    basis : ndarray, shape (directions, WIDTH)
        Orthonormal directions in which weather pictures differ.
    limit : ndarray, shape (1,)
        Strangeness up to which a picture counts as familiar.
    """

    weather_weights: Array
    weather_bias: Array
    painted_weights: Array
    painted_bias: Array
    mean: Array
    scale: Array
    basis: Array
    limit: Array

    def weather(self, features: Array) -> dict[str, float]:
        """Return the probability of each of `LABELS` for the features of one picture; they sum to 1."""
        levels = self.weather_weights @ features + self.weather_bias
        likely = np.exp(levels - levels.max())
        return dict(zip(LABELS, (likely / likely.sum()).tolist(), strict=True))

    def painted(self, features: Array) -> float:
        """Return the probability that a picture is a drawing or graphics rather than a photo."""
        return float(1 / (1 + np.exp(-(self.painted_weights @ features + self.painted_bias)[0])))

    def strangeness(self, features: Array) -> float:
        """Return how far a picture lies from the space of weather pictures, in standard deviations a feature."""
        return self.strangeness_in(self.mean, self.scale, self.basis, features)

    def familiar(self, features: Array) -> bool:
        """Return whether weather pictures are like this one."""
        return self.strangeness(features) <= float(self.limit[0])

    @staticmethod
    def strangeness_in(mean: Array, scale: Array, basis: Array, features: Array) -> float:
        """Return the root mean square of what the basis does not explain of the standardised features."""
        given = (features - mean) / scale
        wide = basis.astype(np.float32)
        return float(np.sqrt(np.mean((given - (wide @ given) @ wide) ** 2)))


SHAPES: Mapping[str, tuple[int | None, ...]] = {
    "weather_weights": (len(LABELS), WIDTH), "weather_bias": (len(LABELS),), "painted_weights": (1, WIDTH),
    "painted_bias": (1,), "mean": (WIDTH,), "scale": (WIDTH,), "basis": (None, WIDTH), "limit": (1,)}
"""What each array's sides must be; None: any."""


def load_head(folder: Path = FOLDER) -> Head:
    """Return the head of a folder.

    Raises
    ------
    DataError
        ``image_tags.model``: absent, not the file that ``metrics.json`` names, or arrays of another shape.
    """
    path = f"models/{folder.name}/weights.npz"
    data = checked(folder, "weights.npz")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in SHAPES}
    except (OSError, ValueError, KeyError) as error:
        raise DataError("image_tags.model", path=path, problem=str(error)) from error
    for name, wanted in SHAPES.items():
        shape = arrays[name].shape
        fits = len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))
        if not fits or not np.isfinite(arrays[name]).all():
            raise DataError("image_tags.model", path=path, problem=f"{name} {shape}")
    return Head(**arrays)


@cache
def shipped_head() -> Head:
    """Return the head the product ships, loaded once."""
    return load_head()
