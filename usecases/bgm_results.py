"""What the services of background music return to pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from music.plan import Plan
from music.wish import Wish


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes music: ``composer`` (here, by code) or a provider; why it cannot now, and what to warn of.

    ``problem`` is the code of a text saying the next step, with its values, or None where it can.
    """

    name: str
    problem: str | None = None
    problem_values: Mapping[str, Any] | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a wish comes to before anything runs: exact figures, the captions, and notes on what was decided.

    ``notes`` are codes of texts (``bgm.note.*``) with their values: what a loop locks and what it shifts, which
    instruments the style leaves out, which keywords mean nothing to it. ``plan`` is that of the first variant.
    """

    plan: Plan
    seconds: float
    bars: int
    bpm: float
    captions: Mapping[str, str]
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class BgmTrack:
    """One made track.

    ``state`` is ``done``, or ``failed`` with an error code and values. ``figures`` holds what was measured of the
    sound: ``loudness`` (LUFS), ``true_peak`` (dBTP), ``seconds``, ``bpm``. ``peaks`` is the waveform for drawing:
    pairs of least and greatest values. ``plan`` and ``roll`` are None for tracks of a provider; ``roll`` lists the
    notes of each part for drawing: role, instrument id, and rows of (start s, length s, pitch, velocity); ``spans``
    the sections: (id, name, start s, end s, energy); ``chords``: (start s, length s, name).
    """

    id: int
    batch_id: int
    variant: int
    title: str
    state: str
    maker: str
    seconds: float
    rating: int | None
    song_id: int | None
    created_at: datetime
    figures: Mapping[str, float]
    peaks: tuple[tuple[float, float], ...] = ()
    plan: Plan | None = None
    roll: tuple[tuple[str, str, tuple[tuple[float, float, int, int], ...]], ...] = ()
    spans: tuple[tuple[int, str, float, float, float], ...] = ()
    chords: tuple[tuple[float, float, str], ...] = ()
    error_code: str | None = None
    error_values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BgmBatch:
    """One request: its wish, caption, maker, how far it is, and its tracks as they come.

    ``state`` is ``queued``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``; ``ahead`` how many
    requests are before it in the queue; ``parent_id`` the track that was edited to make it, and ``edit`` how.
    """

    id: int
    wish: Wish
    caption: str
    maker: str
    state: str
    done: int
    total: int
    ahead: int
    tracks: tuple[BgmTrack, ...]
    created_at: datetime
    song_id: int | None = None
    parent_id: int | None = None
    edit: Mapping[str, Any] | None = None
    error_code: str | None = None
    error_values: Mapping[str, Any] | None = None
    job_id: int | None = None
