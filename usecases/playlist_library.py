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


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What became of a training.

    Attributes
    ----------
    replaced : bool
        Whether the new model took the old one's place.
    new, old : dict or None
        ``songs``, ``tags`` (nDCG of 100 and of 10), ``score`` and ``questions`` on the fixed split; old is None where
        there was no model.
    playlists, songs : int
        Learned from.
    """

    replaced: bool
    new: Mapping[str, float]
    old: Mapping[str, float] | None
    playlists: int
    songs: int


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


# --- training -----------------------------------------------------------------------------------------------------


def submit_training(actor: Actor) -> JobView:
    """Train the model on what is in the database, in the background (see `train_playlists`)."""
    require(actor, "train")

    def work(progress: Any) -> dict[str, Any]:
        report = train_playlists(actor, progress=progress)
        return {"replaced": report.replaced, "new": dict(report.new), "old": dict(report.old) if report.old else None,
                "playlists": report.playlists}

    return jobs.submit(actor, "playlists", work)


def train_playlists(actor: Actor, *, progress: Progress | None = None, into: Path | None = None,
                    options: Options | None = None) -> TrainingReport:
    """Train a model on the playlists of the database, and let it take the old one's place unless it is worse.

    Learned from are the playlists to choose from and those users saved, which count double, and once more for every
    like. A tenth of the first kind, by their keys always the same, is kept out of every training and tells which model
    is better.

    Parameters
    ----------
    into : Path, optional
        By default the operator's data folder; the model that comes with the product stays where it is.

    Raises
    ------
    NotAllowed, Busy, Cancelled
    DataError
        If there is too little to learn from.
    """
    require(actor, "train")
    with _exclusive():
        names, playlists, test = _material()
        report_to = progress or Silent()
        model = train(playlists, embedder(config.load().embedding_model).embed, options or Options(), report_to)
        new = _quality(model, test)
        old_model = trained()
        old = _quality(old_model.model, _renumbered(test, names, old_model)) if old_model else None
        better = old is None or new["score"] >= old["score"]
        if better:
            _put(model, names, into or config.load().data_dir / "models" / "playlist", new, old)
        with db.begin() as connection:
            people.record_act(connection, actor.id, "train", "playlists", replaced=better, new=new, old=old)
            queries.raise_version(connection)
    return TrainingReport(better, new, old, len(playlists), len(model.library.songs))


def _material() -> tuple[list[tuple[str, str]], list[Playlist], list[Question]]:
    """Return the songs' names by number, the playlists to learn from, and the questions of the fixed split."""
    with db.begin() as connection:
        shared, own = queries.library(connection, ""), queries.made(connection)
        found = queries.keys_of(connection, sorted({song for row in [*shared, *own] for song in row["songs"]}))
    names = sorted(set(found.values()))
    number = {name: place for place, name in enumerate(names)}

    def numbered(row: Mapping[str, Any], key: str, weight: float = 1.0) -> Playlist:
        songs = tuple(number[found[song]] for song in row["songs"] if song in found)
        return Playlist(key, songs, tuple(row["tags"]), row["title"], weight)

    whole = [numbered(row, f"{row['source']}:{row['outer_id']}") for row in shared]
    kept_out = [each for each in whole if share_of(each.key) < TEST_SHARE]
    learned = [each for each in whole if share_of(each.key) >= TEST_SHARE]
    learned += [numbered(row, f"made:{row['id']}", 2.0 + row["likes"]) for row in own if row["songs"]]
    questions = [question for each in kept_out for kind in KINDS_COMPARED if (question := mask(each, kind)) is not None]
    return names, learned, questions


def _renumbered(questions: Sequence[Question], names: Sequence[tuple[str, str]], old: Trained) -> list[Question]:
    """Return the questions in the numbers of another model; a song it does not know stays one it cannot find."""
    with db.begin() as connection:
        known = queries.song_ids(connection, names)
    there = {number: old.number_of.get(known.get(name, -1), -1 - number) for number, name in enumerate(names)}
    return [Question(type(each.request)(tuple(there[song] for song in each.request.songs if there[song] >= 0),
                                        each.request.tags, each.request.title, each.request.key),
                     tuple(there[song] for song in each.songs), each.tags) for each in questions]


def _quality(model: Model, questions: Sequence[Question]) -> dict[str, Any]:
    found = evaluate(model, questions)
    kinds = {kind: {"songs": round(float(each.songs), 4), "tags": round(float(each.tags), 4),
                    "questions": each.questions} for kind, each in found.items() if kind in KINDS and kind != "all"}
    whole = found["all"]
    return {"songs": round(float(whole.songs), 4), "tags": round(float(whole.tags), 4),
            "score": round(whole.score, 4), "questions": whole.questions, "kinds": kinds}


def _put(model: Model, names: Sequence[tuple[str, str]], where: Path, new: Mapping[str, Any],
         old: Mapping[str, Any] | None) -> None:
    with db.begin() as connection:
        shared, own = queries.library(connection, ""), queries.made(connection)
    data = {source: sum(row["source"] == source for row in shared) for source in ("starter", "melon")}
    data["made"] = len(own)
    metrics = {"trained_at": datetime.now(UTC).isoformat(timespec="seconds"), "data": data, "test": new, "before": old,
               "library": {name: model.facts[name] for name in ("playlists", "songs", "tags", "words")}}
    model.save(where, {"metrics.json": json.dumps(metrics, ensure_ascii=False, indent=1) + "\n",
                       SONGS_FILE: json.dumps([list(name) for name in names], ensure_ascii=False) + "\n",
                       "CARD.md": card(metrics)})


def card(metrics: Mapping[str, Any]) -> str:
    """Return the model's card."""
    test, data = metrics["test"], metrics["data"]
    kinds = "\n".join(f"| {kind} | {each['questions']} | {each['songs']:.3f} | {each['tags']:.3f} |"
                      for kind, each in test["kinds"].items())
    return f"""# Playlist model

Songs and tags for a title, tags and songs: popularity, item and playlist neighbours, titles, EASE and a denoising
autoencoder, fused by weights learned for each kind of request (docs/adr/0017).

Trained {metrics['trained_at'][:10]} on {data['starter']} starter playlists (written for this product), {data['melon']}
imported ones and {data['made']} that users saved. Plain arrays with a SHA-256 (`manifest.json`); the architecture is in
`playlisting/`.

Measured on a tenth of the starter and imported playlists, which no training sees: score {test['score']:.3f} =
0.85 x {test['songs']:.3f} (nDCG of 100 songs) + 0.15 x {test['tags']:.3f} (nDCG of 10 tags), {test['questions']}
questions with half of the songs and tags shown.

| shown (S songs, T tags, N title) | questions | songs | tags |
|---|---|---|---|
{kinds}

Figures on starter playlists tell how well the model learned what this product ships, not how it does on playlists of
other people; those are in bench/README.md.
"""


def model_facts(actor: Actor) -> Mapping[str, Any] | None:
    """Return what the page says of the model: when and on what it was trained, and how good it is; None without one."""
    try:
        found = trained()
    except AppError:
        log.exception("The playlist model cannot be used")
        raise
    return None if found is None else {**found.facts, "own": folder() != SHIPPED}


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
