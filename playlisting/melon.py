"""The files of the Arena of Melon playlists as tidy playlists and songs, for research.

``train.json`` (playlists), ``song_meta.json`` (songs in the order of their ids), ``genre_gn_all.json`` (names of
genres); ``val.json`` and ``test.json`` where they are there. Each file is read whole, turned into tidy rows, and
forgotten before the next. Cleaning, in this order:

1. songs without a genre go out, and songs that no file of songs names stay, shown by their id;
2. titles lose their symbols; what is then empty, one character or a number is no title, and its playlist goes out;
3. playlists of the same title are merged: songs and tags in the order of their first appearance;
4. songs and tags used in three playlists or fewer go out, then playlists without songs.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from playlisting.library import RARE_SONG, RARE_TAG
from playlisting.words import clean, is_title
from support.errors import DataError

PLAYLISTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class MelonPlaylist:
    """A tidy playlist.

    Attributes
    ----------
    id : int
        Of the first of those merged.
    title : str
        Cleaned.
    songs : tuple of int
    tags : tuple of str
    likes : int
        Sum over those merged.
    updated : str
        Latest day, ``2019-05-20``; empty if unknown.
    """

    id: int
    title: str
    songs: tuple[int, ...]
    tags: tuple[str, ...]
    likes: int
    updated: str


@dataclass(frozen=True, slots=True)
class MelonSong:
    """A song that a tidy playlist has.

    Attributes
    ----------
    id : int
    title : str
        The id in words where the name is unknown.
    artists : tuple of str
    album, issued : str
        ``issued`` as in the file, ``20160330``; empty if unknown.
    genres : tuple of str
        Names of its main genres.
    """

    id: int
    title: str
    artists: tuple[str, ...] = ()
    album: str = ""
    issued: str = ""
    genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Melon:
    """What `read_melon` gives.

    Attributes
    ----------
    playlists : tuple of MelonPlaylist
    songs : dict of int to MelonSong
    dropped : dict of str to int
        What the cleaning left out: ``songs_without_genre``, ``titles``, ``merged``, ``rare_songs``, ``rare_tags``,
        ``empty``.
    """

    playlists: tuple[MelonPlaylist, ...]
    songs: dict[int, MelonSong]
    dropped: dict[str, int]


@dataclass(slots=True)
class _Merged:
    id: int
    songs: dict[int, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    likes: int = 0
    updated: str = ""


def read_melon(folder: Path, *, rare_song: int = RARE_SONG, rare_tag: int = RARE_TAG) -> Melon:
    """Return the tidy playlists and songs of a folder of the Arena's files, plain or ``.gz``.

    Parameters
    ----------
    folder : Path
    rare_song, rare_tag : int
        Songs and tags in this many playlists or fewer are left out.

    Raises
    ------
    DataError
        ``melon.missing``: a file that is needed is not there; ``melon.broken``: it is not what it should be.
    """
    dropped: Counter[str] = Counter()
    meta = _metadata(folder)
    merged: dict[str, _Merged] = {}
    for name in PLAYLISTS:
        for row in _rows(folder, name, needed=name == "train"):
            try:
                _take(row, merged, meta, dropped)
            except (TypeError, KeyError, ValueError, AttributeError) as error:
                raise DataError("melon.broken", file=f"{name}.json", row=str(row)[:80]) from error
    playlists = _without_rare(merged, rare_song, rare_tag, dropped)
    used = sorted({song for each in playlists for song in each.songs})
    songs = {song: meta.get(song) or MelonSong(song, f"#{song}") for song in used}
    return Melon(tuple(playlists), songs, {name: dropped[name] for name in (
        "songs_without_genre", "titles", "merged", "rare_songs", "rare_tags", "empty")})


def _metadata(folder: Path) -> dict[int, MelonSong | None]:
    """Return songs by id; None for those without a genre."""
    genres = _json(folder, "genre_gn_all", needed=True)
    if not isinstance(genres, dict):
        raise DataError("melon.broken", file="genre_gn_all.json", row=1)
    return {song: each for song, each in _songs(_rows(folder, "song_meta", needed=True), genres)}


def _songs(rows: Iterable[Any], genres: Mapping[str, str]) -> Iterator[tuple[int, MelonSong | None]]:
    names: dict[tuple[str, ...], tuple[str, ...]] = {}  # few combinations, hundreds of thousands of songs
    for number, row in enumerate(rows, 1):
        try:
            song, codes = int(row["id"]), tuple(row.get("song_gn_gnr_basket") or ())
            if not codes:
                yield song, None
                continue
            named = names.setdefault(codes, tuple(genres.get(code, code) for code in codes))
            yield song, MelonSong(song, str(row.get("song_name") or f"#{song}"),
                                  tuple(str(each) for each in row.get("artist_name_basket") or ()),
                                  str(row.get("album_name") or ""), str(row.get("issue_date") or ""), named)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise DataError("melon.broken", file="song_meta.json", row=number) from error


def _take(row: dict[str, Any], merged: dict[str, _Merged], meta: Mapping[int, MelonSong | None],
          dropped: Counter[str]) -> None:
    title = clean(str(row.get("plylst_title") or ""))
    if not is_title(title):
        dropped["titles"] += 1
        return
    key, songs = int(row["id"]), [int(song) for song in row.get("songs") or ()]
    kept = [song for song in songs if meta.get(song, song) is not None]
    dropped["songs_without_genre"] += len(songs) - len(kept)
    dropped["merged"] += title in merged
    into = merged.setdefault(title, _Merged(key))
    into.songs |= dict.fromkeys(kept)
    into.tags |= dict.fromkeys(str(tag) for tag in row.get("tags") or ())
    into.likes += int(row.get("like_cnt") or 0)
    into.updated = max(into.updated, str(row.get("updt_date") or "")[:10])


def _without_rare(merged: Mapping[str, _Merged], rare_song: int, rare_tag: int,
                  dropped: Counter[str]) -> list[MelonPlaylist]:
    songs = Counter(song for each in merged.values() for song in each.songs)
    tags = Counter(tag for each in merged.values() for tag in each.tags)
    dropped["rare_songs"] = sum(count <= rare_song for count in songs.values())
    dropped["rare_tags"] = sum(count <= rare_tag for count in tags.values())
    tidy = [MelonPlaylist(each.id, title, tuple(song for song in each.songs if songs[song] > rare_song),
                          tuple(tag for tag in each.tags if tags[tag] > rare_tag), each.likes, each.updated)
            for title, each in merged.items()]
    dropped["empty"] = sum(not each.songs for each in tidy)
    return [each for each in tidy if each.songs]


def _rows(folder: Path, name: str, *, needed: bool) -> list[dict[str, Any]]:
    rows = _json(folder, name, needed=needed)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("melon.broken", file=f"{name}.json", row=1)
    return rows


def _json(folder: Path, name: str, *, needed: bool) -> Any:
    for path, opened in ((folder / f"{name}.json", open), (folder / f"{name}.json.gz", gzip.open)):
        if path.exists():
            with opened(path, "rb") as file:
                try:
                    return orjson.loads(file.read())
                except (ValueError, OSError, EOFError) as error:
                    raise DataError("melon.broken", file=path.name, row=1) from error
    if needed:
        raise DataError("melon.missing", file=f"{name}.json", folder=str(folder))
    return []
