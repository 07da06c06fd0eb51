"""Work that outlasts a database which goes away: it waits until it is back, and goes on where it stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import db
from support.errors import DatabaseUnavailable

log = logging.getLogger(__name__)
AWAY_S = 120.0
"""Seconds the database may be away in one piece before the work gives up: a restart takes less, even with recovery."""
LOOK_EVERY_S = 1.0
"""Seconds between two looks whether it is back."""
OUTAGES = 3
"""Times it may go away during one piece of work; what breaks it each time, a full disk for one, is no outage."""
Result = TypeVar("Result")


class Watch(Protocol):
    """What says whether to stop (see `support.jobs.Progress`)."""

    def check(self) -> None:
        """Raise `Cancelled` if the work is to stop."""


def outlast(work: Callable[[], Result], watch: Watch) -> Result:
    """Do work that can be begun again without harm, again after each time the database was away.

    Raises
    ------
    Cancelled
    DatabaseUnavailable
        If it stays away for `AWAY_S` seconds, or goes more than `OUTAGES` times.
    """
    for _ in range(OUTAGES):
        try:
            return work()
        except DatabaseUnavailable as error:
            log.warning("The database went away in the middle of work, which waits for it: %s", error)
            if not _back(watch):
                raise
    return work()


def _back(watch: Watch) -> bool:
    """Wait for the database; return whether it came back."""
    until = time.monotonic() + AWAY_S
    while time.monotonic() < until:
        watch.check()
        time.sleep(LOOK_EVERY_S)
        if db.ready()[0]:
            return True
    return False
