"""Write ``catalogue/playlists.jsonl`` from the specifications in ``tools/playlists.toml``.

Task: find for each specification, a title with tags and wishes, 15 to 40 songs of the starter catalogue. Songs named
by hand come first; the others are drawn from those that pass the filters, likelier the more wished tags they carry, and
likelier when well known (the list `known`). At the end a song of fewer than two playlists joins those it fits best.

Source: titles, tags and wishes were written for this project. Nobody liked these playlists, so likes are 0.

Conventions: a specification's heading is the title. Its keys are texts: `tags`; `with` and `drop` (songs, ``title`` or
``artist - title``, separated by ``;``); the filters `from` (genres), `years` (``1990-1999``), `lang`, `by` (artists,
separated by ``;``), `need` (each word; ``a|b``: one of them) and `not`; `want` (``-tag``: rather not; a tag said twice
counts twice). Numbers are `size` and `cap`, the most songs of an artist. Without a filter the songs are those named.
Trot, classical and world music and carols are drawn only where a specification asks for them. Each draw is seeded with
the title: the same files give the same playlists, and a change of one hardly touches others.

Run ``python tools/make_playlists.py [--show]``; ``--show`` logs every playlist for reading.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import math
import random
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ingest.names import normalise  # noqa: E402
from moods.vocabulary import CATEGORIES, vocabulary  # noqa: E402

SPECIFICATIONS = ROOT / "tools" / "playlists.toml"
SONGS = ROOT / "catalogue" / "songs.csv"
TARGET = ROOT / "catalogue" / "playlists.jsonl"

UPDATED = "2026-11-21"
SIZES = range(16, 33)  # songs, where a specification names no size
SHORTEST, LONGEST = 15, 40
CAP = 3  # songs of an artist, where a specification names no other number
WISH, KNOWN = 1.2, 1.8  # log odds: of a wished tag, of a known song
LEAST = 2  # playlists of a song
WINTRY = {"겨울", "눈오는날", "추운날", "캐롤"}  # who wishes none of these and no artist wants no carols
APART = {"트롯", "클래식", "월드뮤직"}  # seldom beside other genres: only where `from`, `by` or `with` asks for them
KEYS = {"tags", "with", "drop", "from", "years", "lang", "by", "need", "not", "want", "size", "cap"}
FILTERS = {"from", "years", "lang", "by", "need", "not"}

log = logging.getLogger("make_playlists")


@dataclass(frozen=True)
class Song:
    """A song of the starter catalogue; `tags` of all categories."""

    artist: str
    title: str
    year: int
    genre: str
    language: str
    tags: frozenset[str]


@dataclass(frozen=True)
class Filters:
    """Which songs may be drawn; an empty set of languages or artists: any."""

    genres: frozenset[str]
    languages: frozenset[str]
    artists: frozenset[str]
    years: tuple[int, int]
    need: tuple[frozenset[str], ...]
    without: frozenset[str]

    def let(self, song: Song) -> bool:
        """Tell whether a song passes."""
        return (song.genre in self.genres and (not self.artists or song.artist in self.artists)
                and (not self.languages or song.language in self.languages)
                and self.years[0] <= song.year <= self.years[1] and self.without.isdisjoint(song.tags)
                and not any(song.tags.isdisjoint(words) for words in self.need))  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """A specification, read: `named` and `dropped` are songs chosen by hand; without `filters` none is drawn."""

    title: str
    tags: tuple[str, ...]
    named: tuple[Song, ...]
    dropped: frozenset[Song]
    filters: Filters | None
    want: tuple[str, ...]
    size: int
    cap: int


@dataclass
class Playlist:
    """A playlist on the way."""

    wish: Wish
    songs: list[Song]

    def takes(self, song: Song) -> bool:
        """Tell whether the song may come in: new here, not struck, none too many of its artist, no carol in July."""
        mine = sum(each.artist == song.artist for each in self.songs)
        carol = is_carol(song) and not wants_carols(self.wish)
        return song not in self.songs and song not in self.wish.dropped and mine < self.wish.cap and not carol


# --- reading ----------------------------------------------------------------------------------------------


def read_songs(path: Path = SONGS) -> list[Song]:
    """Return the songs of the starter catalogue."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Song(row["artist"], row["title"], int(row["year"]), row["genre"], row["language"],
                     frozenset(tag for name in CATEGORIES for tag in row[name].split("|") if tag))
                for row in csv.DictReader(file)]  # fmt: skip


class Names:
    """Finds songs by what a specification calls them; collects what it cannot find."""

    def __init__(self, songs: Iterable[Song]) -> None:
        self.found: dict[str, set[Song]] = defaultdict(set)
        self.errors: list[str] = []
        for song in songs:
            for title in (song.title, re.sub(r"\s*\([^)]*\)$", "", song.title)):
                self.found[normalise(title)].add(song)
                self.found[normalise(f"{song.artist} - {title}")].add(song)

    def songs(self, text: str, where: str) -> tuple[Song, ...]:
        """Return the songs that `text` names, separated by ``;``, each once."""
        return tuple(dict.fromkeys(song for name in parts(text, ";") for song in self._one(name, where)))

    def _one(self, name: str, where: str) -> list[Song]:
        songs = self.found.get(normalise(name), set())
        if len(songs) != 1:
            which = " or ".join(sorted(f"{song.artist} - {song.title}" for song in songs))
            self.errors.append(f"{where}: {name!r} is " + (f"any of {which}" if which else "not in the catalogue"))
        return [*songs][:1] if len(songs) == 1 else []


def parts(text: str, separator: str | None = None) -> list[str]:
    """Return the parts of a text without the blanks around them; an underscore is a blank within a word."""
    pieces = [part.strip() for part in text.split(separator) if part.strip()]
    return pieces if separator else [piece.replace("_", " ") for piece in pieces]


def read_wish(title: str, given: dict[str, Any], names: Names, artists: set[str]) -> Wish:
    """Read one specification; mistakes are added to ``names.errors``."""
    names.errors += [f"{title}: {problem}" for problem in problems(given, artists)]
    named = names.songs(given.get("with", ""), title)
    filters = read_filters(given) if given.keys() & FILTERS else None
    size = given.get("size") or random.Random(f"size {title}").choice(SIZES)
    dropped = frozenset(names.songs(given.get("drop", ""), title))
    return Wish(title, tuple(parts(given["tags"])), named, dropped, filters, tuple(parts(given.get("want", ""))),
                max(size, len(named)) if filters else len(named), given.get("cap", CAP))  # fmt: skip


def read_filters(given: dict[str, Any]) -> Filters:
    """Read the filters of a specification."""
    genres = parts(given.get("from", "")) or vocabulary().genres.keys() - (set() if "by" in given else APART)
    first, last = (int(year) for year in given.get("years", "1000-3000").split("-"))
    need = tuple(frozenset(word.split("|")) for word in parts(given.get("need", "")))
    artists = frozenset(parts(given.get("by", ""), ";"))
    return Filters(frozenset(genres), frozenset(parts(given.get("lang", ""))), artists, (first, last), need,
                   frozenset(parts(given.get("not", ""))))  # fmt: skip


def problems(given: dict[str, Any], artists: set[str]) -> Iterator[str]:
    """Yield what is wrong with the words of a specification."""
    yield from (f"unknown key {key}" for key in given.keys() - KEYS)
    words = [word for key in ("need", "not", "want") for word in parts(given.get(key, "").replace("|", " "))]
    yield from (f"unknown tag {word}" for word in words if word.removeprefix("-") not in vocabulary())
    yield from (f"unknown genre {word}" for word in parts(given.get("from", "")) if word not in vocabulary().genres)
    yield from (f"unknown artist {name}" for name in parts(given.get("by", ""), ";") if name not in artists)


def read_wishes(songs: list[Song], path: Path = SPECIFICATIONS) -> tuple[list[Wish], frozenset[Song]]:
    """Return the specifications and the well-known songs.

    Raises
    ------
    SystemExit
        With every mistake in the file.
    """
    given = tomllib.loads(path.read_text("utf-8"))
    names, artists = Names(songs), {song.artist for song in songs}
    known = frozenset(names.songs(given.pop("known"), "known"))
    wishes = [read_wish(title, each, names, artists) for title, each in given.items()]
    if names.errors:
        raise SystemExit("\n".join(names.errors))
    return wishes, known


# --- choosing ---------------------------------------------------------------------------------------------


def is_carol(song: Song) -> bool:
    """Tell whether a song is for Christmas and New Year only."""
    return "캐롤" in song.tags or {"눈오는날", "축하"} <= song.tags


def wants_carols(wish: Wish) -> bool:
    """Tell whether carols may be drawn for a specification."""
    if wish.filters is None or wish.filters.artists:
        return True
    return not WINTRY.isdisjoint(frozenset(wish.want).union(*wish.filters.need))


def wished(song: Song, want: Iterable[str]) -> int:
    """Return how many wished tags a song has, less those it rather should not have."""
    return sum(word in song.tags if word[0] != "-" else -(word[1:] in song.tags) for word in want)


def choose(wish: Wish, songs: list[Song], known: frozenset[Song]) -> Playlist:
    """Return a playlist: songs named by hand, then songs drawn without replacement by their odds.

    The largest of log odds plus Gumbel noise are a weighted draw (Gumbel-max trick; Vieira 2014).
    """
    rng = random.Random(wish.title)
    fitting = [song for song in songs if wish.filters and wish.filters.let(song)]
    noise = [-math.log(-math.log(rng.uniform(1e-9, 1 - 1e-9))) for _ in fitting]
    odds = {song: WISH * wished(song, wish.want) + KNOWN * (song in known) + gumbel
            for song, gumbel in zip(fitting, noise, strict=True)}  # fmt: skip
    playlist = Playlist(wish, list(wish.named))
    for song in sorted(odds, key=lambda each: -odds[each]):
        if len(playlist.songs) < wish.size and playlist.takes(song):
            playlist.songs.append(song)
    rng.shuffle(playlist.songs)
    return playlist


def spread(playlists: list[Playlist], songs: list[Song], uses: Counter[Song]) -> None:
    """Add each song of fewer than `LEAST` playlists to those where it fits best, shorter ones first."""
    for song in (each for each in songs if uses[each] < LEAST):
        open_to = [each for each in playlists if each.wish.filters and each.wish.filters.let(song) and each.takes(song)]
        open_to.sort(key=lambda each: len(each.songs) / 10 - wished(song, each.wish.want))
        for playlist in [each for each in open_to if len(each.songs) < LONGEST][: LEAST - uses[song]]:
            place = random.Random(f"{playlist.wish.title} {song.title}").randrange(len(playlist.songs) + 1)
            playlist.songs.insert(place, song)
            uses[song] += 1


def make() -> list[Playlist]:
    """Return all playlists in the order of their specifications."""
    songs = read_songs()
    wishes, known = read_wishes(songs)
    playlists = [choose(wish, songs, known) for wish in wishes]
    uses = Counter(song for each in playlists for song in each.songs)
    spread(playlists, songs, uses)
    report(playlists, songs, uses)
    return playlists


# --- writing ----------------------------------------------------------------------------------------------


def report(playlists: list[Playlist], songs: list[Song], uses: Counter[Song]) -> None:
    """Log figures, playlists that are too short, and songs that few playlists have."""
    for each in playlists:
        if not SHORTEST <= len(each.songs) <= LONGEST:
            log.warning("%s: %d songs", each.wish.title, len(each.songs))
    few = [song for song in songs if uses[song] < LEAST]
    log.info("%d playlists, %d places; %d songs in fewer than %d: %s", len(playlists), sum(uses.values()), len(few),
             LEAST, "; ".join(f"{song.artist} - {song.title} ({uses[song]})" for song in few))


def line(playlist: Playlist) -> str:
    """Return the line of the file."""
    return json.dumps({"title": playlist.wish.title, "tags": playlist.wish.tags,
                       "songs": [[song.artist, song.title] for song in playlist.songs], "updated": UPDATED, "likes": 0},
                      ensure_ascii=False)  # fmt: skip


def show(playlist: Playlist) -> str:
    """Return a playlist for reading; an asterisk marks songs named by hand."""
    songs = ", ".join(f"{'*' * (song in playlist.wish.named)}{song.artist} - {song.title}" for song in playlist.songs)
    return f"{playlist.wish.title} [{' '.join(playlist.wish.tags)}] {len(playlist.songs)}: {songs}"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--show", action="store_true", help="log every playlist for reading")
    shown = parser.parse_args().show
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    playlists = make()
    if shown:
        log.info("\n".join(map(show, playlists)))
    TARGET.write_text("".join(f"{line(each)}\n" for each in playlists), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
