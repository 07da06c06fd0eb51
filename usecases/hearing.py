"""One judge hears one song: the request, the stream as it arrives, the reply, its score; and what lives meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import config
import db
import judging
from auditioning.score import score_of as score_of_evidence
from providers.base import ChatModel, ChatRequest, Ended
from providers.prices import cost_usd
from providers.registry import chat_model
from queries import auditions as queries
from support.errors import AppError, Cancelled, DataError, ProviderError

log = logging.getLogger(__name__)


@dataclass
class Live:
    """A judge while it speaks: written by its thread, read by pages."""

    state: str = "waiting"
    review: str = ""
    started: float | None = None
    first_s: float | None = None
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    def view(self) -> dict[str, Any]:
        """Return what is known so far, as `JudgeView` takes it."""
        running = self.started is not None and self.seconds is None
        seconds = time.monotonic() - self.started if running and self.started is not None else self.seconds
        return {"state": self.state, "review": self.review, "first_s": self.first_s, "seconds": seconds,
                "input_tokens": self.input_tokens, "output_tokens": self.output_tokens}


@dataclass
class Hall:
    """The auditions this process is running: by id, the judges by (repeat, place)."""

    lives: dict[int, dict[tuple[int, int], Live]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, audition_id: int, places: list[tuple[int, int]]) -> dict[tuple[int, int], Live]:
        """Add an audition and return its judges."""
        with self.lock:
            return self.lives.setdefault(audition_id, {}) | self._add(audition_id, places)

    def _add(self, audition_id: int, places: list[tuple[int, int]]) -> dict[tuple[int, int], Live]:
        found = {place: Live() for place in places}
        self.lives[audition_id].update(found)
        return found

    def views(self, audition_id: int) -> dict[tuple[int, int], dict[str, Any]]:
        """Return what the judges of an audition have said so far."""
        with self.lock:
            return {place: live.view() for place, live in self.lives.get(audition_id, {}).items()}

    def close(self, audition_id: int) -> None:
        """Forget an audition: what is stored speaks for it."""
        with self.lock:
            self.lives.pop(audition_id, None)


HALL = Hall()
Model = Callable[[judging.Judge], ChatModel]


def model_of(judge: judging.Judge) -> ChatModel:
    """Return the language model of a judge.

    Raises
    ------
    MissingKey, DataError
    """
    settings = config.load()
    key = settings.keys.get(judge.key_name) if judge.key_name else None
    base_url = judge.base_url or settings.base_urls.get(judge.provider)
    return chat_model(judge.provider, judge.model, key=key, base_url=base_url)


def hear(judge: judging.Judge, song: judging.SongLike, what: judging.What, lang: str, live: Live,
         stopped: Callable[[], bool], model: Model = model_of) -> dict[str, Any]:
    """Have a judge review a song; return what is to be stored (`queries.auditions.JUDGED`).

    A failure is part of what is returned, never an invented score.
    """
    live.state, live.started = "running", time.monotonic()
    found: dict[str, Any] = {"state": "failed", "raw": "", "cost_usd": None, "error_values": {}}
    try:
        _heard(judge, song, what, lang, live, stopped, model, found)
        found["state"] = "done"
    except Cancelled as error:
        found |= {"state": "cancelled", "error_code": error.code}
    except AppError as error:
        found |= {"error_code": error.code, "error_values": error.values}
    except Exception as error:
        log.exception("judge %s failed", judge.key)
        found |= {"error_code": "unexpected", "error_values": {"kind": type(error).__name__}}
    live.seconds = time.monotonic() - live.started  # it stays 'running' until its score is stored
    return found | {name: getattr(live, name) for name in ("review", "first_s", "seconds", "input_tokens",
                                                           "output_tokens")}


def _heard(judge: judging.Judge, song: judging.SongLike, what: judging.What, lang: str, live: Live,
           stopped: Callable[[], bool], model: Model, found: dict[str, Any]) -> None:
    """Ask, and once more where the reply is not in the right form; fill in `found`."""
    chat, prompt = model(judge), judging.prompt_of(judge, song, lang, what)
    try:
        reply = _asked(chat, prompt, live, stopped, found)
    except DataError as error:
        if error.code not in ("judge.not_json", "judge.invalid", "judge.cut"):
            raise
        found["repaired"] = True
        log.info("judge %s: %s; asked again", judge.key, error)
        live.review = ""
        repair = judging.repair_prompt(prompt, found["raw"], str(error), judge.speaks(lang))
        reply = _asked(chat, repair, live, stopped, found)
    live.review = reply.review
    score = judging.score(reply, song.lyrics, what)
    found |= {"score": score_dict(score), "total": score.total}


def _asked(chat: ChatModel, prompt: judging.Prompt, live: Live, stopped: Callable[[], bool],
           found: dict[str, Any]) -> judging.Reply:
    check_budget()
    stream, ended = judging.ReviewStream(prompt.asked), None
    request = ChatRequest(prompt.system, prompt.user, prompt.schema, prompt.temperature, prompt.max_tokens)
    try:
        for item in chat.stream(request, stopped=stopped):
            if isinstance(item, Ended):
                ended = item
                continue
            if live.first_s is None and live.started is not None:
                live.first_s = time.monotonic() - live.started
            live.review += stream.feed(item.text)
    finally:
        found["raw"] = "\n\n".join(part for part in (found["raw"], stream.raw) if part)
        _count(chat, ended, live, found)
    if ended is None:
        raise ProviderError("provider.cut")
    return stream.close(ended.finish)


def _count(chat: ChatModel, ended: Ended | None, live: Live, found: dict[str, Any]) -> None:
    """Add a call to the judge's and to the day's use."""
    if ended is None:
        return
    for name in ("input_tokens", "output_tokens"):
        value = getattr(ended, name)
        if value is not None:
            setattr(live, name, (getattr(live, name) or 0) + value)
    cost = cost_usd(chat.provider, chat.model, ended.input_tokens, ended.output_tokens)
    if cost is not None:
        found["cost_usd"] = (found["cost_usd"] or 0.0) + cost
    with db.begin() as connection:
        queries.add_usage(connection, _today(), chat.provider, chat.model, ended.input_tokens or 0,
                          ended.output_tokens or 0, cost or 0.0)


def check_budget() -> None:
    """Refuse a new call where the day's budget is used up.

    Raises
    ------
    ProviderError
        ``budget.tokens`` or ``budget.money``.
    """
    settings = config.load()
    if settings.budget_tokens is None and settings.budget_usd is None:
        return
    with db.begin() as connection:
        tokens, money = queries.used_today(connection, _today())
    if settings.budget_tokens is not None and tokens >= settings.budget_tokens:
        raise ProviderError("budget.tokens", used=f"{tokens:,}", limit=f"{settings.budget_tokens:,}")
    if settings.budget_usd is not None and money >= settings.budget_usd:
        raise ProviderError("budget.money", used=f"{money:.2f}", limit=f"{settings.budget_usd:.2f}")


def _today() -> Any:
    return datetime.now(UTC).date()


def score_dict(score: judging.JudgeScore) -> dict[str, Any]:
    """Return a score as what is stored (see `JudgeView`)."""
    return {"total": score.total, "points": float(score.points), "out_of": float(score.out_of),
            "scaled": score.scaled, "not_judged": list(score.not_judged), "flagged": list(score.flagged),
            "groups": {name: [float(group.points), float(group.out_of)] for name, group in score.groups.items()},
            "criteria": [asdict(one) for one in score.evidence]}


def score_of(stored: dict[str, Any] | None) -> judging.JudgeScore | None:
    """Return a score from what is stored."""
    if stored is None:
        return None
    return score_of_evidence(tuple(judging.Evidence(**one) for one in stored["criteria"]))
