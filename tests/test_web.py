"""The doors: forms, cookies, pages in two languages, where they lead, files for their owner; over the real database."""

from __future__ import annotations

import asyncio
import re
import tracemalloc

import pytest
from markupsafe import escape
from starlette.applications import Starlette
from web_doors import (  # noqa: F401
    ELSEWHERE,
    HTML,
    PASSWORD,
    account,
    browser,
    form_token,
    mode_alone,
    mode_of_doors,
    send,
    signed_in,
)

import config
import services
import web
from locales import t
from web import forms

# forms ------------------------------------------------------------


def test_from_sign_up_to_sign_out(mode):
    mode()
    client = browser()
    made = send(client, "sign-up?next=/data", email="Mina@Example.org", nickname="Mina", password=PASSWORD, terms="yes")
    assert made.status_code == 200 and t("en", "web.sign_up.ready") in made.text
    assert 'value="Mina@Example.org"' in made.text and "/account/sign-in?next=%2Fdata" in made.text
    opened = client.post("/account/sign-in?next=/data", data={"form": form_token(made), "email": "mina@example.org",
                                                              "password": PASSWORD})
    assert (opened.status_code, opened.headers["location"]) == (303, "/data")
    assert client.get("/data", headers=HTML).text.startswith("/data")
    token = client.cookies["mis_sign_in"]
    assert services.actor_by_token(token).name == "Mina"
    out = send(client, "sign-out")
    assert out.headers["location"] == "/account/sign-in" and "mis_sign_in" not in client.cookies
    assert services.actor_by_token(token) is None


def test_the_cookie_is_kept_from_scripts_and_other_sites(mode):
    mode()
    account()
    set_cookie = signed_in(browser()).headers["set-cookie"]
    assert re.fullmatch(r"mis_sign_in=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax", set_cookie)
    assert 29 * 86400 < int(re.search(r"Max-Age=(\d+)", set_cookie)[1]) <= 30 * 86400


@pytest.mark.parametrize("how", ["scheme", "public", "proxy"])
def test_under_https_the_cookie_is_secure_and_of_this_host(mode, how):
    mode(**({"PUBLIC_URL": "https://music.example"} if how == "public" else {}))
    account()
    client = browser(base="https://music.example",  # so that the client sends secure cookies back
                     client=("127.0.0.1", 1) if how == "proxy" else ELSEWHERE)
    given = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7"} if how == "proxy" else {}
    answer = signed_in(client, **given)
    assert re.fullmatch(r"__Host-mis_sign_in=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax; Secure",
                        answer.headers["set-cookie"])
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    plain = {"cookie": f"mis_sign_in={client.cookies['__Host-mis_sign_in']}"}
    fresh = browser(base="https://music.example")
    assert fresh.get("/data", headers={**HTML, **plain}).status_code == 303  # the plain name counts for nothing here


def test_a_forwarded_scheme_counts_only_from_a_proxy(alone):
    alone()
    assert browser().get("/account/sign-in", headers={"x-forwarded-proto": "https"}) \
        .headers.get("strict-transport-security") is None


def test_signing_in_makes_a_new_token_and_ends_the_one_before(mode):
    mode()
    account()
    client = browser()
    planted = "planted-by-somebody-else"
    client.cookies.set("mis_sign_in", planted)
    signed_in(client)
    first = client.cookies.get("mis_sign_in", domain="music.example") or [
        cookie.value for cookie in client.cookies.jar if cookie.value != planted][0]
    assert first != planted and services.actor_by_token(planted) is None
    again = browser(cookie=f"mis_sign_in={first}")
    shown = again.get("/account/verify")  # the door itself would lead on
    held = shown.cookies["mis_form"]
    again.post("/account/sign-in", data={"form": form_token(shown), "email": "mina@example.org", "password": PASSWORD},
               headers={"cookie": f"mis_sign_in={first}; mis_form={held}"})
    assert services.actor_by_token(first) is None


def test_a_refusal_keeps_what_was_typed_but_for_passwords(mode):
    mode()
    answer = send(browser(), "sign-up?lang=ko", email="mina@example.org", nickname="<b>미나</b>", password="short77",
                  terms="yes")
    assert answer.status_code == 400
    assert 'value="mina@example.org"' in answer.text and "checked" in answer.text
    assert "&lt;b&gt;미나&lt;/b&gt;" in answer.text and "<b>" not in answer.text
    assert "short77" not in answer.text
    assert 'role="alert"' in answer.text and 'lang="ko"' in answer.text


def test_unknown_account_wrong_password_and_taken_address_answer_alike(mode):
    mode()
    account()
    answers = [send(browser(), "sign-in", email=email, password="not this one")
               for email in ("mina@example.org", "nobody@example.org")]
    same = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert same[0] == same[1] and {answer.status_code for answer in answers} == {400}
    made = [send(browser(), "sign-up", email=email, nickname=nickname, password=PASSWORD, terms="yes")
            for email, nickname in (("mina@example.org", "Other"), ("new@example.org", "Another"))]
    same = [re.sub(r'value="[^"]*"', "", answer.text) for answer in made]
    assert same[0] == same[1] and {answer.status_code for answer in made} == {200}


def test_too_many_tries_are_told_to_wait(mode):
    mode()
    account()
    client = browser()
    for _ in range(config.LIMITS["sign_in_pair"][0]):
        assert send(client, "sign-in", email="mina@example.org", password="not this one").status_code == 400
    refused = signed_in(client)  # even with the right one
    assert refused.status_code == 429 and 60 <= int(refused.headers["retry-after"]) <= 15 * 60


@pytest.mark.parametrize("wrong", ["none", "made up", "other site", "other origin", "null origin", "no cookie"])
def test_a_foreign_form_does_nothing(mode, wrong):
    mode()
    account()
    client = browser()
    token = form_token(client.get("/account/sign-in"))
    if wrong == "no cookie":
        client.cookies.clear()
    headers = {"other site": {"sec-fetch-site": "cross-site"}, "other origin": {"origin": "http://evil.example"},
               "null origin": {"origin": "null"}}.get(wrong, {})
    sent = {"none": {}, "made up": {"form": "x" * 43}}.get(wrong, {"form": token})
    answer = client.post("/account/sign-in", data={**sent, "email": "mina@example.org", "password": PASSWORD},
                         headers=headers)
    assert answer.status_code == 403 and t("en", "web.stale") in answer.text
    assert "mis_sign_in" not in client.cookies


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin", "origin": "null"}, {},
                                     {"origin": "http://music.example"}])
def test_our_own_form_counts(mode, headers):
    mode()
    account()
    assert signed_in(browser(), **headers).status_code == 303


def test_a_huge_or_foreign_body_is_refused(alone):
    alone()
    client = browser()
    assert client.post("/account/sign-in", content=b"a=" + b"x" * 20_000,
                       headers={"content-type": "application/x-www-form-urlencoded"}).status_code == 413
    assert client.post("/account/sign-in", json={"email": "x"}).status_code == 413
    assert forms.parsed(b"&".join(b"f%d=1" % number for number in range(50))) is None
    assert forms.parsed(b"name=a%00b%EA%B0%80") == {"name": "ab가"}


def test_signed_in_already_the_door_leads_on(mode):
    mode()
    account()
    client = browser()
    signed_in(client)
    assert client.get("/account/sign-in?next=/data").headers["location"] == "/data"


# where to afterwards ------------------------------------------------------------


@pytest.mark.parametrize("wanted", [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example",
    "http:/evil", "%2f%2fevil.example", "/%2fevil.example", "/%5cevil.example", "javascript:alert(1)",
    "/\t/evil.example", "/\n/evil", "/%09/evil", "/%0d%0aset-cookie:x=1", "\t//evil", " //evil", "data:text/html,x",
    "///evil", "/.//\\evil", "evil.example", "", None, "/account/sign-out", "/auth/logout", "/media/x",
    "/" + "a" * 2000])
def test_nobody_is_led_elsewhere(wanted):
    assert forms.local_path(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/growth_radar", "/growth_radar?artist=A%26B&tab=raw", "/data?q=%EA%B0%80"])
def test_pages_of_ours_are_gone_to(wanted):
    assert forms.local_path(wanted) == wanted


def test_the_answer_leads_home_where_the_link_would_lead_elsewhere(mode):
    mode()
    account()
    answer = signed_in(browser(), path="sign-in?next=%2F%2Fevil.example")
    assert answer.headers["location"] == "/"


# pages ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("door", ["sign-in", "sign-up", "verify", "forgot", "reset", "sign-out"])
def test_every_door_in_both_languages(alone, lang, door):
    alone()
    answer = browser().get(f"/account/{door}?lang={lang}")
    assert answer.status_code == 200 and f'<html lang="{lang}">' in answer.text
    assert answer.headers["cache-control"] == "no-store" and "script" not in answer.text
    labels = set(re.findall(r'<label for="(\w+)"', answer.text))
    fields = set(re.findall(r'<input id="(\w+)"', answer.text))
    assert labels == fields  # each field has its label
    assert all("autocomplete=" in field for field in re.findall(r"<input id=[^>]+>", answer.text))
    words = re.sub(r"<[^>]+>", "", answer.text.replace("한국어", ""))
    assert (lang == "ko") == any("가" <= letter <= "힣" for letter in words)


@pytest.mark.parametrize(("auth", "door"), [("off", "sign-in"), ("off", "sign-up"), ("oidc", "sign-in"),
                                            ("oidc", "operator"), ("local", "operator")])
def test_a_door_of_another_way_is_not_there(alone, auth, door):
    alone(auth)
    assert browser().get(f"/account/{door}").status_code == 404


def test_the_style_sheet_is_served(alone):
    alone()
    assert browser().get("/account/static/account.css").headers["content-type"].startswith("text/css")
    assert browser().get("/account/static/%2e%2e/pages.py").status_code == 404


# a file that may be larger than memory ------------------------------------------------------------


@pytest.fixture
def kept(mode, query):
    """Give a function that stores a file of everything for a user, of `size` bytes, and returns file and address."""
    def keep(user_id, size=5_000_000):
        name = "ab" * 16 + ".zip"
        path = config.load().data_dir / "my_data" / str(user_id) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PK" + bytes(size - 2))
        made.append(path)
        job = query("""INSERT INTO jobs (kind, state, owner_id, process, result) VALUES
                       ('my_data', 'done', :user, 'x', jsonb_build_object('file', CAST(:name AS text))) RETURNING id""",
                    user=user_id, name=name)[0][0]
        nickname = query("SELECT nickname FROM users WHERE id = :id", id=user_id)[0][0]
        ticket = services.my_data_ticket(services.Actor(user_id, "analyst", nickname, "member"), job, "미나의 음악.zip")
        return path, f"/account/my-data/{ticket}"

    made = []
    yield keep
    for path in made:
        path.unlink(missing_ok=True)


def test_all_of_ones_own_is_sent_to_its_owner_alone(mode, kept, query):
    mode()
    account()
    account("june@example.org", "June")
    path, address = kept(query("SELECT id FROM users WHERE nickname = 'Mina'")[0][0])
    mina, june = browser(), browser()
    signed_in(mina)
    signed_in(june, "june@example.org")
    got = mina.get(address)
    assert got.status_code == 200 and got.content == path.read_bytes()
    assert got.headers["content-type"] == "application/zip" and got.headers["cache-control"] == "no-store"
    assert got.headers["content-disposition"] == ("attachment; filename*=utf-8''"
                                                  "%EB%AF%B8%EB%82%98%EC%9D%98%20%EC%9D%8C%EC%95%85.zip")
    part = mina.get(address, headers={"range": "bytes=0-1"})  # a broken download goes on
    assert (part.status_code, part.content) == (206, b"PK")
    for client, where in ((june, address), (browser(), address), (mina, address[:-1]), (mina, "/account/my-data/x"),
                          (mina, "/account/my-data/..%5C..%5Csecrets")):
        refused = client.get(where)
        assert refused.status_code == 404 and b"PK" not in refused.content, where
    assert escape(t("en", "errors.my_data.link")) in june.get(address).text
    assert t("ko", "web.gone.title") in june.get(address + "?lang=ko").text
    send(mina, "sign-out")
    assert mina.get(address).status_code == 404
    signed_in(mina)
    path.unlink()
    assert mina.get(address).status_code == 404


def test_memory_does_not_grow_with_the_file(mode, kept):
    mode("off")
    size = 64 << 20
    _, address = kept(1, size)
    app = Starlette(routes=web.routes(), middleware=web.middleware(lambda: "127.0.0.1"))
    headers = [(b"host", b"127.0.0.1"), (b"accept-language", b"en")]
    scope = {"type": "http", "method": "GET", "path": address, "raw_path": address.encode(), "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501), "scheme": "http",
             "root_path": "", "http_version": "1.1"}
    seen = {"status": 0, "bytes": 0}

    async def receive():
        await asyncio.sleep(60)

    async def sent(message):
        seen["status"] = message.get("status", seen["status"])
        seen["bytes"] += len(message.get("body", b""))

    tracemalloc.start()
    asyncio.run(app(scope, receive, sent))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == {"status": 200, "bytes": size} and peak < 4 << 20, peak
