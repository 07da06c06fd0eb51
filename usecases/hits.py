"""Predictions of hits: sent, looked at, listed, shared, deleted. `hit_run` makes them, `hit_batches` many at once."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

import db
from accounts import Actor, require
from hits.judgement import logit, sigmoid
from hits.near import similar
from queries import people
from queries import predictions as queries
from support.decoding import LARGEST_AUDIO, LONGEST_AUDIO_S
from support.errors import DataError, FileRefused, NotFound
from support.jobs import Progress
from usecases import hit_run, jobs
from usecases.hit_results import GENRES, Near, PartView, PredictionPage, PredictionRow, PredictionView

log = logging.getLogger(__name__)
KIND = "prediction"
LARGEST_AUDIO_MB, LONGEST_AUDIO_MIN = LARGEST_AUDIO >> 20, int(LONGEST_AUDIO_S // 60)
MOST_LYRICS = 20_000
MOST_NAME = 200
FEW = 10
"""Analysed tracks of a genre below which no percentile among them is given."""
WITHIN = 10.0
"""Points of score within which a track is a reference."""
MOST_LISTED = 10_000
TYPES = {"MP3": "audio/mpeg", "WAV": "audio/wav", "FLAC": "audio/flac", "OGG": "audio/ogg", "M4A": "audio/mp4"}


# --- sending ------------------------------------------------------------------------------------------------------


def start_prediction(actor: Actor, data: bytes, *, name: str, title: str, genre: str, artist: str = "",
                     lyrics: str | None = None, released: date | None = None, full_seconds: float | None = None,
                     prior: float = 0.01, public: bool = False, song_id: int | None = None) -> int:
    """Have a track judged in the background; return the prediction's id.

    Parameters
    ----------
    data : bytes
        The audio file as it is.
    name : str
        Of the file.
    genre : str
        POP, BALLAD or DANCE.
    full_seconds : float, optional
        Length of the whole track where the file is a clip of it.
    prior : float
        Share of hits that the probability is stated at, above 0 and below 1.
    public : bool
        Whether the leaderboard may show it.

    Raises
    ------
    NotAllowed
    FileRefused
        If the file is empty or too large; what else is wrong with it is the prediction's error.
    DataError
        If another value cannot be used.
    """
    require(actor, "predict")
    prediction_id = add(actor, data, name=name, title=title, genre=genre, artist=artist, lyrics=lyrics,
                        released=released, full_seconds=full_seconds, prior=prior, public=public, song_id=song_id)
    submit(actor, prediction_id)
    return prediction_id


def add(actor: Actor, data: bytes, *, name: str, title: str, genre: str, artist: str = "", lyrics: str | None = None,
        released: date | None = None, full_seconds: float | None = None, prior: float = 0.01, public: bool = False,
        song_id: int | None = None, batch_id: int | None = None) -> int:
    """Store a track and a prediction to be made; return its id (see `start_prediction`)."""
    if not data:
        raise FileRefused("audio.empty")
    if len(data) > LARGEST_AUDIO:
        raise FileRefused("audio.large", size_mb=f"{len(data) / 2**20:.1f}", limit_mb=LARGEST_AUDIO_MB)
    name, title, artist = storable(name), storable(title), storable(artist)
    row = {"owner_id": actor.id, "song_id": song_id, "batch_id": batch_id, "title": _named(title, name),
           "artist": artist.strip()[:MOST_NAME], "genre": _genre(genre), "released": released,
           "lyrics": _lyrics(lyrics), "full_seconds": _length(full_seconds), "prior": _prior(prior),
           "public_at": datetime.now(UTC) if public else None}
    with db.begin() as connection:
        track = queries.put_track(connection, actor.id, hashlib.sha256(data).hexdigest(), name[:MOST_NAME], data)
        return queries.add(connection, row | {"track_id": track})


def submit(actor: Actor, prediction_id: int) -> None:
    """Queue the making of a prediction."""
    def work(progress: Progress) -> dict[str, Any]:
        return hit_run.run(prediction_id, progress)

    def stored(job_id: int) -> None:  # before it can begin: whoever sees it run can cancel it
        with db.begin() as connection:
            queries.set_job(connection, prediction_id, job_id)

    jobs.submit(actor, KIND, work, {"prediction": prediction_id}, stored)


def storable(text: str) -> str:
    """Return a text without zero bytes, which PostgreSQL holds in none."""
    return text.replace("\x00", "")


def _named(title: str, name: str) -> str:
    found = title.strip() or name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", " ").strip()
    if not found:
        raise DataError("hit.no_title")
    return found[:MOST_NAME]


def _genre(genre: str) -> str:
    if genre not in GENRES:
        raise DataError("hit.genre", value=genre, accepted=", ".join(GENRES))
    return genre


def _lyrics(lyrics: str | None) -> str | None:
    found = (lyrics or "").strip()
    if len(found) > MOST_LYRICS:
        raise DataError("hit.lyrics_long", length=len(found), most=MOST_LYRICS)
    return storable(found) or None


def _prior(prior: float) -> float:
    if not 0.0001 <= prior <= 0.9:
        raise DataError("hit.prior", value=f"{100 * prior:g}", least="0.01", most="90")
    return prior


def _length(seconds: float | None) -> float | None:
    if seconds is not None and not 30 <= seconds <= 3600:
        raise DataError("hit.full_seconds", value=f"{seconds:g}", least=30, most=3600)
    return seconds


def cancel_prediction(actor: Actor, prediction_id: int) -> None:
    """Stop the making of one's own prediction; one of a batch stops the batch."""
    row = _own(actor, prediction_id)
    if row["state"] not in queries.ACTIVE or row["job_id"] is None:
        return
    queued = row["state"] == "queued"
    jobs.runner().cancel(row["job_id"])
    if queued:
        with db.begin() as connection:
            queries.end(connection, prediction_id, "cancelled")


def retry_prediction(actor: Actor, prediction_id: int) -> None:
    """Make a prediction again that failed, was cancelled or interrupted."""
    require(actor, "predict")
    _own(actor, prediction_id)
    with db.begin() as connection:
        again = queries.queue_again(connection, prediction_id)
    if again:
        submit(actor, prediction_id)


def delete_prediction(actor: Actor, prediction_id: int) -> None:
    """Delete one's own prediction with its audio; it cannot be undone. An administrator may delete any."""
    row = _get(prediction_id)
    if row["owner_id"] != actor.id:
        require(actor, "moderate")
    cancel_prediction(Actor(row["owner_id"], actor.role, actor.name), prediction_id)
    with db.begin() as connection:
        queries.delete(connection, prediction_id)
        people.record_act(connection, actor.id, "delete", f"prediction {prediction_id}")


def set_prediction_prior(actor: Actor, prediction_id: int, prior: float) -> None:
    """State the probability at another share of hits; nothing is heard again."""
    _own(actor, prediction_id)
    with db.begin() as connection:
        queries.set_value(connection, prediction_id, "prior", _prior(prior))


def publish_prediction(actor: Actor, prediction_id: int, *, on: bool) -> None:
    """Show one's own prediction in the leaderboard, with audio and lyrics, or no longer."""
    row = _own(actor, prediction_id)
    since = (row["public_at"] or datetime.now(UTC)) if on else None
    with db.begin() as connection:
        queries.set_value(connection, prediction_id, "public_at", since)


def link_prediction(actor: Actor, prediction_id: int, *, on: bool) -> str | None:
    """Make an unguessable link that shows a prediction to whoever has it, or take it back; return its token."""
    row = _own(actor, prediction_id)
    token = (row["token"] or secrets.token_urlsafe(18)) if on else None
    with db.begin() as connection:
        queries.set_value(connection, prediction_id, "token", token)
    return token


def like_prediction(actor: Actor, prediction_id: int, *, on: bool = True) -> tuple[int, bool]:
    """Like a prediction one may see; return how many like it and whether the actor does."""
    _seen(actor, prediction_id)
    with db.begin() as connection:
        queries.like(connection, actor.id, prediction_id, on=on)
        return queries.likes(connection, actor.id, prediction_id)


# --- looking ------------------------------------------------------------------------------------------------------


def get_prediction(actor: Actor, prediction_id: int) -> PredictionView:
    """Return one's own prediction, or a public one.

    Raises
    ------
    NotFound
        Also where it is another's and private.
    """
    return _view(actor, _seen(actor, prediction_id))


def prediction_by_link(actor: Actor, token: str) -> PredictionView:
    """Return the prediction a link shows.

    Raises
    ------
    NotFound
        If the link was never there or has been taken back.
    """
    with db.begin() as connection:
        found = queries.by_token(connection, token)
    if found is None:
        raise NotFound("hit.link_gone")
    return _view(actor, _get(found))


def prediction_audio(actor: Actor, prediction_id: int, token: str | None = None) -> tuple[bytes, str]:
    """Return a track as it was sent, and its media type; one's own, a public one, or one whose link one has."""
    row = _seen(actor, prediction_id, token)
    with db.begin() as connection:
        found = queries.track_data(connection, row["track_id"])
    if found is None:
        raise NotFound("hit.gone")
    return found[0], TYPES.get(found[1] or "", "application/octet-stream")


def prediction_picture(actor: Actor, prediction_id: int, token: str | None = None) -> bytes | None:
    """Return the PNG of the mel spectrogram, None if there is none."""
    _seen(actor, prediction_id, token)
    with db.begin() as connection:
        return queries.picture(connection, prediction_id)


def nearest_predictions(actor: Actor, prediction_id: int, limit: int = 5) -> tuple[Near, ...]:
    """Return the analysed tracks that sound most alike: the actor's own and public ones, by the audio's embedding."""
    return tuple(_alike(actor, prediction_id)[:limit])


def reference_predictions(actor: Actor, prediction_id: int, limit: int = 5) -> tuple[Near, ...]:
    """Return analysed tracks of the same genre within `WITHIN` points of score, those that sound most alike first."""
    row = _seen(actor, prediction_id)
    if row["score"] is None:
        return ()
    close = [each for each in _alike(actor, prediction_id)
             if each.genre == row["genre"] and each.score is not None and abs(each.score - row["score"]) <= WITHIN]
    return tuple(close[:limit])


def _alike(actor: Actor, prediction_id: int) -> list[Near]:
    _seen(actor, prediction_id)
    with db.begin() as connection:
        embedding = queries.embedding(connection, prediction_id)
        rows = queries.others(connection, actor.id, prediction_id) if embedding else []
    rows = [row for row in rows if len(row["embedding"]) == len(embedding or ())]  # of the same model
    if not rows or embedding is None:
        return []
    stored = np.array([row["embedding"] for row in rows], np.float32)
    order, percent = similar(np.array(embedding, np.float32), stored)
    return [Near(row["id"], row["title"], row["artist"], row["genre"], row["score"], float(each),
                 row["owner_id"] == actor.id, row["has_lyrics"])
            for at, each in zip(order, percent, strict=True) for row in (rows[at],)]


# --- lists --------------------------------------------------------------------------------------------------------


def list_predictions(actor: Actor, *, genre: str | None = None, search: str = "", order: str = "newest",
                     batch_id: int | None = None, limit: int = 10, offset: int = 0) -> PredictionPage:
    """Return a page of the actor's own predictions.

    Parameters
    ----------
    order : str
        ``newest`` or ``best``.
    """
    return _page(actor, False, genre, search, order, batch_id, limit, offset)


def leaderboard(actor: Actor, *, genre: str | None = None, search: str = "", order: str = "score", limit: int = 10,
                offset: int = 0, days: int | None = None) -> PredictionPage:
    """Return a page of the public predictions.

    Parameters
    ----------
    order : str
        ``score``, ``likes`` or ``newest``.
    days : int, optional
        Only those published in the last so many days.
    """
    since = None if days is None else datetime.now(UTC) - timedelta(days=days)
    return _page(actor, True, genre, search, order, None, limit, offset, since)


def predictions_table(actor: Actor, *, kind: str = "own", genre: str | None = None, search: str = "",
                      batch_id: int | None = None) -> pd.DataFrame:
    """Return the actor's predictions (``own``) or the ``leaderboard`` as a table to download."""
    board = kind == "leaderboard"
    page = _page(actor, board, genre, search, "score" if board else "newest", batch_id, MOST_LISTED, 0)
    names: tuple[str, ...] = ("title", "artist", "genre", "owner", "state", "score", "probability", "likes",
                              "created_at")
    names = ("rank", *names) if board else names
    frame = pd.DataFrame([{name: getattr(row, name) for name in names} for row in page.rows], columns=list(names))
    return frame.assign(created_at=[each.isoformat(timespec="seconds") for each in frame["created_at"]])


def _page(actor: Actor, board: bool, genre: str | None, search: str, order: str, batch_id: int | None, limit: int,
          offset: int, since: datetime | None = None) -> PredictionPage:
    if order not in queries.ORDERS:
        raise DataError("hit.order", value=order, accepted=", ".join(queries.ORDERS))
    with db.begin() as connection:
        rows, count = queries.listed(connection, actor.id, board=board, genre=genre and _genre(genre),
                                     search=search.strip()[:MOST_NAME], order=order, batch_id=batch_id,
                                     limit=max(1, min(limit, MOST_LISTED)), offset=max(0, offset), since=since)
    return PredictionPage(tuple(_row(actor, row) for row in rows), count)


def _row(actor: Actor, row: Mapping[str, Any]) -> PredictionRow:
    given = {name: row[name] for name in PredictionRow.__dataclass_fields__ if name in row}
    return PredictionRow(**given, own=row["owner_id"] == actor.id, public=row["public_at"] is not None,
                         probability=_probability(row, "log_odds_ratio"))


# --- from rows to views -------------------------------------------------------------------------------------------


def _get(prediction_id: int) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.get(connection, prediction_id)
    if row is None:
        raise NotFound("hit.gone")
    return row


def _own(actor: Actor, prediction_id: int) -> dict[str, Any]:
    row = _get(prediction_id)
    if row["owner_id"] != actor.id:
        raise NotFound("hit.gone")
    return row


def _seen(actor: Actor, prediction_id: int, token: str | None = None) -> dict[str, Any]:
    row = _get(prediction_id)
    if row["owner_id"] == actor.id or (row["public_at"] is not None and row["state"] == "done"):
        return row
    if token is not None and row["token"] is not None and secrets.compare_digest(row["token"], token):
        return row
    raise NotFound("hit.gone")


def _probability(row: Mapping[str, Any], name: str) -> float | None:
    return None if row[name] is None else sigmoid(logit(row["prior"]) + row[name])


def _view(actor: Actor, row: dict[str, Any]) -> PredictionView:
    own, report = row["owner_id"] == actor.id, row["report"] or {}
    with db.begin() as connection:
        likes, liked = queries.likes(connection, actor.id, row["id"])
        count, lower = (0, 0) if row["score"] is None else queries.standing(connection, actor.id, row["genre"],
                                                                            row["score"])
    same = ("id", "title", "artist", "genre", "released", "state", "error_code", "error_values", "job_id", "owner",
            "batch_id", "song_id", "prior", "score", "abstained", "seconds", "format", "has_picture", "lyrics",
            "created_at", "finished_at")
    return PredictionView(
        **{name: row[name] for name in same}, own=own, public=row["public_at"] is not None,
        token=row["token"] if own else None, likes=likes, liked=liked,
        score_low=None if row["score"] is None else report.get("score_low"),
        score_high=None if row["score"] is None else report.get("score_high"),
        probability=_probability(row, "log_odds_ratio"), probability_low=_probability(row, "low"),
        probability_high=_probability(row, "high"),
        genre_percentile=100 * lower / (count - 1) if count > FEW else None, genre_count=count,
        parts=tuple(_part(each) for each in report.get("parts", ())), clip=tuple(report["clip"]) if report else None,
        loudness=report.get("loudness"), peak=report.get("peak"), measures=report.get("measures", {}),
        left_out=tuple(report.get("left_out", ())), occlusion=tuple(map(tuple, report.get("occlusion", ()))),
        occlusion_by=report.get("occlusion_by"), lines=tuple(map(tuple, report.get("lines", ()))),
        tags=tuple(map(tuple, report.get("tags", ()))), waveform=tuple(map(tuple, report.get("waveform", ()))))


def _part(each: Mapping[str, Any]) -> PartView:
    return PartView(each["part"], each["state"], each["share"], each["percentile"],
                    tuple((name, value) for name, value in each["contributions"]), each["facts"])


def interrupt_predictions() -> int:
    """Mark predictions whose process is gone as interrupted; return how many."""
    with db.begin() as connection:
        return queries.interrupt(connection)
