"""Who looks, and what is shown to whom: every way accounts are configured, over made-up services."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from conftest import words

from accounts import GUEST, LOCAL_ADMINISTRATOR, Actor
from locales import t
from support import origins
from support.errors import NotAllowed
from support.origins import Origin

MEMBER = Actor(7, "analyst", "mi_na*", "member")
OTHER = Actor(8, "analyst", "Jun", "member")
VISITOR = Actor(9, "analyst", "visitor-7K2M", "anonymous")
AWAY = Origin("198.51.100.7", False, False)


@pytest.fixture
def at(fake, monkeypatch):
    """Give a function that puts the browser somewhere: its sealed origin (None: the pages alone), its cookies."""
    state = SimpleNamespace(headers=[], cookies={}, remote_ip="198.51.100.7")
    kept = fake.settings()
    monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: state)
    monkeypatch.setattr(fake, "settings", lambda: kept, raising=False)
    fake.people = {}
    fake.who = lambda token, *, local, claims=None: (
        LOCAL_ADMINISTRATOR if local else fake.people.get(claims["sub"] if claims else token))

    def put(auth="local", origin=AWAY, cookies=None, host="music.example", **settings):
        state.headers = [("Host", host)] + ([(origins.HEADER, origins.seal(origin))] if origin else [])
        state.cookies = cookies or {}
        kept.auth = auth
        for name, value in settings.items():
            setattr(kept, name, value)
        return state

    return put


@pytest.fixture
def member(at, fake):
    """Put a signed-in member's browser in place."""
    fake.people["token"] = MEMBER
    return at(cookies={"mis_sign_in": "token"})


def keys(app):
    return {element.key for kind in ("button", "selectbox", "number_input") for element in getattr(app, kind)}


def links(app):
    return "\n".join(block.proto.body for block in app.get("html"))


def test_the_operator_on_this_machine_signs_in_nowhere(open_app):
    app = open_app(locale="en-US")
    assert t("en", "who.local") in words(app)
    assert "who_sign_out" not in keys(app) and "who_notice_read" not in keys(app)


def test_a_member_sees_their_name_and_the_way_out(open_app, member):
    app = open_app("growth_radar", locale="en-US")
    assert r"**mi\_na\*** :gray-badge[analyst]" in words(app)
    assert app.metric and "who_sign_out" in keys(app)


def test_signing_out_ends_the_sign_in_and_forgets_the_session(open_app, member, fake):
    def sign_out(token):
        fake._note("sign_out", token)
        fake.people.clear()

    fake.sign_out = sign_out
    app = open_app("growth_radar", locale="en-US", artist="여울담")
    assert "growth_artist" in app.session_state
    app.button(key="who_sign_out").click().run()
    assert fake.called("sign_out") == [(("token",), {})]
    assert app.title[0].value == t("en", "who.signed_out") and not app.metric
    assert "/account/sign-in?next=" in links(app)
    assert not [name for name in app._session_state.filtered_state if name.startswith(("growth", "sidebar"))]


def test_who_is_nobody_sees_no_page_and_asks_for_no_data(open_app, at, fake):
    at()
    app = open_app(locale="en-US")
    assert app.title[0].value == t("en", "who.welcome")
    assert "/account/sign-up?next=" in links(app)
    asked = {name for name, _, _ in fake.calls}
    assert asked <= {"start"}, asked
    assert not keys(app)


@pytest.mark.parametrize("page", ["growth_radar", "data", "song_dossier", "hit_prediction"])
def test_no_page_opens_for_nobody(open_app, at, page):
    at()
    assert open_app(page, locale="en-US").title[0].value == t("en", "who.welcome")


def test_a_session_taken_up_by_somebody_else_holds_nothing_of_the_one_before(open_app, member, fake):
    app = open_app("growth_radar", locale="ko-KR", lang="en", artist="여울담")
    app.session_state["something_private"] = "of the member"
    app.run()
    assert app.session_state["something_private"] == "of the member"
    fake.people["token"] = OTHER
    app.run()
    assert "something_private" not in app.session_state
    assert "Jun" in words(app) and app.title[0].value == t("en", "growth.title")  # the language stays


def test_a_role_that_changes_leaves_the_session(open_app, member, fake):
    app = open_app(locale="en-US")
    app.session_state["something_private"] = "of the member"
    assert app.button(key="sidebar_sync").disabled
    fake.people["token"] = Actor(7, "administrator", "mi_na*", "member")
    app.run()
    assert app.session_state["something_private"] == "of the member"
    assert not app.button(key="sidebar_sync").disabled


def test_under_https_only_the_cookie_of_this_host_counts(open_app, at, fake):
    fake.people["token"] = MEMBER
    at(origin=Origin("198.51.100.7", True, False), cookies={"mis_sign_in": "token"})
    assert open_app(locale="en-US").title[0].value == t("en", "who.welcome")
    at(origin=Origin("198.51.100.7", True, False), cookies={"__Host-mis_sign_in": "token"})
    assert open_app(locale="en-US").title[0].value == t("en", "app.name")


def test_a_made_up_seal_opens_nothing(open_app, at, fake):
    state = at("off", origin=None)
    state.headers.append((origins.HEADER, "x 1 1 127.0.0.1"))
    fake.open_anonymous = lambda place, lang: pytest.fail("made")
    fake.people[None] = VISITOR
    assert "visitor" in words(open_app(locale="en-US"))


def test_the_notice_says_what_a_visitor_is_and_is_closed(open_app, at, fake):
    fake.people["token"] = VISITOR
    at("off", cookies={"mis_sign_in": "token"})
    app = open_app(locale="en-US")
    assert r"**You are here as visitor\-7K2M, an analyst of your own.**" in words(app)
    assert t("en", "who.notice_unset") in words(app)
    app.button(key="who_notice_read").click().run()
    assert "analyst of your own" not in words(app)


@pytest.mark.parametrize(("role", "key"), [("analyst", "who.notice_password"), ("administrator", "who.notice_unlocked")])
def test_the_notice_leads_to_the_operators_password(open_app, at, fake, role, key):
    fake.people["token"] = Actor(9, role, "visitor", "anonymous")
    at("off", cookies={"mis_sign_in": "token"}, admin_password="a long operator's word")
    app = open_app(locale="en-US")
    assert t("en", key, address="/account/operator?next=%2F&lang=en") in words(app).replace("%3Flang%3Den", "")
    assert "/account/operator?next=" in links(app)
    assert app.button(key="sidebar_sync").disabled is (role == "analyst")


def test_without_a_cookie_a_browser_elsewhere_is_asked_to_load_again(open_app, at):
    at("off")
    app = open_app(locale="en-US")
    assert app.title[0].value == t("en", "who.no_cookie_title")
    assert t("en", "who.reload") in links(app)


def test_the_pages_alone_make_one_visitor_a_tab(open_app, at, fake):
    made = []

    def open_anonymous(place, lang):
        made.append(lang)
        fake.people["of this tab"] = VISITOR
        return SimpleNamespace(token="of this tab", actor=VISITOR, expires_at=datetime.now(UTC))

    fake.open_anonymous = open_anonymous
    at("off", origin=None)
    app = open_app("growth_radar", locale="en-US").run()
    assert made == ["en"] and t("en", "who.notice_plain") in words(app)


@pytest.mark.parametrize(("remote", "host", "local"), [("127.0.0.1", "localhost:8501", True),
                                                       ("127.0.0.1", "music.example", False),
                                                       ("198.51.100.7", "localhost:8501", False)])
def test_the_pages_alone_know_the_operator_on_this_machine(open_app, at, fake, remote, host, local):
    fake.people[None] = VISITOR
    at("off", origin=None, host=host).remote_ip = remote
    assert (t("en", "who.local") in words(open_app(locale="en-US"))) is local


def test_the_pages_alone_have_no_accounts(open_app, at, fake):
    fake.people["token"] = MEMBER
    at(origin=None, cookies={"mis_sign_in": "token"})
    assert open_app(locale="en-US").title[0].value == t("en", "who.plain_auth_title")


def test_a_shared_dossier_opens_for_everybody_and_nothing_else_does(open_app, at, fake):
    at()
    asked = []
    fake.dossier_by_link = lambda token: asked.append(token) or (_ for _ in ()).throw(NotAllowed("not_allowed", role="", act=""))
    app = open_app("song_dossier", locale="en-US", share="abc")
    assert asked == ["abc"] and app.title[0].value == t("en", "dossier.title")
    assert t("en", "who.guest") in words(app)
    assert not keys(app) & {"sidebar_sync", "search_open", "sidebar_delete", "who_sign_out"}
    assert app.session_state["app_frame"].actor == GUEST
    app.switch_page("views/data.py").run()
    assert app.title[0].value == t("en", "who.welcome")


def test_an_identity_provider_that_is_not_set_up_is_said(open_app, at):
    at("oidc")
    app = open_app(locale="en-US")
    assert app.title[0].value == t("en", "who.unset_title") and "[auth]" in app.warning[0].value


@pytest.mark.parametrize(("named", "labels"), [
    ({}, [t("en", "who.provider_any")]),
    ({"google": {"client_id": "x"}, "acme": {"client_id": "y"}}, ["Sign in with Google", "Sign in with Acme"])])
def test_a_button_for_each_identity_provider(fake, at, named, labels):
    from conftest import APP
    from streamlit.testing.v1 import AppTest

    at("oidc")
    single = {} if named else {"client_id": "x", "server_metadata_url": "http://localhost/.well-known"}
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.context["locale"] = "en-US"
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "s", **single, **named}
    app.run()
    assert [button.label for button in app.button] == labels


def test_an_account_that_is_refused_is_told_why(open_app, at, fake, monkeypatch):
    at("oidc")

    def refused(token, *, local, claims=None):
        raise NotAllowed("account.disabled")

    fake.who = refused
    app = open_app(locale="en-US")
    assert not app.exception and not app.metric


def test_a_part_that_runs_alone_notices_that_somebody_else_looks(open_app, member, fake, monkeypatch):
    open_app(locale="en-US")
    from views import _identity

    run = SimpleNamespace(fragment_ids_this_run=["one"])
    monkeypatch.setattr(_identity, "get_script_run_ctx", lambda **options: run)
    assert not _identity.changed(MEMBER)
    fake.people.clear()
    assert _identity.changed(MEMBER)
    run.fragment_ids_this_run = None
    assert not _identity.changed(MEMBER)
