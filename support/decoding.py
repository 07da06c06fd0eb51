"""Files from strangers, decoded where they can do no harm: in a worker process with little memory and little time.

Task: a picture of any common kind becomes a small plain JPEG, a recording the samples of its sound, or either an error
that says what is wrong with it.
Why a process: decoders are written in C; a file made for the purpose can unfold a thousandfold, run for minutes or
crash the process that reads it. A worker is started fresh (never forked), gets no secret, is reused, and is replaced
when it fails (docs/adr/0016).

Conventions: sizes in pixels as the picture is seen, that is, after turning it by its EXIF orientation; colours are
sRGB; what was transparent is white; of several pictures in a file the first, of a HEIC file the primary one. The result
holds pixels only: no place, no time, no camera, no comment, no profile. Of a recording: samples are the mean of all
channels at `AUDIO_RATE` (`audio`), or left and right at `STEREO_RATE` (`stereo`); loudness and peak are those of all
channels before that (docs/adr/0022).
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.decode.audio_kinds import audio_kind, found_kind
from support.decode.kinds import other_kind, picture_kind
from support.decode.pool import Died, Full, Late, Pool, Unstarted
from support.errors import AppError, Busy, FileRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
AUDIO_RATE = 22_050
"""Samples a second of what `audio` returns: what networks and measurements of this product take."""
STEREO_RATE = 48_000
"""Samples a second of what `stereo` returns: what background music is made at."""
LONGEST_STEREO_S = 330.0
"""Seconds: the longest background music, and some; as floats 127 MB."""
LARGEST_AUDIO = 50 * 1024 * 1024
"""Bytes: 15 minutes of MP3 at its highest bit rate have 34 MiB, 5 minutes of CD quality 50."""
LONGEST_AUDIO_S = 900.0
"""Seconds of a recording; songs take 2 to 8 minutes, and what is decoded of 15 takes 80 MB."""
SPARE_AUDIO_S = 1.0
"""Seconds over `LONGEST_AUDIO_S` that are taken: an MP3 is padded, and nobody cuts to the sample."""
SHORTEST_AUDIO_S = 1.0
"""Seconds: under it nothing can be measured."""
AUDIO_MEMORY_BYTES = 768 << 20
"""Address space of a worker for recordings: 150 MB and twice the file; also of ffmpeg, its child."""
AUDIO_S = 60.0
"""Seconds to decode: 15 minutes of stereo take 2 to 4 on one core."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """The sound of a recording.

    Attributes
    ----------
    samples : array (n,), float32
        Mono, at `AUDIO_RATE`, about -1 to 1 (what a file has over full scale stays), read-only.
    seconds : float
        Of the file.
    format : str
        What the file was: MP3, WAV, FLAC, OGG or M4A.
    original_rate, channels : int
        Of the file; samples a second.
    loudness : float
        Integrated, in LUFS (ITU-R BS.1770-4), of all channels at the file's own rate.
    peak : float
        Largest sample of any channel, in dB of full scale.
    sha256 : str
        Of the file's own bytes, in hexadecimal.
    """

    samples: NDArray[np.float32]
    seconds: float
    format: str
    original_rate: int
    channels: int
    loudness: float
    peak: float
    sha256: str


_pool = Pool(WORKERS, MEMORY_BYTES)
_audio_pool = Pool(WORKERS, AUDIO_MEMORY_BYTES)
atexit.register(_pool.close)
atexit.register(_audio_pool.close)


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


def audio(data: bytes | Path) -> Audio:
    """Decode a recording.

    Parameters
    ----------
    data : bytes or Path
        A file of MP3, WAV, FLAC, OGG (Vorbis, Opus) or, where the program ffmpeg is there, M4A (AAC). Its content
        decides; a name is not looked at.

    Raises
    ------
    FileRefused
        ``audio.empty``, ``.large``, ``.kind``, ``.video``, ``.m4a``, ``.long``, ``.short``, ``.silent``,
        ``.channels``, ``.rate``, ``.broken``, ``.memory``, ``.slow``, ``.crashed``, or ``.no_reader`` where a library
        is missing.
    Busy
        If all workers were busy for `WAIT_S` seconds.
    AppError
        ``audio.no_worker``, if this machine starts no process.
    OSError
        If `data` is a path that cannot be read.
    """
    raw = _read(data)
    head, samples, kind = _sound(raw, AUDIO_RATE, stereo=False)
    return Audio(samples, head["seconds"], kind, head["rate"], head["channels"], head["loudness"], head["peak"],
                 hashlib.sha256(raw).hexdigest())


def stereo(data: bytes | Path) -> NDArray[np.float32]:
    """Decode a recording to left and right at `STEREO_RATE`, shape (n, 2), read-only; see `audio` for what it raises.

    One channel goes to both sides, and so does the mean of more than two.
    """
    return _sound(_read(data), STEREO_RATE, stereo=True)[1].reshape(-1, 2)


def _sound(raw: bytes, rate: int, *, stereo: bool) -> tuple[dict[str, Any], NDArray[np.float32], str]:
    """Return what was measured, the samples, and the kind of file."""
    kind, longest = _checked_audio(raw), LONGEST_STEREO_S if stereo else LONGEST_AUDIO_S
    options = {"kind": kind, "rate": rate, "longest_s": longest + SPARE_AUDIO_S, "shortest_s": SHORTEST_AUDIO_S,
               "ffmpeg": _ffmpeg() if kind == "M4A" else None, "stereo": stereo}
    head, body = _audio_asked(options, raw, int((longest + 20) * rate) * 4 * (1 + stereo))
    if "refused" in head:
        raise _audio_refusal(head, kind, longest)
    import numpy as np

    samples = np.frombuffer(body, np.float32)
    samples.flags.writeable = False
    return head, samples, kind


def close() -> None:
    """End the workers that are idle; a later call starts new ones."""
    _pool.close()
    _audio_pool.close()


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
        head, body = _pool.ask(task, options, data, seconds=PICTURE_S, wait_s=WAIT_S, longest_answer=LARGEST_RESULT)
        return head, bytes(body)
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


def _read(data: bytes | Path) -> bytes:
    """Return the bytes of a file that is not too large."""
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if not size:
        raise FileRefused("audio.empty")
    if size > LARGEST_AUDIO:
        raise FileRefused("audio.large", size_mb=f"{size / 2**20:.1f}", limit_mb=LARGEST_AUDIO >> 20)
    return data.read_bytes() if isinstance(data, Path) else data


def _checked_audio(data: bytes) -> str:
    """Return the kind of a file that may be decoded."""
    kind = audio_kind(data)
    if kind == "video":
        raise FileRefused("audio.video", found=found_kind(data))
    if kind is None:
        found = found_kind(data)
        if found == "ID3":  # an MP3's tag, and no sound after it
            raise FileRefused("audio.broken", kind="MP3")
        raise FileRefused("audio.kind", found={"key": f"errors.audio.kind_{'text' if found == 'TXT' else 'unknown'}",
                                               "values": {}} if found in ("TXT", "?") else found)
    return kind


def _ffmpeg() -> str:
    """Return where the program is that decodes M4A."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise FileRefused("audio.m4a")
    return program


def _audio_asked(options: dict[str, Any], data: bytes, most: int) -> tuple[dict[str, Any], bytes | bytearray]:
    try:
        return _audio_pool.ask("sound", options, data, seconds=AUDIO_S, wait_s=WAIT_S, longest_answer=most)
    except Late:
        raise FileRefused("audio.slow", seconds=f"{AUDIO_S:g}") from None
    except Died:
        raise FileRefused("audio.crashed") from None
    except Full:
        raise Busy("audio.busy", seconds=f"{WAIT_S:g}") from None
    except Unstarted:
        raise AppError("audio.no_worker") from None


def _audio_refusal(head: dict[str, Any], kind: str, longest_s: float) -> AppError:
    """Return the error for what a worker refused."""
    log.info("sound (%s) was refused: %s %s %s", kind, head["refused"], head.get("kind", ""), head.get("said", ""))
    values = head["values"]
    if head["refused"] == "long":
        return FileRefused("audio.long", limit=f"{longest_s / 60:g}")
    if head["refused"] == "short":
        return FileRefused("audio.short", seconds=f"{values['seconds']:.2f}", limit=f"{SHORTEST_AUDIO_S:g}")
    if head["refused"] == "silent":
        return FileRefused("audio.silent")
    if head["refused"] == "channels":
        return FileRefused("audio.channels", channels=values["channels"])
    if head["refused"] == "rate":
        return FileRefused("audio.rate", rate=f"{values['rate']:,}")
    if head["refused"] == "memory":
        return FileRefused("audio.memory")
    if head["refused"] == "missing":
        return FileRefused("audio.no_reader", package=values["package"])
    return FileRefused("audio.broken", kind=kind)
