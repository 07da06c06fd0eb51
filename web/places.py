"""Where a request comes from, as sign-ins and throttles keep it: network address and a short name of the browser."""

from __future__ import annotations

import re

import services
from support.origins import Origin

LONGEST = 60
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Whale", "Whale"),
            ("FxiOS", "Firefox"), ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
            ("Safari", "Safari"))
"""Marks of browsers in ``User-Agent``, the narrower ones first: most claim to be several."""
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def place(origin: Origin, agent: str) -> services.Place:
    """Return the place of a request."""
    return services.Place(origin.address, device(agent))


def device(agent: str) -> str:
    """Return a short name of browser and system such as ``Firefox, Windows``; empty where nothing is known."""
    found = [_mark(agent, BROWSERS, "/"), _mark(agent, SYSTEMS, "")]
    return ", ".join(name for name in found if name) or re.sub(r"[^\w .-]", "", agent.partition("/")[0])[:LONGEST]


def _mark(agent: str, marks: tuple[tuple[str, str], ...], after: str) -> str:
    return next((name for mark, name in marks if mark + after in agent), "")
