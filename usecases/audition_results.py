"""What the services of auditions return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class JudgeView:
    """One judge of an audition in one repeat.

    Attributes
    ----------
    place, repeat : int
        Both from 0.
    state : str
        ``waiting``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
    review : str
        As far as it has arrived.
    score : dict or None
        ``total``, ``points``, ``out_of``, ``scaled``, ``groups`` (by group: points, out of), ``criteria`` (``criterion,
        level, quote, reason, in_lyrics``), ``not_judged``, ``flagged``; None until the reply was whole and valid.
    repaired : bool
        The first reply was not in the right form; this is the second.
    first_s, seconds : float or None
        From the request to the first text, and to the end.
    cost_usd : float or None
        None where the price is unknown.
    """

    place: int
    repeat: int
    judge: str
    name: str
    provider: str
    model: str
    weight: int
    language: str
    state: str
    review: str
    raw: str
    score: dict[str, Any] | None
    total: int | None
    repaired: bool
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    first_s: float | None
    seconds: float | None
    error_code: str | None
    error_values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditionRow:
    """An audition in a list.

    Attributes
    ----------
    total, out_of : int or None
        "162 / 200": over the judges who answered.
    scaled_300, verdict, provisional, spread, split
        As in `judging.Verdict`.
    """

    id: int
    owner_id: int
    job_id: int | None
    batch_id: int | None
    lyrics_id: int | None
    song_id: int | None
    artist: str
    title: str
    source: str
    panel: str
    lang: str
    repeats: int
    prompt_version: str
    state: str
    total: int | None
    out_of: int | None
    scaled_300: int | None
    verdict: str | None
    provisional: bool | None
    spread: int | None
    split: bool | None
    error_code: str | None
    error_values: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether it is still to be judged."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True)
class AuditionView:
    """An audition with everything.

    Attributes
    ----------
    row : AuditionRow
    lyrics : str
    tags : tuple of str
    audio : dict or None
        Measured audio (`judging.Audio`).
    had : tuple of str
        What the judges had before them: ``lyrics``, ``tags``, ``audio``.
    judges : tuple of JudgeView
        By repeat and place.
    repeat_stats : dict or None
        ``totals, mean, std, error`` and ``alpha`` (by criterion: value, reason) of two repeats or more.
    offline : dict or None
        ``score`` as of a judge, ``voices`` (by judge's key: text), ``findings``, ``unread``: the offline rubric.
    ahead : int
        Auditions that wait before this one.
    """

    row: AuditionRow
    lyrics: str
    tags: tuple[str, ...]
    audio: dict[str, Any] | None
    cover_url: str | None
    had: tuple[str, ...]
    judges: tuple[JudgeView, ...]
    repeat_stats: dict[str, Any] | None
    offline: dict[str, Any] | None
    ahead: int


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch: its songs, and how many of them have been judged; `state` is its job's."""

    id: int
    owner_id: int
    job_id: int | None
    panel: str
    lang: str
    search: str
    songs: tuple[int, ...]
    created_at: datetime
    state: str | None
    done: int


@dataclass(frozen=True, slots=True)
class PanelView:
    """A panel as the page offers it: judges with ``key, name, provider, model, weight, ready, missing`` (the key)."""

    key: str
    judges: tuple[dict[str, Any], ...]

    @property
    def ready(self) -> int:
        """How many of the judges have their key."""
        return sum(judge["ready"] for judge in self.judges)
