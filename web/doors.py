"""The doors below ``/account``: sign in and up, confirm an address, a new password, out again, the operator's rights.

Each is a page to show and an act for what its form sends. Whatever is refused leaves what was typed in the form, but
for passwords. Where an account is not known the answers are those for one that is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

import config
import services
from locales import LANGUAGES, t
from support.errors import AppError, DatabaseUnavailable, NotAllowed
from support.origins import origin
from web import cookies, forms, guard
from web.pages import Answer, Visit, here, respond
from web.places import place

log = logging.getLogger(__name__)
Act = Callable[[Visit], Answer]


# what each door does ------------------------------------------------------------


def show_sign_in(visit: Visit) -> Answer:
    """Show the form, or go on where the browser is signed in already; a cookie that no longer holds is dropped."""
    if guard.who(visit.token) is not None:
        return Answer(goes_to=visit.goes_to)
    return Answer("sign-in", forget=visit.token is not None)


def sign_in(visit: Visit) -> Answer:
    """Sign in; an account that waits for its code is asked for that."""
    try:
        opened = services.sign_in(visit.typed("email"), visit.typed("password"), visit.place, old_token=visit.token)
    except AppError as error:
        if error.code == "account.unverified":
            return Answer("verify", notice=error.message(visit.lang))
        raise
    return Answer(goes_to=visit.goes_to, opened=opened)


def sign_up(visit: Visit) -> Answer:
    """Make an account; then ask for its code, or for the password where no mail is sent."""
    made = services.sign_up(visit.typed("email"), visit.typed("password"), visit.typed("nickname"),
                            terms=visit.typed("terms") == "yes", place=visit.place, lang=visit.lang)
    if made.needs_code:
        return Answer("verify", notice=t(visit.lang, "web.verify.sent"))
    return Answer("sign-in", notice=t(visit.lang, "web.sign_up.ready"))


def verify(visit: Visit) -> Answer:
    """Confirm an address by the code that was mailed, or have another one mailed."""
    if visit.typed("act") == "resend":
        services.resend_code(visit.typed("email"), visit.place, visit.lang)
        return Answer("verify", notice=t(visit.lang, "web.verify.sent"))
    services.verify_email(visit.typed("email"), visit.typed("code").strip(), visit.place)
    return Answer("sign-in", notice=t(visit.lang, "web.verify.done"))


def forgot(visit: Visit) -> Answer:
    """Have a code for a new password mailed."""
    services.request_reset(visit.typed("email"), visit.place, visit.lang)
    return Answer("reset", notice=t(visit.lang, "web.reset.sent"))


def reset(visit: Visit) -> Answer:
    """Set a new password by the code that was mailed; every browser is signed out."""
    services.reset_password(visit.typed("email"), visit.typed("code").strip(), visit.typed("new_password"),
                            visit.place)
    return Answer("sign-in", notice=t(visit.lang, "web.reset.done"), forget=True)


def sign_out(visit: Visit) -> Answer:
    """End this browser's sign-in."""
    if visit.token is not None:
        services.sign_out(visit.token)
    return Answer(goes_to=here(visit, "sign-in"), forget=True)


def show_operator(visit: Visit) -> Answer:
    """Show the form, or what this browser has already."""
    if visit.origin.local:
        return Answer(goes_to=visit.goes_to)
    actor = guard.who(visit.token)
    return Answer("operator", shown={"unlocked": actor is not None and actor.role == "administrator"})


def operator(visit: Visit) -> Answer:
    """Give this browser an administrator's rights for some hours, or take them back."""
    if visit.typed("act") == "lock":
        services.lock_operator(visit.token)
        return Answer(goes_to=visit.goes_to)
    return Answer(goes_to=visit.goes_to,
                  opened=services.unlock_operator(visit.token, visit.typed("password"), visit.place))


def _shows(page: str) -> Act:
    return lambda visit: Answer(page)


# the way in and out of each ------------------------------------------------------------


def _door(page: str, modes: tuple[str, ...], show: Act, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a page with one form; where the mode of accounts is another it is not there."""
    async def endpoint(request: Request) -> Response:
        sent = await forms.fields(request) if request.method == "POST" else {}
        if sent is None:
            return Response("413 Content Too Large", 413)
        visit = visit_of(request, sent)
        answer = await asyncio.to_thread(_answer, visit, page, modes, act if request.method == "POST" else show,
                                         request.method == "POST")
        if answer.page and request.method == "POST" and answer.status == 200 and not answer.error:
            visit = replace(visit, form_token=forms.new_token())
        return respond(visit, answer)

    return endpoint


def _answer(visit: Visit, page: str, modes: tuple[str, ...], act: Act, sent: bool) -> Answer:
    """Return what a door answers; what is refused becomes a line above the form."""
    try:
        services.start()
        settings = services.settings()
        if settings.auth not in modes:
            return Answer("closed", status=404)
        if sent and not forms.genuine(visit.typed("form"), visit.form_token, visit.headers, settings.public_url):
            return _complete(Answer(page, error=t(visit.lang, "web.stale"), status=403), visit)
        return _complete(act(visit), visit)
    except AppError as error:
        log.info("%s was refused: %s", page, error.code)
        return _complete(_refused(page, error, visit.lang), visit)


def _refused(page: str, error: AppError, lang: str) -> Answer:
    minutes = int(error.values.get("minutes", 0)) if error.code == "account.throttled" else 0
    status = (429 if minutes else 503 if isinstance(error, DatabaseUnavailable)
              else 403 if isinstance(error, NotAllowed) else 400)
    return Answer(page, error=error.message(lang), status=status, wait_s=60 * minutes)


def _complete(answer: Answer, visit: Visit) -> Answer:
    """Add what the pages show beside the form."""
    shown = {"unlocked": False, "mail": False, "password_set": False}
    with suppress(config.SettingsError):  # then the page says which
        settings = services.settings()
        shown |= {"mail": bool(settings.smtp_url), "password_set": bool(settings.admin_password)}
    return replace(answer, shown={**shown, **answer.shown})


def visit_of(request: Request, fields: Mapping[str, str]) -> Visit:
    """Return what a request says, and the fields of its form."""
    found = guard.origin_of(request.scope) or origin("", {}, scheme="http", listens=None, trusted=(), public_url=None)
    held = cookies.form_token(request, found.secure)
    return Visit(request.headers, found, place(found, request.headers.get("user-agent", "")), guard.language(request),
                 request.query_params.get("lang") in LANGUAGES, forms.local_path(request.query_params.get("next")),
                 cookies.sign_in_token(request, found.secure), held or forms.new_token(), fields)


DOORS = {
    "sign-in": _door("sign-in", ("local",), show_sign_in, sign_in),
    "sign-up": _door("sign-up", ("local",), _shows("sign-up"), sign_up),
    "verify": _door("verify", ("local",), _shows("verify"), verify),
    "forgot": _door("forgot", ("local",), _shows("forgot"), forgot),
    "reset": _door("reset", ("local",), _shows("reset"), reset),
    "sign-out": _door("sign-out", ("local",), _shows("sign-out"), sign_out),
    "operator": _door("operator", ("off",), show_operator, operator),
}
"""By the last part of the path."""
