"""Where a song can be heard: YouTube's own player after one search a song, else a link to the search. No scraping."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import config
import db
from accounts import Actor
from providers.registry import video_search
from providers.youtube import KEY_NAME, search_link
from queries import pictures as queries
from support.errors import AppError, ProviderError
from usecases.picture_results import Listen

WATCH = "https://www.youtube.com/watch?v="
AGAIN_DAYS = 90
"""Days after which a song that had no video is searched for again."""
DAILY_UNITS = 10_000
"""Quota of a project a day, as YouTube grants it at first."""
_asking: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


def listen(actor: Actor, song_id: int, title: str, artist: str) -> Listen:
    """Return where a song can be heard; asks YouTube at most once a song, and only where there is a key.

    What went wrong is in the result beside the link, which always works.
    """
    link = search_link(title, artist)
    if not config.load().keys.get(KEY_NAME):
        return Listen(link)
    with _asking[song_id]:  # two clicks are one search
        kept = _kept(song_id)
        if kept is not None:
            return _listen(link, *kept) if kept[0] else _none(link, title, artist)
        try:
            found = video_search(config.load().keys, base_urls=config.load().base_urls).find(title, artist)
        except AppError as error:
            _failed(song_id, error)
            return Listen(link, error_code=error.code, error_values=error.values)
        with db.begin() as connection:
            queries.count_quota(connection, found.units)
            queries.put_video(connection, song_id, found.video_id, found.title, found.channel)
        return _listen(link, found.video_id, found.title, found.channel)


def known_videos(actor: Actor, song_ids: list[int]) -> dict[int, Listen]:
    """Return the songs whose video is known already, without asking anybody."""
    with db.begin() as connection:
        rows = queries.videos(connection, song_ids)
    return {song: _listen("", row["video_id"], row["title"], row["channel"]) for song, row in rows.items()
            if row["video_id"]}


def quota(actor: Actor) -> tuple[int, int] | None:
    """Return the units of YouTube's quota used today and granted a day; None without a key."""
    if not config.load().keys.get(KEY_NAME):
        return None
    with db.begin() as connection:
        return queries.quota_today(connection), DAILY_UNITS


def _kept(song_id: int) -> tuple[str | None, str, str] | None:
    with db.begin() as connection:
        row = queries.videos(connection, [song_id]).get(song_id)
    if row is None:
        return None
    old = datetime.now(UTC) - row["fetched_at"] > timedelta(days=AGAIN_DAYS)
    return None if row["video_id"] is None and old else (row["video_id"], row["title"] or "", row["channel"] or "")


def _listen(link: str, video_id: str | None, title: str, channel: str) -> Listen:
    return Listen(f"{WATCH}{video_id}" if video_id else link, video_id, title, channel)


def _none(link: str, title: str, artist: str) -> Listen:
    return Listen(link, error_code="youtube.nothing", error_values={"artist": artist, "title": title})


def _failed(song_id: int, error: AppError) -> None:
    """Count what a failed search took; that there is no video is an answer, and kept."""
    with db.begin() as connection:
        if units := int(error.values.get("units", 0)):
            queries.count_quota(connection, units)
        if isinstance(error, ProviderError) and error.code == "youtube.nothing":
            queries.put_video(connection, song_id, None, None, None)
