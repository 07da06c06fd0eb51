"""Recordings from strangers: every kind becomes mono samples with its loudness, everything else an error by name."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pyloudnorm
import pytest
import soundfile
import soxr

from support import decoding
from support.decode import audio_kinds
from support.decode.loudness import VORBIS_WEIGHTS, WEIGHTS, Loudness, coefficients
from support.decode.pool import Pool
from support.decode.wire import read_answer, write_frame
from support.decoding import AUDIO_RATE, audio
from support.errors import AppError, Busy, FileRefused

ROOT = Path(__file__).resolve().parents[1]
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def tidy():
    yield
    decoding.close()


@pytest.fixture
def pool(monkeypatch):
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


def workers():
    found = []
    for child in psutil.Process().children():
        try:
            found += [child] if "support.decode.worker" in " ".join(child.cmdline()) else []
        except psutil.NoSuchProcess:  # it has just ended
            pass
    return found


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


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def iso(*handlers, brand=b"isom"):
    """Write an MP4 with tracks of these kinds and no samples."""
    tracks = [box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13)))) for handler in handlers]
    return box(b"ftyp", brand, bytes(4)) + box(b"free", bytes(40)) + box(b"moov", box(b"mvhd", bytes(100)), *tracks)


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


# Bombs ----------------------------------------------------------------------------------------------------------------


def long_flac(seconds, samples_stated=None):
    """Return a FLAC of a soft tone at 8,000 Hz, its header changed to state another length (0: unknown)."""
    times = np.arange(seconds * 8_000, dtype=np.float32) / 8_000
    data = bytearray(encoded((0.1 * np.sin(440 * times)).astype(np.float32), 8_000, "FLAC"))
    if samples_stated is not None:
        data[21] = data[21] & 0xF0 | samples_stated >> 32
        data[22:26] = struct.pack(">I", samples_stated & 0xFFFFFFFF)
    return bytes(data)


def test_what_is_too_long_by_its_header_is_not_decoded():
    start = time.monotonic()
    error = refused(long_flac(3, 1 << 35))
    assert error.code == "audio.long" and "15 minutes" in str(error) and time.monotonic() - start < 3


@pytest.mark.parametrize("stated", [0, 24_000])
def test_what_is_too_long_whatever_its_header_says_is_given_up_at_the_limit(pool, monkeypatch, stated):
    monkeypatch.setattr(decoding, "LONGEST_AUDIO_S", 20.0)
    here = pool()
    try:
        found = audio(long_flac(120, stated))
        assert stated and found.seconds == pytest.approx(3)  # the decoder stops where the header says
    except FileRefused as error:
        assert error.code == "audio.long"
    assert all(psutil.Process(pid).memory_info().rss < 150e6 for pid in here.pids())


def test_frames_without_end_are_given_up_at_the_limit():
    frames = encoded((0.2 * RANDOM.normal(size=8_000 * 30)).astype(np.float32), 8_000, "MP3")
    start = audio_kinds.mp3_start(frames)
    body = frames[start + 1_000:]
    error = refused(body * 40)
    assert error.code == "audio.long" and len(body) * 40 < 10e6


def test_the_limit_is_not_to_the_sample(monkeypatch):
    monkeypatch.setattr(decoding, "LONGEST_AUDIO_S", 3.0)
    assert audio(encoded(song(3), kind="MP3")).seconds >= 3
    assert refused(encoded(song(4.1))).code == "audio.long"


@pytest.mark.parametrize("data", [b"ID3\4" + bytes(6), struct.pack(">I", 8) + b"trak"], ids=["tags", "boxes"])
def test_a_file_of_nothing_but_headers_takes_no_time(data):
    head = iso()[:24] if data.endswith(b"trak") else b""
    start = time.process_time()
    for _ in range(3):
        assert refused(head + (struct.pack(">I", 30_000_008) + b"moov" if head else b"") + data * 3_000_000).code in \
            ("audio.kind", "audio.broken")
    assert time.process_time() - start < 1.5


def test_a_quarter_of_an_hour_is_taken_in_little_memory():
    """Both processes' largest memory over what the product had before, the file of 15 minutes counted."""
    code = textwrap.dedent("""
        import io, sys, numpy as np, soundfile
        from pathlib import Path
        from support import decoding
        def largest(pid):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
        def now():
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
        data = Path(sys.argv[1]).read_bytes()
        idle = now()
        Path("/proc/self/clear_refs").write_text("5")
        found = decoding.audio(data)
        [pid] = decoding._audio_pool.pids()
        print(found.seconds, len(found.samples), (largest("self") - idle + largest(pid)) / 1e6)
        """)
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("reads /proc")
    times = np.arange(900 * 22_050, dtype=np.float32) / 22_050
    path = Path(os.environ["MIS_DATA_DIR"]).parent / "long.flac"
    path.write_bytes(encoded((0.1 * np.sin(440 * times)).astype(np.float32), 22_050, "FLAC"))
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    path.unlink()
    seconds, samples, megabytes = map(float, out.stdout.split())
    assert (seconds, samples) == (900, 900 * 22_050) and 80 < megabytes < 300


# The worker -----------------------------------------------------------------------------------------------------------


def killed_while_decoding(times):
    """End whichever worker is decoding, as a crash of its decoder would, so many times."""
    def kill():
        ended, until = set(), time.monotonic() + 10
        while len(ended) < times and time.monotonic() < until:
            for child in workers():
                try:
                    if child.pid not in ended and child.num_threads() > 1:  # only while it decodes
                        ended.add(child.pid)
                        child.kill()
                except psutil.NoSuchProcess:
                    pass
            time.sleep(0.001)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_crash_of_the_codec_ends_that_call_only(pool):
    decoding.close()
    here, data = pool(), long_flac(600)
    thread = killed_while_decoding(1)
    assert refused(data).code == "audio.crashed"
    thread.join()
    assert here.pids() == [] and audio(encoded(song())).channels == 2


def test_a_worn_worker_that_crashes_is_no_fault_of_the_file(pool):
    decoding.close()
    here = pool()
    audio(encoded(song()))
    [before] = here.pids()
    data = long_flac(600)
    thread = killed_while_decoding(1)
    assert audio(data).seconds == 600
    thread.join()
    assert here.pids() != [before]


def test_what_takes_too_long_ends_its_worker_only(pool, monkeypatch):
    here = pool()
    audio(encoded(song()))
    [before] = here.pids()
    monkeypatch.setattr(decoding, "AUDIO_S", 0.05)
    error = refused(long_flac(600))
    assert error.code == "audio.slow" and "0.05 s" in str(error) and not psutil.pid_exists(before)
    monkeypatch.undo()
    pool()
    assert audio(encoded(song())).channels == 2


def test_too_little_memory_is_said(pool):
    data = encoded(np.tile(song(), (60, 1)))  # 32 MB, which a worker needs twice beside its libraries
    pool(memory_bytes=170 << 20)
    assert refused(data).code in ("audio.memory", "audio.crashed")
    pool()
    assert audio(data).seconds == 180


def test_who_has_no_turn_in_time_is_told(pool, monkeypatch):
    pool()
    monkeypatch.setattr(decoding, "WAIT_S", 0.05)
    thread = threading.Thread(target=audio, args=(long_flac(600),))
    thread.start()
    time.sleep(0.2)
    assert refused(encoded(song()), Busy).code == "audio.busy"
    thread.join()


def test_a_machine_that_starts_no_worker_says_so(pool, monkeypatch):
    pool()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert refused(encoded(song()), AppError).code == "audio.no_worker"


def test_an_answer_in_parts_is_one_and_bounded():
    parts = io.BytesIO()
    for number in range(3):
        write_frame(parts, {"more": True}, bytes([number]) * 10)
    write_frame(parts, {"seconds": 1.5})
    parts.seek(0)
    assert read_answer(parts, 30) == ({"seconds": 1.5}, b"\0" * 10 + b"\1" * 10 + b"\2" * 10)
    parts.seek(0)
    with pytest.raises(ValueError, match="accepted are"):
        read_answer(parts, 29)
    assert read_answer(io.BytesIO(parts.getvalue()[:-5]), 30) is None


def test_nothing_heavy_is_imported_with_the_door():
    code = "import sys, support.decoding; print({'numpy', 'soundfile', 'soxr', 'scipy'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "set()"


# M4A ------------------------------------------------------------------------------------------------------------------

FAKE = """#!{python}
import struct, sys, time
command = sys.argv[1:]
assert command[command.index("-protocol_whitelist") + 1] == "pipe,file" and "-nostdin" in command
with open(command[command.index("-i") + 1], "rb") as file:
    assert file.read()[4:8] == b"ftyp"
longest = float(command[command.index("-t") + 1])
{body}
"""
HEADER = 'sys.stdout.buffer.write(b".snd" + struct.pack(">5I", 28, 0xFFFFFFFF, 6, 22050, 2) + b"Lavf")\n'
TONE = HEADER + """import math
for n in range(int(min(longest, {seconds}) * 22050)):
    sys.stdout.buffer.write(struct.pack(">2f", *[0.5 * math.sin(2 * math.pi * 440 * n / 22050)] * 2))
"""


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """Give a function that puts a program of the test's own in the place of ffmpeg."""
    def put(body):
        program = tmp_path / "ffmpeg"
        program.write_text(FAKE.format(python=sys.executable, body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return put


def test_without_ffmpeg_an_m4a_is_refused_with_the_next_step(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for data in (iso(b"soun", brand=b"M4A "), iso(b"soun"), b"\xff\xf1\x50\x80" + bytes(100)):
        error = refused(data)
        assert error.code == "audio.m4a" and "ffmpeg" in error.message("ko") and "MP3" in error.message("en")


def test_what_ffmpeg_unpacks_is_taken(ffmpeg):
    ffmpeg(TONE.format(seconds=2.5))
    found = audio(iso(b"soun", brand=b"M4A "))
    assert (found.format, found.original_rate, found.channels, found.seconds) == ("M4A", 22_050, 2, 2.5)
    assert loudest_hz(found.samples) == pytest.approx(440, abs=1) and found.peak == pytest.approx(-6.02, abs=0.01)
    assert found.loudness == pytest.approx(-6.7, abs=0.3)  # a tone of 440 Hz at -6 dB on two channels


@pytest.mark.parametrize("body", ["sys.exit(1)", "sys.stdout.write('no header of ours at all')", HEADER + "sys.exit(1)",
                                  TONE.format(seconds=2) + "sys.exit(69)"])
def test_what_ffmpeg_gives_up_is_broken(ffmpeg, body):
    ffmpeg(body)
    assert refused(iso(b"soun")).code == "audio.broken"


def test_what_ffmpeg_unpacks_without_end_is_too_long(ffmpeg, monkeypatch):
    monkeypatch.setattr(decoding, "LONGEST_AUDIO_S", 2.0)
    ffmpeg(TONE.format(seconds=1_000))
    assert refused(iso(b"soun")).code == "audio.long"


def test_an_ffmpeg_that_hangs_ends_with_its_worker(ffmpeg, pool, monkeypatch, tmp_path):
    pool()
    audio(encoded(song()))
    monkeypatch.setattr(decoding, "AUDIO_S", 1.0)
    ffmpeg(f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(30)")
    assert refused(iso(b"soun")).code == "audio.slow"
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" and time.monotonic() < until:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_real_m4a_is_taken(tmp_path):
    (tmp_path / "song.wav").write_bytes(encoded(song()))
    for name in ("song.m4a", "song.aac"):
        subprocess.run(["ffmpeg", "-v", "error", "-i", str(tmp_path / "song.wav"), str(tmp_path / name)], check=True)
        found = audio(tmp_path / name)
        assert (found.format, found.channels) == ("M4A", 2) and found.seconds == pytest.approx(3, abs=0.1)
        assert found.loudness == pytest.approx(pyloudnorm.Meter(44_100).integrated_loudness(song()), abs=0.2)
    whole = (tmp_path / "song.m4a").read_bytes()
    assert refused(whole[:len(whole) // 2]).code == "audio.broken"
