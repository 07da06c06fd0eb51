"""Pictures painted by a service: what is asked, and what is taken from the answer.

The services know no steps but the half-done pictures that some send on the way; where there are none, nobody knows how
far the work is, and the caller is told so. What comes is untrusted: it is taken by its first bytes and its header, with
a limit on its length, and never decoded here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from providers._breaker import breaker_of
from providers._calls import Limits, run
from providers._troubles import Service
from providers.base import Ended, Painting, Piece, never, unwatched
from support.decode.kinds import picture_kind
from support.errors import DataError, ProviderError

MOST_BYTES = 20 << 20
"""Of a picture: the largest a service paints is about 12 MB."""
MOST_PROMPT = 4000
"""Characters of prompt and negative prompt together; models heed about the first 500."""
LARGEST_SEED = 2**31 - 1
LIMITS = Limits(first_token_s=180.0, whole_s=240.0)
"""A picture takes 10 to 60 s, up to 120 where the service is busy."""
DECLINED = {"moderation_blocked", "content_policy_violation"}
"""Codes of an error that says the prompt or the picture is against the service's rules."""


@dataclass(frozen=True)
class Order:
    """What a service is asked: the prompt with what shall not be in the picture, and a seed."""

    prompt: str
    seed: int | None


@dataclass(frozen=True)
class Sketch(Piece):
    """A half-done picture has arrived; it is not kept."""


@dataclass(frozen=True)
class Delivered(Ended):
    """The end of an answer, with the picture.

    Attributes
    ----------
    picture : str or bytes or None
        In base64 or as it is; None where there is none.
    cost_usd : float or None
    revised_prompt : str or None
    seed : int or None
        The one that was sent.
    """

    picture: str | bytes | None = field(default=None, repr=False)
    cost_usd: float | None = None
    revised_prompt: str | None = None
    seed: int | None = None


class Source(Protocol):
    """One service's way to ask for a picture."""

    @property
    def provider(self) -> str:
        """Key of the service."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    @property
    def base_url(self) -> str:
        """Where it is asked."""

    @property
    def sketches(self) -> int:
        """Half-done pictures it sends on the way."""

    def attempt(self, order: Order) -> AsyncGenerator[Piece | Ended]:
        """Yield one try's sketches and at last `Delivered`; every error comes out as a `Trouble`."""


@dataclass(frozen=True)
class HostedPainter:
    """A model of a service that paints (see `providers.base.Painter`).

    Attributes
    ----------
    source : Source
    service : Service
        How errors name it.
    setting : str
        What names the model, for errors.
    limits : Limits
    """

    source: Source
    service: Service
    setting: str
    limits: Limits = LIMITS

    @property
    def provider(self) -> str:
        """Key of the service."""
        return self.source.provider

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""
        return self.source.model

    def paint(self, prompt: str, negative: str, *, seed: int | None = None,
              progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Painting:
        """Return a picture; see `providers.base.Painter.paint`."""
        check(prompt, negative, seed)
        done = self._ordered(Order(with_negative(prompt, negative), seed), progress, stopped)
        billed: dict[str, Any] = {"service": self.service.name, "cost_usd": done.cost_usd}
        if done.finish == "filtered":
            raise ProviderError("painter.declined", **billed)
        if not done.picture:
            raise ProviderError("painter.nothing", **billed)
        image = self._bytes(done.picture, billed)
        head = header(image)
        if head is None:
            raise ProviderError("painter.not_image", setting=self.setting, **billed)
        return Painting(image, *head, done.seed, self.provider, self.model, done.cost_usd, done.revised_prompt)

    def _ordered(self, order: Order, progress: Callable[[int, int], None], stopped: Callable[[], bool]) -> Delivered:
        """Return the end of the answer; errors name the setting of painters, not of judges."""
        steps = self.source.sketches + 1 if self.source.sketches else 0
        progress(0, steps)
        done = 0
        try:
            breaker = breaker_of(f"{self.provider} images", self.source.base_url)  # fails apart from the chats
            for item in run(lambda: self.source.attempt(order), self.service, breaker, self.limits, stopped):
                if isinstance(item, Delivered):
                    progress(steps or 1, steps or 1)
                    return item
                done = min(done + 1, max(steps - 1, 0))
                progress(done, steps)
            raise AssertionError("run ends with what the attempt ended with")
        except ProviderError as error:
            failed = error
        raise self._named(failed)

    def _named(self, error: ProviderError) -> ProviderError:
        about = {"service": self.service.name, "model": self.model, "setting": self.setting}
        if error.code == "model.refused" and error.values["reason"] in DECLINED:
            return ProviderError("painter.declined", service=self.service.name)
        if error.code in ("model.silent", "model.slow"):
            return ProviderError("painter.slow", service=self.service.name, seconds=error.values["seconds"])
        if error.code == "model.unknown":
            return ProviderError("painter.unknown", **about)
        if error.code == "model.refused":
            return ProviderError("painter.refused", status=error.values["status"], reason=error.values["reason"],
                                 **about)
        return error

    def _bytes(self, picture: str | bytes, billed: dict[str, Any]) -> bytes:
        size = len(picture) * 3 // 4 - 2 if isinstance(picture, str) else len(picture)
        if size > MOST_BYTES:
            raise ProviderError("painter.large", limit_mb=MOST_BYTES >> 20, setting=self.setting, **billed)
        try:
            return base64.b64decode(picture, validate=True) if isinstance(picture, str) else picture
        except (binascii.Error, ValueError):
            raise ProviderError("painter.not_image", setting=self.setting, **billed) from None


def check(prompt: str, negative: str, seed: int | None) -> None:
    """Raise what `providers.base.Painter.paint` raises for what cannot be asked."""
    if not prompt.strip():
        raise DataError("painter.prompt_empty")
    if len(prompt) + len(negative) > MOST_PROMPT:
        raise DataError("painter.prompt_long", length=f"{len(prompt) + len(negative):,}", limit=f"{MOST_PROMPT:,}")
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"The seed {seed} is not between 0 and {LARGEST_SEED}.")


def with_negative(prompt: str, negative: str) -> str:
    """Return a prompt that says what shall not be in the picture, for services without negative prompts."""
    unwanted = negative.strip(" ,.\n")
    return f"{prompt.strip()}\n\nThe picture must not contain any of these: {unwanted}." if unwanted else prompt.strip()


def header(image: bytes) -> tuple[str, int, int] | None:
    """Return kind, width and height of a PNG, JPEG or WebP by its header; None for anything else."""
    kind = picture_kind(image) or ""
    size = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp}.get(kind, lambda _: None)(image)
    return ("WebP" if kind == "WEBP" else kind, *size) if size and min(size) > 0 else None


def _png(image: bytes) -> tuple[int, int] | None:
    """Return the size in the first chunk (PNG specification, 11.2.1)."""
    if image[12:16] != b"IHDR" or len(image) < 24:
        return None
    return int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big")


def _jpeg(image: bytes) -> tuple[int, int] | None:
    """Return the size in the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker, length = image[at + 1], int.from_bytes(image[at + 2:at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(image[at + 7:at + 9], "big"), int.from_bytes(image[at + 5:at + 7], "big")
        else:
            at += 2 + max(length, 2)
    return None


def _webp(image: bytes) -> tuple[int, int] | None:
    """Return the size in the first chunk (RFC 9649, 2.5 to 2.7)."""
    chunk = image[12:16]
    if len(image) < 30:
        return None
    if chunk == b"VP8X":
        return 1 + int.from_bytes(image[24:27], "little"), 1 + int.from_bytes(image[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(image[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return int.from_bytes(image[26:28], "little") & 0x3FFF, int.from_bytes(image[28:30], "little") & 0x3FFF
    return None
