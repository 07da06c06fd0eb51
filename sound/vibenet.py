"""The seven audio descriptors by `vibenet`, where an operator has installed it; never required.

Task: danceability, energy, speechiness, acousticness, instrumentalness, liveness and valence of a track, each 0 to 1,
as the labelled set of the feature model has them; `vibenet` is a small network trained to imitate those. It is licensed
GPL-3, so it is no part of this product: ``make vibenet`` installs it beside, and it is imported at use.

Conventions: mono samples; the whole track is described at once up to `LONGEST_S`, beyond that its middle.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError

NAMES = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")
RATE = 16_000
"""Samples a second that it was trained on."""
SHORTEST_S, LONGEST_S = 1.0, 30.0
"""Seconds; its network was trained on excerpts of half a minute, which take about half a second on one core."""


def available() -> bool:
    """Return whether `vibenet` is installed."""
    return find_spec("vibenet") is not None


def describe(samples: NDArray[np.float32], rate: int) -> dict[str, float]:
    """Return the seven descriptors of a track.

    Parameters
    ----------
    samples : ndarray, (n,)
        Mono, -1 to 1.
    rate : int
        Samples a second.

    Raises
    ------
    DataError
        ``vibenet.missing`` where it is not installed; ``vibenet.failed`` where it gives no numbers.
    """
    if not available():
        raise DataError("vibenet.missing")
    if len(samples) < SHORTEST_S * rate:
        raise DataError("vibenet.failed", reason=f"{len(samples) / rate:.1f} s < {SHORTEST_S:.0f} s")
    try:
        found = _model().predict(_middle(samples, rate), sr=rate)[0].to_dict()
    except Exception as error:  # a foreign package: whatever it raises, the page goes on without
        raise DataError("vibenet.failed", reason=f"{type(error).__name__}: {error}"[:200]) from error
    told = {name: float(found.get(name, np.nan)) for name in NAMES}
    if not all(np.isfinite(value) and 0 <= value <= 1 for value in told.values()):
        raise DataError("vibenet.failed", reason=str(told))
    return told


def _middle(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    length = int(LONGEST_S * rate)
    start = max(0, (len(samples) - length) // 2)
    return np.asarray(samples[start:start + length], np.float32)


@lru_cache(maxsize=1)
def _model() -> Any:
    import vibenet  # optional

    return vibenet.load_model()
