"""Language models of `judges.py`: the test server in a process of its own, which tells when it said what.

Run as ``python bench/_judges_server.py``. A line of JSON on stdin is answered by one on stdout: ``{"token_s": ...}``
sets the seconds between two pieces by model; ``{}`` returns and forgets what was seen, a list of ``[model, title,
asked, first, last, planned]``: moments on the system's monotonic clock, which all processes share, and the seconds the
stream would take on a machine with nothing else to do.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.providers import llm_server
from tests.providers.llm_server import Act, Asked, LLMServer

FIRST_S = 0.3
"""Seconds until the first text."""
QUOTE = "The ferry leaves without a sound tonight"
REVIEW = "A chorus that holds its line and a harbour that answers in its own time, though the bridge says little. " * 4
TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
seen: list[tuple[str, str, float, float, float, float]] = []


def title_of(asked: Asked) -> str:
    """Return the title of the song a request is about."""
    found = TITLE.search(asked.user)
    return found.group(1) if found else ""


def reply(asked: Asked) -> str:
    """Return a whole reply; the number at the end of the title, modulo 6, is the level of every criterion."""
    if asked.schema is None:
        raise ValueError("a request without a schema")
    level = int(title_of(asked).split()[-1]) % 6
    keys = asked.schema["properties"]["criteria"]["items"]["properties"]["criterion"]["enum"]
    return json.dumps({"review": REVIEW, "criteria": [
        {"criterion": key, "level": level, "quote": QUOTE, "reason": "the line returns where it is needed"}
        for key in keys]})


def watch() -> None:
    """Note, of every stream, when its first text and its end were handed over."""
    stream = llm_server._Protocol.stream

    async def noted(self: Any, act: Act) -> None:
        await stream(self, act)
        seen.append((self.asked.model, title_of(self.asked), self.asked.at, self.first_at, time.monotonic(),
                     act.first_s + act.token_s * ((len(reply(self.asked)) - 1) // 4)))

    def first(event: Any) -> Any:
        def stamped(self: Any, text: str, *rest: Any) -> Any:
            if text and not hasattr(self, "first_at"):
                self.first_at = time.monotonic()
            return event(self, text, *rest)

        return stamped

    llm_server._Protocol.stream = noted  # type: ignore[method-assign]
    for protocol in (llm_server._OpenAI, llm_server._Gemini):
        protocol.event = first(protocol.event)  # type: ignore[method-assign]


class Paced(LLMServer):
    """A server whose models each have a speed of their own."""

    token_s: dict[str, float] = {}

    def act_for(self, model: str) -> Act:
        """Return what a model does with a request."""
        self.asked.clear()
        return Act(first_s=FIRST_S if self.token_s else 0.0, token_s=self.token_s.get(model, 0.0))


def main() -> None:
    """Serve until stdin ends."""
    watch()
    server = Paced(reply=reply)
    with server:
        print(json.dumps({"openai": server.openai_url, "gemini": server.gemini_url}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            server.token_s = command.get("token_s", server.token_s)
            print(json.dumps(seen), flush=True)
            seen.clear()


if __name__ == "__main__":
    main()
