"""A short text asked of a language model, outside auditions: a title's translation, a caption."""

from __future__ import annotations

from datetime import UTC, datetime

import config
import db
from providers.base import ChatRequest, Ended
from providers.prices import cost_usd
from providers.registry import SERVICES, VISION_MODELS, chat_model
from queries import auditions as usage
from usecases import hearing


def writers() -> tuple[str, ...]:
    """Return the language models that have a key, ``provider:model``, in the order they are asked."""
    keys = config.load().keys
    return tuple(f"{provider}:{model}" for provider, model in VISION_MODELS.items()
                 if (keys.get(SERVICES[provider].setting or "") or "").strip())


def say(writer: str, request: ChatRequest) -> str:
    """Return what a language model answers; tokens and cost are counted.

    Parameters
    ----------
    writer : str
        One of `writers`.

    Raises
    ------
    ProviderError
    DataError
        If the day's budget is spent.
    """
    provider, _, model = writer.partition(":")
    hearing.check_budget()
    settings = config.load()
    key = settings.keys.get(SERVICES[provider].setting or "")
    chat = chat_model(provider, model, key=key, base_url=settings.base_urls.get(provider))
    text, ended = "", None
    for item in chat.stream(request):
        if isinstance(item, Ended):
            ended = item
        else:
            text += item.text
    if ended is not None:
        _count(provider, model, ended.input_tokens, ended.output_tokens)
    return text


def _count(provider: str, model: str, input_tokens: int | None, output_tokens: int | None) -> None:
    with db.begin() as connection:
        usage.add_usage(connection, datetime.now(UTC).date(), provider, model, input_tokens or 0, output_tokens or 0,
                        cost_usd(provider, model, input_tokens, output_tokens) or 0.0)
