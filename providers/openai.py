"""Language models of OpenAI, and of every server that speaks its chat completions (Ollama, vLLM, llama.cpp, Friendli).

Servers differ in what they take beside the messages. An option that is answered with 400 is left out and the request
made again: a reply held to a JSON schema becomes any JSON, then any text; what was refused once is remembered.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from providers import _troubles
from providers._breaker import breaker_of
from providers._calls import Limits, run
from providers._http import shared
from providers._troubles import Service, Trouble
from providers.base import ChatRequest, Ended, Piece, never

if TYPE_CHECKING:
    import openai

BASE_URL = "https://api.openai.com/v1"
SERVICE = Service("OpenAI", "OPENAI_API_KEY")
FINISH = {"content_filter": "filtered"}
PICTURE_DETAIL = "low"
"""A picture is looked at in 512 pixels, at a fixed price: enough for moods, and a tenth of the tokens of ``high``."""
HOPELESS = {"context_length_exceeded", "model_not_found", "invalid_api_key", "content_policy_violation"}
"""Codes of a 400 that no other form of the request mends."""
_refused: dict[tuple[str, str], frozenset[str]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class OpenAIChat:
    """A model behind chat completions (see `providers.base.ChatModel`).

    Attributes
    ----------
    model : str
    key : str or None
        None where the server asks for none.
    base_url : str
        Up to and including the version, such as ``http://127.0.0.1:11434/v1``.
    provider : str
    service : Service
        How errors name it.
    longest : str
        The option that bounds the reply: OpenAI's own is ``max_completion_tokens``, all others know ``max_tokens``.
    limits : Limits
    """

    model: str
    key: str | None = field(repr=False)
    base_url: str = BASE_URL
    provider: str = "openai"
    service: Service = SERVICE
    longest: str = "max_completion_tokens"
    limits: Limits = Limits()

    def stream(self, request: ChatRequest, *, stopped: Callable[[], bool] = never) -> Iterator[Piece | Ended]:
        """Yield the reply as it arrives; see `providers.base.ChatModel.stream`."""
        return run(lambda: self._attempt(request), self.service, breaker_of(self.provider, self.base_url), self.limits,
                   stopped)

    def _attempt(self, request: ChatRequest) -> AsyncGenerator[Piece | Ended]:
        """Yield one try's items; every error comes out as a `Trouble`."""
        return guarded(self._talk(request), self.service, self.model)

    async def _talk(self, request: ChatRequest) -> AsyncGenerator[Piece | Ended]:
        finish = model = usage = None
        declined = False
        async with await self._open(self._options(request)) as chunks:
            async for chunk in chunks:
                usage, model = chunk.usage or usage, chunk.model or model
                for choice in chunk.choices or []:
                    finish = choice.finish_reason or finish
                    declined = declined or bool(choice.delta.refusal)
                    if choice.delta.content:
                        yield Piece(choice.delta.content)
        if finish is None:
            raise _troubles.cut(self.service)
        yield Ended("filtered" if declined else FINISH.get(finish, finish), getattr(usage, "prompt_tokens", None),
                    getattr(usage, "completion_tokens", None), model or self.model)

    def _options(self, request: ChatRequest) -> dict[str, Any]:
        """Return what is sent beside the model, without what this server has refused before."""
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": _content(request)}]
        options: dict[str, Any] = {"messages": messages, "temperature": request.temperature,
                                   self.longest: request.max_tokens, "stream_options": {"include_usage": True}}
        if request.seed is not None:
            options["seed"] = request.seed
        if request.schema is not None:
            options["response_format"] = {"type": "json_schema", "json_schema": {
                "name": "reply", "strict": True, "schema": request.schema}}
        for name in sorted(_refused.get((self.base_url, self.model), ()), reverse=True):  # json_schema, json_object
            _leave_out(options, name)
        return options

    async def _open(self, options: dict[str, Any]) -> openai.AsyncStream[Any]:
        """Return the stream of chunks, leaving out options one by one while the server answers 400 to them."""
        import openai

        headers: Any = {} if self.key else {"Authorization": openai.Omit()}
        left_out: set[str] = set()
        while True:
            try:
                chunks = await client_of(self.key, self.base_url).chat.completions.create(
                    model=self.model, stream=True, extra_headers=headers, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if (name := _blamed(error, options)) is None:
                    raise
                _leave_out(options, name)
                left_out.add(name)
                continue
            if left_out:
                with _lock:
                    here = self.base_url, self.model
                    _refused[here] = _refused.get(here, frozenset()) | left_out
            return chunks


async def guarded(talk: AsyncGenerator[Piece | Ended], service: Service,
                  model: str) -> AsyncGenerator[Piece | Ended]:
    """Yield the items of one try; whatever the SDK raises comes out as a `Trouble`."""
    import openai

    trouble: Trouble | None = None
    try:
        async with aclosing(talk) as items:
            async for item in items:
                yield item
    except openai.APIStatusError as error:
        trouble = _troubles.of_status(service, model, error.status_code, error.body, error.response.headers)
    except openai.APIConnectionError as error:
        trouble = _troubles.of_connection(service, error)
    except openai.APIError as error:  # reported within the stream
        trouble = _troubles.reported(service, model, error.body)
    except (ValueError, TypeError, AttributeError) as error:  # no JSON, or not of the expected form
        trouble = _troubles.garbage(service, error)
    if trouble is not None:  # outside of the handler: what the SDK raised must not travel along
        raise trouble


def _content(request: ChatRequest) -> Any:
    """Return what the user says: the text, and before it the picture where there is one."""
    if request.picture is None:
        return request.user
    url = f"data:image/jpeg;base64,{base64.b64encode(request.picture).decode()}"
    return [{"type": "image_url", "image_url": {"url": url, "detail": PICTURE_DETAIL}},
            {"type": "text", "text": request.user}]


@lru_cache(maxsize=32)
def client_of(key: str | None, base_url: str) -> openai.AsyncOpenAI:
    """Return the SDK's client; nothing of it comes from the environment."""
    import openai

    client = openai.AsyncOpenAI(api_key=key or "none", base_url=base_url, max_retries=0, http_client=shared())
    client.organization = client.project = None  # OPENAI_ORG_ID would go to other services as well
    return client


def _blamed(error: openai.APIStatusError, options: dict[str, Any]) -> str | None:
    """Return the option a 400 is about: the one its text names, else the form of the reply; None if it is none."""
    if _troubles.code_of(error.body) in HOPELESS:
        return None
    text = f"{getattr(error, 'param', None)} {error.body} {error.message}"
    for name in ("stream_options", "seed", "temperature"):
        if name in options and name in text:
            return name
    kind = options.get("response_format", {}).get("type")
    return kind


def _leave_out(options: dict[str, Any], name: str) -> None:
    """Take an option out of `options`; of the reply's form, a step down."""
    if name == options.get("response_format", {}).get("type") == "json_schema":
        options["response_format"] = {"type": "json_object"}
    elif name == options.get("response_format", {}).get("type"):
        del options["response_format"]
    else:
        options.pop(name, None)
