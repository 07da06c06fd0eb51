"""Recordings from strangers: every kind becomes mono samples with its loudness, everything else an error by name."""

from __future__ import annotations

import hashlib
import os
import struct

import numpy as np
import pyloudnorm
import pytest
import soxr
from made_recordings import encoded, iso, loudest_hz, refused, song, tidy  # noqa: F401

from support import decoding
from support.decode.loudness import VORBIS_WEIGHTS, WEIGHTS, Loudness, coefficients
from support.decoding import AUDIO_RATE, audio
from support.errors import AppError

RANDOM = np.random.default_rng(0)


KINDS = {"WAV": ("WAV", "PCM_16"), "WAV of 24 bits": ("WAV", "PCM_24"), "WAV of 8 bits": ("WAV", "PCM_U8"),
         "WAV of floats": ("WAV", "FLOAT"), "WAV with ADPCM": ("WAV", "MS_ADPCM"), "WAVEX": ("WAVEX", "PCM_16"),
         "RF64": ("RF64", "PCM_16"), "FLAC": ("FLAC", "PCM_16"), "FLAC of 24 bits": ("FLAC", "PCM_24"),
         "OGG": ("OGG", "VORBIS"), "MP3": ("MP3", "MPEG_LAYER_III")}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_becomes_mono_samples(name):
    kind, subtype = KINDS[name]
    data = encoded(song(), kind=kind, subtype=subtype)
    found = audio(data)
    assert found.format == ("WAV" if name in ("WAVEX", "RF64") else name.split()[0])
    assert (found.original_rate, found.channels) == (44_100, 2) and found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.seconds == pytest.approx(3, abs=0.06) and len(found.samples) / AUDIO_RATE == pytest.approx(3, abs=0.06)
    assert found.samples.dtype == np.float32 and not found.samples.flags.writeable
    assert loudest_hz(found.samples[AUDIO_RATE:2 * AUDIO_RATE]) in (pytest.approx(440, abs=3), pytest.approx(660, abs=3))
    assert found.peak == pytest.approx(20 * np.log10(np.abs(song()).max()), abs=0.5)
    assert found.loudness == pytest.approx(pyloudnorm.Meter(44_100).integrated_loudness(song()), abs=0.15)


def test_opus_is_read():
    found = audio(encoded(song(rate=48_000), 48_000, "OGG", "OPUS"))
    assert (found.format, found.original_rate, found.channels) == ("OGG", 48_000, 2)
    assert found.seconds == pytest.approx(3, abs=0.05) and loudest_hz(found.samples) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (11_025, 2), (16_000, 1), (22_050, 1), (22_050, 2), (32_000, 2),
                                                (44_100, 1), (48_000, 6), (96_000, 2), (192_000, 1), (44_100, 8)])
def test_every_rate_and_every_number_of_channels_gives_the_plain_conversion(rate, channels):
    samples = song(2.3, rate, channels)
    found = audio(encoded(samples, rate, subtype="FLOAT"))
    wanted = soxr.resample(samples.mean(axis=1), rate, AUDIO_RATE, quality="HQ")
    assert (found.original_rate, found.channels, found.seconds) == (rate, channels, pytest.approx(2.3, abs=1e-3))
    assert len(found.samples) == len(wanted) and np.abs(found.samples - wanted).max() < 1e-4 < np.abs(wanted).max() / 100


def test_a_name_says_nothing_and_a_path_is_as_good_as_bytes(tmp_path):
    data = encoded(song(), kind="MP3")
    path = tmp_path / "song.txt"
    path.write_bytes(data)
    first, second = audio(path), audio(data)
    assert first.format == "MP3" and (first.samples == second.samples).all() and first.sha256 == second.sha256


def test_tags_and_padding_before_an_mp3_are_passed_over():
    data = encoded(song(), kind="MP3")
    tag = b"ID3\4\0\0" + bytes([0, 0, 8, 0]) + b"\xff\xfb" * 512  # looks like frames, and is a tag
    for front in (tag, tag + bytes(3_000), tag + tag):
        assert audio(front + data).samples.tobytes() == audio(data).samples.tobytes()


# Loudness -------------------------------------------------------------------------------------------------------------


def measured(samples, rate, block=40_000, weights=WEIGHTS):
    meter = Loudness(rate, weights[samples.shape[1]])
    for start in range(0, len(samples), block):
        meter.add(samples[start:start + block].astype(np.float32).T)
    return meter.integrated()


def test_the_filters_are_those_of_the_standard():
    """ITU-R BS.1770-4, tables 1 and 2."""
    (b_1, a_1), (b_2, a_2) = coefficients(48_000)
    assert b_1 == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-9)
    assert a_1 == pytest.approx([1, -1.69065929318241, 0.73248077421585], abs=1e-9)
    assert b_2 == pytest.approx([1, -2, 1]) and a_2 == pytest.approx([1, -1.99004745483398, 0.99007225036621], abs=1e-9)


def test_the_tone_of_the_standard_has_its_loudness():
    times = np.arange(10 * 48_000)[:, None] / 48_000
    tone = np.sin(2 * np.pi * 997 * times)
    assert measured(tone, 48_000) == pytest.approx(-3.01, abs=0.005)
    assert measured(np.repeat(tone, 2, axis=1), 48_000) == pytest.approx(0.0, abs=0.005)


def uneven(rate, channels):
    """Return 4 s of noise, some of it under the relative gate."""
    random = np.random.default_rng(rate + channels)
    steps = np.repeat([0.3, 0.001, 0.05, 0.2], rate)[:, None]
    return (steps * random.normal(size=(4 * rate, channels))).astype(np.float32)


def by_pyloudnorm(samples, rate):
    return pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples.astype(float))


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_loudness_is_that_of_pyloudnorm(rate, channels):
    samples = uneven(rate, channels)
    assert measured(samples, rate) == pytest.approx(by_pyloudnorm(samples, rate), abs=0.01)


def test_a_rate_whose_tenth_is_no_product_is_measured_in_nearly_tenths():
    samples = uneven(44_056, 2)
    assert measured(samples, 44_056) == pytest.approx(by_pyloudnorm(samples, 44_056), abs=0.15)


def test_gates_leave_out_silence_and_what_is_much_softer():
    loud = 0.3 * RANDOM.normal(size=(5 * 44_100, 1))
    alone = measured(loud, 44_100)
    assert measured(np.concatenate([loud, np.zeros_like(loud), loud * 0.01]), 44_100) == pytest.approx(alone, abs=0.15)
    ungated = alone + 10 * np.log10(1.0001 / 3)
    assert alone - ungated > 4


def test_an_offset_and_low_tones_do_not_hide_what_is_soft():
    soft = 0.001 * RANDOM.normal(size=(3 * 96_000, 1)) + 0.5
    assert measured(soft, 96_000, 9_600) == pytest.approx(by_pyloudnorm(soft, 96_000), abs=0.05)


def test_loudness_does_not_depend_on_how_the_sound_arrives():
    samples = song(4)
    whole = measured(samples, 44_100, len(samples))
    assert [measured(samples, 44_100, size) for size in (1_000, 4_410, 44_101)] == [pytest.approx(whole, abs=1e-3)] * 3


def test_low_frequencies_count_nothing_and_surround_more():
    plain = RANDOM.normal(size=(3 * 48_000, 6)) * np.array([0.1, 0.1, 0.1, 0.3, 0.2, 0.2])
    wanted = by_pyloudnorm(plain[:, [0, 1, 2, 4, 5]], 48_000)
    assert measured(plain, 48_000) == pytest.approx(wanted, abs=0.01)
    vorbis = plain[:, [0, 2, 1, 4, 5, 3]]
    assert measured(vorbis, 48_000, weights=VORBIS_WEIGHTS) == pytest.approx(wanted, abs=0.01)
    assert abs(measured(vorbis, 48_000) - wanted) > 0.2


def test_a_file_says_its_own_loudness():
    samples = song(4, 48_000, 6) * np.array([1, 1, 1, 1.6, 0.1, 0.1], np.float32)
    wanted = measured(samples, 48_000)
    assert audio(encoded(samples, 48_000, "FLAC", "PCM_24")).loudness == pytest.approx(wanted, abs=0.01)
    moved = samples[:, [0, 2, 1, 4, 5, 3]]
    assert audio(encoded(moved, 48_000, "OGG")).loudness == pytest.approx(wanted, abs=0.3)


# What is refused ------------------------------------------------------------------------------------------------------


OTHER = {
    "text": (b"These are the lyrics of a song.\n" * 200, "kind", "text"),
    "html": (b"<!doctype html><html></html>" * 20, "kind", "HTML"),
    "noise": (bytes(range(1, 250)) * 40, "kind", "unknown kind"),
    "zeros": (bytes(5_000), "kind", "unknown kind"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "kind", "PNG"),
    "photo": (b"\xff\xd8\xff\xe0" + bytes(100), "kind", "JPEG"),
    "aiff": (b"FORM\0\0\0\x20AIFF" + bytes(50), "kind", "AIFF"),
    "midi": (b"MThd\0\0\0\6" + bytes(50), "kind", "MIDI"),
    "zip": (b"PK\3\4" + bytes(50), "kind", "ZIP"),
    "speex": (b"OggS" + bytes(24) + b"Speex   " + bytes(60), "kind", "Ogg"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40), "kind", "WEBP"),
    "avi": (b"RIFF\x24\0\0\0AVI LIST" + bytes(40), "video", "AVI"),
    "mkv": (b"\x1aE\xdf\xa3" + bytes(60), "video", "MKV"),
    "flv": (b"FLV\1\5" + bytes(60), "video", "FLV"),
    "mpeg": (b"\0\0\1\xba" + bytes(60), "video", "MPEG"),
    "transport stream": ((b"G" + bytes(187)) * 8, "video", "MPEG"),
    "mp4": (iso(b"vide", b"soun"), "video", "MP4"),
    "mp4 called m4a": (iso(b"soun", b"vide", brand=b"M4A "), "video", "MP4"),
    "theora": (b"OggS" + bytes(24) + b"\x80theora" + bytes(40) + b"OggS" + bytes(24) + b"\1vorbis", "video", "Ogg"),
    "tag alone": (b"ID3\4\0\0\0\0\0\x10" + bytes(16) + b"no frames here", "broken", "MP3"),
}


@pytest.mark.parametrize("name", OTHER)
def test_everything_else_is_refused_by_name(name):
    data, code, words = OTHER[name]
    error = refused(data)
    assert error.code == f"audio.{code}" and words in str(error)


def test_nothing_and_too_much_are_refused_unread(tmp_path):
    assert refused(b"").code == "audio.empty"
    path = tmp_path / "large.wav"
    path.touch()
    assert refused(path).code == "audio.empty"
    os.truncate(path, decoding.LARGEST_AUDIO + 1)
    error = refused(path)
    assert error.code == "audio.large" and "50.0 MB" in str(error)


def test_silence_and_what_is_too_short_are_refused():
    assert refused(encoded(np.zeros((88_200, 2)))).code == "audio.silent"
    assert refused(encoded(song() * 1e-4, subtype="FLOAT")).code == "audio.silent"
    error = refused(encoded(song(0.9)))
    assert error.code == "audio.short" and "0.90 s" in str(error)
    assert audio(encoded(song(1.01))).seconds == pytest.approx(1.01, abs=0.001)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_file_of_its_first_bytes_only_is_broken(kind):
    data = encoded(song(), kind=kind)
    head = data[:60] + b"garbage" * 500
    assert refused(head).code in (("audio.broken", "audio.kind") if kind == "MP3" else ("audio.broken",))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3"])
def test_a_file_that_ends_before_the_end_it_states_is_refused(kind):
    data = encoded(song(20), kind=kind)
    assert refused(data[:len(data) // 2]).code == "audio.broken" and audio(data).seconds == pytest.approx(20, abs=0.1)


def test_a_file_that_states_no_end_is_taken_as_far_as_it_goes():
    ogg = encoded(song(20), kind="OGG")
    assert 5 < audio(ogg[:len(ogg) // 2]).seconds < 15
    wav = bytearray(encoded(song(4)))
    wav[4:8] = wav[40:44] = b"\xff" * 4  # as programs write that do not know the end yet
    assert audio(bytes(wav)).seconds == pytest.approx(4)


@pytest.mark.parametrize(("at", "value", "code"), [(22, struct.pack("<H", 0), "broken"), (22, struct.pack("<H", 16), "channels"),
                                                   (24, struct.pack("<I", 1), "rate"), (24, struct.pack("<I", 4_000_000), "rate"),
                                                   (40, struct.pack("<I", 1 << 30), "broken"), (20, b"\x99\x99", "broken")])
def test_a_header_that_lies_is_found_out(at, value, code):
    data = bytearray(encoded(song()))
    data[at:at + len(value)] = value
    assert refused(bytes(data)).code == f"audio.{code}"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_sound_is_refused(value):
    samples = song()
    samples[50_000, 1] = value
    assert refused(encoded(samples, subtype="FLOAT")).code == "audio.broken"


def test_bytes_changed_at_random_end_in_samples_or_an_error():
    wholes = {kind: encoded(song(2), kind=kind) for kind in ("WAV", "FLAC", "OGG", "MP3")}
    ends = set()
    for seed in range(60):
        random, kind = np.random.default_rng(seed), list(wholes)[seed % 4]
        data = bytearray(wholes[kind])
        for _ in range(int(random.integers(1, 30))):
            data[int(random.integers(0, len(data)))] = int(random.integers(0, 256))
        try:
            assert np.isfinite(audio(bytes(data)).samples).all()
            ends.add("samples")
        except AppError as error:
            ends.add(error.code)
    assert "samples" in ends and len(ends) > 1 and "audio.no_worker" not in ends
