"""What a place that runs our jobs elsewhere can do (see `providers.databricks`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from providers.base import never, unwatched


@dataclass(frozen=True)
class RemoteReport:
    """What a job said at its end.

    Attributes
    ----------
    run : int
        Its number at the service.
    report : mapping
        The JSON of its last line, ``pipeline`` naming the job.
    seconds : float
        From the order to the report.
    page : str or None
        Where the run is shown to people.
    """

    run: int
    report: Mapping[str, Any]
    seconds: float
    page: str | None


class RemoteWork(Protocol):
    """Runs the jobs of ``pipelines`` on machines elsewhere; several at once are told apart by their numbers."""

    @property
    def provider(self) -> str:
        """Name of the service."""

    def upload(self, path: Path, name: str, *, progress: Callable[[int, int], None] = unwatched,
               stopped: Callable[[], bool] = never) -> str:
        """Put a file where jobs find it, over one of the same name, and return its address there.

        Raises
        ------
        DataError
            If the file cannot be read.
        ProviderError
            If it is not there, or not whole.
        Cancelled
            If `stopped` said True.
        """

    def run(self, name: str, parameters: Sequence[str], *, key: str,
            progress: Callable[[int, int, str], None] | None = None,
            stopped: Callable[[], bool] = never) -> RemoteReport:
        """Run a job to its end.

        Parameters
        ----------
        name : str
            One of ``pipelines``.
        parameters : sequence of str
            As on its command line.
        key : str
            Names the order: the same key never starts a second run.
        progress : callable, optional
            Told tasks done, tasks in all and what the run does now, in the caller's thread.
        stopped : callable
            Asked at least ten times a second; once it says True the run is stopped there as well.

        Raises
        ------
        ProviderError
            If there is no report. A run that was started and is not over is stopped first; where that fails as well,
            the code is ``remote.left``.
        Cancelled
            If `stopped` said True.
        """
