"""One Spark session for all tests of this folder: ``local[2]``, Java 17 or newer. A test module imports `spark_here`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest


def missing():
    """Return what a test on Spark lacks here, None if it can run."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "PySpark is not installed (requirements-spark.txt)"
    java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else shutil.which("java")
    if not java:
        return "there is no Java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
    version = said.split('"')[1].split(".")[0] if '"' in said else "0"
    return None if version.isdigit() and int(version) >= 17 else f"Java 17 or newer is needed, found {said.splitlines()[:1]}"


@pytest.fixture(scope="session", name="spark")
def spark_here():
    """Give a session on two threads of this machine."""
    if (lack := missing()) is not None:
        pytest.skip(lack)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYSPARK_SUBMIT_ARGS"] = "--conf spark.sql.shuffle.partitions=2 --conf spark.ui.showConsoleProgress=false pyspark-shell"
    from pipelines import _spark

    found = _spark.session("tests", "local[2]")
    found.sparkContext.setLogLevel("ERROR")
    yield found
    found.stop()
