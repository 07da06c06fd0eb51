"""The part of the made-up services that is about the community: posts, comments, likes and reports kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

import accounts
from support.errors import DataError, NotFound
from usecases import community_results as board

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
PAGE = 20
OWN = {"audition": board.Card("audition", 5, "Parallel Summer", "Neon Marigold", {
           "total": 243.0, "verdict": "GOOD", "offline": False, "judges": [{"name": "Ada", "total": 81}]},
           page="ai_judges", query={"tab": "audition", "audition": "5"}),
       "prediction": board.Card("prediction", 6, "Rooftop Static", "", {
           "genre": "POP", "score": 71.6, "low": 58.0, "high": 83.0, "abstained": None}),
       "playlist": board.Card("playlist", 7, "Late_drive", "", {
           "tags": ["night"], "songs": 7, "first": ["A – B", "C – D"]}),
       "song": board.Card("song", 1, "Parallel Summer", "Neon Marigold", page="song_dossier", query={"song": "1"}),
       "picture": board.Card("picture", 8, "", "", {"tags": ["밤"]}, "image"),
       "bgm": board.Card("bgm", 9, "Soft rain", "", {"seconds": 62.5}, "audio")}
"""What the actor has, one of most kinds; no thumbnail."""


class FakeCommunity:
    """A board that acts on the page change."""

    _note: Any

    def set_community(self) -> None:
        """Start with an empty board."""
        self.posts: dict[int, board.Post] = {}
        self.comments: dict[int, board.Comment] = {}
        self.hidden_posts: dict[int, board.Post] = {}
        self.fans: dict[tuple[str, int], set[int]] = {}
        self.queue: tuple[board.Reported, ...] = ()
        self.removed: tuple[board.Reported, ...] = ()
        self.media = board.CardMedia("audio/ogg", b"OggS")

    def put_post(self, **options: Any) -> board.Post:
        """Add a post of Mina's; `options` are what is different of it."""
        number = len(self.posts) + len(self.hidden_posts) + 1
        post_options = {name: options.pop(name) for name in ("body", "card", "removed_reason") if name in options}
        row = board.PostRow(**{"id": number, "title": f"Post {number}", "excerpt": "An excerpt", "author_id": 7, "author": "mina",
                               "own": False, "created_at": MOMENT, "edited_at": None, "views": 3, "likes": 0, "liked": False,
                               "comments": 0, "card_kind": post_options["card"].kind if post_options.get("card") else None} | options)
        post = board.Post(**{"row": row, "body": "A **text**", "card": None} | post_options)
        self.posts[row.id] = post
        return post

    def put_comment(self, post_id: int, **options: Any) -> board.Comment:
        """Add a comment of Juno's; `options` are what is different of it."""
        given = {"id": len(self.comments) + 1, "post_id": post_id, "author_id": 8, "author": "juno", "own": False,
                 "body": "A comment", "created_at": MOMENT, "edited_at": None, "deleted": False, "removed": False} | options
        self.comments[given["id"]] = board.Comment(**given)
        return self.comments[given["id"]]

    # posts ------------------------------------------------------------
    def list_posts(self, actor: accounts.Actor, *, search: str = "", kind: str | None = None, mine: bool = False,
                   order: str = "newest", page: int = 1, size: int = PAGE) -> board.PostPage:
        self._note("list_posts", actor, search=search, kind=kind, mine=mine, order=order, page=page)
        rows = [post.row for post in reversed(self.posts.values()) if search.casefold() in post.row.title.casefold()
                and (not mine or post.row.own) and kind in (None, post.row.card_kind)]
        pages = max(1, -(-len(rows) // size))
        at = min(page, pages)
        return board.PostPage(tuple(rows[(at - 1) * size:at * size]), len(rows), at, pages)

    def posts_table(self, actor: accounts.Actor, **asked: Any) -> pd.DataFrame:
        self._note("posts_table", actor, **asked)
        return pd.DataFrame([{"title": post.row.title} for post in self.posts.values()])

    def get_post(self, actor: accounts.Actor, post_id: int, *, count_view: bool = False) -> board.Post:
        self._note("get_post", actor, post_id, count_view=count_view)
        if post_id not in self.posts:
            raise NotFound("community.post_gone")
        post, fans = self.posts[post_id], self.fans.get(("post", post_id), set())
        return replace(post, row=replace(post.row, likes=len(fans), liked=actor.id in fans))

    def _card(self, card: tuple[str, int] | None) -> board.Card | None:
        return None if card is None else OWN[card[0]]

    def add_post(self, actor: accounts.Actor, title: str, body: str, card: tuple[str, int] | None = None) -> int:
        self._note("add_post", actor, title, body, card)
        if not title:
            raise DataError("community.title", length=0, most=120)
        return self.put_post(title=title, body=body, card=self._card(card), own=True, author=actor.name).row.id

    def edit_post(self, actor: accounts.Actor, post_id: int, title: str, body: str, card: tuple[str, int] | None = None) -> None:
        self._note("edit_post", actor, post_id, title, body, card)
        post = self.posts[post_id]
        self.posts[post_id] = replace(post, row=replace(post.row, title=title, edited_at=MOMENT + timedelta(hours=1)), body=body,
                                      card=self._card(card))

    def delete_post(self, actor: accounts.Actor, post_id: int) -> None:
        self._note("delete_post", actor, post_id)
        self.hidden_posts[post_id] = self.posts.pop(post_id)

    def restore_post(self, actor: accounts.Actor, post_id: int) -> None:
        self._note("restore_post", actor, post_id)
        self.posts[post_id] = self.hidden_posts.pop(post_id)

    def card_media(self, actor: accounts.Actor, post_id: int) -> board.CardMedia:
        self._note("card_media", actor, post_id)
        return self.media

    def own_things(self, actor: accounts.Actor, kind: str, search: str = "", limit: int = 10) -> list[board.Card]:
        self._note("own_things", actor, kind, search, limit)
        found = OWN.get(kind)
        return [found] if found and search.casefold() in found.title.casefold() else []

    def attachable(self, actor: accounts.Actor, kind: str, item: int) -> board.Card:
        self._note("attachable", actor, kind, item)
        if kind not in OWN or OWN[kind].item != item:
            raise NotFound("community.thing_gone")
        return OWN[kind]

    # comments ------------------------------------------------------------
    def list_comments(self, actor: accounts.Actor, post_id: int, page: int = 1) -> board.CommentPage:
        self._note("list_comments", actor, post_id, page)
        rows = [comment for comment in self.comments.values() if comment.post_id == post_id]
        pages = max(1, -(-len(rows) // PAGE))
        at = page or pages
        return board.CommentPage(tuple(rows[(at - 1) * PAGE:at * PAGE]), len(rows), at, pages)

    def add_comment(self, actor: accounts.Actor, post_id: int, body: str) -> int:
        self._note("add_comment", actor, post_id, body)
        if not body:
            raise DataError("community.body", length=0, most=2000)
        return self.put_comment(post_id, body=body, own=True, author=actor.name).id

    def edit_comment(self, actor: accounts.Actor, comment_id: int, body: str) -> None:
        self._note("edit_comment", actor, comment_id, body)
        self.comments[comment_id] = replace(self.comments[comment_id], body=body, edited_at=MOMENT)

    def delete_comment(self, actor: accounts.Actor, comment_id: int) -> None:
        self._note("delete_comment", actor, comment_id)
        self.comments[comment_id] = replace(self.comments[comment_id], deleted=True)

    def restore_comment(self, actor: accounts.Actor, comment_id: int) -> None:
        self._note("restore_comment", actor, comment_id)
        self.comments[comment_id] = replace(self.comments[comment_id], deleted=False)

    # likes ------------------------------------------------------------
    def likes(self, actor: accounts.Actor, kind: str, items: Sequence[int]) -> dict[int, board.Likes]:
        self._note("likes", actor, kind, items)
        fans = {item: self.fans.get((kind, item), set()) for item in items}
        return {item: board.Likes(len(found), actor.id in found) for item, found in fans.items()}

    def like(self, actor: accounts.Actor, kind: str, item: int, on: bool = True) -> board.Likes:
        self._note("like", actor, kind, item, on)
        fans = self.fans.setdefault((kind, item), set())
        (fans.add if on else fans.discard)(actor.id)
        return self.likes(actor, kind, [item])[item]

    # reports ------------------------------------------------------------
    def report(self, actor: accounts.Actor, kind: str, item: int, reason: str, note: str = "") -> None:
        self._note("report", actor, kind, item, reason, note)

    def reports(self, actor: accounts.Actor, page: int = 1) -> board.ReportPage:
        self._note("reports", actor, page)
        return board.ReportPage(self.queue, len(self.queue), 1, 1)

    def open_reports(self, actor: accounts.Actor) -> int:
        return len(self.queue)

    def removed_things(self, actor: accounts.Actor, page: int = 1) -> board.ReportPage:
        self._note("removed_things", actor, page)
        return board.ReportPage(self.removed, len(self.removed), 1, 1)

    def resolve_report(self, actor: accounts.Actor, kind: str, item: int, *, remove: bool, reason: str = "") -> None:
        self._note("resolve_report", actor, kind, item, remove=remove, reason=reason)
        self.queue = tuple(row for row in self.queue if (row.kind, row.item) != (kind, item))

    def restore_removed(self, actor: accounts.Actor, kind: str, item: int) -> None:
        self._note("restore_removed", actor, kind, item)
        self.removed = tuple(row for row in self.removed if (row.kind, row.item) != (kind, item))
