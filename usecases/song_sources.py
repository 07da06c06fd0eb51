"""Where shared lyrics come from (a bucket, else the folder the project ships) and how the database follows them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

import config
import db
from data_processing import (
    LARGEST_TEXT,
    LYRICS_READER,
    LyricsFile,
    LyricsText,
    RefusedLyrics,
    fold,
    language_of,
    read_lyrics,
    song_key,
)
from providers.s3 import CONNECTIONS, Listing, S3Place, S3Texts, StoredText
from queries import songs as queries
from queries import sync as names
from support.errors import AppError, Busy, DataError
from support.jobs import Progress
from usecases import locks
from usecases.song_results import RefreshReport

log = logging.getLogger(__name__)
FOLDER = config.ROOT / "catalogue" / "lyrics"
MOST_SONGS = 20_000
"""Songs taken from one place; more belong into a search engine, not into a list."""
AT_ONCE = 100
"""Texts read before they are stored in one transaction: a refresh cut short has lost no more."""
_README = "readme"


class Texts(Protocol):
    """A place with texts."""

    @property
    def address(self) -> str:
        """Name the place, without secrets."""

    def list(self, limit: int) -> Listing:
        """Return the texts, at most `limit`."""

    def read(self, name: str, limit: int) -> tuple[bytes, str] | None:
        """Return a text's bytes, at most `limit` and one more, and its tag; None if it has gone."""


class FolderTexts:
    """The ``.txt`` files of a folder; the tag is the SHA-256 of the content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """Name the folder."""
        inside = self.folder.is_relative_to(config.ROOT)
        return (self.folder.relative_to(config.ROOT) if inside else self.folder).as_posix()

    def list(self, limit: int) -> Listing:
        """Return the texts of the folder by name; none where it does not exist."""
        paths = sorted(path for path in self.folder.glob("*") if path.is_file() and not path.name.startswith("."))
        texts = [path for path in paths if path.suffix.lower() == ".txt" and path.stem.lower() != _README]
        found = tuple(StoredText(path.name, _tag(path.read_bytes()), path.stat().st_size) for path in texts[:limit])
        return Listing(found, len(paths) - len(texts), len(texts) > limit)

    def read(self, name: str, limit: int) -> tuple[bytes, str] | None:
        """Return a file's bytes and tag."""
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        return data[:limit + 1], _tag(data)


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def place() -> S3Place | None:
    """Return the bucket the settings name, None where they name none."""
    settings: Any = config.load()
    bucket = getattr(settings, "s3_bucket", None)
    if not bucket:
        return None
    return S3Place(bucket, getattr(settings, "s3_key", None) or "", getattr(settings, "s3_endpoint_url", None),
                   settings.keys.get("AWS_ACCESS_KEY"), settings.keys.get("AWS_SECRET_KEY"), settings.aws_region)


def texts_of(s3: S3Place | None) -> tuple[str, Texts]:
    """Return the kind of the source of shared lyrics, and the source: a bucket, else the folder."""
    return ("s3", S3Texts(s3)) if s3 else ("folder", FolderTexts(FOLDER))


def refresh(kind: str, texts: Texts, progress: Progress | None = None) -> RefreshReport:
    """Bring the lyrics of a source up to date: read what is new or changed, drop what has gone.

    What was read so far stays when it is stopped or fails; the failure is noted and raised.

    Raises
    ------
    ProviderError, Cancelled, Busy
    """
    with exclusive():
        with db.begin() as connection:
            source_id = queries.put_source(connection, kind, texts.address)
        try:
            return _Refresh(source_id, kind, texts, progress).run()
        except AppError as error:
            with db.begin() as connection:
                queries.failed(connection, source_id, error.code, error.values)
            raise


@contextmanager
def exclusive() -> Iterator[locks.Lock]:
    """Hold the lock of refreshing; two at once would read everything twice.

    Raises
    ------
    Busy, DatabaseUnavailable
    """
    with locks.hold(queries.try_lock, queries.unlock, lambda _: Busy("songs.busy")) as lock:
        yield lock


class _Refresh:
    """One run over one source."""

    def __init__(self, source_id: int, kind: str, texts: Texts, progress: Progress | None) -> None:
        self.source_id, self.kind, self.texts, self.progress = source_id, kind, texts, progress
        self.read = self.songs = self.refused = 0
        self.room = MOST_SONGS
        self.cut = False

    def run(self) -> RefreshReport:
        """Compare, read, store, drop."""
        listing = self.texts.list(MOST_SONGS)
        with db.begin() as connection:
            known = queries.objects(connection, self.source_id)
        same = [each for each in listing.texts if known.get(each.name, ())[:2] == (each.etag, LYRICS_READER)]
        unchanged = {each.name for each in same}
        self.room -= sum(known[name][2] for name in unchanged)
        self.cut = listing.cut
        self._read_all([each for each in listing.texts if each.name not in unchanged], len(unchanged))
        gone = sorted(known.keys() - {each.name for each in listing.texts})
        with db.begin() as connection:
            dropped = queries.drop_objects(connection, self.source_id, gone)
            queries.refreshed(connection, self.source_id, cut=self.cut)
        return RefreshReport(self.kind, self.texts.address, len(listing.texts), len(unchanged), self.read,
                             listing.ignored, dropped, self.songs, self.refused, self.cut)

    def _read_all(self, wanted: Sequence[StoredText], done: int) -> None:
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="lyrics") as pool:
            for start in range(0, len(wanted), AT_ONCE):
                if self.progress:
                    self.progress.check()
                    self.progress.report(done + start, done + len(wanted))
                batch = wanted[start:start + AT_ONCE]
                self._store([each for each in zip(batch, pool.map(self._fetch, batch), strict=True) if each[1]])

    def _fetch(self, text: StoredText) -> tuple[LyricsFile, str] | None:
        """Return a text's songs and its tag; None if it has gone since it was listed."""
        found = (b"", text.etag) if text.size > LARGEST_TEXT else self.texts.read(text.name, LARGEST_TEXT)
        if found is None:
            return None
        try:
            if text.size > LARGEST_TEXT:
                raise DataError("lyrics.large", size_mb=f"{text.size / 1e6:.1f}", limit_mb=LARGEST_TEXT // 1_000_000)
            return read_lyrics(found[0], name=text.name), found[1]
        except DataError as error:
            return LyricsFile((), (RefusedLyrics(0, error.code, error.values),)), found[1]

    def _store(self, batch: Sequence[tuple[StoredText, Any]]) -> None:
        """Store texts read; those for which there is no room are left for another time."""
        taken: list[tuple[StoredText, LyricsFile, str]] = []
        for text, (file, etag) in batch:
            if len(file.songs) > self.room:
                self.cut = True
                continue
            self.room -= len(file.songs)
            taken.append((text, file, etag))
        rows = [(text.name, etag, text.size, LYRICS_READER, len(file.songs),
                 [{"line": each.line, "code": each.code, "values": each.values} for each in file.refused])
                for text, file, etag in taken]
        with db.begin() as connection:
            ids = queries.put_objects(connection, self.source_id, rows)
            flat = [(song, ids[text.name]) for text, file, _ in taken for song in file.songs]
            linked = link_songs(connection, [song for song, _ in flat])
            kept = queries.put_lyrics(connection, [
                lyrics_row(song, linked[song_key(song.artist, song.title)], self.kind, source_id=self.source_id,
                           object_id=home) for song, home in flat])
            queries.drop_lyrics_but(connection, sorted(ids.values()), kept)
        self.read += len(taken)
        self.songs += len(flat)
        self.refused += sum(len(file.refused) for _, file, _ in taken)


def link_songs(connection: Connection, songs: Iterable[LyricsText]) -> dict[tuple[str, str], int]:
    """Return the ids of songs by `song_key`, made where they are not there, as a sync would."""
    listed = list(songs)
    keys = [song_key(song.artist, song.title) for song in listed]
    artists = [(key[0], song.artist, song.artist) for key, song in zip(keys, listed, strict=True)]
    queries.add_artists(connection, artists)
    artist_ids = names.put_artists(connection, artists)
    song_ids = names.put_songs(connection, [(artist_ids[key[0]], key[1], song.title, song.title)
                                            for key, song in zip(keys, listed, strict=True)])
    return {key: song_ids[artist_ids[key[0]], key[1]] for key in keys}


def lyrics_row(song: LyricsText, song_id: int, source: str, *, owner_id: int | None = None,
               source_id: int | None = None, object_id: int | None = None) -> dict[str, Any]:
    """Return a song as `queries.songs.put_lyrics` takes it."""
    norm_artist, norm_title = song_key(song.artist, song.title)
    return {"song_id": song_id, "owner_id": owner_id, "source_id": source_id, "object_id": object_id,
            "source": source, "artist": song.artist, "title": song.title, "norm_artist": norm_artist,
            "norm_title": norm_title, "language": language_of(song.lyrics),
            "lines": sum(bool(line.strip()) for line in song.lyrics.split("\n")), "lyrics": song.lyrics,
            "haystack": fold(f"{song.artist}\n{song.title}\n{norm_artist} {norm_title}\n{song.lyrics}")}
