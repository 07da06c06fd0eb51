"""The frame around the pages: language, database, sync, deletion, and what both pages keep."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from conftest import words
from streamlit.testing.v1 import AppTest

from accounts import Actor
from support.errors import Busy, DatabaseUnavailable, NotFound


def unfold(app):
    app.session_state["sidebar_manage"] = True  # AppTest cannot click an expander
    app.run()


def confirm(app):
    """Press delete and then confirm: here a dialog's button re-runs the page, so both are pressed at once."""
    app.button(key="sidebar_delete").click().run()
    app.button(key="sidebar_delete").click()
    app.button(key="sidebar_delete_yes").click().run()


@pytest.mark.parametrize(("locale", "title"), [("ko-KR", "음악 통합 시스템"), ("ko", "음악 통합 시스템"),
                                               ("en-US", "Music Integrated System"),
                                               ("de-DE", "Music Integrated System")])
def test_the_first_visit_follows_the_browser(open_app, locale, title):
    app = open_app(locale=locale)
    assert app.title[0].value == title
    assert "lang" not in app.query_params


def test_no_run_clears_the_state_of_models_that_others_use(open_app, monkeypatch):
    cleared = []
    keras = SimpleNamespace(backend=SimpleNamespace(clear_session=lambda: cleared.append(1)))
    monkeypatch.setitem(sys.modules, "keras", keras)
    open_app().run()
    assert not cleared


def test_the_switch_changes_the_language_and_stays(open_app):
    app = open_app()
    app.segmented_control(key="app_lang").set_value("en").run()
    assert app.title[0].value == "Music Integrated System"
    assert app.query_params["lang"] in ("en", ["en"])
    assert app.switch_page("views/data.py").run().title[0].value == "Data"


def test_the_url_wins_over_the_browser(open_app):
    assert open_app(locale="ko-KR", lang="en").title[0].value == "Music Integrated System"


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
@pytest.mark.parametrize("sample", [True, False])
def test_home_has_no_text_of_the_other_language_and_no_bare_key(open_app, fake, locale, sample):
    fake.sample = sample
    app = open_app(locale=locale)
    app.session_state["home_capabilities"] = True
    app.run()
    assert not app.exception
    shown = words(app).replace("한국어", "").replace("여울담", "").replace("새벽우편함", "")
    assert locale == "ko-KR" or not any("가" <= letter <= "힣" for letter in shown)
    assert not [word for word in shown.split() if word.startswith(("home.", "capability.", "growth."))]


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
@pytest.mark.parametrize("artists", [["neonmarigold"], ["neonmarigold", "여울담", "copperfinch"]])
@pytest.mark.parametrize(("page", "tab"), [*(("growth_radar", tab) for tab in ("trends", "raw", "health")),
                                           *(("data", tab) for tab in ("upload", "files", "rejected", "runs"))])
def test_no_text_of_the_other_language_and_no_bare_key(open_app, locale, artists, page, tab):
    app = open_app(page, locale=locale, artist=artists, tab=tab)
    assert not app.exception
    shown = words(app).replace("한국어", "").replace("여울담", "").replace("새벽우편함", "")
    if locale == "en-US":
        assert not any("가" <= letter <= "힣" for letter in shown)
    assert not [word for word in shown.split() if word.startswith(("growth.", "data.", "sidebar.", "audit."))]


@pytest.mark.parametrize(("locale", "said"), [("ko-KR", "연결할 수 없습니다"), ("en-US", "cannot be reached")])
@pytest.mark.parametrize("page", [None, "growth_radar", "data"])
def test_a_database_that_is_away_is_a_message_and_a_button(open_app, fake, locale, said, page):
    fake.failures["start"] = DatabaseUnavailable("database_unreachable", where="db:5432", detail="refused")
    app = open_app(page, locale=locale)
    assert not app.exception
    assert said in app.error[0].value
    assert "db:5432" in app.error[0].value
    del fake.failures["start"]
    app.button(key="app_retry").click().run()
    assert not app.error
    assert app.tabs or page is None


def test_sync_reports_what_it_brought(open_app, fake):
    app = open_app(locale="en-US")
    app.button(key="sidebar_sync").click().run()
    assert fake.called("submit_sync")[0][1] == {"force": False, "names": None}
    assert app.success[0].value == "3 new · 9 unchanged · 2 refused"


def test_a_running_sync_shows_its_progress_and_can_be_stopped(open_app, fake):
    fake.seconds_per_file = 3600
    app = open_app(locale="en-US")
    app.button(key="sidebar_sync").click().run()
    assert app.button(key="sidebar_sync").disabled
    assert r"NeonMarigold\_ParallelSummer\_YouTube\_views\.csv" in words(app)
    app.button(key="sidebar_cancel").click().run()
    app.run()
    assert [args[1] for args, _ in fake.called("cancel_job")] == [1]
    assert "Stopped at your request" in app.warning[0].value
    assert not app.button(key="sidebar_sync").disabled


def test_somebody_elses_sync_is_shown_too(open_app, fake):
    fake.seconds_per_file = 3600
    fake.submit_sync(Actor(9, "administrator", "other"))
    assert open_app().button(key="sidebar_sync").disabled


def test_a_finished_sync_is_seen_without_waiting_for_the_cache(open_app, fake):
    app = open_app("growth_radar")
    artists = set(app.multiselect(key="growth_artist").options)
    fake.artists.pop(2)
    app.button(key="sidebar_sync").click().run()
    assert artists - set(app.multiselect(key="growth_artist").options) == {"여울담"}


def test_a_refused_sync_is_text(open_app, fake):
    fake.failures["submit_sync"] = Busy("sync_busy", since="03:04")
    app = open_app(locale="en-US")
    app.button(key="sidebar_sync").click().run()
    assert not app.exception
    assert "Another sync is running (since 03:04)" in app.error[0].value


def test_deleting_asks_first_and_names_what_goes(open_app, fake):
    app = open_app()
    unfold(app)
    assert app.button(key="sidebar_delete").disabled
    app.selectbox(key="sidebar_delete_choice").set_value(1).run()
    app.button(key="sidebar_delete").click().run()
    assert "**Neon Marigold**의 곡 2개, 데이터 900행, 파일 기록 7개" in words(app)
    assert not fake.called("delete_artist")


def test_deleting_and_undoing(open_app, fake):
    app = open_app("growth_radar")
    unfold(app)
    app.selectbox(key="sidebar_delete_choice").set_value(1).run()
    confirm(app)
    assert 1 not in fake.artists
    assert "Neon Marigold" not in app.multiselect(key="growth_artist").options
    assert "‘Neon Marigold’ 데이터를 삭제했습니다" in app.info[0].value
    app.button(key="sidebar_undo").click().run()
    (_, names), _ = fake.called("restore_files")[0]
    assert len(names) == 7
    assert "Neon Marigold" in app.multiselect(key="growth_artist").options
    assert not app.info


def test_an_artist_deleted_meanwhile_is_an_error_in_the_dialog(open_app, fake):
    app = open_app(locale="en-US")
    unfold(app)
    app.selectbox(key="sidebar_delete_choice").set_value(3).run()
    app.button(key="sidebar_delete").click().run()
    fake.failures["preview_delete"] = NotFound("artist_gone")
    app.button(key="sidebar_delete").click().run()
    assert app.error[0].value.startswith("This artist is no longer")
    assert not app.exception
    assert not fake.called("delete_artist")


def test_a_viewer_may_look_and_not_touch(open_app, fake):
    fake.actor = Actor(5, "viewer", "reader")
    app = open_app("growth_radar")
    assert not app.exception
    assert app.button(key="sidebar_sync").disabled
    unfold(app)
    app.selectbox(key="sidebar_delete_choice").set_value(1).run()
    assert app.button(key="sidebar_delete").disabled
    assert app.metric


def test_window_and_threshold_survive_a_change_of_page(open_app, fake):
    app = open_app(artist="여울담")
    app.segmented_control(key="sidebar_window").set_value("7").run()
    app.number_input(key="sidebar_threshold").set_value(5_000).run()
    app.switch_page("views/data.py").run()
    app.switch_page("views/growth_radar.py").run()
    args, asked = fake.called("artist_growth")[-1]
    assert (args[1], asked["window_days"], asked["threshold"]) == (2, 7, 5_000)


def test_no_frame_of_data_is_kept_in_the_session(open_app):
    import pandas as pd

    app = open_app(artist="neonmarigold", tab="raw")
    kept = app._session_state.filtered_state
    assert not [key for key, value in kept.items() if isinstance(value, pd.DataFrame) or hasattr(value, "daily")]


def test_both_languages_have_the_same_texts_and_placeholders():
    from string import Formatter

    from locales import texts

    korean, english = texts("ko"), texts("en")
    assert korean.keys() == english.keys()
    fields = {key: [{name for _, name, _, _ in Formatter().parse(side[key]) if name} for side in (korean, english)]
              for key in korean}
    assert not {key: pair for key, pair in fields.items() if pair[0] != pair[1]}


def test_a_turn_is_given_back_and_nobody_waits_for_long(open_app, monkeypatch):
    open_app()
    from views import _shared

    monkeypatch.setattr(_shared, "TURN_S", 0.01)
    with ExitStack() as stack:
        for _ in range(_shared.TURNS + 2):  # two more than there are: they go ahead
            stack.enter_context(_shared.turn())
    with pytest.raises(RuntimeError), _shared.turn():
        raise RuntimeError
    assert _shared._turns._value == _shared.TURNS


def two_choices():
    """Draw two choices that are in the URL; the run ends between them where it is to be cut short."""
    import streamlit as st

    from views import _shared

    finished = False
    try:
        for name in ("first", "second"):
            _shared.in_url(name, f"pick_{name}", _shared.one_of(("1", "2")), "1")
            st.selectbox(name, ["1", "2"], key=f"pick_{name}")
            if st.session_state.pop("cut_short", False):
                st.stop()
        finished = True
    finally:
        _shared.write_url(finished=finished)


def chosen(app):
    """Return what the two choices show and what the URL says of them."""
    shown = [app.selectbox(key=f"pick_{name}").value for name in ("first", "second")]
    return shown, [list(app.query_params[name])[-1] for name in ("first", "second")]


def test_a_second_click_while_a_page_is_drawn_does_not_take_the_first_one_back(fake):
    app = AppTest.from_function(two_choices).run()
    app.session_state["cut_short"] = True
    app.selectbox(key="pick_first").set_value("2").run()
    app.query_params["first"] = "1"  # the browser sent the second click before it heard of the new URL
    app.session_state["pick_second"] = "2"
    assert chosen(app.run()) == (["2", "2"], ["2", "2"])


def test_a_second_click_before_the_browser_has_drawn_the_page_does_not_take_the_first_one_back(fake):
    app = AppTest.from_function(two_choices).run()
    app.selectbox(key="pick_first").set_value("2").run()
    app.query_params["first"] = "1"
    app.selectbox(key="pick_second").set_value("2").run()
    assert chosen(app) == (["2", "2"], ["2", "2"])


def test_the_browsers_back_button_takes_a_choice_back(fake):
    from views import _shared

    app = AppTest.from_function(two_choices).run()
    app.selectbox(key="pick_first").set_value("2").run()
    app.session_state["app_url_at"] -= _shared.OLD_URL_S
    app.query_params["first"] = "1"
    assert chosen(app.run()) == (["1", "1"], ["1", "1"])


def test_back_twice_goes_back_twice(fake):
    app = AppTest.from_function(two_choices).run()
    for value in ("2", "1", "2"):
        app.selectbox(key="pick_first").set_value(value).run()
    app.query_params["first"] = "1"
    app.session_state["app_url_at"] = 0.0
    assert chosen(app.run()) == (["1", "1"], ["1", "1"])
    app.query_params["first"] = "2"
    app.session_state["app_url_at"] = 0.0
    assert chosen(app.run()) == (["2", "1"], ["2", "1"])
