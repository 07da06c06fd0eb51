"""Pictures shown to others: the archive, links, reports, taking down; deleting one's own."""

from __future__ import annotations

import secrets

import db
from accounts import Actor, require
from queries import people
from queries import pictures as queries
from support.errors import DataError, NotFound
from usecases import picture_store
from usecases.picture_results import PictureView
from usecases.pictures import get_picture, own_row

REASONS = ("not_mine", "person", "offensive", "other")
"""Reasons of a report."""


def share_picture(actor: Actor, image_id: int, *, consent: bool) -> PictureView:
    """Show a picture in the archive; `consent` must be given for this picture, now.

    Raises
    ------
    NotFound
    DataError
        Without consent.
    """
    row = own_row(actor, image_id)
    if row["removed_at"] is not None:
        raise DataError("picture.removed")
    if not consent:
        raise DataError("picture.consent")
    with db.begin() as connection:
        queries.share(connection, image_id, on=True)
        people.record_act(connection, actor.id, "share", f"picture {image_id}")
    return get_picture(actor, image_id)


def unshare_picture(actor: Actor, image_id: int) -> PictureView:
    """Take one's own picture out of the archive."""
    own_row(actor, image_id)
    with db.begin() as connection:
        queries.share(connection, image_id, on=False)
        people.record_act(connection, actor.id, "unshare", f"picture {image_id}")
    return get_picture(actor, image_id)


def link_picture(actor: Actor, image_id: int, *, on: bool = True) -> str | None:
    """Make an unguessable link that shows the result to whoever has it, or take it back; return its token.

    Raises
    ------
    NotFound
    DataError
        If the picture was taken down.
    """
    row = own_row(actor, image_id)
    if on and row["removed_at"] is not None:
        raise DataError("picture.removed")
    token = (row["token"] or secrets.token_urlsafe(18)) if on else None
    with db.begin() as connection:
        queries.set_fields(connection, image_id, token=token)
    return token


def delete_picture(actor: Actor, image_id: int) -> None:
    """Delete one's own picture with its tags, searches and link, also from the archive; it cannot be undone."""
    own_row(actor, image_id)
    with db.begin() as connection:
        found = queries.pixels(connection, image_id)
        queries.delete(connection, image_id)
        people.record_act(connection, actor.id, "delete", f"picture {image_id}")
    if found is not None:
        picture_store.drop(found[1])


def report_picture(actor: Actor, image_id: int, reason: str) -> None:
    """Tell the administrators that a picture of the archive is out of place.

    Raises
    ------
    NotFound
    DataError
        If the reason is none of `REASONS`.
    """
    if reason not in REASONS:
        raise DataError("picture.reason", value=reason, accepted=", ".join(REASONS))
    get_picture(actor, image_id)
    with db.begin() as connection:
        queries.report(connection, image_id, actor.id, reason)


def remove_picture(actor: Actor, image_id: int, reason: str) -> None:
    """Take a picture down as an administrator: its pixels, its link and its place in the archive go; audited.

    Raises
    ------
    NotAllowed, NotFound
    """
    require(actor, "moderate")
    with db.begin() as connection:
        row, found = queries.get(connection, image_id), queries.pixels(connection, image_id)
        if row is None or found is None:
            raise NotFound("picture.gone")
        queries.take_down(connection, image_id, actor.id)
        people.record_act(connection, actor.id, "remove", f"picture {image_id}", owner=row["owner_id"], reason=reason)
    picture_store.drop(found[1])


def settle_reports(actor: Actor, image_id: int) -> None:
    """Leave a reported picture where it is; its reports are settled, audited."""
    require(actor, "moderate")
    with db.begin() as connection:
        queries.settle(connection, image_id)
        people.record_act(connection, actor.id, "keep", f"picture {image_id}")
