"""Last.fm: what listeners say of a track (``track.getInfo``): top tags, album cover, listeners, plays.

The key travels in the address, as the service wants it, so no error, log line or `repr` holds any part of an address.
Error codes: https://www.last.fm/api/errorcodes
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from support import metrics
from support.errors import DataError, MissingKey, ProviderError, RateLimited

ENDPOINT = "https://ws.audioscrobbler.com/2.0/"
USER_AGENT = "MusicIntegratedSystem/0.1"
TIMEOUT_S = (3.05, 5.0)
"""Seconds to connect and to wait for the answer."""
TRIES = 3
BUDGET_S = 12.0
"""Seconds after which no further try is begun and no more is read: somebody waits for the audition."""
PAUSE_S = 0.2
"""Seconds between two requests: the service asks for no more than five a second."""
LARGEST_ANSWER = 1_000_000
MOST_TAGS = 10
NOT_FOUND, LIMIT, BAD_KEYS, PASSING = 6, 29, {4, 10, 26}, {8, 11, 16}
"""Codes of errors: no such track; too many requests; the key; what may be over in a moment."""
SIZES = ("mega", "extralarge", "large", "medium", "small", "")
_NO_PICTURE = "2a96cbd8b46e442fc41c2b86b821562f"
"""Name of the grey star the service gives where it has no picture."""


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What Last.fm knows of a track.

    Attributes
    ----------
    artist, title : str
        As Last.fm writes them (it corrects spellings).
    tags : tuple of str
        Top tags, most used first; at most `MOST_TAGS`.
    cover_url : str or None
        The album's picture, the largest.
    listeners, playcount : int or None
    url : str or None
        The track's page.
    """

    artist: str
    title: str
    tags: tuple[str, ...]
    cover_url: str | None
    listeners: int | None
    playcount: int | None
    url: str | None


class LastFm:
    """Asks Last.fm, not more often than it allows; may be used by several threads.

    Parameters
    ----------
    key : str
    endpoint : str
        ``https://...``; plain http only on this machine.
    timeout_s : tuple of float
    budget_s : float
        Seconds after which no further try is begun and no more of an answer is read.
    backoff_s : float
        The wait before the second try, doubled for the next, with up to half as much at random on top.
    pause_s : float
        Seconds between the beginnings of two requests.

    Raises
    ------
    MissingKey
        If `key` is empty.
    DataError
        If `endpoint` would send the key unencrypted, or is no web address.
    """

    def __init__(self, key: str, *, endpoint: str = ENDPOINT, timeout_s: tuple[float, float] = TIMEOUT_S,
                 budget_s: float = BUDGET_S, backoff_s: float = 0.5, pause_s: float = PAUSE_S) -> None:
        if not key:
            raise MissingKey("lastfm.no_key")
        if not _is_safe(endpoint):
            raise DataError("lastfm.address")
        self._key, self._endpoint, self._timeout_s = key, endpoint, timeout_s
        self._budget_s, self._backoff_s, self._pause_s = budget_s, backoff_s, pause_s
        self._lock, self._next_at = threading.Lock(), 0.0

    def __repr__(self) -> str:
        return "LastFm(<secret>)"

    @metrics.call("Last.fm")
    def track(self, artist: str, title: str) -> TrackInfo | None:
        """Return what is known of a track; None: Last.fm does not know it, which is an answer as well.

        Raises
        ------
        RateLimited
            If it was still too many requests at the last try.
        MissingKey
            If the key is not accepted.
        ProviderError
            If nobody answered, or not what was asked for.
        """
        asked = {"method": "track.getInfo", "artist": artist, "track": title, "autocorrect": "1", "format": "json",
                 "api_key": self._key}
        deadline = time.monotonic() + self._budget_s
        attempt = 0
        while True:
            self._take_turn()
            tree, failure, wait_s = self._once(asked, deadline)
            if failure is None:
                return None if tree is None else _info(tree, artist, title)
            wait_s = max(wait_s, self._backoff_s * 2 ** attempt * (1 + random.random() / 2))
            attempt += 1
            if attempt == TRIES or time.monotonic() + wait_s > deadline or not _passing(failure):
                raise failure
            time.sleep(wait_s)

    def _take_turn(self) -> None:
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next_at)
            self._next_at = at + self._pause_s
        time.sleep(at - now)

    def _once(self, asked: dict[str, str], deadline: float) -> tuple[Any, ProviderError | None, float]:
        """Ask once; return the tree of the answer (None: no such track), what failed, and the seconds to wait."""
        import requests
        from urllib3.exceptions import HTTPError
        from urllib3.exceptions import TimeoutError as Late

        from providers._http import session
        from providers._patience import hushed

        try:
            with hushed(), session() as asker, asker.get(
                    self._endpoint, params=asked, timeout=self._timeout_s, stream=True,
                    headers={"User-Agent": USER_AGENT}, allow_redirects=False) as answer:
                wait_s = _seconds(answer.headers.get("Retry-After", ""))
                return *_reading(answer.status_code, _body(answer.raw, deadline)), wait_s
        except (requests.Timeout, Late, TimeoutError):
            why = "timeout"
        except requests.exceptions.SSLError:
            why = "tls"
        except (requests.RequestException, HTTPError, UnicodeError):
            why = "connection"
        return None, ProviderError("lastfm.unreachable", why={"key": f"errors.lastfm.why_{why}", "values": {}}), 0.0


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


def _reading(status: int, body: bytes) -> tuple[Any, ProviderError | None]:
    """Return the tree of an answer, None where there is no such track, or what it says has failed."""
    try:
        tree = json.loads(body) if len(body) <= LARGEST_ANSWER else None
    except (ValueError, RecursionError):
        tree = None
    code = _number(tree.get("error")) if isinstance(tree, dict) else None
    if code == NOT_FOUND:
        # 6 also means a parameter is missing or malformed; those here are always there, as texts
        return None, None
    if code == LIMIT or status == 429:
        return None, RateLimited("lastfm.limited")
    if code in BAD_KEYS:
        return None, MissingKey("lastfm.bad_key", number=code)
    if code is not None or not 200 <= status < 300:
        return None, ProviderError("lastfm.refused", status=status, number=code or "–")
    if not isinstance(tree, dict) or not isinstance(tree.get("track"), dict):
        return None, ProviderError("lastfm.garbage")
    return tree["track"], None


def _passing(failure: ProviderError) -> bool:
    """Return whether trying again may help."""
    if failure.code == "lastfm.refused":
        return failure.values["status"] >= 500 or failure.values["number"] in PASSING
    return failure.code in ("lastfm.limited", "lastfm.unreachable")


def _info(track: dict[str, Any], artist: str, title: str) -> TrackInfo:
    """Return what an answer holds; lists of one come as the one, empty ones as an empty text."""
    album, by = track.get("album"), track.get("artist")
    tags = track.get("toptags")
    listed = _list(tags.get("tag")) if isinstance(tags, dict) else []
    names = [" ".join(str(tag["name"]).split()) for tag in listed if isinstance(tag, dict) and tag.get("name")]
    return TrackInfo(
        artist=str(by.get("name") or artist) if isinstance(by, dict) else artist,
        title=str(track.get("name") or title),
        tags=tuple(dict.fromkeys(name[:100] for name in names if name))[:MOST_TAGS],
        cover_url=_cover(_list(album.get("image"))) if isinstance(album, dict) else None,
        listeners=_number(track.get("listeners")), playcount=_number(track.get("playcount")),
        url=_web(track.get("url")))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _cover(images: list[Any]) -> str | None:
    """Return the largest picture that is one."""
    found = {str(image.get("size", "")): _web(image.get("#text")) for image in images if isinstance(image, dict)}
    return next((url for size in SIZES if (url := found.get(size)) and _NO_PICTURE not in url), None)


def _web(value: Any) -> str | None:
    """Return a text that is a web address, else None: it will stand in a page."""
    text = value.strip() if isinstance(value, str) else ""
    return text if re.fullmatch(r"https?://[^\s\"'<>]+", text) else None


def _number(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 2 ** 63 else None


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
