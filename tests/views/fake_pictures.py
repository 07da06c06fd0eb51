"""The part of the made-up services that is about pictures: a tagger that sees a beach, nine songs, an archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import accounts
from moods.choice import Why
from moods.vocabulary import vocabulary
from support.errors import DataError, NotFound
from usecases import picture_results, results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
COVER = Path(__file__).parents[2] / "catalogue" / "demo" / "cover.jpg"
LOCAL = "efficientnet-lite0 tables-2"
SEEN = (("해변", "situation", 0.82, "seen", "scene.sea"), ("휴가/여행", "situation", 0.51, "inferred", "scene.sea"),
        ("기분전환", "emotion", 0.44, "inferred", "scene.sea"), ("여름", "season", 0.4, "inferred", "scene.sea"))


class FakePictures:
    """Pictures that a test puts there, or that acts on the page make."""

    actor: accounts.Actor
    jobs: dict[int, results.JobView]
    _note: Any

    def set_pictures(self) -> None:
        """Start with no picture, nine songs and no key."""
        self.pictures: dict[int, picture_results.PictureView] = {}
        self.owners: dict[int, int] = {}
        self.songs_there = 9
        self.looks = (LOCAL,)
        self.youtube: dict[int, picture_results.Listen] | None = None
        self.units = 0
        self.picture_jobs: list[results.JobView] = []
        self.ahead = 0

    # catalogue ------------------------------------------------------------
    def catalogue_version(self) -> int:
        return 1

    # pictures ------------------------------------------------------------
    def put_picture(self, owner: accounts.Actor | None = None, *, searched: bool = False,
                    **options: Any) -> picture_results.PictureView:
        """Add a picture; `options` are what is different of it."""
        owner, number = owner or self.actor, len(self.owners) + 1
        tags = tuple(picture_results.ImageTag(tag, category, sure, ground, sure, why) for tag, category, sure, ground, why in SEEN)
        given = {"id": number, "own": True, "owner": owner.name, "song_id": None, "width": 640, "height": 640, "format": "PNG",
                 "tagger": LOCAL, "notes": {"scenes": [{"name": "sea", "confidence": 0.82}]}, "tags": tags, "words": "",
                 "token": None, "created_at": MOMENT + timedelta(minutes=number), "shared_at": None, "removed_at": None,
                 "search": None} | options
        self.pictures[number] = picture_results.PictureView(**given)
        self.owners[number] = owner.id
        if searched:
            self._picture_changed(number, search=self._picture_search(self.pictures[number], ["가요"], 5, 0, 0.0))
        return self.pictures[number]

    def _picture_changed(self, image_id: int, **options: Any) -> picture_results.PictureView:
        self.pictures[image_id] = replace(self.pictures[image_id], **options)
        return self.pictures[image_id]

    def _picture_seen_by(self, actor: accounts.Actor, view: picture_results.PictureView) -> picture_results.PictureView:
        own = self.owners[view.id] == actor.id
        reports = view.reports if actor.role == "administrator" else ()
        return replace(view, own=own, token=view.token if own else None, reports=reports)

    def _picture_of(self, actor: accounts.Actor, image_id: int) -> picture_results.PictureView:
        if self.owners.get(image_id) != actor.id or image_id not in self.pictures:
            raise NotFound("picture.gone")
        return self.pictures[image_id]

    def taggers(self, actor: accounts.Actor) -> tuple[str, ...]:
        return self.looks

    def submit_picture(self, actor: accounts.Actor, data: bytes, *, song_id: int | None = None) -> results.JobView:
        self._note("submit_picture", actor, data)
        number = len(self.jobs) + 1
        if self.picture_jobs:
            self.jobs[number] = replace(self.picture_jobs.pop(0), id=number)
        else:
            known = bool(self.pictures)
            image = next(iter(self.pictures)) if known else self.put_picture(actor).id
            self.jobs[number] = self.picture_job("done", result={"image": image, "known": known}, id=number)
        return self.jobs[number]

    def picture_job(self, state: str, **options: Any) -> results.JobView:
        """Return a job as a test wants it."""
        given = {"id": 0, "kind": "picture", "state": state, "done": 0, "total": 4, "note": "", "owner_id": 1, "result": None,
                 "error_code": None, "error_values": {}, "created_at": MOMENT, "finished_at": None} | options
        return results.JobView(**given)

    def jobs_ahead(self, actor: accounts.Actor, job_id: int) -> int:
        return self.ahead

    def get_picture(self, actor: accounts.Actor, image_id: int) -> picture_results.PictureView:
        self._note("get_picture", actor, image_id)
        view = self.pictures.get(image_id)
        if view is None or (self.owners[image_id] != actor.id and view.shared_at is None):
            raise NotFound("picture.gone")
        return self._picture_seen_by(actor, view)

    def picture_by_link(self, actor: accounts.Actor, token: str) -> picture_results.PictureView:
        self._note("picture_by_link", actor, token)
        view = next((view for view in self.pictures.values() if view.token == token), None)
        if view is None:
            raise NotFound("picture.link_gone")
        return self._picture_seen_by(actor, view)

    def picture_jpeg(self, actor: accounts.Actor, view: picture_results.PictureView) -> bytes:
        self._note("picture_jpeg", actor, view.id)
        return COVER.read_bytes()

    def list_pictures(self, actor: accounts.Actor, *, limit: int = 12, offset: int = 0) -> list[picture_results.PictureView]:
        self._note("list_pictures", actor, limit=limit, offset=offset)
        own = [self._picture_seen_by(actor, view) for view in reversed(self.pictures.values()) if self.owners[view.id] == actor.id]
        return own[offset:offset + limit]

    def archive(self, actor: accounts.Actor, *, tag: str | None = None, reported: bool = False, limit: int = 12,
                offset: int = 0) -> tuple[list[picture_results.PictureView], int]:
        self._note("archive", actor, tag=tag, reported=reported, limit=limit, offset=offset)
        shared = [self._picture_seen_by(actor, view) for view in reversed(self.pictures.values()) if view.shared_at is not None
                  and (tag is None or tag in view.hashtags) and (not reported or view.reports)]
        return shared[offset:offset + limit], len(shared)

    def archive_tags(self, actor: accounts.Actor) -> dict[str, int]:
        shared = [view for view in self.pictures.values() if view.shared_at is not None]
        return {tag: len(shared) for tag in (shared[0].hashtags if shared else ())}

    # tags and songs ------------------------------------------------------------
    def weigh_tags(self, actor: accounts.Actor, image_id: int, weights: dict[str, float],
                   words: str | None = None) -> picture_results.PictureView:
        self._note("weigh_tags", actor, image_id, dict(weights), words)
        view = self._picture_of(actor, image_id)
        tags = {tag.tag: tag for tag in view.tags}
        for name, weight in weights.items():
            old = tags.get(name) or picture_results.ImageTag(name, vocabulary().category_of(name), 0.0, "chosen", None, "")
            tags[name] = replace(old, weight=weight)
        return self._picture_changed(image_id, tags=tuple(tags.values()), words=view.words if words is None else words)

    def picture_songs(self, actor: accounts.Actor, image_id: int, *, genres: Any, count: int = 5, seed: int = 0,
                      variety: float = 0.0, languages: Any = (), years: tuple[int, int] | None = None,
                      left_out: Any = ()) -> picture_results.PictureSearch:
        self._note("picture_songs", actor, image_id, genres=list(genres), count=count, seed=seed, variety=variety,
                   languages=list(languages), years=years)
        view = self._picture_of(actor, image_id)
        if not view.hashtags and not view.words:
            raise DataError("mood.nothing", value="–")
        found = self._picture_search(view, list(genres), count, seed, variety)
        self._picture_changed(image_id, search=found)
        return found

    def _picture_search(self, view: picture_results.PictureView, genres: list[str], count: int, seed: int,
                variety: float) -> picture_results.PictureSearch:
        why = Why(tuple(view.hashtags[:2]), (("여름", "해변", 0.5),), ("겨울",))
        songs = tuple(picture_results.Recommendation(rank, rank, rank, f"Song {rank + 100 * seed}", f"Singer {rank}", genres[(rank - 1) % len(genres)],
                                                     0.9 - rank / 50, rank <= len(genres), why, ("해변",))
                      for rank in range(1, min(count, self.songs_there) + 1))
        weights = {tag.tag: tag.weight for tag in view.tags if tag.weight} | ({"밤": 0.7} if "night" in view.words else {})
        return picture_results.PictureSearch(tuple(genres), count, seed, variety, weights, view.words, len(songs), songs)

    # others ------------------------------------------------------------
    def share_picture(self, actor: accounts.Actor, image_id: int, *, consent: bool) -> picture_results.PictureView:
        self._note("share_picture", actor, image_id, consent=consent)
        self._picture_of(actor, image_id)
        if not consent:
            raise DataError("picture.consent")
        return self._picture_changed(image_id, shared_at=MOMENT)

    def unshare_picture(self, actor: accounts.Actor, image_id: int) -> picture_results.PictureView:
        self._note("unshare_picture", actor, image_id)
        return self._picture_changed(image_id, shared_at=None)

    def link_picture(self, actor: accounts.Actor, image_id: int, *, on: bool = True) -> str | None:
        self._note("link_picture", actor, image_id, on=on)
        return self._picture_changed(image_id, token="tOkEn-1" if on else None).token

    def delete_picture(self, actor: accounts.Actor, image_id: int) -> None:
        self._note("delete_picture", actor, image_id)
        self._picture_of(actor, image_id)
        del self.pictures[image_id]

    def report_picture(self, actor: accounts.Actor, image_id: int, reason: str) -> None:
        self._note("report_picture", actor, image_id, reason)
        self._picture_changed(image_id, reports=(*self.pictures[image_id].reports, reason))

    def remove_picture(self, actor: accounts.Actor, image_id: int, reason: str) -> None:
        self._note("remove_picture", actor, image_id, reason)
        self._picture_changed(image_id, removed_at=MOMENT, shared_at=None, token=None)

    def settle_reports(self, actor: accounts.Actor, image_id: int) -> None:
        self._note("settle_reports", actor, image_id)
        self._picture_changed(image_id, reports=())

    # listening ------------------------------------------------------------
    def quota(self, actor: accounts.Actor) -> tuple[int, int] | None:
        return None if self.youtube is None else (self.units, 10_000)

    def known_videos(self, actor: accounts.Actor, song_ids: list[int]) -> dict[int, picture_results.Listen]:
        return {}

    def listen(self, actor: accounts.Actor, song_id: int, title: str, artist: str) -> picture_results.Listen:
        self._note("listen", actor, song_id, title, artist)
        assert self.youtube is not None
        return self.youtube[song_id]

    # to keep ------------------------------------------------------------
    def song_m3u8(self, actor: accounts.Actor, search: picture_results.PictureSearch) -> bytes:
        return b"#EXTM3U\n"

    def picture_card(self, actor: accounts.Actor, view: picture_results.PictureView, lang: str) -> bytes:
        self._note("picture_card", actor, view.id, lang)
        from io import BytesIO

        from PIL import Image

        out = BytesIO()
        Image.new("RGB", (108, 192), "navy").save(out, "PNG")
        return out.getvalue()
