"""Import one catalogue in a process of its own and print what became of it, with time and peak memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from _machine import peak_mb

import services


def main() -> None:
    """Import the file named on the command line."""
    services.start(sample=False)
    try:
        start = time.perf_counter()
        report = services.import_catalogue(services.current_actor(), Path(sys.argv[1]))
        print(json.dumps({"added": report.added, "seconds": time.perf_counter() - start, "peak_mb": peak_mb()}))
    finally:
        services.stop()


if __name__ == "__main__":
    main()
