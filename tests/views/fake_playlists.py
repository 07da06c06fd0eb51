"""The part of the made-up services that is about playlists: three like any title, songs by number, thumbnails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import accounts
from moods.prompts import Prompt
from playlisting.selection import Reason
from support.errors import NotFound
from usecases import playlist_results as maker
from usecases import results, thumbnails

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
FACTS = {"trained_at": "2026-01-20T01:02:03+00:00", "data": {"starter": 438, "melon": 0, "made": 2}, "own": False,
         "library": {}, "test": {"songs": 0.412, "tags": 0.55, "score": 0.433, "questions": 44, "kinds": {
             "N": {"questions": 44, "songs": 0.31, "tags": 0.5}}}}


class FakePlaylists:
    """Playlists that acts on the page make."""

    actor: accounts.Actor
    jobs: dict[int, results.JobView]
    _note: Any

    def set_playlists(self) -> None:
        """Start with playlists to choose from, a model, and none saved."""
        self.counts = {"starter": 438}
        self.facts: dict[str, Any] | None = FACTS
        self.how = "title"
        self.reasons: tuple[Reason, ...] = ()
        self.saved: dict[int, maker.PlaylistView] = {}
        self.thumbs: dict[int, thumbnails.ThumbnailView] = {}
        self.painted_with: tuple[thumbnails.PainterView, ...] = ()
        self.translated: str | None = None
        self.playlist_jobs: list[results.JobView] = []

    # making ------------------------------------------------------------
    def playlist_counts(self, actor: accounts.Actor) -> dict[str, int]:
        return self.counts

    def model_facts(self, actor: accounts.Actor) -> dict[str, Any] | None:
        return self.facts

    def similar_playlists(self, actor: accounts.Actor, title: str, tags: Any = ()) -> maker.SimilarPlaylists:
        self._note("similar_playlists", actor, title)
        songs = tuple((900 + place, f"Theirs {place}", "Band") for place in range(8))
        hits = tuple(maker.SimilarPlaylist(number, f"Like_{number}", "starter", ("비오는날", "창가"), songs, 1 / number, ("rain",))
                     for number in (1, 2, 3))
        return maker.SimilarPlaylists(hits, self.how)

    def _song(self, number: int, locked: bool = False) -> maker.DraftSong:
        return maker.DraftSong(number, f"Song_{number}", f"Singer {number}", "가요", "ko", 2020, ("비오는날",), 0.9,
                               ("Like_1",) if number % 2 else (), ("비오는날",), locked)

    def _draft(self, ask: maker.Ask, ids: list[int]) -> maker.Draft:
        tags = dict(ask.tags) or {"비오는날": 0.5, "밤": 0.2}
        return maker.Draft(ask.title, tuple([*tags, "창가"][:5]), tuple(self._song(one) for one in ids), self.reasons, self.how,
                           ask.chosen or (), tags, "model" if self.facts else "mood")

    def make_playlist(self, actor: accounts.Actor, ask: maker.Ask, *, note: bool = True) -> maker.Draft:
        self._note("make_playlist", actor, ask)
        controls = ask.controls
        new = iter(number for number in range(1 + 100 * controls.seed, 10_000)
                   if number not in controls.locked and number not in controls.removed)
        places = {place: song for song, place in controls.locked.items()}
        return self._draft(ask, [places[at] if at in places else next(new) for at in range(controls.count)])

    def replace_song(self, actor: accounts.Actor, ask: maker.Ask, song_ids: list[int], song_id: int) -> maker.Draft:
        self._note("replace_song", actor, ask, song_ids, song_id)
        return self._draft(ask, [5000 + song_id if each == song_id else each for each in song_ids])

    # saved ------------------------------------------------------------
    def save_playlist(self, actor: accounts.Actor, draft: maker.Draft, ask: maker.Ask, *,
                      playlist_id: int | None = None) -> int:
        self._note("save_playlist", actor, draft, ask, playlist_id)
        number = playlist_id or len(self.saved) + 1
        controls = {"count": ask.controls.count, "similarity": ask.controls.similarity, "seed": ask.controls.seed,
                    "removed": sorted(ask.controls.removed)}
        request = {"title": ask.title, "tags": dict(ask.tags), "chosen": list(draft.chosen), "controls": controls}
        self.saved[number] = maker.PlaylistView(number, True, actor.name, draft.title, draft.hashtags, draft.songs,
                                                len(draft.songs), 0, False, None, MOMENT, MOMENT, request)
        return number

    def get_playlist(self, actor: accounts.Actor, playlist_id: int) -> maker.PlaylistView:
        if playlist_id not in self.saved:
            raise NotFound("playlist.gone")
        return self.saved[playlist_id]

    def playlist_by_link(self, actor: accounts.Actor, token: str) -> maker.PlaylistView:
        self._note("playlist_by_link", actor, token)
        view = next((view for view in self.saved.values() if view.token == token), None)
        if view is None:
            raise NotFound("playlist.link_gone")
        return replace(view, own=False, token=None)

    def list_playlists(self, actor: accounts.Actor, *, limit: int = 12, offset: int = 0) -> list[maker.PlaylistView]:
        return [replace(view, songs=()) for view in self.saved.values()][offset:offset + limit]

    def delete_playlist(self, actor: accounts.Actor, playlist_id: int) -> None:
        self._note("delete_playlist", actor, playlist_id)
        del self.saved[playlist_id]

    def like_playlist(self, actor: accounts.Actor, playlist_id: int, *, on: bool = True,
                      token: str | None = None) -> tuple[int, bool]:
        self._note("like_playlist", actor, playlist_id, on=on, token=token)
        self.saved[playlist_id] = replace(self.saved[playlist_id], likes=int(on), liked=on)
        return int(on), on

    def link_playlist(self, actor: accounts.Actor, playlist_id: int, *, on: bool = True) -> str | None:
        self._note("link_playlist", actor, playlist_id, on=on)
        self.saved[playlist_id] = replace(self.saved[playlist_id], token="tOkEn-1" if on else None)
        return self.saved[playlist_id].token

    # thumbnails ------------------------------------------------------------
    def _thumb(self, title: str, painter: str, **facts: Any) -> int:
        number = len(self.thumbs) + 1
        known = {"contrast": 5.2, "left_out": [], "bytes": 123_456, "cost_usd": None} | facts
        self.thumbs[number] = thumbnails.ThumbnailView(number, title, painter, 0, {}, "jpeg", known)
        return number

    def playlist_job(self, kind: str, state: str, **options: Any) -> results.JobView:
        """Return a job as a test wants it."""
        given = {"id": len(self.jobs) + 1, "kind": kind, "state": state, "done": 0, "total": 4, "note": "", "owner_id": 1,
                 "result": None, "error_code": None, "error_values": {}, "created_at": MOMENT,
                 "finished_at": None} | options
        return results.JobView(**given)

    def _submit(self, kind: str, result: dict[str, Any] | None) -> results.JobView:
        job = self.playlist_jobs.pop(0) if self.playlist_jobs else self.playlist_job(kind, "done", result=result)
        self.jobs[len(self.jobs) + 1] = replace(job, id=len(self.jobs) + 1)
        return self.jobs[len(self.jobs)]

    def submit_thumbnails(self, actor: accounts.Actor, title: str, **options: Any) -> results.JobView:
        self._note("submit_thumbnails", actor, title, **options)
        return self._submit("thumbnail", {"pictures": [self._thumb(title, "artwork", left_out=["♥"]) for _ in range(4)]})

    def list_painters(self, actor: accounts.Actor) -> list[thumbnails.PainterView]:
        return list(self.painted_with)

    def painting_prompt(self, actor: accounts.Actor, title: str, tags: Any = None) -> tuple[Prompt, str | None]:
        self._note("painting_prompt", actor, title)
        return Prompt(subject="rain at night"), self.translated

    def submit_painting(self, actor: accounts.Actor, title: str, place: int, prompt: Prompt,
                        **options: Any) -> results.JobView:
        self._note("submit_painting", actor, title, place, prompt, **options)
        picture = self._thumb(title, "openai:gpt-image-1", cost_usd=0.042, prompt=prompt.text)
        return self._submit("painting", {"pictures": [picture]})

    def get_thumbnails(self, actor: accounts.Actor, picture_ids: list[int]) -> list[thumbnails.ThumbnailView]:
        return [self.thumbs[one] for one in picture_ids if one in self.thumbs]

    def list_thumbnails(self, actor: accounts.Actor, playlist_id: int,
                        token: str | None = None) -> list[thumbnails.ThumbnailView]:
        return list(self.thumbs.values())

    def thumbnail_bytes(self, actor: accounts.Actor, picture_id: int, token: str | None = None) -> bytes:
        from PIL import Image

        out = BytesIO()
        Image.new("RGB", (64, 36), "navy").save(out, "JPEG")
        return out.getvalue()

    def keep_thumbnails(self, actor: accounts.Actor, picture_ids: list[int], playlist_id: int) -> None:
        self._note("keep_thumbnails", actor, picture_ids, playlist_id)

    def choose_thumbnail(self, actor: accounts.Actor, picture_id: int, playlist_id: int) -> None:
        self._note("choose_thumbnail", actor, picture_id, playlist_id)
        self.saved[playlist_id] = replace(self.saved[playlist_id], picture=picture_id)

    def delete_thumbnail(self, actor: accounts.Actor, picture_id: int) -> None:
        self._note("delete_thumbnail", actor, picture_id)
        del self.thumbs[picture_id]

    def playlist_card(self, actor: accounts.Actor, title: str, tags: Any, songs: Any, picture_id: int,
                      lang: str) -> bytes:
        self._note("playlist_card", actor, title, tags, songs, picture_id, lang)
        return self.thumbnail_bytes(actor, picture_id)

    # the model ------------------------------------------------------------
    def submit_training(self, actor: accounts.Actor) -> results.JobView:
        self._note("submit_training", actor)
        figures = {"songs": 0.4, "tags": 0.5}
        return self._submit("playlists", {"replaced": True, "new": figures, "old": None, "playlists": 395})

    def submit_starter_playlists(self, actor: accounts.Actor) -> results.JobView:
        self._note("submit_starter_playlists", actor)
        self.counts = {"starter": 438}
        return self._submit("playlists", {})
