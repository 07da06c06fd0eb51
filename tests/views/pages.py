"""What tests of pages do again and again: open one page, press, look at buttons, choices and links."""

from __future__ import annotations

import pytest

LANGUAGES = [("ko-KR", "ko"), ("en-US", "en")]


def opening(page):
    """Return a fixture that gives a function that opens the page, by the browser's language and the URL's query."""
    @pytest.fixture
    def opened(open_app):
        def open_page(locale="en-US", **params):
            app = open_app(page, locale, **params)
            assert not app.exception
            return app
        return open_page
    return opened


def press(app, key):
    """Press a button and return the app."""
    app.button(key=key).click().run()
    assert not app.exception
    return app


def keys(app):
    """Return the keys of all buttons."""
    return {button.key for button in app.button}


def links(app):
    """Return page and query of every link outside the menu."""
    return [(link.proto.page, link.proto.query_string) for link in app.get("page_link")]


def group(app, key):
    """Return a row of choices: pills or a segmented control."""
    return next(group for group in app.get("button_group") if group.key == key)
