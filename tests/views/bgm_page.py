"""What tests of Text to BGM do again and again: open the page, choose, read a text, look at the wish."""

from __future__ import annotations

import pytest
from conftest import in_place, words
from fake_bgm import FakeBgm
from pages import group, press

from accounts import Actor

VIEWER = Actor(9, "viewer", "vik")


@pytest.fixture(name="fake")
def fake_with_music(monkeypatch):
    """Put a fresh fake that has music in the place of `services`."""
    yield from in_place(monkeypatch, FakeBgm())


def choose(app, key, *values):
    group(app, key).set_value(list(values)).run()
    assert not app.exception
    return app


def wished(fake):
    """Return the wish that was settled last."""
    return fake.called("settle_bgm")[-1][0][1]


def edits(fake):
    """Return what was changed of a reading when it was shown last."""
    return [given[1] for given, _ in fake.called("edit_bgm_reading")][-1]


def read(opened, words="비 내리는 밤, rain", locale="en-US", **params):
    """Open the page and read a text."""
    app = opened(locale, way="text", **params)
    app.text_area(key="bgm_text").set_value(words).run()
    return press(app, "bgm_read")


def shown(app):
    return words(app).replace("\\", "")
