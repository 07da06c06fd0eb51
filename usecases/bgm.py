"""Background music: settled, asked for, edited, kept. `bgm_run` makes it, `bgm_files` writes its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import composer
import db
from accounts import Actor, require
from composer import Plan, Wish
from queries import bgm as queries
from queries import people
from recommender import embedder
from support.errors import DataError, NotFound
from support.jobs import Progress
from usecases import bgm_makers, bgm_run, dossier, jobs
from usecases.bgm_results import BgmBatch, BgmTrack, Settled

KINDS = ("genres", "instruments", "moods", "textures")
MOST_CAPTION = 2_000
MOST_TITLE = 200
PAGE = 10
LANGS = ("ko", "en")
EDITS = ("section", "instrument", "energy", "length")


# --- what can be asked for ----------------------------------------------------------------------------------------


def bgm_terms(kind: str) -> tuple[Any, ...]:
    """Return the vocabulary of a kind: entries with id, names in Korean and English, and aliases.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise DataError("bgm.terms", value=kind, accepted=", ".join(KINDS))
    return tuple({"genres": composer.genres, "instruments": composer.instruments, "moods": composer.moods,
                  "textures": composer.textures}[kind]().values())


def settle_bgm(actor: Actor, wish: Wish) -> Settled:
    """Decide what a wish comes to, before anything runs: exact tempo, length and bars, the captions, notes.

    Raises
    ------
    DataError
        If nothing is asked for, or a value cannot be used.
    """
    plans, notes = _plans(wish)
    first = plans[0]
    return Settled(first, first.seconds, sum(one.bars for one in first.sections), first.bpm,
                   {lang: bgm_caption(wish, lang) for lang in LANGS}, notes)


def _plans(wish: Wish) -> tuple[tuple[Plan, ...], tuple[tuple[str, Mapping[str, Any]], ...]]:
    return composer.settle(composer.validate(wish), embedder().embed if wish.keywords else None)


def bgm_caption(wish: Wish, lang: str) -> str:
    """Return a wish as one line: moods, genres, instruments, tempo."""
    return composer.caption_of(wish, lang)


def read_bgm_caption(text: str, wish: Wish) -> tuple[Wish, tuple[str, ...]]:
    """Return the wish with what a caption says in place of its categories, keywords and tempo, and the unknown words.

    Raises
    ------
    DataError
        If the caption is too long.
    """
    if len(text) > MOST_CAPTION:
        raise DataError("bgm.caption_long", length=len(text), most=MOST_CAPTION)
    read = composer.read(text)
    tempo = wish.tempo if read.tempo is None else read.tempo
    return replace(wish, genres=read.genres, instruments=read.instruments, moods=read.moods, textures=read.textures,
                   keywords=read.keywords, tempo=tempo), read.keywords


# --- making -------------------------------------------------------------------------------------------------------


def submit_bgm(actor: Actor, wish: Wish, caption: str = "", maker: str = "composer",
               song_id: int | None = None) -> BgmBatch:
    """Have the variants of a wish made in the background.

    Parameters
    ----------
    caption : str
        As it is shown with the tracks; by default that of the wish, in Korean.
    maker : str
        ``composer``, or one of `bgm_makers`.
    song_id : int, optional
        The song it is made for.

    Raises
    ------
    NotAllowed
    DataError
        If nothing is asked for, a value cannot be used, or there is no such maker.
    MissingKey
        If the maker is not set up.
    """
    require(actor, "bgm")
    tidy = composer.validate(wish)
    bgm_makers.check(maker)
    dossier.check_song(actor, song_id)
    shown = caption.strip()[:MOST_CAPTION] or bgm_caption(tidy, "ko")
    return _queue(actor, {"song_id": song_id, "wish": asdict(tidy), "caption": shown, "maker": maker,
                          "tracks": tidy.variants, "parent_id": None, "edit": None})


def edit_bgm(actor: Actor, track_id: int, act: str, **values: Any) -> BgmBatch:
    """Make a new version of one's own track; the track stays.

    Parameters
    ----------
    act : str
        ``section`` (``section_id``: made anew), ``instrument`` (``role``, ``instrument``), ``energy`` (``by``: -1 to
        1), ``length`` (``seconds``).

    Raises
    ------
    DataError
        If the act or a value cannot be used, or the track was not made by the composer.
    """
    require(actor, "bgm")
    row = _own(actor, track_id)
    plan = edited(row, act, values)
    with db.begin() as connection:
        batch = queries.get_batch(connection, row["batch_id"])
    if batch is None:
        raise NotFound("bgm.gone")
    edit = {"act": act, **values, "plan": composer.as_json(plan)}
    return _queue(actor, {"song_id": row["song_id"], "wish": batch["wish"], "caption": batch["caption"],
                          "maker": "composer", "tracks": 1, "parent_id": track_id, "edit": edit})


def edited(row: Mapping[str, Any], act: str, values: Mapping[str, Any]) -> Plan:
    """Return the plan of a stored track after an edit."""
    if row["plan"] is None:
        raise DataError("bgm.not_composed", maker=row["maker"])
    plan = composer.from_json(row["plan"])
    if act == "section":
        return composer.again(plan, int(values["section_id"]))
    if act == "instrument":
        return composer.with_instrument(plan, str(values["role"]), str(values["instrument"]))
    if act == "energy":
        return composer.change_energy(plan, float(values["by"]))
    if act == "length":
        return composer.lengthen(plan, float(values["seconds"]))
    raise DataError("bgm.edit", value=act, accepted=", ".join(EDITS))


def _queue(actor: Actor, row: Mapping[str, Any]) -> BgmBatch:
    with db.begin() as connection:
        queries.purge(connection)
        batch_id = queries.add_batch(connection, {**row, "owner_id": actor.id})
    _submit(actor, batch_id, row["maker"])
    return get_bgm(actor, batch_id)


def _submit(actor: Actor, batch_id: int, maker: str) -> None:
    def work(progress: Progress) -> dict[str, Any]:
        return bgm_run.run(batch_id, progress)

    def stored(job_id: int) -> None:  # before it can begin: whoever sees it run can cancel it
        with db.begin() as connection:
            queries.set_job(connection, batch_id, job_id)

    jobs.submit(actor, "bgm" if maker == "composer" else "bgm_provider", work, {"bgm": batch_id}, stored)


def cancel_bgm(actor: Actor, batch_id: int) -> None:
    """Stop the making of one's own request; tracks that are made stay."""
    row = _own_batch(actor, batch_id)
    if row["state"] not in queries.ACTIVE or row["job_id"] is None:
        return
    jobs.runner().cancel(row["job_id"])
    if row["state"] == "queued":
        with db.begin() as connection:
            queries.end(connection, batch_id, "cancelled")


def retry_bgm(actor: Actor, batch_id: int) -> BgmBatch:
    """Make what is still missing of a request that failed, was cancelled or interrupted."""
    require(actor, "bgm")
    row = _own_batch(actor, batch_id)
    with db.begin() as connection:
        again = queries.queue_again(connection, batch_id)
    if again:
        _submit(actor, batch_id, row["maker"])
    return get_bgm(actor, batch_id)


def interrupt_bgm() -> int:
    """Mark requests whose process is gone as interrupted; return how many."""
    with db.begin() as connection:
        return queries.interrupt(connection)


# --- looking ------------------------------------------------------------------------------------------------------


def get_bgm(actor: Actor, batch_id: int) -> BgmBatch:
    """Return one's own request with the tracks made so far.

    Raises
    ------
    NotFound
        Also where it is another's.
    """
    row = _own_batch(actor, batch_id)
    with db.begin() as connection:
        tracks = queries.tracks(connection, batch_id)
    job = jobs.get_job(actor, row["job_id"]) if row["job_id"] and row["state"] in queries.ACTIVE else None
    same = ("id", "caption", "maker", "state", "created_at", "song_id", "parent_id", "error_code", "error_values",
            "job_id")
    edit = None if row["edit"] is None else {name: value for name, value in row["edit"].items() if name != "plan"}
    return BgmBatch(**{name: row[name] for name in same}, wish=bgm_run.wish_of(row["wish"]), edit=edit,
                    done=job.done if job else len(tracks), total=job.total if job and job.total else row["tracks"],
                    ahead=row["ahead"] if row["state"] == "queued" else 0, tracks=tuple(map(_track, tracks)))


def get_bgm_track(actor: Actor, track_id: int) -> BgmTrack:
    """Return one's own track.

    Raises
    ------
    NotFound
    """
    return _track(_own(actor, track_id))


def list_bgm(actor: Actor, search: str = "", page: int = 1) -> tuple[tuple[BgmTrack, ...], int]:
    """Return a page of one's own tracks, newest first (without notes and sections), and how many there are."""
    with db.begin() as connection:
        rows, count = queries.listed(connection, actor.id, search.strip()[:MOST_TITLE], PAGE, PAGE * (max(1, page) - 1))
    return tuple(map(_track, rows)), count


def _track(row: Mapping[str, Any]) -> BgmTrack:
    same = ("id", "batch_id", "variant", "title", "state", "maker", "seconds", "rating", "song_id", "created_at",
            "figures", "error_code", "error_values")
    drawn = row["drawn"]
    return BgmTrack(
        **{name: row[name] for name in same}, peaks=_rows(drawn.get("peaks")),
        plan=None if row["plan"] is None else composer.from_json(row["plan"]),
        roll=tuple((role, instrument, _rows(notes)) for role, instrument, notes in drawn.get("roll") or ()),
        spans=_rows(drawn.get("spans")), chords=_rows(drawn.get("chords")))


def _rows(rows: Sequence[Sequence[Any]] | None) -> tuple[Any, ...]:
    return tuple(map(tuple, rows or ()))


# --- keeping ------------------------------------------------------------------------------------------------------


def rename_bgm(actor: Actor, track_id: int, title: str) -> None:
    """Give one's own track another title.

    Raises
    ------
    DataError
        If the title is blank or too long.
    """
    tidy = " ".join(title.replace("\x00", "").split())
    if not 0 < len(tidy) <= MOST_TITLE:
        raise DataError("bgm.title", length=len(tidy), most=MOST_TITLE)
    _set(actor, track_id, "title", tidy)


def rate_bgm(actor: Actor, track_id: int, rating: int | None) -> None:
    """Say how good one's own track is, 1 to 5; None takes it back."""
    if rating is not None and rating not in range(1, 6):
        raise DataError("bgm.rating", value=rating)
    _set(actor, track_id, "rating", rating)


def attach_bgm(actor: Actor, track_id: int, song_id: int | None) -> None:
    """Let one's own track belong to a song, or to none."""
    dossier.check_song(actor, song_id)
    _set(actor, track_id, "song_id", song_id)


def _set(actor: Actor, track_id: int, name: str, value: Any) -> None:
    require(actor, "bgm")
    _own(actor, track_id)
    with db.begin() as connection:
        queries.set_value(connection, track_id, name, value)


def delete_bgm(actor: Actor, track_id: int) -> None:
    """Delete one's own track; `restore_bgm` takes that back for an hour."""
    _own(actor, track_id)
    with db.begin() as connection:
        queries.hide(connection, track_id, on=True)
        people.record_act(connection, actor.id, "delete", f"bgm {track_id}")


def restore_bgm(actor: Actor, track_id: int) -> None:
    """Take the deletion of one's own track back.

    Raises
    ------
    NotFound
        If it was deleted more than an hour ago, or never there.
    """
    _own(actor, track_id, deleted=True)
    with db.begin() as connection:
        queries.hide(connection, track_id, on=False)


def _own(actor: Actor, track_id: int, *, deleted: bool = False) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.get_track(connection, track_id, deleted=deleted)
    if row is None or row["owner_id"] != actor.id:
        raise NotFound("bgm.gone")
    return row


def _own_batch(actor: Actor, batch_id: int) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.get_batch(connection, batch_id)
    if row is None or row["owner_id"] != actor.id:
        raise NotFound("bgm.gone")
    return row
