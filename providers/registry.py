"""Which language models, models that see, paint or make music, and finders of videos there are, by their service.

An SDK is imported with the first reply asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config import Settings
from providers import friendli, gemini, music_http, openai, youtube
from providers._calls import Limits
from providers._images import LIMITS, HostedPainter
from providers._images_gemini import GeminiImages
from providers._images_openai import OpenAIImages
from providers._troubles import Service, no_key
from providers._vision import VisionModel
from providers.base import ChatModel, MusicMaker, Painter, Vision
from providers.diffusion import DiffusionPainter
from providers.music_http import HttpMusic
from providers.musicgen import MusicGen
from support.errors import DataError

SERVICES: Mapping[str, Service] = {
    "openai": openai.SERVICE, "friendli": friendli.SERVICE, "gemini": gemini.SERVICE,
    "compatible": Service("compatible", None),
}
"""What `chat_model` knows, with the name of the key each needs (None: it may do without)."""
VISION_MODELS: Mapping[str, str] = {"openai": "gpt-4o-mini", "gemini": "gemini-3.1-flash-lite"}
"""Services whose models see, in the order they are asked, with the model of each (docs/adr/0011, 0016)."""
VISION_SETTINGS: Mapping[str, str] = {"openai": "VISION_OPENAI_MODEL", "gemini": "VISION_GEMINI_MODEL"}
"""Settings that name another model."""
PAINTER_MODELS: Mapping[str, str] = {"openai": "gpt-image-2.5-flare", "gemini": "gemini-nano-banana-2.1"}
"""Services whose models paint, in the order they are asked, with the model of each (docs/adr/0019)."""
PAINTER_SETTINGS: Mapping[str, str] = {"openai": "IMAGE_OPENAI_MODEL", "gemini": "IMAGE_GEMINI_MODEL"}
"""Settings that name another model."""
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
    key, address = _checked(provider, model, key, base_url)
    return _made(provider, model, key, address, limits or Limits())


def vision(provider: str, *, key: str | None, model: str | None = None, base_url: str | None = None,
           limits: Limits | None = None) -> Vision:
    """Return a model that sees; nothing is sent yet.

    Parameters
    ----------
    provider : str
        A key of `VISION_MODELS`.
    key : str or None
    model : str or None
        None takes the one of `VISION_MODELS`.
    base_url : str or None
        None takes the service's own.
    limits : Limits or None
        None takes the defaults.

    Raises
    ------
    DataError, MissingKey
        As `chat_model` does.
    """
    if provider not in VISION_MODELS:
        raise DataError("model.provider", provider=provider, accepted=", ".join(VISION_MODELS))
    name = VISION_MODELS[provider] if model is None else model
    chat = chat_model(provider, name, key=key, base_url=base_url, limits=limits)
    return VisionModel(chat, SERVICES[provider], VISION_SETTINGS[provider])


def visions(keys: Mapping[str, str], *, models: Mapping[str, str] | None = None,
            base_urls: Mapping[str, str] | None = None, limits: Limits | None = None) -> tuple[Vision, ...]:
    """Return the models that see and have a key, in the order they should be asked; empty where there is no key.

    Parameters
    ----------
    keys : mapping of str to str
        As in `config.Settings.keys`.
    models, base_urls : mapping of str to str or None
        By service, in place of the defaults.
    limits : Limits or None
        Of each call.

    Raises
    ------
    DataError
        If a key, a name or an address cannot be used.
    """
    models, base_urls = models or {}, base_urls or {}
    having = {provider: (keys.get(SERVICES[provider].setting or "") or "").strip() for provider in VISION_MODELS}
    return tuple(vision(provider, key=key, model=models.get(provider), base_url=base_urls.get(provider), limits=limits)
                 for provider, key in having.items() if key)


def painter(provider: str, *, key: str | None, model: str | None = None, base_url: str | None = None,
            limits: Limits | None = None) -> Painter:
    """Return a model of a service that paints; nothing is sent yet.

    Parameters
    ----------
    provider : str
        A key of `PAINTER_MODELS`.
    key : str or None
    model : str or None
        None takes the one of `PAINTER_MODELS`.
    base_url : str or None
        None takes the service's own.
    limits : Limits or None
        None takes `providers._images.LIMITS`.

    Raises
    ------
    DataError, MissingKey
        As `chat_model` does.
    """
    if provider not in PAINTER_MODELS:
        raise DataError("model.provider", provider=provider, accepted=", ".join(PAINTER_MODELS))
    name = PAINTER_MODELS[provider] if model is None else model
    good, at = _checked(provider, name, key, base_url)
    source = (OpenAIImages if provider == "openai" else GeminiImages)(name, good or "", at.url)
    return HostedPainter(source, SERVICES[provider], PAINTER_SETTINGS[provider], limits or LIMITS)


def painters(keys: Mapping[str, str], *, models: Mapping[str, str] | None = None,
             base_urls: Mapping[str, str] | None = None, diffusion_model: str | Path | None = None,
             limits: Limits | None = None) -> tuple[Painter, ...]:
    """Return the models that paint, in the order they should be asked: on this machine, then those with a key.

    Parameters
    ----------
    keys : mapping of str to str
        As in `config.Settings.keys`.
    models, base_urls : mapping of str to str or None
        By service, in place of the defaults.
    diffusion_model : str or Path or None
        Folder of a model of diffusers; whether it can be used is said when it is asked to paint.
    limits : Limits or None
        Of each call of a service.

    Raises
    ------
    DataError
        If a key, a name or an address cannot be used.
    """
    models, base_urls = models or {}, base_urls or {}
    having = {provider: (keys.get(SERVICES[provider].setting or "") or "").strip() for provider in PAINTER_MODELS}
    local = (DiffusionPainter(Path(diffusion_model)),) if diffusion_model else ()
    return (*local, *(painter(provider, key=key, model=models.get(provider), base_url=base_urls.get(provider),
                              limits=limits) for provider, key in having.items() if key))


def music_makers(settings: Settings, *, limits: Limits | None = None) -> tuple[MusicMaker, ...]:
    """Return the makers of music that are set up: on this machine, then the service; nothing is loaded or sent yet.

    Parameters
    ----------
    settings : Settings
        ``musicgen_model`` (whether the folder can be used is said by `MusicMaker.problem`), ``music_http_url`` and
        ``music_http_model``; the service may do without its key, ``MUSIC_HTTP_API_KEY``.
    limits : Limits or None
        Of each sample of the service; None takes `providers.music_http.LIMITS`.

    Raises
    ------
    DataError
        If the key or the address cannot be used.
    """
    local = (MusicGen(Path(settings.musicgen_model)),) if settings.musicgen_model else ()
    if not settings.music_http_url:
        return local
    model = (settings.music_http_model or "").strip()
    try:
        at = _address(settings.music_http_url, model)
    except DataError:
        raise DataError("music_providers.address") from None
    key = (settings.keys.get(music_http.KEY_NAME) or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise DataError("music_providers.key_form")
    return (*local, HttpMusic(at.url, key or None, model, limits or music_http.LIMITS))


def video_search(keys: Mapping[str, str], *, base_urls: Mapping[str, str] | None = None) -> youtube.YouTube:
    """Return the search for a song's video; nothing is sent yet.

    Raises
    ------
    MissingKey
        If ``YOUTUBE_API_KEY`` is not set; `providers.youtube.search_link` needs none.
    DataError
        If the address cannot be used.
    """
    return youtube.YouTube(keys.get(youtube.KEY_NAME, ""), base_url=(base_urls or {}).get("youtube", youtube.BASE_URL))


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


def _checked(provider: str, model: str, key: str | None, base_url: str | None) -> tuple[str | None, _At]:
    """Return the key and the address that may be used; see `chat_model` for what is raised."""
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
    return key, address


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
