"""Results of the product as cards of posts: what can be attached, what a card shows, its picture or sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

import db
from accounts import Actor
from queries import bgm as music_queries
from queries import community_cards as queries
from queries import dossier as song_queries
from queries import pictures as picture_queries
from queries import playlists as thumbnail_queries
from support.errors import DataError, NotFound
from support.markdown import tidy
from usecases import picture_store
from usecases.community_results import Card, CardMedia
from usecases.dossier import list_dossier_songs
from usecases.search import tags_of

CARD_KINDS = ("audition", "prediction", "picture", "playlist", "thumbnail", "bgm", "song")
MEDIA = {"picture": "image", "thumbnail": "image", "bgm": "audio"}
"""What `media` gives of a kind; of others there is none."""
FACTS = {"audition": ("total", "verdict", "offline", "judges"),
         "prediction": ("genre", "score", "low", "high", "abstained"),
         "picture": ("tags",), "playlist": ("tags", "songs", "first"), "bgm": ("seconds",)}
"""What a card tells of each kind besides names; nothing else is ever stored with a post."""
MOST_NAME = 200
MOST_LISTED = 50


def own_things(actor: Actor, kind: str, search: str = "", limit: int = 10) -> list[Card]:
    """Return the actor's own finished results of a kind, newest first; songs are those the actor may see.

    Parameters
    ----------
    search : str
        Words of the names; for pictures, tags.
    limit : int
        At most `MOST_LISTED`.

    Raises
    ------
    DataError
        If the kind is none of `CARD_KINDS`.
    """
    check_kind(kind)
    most, tidied = max(1, min(limit, MOST_LISTED)), tidy(search)[:MOST_NAME]
    if kind == "song":
        return [_song(_heading(song.id, song.title, song.artist)) for song in list_dossier_songs(actor, tidied, most)]
    tags = tags_of(tidied) if kind == "picture" and tidied else []
    if kind == "picture" and tidied and not tags:
        return []
    with db.begin() as connection:
        rows = queries.things(connection, actor.id, kind, tidied.lower().split(), tags, most)
    return [_own(kind, row) for row in rows]


def check_kind(kind: str) -> None:
    """Check that a kind is one that can be attached.

    Raises
    ------
    DataError
    """
    if kind not in CARD_KINDS:
        raise DataError("community.card_kind", value=kind[:40], accepted=", ".join(CARD_KINDS))


def card_of(actor: Actor, kind: str, item: int) -> Card:
    """Return one's own thing as the card it would be, to look at before it is attached.

    Raises
    ------
    NotFound
        Also where it is another's.
    """
    check_kind(kind)
    with db.begin() as connection:
        return _own(kind, _found(connection, actor.id, kind, item))


def told_of(connection: Connection, actor_id: int, kind: str, item: int) -> dict[str, Any]:
    """Return what a card tells of one's own thing, as it is stored with a post.

    Raises
    ------
    NotFound
        Also where it is another's.
    """
    card = _own(kind, _found(connection, actor_id, kind, item))
    return {"title": card.title, "note": card.note, "facts": dict(card.facts)}


def _found(connection: Connection, owner_id: int, kind: str, item: int) -> dict[str, Any]:
    row = _thing(connection, owner_id, kind, item)
    if row is None:
        raise NotFound("community.thing_gone")
    return row


def _thing(connection: Connection, owner_id: int, kind: str, item: int) -> dict[str, Any] | None:
    if kind == "song":
        row = song_queries.song(connection, owner_id, item)
        return None if row is None else _heading(row["id"], row["title"], row["artist"])
    return queries.thing(connection, owner_id, kind, item)


def _heading(song_id: int, title: str, artist: str) -> dict[str, Any]:
    return {"id": song_id, "title": title, "note": artist, "created_at": None}


def _song(row: Mapping[str, Any]) -> Card:
    return _own("song", row)


def _own(kind: str, row: Mapping[str, Any]) -> Card:
    facts = {name: row[name] for name in FACTS.get(kind, ())}
    if kind == "prediction" and row["score"] is None:
        facts |= {"low": None, "high": None}
    page, query = _opens(kind, row)
    return Card(kind, row["id"], row["title"][:MOST_NAME], row["note"][:MOST_NAME], facts, MEDIA.get(kind), page, query,
                created_at=row["created_at"])


def _opens(kind: str, row: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
    """Return page and query that open a thing for its owner."""
    item = str(row["id"])
    match kind:
        case "audition":
            return "ai_judges", {"tab": "audition", "audition": item}
        case "prediction":
            return "hit_prediction", {"tab": "analyse", "prediction": item}
        case "picture":
            return "image_to_music", {"image": item}
        case "playlist":
            return "playlist_maker", {"tab": "make", "saved": item}
        case "bgm":
            return "text_to_bgm", {"tab": "make", "batch": str(row["batch_id"])}
        case "song":
            return "song_dossier", {"song": item}
    return None, {}


# --- cards of posts -----------------------------------------------------------------------------------------------


def shown(connection: Connection, actor: Actor, post: Mapping[str, Any]) -> Card | None:
    """Return the card of a stored post as the actor sees it, None where it has none.

    It tells what was stored when it was attached. Where the thing is gone since, only its kind is left.
    """
    kind, item, told = post["card_kind"], post["card_item"], post["card"]
    if kind is None:
        return None
    row = None if post["author_id"] is None else _thing(connection, post["author_id"], kind, item)
    if row is None:
        return Card(kind, item, "", gone=True)
    page, query = _opens(kind, row) if _may_open(connection, actor, post["author_id"], kind, row) else (None, {})
    return Card(kind, item, told["title"], told["note"], told["facts"], MEDIA.get(kind), page, query)


def _may_open(connection: Connection, actor: Actor, owner_id: int, kind: str, row: Mapping[str, Any]) -> bool:
    """Return whether the reader may open the thing itself: its owner, or where everybody may."""
    if actor.id == owner_id:
        return True
    if kind == "song":
        return song_queries.song(connection, actor.id, row["id"]) is not None
    return row.get("public_at") is not None  # a prediction on the leaderboard


def media(connection: Connection, post: Mapping[str, Any]) -> CardMedia:
    """Return the picture or sound of a stored post's card, as long as its owner keeps it.

    Raises
    ------
    NotFound
        If the card has none, or it is gone.
    ProviderError
        If it is in a bucket that does not answer.
    """
    kind, item, owner = post["card_kind"], post["card_item"], post["author_id"]
    if kind not in MEDIA or owner is None or _thing(connection, owner, kind, item) is None:
        raise NotFound("community.media_gone")
    if kind == "bgm":
        return CardMedia("audio/ogg", _bytes(music_queries.sound(connection, item, "ogg")))
    if kind == "picture":
        return CardMedia("image/jpeg", picture_store.read(*(picture_queries.pixels(connection, item) or (None, None))))
    row = thumbnail_queries.picture(connection, item)
    if row is None:
        raise NotFound("community.media_gone")
    return CardMedia(f"image/{row['kind']}", row["picture"])


def _bytes(found: bytes | None) -> bytes:
    if found is None:
        raise NotFound("community.media_gone")
    return found
