"""The server's own routes and its lifespan, over made-up services."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from support.errors import DatabaseUnavailable


@pytest.fixture
def asgi(fake, monkeypatch):
    """Return the module imported anew over the fake; what it freezes is given back."""
    monkeypatch.delitem(sys.modules, "asgi", raising=False)
    module = importlib.import_module("asgi")
    monkeypatch.setattr(module, "write_log", lambda: None)  # it would take pytest's handlers off
    yield module
    gc.unfreeze()
    sys.modules.pop("asgi", None)


def client(asgi):
    return TestClient(Starlette(routes=[Route("/healthz", asgi.healthz), Route("/readyz", asgi.readyz),
                                       Route("/metrics", asgi.figures)]), base_url="http://127.0.0.1",
                      client=("127.0.0.1", 5000))


def test_healthz_answers_whatever_the_database_does(asgi, fake):
    fake.readiness = (False, "gone")
    answer = client(asgi).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize(("ready", "status"), [((True, ""), 200), ((False, "revision 3, needed 4"), 503)])
def test_readyz_says_whether_and_why_not(asgi, fake, ready, status):
    fake.readiness = ready
    answer = client(asgi).get("/readyz")
    assert answer.status_code == status
    assert answer.json() == {"ready": ready[0], "reason": ready[1]}


def test_the_lifespan_starts_warms_up_and_stops(asgi, fake):
    async def live():
        async with asgi.lifespan(asgi.app):
            pass

    before = gc.get_freeze_count()
    asyncio.run(live())
    assert len(fake.called("start")) == len(fake.called("stop")) == 1
    assert gc.get_freeze_count() > before
    assert "plotly.graph_objects" in sys.modules


def test_a_database_that_is_away_does_not_stop_the_server(asgi, fake):
    fake.failures["start"] = DatabaseUnavailable("database_unreachable", where="db:5432", detail="refused")

    async def live():
        async with asgi.lifespan(asgi.app):
            return client(asgi).get("/healthz").status_code

    assert asyncio.run(live()) == 200
    assert len(fake.called("stop")) == 1


def test_both_routes_are_in_the_app(asgi):
    assert {route.path for route in asgi.app._user_routes} >= {"/healthz", "/readyz", "/account/sign-in"}


@pytest.mark.parametrize(("peer", "headers", "token", "status"), [
    ("127.0.0.1", {}, None, 200), ("::1", {}, None, 200), ("10.0.0.7", {}, None, 403),
    ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, None, 403), ("127.0.0.1", {"X-Forwarded-Proto": "https"}, None, 403),
    ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, None, 403), ("127.0.0.1", {"Host": "music.example.org"}, None, 403),
    ("10.0.0.7", {"Authorization": "Bearer let-me-see"}, "let-me-see", 200),
    ("10.0.0.7", {"Authorization": "Bearer let-me-sea"}, "let-me-see", 403),
    ("10.0.0.7", {"Authorization": "Bearer "}, None, 403), ("10.0.0.7", {"Authorization": "Bearer "}, "", 403),
    ("203.0.113.9", {"X-Forwarded-For": "127.0.0.1"}, None, 403),
])
def test_figures_are_not_for_everybody(asgi, fake, peer, headers, token, status):
    fake.metrics_token = token
    asker = TestClient(Starlette(routes=[Route("/metrics", asgi.figures)]), base_url="http://127.0.0.1",
                       client=(peer, 5000))
    answer = asker.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("mis_jobs_total" in answer.text) == (status == 200)


def test_a_page_that_is_broken_off_says_why(asgi, monkeypatch):
    """A database that went away meanwhile in its own words; what nobody has foreseen by its kind alone."""
    told = []
    monkeypatch.setattr(asgi.st, "error", lambda text, **options: told.append(text))
    asgi.unexpected(DatabaseUnavailable("database_unreachable", where="db:5432", detail="refused"))
    asgi.unexpected(ZeroDivisionError("sekret"))
    assert "db:5432" in told[0] and "ZeroDivisionError" in told[1] and "sekret" not in told[1]
