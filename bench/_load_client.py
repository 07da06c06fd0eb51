"""Users without a browser, for `load.py`: each goes from page to page, clicks, starts work and waits for it.

A `User` is a `Visitor` that also writes texts, presses buttons, moves to other pages and asks for what a page redraws
by itself while a job runs, as the browser does. Run ``python bench/_load_client.py`` with a `Plan` as JSON on stdin:
all users in this one process; prints what happened as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from _page_client import ANSWER_S, STATES, Page, Visitor
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

ENDED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
WORK_S = 240
"""Seconds after which work that a user waits for counts as lost."""


def _text(shown: Any) -> WidgetState:
    return WidgetState(id=shown.id, string_value=shown.value if shown.set_value else shown.default)


def _slider(shown: Any) -> WidgetState:
    state = WidgetState(id=shown.id)
    if len(shown.options):
        given = list(shown.raw_value) if shown.set_value else [shown.options[int(place)] for place in shown.default]
        state.string_array_value.data.extend(given)
    else:
        state.double_array_value.data.extend(shown.value if shown.set_value else shown.default)
    return state


KNOWN = STATES | {"text_input": _text, "text_area": _text, "radio": STATES["selectbox"], "slider": _slider}


@dataclass
class Plan:
    """Who, where and how long: `visits` are page files with their query, `address` whom the users seem to be."""

    port: int
    users: int
    seconds: float
    think_s: float
    work_share: float
    visits: list[tuple[str, str]]
    titles: list[str]
    address: str
    seed: int


class User(Visitor):
    """One open tab that wanders."""

    def __init__(self, plan: Plan, cookie: str) -> None:
        super().__init__(plan.port, "", "lang=en")
        self.address, self.cookie = plan.address, cookie
        self.widgets: dict[str, WidgetState] = {}
        self.kept: dict[str, tuple[int, Any]] = {}
        self.buttons: dict[str, bool] = {}
        self.polls: dict[str, float] = {}
        self.pressed = ""

    async def enter(self) -> None:
        """Open the connection, as the browser with this cookie."""
        headers = {"X-Forwarded-For": self.address} | ({"Cookie": self.cookie} if self.cookie else {})
        self.socket = await connect(self.url, subprotocols=["streamlit"], max_size=None, max_queue=None,  # type: ignore[list-item]
                                    open_timeout=ANSWER_S, ping_timeout=None, additional_headers=headers)

    async def anew(self) -> None:
        """Open another tab in place of this one: no choice of before stands in the way of the work."""
        await self.close()
        self.widgets, self.kept, self.buttons, self.polls, self.page_hash = {}, {}, {}, {}, ""
        await self.enter()

    async def go(self, path: str, query: str) -> Page:
        """Open a page by its address."""
        self.page_hash, self.path, self.query = "", path, f"lang=en&{query}".rstrip("&")
        self.widgets, self.polls = {}, {}
        return await self.rerun()

    def there(self, key: str) -> str:
        """Return the id of a button that can be pressed, by its key; empty where there is none."""
        return next((name for name, off in self.buttons.items() if name.split("-", 2)[-1] == key and not off), "")

    async def press(self, key: str) -> Page:
        """Press a button, by its key."""
        found = self.there(key)
        if not found:
            raise LookupError(f"no button {key} can be pressed: {sorted(self.buttons.items())}")
        self.pressed = found
        return await self.rerun()

    async def put(self, key: str, number: float) -> Page:
        """Put a number into a field."""
        self.widgets[self._widget(key)].double_value = number
        return await self.rerun()

    async def poll(self) -> Page | None:
        """Redraw what the page redraws by itself, if anything; None if nothing is to be redrawn."""
        return await self.rerun(next(iter(self.polls))) if self.polls else None

    async def rerun(self, fragment: str = "") -> Page:
        """Ask for a run, of the page or of one part; return what it drew."""
        ask = BackMsg()
        state = ask.rerun_script
        state.query_string, state.page_script_hash = self.query, self.page_hash
        state.page_name, state.fragment_id = "" if self.page_hash else self.path, fragment
        state.widget_states.widgets.extend(self.widgets.values())
        if self.pressed:
            state.widget_states.widgets.append(WidgetState(id=self.pressed, trigger_value=True))
        self.pressed = ""
        state.cached_message_hashes.extend(self.kept)
        state.context_info.timezone, state.context_info.locale = "UTC", "en-US"
        state.context_info.url = self.url.replace("ws:", "http:").split("/_stcore")[0]
        self.runs += 1
        page, start = Page(), time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        drawn, buttons, polls = await self._read(page)
        page.seconds = time.perf_counter() - start
        whole = page.elements["whole"] > 0
        self.widgets = drawn if whole else self.widgets | drawn
        self.buttons = buttons if whole else self.buttons | buttons
        self.polls = polls if whole else self.polls | polls
        self.kept = {name: kept for name, kept in self.kept.items() if kept[0] > self.runs - 2}
        return page

    async def _read(self, page: Page) -> tuple[dict[str, WidgetState], dict[str, bool], dict[str, float]]:
        """Read messages to the end of the run; one that ends early to begin anew is followed."""
        drawn: dict[str, WidgetState] = {}
        buttons: dict[str, bool] = {}
        polls: dict[str, float] = {}
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), ANSWER_S)
            page.bytes += len(frame)
            message = ForwardMsg.FromString(frame)  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    drawn, buttons, polls = {}, {}, {}
                    continue
                page.elements["whole"] += message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                if message.script_finished not in ENDED or page.errors:
                    raise RuntimeError(f"{self.path}: status {message.script_finished}, {page.errors}")
                return drawn, buttons, polls
            if kind == "auto_rerun":
                polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            self._note(message, kind, page, drawn, buttons)

    def _note(self, message: Any, kind: str | None, page: Page, drawn: dict[str, WidgetState],
              buttons: dict[str, bool]) -> None:
        self._take(message, kind or "", page, drawn)
        if kind == "ref_hash":
            element = self.kept[message.ref_hash][1]
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
        else:
            return
        what = element.WhichOneof("type")
        if what == "button":
            buttons[element.button.id] = element.button.disabled
        elif what in KNOWN and what not in STATES:
            shown = getattr(element, what)
            drawn[shown.id] = KNOWN[what](shown)
            if what == "radio":
                self.options[shown.id] = list(shown.options)


# --- work ------------------------------------------------------------------------------------------------------------


async def playlist(user: User, rng: random.Random, plan: Plan) -> None:
    """Make a playlist of a title no other has and save it."""
    await user.anew()
    await user.go("playlist_maker", f"title={rng.choice(plan.titles)} {rng.randrange(10**6)}&made=1")
    await user.press("plm_save")
    if not user.there("plm_save_new"):
        raise RuntimeError("playlist_maker: the playlist is not shown as saved")


async def audition(user: User, rng: random.Random, plan: Plan) -> None:
    """Let the judges hear one of the songs, and wait until they have."""
    await user.anew()
    await ended(user, await user.go("ai_judges", ""))  # lyrics are read at the first visit
    await user.choose("judges_song_pick", rng.choice(user.choices("judges_song_pick")))
    page = await ended(user, await user.press("judges_start"))
    if user.there("judges_again") or not user.there("judges_another") or not page.elements["progress"]:
        raise RuntimeError("ai_judges: the result is not shown")


async def music(user: User, rng: random.Random, plan: Plan) -> None:
    """Have one variant of background music made, and wait for it."""
    await user.anew()
    await user.go("text_to_bgm", "")
    await user.choose("bgm_pick_genres", rng.choice(user.choices("bgm_pick_genres")))
    await user.choose("bgm_length", next(each for each in user.choices("bgm_length") if each.startswith("15")))
    await user.put("bgm_variants", 1)
    page = await ended(user, await user.press("bgm_start"))
    if not page.elements["audio"]:
        raise RuntimeError("text_to_bgm: the music is not shown")


async def ended(user: User, page: Page) -> Page:
    """Redraw what redraws itself until nothing does; return what was drawn last."""
    until = time.monotonic() + WORK_S
    while user.polls:
        if time.monotonic() > until:
            raise RuntimeError(f"{user.path}: no end after {WORK_S} s")
        await asyncio.sleep(1.0)
        page = await user.poll() or page
    return page


WORK: dict[str, tuple[float, Callable[[User, random.Random, Plan], Awaitable[None]]]] = {
    "playlist": (0.5, playlist), "audition": (0.4, audition), "music": (0.1, music)}
LEFT_ALONE = ("app_lang", "bgm_maker", "judges_panel_key", "data_")
"""Choices no user touches: the language is fixed, and what needs a key or changes the product for all."""


async def click(user: User, rng: random.Random) -> Page | None:
    """Choose something on the page; None where there is nothing to choose."""
    keys = [name for name in user.widgets if len(user.options.get(name, ())) > 1
            and not name.split("-", 2)[-1].startswith(LEFT_ALONE)]
    if not keys:
        return None
    name = rng.choice(keys)
    return await user.choose(name.split("-", 2)[-1], rng.choice(user.options[name]))


# --- everybody -------------------------------------------------------------------------------------------------------


async def live(plan: Plan, number: int, cookie: str, end: float, told: dict[str, Any]) -> None:
    """Wander until the end; whatever goes wrong is noted, and the user comes back."""
    rng = random.Random(plan.seed + number)
    await asyncio.sleep(rng.uniform(0, 2 * plan.think_s))
    user: User | None = None
    while time.perf_counter() < end:
        try:
            if user is None:
                user = User(plan, cookie)
                await user.enter()
            await step(user, rng, plan, told)
        except Exception as error:
            told["errors"].append(f"{type(error).__name__}: {error}"[:500])
            if user is not None and hasattr(user, "socket"):
                await user.close()
            user = None
        await asyncio.sleep(rng.uniform(0.5, 1.5) * plan.think_s)
    if user is not None:
        await user.close()


async def step(user: User, rng: random.Random, plan: Plan, told: dict[str, Any]) -> None:
    """Do one thing: work, or open a page and click on it."""
    if rng.random() < plan.work_share:
        name = rng.choices(list(WORK), [share for share, _ in WORK.values()])[0]
        told["begun"][name] += 1
        await WORK[name][1](user, rng, plan)
        told["done"][name][user.cookie] += 1
        return
    path, query = rng.choice(plan.visits)
    told["open"][path].append((await user.go(path, query)).seconds)
    await asyncio.sleep(rng.uniform(0.5, 1.5) * plan.think_s)
    page = await click(user, rng)
    if page is not None:
        told["click"][path].append(page.seconds)
    if user.polls:
        await user.poll()


async def run(plan: Plan, cookies: list[str]) -> dict[str, Any]:
    """Let everybody live, and tell what happened."""
    told: dict[str, Any] = {"open": defaultdict(list), "click": defaultdict(list), "errors": [],
                            "begun": defaultdict(int), "done": {name: defaultdict(int) for name in WORK}}
    end = time.perf_counter() + plan.seconds
    await asyncio.gather(*(live(plan, number, cookies[number] if cookies else "", end, told)
                           for number in range(plan.users)))
    return told


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(asyncio.run(run(Plan(**given["plan"]), given["cookies"]))))
