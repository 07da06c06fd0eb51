"""Alerts to one web address, in the form Slack, Discord and programs of one's own understand.

The address is a secret (whoever knows it can post): no error, log line or `repr` holds any part of it. A receiver that
knows the ``Idempotency-Key`` header takes each alert once; Slack and Discord do not look at it, so there an alert can
appear twice if the answer to the first try was lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

from support import metrics
from support.errors import DataError, ProviderError, RateLimited

TIMEOUT_S = (3.05, 10.0)
"""Seconds to connect (just over a TCP retransmission) and to wait for the answer."""
LONGEST_TEXT = 2000
"""Characters Discord accepts in a message; Slack accepts more."""


class Webhook:
    """Posts alerts to one address (see `providers.base.Notifier`).

    Parameters
    ----------
    url : str
        ``https://...`` or ``http://...``.
    backoff_s : float
        The waits before the second, third and fourth try are 0, 2 and 4 times as long.
    timeout_s : tuple of float
        Seconds to connect and to wait for the answer.

    Raises
    ------
    DataError
        If `url` is not a web address.
    """

    def __init__(self, url: str, *, backoff_s: float = 0.5, timeout_s: tuple[float, float] = TIMEOUT_S) -> None:
        if not _is_web_address(url):
            raise DataError("provider.address")
        self._url, self._backoff_s, self._timeout_s = url, backoff_s, timeout_s

    def __repr__(self) -> str:
        return "Webhook(<secret>)"

    @metrics.call("webhook")
    def post(self, text: str, event: Mapping[str, Any], key: str) -> None:
        """Post one alert, with up to four tries.

        Parameters
        ----------
        text : str
            What people read; cut at `LONGEST_TEXT` characters.
        event : mapping
            What programs read; what is not finite becomes null, days and moments ISO 8601.
        key : str
            Names the event, the same in every try.

        Raises
        ------
        ValueError
            If `key` is empty: alerts could not be told apart.
        RateLimited
            If it was still too many requests at the last try, or the wait asked for is over a minute.
        ProviderError
            If nobody answered, or the answer was not a 2xx. Redirects are not followed.
        """
        if not key:
            raise ValueError("The key of an event is empty; hand in what names it, such as its id.")
        status, wait_s = self._send(_body(text, event), {"Content-Type": "application/json",
                                                         "Idempotency-Key": quote(key, safe=":/-_.~")})
        if status == 429:
            raise RateLimited("provider.limited", wait_s=math.ceil(wait_s))
        if 300 <= status < 400:
            raise ProviderError("provider.redirected", status=status)
        if not 200 <= status < 300:
            raise ProviderError("provider.refused", status=status)

    def _send(self, body: bytes, headers: dict[str, str]) -> tuple[int, float]:
        """Return the last answer's status and the seconds it asks to wait (0: none)."""
        import requests
        from urllib3.exceptions import HTTPError

        from providers._http import session
        from providers._patience import hushed, patience

        rule = patience(self._backoff_s)
        try:
            with hushed(), session(rule) as poster, poster.post(
                    self._url, data=body, headers=headers, timeout=self._timeout_s, allow_redirects=False,
                    stream=True) as answer:
                return answer.status_code, rule.parse_retry_after(answer.headers.get("Retry-After", "0"))
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            why = _why(error)
        # Raised outside of the handler: the library's error names the address and must not travel along.
        raise ProviderError("provider.unreachable", why={"key": f"errors.provider.why_{why}", "values": {}})


def _is_web_address(url: str) -> bool:
    """Return whether `url` is http or https with a host, without blanks."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, url)) \
            and parts.port != 0
    except ValueError:
        return False


def _body(text: str, event: Mapping[str, Any]) -> bytes:
    """Return the message: ``text`` for Slack, ``content`` for Discord, ``event`` for programs.

    A name in a text must call nobody: Slack's control characters are escaped, Discord is told to parse no mentions.
    """
    shown = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT - 1] + "…"
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": escaped, "content": shown, "allowed_mentions": {"parse": []}, "event": _plain(event)},
                      ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """Return `value` as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _why(error: Exception) -> str:
    """Return what kept a request from being answered: ``timeout``, ``tls`` or ``connection``."""
    from urllib3.exceptions import NewConnectionError, SSLError, TimeoutError

    for cause in _causes(error):
        if isinstance(cause, SSLError):
            return "tls"
        if isinstance(cause, TimeoutError) and not isinstance(cause, NewConnectionError):  # which says it is one
            return "timeout"
    return "connection"


def _causes(error: Any) -> list[Any]:
    """Return an error and what it wraps: requests keeps urllib3's as its first argument, that its own as `reason`."""
    found: list[Any] = []
    while isinstance(error, BaseException) and error not in found:
        found.append(error)
        error = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return found
