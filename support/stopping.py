"""A clean stop: SIGTERM ends requests, then jobs, then the process, each within its time, with exit status 0."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)
_asked = threading.Event()


def asked() -> bool:
    """Return whether SIGTERM has come since `on_sigterm`."""
    return _asked.is_set()


def on_sigterm(grace_s: float) -> Callable[[], None]:
    """Have SIGTERM stop the server around us; return what undoes that.

    uvicorn's own handler raises the signal once more after everything was closed, so that a clean stop looks like a
    kill, and it waits for open requests without end. Outside of uvicorn, or of the main thread, nothing is changed.

    Parameters
    ----------
    grace_s : float
        Seconds open requests get to end in.
    """
    handler = signal.getsignal(signal.SIGTERM)
    server: Any = getattr(handler, "__self__", None)
    if threading.current_thread() is not threading.main_thread() or not hasattr(server, "should_exit"):
        return lambda: None

    def stop(number: int, frame: Any) -> None:
        _asked.set()
        if server.should_exit:  # whoever asks twice does not want to wait
            server.force_exit = True
        server.config.timeout_graceful_shutdown = max(1, round(grace_s))
        server.should_exit = True

    _asked.clear()
    signal.signal(signal.SIGTERM, stop)
    return lambda: _undo(stop, handler)


def _undo(ours: Any, before: Any) -> None:
    if signal.getsignal(signal.SIGTERM) is ours:
        signal.signal(signal.SIGTERM, before)


def leave(after_s: float, status: int = 0) -> None:
    """End the process after some seconds even if threads are still at work: Python would wait for them."""
    def end() -> None:
        log.warning("Threads are still at work; the process ends without them")
        logging.shutdown()
        os._exit(status)

    timer = threading.Timer(after_s, end)
    timer.daemon = True
    timer.start()
