"""Lengths: how many bars a piece has, at which tempo, so that what was fixed is exact to the sample.

A loop is a whole number of bars. Of its tempo and its length one may have to give way: ``locks`` says which one stays.
Where both fit, both stay, whatever the number of bars. Otherwise the number of bars nearest to the wish is taken,
or a rounder one (a multiple of four, then of two) where that costs no more than `ROUNDER`.

A piece with an ending has as many whole bars as fit its length; what is left, less than a bar, lets the last notes ring
out. Where not even one bar fits, it has one bar that is cut at its length: the bar is composed as any other, and what
would start at or after ``seconds`` is left out. This is the one case in which ``seconds`` is less than the bars.

Tempo counts felt beats (`music.score.METERS`): quarters in 4/4, 3/4 and 12/4, dotted quarters in 6/8 and 12/8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from music.score import METERS, SAMPLE_RATE
from music.wish import BPM, SECONDS

ROUNDER = ((4, 0.02), (2, 0.04))
"""A multiple of so many bars is taken instead of the nearest number where it is at most this share away."""
RING = 1.0
"""Seconds in which the last notes should ring out, where the tempo is free to leave them."""
APART, ALIKE = 0.02, 0.12
"""How near (in logarithm) two tempi sound as one, and what it costs to take one that another variant has."""
_DULL = {0: 0.0, 2: 0.02}
"""Cost of a number of bars by its remainder of four, against shares of the tempo; 0.06 for odd numbers."""
_ODD = 0.06


@dataclass(frozen=True, slots=True)
class Fit:
    """Whole bars, felt beats a minute (exact, not rounded), and seconds (a whole number of samples at 48 kHz)."""

    bars: int
    bpm: float
    seconds: float

    def bar_s(self, meter: str) -> float:
        """Return the seconds of one bar."""
        return bar_seconds(self.bpm, meter)


def bar_seconds(bpm: float, meter: str) -> float:
    """Return the seconds of one bar: ``60 / bpm * beats``."""
    return 60.0 / bpm * METERS[meter].beats


def to_sample(seconds: float) -> float:
    """Return the nearest length that is a whole number of samples at 48 kHz."""
    return round(seconds * SAMPLE_RATE) / SAMPLE_RATE


def whole_bars(exact: float, fits: Callable[[int], bool] = lambda bars: True) -> int:
    """Return the number of bars for a fractional one: the nearest, or a rounder one nearly as near; at least 1.

    A number whose outcome may not be asked for (`fits` is False) is left out; where all may not, it is the nearest.
    """
    ways = [step * math.floor(exact / step + 0.5) for step, _ in ROUNDER]
    ways = [bars for bars, (_, most) in zip(ways, ROUNDER, strict=True) if abs(bars - exact) <= most * exact]
    nearest = math.floor(exact + 0.5)
    ways += sorted((nearest, math.floor(exact), math.ceil(exact)), key=lambda bars: abs(bars - exact))
    return next((bars for bars in ways if bars >= 1 and fits(bars)), max(1, nearest))


def both_fit(seconds: float, bpm: float, meter: str) -> int | None:
    """Return the whole bars that last exactly so long (to half a sample) at this tempo, or None."""
    bar = bar_seconds(bpm, meter)
    bars = max(1, math.floor(seconds / bar + 0.5))
    return bars if abs(bars * bar - seconds) * SAMPLE_RATE <= 0.5 else None


def loop(seconds: float, bpm: float, meter: str, locks: str) -> Fit:
    """Return a loop of about this length and tempo.

    Parameters
    ----------
    seconds, bpm : float
        What was asked for.
    meter : str
        One of `music.score.METERS`.
    locks : str
        ``bpm``: the tempo stays and the length becomes whole bars. ``length``: the length stays and the tempo shifts.

    Returns
    -------
    Fit
        The locked value is as asked; both are where both fit.
    """
    bars = both_fit(seconds, bpm, meter)
    if bars is not None:
        return Fit(bars, bpm, to_sample(seconds))
    bar = bar_seconds(bpm, meter)
    if locks == "length":
        bars = whole_bars(seconds / bar, lambda bars: BPM[0] <= _tempo(bars, seconds, meter) <= BPM[1])
        return Fit(bars, _tempo(bars, seconds, meter), to_sample(seconds))
    bars = whole_bars(seconds / bar, lambda bars: SECONDS[0] <= bars * bar <= SECONDS[1])
    return Fit(bars, bpm, to_sample(bars * bar))


def loop_between(seconds: float, bpm: float, low: float, high: float, meter: str, locks: str,
                 taken: Sequence[float] = ()) -> Fit:
    """Return a loop whose tempo may be anything from `low` to `high`, `bpm` being the best, `taken` by others.

    The length stays exactly where any number of bars allows it. Otherwise `locks` decides: with ``bpm`` the tempo stays
    between the two and the length moves as little as that allows, with ``length`` it is the tempo that moves.
    """
    most = math.floor(high * seconds / 60 / METERS[meter].beats + 1e-9)
    least = max(1, math.ceil(low * seconds / 60 / METERS[meter].beats - 1e-9))
    if least > most:
        return _beside(seconds, low, high, meter, locks)
    fits = [Fit(bars, _tempo(bars, seconds, meter), to_sample(seconds)) for bars in range(least, most + 1)]
    return _best(fits, bpm, {fit: _again(fit, taken) for fit in fits})


def _beside(seconds: float, low: float, high: float, meter: str, locks: str) -> Fit:
    """Return the loop nearest to a length that no whole number of bars fits at any tempo from `low` to `high`.

    One number of bars is just too few, played slowly, the next just too many, played fast.
    """
    fewer = math.floor(high * seconds / 60 / METERS[meter].beats + 1e-9)
    slow, fast = (low, high) if math.ceil(low) > math.floor(high) else (math.ceil(low), math.floor(high))
    ways = [(bars, float(bpm)) for bars, bpm in ((fewer, slow), (fewer + 1, fast)) if bars]
    bars, bpm = min(ways, key=lambda way: abs(math.log(way[0] * bar_seconds(way[1], meter) / seconds)))
    if locks == "length" and BPM[0] <= _tempo(bars, seconds, meter) <= BPM[1]:
        return Fit(bars, _tempo(bars, seconds, meter), to_sample(seconds))
    return Fit(bars, bpm, to_sample(bars * bar_seconds(bpm, meter)))


def ending(seconds: float, bpm: float, meter: str) -> Fit:
    """Return a piece with an ending, exactly so long at exactly this tempo; see the module for what is left over."""
    bars = math.floor(seconds / bar_seconds(bpm, meter) + 1e-9)
    return Fit(max(1, bars), bpm, to_sample(seconds))


def ending_between(seconds: float, bpm: float, low: float, high: float, meter: str, taken: Sequence[float] = ()
                   ) -> Fit:
    """Return a piece with an ending at a whole tempo from `low` to `high` near `bpm`, with room to ring out.

    A tempo that is `taken` by another variant is left to it where others will do. Where no whole number lies between,
    `bpm` is taken as it is.
    """
    tempos = [float(tempo) for tempo in range(math.ceil(low), math.floor(high) + 1)] or [min(max(bpm, low), high)]
    fits = [ending(seconds, tempo, meter) for tempo in tempos]
    return _best(fits, bpm, {fit: _lack(fit, meter) + _again(fit, taken) for fit in fits})


def _again(fit: Fit, taken: Sequence[float]) -> float:
    """Return what it costs that other variants are as fast."""
    return ALIKE * sum(max(0.0, 1 - abs(math.log(fit.bpm / bpm)) / APART) for bpm in taken)


def _lack(fit: Fit, meter: str) -> float:
    """Return what it costs that little is left to ring out; most where the bar is cut."""
    bar, rest = fit.bar_s(meter), fit.seconds - fit.bars * fit.bar_s(meter)
    room = min(RING, bar / 2)
    return 1.0 if rest < 0 else 0.1 * max(0.0, 1 - rest / room)


def _tempo(bars: int, seconds: float, meter: str) -> float:
    return bars * METERS[meter].beats * 60.0 / to_sample(seconds)


def _best(fits: Iterable[Fit], bpm: float, costs: dict[Fit, float]) -> Fit:
    """Return the fit nearest to a tempo, even bars and multiples of four preferred."""
    def cost(fit: Fit) -> float:
        return abs(math.log(fit.bpm / bpm)) + _DULL.get(fit.bars % 4, _ODD) + costs[fit]

    return min(fits, key=cost)
