"""Recordings decoded to left and right, for what another maker's music goes through."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from support import decoding
from support.errors import FileRefused


def written(samples, rate=44_100, form="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form)
    return file.getvalue()


def tone(hertz, seconds=2.0, rate=44_100):
    return 0.4 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def loudest(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.fft.rfftfreq(len(samples), 1 / decoding.STEREO_RATE)[spectrum.argmax()]


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_each_side_keeps_its_own_sound(form):
    found = decoding.stereo(written(np.stack([tone(440), tone(660)], axis=1), form=form))
    assert found.shape[1] == 2 and abs(len(found) - 96_000) < 4_800 and found.dtype == np.float32
    assert abs(loudest(found[:, 0]) - 440) < 1 and abs(loudest(found[:, 1]) - 660) < 1


@pytest.mark.parametrize("channels", [1, 4])
def test_one_channel_and_the_mean_of_many_go_to_both_sides(channels):
    found = decoding.stereo(written(np.stack([tone(500, rate=48_000)] * channels, axis=1), rate=48_000))
    assert found.shape == (96_000, 2) and np.array_equal(found[:, 0], found[:, 1])
    assert np.allclose(found[:, 0], tone(500, rate=48_000), atol=1e-4)


def test_what_is_longer_than_any_background_music_is_refused():
    with pytest.raises(FileRefused) as refused:
        decoding.stereo(written(np.zeros(int(8_000 * 332)) + 0.1, rate=8_000))
    assert refused.value.code == "audio.long" and refused.value.values["limit"] == "5.5"
