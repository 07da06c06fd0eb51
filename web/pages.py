"""The forms as HTML, in the product's look, and the answers around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response

import services
from locales import LANGUAGES, t
from support.origins import Origin
from web import cookies

HERE = Path(__file__).parent
STATIC = HERE / "static"
SECRET = ("password", "new_password")
"""Fields that are never written back into a form."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at a door.

    Attributes
    ----------
    headers : Headers
    origin : Origin
    place : Place
        What sign-ins and throttles keep of it.
    lang : str
    chosen : bool
        Whether the address names the language.
    goes_to : str
        Page to open afterwards.
    token : str or None
        Of the sign-in cookie.
    form_token : str
        What the next form will be compared with.
    fields : dict of str to str
        What was typed.
    """

    headers: Headers
    origin: Origin
    place: services.Place
    lang: str
    chosen: bool
    goes_to: str
    token: str | None
    form_token: str
    fields: Mapping[str, str]

    def typed(self, name: str) -> str:
        """Return a field, empty where it was not sent."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answers: a page by name, or a path to go to; and what becomes of the sign-in cookie."""

    page: str = ""
    goes_to: str = ""
    notice: str = ""
    error: str = ""
    status: int = 200
    opened: services.Opened | None = None
    forget: bool = False
    shown: Mapping[str, Any] = field(default_factory=dict)
    wait_s: int = 0


def respond(visit: Visit, answer: Answer) -> Response:
    """Return the HTTP answer, with its cookies."""
    secure = visit.origin.secure
    response: Response
    if answer.goes_to:
        response = RedirectResponse(_in_language(visit, answer.goes_to), status_code=303)
    else:
        response = HTMLResponse(html(visit, answer), status_code=answer.status)
        cookies.keep_form(response, visit.form_token, secure)
    if answer.opened is not None:
        cookies.keep_sign_in(response, answer.opened, secure)
    elif answer.forget:
        cookies.drop_sign_in(response, secure)
    if answer.wait_s:
        response.headers["Retry-After"] = str(answer.wait_s)
    response.headers["Cache-Control"] = "no-store"
    return response


def html(visit: Visit, answer: Answer) -> str:
    """Return a page; passwords are not written back."""
    def text(key: str, **values: Any) -> str:
        return t(visit.lang, f"web.{key}", **values)

    kept = {name: value for name, value in visit.fields.items() if name not in SECRET}
    return _environment().get_template(f"{answer.page}.html").render(
        text=text, lang=visit.lang, languages=LANGUAGES, page=answer.page, typed=kept, token=visit.form_token,
        notice=answer.notice, error=answer.error, here=lambda page, lang="": here(visit, page, lang),
        app=t(visit.lang, "app.name"), goes_to=visit.goes_to, **answer.shown)


def here(visit: Visit, page: str, lang: str = "") -> str:
    """Return the address of a door that leads on to the same page, in the same language or another."""
    query = {"next": visit.goes_to} if visit.goes_to != "/" else {}
    if lang or visit.chosen:
        query["lang"] = lang or visit.lang
    return f"/account/{page}" + (f"?{urlencode(query)}" if query else "")


def _in_language(visit: Visit, path: str) -> str:
    """Return a page's address in the language that was chosen at the door."""
    if not visit.chosen or "lang=" in path:
        return path
    return f"{path}{'&' if '?' in path else '?'}lang={visit.lang}"


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)
