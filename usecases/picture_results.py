"""What services return of pictures: frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recommender import Why


@dataclass(frozen=True, slots=True)
class ImageTag:
    """A mood tag of a picture.

    Attributes
    ----------
    tag, category : str
    weight : float
        -1 to 1, as its owner left it; at first the tagger's confidence. 0: taken out.
    ground : str
        ``seen`` or ``inferred`` by the tagger, ``chosen`` by the owner.
    confidence : float or None
        Of the tagger, 0 to 1; None for a chosen one.
    why : str
        Key of what the tagger saw, ``""`` where it does not say.
    """

    tag: str
    category: str
    weight: float
    ground: str
    confidence: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A song found for a picture, as it was stored."""

    rank: int
    entry_id: int | None
    song_id: int | None
    title: str
    artist: str
    genre: str
    similarity: float
    best: bool
    why: Why
    song_tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureSearch:
    """A search for songs and what it found.

    Attributes
    ----------
    genres : tuple of str
    count, seed : int
    variety : float
    weights : dict of str to float
        All tags that were looked for, those of the free words among them.
    words : str
    matches : int
        Artists with a matching song, counted no further than was needed.
    songs : tuple of Recommendation
    languages : tuple of str
    years : tuple of (int, int) or None
    """

    genres: tuple[str, ...]
    count: int
    seed: int
    variety: float
    weights: Mapping[str, float]
    words: str
    matches: int
    songs: tuple[Recommendation, ...]
    languages: tuple[str, ...] = ()
    years: tuple[int, int] | None = None

    @property
    def short(self) -> bool:
        """Whether fewer songs were found than asked for."""
        return len(self.songs) < self.count


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture as a page shows it.

    Attributes
    ----------
    id : int
    own : bool
        Whether it is the actor's.
    owner : str
        Nickname.
    width, height : int
        Pixels of what is stored.
    format : str
        Of the file that was sent.
    tagger : str
    notes : dict
        ``scenes`` (name, confidence), ``cues``, ``fallback`` (an error's code and values: why another tagger was not
        used), ``dropped`` (words outside the vocabulary that a model said).
    tags : tuple of ImageTag
    words : str
    token : str or None
        Of the link; only for its owner.
    shared_at, removed_at : datetime or None
    search : PictureSearch or None
        The newest.
    reports : tuple of str
        Open reports, for administrators.
    """

    id: int
    own: bool
    owner: str
    song_id: int | None
    width: int
    height: int
    format: str
    tagger: str
    notes: Mapping[str, Any]
    tags: tuple[ImageTag, ...]
    words: str
    token: str | None
    created_at: datetime
    shared_at: datetime | None
    removed_at: datetime | None
    search: PictureSearch | None
    reports: tuple[str, ...] = ()

    @property
    def hashtags(self) -> tuple[str, ...]:
        """Tags that count, strongest first."""
        return tuple(tag.tag for tag in sorted(self.tags, key=lambda tag: -tag.weight) if tag.weight > 0)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a song can be heard.

    Attributes
    ----------
    link : str
        A search at YouTube, or the video itself.
    video_id : str or None
        For YouTube's own embedded player.
    title, channel : str
        Of the video.
    error_code : str or None
        Why there is no video, with `error_values`.
    """

    link: str
    video_id: str | None = None
    title: str = ""
    channel: str = ""
    error_code: str | None = None
    error_values: Mapping[str, Any] | None = None
