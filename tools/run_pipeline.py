"""What a Databricks job of kind "Python script" or ``spark-submit`` runs: a job of `pipelines` by its name.

    spark-submit tools/run_pipeline.py ingest /data/exports

The checkout must be on ``PYTHONPATH`` (docs/scale.md). The modules of `pipelines` are no scripts themselves: run by its
path, one would find its neighbours in place of the packages they are named after.
"""

from __future__ import annotations

import sys

from pipelines.__main__ import main

if __name__ == "__main__":
    main(sys.argv[1:])
