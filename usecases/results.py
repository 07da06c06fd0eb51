"""What services return: frozen dataclasses, and data frames whose columns are named here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analytics import PlatformMetrics, Window


@dataclass(frozen=True, slots=True)
class SongSummary:
    """One song of an artist that has daily readings."""

    id: int
    title: str
    key: str
    platforms: tuple[str, ...]
    first_day: date
    last_day: date
    rows: int


@dataclass(frozen=True, slots=True)
class ArtistSummary:
    """One artist that has daily readings.

    `totals` maps a platform key to the sum over songs of the latest total that is not flagged away; a platform
    without data is missing from it. `last_day` is the last day that is not in the future.
    """

    id: int
    name: str
    key: str
    songs: tuple[SongSummary, ...]
    first_day: date
    last_day: date
    rows: int
    totals: dict[str, float]

    def passes(self, threshold: float) -> bool:
        """Return whether any platform's total is above `threshold`."""
        return any(total > threshold for total in self.totals.values())


@dataclass(frozen=True, slots=True)
class ArtistData:
    """An artist, or one song, over all days; read-only.

    Attributes
    ----------
    readings : pandas.DataFrame
        As `queries.growth.readings` gives them.
    daily : pandas.DataFrame
        The songs added up, as in `ArtistGrowth` but for ``in_mean``.
    totals : dict of str to float
        Latest total by platform.
    """

    artist: ArtistSummary
    readings: pd.DataFrame
    daily: pd.DataFrame
    totals: dict[str, float]


@dataclass(frozen=True, slots=True)
class ArtistGrowth:
    """An artist, or one song, over the chosen window.

    Attributes
    ----------
    daily : pandas.DataFrame
        One row per platform and day of the whole series (not only the window), oldest first: ``platform`` (str),
        ``day`` (datetime64), ``total`` (float, a leap nobody accepted left out), ``gain`` (float, NaN where unknown),
        ``flags`` (int), ``flag_names`` (list of str), ``counts`` (whether the total is known) and ``in_mean`` (whether
        means count the day). Summed over the artist's songs unless one song is chosen. Only platforms above the
        threshold.
    raw : pandas.DataFrame
        The readings inside the window, newest first: ``day``, ``song``, ``platform``, ``total``, ``gain``,
        ``flags`` (int), ``flag_names`` (list of str), ``file`` (name).
    metrics : dict of str to PlatformMetrics
        By platform key; platforms without data or under the threshold are missing.
    under_threshold : dict of str to float
        Platforms left out because their total is not above the threshold, with that total.
    """

    artist: ArtistSummary
    song: SongSummary | None
    window: Window
    threshold: float
    daily: pd.DataFrame
    raw: pd.DataFrame
    metrics: dict[str, PlatformMetrics]
    under_threshold: dict[str, float]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of sync that has ended."""

    id: int
    state: str
    started_at: datetime
    finished_at: datetime
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class ArtistChange:
    """What the newest run that changed anything brought for one artist: `rows` readings new or changed."""

    artist_id: int
    key: str
    name: str
    rows: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Riser:
    """An artist that gains faster than before: mean of the last 7 days / mean of the 28 before - 1, on one platform."""

    artist_id: int
    key: str
    name: str
    platform: str
    growth_rate: float
    mean_7: float
    day: date


@dataclass(frozen=True, slots=True)
class DemoSong:
    """The made-up song that walks through all pages; `facts` is its ``demo.json``."""

    artist: str
    title: str
    artist_key: str
    song_key: str
    cover: Path
    audio: Path
    lyrics: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing the product can use: `state` is ``ready``, ``missing`` or ``failed``.

    `group` is ``database``, ``key`` or ``package``; what it adds and how to add it are texts
    (``capability.<key>.adds`` ...).
    """

    key: str
    group: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file the product has read, as the manifest holds it.

    `state` is ``imported``, ``refused`` or ``deleted`` (its artist was deleted; it is skipped until it changes or
    is restored). `reason` is an ``errors.`` code with `reason_values`, set when refused. `kind` is ``cumulative``
    or ``daily``; `kind_option` and `date_order_option` (``mdy`` / ``dmy``) are the operator's choice or None.
    `audit` maps a finding (``repeated_days``, ``missing_days``, ``stale_days``, ``averaged_days``,
    ``interpolated_days``, ``decreases``, ``jumps``, ``new_level_days``, ``future_days``, ``rejected_cells``) to
    ``{"count": int, "items": [...]}``; an item has ``day`` or ``start``/``end`` (ISO), ``line``, and what explains
    it (``from``, ``to``, ``gain`` ...), at most 50 items a finding. `accepted_days` are the jump days accepted.
    """

    id: int
    name: str
    state: str
    artist_id: int | None
    artist: str | None
    song: str | None
    platform: str | None
    reason: str | None
    reason_values: dict[str, Any]
    encoding: str | None
    separator: str | None
    date_format: str | None
    kind: str | None
    kind_option: str | None
    date_order_option: str | None
    lines_read: int
    accepted: int
    rejected: int
    repeated: int
    first_day: date | None
    last_day: date | None
    audit: dict[str, Any]
    accepted_days: tuple[date, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What one run of sync did with one file.

    `outcome` is ``imported`` (rows new or changed), ``unchanged`` (read, nothing differed), ``skipped`` (same
    content as last time, not read), ``refused``, ``deleted`` (skipped: its artist was deleted) or ``ignored``
    (not a CSV).
    """

    name: str
    outcome: str
    lines_read: int = 0
    accepted: int = 0
    rejected: int = 0
    repeated: int = 0
    flagged: int = 0
    reason: str | None = None
    reason_values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """One run of sync: totals, and its files."""

    run_id: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    files: tuple[FileOutcome, ...]
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class DeletePreview:
    """What goes when an artist is deleted."""

    artist_id: int
    name: str
    songs: int
    rows: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What became of one uploaded file: saved under `name`, or refused with a reason."""

    name: str
    saved: bool
    replaced: bool
    reason: str | None
    reason_values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobView:
    """A background job as a page shows it.

    `state` is ``queued``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted`` (the process ended).
    """

    id: int
    kind: str
    state: str
    done: int
    total: int
    note: str
    owner_id: int
    result: dict[str, Any] | None
    error_code: str | None
    error_values: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether the job is still to do something."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True)
class HomeSummary:
    """What the home page shows.

    Attributes
    ----------
    last_run : RunSummary or None
        The newest run that ended.
    changes : tuple of ArtistChange
        Of the newest run that changed anything, most readings first.
    risers : tuple of Riser
        Fastest first; only platforms above the threshold.
    attention : tuple of FileRecord
        Files that wait for somebody: refused, or with a leap nobody accepted.
    sample : bool
        Whether all there is came with the product.
    demo : DemoSong or None
        None where ``catalogue/demo`` is not there.
    """

    status: DataStatus
    last_run: RunSummary | None
    changes: tuple[ArtistChange, ...]
    risers: tuple[Riser, ...]
    attention: tuple[FileRecord, ...]
    sample: bool
    demo: DemoSong | None


@dataclass(frozen=True, slots=True)
class DataStatus:
    """Row counts and the last sync, for the sidebar and the data page."""

    artists: int
    songs: int
    rows: int
    files: int
    refused_files: int
    rejected_rows: int
    last_sync: datetime | None
    database: str
