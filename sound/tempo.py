"""Tempo and metre of a song from its onset curves.

Tempo
    Autocorrelation of the onset curve, read at one and two times each candidate period (a comb), times a log-normal
    prior of tempo: ``score(p) = exp(-(log2(60 / p / centre) / spread)^2 / 2) * sum_k w_k r(k p)``. The prior only
    decides between octaves (60, 120, 240), after Ellis 2007, "Beat tracking by dynamic programming". The winner is then
    placed between the frames by the peaks of eight periods, so that it is true to a fraction of a percent.
Metre
    The autocorrelation at two, three and five beats and at twice that, of the bass as of all bands: beats that stand in
    the same place of the bar resemble each other more than others do. Four unless another is clearly better.

Conventions: BPM; curves as in `sound.curves`, `ONSET_RATE` values a second; ``kept`` marks the values that count, the
others are unknown (which is not silent). Without any onset the tempo is 0, as in the labelled set, and the metre 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sound.curves import ONSET_RATE

SLOWEST, FASTEST = 50.0, 215.0
"""BPM; of the tracks of the labelled set 0.09 % are slower and 0.01 % faster."""
PRIOR_BPM, PRIOR_OCTAVES = 117.0, 0.8
"""Centre of the prior, near the median of the labelled set (117.9), and its standard deviation in octaves. The set's
own is 0.35, but so wide a spread of what comes out needs a wider one of what goes in."""
COMB = (1.0, 0.5)
"""Weights of one and of two periods. Longer combs double more of the slow songs, shorter ones lose it in noise."""
FINE_PERIODS, FINE_SPAN, FINE_STEP = 8, 0.02, 0.0005
"""Periods that place the winner exactly, how far it may move, and in which steps, as shares of the period."""
TREND_S = 0.5
"""Seconds of the moving mean that is taken off the onset curve: swells are no beats."""
LONGEST_S = 60 / SLOWEST * 11
"""Seconds of lag that are looked at: two bars of five of the slowest beats, and the room to look a little further."""
WEAKEST = 0.03
"""Autocorrelation of a beat below which there is none to count bars of."""
METRES = {3: 0.03, 5: 0.1}
"""How much better than two and four another metre has to be, as autocorrelation of bass and of all, added."""
Array = NDArray[np.float64]
Kept = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Tempo in BPM (0 without any onset), beats of a bar (3, 4 or 5), and how regular the beat is (0 to 1)."""

    tempo: float
    metre: int
    regularity: float


def rhythm_of(onset: NDArray[np.floating], low: NDArray[np.floating], kept: Kept | None = None) -> Rhythm:
    """Return tempo and metre of the onset curves of all bands and of the low ones.

    Parameters
    ----------
    onset, low : ndarray, shape (n,)
        See `sound.curves.Curves`.
    kept : ndarray of bool, shape (n,), optional
        Values that count; all of them by default.
    """
    kept = np.ones(len(onset), bool) if kept is None else kept
    every = autocorrelation(onset, kept)
    tempo = _tempo(every)
    if not tempo:
        return Rhythm(0.0, 4, 0.0)
    period = 60 * ONSET_RATE / tempo
    regularity = float(np.clip(_near(every, period), 0, 1))
    return Rhythm(tempo, _metre(every, autocorrelation(low, kept), period), regularity)


def autocorrelation(curve: NDArray[np.floating], kept: Kept) -> Array:
    """Return the autocorrelation of an onset curve at lags from 0 frames to `LONGEST_S`; 1 at 0, or all 0 if constant.

    Each lag is the mean over the pairs of which both values are kept; with few pairs it is drawn towards 0.
    """
    from scipy import fft

    most = round(LONGEST_S * ONSET_RATE)
    known = kept.astype(float)
    sharp = _sharpened(np.asarray(curve, float)) * known
    sharp -= sharp.sum() / max(known.sum(), 1) * known
    size = fft.next_fast_len(len(sharp) + most, real=True)
    products, pairs = (fft.irfft(np.square(np.abs(fft.rfft(x, size))), size)[:most] for x in (sharp, known))
    if products[0] <= 1e-9:
        return np.zeros(most)
    means = products / np.maximum(pairs, 0.2 * known.sum())
    return means / means[0]


def _sharpened(curve: Array) -> Array:
    """Return what stands out above the moving mean of the curve."""
    from scipy.ndimage import uniform_filter1d

    return np.maximum(curve - uniform_filter1d(curve, round(TREND_S * ONSET_RATE), mode="nearest"), 0)


def _tempo(correlation: Array) -> float:
    tempos = np.exp(np.arange(np.log(SLOWEST), np.log(FASTEST), 0.004))
    periods = 60 * ONSET_RATE / tempos
    comb = sum(weight * _at(correlation, k * periods) for k, weight in enumerate(COMB, 1))
    prior = np.exp(-0.5 * np.square(np.log2(tempos / PRIOR_BPM) / PRIOR_OCTAVES))
    score = prior * np.maximum(comb, 0)
    if score.max() <= 0:
        return 0.0
    return float(60 * ONSET_RATE / _placed(correlation, periods[score.argmax()]))


def _placed(correlation: Array, period: float) -> float:
    """Return the period near the given one whose multiples meet the peaks best."""
    near = period * (1 + np.arange(-FINE_SPAN, FINE_SPAN + FINE_STEP, FINE_STEP))
    near = near[near * FINE_PERIODS < len(correlation) - 1]
    met = sum(_at(correlation, k * near) for k in range(1, FINE_PERIODS + 1))
    return float(near[np.argmax(met)]) if near.size else period


def _metre(every: Array, low: Array, period: float) -> int:
    alike = {beats: _bars(every, period, beats) + _bars(low, period, beats) for beats in (2, 3, 4, 5)}
    two = max(alike[2], alike[4])
    lead = {beats: alike[beats] - two - margin for beats, margin in METRES.items()}
    best = max(lead, key=lambda beats: lead[beats])
    return best if lead[best] > 0 and _near(every, period) > WEAKEST else 4


def _bars(correlation: Array, period: float, beats: int) -> float:
    return (_near(correlation, beats * period) + _near(correlation, 2 * beats * period)) / 2


def _near(correlation: Array, lag: float) -> float:
    """Return the highest value within 2 % of a lag, or a frame: players are no clocks."""
    reach = max(1.0, 0.02 * lag)
    return float(_at(correlation, np.linspace(lag - reach, lag + reach, 9)).max())


def _at(correlation: Array, lags: Array) -> Array:
    return np.interp(lags, np.arange(len(correlation)), correlation)
