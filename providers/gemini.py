"""Language models of Google's Gemini API, through google-genai."""

from __future__ import annotations

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
    from google import genai

BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"
SERVICE = Service("Gemini", "GOOGLE_API_KEY")
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", **dict.fromkeys(
    ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"), "filtered")}
_no_schema: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class GeminiChat:
    """A model of the Gemini API (see `providers.base.ChatModel`).

    Attributes
    ----------
    model : str
    key : str
    base_url : str
        Without the version.
    limits : Limits
    """

    model: str
    key: str = field(repr=False)
    base_url: str = BASE_URL
    limits: Limits = Limits()
    provider: str = field(default="gemini", init=False)

    def stream(self, request: ChatRequest, *, stopped: Callable[[], bool] = never) -> Iterator[Piece | Ended]:
        """Yield the reply as it arrives; see `providers.base.ChatModel.stream`."""
        return run(lambda: self._attempt(request), SERVICE, breaker_of(self.provider, self.base_url), self.limits,
                   stopped)

    def _attempt(self, request: ChatRequest) -> AsyncGenerator[Piece | Ended]:
        """Yield one try's items; every error comes out as a `Trouble`."""
        return guarded(self._talk(request), self.model)

    async def _talk(self, request: ChatRequest) -> AsyncGenerator[Piece | Ended]:
        finish = model = usage = None
        async with aclosing(self._chunks(request)) as chunks:
            async for chunk in chunks:
                usage, model = chunk.usage_metadata or usage, chunk.model_version or model
                if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
                    finish = "SAFETY"
                for candidate in chunk.candidates or []:
                    finish = candidate.finish_reason.name if candidate.finish_reason else finish
                    for part in (candidate.content.parts if candidate.content else None) or []:
                        if part.text and not part.thought:
                            yield Piece(part.text)
        if finish is None:
            raise _troubles.cut(SERVICE)
        yield Ended(FINISH.get(finish, finish.lower()), usage and usage.prompt_token_count,
                    usage and _sum(usage.candidates_token_count, usage.thoughts_token_count), model or self.model)

    async def _chunks(self, request: ChatRequest) -> AsyncGenerator[Any]:
        """Yield what the SDK receives; where the model answers 400 to the schema, the request is for any JSON."""
        from google.genai import errors, types

        config, began = self._config(request), False
        while True:
            try:
                chunks: Any = await client_of(self.key, self.base_url).aio.models.generate_content_stream(
                    model=self.model, contents=_contents(request), config=types.GenerateContentConfig(**config))
                async with aclosing(chunks):
                    async for chunk in chunks:
                        began = True
                        yield chunk
                return
            except errors.ClientError as error:
                if began or error.code != 400 or "schema" not in str(error.details).lower() \
                        or config.pop("response_json_schema", None) is None:
                    raise
                _no_schema.add((self.base_url, self.model))

    def _config(self, request: ChatRequest) -> dict[str, Any]:
        """Return what is sent beside model and text, without a schema where this model has refused one before."""
        from google.genai import types

        config: dict[str, Any] = {
            "system_instruction": request.system, "temperature": request.temperature, "seed": request.seed,
            "max_output_tokens": request.max_tokens,
            "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True)}
        if request.schema is not None:
            config["response_mime_type"] = "application/json"
            if (self.base_url, self.model) not in _no_schema:
                config["response_json_schema"] = request.schema
        return config


async def guarded(talk: AsyncGenerator[Piece | Ended], model: str) -> AsyncGenerator[Piece | Ended]:
    """Yield the items of one try; whatever the SDK raises comes out as a `Trouble`."""
    import httpx2
    from google.genai import errors

    trouble: Trouble | None = None
    try:
        async with aclosing(talk) as items:
            async for item in items:
                yield item
    except errors.APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        trouble = _troubles.of_status(SERVICE, model, error.code or 0, error.details, headers)
    except httpx2.HTTPError as error:
        trouble = _troubles.of_connection(SERVICE, error)
    except (ValueError, TypeError, AttributeError) as error:  # no JSON, or not of the expected form
        trouble = _troubles.garbage(SERVICE, error)
    if trouble is not None:  # outside of the handler: what the SDK raised must not travel along
        raise trouble


def _contents(request: ChatRequest) -> Any:
    """Return what the user says: the text, and before it the picture where there is one."""
    if request.picture is None:
        return request.user
    from google.genai import types

    return [types.Part.from_bytes(data=request.picture, mime_type="image/jpeg"),
            types.Part.from_text(text=request.user)]


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


@lru_cache(maxsize=32)
def client_of(key: str, base_url: str) -> genai.Client:
    """Return the SDK's client; nothing of it comes from the environment. It tries nothing again by itself."""
    from google import genai
    from google.genai import types

    return genai.Client(api_key=key, vertexai=False, http_options=types.HttpOptions(
        base_url=base_url, api_version=API_VERSION, httpx_async_client=shared()))
