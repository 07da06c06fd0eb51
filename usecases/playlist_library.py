"""The playlists that others are made from: imported, embedded, held in memory; the model, loaded."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
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
from playlisting.model import Model, load
from playlisting.similar import Finder
from queries import catalogue, people
from queries import playlists as queries
from recommender import Embedder, embedder
from support import weights
from support.errors import AppError, Busy, DataError
from usecases import jobs, locks
from usecases.results import JobView
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
STARTER = config.ROOT / "catalogue" / "playlists.jsonl"
SHIPPED = config.ROOT / "models" / "playlist"
TITLES = config.ROOT / "models" / "playlist_titles"
READER = 2
"""Version of how playlists are read; a higher one imports them again."""
SONGS_FILE = "songs.json"
"""Beside a model: artist and title of each of its songs, normalised, by number."""
METRICS_FILE = "metrics.json"
EMBED_AT_ONCE = 64
SOURCES = ("starter", "melon")
"""Where playlists to choose from come from."""
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
        As in `METRICS_FILE` beside the model.
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
        known = queries.import_counts(connection, "starter", _digest(STARTER), READER) is not None
        left = queries.count_not_embedded(connection, embedder(config.load().embedding_model).name)
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
    with exclusive():
        rows = [json.loads(line) for line in STARTER.read_text("utf-8").splitlines() if line.strip()]
        songs = [(normalise(artist), artist, normalise(title), title) for row in rows for artist, title in row["songs"]]
        digest = _digest(STARTER)
        with db.begin() as connection:
            if queries.import_counts(connection, "starter", digest, READER) is None:
                catalogue.hold_songs(connection)
                ids = queries.put_names(connection, songs)
                queries.clear_source(connection, "starter")
                queries.put_playlists(connection, "starter", [_starter(row, ids) for row in rows])
                queries.raise_version(connection)
                queries.put_import(connection, "starter", digest, READER, {"playlists": len(rows)}, actor.id)
                people.record_act(connection, actor.id, "import_playlists", STARTER.name, playlists=len(rows))
        embed_titles(progress or Silent())
    return {"playlists": len(rows), "songs": len({(each[0], each[2]) for each in songs})}


def _starter(row: Mapping[str, Any], ids: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return a line of the file as it is stored; known by its title, so that a line more moves no other."""
    songs = dict.fromkeys(ids[normalise(artist), normalise(title)] for artist, title in row["songs"])
    return {"outer_id": row["title"], "title": row["title"], "tags": row["tags"], "likes": row["likes"],
            "updated": date.fromisoformat(row["updated"]), "songs": list(songs)}


def embed_titles(progress: Progress) -> int:
    """Give every playlist to choose from the vector of its title; return how many lacked one.

    What is done stays where it is stopped; the next run goes on there.
    """
    model = embedder(config.load().embedding_model)
    with db.begin() as connection:
        total = queries.count_not_embedded(connection, model.name)
    done = 0
    try:
        while done < total:
            progress.report(done, total, "embed")
            progress.check()
            with db.begin() as connection:
                rows = queries.not_embedded(connection, model.name, EMBED_AT_ONCE)
            if not rows:
                break
            known = _shipped_vectors(model.name)
            fresh = sorted({title for _, title in rows} - known.keys())
            known |= dict(zip(fresh, model.embed(fresh), strict=True)) if fresh else {}
            with db.begin() as connection:
                queries.put_embeddings(connection, model.name, [
                    (playlist, known[title].tolist()) for playlist, title in rows])
            done += len(rows)
    finally:
        if done:  # once, not at every batch: copies in memory are made anew each time
            with db.begin() as connection:
                queries.raise_version(connection)
    progress.report(total, total, "embed")
    return done


def _shipped_vectors(model: str) -> dict[str, NDArray[np.float32]]:
    """Return the vectors of the starter playlists' titles, where they were made by this model: a minute saved."""
    try:
        arrays, facts = weights.read(TITLES)
    except DataError as error:
        log.warning("titles are embedded anew: %s", error)
        return {}
    if facts.get("embedder") != model:
        return {}
    return dict(zip(weights.unpacked(arrays["titles"]), arrays["vectors"].astype(np.float32), strict=True))


@contextmanager
def exclusive() -> Iterator[locks.Lock]:
    """Hold the lock of importing playlists and training.

    Raises
    ------
    Busy, DatabaseUnavailable
    """
    with locks.hold(queries.try_lock, queries.unlock, lambda _: Busy("playlist.busy")) as lock:
        yield lock


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
            _shelf = (key, _shelve(connection, model))
            log.info("%s playlists are in memory", len(_shelf[1].rows))
        return _shelf[1]


def _shelve(connection: Any, model: Embedder) -> Shelf:
    rows = {str(row["id"]): row for row in queries.library(connection)}
    playlists = [Playlist(key, tuple(row["songs"]), tuple(row["tags"]), row["title"]) for key, row in rows.items()]
    library = build(playlists, rare_song=0, rare_tag=0, rare_word=0)
    vectors: NDArray[np.float16] | None = None
    for playlist, vector in queries.title_vectors(connection, model.name):
        if vectors is None:
            vectors = np.zeros((len(library), len(vector)), np.float16)
        vectors[library.row_of[str(playlist)]] = vector
    return Shelf(library, Finder(library, Titles(library, vectors, None if vectors is None else model.embed)), rows)


def own_folder() -> Path:
    """Return where a model trained here is put."""
    return config.load().data_dir / "models" / "playlist"


def folder() -> Path:
    """Return where the model is: one trained here, else the one that comes with the product."""
    own = own_folder()
    return own if own.is_dir() else SHIPPED


def trained() -> Trained | None:
    """Return the model, loaded again when another has taken its place; None where there is none.

    Raises
    ------
    DataError
        If its files are not what was stored.
    """
    global _model
    where = folder()
    if not where.is_dir():
        return None
    with _making, db.begin() as connection:
        key = (f"{where}:{where.stat().st_ino}:{where.stat().st_mtime_ns}", queries.version(connection))
        if _model is None or _model[0] != key:
            _model = (key, _load(where, connection))
        return _model[1]


def _load(where: Path, connection: Any) -> Trained:
    try:
        names = [(str(artist), str(title)) for artist, title in json.loads((where / SONGS_FILE).read_text("utf-8"))]
        facts = dict(json.loads((where / METRICS_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError("playlist_model.broken", folder=str(where), file=f"{SONGS_FILE}, {METRICS_FILE}") from error
    text_model = embedder(config.load().embedding_model)
    same = facts.get("embedding", text_model.name) == text_model.name
    if not same:
        log.warning("%s was trained with titles by %s: words alone find titles", where, facts["embedding"])
    model = load(where, text_model.embed if same else None)
    if len(model.library.songs) and int(model.library.songs.max()) >= len(names):
        raise DataError("playlist_model.broken", folder=str(where), file=SONGS_FILE)
    known = queries.song_ids(connection, names)
    song_of = {number: known[name] for number, name in enumerate(names) if name in known}
    return Trained(model, song_of, {song: number for number, song in song_of.items()}, facts)


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
