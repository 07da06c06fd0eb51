"""What all jobs share: their entry points, and what they say where Spark or the database is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT

import config
from pipelines import _spark
from pipelines.__main__ import JOBS, main
from support.errors import DataError


@pytest.mark.parametrize("name", sorted(set(JOBS) - {"ingest"}))
def test_every_job_says_what_it_takes(name):
    done = subprocess.run([sys.executable, "-m", "pipelines", name, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "--master" in done.stdout, done.stderr


def test_a_cluster_starts_jobs_by_a_script_from_anywhere(tmp_path):
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "run_pipeline.py"), "ingest", "--help"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "--force" in done.stdout, done.stderr


def test_an_unknown_job_is_named_with_those_there_are():
    with pytest.raises(DataError, match=r"“paint”.*ingest"):
        main(["paint"])
    with pytest.raises(DataError, match="pipelines|There is no job"):
        main([])


def test_without_spark_the_next_step_is_said(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(DataError, match="requirements-spark.txt"):
        _spark.session("x", "local[1]")


def test_a_cluster_needs_a_database_of_its_own(clean):
    if config.load().database_url:
        pytest.skip("an external database is set")
    cluster, here = (SimpleNamespace(conf={"spark.master": master}) for master in ("spark://head:7077", "local[2]"))
    assert _spark.address(here).startswith("postgresql")
    with pytest.raises(DataError, match="DATABASE_URL"):
        _spark.address(cluster)
