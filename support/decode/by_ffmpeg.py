"""Sound that only the program ffmpeg unpacks (AAC in M4A); runs in the worker process only.

ffmpeg is a child of the worker: it inherits the limit on memory, gets one on its processor time, reads one file that
has no name and writes to a pipe, knows no protocol but these, and ends with the worker.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from support.decode.worker import Refused

CPU_S = 60
"""Of ffmpeg: 15 minutes of AAC take 2."""
DEMUXERS = {b"\xff\xf1": "aac", b"\xff\xf9": "aac"}
HEADER = 24
"""Bytes of the header of AU before its text: magic, begin, size, encoding, rate, channels."""
FLOATS = 6
"""The encoding of AU that is float32, big-endian."""
DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Unpacked:
    """A file as `soundfile.SoundFile` would show it: `samplerate`, `channels`, `subtype`, `frames` (0: unknown).

    Parameters
    ----------
    data : bytes
    program : str
        Path of ffmpeg.
    longest_s : float
        Seconds after which it stops.
    """

    frames, subtype = 0, "AAC"

    def __init__(self, data: bytes, program: str, longest_s: float) -> None:
        with tempfile.TemporaryFile() as source:  # the end of an M4A may have to be read first: no pipe
            source.write(data)
            source.seek(0)
            command = [program, "-v", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "pipe,file",
                       "-f", DEMUXERS.get(data[:2], "mov"), "-i", f"/dev/fd/{source.fileno()}", "-map", "0:a:0", "-vn",
                       "-sn", "-dn", "-t", f"{longest_s:g}", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL, pass_fds=(source.fileno(),), preexec_fn=_bound)
        self._pipe = cast(IO[bytes], self._child.stdout)
        head = self._pipe.read(HEADER)
        if len(head) < HEADER or head[:4] != b".snd":
            self.close()
            raise Refused("broken")
        begin, _, encoding, self.samplerate, self.channels = (int.from_bytes(head[at:at + 4], "big")
                                                              for at in range(4, HEADER, 4))
        self._pipe.read(max(0, begin - HEADER))
        if encoding != FLOATS or not self.channels:
            self.close()
            raise Refused("broken")

    def read(self, dtype: str, always_2d: bool, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill `out`, (n, channels), and return the part of it that was filled."""
        raw = self._pipe.read(out.nbytes)
        count = len(raw) // (4 * self.channels)
        if not count and self._child.wait():
            raise Refused("broken")
        out[:count] = np.frombuffer(raw, ">f4", count * self.channels).reshape(count, self.channels)
        return out[:count]

    def close(self) -> None:
        """End the program."""
        self._child.kill()
        self._child.wait()
        self._pipe.close()

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _bound() -> None:
    """Run in the child before ffmpeg: limit its processor time, and let it end when the worker is killed."""
    import ctypes
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
