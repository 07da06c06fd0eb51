"""Music of any service that speaks the small protocol below: a server of the operator's own, or a bridge to a vendor's.

The request, with ``Authorization: Bearer KEY`` where there is a key:

    POST {address}   {"prompt": "...", "seconds": 30.0, "seed": 7, "model": "..." or null, "format": "wav"}

The answer, one of three:

- the music itself: a WAV, MP3, FLAC or OGG with any status 2xx and any ``Content-Type`` but JSON;
- ``{"audio": "<base64>"}``;
- ``{"job": "<letters, digits, - and _>"}``; then ``GET {address}/{job}`` is asked every second. It answers
  ``{"state": "queued" | "running", "progress": 0.4}``, at last the music in one of the two ways above, or
  ``{"state": "failed", "error": "<a plain word>"}``. Who stops waiting sends ``DELETE {address}/{job}``.

No address in an answer is ever followed. What comes is taken by its first bytes, and never decoded here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from providers import _troubles
from providers._breaker import breaker_of
from providers._calls import Limits, run
from providers._http import TooMuch, shared
from providers._music import MOST_BYTES, check, drawn, kind_of
from providers._troubles import Service, Trouble
from providers.base import Ended, Music, Piece, never, unwatched
from support.errors import ProviderError

KEY_NAME = "MUSIC_HTTP_API_KEY"
LIMITS = Limits(first_token_s=600.0, whole_s=900.0)
"""A model makes music more slowly than it plays on a small GPU."""
POLL_S = 1.0
"""Between two questions how far a job is."""
TROUBLES = 3
"""Questions in a row that may fail before a job is given up."""
FORGET_S = 0.08
"""For telling the service that nobody waits any more; who stops does not wait long for it."""
PERCENT = 100


@dataclass(frozen=True)
class Heard(Piece):
    """The service has said how far it is: 0 to 1, None where it did not say."""

    progress: float | None = None


@dataclass(frozen=True)
class Arrived(Ended):
    """The end of an answer, with the music."""

    audio: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class HttpMusic:
    """A service at an address (see `providers.base.MusicMaker`).

    Attributes
    ----------
    url : str
        Where samples are asked for.
    key : str or None
    model : str
        Sent along; empty: the service's own choice.
    limits : Limits
        Of each sample; `Limits.first_token_s` bounds the first answer, of whatever kind.
    poll_s : float
        Seconds between two questions how far a job is.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    model: str = ""
    limits: Limits = LIMITS
    poll_s: float = POLL_S
    provider: str = field(default="music_http", init=False)
    warning: str | None = field(default="music_providers.terms", init=False)

    @property
    def service(self) -> Service:
        """How errors name it: by its host."""
        return Service(urlsplit(self.url).netloc, KEY_NAME)

    def problem(self) -> ProviderError | None:
        """Return None: whether the service answers is seen when it is asked."""
        return None

    def make(self, prompt: str, seconds: float, *, seed: int | None = None,
             progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Music:
        """Return music; see `providers.base.MusicMaker.make`."""
        check(prompt, seconds, seed)
        chosen = drawn(seed)
        order = {"prompt": prompt.strip(), "seconds": seconds, "seed": chosen, "model": self.model or None,
                 "format": "wav"}
        progress(0, 0)
        audio = self._ordered(order, progress, stopped).audio
        kind = kind_of(audio, self.service.name)
        progress(PERCENT, PERCENT)
        return Music(audio, kind, chosen, self.provider, self.model)

    def _ordered(self, order: Mapping[str, Any], progress: Callable[[int, int], None],
                 stopped: Callable[[], bool]) -> Arrived:
        """Return the end of the answer; errors name the settings of music, not of judges."""
        try:
            for item in run(lambda: self._attempt(order), self.service, breaker_of(self.provider, self.url),
                            self.limits, stopped):
                if isinstance(item, Arrived):
                    return item
                if isinstance(item, Heard) and item.progress is not None:
                    progress(min(int(item.progress * PERCENT), PERCENT - 1), PERCENT)
            raise AssertionError("run ends with what the attempt ended with")
        except ProviderError as error:
            failed = self._named(error)
        raise failed  # outside of the handler: what a library raised must not travel along

    def _named(self, error: ProviderError) -> ProviderError:
        about = {"service": self.service.name}
        if error.code in ("model.silent", "model.slow"):
            return ProviderError("music_providers.slow", seconds=error.values["seconds"], **about)
        if error.code in ("model.unknown", "model.refused", "model.redirected"):
            return ProviderError("music_providers.refused", status=error.values.get("status", 404),
                                 reason=error.values.get("reason", "–"), **about)
        return error

    async def _attempt(self, order: Mapping[str, Any]) -> AsyncGenerator[Piece | Ended]:
        """Yield one try's progress and at last the music; every error comes out as a `Trouble`."""
        import httpx2

        try:
            async for item in self._talk(order):
                yield item
        except httpx2.HTTPError as error:
            raise _troubles.of_connection(self.service, error) from error
        except TooMuch as error:
            large = ProviderError("music_providers.large", service=self.service.name, limit_mb=MOST_BYTES >> 20)
            raise Trouble(large, again=False, broken=False) from error

    async def _talk(self, order: Mapping[str, Any]) -> AsyncGenerator[Piece | Ended]:
        answer = await self._asked("POST", self.url, order)
        if isinstance(answer, bytes):
            yield self._arrived(answer)
            return
        job = answer.get("job")
        if not isinstance(job, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", job):
            raise self._unreadable()
        address, over = f"{self.url}/{job}", False
        try:
            yield Heard("accepted")
            async for item in self._followed(address):
                over = isinstance(item, Arrived)
                yield item
        except Trouble as trouble:
            over = not trouble.again
            raise
        finally:
            if not over:
                await self._forgotten(address)

    async def _followed(self, address: str) -> AsyncGenerator[Piece | Ended]:
        """Yield how far a job is, and at last its music."""
        while True:
            await asyncio.sleep(self.poll_s)
            answer = await self._patiently(address)
            if isinstance(answer, bytes):
                yield self._arrived(answer)
                return
            if answer.get("state") not in ("queued", "running"):
                raise self._ended(answer)
            yield Heard(str(answer["state"]), _share(answer.get("progress")))

    async def _patiently(self, address: str) -> bytes | dict[str, Any]:
        """Ask how far a job is; a question that fails is asked again, since the job goes on."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        def wait(state: Any) -> float:
            asked = getattr(state.outcome.exception(), "wait_s", None)
            return min(asked or self.poll_s * 2 ** state.attempt_number, self.limits.longest_wait_s)

        again = AsyncRetrying(retry=retry_if_exception(_passing), stop=stop_after_attempt(TROUBLES), wait=wait,
                              sleep=asyncio.sleep, reraise=True)
        return await again(self._asked, "GET", address)

    async def _asked(self, method: str, address: str, body: Mapping[str, Any] | None = None
                     ) -> bytes | dict[str, Any]:
        """Return the music of an answer, or its JSON where it holds none."""
        headers = {"Accept": "audio/*, application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        client = shared()
        request = client.build_request(method, address, headers=headers, json=None if body is None else dict(body))
        answer = await client.send(request, follow_redirects=False)
        if not 200 <= answer.status_code < 300:
            raise _troubles.of_status(self.service, self.model, answer.status_code, _json(answer.content),
                                      answer.headers)
        if "json" not in answer.headers.get("content-type", ""):
            return answer.content
        found = _json(answer.content)
        if not isinstance(found, dict):
            raise self._unreadable()
        return self._music(found["audio"]) if found.get("audio") else found

    def _music(self, text: Any) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise self._unreadable() from None

    def _arrived(self, audio: bytes) -> Arrived:
        return Arrived("stop", None, None, self.model, audio)

    def _unreadable(self) -> Trouble:
        return Trouble(ProviderError("music_providers.protocol", service=self.service.name), again=False, broken=True)

    def _ended(self, answer: Mapping[str, Any]) -> Trouble:
        """Return the trouble of a job that is over without music."""
        if answer.get("state") != "failed":
            return self._unreadable()
        reason = _troubles.code_of({"code": answer.get("error")}) or "–"
        return Trouble(ProviderError("music_providers.job", service=self.service.name, reason=reason), again=False,
                       broken=False)

    async def _forgotten(self, address: str) -> None:
        """Tell the service that nobody waits for a job any more, if it hears it at once."""
        import httpx2

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            async with asyncio.timeout(FORGET_S):
                await shared().delete(address, headers=headers)
        except (httpx2.HTTPError, TimeoutError, KeyError):  # KeyError: the connection's loop is closing
            return


def _passing(error: BaseException) -> bool:
    """Return whether asking again can mend a question that failed."""
    import httpx2

    return error.again if isinstance(error, Trouble) else isinstance(error, httpx2.TransportError)


def _share(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return min(1.0, max(0.0, value)) if good else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:  # also what is no UTF-8
        return None
