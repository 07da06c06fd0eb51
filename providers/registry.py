"""Which language models there are, by the name of their service; an SDK is imported with the first reply asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from providers import friendli, gemini, openai
from providers._calls import Limits
from providers._troubles import Service, no_key
from providers.base import ChatModel
from support.errors import DataError

SERVICES: Mapping[str, Service] = {
    "openai": openai.SERVICE, "friendli": friendli.SERVICE, "gemini": gemini.SERVICE,
    "compatible": Service("compatible", None),
}
"""What `chat_model` knows, with the name of the key each needs (None: it may do without)."""
BASE_URLS = {"openai": openai.BASE_URL, "friendli": friendli.BASE_URL, "gemini": gemini.BASE_URL}


def chat_model(provider: str, model: str, *, key: str | None, base_url: str | None = None,
               limits: Limits | None = None) -> ChatModel:
    """Return a language model; nothing is sent yet.

    Parameters
    ----------
    provider : str
        A key of `SERVICES`; ``compatible`` is any server that speaks OpenAI's chat completions.
    model : str
        Its name as the service spells it.
    key : str or None
        Needed but for ``compatible``.
    base_url : str or None
        Where the service is; needed for ``compatible``.
    limits : Limits or None
        None takes the defaults.

    Raises
    ------
    DataError
        If `provider` is unknown, `model` is empty or `base_url` is no web address (one with a password in it neither:
        it would be shown), or the key holds what no key can.
    MissingKey
        With the name of the setting that is empty.
    """
    if provider not in SERVICES:
        raise DataError("model.provider", provider=provider, accepted=", ".join(SERVICES))
    if not model.strip():
        raise DataError("model.no_name", provider=provider)
    address = _address(base_url or BASE_URLS.get(provider, ""), model)
    if SERVICES[provider].setting and not (key or "").strip():
        raise no_key(SERVICES[provider])
    key = (key or "").strip() or None
    if key and not (key.isascii() and key.isprintable()):
        raise DataError("model.key_form", setting=SERVICES[provider].setting or "key_name")
    return _made(provider, model, key, address, limits or Limits())


@dataclass(frozen=True)
class _At:
    url: str
    host: str


def _made(provider: str, model: str, key: str | None, at: _At, limits: Limits) -> ChatModel:
    if provider == "gemini":
        return gemini.GeminiChat(model, key or "", at.url, limits)
    if provider == "friendli":
        return friendli.friendli_chat(model, key or "", at.url, limits)
    if provider == "openai":
        return openai.OpenAIChat(model, key, at.url, limits=limits)
    return openai.OpenAIChat(model, key, at.url, provider, Service(at.host, None), "max_tokens", limits)


def _address(url: str, model: str) -> _At:
    """Return the address without its last slash, and the host people know it by."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 \
            and not any(map(str.isspace, url)) and not (parts.username or parts.password or parts.query)
    except ValueError:
        good = False
    if not good:
        raise DataError("model.address", model=model)
    return _At(url.rstrip("/"), parts.netloc)
