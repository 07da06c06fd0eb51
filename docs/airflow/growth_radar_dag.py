"""The pipeline of Music Integrated System as an Airflow DAG: look at the folder, sync, analyse, post alerts.

Every step is a command of the product, run with the product's own Python in the product's own folder: Airflow needs
none of its packages, and what runs here is what an operator runs by hand. A command prints one JSON object on its last
line; its numbers are the task's XCom. For Airflow 3; 2.4 and later by the fallback below. See README.md beside this.

Airflow's Variables, each of which may be an environment variable of the same name:

``MIS_HOME``
    The product's folder. By default the one this file is in, links followed.
``MIS_PYTHON``
    The Python the product is installed in. By default ``MIS_HOME/.venv/bin/python``.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

try:
    from airflow.sdk import Variable, dag, task
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowFailException
    from airflow.models import Variable

log = logging.getLogger(__name__)
REFUSED = 2
"""Exit code of a sync that went well but for files that could not be read; a failure is 1."""
GRACE_S = 20
"""Seconds a command has to end by itself, whole files kept, before it is killed."""
LOOK = "import config, json; print(json.dumps({'folder': str(config.load().cmdata_dir)}))"
"""Asks the product which folder it reads, from its environment, .env or secrets.toml."""
DEFAULTS = {
    "owner": "music",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,  # doubles the wait; newer versions take a number, older ones only this
    "max_retry_delay": timedelta(minutes=30),
}


def setting(name: str) -> str:
    """Return Airflow's Variable `name`, else the environment's, else an empty text."""
    return Variable.get(name, "") or os.environ.get(name, "")


def product() -> tuple[Path, Path]:
    """Return the product's folder and its Python.

    Raises
    ------
    AirflowFailException
        If one of them is not there: trying again would not help.
    """
    home = Path(setting("MIS_HOME") or Path(__file__).resolve().parents[2])
    if not (home / "cli.py").is_file():
        raise AirflowFailException(f"There is no cli.py in {home}. Set the Variable MIS_HOME to the product's folder.")
    python = Path(setting("MIS_PYTHON") or home / ".venv" / "bin" / "python")
    if not python.is_file():
        raise AirflowFailException(f"There is no Python at {python}. Run `make run` in {home} once, or set the "
                                   "Variable MIS_PYTHON to the Python the product is installed in.")
    return home, python


def run(*arguments: str, accepted: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Run the product's Python with `arguments`; its messages go to the task's log.

    Returns
    -------
    dict
        The JSON object on the last line of its output.

    Raises
    ------
    RuntimeError
        If it exits with a code that is not accepted, tells of an error, or gives no JSON object. Airflow tries again.
    """
    home, python = product()
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        with subprocess.Popen([str(python), *arguments], cwd=home, env={**kept, "PYTHONIOENCODING": "utf-8"},
                              stdout=output, stderr=subprocess.PIPE, encoding="utf-8", errors="replace") as process:
            code = follow(process)
        output.seek(0)
        lines = output.read().splitlines()
    answer = read_json(lines[-1] if lines else "")
    for line in lines if answer is None else lines[:-1]:
        log.info("%s", line)
    if code not in accepted or answer is None or answer.get("error"):  # a mistyped option exits with 2, and no answer
        raise RuntimeError(f"`{' '.join(arguments)}` exited with {code} and said {answer}; its messages are above.")
    log.info("%s", answer)
    return answer


def follow(process: subprocess.Popen[str]) -> int:
    """Write a process's messages to the log until it ends, and return its exit code.

    A time limit (an exception out of nowhere) or a stop of the task (SIGTERM, and SIGKILL soon after) interrupts it as
    Ctrl+C would, so that no orphan goes on writing.
    """
    assert process.stderr is not None
    told = threading.Event()

    def interrupt() -> None:
        if not told.is_set():
            told.set()
            process.send_signal(signal.SIGINT)

    try:
        with at_sigterm(interrupt):
            for line in process.stderr:
                log.info("%s", line.rstrip())
            return process.wait()
    except BaseException:
        interrupt()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


@contextmanager
def at_sigterm(act: Callable[[], None]) -> Iterator[None]:
    """Do `act` before what Airflow does at SIGTERM: 3 raises nothing here, and not every 3.x signals the command."""
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be had
        yield
        return

    def chained(number: int, frame: Any) -> None:
        act()
        if callable(old):
            old(number, frame)

    old = signal.signal(signal.SIGTERM, chained)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


def read_json(line: str) -> dict[str, Any] | None:
    """Return the JSON object in `line`, None where it is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def counts(answer: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of an answer, those one level down as ``outer.inner``: what is worth an XCom."""
    flat: dict[str, Any] = {}
    for name, value in answer.items():
        flat |= {f"{name}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
    return {name: value for name, value in flat.items() if isinstance(value, int | float)}


@dag(dag_id="growth_radar", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False,
     max_active_runs=1, default_args=DEFAULTS, tags=["music"], doc_md=__doc__,
     description="Exports to readings, figures, forecasts and alerts")
def growth_radar() -> None:
    """Declare the tasks; midnight UTC is nine in the morning in Seoul."""

    @task(execution_timeout=timedelta(minutes=5))
    def check_folder() -> dict[str, float]:
        """Fail unless the folder of exports is there and holds some: a share that is not mounted looks empty."""
        folder = Path(run("-c", LOOK)["folder"])
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.suffix.lower() == ".csv" and path.is_file()]
        if not sizes:
            raise RuntimeError(f"There are no exports (*.csv) in {folder}. Is the share mounted? MIS_CMDATA_DIR names "
                               "the folder.")
        return {"files": len(sizes), "bytes": sum(sizes)}

    @task(execution_timeout=timedelta(hours=2))
    def sync() -> dict[str, float]:
        """Bring the database up to the folder; refused files do not hold up the others."""
        return counts(run("-m", "cli", "sync", "--only", "--json", accepted=(0, REFUSED)))

    @task(execution_timeout=timedelta(hours=1))
    def analyse() -> dict[str, float]:
        """Refresh what is derived from changed readings: figures, forecasts, calibration."""
        return counts(run("-m", "cli", "analyse", "--json"))

    @task(execution_timeout=timedelta(minutes=30))
    def alerts() -> dict[str, float]:
        """Evaluate the rules and post what is new; events posted before are not posted again."""
        return counts(run("-m", "cli", "alerts", "--json"))

    @task(retries=0, execution_timeout=timedelta(minutes=5))
    def no_file_refused(synced: dict[str, float]) -> None:
        """Turn the run red if files were refused, though the rest went through: only a person can mend them."""
        if refused := synced.get("refused", 0):
            raise AirflowFailException(f"Files refused: {refused:.0f}. The log of `sync` and the product's Data page "
                                       "give the reasons.")

    checked, synced = check_folder(), sync()
    checked >> synced >> analyse() >> alerts()
    no_file_refused(synced)


growth_radar()
