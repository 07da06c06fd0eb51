"""The playlist model trained on what is in the database, and kept only if it is no worse than the one before."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import config
import db
from accounts import Actor, require
from playlisting.library import Playlist, Request
from playlisting.model import Model, Options, evaluate, train
from playlisting.scoring import KINDS, Question, mask, share_of
from queries import people
from queries import playlists as queries
from recommender import embedder
from support.errors import DataError
from usecases import jobs
from usecases.outages import outlast
from usecases.playlist_library import METRICS_FILE, SONGS_FILE, SOURCES, Trained, exclusive, own_folder, trained
from usecases.results import JobView
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
TEST_SHARE = 0.1
"""Playlists that no model is trained on: the fixed split that models are compared on."""
KINDS_COMPARED = ("STN", "SN", "TN", "N")
"""What is asked of a model here: every request has a title."""
SMALL = 5_000
"""Playlists below which a song or tag counts from its second use on; with as many, only from the fourth."""
COPIED = 0.5
"""Share of a saved playlist's songs that come from a kept-out one it was made from: from here on it is kept out too."""
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What became of a training.

    Attributes
    ----------
    replaced : bool
        Whether the new model took the old one's place.
    new, old : dict or None
        ``songs``, ``tags`` (nDCG of 100 and of 10; None where no question has an answer), ``score``, ``questions`` and
        ``kinds`` on the fixed split; old is None where there was no model that can be read.
    playlists, songs : int
        Learned from.
    """

    replaced: bool
    new: Mapping[str, Any]
    old: Mapping[str, Any] | None
    playlists: int
    songs: int


@dataclass(frozen=True, slots=True)
class _Material:
    """What is trained on: names of the songs by number, playlists, questions, and how many of which source."""

    names: list[tuple[str, str]]
    playlists: list[Playlist]
    questions: list[Question]
    counts: Mapping[str, int]


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
    is better; what users saved that is half or more of one of these is kept out too.

    Parameters
    ----------
    into : Path, optional
        By default the operator's data folder; the model that comes with the product stays where it is.
    options : Options, optional
        By default songs and tags count from their second use on below `SMALL` playlists, else as `Options` says.

    Raises
    ------
    NotAllowed, Busy, Cancelled
    DataError
        If there is too little to learn from, or to judge by.
    """
    require(actor, "train")
    watch = progress or Silent()
    with exclusive() as lock:
        material = _material()
        text_model = embedder(config.load().embedding_model)
        model = train(material.playlists, text_model.embed, options or options_for(len(material.playlists)), watch)
        watch.report(0, 1, "compare")
        new, old = _quality(model, material.questions), outlast(lambda: _quality_now(material), watch)
        watch.check()
        outlast(lock.keep, watch)  # training takes minutes
        better = old is None or new["score"] >= old["score"]
        if better:
            _put(model, material, into or own_folder(), new, old, text_model.name)
        outlast(lambda: _note(actor, replaced=better, new=new, old=old), watch)
    return TrainingReport(better, new, old, len(material.playlists), len(model.library.songs))


def _note(actor: Actor, **what: Any) -> None:
    with db.begin() as connection:
        people.record_act(connection, actor.id, "train", "playlists", **what)


def options_for(playlists: int) -> Options:
    """Return how a model of so many playlists is trained."""
    return Options(rare=(1, 1, 0)) if playlists < SMALL else Options()


def _material() -> _Material:
    with db.begin() as connection:
        shared, own = list(queries.library(connection)), queries.made(connection)
        found = queries.keys_of(connection, sorted({song for row in [*shared, *own] for song in row["songs"]}))
    names = sorted(set(found.values()))
    number = {name: place for place, name in enumerate(names)}

    def numbered(row: Mapping[str, Any], key: str, weight: float = 1.0) -> Playlist:
        songs = tuple(number[found[song]] for song in row["songs"] if song in found)
        return Playlist(key, songs, tuple(row["tags"]), row["title"], weight)

    whole = [numbered(row, f"{row['source']}:{row['outer_id']}") for row in shared]
    kept_out = [each for each in whole if share_of(each.key) < TEST_SHARE]
    hidden = {row["id"]: set(row["songs"]) for row, each in zip(shared, whole, strict=True)
              if share_of(each.key) < TEST_SHARE}
    saved = [numbered(row, f"made:{row['id']}", 2.0 + row["likes"]) for row in own
             if row["songs"] and not _is_copy(row, hidden)]
    learned = [each for each in whole if share_of(each.key) >= TEST_SHARE] + saved
    questions = [question for each in kept_out for kind in KINDS_COMPARED if (question := mask(each, kind)) is not None]
    if not questions:
        raise DataError("playlist_model.unjudged", playlists=len(whole))
    counts = {source: sum(row["source"] == source for row in shared) for source in SOURCES} | {"made": len(saved)}
    return _Material(names, learned, questions, counts)


def _is_copy(row: Mapping[str, Any], kept_out: Mapping[int, set[int]]) -> bool:
    """Return whether a saved playlist gives away what a kept-out one holds that it was made from."""
    own = set(row["songs"])
    return any(len(own & kept_out[source]) >= COPIED * len(own) for source in row["chosen"] if source in kept_out)


def _quality_now(material: _Material) -> Figures | None:
    """Return how good the model in use is, on the same questions; None where there is none that can be read."""
    try:
        old = trained()
    except DataError as error:
        log.warning("The model in use cannot be compared with: %s", error)
        return None
    return None if old is None else _quality(old.model, _renumbered(material, old))


def _renumbered(material: _Material, old: Trained) -> list[Question]:
    """Return the questions in the numbers of another model; a song it does not know stays one it cannot find."""
    with db.begin() as connection:
        known = queries.song_ids(connection, material.names)
    there = {number: old.number_of.get(known.get(name, -1), -1 - number) for number, name in enumerate(material.names)}

    def asked(request: Request) -> Request:
        songs = tuple(there[song] for song in request.songs if there[song] >= 0)
        return Request(songs, request.tags, request.title, request.key)

    return [Question(asked(each.request), tuple(there[song] for song in each.songs), each.tags)
            for each in material.questions]


def _quality(model: Model, questions: Sequence[Question]) -> Figures:
    found = evaluate(model, questions)
    kinds = {kind: {"songs": _figure(each.songs), "tags": _figure(each.tags), "questions": each.questions}
             for kind, each in found.items() if kind in KINDS}
    whole = found["all"]
    return {"songs": _figure(whole.songs), "tags": _figure(whole.tags), "score": round(whole.score, 4),
            "questions": whole.questions, "kinds": kinds}


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)  # JSON has no nan


def _put(model: Model, material: _Material, where: Path, new: Figures, old: Figures | None, text_model: str) -> None:
    metrics = {"trained_at": datetime.now(UTC).isoformat(timespec="seconds"), "data": dict(material.counts),
               "test": new, "before": old, "embedding": text_model,
               "library": {name: model.facts[name] for name in ("playlists", "songs", "tags", "words")}}
    model.save(where, {METRICS_FILE: json.dumps(metrics, ensure_ascii=False, indent=1) + "\n",
                       SONGS_FILE: json.dumps([list(name) for name in material.names], ensure_ascii=False) + "\n",
                       "CARD.md": card(metrics)})


def card(metrics: Mapping[str, Any]) -> str:
    """Return the model's card."""
    test, data = metrics["test"], metrics["data"]
    kinds = "\n".join(f"| {kind} | {each['questions']} | {_shown(each['songs'])} | {_shown(each['tags'])} |"
                      for kind, each in test["kinds"].items())
    return f"""# Playlist model

Songs and tags for a title, tags and songs: popularity, item and playlist neighbours, titles, EASE and a denoising
autoencoder, fused by weights learned for each kind of request (docs/adr/0017).

Trained {metrics['trained_at'][:10]} on {data['starter']} starter playlists (written for this product), {data['melon']}
imported ones and {data['made']} that users saved. Plain arrays with a SHA-256 (`manifest.json`); the architecture is in
`playlisting/`.

Measured on a tenth of the starter and imported playlists, which no training sees: score {test['score']:.3f} =
0.85 x {_shown(test['songs'])} (nDCG of 100 songs) + 0.15 x {_shown(test['tags'])} (nDCG of 10 tags),
{test['questions']} questions with half of the songs and tags shown.

| shown (S songs, T tags, N title) | questions | songs | tags |
|---|---|---|---|
{kinds}

Figures on starter playlists tell how well the model learned what this product ships, not how it does on playlists of
other people; those are in bench/README.md.
"""


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"
