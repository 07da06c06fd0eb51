"""What services return of hit predictions: frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

GENRES = ("POP", "BALLAD", "DANCE")


@dataclass(frozen=True, slots=True)
class PartView:
    """What one part of the model says, or why it says nothing.

    Attributes
    ----------
    part : str
        ``features``, ``audio``, ``transfer``, ``lyrics`` or ``sentences``.
    state : str
        ``used``; ``untrained``: nobody has trained it yet; ``no_lyrics``; ``strange``: unlike what it was trained on;
        ``failed``.
    share : float or None
        What it adds to the log-odds; None unless used.
    percentile : float or None
        0 to 100: share of the tracks kept apart in its training that score lower.
    contributions : tuple of (str, float)
        Log-odds by input, largest first.
    facts : dict
        Model, date, data; of a failed one ``code`` and ``values``.
    """

    part: str
    state: str
    share: float | None = None
    percentile: float | None = None
    contributions: tuple[tuple[str, float], ...] = ()
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """An analysed track near another one.

    Attributes
    ----------
    similarity : float
        Percent.
    own : bool
        Whether it is the actor's; others' are shown only where they are public.
    """

    id: int
    title: str
    artist: str
    genre: str
    score: float | None
    similarity: float
    own: bool
    has_lyrics: bool


@dataclass(frozen=True, slots=True)
class PredictionView:
    """A prediction with its evidence.

    Attributes
    ----------
    id : int
    title, artist, genre : str
    released : date or None
    state : str
        ``queued``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
    error_code, error_values
        Why it failed.
    job_id : int or None
        To poll (`get_job`) and to cancel; its note is one of `STEPS` of `hits`.
    owner : str
    own : bool
    public, linked : bool
    token : str or None
        Of the link that shows it to whoever has it; None for everyone but its owner.
    batch_id, song_id : int or None
    likes : int
    liked : bool
    prior : float
        Share of hits the probability is stated at, 0 to 1.
    score, score_low, score_high : float or None
        0 to 100: percentile of resemblance with an 80 % interval; None where it abstains or is not done.
    probability, probability_low, probability_high : float or None
        At the prior, 0 to 1.
    abstained : str or None
        ``hit.abstained.<code>`` is the reason's text.
    genre_percentile : float or None
        Percentile among the analysed tracks of the genre that the actor may see; None below `FEW` of them.
    genre_count : int
    parts : tuple of PartView
    clip : tuple of (float, float) or None
        Seconds the networks heard.
    seconds : float or None
    loudness, peak : float or None
        LUFS, dBFS.
    format : str or None
    measures : dict
        As measured: ``tempo, loudness, duration_ms, key, mode, time_signature, sections, chorus_hit``, and descriptors
        where there are any; None where it could not be measured.
    left_out : tuple of str
        Measures that were left out since the audio is a clip.
    occlusion : tuple of (float, float, float)
        Start and end in seconds, and what the log-odds gain by these seconds; ``occlusion_by`` is the part it is of.
    occlusion_by : str or None
    lines : tuple of (str, float)
        Lyric lines and what the log-odds gain by each, in the order of the lyrics; empty where no part reads lyrics.
    tags : tuple of (str, float)
        Keys of `music_tags` texts and likelihood, at most 5.
    waveform : tuple of (float, float)
        Smallest and largest sample of equal stretches.
    has_picture : bool
        Whether `prediction_picture` gives a mel spectrogram.
    lyrics : str or None
    created_at, finished_at : datetime
    """

    id: int
    title: str
    artist: str
    genre: str
    released: date | None
    state: str
    error_code: str | None
    error_values: Mapping[str, Any]
    job_id: int | None
    owner: str
    own: bool
    public: bool
    token: str | None
    batch_id: int | None
    song_id: int | None
    likes: int
    liked: bool
    prior: float
    score: float | None
    score_low: float | None
    score_high: float | None
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    abstained: str | None
    genre_percentile: float | None
    genre_count: int
    parts: tuple[PartView, ...]
    clip: tuple[float, float] | None
    seconds: float | None
    loudness: float | None
    peak: float | None
    format: str | None
    measures: Mapping[str, float | None]
    left_out: tuple[str, ...]
    occlusion: tuple[tuple[float, float, float], ...]
    occlusion_by: str | None
    lines: tuple[tuple[str, float], ...]
    tags: tuple[tuple[str, float], ...]
    waveform: tuple[tuple[float, float], ...]
    has_picture: bool
    lyrics: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A line of a list or of the leaderboard.

    Attributes
    ----------
    rank : int or None
        By score, equal scores equal; only in the leaderboard.
    """

    id: int
    rank: int | None
    title: str
    artist: str
    genre: str
    owner: str
    own: bool
    state: str
    score: float | None
    probability: float | None
    abstained: str | None
    public: bool
    likes: int
    liked: bool
    has_lyrics: bool
    batch_id: int | None
    error_code: str | None
    error_values: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PredictionPage:
    """A page of a list: rows and how many match in all."""

    rows: tuple[PredictionRow, ...]
    count: int


@dataclass(frozen=True, slots=True)
class PredictionBatch:
    """A batch of tracks.

    Attributes
    ----------
    counts : dict of str to int
        By state of its predictions.
    refused : tuple of (str, str, dict)
        Files that were not taken: name, error code, values.
    job_id : int or None
        Of the run; to poll and to cancel.
    """

    id: int
    name: str
    counts: Mapping[str, int]
    refused: tuple[tuple[str, str, Mapping[str, Any]], ...]
    job_id: int | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HitModel:
    """A model, for the page's list of models.

    Attributes
    ----------
    part : str
    genre : str or None
        None: of all genres.
    state : str
        ``shipped``, ``trained`` or ``untrained``.
    metrics : dict
        As its ``metrics.json`` says; ``reliability`` is a list of ``{"predicted", "observed", "n"}``.
    card : str
        Markdown.
    """

    part: str
    genre: str | None
    state: str
    metrics: Mapping[str, Any]
    card: str


@dataclass(frozen=True, slots=True)
class PartReport:
    """What became of one part.

    Attributes
    ----------
    replaced : bool
    new, old : dict or None
        ``auc``, ``brier``, ``n`` on the test tracks.
    error_code, error_values
        Why it could not be trained.
    """

    replaced: bool = False
    new: Mapping[str, Any] | None = None
    old: Mapping[str, Any] | None = None
    error_code: str | None = None
    error_values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HitTraining:
    """What became of a training.

    Attributes
    ----------
    parts : dict of str to PartReport
        ``audio_POP`` and the like, ``transfer``, ``lyrics``, ``sentences``.
    rows : int
        Tracks learned from and judged by.
    refused : tuple of (int, str, dict)
        Lines of the manifest, or tracks, that were not taken, with the reason.
    """

    parts: Mapping[str, PartReport]
    rows: int
    refused: tuple[tuple[int, str, Mapping[str, Any]], ...]
