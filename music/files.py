"""Files of a track: WAV (48 kHz, 24 bits), OGG, MP3, stems as ZIP, and its waveform for drawing.

The same audio gives the same bytes: an OGG stream's serial number, which the library draws at random, is set to a fixed
one, and ZIP entries carry a fixed date. OGG is written in pieces: one large write crashes libsndfile.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from music.score import SAMPLE_RATE

Audio = NDArray[np.float32]

PIECE = SAMPLE_RATE
"""Samples an OGG is written by."""
DATE = (1980, 1, 1, 0, 0, 0)
"""Of ZIP entries: the format's first."""


def wav(mix: Audio) -> bytes:
    """Return a WAV file of 24 bits: RIFF with one chunk of format (PCM) and one of samples."""
    from music import _levels

    frame = 3 * mix.shape[1]
    size = frame * len(mix)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size + size % 2, b"WAVE", b"fmt ", 16, 1, mix.shape[1],
                       SAMPLE_RATE, frame * SAMPLE_RATE, frame, 24, b"data", size)
    written = np.zeros(len(head) + size + size % 2, np.uint8)
    written[:len(head)] = np.frombuffer(head, np.uint8)
    _levels.packed(np.ascontiguousarray(mix, np.float32).ravel(), written[len(head):])
    return written.tobytes()


def flac(mix: Audio) -> bytes:
    """Return a FLAC file of 24 bits: the samples of `wav` in about half the bytes."""
    import soundfile

    written = io.BytesIO()
    soundfile.write(written, mix, SAMPLE_RATE, format="FLAC", subtype="PCM_24")
    return written.getvalue()


def ogg(mix: Audio) -> bytes:
    """Return an OGG Vorbis file."""
    import soundfile

    written = io.BytesIO()
    with soundfile.SoundFile(written, "w", SAMPLE_RATE, 2, format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(mix), PIECE):
            file.write(mix[start:start + PIECE])
    return _numbered(written.getvalue(), zlib.crc32(np.ascontiguousarray(mix).tobytes()))


def mp3(mix: Audio) -> bytes:
    """Return an MP3 file."""
    import soundfile

    written = io.BytesIO()
    with soundfile.SoundFile(written, "w", SAMPLE_RATE, 2, format="MP3", subtype="MPEG_LAYER_III") as file:
        for start in range(0, len(mix), PIECE):
            file.write(mix[start:start + PIECE])
    return written.getvalue()


def stems_zip(stems: Mapping[str, Audio], midi: bytes) -> bytes:
    """Return a ZIP with a WAV file for each part, which add up to the mix, and the MIDI file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as file:
        for role in stems:
            file.writestr(zipfile.ZipInfo(f"{role}.wav", DATE), wav(stems[role]))
        file.writestr(zipfile.ZipInfo("score.mid", DATE), midi)
    return written.getvalue()


def peaks(mix: Audio, points: int = 1000) -> NDArray[np.float32]:
    """Return least and greatest values of equal stretches, (points, 2), for drawing a waveform."""
    points = max(1, min(points, len(mix)))
    starts = np.arange(points) * len(mix) // points
    low, high = mix.min(axis=1), mix.max(axis=1)
    return np.stack([np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)], axis=1)


def _numbered(file: bytes, serial: int) -> bytes:
    """Return an OGG file whose pages carry a serial number, with their checksums (RFC 3533, section 6)."""
    from music import _kernels

    data = np.frombuffer(bytearray(file), np.uint8)
    _kernels.number_pages(data, serial & 0xFFFF_FFFF)
    return data.tobytes()
