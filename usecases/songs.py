"""Songs for auditions: lists of lyrics, private lyrics, what Last.fm says of a track."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import config
import db
from accounts import Actor, require
from data_processing import LyricsText, RefusedLyrics, fold, make_song, printable, read_lyrics, song_key
from providers.lastfm import ENDPOINT, LastFm
from providers.s3 import S3Place
from queries import people
from queries import songs as queries
from support.errors import Busy, DataError, NotFound, ProviderError
from support.jobs import Progress
from usecases import jobs, song_sources
from usecases.results import JobView
from usecases.song_results import RefreshReport, RefusedText, SavedLyrics, Song, SongPage, SongRow

log = logging.getLogger(__name__)
REFRESH_MINUTES = 10.0
"""Minutes after an attempt to refresh before the next one that nobody asked for."""
INFO_DAYS = 7
"""Days after which Last.fm is asked again."""
MOST_OWN = 1_000
"""Private songs of one user."""
LARGEST_PAGE = 500
MOST_WORDS = 10
"""Words of a search that are looked at."""


def refresh_songs(actor: Actor, *, force: bool = False, s3: S3Place | None = None,
                  progress: Progress | None = None) -> RefreshReport | None:
    """Bring the shared lyrics up to date with the bucket, or with the folder where there is no bucket.

    Parameters
    ----------
    actor : Actor
    force : bool
        True: now (administrators). False: if the last attempt, good or bad, is `REFRESH_MINUTES` ago and no other is
        under way.
    s3 : S3Place, optional
        By default what the settings name.
    progress : Progress, optional

    Returns
    -------
    RefreshReport or None
        None: nothing was due.

    Raises
    ------
    NotAllowed, ProviderError, Busy, Cancelled
    """
    kind, texts = song_sources.texts_of(s3 or song_sources.place())
    if force:
        require(actor, "sync")
        return song_sources.refresh(kind, texts, progress)
    with db.begin() as connection:
        if not queries.due(connection, texts.address, REFRESH_MINUTES):
            return None
    try:
        return song_sources.refresh(kind, texts, progress)
    except Busy:
        return None


def submit_refresh(actor: Actor, *, force: bool = True, s3: S3Place | None = None) -> JobView:
    """Do as `refresh_songs`, in the background; the job's result is the report.

    Raises
    ------
    NotAllowed
    """
    if force:
        require(actor, "sync")

    def work(progress: Progress) -> dict[str, Any]:
        report = refresh_songs(actor, force=force, s3=s3, progress=progress)
        return asdict(report) if report else {}

    return jobs.submit(actor, "songs", work, {"force": force})


def list_songs(actor: Actor, *, search: str = "", limit: int = 50, offset: int = 0,
               s3: S3Place | None = None) -> SongPage:
    """Return a page of the songs `actor` may read, by artist and title; from the database alone.

    Parameters
    ----------
    actor : Actor
    search : str
        Words that must all be in artist, title or lyrics, each as a part of a word or more.
    limit : int
        Songs a page, 1 to `LARGEST_PAGE`.
    offset : int
        Songs before the page.
    s3 : S3Place, optional

    Returns
    -------
    SongPage
    """
    kind, texts = song_sources.texts_of(s3 or song_sources.place())
    words = _words(search)
    with db.begin() as connection:
        source = queries.source(connection, texts.address) or {}
        rows, count = queries.lyrics_page(connection, actor.id, source.get("id"), words,
                                          max(1, min(limit, LARGEST_PAGE)), max(0, offset))
    problem = (source["error_code"], source["error_values"]) if source.get("error_code") else None
    return SongPage(tuple(SongRow(**row) for row in rows), count, kind, texts.address, source.get("refreshed_at"),
                    bool(source.get("cut")), problem)


def song_ids(actor: Actor, *, search: str = "", s3: S3Place | None = None) -> list[int]:
    """Return the ids of all songs that `list_songs` has, in its order (a batch of auditions)."""
    _, texts = song_sources.texts_of(s3 or song_sources.place())
    with db.begin() as connection:
        source = queries.source(connection, texts.address) or {}
        return queries.lyrics_ids(connection, actor.id, source.get("id"), _words(search))


def refused_songs(actor: Actor, limit: int = 200, *, s3: S3Place | None = None) -> list[RefusedText]:
    """Return songs of the shared texts that were not taken, with the reason of each."""
    _, texts = song_sources.texts_of(s3 or song_sources.place())
    with db.begin() as connection:
        return [RefusedText(**row) for row in queries.refused(connection, texts.address, limit)]


def get_song(actor: Actor, lyrics_id: int, *, lastfm_key: str | None = None) -> Song:
    """Return a song as the database has it; nobody else is asked.

    Raises
    ------
    NotFound
        If there are no such lyrics, or they are another user's.
    """
    row = _row(actor, lyrics_id)
    return _song(row, _reason(row, bool(lastfm_key or _key())))


def song_info(actor: Actor, lyrics_id: int, *, lastfm_key: str | None = None,
              lastfm_endpoint: str | None = None) -> Song:
    """Return a song with what Last.fm says of it, asked anew where the stored answer is over `INFO_DAYS` old.

    Whatever goes wrong there, the song comes back with what is stored and the reason in `info_missing`; a failure is
    not stored. That Last.fm does not know the track is an answer, and stored.

    Raises
    ------
    NotFound
        If there are no such lyrics, or they are another user's.
    """
    row = _linked(_row(actor, lyrics_id))
    key = lastfm_key or _key()
    reason = _reason(row, bool(key))
    if not key or not _is_due(row):
        return _song(row, reason)
    endpoint = lastfm_endpoint or getattr(config.load(), "lastfm_endpoint", None) or ENDPOINT
    try:
        found = _lastfm(key, endpoint).track(row["artist"], row["title"])
    except (ProviderError, DataError) as error:
        log.warning("No answer of Last.fm: %s", error)
        return _song(row, error.code.replace(".", "_"))
    with db.begin() as connection:
        queries.put_track_info(connection, row["song_id"], asdict(found) | {"tags": list(found.tags)} if found
                               else None)
    row = _row(actor, lyrics_id)
    return _song(row, _reason(row, True))


def add_song(actor: Actor, artist: str, title: str, lyrics: str) -> int:
    """Keep pasted lyrics, private to `actor`, and return their id; the same song again replaces the former.

    Raises
    ------
    DataError
        If a name or the lyrics cannot be used.
    """
    return _keep(actor, [make_song(artist, title, lyrics)], "paste")[0]


def add_songs(actor: Actor, data: bytes | str, *, name: str = "") -> SavedLyrics:
    """Keep the songs of a text (form ``Artist - Title:`` and lines), uploaded or pasted, private to `actor`.

    Parameters
    ----------
    actor : Actor
    data : bytes or str
    name : str
        The file's name; without one the text counts as pasted.

    Raises
    ------
    DataError
        If nothing of it can be used.
    """
    file = read_lyrics(data, name=name)
    if not file.songs:
        raise DataError(file.refused[0].code, **file.refused[0].values)
    ids = _keep(actor, file.songs, "upload" if name else "paste")
    return SavedLyrics(tuple(ids), tuple(_refused(name, each) for each in file.refused))


def delete_song(actor: Actor, lyrics_id: int) -> None:
    """Delete lyrics of one's own.

    Raises
    ------
    NotFound
        If there are no such lyrics, they are another user's, or everyone's.
    """
    with db.begin() as connection:
        title = queries.delete_own(connection, lyrics_id, actor.id)
        if title is None:
            raise NotFound("songs.gone")
        people.record_act(connection, actor.id, "delete_lyrics", str(lyrics_id))


def _keep(actor: Actor, songs: Sequence[LyricsText], source: str) -> list[int]:
    with db.begin() as connection:
        linked = song_sources.link_songs(connection, songs)
        ids = queries.put_lyrics(connection, [
            song_sources.lyrics_row(song, song_id, source, owner_id=actor.id)
            for song in songs if (song_id := linked[song_key(song.artist, song.title)])])
        if queries.count_own(connection, actor.id) > MOST_OWN:
            raise DataError("songs.too_many", limit=MOST_OWN)
    return ids


def _refused(name: str, each: RefusedLyrics) -> RefusedText:
    return RefusedText(printable(name), each.line, each.code, each.values)


def _words(search: str) -> list[str]:
    """Return the words of a search, written as the lyrics to be searched are."""
    return list(dict.fromkeys(fold(search).replace("\0", "").split()))[:MOST_WORDS]


def _row(actor: Actor, lyrics_id: int) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.lyrics(connection, lyrics_id, actor.id)
    if row is None:
        raise NotFound("songs.gone")
    return row


def _linked(row: dict[str, Any]) -> dict[str, Any]:
    """Return lyrics with their song, which is made again where its artist was deleted meanwhile."""
    if row["song_id"] is not None:
        return row
    with db.begin() as connection:
        song_id = next(iter(song_sources.link_songs(
            connection, [LyricsText(row["artist"], row["title"], "")]).values()))
        queries.link(connection, row["id"], song_id)
    return row | {"song_id": song_id}


def _is_due(row: dict[str, Any]) -> bool:
    return row["fetched_at"] is None or datetime.now(UTC) - row["fetched_at"] > timedelta(days=INFO_DAYS)


def _reason(row: dict[str, Any], has_key: bool) -> str | None:
    """Return why nothing, or nothing newer, is there from Last.fm."""
    if _is_due(row):
        return "lastfm_not_asked" if has_key else "lastfm_key"
    return None if row["known"] else "lastfm_unknown"


def _song(row: dict[str, Any], reason: str | None) -> Song:
    return Song(row["id"], row["artist"], row["title"], row["lyrics"], row["source"], row["language"], row["song_id"],
                tuple(row["tags"] or ()), row["cover_url"], row["listeners"], row["playcount"], row["url"],
                row["fetched_at"], reason)


def _key() -> str | None:
    return config.load().keys.get("LASTFM_API_KEY")


@lru_cache(maxsize=4)
def _lastfm(key: str, endpoint: str) -> LastFm:
    """Return the one that asks: it keeps the pace for all threads."""
    return LastFm(key, endpoint=endpoint)
