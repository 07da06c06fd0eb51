"""The part of the made-up services that is about one's own things: My page, the packed data, the news at Home."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import accounts
from support.errors import DataError, NotFound
from usecases import member_results, my_data, my_page, news, results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)


def thing(kind: str, number: int, **given: Any) -> my_page.MyThing:
    """Return a thing as a shelf has it."""
    facts: dict[str, dict[str, Any]] = {
        "audition": {"verdict": "HIT", "score": 268, "provisional": False},
        "picture": {"tags": ["비", "밤"], "shared": False}, "playlist": {"songs": 20, "tags": []},
        "thumbnail": {"painter": "artwork", "playlist": None, "song": None},
        "prediction": {"genre": "POP", "score": 71.6, "abstained": None, "public": True},
        "track": {"batch": 7, "seconds": 62.5, "rating": 4}, "song": {},
        "post": {"comments": 3, "likes": 5, "views": 41}}
    named = {"song": "Parallel Summer", "post": "비 오는 날 듣기 좋은 곡", "picture": ""}.get(kind, f"{kind} {number}")
    note = {"audition": "여울담", "prediction": "Neon Marigold", "song": "Neon Marigold"}.get(kind, "")
    row = {"id": number, "facts": facts[kind], "title": named}
    page, query = my_page._place(kind, row)
    return replace(my_page.MyThing(kind, number, named, note, "done", MOMENT - timedelta(hours=number), facts[kind],
                                   page, query), **given)


class FakeMyPage:
    """An account with some of each kind of thing, a packed file, and what is new."""

    def set_my_page(self) -> None:
        self.me = member_results.Member(1, None, "local", "administrator", "local", "", MOMENT, None, None, MOMENT,
                                        False)
        self.auth = "off"
        self.own = {kind: [thing(kind, number) for number in range(1, 4)] for kind in my_page.KINDS}
        self.sign_ins: list[member_results.SignIn] = []
        self.packed: my_data.MyData | None = None
        self.packed_file: Path | None = None
        self.visited: datetime | None = MOMENT
        self.found_news = news.News(MOMENT)
        self.codes = False

    def as_member(self, **given: Any) -> None:
        """Let a member with a password look, as with ``AUTH=local``."""
        self.auth = "local"
        self.actor = accounts.Actor(7, "analyst", "mina", "member")
        self.me = member_results.Member(**{
            "id": 7, "email": "mina@example.org", "nickname": "mina", "role": "analyst", "kind": "member",
            "bio": "새벽에 듣는 음악", "created_at": MOMENT, "verified_at": MOMENT, "disabled_at": None,
            "seen_at": MOMENT, "has_password": True, **given})
        self.actor = accounts.Actor(7, self.me.role, self.me.nickname, self.me.kind)
        self.sign_ins = [member_results.SignIn(1, MOMENT, MOMENT, MOMENT + timedelta(days=30), "192.0.2.0", "Firefox",
                                               True, None),
                         member_results.SignIn(2, MOMENT, MOMENT, MOMENT + timedelta(days=30), "198.51.100.0",
                                               "Chrome on Android", False, None)]

    # things ------------------------------------------------------------
    def my_overview(self, actor: accounts.Actor) -> my_page.Mine:
        self._note("my_overview", actor)
        return my_page.Mine(*(my_page.MyShelf(kind, len(self.own[kind]), tuple(self.own[kind][:3]))
                              for kind in my_page.KINDS))

    def my_things(self, actor: accounts.Actor, kind: str, *, search: str = "", page: int = 1,
                  size: int = 20) -> my_page.MyShelf:
        self._note("my_things", actor, kind, search=search, page=page, size=size)
        found = [each for each in self.own[kind] if search.lower() in f"{each.title} {each.note}".lower()]
        pages = max(1, -(-len(found) // size))
        page = min(page, pages)
        return my_page.MyShelf(kind, len(found), tuple(found[(page - 1) * size:page * size]), page, pages)

    def my_picture(self, actor: accounts.Actor, kind: str, item: int) -> bytes:
        self._note("my_picture", actor, kind, item)
        from fake_dossier import png

        return png()

    # account ------------------------------------------------------------
    def my_account(self, actor: accounts.Actor) -> member_results.Member:
        self._note("my_account", actor)
        return self.me

    def change_nickname(self, actor: accounts.Actor, nickname: str) -> str:
        self._note("change_nickname", actor, nickname)
        self.me = replace(self.me, nickname=accounts.validate_nickname(nickname))
        return self.me.nickname

    def change_bio(self, actor: accounts.Actor, bio: str) -> str:
        self._note("change_bio", actor, bio)
        self.me = replace(self.me, bio=bio)
        return bio

    def change_password(self, actor: accounts.Actor, old: str, new: str, keep_token: str | None = None) -> None:
        self._note("change_password", actor, old, new, keep_token)
        if old != "right old one":
            raise DataError("account.password_wrong")

    def request_email_change(self, actor: accounts.Actor, password: str, new_email: str,
                             lang: str = "en") -> member_results.SignedUp:
        self._note("request_email_change", actor, password, new_email, lang)
        return member_results.SignedUp(self.codes)

    def confirm_email_change(self, actor: accounts.Actor, code: str) -> str:
        self._note("confirm_email_change", actor, code)
        if code != "123456":
            raise DataError("account.code_wrong")
        self.me = replace(self.me, email="new@example.org")
        return "new@example.org"

    def list_sign_ins(self, actor: accounts.Actor, token: str | None) -> tuple[member_results.SignIn, ...]:
        self._note("list_sign_ins", actor, token)
        return tuple(self.sign_ins)

    def end_sign_in(self, actor: accounts.Actor, sign_in_id: int) -> None:
        self._note("end_sign_in", actor, sign_in_id)
        self.sign_ins = [each for each in self.sign_ins if each.id != sign_in_id]

    def sign_out_everywhere(self, actor: accounts.Actor, keep_token: str | None = None) -> int:
        self._note("sign_out_everywhere", actor, keep_token)
        self.sign_ins = [each for each in self.sign_ins if each.current]
        return 1

    def delete_account(self, actor: accounts.Actor, confirmation: str) -> None:
        self._note("delete_account", actor, confirmation)
        if confirmation != "right old one":
            raise DataError("account.password_wrong")

    # data ------------------------------------------------------------
    def my_data(self, actor: accounts.Actor) -> my_data.MyData | None:
        self._note("my_data", actor)
        return self.packed

    def submit_my_data(self, actor: accounts.Actor) -> results.JobView:
        self._note("submit_my_data", actor)
        job = results.JobView(99, "my_data", "running", 120, 400, "auditions", actor.id, None, None, {}, MOMENT, None)
        self.jobs[99] = job
        self.packed = my_data.MyData(job)
        return job

    def cancel_my_data(self, actor: accounts.Actor) -> None:
        self._note("cancel_my_data", actor)
        self.end_packing("cancelled", error_code="cancelled")

    def end_packing(self, state: str, *, ready: bool = False, missing: int = 0, **given: Any) -> None:
        """Let the packing have ended."""
        job = results.JobView(99, "my_data", state, 400, 400, "", self.actor.id, None, given.get("error_code"),
                              given.get("error_values", {}), MOMENT, MOMENT)
        self.jobs[99] = job
        self.packed = my_data.MyData(job, ready, 12_345_678, 390, 10, missing, MOMENT if ready else None)

    def my_data_file(self, actor: accounts.Actor, job_id: int) -> Path:
        self._note("my_data_file", actor, job_id)
        if self.packed_file is None:
            raise NotFound("my_data.gone")
        return self.packed_file

    def my_data_ticket(self, actor: accounts.Actor, job_id: int, name: str) -> str:
        self._note("my_data_ticket", actor, job_id, name)
        return f"{job_id}-unguessable"

    # news ------------------------------------------------------------
    def visit(self, actor: accounts.Actor) -> datetime | None:
        self._note("visit", actor)
        return self.visited

    def news(self, actor: accounts.Actor, since: datetime | None) -> news.News:
        self._note("news", actor, since)
        return replace(self.found_news, since=since)
