"""Running an audition: every judge hears the song at the same time, then totals and verdict are worked out."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import config
import db
import judging
from accounts import Actor
from auditioning.rubric import half_up
from queries import auditions as queries
from support.errors import AppError, Cancelled, DataError, MissingKey, NotFound, state_after
from usecases import hearing, songs

SEAT_S = 0.1
"""Seconds between two looks whether an audition that waits for its turn is to stop."""
_seats = threading.Condition()
_seated = 0


class Watch(Protocol):
    """What tells how far an audition is and whether it is to stop (see `support.jobs.Progress`)."""

    @property
    def cancelled(self) -> bool:
        """Whether the work is asked to stop."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is."""

    def check(self) -> None:
        """Raise `Cancelled` if the work is to stop: `Interrupted` where the process ends."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A song as judges get it."""

    title: str
    lyrics: str


# panels ------------------------------------------------------------


def all_panels() -> dict[str, judging.Panel]:
    """Return the panels of `judges.toml`.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    return judging.load_panels(config.load().judges_file)


def panel_of(key: str) -> judging.Panel:
    """Return a panel by its key.

    Raises
    ------
    DataError
        If there is none, or the file cannot be used.
    """
    found = all_panels()
    if key not in found:
        raise DataError("audition.panel", value=key, accepted=", ".join(found))
    return found[key]


def judge_view(judge: judging.Judge) -> dict[str, Any]:
    """Return a judge as `PanelView` has it: with the key that is missing, or what else is in the way."""
    missing, problem = None, None
    try:
        hearing.model_of(judge)
    except MissingKey:
        missing = judge.key_name
    except DataError as error:
        problem = error.code
    return {"key": judge.key, "name": judge.name, "provider": judge.provider, "model": judge.model,
            "weight": judge.weight, "language": judge.language, "voice": judge.voice, "missing": missing,
            "problem": problem, "ready": missing is None and problem is None}


def what_of(row: dict[str, Any]) -> judging.What:
    """Return what judges have before them, from a stored audition."""
    return judging.What(tuple(row["tags"]), judging.Audio(**row["audio"]) if row["audio"] else None)


# running ------------------------------------------------------------


def run(audition_id: int, progress: Watch, only: tuple[int, int] | None = None) -> dict[str, Any]:
    """Run a queued audition, or one judge of it (repeat, place), and store what it came to.

    Raises
    ------
    Cancelled
        If it was cancelled before or while it ran; `Interrupted` where the process ended.
    AppError
        If it could not be run; the reason is stored.
    """
    try:
        with _seat(progress):
            return _run(audition_id, progress, only)
    except AppError as error:
        _ended(audition_id, state_after(error), error.code, error.values, only)
        raise
    except Exception as error:
        _ended(audition_id, "failed", "unexpected", {"kind": type(error).__name__}, only)
        raise


@contextmanager
def _seat(progress: Watch) -> Iterator[None]:
    """Wait until fewer auditions run than may at once, whichever lane of jobs they came by."""
    global _seated
    with _seats:
        while _seated >= config.load().auditions_at_once:
            _seats.wait(SEAT_S)
            progress.check()
        _seated += 1
    try:
        yield
    finally:
        with _seats:
            _seated -= 1
            _seats.notify()


def _run(audition_id: int, progress: Watch, only: tuple[int, int] | None) -> dict[str, Any]:
    with db.begin() as connection:
        begun = queries.begin(connection, audition_id)
        row, stored = queries.get(connection, audition_id), queries.judges(connection, [audition_id])
    if row is None:
        raise NotFound("audition_gone")
    if not begun:
        raise Cancelled("cancelled")
    if only is None:
        row |= _info(row)
    if only is None and not any(judge_view(judge)["ready"] for judge in panel_of(row["panel"]).judges):
        return _offline(row)
    wanted = [judge for judge in stored if only in (None, (judge["repeat"], judge["place"]))]
    lives = hearing.HALL.open(audition_id, [(judge["repeat"], judge["place"]) for judge in wanted])
    try:
        _hear_all(row, wanted, lives, progress)
    finally:  # before the result is stored: from then on the audition may be opened again
        hearing.HALL.close(audition_id)
    progress.check()
    return _conclude(audition_id)


def _info(row: dict[str, Any]) -> dict[str, Any]:
    """Return and store what Last.fm says of the song; it is asked here, not in the click that starts an audition."""
    try:
        song = songs.song_info(Actor(row["owner_id"], "analyst", ""), row["lyrics_id"])
    except NotFound:  # deleted since: the audition has its own copy
        return {}
    found = {"tags": list(song.tags), "cover_url": song.cover_url, "song_id": song.song_id}
    with db.begin() as connection:
        queries.set_info(connection, row["id"], found)
    return found


def _ended(audition_id: int, state: str, code: str, values: dict[str, Any], only: tuple[int, int] | None) -> None:
    """Store why an audition has no result; one that had a result before a retry keeps it."""
    with db.begin() as connection:
        row = queries.get(connection, audition_id)
        if row is None or row["state"] not in queries.ACTIVE:
            return
        if only is None or row["total"] is None:
            queries.set_state(connection, audition_id, state, code, values)
            return
    _conclude(audition_id)


def _hear_all(row: dict[str, Any], wanted: list[dict[str, Any]], lives: dict[tuple[int, int], hearing.Live],
              progress: Watch) -> None:
    """Have every judge hear the song at the same time, each its repeats one after the other."""
    judges = {judge.key: judge for judge in panel_of(row["panel"]).judges}
    song, what = Heard(row["title"], row["lyrics"]), what_of(row)
    by_place: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in wanted:
        by_place[one["place"]].append(one)
    done, telling = iter(range(1, len(wanted) + 1)), threading.Lock()

    def hear(turns: list[dict[str, Any]]) -> None:
        for turn in turns:
            found: dict[str, Any] = {"state": "failed", "error_code": "audition.judge_gone"}
            if turn["judge"] in judges:
                found = hearing.hear(judges[turn["judge"]], song, what, row["lang"],
                                     lives[turn["repeat"], turn["place"]], lambda: progress.cancelled)
                if found["state"] == "cancelled":
                    found |= _stopped(progress)
            with db.begin() as connection:
                queries.set_judge(connection, row["id"], turn["place"], turn["repeat"], found)
            with telling:
                progress.report(next(done), len(wanted), turn["name"])

    progress.report(0, len(wanted))
    with ThreadPoolExecutor(max(1, len(by_place)), thread_name_prefix="judge") as pool:
        for future in [pool.submit(hear, turns) for turns in by_place.values()]:
            future.result()


def _stopped(progress: Watch) -> dict[str, Any]:
    """Return the state and code of a judge who was stopped: by a person, or because the process ends."""
    try:
        progress.check()
    except Cancelled as error:
        return {"state": state_after(error), "error_code": error.code}
    return {}


def _conclude(audition_id: int) -> dict[str, Any]:
    """Work out totals and verdict from what is stored, and store them."""
    with db.begin() as connection:
        stored = queries.judges(connection, [audition_id])
    runs: dict[int, dict[str, judging.JudgeScore | None]] = defaultdict(dict)
    for one in stored:
        runs[one["repeat"]][one["judge"]] = hearing.score_of(one["score"])
    weights = {one["judge"]: one["weight"] for one in stored}
    result = asdict(_verdict(list(runs.values()), weights))
    stats = _stats(judging.repeats(list(runs.values()), weights)) if len(runs) > 1 else None
    with db.begin() as connection:
        queries.set_result(connection, audition_id, result, stats, None)
    return {"audition": audition_id, **result}


def _verdict(runs: list[dict[str, judging.JudgeScore | None]], weights: dict[str, int]) -> judging.Verdict:
    """Return the verdict over the judges' totals; of several repeats each judge's mean, rounded half up.

    It is provisional where any reply is missing, though it be one of several repeats.
    """
    scores: list[judging.JudgeScore | None] = []
    for judge in runs[0]:
        answered = [one for run in runs if (one := run.get(judge)) is not None and one.total is not None]
        total = half_up(Fraction(sum(one.total or 0 for one in answered), len(answered))) if answered else None
        scores.append(replace(answered[0], total=total) if answered else None)
    found = judging.jury(scores, [weights[judge] for judge in runs[0]])
    missing = any(one is None or one.total is None for run in runs for one in run.values())
    return replace(found, provisional=found.provisional or missing)


def _stats(found: judging.Repeats) -> dict[str, Any]:
    """Return the agreement of repeats as JSON has it: None for NaN."""
    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    return {"totals": list(found.totals), "mean": known(found.mean), "std": known(found.std),
            "error": known(found.error), "alpha": {key: asdict(alpha) for key, alpha in found.alpha.items()}}


def _offline(row: dict[str, Any]) -> dict[str, Any]:
    """Have the offline rubric judge the song: no judge has a key."""
    what = what_of(row)
    found = judging.offline(row["lyrics"], row["lang"], what.audio)
    voices = {judge.key: found.voices[judge.voice] for judge in panel_of(row["panel"]).judges}
    stored = {"score": hearing.score_dict(found.score), "voices": voices, "unread": list(found.unread),
              "findings": [asdict(one) for one in found.findings], "version": judging.OFFLINE_VERSION}
    with db.begin() as connection:
        queries.set_result(connection, row["id"], asdict(found.verdict), None, stored)
    return {"audition": row["id"], **asdict(found.verdict)}
