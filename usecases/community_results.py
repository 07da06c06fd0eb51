"""What the services of the community return to pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Card:
    """A result of the product as others see it: what its owner chose to show, and nothing else of that owner.

    Attributes
    ----------
    kind : str
        One of `CARD_KINDS`.
    item : int
    title : str
        Empty where it is gone.
    note : str
        Whose song or what it holds: an artist, a genre; in the language it was entered in.
    facts : Mapping
        By kind. ``audition``: total, verdict, offline, judges (name and total). ``prediction``: genre, score, low,
        high, abstained. ``picture``: tags. ``playlist``: tags, songs (how many), first (names). ``bgm``: seconds.
    media : str or None
        ``image`` or ``audio`` where `card_media` gives a file.
    page, query
        Where it opens for the reader, None and nothing where it does not.
    gone : bool
        Whether its owner has deleted it since; nothing of it is told then.
    created_at : datetime or None
        When it was made; only in lists of one's own things.
    """

    kind: str
    item: int
    title: str
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    media: str | None = None
    page: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    gone: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post as a list shows it; ``author`` is empty where the account is gone, ``card_kind`` None without a card."""

    id: int
    title: str
    excerpt: str
    author_id: int | None
    author: str
    own: bool
    created_at: datetime
    edited_at: datetime | None
    views: int
    likes: int
    liked: bool
    comments: int
    card_kind: str | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PostPage:
    """A page of posts, how many match in all, which page it is, and of how many."""

    rows: tuple[PostRow, ...]
    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Post:
    """A post with its text; ``removed_reason`` is told to its author and to moderators."""

    row: PostRow
    body: str
    card: Card | None
    removed_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; ``body`` is empty where it was deleted or removed, but a moderator reads what was removed."""

    id: int
    post_id: int
    author_id: int | None
    author: str
    own: bool
    body: str
    created_at: datetime
    edited_at: datetime | None
    deleted: bool
    removed: bool
    removed_reason: str | None = None


@dataclass(frozen=True, slots=True)
class CommentPage:
    """A page of a post's comments, oldest first."""

    rows: tuple[Comment, ...]
    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Likes:
    """How many users like a thing, and whether the actor is one of them."""

    count: int
    liked: bool


@dataclass(frozen=True, slots=True)
class CardMedia:
    """The file of a card: its media type and its bytes."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reported:
    """A post or comment in the moderators' queue.

    Attributes
    ----------
    kind : str
        ``post`` or ``comment``.
    item, post_id : int
    title, body, author : str
        As they stand now; ``title`` is the post's.
    reasons : tuple of (str, int)
        How often each was given, most often first.
    notes : tuple of str
        What those who reported wrote; who they are is not told.
    count : int
        Reports that are open.
    first_at : datetime or None
    removed_at : datetime or None
    removed_reason : str or None
    """

    kind: str
    item: int
    post_id: int
    title: str
    body: str
    author_id: int | None
    author: str
    reasons: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    count: int = 0
    first_at: datetime | None = None
    removed_at: datetime | None = None
    removed_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of the moderators' queue, or of what was removed."""

    rows: tuple[Reported, ...]
    count: int
    page: int
    pages: int
