"""Artists and their growth: what the Growth Radar shows, and deleting an artist."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

import analytics
import db
from accounts import Actor, require
from data_processing import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_TOTALS, Flag, flag_names
from queries import catalogue, people
from queries import growth as queries
from support.errors import NotFound
from usecases.results import ArtistData, ArtistGrowth, ArtistSummary, DataStatus, DeletePreview, SongSummary
from usecases.sync import exclusive

DELETE_WAIT_S = 5.0
"""Seconds deleting waits for a running sync."""


def list_artists(actor: Actor) -> list[ArtistSummary]:
    """Return every artist that has readings, by name."""
    with db.begin() as connection:
        rows = queries.artists(connection)
    return [_artist(list(lines)) for _, lines in groupby(rows, key=lambda row: row["id"])]


def _artist(rows: list[dict[str, Any]]) -> ArtistSummary:
    songs = tuple(_song(list(lines)) for _, lines in groupby(rows, key=lambda row: row["song_id"]))
    totals: dict[str, float] = {}
    for row in rows:
        if row["total"] is not None:
            totals[row["platform"]] = totals.get(row["platform"], 0.0) + row["total"]
    return ArtistSummary(rows[0]["id"], rows[0]["display_name"], rows[0]["key"], songs,
                         min(song.first_day for song in songs), max(song.last_day for song in songs),
                         sum(song.rows for song in songs), totals)


def _song(rows: list[dict[str, Any]]) -> SongSummary:
    return SongSummary(rows[0]["song_id"], rows[0]["title"], rows[0]["song_key"],
                       tuple(row["platform"] for row in rows), min(row["first_day"] for row in rows),
                       max(row["last_day"] for row in rows), sum(row["rows"] for row in rows))


def artist_data(actor: Actor, artist_id: int) -> ArtistData:
    """Return an artist with all its readings, for `artist_growth` over several windows.

    Raises
    ------
    NotFound
        If the artist is not there.
    """
    with db.begin() as connection:
        rows = queries.artists(connection, artist_id)
        readings = queries.readings(connection, artist_id)
    if not rows:
        raise NotFound("artist_gone")
    return _data(_artist(rows), readings)


def _data(artist: ArtistSummary, readings: pd.DataFrame) -> ArtistData:
    """Add readings up to days and totals of the artist."""
    daily = analytics.combine_songs(readings)
    names = {bits: flag_names(bits) for bits in daily["flags"].unique().tolist()}
    marked = daily.assign(flag_names=pd.Series([names[bits] for bits in daily["flags"].tolist()], dtype=object))
    return ArtistData(artist, readings, marked, _latest_totals(readings))


def artist_growth(actor: Actor, artist_id: int, *, window_days: int | None, threshold: float,
                  song_id: int | None = None, include_flagged: bool = False,
                  data: ArtistData | None = None) -> ArtistGrowth:
    """Return the growth of an artist, or of one song, over a window that ends at the last day of data.

    Parameters
    ----------
    window_days : int or None
        Days of the window; None is all days.
    threshold : float
        Platforms whose total is not above it are left out, and named.
    song_id : int, optional
    include_flagged : bool
        Let flagged days enter the figures.
    data : ArtistData, optional
        The artist's data where it is at hand; read when not given.

    Raises
    ------
    NotFound
        If the artist, or the song of this artist, is not there.
    """
    data = data or artist_data(actor, artist_id)
    artist = data.artist
    song = next((song for song in artist.songs if song.id == song_id), None)
    if song_id is not None:
        if song is None:
            raise NotFound("artist_gone")
        data = _data(artist, data.readings[data.readings["song_id"] == song_id])
    kept = {platform for platform, total in data.totals.items() if total > threshold}
    readings, daily = (_on(frame, kept) for frame in (data.readings, data.daily))
    chosen = song or artist
    window = analytics.window_of(*_span(readings, chosen.first_day, chosen.last_day), window_days)
    daily = daily.assign(in_mean=include_flagged | ((daily["flags"] & LEFT_OUT_OF_MEANS) == 0))
    return ArtistGrowth(
        artist, song, window, threshold, daily, _raw(readings, window),
        analytics.platform_metrics(daily, window, include_flagged=include_flagged) if len(daily) else {},
        {platform: total for platform, total in data.totals.items() if platform not in kept})


def _on(frame: pd.DataFrame, platforms: set[str]) -> pd.DataFrame:
    """Return the rows of the given platforms."""
    inside = frame["platform"].isin(platforms)
    return frame if inside.all() else frame[inside].reset_index(drop=True)


def _span(readings: pd.DataFrame, first: date, last: date) -> tuple[date, date]:
    """Return first and last day of the readings kept, those in the future aside."""
    present = readings["day"].to_numpy()[(readings["flags"].to_numpy() & int(Flag.FUTURE)) == 0]
    if not present.size:
        return first, last
    days = present.astype("datetime64[D]")
    return days.min().item(), days.max().item()


def _latest_totals(readings: pd.DataFrame) -> dict[str, float]:
    """Return the sum over songs of each song's latest total that no flag takes away, by platform."""
    flags = readings["flags"]
    good = readings[((flags & LEFT_OUT_OF_TOTALS) == 0) | ((flags & int(Flag.ACCEPTED)) != 0)]
    latest = good.groupby(["platform", "song_id"], sort=False)["total"].last()
    return {str(platform): float(total) for platform, total in latest.groupby(level=0, sort=False).sum().items()}


def _raw(readings: pd.DataFrame, window: analytics.Window) -> pd.DataFrame:
    """Return the window's readings, and those in the future, newest first."""
    day = readings["day"].to_numpy().astype("datetime64[D]")
    later = (readings["flags"].to_numpy() & int(Flag.FUTURE)) != 0
    inside = np.flatnonzero((day >= np.datetime64(window.start)) & ((day <= np.datetime64(window.end)) | later))
    newest = np.argsort(-day[inside].astype(np.int64), kind="stable")  # of one day as they came: by song and platform
    rows = readings.iloc[inside[newest]].reset_index(drop=True)
    names = {bits: flag_names(bits) for bits in rows["flags"].unique().tolist()}
    rows["flag_names"] = pd.Series([names[bits] for bits in rows["flags"].tolist()], dtype=object)
    return rows[["day", "song", "platform", "total", "gain", "flags", "flag_names", "file"]]


def data_status(actor: Actor) -> DataStatus:
    """Return how much there is, and when a sync last ended."""
    with db.begin() as connection:
        counts = queries.counts(connection)
    return DataStatus(**counts, database=db.describe())


def data_version(actor: Actor) -> str:
    """Return a text that changes whenever readings do; caches are keyed by it."""
    with db.begin() as connection:
        return queries.version(connection)


def preview_delete(actor: Actor, artist_id: int) -> DeletePreview:
    """Return what would go with an artist.

    Raises
    ------
    NotAllowed, NotFound
    """
    require(actor, "delete")
    with db.begin() as connection:
        found = queries.delete_preview(connection, artist_id)
    if found is None:
        raise NotFound("artist_gone")
    return DeletePreview(artist_id, found["name"], found["songs"], int(found["rows"]), tuple(found["files"]))


def delete_artist(actor: Actor, artist_id: int) -> DeletePreview:
    """Delete an artist with songs, readings and derived data; return what went. Songs of the catalogue stay in it.

    The files stay in the folder and are passed over by sync until they change or are restored.

    Raises
    ------
    NotAllowed, NotFound, Busy
    """
    require(actor, "delete")
    with exclusive(DELETE_WAIT_S):
        preview = preview_delete(actor, artist_id)
        with db.begin() as connection:
            catalogue.hold_songs(connection)
            queries.delete_artist(connection, artist_id)
            people.record_act(connection, actor.id, "delete_artist", preview.name, songs=preview.songs,
                              rows=preview.rows, files=list(preview.files))
    return preview
