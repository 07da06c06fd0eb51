"""What a batch of auditions would take, before it is started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import config
import db
from accounts import Actor
from providers.prices import cost_usd
from queries import audition_use
from queries import auditions as queries
from support.errors import DataError
from usecases import songs
from usecases.auditions import panels
from usecases.song_results import SongRow

SAMPLE = 5
"""Songs named before a batch is started."""


@dataclass(frozen=True, slots=True)
class BatchEstimate:
    """What a batch would take.

    Attributes
    ----------
    songs : int
    sample : tuple of SongRow
        The first songs, in the order in which they are heard.
    judges : int
        Judges of the panel that have their key; 0: the offline rubric judges, without any call.
    calls : int
        Songs times judges; a reply that has to be asked for again is a call more.
    tokens, cost_usd : float or None
        By the mean of past calls of the same models; None where a model was never called, or has no known price.
    tokens_used, usd_used : int, float
        Today (UTC), by everybody.
    tokens_limit, usd_limit : int, float or None
        The day's budget; None: no limit.
    """

    songs: int
    sample: tuple[SongRow, ...]
    judges: int
    calls: int
    tokens: float | None
    cost_usd: float | None
    tokens_used: int
    usd_used: float
    tokens_limit: int | None
    usd_limit: float | None

    @property
    def over_budget(self) -> bool:
        """Whether the estimate is more than is left of the day's budget; False where it is not known."""
        tokens = (self.tokens is not None and self.tokens_limit is not None
                  and self.tokens > self.tokens_limit - self.tokens_used)
        money = (self.cost_usd is not None and self.usd_limit is not None
                 and self.cost_usd > self.usd_limit - self.usd_used)
        return tokens or money


def estimate_batch(actor: Actor, *, search: str = "", panel: str = "default") -> BatchEstimate:
    """Return what judging every song of a search would take.

    Raises
    ------
    DataError
        If the panel is not in `judges.toml`.
    """
    found = {one.key: one for one in panels(actor)}
    if panel not in found:
        raise DataError("audition.panel", value=panel, accepted=", ".join(found))
    page = songs.list_songs(actor, search=search, limit=SAMPLE)
    ready = [(judge["provider"], judge["model"]) for judge in found[panel].judges if judge["ready"]]
    settings = config.load()
    with db.begin() as connection:
        means = audition_use.mean_use(connection)
        used = queries.used_today(connection, datetime.now(UTC).date())
    tokens, cost = _expected(ready, page.count, means)
    return BatchEstimate(page.count, page.rows, len(ready), page.count * len(ready), tokens, cost, *used,
                         settings.budget_tokens, settings.budget_usd)


def _expected(models: list[tuple[str, str]], count: int,
              means: dict[tuple[str, str], tuple[float, float]]) -> tuple[float | None, float | None]:
    """Return the tokens and US dollars to expect, None where one of the models leaves them open."""
    if any(model not in means for model in models):
        return None, None
    tokens = count * sum(sum(means[model]) for model in models)
    costs = [cost_usd(*model, *(round(part) for part in means[model])) for model in models]
    known = [cost for cost in costs if cost is not None]
    return tokens, count * sum(known) if len(known) == len(costs) else None
