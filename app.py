"""The frame around the pages: language, database, sidebar, and the one table of pages.

`streamlit run app.py` starts it alone; `asgi.py` puts the server's routes around it.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

import streamlit as st

import services
from locales import LANGUAGES, pick_language
from support import logs, metrics
from support.errors import AppError
from views import _identity, _shared, _sidebar
from views._pages import PAGES
from views._shared import text

FOR_ADMINISTRATORS = ("administration",)
"""Pages that are in nobody else's menu."""


def main() -> None:
    """Draw one run: settle the language, draw, and bring the URL up to date."""
    keep_models()
    with _shared.turn():
        choose_language()
        finished = False
        try:
            draw()
            finished = True
        finally:
            _shared.write_url(finished=finished)


def keep_models() -> None:
    """Keep Streamlit from clearing Keras's state around every run.

    The state is everybody's, and that of a training in the background; and what is cleared with it, by a collection of
    the whole heap, takes half a second a run once TensorFlow is loaded.
    """
    backend = getattr(sys.modules.get("keras"), "backend", None)
    if backend is not None:
        backend.clear_session = lambda *given, **named: None


def draw() -> None:
    """Draw the frame, then the page; for whom nobody knows the way in."""
    found = started()
    failed = isinstance(found, AppError)
    actor = None if isinstance(found, AppError) else found.actor
    page = st.navigation(menu(actor), position="sidebar" if actor or failed else "hidden", expanded=True)
    _shared.set_pages([file for file, _, _ in pages_of(actor)])
    st.set_page_config(page_title=f"{page.title} · {text('app.name')}", page_icon="🎵", layout="wide",
                       menu_items={"About": text("app.about")})
    language_switch()
    if isinstance(found, AppError):
        cannot_start(found)
    elif framed(found, page.url_path):
        run(page)


def run(page: Any) -> None:
    """Run a page, timed; what is logged meanwhile carries its name and the id of the browser's connection."""
    name = page.url_path or PAGES[0][0]
    with logs.bound(page=name, request=st.context.headers.get("X-Request-Id")), metrics.page(name):
        page.run()


def started() -> _identity.Found | AppError:
    """Start what is behind the pages and settle who looks; or return what is in the way."""
    try:
        with st.spinner(text("app.starting")) if not services.started() else nullcontext():
            services.start()
        return _identity.settle()
    except AppError as error:
        return error


def framed(found: _identity.Found, page: str) -> bool:
    """Draw what is around the page; return False where there is none to draw: nobody is known, or the database away."""
    try:
        if found.actor is not None:
            _shared.set_frame(_sidebar.draw(found))
            _identity.notice(found)
        elif _identity.shares(page):
            _shared.set_frame(_sidebar.guest())
        else:
            _identity.welcome(found)
            return False
    except AppError as error:
        cannot_start(error)
        return False
    return True


def pages_of(actor: services.Actor | None) -> list[tuple[str, str, str]]:
    """Return the pages in an actor's menu."""
    administrates = actor is not None and actor.role == "administrator"
    return [page for page in PAGES if administrates or page[0] not in FOR_ADMINISTRATORS]


def menu(actor: services.Actor | None) -> list[Any]:
    """Return the pages; kept by the session, since each looks for its file anew, until language or role change."""
    shown = pages_of(actor)
    now = _shared.lang(), len(shown)
    known_as, kept = st.session_state.get("app_menu", (None, []))
    if known_as != now:
        kept = [st.Page(f"views/{file}.py", title=text(title), icon=icon, url_path=file)
                for file, icon, title in shown]
        st.session_state["app_menu"] = now, kept
    return kept


def choose_language() -> None:
    """Settle the language: the URL's, the session's, else the browser's."""
    browser = pick_language(st.context.locale)
    _shared.set_lang(_shared.in_url("lang", "app_lang", _shared.one_of(tuple(LANGUAGES)), browser, quiet=True))


def language_switch() -> None:
    """Draw the language switch at the top of the sidebar."""
    st.sidebar.segmented_control(text("app.language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__,
                                 key="app_lang", required=True, label_visibility="collapsed", width="stretch")


def cannot_start(error: AppError) -> None:
    """Say why there is nothing to show, and offer to try again."""
    st.title(text("app.cannot_start"))
    _shared.error_box(error)
    st.button(text("app.retry"), type="primary", key="app_retry", icon=":material/refresh:")


main()
