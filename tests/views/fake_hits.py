"""The part of the made-up services that is about hit predictions: tracks a test puts there, models, batches."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

import accounts
from support.errors import DataError, NotFound
from usecases import hit_results, results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d494844520000000100000001080600000"
                    "01f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
AUDIO = (b"OggS made up", "audio/ogg")
WORDS = "Morning light on the wire\nWe dance until the fire\nNobody knows the way\nStay, stay, stay"
PARTS = (
    hit_results.PartView("features", "used", 0.62, 71.0, (("loudness", 0.4), ("tempo", 0.31), ("sections", -0.14), ("rest", 0.05)),
                         {"model": "hit_features", "date": "2026-01-20"}),
    hit_results.PartView("audio", "untrained"), hit_results.PartView("transfer", "untrained"),
    hit_results.PartView("lyrics", "untrained"), hit_results.PartView("sentences", "untrained"))
MEASURES = {"tempo": 128.2, "loudness": -6.3, "duration_ms": 215_000.0, "key": 9, "mode": 0, "time_signature": 4,
            "sections": 9, "chorus_hit": 44.6}
RELIABILITY = [{"predicted": 0.1 * place + 0.05, "observed": 0.1 * place + 0.06, "n": 400 - 30 * place} for place in range(10)]


def odds_at(log_odds: float, prior: float) -> float:
    """Return the probability of evidence at a prior."""
    return 1 / (1 + math.exp(-log_odds - math.log(prior / (1 - prior))))


class FakeHits:
    """Predictions that a test puts there, or that acts on the page make."""

    PredictionView, PredictionRow, PredictionPage = hit_results.PredictionView, hit_results.PredictionRow, hit_results.PredictionPage
    PartView, Near, PredictionBatch, HitModel = hit_results.PartView, hit_results.Near, hit_results.PredictionBatch, hit_results.HitModel
    HIT_GENRES = hit_results.GENRES
    HIT_STEPS = ("read", "measure", "listen", "words", "keep")
    LARGEST_AUDIO_MB, LONGEST_AUDIO_MIN = 50, 15

    actor: accounts.Actor
    jobs: dict[int, results.JobView]
    _note: Any

    def set_hits(self) -> None:
        """Start with no prediction, and the models as shipped."""
        self.hits: dict[int, hit_results.PredictionView] = {}
        self.hit_owners: dict[int, int] = {}
        self.hit_fans: dict[int, set[int]] = {}
        self.hit_batches: dict[int, hit_results.PredictionBatch] = {}
        self.hit_near: tuple[hit_results.Near, ...] = ()
        self.hit_references: tuple[hit_results.Near, ...] = ()
        self.hit_start_state = "done"
        shipped = {"auc": 0.75, "pr_auc": 0.74, "brier": 0.2, "base_rate": 0.5, "n": 3000, "reliability": RELIABILITY}
        self.hit_model_list = (hit_results.HitModel("features", None, "shipped", shipped, "# Feature model\nTrained on labels."),
                               *(hit_results.HitModel(part, None, "untrained", {}, "")
                                 for part in ("audio", "transfer", "lyrics", "sentences")))

    # what there is ------------------------------------------------------------
    def put_hit(self, owner: accounts.Actor | None = None, **options: Any) -> hit_results.PredictionView:
        """Add a prediction; `options` are what is different of it."""
        owner, number = owner or self.actor, max(self.hits, default=0) + 1
        given: dict[str, Any] = {
            "id": number, "title": f"Track {number}", "artist": "Neon Marigold", "genre": "POP", "released": date(2026, 1, 2),
            "state": "done", "error_code": None, "error_values": {}, "job_id": None, "owner": owner.name, "own": True,
            "public": False, "token": None, "batch_id": None, "song_id": None, "likes": 0, "liked": False, "prior": 0.01,
            "score": 71.6, "score_low": 58.0, "score_high": 83.0, "probability": None, "probability_low": None,
            "probability_high": None, "abstained": None, "genre_percentile": None, "genre_count": 1, "parts": PARTS,
            "clip": (20.0, 50.0), "seconds": 215.0, "loudness": -9.1, "peak": -0.4, "format": "OGG", "measures": MEASURES,
            "left_out": (), "occlusion": tuple((5.0 * place, 5.0 * place + 5, math.sin(place) / 10) for place in range(43)),
            "occlusion_by": "features", "lines": (), "tags": (("pop", 0.41), ("dance", 0.3), ("female_vocalists", 0.22)),
            "waveform": tuple((-abs(math.sin(place / 30)), abs(math.sin(place / 30))) for place in range(200)),
            "has_picture": True, "lyrics": None, "created_at": MOMENT + timedelta(minutes=number),
            "finished_at": MOMENT + timedelta(minutes=number + 1)} | options
        self.hits[number] = self._hit_at_prior(hit_results.PredictionView(**given))
        self.hit_owners[number] = owner.id
        self.hit_fans[number] = set()
        return self.hits[number]

    @staticmethod
    def _hit_at_prior(view: hit_results.PredictionView) -> hit_results.PredictionView:
        if view.state != "done" or view.score is None:
            return replace(view, score=None, score_low=None, score_high=None) if view.state != "done" else view
        middle, low, high = (odds_at(share, view.prior) for share in (0.62, 0.1, 1.1))
        return replace(view, probability=middle, probability_low=low, probability_high=high)

    def _hit_changed(self, number: int, **options: Any) -> hit_results.PredictionView:
        self.hits[number] = replace(self.hits[number], **options)
        return self.hits[number]

    def _hit_seen_by(self, actor: accounts.Actor, view: hit_results.PredictionView) -> hit_results.PredictionView:
        own, fans = self.hit_owners[view.id] == actor.id, self.hit_fans[view.id]
        return replace(view, own=own, token=view.token if own else None, likes=view.likes + len(fans), liked=actor.id in fans)

    def _own_hit(self, actor: accounts.Actor, number: int) -> hit_results.PredictionView:
        if number not in self.hits or self.hit_owners[number] != actor.id:
            raise NotFound("hit.gone")
        return self.hits[number]

    def hit_job(self, state: str, **options: Any) -> results.JobView:
        """Keep a job as a test wants it."""
        number = len(self.jobs) + 1
        given = {"id": number, "kind": "prediction", "state": state, "done": 0, "total": 5, "note": "", "owner_id": 1, "result": None,
                 "error_code": None, "error_values": {}, "created_at": MOMENT, "finished_at": None} | options
        self.jobs[number] = results.JobView(**given)
        return self.jobs[number]

    # one prediction ------------------------------------------------------------
    def start_prediction(self, actor: accounts.Actor, data: bytes, **options: Any) -> int:
        self._note("start_prediction", actor, data, **options)
        kept = {name: options[name] for name in ("title", "genre", "artist", "lyrics", "released", "prior", "public", "song_id")
                if name in options}
        view = self.put_hit(actor, state=self.hit_start_state, **kept)
        if self.hit_start_state != "done":
            self._hit_changed(view.id, job_id=self.hit_job(self.hit_start_state).id)
        return view.id

    def get_prediction(self, actor: accounts.Actor, number: int) -> hit_results.PredictionView:
        self._note("get_prediction", actor, number)
        view = self.hits.get(number)
        if view is None or (self.hit_owners[number] != actor.id and not view.public):
            raise NotFound("hit.gone")
        return self._hit_seen_by(actor, view)

    def prediction_by_link(self, actor: accounts.Actor, token: str) -> hit_results.PredictionView:
        self._note("prediction_by_link", actor, token)
        view = next((view for view in self.hits.values() if view.token and view.token == token), None)
        if view is None:
            raise NotFound("hit.link_gone")
        return self._hit_seen_by(actor, view)

    def cancel_prediction(self, actor: accounts.Actor, number: int) -> None:
        self._note("cancel_prediction", actor, number)
        self._own_hit(actor, number)
        self._hit_changed(number, state="cancelled", job_id=None)

    def retry_prediction(self, actor: accounts.Actor, number: int) -> None:
        self._note("retry_prediction", actor, number)
        self._own_hit(actor, number)
        self._hit_changed(number, state="running", error_code=None, error_values={}, job_id=self.hit_job("running").id)

    def delete_prediction(self, actor: accounts.Actor, number: int) -> None:
        self._note("delete_prediction", actor, number)
        self._own_hit(actor, number)
        del self.hits[number]

    def set_prediction_prior(self, actor: accounts.Actor, number: int, prior: float) -> None:
        self._note("set_prediction_prior", actor, number, prior)
        self.hits[number] = self._hit_at_prior(replace(self._own_hit(actor, number), prior=prior))

    def publish_prediction(self, actor: accounts.Actor, number: int, *, on: bool) -> None:
        self._note("publish_prediction", actor, number, on)
        self._own_hit(actor, number)
        self._hit_changed(number, public=on)

    def link_prediction(self, actor: accounts.Actor, number: int, *, on: bool) -> str | None:
        self._note("link_prediction", actor, number, on)
        self._own_hit(actor, number)
        return self._hit_changed(number, token="hItToken" if on else None).token

    def like_prediction(self, actor: accounts.Actor, number: int, *, on: bool = True) -> tuple[int, bool]:
        self._note("like_prediction", actor, number, on)
        (self.hit_fans[number].add if on else self.hit_fans[number].discard)(actor.id)
        return len(self.hit_fans[number]), on

    def prediction_audio(self, actor: accounts.Actor, number: int, token: str | None = None) -> tuple[bytes, str]:
        self._note("prediction_audio", actor, number, token)
        return AUDIO

    def prediction_picture(self, actor: accounts.Actor, number: int, token: str | None = None) -> bytes | None:
        self._note("prediction_picture", actor, number, token)
        return PNG if self.hits[number].has_picture else None

    def prediction_html(self, actor: accounts.Actor, number: int, lang: str) -> str:
        self._note("prediction_html", actor, number, lang)
        return f"<!DOCTYPE html><title>{self.hits[number].title}</title>"

    def nearest_predictions(self, actor: accounts.Actor, number: int, limit: int = 5) -> tuple[hit_results.Near, ...]:
        self._note("nearest_predictions", actor, number, limit)
        return self.hit_near[:limit]

    def reference_predictions(self, actor: accounts.Actor, number: int, limit: int = 5) -> tuple[hit_results.Near, ...]:
        self._note("reference_predictions", actor, number, limit)
        return self.hit_references[:limit]

    # lists ------------------------------------------------------------
    def _hit_rows(self, views: list[hit_results.PredictionView], genre: str | None, search: str, order: str,
                  ranked: bool) -> list[hit_results.PredictionRow]:
        shown = {field.name for field in fields(hit_results.PredictionRow)}
        found = [view for view in views if genre in (None, view.genre) and search.casefold() in f"{view.title} {view.artist}".casefold()]
        score = [-1.0 if view.score is None else view.score for view in found]
        ranks = {view.id: 1 + sum(other > mine for other in score) for view, mine in zip(found, score, strict=True)}
        keys = {"newest": lambda view: view.created_at, "likes": lambda view: view.likes,
                "best": lambda view: -1.0 if view.score is None else view.score}
        found.sort(key=keys.get(order, keys["best"]), reverse=True)
        return [hit_results.PredictionRow(rank=ranks[view.id] if ranked and view.score is not None else None, has_lyrics=bool(view.lyrics),
                                          **{name: getattr(view, name) for name in shown - {"rank", "has_lyrics"}}) for view in found]

    def list_predictions(self, actor: accounts.Actor, *, genre: str | None = None, search: str = "", order: str = "newest",
                         batch_id: int | None = None, limit: int = 10, offset: int = 0) -> hit_results.PredictionPage:
        self._note("list_predictions", actor, genre=genre, search=search, order=order, batch_id=batch_id, limit=limit, offset=offset)
        own = [self._hit_seen_by(actor, view) for view in self.hits.values()
               if self.hit_owners[view.id] == actor.id and batch_id in (None, view.batch_id)]
        rows = self._hit_rows(own, genre, search, order, False)
        return hit_results.PredictionPage(tuple(rows[offset:offset + limit]), len(rows))

    def leaderboard(self, actor: accounts.Actor, *, genre: str | None = None, search: str = "", order: str = "score",
                    limit: int = 10, offset: int = 0, days: int | None = None) -> hit_results.PredictionPage:
        given = {} if days is None else {"days": days}
        self._note("leaderboard", actor, genre=genre, search=search, order=order, limit=limit, offset=offset, **given)
        shown = [self._hit_seen_by(actor, view) for view in self.hits.values() if view.public and view.state == "done"]
        rows = self._hit_rows(shown, genre, search, order, True)
        return hit_results.PredictionPage(tuple(rows[offset:offset + limit]), len(rows))

    def predictions_table(self, actor: accounts.Actor, *, kind: str = "own", genre: str | None = None, search: str = "") -> pd.DataFrame:
        self._note("predictions_table", actor, kind=kind, genre=genre, search=search)
        page = (self.list_predictions if kind == "own" else self.leaderboard)(actor, genre=genre, search=search, limit=1000)
        return pd.DataFrame([{"title": row.title, "artist": row.artist, "genre": row.genre, "score": row.score} for row in page.rows])

    # batches ------------------------------------------------------------
    def submit_prediction_batch(self, actor: accounts.Actor, data: bytes, *, name: str, prior: float = 0.01) -> int:
        self._note("submit_prediction_batch", actor, data, name=name, prior=prior)
        number = max(self.hit_batches, default=0) + 1
        self.hit_batches[number] = hit_results.PredictionBatch(number, name, {"queued": 2}, (), self.hit_job("running").id, True, MOMENT)
        return number

    def put_batch(self, **options: Any) -> hit_results.PredictionBatch:
        """Add a batch; `options` are what is different of it."""
        number = max(self.hit_batches, default=0) + 1
        given: dict[str, Any] = {"id": number, "name": f"batch-{number}.zip", "counts": {"done": 3, "failed": 1}, "refused": (),
                                 "job_id": None, "active": False, "created_at": MOMENT} | options
        self.hit_batches[number] = hit_results.PredictionBatch(**given)
        return self.hit_batches[number]

    def list_prediction_batches(self, actor: accounts.Actor) -> tuple[hit_results.PredictionBatch, ...]:
        self._note("list_prediction_batches", actor)
        return tuple(reversed(self.hit_batches.values()))

    def resume_prediction_batch(self, actor: accounts.Actor, number: int) -> None:
        self._note("resume_prediction_batch", actor, number)
        self.hit_batches[number] = replace(self.hit_batches[number], active=True, job_id=self.hit_job("running").id)

    def cancel_prediction_batch(self, actor: accounts.Actor, number: int) -> None:
        self._note("cancel_prediction_batch", actor, number)
        self.hit_batches[number] = replace(self.hit_batches[number], active=False, job_id=None)

    def delete_prediction_batch(self, actor: accounts.Actor, number: int) -> None:
        self._note("delete_prediction_batch", actor, number)
        del self.hit_batches[number]

    # models ------------------------------------------------------------
    def hit_models(self, actor: accounts.Actor) -> tuple[hit_results.HitModel, ...]:
        self._note("hit_models", actor)
        return self.hit_model_list

    def submit_hit_training(self, actor: accounts.Actor, data: bytes, *, name: str, genre: str | None = None) -> results.JobView:
        self._note("submit_hit_training", actor, data, name=name, genre=genre)
        if not data:
            raise DataError("file.empty")
        return self.hit_job("running", kind="hit_training")
