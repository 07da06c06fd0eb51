"""What a reply costs, from the list prices in ``prices.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, with the day and the page they were read.

    Of a model that paints, `output` is of pictures and `text_output` of what else it writes.
    """

    input: float
    output: float
    as_of: date
    source: str
    text_output: float | None = None


@cache
def prices() -> dict[tuple[str, str], Price]:
    """Return all known prices by service and model."""
    tree = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
    return {(provider, model.lower()): Price(**row)
            for provider, models in tree.items() for model, row in models.items()}


def cost_usd(provider: str, model: str, input_tokens: int | None, output_tokens: int | None) -> float | None:
    """Return the US dollars of one reply; None where the price or a count is unknown.

    Parameters
    ----------
    provider : str
        A key of `providers.registry.SERVICES`.
    model : str
        As it was asked for, not as the service names its version.
    input_tokens, output_tokens : int or None
    """
    price = prices().get((provider, model.lower()))
    if price is None or input_tokens is None or output_tokens is None:
        return None
    return (price.input * input_tokens + price.output * output_tokens) / 1e6


def image_cost_usd(provider: str, model: str, input_tokens: int | None, image_tokens: int | None,
                   text_tokens: int | None = 0) -> float | None:
    """Return the US dollars of one picture; None where the price or a count is unknown.

    Parameters
    ----------
    provider, model : str
        As for `cost_usd`.
    input_tokens, image_tokens, text_tokens : int or None
        Of the prompt, of the picture, and of thoughts and words beside it.
    """
    picture = cost_usd(provider, model, input_tokens, image_tokens)
    if picture is None or not text_tokens:
        return None if text_tokens is None else picture
    beside = prices()[provider, model.lower()].text_output
    return None if beside is None else picture + beside * text_tokens / 1e6
