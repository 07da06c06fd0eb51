"""Files from strangers, decoded where they can do no harm: in a worker process with little memory and little time.

Task: a picture of any common kind becomes a small plain JPEG, or an error that says what is wrong with it.
Why a process: decoders are written in C; a file made for the purpose can unfold a thousandfold, run for minutes or
crash the process that reads it. A worker is started fresh (never forked), gets no secret, is reused, and is replaced
when it fails (docs/adr/0016).

Conventions: sizes in pixels as the picture is seen, that is, after turning it by its EXIF orientation; colours are
sRGB; what was transparent is white; of several pictures in a file the first, of a HEIC file the primary one. The result
holds pixels only: no place, no time, no camera, no comment, no profile.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from support.decode.kinds import other_kind, picture_kind
from support.decode.pool import Died, Full, Late, Pool, Unstarted
from support.errors import AppError, Busy, FileRefused

log = logging.getLogger(__name__)
LARGEST_PICTURE = 10 * 1024 * 1024
"""Bytes: phones write 2 to 6 MB."""
MOST_PIXELS = 50_000_000
"""Width times height: phones write 12 to 50 million; as RGBA they are 200 MB in memory."""
LONGEST_SIDE = 1024
"""Pixels of the result: taggers look at 224 to 768, pages show no more."""
QUALITY = 90
"""Of the JPEG: about 200 KB, without visible loss."""
MEMORY_BYTES = 1280 << 20
"""Address space of a worker: 50 million pixels of WebP with alpha take 1,011 MB of it, all other kinds under 800."""
PICTURE_S = 20.0
"""Seconds to decode: 50 million pixels of the slowest kind (WebP with alpha) take 2.5 on one core."""
WAIT_S = 60.0
"""Seconds to wait while all workers are busy."""
WORKERS = 2
"""At once: each can take a core and `MEMORY_BYTES`."""
LARGEST_RESULT = 8 * 1024 * 1024
"""Bytes of the result: pure noise of the longest side takes under 2 MB."""
NAMES = {"HEIF": "HEIC", "WEBP": "WebP"}
"""How people call a kind, where not as Pillow does."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is safe to keep, to show and to hand on.

    Attributes
    ----------
    jpeg : bytes
        RGB, at most `LONGEST_SIDE` pixels long, without metadata.
    width, height : int
        Pixels of `jpeg`.
    original_width, original_height : int
        Pixels of the file, as the picture is seen.
    format : str
        What the file was: PNG, JPEG, WebP, BMP or HEIC.
    sha256 : str
        Of the file's own bytes, in hexadecimal.
    """

    jpeg: bytes
    width: int
    height: int
    original_width: int
    original_height: int
    format: str
    sha256: str


_pool = Pool(WORKERS, MEMORY_BYTES)
atexit.register(_pool.close)


def picture(data: bytes) -> Picture:
    """Decode a picture.

    Parameters
    ----------
    data : bytes
        A file of PNG, JPEG, WebP, BMP or HEIC; its content decides, there is no name.

    Raises
    ------
    FileRefused
        ``picture.empty``, ``.large``, ``.kind``, ``.pixels``, ``.broken``, ``.memory``, ``.slow``, ``.crashed``, or
        ``.no_reader`` where a library is missing (``pi-heif`` for HEIC).
    Busy
        If all workers were busy for `WAIT_S` seconds.
    AppError
        ``picture.no_worker``, if this machine starts no process.
    """
    kind = _checked(data)
    options = {"kind": kind, "most_pixels": MOST_PIXELS, "longest_side": LONGEST_SIDE, "quality": QUALITY}
    head, jpeg = _asked("picture", options, data)
    if "refused" in head:
        raise _refusal(head, kind)
    return Picture(jpeg, head["width"], head["height"], head["original_width"], head["original_height"],
                   NAMES.get(kind, kind), hashlib.sha256(data).hexdigest())


def close() -> None:
    """End the workers that are idle; a later call starts new ones."""
    _pool.close()


def _checked(data: bytes) -> str:
    """Return the kind of a file that may be decoded."""
    if not data:
        raise FileRefused("picture.empty")
    if len(data) > LARGEST_PICTURE:
        raise FileRefused("picture.large", size_mb=f"{len(data) / 2**20:.1f}", limit_mb=LARGEST_PICTURE >> 20)
    kind = picture_kind(data)
    if kind is None:
        raise FileRefused("picture.kind", found=_named(other_kind(data)))
    return kind


def _named(found: str) -> Any:
    return {"key": f"errors.picture.kind_{'text' if found == 'TXT' else 'unknown'}", "values": {}} \
        if found in ("TXT", "?") else found


def _asked(task: str, options: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return _pool.ask(task, options, data, seconds=PICTURE_S, wait_s=WAIT_S, longest_answer=LARGEST_RESULT)
    except Late:
        raise FileRefused("picture.slow", seconds=f"{PICTURE_S:g}") from None
    except Died:
        raise FileRefused("picture.crashed") from None
    except Full:
        raise Busy("picture.busy", seconds=f"{WAIT_S:g}") from None
    except Unstarted:
        raise AppError("picture.no_worker") from None


def _refusal(head: dict[str, Any], kind: str) -> AppError:
    """Return the error for what a worker refused."""
    log.info("a picture (%s) was refused: %s %s %s", kind, head["refused"], head.get("kind", ""), head.get("said", ""))
    values = head["values"]
    if head["refused"] == "pixels":
        width, height = values["width"], values["height"]
        return FileRefused("picture.pixels", width=f"{width:,}", height=f"{height:,}",
                           megapixels=f"{width * height / 1e6:,.1f}", limit=MOST_PIXELS // 1_000_000)
    if head["refused"] == "memory":
        return FileRefused("picture.memory")
    if head["refused"] == "missing":
        return FileRefused("picture.no_reader", kind=NAMES.get(kind, kind), package=values["package"])
    return FileRefused("picture.broken", kind=NAMES.get(kind, kind))
