"""Where reduced pictures are kept: in the database, or in a bucket where ``S3_PICTURES_PREFIX`` is set."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import config
from providers.s3 import S3Texts
from support.decoding import LARGEST_RESULT
from support.errors import AppError, NotFound
from usecases.song_sources import place

log = logging.getLogger(__name__)


def put(sha256: str, owner_id: int, jpeg: bytes) -> dict[str, Any]:
    """Store a picture's pixels; return the columns that say where: ``jpeg`` or ``object_key``.

    Raises
    ------
    ProviderError
        If the bucket does not take it.
    """
    bucket = _bucket()
    if bucket is None:
        return {"jpeg": jpeg, "object_key": None}
    key = f"{(config.load().s3_pictures_prefix or '').strip('/')}/{owner_id}-{sha256}.jpg"
    bucket.write(key, jpeg, "image/jpeg")
    return {"jpeg": None, "object_key": key}


def read(jpeg: bytes | None, object_key: str | None) -> bytes:
    """Return a picture's pixels.

    Raises
    ------
    NotFound
        If the bucket has it no longer, or is no longer configured.
    ProviderError
    """
    if jpeg is not None:
        return jpeg
    bucket = _bucket()
    found = None if bucket is None or object_key is None else bucket.read(object_key, LARGEST_RESULT)
    if found is None:
        raise NotFound("picture.gone")
    return found[0]


def drop(object_key: str | None) -> None:
    """Remove a picture from the bucket; where that fails it is logged: nothing in the product points there any more."""
    bucket = _bucket()
    if object_key is None or bucket is None:
        return
    try:
        bucket.delete(object_key)
    except AppError as error:
        log.warning("%s stays in the bucket: %s", object_key, error)


def _bucket() -> S3Texts | None:
    found = place()
    if not config.load().s3_pictures_prefix or found is None:
        return None
    return S3Texts(replace(found, key=""))
