"""One model of this machine in memory: whose turn it is, and when it is let go.

A model takes all cores or the whole GPU, so one thing is made at a time in a process, and others wait.
"""

from __future__ import annotations

import gc
import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
POLL_S = 0.1
"""How long a wish to stop can go unseen while another one works."""


class Shelf:
    """The one model of its kind in memory, and whose turn it is.

    Parameters
    ----------
    kind : str
        What it is, for the log.
    idle_s : callable
        Seconds after its last use at which the model is let go.
    """

    def __init__(self, kind: str, idle_s: Callable[[], float]) -> None:
        self._kind, self._idle_s = kind, idle_s
        self._lock = threading.Lock()
        self._kept: tuple[Path, Any] | None = None
        self._timer: threading.Timer | None = None

    @contextmanager
    def turn(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the others and hold them off; afterwards the time of idleness starts.

        `check` raises where the one who waits wants to stop.
        """
        while not self._lock.acquire(timeout=POLL_S):
            check()
        try:
            if self._timer is not None:
                self._timer.cancel()
            check()
            yield
        finally:
            if self._kept is not None:
                self._timer = threading.Timer(self._idle_s(), self._idle)
                self._timer.daemon = True
                self._timer.start()
            self._lock.release()

    def get(self, folder: Path) -> Any:
        """Return the model of a folder if it is the one in memory; another one is let go."""
        if self._kept is not None and self._kept[0] == folder:
            return self._kept[1]
        self.empty()
        return None

    def keep(self, folder: Path, model: Any) -> None:
        """Put a model there, with the folder it is from; in a turn only."""
        self._kept = folder, model

    def empty(self) -> None:
        """Let go of the model and hand its memory back; in a turn only."""
        if self._kept is None:
            return
        self._kept = None
        gc.collect()
        torch = importlib.import_module("torch")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _idle(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # in use again
        try:
            if self._timer is threading.current_thread():
                log.info("The %s model was not used for %g s and is let go.", self._kind, self._idle_s())
                self.empty()
        finally:
            self._lock.release()


def out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out, on the GPU or here."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" \
        or "can't allocate memory" in str(error)
