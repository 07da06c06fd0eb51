"""Alerts and the pipeline as a user meets them: the tab, its form and dialog, the section on Home, the runs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from conftest import words
from fake_alerts import MOMENT

from accounts import Actor
from locales import t
from support.errors import AppError

KINDS = ("band", "change", "milestone", "silence")


def links(app):
    """Return page and query of every link."""
    return [(link.proto.page, link.proto.query_string) for link in app.get("page_link")]


def forget():
    """Forget what the pages have cached: the test has changed the services behind their back."""
    if "views._cache" in sys.modules:
        sys.modules["views._cache"].clear()


@pytest.fixture
def alerts(open_app):
    """Return a function that opens the tab."""
    def opened(locale="en-US", **params):
        forget()
        app = open_app("advanced_analysis", locale, tab="alerts", artist="neonmarigold", **params)
        assert not app.exception
        return app
    return opened


# --- the list -----------------------------------------------------------------------------------------------------


def test_without_rules_three_are_suggested(alerts, fake):
    app = alerts()
    assert "No rule yet" in words(app)
    app.button(key="analysis_alert_suggest").click().run()
    assert [call[0][1] for call in fake.called("add_rule")] == ["band", "change", "silence"]
    shown = words(app)
    assert "The suggested rules have been added." in shown and "No rule yet" not in shown
    assert "**Every artist** · every platform: no new data for 3 days." in shown
    assert "Nothing has come true yet." in shown
    assert "The suggested rules" not in words(app.run())  # said once


@pytest.mark.parametrize(("locale", "said"), [("en-US", {
    "band": r"Neon Marigold gained 51,000 on YouTube on 27 Jan 2026, more than the forecast of 40,000 (95%: 36,000 to",
    "change": r"Neon Marigold gains 60% less on YouTube: 8,000 a day over the 7 days to 27 Jan 2026, 20,000 before",
    "milestone": r"Neon Marigold reached 5,000,000 on YouTube on 27 Jan 2026",
    "silence": r"No new data of Neon Marigold on YouTube for 4 days; the last is of 27 Jan 2026"}), ("ko-KR", {
    "band": "Neon Marigold · YouTube: 2026년 1월 27일 증가량 51,000, 예측 40,000보다 많음",
    "change": "하루 평균 증가량이 60% 줄어듦", "milestone": "2026년 1월 27일에 누적 5,000,000 달성",
    "silence": "4일째 새 데이터 없음"})])
def test_every_kind_is_told_in_words_with_its_badge_and_link(alerts, fake, locale, said):
    for kind in KINDS:
        fake.put_event(kind)
    app = alerts(locale)
    shown, lang = words(app).replace("\\", ""), locale[:2]
    for kind in KINDS:
        assert said[kind] in shown and t(lang, f"analysis.alert.kind.{kind}") + "]" in shown
    assert shown.count(f":violet-badge[{t(lang, 'analysis.alert.new')}]") == 4
    assert links(app).count(("advanced_analysis", "artist=neonmarigold&platform=youtube&tab=forecast")) == 4


def test_what_was_so_already_is_grey_and_not_new(alerts, fake):
    fake.put_event("silence", initial=True)
    app = alerts()
    row = next(each.value for each in app.markdown if "No new data" in each.value and "**Every" not in each.value)
    assert row.startswith(":gray-badge[:material/cloud_off: No new data]") and "violet" not in row
    assert "already so when the rule was made" in row
    assert app.button(key="analysis_alert_see").disabled


def test_all_new_ones_are_marked_as_seen(alerts, fake):
    fake.put_event("silence", initial=True)
    fake.put_event("band")
    fake.put_event("change", seen_at=MOMENT)
    app = alerts()
    button = app.button(key="analysis_alert_see")
    assert button.label == "Mark all as seen (1)"
    button.click().run()
    assert fake.called("mark_seen")[0][0][1] == [2]
    assert app.button(key="analysis_alert_see").disabled and "violet-badge" not in words(app)


def test_the_list_can_be_of_the_chosen_artist_or_of_new_ones(alerts, fake):
    fake.put_event("band", 1)
    fake.put_event("band", 2, seen_at=MOMENT)
    assert "여울담" in words(alerts()) and "여울담" not in words(alerts(new="1"))
    app = alerts(alerts="artist")
    assert "여울담 gained" not in words(app) and "Neon Marigold gained" in words(app)
    fake.events.clear()
    assert "No alert fits this choice." in words(alerts(alerts="artist"))


def test_an_artist_s_platforms_that_fell_silent_together_are_one_row(alerts, fake, open_app):
    for artist in (1, 2):
        for platform in ("youtube", "spotify"):
            fake.put_event("silence", artist, platform)
    fake.put_event("silence", 2, "soundcloud", detail={"days": 9}, seen_at=MOMENT)
    shown = words(alerts())
    assert shown.count("No new data of") == 3
    assert "No new data of Neon Marigold on Spotify, YouTube for 4 days" in shown
    assert "No new data of 여울담 on SoundCloud for 9 days" in shown and "Mark all as seen (4)" in shown
    assert words(open_app(locale="en-US")).count("No new data of") == 2


def test_a_long_list_is_shown_in_parts(alerts, fake):
    for _ in range(45):
        fake.put_event("milestone")
    app = alerts()
    assert len([query for _, query in links(app) if "tab=forecast" in query]) == 20
    assert "20 of 45 alerts" in words(app)
    app.button(key="analysis_alert_more").click().run()
    app.button(key="analysis_alert_more").click().run()
    assert len([query for _, query in links(app) if "tab=forecast" in query]) == 45
    assert "analysis_alert_more" not in [button.key for button in app.button]


@pytest.mark.parametrize(("options", "said"), [
    ({"delivery": "sent", "attempts": 1}, "mark_email_read: posted"),
    ({"delivery": "pending"}, "schedule_send: waiting to be posted"),
    ({"delivery": "pending", "attempts": 2, "error": "provider.unreachable"}, "not posted yet, 2 failed: no answer"),
    ({"delivery": "failed", "attempts": 3, "error": "provider.refused"}, "could not be posted: refused"),
    ({"delivery": "failed", "attempts": 3, "error": "unheard"}, "could not be posted: unknown reason")])
def test_what_became_of_posting_is_told(alerts, fake, options, said):
    fake.put_event("band", **options)
    fake.webhook = "https://hooks.example.org/secret"
    shown = words(alerts())
    assert said in shown and "also posted to the webhook" in shown and "secret" not in shown


def test_the_download_has_exact_values_and_stable_names(alerts, fake):
    for kind in KINDS:
        fake.put_event(kind)
    alerts("ko-KR")
    from views import _analysis_alerts

    table = _analysis_alerts.export(fake.events)
    assert list(table["kind"]) == list(KINDS[::-1])
    assert table["detail"].iloc[2] == '{"recent": 8000.0, "before": 20000.0, "percent": -60.0}'
    assert list(table.columns)[:5] == ["found_at", "day", "artist", "platform", "kind"]


def test_names_are_shown_as_they_are(alerts, fake):
    fake.put_event("band", artist="A$AP *Rocky* [x]")
    assert r"A\$AP \*Rocky\* \[x\]" in words(alerts())


def test_an_error_of_the_service_is_text(alerts, fake):
    fake.failures["list_rules"] = AppError("unexpected", kind="X")
    assert len(alerts().error) == 1


# --- rules --------------------------------------------------------------------------------------------------------


def test_a_rule_is_deleted_after_a_question(alerts, fake):
    fake.put_event("band")
    fake.put_rule("milestone", 2, "spotify")
    app = alerts()
    shown = words(app)
    assert "**여울담** · Spotify: the total reaches 5,000,000." in shown
    assert ":small[:gray[1 alert · since 28 Jan 2026]]" in shown and "0 alerts" in shown
    app.button(key="analysis_alert_delete_1").click().run()
    assert "(1 alert). It cannot be undone" in words(app) and fake.called("delete_rule") == []
    app.button(key="analysis_alert_delete_1").click()  # here a dialog's button draws the whole page again
    app.button(key="analysis_alert_delete_yes").click().run()
    assert [rule.id for rule in fake.rules] == [2] and fake.events == []
    assert "The rule has been deleted." in words(app)


def test_a_rule_of_somebody_else_says_so(alerts, fake):
    fake.put_rule("band", owner_id=5)
    assert "of user 5" in words(alerts())


def test_a_milestone_is_asked_for_with_its_defaults(alerts, fake):
    app = alerts()
    app.selectbox(key="analysis_alert_kind").set_value("milestone").run()
    assert "**Neon Marigold** · YouTube: the total reaches 100,000,000." in words(app)
    app.button(key="analysis_alert_add").click().run()
    args, options = fake.called("add_rule")[0]
    assert args[1:] == ("milestone", {"target": 100_000_000})
    assert options == {"artist_id": 1, "platform": "youtube"}
    assert "Nothing fits it yet." in words(app)


def test_a_change_for_every_artist_with_numbers_of_one_s_own(alerts, fake):
    fake.finds = True
    app = alerts("ko-KR")
    app.selectbox(key="analysis_alert_kind").set_value("change").run()
    app.selectbox(key="analysis_alert_artist_1").set_value("all").run()
    app.number_input(key="analysis_alert_change_percent").set_value(80).run()
    app.selectbox(key="analysis_alert_change_platform").set_value("spotify").run()
    shown = words(app)
    assert "**모든 아티스트** · Spotify: 7일 평균이 80% 이상, 하루 1,000 이상 달라지면" in shown
    assert "누적 수가 100,000보다 큰" in shown
    app.button(key="analysis_alert_add").click().run()
    args, options = fake.called("add_rule")[0]
    assert args[1:] == ("change", {"percent": 80, "floor": 1_000, "days": 7})
    assert options == {"artist_id": None, "platform": "spotify"}
    assert "이미 그런 경우가 1개" in words(app)


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_every_kind_has_a_form_with_words(alerts, fake, locale):
    app = alerts(locale)
    for kind in KINDS:
        app.selectbox(key="analysis_alert_kind").set_value(kind)
        app.button(key="analysis_alert_add").click().run()
        assert fake.rules[-1].kind == kind and not app.exception and "{" not in words(app)


def test_the_same_rule_again_is_refused_in_words(alerts, fake):
    app = alerts()
    app.button(key="analysis_alert_add").click().run()
    app.button(key="analysis_alert_add").click().run()
    assert "You have the same rule already." in app.error[0].value and len(fake.rules) == 1


def test_a_viewer_sees_it_all_disabled_with_the_reason(alerts, fake):
    fake.actor = Actor(3, "viewer", "Vic")
    app = alerts()
    assert "Your role (viewer) may look at alerts" in app.info[0].value
    assert app.button(key="analysis_alert_suggest").disabled and app.button(key="analysis_alert_add").disabled
    fake.put_event("band")
    app = alerts()
    assert app.button(key="analysis_alert_delete_1").disabled and not app.button(key="analysis_alert_see").disabled


# --- home ---------------------------------------------------------------------------------------------------------


def test_home_shows_the_newest_five_that_are_new(open_app, fake):
    for number in range(7):
        fake.put_event("milestone", detail={"target": number, "total": 9.0}, params={})
    fake.put_event("silence", initial=True)
    app = open_app(locale="en-US")
    shown = words(app).replace("\\", "")
    assert "### Alerts :violet-badge[7 new]" in shown
    assert [number for number in range(7) if f"reached {number} on YouTube" in shown] == [2, 3, 4, 5, 6]
    assert ("advanced_analysis", "tab=alerts") in links(app) and "No new data of" not in shown


def test_home_without_new_alerts_counts_the_rules(open_app, fake):
    fake.put_event("band", seen_at=MOMENT)
    shown = words(open_app(locale="ko-KR"))
    assert "새 알림이 없습니다. 동기화할 때마다 규칙 1개를 확인합니다." in shown


def test_home_without_rules_says_in_a_line_what_alerts_are_for(open_app, fake):
    app = open_app(locale="en-US")
    assert "Let the product watch" in words(app) and "### Alerts" not in words(app)
    assert ("advanced_analysis", "tab=alerts") in links(app)
    fake.artists = {}
    forget()
    assert "Let the product watch" not in words(open_app(locale="en-US"))


# --- engineering --------------------------------------------------------------------------------------------------


@pytest.fixture
def engineering(open_app):
    """Return a function that opens the tab."""
    def opened(locale="en-US"):
        forget()
        app = open_app("advanced_analysis", locale, tab="engineering", artist="neonmarigold")
        assert not app.exception
        return app
    return opened


def test_the_steps_carry_the_numbers_of_the_last_run(engineering):
    shown = words(engineering())
    for line in ("**3** of 15 files were new or changed, **755** lines", "**751** accepted, **3** rejected, 1 repeated",
                 "**1,800** readings of 4 songs", "**3** artists, **9** series", "**8** of 9 series have a forecast",
                 "**2** new alerts from 0 rules", "Nothing waits"):
        assert line in shown
    assert "파일 15개 중 **3개**가 새롭거나 바뀜, **755줄**" in words(engineering("ko-KR"))


def test_what_waits_is_told(engineering, fake):
    fake.state = SimpleNamespace(**{name: getattr(fake.state, name) for name in fake.state.__slots__} | {"waiting": 2})
    assert "2 artists wait for a refresh" in words(engineering())


def test_before_the_first_refresh_nothing_is_invented(engineering, fake):
    fake.state = SimpleNamespace(rows=fake.state.rows, waiting=3, forecasts=0, refreshed_at=None, analysed_at=None,
                                 analysed_artists=None, analysed_series=None, new_events=None)
    shown = words(engineering())
    assert "have not been derived yet" in shown and shown.count("Not run yet") == 3


def test_runs_are_listed_with_their_speed(engineering):
    table = engineering().dataframe[0].value
    assert list(table["State"]) == ["✅ Done", "⏹️ Stopped"]
    assert list(table["Seconds"]) == [3.0, 9.0] and list(table["Lines/s"]) == [252, 200]


def test_a_run_that_goes_on_has_no_speed(fake):
    from views._analysis_engineering import runs_table, with_speed

    start = datetime(2026, 1, 1, tzinfo=UTC)
    runs = pd.DataFrame({"started_at": [start, start], "finished_at": [None, start + timedelta(seconds=2)],
                         "state": ["running", "done"], "lines_read": [10, 10], "files": 1, "imported": 1,
                         "accepted": 1, "actor": "local"})
    found = with_speed(runs)
    assert found["lines_per_second"].isna().tolist() == [True, False] and found["lines_per_second"].iloc[1] == 5
    assert len(runs_table(found)) == 2


def test_without_runs_a_sync_is_offered(engineering, fake):
    engineering()
    empty = fake.recent_runs(fake.actor).iloc[:0]
    fake.recent_runs = lambda actor, limit=20: empty
    app = engineering()
    assert "No sync yet" in words(app) and "Not run yet" in words(app)
    app.button(key="analysis_engineering_sync").click().run()
    assert len(fake.called("submit_sync")) == 1


def test_the_dag_is_there_to_read_and_to_take(engineering):
    app = engineering("ko-KR")
    shown = words(app)
    assert "MIS_HOME" in shown and "growth_radar_dag.py" in shown
    assert not app.code
    app.session_state["analysis_engineering_code"] = True
    app.run()
    assert "@dag(" in app.code[0].value
    compile(app.code[0].value, "dag", "exec")


def test_every_table_has_its_words(engineering, fake):
    tables = engineering().dataframe[1].value
    assert list(tables["Table"]) == list(fake.state.rows) and tables["Holds"].str.len().min() > 3
    assert "(about)" in tables.set_index("Table").loc["artist_growth_data", "Holds"]


def test_the_chart_of_runs_is_one_plotly_accepts(fake):
    import plotly.graph_objects as go

    from support.figures.runs import runs_figure

    spec = runs_figure([f"{day:02d}" for day in range(12)], list(range(12)), [True] * 11 + [False], ["<b>\nx"] * 12,
                       lang="en", labels={"axis": "Lines"})
    figure = go.Figure(spec)
    assert figure.data[0].hovertext[0] == "&lt;b&gt;<br>x"
    assert figure.data[0].marker.color[0] != figure.data[0].marker.color[-1]
    assert figure.layout.xaxis.ticktext[-1] == "11" and len(figure.layout.xaxis.ticktext) <= 5
    assert go.Figure(runs_figure([], [], [], [], lang="ko", labels={"axis": ""})).data[0].x == ()
