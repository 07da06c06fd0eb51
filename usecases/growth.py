"""Artists and their growth: what the Growth Radar shows, and deleting an artist."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd

import analytics
import db
from accounts import Actor, require
from data_processing import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_TOTALS, Flag, flag_names
from queries import growth as queries
from queries import people
from support.errors import NotFound
from usecases.results import ArtistGrowth, ArtistSummary, DataStatus, DeletePreview, SongSummary
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


def artist_growth(actor: Actor, artist_id: int, *, window_days: int | None, threshold: float,
                  song_id: int | None = None, include_flagged: bool = False) -> ArtistGrowth:
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

    Raises
    ------
    NotFound
        If the artist, or the song of this artist, is not there.
    """
    with db.begin() as connection:
        rows = queries.artists(connection, artist_id)
        readings = queries.readings(connection, artist_id)
    if not rows:
        raise NotFound("artist_gone")
    artist = _artist(rows)
    song = next((song for song in artist.songs if song.id == song_id), None)
    if song_id is not None:
        if song is None:
            raise NotFound("artist_gone")
        readings = readings[readings["song_id"] == song_id]
    totals = _latest_totals(readings)
    kept = {platform for platform, total in totals.items() if total > threshold}
    readings = readings[readings["platform"].isin(kept)]
    chosen = song or artist
    window = analytics.window_of(*_span(readings, chosen.first_day, chosen.last_day), window_days)
    daily = _marked(analytics.combine_songs(readings), include_flagged)
    return ArtistGrowth(
        artist, song, window, threshold, daily, _raw(readings, window),
        analytics.platform_metrics(daily, window, include_flagged=include_flagged) if len(daily) else {},
        {platform: total for platform, total in totals.items() if platform not in kept})


def _marked(daily: pd.DataFrame, include_flagged: bool) -> pd.DataFrame:
    """Add what a chart needs to know of each day: the names of its flags, and whether means count it."""
    names = {bits: flag_names(int(bits)) for bits in daily["flags"].unique()}
    counted = include_flagged | ((daily["flags"] & LEFT_OUT_OF_MEANS) == 0)
    return daily.assign(flag_names=daily["flags"].map(names).astype(object), in_mean=counted)


def _span(readings: pd.DataFrame, first: date, last: date) -> tuple[date, date]:
    """Return first and last day of the readings kept, those in the future aside."""
    present = readings[(readings["flags"] & int(Flag.FUTURE)) == 0]
    if present.empty:
        return first, last
    return present["day"].min().date(), present["day"].max().date()


def _latest_totals(readings: pd.DataFrame) -> dict[str, float]:
    """Return the sum over songs of each song's latest total that no flag takes away, by platform."""
    flags = readings["flags"]
    good = readings[((flags & LEFT_OUT_OF_TOTALS) == 0) | ((flags & int(Flag.ACCEPTED)) != 0)]
    latest = good.groupby(["platform", "song_id"], sort=False)["total"].last()
    return {str(platform): float(total) for platform, total in latest.groupby(level=0, sort=False).sum().items()}


def _raw(readings: pd.DataFrame, window: analytics.Window) -> pd.DataFrame:
    end = pd.Timestamp(window.end)
    later = (readings["flags"] & int(Flag.FUTURE)) != 0
    inside = readings[(readings["day"] >= pd.Timestamp(window.start)) & ((readings["day"] <= end) | later)]
    inside = inside.sort_values(["day", "song", "platform"], ascending=[False, True, True], kind="stable")
    names = {bits: flag_names(bits) for bits in inside["flags"].unique()}
    inside = inside.assign(flag_names=inside["flags"].map(names))
    return inside[["day", "song", "platform", "total", "gain", "flags", "flag_names", "file"]].reset_index(drop=True)


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
    """Delete an artist with songs, readings and derived data; return what went.

    The files stay in the folder and are passed over by sync until they change or are restored.

    Raises
    ------
    NotAllowed, NotFound, Busy
    """
    require(actor, "delete")
    with exclusive(DELETE_WAIT_S):
        preview = preview_delete(actor, artist_id)
        with db.begin() as connection:
            queries.delete_artist(connection, artist_id)
            people.record_act(connection, actor.id, "delete_artist", preview.name, songs=preview.songs,
                              rows=preview.rows, files=list(preview.files))
    return preview
