"""The song dossier: one song on one page, with all the actor has of it. `dossier_shares` makes links to it."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection

import analytics
import db
from accounts import Actor, require
from data_processing import normalise
from hits.judgement import logit, sigmoid
from queries import catalogue as catalogue_queries
from queries import dossier as queries
from queries import people
from queries import playlists as playlist_queries
from queries import predictions as prediction_queries
from recommender import CATEGORIES, Wish
from support.errors import AppError, DataError, NotFound
from usecases.catalogue import catalogue_version
from usecases.dossier_results import (
    Dossier,
    DossierAudition,
    DossierGrowth,
    DossierMood,
    DossierPicture,
    DossierPlaylist,
    DossierPrediction,
    DossierSong,
    DossierTrack,
)
from usecases.mood_search import find_songs
from usecases.outlook import NEAR_DAYS, stored_errors

log = logging.getLogger(__name__)
SHOWN = 12
"""Of a section's things the newest that a dossier shows; all of them are in its ZIP."""
MOST_NAME = 200
MOST_WORDS = 8
MOST_LISTED = 100
SIMILAR = 6
BAND = 0.8
"""Share of outcomes within the interval of a forecast."""
MOST_KEPT = 256
"""Songs whose growth, and whose similar songs, one process keeps: each is a few thousand numbers."""
Similar = tuple[tuple[int, str, str, float, tuple[str, ...]], ...]
"""Song id, title, artist, similarity in percent, shared tags."""
_growth: OrderedDict[int, tuple[tuple[Any, ...], tuple[DossierGrowth, ...]]] = OrderedDict()
_growth_lock = threading.Lock()


def get_dossier(actor: Actor, song_id: int) -> Dossier:
    """Return all there is of a song, as the actor may see it: what everybody sees, and their own things.

    Raises
    ------
    NotFound
        Also where the song is known only from things of others.
    """
    return dossier_of(actor, song_id, SHOWN)


def dossier_of(actor: Actor, song_id: int, most: int) -> Dossier:
    """Do as `get_dossier`, with up to `most` things a section."""
    with db.begin() as connection:
        row = queries.song(connection, actor.id, song_id)
        if row is None:
            raise NotFound("dossier.gone")
        auditions, heard = queries.auditions(connection, actor.id, song_id, most)
        predictions, predicted = queries.predictions(connection, actor.id, song_id, most)
        playlists, listed = queries.playlists(connection, actor.id, song_id, most)
        pictures, painted = queries.thumbnails(connection, actor.id, song_id, most)
        tracks, composed = queries.tracks(connection, actor.id, song_id, most)
        entries = queries.entries(connection, song_id)
    return Dossier(
        song_of(row), song_growth(song_id), tuple(DossierAudition(**each) for each in auditions),
        tuple(map(_prediction, predictions)), _mood(actor, entries),
        tuple(DossierPlaylist(**each) for each in playlists),
        tuple(DossierPicture(each["id"], each["title"], each["created_at"]) for each in pictures),
        tuple(DossierTrack(**each) for each in tracks),
        {"auditions": heard, "predictions": predicted, "playlists": listed, "thumbnails": painted, "tracks": composed})


def song_of(row: Mapping[str, Any]) -> DossierSong:
    """Return a stored song as the heading shows it."""
    return DossierSong(row["id"], row["artist_id"], row["artist"], row["title"], row["album"] or None, row["year"],
                       row["cover_url"], row.get("lyrics_id"), tuple(row.get("tags") or ()))


# --- songs --------------------------------------------------------------------------------------------------------


def list_dossier_songs(actor: Actor, search: str = "", limit: int = 20) -> tuple[DossierSong, ...]:
    """Return songs the actor may see, those with most to show first.

    Parameters
    ----------
    search : str
        Words of artist or title; nothing: any song.
    limit : int
        At most `MOST_LISTED`.
    """
    most, words = max(1, min(limit, MOST_LISTED)), words_of(search)
    with db.begin() as connection:
        if search.strip():
            ids = queries.named(connection, actor.id, words, "".join(words), most)[0] if words else []
        else:
            ids = queries.rich(connection, actor.id, most)
        rows = queries.headings(connection, ids)
    return tuple(song_of(rows[each]) for each in ids if each in rows)


def words_of(search: str) -> list[str]:
    """Return the words of a search as names are compared: without case, spaces and marks; empty: no word in it."""
    words = [normalise(word) for word in search[:MOST_NAME].replace("\x00", " ").split()]
    return [word for word in dict.fromkeys(words) if word][:MOST_WORDS]


def new_dossier_song(actor: Actor, artist: str, title: str) -> int:
    """Return the id of a song by its names, a new one where there is none.

    Others do not see a song that is known from nowhere else.

    Raises
    ------
    NotAllowed
    DataError
        If a name is empty, too long, or has no letter.
    """
    require(actor, "dossier")
    names = _name(artist), _name(title)
    keys = normalise(names[0]), normalise(names[1])
    if not all(keys):
        raise DataError("dossier.names", most=MOST_NAME)
    with db.begin() as connection:
        catalogue_queries.hold_songs(connection)
        found = playlist_queries.put_names(connection, [(keys[0], names[0], keys[1], names[1])])[keys]
        queries.keep_song(connection, actor.id, found)
    return found


def _name(text: str) -> str:
    tidy = " ".join(text.replace("\x00", "").split())
    if not 0 < len(tidy) <= MOST_NAME:
        raise DataError("dossier.names", most=MOST_NAME)
    return tidy


def check_song(actor: Actor, song_id: int | None) -> None:
    """Check that the actor may see a song; None is no song.

    Raises
    ------
    NotFound
    """
    if song_id is None:
        return
    with db.begin() as connection:
        if queries.song(connection, actor.id, song_id) is None:
            raise NotFound("dossier.gone")


# --- tying things to a song ---------------------------------------------------------------------------------------


def attach_prediction(actor: Actor, prediction_id: int, song_id: int | None) -> None:
    """Let one's own prediction belong to a song, or to none.

    Raises
    ------
    NotAllowed
    NotFound
        If the prediction is not the actor's, or the song cannot be seen.
    """
    _attach(actor, "prediction", prediction_id, song_id, prediction_queries.get, queries.set_prediction_song,
            "hit.gone")


def attach_thumbnail(actor: Actor, picture_id: int, song_id: int | None) -> None:
    """Let one's own thumbnail belong to a song, or to none.

    Raises
    ------
    NotAllowed
    NotFound
        If the thumbnail is not the actor's, or the song cannot be seen.
    """
    _attach(actor, "thumbnail", picture_id, song_id, playlist_queries.picture, queries.set_picture_song,
            "playlist.picture_gone")


def _attach(actor: Actor, kind: str, item: int, song_id: int | None,
            get: Callable[[Connection, int], Mapping[str, Any] | None],
            put: Callable[[Connection, int, int | None], None], gone: str) -> None:
    """Tie one's own thing to a song one may see; `gone` is the code where it is not there or another's."""
    require(actor, "dossier")
    check_song(actor, song_id)
    with db.begin() as connection:
        row = get(connection, item)
        if row is None or row["owner_id"] != actor.id:
            raise NotFound(gone)
        put(connection, item, song_id)
        if song_id is not None:
            queries.keep_song(connection, actor.id, song_id)
        people.record_act(connection, actor.id, "attach", f"{kind} {item}", song=song_id)


# --- growth -------------------------------------------------------------------------------------------------------


def song_growth(song_id: int) -> tuple[DossierGrowth, ...]:
    """Return a song's readings and forecast by platform, the highest total first; kept until readings change."""
    with db.begin() as connection:
        key = queries.readings_key(connection, song_id)
        with _growth_lock:
            held = _growth.get(song_id)
        if held is not None and held[0] == key:
            return held[1]
        frame = queries.readings(connection, song_id)
    found = growth_of(analytics.combine_songs(frame), stored_errors().get(NEAR_DAYS)) if len(frame) else ()
    with _growth_lock:
        _growth[song_id] = (key, found)
        _growth.move_to_end(song_id)
        while len(_growth) > MOST_KEPT:
            _growth.popitem(last=False)
    return found


def growth_of(daily: Any, errors: analytics.Calibration | None) -> tuple[DossierGrowth, ...]:
    """Return growth and forecast of a song from its days (see `analytics.combine_songs`).

    Parameters
    ----------
    errors : Calibration or None
        Those of all series' past forecasts.
    """
    panel, keys = analytics.panel_of(daily, ("platform",))
    gains = analytics.panel_metrics(panel, window_days=NEAR_DAYS).window_gain.value
    found = analytics.forecast(panel, NEAR_DAYS, calibration=errors)
    rows = [_platform(str(keys[row][0]), panel, row, gains[row], found) for row in range(len(keys))]
    return tuple(sorted((row for row in rows if row is not None), key=lambda row: -row.total))


def _platform(platform: str, panel: analytics.Panel, row: int, gain: float, found: analytics.Forecasts,
              ) -> DossierGrowth | None:
    totals = panel.totals[row]
    known = np.flatnonzero(np.isfinite(totals))
    if not known.size:
        return None
    span = slice(int(known[0]), int(known[-1]) + 1)
    band = found.total_bands[row, analytics.LEVELS.index(BAND), :, -1]
    days = tuple(panel.days[span].astype("datetime64[D]").tolist())
    return DossierGrowth(platform, float(totals[known[-1]]), days[-1], _known(gain), days,
                         tuple(map(_known, totals[span])), _known(found.totals[row, -1]), _known(band[0]),
                         _known(band[1]))


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


# --- the other sections -------------------------------------------------------------------------------------------


def _prediction(row: Mapping[str, Any]) -> DossierPrediction:
    odds = row["log_odds_ratio"]
    scored = row["score"] is not None
    return DossierPrediction(row["id"], row["genre"], row["score"], row["low"] if scored else None,
                             row["high"] if scored else None,
                             None if odds is None else sigmoid(logit(row["prior"]) + odds), row["abstained"],
                             row["created_at"])


def _mood(actor: Actor, entries: Sequence[Mapping[str, Any]]) -> DossierMood | None:
    """Return tags and genres of a song's entries in the catalogue, and the songs with the nearest tags."""
    if not entries:
        return None
    tags = {name: tuple(dict.fromkeys(tag for entry in entries for tag in entry[name])) for name in CATEGORIES}
    return DossierMood(tuple(dict.fromkeys(entry["genre"] for entry in entries)), tags,
                       _similar(actor, [tag for each in tags.values() for tag in each],
                                [entry["id"] for entry in entries]))


def _similar(actor: Actor, tags: Sequence[str], left_out: Sequence[int]) -> Similar:
    if not tags:
        return ()
    try:
        return _nearest(actor, tuple(tags), tuple(left_out), catalogue_version())
    except AppError as error:
        log.warning("No similar songs: %s", error)
        return ()


@lru_cache(maxsize=MOST_KEPT)
def _nearest(actor: Actor, tags: tuple[str, ...], left_out: tuple[int, ...], version: int) -> Similar:
    """Return the songs with the nearest tags; kept until the catalogue has another `version`."""
    found = find_songs(actor, Wish(dict.fromkeys(tags, 1.0)), count=SIMILAR, left_out=left_out)
    return tuple((hit.song_id, hit.title, hit.artist, 100 * hit.similarity, tuple(hit.why.shared))
                 for hit in found.hits)


def as_shared(dossier: Dossier) -> Dossier:
    """Return a dossier as others see it through its owner's link: nothing in it leads into the owner's pages."""
    return replace(dossier, own=False, song=replace(dossier.song, lyrics_id=None))
