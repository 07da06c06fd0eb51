"""Recordings that go too far: bombs, workers that crash, hang or want memory, and M4A, which ffmpeg unpacks."""

from __future__ import annotations

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
from made_recordings import encoded, iso, loudest_hz, pool_of_ones_own, refused, song, tidy  # noqa: F401

from support import decoding
from support.decode import audio_kinds
from support.decode.wire import read_answer, write_frame
from support.decoding import audio
from support.errors import AppError, Busy, FileRefused

ROOT = Path(__file__).resolve().parents[1]


def workers():
    found = []
    for child in psutil.Process().children():
        try:
            found += [child] if "support.decode.worker" in " ".join(child.cmdline()) else []
        except psutil.NoSuchProcess:  # it has just ended
            pass
    return found


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
    noise = np.random.default_rng(1).normal(size=8_000 * 30)  # not every noise: of some the decoder loses parts at the seams
    frames = encoded((0.2 * noise).astype(np.float32), 8_000, "MP3")
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
