"""The layer around the server: who is let through, where a request comes from, headers, websockets, ways back."""

from __future__ import annotations

import pytest
from markupsafe import escape
from starlette.websockets import WebSocketDisconnect
from web_doors import HTML, OPERATOR, browser, mode_alone, mode_of_doors, send  # noqa: F401

import config
import services
from locales import t
from support import origins
from web import guard, places

# who is let through ------------------------------------------------------------


def test_with_accounts_a_page_leads_to_the_door_and_back(mode):
    mode()
    client = browser()
    answer = client.get("/growth_radar?artist=X&lang=ko", headers=HTML)
    assert answer.headers["location"] == "/account/sign-in?next=%2Fgrowth_radar%3Fartist%3DX%26lang%3Dko&lang=ko"
    assert client.get("/song_dossier?share=abc", headers=HTML).status_code == 200  # a link shows it to everybody
    assert client.get("/song_dossier", headers=HTML).status_code == 303
    assert client.get("/_stcore/health", headers=HTML).status_code == 200
    assert client.get("/healthz", headers=HTML).text == "ok"
    assert client.get("/data", headers={**HTML, "sec-fetch-mode": "cors"}).status_code == 200  # no page to show


def test_without_accounts_a_browser_elsewhere_becomes_an_analyst_of_its_own(mode, query):
    mode("off")
    one, other = browser(), browser()
    assert one.get("/", headers=HTML).headers["cache-control"] == "no-store"
    other.get("/", headers=HTML)
    actors = [services.actor_by_token(client.cookies["mis_sign_in"]) for client in (one, other)]
    assert actors[0].id != actors[1].id and {actor.kind for actor in actors} == {"anonymous"}
    token = one.cookies["mis_sign_in"]
    assert "set-cookie" not in one.get("/data", headers=HTML).headers
    assert one.cookies["mis_sign_in"] == token
    browser().get("/", headers={"accept": "*/*"})  # a machine that looks whether the server is up
    browser().get("/song_dossier?share=abc", headers=HTML)  # a guest
    assert query("SELECT count(*) FROM users WHERE kind = 'anonymous'") == [(2,)]


def test_a_token_of_another_way_opens_nothing(mode):
    mode("off")
    client = browser()
    client.get("/", headers=HTML)
    mode("local")
    assert client.get("/", headers=HTML).status_code == 303


def test_a_database_that_is_away_leaves_the_page(mode, monkeypatch):
    from support.errors import DatabaseUnavailable

    mode("off")

    def away(*given):
        raise DatabaseUnavailable("database_unreachable", where="db:5432", detail="refused")

    monkeypatch.setattr(services, "open_anonymous", away)
    assert browser().get("/", headers=HTML).status_code == 200


def test_the_operators_password(mode):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    client = browser()
    client.get("/", headers=HTML)
    before = client.cookies["mis_sign_in"]
    wrong = send(client, "operator?next=/data", password="not this one, no")
    assert wrong.status_code == 400 and "not this one" not in wrong.text
    answer = send(client, "operator?next=/data", password=OPERATOR)
    after = client.cookies["mis_sign_in"]
    assert answer.headers["location"] == "/data" and after != before
    assert services.actor_by_token(after).role == "administrator" and services.actor_by_token(before) is None
    assert escape(t("en", "web.operator.unlocked")) in client.get("/account/operator").text
    assert send(client, "operator", act="lock").status_code == 303
    assert services.actor_by_token(after).role == "analyst"


def test_without_an_operators_password_the_page_says_how_to_set_one(alone):
    alone("off")
    assert "ADMIN_PASSWORD=" in browser().get("/account/operator").text


# where a request comes from ------------------------------------------------------------


@pytest.mark.parametrize(("listens", "base", "client", "headers", "local"), [
    ("127.0.0.1", "http://localhost:8501", ("127.0.0.1", 1), {}, True),
    ("127.0.0.1", "http://127.0.0.1:8501", ("127.0.0.1", 1), {"origin": "http://127.0.0.1:8501"}, True),
    ("localhost", "http://[::1]:8501", ("::1", 1), {}, True),
    ("0.0.0.0", "http://localhost:8501", ("127.0.0.1", 1), {}, False),
    (None, "http://localhost:8501", ("127.0.0.1", 1), {}, False),
    ("127.0.0.1", "http://localhost:8501", ("198.51.100.7", 1), {}, False),
    ("127.0.0.1", "http://music.example", ("127.0.0.1", 1), {}, False),
    ("127.0.0.1", "http://localhost.evil.example", ("127.0.0.1", 1), {}, False),
    ("127.0.0.1", "http://localhost:8501", ("127.0.0.1", 1), {"origin": "https://music.example"}, False),
    *(("127.0.0.1", "http://localhost:8501", ("127.0.0.1", 1), {name: "127.0.0.1"}, False)
      for name in origins.PROXY_TRACES)])
def test_local_is_only_what_can_be_nothing_else(alone, listens, base, client, headers, local):
    alone("off")
    answer = browser(listens, base, client).get("/data", headers=headers)
    assert answer.text.endswith(str(int(local)))


@pytest.mark.parametrize(("peer", "forwarded", "found"), [
    ("198.51.100.7", "127.0.0.1", "198.51.100.7"),  # nobody says where they are from by themselves
    ("127.0.0.1", "203.0.113.5", "203.0.113.5"), ("127.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
    ("127.0.0.1", "203.0.113.5, ::1", "203.0.113.5"), ("127.0.0.1", "", "127.0.0.1"),
    ("127.0.0.1", "203.0.113.5:4711", "203.0.113.5"), ("::1", '"[2001:db8::1]:80"', "2001:db8::1"),
    ("::ffff:127.0.0.1", "203.0.113.5", "203.0.113.5"), ("127.0.0.1", "unknown", ""), ("10.1.2.3", "203.0.113.5", "203.0.113.5")])
def test_the_nearest_address_that_is_no_proxy(peer, forwarded, found):
    assert origins.address(peer, forwarded, ("127.0.0.1", "::1", "10.0.0.0/8")) == found


def test_nobody_can_send_the_seal(alone):
    alone("off")
    made_up = f"{'x' * 32} 1 1 127.0.0.1"
    assert origins.unseal(made_up) is None and origins.unseal("") is None and origins.unseal(None) is None
    with browser().websocket_connect("/_stcore/stream", headers={origins.HEADER: made_up}) as socket:
        socket.send_text("한글")
        assert socket.receive_json() == {"text": "한글", "address": "198.51.100.7", "local": False, "headers": True}


def test_a_short_name_of_the_browser():
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"
    assert places.device(chrome) == "Chrome, Windows"
    assert places.device(chrome + " Edg/142.0") == "Edge, Windows"
    assert places.device(phone) == "Safari, iPhone"
    assert places.device("curl/8.5<script>") == "curl" and places.device("") == ""


# what every answer says ------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/account/sign-in", "/_stcore/stream-of-bytes", "/healthz", "/broken",
                                  "/account/static/account.css"])
def test_every_answer_has_the_headers(alone, path):
    alone()
    answer = browser().get(path)
    assert {name: answer.headers[name] for name in guard.HEADERS} == guard.HEADERS
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy or "default-src 'none'" in policy
    assert ("unsafe" in policy) is not path.startswith("/account")


def test_a_failure_tells_nothing(alone):
    alone()
    answer = browser().get("/broken")
    assert answer.status_code == 500 and answer.text == "Internal Server Error"


def test_streams_pass_untouched(alone):
    alone()
    assert browser().get("/_stcore/stream-of-bytes").text == "one,two,three"


def test_a_setting_that_cannot_be_used_is_said_by_the_page(alone, monkeypatch):
    alone()
    monkeypatch.setenv("AUTH", "everybody")
    config._load.cache_clear()
    assert browser().get("/_stcore/health").status_code == 200


# websockets of other sites ------------------------------------------------------------


@pytest.mark.parametrize(("asked", "let_in"), [
    (None, True), ("http://music.example", True), ("http://localhost:9", True), ("http://127.0.0.1:9", True),
    ("http://evil.example", False), ("http://music.example:81", False), ("http://music.example.evil.example", False),
    ("http://localhost.evil.example", False), ("null", False), ("http://[", False), ("", False)])
def test_a_page_of_another_site_opens_no_websocket(alone, asked, let_in):
    """Streamlit would ask the internet for the server's own address before it refuses such a page."""
    alone("off")
    headers = {"host": "music.example"} | ({} if asked is None else {"origin": asked})
    try:
        with browser().websocket_connect("/_stcore/stream", headers=headers) as socket:
            socket.send_text("hello")
            assert socket.receive_json()["text"] == "hello" and let_in
    except WebSocketDisconnect as error:
        assert not let_in and error.code == 1008


# back from an identity provider ------------------------------------------------------------


def back(client, path="/oauth2callback"):
    return client.get(path, headers={"accept": "text/html"}).headers["location"]


@pytest.mark.parametrize("secure", [False, True])
def test_a_provider_leads_back_to_the_page_that_was_asked_for_once(alone, secure):
    alone("oidc")
    client = browser(base="https://music.example" if secure else "http://music.example")
    kept = client.get("/data?tab=raw&q=%EA%B0%80", headers={"accept": "text/html"}).headers["set-cookie"]
    assert kept.startswith("__Host-mis_page=" if secure else "mis_page=") and ("Secure" in kept) == secure
    assert "HttpOnly" in kept and "SameSite=lax" in kept and "Max-Age=900" in kept
    assert back(client) == "/data?tab=raw&q=%EA%B0%80"
    assert back(client) == "/"


@pytest.mark.parametrize("planted", ["//evil.example", "https://evil.example", "%2F%2Fevil.example", "/%5Cevil.example",
                                     "/auth/logout", "/%0d%0aset-cookie:x=1", "/" + "a" * 3000, "%252F%252Fevil.example"])
def test_a_planted_page_leads_home(alone, planted):
    alone("oidc")
    client = browser()
    client.cookies.set("mis_page", planted)
    assert back(client) == "/"


def test_only_the_way_home_is_changed(alone):
    alone("oidc")
    client = browser()
    client.get("/data", headers={"accept": "text/html"})
    assert back(client, "/oauth2callback?to=/auth/login") == "/auth/login"


def test_who_is_signed_in_by_a_provider_keeps_no_page(alone):
    alone("oidc")
    client = browser()
    client.cookies.set("_streamlit_user", "signed")
    assert "set-cookie" not in client.get("/data", headers={"accept": "text/html"}).headers
    assert "set-cookie" not in browser().get("/", headers={"accept": "text/html"}).headers
