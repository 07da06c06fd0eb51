"""Which notes sound a chord: close and open positions in a range, each led to the next by the least movement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from music.score import Chord

LOWEST = 48
"""No chord goes below C3: two notes close together there are mud."""
CLEAR = 55
"""Below this pitch neighbours stand at least `APART` semitones apart."""
APART = 4
SWEET = 1.2
"""Semitones of movement that a third on top is worth: it tells major from minor."""


def tones(intervals: Sequence[int], voices: int) -> tuple[int, ...]:
    """Return the intervals that matter most: third and seventh stay, the fifth goes first, then the root."""
    kept = list(intervals)
    for drop in (7, 0, 14):
        if len(kept) > voices and drop in kept:
            kept.remove(drop)
    return tuple(kept[:voices])


@lru_cache(maxsize=8192)
def candidates(root: int, intervals: tuple[int, ...], low: int, high: int, voices: int) -> tuple[tuple[int, ...], ...]:
    """Return the positions of a chord inside a range: every inversion, close and with the second voice dropped.

    Where there are more voices than tones, the root is doubled, or the third below a root on top.

    Parameters
    ----------
    root : int
        Pitch class.
    intervals : tuple of int
        Semitones above the root.
    low, high : int
        Lowest and highest pitch, at least an octave apart.
    voices : int
        Most notes at once.

    Returns
    -------
    tuple of tuple of int
        Pitches from low to high; never empty.
    """
    classes = [(root + step) % 12 for step in tones(intervals, voices)]
    found = set()
    for turn in range(len(classes)):
        order = classes[turn:] + classes[:turn]
        for octave in range(low - low % 12, high + 1, 12):
            twice = root if order[-1] != root else order[0]
            close = _stacked(order if len(order) >= voices else [*order, twice], octave)
            found.add(close)
            if len(close) > 3:
                found.add(tuple(sorted((*close[:-2], close[-2] - 12, close[-1]))))
            if len(close) == 3:
                found.add(tuple(sorted((close[0], close[1] + 12, close[2]))))
    fitting = tuple(sorted(one for one in found if one[0] >= low and one[-1] <= high and _clean(one)))
    return fitting or (_squeezed(classes, low, high),)


def _stacked(classes: Sequence[int], octave: int) -> tuple[int, ...]:
    pitches = [octave + classes[0]]
    for each in classes[1:]:
        pitches.append(pitches[-1] + ((each - pitches[-1]) % 12 or 12))
    return tuple(pitches)


def _squeezed(classes: Sequence[int], low: int, high: int) -> tuple[int, ...]:
    """Return what fits into a range too small for any position, at least one note."""
    inside = sorted({low + (each - low) % 12 for each in classes})
    kept = tuple(pitch for pitch in inside if pitch <= high)
    return kept or (low,)


def _clean(pitches: Sequence[int]) -> bool:
    """Whether nothing is muddy or harsh: room between low notes, no semitone at the top, nothing stretched far."""
    gaps = [above - below for below, above in zip(pitches, pitches[1:], strict=False)]
    muddy = any(gap < APART - (below >= 50) for below, gap in zip(pitches, gaps, strict=False) if below < CLEAR)
    return not muddy and not (gaps and gaps[-1] == 1) and max(gaps, default=0) <= 12


def cost(before: Sequence[int], after: Sequence[int]) -> float:
    """Return how far a position moves from the one before it, in semitones, with a price on parallels.

    Each note is paid by its way to the nearest note of the other position, both ways; fifths and octaves that move
    along in the same direction cost two semitones each.
    """
    there = sum(min(abs(pitch - other) for other in before) for pitch in after)
    back = sum(min(abs(pitch - other) for other in after) for pitch in before)
    return (there + back) / 2 + 2.0 * parallels(before, after)


def parallels(before: Sequence[int], after: Sequence[int]) -> int:
    """Count neighbouring voices that move from a fifth or octave into the same in the same direction."""
    if len(before) != len(after):
        return 0
    found = 0
    for index in range(len(before) - 1):
        one, other = before[index + 1] - before[index], after[index + 1] - after[index]
        found += one == other and one % 12 in (0, 7) and before[index] != after[index]
    return found


def led(chords: Sequence[Chord], low: int, high: int, voices: int, centre: float) -> list[tuple[int, ...]]:
    """Return a position for each chord, each led from the one before; the first lies around the centre."""
    found: list[tuple[int, ...]] = []
    for chord in chords:
        options = candidates(chord.root, chord.intervals, max(low, 0), high, voices)
        before = found[-1] if found else None
        third = {(chord.root + step) % 12 for step in (3, 4)}
        found.append(min(options, key=lambda one: (_price(before, one, centre) - SWEET * (one[-1] % 12 in third), one)))
    return found


def _price(before: tuple[int, ...] | None, one: tuple[int, ...], centre: float) -> float:
    off = abs(sum(one) / len(one) - centre)
    return off if before is None else cost(before, one) + 0.35 * off + 0.05 * off * off
