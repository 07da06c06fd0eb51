"""What the jobs share: the session, the arguments every one takes, the database in a worker, and the report's line."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import config
import db
from support.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RECORDS_AT_ONCE = 256
"""Rows of a data frame handed to Python at once: a row can hold a whole file."""
OPENING = 256 << 10
"""What opening a file counts as, in bytes read; Spark's own 4 MB make a task of every 32 small files."""
QUIET = "ignore::FutureWarning"
"""PySpark warns in every worker that pandas 3 is new to it; the tests of this folder are what says that it works."""


def session(name: str, master: str | None = None) -> SparkSession:
    """Return the running session, or start one.

    Parameters
    ----------
    name : str
        Shown among the cluster's jobs.
    master : str, optional
        ``local[2]`` and the like; by default what the cluster or ``spark-submit`` says.

    Raises
    ------
    DataError
        ``pipelines.no_spark``: PySpark is not installed, or there is no Java.
    """
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise DataError("pipelines.no_spark", detail=str(error)) from error
    builder: Any = SparkSession.builder
    builder = builder.appName(f"music {name}").config("spark.executorEnv.PYTHONWARNINGS", QUIET)
    if master:
        builder = builder.master(master)
        if master.startswith("local"):
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else whichever python3 is first on the path
            for name in ("spark.driver.host", "spark.driver.bindAddress"):
                builder = builder.config(name, "127.0.0.1")  # a machine's own name may lead nowhere
            builder = builder.config("spark.ui.enabled", "false")
    try:
        spark: SparkSession = builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise DataError("pipelines.no_spark", detail=str(error).splitlines()[0]) from error
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", RECORDS_AT_ONCE)
    spark.conf.set("spark.sql.files.openCostInBytes", OPENING)
    return spark


def arguments(about: str) -> argparse.ArgumentParser:
    """Return a parser with what every job takes."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--master", help="where Spark runs, such as local[2]; by default what the cluster says")
    parser.add_argument("--parts", type=int, help="parts to work on side by side; by default Spark decides")
    return parser


def told(report: Mapping[str, Any]) -> None:
    """Write the report as one line of JSON, the last line a job writes: who started the job reads it there."""
    sys.stdout.write(json.dumps(report, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def log_progress() -> None:
    """Have the log on stderr, where a cluster keeps it with the job."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("py4j", "alembic", "pyspark"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def address(spark: SparkSession) -> str:
    """Return the database's address for the workers, its password in it; it travels with the task and is not logged.

    Raises
    ------
    DataError
        ``pipelines.database``: workers on other machines cannot reach the built-in server.
    """
    url = db.engine().url.render_as_string(hide_password=False)
    if not config.load().database_url and not spark.conf.get("spark.master", "").startswith("local"):  # type: ignore[union-attr]
        raise DataError("pipelines.database")
    return url


@contextmanager
def database(url: str) -> Iterator[None]:
    """Use a database in a worker, whose own environment may name none, and leave no connection behind."""
    db.stop()
    os.environ["DATABASE_URL"] = url
    config.reload()
    try:
        yield
    finally:
        db.stop()
