"""Auditions: a song before a panel of judges, in the background; lists, batches. `audition_run` runs them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import db
import judging
from accounts import Actor, require
from queries import auditions as queries
from queries import jobs as job_queries
from queries import people
from support.errors import AppError, Cancelled, DatabaseUnavailable, DataError, NotAllowed, NotFound
from support.jobs import Progress, process_lives
from usecases import hearing, jobs, songs
from usecases.audition_results import AuditionRow, AuditionView, BatchView, JudgeView, PanelView
from usecases.audition_run import all_panels, judge_view, panel_of, run, what_of
from usecases.outages import outlast

REPEATS = (1, 5)
"""Fewest and most repeats."""
log = logging.getLogger(__name__)
_resuming = threading.Lock()


def panels(actor: Actor) -> list[PanelView]:
    """Return the panels of `judges.toml`, and which of their judges have a key.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    return [PanelView(panel.key, tuple(judge_view(judge) for judge in panel.judges)) for panel in all_panels().values()]


# starting ------------------------------------------------------------


def start_audition(actor: Actor, lyrics_id: int, *, panel: str = "default", lang: str = "ko", repeats: int = 1,
                   audio: judging.Audio | None = None) -> int:
    """Have a panel judge a song in the background; return the audition's id.

    Parameters
    ----------
    lyrics_id : int
        Of `songs.get_song`.
    repeats : int
        1 to 5: how often every judge hears the song.
    audio : Audio, optional
        Measured audio of an uploaded track.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If the panel or the repeats cannot be used.
    """
    require(actor, "audition")
    audition_id = _add(actor, lyrics_id, panel, lang, repeats, audio)
    _submit(actor, audition_id)
    return audition_id


def _add(actor: Actor, lyrics_id: int, panel: str, lang: str, repeats: int, audio: judging.Audio | None,
         batch_id: int | None = None, job_id: int | None = None) -> int:
    if not REPEATS[0] <= repeats <= REPEATS[1]:
        raise DataError("audition.repeats", value=repeats, least=REPEATS[0], most=REPEATS[1])
    judges, song = panel_of(panel).judges, songs.get_song(actor, lyrics_id)
    with db.begin() as connection:
        audition_id = queries.add(connection, {
            "owner_id": actor.id, "batch_id": batch_id, "job_id": job_id, "lyrics_id": song.id, "song_id": song.song_id,
            "artist": song.artist, "title": song.title, "lyrics": song.lyrics, "source": song.source,
            "tags": song.tags, "audio": asdict(audio) if audio else None, "cover_url": song.cover_url, "panel": panel,
            "lang": lang, "repeats": repeats, "prompt_version": judging.PROMPT_VERSION})
        queries.add_judges(connection, audition_id, [
            {"place": place, "repeat": repeat, "judge": judge.key, "name": judge.name, "provider": judge.provider,
             "model": judge.model, "weight": judge.weight, "language": judge.speaks(lang)}
            for repeat in range(repeats) for place, judge in enumerate(judges)])
    return audition_id


def _submit(actor: Actor, audition_id: int, only: tuple[int, int] | None = None) -> None:
    def work(progress: Progress) -> dict[str, Any]:
        return run(audition_id, progress, only)

    def stored(job_id: int) -> None:  # before it can begin: whoever sees it run can cancel it
        with db.begin() as connection:
            queries.set_job(connection, audition_id, job_id)

    jobs.submit(actor, "audition", work, {"audition": audition_id}, stored)


def retry_judge(actor: Actor, audition_id: int, repeat: int, place: int) -> None:
    """Have one judge without a score hear the song again; the verdict is worked out anew.

    A judge that has answered is left alone, so that a second click costs nothing.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If the audition is still under way.
    """
    require(actor, "audition")
    _own(actor, audition_id)
    with db.begin() as connection:
        judge = next((one for one in queries.judges(connection, [audition_id])
                      if (one["repeat"], one["place"]) == (repeat, place)), None)
        if judge is None:
            raise NotFound("audition_gone")
        if judge["state"] == "done":
            return
        if not queries.queue_again(connection, audition_id):
            raise DataError("audition.running")
        queries.set_judge(connection, audition_id, place, repeat, {"state": "waiting"})
    _submit(actor, audition_id, (repeat, place))


def cancel_audition(actor: Actor, audition_id: int) -> None:
    """Stop an audition; what judges have finished stays. One of a batch stops the batch."""
    row = _own(actor, audition_id)
    if row["job_id"] is None:
        return
    with db.begin() as connection:
        queries.cancel_queued(connection, audition_id)
    jobs.runner().cancel(row["job_id"])


# looking ------------------------------------------------------------


def get_audition(actor: Actor, audition_id: int) -> AuditionView:
    """Return an audition of the actor with everything, and with what its judges say at this moment.

    Raises
    ------
    NotAllowed, NotFound
    """
    lives = hearing.HALL.views(audition_id)  # before what is stored: a judge who ends in between is stored, not lost
    with db.begin() as connection:  # one transaction: pages ask four times a second
        row = _visible(actor, queries.get(connection, audition_id))
        stored = queries.judges(connection, [audition_id])
        waits = queries.ahead(connection, row["job_id"]) if row["state"] == "queued" and row["job_id"] else 0
    if (marked := _alive(row)) is not row:  # and its judges with it
        row = marked
        with db.begin() as connection:
            stored = queries.judges(connection, [audition_id])
    judges = tuple(_judge(one, lives.get((one["repeat"], one["place"]))) for one in stored)
    return AuditionView(_row(row), row["lyrics"], tuple(row["tags"]), row["audio"], row["cover_url"],
                        what_of(row).kinds, judges, row["repeat_stats"], row["offline"], waits)


def _alive(row: dict[str, Any]) -> dict[str, Any]:
    """Return the audition; one whose process is gone is marked as interrupted first."""
    if row["state"] not in queries.ACTIVE or row["process"] is None or jobs.runner().progress(row["job_id"]):
        return row
    if process_lives(row["process"]):
        return row
    jobs.interrupt_dead()
    with db.begin() as connection:
        queries.interrupt(connection)
        return queries.get(connection, row["id"]) or row


def _judge(stored: dict[str, Any], live: dict[str, Any] | None) -> JudgeView:
    values = {name: stored[name] for name in JudgeView.__dataclass_fields__}
    if live is not None and stored["state"] in ("waiting", "running"):
        values |= live
    return JudgeView(**values)


def _row(row: dict[str, Any]) -> AuditionRow:
    return AuditionRow(**{name: row[name] for name in AuditionRow.__dataclass_fields__})


def _own(actor: Actor, audition_id: int) -> dict[str, Any]:
    with db.begin() as connection:
        return _visible(actor, queries.get(connection, audition_id))


def _visible(actor: Actor, row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise NotFound("audition_gone")
    if actor.role != "administrator" and row["owner_id"] != actor.id:
        raise NotAllowed("audition_of_another")
    return row


def list_auditions(actor: Actor, *, search: str = "", verdict: str | None = None, panel: str | None = None,
                   song_id: int | None = None, batch_id: int | None = None, done_only: bool = False,
                   order: str = "newest", limit: int = 50, offset: int = 0) -> tuple[list[AuditionRow], int]:
    """Return a page of the actor's auditions (an administrator's: everyone's) and how many match.

    Parameters
    ----------
    order : str
        ``newest``, ``best``, ``worst`` or ``split``.
    """
    if order not in queries.ORDERS:
        raise DataError("audition.order", value=order, accepted=", ".join(queries.ORDERS))
    owner = None if actor.role == "administrator" else actor.id
    with db.begin() as connection:
        rows, count = queries.find(connection, owner, search=search, verdict=verdict, panel=panel, song_id=song_id,
                                   batch_id=batch_id, done_only=done_only, order=order, limit=limit, offset=offset)
    return [_row(row) for row in rows], count


def delete_audition(actor: Actor, audition_id: int) -> None:
    """Delete an audition of the actor.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If it is still under way.
    """
    _own(actor, audition_id)
    with db.begin() as connection:
        if not queries.delete(connection, audition_id):
            raise DataError("audition.running")
        people.record_act(connection, actor.id, "delete_audition", f"audition {audition_id}")


def interrupt_auditions() -> int:
    """Mark auditions that a stopped process left behind; return how many."""
    with db.begin() as connection:
        return queries.interrupt(connection)


# batches ------------------------------------------------------------


def start_batch(actor: Actor, *, search: str = "", panel: str = "default", lang: str = "ko",
                lyrics_ids: Sequence[int] | None = None) -> int:
    """Have a panel judge every song found by a search, one after the other; return the batch's id.

    Raises
    ------
    NotAllowed
    DataError
        If there is no song, or the panel cannot be used.
    """
    require(actor, "audition")
    panel_of(panel)
    wanted = list(lyrics_ids) if lyrics_ids is not None else songs.song_ids(actor, search=search)
    if not wanted:
        raise DataError("audition.no_songs")
    with db.begin() as connection:
        batch_id = queries.add_batch(connection, actor.id, panel, lang, search, wanted)
        people.record_act(connection, actor.id, "audition_batch", panel, songs=len(wanted))
    _submit_batch(actor, batch_id)
    return batch_id


def resume_batch(actor: Actor, batch_id: int) -> None:
    """Go on with a batch that was cancelled or interrupted, where it stopped.

    Raises
    ------
    NotFound
    DataError
        If it is still under way, or done.
    """
    require(actor, "audition")
    with _resuming:
        jobs.interrupt_dead()
        found = list_batches(actor, batch_id)
        if not found:
            raise NotFound("batch_gone")
        if found[0].state in ("queued", "running"):
            raise DataError("audition.running")
        _submit_batch(actor, batch_id)


def _submit_batch(actor: Actor, batch_id: int) -> None:
    def work(progress: Progress) -> dict[str, Any]:
        return outlast(lambda: _run_batch(actor, batch_id, progress), progress)

    def stored(job_id: int) -> None:  # before it can begin: its auditions bear its id
        with db.begin() as connection:
            queries.set_batch_job(connection, batch_id, job_id)

    jobs.submit(actor, "audition_batch", work, {"batch": batch_id}, stored)


def list_batches(actor: Actor, batch_id: int | None = None) -> list[BatchView]:
    """Return the actor's batches, newest first."""
    owner = None if actor.role == "administrator" else actor.id
    with db.begin() as connection:
        rows = queries.batches(connection, owner, batch_id)
    return [BatchView(**row | {"songs": tuple(row["songs"])}) for row in rows]


def _run_batch(actor: Actor, batch_id: int, progress: Progress) -> dict[str, Any]:
    """Judge the songs of a batch that have not been; a song that cannot be judged does not stop the others."""
    with db.begin() as connection:
        batch, heard = queries.batches(connection, None, batch_id)[0], queries.heard(connection, batch_id)
        job_queries.interrupt_work(connection, batch["job_id"])  # what was under way when the database went away
    wanted, failed = list(dict.fromkeys(batch["songs"])), 0
    for place, lyrics_id in enumerate(wanted):
        progress.check()
        progress.report(place, len(wanted))
        if lyrics_id in heard:
            continue
        if not _hear_one(actor, lyrics_id, batch, progress):
            failed += 1
            hearing.check_budget()  # used up: the batch ends here, and can be resumed another day
    progress.report(len(wanted), len(wanted))
    return {"batch": batch_id, "songs": len(wanted), "failed": failed}


def _hear_one(actor: Actor, lyrics_id: int, batch: dict[str, Any], progress: Progress) -> bool:
    """Judge one song of a batch; return whether it got a score."""
    try:
        audition_id = _add(actor, lyrics_id, batch["panel"], batch["lang"], 1, None, batch["id"], batch["job_id"])
        return run(audition_id, _Within(progress))["scaled_300"] is not None
    except (Cancelled, DatabaseUnavailable):
        raise
    except AppError as error:
        log.warning("batch %s: lyrics %s could not be judged: %s", batch["id"], lyrics_id, error)
        return False


class _Within:
    """Progress of one audition within a batch: it can be stopped, and its own steps are not told."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @property
    def cancelled(self) -> bool:
        """Whether the batch is asked to stop."""
        return self._progress.cancelled

    def report(self, done: int, total: int, note: str = "") -> None:
        """Tell nothing."""

    def check(self) -> None:
        """Raise `Cancelled` if the batch is to stop."""
        self._progress.check()
