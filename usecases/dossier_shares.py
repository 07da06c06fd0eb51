"""Links that show a dossier to whoever has them: unguessable, for a number of days, taken back at any time.

A link shows what its owner has of one song and nothing else of anybody. Its token is told once and kept nowhere, only
its SHA-256, so that a copy of the database opens no dossier.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import db
from accounts import Actor, require
from queries import bgm as music_queries
from queries import dossier as queries
from queries import people
from queries import playlists as picture_queries
from support.errors import DataError, NotFound
from usecases.dossier import SHOWN, as_shared, check_song, dossier_of
from usecases.dossier_results import Dossier, DossierShare

DAYS = (1, 365)
"""Fewest and most days a link holds."""
MOST_HELD = 50
"""Links to one song that one user can have at a time."""
TOKEN_BYTES = 32
LONGEST_TOKEN = 200


def share_dossier(actor: Actor, song_id: int, days: int = 30) -> DossierShare:
    """Make a link that shows the actor's dossier of a song, read-only; its token is in the answer and nowhere else.

    Raises
    ------
    NotAllowed
    NotFound
        If the actor cannot see the song.
    DataError
        If the days are out of `DAYS`, or there are too many links to the song already.
    """
    require(actor, "dossier")
    if not DAYS[0] <= days <= DAYS[1]:
        raise DataError("dossier.days", value=days, least=DAYS[0], most=DAYS[1])
    check_song(actor, song_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with db.begin() as connection:
        if queries.count_shares(connection, actor.id, song_id) >= MOST_HELD:
            raise DataError("dossier.many_links", most=MOST_HELD)
        row = queries.add_share(connection, actor.id, song_id, _sha256(token),
                                datetime.now(UTC) + timedelta(days=days))
        people.record_act(connection, actor.id, "share", f"dossier {song_id}", share=row["id"], days=days)
    return _share(row, token)


def list_dossier_shares(actor: Actor, song_id: int) -> tuple[DossierShare, ...]:
    """Return the actor's own links to a song, newest first, those that no longer hold among them."""
    with db.begin() as connection:
        return tuple(_share(row) for row in queries.shares(connection, actor.id, song_id))


def revoke_dossier_share(actor: Actor, share_id: int) -> None:
    """Take one's own link back; it cannot be given again.

    Raises
    ------
    NotFound
        Also where it is another's.
    """
    with db.begin() as connection:
        song_id = queries.revoke_share(connection, actor.id, share_id)
        if song_id is None:
            raise NotFound("dossier.share_gone")
        people.record_act(connection, actor.id, "unshare", f"dossier {song_id}", share=share_id)


def dossier_by_link(token: str) -> Dossier:
    """Return the dossier a link shows, as its owner would see it, read-only; an opening is counted.

    Raises
    ------
    NotFound
        If the link was never there, is over or has been taken back, all alike.
    """
    return shared_dossier(token, SHOWN, opening=True)


def shared_dossier(token: str, most: int, *, opening: bool) -> Dossier:
    """Do as `dossier_by_link` with up to `most` things a section; count an opening or not."""
    row = _held(token, opening=opening)
    try:
        return as_shared(dossier_of(_owner(row), row["song_id"], most))
    except NotFound as error:  # the owner no longer has anything of it
        raise NotFound("dossier.link_gone") from error


def linked_owner(token: str, song_id: int) -> Actor:
    """Return on whose behalf a link shows a song.

    Raises
    ------
    NotFound
        If the link no longer holds, or is of another song.
    """
    row = _held(token)
    if row["song_id"] != song_id:
        raise NotFound("dossier.link_gone")
    return _owner(row)


def dossier_picture(actor: Actor, picture_id: int, token: str | None = None) -> bytes:
    """Return the file of a thumbnail: one's own, or one in the dossier that the link of `token` shows.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        row = picture_queries.picture(connection, picture_id)
    if row is None or not _may_have(actor, row, token):
        raise NotFound("playlist.picture_gone")
    return bytes(row["picture"])


def dossier_audio(actor: Actor, track_id: int, token: str | None = None) -> bytes:
    """Return the OGG of background music: one's own, or of the dossier that the link of `token` shows.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        row = music_queries.get_track(connection, track_id)
        found = music_queries.sound(connection, track_id, "ogg") if row is not None and row["state"] == "done" else None
    if row is None or found is None or not _may_have(actor, row, token):
        raise NotFound("bgm.gone")
    return found


def _may_have(actor: Actor, row: Mapping[str, Any], token: str | None) -> bool:
    """Return whether something is the actor's own, or tied to the song whose dossier a link shows by its owner."""
    if token is None:
        return bool(row["owner_id"] == actor.id)
    share = _held(token)
    return bool(row["owner_id"] == share["owner_id"] and row["song_id"] == share["song_id"])


def _held(token: str, *, opening: bool = False) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.share_of(connection, _sha256(token[:LONGEST_TOKEN]), opening=opening)
    if row is None:
        raise NotFound("dossier.link_gone")
    return row


def _owner(row: Mapping[str, Any]) -> Actor:
    return Actor(row["owner_id"], row["role"], row["nickname"])


def _share(row: Mapping[str, Any], token: str | None = None) -> DossierShare:
    return DossierShare(row["id"], row["song_id"], token, row["created_at"], row["expires_at"], row["revoked_at"],
                        row["opened"])


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
