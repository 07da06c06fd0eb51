"""What every bench shares: the machine in words, progress, goals, and the one line of JSON at the end.

Importing this module puts the project's root on the import path, so that a bench run as ``python bench/NAME.py`` finds
the modules it measures: import it before them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def arguments(about: str) -> argparse.Namespace:
    """Return the command line's choices: ``quick``."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 50 s on 2 cores")
    return parser.parse_args()


def describe() -> dict[str, Any]:
    """Return the machine: processor, cores this process may use, memory in GB, system, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": _cpu(), "cores": cores,
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            "system": platform.system(), "python": platform.python_version()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def peak_mb() -> float:
    """Return this process's largest resident memory so far, in MB.

    Linux's own high-water mark where there is one: `resource.ru_maxrss` of a process started by ``exec`` begins at
    what its parent held.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def shown(value: float) -> float:
    """Return a figure with the digits a reader can use: a share or a ROC area has four."""
    return round(value, 4 if abs(value) < 1 else 2)


@dataclass
class Bench:
    """One run of one bench: its figures and goals as they come in, and the report at the end."""

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    goals: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def say(self, text: str) -> None:
        """Write a line of progress to stderr, with the seconds since the start."""
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", file=sys.stderr, flush=True)

    def figure(self, name: str, value: Any) -> None:
        """Keep a figure and say it."""
        self.figures[name] = shown(value) if isinstance(value, float) else value
        self.say(f"{name} = {self.figures[name]}")

    def at_least(self, what: str, bound: float, measured: float) -> None:
        """Add a goal met by `bound` and more."""
        self._goal(what, f">= {bound:g}", measured, measured >= bound)

    def at_most(self, what: str, bound: float, measured: float) -> None:
        """Add a goal met by `bound` and less."""
        self._goal(what, f"<= {bound:g}", measured, measured <= bound)

    def _goal(self, what: str, goal: str, measured: float, met: bool) -> None:
        self.goals.append({"what": what, "goal": goal, "measured": shown(float(measured)), "met": bool(met)})
        self.say(f"{'met ' if met else 'MISSED'} {what}: {shown(float(measured)):g}, goal {goal}")

    def finish(self) -> None:
        """Print the report, one line of JSON."""
        machine = describe() | {"load_before": round(self.load_before, 2), "load_after": round(os.getloadavg()[0], 2)}
        self.figures["seconds"] = round(time.monotonic() - self.started, 1)
        print(json.dumps({"name": self.name, "machine": machine, "figures": self.figures, "goals": self.goals}))
