"""The part of the made-up services that is about past auditions and batches: mixed over `FakeServices`."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from fake_services import FakeServices

import accounts
from support.errors import NotFound
from usecases import audition_batches, audition_report, audition_results, results

MOMENT = datetime(2026, 1, 29, 3, 4, tzinfo=UTC)
KEYS = {"newest": (lambda row: row.id, True), "best": (lambda row: row.scaled_300, True),
        "worst": (lambda row: row.scaled_300, False), "split": (lambda row: -1 if row.spread is None else row.spread, True)}


class FakeHistory(FakeServices):
    """Auditions found, compared, deleted and exported; batches that a test puts there."""

    audition_figure = staticmethod(audition_report.audition_figure)
    compare_auditions = staticmethod(audition_report.compare_auditions)
    comparison_figure = staticmethod(audition_report.comparison_figure)
    differing_terms = staticmethod(audition_report.differing_terms)

    def __init__(self) -> None:
        super().__init__()
        self.batches: dict[int, audition_results.BatchView] = {}
        self.batch_jobs: dict[int, results.JobView] = {}
        self.estimate: dict[str, Any] = {}

    # history ------------------------------------------------------------
    def list_auditions(self, actor: accounts.Actor, *, search: str = "", verdict: str | None = None,
                       panel: str | None = None, batch_id: int | None = None, done_only: bool = False,
                       order: str = "newest", limit: int = 50,
                       offset: int = 0) -> tuple[list[audition_results.AuditionRow], int]:
        self._note("list_auditions", actor, search=search, verdict=verdict, panel=panel, batch_id=batch_id,
                   done_only=done_only, order=order, limit=limit, offset=offset)
        rows = [view.row for view in self.auditions.values()]
        rows = [row for row in rows if search.lower() in f"{row.artist} {row.title}".lower()
                and verdict in (None, row.verdict) and panel in (None, row.panel) and batch_id in (None, row.batch_id)
                and not (done_only and row.scaled_300 is None)]
        key, down = KEYS[order]
        rows.sort(key=key, reverse=down)
        return rows[offset:offset + limit], len(rows)

    def audition_judges(self, actor: accounts.Actor, rows: Any) -> dict[int, Any]:
        self._note("audition_judges", actor, [row.id for row in rows])
        found: dict[int, Any] = {}
        for row in rows:
            view, places = self.auditions[row.id], {}
            for one in view.judges:
                places.setdefault(one.place, []).append(asdict(one))
            found[row.id] = () if view.offline else tuple(audition_report._mark(turns) for turns in places.values())
        return found

    def delete_audition(self, actor: accounts.Actor, audition_id: int) -> None:
        self._note("delete_audition", actor, audition_id)
        del self.auditions[audition_id]

    def audition_table(self, actor: accounts.Actor, **asked: Any) -> pd.DataFrame:
        self._note("audition_table", actor, **asked)
        return pd.DataFrame({"id": [1]})

    def audition_json(self, actor: accounts.Actor, **asked: Any) -> str:
        self._note("audition_json", actor, **asked)
        return "{}"

    def audition_html(self, actor: accounts.Actor, *, lang: str, **asked: Any) -> str:
        self._note("audition_html", actor, lang=lang, **asked)
        return "<!DOCTYPE html>"

    # batches ------------------------------------------------------------
    def put_batch(self, state: str = "done", *, songs: int = 4, done: int = 4, search: str = "",
                  failed: int = 0) -> audition_results.BatchView:
        """Add a batch and its job."""
        number, job = len(self.batches) + 1, 100 + len(self.batches)
        result = {"failed": failed} if state == "done" else None
        self.batch_jobs[job] = results.JobView(job, "audition_batch", state, done, songs, "", 1, result, None, {}, MOMENT, None)
        self.batches[number] = audition_results.BatchView(number, 1, job, "default", "en", search,
                                                          tuple(range(1, songs + 1)), MOMENT, state, done)
        return self.batches[number]

    def set_batch(self, number: int, **changed: Any) -> None:
        """Have a batch be further, or in another state."""
        self.batches[number] = replace(self.batches[number], **changed)

    def get_job(self, actor: accounts.Actor, job_id: int) -> results.JobView | None:
        return self.batch_jobs[job_id] if job_id >= 100 else super().get_job(actor, job_id)

    def list_batches(self, actor: accounts.Actor, batch_id: int | None = None) -> list[audition_results.BatchView]:
        self._note("list_batches", actor)
        return [batch for batch in reversed(self.batches.values()) if batch_id in (None, batch.id)]

    def estimate_batch(self, actor: accounts.Actor, *, search: str = "",
                       panel: str = "default") -> audition_batches.BatchEstimate:
        self._note("estimate_batch", actor, search=search, panel=panel)
        page = self.list_songs(actor, search=search, limit=5)
        ready = sum(one.ready for one in self.panels(actor) if one.key == panel)
        return audition_batches.BatchEstimate(**{
            "songs": page.count, "sample": page.rows, "judges": ready, "calls": ready * page.count, "tokens": None,
            "cost_usd": None, "tokens_used": 0, "usd_used": 0.0, "tokens_limit": None, "usd_limit": None}
            | self.estimate)

    def start_batch(self, actor: accounts.Actor, *, search: str = "", panel: str = "default",
                    lang: str = "ko") -> int:
        self._note("start_batch", actor, search=search, panel=panel, lang=lang)
        accounts.require(actor, "audition")
        return self.put_batch("queued", songs=self.list_songs(actor, search=search).count, done=0, search=search).id

    def resume_batch(self, actor: accounts.Actor, batch_id: int) -> None:
        self._note("resume_batch", actor, batch_id)
        if batch_id not in self.batches:
            raise NotFound("batch_gone")
        self.set_batch(batch_id, state="running")

    def cancel_job(self, actor: accounts.Actor, job_id: int) -> None:
        self._note("cancel_job", actor, job_id)
