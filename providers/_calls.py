"""How a language model is called: limits, retries, the circuit breaker, and the way to stop.

Every call drives an event loop of its own in the caller's thread, a tenth of a second at a time. So a call can be
stopped while the service is silent, wherever it waits (name, connection, headers, bytes), and leaves no thread behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from providers._breaker import Breaker
from providers._http import close_client, open_client
from providers._troubles import Service, Trouble, cut, silent, slow
from providers.base import Ended, Piece
from support import metrics
from support.errors import Cancelled, ProviderError

if TYPE_CHECKING:
    from tenacity import RetryCallState

log = logging.getLogger(__name__)
POLL_S = 0.1
"""How long a wish to stop can go unseen."""
DEEPEST = 20
"""Generators within generators of an SDK and its HTTP client: about ten."""
Attempt = Callable[[], AsyncGenerator[Piece | Ended]]


@dataclass(frozen=True)
class Limits:
    """Seconds and counts that bound a call.

    Attributes
    ----------
    connect_s : float
        To connect, in each try.
    first_token_s : float
        From a try's start to its first text; a model that thinks first needs more.
    whole_s : float
        From the first item asked for to the end of the reply, with all tries, waits and stalls.
    tries : int
        In all, before the first text.
    backoff_s, longest_backoff_s : float
        The wait after try n is drawn from 0 to ``backoff_s * 2**n``, at most `longest_backoff_s`
        ("full jitter", M. Brooker, AWS Architecture Blog 2015), unless the service names its own.
    longest_wait_s : float
        A service that asks for more is not waited for.
    failures : int
        Calls in a row that must fail to open the circuit.
    open_s : float
        How long the circuit stays open.
    """

    connect_s: float = 5.0
    first_token_s: float = 20.0
    whole_s: float = 90.0
    tries: int = 3
    backoff_s: float = 0.5
    longest_backoff_s: float = 8.0
    longest_wait_s: float = 30.0
    failures: int = 5
    open_s: float = 30.0


def run(attempt: Attempt, service: Service, breaker: Breaker, limits: Limits,
        stopped: Callable[[], bool]) -> Iterator[Piece | Ended]:
    """Yield the items of the first attempt that begins (see `providers.base.ChatModel.stream`).

    Parameters
    ----------
    attempt : callable
        Starts one try; an async generator that raises nothing but `Trouble` and ends with one `Ended`.
    service : Service
        For errors.
    breaker : Breaker
    limits : Limits
    stopped : callable
    """
    with metrics.call(service.name):
        yield from _run(attempt, service, breaker, limits, stopped)


def _run(attempt: Attempt, service: Service, breaker: Breaker, limits: Limits,
         stopped: Callable[[], bool]) -> Iterator[Piece | Ended]:
    probe = breaker.enter(service.name, limits.open_s)
    good: bool | None = None
    error: ProviderError | None = None
    try:
        with _Call(service, limits, stopped) as call:
            ended = yield from _items(call, attempt)
        good = True
    except Trouble as trouble:
        good, error = not trouble.broken, trouble.error
    finally:
        breaker.leave(probe, good, limits.failures)
    _raise(error)
    yield ended


def _raise(error: ProviderError | None) -> None:
    """Raise outside of the handler: what the SDK raised can name the key and must not travel along."""
    if error is not None:
        raise error


def _items(call: _Call, attempt: Attempt) -> Generator[Piece, None, Ended]:
    """Yield the text of a reply and return its end."""
    item, rest = _begin(call, attempt)
    try:
        while isinstance(item, Piece):
            yield item
            item = call.next(rest, call.until, call.too_slow)
        return item
    finally:
        call.close(rest)


def _begin(call: _Call, attempt: Attempt) -> tuple[Piece | Ended, AsyncGenerator[Piece | Ended]]:
    """Return the first item and the rest, after as many tries as it takes."""
    from tenacity import Retrying, retry_if_exception

    limits = call.limits

    def hopeless(state: RetryCallState) -> bool:
        longest = min(limits.longest_wait_s, call.until - time.monotonic())
        return state.attempt_number >= limits.tries or state.upcoming_sleep > longest

    def once() -> tuple[Piece | Ended, AsyncGenerator[Piece | Ended]]:
        rest = attempt()
        first_until = time.monotonic() + limits.first_token_s
        try:
            if first_until < call.until:
                return call.next(rest, first_until, silent(call.service, limits.first_token_s)), rest
            return call.next(rest, call.until, call.too_slow), rest
        except BaseException:
            call.close(rest)
            raise

    return Retrying(retry=retry_if_exception(lambda error: isinstance(error, Trouble) and error.again),
                    stop=hopeless, wait=_wait(limits), sleep=call.sleep, before_sleep=_tell, reraise=True)(once)


def _wait(limits: Limits) -> Callable[[RetryCallState], float]:
    """Return the rule of waits: what the service asks for and a little more, or drawn from a growing span."""
    from tenacity import wait_random, wait_random_exponential

    drawn = wait_random_exponential(multiplier=2 * limits.backoff_s, max=limits.longest_backoff_s)
    extra = wait_random(0, limits.backoff_s)  # so that callers who were refused together do not come back together

    def wait(state: RetryCallState) -> float:
        asked = getattr(state.outcome.exception() if state.outcome else None, "wait_s", None)
        return drawn(state) if asked is None else asked + extra(state)

    return wait


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Trouble):
        log.warning("%s: %s at try %d, again in %.1f s", error.error.values["service"], error, state.attempt_number,
                    state.upcoming_sleep)


class _Call:
    """An event loop in this thread, with deadline and a way to stop; a context manager that leaves nothing behind."""

    def __init__(self, service: Service, limits: Limits, stopped: Callable[[], bool]) -> None:
        self.service, self.limits, self._stopped = service, limits, stopped
        self.until = time.monotonic() + limits.whole_s
        self.too_slow = slow(service, limits.whole_s)

    def __enter__(self) -> _Call:
        self._loop = asyncio.new_event_loop()
        open_client(self._loop, self.limits.connect_s, self.limits.whole_s)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._finish(_tidy(self._loop))
        finally:
            # Not `shutdown_default_executor`, which would wait for a name server that does not answer.
            self._loop.close()

    def next(self, items: AsyncIterator[Piece | Ended], until: float, late: Trouble) -> Piece | Ended:
        """Return the next item, or raise `late` once the monotonic clock reads `until`."""
        task = self._loop.create_task(_step(items))
        try:
            while not task.done():
                self._check()
                left = until - time.monotonic()
                if left <= 0:
                    raise late
                self._loop.run_until_complete(asyncio.wait({task}, timeout=min(POLL_S, left)))
        except BaseException:
            task.cancel()
            self._finish(asyncio.wait({task}, timeout=POLL_S))
            raise
        item = task.result()
        if item is None:
            raise cut(self.service)
        return item

    def sleep(self, seconds: float) -> None:
        """Wait, and look ten times a second whether to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            time.sleep(min(POLL_S, left))

    def close(self, items: AsyncGenerator[Piece | Ended]) -> None:
        """End a try and its connection."""
        self._finish(items.aclose())

    def _check(self) -> None:
        if self._stopped():
            raise Cancelled("model.stopped")

    def _finish(self, work: Any) -> None:
        """Run what cleans up, without letting it replace the outcome or take long."""
        with suppress(Exception):
            self._loop.run_until_complete(_briefly(work))


async def _briefly(work: Any) -> None:
    async with asyncio.timeout(POLL_S):  # not `wait_for`, whose second task `_tidy` would wait for
        await work


async def _tidy(loop: asyncio.AbstractEventLoop) -> None:
    """Close the connections and every generator within an SDK that nobody read to its end.

    They hold on to each other in cycles: left to the garbage collector, they would ask a closed loop to end them.
    """
    await close_client(loop)
    loop.set_exception_handler(lambda *_: None)  # one that is just being closed by the one around it says so
    await loop.shutdown_asyncgens()
    for _ in range(DEEPEST):
        await asyncio.sleep(0)
        if not (rest := asyncio.all_tasks() - {asyncio.current_task()}):
            return
        await asyncio.wait(rest)


async def _step(items: AsyncIterator[Piece | Ended]) -> Piece | Ended | None:
    return await anext(items, None)
