"""Locks of the database: one holder at a time, in whatever process, for as long as a connection of its own lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection

import db
from support.errors import Busy, DatabaseUnavailable

log = logging.getLogger(__name__)
LOOK_EVERY_S = 0.1
"""Seconds between two tries to get a lock that is waited for."""


class Lock:
    """A lock by two statements, one that tries to take it and one that gives it back.

    It goes with its connection: a database that was away has forgotten it, which `keep` makes up for.
    """

    def __init__(self, try_lock: Callable[[Connection], bool], unlock: Callable[[Connection], None],
                 busy: Callable[[Connection], Busy]) -> None:
        self._try_lock, self._unlock, self._busy = try_lock, unlock, busy
        self._held = ExitStack()
        self._connection: Connection | None = None

    def take(self, wait_s: float = 0.0) -> None:
        """Take the lock.

        Raises
        ------
        Busy
            If it is not free within `wait_s` seconds.
        DatabaseUnavailable
        """
        deadline = time.monotonic() + wait_s
        with ExitStack() as opened:
            connection = opened.enter_context(db.session())
            while not self._try_lock(connection):
                if time.monotonic() > deadline:
                    raise self._busy(connection)
                time.sleep(LOOK_EVERY_S)
            opened.callback(self._free, connection)
            self._held, self._connection = opened.pop_all(), connection

    def _free(self, connection: Connection) -> None:
        if not connection.invalidated:
            self._unlock(connection)

    def keep(self) -> None:
        """See that the lock is held still; where the database was away meanwhile, take it anew.

        Raises
        ------
        Busy
            If another was quicker.
        DatabaseUnavailable
        """
        if self._connection is not None and not db.answers(self._connection):
            log.warning("The database was away and its lock is gone; taking it anew")
            self.give_back()
            self.take()

    def give_back(self) -> None:
        """Give the lock back; with a connection that is gone it has gone already."""
        try:
            self._held.close()
        except DatabaseUnavailable as error:
            log.warning("A lock went with its connection: %s", error)
        self._connection = None


@contextmanager
def hold(try_lock: Callable[[Connection], bool], unlock: Callable[[Connection], None],
         busy: Callable[[Connection], Busy], wait_s: float = 0.0) -> Iterator[Lock]:
    """Hold a lock, taken within `wait_s` seconds (see `Lock`).

    Raises
    ------
    Busy, DatabaseUnavailable
    """
    lock = Lock(try_lock, unlock, busy)
    lock.take(wait_s)
    try:
        yield lock
    finally:
        lock.give_back()
