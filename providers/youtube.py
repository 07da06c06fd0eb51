"""YouTube: the video of a song, by the official search (Data API v3, ``search.list``).

A search is dear: 100 of the 10,000 units a project has a day (now counted by the service as one of 100 searches, which
comes to the same), so it is made once a song and its answer stored. The key travels in the address, as the service
documents it, so no error, log line or `repr` holds any part of an address.
Errors: https://developers.google.com/youtube/v3/docs/errors
"""

from __future__ import annotations

import html
import json
import random
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from support import metrics
from support.errors import DataError, MissingKey, ProviderError, RateLimited

BASE_URL = "https://www.googleapis.com/youtube/v3"
KEY_NAME = "YOUTUBE_API_KEY"
SEARCH_PAGE = "https://www.youtube.com/results?search_query="
SEARCH_UNITS = 100
"""Units of the daily quota a search costs."""
MUSIC = "10"
"""Number of the category Music."""
CANDIDATES = 5
"""Results asked for, at the price of one: the first can be a stream that has not begun."""
TIMEOUT_S = (3.05, 5.0)
"""Seconds to connect and to wait for the answer."""
TRIES = 3
BUDGET_S = 12.0
"""Seconds after which no further try is begun and no more is read: somebody waits for the page."""
LARGEST_ANSWER = 1_000_000
QUOTA = {"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"}
LIMIT = {"rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED"}
BAD_KEY = {"API_KEY_INVALID", "keyInvalid", "keyExpired", "accessNotConfigured", "SERVICE_DISABLED",
           "API_KEY_SERVICE_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED", "ipRefererBlocked",
           "forbidden", "unauthorized", "UNAUTHENTICATED", "PERMISSION_DENIED"}
"""Reasons of errors: the day's quota; too fast; the key, or what it is allowed to do."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video that may be shown in a page.

    Attributes
    ----------
    video_id : str
    title, channel : str
        As YouTube writes them.
    units : int
        Quota the search took, all tries counted.
    """

    video_id: str
    title: str
    channel: str
    units: int


class YouTube:
    """Searches YouTube; may be used by several threads.

    Parameters
    ----------
    key : str
    base_url : str
        ``https://...`` up to the version; plain http only on this machine.
    timeout_s : tuple of float
    budget_s : float
        Seconds after which no further try is begun and no more of an answer is read.
    backoff_s : float
        The wait before the second try, doubled for the next, with up to half as much at random on top.

    Raises
    ------
    MissingKey
        If `key` is empty.
    DataError
        If `base_url` would send the key unencrypted, or is no web address.
    """

    def __init__(self, key: str, *, base_url: str = BASE_URL, timeout_s: tuple[float, float] = TIMEOUT_S,
                 budget_s: float = BUDGET_S, backoff_s: float = 0.5) -> None:
        if not key.strip():
            raise MissingKey("youtube.no_key")
        if not _is_safe(base_url):
            raise DataError("youtube.address")
        self._key, self._url = key.strip(), f"{base_url.rstrip('/')}/search"
        self._timeout_s, self._budget_s, self._backoff_s = timeout_s, budget_s, backoff_s

    def __repr__(self) -> str:
        return "YouTube(<secret>)"

    @metrics.call("YouTube")
    def find(self, title: str, artist: str) -> Video:
        """Return the video YouTube finds first for a song, among those that may be shown in other pages.

        Raises
        ------
        RateLimited
            ``youtube.quota`` where the day's quota is used up, ``youtube.limited`` after the last try.
        MissingKey
            If the key is not accepted.
        ProviderError
            ``youtube.nothing`` where there is no such video; others where nobody answered, or not what was asked for.
            Each holds ``units`` in its `values`: the quota of all tries, at the most.
        """
        asked = {"part": "snippet", "type": "video", "videoEmbeddable": "true", "videoCategoryId": MUSIC,
                 "maxResults": str(CANDIDATES), "q": f"{artist} {title}", "key": self._key}
        deadline = time.monotonic() + self._budget_s
        attempt = 0
        while True:
            items, failure, wait_s = self._once(asked, deadline)
            attempt += 1
            units = attempt * SEARCH_UNITS
            if failure is None:
                if (found := _video(items, units)) is None:
                    raise ProviderError("youtube.nothing", artist=artist, title=title, units=units)
                return found
            wait_s = max(wait_s, self._backoff_s * 2 ** (attempt - 1) * (1 + random.random() / 2))
            if attempt == TRIES or time.monotonic() + wait_s > deadline or not _passing(failure):
                failure.values["units"] = units
                raise failure
            time.sleep(wait_s)

    def _once(self, asked: dict[str, str], deadline: float) -> tuple[list[Any], ProviderError | None, float]:
        """Ask once; return the results, what failed, and the seconds to wait."""
        import requests
        from urllib3.exceptions import HTTPError
        from urllib3.exceptions import TimeoutError as Late

        from providers._http import session
        from providers._patience import hushed

        try:
            with hushed(), session() as asker, asker.get(self._url, params=asked, timeout=self._timeout_s, stream=True,
                                                         allow_redirects=False) as answer:
                wait_s = _seconds(answer.headers.get("Retry-After", ""))
                return *_reading(answer.status_code, _body(answer.raw, deadline)), wait_s
        except (requests.Timeout, Late, TimeoutError):
            why = "timeout"
        except requests.exceptions.SSLError:
            why = "tls"
        except (requests.RequestException, HTTPError, UnicodeError):
            why = "connection"
        return [], ProviderError("youtube.unreachable", why={"key": f"errors.youtube.why_{why}", "values": {}}), 0.0


def search_link(title: str, artist: str) -> str:
    """Return the address of YouTube's own search for a song; needs no key."""
    return SEARCH_PAGE + quote_plus(f"{artist} {title}".strip())


def _body(raw: Any, deadline: float) -> bytes:
    """Return what comes, up to one byte over `LARGEST_ANSWER`; a server that sends drop by drop is not waited for."""
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST_ANSWER and (part := raw.read1(65_536, decode_content=True)):
        if time.monotonic() > deadline:
            raise TimeoutError
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _reading(status: int, body: bytes) -> tuple[list[Any], ProviderError | None]:
    """Return the results of an answer, or what it says has failed."""
    try:
        tree = json.loads(body) if len(body) <= LARGEST_ANSWER else None
    except (ValueError, RecursionError):
        tree = None
    if not 200 <= status < 300 or isinstance(tree, dict) and "error" in tree:
        return [], _failure(status, _reasons(tree))
    if not isinstance(tree, dict) or not isinstance(tree.get("items"), list):
        return [], ProviderError("youtube.garbage")
    return tree["items"], None


def _reasons(tree: Any) -> list[str]:
    """Return the reasons of an error, the plainest words last: Google names one in up to three places."""
    error = tree.get("error") if isinstance(tree, dict) else None
    if not isinstance(error, dict):
        return []
    listed = [*_dicts(error.get("details")), *_dicts(error.get("errors"))]
    words = [*(each.get("reason") for each in listed), error.get("status")]
    return [word for word in words if isinstance(word, str) and re.fullmatch(r"[A-Za-z_]{3,60}", word)]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _failure(status: int, reasons: list[str]) -> ProviderError:
    reason = reasons[0] if reasons else "–"
    if QUOTA & set(reasons):
        return RateLimited("youtube.quota")
    if status == 429 or LIMIT & set(reasons):
        return RateLimited("youtube.limited")
    if status in (401, 403) or status < 500 and BAD_KEY & set(reasons):
        return MissingKey("youtube.bad_key", reason=reason)
    return ProviderError("youtube.refused", status=status, reason=reason)


def _passing(failure: ProviderError) -> bool:
    """Return whether trying again may help."""
    if failure.code == "youtube.refused":
        return failure.values["status"] >= 500
    return failure.code in ("youtube.limited", "youtube.unreachable")


def _video(items: list[Any], units: int) -> Video | None:
    """Return the first result that is a video and can be played now."""
    for item in _dicts(items):
        number, about = item.get("id"), item.get("snippet")
        name = number.get("videoId") if isinstance(number, dict) else None
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{11}", name) or not isinstance(about, dict):
            continue
        if about.get("liveBroadcastContent", "none") != "none":
            continue
        return Video(name, _text(about.get("title")), _text(about.get("channelTitle")), units)
    return None


def _text(value: Any) -> str:
    """Return a text as people write it: the service hands it over escaped for HTML."""
    return " ".join(html.unescape(value).split())[:300] if isinstance(value, str) else ""


def _seconds(header: str) -> float:
    """Return the seconds of a ``Retry-After``; 0 where there are none to be read."""
    return float(header) if re.fullmatch(r"\s*[0-9]{1,5}(\.[0-9]+)?\s*", header) else 0.0


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        return bool(parts.hostname) and (parts.scheme == "https" or parts.scheme == "http" and local)
    except ValueError:
        return False
