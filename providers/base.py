"""What an outside service can do, one Protocol per capability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


class Notifier(Protocol):
    """Takes alerts to where people read them."""

    def post(self, text: str, event: Mapping[str, Any], key: str) -> None:
        """Deliver one alert.

        Parameters
        ----------
        text : str
            The alert in one sentence, in the reader's language.
        event : mapping
            The same for programs; days, moments and numpy numbers are allowed.
        key : str
            Names the event: posting it again under the same key is the same alert, not a second one.

        Raises
        ------
        ProviderError
            If it was not delivered; `RateLimited` where the service asks to wait longer than we do.
        """


@dataclass(frozen=True)
class ChatRequest:
    """What a language model is asked.

    Attributes
    ----------
    system, user : str
        The instructions, and what they are about.
    schema : dict or None
        JSON schema the reply shall follow. A service that cannot hold to one is asked for any JSON, or for nothing, so
        the reply has to be validated all the same.
    temperature : float
        0 to 2.
    max_tokens : int
        Most tokens of the reply.
    seed : int or None
        For services that know one.
    """

    system: str
    user: str
    schema: dict[str, Any] | None = None
    temperature: float = 0.7
    max_tokens: int = 2000
    seed: int | None = None


@dataclass(frozen=True)
class Piece:
    """Text of the reply as it arrived; never empty."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The service has ended its reply.

    Attributes
    ----------
    finish : str
        ``stop`` (complete), ``length`` (cut at `ChatRequest.max_tokens`), ``filtered`` (the service or the model
        declined), or another word of the service.
    input_tokens, output_tokens : int or None
        Tokens billed, thoughts among the output; None where the service does not say.
    model : str
        The model that answered, as the service names it.
    """

    finish: str
    input_tokens: int | None
    output_tokens: int | None
    model: str


class ChatModel(Protocol):
    """Writes a reply piece by piece."""

    @property
    def provider(self) -> str:
        """Key of the service in `providers.registry.SERVICES`."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    def stream(self, request: ChatRequest, *, stopped: Callable[[], bool] = never) -> Iterator[Piece | Ended]:
        """Yield the reply as it arrives; exactly one `Ended` comes last, or an error is raised.

        Nothing happens before the first item is asked for. Failures are tried again only before the first piece.
        Call it in a thread without a running event loop.

        Parameters
        ----------
        request : ChatRequest
        stopped : callable
            Asked at least ten times a second; once it says True the connection is closed.

        Raises
        ------
        ProviderError
            If there is no whole reply; `RateLimited` where the service asks to wait longer than we do.
        Cancelled
            If `stopped` said True.
        """
