"""What is new to a user since the visit before: syncs, alerts, what their own jobs finished, answers to their posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import db
from accounts import Actor
from queries import news as queries
from usecases.alerts import owner_seen

SHOWN = 3
"""Things of each kind that are named; the rest is counted."""
PLACES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "audition": ("ai_judges", "audition", {"tab": "audition"}),
    "prediction": ("hit_prediction", "prediction", {"tab": "analyse"}),
    "bgm": ("text_to_bgm", "batch", {}), "post": ("community", "post", {})}
"""By kind: the page that opens it, the name of its id in the query, and what else the query says."""


@dataclass(frozen=True, slots=True)
class NewsThing:
    """One thing that is new.

    Attributes
    ----------
    note : str
        Artist; of a post who answered last, "" where that account is gone.
    state : str
        ``done`` or ``failed``.
    fact : str or None
        Verdict, score, number of tracks or number of answers.
    page, query
        The page that opens it, and its query.
    """

    kind: str
    id: int
    title: str
    note: str
    state: str
    at: datetime
    fact: str | None
    page: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewsGroup:
    """The newest things of one kind; `count` is of all, `failed` of those that came to nothing."""

    kind: str
    things: tuple[NewsThing, ...] = ()
    count: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class NewsSyncs:
    """What syncs brought.

    Attributes
    ----------
    runs, failed : int
        Syncs that ended, and those of them that did not end well.
    imported, refused : int
        Files taken in by all of them, and files the last one refused.
    artists, rows : int
        Artists with readings new or changed, and how many readings.
    most : tuple of (str, str, int)
        Key, name and readings of the artists with most.
    last_at : datetime or None
    """

    runs: int = 0
    failed: int = 0
    imported: int = 0
    refused: int = 0
    artists: int = 0
    rows: int = 0
    most: tuple[tuple[str, str, int], ...] = ()
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What is new since a visit; `since` is None at the first one, when nothing is counted."""

    since: datetime | None
    syncs: NewsSyncs = NewsSyncs()
    alerts: int = 0
    groups: tuple[NewsGroup, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing came."""
        return not (self.syncs.runs or self.alerts or self.groups)


def news(actor: Actor, since: datetime | None) -> News:
    """Return what came since a moment that concerns the actor.

    Parameters
    ----------
    since : datetime or None
        The end of the visit before (`visit`); None: there was none.
    """
    if since is None:
        return News(None)
    with db.begin() as connection:
        groups = [_group(kind, *queries.made(connection, kind, actor.id, since, SHOWN)) for kind in queries.KINDS]
        return News(since, _syncs(connection, since), queries.alerts(connection, owner_seen(actor), since),
                    tuple(group for group in groups if group.count))


def _syncs(connection: Any, since: datetime) -> NewsSyncs:
    found = queries.syncs(connection, since)
    most, artists, rows = queries.grown(connection, since, SHOWN)
    return NewsSyncs(**found, artists=artists, rows=rows,
                     most=tuple((row["key"], row["name"], int(row["rows"])) for row in most))


def _group(kind: str, rows: list[dict[str, Any]], count: int, failed: int) -> NewsGroup:
    page, name, more = PLACES[kind]
    return NewsGroup(kind, tuple(
        NewsThing(kind, row["id"], row["title"], row["note"] or "", row["state"], row["at"], row["fact"], page,
                  {**more, name: str(row["id"])}) for row in rows), count, failed)
