"""``python -m pipelines NAME ...``: run a job by its name; its parameters follow (``NAME --help``)."""

from __future__ import annotations

import importlib
import sys

from support.errors import DataError

JOBS = ("audio", "catalogue", "ingest", "recommend")


def main(argv: list[str]) -> None:
    """Run the job that the first parameter names.

    Raises
    ------
    DataError
        ``pipelines.unknown``: there is no such job.
    """
    name, rest = (argv[0], argv[1:]) if argv else ("", [])
    if name not in JOBS:
        raise DataError("pipelines.unknown", name=name or "–", accepted=", ".join(JOBS))
    importlib.import_module(f"pipelines.{name}").main(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
