"""Sections of a song: where its sound or its harmony changes for good, about as often as in the labelled set.

Novelty
    Foote's checkerboard kernel on the self-similarity of timbre and chroma (Foote 2000, "Automatic audio segmentation
    using a measure of audio novelty"). With the inner product as similarity and a kernel ``g(i) g(j) sign(i) sign(j)``
    the sum over the square is the squared length of one sum, ``novelty(t) = |sum_i g(i) sign(i) f(t + i)|^2``: no
    matrix is needed.
Boundaries
    The set of peaks of novelty that is best taken together: each is worth ``WEIGHT * log(novelty / mean) + WORTH``,
    each section ``log p(length)`` of a log-normal distribution of lengths; found exactly by dynamic programming.
Lengths, from the labelled set
    Of tracks of 210 to 240 s the number of sections has the mean 10.1 and the standard deviation 1.9. Independent
    lengths of mean m and relative spread c give d / m sections, give or take c * sqrt(d / m): so m = 22.4 s and
    c = 0.6, a log-normal of median 19.2 s and sigma 0.555. Two such lengths together have the standard deviation
    19.0 s; the start of the third section, in the set, has 19.1.

Conventions: seconds from the start of the song; the first section starts at 0 and is not listed as a boundary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sound.curves import TIMBRE_RATE

MEDIAN_S, SIGMA = 19.2, 0.555
"""Of the log-normal distribution of the lengths of sections."""
SHORTEST_S = 5.0
"""Seconds; of the tracks over 90 s in the labelled set none has a mean under 11."""
KERNEL_S = 12.0
"""Seconds on either side of a boundary that are compared."""
PEAK_S = 2.0
"""Seconds on either side within which a candidate is the highest."""
WEIGHT, WORTH = 2.0, 2.8
"""Set so that number and lengths of sections come out as in the labelled set, see docs/hit-features.md."""
FIRST, SECONDS_EACH, COUNT_SPREAD = 2.2, 28.5, 0.2
"""Sections of a track of d seconds in the labelled set: 2.2 + d / 28.5 on average, give or take 20 %."""
Array = NDArray[np.float64]


def boundaries(timbre: NDArray[np.floating], chroma: NDArray[np.floating], times: Array) -> Array:
    """Return the starts of all sections but the first, in seconds.

    Parameters
    ----------
    timbre, chroma : ndarray, shape (n, features)
        Of each half second that counts, in order.
    times : ndarray, shape (n,)
        Seconds at which each of them starts; there may be gaps.
    """
    rise = novelty(np.hstack([_scaled(timbre), _scaled(chroma)]))
    chosen = _best(rise, _peaks(rise))
    return times[chosen]


def novelty(features: Array) -> Array:
    """Return Foote's novelty, shape (n,), of features in time, shape (n, features); 0 where nothing changes."""
    from scipy.signal import fftconvolve

    half = max(2, round(KERNEL_S * TIMBRE_RATE))
    i = np.arange(half) + 0.5
    taper = np.exp(-0.5 * (2 * i / half) ** 2)
    kernel = np.concatenate([taper[::-1] * -1, taper]) / taper.sum()
    padded = np.pad(features, ((half, half), (0, 0)), mode="edge")
    change = fftconvolve(padded, kernel[::-1, None], mode="same", axes=0)[half:half + len(features)]
    return np.square(change).sum(axis=1)


def _scaled(features: NDArray[np.floating]) -> Array:
    """Return features less their mean; their total variance is 1, but for a song that never changes."""
    centred = np.asarray(features, float) - features.mean(axis=0)
    return centred / max(float(np.sqrt(np.square(centred).sum(axis=1).mean())), 1e-9)


def _peaks(rise: Array) -> NDArray[np.intp]:
    from scipy.ndimage import maximum_filter1d

    edge = round(SHORTEST_S * TIMBRE_RATE)
    highest = maximum_filter1d(rise, 2 * round(PEAK_S * TIMBRE_RATE) + 1)
    places = np.flatnonzero((rise >= highest) & (rise > 1e-9))
    return places[(places >= edge) & (places <= len(rise) - edge)]


def _best(rise: Array, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the peaks that, as boundaries, are worth most together."""
    worth = WEIGHT * np.log(np.maximum(rise[places], 1e-12) / max(rise.mean(), 1e-12)) + WORTH
    points = np.concatenate([[0], places, [len(rise)]])
    step = _log_p((points[None, :] - points[:, None]) / TIMBRE_RATE) + np.concatenate([[0.0], worth, [0.0]])
    most = min(len(points), 2 + round(2 * expected(len(rise) / TIMBRE_RATE)))
    total, before = np.full((most, len(points)), -np.inf), np.zeros((most, len(points)), int)
    total[0, 0] = 0.0
    for sections in range(1, most):
        gained = total[sections - 1][:, None] + step
        before[sections] = gained.argmax(axis=0)
        total[sections] = gained.max(axis=0)
    sections = int((total[:, -1] + _log_count(np.arange(most), len(rise) / TIMBRE_RATE)).argmax())
    chosen, at = [], len(points) - 1
    for left in range(sections, 1, -1):
        at = int(before[left, at])
        chosen.append(points[at])
    return np.array(chosen[::-1], int)


def expected(seconds: float) -> float:
    """Return how many sections a track of this length has in the labelled set, on average."""
    return FIRST + seconds / SECONDS_EACH


def _log_count(sections: NDArray[np.intp], seconds: float) -> Array:
    mean = expected(seconds)
    return -0.5 * np.square((sections - mean) / (COUNT_SPREAD * mean))


def _log_p(seconds: Array) -> Array:
    z = np.log(np.maximum(seconds, 1e-3) / MEDIAN_S) / SIGMA
    return np.where(seconds >= SHORTEST_S, -0.5 * z * z - np.log(np.maximum(seconds, 1e-3)), -np.inf)
