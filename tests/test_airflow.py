"""The Airflow DAG: its shape by a stand-in for Airflow, its tasks for real; by Airflow itself where it is installed.

``AIRFLOW_PYTHON`` names the Python of an environment with Airflow, where it is not this one.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "airflow" / "growth_radar_dag.py"
NAMES = ["check_folder", "sync", "analyse", "alerts", "no_file_refused"]


class FinalFailure(Exception):
    """Stands for AirflowFailException."""


class Call:
    """A task in a DAG: its function, its options, what it waits for."""

    def __init__(self, function, options, arguments):
        self.function, self.options, self.arguments = function, options, arguments
        self.waits_for = {each.function.__name__ for each in arguments}

    def __rshift__(self, other):
        other.waits_for.add(self.function.__name__)
        return other


class Recorder:
    """The few names of Airflow the file uses, recording what is declared."""

    def __init__(self, variables=()):
        self.variables, self.options, self.tasks = dict(variables), {}, {}

    def get(self, name, default):
        return self.variables.get(name, default)

    def dag(self, **options):
        self.options = options
        return lambda function: function

    def task(self, **options):
        def declare(function):
            def call(*arguments):
                self.tasks[function.__name__] = Call(function, options, arguments)
                return self.tasks[function.__name__]
            return call
        return declare


def load(monkeypatch, *, two=False, **variables):
    """Return the DAG file as a module and what it declared; `two`: as Airflow 2 has the names."""
    recorder = Recorder(variables)
    names = {"dag": recorder.dag, "task": recorder.task, "Variable": recorder, "AirflowFailException": FinalFailure}
    for name in ("airflow", "airflow.sdk", "airflow.sdk.exceptions", "airflow.decorators", "airflow.exceptions",
                 "airflow.models"):
        module = ModuleType(name)
        module.__dict__.update(names)
        monkeypatch.setitem(sys.modules, name, None if two and name.startswith("airflow.sdk") else module)
    spec = importlib.util.spec_from_file_location("growth_radar_dag", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, recorder


@pytest.mark.parametrize("two", [False, True])
def test_its_shape(monkeypatch, two):
    _, recorder = load(monkeypatch, two=two)
    assert {name: recorder.options[name] for name in ("dag_id", "schedule", "catchup", "max_active_runs")} == {
        "dag_id": "growth_radar", "schedule": "@daily", "catchup": False, "max_active_runs": 1}
    assert recorder.options["start_date"].tzinfo is not None
    defaults = recorder.options["default_args"]
    assert defaults["retries"] == 3 and defaults["retry_exponential_backoff"] is True
    assert defaults["retry_delay"] == timedelta(minutes=2) and defaults["max_retry_delay"] == timedelta(minutes=30)
    assert {name: task.waits_for for name, task in recorder.tasks.items()} == {
        "check_folder": set(), "sync": {"check_folder"}, "analyse": {"sync"}, "alerts": {"analyse"},
        "no_file_refused": {"sync"}}
    assert [name for name in NAMES if not recorder.tasks[name].options["execution_timeout"]] == []
    assert {name: task.options.get("retries") for name, task in recorder.tasks.items()} == {
        **dict.fromkeys(NAMES), "no_file_refused": 0}


def perform(recorder):
    """Run all tasks in their order, as a scheduler would, and return their answers."""
    answers = {}
    for name in NAMES:
        task = recorder.tasks[name]
        assert task.waits_for <= answers.keys()
        answers[name] = task.function(*(answers[each.function.__name__] for each in task.arguments))
    return answers


@pytest.fixture
def product(clean, monkeypatch):
    """Let the product's commands find this test's database and folder, whatever a developer's ``.env`` says."""
    import db

    monkeypatch.setenv("DATABASE_URL", db.engine().url.render_as_string(hide_password=False))
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("AUTH", "off")
    return {"MIS_HOME": str(ROOT), "MIS_PYTHON": sys.executable}


def test_its_tasks_bring_exports_to_the_database(product, export, query, monkeypatch):
    for name in ("One_Song_Spotify_streams.csv", "One_Song_yt_views.csv"):
        export(name, [1000 * day for day in range(1, 41)])
    _, recorder = load(monkeypatch, **product)
    answers = perform(recorder)
    assert answers["check_folder"]["files"] == 2 and answers["check_folder"]["bytes"] > 500
    counted = {name: answers["sync"][name] for name in ("files", "imported", "refused", "lines_read", "accepted")}
    assert counted == {"files": 2, "imported": 2, "refused": 0, "lines_read": 80, "accepted": 80}
    assert query("SELECT count(*) FROM daily_metrics") == [(80,)]
    assert answers["analyse"]["artists"] == 1 and answers["analyse"]["series"] >= 2
    assert answers["alerts"]["failed"] == 0
    assert all(isinstance(value, int | float) for name in NAMES[:4] for value in answers[name].values())
    json.dumps(answers)


def test_a_refused_file_turns_the_run_red_and_holds_up_nothing(product, export, query, monkeypatch):
    export("One_Song_Spotify_streams.csv", [1000, 2000, 3000])
    export("One_Song_Myspace_plays.csv", [1, 2])
    _, recorder = load(monkeypatch, **product)
    synced = recorder.tasks["sync"].function()
    assert (synced["imported"], synced["refused"]) == (1, 1)
    assert query("SELECT count(*) FROM daily_metrics") == [(3,)]
    with pytest.raises(FinalFailure, match="Files refused: 1"):
        recorder.tasks["no_file_refused"].function(synced)
    assert recorder.tasks["no_file_refused"].function({"refused": 0}) is None


FAKE_CLI = """
import os, sys, time
print("on its way", file=sys.stderr, flush=True)
print("a line before the answer")
if os.environ.get("FAKE_WAIT"):
    try:
        print("waiting", file=sys.stderr, flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        open(os.environ["FAKE_WAIT"], "w").write("ended by itself")
        raise
print(os.environ.get("FAKE_ANSWER", '{"run_id": 3, "totals": {"refused": 2}, "name": "x"}'))
sys.exit(int(os.environ.get("FAKE_CODE", "0")))
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Give a product whose commands do as the environment tells them, and its DAG."""
    (tmp_path / "cli.py").write_text(FAKE_CLI)
    (tmp_path / "config.py").write_text("from types import SimpleNamespace\n"
                                        f"def load(): return SimpleNamespace(cmdata_dir={str(tmp_path / 'exports')!r})\n")
    return load(monkeypatch, MIS_HOME=str(tmp_path), MIS_PYTHON=sys.executable)


def test_messages_are_logged_and_numbers_kept(fake, caplog):
    caplog.set_level(logging.INFO)
    assert fake[1].tasks["sync"].function() == {"run_id": 3, "totals.refused": 2}
    assert "on its way" in caplog.text and "a line before the answer" in caplog.text


@pytest.mark.parametrize(("name", "code", "answer", "failed"), [
    ("sync", 0, "{}", False), ("sync", 2, '{"refused": 1}', False), ("sync", 2, "Usage: ...", True),
    ("sync", 1, "", True), ("sync", 0, "", True), ("sync", 0, "[1]", True), ("analyse", 2, '{"new": 1}', True),
    ("analyse", 0, '{"error": "database_unreachable"}', True), ("analyse", 0, '{"error": null}', False),
    ("alerts", 2, '{"failed": 1}', True), ("alerts", -signal.SIGKILL, "{}", True)])
def test_what_is_a_failure(fake, monkeypatch, name, code, answer, failed):
    monkeypatch.setenv("FAKE_CODE", str(code))
    monkeypatch.setenv("FAKE_ANSWER", answer)
    if failed:
        with pytest.raises(RuntimeError, match=f"cli {name} .*exited with"):
            fake[1].tasks[name].function()
    else:
        fake[1].tasks[name].function()


class TimeIsUp(BaseException):
    """Stands for AirflowTaskTimeout, which a signal raises in the middle of anything."""


@pytest.fixture
def signalled(fake, monkeypatch, tmp_path):
    """Give a function that runs `sync`, sends this process a signal meanwhile, and says what its handler was told."""
    monkeypatch.setenv("FAKE_WAIT", str(tmp_path / "trace"))
    module, recorder = fake
    handler, told, old = logging.Handler(), [], {}
    module.log.addHandler(handler)
    module.log.setLevel(logging.INFO)

    def run(number, error, handle=lambda: None):
        def handled(*_):
            told.append(number)
            handle()

        def emit(record):
            if "waiting" in record.getMessage():
                threading.Timer(0.1, os.kill, (os.getpid(), number)).start()

        old[number] = signal.signal(number, handled)
        monkeypatch.setattr(handler, "emit", emit)
        with pytest.raises(error):
            recorder.tasks["sync"].function()
        assert signal.getsignal(number) is handled
        return told

    yield run
    module.log.removeHandler(handler)
    for number, before in old.items():
        signal.signal(number, before)


def test_a_time_limit_ends_the_command(signalled, tmp_path):
    def stop():
        raise TimeIsUp

    assert signalled(signal.SIGUSR1, TimeIsUp, stop) == [signal.SIGUSR1]
    assert (tmp_path / "trace").read_text() == "ended by itself"


def test_a_stop_by_airflow_3_ends_the_command(signalled, tmp_path):
    assert signalled(signal.SIGTERM, RuntimeError) == [signal.SIGTERM]
    assert (tmp_path / "trace").read_text() == "ended by itself"


def test_a_stop_by_airflow_2_ends_the_command(signalled, tmp_path):
    def stop():
        raise TimeIsUp

    assert signalled(signal.SIGTERM, TimeIsUp, stop) == [signal.SIGTERM]
    assert (tmp_path / "trace").read_text() == "ended by itself"


def test_an_empty_or_missing_folder_fails(fake, tmp_path):
    check = fake[1].tasks["check_folder"].function
    with pytest.raises(RuntimeError, match="no exports"):
        check()
    (tmp_path / "exports" / "deep").mkdir(parents=True)
    (tmp_path / "exports" / "README.md").write_text("x")
    with pytest.raises(RuntimeError, match="MIS_CMDATA_DIR"):
        check()
    (tmp_path / "exports" / "deep" / "A_B_yt_views.CSV").write_text("date,value\n")
    assert check() == {"files": 1, "bytes": 11}


def test_a_product_that_is_not_there_is_not_tried_again(monkeypatch, tmp_path):
    module, _ = load(monkeypatch, MIS_HOME=str(tmp_path))
    with pytest.raises(FinalFailure, match="MIS_HOME"):
        module.product()
    (tmp_path / "cli.py").touch()
    with pytest.raises(FinalFailure, match="MIS_PYTHON"):
        module.product()


def test_where_the_product_is(monkeypatch, tmp_path):
    module, _ = load(monkeypatch, MIS_PYTHON=sys.executable)
    monkeypatch.delenv("MIS_HOME", raising=False)
    assert module.product() == (ROOT, Path(sys.executable))
    (tmp_path / "cli.py").touch()
    monkeypatch.setenv("MIS_HOME", str(tmp_path))
    assert module.product()[0] == tmp_path
    module, _ = load(monkeypatch, MIS_HOME=str(ROOT), MIS_PYTHON=sys.executable)
    assert module.product()[0] == ROOT


def test_the_commands_have_these_options():
    """A renamed command or option would only be noticed at night."""
    import typer

    import cli

    commands = typer.main.get_command(cli.app).commands
    assert {"--only", "--json"} <= {name for option in commands["sync"].params for name in option.opts}
    assert all("--json" in {name for option in commands[each].params for name in option.opts}
               for each in ("analyse", "alerts"))


def python_with_airflow():
    """Return the Python of an environment with Airflow, None where there is none."""
    if os.environ.get("AIRFLOW_PYTHON"):
        return os.environ["AIRFLOW_PYTHON"]
    try:
        return sys.executable if importlib.util.find_spec("airflow.models") else None
    except ModuleNotFoundError:
        return None


DAG_BAG = """
import sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models import DagBag
bag = DagBag(dag_folder=sys.argv[1])
dag = bag.dags["growth_radar"]
print(bag.import_errors, {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}, dag.catchup,
      {task.retries for task in dag.tasks}, sep="|")
"""


def test_airflow_takes_it(tmp_path):
    python = python_with_airflow()
    if python is None:
        pytest.skip("Airflow is not installed; AIRFLOW_PYTHON may name a Python that has it")
    made = subprocess.run([python, "-c", DAG_BAG, str(FILE)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
    assert made.returncode == 0, made.stderr
    errors, tasks, catchup, retries = made.stdout.splitlines()[-1].split("|")
    assert errors == "{}" and catchup == "False" and retries in ("{0, 3}", "{3, 0}")
    assert eval(tasks) == {"check_folder": [], "sync": ["check_folder"], "analyse": ["sync"], "alerts": ["analyse"],
                           "no_file_refused": ["sync"]}
