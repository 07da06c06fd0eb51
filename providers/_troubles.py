"""What went wrong in a call to a language model: the error to show, and whether to try again.

No message of a service or its SDK travels along: they can quote the key or the request. What is kept of one is its
status, and its code where that is a plain word such as ``context_length_exceeded``.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from providers._http import TooMuch
from support.errors import MissingKey, ProviderError, RateLimited

log = logging.getLogger(__name__)
UNPAID = {"insufficient_quota", "billing_hard_limit_reached"}
"""Codes of a 429 that no waiting mends."""


@dataclass(frozen=True)
class Service:
    """A service as errors name it: `name` for people, `setting` the key to set (None: it needs none)."""

    name: str
    setting: str | None


class Trouble(Exception):
    """A call that failed.

    Attributes
    ----------
    error : ProviderError
        What is raised to the caller.
    again : bool
        Whether another try can mend it.
    broken : bool
        Whether the service is at fault, which the circuit breaker counts.
    wait_s : float or None
        Seconds the service asks to wait.
    """

    def __init__(self, error: ProviderError, *, again: bool, broken: bool, wait_s: float | None = None) -> None:
        super().__init__(error.code)
        self.error, self.again, self.broken, self.wait_s = error, again, broken, wait_s


def of_status(service: Service, model: str, status: int, body: Any, headers: Mapping[str, str]) -> Trouble:
    """Return the trouble an HTTP status means, `body` its JSON where it had any."""
    reason = code_of(body)
    if status == 429 and reason in UNPAID:
        return _final(ProviderError("model.unpaid", service=service.name))
    if status == 429:
        wait_s = asked_wait(headers, body)
        error = RateLimited("model.limited", service=service.name, wait_s=math.ceil(wait_s)) if wait_s else \
            RateLimited("model.limited_unsaid", service=service.name)
        return Trouble(error, again=True, broken=False, wait_s=wait_s)
    if status >= 500 or status == 408:
        return Trouble(ProviderError("model.failing", service=service.name, status=status), again=True, broken=True,
                       wait_s=asked_wait(headers, body))
    if status in (401, 403) or "API_KEY_INVALID" in str(body):  # Gemini answers 400 to a wrong key
        return _final(ProviderError("model.key_refused", service=service.name, status=status,
                                    setting=service.setting or "key_name"))
    if status == 404:
        return _final(ProviderError("model.unknown", service=service.name, model=model))
    if 300 <= status < 400:
        return _final(ProviderError("model.redirected", service=service.name, status=status))
    return _final(ProviderError("model.refused", service=service.name, model=model, status=status,
                                reason=reason or "–"))


def reported(service: Service, model: str, body: Any) -> Trouble:
    """Return the trouble of an error a service reports within its stream, where there is no status any more."""
    inner = _inner(body)
    status = inner.get("code")
    if not isinstance(status, int) or not 400 <= status < 600:
        status = 429 if "rate_limit" in (code_of(body) or "") else 500
    return of_status(service, model, status, body, {})


def _final(error: ProviderError) -> Trouble:
    return Trouble(error, again=False, broken=False)


def unreachable(service: Service, why: str) -> Trouble:
    """Return the trouble of no connection; `why` is ``connection``, ``timeout`` or ``tls``."""
    reason = {"key": f"errors.model.why_{why}", "values": {}}
    return Trouble(ProviderError("model.unreachable", service=service.name, why=reason), again=True, broken=True)


def cut(service: Service) -> Trouble:
    """Return the trouble of a reply that broke off."""
    return Trouble(ProviderError("model.cut", service=service.name), again=True, broken=True)


def garbage(service: Service, error: Exception) -> Trouble:
    """Return the trouble of an answer that is not in the service's own protocol."""
    log.warning("%s: an answer could not be read (%s)", service.name, type(error).__name__)
    return Trouble(ProviderError("model.garbage", service=service.name), again=False, broken=True)


def silent(service: Service, seconds: float) -> Trouble:
    """Return the trouble of no first word in time. Not tried again: a card would stand still for a minute."""
    error = ProviderError("model.silent", service=service.name, seconds=f"{seconds:g}")
    return Trouble(error, again=False, broken=True)


def slow(service: Service, seconds: float) -> Trouble:
    """Return the trouble of a reply that took too long as a whole."""
    return Trouble(ProviderError("model.slow", service=service.name, seconds=f"{seconds:g}"), again=False, broken=True)


def of_connection(service: Service, error: BaseException) -> Trouble:
    """Return the trouble of an error below HTTP, by what caused it."""
    import ssl

    import httpx2

    for cause in _causes(error):
        if isinstance(cause, TooMuch):
            return garbage(service, cause)
        if isinstance(cause, ProviderError):  # ours: of an address that no setting names
            return _final(cause)
        if isinstance(cause, ssl.SSLError):
            return unreachable(service, "tls")
        if isinstance(cause, httpx2.ConnectTimeout):
            return unreachable(service, "timeout")
        if isinstance(cause, httpx2.ReadError | httpx2.RemoteProtocolError | httpx2.ReadTimeout):
            return cut(service)
    return unreachable(service, "connection")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def no_key(service: Service) -> MissingKey:
    """Return the error of a service without its key."""
    return MissingKey("model.missing_key", service=service.name, setting=service.setting)


def code_of(body: Any) -> str | None:
    """Return the code of an error's JSON where it is one plain word: OpenAI's ``code`` or ``type``, Gemini's status."""
    inner = _inner(body)
    for name in ("code", "status", "type"):
        value = inner.get(name)
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z_]{3,60}", value):
            return value
    return None


def _inner(body: Any) -> dict[str, Any]:
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def asked_wait(headers: Mapping[str, str], body: Any = None) -> float | None:
    """Return the seconds a service asks to wait, or None.

    ``retry-after-ms`` (OpenAI), ``Retry-After`` in seconds or as a date (RFC 9110, section 10.2.3), or ``retryDelay``
    of a ``google.rpc.RetryInfo``.
    """
    after = (headers.get("retry-after") or "").strip()
    milliseconds = _seconds(headers.get("retry-after-ms") or "")
    wait = milliseconds / 1000 if milliseconds is not None else _seconds(after)
    if wait is None and after:
        try:
            when = parsedate_to_datetime(after)
            wait = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
        except (ValueError, OverflowError):
            wait = None
    if wait is None:
        details = _inner(body).get("details")
        delays = [each.get("retryDelay") for each in details if isinstance(each, dict)] \
            if isinstance(details, list) else []
        wait = next((_seconds(each.removesuffix("s")) for each in delays if isinstance(each, str)), None)
    return None if wait is None else max(0.0, wait)


def _seconds(text: str) -> float | None:
    return min(float(text), 86_400.0) if re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]+)?\s*", text) else None
