"""Run the benches of this folder and rewrite the table of results in its README.

Run ``python bench/run.py [--quick] [NAME ...]``; without names all are run. Rows of benches that were not run stay.
Ends with status 1 if a bench failed (a missed goal is a result, not a failure).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
START, END = "<!-- results -->", "<!-- end of results -->"
HEAD = ("| Bench | Goal | Wanted | Measured | Met | Date | Machine |", "|---|---|---|---|---|---|---|")


def names() -> list[str]:
    """Return the benches there are."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem != "run" and not path.stem.startswith("_"))


def run(name: str, quick: bool) -> dict[str, Any] | None:
    """Return the report of one bench, None if it failed; its progress goes to stderr as it comes."""
    command = [sys.executable, str(HERE / f"{name}.py"), *(["--quick"] if quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    try:
        if done.returncode == 0:
            return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        pass
    print(f"bench {name} failed with status {done.returncode}", file=sys.stderr)
    return None


def rows_of(report: dict[str, Any], quick: bool) -> list[str]:
    """Return one table row a goal."""
    machine = report["machine"]
    place = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, load {machine['load_before']}"
    label = report["name"] + (" (quick)" if quick else "")
    return [_row(label, goal["what"], goal["goal"], f"{goal['measured']:g}", "yes" if goal["met"] else "**no**",
                 f"{datetime.now(UTC):%Y-%m-%d}", place) for goal in report["goals"]]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def rewrite(text: str, fresh: list[str]) -> str:
    """Return the README with `fresh` rows in place of the older rows of the same benches."""
    before, _, rest = text.partition(START)
    old, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{README.name} lacks the marks {START} and {END}")
    replaced = {_label(row) for row in fresh}
    kept = [row for row in old.strip().splitlines()[len(HEAD):]
            if _label(row) not in replaced and _label(row).removesuffix(" (quick)") in names()]
    rows = sorted(kept + fresh, key=_label)
    return "\n".join([before + START, *HEAD, *rows, END]) + after


def _label(row: str) -> str:
    return re.split(r"\s*\|\s*", row)[1]


def main() -> int:
    """Run what was asked for, print the reports, rewrite the table."""
    parser = argparse.ArgumentParser(description="Run benches and rewrite the table in bench/README.md.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 50 s a bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(names())}")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names()):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    failed = False
    for name in chosen.names or names():
        report = run(name, chosen.quick)
        if report is None:
            failed = True
            continue
        print(json.dumps(report), flush=True)
        README.write_text(rewrite(README.read_text("utf-8"), rows_of(report, chosen.quick)), "utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
