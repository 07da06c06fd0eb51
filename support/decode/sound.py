"""Decode a file of sound; runs in the worker process only.

The file is read in blocks of a second or two. Each block is measured (peak, loudness) as it is, then mixed to one
channel, brought to the rate wanted and sent off, so that of the whole there is never more here than the file itself.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.decode.audio_kinds import is_cut, mp3_start, tags_end
from support.decode.loudness import VORBIS_WEIGHTS, WEIGHTS, Loudness
from support.decode.worker import Refused

BLOCK_VALUES = 131_072
"""Samples of all channels at a time, about."""
LEAST_RATE, MOST_RATE = 8_000, 384_000
MOST_PEAK = 100.0
"""Times full scale: 40 dB over it nobody mixes; what is beyond are numbers read in the wrong form."""
MISSING_S = 1.0
"""Seconds that a file may end before the length in its header."""


def decode(data: bytes, kind: str, rate: int, longest_s: float, shortest_s: float, ffmpeg: str | None = None,
           stereo: bool = False) -> Iterator[tuple[dict[str, Any], bytes | memoryview]]:
    """Yield parts of the samples, float32 at `rate`, mono or in pairs; at the end what was measured.

    Parameters
    ----------
    data : bytes
    kind : str
        MP3, WAV, FLAC, OGG or M4A.
    rate : int
        Samples a second of the result.
    longest_s, shortest_s : float
        Seconds of the file.
    ffmpeg : str, optional
        The program that decodes M4A.
    stereo : bool
        Whether left and right are wanted; one channel goes to both, of more than two the mean does.

    Raises
    ------
    Refused
        ``long``, ``short``, ``silent``, ``channels``, ``rate`` or ``broken``.
    Exception
        What the decoder raises at a broken file.
    """
    with _opened(data, kind, longest_s, ffmpeg) as file:
        _check_header(file, longest_s)
        course = _Course(file, rate, longest_s, stereo)
        with ThreadPoolExecutor(1) as helper:  # it measures and converts a block while the next one is decoded
            pending = helper.submit(course.rest)
            for block in _blocks(file, course.step):
                yield {"more": True}, _bytes(pending.result())
                pending = helper.submit(course.add, block)
            yield {"more": True}, _bytes(pending.result())
        yield {"more": True}, _bytes(course.rest(last=True))
        yield course.measured(file, shortest_s), b""


def _bytes(samples: NDArray[np.float32]) -> memoryview:
    return samples.reshape(-1).data.cast("B")


class _Course:
    """What is known of a file while its blocks go by."""

    def __init__(self, file: Any, rate: int, longest_s: float, stereo: bool) -> None:
        self._count, self._most, self._peak = 0, longest_s * file.samplerate, 0.0
        self._rate, self._channels = file.samplerate, file.channels
        weights = VORBIS_WEIGHTS if file.subtype in ("VORBIS", "OPUS") else WEIGHTS
        self._loudness = Loudness(file.samplerate, weights[file.channels])
        self.step = self._loudness.step
        self._mix = np.full(file.channels, 1 / file.channels, np.float32)
        self._stereo, self._stream = stereo, None
        if file.samplerate != rate:
            import soxr

            self._stream = soxr.ResampleStream(file.samplerate, rate, 1 + stereo, dtype="float32", quality="HQ")

    def add(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Measure a block, (n, channels), and return what is ready of the result."""
        channels = np.ascontiguousarray(block.T)
        peak = max(float(channels.max()), -float(channels.min()))
        if not peak <= MOST_PEAK:  # no number, too
            raise Refused("broken")
        self._peak = max(self._peak, peak)
        self._count += len(block)
        if self._count > self._most:
            raise Refused("long")
        self._loudness.add(channels)
        wanted = channels[0] if self._channels == 1 else self._mix @ channels
        if self._stereo:
            wanted = block.copy() if self._channels == 2 else np.repeat(wanted[:, np.newaxis], 2, axis=1)
        return wanted if self._stream is None else self._stream.resample_chunk(wanted)

    def rest(self, last: bool = False) -> NDArray[np.float32]:
        """Return what the resampler still holds and can give; all of it after the last block."""
        nothing = np.zeros((0, 2) if self._stereo else 0, np.float32)
        return nothing if self._stream is None else self._stream.resample_chunk(nothing, last=last)

    def measured(self, file: Any, shortest_s: float) -> dict[str, Any]:
        """Return length, loudness and peak, after the last block."""
        seconds = self._count / self._rate
        if file.frames and (file.frames - self._count) / self._rate > MISSING_S:
            raise Refused("broken")
        if seconds < shortest_s:
            raise Refused("short", seconds=seconds)
        loudness = self._loudness.integrated()
        if not math.isfinite(loudness):
            raise Refused("silent")
        return {"seconds": seconds, "rate": self._rate, "channels": self._channels, "loudness": loudness,
                "peak": 20 * math.log10(self._peak)}


def _opened(data: bytes, kind: str, longest_s: float, ffmpeg: str | None) -> Any:
    if kind == "M4A":
        from support.decode.by_ffmpeg import Unpacked

        return Unpacked(data, ffmpeg or "ffmpeg", longest_s + MISSING_S)
    if is_cut(data, kind):
        raise Refused("broken")
    import soundfile

    start = (mp3_start(data) or 0) if kind == "MP3" else tags_end(data)
    with _nameless() as file:  # by a file of the system, reading needs no Python, and no lock of it
        file.write(memoryview(data)[start:])
        file.seek(0)
        return soundfile.SoundFile(os.dup(file.fileno()))


def _nameless() -> Any:
    """Return a file without a name, in memory where the system has such."""
    return os.fdopen(os.memfd_create("sound"), "r+b") if hasattr(os, "memfd_create") else TemporaryFile()


def _check_header(file: Any, longest_s: float) -> None:
    """Refuse what the header gives away, before anything is decoded."""
    if file.channels not in WEIGHTS:
        raise Refused("channels", channels=file.channels)
    if not LEAST_RATE <= file.samplerate <= MOST_RATE:
        raise Refused("rate", rate=file.samplerate)
    if longest_s * file.samplerate < file.frames < 2 ** 62:  # beyond: unknown
        raise Refused("long", seconds=file.frames / file.samplerate)


def _blocks(file: Any, step: int) -> Iterator[NDArray[np.float32]]:
    """Yield the samples, (n, channels), in multiples of `step` but for the last; the next but one overwrites each."""
    length = max(1, BLOCK_VALUES // file.channels // step) * step
    spaces = cycle(np.empty((2, length, file.channels), np.float32))
    while len(block := file.read(dtype="float32", always_2d=True, out=next(spaces))):
        yield block
