"""The worker process: limits itself, then decodes what comes down its pipe, one thing after the other.

It is a fresh interpreter, not a fork, and imports no more than a task needs: a start costs about a tenth of a second.
It ends when its pipe does, so it never outlives the product.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from support.decode.wire import read_frame, write_frame

TASKS = {"picture": "support.decode.pictures", "sound": "support.decode.sound"}
"""Modules with a function ``decode(data, **options)`` that returns head and body of the answer; or yields several, each
but the last with ``more`` in its head, whose bodies are one."""
LONGEST_BODY = 1 << 30
"""Bytes; what is too large is refused before it comes here."""


class Refused(Exception):
    """A file that is not decoded: a reason and what fills its text."""

    def __init__(self, reason: str, **values: Any) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason)


def main(memory_bytes: int) -> None:
    """Serve until the pipe ends.

    Parameters
    ----------
    memory_bytes : int
        Address space of this process; 0 is no limit.
    """
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write into the answer
    write_frame(outbox, {"limited": _limit(memory_bytes)})
    while (asked := read_frame(inbox, LONGEST_BODY)) is not None:
        for frame in answer(*asked):
            write_frame(outbox, *frame)


def answer(head: dict[str, Any], data: bytes) -> Iterator[tuple[dict[str, Any], bytes | memoryview]]:
    """Yield head and body of the answer to one request, in one or more parts; what goes wrong is an answer as well."""
    try:
        task = import_module(TASKS[head["task"]])
        made = task.decode(data, **head["options"])
        yield from [made] if isinstance(made, tuple) else made
    except Refused as refused:
        yield {"refused": refused.reason, "values": refused.values}, b""
    except MemoryError:
        yield {"refused": "memory", "values": {}}, b""
    except ImportError as error:
        yield {"refused": "missing", "values": {"package": error.name or "?"}}, b""
    except Exception as error:  # decoders raise whatever they like at a broken file
        reason = "memory" if "memory" in str(error).lower() else "broken"
        yield {"refused": reason, "values": {}, "kind": type(error).__name__, "said": str(error)[:200]}, b""


def _limit(memory_bytes: int) -> bool:
    """Bound the memory of this process and forbid dumps of it; return whether the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit and the checks of sizes remain
        return False
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            least = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
            resource.setrlimit(resource.RLIMIT_AS, (least, least))
    except (ValueError, OSError):  # macOS knows the limit and does not take it
        return False
    return True
