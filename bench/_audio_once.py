"""Decode one file and make its mel spectrogram, for `audio.py`: prints what memory that took, in MB, as JSON.

Run ``python bench/_audio_once.py FILE``. ``above_idle_mb`` is the largest resident memory of the product's process over
what it held before, with everything imported, and the largest of the worker, whole: before, there was none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import scipy.fft  # noqa: F401
import scipy.sparse  # noqa: F401
from _machine import ROOT  # noqa: F401

from sound.mel import log_mel
from support import decoding


def resident_mb(pid: int | str, what: str) -> float:
    """Return a process's resident memory now (``VmRSS``) or at its largest (``VmHWM``)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024 / 1e6


def main(path: str) -> None:
    """Decode and report."""
    log_mel(np.zeros(4096, np.float32))
    idle = resident_mb("self", "VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # begins the largest anew
    audio = decoding.audio(Path(path))
    frames = len(log_mel(audio.samples))
    [worker] = decoding._audio_pool.pids()
    own, others = resident_mb("self", "VmHWM") - idle, resident_mb(worker, "VmHWM")
    print(json.dumps({"seconds": audio.seconds, "frames": frames, "idle_mb": idle, "product_mb": own,
                      "worker_mb": others, "above_idle_mb": own + others}))


if __name__ == "__main__":
    main(*sys.argv[1:])
