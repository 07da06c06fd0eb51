"""Administration as administrators meet it, and as nobody else does."""

from __future__ import annotations

import csv
import io

import pytest
from conftest import words

from locales import t, texts


@pytest.fixture
def opened(open_app):
    def opened(lang="en", **params):
        return open_app("administration", "en-US" if lang == "en" else "ko-KR", **params)
    return opened


def press(app, key):
    return app.button(key=key).click().run()


def keys(app):
    return {button.key for button in app.main.button}


def test_only_administrators_have_it_in_their_menu(open_app, fake):
    assert "administration" in open_app().session_state["app_pages"]
    fake.as_member()
    assert "administration" not in open_app().session_state["app_pages"]


def test_who_is_no_administrator_sees_nothing_of_it(opened, fake):
    from streamlit.testing.v1 import AppTest

    fake.as_member()

    def alone():
        from types import SimpleNamespace

        import streamlit as st

        import services
        from views import administration

        st.session_state["app_frame"] = SimpleNamespace(actor=services.actor)
        administration.page()

    app = AppTest.from_function(alone).run()
    assert not app.exception and len(app.warning) == 1
    assert not fake.called("list_members") and not fake.called("audit_trail")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_accounts_are_listed_with_what_they_are(opened, fake, lang):
    app = opened(lang)
    assert not app.exception
    shown = words(app)
    assert "mina@example.org" in shown.replace("\\", "") and t(lang, "admin.members.disabled") in shown
    assert t(lang, "admin.members.you") in shown and t(lang, "admin.kind.anonymous") in shown
    assert "<b>juno" not in shown and "\\<b\\>juno" in shown
    assert "admin_disable_1" in keys(app) and app.button(key="admin_disable_1").disabled  # oneself
    assert "admin_role_9" not in {box.key for box in app.selectbox}  # a visitor stays an analyst


def test_accounts_are_searched(opened, fake):
    app = opened()
    app = app.text_input(key="admin_find").set_value("mina").run()
    assert fake.called("list_members")[-1][0][1] == "mina" and app.query_params["find"] == "mina"
    assert "wren" not in words(app)
    app = app.text_input(key="admin_find").set_value("nobody").run()
    assert t("en", "admin.members.none.title") in words(app)


def test_many_accounts_come_in_pages(opened, fake):
    from fake_administration import member

    fake.members += [member(100 + number, f"member{number}") for number in range(40)]
    app = press(opened(), "admin_m_next")
    assert app.query_params["p"] == "2" and fake.called("list_members")[-1][0][2] == 2


def test_another_role_is_asked_about_first(opened, fake):
    app = opened()
    app = app.selectbox(key="admin_role_7").set_value("administrator").run()
    assert "**mina**" in words(app) and t("en", "admin.role.means.administrator") in words(app)
    assert not fake.called("set_role") and app.selectbox(key="admin_role_7").value == "analyst"
    app = press(app, "admin_role_yes")
    assert fake.called("set_role")[-1][0][1:] == (7, "administrator")
    assert t("en", "admin.role.done") in words(app)


def test_what_is_refused_is_said(opened, fake):
    app = opened("ko")
    app = app.selectbox(key="admin_role_1").set_value("viewer").run()
    app = press(app, "admin_role_yes")
    assert t("ko", "errors.account.last_administrator") in app.error[0].value


def test_disabling_is_asked_about_and_enabling_is_not(opened, fake):
    app = press(opened(), "admin_disable_7")
    assert "**mina**" in words(app) and not fake.called("disable_member")
    app = press(app, "admin_disable_yes")
    assert fake.called("disable_member")[-1][0][1] == 7 and "admin_enable_7" in keys(app)
    app = press(app, "admin_enable_7")
    assert fake.called("enable_member")[-1][0][1] == 7 and "admin_disable_7" in keys(app)


# the audit trail ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_acts_are_listed_in_words(opened, fake, lang):
    app = opened(lang, tab="audit")
    assert not app.exception
    table = app.main.dataframe[0].value
    assert len(table) == 50 and set(table[t(lang, "admin.audit.action")]) == {t(lang, "admin.act.sync"),
                                                                             t(lang, "admin.act.set_role")}
    assert t(lang, "admin.audit.gone", number=99) in set(table[t(lang, "admin.audit.who")])


def test_acts_are_narrowed_and_paged(opened, fake):
    app = press(opened(tab="audit"), "admin_a_next")
    assert fake.called("audit_trail")[-1][0][2] == 2
    app = app.selectbox(key="admin_act").set_value("sync").run()
    assert fake.called("audit_trail")[-1] == ((fake.actor, "", 1, 50), {"action": "sync"})
    app = app.text_input(key="admin_who").set_value("user 7").run()
    assert fake.called("audit_trail")[-1] == ((fake.actor, "user 7", 1, 50), {"action": "sync"})
    app = app.text_input(key="admin_who").set_value("nobody").run()
    assert t("en", "admin.audit.none.title") in words(app)


def test_the_file_holds_all_that_is_asked_for_and_no_formula(opened, fake):
    opened(tab="audit")
    from views import _administration_audit

    rows = list(csv.DictReader(io.StringIO(_administration_audit._file(fake.actor, "", None).decode("utf-8-sig"))))
    assert len(rows) == 120 and rows[0]["object"] == "'=HYPERLINK(1)" and rows[0]["at"].endswith("+00:00")
    assert {row["action"] for row in rows} == {"sync", "set_role"}


def test_every_act_that_is_recorded_has_a_name():
    import ast
    from pathlib import Path

    root, acts = Path(__file__).parents[2], set()
    for path in (root / "usecases").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "record_act" and len(node.args) > 2:
                acts |= {part.value for part in ast.walk(node.args[2]) if isinstance(part, ast.Constant)}
    assert len(acts) > 30
    assert {act for act in acts for lang in ("ko", "en") if f"admin.act.{act}" not in texts(lang)} == set()
