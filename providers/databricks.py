"""Jobs on Databricks: ordered, followed, stopped, and their report read, through ``databricks-sdk``.

The operator makes one job in the workspace whose task runs ``python -m pipelines`` (docs/scale.md); what it shall do
comes with each order (``jobs/run-now``) as its parameters. Several orders run at once, each known by its run's number.

The SDK blocks: up to a minute on a silent host, and in waits of its own between its tries. So each request is made in a
thread that nobody waits for longer than `Limits.call_s`, and trying again is ours: the SDK's clock is one that refuses
to sleep. Every request can be made twice without harm: an order carries a key that starts one run only, and an upload
replaces what was there. No message of the service travels along but for a run's own error.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import math
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from providers._http import mount
from providers._troubles import Trouble
from providers.base import never, unwatched
from providers.remote import RemoteReport
from support.errors import Cancelled, DataError, MissingKey, ProviderError, RateLimited

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.jobs import Run

log = logging.getLogger(__name__)
KEY_NAME = "DATABRICKS_TOKEN"
POLL_S = 0.1
"""How long a wish to stop can go unseen."""
BLOCK = 1 << 20
"""Bytes of one block of DBFS, the service's own limit."""
LONGEST_REASON = 500
OVER = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
_making = threading.Lock()
"""Held while a client of the SDK is made: its first one gathers what all of them share."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Limits:
    """Seconds and counts that bound what is asked of the service.

    Attributes
    ----------
    call_s : float
        One request. An upload may take `upload_s`.
    tries : int
        Of one request, for what may pass: no connection, 5xx, 429.
    backoff_s : float
        The wait after try n is `backoff_s` times 1, 2, 4 ..., and up to half more, unless the service names its own.
    longest_wait_s : float
        A service that asks for more is not waited for.
    poll_s : float
        Between two questions how far a run is.
    whole_s : float
        A run: after that it is stopped.
    """

    call_s: float = 20.0
    upload_s: float = 1800.0
    tries: int = 4
    backoff_s: float = 0.5
    longest_wait_s: float = 60.0
    poll_s: float = 5.0
    whole_s: float = 4 * 3600.0


class _Again(Exception):
    """The SDK wants to wait `seconds` and try once more; the reason is this error's context."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(seconds)


@dataclass(frozen=True)
class Databricks:
    """A workspace and one job of it (see `providers.remote.RemoteWork`); nothing is sent before it is used.

    Attributes
    ----------
    host, token : str
    job_id : int
    volume : str
        Folder for uploads: ``/Volumes/...`` or ``dbfs:/...``; empty: no uploads.
    limits : Limits

    Raises
    ------
    DataError
        If the address or the folder cannot be one.
    """

    host: str
    token: str = field(repr=False)
    job_id: int = 0
    volume: str = ""
    limits: Limits = Limits()
    provider: str = field(default="databricks", init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.host)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise DataError("remote.address", value=self.host.rpartition("@")[2][:100])
        if self.volume and not re.match(r"(/Volumes/|dbfs:/)[^/]", self.volume):
            raise DataError("remote.volume", value=self.volume[:100])

    # --- uploads --------------------------------------------------------------------------------------------------

    def upload(self, path: Path, name: str, *, progress: Callable[[int, int], None] = unwatched,
               stopped: Callable[[], bool] = never) -> str:
        """Put a file into the volume; see `providers.remote.RemoteWork.upload`."""
        if not self.volume:
            raise MissingKey("remote.unset", names="DATABRICKS_VOLUME")
        target = f"{self.volume.rstrip('/')}/{name}"
        try:
            with path.open("rb") as source:
                read = _Watched(source, path.stat().st_size, progress, stopped)
                put = self._put_block_by_block if target.startswith("dbfs:") else self._put_whole
                put(target, read, stopped)
        except OSError as error:
            raise DataError("remote.file", name=path.name) from error
        return target

    def _put_whole(self, target: str, source: _Watched, stopped: Callable[[], bool]) -> None:
        def put(client: WorkspaceClient) -> None:
            source.seek(0)
            client.api_client.do("PUT", f"/api/2.0/fs/files{quote(target)}", query={"overwrite": "true"},
                                 headers={"Content-Type": "application/octet-stream"}, data=source)
        try:
            self._ask(put, stopped, self.limits.upload_s)
        finally:
            source.give_up()

    def _put_block_by_block(self, target: str, source: _Watched, stopped: Callable[[], bool]) -> None:
        path = target.removeprefix("dbfs:")
        opened = self._ask(lambda client: client.dbfs.create(path, overwrite=True), stopped)
        handle = _needed(opened.handle)
        while block := source.read(BLOCK):
            self._once(partial(_add_block, handle, block), stopped)
        self._ask(lambda client: client.dbfs.close(handle), stopped)

    # --- runs -----------------------------------------------------------------------------------------------------

    def run(self, name: str, parameters: Sequence[str], *, key: str,
            progress: Callable[[int, int, str], None] | None = None,
            stopped: Callable[[], bool] = never) -> RemoteReport:
        """Run a job to its end; see `providers.remote.RemoteWork.run`."""
        if not self.job_id:
            raise MissingKey("remote.unset", names="DATABRICKS_JOB_ID")
        began = time.monotonic()
        number = self._ordered([name, *parameters], key, stopped)
        try:
            run = self._followed(number, began, progress, stopped)
        except BaseException:  # Ctrl+C among them: nobody would know of the run any more
            self._stop(number)
            raise
        report = self._report(number, run, name)
        return RemoteReport(number, report, time.monotonic() - began, run.run_page_url)

    def _ordered(self, parameters: list[str], key: str, stopped: Callable[[], bool]) -> int:
        """Order a run and return its number; nobody stops in the middle of it, or it would run on unknown."""
        def order(client: WorkspaceClient) -> int:
            wait = client.jobs.run_now(self.job_id, python_params=parameters, idempotency_token=key)
            return int(wait.run_id)  # type: ignore[attr-defined]  # the SDK binds it as an attribute

        if stopped():
            raise Cancelled("cancelled")
        return self._ask(order, never)

    def _followed(self, number: int, began: float, progress: Callable[[int, int, str], None] | None,
                  stopped: Callable[[], bool]) -> Run:
        """Return the run once it is over."""
        while True:
            run = self._ask(lambda client: client.jobs.get_run(number), stopped)
            state = _state(run, number)
            if progress is not None:
                tasks = run.tasks or []
                done = sum(_life(task) in OVER for task in tasks)
                progress(done, max(len(tasks), 1), state.lower())
            if state in OVER:
                return run
            if time.monotonic() - began > self.limits.whole_s:
                raise ProviderError("remote.slow", run=number, seconds=f"{self.limits.whole_s:g}")
            _pause(self.limits.poll_s, stopped)

    def _stop(self, number: int) -> None:
        """Have a run stopped that nobody waits for any more.

        Raises
        ------
        ProviderError
            ``remote.left``: the service did not take it, so the run may go on and cost.
        """
        try:
            self._ask(lambda client: client.jobs.cancel_run(number), never)
        except ProviderError as error:
            raise ProviderError("remote.left", run=number) from error
        log.info("Run %s was stopped", number)

    def _report(self, number: int, run: Run, name: str) -> dict[str, Any]:
        """Return the report of a run that is over."""
        result = run.state.result_state.value if run.state and run.state.result_state else ""
        if result == "CANCELED":
            raise ProviderError("remote.cancelled", run=number)
        task = run.tasks[-1].run_id if run.tasks else number  # a run of tasks has no output of its own
        output = self._ask(lambda client: client.jobs.get_run_output(_needed(task)), never)
        if result != "SUCCESS":
            said = output.error or (run.state.state_message if run.state else "") or result or "–"
            if output.error_trace:
                log.warning("Run %s failed:\n%s", number, _plain(output.error_trace)[-4000:])
            raise ProviderError("remote.failed", run=number, reason=_plain(said)[:LONGEST_REASON])
        text = output.logs or (output.notebook_output.result if output.notebook_output else "") or ""
        report = _last_line(text)
        if report.get("pipeline") != name:
            raise ProviderError("remote.output", run=number, name=name)
        return report

    # --- requests -------------------------------------------------------------------------------------------------

    def _ask(self, ask: Callable[[WorkspaceClient], _T], stopped: Callable[[], bool],
             call_s: float | None = None) -> _T:
        """Return the answer; what may pass is tried again."""
        for attempt in range(1, self.limits.tries + 1):
            try:
                return self._made(ask, stopped, call_s or self.limits.call_s)
            except Trouble as trouble:
                wait_s = trouble.wait_s or self.limits.backoff_s * 2 ** (attempt - 1) * (1 + random.random() / 2)
                if not trouble.again or attempt == self.limits.tries or wait_s > self.limits.longest_wait_s:
                    raise trouble.error from None
            _pause(wait_s, stopped)
        raise AssertionError("the last try returns or raises")

    def _once(self, ask: Callable[[WorkspaceClient], _T], stopped: Callable[[], bool]) -> _T:
        """Return the answer to a request that must not be made twice: a block whose answer was lost is there."""
        try:
            return self._made(ask, stopped, self.limits.call_s)
        except Trouble as trouble:
            raise trouble.error from None

    def _made(self, ask: Callable[[WorkspaceClient], _T], stopped: Callable[[], bool], call_s: float) -> _T:
        """Make one request in a thread of its own; who stops, or has waited long enough, leaves it behind."""
        client = self._client  # importing the SDK takes seconds that are nobody's silence
        answer: list[_T] = []
        failure: list[BaseException] = []
        over = threading.Event()

        def work() -> None:
            try:
                answer.append(ask(client))
            except BaseException as error:  # handed to who asked
                failure.append(error)
            finally:
                over.set()

        threading.Thread(target=work, name="databricks", daemon=True).start()
        until = time.monotonic() + call_s
        while not over.wait(POLL_S):
            if stopped():
                raise Cancelled("cancelled")
            if time.monotonic() > until:
                raise self._unreachable(call_s)
        if failure:
            raise self._trouble(failure[0]) from failure[0]
        return answer[0]

    @cached_property
    def _client(self) -> WorkspaceClient:
        try:
            from databricks.sdk import WorkspaceClient
            from databricks.sdk.clock import Clock
            from databricks.sdk.core import Config
        except ImportError as error:
            raise MissingKey("remote.package") from error

        class Sleepless(Clock):
            """Has the SDK try once: waiting is ours, and can be stopped."""

            def time(self) -> float:
                return time.monotonic()

            def sleep(self, seconds: float) -> None:
                raise _Again(seconds)

        class Given(Config):
            """What we hand in, without a question to the host about itself."""

            def _resolve_host_metadata(self) -> None:
                return

        with _making:
            Config.attributes()  # gathered by the first who asks, and a subclass would find none of its own
            settings = Given(host=self.host, token=self.token, auth_type="pat", clock=Sleepless(),
                             http_timeout_seconds=self.limits.call_s, retry_timeout_seconds=60)
            client = WorkspaceClient(config=settings)
        # The SDK takes no session of ours and follows redirects, so its own is made to ask (a test holds it to that).
        mount(client.api_client._api_client._session, pool_maxsize=20, pool_block=True)
        return client

    def _trouble(self, error: BaseException) -> Trouble | BaseException:
        """Return what an error of the SDK means; errors of ours stay what they are."""
        import requests
        from databricks.sdk.errors import DatabricksError

        wait_s = None
        if isinstance(error, _Again):
            cause = error.__context__
            wait_s = getattr(cause, "retry_after_secs", None)
            error = cause or error
        if isinstance(error, ProviderError | DataError | Cancelled):
            return error
        if isinstance(error, requests.ConnectionError | requests.Timeout):
            return self._unreachable(self.limits.call_s)
        if isinstance(error, DatabricksError):
            return _of_status(error, wait_s)
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            return error  # the file that is uploaded
        log.warning("Databricks: an answer could not be read (%s)", type(error).__name__)
        return Trouble(ProviderError("remote.garbage"), again=False, broken=True)

    def _unreachable(self, seconds: float) -> Trouble:
        return Trouble(ProviderError("remote.unreachable", seconds=f"{seconds:g}"), again=True, broken=True)


class _Watched(io.RawIOBase):
    """A file that is uploaded: tells how much is read, and ends when nobody wants it any more."""

    def __init__(self, source: Any, size: int, progress: Callable[[int, int], None],
                 stopped: Callable[[], bool]) -> None:
        self._source, self._size, self._progress, self._stopped = source, size, progress, stopped
        self._gone = False

    def __len__(self) -> int:
        return self._size

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes."""
        if self._gone or self._stopped():
            raise Cancelled("cancelled")
        data: bytes = self._source.read(count)
        self._progress(self._source.tell(), self._size)
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place."""
        return int(self._source.seek(place, whence))

    def tell(self) -> int:
        """Return the place."""
        return int(self._source.tell())

    def seekable(self) -> bool:
        """Say that it can be sent again."""
        return True

    def give_up(self) -> None:
        """End the reading of a thread that was left behind."""
        self._gone = True


def _add_block(handle: int, block: bytes, client: WorkspaceClient) -> None:
    client.dbfs.add_block(handle, base64.b64encode(block).decode())


def _of_status(error: Any, wait_s: float | None) -> Trouble:
    """Return the trouble an error of the service means, by its kind."""
    from databricks.sdk.errors import platform

    status = next((status for status, kind in platform.STATUS_CODE_MAPPING.items() if isinstance(error, kind)), 0)
    reason = error.error_code if re.fullmatch(r"[A-Za-z_]{3,60}", str(error.error_code or "")) else "–"
    if status == 429:
        limited = RateLimited("remote.limited", wait_s=math.ceil(wait_s or 60))
        return Trouble(limited, again=True, broken=False, wait_s=wait_s)
    if status >= 500 or not status:
        return Trouble(ProviderError("remote.failing", status=status or "–"), again=True, broken=True, wait_s=wait_s)
    if status in (401, 403):
        return Trouble(ProviderError("remote.key", status=status), again=False, broken=False)
    return Trouble(ProviderError("remote.refused", status=status, reason=reason), again=False, broken=False)


def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    """Wait, and stop waiting when asked to."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopped():
            raise Cancelled("cancelled")
        time.sleep(min(POLL_S, left))


def _needed(value: Any) -> int:
    """Return a number that an answer must have."""
    if not isinstance(value, int):
        raise ProviderError("remote.garbage")
    return value


def _life(run: Any) -> str:
    return run.state.life_cycle_state.value if run.state and run.state.life_cycle_state else ""


def _state(run: Run, number: int) -> str:
    """Return how far a run is; an answer about another run, or about none, is no answer."""
    state = _life(run)
    if not state or run.run_id != number:
        raise ProviderError("remote.garbage")
    return state


def _plain(text: str) -> str:
    """Return a run's own words without control characters, and without what looks like an address' password."""
    shown = re.sub(r"://[^\s/@]*@", "://***@", text)
    return "".join(char if char.isprintable() or char == "\n" else " " for char in shown).strip()


def _last_line(text: str) -> dict[str, Any]:
    """Return the JSON of the last line, empty where it is none."""
    lines = text.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
