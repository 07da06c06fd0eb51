"""A few worker processes that are kept between requests, ended when they hang, and replaced when they crash."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from support.decode.wire import read_answer, read_frame, write_frame

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
CODE = ("import sys; sys.path.insert(0, sys.argv[1]); from support.decode.worker import main; "
        "main(int(sys.argv[2]))")
Answer = bytes | bytearray
START_S = 30.0
"""Seconds a worker may take to start; 0.1 on an idle machine."""
PIPE_BYTES = 1 << 20
MOST_SERVED = 500
"""Requests after which a worker is replaced: what its libraries leak or scatter in memory ends with it."""
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT", "LANG", "LC_ALL",
        "TMPDIR", "TEMP")
"""What a worker gets of the environment: no key and no password among it."""

ADDED = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(16 << 20), "MALLOC_TRIM_THRESHOLD_": str(32 << 20),
         "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""What it gets besides. One heap and one thread of BLAS: each further one takes 64 or 32 MB of address space. Blocks
of sound are taken from the heap and not, each anew, from the system, which costs a tenth of the time."""


class Late(Exception):
    """A request took too long; its worker has been ended."""


class Died(Exception):
    """A worker ended, or answered nonsense, in the middle of a request."""


class Unstarted(Exception):
    """No worker could be started."""


class Full(Exception):
    """All workers were busy for too long."""


class Pool:
    """Up to `most` workers, started when they are needed; may be used by several threads.

    Parameters
    ----------
    most : int
    memory_bytes : int
        Address space of each; 0 is no limit.
    """

    def __init__(self, most: int, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._seats = threading.BoundedSemaphore(most)
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def ask(self, task: str, options: dict[str, Any], data: bytes, *, seconds: float, wait_s: float,
            longest_answer: int) -> tuple[dict[str, Any], Answer]:
        """Return head and body of a worker's answer.

        A worker that had served before and then died, or ran out of memory, may have been worn: the request is made
        once more to a fresh one.

        Parameters
        ----------
        task : str
            A key of `support.decode.worker.TASKS`.
        options : dict
            What JSON can hold.
        data : bytes
        seconds : float
            For the work itself; waiting for a worker and starting one are not counted.
        wait_s : float
            To wait for a worker while all are busy.
        longest_answer : int
            Bytes of the body.

        Raises
        ------
        Late, Died, Unstarted, Full
        """
        if not self._seats.acquire(timeout=wait_s):
            raise Full
        try:
            fresh = False
            while True:
                worker = _Worker(self._memory_bytes) if fresh else self._take()
                fresh = worn = worker.served > 0
                try:
                    head, body = worker.ask({"task": task, "options": options}, data, seconds, longest_answer)
                except Died:
                    if worn:
                        continue
                    raise
                if head.get("refused") == "memory":
                    worker.end()
                    if worn:
                        continue
                self._keep(worker)
                return head, body
        finally:
            self._seats.release()

    def close(self) -> None:
        """End the idle workers; a later request starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def pids(self) -> list[int]:
        """Return the process numbers of the idle workers."""
        with self._lock:
            return [worker.process.pid for worker in self._idle]

    def _take(self) -> _Worker:
        """Return a worker that lives, a new one where none is idle."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return _Worker(self._memory_bytes)
            if worker.process.poll() is None:
                return worker
            worker.end()

    def _keep(self, worker: _Worker) -> None:
        if worker.served >= MOST_SERVED:
            worker.end()
        if worker.process.poll() is None:
            with self._lock:
                self._idle.append(worker)


class _Worker:
    """One process and its pipes; used by one thread at a time."""

    def __init__(self, memory_bytes: int) -> None:
        self.served = 0
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", CODE, str(ROOT), str(memory_bytes)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment())
        except OSError as error:
            log.error("no worker could be started (%s)", error)
            raise Unstarted from error
        self._inbox, self._outbox = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)
        _widen(self._inbox, self._outbox)
        try:
            hello = self._within(START_S, lambda: read_frame(cast(Any, self._outbox), 0))
        except (Late, Died) as error:
            raise Unstarted from error
        if not hello[0].get("limited"):
            log.warning("this system cannot bound the memory of a worker")

    def ask(self, head: dict[str, Any], data: bytes, seconds: float, longest: int
            ) -> tuple[dict[str, Any], Answer]:
        """Return the answer to one request; whatever goes wrong, the process has ended by then."""
        def talk() -> tuple[dict[str, Any], Answer] | None:
            write_frame(cast(Any, self._inbox), head, data)
            return read_answer(cast(Any, self._outbox), longest)

        answer = self._within(seconds, talk)
        self.served += 1
        return answer

    def end(self) -> None:
        """End the process, wait for its end and close the pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self._inbox, self._outbox):
            try:
                pipe.close()
            except OSError:  # bytes that were never sent
                pass

    def _within(self, seconds: float, talk: Callable[[], tuple[dict[str, Any], Answer] | None]
                ) -> tuple[dict[str, Any], Answer]:
        deadline = _Deadline(self.process, seconds)
        answer, trouble = None, ""
        try:
            answer = talk()
        except (OSError, ValueError) as error:
            trouble = f", {type(error).__name__}"
        except BaseException:
            self.end()
            raise
        finally:
            late = deadline.over()
        if answer is not None and not late:
            return answer
        code = None if late else self._ended()
        self.end()
        log.warning("a worker was ended after %g s" if late else "a worker ended (status %s%s)",
                    *((seconds,) if late else (code, trouble)))
        raise Late if late else Died

    def _ended(self) -> int | None:
        """Return the status of a process that has closed its pipe and is about to end."""
        try:
            return self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None


class _Deadline:
    """Kills a process at a time, unless `over` is called before."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process, self._lock = process, threading.Lock()
        self._done = self._late = False
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> bool:
        """Call it off and return whether it was too late for that."""
        with self._lock:
            self._done = True
        self._timer.cancel()
        return self._late

    def _kill(self) -> None:
        with self._lock:
            if not self._done:
                self._late = True
                self._process.kill()


def _widen(*pipes: IO[bytes]) -> None:
    """Let pipes hold more than their 64 KB, where the system can: fewer turns of both sides."""
    try:
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        pass


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | ADDED
