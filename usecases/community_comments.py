"""Comments on the community's posts: listed, written, changed, deleted and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

import db
from accounts import Actor, may, require
from queries import community as queries
from queries import people
from support.errors import NotAllowed, NotFound
from usecases.community import hide, limit, readable, show, text_of
from usecases.community_results import Comment, CommentPage

MOST_COMMENT = 2_000
"""Characters of a comment."""
PAGE = 30



def list_comments(actor: Actor, post_id: int, page: int = 1) -> CommentPage:
    """Return a page of a post's comments, oldest first; page 0 is the last one.

    Those deleted or removed keep their place, without their text.

    Raises
    ------
    NotAllowed, NotFound
        As of `get_post`.
    """
    with db.begin() as connection:
        readable(connection, actor, post_id)
        count = queries.count_comments(connection, post_id)
        pages = max(1, -(-count // PAGE))
        at = pages if page == 0 else max(1, min(page, pages))
        rows = queries.comments(connection, post_id, PAGE, (at - 1) * PAGE)
    return CommentPage(tuple(_comment(actor, row) for row in rows), count, at, pages)


def _comment(actor: Actor, row: Mapping[str, Any]) -> Comment:
    own, deleted, removed = row["author_id"] == actor.id, row["deleted_at"] is not None, row["removed_at"] is not None
    told = not deleted and (not removed or own or may(actor, "moderate"))
    return Comment(row["id"], row["post_id"], row["author_id"], row["author"], own, row["body"] if told else "",
                   row["created_at"], row["edited_at"], deleted, removed, row["removed_reason"] if told else None)


def add_comment(actor: Actor, post_id: int, body: str) -> int:
    """Write a comment on a post that stands; return its id.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If it is empty or too long, or the actor has written too many in the last hour.
    """
    require(actor, "post")
    said = text_of(body, MOST_COMMENT)
    with db.begin() as connection:
        if readable(connection, actor, post_id)["removed_at"] is not None:
            raise NotAllowed("community.removed")
        limit(connection, actor, "comment")
        comment_id = queries.add_comment(connection, post_id, actor.id, said)
        people.record_act(connection, actor.id, "comment", f"comment {comment_id}", post=post_id)
    return comment_id


def edit_comment(actor: Actor, comment_id: int, body: str) -> None:
    """Change one's own comment; it is marked as edited.

    Raises
    ------
    NotAllowed, NotFound, DataError
    """
    require(actor, "post")
    said = text_of(body, MOST_COMMENT)
    with db.begin() as connection:
        row = readable_comment(connection, actor, comment_id)
        if row["author_id"] != actor.id:
            raise NotAllowed("community.not_yours")
        if row["removed_at"] is not None:
            raise NotAllowed("community.removed")
        queries.edit_comment(connection, comment_id, said)
        people.record_act(connection, actor.id, "edit", f"comment {comment_id}")


def delete_comment(actor: Actor, comment_id: int) -> None:
    """Delete one's own comment; `restore_comment` takes that back for an hour, then its text is gone.

    Raises
    ------
    NotAllowed
        If it is another's; moderators remove it instead.
    NotFound
    """
    with db.begin() as connection:
        hide(connection, actor, "comment", readable_comment(connection, actor, comment_id))


def restore_comment(actor: Actor, comment_id: int) -> None:
    """Take the deletion of one's own comment back.

    Raises
    ------
    NotFound
        If it was deleted more than an hour ago, is another's, or was never there.
    """
    show(actor, "comment", comment_id, "community.comment_gone")


def readable_comment(connection: Connection, actor: Actor, comment_id: int) -> dict[str, Any]:
    """Return a stored comment that stands, on a post that the actor may read."""
    row = queries.comment(connection, comment_id)
    if row is None or row["deleted_at"] is not None:
        raise NotFound("community.comment_gone")
    readable(connection, actor, row["post_id"])
    return row
