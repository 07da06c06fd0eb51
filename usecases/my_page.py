"""My page: what the actor has made, kept and written, each kind with its newest things, a search and a count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import db
from accounts import Actor
from queries import my_page as queries
from support.errors import DataError, NotFound
from usecases import picture_store
from usecases.search import tags_of

KINDS = queries.KINDS
"""Kinds of things, in the order in which the page has them."""
NEWEST = 3
"""Things of each kind in the overview."""
MOST = 100
"""Things on one page of a list at most."""
MOST_WORDS = 10
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class MyThing:
    """One thing of a user, and where it opens.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    note : str
        Artist, caption or beginning, as it was written; "" where there is nothing to say.
    state : str
        Of a job that makes it; ``removed`` for a post that a moderator took down.
    created_at : datetime
        Of a playlist: when it was last changed; of a liked song: since when.
    facts : mapping
        What else its row says: score, verdict, tags, number of songs and the like.
    page, query
        The page that opens it, and its query.
    """

    kind: str
    id: int
    title: str
    note: str
    state: str
    created_at: datetime
    facts: Mapping[str, Any]
    page: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MyShelf:
    """A page of one kind of things; `count` is of all that match."""

    kind: str
    count: int
    things: tuple[MyThing, ...]
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Mine:
    """The newest of everything a user has, with counts."""

    auditions: MyShelf
    pictures: MyShelf
    playlists: MyShelf
    thumbnails: MyShelf
    predictions: MyShelf
    tracks: MyShelf
    liked_songs: MyShelf
    posts: MyShelf

    @property
    def shelves(self) -> tuple[MyShelf, ...]:
        """All of them, in the order of `KINDS`."""
        return (self.auditions, self.pictures, self.playlists, self.thumbnails, self.predictions, self.tracks,
                self.liked_songs, self.posts)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not any(shelf.count for shelf in self.shelves)


def my_overview(actor: Actor) -> Mine:
    """Return the newest `NEWEST` things of each kind of the actor, and how many there are."""
    with db.begin() as connection:
        return Mine(*(_shelf(connection, actor, kind, (), (), 1, NEWEST) for kind in KINDS))


def my_things(actor: Actor, kind: str, *, search: str = "", page: int = 1, size: int = 20) -> MyShelf:
    """Return a page of the actor's things of one kind, newest first.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    search : str
        Words, each of which must be in title, artist, caption or tags; of pictures tags in either language.
    page : int
        From 1; one beyond the last gives the last.
    size : int
        Things a page, at most `MOST`.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise DataError("my_page.kind", value=kind, accepted=", ".join(KINDS))
    tidy = search.replace("\x00", " ")[:LONGEST_SEARCH]
    words = tuple(dict.fromkeys(tidy.lower().split()))[:MOST_WORDS]
    with db.begin() as connection:
        return _shelf(connection, actor, kind, words, tags_of(tidy) if kind == "picture" else (), page,
                      max(1, min(size, MOST)))


def my_picture(actor: Actor, kind: str, item: int) -> bytes:
    """Return the file of an own ``picture`` or ``thumbnail``.

    Raises
    ------
    NotFound
        Also where it is another's.
    ProviderError
        If the bucket does not give it.
    """
    with db.begin() as connection:
        found = queries.own_pixels(connection, kind, actor.id, item)
    if found is None:
        raise NotFound("picture.gone")
    return picture_store.read(*found)


def _shelf(connection: Any, actor: Actor, kind: str, words: Sequence[str], tags: Sequence[str], page: int,
           size: int) -> MyShelf:
    count = queries.count(connection, kind, actor.id, words, tags)
    pages = max(1, -(-count // size))
    page = max(1, min(page, pages))
    rows = queries.things(connection, kind, actor.id, words, tags, size, (page - 1) * size) if count else []
    return MyShelf(kind, count, tuple(_thing(kind, row) for row in rows), page, pages)


def _thing(kind: str, row: Mapping[str, Any]) -> MyThing:
    page, query = _place(kind, row)
    return MyThing(kind, row["id"], row["title"], row["note"], row["state"], row["created_at"], row["facts"], page,
                   query)


def _place(kind: str, row: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the page that opens a thing, and its query."""
    own = str(row["id"])
    if kind == "thumbnail":
        return _place_of_thumbnail(row)
    if kind == "track":
        return "text_to_bgm", {"batch": str(row["facts"]["batch"])}
    return {"audition": ("ai_judges", {"tab": "audition", "audition": own}),
            "picture": ("image_to_music", {"image": own}), "playlist": ("playlist_maker", {"saved": own}),
            "prediction": ("hit_prediction", {"tab": "analyse", "prediction": own}),
            "song": ("song_dossier", {"song": own}), "post": ("community", {"post": own})}[kind]


def _place_of_thumbnail(row: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return its playlist's place, else its song's, else where playlists of its title are made."""
    if row["facts"]["playlist"] is not None:
        return "playlist_maker", {"saved": str(row["facts"]["playlist"])}
    if row["facts"]["song"] is not None:
        return "song_dossier", {"song": str(row["facts"]["song"])}
    return "playlist_maker", {"title": row["title"]}
