"""What the services of the song catalogue return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CatalogueRefusal:
    """A row of a file that was not taken: its line, and why (a key below ``errors.`` with its values)."""

    line: int
    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or has done so far.

    Attributes
    ----------
    id : int
    name : str
        Of the file.
    state : str
        ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
    rows_read : int
        The sum of the seven counts that follow.
    added, changed, unchanged : int
        Entries new, written again, left as they were.
    edited : int
        Entries whose tags were edited by hand: left as they are.
    untagged, repeated, refused : int
        Rows left out: no tag we know; title, artist and genre were there before; not usable.
    unknown_tags : dict of str to int
        The most frequent texts in tag columns that are no tag, and how often.
    refusals : tuple of CatalogueRefusal
        The first rows refused.
    actor : str or None
    started_at, finished_at : datetime or None
    resumable : bool
        Whether it was cut short and its file is still kept.
    """

    id: int
    name: str
    state: str
    rows_read: int
    added: int
    changed: int
    unchanged: int
    edited: int
    untagged: int
    repeated: int
    refused: int
    unknown_tags: dict[str, int]
    refusals: tuple[CatalogueRefusal, ...]
    actor: str | None
    started_at: datetime
    finished_at: datetime | None
    resumable: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueCounts:
    """How much is in the catalogue.

    Attributes
    ----------
    songs, entries, edited : int
        Songs; songs by genre (a song may have two); entries whose tags were edited by hand.
    genres, tags : dict of str to int
        Entries of each of the vocabulary's genres and tags, in its order, 0 where there is none.
    languages : dict of str to int
        Entries by ISO 639-1 code (zxx: instrumental, empty: unknown), most frequent first.
    first_year, last_year : int or None
    """

    songs: int
    entries: int
    edited: int
    genres: dict[str, int]
    tags: dict[str, int]
    languages: dict[str, int]
    first_year: int | None
    last_year: int | None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A song of the catalogue under one genre; `tags` by category, `edited_at` when they were edited by hand."""

    id: int
    song_id: int
    artist: str
    title: str
    album: str
    year: int | None
    genre: str
    language: str
    tags: dict[str, tuple[str, ...]]
    source: str
    created_at: datetime
    edited_at: datetime | None
    edited_by: str | None


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """A page of entries, and how many there are on all pages."""

    rows: tuple[CatalogueEntry, ...]
    count: int
