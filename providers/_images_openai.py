"""Pictures of OpenAI's images API, and of servers that speak it.

Models differ in what they take: an option that is answered with 400 is left out and the request made again, the size
that is exactly 16:9 gives way to 3:2, which every model paints, and a stream to one answer.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from providers import _troubles
from providers._images import DECLINED, Delivered, Order, Sketch
from providers._troubles import Service, Trouble
from providers.base import Ended, Piece
from providers.openai import BASE_URL, HOPELESS, SERVICE, client_of, guarded
from providers.prices import image_cost_usd
from support.errors import ProviderError

SIZE = "1536x864"
WIDE_SIZE = "1536x1024"
OPTIONS: dict[str, Any] = {"size": SIZE, "quality": "medium", "output_format": "jpeg", "output_compression": 95,
                           "moderation": "auto"}
"""Medium: about 1.5 cents; more quality is lost under the title at 1280 x 720. JPEG arrives sooner than PNG."""
SKETCHES = 2
"""Half-done pictures, the only sign of progress there is; each costs 100 tokens, 0.3 cents."""
_refused: dict[tuple[str, str], frozenset[str]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class OpenAIImages:
    """A model behind images/generations (see `providers._images.Source`).

    Attributes
    ----------
    model : str
    key : str
    base_url : str
        Up to and including the version.
    service : Service
        How errors name it.
    sketches : int
        Half-done pictures to ask for, 0 to 3.
    """

    model: str
    key: str = field(repr=False)
    base_url: str = BASE_URL
    service: Service = SERVICE
    sketches: int = SKETCHES
    provider: str = field(default="openai", init=False)

    def attempt(self, order: Order) -> AsyncGenerator[Piece | Ended]:
        """Yield one try's sketches and the picture; every error comes out as a `Trouble`."""
        return guarded(self._talk(order), self.service, self.model)

    async def _talk(self, order: Order) -> AsyncGenerator[Piece | Ended]:
        import openai

        options = OPTIONS | {"partial_images": self.sketches, "stream": True}
        for name in sorted(_refused.get((self.base_url, self.model), ())):
            _leave_out(options, name)
        answer = await self._open(order, options)
        if not options.get("stream"):
            yield self._whole(answer)
            return
        trouble = _troubles.cut(self.service)
        try:
            async with answer as events:
                async for event in events:
                    if event.type == "image_generation.completed":
                        yield self._delivered(event.b64_json, event.usage)
                        return
                    if event.type == "image_generation.partial_image":
                        yield Sketch("sketch")
        except openai.APIError as error:
            if _troubles.code_of(error.body) not in DECLINED:
                raise
            declined = ProviderError("painter.declined", service=self.service.name)
            trouble = Trouble(declined, again=False, broken=False)  # within the stream it has no status
        raise trouble

    async def _open(self, order: Order, options: dict[str, Any]) -> Any:
        """Return the answer, leaving out options one by one while the server answers 400 to them."""
        import openai

        left_out: set[str] = set()
        while True:
            try:
                answer = await client_of(self.key, self.base_url).images.generate(
                    model=self.model, prompt=order.prompt, n=1, **options)
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
            return answer

    def _whole(self, answer: Any) -> Delivered:
        first = (answer.data or [None])[0]
        return self._delivered(first and first.b64_json, answer.usage, first and first.revised_prompt)

    def _delivered(self, picture: str | None, usage: Any, revised: str | None = None) -> Delivered:
        counts = getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None)
        return Delivered("stop", *counts, self.model, picture, image_cost_usd(self.provider, self.model, *counts),
                         revised)


def _blamed(error: Any, options: dict[str, Any]) -> str | None:
    """Return the option a 400 is about; None if it is none."""
    if _troubles.code_of(error.body) in HOPELESS | DECLINED:
        return None
    param = getattr(error, "param", None)
    if param in options and (param != "size" or options["size"] == SIZE):
        return str(param)
    text = f"{error.body} {error.message}".lower()
    names = [name for name in options if name in text and (name != "size" or options["size"] == SIZE)]
    return max(names, key=len) if names and param in (None, "") else None


def _leave_out(options: dict[str, Any], name: str) -> None:
    """Take an option out of `options`; the size gives way to the one every model paints."""
    if name == "size":
        options["size"] = WIDE_SIZE
        return
    options.pop(name, None)
    if name == "stream":
        options.pop("partial_images", None)
    if name == "output_format":
        options.pop("output_compression", None)
