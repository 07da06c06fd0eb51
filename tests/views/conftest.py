"""Pages over made-up services: the fake takes the place of `services` before a page is imported."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parent))

from fake_services import FakeServices  # noqa: E402

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def fake(monkeypatch):
    """Put a fresh fake in the place of `services`, and have the pages imported anew on top of it."""
    yield from in_place(monkeypatch, FakeServices())


def in_place(monkeypatch, services):
    """Give a fake that stands in the place of `services`; the pages are imported anew on top of it, and after it."""
    monkeypatch.setitem(sys.modules, "services", services)
    for name in [name for name in sys.modules if name == "views" or name.startswith("views.")]:
        monkeypatch.delitem(sys.modules, name)
    yield services
    for name in [name for name in sys.modules if name == "views" or name.startswith("views.")]:
        del sys.modules[name]


@pytest.fixture(scope="module", autouse=True)
def small_heap():
    """Keep what other tests have loaded out of the collections that Streamlit makes after every run."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def open_app(fake):
    """Return a function that opens the app as a browser would: language, query parameters, page."""

    def opened(page=None, locale="ko-KR", **params):
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.context["locale"] = locale
        if page:
            app.run()
            app.switch_page(f"views/{page}.py")
        for name, value in params.items():
            app.query_params[name] = value
        return app.run()

    return opened


def words(app):
    """Return everything the app shows, as one text."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    shown = [element.value for kind in kinds for element in getattr(app, kind)]
    shown += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    shown += [button.label for button in app.button] + [expander.label for expander in app.expander]
    return "\n".join(str(text) for text in shown)
