"""Likes of songs and posts; those of predictions and playlists are with them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

import db
from accounts import Actor, require
from queries import community as queries
from queries import dossier as song_queries
from support.errors import DataError, NotFound
from usecases.community import check_reader, readable
from usecases.community_results import Card, Likes

LIKED_KINDS = ("song", "post")
MOST_LISTED = 200



def like(actor: Actor, kind: str, item: int, on: bool = True) -> Likes:
    """Like a song or a post that one may see, or no longer; once for each user, however often it is said.

    Raises
    ------
    NotAllowed
    NotFound
        If the thing cannot be seen; a like can be taken back all the same.
    DataError
        If the kind is none of `LIKED_KINDS`.
    """
    require(actor, "like")
    check_reader(actor)
    if kind not in LIKED_KINDS:
        raise DataError("community.like_kind", value=kind[:40], accepted=", ".join(LIKED_KINDS))
    with db.begin() as connection:
        if on:
            _visible(connection, actor, kind, item)
        queries.like(connection, actor.id, kind, item, on=on)
    return likes(actor, kind, [item])[item]


def _visible(connection: Connection, actor: Actor, kind: str, item: int) -> None:
    if kind == "post":
        readable(connection, actor, item)
    elif song_queries.song(connection, actor.id, item) is None:
        raise NotFound("dossier.gone")


def likes(actor: Actor, kind: str, items: Sequence[int]) -> dict[int, Likes]:
    """Return for songs or posts how many users like each, and whether the actor does."""
    with db.begin() as connection:
        found = queries.likes(connection, actor.id, kind, items)
    return {item: Likes(*found.get(item, (0, False))) for item in items}


def liked(actor: Actor, kind: str, limit: int = 50) -> list[Card]:
    """Return the songs or posts that the actor likes and may still see, the last liked first.

    Raises
    ------
    DataError
        If the kind is none of `LIKED_KINDS`.
    """
    if kind not in LIKED_KINDS:
        raise DataError("community.like_kind", value=kind[:40], accepted=", ".join(LIKED_KINDS))
    with db.begin() as connection:
        ids = queries.liked(connection, actor.id, kind, max(1, min(limit, MOST_LISTED)))
        found = [_liked(connection, actor, kind, item) for item in ids]
    return [card for card in found if card is not None]


def _liked(connection: Connection, actor: Actor, kind: str, item: int) -> Card | None:
    if kind == "song":
        row = song_queries.song(connection, actor.id, item)
        if row is None:
            return None
        return Card("song", item, row["title"], row["artist"], page="song_dossier", query={"song": str(item)})
    post = queries.get(connection, actor.id, item)
    if post is None or post["deleted_at"] is not None or post["removed_at"] is not None:
        return None
    return Card("post", item, post["title"], post["author"], page="community", query={"post": str(item)})
