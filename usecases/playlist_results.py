"""What services return of playlists that are made and saved: frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playlisting.selection import Controls, Reason
from providers.youtube import search_link


@dataclass(frozen=True, slots=True)
class SimilarPlaylist:
    """A playlist like the title.

    Attributes
    ----------
    id : int
    title, source : str
    tags : tuple of str
    songs : tuple of (int, str, str)
        Id, title and artist.
    score : float
        0 to 1; compares within one search.
    shared : tuple of str
        Words it shares with the title.
    """

    id: int
    title: str
    source: str
    tags: tuple[str, ...]
    songs: tuple[tuple[int, str, str], ...]
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimilarPlaylists:
    """Playlists like a title, best first; `how` is ``title``, else ``tags`` or ``popularity``: nothing matched it."""

    hits: tuple[SimilarPlaylist, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a playlist is made from.

    Attributes
    ----------
    title : str
    tags : dict of str to float
        Weight of each tag, -1 to 1; empty: what the title says.
    chosen : tuple of int or None
        Up to `MOST_CHOSEN` playlists; None: the one most like the title.
    controls : Controls
        Songs are known by their ids in the database.
    """

    title: str
    tags: Mapping[str, float] = field(default_factory=dict)
    chosen: tuple[int, ...] | None = None
    controls: Controls = field(default_factory=Controls)


@dataclass(frozen=True, slots=True)
class DraftSong:
    """A song of a draft.

    Attributes
    ----------
    song_id : int
    title, artist, genre, language : str
    year : int or None
    tags : tuple of str
        Of the catalogue.
    score : float
        0 to 1; compares within one draft.
    playlists : tuple of str
        Titles of the chosen playlists that have it.
    shared : tuple of str
        Wished tags that it has.
    locked : bool
    """

    song_id: int
    title: str
    artist: str
    genre: str
    language: str
    year: int | None
    tags: tuple[str, ...]
    score: float
    playlists: tuple[str, ...]
    shared: tuple[str, ...]
    locked: bool

    @property
    def link(self) -> str:
        """Return a search at YouTube."""
        return search_link(self.title, self.artist)


@dataclass(frozen=True, slots=True)
class Draft:
    """A playlist as proposed.

    Attributes
    ----------
    title : str
    hashtags : tuple of str
        Five, best first; fewer where there are no more.
    songs : tuple of DraftSong
    reasons : tuple of Reason
        What is not as asked, and why; keys below ``playlist_reason.``.
    how : str
        As in `SimilarPlaylists`.
    chosen : tuple of int
        The playlists it was made from.
    tags : dict of str to float
        What was looked for.
    model : str
        ``model``, or ``mood`` where there is no trained model and songs were found by mood alone.
    """

    title: str
    hashtags: tuple[str, ...]
    songs: tuple[DraftSong, ...]
    reasons: tuple[Reason, ...]
    how: str
    chosen: tuple[int, ...]
    tags: Mapping[str, float]
    model: str


@dataclass(frozen=True, slots=True)
class PlaylistView:
    """A saved playlist.

    `request` is what it was made from, empty for others than its owner; `picture` the thumbnail that was chosen for it.
    """

    id: int
    own: bool
    owner: str
    title: str
    tags: tuple[str, ...]
    songs: tuple[DraftSong, ...]
    count: int
    likes: int
    liked: bool
    token: str | None
    created_at: datetime
    changed_at: datetime
    request: Mapping[str, Any] = field(default_factory=dict)
    picture: int | None = None
