"""A visitor without a browser, for `page.py`: speaks Streamlit's websocket protocol and times reruns from outside.

A `Visitor` does what the browser does and no more: it opens ``/_stcore/stream``, asks for a run with the URL's query,
the states of all widgets drawn last and the hashes of the messages it has kept, and reads until ``script_finished``.

Run ``python bench/_page_client.py`` with a `Crowd` as JSON on stdin: many visitors at once in this one process; prints
the seconds of every rerun as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

ANSWER_S = 120
"""Seconds after which a run that has not ended is a failure."""
KEPT_RUNS = 2
"""Runs for which a browser keeps a message it has not seen again (``global.maxCachedMessageAge``)."""


@dataclass
class Page:
    """What one run drew: seconds from asking to ``script_finished``, elements by type, bytes, charts, metrics."""

    seconds: float = 0.0
    bytes: int = 0
    elements: Counter[str] = field(default_factory=Counter)
    charts: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Visitor:
    """One open tab."""

    def __init__(self, port: int, path: str, query: str) -> None:
        self.url, self.path, self.query = f"ws://127.0.0.1:{port}/_stcore/stream", path, query
        self.socket: ClientConnection
        self.page_hash = ""
        self.widgets: dict[str, WidgetState] = {}
        self.options: dict[str, list[str]] = {}
        self.kept: dict[str, tuple[int, Any]] = {}
        self.runs = 0

    async def open(self) -> Page:
        """Connect and draw the page for the first time."""
        self.socket = await connect(self.url, subprotocols=["streamlit"], max_size=None, max_queue=None,
                                    open_timeout=ANSWER_S, ping_timeout=None)
        return await self.rerun()

    async def close(self) -> None:
        """Leave."""
        await self.socket.close()

    def choices(self, widget: str) -> list[str]:
        """Return the options of a widget, by the beginning of its key."""
        return self.options[self._widget(widget)]

    async def choose(self, widget: str, option: str) -> Page:
        """Choose an option as a click does, and wait for the run."""
        state = self.widgets[self._widget(widget)]
        if state.WhichOneof("value") == "string_array_value":
            del state.string_array_value.data[:]
            state.string_array_value.data.append(option)
        else:
            state.string_value = option
        return await self.rerun()

    def _widget(self, key: str) -> str:
        """Return the id of a widget: ``$$ID-<hash>-<key>``."""
        found = next((name for name in self.widgets if name.split("-", 2)[-1].startswith(key)), None)
        if found is None:
            raise RuntimeError(f"the page has no widget with the key {key}: {sorted(self.widgets)}")
        return found

    async def rerun(self) -> Page:
        """Ask for a run and return what it drew; raises if it failed."""
        ask = BackMsg()
        state = ask.rerun_script
        state.query_string, state.page_script_hash = self.query, self.page_hash
        state.page_name = "" if self.page_hash else self.path
        state.widget_states.widgets.extend(self.widgets.values())
        state.cached_message_hashes.extend(self.kept)
        state.context_info.timezone, state.context_info.locale = "UTC", "en-US"
        state.context_info.url = self.url.replace("ws:", "http:").split("/_stcore")[0]
        asked = ask.SerializeToString()
        self.runs += 1
        drawn: dict[str, WidgetState] = {}
        page, start = Page(), time.perf_counter()
        await self.socket.send(asked)
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), ANSWER_S)
            arrived = time.perf_counter()
            page.bytes += len(frame)
            message = ForwardMsg.FromString(frame)
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                page.seconds = arrived - start
                break
            self._take(message, kind, page, drawn)
        if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY or page.errors:
            raise RuntimeError(f"a run failed: status {message.script_finished}, {page.errors}")
        self.widgets = drawn
        self.kept = {name: kept for name, kept in self.kept.items() if kept[0] > self.runs - KEPT_RUNS}
        return page

    def _take(self, message: Any, kind: str, page: Page, drawn: dict[str, WidgetState]) -> None:
        if kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "page_not_found":
            page.errors.append(f"there is no page {self.path}")
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "ref_hash":
            self.kept[message.ref_hash] = (self.runs, self.kept[message.ref_hash][1])
            self._element(self.kept[message.ref_hash][1], page, drawn)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            if message.metadata.cacheable:
                self.kept[message.hash] = (self.runs, element)
            self._element(element, page, drawn)

    def _element(self, element: Any, page: Page, drawn: dict[str, WidgetState]) -> None:
        kind = element.WhichOneof("type")
        page.elements[kind] += 1
        shown = getattr(element, kind)
        if kind == "plotly_chart":
            page.charts.append(shown.spec)
        elif kind == "metric":
            page.metrics.append(shown.body)
        elif kind == "exception":
            page.errors.append(f"{shown.type}: {shown.message}")
        elif kind == "alert" and shown.format == shown.ERROR:
            page.errors.append(shown.body)
        elif kind in STATES:
            drawn[shown.id] = STATES[kind](shown)
            self.options[shown.id] = [getattr(option, "content", option) for option in getattr(shown, "options", [])]


def _selectbox(shown: Any) -> WidgetState:
    state = WidgetState(id=shown.id)
    if shown.set_value and shown.HasField("raw_value"):
        state.string_value = shown.raw_value
    elif not shown.set_value and shown.HasField("default"):
        state.string_value = shown.options[shown.default]
    return state


def _many(shown: Any) -> WidgetState:
    state = WidgetState(id=shown.id)
    given = [getattr(shown.options[place], "content", shown.options[place]) for place in shown.default]
    state.string_array_value.data.extend(shown.raw_values if shown.set_value else given)
    return state


def _number(shown: Any) -> WidgetState:
    return WidgetState(id=shown.id, double_value=shown.value if shown.set_value else shown.default)


def _checkbox(shown: Any) -> WidgetState:
    return WidgetState(id=shown.id, bool_value=shown.value if shown.set_value else shown.default)


STATES = {"selectbox": _selectbox, "multiselect": _many, "button_group": _many, "number_input": _number,
          "checkbox": _checkbox}
"""The state a browser holds of a widget once it is drawn, by type of element."""


# --- many at once ---------------------------------------------------------------------------------------------------


@dataclass
class Crowd:
    """Visitors at once: where, for how long, how long each thinks (s, mean), how often it is the artist it changes."""

    port: int
    path: str
    query: str
    artist_widget: str
    window_widget: str
    artists: list[str]
    visitors: int
    seconds: float
    think_s: float
    artist_share: float
    seed: int


async def _visit(crowd: Crowd, number: int, start: float, end: float, seconds: dict[str, list[float]]) -> None:
    """Open the page, then change the window or the artist again and again."""
    rng = random.Random(crowd.seed + number)
    await asyncio.sleep(max(0.0, start - time.perf_counter()) + rng.uniform(0, 2 * crowd.think_s))
    visitor = Visitor(crowd.port, crowd.path, crowd.query.format(artist=rng.choice(crowd.artists)))
    page = await visitor.open()
    seconds["open"].append(page.seconds)
    while True:
        await asyncio.sleep(rng.uniform(0.5, 1.5) * crowd.think_s)
        if time.perf_counter() > end:
            break
        if rng.random() < crowd.artist_share:
            kind, widget, option = "artist", crowd.artist_widget, rng.choice(crowd.artists)
        else:
            kind, widget, option = "window", crowd.window_widget, rng.choice(visitor.choices(crowd.window_widget))
        page = await visitor.choose(widget, option)
        if not page.metrics:
            raise RuntimeError("a page came without metrics")
        seconds[kind].append(page.seconds)
    await visitor.close()


async def run(crowd: Crowd) -> dict[str, Any]:
    """Return the seconds of all reruns by kind, and the largest delay of this process's own event loop."""
    start = time.perf_counter() + 0.5
    end = start + crowd.seconds + 2 * crowd.think_s
    seconds: dict[str, list[float]] = {"open": [], "window": [], "artist": []}
    lag = asyncio.create_task(_lag())
    await asyncio.gather(*(_visit(crowd, number, start, end, seconds) for number in range(crowd.visitors)))
    lag.cancel()
    lags = await lag
    return seconds | {"client_lag": sorted(lags)[int(len(lags) * 0.95)]}


async def _lag() -> list[float]:
    """Return by how many seconds this process woke up late, every 50 ms until cancelled."""
    late = []
    try:
        while True:
            due = time.perf_counter() + 0.05
            await asyncio.sleep(0.05)
            late.append(time.perf_counter() - due)
    except asyncio.CancelledError:
        return late


def ask(crowd: Crowd) -> dict[str, Any]:
    """Run a crowd in a process of its own."""
    import subprocess

    done = subprocess.run([sys.executable, __file__], input=json.dumps(asdict(crowd)), stdout=subprocess.PIPE,
                          check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Crowd(**json.load(sys.stdin))))))
