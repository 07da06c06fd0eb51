"""Pictures of models of the Gemini API that paint, through generateContent; Imagen has ended (docs/adr/0019)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from providers import _troubles
from providers._images import Delivered, Order
from providers.base import Ended, Piece
from providers.gemini import BASE_URL, FINISH, SERVICE, client_of, guarded
from providers.prices import image_cost_usd

ASPECT = "16:9"
FILTERED = {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"} | {
    name for name, finish in FINISH.items() if finish == "filtered"}


@dataclass(frozen=True)
class GeminiImages:
    """A model of the Gemini API that paints (see `providers._images.Source`).

    Attributes
    ----------
    model : str
    key : str
    base_url : str
        Without the version.
    """

    model: str
    key: str = field(repr=False)
    base_url: str = BASE_URL
    sketches: int = field(default=0, init=False)
    provider: str = field(default="gemini", init=False)

    def attempt(self, order: Order) -> AsyncGenerator[Piece | Ended]:
        """Yield the picture; every error comes out as a `Trouble`."""
        return guarded(self._talk(order), self.model)

    async def _talk(self, order: Order) -> AsyncGenerator[Piece | Ended]:
        from google.genai import types

        picture: bytes | None = None
        finish: str | None = None
        usage: Any = None
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"], seed=order.seed, image_config=types.ImageConfig(aspect_ratio=ASPECT),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True))
        chunks: Any = await client_of(self.key, self.base_url).aio.models.generate_content_stream(
            model=self.model, contents=order.prompt, config=config)
        async with aclosing(chunks):
            async for chunk in chunks:
                usage = chunk.usage_metadata or usage
                if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
                    finish = "SAFETY"
                for candidate in chunk.candidates or []:
                    finish = candidate.finish_reason.name if candidate.finish_reason else finish
                    picture = _picture(candidate) or picture
        if finish is None:
            raise _troubles.cut(SERVICE)
        yield Delivered("filtered" if finish in FILTERED else "stop", usage and usage.prompt_token_count, None,
                        self.model, picture, self._cost(usage), None, order.seed)

    def _cost(self, usage: Any) -> float | None:
        if usage is None:
            return None
        image = usage.candidates_token_count
        written = sum(each.token_count or 0 for each in usage.candidates_tokens_details or []
                      if each.modality and each.modality.name != "IMAGE")
        return image_cost_usd(self.provider, self.model, usage.prompt_token_count, image and image - written,
                              written + (usage.thoughts_token_count or 0))


def _picture(candidate: Any) -> bytes | None:
    """Return the last picture of a candidate that is no thought."""
    parts = (candidate.content.parts if candidate.content else None) or []
    pictures = [part.inline_data.data for part in parts
                if part.inline_data and part.inline_data.data and not part.thought]
    return pictures[-1] if pictures else None
