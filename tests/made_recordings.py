"""Made recordings of every kind, what a refusal of one says, and pools of the test's own to decode them."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from support import decoding
from support.decode.pool import Pool
from support.decoding import AUDIO_RATE, audio
from support.errors import AppError, FileRefused


@pytest.fixture(autouse=True, scope="module")
def tidy():
    yield
    decoding.close()


@pytest.fixture(name="pool")
def pool_of_ones_own(monkeypatch):
    """Give a function that puts another pool in place of the product's."""
    made = []

    def put(most=1, memory_bytes=decoding.AUDIO_MEMORY_BYTES):
        made.append(Pool(most, memory_bytes))
        monkeypatch.setattr(decoding, "_audio_pool", made[-1])
        return made[-1]

    yield put
    for each in made:
        each.close()


def song(seconds=3.0, rate=44_100, channels=2):
    """Return a tone of 440 Hz on the left, others on the other channels, and a little noise; louder and louder."""
    times = np.arange(int(seconds * rate)) / rate
    tones = np.stack([np.sin(2 * np.pi * 440 * (1 + place / 2) * times) for place in range(channels)], axis=1)
    noise = np.random.default_rng(1).normal(size=tones.shape)
    return (np.linspace(0.05, 0.6, len(times))[:, None] * (0.8 * tones + 0.02 * noise)).astype(np.float32)


def encoded(samples, rate=44_100, kind="WAV", subtype=None):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=kind, subtype=subtype)
    return out.getvalue()


def refused(data, kind=FileRefused) -> AppError:
    with pytest.raises(kind) as caught:
        audio(data)
    assert caught.value.message("ko") != caught.value.message("en") and "{" not in caught.value.message("ko")
    return caught.value


def loudest_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * AUDIO_RATE / len(samples)


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def iso(*handlers, brand=b"isom"):
    """Write an MP4 with tracks of these kinds and no samples."""
    tracks = [box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13)))) for handler in handlers]
    return box(b"ftyp", brand, bytes(4)) + box(b"free", bytes(40)) + box(b"moov", box(b"mvhd", bytes(100)), *tracks)
