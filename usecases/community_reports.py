"""Moderation of the community: reports, the queue they make, removing and putting back; every act is audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

import db
from accounts import Actor, require
from queries import community as queries
from queries import people
from support.errors import DataError, NotAllowed, NotFound
from support.markdown import tidy
from usecases.community import limit, readable
from usecases.community_comments import readable_comment
from usecases.community_results import Reported, ReportPage

KINDS = ("post", "comment")
GONE = {"post": "community.post_gone", "comment": "community.comment_gone"}
REPORT_REASONS = ("spam", "abuse", "adult", "rights", "other")
MOST_NOTE, MOST_REASON = 500, 300
"""Characters of what somebody who reports writes, and of why something was removed."""
PAGE = 10
MOST_NOTES = 20


def report(actor: Actor, kind: str, item: int, reason: str, note: str = "") -> None:
    """Tell the moderators that a post or comment of somebody else is out of place; once for each user.

    Raises
    ------
    NotAllowed
        If it is the actor's own.
    NotFound
    DataError
        If kind or reason is unknown, the note is too long, the moderators have looked at it already and it has not
        been changed since, or the actor has reported too much in the last hour.
    """
    require(actor, "like")
    _check_kind(kind)
    if reason not in REPORT_REASONS:
        raise DataError("community.reason", value=reason[:40], accepted=", ".join(REPORT_REASONS))
    said = tidy(note, lines=True)
    if len(said) > MOST_NOTE:
        raise DataError("community.note", length=len(said), most=MOST_NOTE)
    with db.begin() as connection:
        row = readable(connection, actor, item) if kind == "post" else readable_comment(connection, actor, item)
        if row["author_id"] == actor.id:
            raise NotAllowed("community.own_report")
        limit(connection, actor, "report")
        if not queries.report(connection, actor.id, kind, item, reason, said, row["edited_at"]):
            raise DataError("community.settled")


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise DataError("community.item_kind", value=kind[:40], accepted=", ".join(KINDS))


def open_reports(actor: Actor) -> int:
    """Return how many posts and comments wait for a moderator.

    Raises
    ------
    NotAllowed
    """
    require(actor, "moderate")
    with db.begin() as connection:
        return queries.count_reported(connection)


def reports(actor: Actor, page: int = 1) -> ReportPage:
    """Return a page of what was reported and is not settled, what was reported most often first.

    Raises
    ------
    NotAllowed
    """
    return _page(actor, page, queries.count_reported, queries.reported)


def removed_things(actor: Actor, page: int = 1) -> ReportPage:
    """Return a page of what moderators have removed, the last first.

    Raises
    ------
    NotAllowed
    """
    return _page(actor, page, queries.count_removed, queries.removed)


def _page(actor: Actor, page: int, count_of: Callable[[Connection], int],
          rows_of: Callable[[Connection, int, int], list[dict[str, Any]]]) -> ReportPage:
    """Return a page of a moderator's list; one that is beyond its end becomes the last."""
    require(actor, "moderate")
    with db.begin() as connection:
        count = count_of(connection)
        pages = max(1, -(-count // PAGE))
        at = max(1, min(page, pages))
        rows = rows_of(connection, PAGE, (at - 1) * PAGE)
    return ReportPage(tuple(map(_reported, rows)), count, at, pages)


def _reported(row: Mapping[str, Any]) -> Reported:
    reasons = tuple(Counter(row.get("reasons") or ()).most_common())
    return Reported(row["kind"], row["item"], row["post_id"], row["title"], row["body"], row["author_id"],
                    row["author"], reasons, tuple((row.get("notes") or ())[:MOST_NOTES]), row.get("count", 0),
                    row.get("first_at"), row.get("removed_at"), row.get("removed_reason"))


def resolve_report(actor: Actor, kind: str, item: int, *, remove: bool, reason: str = "") -> None:
    """Settle what was reported about a post or comment: remove it, or leave it where it is.

    A moderator may remove what nobody has reported as well.

    Parameters
    ----------
    reason : str
        Why it is removed; its author reads it.

    Raises
    ------
    NotAllowed
    NotFound
    DataError
        If the kind is unknown, or there is no reason for a removal, or too long a one.
    """
    require(actor, "moderate")
    _check_kind(kind)
    said = tidy(reason)
    if remove and not 0 < len(said) <= MOST_REASON:
        raise DataError("community.remove_reason", length=len(said), most=MOST_REASON)
    with db.begin() as connection:
        _standing(connection, actor, kind, item)
        if remove:
            queries.set_removed(connection, kind, item, actor.id, said)
        settled = queries.resolve(connection, kind, item, actor.id)
        detail = {"reason": said} if remove else {}
        people.record_act(connection, actor.id, "remove" if remove else "keep", f"{kind} {item}", reports=settled,
                          **detail)


def restore_removed(actor: Actor, kind: str, item: int) -> None:
    """Put back what a moderator has removed.

    Raises
    ------
    NotAllowed, NotFound
    """
    require(actor, "moderate")
    _check_kind(kind)
    with db.begin() as connection:
        _standing(connection, actor, kind, item)
        queries.set_removed(connection, kind, item, None, None)
        people.record_act(connection, actor.id, "restore", f"{kind} {item}")


def _standing(connection: Connection, actor: Actor, kind: str, item: int) -> None:
    """Check that a thing is there and its author has not deleted it."""
    row = queries.get(connection, actor.id, item) if kind == "post" else queries.comment(connection, item)
    if row is None or row["deleted_at"] is not None:
        raise NotFound(GONE[kind])
