"""When and for how long a failed request is tried again: urllib3's `Retry`, bounded, and without addresses in logs."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util.retry import Retry

log = logging.getLogger(__name__)
TRIES = 4
LONGEST_WAIT_S = 60
"""A service that asks for more is left alone until the alert is posted anew: a run must end."""
TALKATIVE = ("urllib3.connectionpool", "urllib3.connection", "urllib3.poolmanager", "urllib3.util.retry")
"""Loggers of urllib3 that write addresses, some of them as warnings."""
_here = threading.local()


class Patience(Retry):
    """`Retry` that gives up at a long ``Retry-After`` and reads one it does not understand as absent."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds a header asks for: whole ones or a date (RFC 9110), or a fraction; 0 where unreadable."""
        if re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", retry_after):
            return min(float(retry_after), 86_400.0)
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0

    def increment(self, method: Any = None, url: Any = None, response: Any = None, error: Any = None,
                  *rest: Any, **named: Any) -> Patience:
        """Count a failed try; stop where the service wants a longer wait than `LONGEST_WAIT_S`."""
        if response is not None and (self.get_retry_after(response) or 0) > LONGEST_WAIT_S:
            raise MaxRetryError(named.get("_pool"), url or "", None)  # type: ignore[arg-type]
        after = super().increment(method, url, response, error, *rest, **named)
        log.warning("a request failed (%s), %d more tries", response.status if response is not None
                    else type(error).__name__, (after.total or 0) + 1)
        return after


def patience(backoff_s: float) -> Patience:
    """Return the rule: `TRIES` tries in all; 429, any 5xx and broken connections are tried again, POST too.

    Parameters
    ----------
    backoff_s : float
        The waits are 0, 2 and 4 times as long, unless the service names its own in ``Retry-After``.
    """
    return Patience(total=TRIES - 1, redirect=0, allowed_methods={"POST"}, status_forcelist={429, *range(500, 600)},
                    backoff_factor=backoff_s, backoff_max=LONGEST_WAIT_S, raise_on_status=False)


class _Hush(logging.Filter):
    """Lets no record through while this thread speaks to a secret address."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "hushed", False)


_HUSH = _Hush()


@contextmanager
def hushed() -> Iterator[None]:
    """Keep urllib3 from writing addresses to the log, in this thread."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_HUSH)
    _here.hushed = True
    try:
        yield
    finally:
        _here.hushed = False
