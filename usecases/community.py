"""The community's board: posts. Comments, likes, cards and moderation are in modules beside it.

`community_comments`, `community_likes`, `community_cards` (attached results) and `community_reports`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import cachetools
import pandas as pd
from sqlalchemy import Connection

import db
from accounts import Actor, may, require
from queries import community as queries
from queries import people
from support.errors import DataError, NotAllowed, NotFound
from support.markdown import plain_words, tidy
from usecases import community_cards
from usecases.community_results import Card, CardMedia, Post, PostPage, PostRow

MOST_TITLE, MOST_BODY = 120, 10_000
"""Characters of a title and of a post."""
EXCERPT = 160
PAGE, MOST_PAGE = 20, 100
"""Posts on a page, and at most."""
MOST_WORDS, MOST_SEARCH = 8, 200
MOST_LISTED = 10_000
"""Posts in a download."""
WITHOUT_CARD = "none"
PER_HOUR = {"post": 10, "comment": 60, "report": 20}
"""How much of each one user may write in an hour."""
PER_HOUR_ANONYMOUS = {"post": 3, "comment": 20, "report": 5}
"""The same for whoever has no account: such a name costs nothing."""
MANY = {"post": "community.many_posts", "comment": "community.many_comments", "report": "community.many_reports"}
MOST_SEEN = 100_000
_seen: cachetools.LRUCache[tuple[str, int, int], None] = cachetools.LRUCache(MOST_SEEN)
"""Who has looked at which post today. It is kept in memory only: what somebody reads is nobody's business."""
_seen_lock = threading.Lock()


# --- posts --------------------------------------------------------------------------------------------------------


def list_posts(actor: Actor, *, search: str = "", kind: str | None = None, mine: bool = False, order: str = "newest",
               page: int = 1, size: int = PAGE) -> PostPage:
    """Return a page of the board.

    Parameters
    ----------
    search : str
        Words, each of which must be in title, text or author.
    kind : str or None
        Of the attached result, one of `community_cards.CARD_KINDS`; ``none``: posts without one.
    mine : bool
        Only the actor's own, those that a moderator removed among them.
    order : str
        ``newest``, ``liked``, ``viewed`` or ``discussed``.
    page : int
        From 1 on; beyond the last one, the last one.

    Raises
    ------
    NotAllowed
        If the actor is a guest.
    DataError
        If order or kind is unknown.
    """
    check_reader(actor)
    if order not in queries.ORDERS:
        raise DataError("community.order", value=order[:40], accepted=", ".join(queries.ORDERS))
    if kind is not None and kind != WITHOUT_CARD:
        community_cards.check_kind(kind)
    words = tuple(dict.fromkeys(tidy(search)[:MOST_SEARCH].lower().split()))[:MOST_WORDS]
    most = max(1, min(size, MOST_PAGE))
    with db.begin() as connection:
        count = queries.count(connection, actor.id, words=words, kind=kind, mine=mine)
        pages = max(1, -(-count // most))
        at = max(1, min(page, pages))
        rows = queries.listed(connection, actor.id, words=words, kind=kind, mine=mine, order=order, limit=most,
                              offset=(at - 1) * most)
    return PostPage(tuple(_row(actor, row) for row in rows), count, at, pages)


def posts_table(actor: Actor, *, search: str = "", kind: str | None = None, mine: bool = False,
                order: str = "newest") -> pd.DataFrame:
    """Return what `list_posts` finds as a table to download, at most `MOST_LISTED` posts."""
    rows: list[PostRow] = []
    while len(rows) < MOST_LISTED:
        page = list_posts(actor, search=search, kind=kind, mine=mine, order=order, page=len(rows) // MOST_PAGE + 1,
                          size=MOST_PAGE)
        rows += page.rows
        if page.page == page.pages:
            break
    names = ("id", "title", "author", "created_at", "views", "likes", "comments", "card_kind", "excerpt")
    frame = pd.DataFrame([{name: getattr(row, name) for name in names} for row in rows], columns=list(names))
    return frame.assign(created_at=[each.isoformat(timespec="seconds") for each in frame["created_at"]])


def get_post(actor: Actor, post_id: int, *, count_view: bool = False) -> Post:
    """Return a post.

    Parameters
    ----------
    count_view : bool
        Count a view, once a day for each reader, never the author's own.

    Raises
    ------
    NotAllowed
        If the actor is a guest.
    NotFound
        If it is not there, was deleted, or was removed and the actor is neither its author nor a moderator.
    """
    with db.begin() as connection:
        row = readable(connection, actor, post_id)
        if count_view and row["author_id"] != actor.id and row["removed_at"] is None and _first_today(actor, post_id):
            queries.viewed(connection, post_id)
            row |= {"views": row["views"] + 1}
        card = community_cards.shown(connection, actor, row)
    return Post(_row(actor, row), row["body"], card, row["removed_reason"])


def readable(connection: Connection, actor: Actor, post_id: int) -> dict[str, Any]:
    """Return a stored post that the actor may read (see `get_post`)."""
    check_reader(actor)
    row = queries.get(connection, actor.id, post_id)
    if row is None or row["deleted_at"] is not None:
        raise NotFound("community.post_gone")
    if row["removed_at"] is not None and row["author_id"] != actor.id and not may(actor, "moderate"):
        raise NotFound("community.post_gone")
    return row


def check_reader(actor: Actor) -> None:
    """Check that the actor is somebody: a guest sees what a link shows, and that is no board.

    Raises
    ------
    NotAllowed
    """
    if actor.id <= 0 or actor.kind == "guest":
        raise NotAllowed("community.sign_in")


def _first_today(actor: Actor, post_id: int) -> bool:
    key = (datetime.now(UTC).date().isoformat(), actor.id, post_id)
    with _seen_lock:
        if key in _seen:
            return False
        _seen[key] = None
        return True


def add_post(actor: Actor, title: str, body: str, card: tuple[str, int] | None = None) -> int:
    """Write a post; return its id.

    Parameters
    ----------
    card : (str, int), optional
        Kind and id of one's own result to attach.

    Raises
    ------
    NotAllowed
    DataError
        If title or text is empty or too long, or the actor has written too many in the last hour.
    NotFound
        If the result is not the actor's.
    """
    require(actor, "post")
    named, said = _title(title), text_of(body, MOST_BODY)
    with db.begin() as connection:
        queries.purge(connection)
        limit(connection, actor, "post")
        post_id = queries.add(connection, actor.id, named, said, _attached(connection, actor, card))
        people.record_act(connection, actor.id, "post", f"post {post_id}")
    return post_id


def edit_post(actor: Actor, post_id: int, title: str, body: str, card: tuple[str, int] | None = None) -> None:
    """Change one's own post; it is marked as edited. What is attached is told anew, or taken off.

    Raises
    ------
    NotAllowed, NotFound, DataError
        As of `add_post`; a removed post cannot be changed.
    """
    require(actor, "post")
    named, said = _title(title), text_of(body, MOST_BODY)
    with db.begin() as connection:
        row = _own_post(connection, actor, post_id)
        same = card is not None and card == (row["card_kind"], row["card_item"])
        if same and _is_gone(connection, actor, row):  # it stays as it was attached: the card says that it is gone
            attached: dict[str, Any] | None = {"kind": row["card_kind"], "item": row["card_item"], "told": row["card"]}
        else:
            attached = _attached(connection, actor, card)
        queries.edit(connection, post_id, named, said, attached)
        people.record_act(connection, actor.id, "edit", f"post {post_id}")


def _is_gone(connection: Connection, actor: Actor, row: Mapping[str, Any]) -> bool:
    card = community_cards.shown(connection, actor, row)
    return card is not None and card.gone


def _own_post(connection: Connection, actor: Actor, post_id: int) -> dict[str, Any]:
    row = readable(connection, actor, post_id)
    if row["author_id"] != actor.id:
        raise NotAllowed("community.not_yours")
    if row["removed_at"] is not None:
        raise NotAllowed("community.removed")
    return row


def _attached(connection: Connection, actor: Actor, card: tuple[str, int] | None) -> dict[str, Any] | None:
    if card is None:
        return None
    kind, item = card
    community_cards.check_kind(kind)
    return {"kind": kind, "item": item, "told": community_cards.told_of(connection, actor.id, kind, item)}


def delete_post(actor: Actor, post_id: int) -> None:
    """Delete one's own post; `restore_post` takes that back for an hour, then it is gone with its comments.

    Raises
    ------
    NotAllowed
        If it is another's; moderators remove it instead.
    NotFound
    """
    with db.begin() as connection:
        row = readable(connection, actor, post_id)
        hide(connection, actor, "post", row)


def restore_post(actor: Actor, post_id: int) -> None:
    """Take the deletion of one's own post back.

    Raises
    ------
    NotFound
        If it was deleted more than an hour ago, is another's, or was never there.
    """
    show(actor, "post", post_id, "community.post_gone")


def hide(connection: Connection, actor: Actor, kind: str, row: Mapping[str, Any]) -> None:
    """Delete one's own post or comment, and forget for good what was deleted long enough ago.

    Raises
    ------
    NotAllowed
        If it is another's.
    """
    if row["author_id"] != actor.id:
        raise NotAllowed("community.not_yours")
    queries.hide(connection, kind, row["id"], actor.id, on=True)
    people.record_act(connection, actor.id, "delete", f"{kind} {row['id']}")
    queries.purge(connection)


def show(actor: Actor, kind: str, item: int, gone: str) -> None:
    """Take the deletion of one's own post or comment back; `gone` is the code where it cannot be.

    Raises
    ------
    NotFound
    """
    check_reader(actor)
    with db.begin() as connection:
        if not queries.hide(connection, kind, item, actor.id, on=False):
            raise NotFound(gone)
        people.record_act(connection, actor.id, "restore", f"{kind} {item}")


def limit(connection: Connection, actor: Actor, kind: str) -> None:
    """Check that the actor has not written too many posts, comments or reports in the last hour.

    Raises
    ------
    DataError
    """
    most = (PER_HOUR_ANONYMOUS if actor.kind == "anonymous" else PER_HOUR)[kind]
    queries.hold(connection, actor.id)
    if queries.recent(connection, kind, actor.id) >= most:
        raise DataError(MANY[kind], most=most)


def _title(title: str) -> str:
    found = tidy(title)
    if not 0 < len(found) <= MOST_TITLE:
        raise DataError("community.title", length=len(found), most=MOST_TITLE)
    return found


def text_of(body: str, most: int) -> str:
    """Return a text as it is stored.

    Raises
    ------
    DataError
        If it is empty, or longer than `most` characters.
    """
    found = tidy(body, lines=True)
    if not 0 < len(found) <= most:
        raise DataError("community.body", length=len(found), most=most)
    return found


def _row(actor: Actor, row: Mapping[str, Any]) -> PostRow:
    same = ("id", "title", "author_id", "author", "created_at", "edited_at", "views", "likes", "liked", "comments",
            "card_kind", "removed")
    return PostRow(**{name: row[name] for name in same}, own=row["author_id"] == actor.id,
                   excerpt=plain_words(row["start"] if "start" in row else row["body"][:queries.START], EXCERPT))


def card_media(actor: Actor, post_id: int) -> CardMedia:
    """Return the picture or sound that a post shows: through the post alone, and as long as it stands.

    Raises
    ------
    NotAllowed, NotFound
        As of `get_post`; also where the card has none, or its owner has deleted it.
    ProviderError
        If it is in a bucket that does not answer.
    """
    with db.begin() as connection:
        return community_cards.media(connection, readable(connection, actor, post_id))


def attachable(actor: Actor, kind: str, item: int) -> Card:
    """Return one's own result as the card it would be; see `community_cards.card_of`."""
    return community_cards.card_of(actor, kind, item)
