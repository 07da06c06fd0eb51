"""Work on a cluster: the jobs of `pipelines` ordered at Databricks, as jobs of ours that can be followed and stopped.

A job of ours holds the run there: stopping it stops the run, and where this process ends first the run goes on, but
nothing is lost: what it brings into the database is there, and ordering it again changes nothing. What comes back is
checked before it is shown; a job that says nothing usable has failed.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import config
import db
from accounts import Actor, require
from data_processing import normalise
from providers.databricks import Databricks
from providers.remote import RemoteReport, RemoteWork
from queries import people
from queries import playlists as queries
from support.errors import DataError, MissingKey, ProviderError
from support.jobs import Progress
from usecases import jobs
from usecases.mood_search import COUNTS
from usecases.pictures import get_picture, own_row
from usecases.results import JobView

KIND = "remote"
RIGHTS = {"ingest": "sync", "catalogue": "import", "audio": "train", "recommend": "picture"}
"""What an actor needs the right to for each job."""
CATALOGUE = "catalogue"
"""Name in the volume of the list of songs that `recommend_remotely` searches."""
NEEDED = ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_JOB_ID")
Told = Callable[[int, int, str], None]


class Watch(Protocol):
    """Who follows a run: told how far it is, asked whether it shall stop (`support.jobs.Progress` is one)."""

    @property
    def cancelled(self) -> bool:
        """Whether the run is to stop."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the run is."""


def lacking(settings: config.Settings) -> list[str]:
    """Return which settings are missing for work on a cluster, by name."""
    given = (settings.databricks_host, settings.keys.get("DATABRICKS_TOKEN"), settings.databricks_job_id)
    return [name for name, value in zip(NEEDED, given, strict=True) if not value]


def workspace() -> RemoteWork:
    """Return where jobs run elsewhere; nothing is sent yet.

    Raises
    ------
    MissingKey
        ``remote.unset``: which settings are missing.
    DataError
        If one of them cannot be used.
    """
    settings = config.load()
    if missing := lacking(settings):
        raise MissingKey("remote.unset", names=", ".join(missing))
    number = str(settings.databricks_job_id)
    if not number.isdecimal():
        raise DataError("remote.job", value=number[:60])
    return Databricks(str(settings.databricks_host), settings.keys["DATABRICKS_TOKEN"], int(number),
                      settings.databricks_volume or "")


def upload_remotely(actor: Actor, path: Path, name: str | None = None, progress: Told | None = None) -> str:
    """Put a file into the workspace's volume and return its address there.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``upload``.
    path : Path
    name : str, optional
        Below the volume, over a file of the same name; by default the file's own.
    progress : callable, optional
        Told bytes sent, bytes in all, and the name.

    Raises
    ------
    NotAllowed, DataError, ProviderError
    """
    require(actor, "upload")
    name = name or path.name
    told = name

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(done, total, told)

    target = workspace().upload(path, name, progress=tell)
    _note(actor, "upload", target)
    return target


def run_remotely(actor: Actor, name: str, parameters: Sequence[str] = (), progress: Watch | None = None,
                 ) -> RemoteReport:
    """Run a job of `pipelines` on the cluster and wait for its report.

    Parameters
    ----------
    actor : Actor
        Needs the right of `RIGHTS`.
    name : str
        A key of `RIGHTS`.
    parameters : sequence of str
        As on the job's command line.
    progress : Watch, optional
        Stopping it stops the run on the cluster.

    Raises
    ------
    NotAllowed, DataError, ProviderError, Cancelled
    """
    if name not in RIGHTS:
        raise DataError("pipelines.unknown", name=name, accepted=", ".join(RIGHTS))
    require(actor, RIGHTS[name])
    place = workspace()
    _note(actor, RIGHTS[name], parameters[0] if parameters else name)
    watched: Any = {} if progress is None else {"progress": progress.report, "stopped": lambda: progress.cancelled}
    return place.run(name, list(parameters), key=uuid.uuid4().hex, **watched)


def submit_remote(actor: Actor, name: str, parameters: Sequence[str] = ()) -> JobView:
    """Run a job of `pipelines` on the cluster in the background; several at once are runs of their own there.

    The job's result is ``{"run", "seconds", "page", "report"}``.

    Raises
    ------
    NotAllowed, DataError, MissingKey
    """
    _check(actor, name)

    def work(progress: Progress) -> dict[str, Any]:
        return _plain(run_remotely(actor, name, parameters, progress))

    return jobs.submit(actor, KIND, work, {"pipeline": name, "parameters": list(parameters)[:20]})


def submit_remote_songs(actor: Actor, image_id: int, *, genres: Sequence[str] = (), count: int = 5, seed: int = 0,
                        variety: float = 0.0) -> JobView:
    """Recommend songs for a picture's tags as they stand on the cluster, in the background (`recommend_remotely`).

    Raises
    ------
    NotAllowed, NotFound, DataError, MissingKey
    """
    _check(actor, "recommend")
    own_row(actor, image_id)

    def work(progress: Progress) -> dict[str, Any]:
        return recommend_remotely(actor, image_id, genres=genres, count=count, seed=seed, variety=variety,
                                  progress=progress)

    return jobs.submit(actor, KIND, work, {"pipeline": "recommend", "image_id": image_id})


def recommend_remotely(actor: Actor, image_id: int, *, genres: Sequence[str] = (), count: int = 5, seed: int = 0,
                       variety: float = 0.0, progress: Watch | None = None) -> dict[str, Any]:
    """Return songs for a picture's tags, found by the cluster in the list of songs at `CATALOGUE` in the volume.

    Returns
    -------
    dict
        ``run``, ``seconds``, ``page``, and ``songs``: ``artist, title, genre, similarity`` as the cluster found them,
        with the ``song_id`` they have here, None where this database does not know them.

    Raises
    ------
    NotAllowed, NotFound, DataError, ProviderError, Cancelled
    """
    own_row(actor, image_id)
    view = get_picture(actor, image_id)
    weights = {tag.tag: tag.weight for tag in view.tags if tag.weight}
    if not weights and not view.words:
        raise DataError("remote.no_tags")
    if not COUNTS[0] <= count <= COUNTS[1]:
        raise DataError("mood.count", value=count, least=COUNTS[0], most=COUNTS[1])
    volume = (config.load().databricks_volume or "").rstrip("/")
    if not volume:
        raise MissingKey("remote.unset", names="DATABRICKS_VOLUME")
    wish = json.dumps({"tags": weights, "text": view.words}, ensure_ascii=False)
    parameters = [f"{volume.replace('dbfs:/', '/dbfs/', 1)}/{CATALOGUE}", "--wish", wish, "--count", str(count),
                  "--seed", str(seed), "--variety", str(variety), *(f"--genre={genre}" for genre in genres)]
    found = run_remotely(actor, "recommend", parameters, progress)
    return _plain(found) | {"songs": _known(_songs(found, count))}


def _check(actor: Actor, name: str) -> None:
    """Refuse before anything is queued what would fail at once."""
    if name not in RIGHTS:
        raise DataError("pipelines.unknown", name=name, accepted=", ".join(RIGHTS))
    require(actor, RIGHTS[name])
    workspace()


def _note(actor: Actor, act: str, what: str) -> None:
    with db.begin() as connection:
        people.record_act(connection, actor.id, act, what[:200], remote=True)


def _plain(found: RemoteReport) -> dict[str, Any]:
    return {"run": found.run, "seconds": round(found.seconds, 1), "page": found.page, "report": dict(found.report)}


def _songs(found: RemoteReport, count: int) -> list[dict[str, Any]]:
    """Return the report's songs, or fail: what is shown must be what was found."""
    songs = found.report.get("songs")
    if not isinstance(songs, list) or len(songs) > count or not all(map(_is_song, songs)):
        raise ProviderError("remote.output", run=found.run, name="recommend")
    return [{name: song[name] for name in ("artist", "title", "genre", "similarity")} for song in songs]


def _is_song(song: Any) -> bool:
    names = ("artist", "title", "genre")
    if not isinstance(song, Mapping) or not all(isinstance(song.get(name), str) for name in names):
        return False
    near = song.get("similarity")
    return isinstance(near, float | int) and not isinstance(near, bool) and math.isfinite(near) and -1 <= near <= 1


def _known(songs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return songs with the id they have here."""
    keys = [(normalise(song["artist"]), normalise(song["title"])) for song in songs]
    with db.begin() as connection:
        ids = queries.song_ids(connection, keys)
    return [song | {"song_id": ids.get(key)} for song, key in zip(songs, keys, strict=True)]
