"""The playlists that others are made from: imported, embedded, held in memory; the model, loaded and trained."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import db
from accounts import Actor, require
from data_processing import normalise
from playlisting.components import Titles
from playlisting.library import Library, Playlist, build
from playlisting.model import Model, Options, evaluate, load, train
from playlisting.scoring import KINDS, Question, mask, share_of
from playlisting.similar import Finder
from queries import people
from queries import playlists as queries
from recommender import embedder
from support.errors import AppError, Busy, DataError
from usecases import jobs
from usecases.results import JobView
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
STARTER = config.ROOT / "catalogue" / "playlists.jsonl"
SHIPPED = config.ROOT / "models" / "playlist"
READER = 1
"""Version of how playlists are read; a higher one imports them again."""
TEST_SHARE = 0.1
"""Playlists that no model is trained on: the fixed split that models are compared on."""
SONGS_FILE = "songs.json"
"""Beside a model: artist and title of each of its songs, normalised, by number."""
EMBED_AT_ONCE = 64
KINDS_COMPARED = ("STN", "SN", "TN", "N")
_making = threading.RLock()
_shelf: tuple[tuple[int, str], Shelf] | None = None
_model: tuple[tuple[str, int], Trained] | None = None


@dataclass(frozen=True)
class Shelf:
    """All playlists to choose from, in memory; songs by their ids in the database.

    Attributes
    ----------
    library : Library
    finder : Finder
    rows : dict of str to dict
        Each playlist as the database has it, by its key (its id as text).
    """

    library: Library
    finder: Finder
    rows: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Trained:
    """A model, and which of its songs is which of the database's.

    Attributes
    ----------
    model : Model
    song_of : dict of int to int
        The database's id by the model's number; a song that is not in the database is missing.
    number_of : dict of int to int
    facts : dict
        As in ``metrics.json`` beside the model.
    """

    model: Model
    song_of: Mapping[int, int]
    number_of: Mapping[int, int]
    facts: Mapping[str, Any]


# --- imports ------------------------------------------------------------------------------------------------------


def submit_starter_playlists(actor: Actor) -> JobView | None:
    """Import the playlists that come with the product, unless this very file was imported before (None)."""
    require(actor, "import")
    if not STARTER.is_file():
        return None
    with db.begin() as connection:
        known = queries.was_imported(connection, "starter", _digest(STARTER), READER)
        left = queries.not_embedded(connection, embedder(config.load().embedding_model).name, 1)
    if known and not left:
        return None
    return jobs.submit(actor, "playlists", lambda progress: import_starter_playlists(actor, progress=progress))


def import_starter_playlists(actor: Actor, *, progress: Progress | None = None) -> dict[str, Any]:
    """Bring in the playlists that come with the product, in place of those of an earlier version.

    Raises
    ------
    NotAllowed, Busy, Cancelled
    """
    require(actor, "import")
    progress = progress or Silent()
    with _exclusive():
        rows = [json.loads(line) for line in STARTER.read_text("utf-8").splitlines() if line.strip()]
        songs = [(normalise(artist), artist, normalise(title), title) for row in rows for artist, title in row["songs"]]
        digest = _digest(STARTER)
        with db.begin() as connection:
            if not queries.was_imported(connection, "starter", digest, READER):
                ids = queries.put_names(connection, songs)
                kept = [{"outer_id": str(place), "title": row["title"], "tags": row["tags"], "likes": row["likes"],
                         "updated": date.fromisoformat(row["updated"]), "songs": list(dict.fromkeys(
                             ids[normalise(artist), normalise(title)] for artist, title in row["songs"]))}
                        for place, row in enumerate(rows)]
                queries.replace_source(connection, "starter", kept)
                queries.put_import(connection, "starter", digest, READER, {"playlists": len(rows)}, actor.id)
                people.record_act(connection, actor.id, "import_playlists", STARTER.name, playlists=len(rows))
        embed_titles(progress)
    return {"playlists": len(rows), "songs": len(set(songs))}


def embed_titles(progress: Progress) -> int:
    """Give every playlist to choose from the vector of its title; return how many lacked one.

    What is done stays where it is stopped; the next run goes on there.
    """
    model = embedder(config.load().embedding_model)
    with db.begin() as connection:
        total = len(queries.not_embedded(connection, model.name, 10_000_000))
    done = 0
    while True:
        progress.check()
        with db.begin() as connection:
            rows = queries.not_embedded(connection, model.name, EMBED_AT_ONCE)
        if not rows:
            return done
        vectors = model.embed([title for _, title in rows])
        with db.begin() as connection:
            queries.put_embeddings(connection, model.name, [
                (playlist, vector.tolist()) for (playlist, _), vector in zip(rows, vectors, strict=True)])
            queries.raise_version(connection)
        done += len(rows)
        progress.report(done, max(total, done), "embed")


@contextmanager
def _exclusive() -> Iterator[None]:
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not queries.try_lock(connection):
            raise Busy("playlist.busy")
        try:
            yield
        finally:
            queries.unlock(connection)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- in memory ----------------------------------------------------------------------------------------------------


def shelf() -> Shelf:
    """Return all playlists to choose from, read again when they have changed."""
    global _shelf
    model = embedder(config.load().embedding_model)
    with _making, db.begin() as connection:
        key = (queries.version(connection), model.name)
        if _shelf is None or _shelf[0] != key:
            _shelf = None  # never two copies at once
            _shelf = (key, _shelve(queries.library(connection, model.name), model.embed))
            log.info("%s playlists are in memory", len(_shelf[1].rows))
        return _shelf[1]


def _shelve(rows: Sequence[Mapping[str, Any]], embed: Any) -> Shelf:
    playlists = [Playlist(str(row["id"]), tuple(row["songs"]), tuple(row["tags"]), row["title"]) for row in rows]
    library = build(playlists, rare_song=0, rare_tag=0, rare_word=0)
    width = next((len(row["embedding"]) for row in rows if row["embedding"]), 0)
    vectors: NDArray[np.float16] | None = None
    if width:
        vectors = np.zeros((len(rows), width), np.float16)
        for place, row in enumerate(rows):
            if row["embedding"]:
                vectors[place] = row["embedding"]
    bare = {str(row["id"]): {name: value for name, value in row.items() if name != "embedding"} for row in rows}
    return Shelf(library, Finder(library, Titles(library, vectors, embed if width else None)), bare)


def folder() -> Path:
    """Return where the model is: one trained here, else the one that comes with the product."""
    own = config.load().data_dir / "models" / "playlist"
    return own if (own / SONGS_FILE).is_file() else SHIPPED


def trained() -> Trained | None:
    """Return the model, loaded again when another has taken its place; None where there is none.

    Raises
    ------
    DataError
        If its files are not what was stored.
    """
    global _model
    where = folder()
    if not (where / SONGS_FILE).is_file():
        return None
    with _making, db.begin() as connection:
        key = (f"{where}:{(where / SONGS_FILE).stat().st_mtime_ns}", queries.version(connection))
        if _model is None or _model[0] != key:
            _model = (key, _load(where, connection))
        return _model[1]


def _load(where: Path, connection: Any) -> Trained:
    names = [(artist, title) for artist, title in json.loads((where / SONGS_FILE).read_text("utf-8"))]
    known = queries.song_ids(connection, names)
    song_of = {number: known[name] for number, name in enumerate(names) if name in known}
    facts = json.loads((where / "metrics.json").read_text("utf-8"))
    return Trained(load(where, embedder(config.load().embedding_model).embed), song_of,
                   {song: number for number, song in song_of.items()}, facts)


def model_facts(actor: Actor) -> Mapping[str, Any] | None:
    """Return what the page says of the model: when and on what it was trained, and how good it is; None without one."""
    try:
        found = trained()
    except AppError:
        log.exception("The playlist model cannot be used")
        raise
    return None if found is None else {**found.facts, "own": folder() != SHIPPED}


def playlist_counts(actor: Actor) -> Mapping[str, int]:
    """Return how many playlists there are to choose from, by where they came from; empty before the first import."""
    with db.begin() as connection:
        return queries.counts(connection)


def check_title(title: str) -> str:
    """Return a title without needless spaces.

    Raises
    ------
    DataError
        If it is empty or longer than 80 characters.
    """
    tidy = " ".join(title.split())
    if not tidy or len(tidy) > 80:
        raise DataError("playlist.title", count=len(tidy), most=80)
    return tidy
