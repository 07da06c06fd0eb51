"""What every part of Image to Music shows: the picture's pixels, its hashtags, grounds of tags, who looked at it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import cachetools
import streamlit as st

import services
from locales import format_time, texts
from support.errors import AppError, describe
from views import _shared
from views._shared import number, plain, text

KEPT_PICTURES = 120
"""JPEGs kept in memory, about 200 kB each; whoever gets a view from a service may see its pixels."""
GROUNDS = {"seen": ":material/visibility:", "inferred": ":material/lightbulb:", "chosen": ":material/person:"}
"""Icons of what a tag rests on."""
SERVICES = {"openai": "OpenAI", "gemini": "Google Gemini"}
_pixels: cachetools.LRUCache[tuple[int, int], bytes] = cachetools.LRUCache(KEPT_PICTURES)
_lock = threading.Lock()


def jpeg(actor: services.Actor, view: services.PictureView) -> bytes:
    """Return a picture's JPEG; an id is never used for another picture, so it is kept for who may see it."""
    key = (actor.id, view.id)
    with _lock:
        if key in _pixels:
            return _pixels[key]
    found = services.picture_jpeg(actor, view)
    with _lock:
        _pixels[key] = found
    return found


def forget(image_id: int) -> None:
    """Drop the pixels of a picture that was deleted or taken down."""
    with _lock:
        for key in [key for key in _pixels if key[1] == image_id]:
            del _pixels[key]


def picture(actor: services.Actor, view: services.PictureView) -> None:
    """Draw a picture over the whole width, or say why it cannot be shown."""
    if view.removed_at is not None:
        st.warning(text("i2m.save.removed"), icon=":material/block:")
        return
    try:
        st.image(jpeg(actor, view), width="stretch", alt=text("i2m.archive.alt", tags=hashtags(view)))
    except AppError as error:
        _shared.error_box(error)


def hashtags(view: services.PictureView, most: int = 12) -> str:
    """Return a picture's hashtags in the reader's language."""
    return " ".join(services.hashtag(name, _shared.lang()) for name in view.hashtags[:most])


def hashtag_line(view: services.PictureView, most: int = 12) -> None:
    """Draw the hashtags as badges."""
    tags = [f":violet-badge[{plain(services.hashtag(name, _shared.lang()))}]" for name in view.hashtags[:most]]
    if tags:
        st.markdown(" ".join(tags))


def label(name: str) -> str:
    """Return a tag or a genre in the reader's language."""
    return services.tag_label(name, _shared.lang())


def ground(name: str) -> str:
    """Return what a tag rests on, with its icon."""
    return f"{GROUNDS[name]} {text(f'i2m.ground.{name}')}"


def told(code: str | None, values: Mapping[str, Any] | None) -> str:
    """Return a stored error in words, for markdown; its values may be texts themselves."""
    return _shared.plain_text(describe(_shared.lang(), code, dict(values or {}))) if code else ""


def why(key: str) -> str:
    """Return what the tagger saw, from its key such as ``scene.sea``; empty where it does not say."""
    known = f"image_tags.{key}"
    return text(known) if key and known in texts(_shared.lang()) else ""


def tagger(name: str) -> str:
    """Return what looked at a picture: a model of a service, or the tagger on this server."""
    service, _, model = name.partition(":")
    if service in SERVICES:
        return text("i2m.tagger.outside", service=SERVICES[service], model=plain(model))
    return text("i2m.tagger.local", name=plain(name))


def seen_by(view: services.PictureView) -> None:
    """Say who looked at a picture, what was seen, and what went wrong on the way."""
    lines = [text("i2m.tagger.by", name=tagger(view.tagger))]
    found = [(why(f"scene.{scene['name']}"), scene["confidence"]) for scene in view.notes.get("scenes", ())]
    scenes = [f"{name} {number(100 * confidence)}%" for name, confidence in found if name]
    if scenes:
        lines.append(text("i2m.tagger.scenes", scenes=", ".join(scenes)))
    if view.notes.get("dropped"):
        lines.append(text("i2m.tagger.dropped", count=number(view.notes["dropped"])))
    st.caption("  \n".join(lines))
    failed = view.notes.get("fallback")
    if failed:
        st.warning(text("i2m.tagger.fallback", why=told(failed["code"], failed["values"])),
                   icon=":material/swap_horiz:")


def of(view: services.PictureView) -> str:
    """Return whose picture it is and since when."""
    return text("i2m.view.of", owner=plain(view.owner), moment=format_time(_shared.lang(), view.created_at))


def number_in_url(value: str) -> int | None:
    """Return an id of the URL, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None
