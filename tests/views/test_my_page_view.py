"""My page as its user meets it: overview, lists, the account by its kind, the packed data."""

from __future__ import annotations

import pytest
from conftest import words
from fake_my_page import thing

import accounts
from locales import t
from support.errors import AppError
from usecases.my_page import KINDS


@pytest.fixture
def opened(open_app):
    def opened(lang="en", **params):
        return open_app("my_page", "en-US" if lang == "en" else "ko-KR", **params)
    return opened


def links(app):
    return {(link.proto.page, link.proto.query_string): link.proto.label for link in app.main.get("page_link")}


def press(app, key):
    return app.button(key=key).click().run()


# overview ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_overview_has_a_card_of_every_kind_with_its_count(opened, fake, lang):
    app = opened(lang)
    assert not app.exception
    shown = words(app)
    for kind in KINDS:
        assert f"{t(lang, f'mine.kind.{kind}')} :gray[3]" in shown
    assert app.title[0].value == t(lang, "mine.title") and t(lang, "who.local") in shown


def test_everything_opens_on_its_page(opened, fake):
    found = links(opened())
    for place in (("ai_judges", "tab=audition&audition=1"), ("image_to_music", "image=2"),
                  ("playlist_maker", "saved=3"), ("hit_prediction", "tab=analyse&prediction=1"),
                  ("text_to_bgm", "batch=7"), ("song_dossier", "song=1")):
        assert place in found


def test_who_has_nothing_is_told_where_to_begin(opened, fake):
    fake.own = {kind: [] for kind in KINDS}
    app = opened()
    assert not app.exception and t("en", "mine.empty.title") in words(app)
    pages = {page for page, _ in links(app)}
    assert pages >= {"ai_judges", "image_to_music", "playlist_maker", "hit_prediction", "text_to_bgm", "song_dossier"}
    assert not [button for button in app.main.button if (button.key or "").startswith("mine_all_")]


def test_titles_are_shown_as_they_are(opened, fake):
    fake.own["audition"] = [thing("audition", 1, title="<script>alert(1)</script> :fire: *x*", note="[a](http://b)")]
    app = opened()
    shown = "".join(links(app).values()) + words(app)
    assert "\\<script\\>" in shown and "\\:fire\\:" in shown and "[a](http" not in shown


def test_show_all_opens_the_list_of_its_kind(opened, fake):
    app = press(opened(), "mine_all_prediction")
    assert not app.exception and app.query_params["tab"] == "things" and app.query_params["kind"] == "prediction"
    assert fake.called("my_things")[-1][0][1] == "prediction"


# lists ------------------------------------------------------------


def test_a_list_is_searched_and_paged(opened, fake):
    fake.own["audition"] = [thing("audition", number) for number in range(1, 46)]
    app = opened(tab="things")
    assert "audition 1" in words(app) and "audition 21" not in words(app)
    app = press(app, "mine_next")
    assert "audition 21" in words(app) and app.query_params["p"] == "2"
    app = app.text_input(key="mine_find").set_value("audition 45").run()
    assert "p" not in app.query_params and "audition 45" in words(app) and "audition 21" not in words(app)
    app = app.text_input(key="mine_find").set_value("nothing like it").run()
    assert t("en", "mine.no_match.title") in words(app)
    assert "audition 20" in words(press(app, "mine_clear"))


@pytest.mark.parametrize("kind", ["thumbnail", "song", "post"])
def test_a_kind_has_its_list_and_its_way_to_a_first_one(opened, fake, kind):
    app = opened(tab="things", kind=kind)
    assert not app.exception and not app.error and "newest first" in words(app)
    fake.own[kind] = []
    app = opened(tab="things", kind=kind)
    assert not app.exception and t("en", f"mine.none.{kind}") in words(app)


def test_what_became_of_a_thing_is_said(opened, fake):
    fake.own["audition"] = [thing("audition", 1, state="running"), thing("audition", 2, state="failed")]
    fake.own["post"] = [thing("post", 1, state="removed")]
    app = opened()
    shown = words(app)
    assert "job.running" not in shown and t("en", "job.running") in shown and t("en", "job.failed") in shown
    assert t("en", "mine.removed") in shown


def test_a_picture_that_cannot_be_had_says_so(opened, fake):
    fake.failures["my_picture"] = AppError("picture.gone")
    app = opened(tab="things", kind="picture")
    assert not app.exception and "broken_image" in words(app)


# account ------------------------------------------------------------


def test_the_operator_without_accounts_is_told_how_to_have_them(opened, fake):
    app = opened(tab="account")
    assert not app.exception and "AUTH=local" in app.info[0].value and "--take-over" in app.info[0].value
    keys = {button.key for button in app.main.button}
    assert not keys & {"mine_password_go", "mine_email_go", "mine_end_open", "mine_out"}
    app.text_area(key="mine_bio").set_value("Night owl")
    app = press(app, "mine_profile_save")
    assert fake.me.bio == "Night owl" and t("en", "mine.profile.saved") in words(app)
    assert not fake.called("change_nickname")


def test_a_visitor_is_told_that_a_cookie_keeps_everything(opened, fake):
    fake.as_member(kind="anonymous", has_password=False, email=None)
    fake.auth = "off"
    app = opened(tab="account")
    assert not app.exception and "cookie" in app.info[0].value
    keys = {button.key for button in app.main.button}
    assert "mine_end_open" in keys and not keys & {"mine_password_go", "mine_email_go"}
    app = press(app, "mine_keep")
    assert app.query_params["tab"] == "data"


def test_who_signed_in_elsewhere_changes_the_password_there(opened, fake):
    fake.as_member(kind="oidc", has_password=False)
    fake.auth, fake.sign_ins = "local", []
    app = opened(tab="account")
    assert not app.exception and t("en", "mine.account.provider") == app.info[0].value
    assert "mine_password_go" not in {button.key for button in app.main.button}


def test_profile_of_a_member(opened, fake):
    fake.as_member()
    app = opened("ko", tab="account")
    assert not app.exception and app.text_input(key="mine_nickname").value == "mina"
    app.text_input(key="mine_nickname").set_value("  새벽  ")
    app = press(app, "mine_profile_save")
    assert fake.me.nickname == "새벽" and app.text_input(key="mine_nickname").value == "새벽"
    app.text_input(key="mine_nickname").set_value("admin")
    app = press(app, "mine_profile_save")
    assert fake.me.nickname == "새벽" and app.error and not app.exception


def test_a_password_is_changed_and_forgotten_by_the_session(opened, fake):
    fake.as_member()
    app = opened(tab="account")

    def typed(old, new, again):
        for key, value in zip(("mine_old", "mine_new", "mine_again"), (old, new, again), strict=True):
            app.text_input(key=key).set_value(value)
        return press(app, "mine_password_go")

    app = typed("right old one", "a new long one", "another")
    assert t("en", "mine.password.differ") in app.error[0].value and not fake.called("change_password")
    app = typed("wrong", "a new long one", "a new long one")
    assert t("en", "errors.account.password_wrong") in app.error[0].value
    app = typed("right old one", "a new long one", "a new long one")
    assert t("en", "mine.password.changed") in words(app) and fake.called("change_password")[-1][0][1:3] == (
        "right old one", "a new long one")
    assert [app.session_state[key] for key in ("mine_old", "mine_new", "mine_again")] == ["", "", ""]


@pytest.mark.parametrize("codes", [False, True])
def test_the_address_is_changed_at_once_or_by_a_code(opened, fake, codes):
    fake.as_member()
    fake.codes = codes
    app = opened(tab="account")
    app.text_input(key="mine_new_email").set_value("new@example.org")
    app.text_input(key="mine_email_password").set_value("right old one")
    app = press(app, "mine_email_go")
    assert fake.called("request_email_change")[-1][0][1:3] == ("right old one", "new@example.org")
    if not codes:
        assert t("en", "mine.email.asked") in words(app)
        return
    app.text_input(key="mine_code").set_value("000000")
    app = press(app, "mine_code_go")
    assert app.error and fake.me.email == "mina@example.org"
    app.text_input(key="mine_code").set_value("123456")
    app = press(app, "mine_code_go")
    assert fake.me.email == "new@example.org" and t("en", "mine.email.changed") in words(app)


def test_sign_ins_are_listed_and_ended(opened, fake):
    fake.as_member()
    app = opened(tab="account")
    assert "Chrome on Android" in words(app) and t("en", "mine.sign_ins.here") in words(app)
    assert "mine_sign_in_end_1" not in {button.key for button in app.main.button}
    app = press(app, "mine_sign_in_end_2")
    assert fake.called("end_sign_in")[-1][0][1] == 2 and "Chrome on Android" not in words(app)


def test_signing_out_everywhere_keeps_this_browser_or_not(opened, fake):
    fake.as_member()
    app = press(opened(tab="account"), "mine_out_others")
    assert len(fake.called("sign_out_everywhere")) == 1
    press(app, "mine_out")
    assert fake.called("sign_out_everywhere")[-1][0][1] is None


def test_deleting_takes_the_password(opened, fake):
    fake.as_member()
    app = press(opened(tab="account"), "mine_end_open")
    assert "cannot be undone" in words(app) and not fake.called("delete_account")
    app.text_input(key="mine_end_typed").set_value("wrong")
    app = press(app, "mine_end_yes")
    assert t("en", "errors.account.password_wrong") in app.error[0].value
    app = press(app, "mine_end_open")
    app.text_input(key="mine_end_typed").set_value("right old one")
    app = press(app, "mine_end_yes")
    assert not app.error and fake.called("delete_account")[-1][0][1] == "right old one"
    assert "right old one" not in {each.value for each in app.text_input}


# data ------------------------------------------------------------


def test_data_is_packed_watched_and_stopped(opened, fake):
    app = press(opened(tab="data"), "mine_pack")
    assert not app.exception and len(fake.called("submit_my_data")) == 1
    assert "mine_pack" not in {button.key for button in app.main.button}
    app = press(app, "mine_data_cancel")
    assert len(fake.called("cancel_my_data")) == 1
    app = app.run()
    assert "mine_pack" in {button.key for button in app.main.button}


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_file_that_is_ready_can_be_fetched(opened, fake, lang):
    fake.end_packing("done", ready=True, missing=2)
    app = opened(lang, tab="data")
    assert not app.exception and "390" in words(app) and "12.3 MB" in words(app)
    assert [button.proto.label for button in app.get("download_button")] == [t(lang, "mine.data.download")]
    assert "missing.json" in app.warning[0].value


def test_the_whole_server_sends_it_from_the_disk(opened, fake, monkeypatch):
    monkeypatch.setattr("views._identity.whole", lambda: True)
    fake.end_packing("done", ready=True)
    app = opened(tab="data")
    assert not app.exception and not app.get("download_button")
    link = next(html.proto.body for html in app.get("html") if "/account/my-data/" in html.proto.body)
    assert 'href="/account/my-data/99-unguessable"' in link and t("en", "mine.data.download") in link
    (_, job_id, name), = (call[0] for call in fake.called("my_data_ticket"))
    assert job_id == 99 and name.endswith(".zip")


@pytest.mark.parametrize(("state", "said"), [("interrupted", "mine.data.interrupted"), ("done", "mine.data.over")])
def test_why_there_is_no_file_is_said(opened, fake, state, said):
    fake.end_packing(state)
    app = opened(tab="data")
    assert not app.exception and t("en", said) in words(app) and not app.get("download_button")


def test_a_failure_of_the_packing_is_said(opened, fake):
    fake.end_packing("failed", error_code="my_data.room", error_values={"needed": 900, "free": 3})
    app = opened(tab="data")
    assert not app.exception and "900 MB" in app.error[0].value


def test_an_error_of_the_service_is_text(opened, fake):
    fake.failures["my_overview"] = AppError("unexpected", kind="X")
    app = opened()
    assert not app.exception and len(app.error) == 1


def test_a_viewer_sees_it_as_well(opened, fake):
    fake.as_member(role="viewer")
    assert fake.actor == accounts.Actor(7, "viewer", "mina", "member")
    app = opened()
    assert not app.exception and not app.error and t("en", "role.viewer") in words(app)
