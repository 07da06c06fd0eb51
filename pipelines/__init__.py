"""Bulk work on Spark: the product's own functions over the parts of a data frame, on one machine or on a cluster.

Each module is a job with an entry point, ``python -m pipelines.ingest --help``; ``python -m pipelines NAME ...`` runs
one by its name, which is what a Databricks job is set up with (docs/scale.md). Nothing of the product is written a
second time here: what a single process does to a file or a row is done by the same code in ``mapInPandas``, so the
results are equal (tests/pipelines). The worker machines need the same checkout on their ``PYTHONPATH``.

What is here
------------
ingest      daily exports into the database: parsed and audited in parallel, COPY from every part
catalogue   a list of songs into the catalogue: tagged in parallel, each combination of tags embedded once
audio       recordings to what the hit model is trained on, as Parquet
recommend   songs of a list for mood tags, ranked in parallel
"""
