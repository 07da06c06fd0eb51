"""The Kakao Arena's playlists into the database: read and cleaned, songs by their names, titles embedded."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import db
from accounts import Actor, require
from data_processing import normalise
from playlisting import melon
from playlisting.melon import Melon, MelonPlaylist, MelonSong
from queries import catalogue, people
from queries import playlists as queries
from support.errors import DataError
from usecases.playlist_library import embed_titles, exclusive
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
MELON_READER = 1
"""Version of how the files are read; a higher one imports them again."""
FILES = (*melon.PLAYLISTS, "song_meta", "genre_gn_all")
AT_ONCE = 2_000
"""Playlists that are stored between two looks at whether to stop."""
NAMES_AT_ONCE = 10_000
PLACEHOLDER = "Melon"
"""Artist of a song whose name no file gives; its title is its number."""
LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class MelonReport:
    """What an import of the Arena's playlists did.

    Attributes
    ----------
    imported : bool
        False: these very files were there already.
    playlists, songs : int
        Stored now or before. Songs of the same artist and title are one.
    named : int
        Songs that ``song_meta.json`` names; the others are shown by their number.
    known : int
        Songs that were in the database before.
    dropped : dict of str to int
        What the cleaning left out (`playlisting.melon.Melon`), ``days`` that could not be read, and ``songs_beyond``
        the most a playlist can have.
    embedded : int
        Titles that got their vector in this run.
    seconds, embed_seconds : float
        In all, and for the vectors.
    """

    imported: bool
    playlists: int
    songs: int
    named: int
    known: int
    dropped: Mapping[str, int]
    embedded: int
    seconds: float
    embed_seconds: float


def import_melon(actor: Actor, folder: Path, *, progress: Progress | None = None) -> MelonReport:
    """Bring in the playlists of a folder of the Arena's files, in place of those imported before.

    All or none of the playlists are stored. The same files again change nothing; titles without a vector get theirs,
    from where the run before was stopped.

    Raises
    ------
    NotAllowed, Busy, Cancelled
    DataError
        ``melon.missing`` or ``melon.broken`` (`playlisting.melon.read_melon`).
    """
    require(actor, "import")
    watch, began = progress or Silent(), time.monotonic()
    with exclusive():
        sha256 = _digest(folder)
        with db.begin() as connection:
            before = queries.import_counts(connection, "melon", sha256, MELON_READER)
        counts = before or _import(actor, folder, sha256, watch)
        embedding = time.monotonic()
        embedded = embed_titles(watch)
    ended = time.monotonic()
    return MelonReport(imported=before is None, embedded=embedded, seconds=round(ended - began, 1),
                       embed_seconds=round(ended - embedding, 1), **counts)


def _digest(folder: Path) -> str:
    """Return one SHA-256 for the files of a folder that are read."""
    whole = hashlib.sha256()
    for name in FILES:
        path = next((found for end in (".json", ".json.gz") if (found := folder / f"{name}{end}").is_file()), None)
        if path is not None:
            try:
                with path.open("rb") as file:
                    whole.update(f"{name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
            except OSError as error:
                raise DataError("melon.broken", file=path.name, row=1) from error
    return whole.hexdigest()


def _import(actor: Actor, folder: Path, sha256: str, watch: Progress) -> dict[str, Any]:
    watch.check()
    watch.report(0, 1, "read")
    found = melon.read_melon(folder)
    names = {song: _named(each) for song, each in found.songs.items()}
    ids, known = _put_names(list(names.values()), watch)
    song_ids = {song: ids[artist, title] for song, (artist, _, title, _) in names.items()}
    named = {names[song][::2] for song, each in names.items() if each[3] != f"#{song}"}
    dropped: dict[str, int] = {**found.dropped, "days": 0, "songs_beyond": 0}
    with db.begin() as connection:
        queries.clear_source(connection, "melon")
        for done, batch in _batches(found, song_ids, dropped):
            watch.check()
            watch.report(done, len(found.playlists), "playlists")
            queries.put_playlists(connection, "melon", batch)
        queries.raise_version(connection)
        counts = {"playlists": len(found.playlists), "songs": len(ids), "named": len(named), "known": known,
                  "dropped": dropped}
        queries.put_import(connection, "melon", sha256, MELON_READER, counts, actor.id)
        people.record_act(connection, actor.id, "import_playlists", folder.name, **counts)
    watch.report(len(found.playlists), len(found.playlists), "playlists")
    log.info("%s playlists of %s songs imported from %s", counts["playlists"], counts["songs"], folder)
    return counts


def _named(song: MelonSong) -> tuple[str, str, str, str]:
    """Return a song as `queries.playlists.put_names` takes it: under its first artist, or under its number."""
    artist = _tidy(song.artists[0]) if song.artists else ""
    title = _tidy(song.title)
    if not (normalise(artist) and normalise(title)) or title == f"#{song.id}":
        artist, title = PLACEHOLDER, f"#{song.id}"
    return normalise(artist), artist, normalise(title), title


def _tidy(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_NAME]


def _put_names(songs: Sequence[tuple[str, str, str, str]], watch: Progress) -> tuple[dict[tuple[str, str], int], int]:
    """Return ids by normalised artist and title, and how many of them were there before."""
    ids: dict[tuple[str, str], int] = {}
    known = 0
    every = list({(each[0], each[2]): each for each in reversed(songs)}.values())
    for start in range(0, len(every), NAMES_AT_ONCE):
        watch.check()
        watch.report(start, len(every), "songs")
        batch = every[start:start + NAMES_AT_ONCE]
        with db.begin() as connection:
            catalogue.hold_songs(connection)
            known += len(queries.song_ids(connection, [(each[0], each[2]) for each in batch]))
            ids |= queries.put_names(connection, batch)
    watch.report(len(every), len(every), "songs")
    return ids, known


def _batches(found: Melon, song_ids: Mapping[int, int],
             dropped: dict[str, int]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Give the playlists as they are stored, so many at a time, with the number of those before."""
    seen: set[int] = set()
    for start in range(0, len(found.playlists), AT_ONCE):
        rows = []
        for each in found.playlists[start:start + AT_ONCE]:
            # two titles under one number: the second is known by its title
            outer_id = str(each.id) if each.id not in seen else f"{each.id}:{each.title}"
            seen.add(each.id)
            rows.append({"outer_id": outer_id, **_row(each, song_ids, dropped)})
        yield start, rows


def _row(each: MelonPlaylist, song_ids: Mapping[int, int], dropped: dict[str, int]) -> dict[str, Any]:
    songs = list(dict.fromkeys(song_ids[song] for song in each.songs))
    day = _day(each.updated)
    dropped["days"] += bool(each.updated) and day is None
    dropped["songs_beyond"] += max(0, len(songs) - queries.MOST_SONGS)
    tags = [tidy for tag in each.tags if (tidy := _tidy(tag))]
    return {"title": each.title, "tags": tags, "likes": max(0, min(each.likes, 2**31 - 1)), "updated": day,
            "songs": songs[:queries.MOST_SONGS]}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
