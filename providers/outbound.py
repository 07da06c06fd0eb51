"""Where the product may connect to: the hosts its settings name, and no other.

Each client for HTTP is made in `providers._http`, or by an SDK that is handed what asks here, so `permit` sees every
request before a socket is opened, the next step of a redirect among them. Nothing that comes from outside (an address
in an answer, in a file, in a text of a user) adds a host; a private address is no exception in either direction.

A host is named by the address of a service, or by the key of a service that has an address of its own
(docs/deploy.md has the table). What a proxy of the environment passes on is checked all the same, by where it goes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import config
from config import Settings
from support.errors import ProviderError

SETTING = "OUTBOUND_HOSTS"
"""Names further hosts, such as where a service of the operator's own redirects to."""
PORTS = {"http": 80, "https": 443, "smtp": 587, "smtps": 465}
AMAZON_S3 = r"s3(-fips)?(\.dualstack)?([.-][a-z]{2}(-[a-z]+)+-[0-9])?\.amazonaws\.com(\.cn)?"
"""Hosts of S3 itself, before which the bucket's name may stand: a bucket can be in another region than it is set to."""


@dataclass(frozen=True, slots=True)
class Door:
    """A host, or all that match, which a setting opens.

    Attributes
    ----------
    host : str
        Regular expression of the whole name in lower case.
    port : int or None
        None: every port.
    setting : str
        What names it.
    """

    host: str
    port: int | None
    setting: str

    def leads_to(self, host: str, port: int | None) -> bool:
        """Return whether a host's port is behind this door."""
        return self.port in (None, port) and re.fullmatch(self.host, host) is not None


def permit(address: str) -> None:
    """Let a request to an address pass, or raise before anything is opened.

    Parameters
    ----------
    address : str
        ``https://host:port/...``.

    Raises
    ------
    ProviderError
        ``outbound.refused``, with the host and the setting that would allow it.
    """
    host, port = _place(address)
    settings = config.load()
    if any(door.leads_to(host, port) for door in doors(settings)):
        return
    known = {_place(default)[0]: key for _, key, default, _ in _services()}
    raise ProviderError("outbound.refused", host=host or "?", setting=known.get(host, SETTING))


def doors(settings: Settings) -> Iterator[Door]:
    """Yield where the settings lead to; the judges' file, which has to be read, comes last."""
    named = [("DATABRICKS_HOST", settings.databricks_host), ("MUSIC_HTTP_URL", settings.music_http_url),
             ("ALERT_WEBHOOK_URL", settings.alert_webhook), ("SMTP_URL", settings.smtp_url),
             ("LASTFM_ENDPOINT", settings.lastfm_endpoint)]
    for name, key, default, setting in _services():
        own = settings.base_urls.get(name)
        named.append((setting, own) if own else (key, default if settings.keys.get(key) else None))
    for setting, address in named:
        if address:
            yield _door(address, setting)
    if settings.s3_bucket:
        yield _bucket(settings)
    yield from map(_further, settings.outbound_hosts)
    yield from _judges(settings)


def _services() -> tuple[tuple[str, str, str, str], ...]:
    """Return services with an address of their own: name, key, that address, the setting that names another."""
    from providers import friendli, gemini, lastfm, openai, youtube  # they are clients: they ask here

    return (("openai", "OPENAI_API_KEY", openai.BASE_URL, "OPENAI_BASE_URL"),
            ("friendli", "FRIENDLI_API_KEY", friendli.BASE_URL, "FRIENDLI_BASE_URL"),
            ("gemini", "GOOGLE_API_KEY", gemini.BASE_URL, "GEMINI_BASE_URL"),
            ("youtube", "YOUTUBE_API_KEY", youtube.BASE_URL, "YOUTUBE_BASE_URL"),
            ("lastfm", "LASTFM_API_KEY", lastfm.ENDPOINT, "LASTFM_ENDPOINT"))


def _judges(settings: Settings) -> Iterator[Door]:
    """Yield where judges' models are: at an address of their own, or their provider's with a key of their own."""
    try:
        tree: dict[str, Any] = tomllib.loads(settings.judges_file.read_text("utf-8"))
    except (OSError, ValueError):  # whoever asks for judges is told what is wrong with it
        return
    defaults = {name: default for name, _, default, _ in _services()}
    judges = tree.get("judges")
    for judge in judges if isinstance(judges, list) else ():
        entry = judge if isinstance(judge, dict) else {}
        said = {name: value for name, value in entry.items() if isinstance(value, str)}
        own = said.get("base_url")
        if own or settings.keys.get(said.get("key_name", "")):
            yield _door(own or defaults.get(said.get("provider", ""), ""), settings.judges_file.name)


def _bucket(settings: Settings) -> Door:
    if settings.s3_endpoint_url:
        return _door(settings.s3_endpoint_url, "S3_ENDPOINT_URL")
    return Door(rf"({re.escape((settings.s3_bucket or '').lower())}\.)?{AMAZON_S3}", PORTS["https"], "S3_BUCKET")


def _further(entry: str) -> Door:
    """Return the door of an entry of `SETTING`, which is a host, with or without a port."""
    host, _ = _place(f"//{entry}")
    return Door(re.escape(host), urlsplit(f"//{entry}").port, SETTING)


def _door(address: str, setting: str) -> Door:
    host, port = _place(address)
    return Door(re.escape(host), port, setting)


def _place(address: str) -> tuple[str, int | None]:
    """Return host and port of an address, as names are compared; no host where it is none."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port or PORTS.get(parts.scheme)
        return host.encode("idna").decode() if not host.isascii() else host, port
    except ValueError:  # also what no name can be
        return "", None
