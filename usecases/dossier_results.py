"""What the services of song dossiers, and the search across everything, return to pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DossierSong:
    """A song as the heading shows it: names, album, year and cover where they are known, its lyrics' id if any."""

    id: int
    artist_id: int
    artist: str
    title: str
    album: str | None = None
    year: int | None = None
    cover_url: str | None = None
    lyrics_id: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DossierGrowth:
    """Readings of one platform: latest total and its day, gain of the last 30 days, forecast of the next 30.

    ``days`` and ``totals`` are for the line (a point a day, None where nothing is known); ``forecast``, ``low`` and
    ``high`` are totals 30 days after the last reading, with an 80 % interval, None where there is no forecast.
    """

    platform: str
    total: float
    on: date
    gain_30: float | None
    days: tuple[date, ...]
    totals: tuple[float | None, ...]
    forecast: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DossierAudition:
    """A finished audition of the song: who judged, total to 300, verdict, when, whether offline."""

    id: int
    panel: str
    total: float | None
    verdict: str | None
    offline: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DossierPrediction:
    """A finished prediction tied to the song: score 0 to 100 with its interval, or why there is none."""

    id: int
    genre: str
    score: float | None
    low: float | None
    high: float | None
    probability: float | None
    abstained: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DossierMood:
    """The song's mood tags by category, its genres in the catalogue, and the songs most like it.

    ``similar`` rows are (song id, title, artist, similarity in percent, shared tags).
    """

    genres: tuple[str, ...]
    tags: Mapping[str, tuple[str, ...]]
    similar: tuple[tuple[int, str, str, float, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class DossierPlaylist:
    """A playlist that holds the song: starter, imported or one of the actor's own."""

    id: int
    title: str
    songs: int
    own: bool


@dataclass(frozen=True, slots=True)
class DossierPicture:
    """A thumbnail made for the song."""

    id: int
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DossierTrack:
    """Background music made for the song."""

    id: int
    batch_id: int
    title: str
    seconds: float
    rating: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dossier:
    """All there is of a song, as one actor may see it; an empty section is an empty tuple or None.

    ``counts`` says how many there are where a section shows the newest few only (by the section's name).
    """

    song: DossierSong
    growth: tuple[DossierGrowth, ...] = ()
    auditions: tuple[DossierAudition, ...] = ()
    predictions: tuple[DossierPrediction, ...] = ()
    mood: DossierMood | None = None
    playlists: tuple[DossierPlaylist, ...] = ()
    thumbnails: tuple[DossierPicture, ...] = ()
    tracks: tuple[DossierTrack, ...] = ()
    counts: Mapping[str, int] | None = None
    own: bool = True


@dataclass(frozen=True, slots=True)
class DossierShare:
    """A link that shows a dossier to whoever has it; its token is told once, when it is made (None afterwards)."""

    id: int
    song_id: int
    token: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    opened: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """One thing the search found: what it is, how it is named, and where it opens (page file and query)."""

    kind: str
    title: str
    detail: str
    page: str
    query: Mapping[str, str]
    song_id: int | None = None


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Things of one kind, the best first, and how many match in all."""

    kind: str
    rows: tuple[Found, ...]
    count: int


def empty_of(dossier: Dossier) -> tuple[str, ...]:
    """Return the names of the sections a dossier has nothing in."""
    sections: dict[str, Any] = {name: getattr(dossier, name) for name in (
        "growth", "auditions", "predictions", "mood", "playlists", "thumbnails", "tracks")}
    return tuple(name for name, found in sections.items() if not found)
