"""What the services of songs return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Song:
    """A song with its whole lyrics and what Last.fm says of it.

    Attributes
    ----------
    id : int
        Of these lyrics.
    artist, title, lyrics : str
    source : str
        ``s3``, ``folder``, ``paste`` or ``upload``.
    language : str
        ``ko``, ``en`` or ``other``.
    song_id : int or None
        The song's identity, shared with its daily figures; None until it is used again after its artist was deleted.
    tags : tuple of str
    cover_url : str or None
    listeners, playcount : int or None
    page_url : str or None
        The track's page at Last.fm.
    info_at : datetime or None
        When Last.fm answered.
    info_missing : str or None
        Why nothing, or nothing newer, is there from Last.fm: a key below ``songs.info_missing.``; None: nothing is
        missing.
    """

    id: int
    artist: str
    title: str
    lyrics: str
    source: str
    language: str
    song_id: int | None
    tags: tuple[str, ...] = ()
    cover_url: str | None = None
    listeners: int | None = None
    playcount: int | None = None
    page_url: str | None = None
    info_at: datetime | None = None
    info_missing: str | None = None


@dataclass(frozen=True, slots=True)
class SongRow:
    """A song in a list; `lines` are those that are not blank, `own` is private to the one who asks."""

    id: int
    song_id: int | None
    artist: str
    title: str
    source: str
    language: str
    lines: int
    own: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SongPage:
    """A page of songs, how many there are in all, and how fresh the shared ones are.

    Attributes
    ----------
    rows : tuple of SongRow
    count : int
        Songs that match, on all pages.
    source : str
        ``s3`` or ``folder``.
    place : str
        Where the shared lyrics are, without secrets.
    refreshed_at : datetime or None
        When the place was last read as a whole; None: not yet.
    cut : bool
        There is more than is taken.
    problem : tuple of (str, dict) or None
        Why the last refresh failed: a code below ``errors.`` and its values.
    """

    rows: tuple[SongRow, ...]
    count: int
    source: str
    place: str
    refreshed_at: datetime | None
    cut: bool
    problem: tuple[str, dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class RefusedText:
    """A song of a text that was not taken: the text's name, the line (0: the whole), and why."""

    name: str
    line: int
    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did: texts found, unchanged, read, passed over and gone; songs in texts read; songs not taken."""

    source: str
    place: str
    found: int
    unchanged: int
    read: int
    ignored: int
    gone: int
    songs: int
    refused: int
    cut: bool


@dataclass(frozen=True, slots=True)
class SavedLyrics:
    """What came of a paste or an upload: the ids of the songs kept, and those not taken."""

    ids: tuple[int, ...]
    refused: tuple[RefusedText, ...] = ()
