"""Circuit breaker: a service that failed several times in a row is left alone for a while.

Source: M. Nygard, Release It!, 2nd ed. (2018), chapter 5, "Circuit Breaker".
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from support.errors import ProviderError

_breakers: dict[tuple[str, str], Breaker] = {}
_lock = threading.Lock()


class Breaker:
    """Counts failures in a row of one service; all threads share it.

    Closed: every call goes through. Open, after `failures` in a row: none does, for `open_s` seconds. Then half-open:
    one call is let through, and its outcome closes the circuit or opens it again.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._failed, self._probing = 0, False
        self._opened_at: float | None = None

    def enter(self, service: str, open_s: float) -> bool:
        """Let a call through and return whether it is the probe of a half-open circuit.

        Raises
        ------
        ProviderError
            ``provider.circuit_open`` with the seconds left.
        """
        with self._lock:
            if self._opened_at is None:
                return False
            left = self._opened_at + open_s - self._clock()
            if left > 0 or self._probing:
                raise ProviderError("provider.circuit_open", service=service, seconds=max(1, math.ceil(left)))
            self._probing = True
            return True

    def leave(self, probe: bool, good: bool | None, failures: int) -> None:
        """Count the outcome of a call that was let through.

        Parameters
        ----------
        probe : bool
            What `enter` returned.
        good : bool or None
            Whether the service answered; None where the call tells nothing, such as one that was stopped.
        failures : int
            Failures in a row that open the circuit.
        """
        with self._lock:
            if probe:
                self._probing = False
            if good:
                self._failed, self._opened_at = 0, None
            elif good is False:
                self._failed += 1
                if probe or self._failed >= failures:
                    self._opened_at = self._clock()


def breaker_of(provider: str, base_url: str) -> Breaker:
    """Return the breaker of a service at an address, the same one for every caller in this process."""
    with _lock:
        return _breakers.setdefault((provider, base_url), Breaker())
