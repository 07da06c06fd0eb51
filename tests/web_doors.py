"""How tests of the doors go through them: a browser of their own over a server, forms filled in, a way to sign in."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

import config
import services
import web
from support import origins
from web import guard

PASSWORD = "three green walruses"
OPERATOR = "a long operator's word"
ELSEWHERE = ("198.51.100.7", 50000)
HTML = {"accept": "text/html,*/*"}


@pytest.fixture(name="mode")
def mode_of_doors(clean, alone):
    """Give a function that sets how people sign in, over an empty database."""
    return alone


@pytest.fixture(name="alone")
def mode_alone(monkeypatch):
    """Give the function without a database, for what asks none."""
    from usecases import sign_in

    monkeypatch.setattr(services, "start", lambda: None)

    def switch(auth="local", **environment):
        for name, value in {"AUTH": auth, **environment}.items():
            monkeypatch.setenv(name, value)
        config.reload()
        sign_in.forget_all()

    yield switch
    monkeypatch.undo()
    config.reload()
    sign_in.forget_all()


async def page(request):
    found = guard.origin_of(request.scope)
    return HTMLResponse(f"{request.url.path} {found.address} {int(found.secure)} {int(found.local)}")


async def broken(request):
    raise RuntimeError("a secret detail")


async def stream(request):
    async def parts():
        for part in (b"one,", b"two,", b"three"):
            yield part

    return StreamingResponse(parts())


async def echo(socket):
    await socket.accept()
    origin = origins.unseal(socket.headers.get(origins.HEADER))
    await socket.send_json({"text": await socket.receive_text(), "address": origin.address, "local": origin.local,
                            "headers": socket.headers.getlist(origins.HEADER) == [origins.seal(origin)]})
    await socket.close()


def browser(listens="0.0.0.0", base="http://music.example", client=ELSEWHERE, **headers):
    """Return a browser of its own over a server with the doors and a page for everything else."""
    inner = [Route("/broken", broken), Route("/_stcore/stream-of-bytes", stream), WebSocketRoute("/_stcore/stream", echo),
             Route("/oauth2callback", lambda request: RedirectResponse(request.query_params.get("to", "/"))),
             Route("/healthz", lambda request: PlainTextResponse("ok")), Route("/{path:path}", page)]
    app = Starlette(routes=[*web.routes(), Mount("/", routes=inner)], middleware=web.middleware(lambda: listens))
    return TestClient(app, base_url=base, client=client, follow_redirects=False, raise_server_exceptions=False,
                      headers={"accept-language": "en", **headers})


def form_token(answer):
    return re.search(r'name="form" value="([^"]+)"', answer.text)[1]


def send(client, path, headers=None, **fields):
    """Fill in the form at a door and send it."""
    shown = client.get(f"/account/{path}")
    return client.post(f"/account/{path}", data={"form": form_token(shown), **fields}, headers=headers)


def account(email="mina@example.org", nickname="Mina"):
    services.sign_up(email, PASSWORD, nickname, terms=True, place=services.Place("203.0.113.9", ""), lang="en")


def signed_in(client, email="mina@example.org", path="sign-in", **headers):
    return send(client, path, headers, email=email, password=PASSWORD)
