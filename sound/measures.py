"""A track measured on the scales of the labelled set of the feature model (Spotify's audio features).

Task: what can be both found in that set and measured here, from the sound alone; and the same with some seconds left
out, to tell what they contribute.
Metrics: tempo (BPM), loudness (dB on that set's scale), duration_ms, key (0 = C), mode (1 = major), time_signature
(beats of a bar), sections (number), chorus_hit (s, start of the third section, as that set defines it).
Conventions: a track under `SHORTEST_S` is a clip: it has no duration, sections or chorus position, since the set knows
whole songs. How each measurement was matched to the set, and the gap that is left, is in docs/hit-features.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sound.curves import ONSET_RATE, PITCH_RATE, POWER_RATE, TIMBRE_RATE, Curves, curves_of
from sound.loudness import integrated
from sound.structure import boundaries
from sound.tempo import rhythm_of
from sound.tonality import chroma, tonality_of, tuning

if TYPE_CHECKING:
    from support.decoding import Audio

SHORTEST_S = 90.0
"""Seconds: of 588 shorter tracks in the labelled set nine are hits; such a length says "excerpt", not "short song"."""
WHOLE = 0.9
"""Share of the full length from which the sound counts as the whole track."""
LOUDNESS_OFFSET = 2.5
"""dB between integrated loudness (LUFS) and the set's loudness: charting masters read -8.3 LUFS, the median hit of the
set's newest decade -5.5 dB; see docs/hit-features.md for what supports it and how uncertain it is."""
LEAST_LEFT_S = 1.0
"""Seconds that have to remain for a measurement."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measures:
    """One track on the scales of the labelled set.

    Attributes
    ----------
    tempo : float
        BPM; 0 where no beat was found at all.
    loudness : float
        dB on that set's scale: integrated loudness in LUFS plus `LOUDNESS_OFFSET`.
    duration_ms : float or None
        Of the whole track; None for a clip whose full length is not known.
    key, mode : int
        0 = C to 11 = B; 1 = major, 0 = minor.
    time_signature : int
        Beats of a bar: 3, 4 or 5.
    sections : int or None
        Number of sections; None for a clip.
    chorus_hit : float or None
        Seconds where the third section starts, 0 where there are fewer, as in that set; None for a clip.
    """

    tempo: float
    loudness: float
    duration_ms: float | None
    key: int
    mode: int
    time_signature: int
    sections: int | None
    chorus_hit: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What measuring once keeps, so that parts can be left out cheaply.

    Attributes
    ----------
    measures : Measures
        Of the whole.
    curves : Curves
        About 150 KB a minute.
    chroma : ndarray, shape (frames, 12)
        `PITCH_RATE` a second, tuned.
    starts : tuple of float
        Seconds where the sections start, the first at 0; empty for a clip.
    loudness : float
        Integrated loudness of the file, LUFS.
    """

    measures: Measures
    curves: Curves
    chroma: Array
    starts: tuple[float, ...]
    loudness: float

    def without(self, start_s: float, end_s: float) -> Measures:
        """Return the measures of the track with these seconds left out.

        The length stays that of the whole track and positions count from its start: the question is what these
        seconds sound like, not what a shorter song would be worth.

        Parameters
        ----------
        start_s, end_s : float
            Seconds from the start of the track; what lies outside it is ignored.

        Raises
        ------
        ValueError
            If the end is not after the start, or less than `LEAST_LEFT_S` would be left.
        """
        if not start_s < end_s:
            raise ValueError(f"seconds {start_s} to {end_s}: the end has to come after the start")
        left = self.curves.seconds - (min(end_s, self.curves.seconds) - max(start_s, 0.0))
        if left < LEAST_LEFT_S:
            raise ValueError(f"without {start_s} to {end_s} s there are {left:.2f} s left; leave {LEAST_LEFT_S} s")
        lengths = self.measures.duration_ms, self.measures.sections is not None
        return _measured(self.curves, self.chroma, self.loudness, lengths, (start_s, end_s))[0]


def analyse(audio: Audio, full_seconds: float | None = None) -> Analysis:
    """Measure a track.

    Parameters
    ----------
    audio : support.decoding.Audio
        Mono samples at 22,050 Hz and the loudness of the file.
    full_seconds : float, optional
        Length of the whole track where the sound may be a part of it. It gives the duration (never less than the sound
        itself); sections and chorus position are measured only where at least `WHOLE` of it is heard.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If `full_seconds` is not a positive number.
    """
    if full_seconds is not None and not 0 < full_seconds < np.inf:
        raise ValueError(f"full_seconds is {full_seconds}; give the length in seconds, over 0, or None")
    curves = curves_of(audio.samples)
    frames = chroma(curves.pitch, tuning(curves.pitch))
    measures, starts = _measured(curves, frames, audio.loudness, _lengths(audio.seconds, full_seconds), None)
    return Analysis(measures, curves, frames, starts, audio.loudness)


def _lengths(seconds: float, full_seconds: float | None) -> tuple[float | None, bool]:
    """Return the duration in ms where it is known, and whether the sound is long enough to count sections in it."""
    known = full_seconds is not None or seconds >= SHORTEST_S
    whole = seconds >= SHORTEST_S and seconds >= WHOLE * (full_seconds or 0.0)
    return 1_000 * max(seconds, full_seconds or 0.0) if known else None, whole


def _measured(curves: Curves, frames: Array, loudness: float, lengths: tuple[float | None, bool],
              gap: tuple[float, float] | None) -> tuple[Measures, tuple[float, ...]]:
    """Return the measures without the seconds of `gap`, and where sections start; see `_lengths`."""
    rhythm = rhythm_of(curves.onset, curves.low, _kept(len(curves.onset), ONSET_RATE, gap))
    tonality = tonality_of(frames[_kept(len(frames), PITCH_RATE, gap)])
    level = loudness + LOUDNESS_OFFSET + _louder(curves.power, gap)
    duration_ms, whole = lengths
    starts = (0.0, *_starts(curves, frames, gap)) if whole else ()
    sections = len(starts) if whole else None
    chorus = (starts[2] if len(starts) > 2 else 0.0) if whole else None
    return Measures(rhythm.tempo, level, duration_ms, tonality.key, tonality.mode, rhythm.metre, sections,
                    chorus), starts


def _louder(power: NDArray[np.floating], gap: tuple[float, float] | None) -> float:
    """Return by how many LU the sound without the gap is louder than all of it; 0 where either is silence."""
    if gap is None:
        return 0.0
    rest, all_ = integrated(power[_kept(len(power), POWER_RATE, gap)]), integrated(power)
    return rest - all_ if np.isfinite(rest) and np.isfinite(all_) else 0.0


def _starts(curves: Curves, frames: Array, gap: tuple[float, float] | None) -> tuple[float, ...]:
    count = len(curves.timbre)
    first = np.minimum(np.arange(count) / TIMBRE_RATE * PITCH_RATE, len(frames) - 1).astype(int)  # the last may repeat
    harmony = np.add.reduceat(frames, first, axis=0) / np.diff(np.append(first, len(frames))).clip(1)[:, None]
    kept = _kept(count, TIMBRE_RATE, gap)
    return tuple(boundaries(curves.timbre[kept], harmony[kept], np.flatnonzero(kept) / TIMBRE_RATE).tolist())


def _kept(count: int, rate: float, gap: tuple[float, float] | None) -> NDArray[np.bool_]:
    """Return which of `count` values, `rate` a second, lie outside the gap; the first one where none does."""
    seconds = np.arange(count) / rate
    kept = np.ones(count, bool) if gap is None else (seconds < gap[0]) | (seconds >= gap[1])
    kept[0] |= not kept.any()
    return kept
