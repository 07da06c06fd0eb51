"""A PostgreSQL server outside the product, that a test starts, cuts off, and starts again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

DEBIAN = Path("/usr/lib/postgresql/15/bin")


class Outside:
    """A server with a data folder of its own, reached over TCP; `url` names a database that it does not have yet."""

    def __init__(self) -> None:
        if not (DEBIAN / "initdb").exists():
            pytest.skip(f"no PostgreSQL 15 in {DEBIAN}")
        self.home = Path(tempfile.mkdtemp(prefix="mis-outside-"))
        self._as_postgres = []
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres")
            self._as_postgres = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/music"
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "--no-sync")

    @property
    def _data(self) -> str:
        return str(self.home / "data")

    def _run(self, *words: str) -> None:
        subprocess.run([*self._as_postgres, str(DEBIAN / words[0]), *words[1:]], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, timeout=120)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.home}"
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "90", "-l", str(self.home / "log"), "-o", options, "start")

    def cut(self) -> None:
        """Stop it at once, as a power cut does: without a checkpoint, every connection ended."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def close(self) -> None:
        """Stop it where it runs, and remove its folder."""
        if (self.home / "data" / "postmaster.pid").exists():
            self.cut()
        shutil.rmtree(self.home, ignore_errors=True)
