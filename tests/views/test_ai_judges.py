"""The audition tab as a user meets it: choosing a song, who will judge, an audition in every state, its result."""

from __future__ import annotations

from dataclasses import replace

import pytest
import streamlit as st
from conftest import words
from fake_auditions import LYRICS, score
from pages import LANGUAGES, keys, opening, press

from accounts import Actor
from locales import t
from support.errors import AppError
from usecases.song_results import RefusedText


def failed(code="model.failing", **values):
    return {"state": "failed", "score": None, "review": "", "error_code": code,
            "error_values": values or {"service": "OpenAI", "status": 500}}


judges = opening("ai_judges")


# --- the song -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_songs_are_listed_page_by_page_and_one_is_chosen(judges, fake, locale, lang):
    app = judges(locale)
    assert [call[1] for call in fake.called("list_songs")][0] == {"search": "", "limit": 8, "offset": 0}
    assert len(app.radio[0].options) == 8 and app.radio[0].value == 1
    assert t(lang, "judges.song.shown", first=1, last=8, count=10) in words(app)
    press(app, "judges_page_next")
    assert fake.called("list_songs")[-1][1]["offset"] == 8
    assert len(app.radio[0].options) == 2 and app.radio[0].value is None  # the chosen one is on the first page
    app.radio[0].set_value(10).run()
    assert app.query_params["song"] == "10" and "#### Shift 10" in words(app)


def test_a_search_starts_on_its_first_page_and_can_find_nothing(judges, fake):
    app = press(judges(), "judges_page_next")
    app.text_input(key="judges_q").set_value("shift 7").run()
    assert fake.called("list_songs")[-1][1] == {"search": "shift 7", "limit": 8, "offset": 0}
    assert len(app.radio[0].options) == 1 and app.query_params["q"] == "shift 7"
    assert "#### Shift 1\n" in words(app)  # stays until another one is chosen
    app.text_input(key="judges_q").set_value("nothing like it").run()
    assert "No song matches the search" in words(app) and not app.radio and "#### Shift 1\n" in words(app)
    assert "#### Shift 7\n" in words(judges(q="shift 7"))


def test_nothing_is_asked_while_nothing_is_under_way(judges, fake, monkeypatch):
    asked, fragment = [], st.fragment

    def spy(*args, **options):
        asked.append(options.get("run_every"))
        return fragment(*args, **options)

    monkeypatch.setattr(st, "fragment", spy)
    fake.put_audition("running")
    app = judges()
    assert asked == [0.25]
    fake.set_state(1, "cancelled")
    press(app, "judges_another")
    assert asked == [0.25]


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_place_of_the_lyrics_says_what_is_missing_and_can_be_refreshed(judges, fake, locale, lang):
    fake.songs_problem = ("s3.no_bucket", {"bucket": "my_songs"})
    fake.refused = [RefusedText("a.txt", 3, "lyrics.empty", {})]
    app = judges(locale)
    assert fake.called("submit_refresh")[0][1] == {"force": False}  # where it is due
    app.session_state["judges_source"] = True
    shown = words(app.run())
    assert "`S3_BUCKET`" in shown and "my\\_songs" in shown and t(lang, "errors.lyrics.empty") in shown
    press(app, "judges_refresh_now")
    assert fake.called("submit_refresh")[-1][1] == {"force": True}
    assert t(lang, "judges.song.refresh_done", found=6, read=1, unchanged=5, gone=0, refused=0) in words(app)
    assert len(fake.called("submit_refresh")) == 2
    assert t(lang, "judges.song.refresh_done", found=6, read=1, unchanged=5, gone=0, refused=0) not in words(app.run())


def test_what_last_fm_says_is_shown_and_what_it_lacks_is_said(judges, fake):
    fake.songs[1] = replace(fake.songs[1], info_missing="lastfm_not_asked")
    app = press(judges(), "judges_ask")
    shown = words(app)
    assert ":violet-badge[indie pop]" in shown and "1.2M listeners" in shown and "9.0K plays" in shown
    assert "judges_ask" not in keys(app)


def test_own_lyrics_are_pasted_refused_and_deleted(judges, fake):
    app = judges()
    app.session_state["judges_own"] = True
    app.run()
    app.text_input(key="judges_paste_artist").set_value("My_Band")
    app.text_input(key="judges_paste_title").set_value("Mine")
    press(app, "judges_paste_add")
    assert any("no lines below its name" in box.value and "My\\_Band" in box.value for box in app.error)
    app.text_area(key="judges_paste_lyrics").set_value(LYRICS)
    press(app, "judges_paste_add")
    assert fake.called("add_song")[-1][0][1:] == ("My_Band", "Mine", LYRICS)
    assert "#### Mine" in words(app) and app.query_params["song"] == "11"
    press(app, "judges_delete").button(key="judges_delete").click()  # a dialog's button draws the whole page again
    press(app, "judges_delete_yes")
    assert fake.called("delete_song")[0][0][1] == 11 and 11 not in fake.songs and "#### Shift 1" in words(app)


def test_texts_are_uploaded_and_each_refusal_is_told(judges, fake):
    app = judges()
    app.session_state["judges_own"] = True
    app.run()
    app.file_uploader[0].set_value([("good.txt", f"A - B:\n{LYRICS}".encode(), "text/plain"),
                                    ("bad_one.txt", b"no heading", "text/plain")]).run()
    press(app, "judges_upload")
    shown = words(app)
    assert "`bad_one.txt`" in shown and "no heading" in shown and "line 7" in shown and "Songs added: 1." in shown
    assert "#### B" in words(press(app, "judges_upload_show"))


# --- the panel ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_without_a_key_the_offline_rubric_is_announced(judges, fake, locale, lang):
    app = judges(locale)
    shown = words(app)
    assert shown.count(t(lang, "judges.card.persona") + "]") == 3 and "OPENAI\\_API\\_KEY" in shown
    assert any("`GOOGLE_API_KEY`" in box.value for box in app.info)
    assert app.button(key="judges_start").label == t(lang, "judges.panel.start_offline")


def test_some_keys_are_said_to_make_the_total_smaller(judges, fake):
    fake.song_keys = {"OPENAI_API_KEY", "GOOGLE_API_KEY"}
    app = judges()
    assert any("Only 2 of 3 judges" in box.value and "out of 200" in box.value and "`FRIENDLI_API_KEY`" in box.value
               and "GOOGLE" not in box.value for box in app.warning)
    fake.song_keys.add("FRIENDLI_API_KEY")
    app.run()
    assert not app.warning and not app.info and words(app).count("key set") == 3


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_audition_is_started_in_the_page_s_language(judges, fake, locale, lang):
    app = judges(locale, song="3")
    app.session_state["judges_repeats"] = 3
    press(app.run(), "judges_start")
    assert fake.called("start_audition") == [((fake.actor, 3), {"panel": "default", "lang": lang, "repeats": 3})]
    assert app.query_params["audition"] == "1" and t(lang, "judges.run.queued", count=2) in words(app)


def test_a_refused_start_is_said_and_a_viewer_cannot_start(judges, fake):
    fake.failures["start_audition"] = AppError("audition.repeats", value=9, least=1, most=5)
    assert any("9 repeats" in box.value for box in press(judges(), "judges_start").error)
    fake.actor = Actor(7, "viewer", "vic")
    app = judges()
    assert app.button(key="judges_start").disabled and "does not permit" in words(app)


# --- under way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_audition_under_way_is_found_and_shown_as_it_speaks(judges, fake, locale, lang):
    fake.put_audition("running", judges={
        0: {"state": "running", "review": "The *first* words", "seconds": 1.5, "first_s": 0.3},
        1: {"state": "done", "review": "All said.", "score": score(5), "seconds": 2.0, "input_tokens": 1200,
            "output_tokens": 300, "cost_usd": 0.00036}})
    app = judges(locale)
    shown = words(app)
    assert app.query_params["audition"] == "1"
    assert r"The \*first\* words ▍" in shown and "#### 100 / 100" in shown
    for state in ("running", "done", "waiting"):
        assert f"{t(lang, f'judges.card.state.{state}')}]" in shown
    assert t(lang, "judges.card.tokens", read="1,200", written="300") in shown and "$0.0004" in shown
    assert t(lang, "judges.card.cost", cost="–") in shown
    press(app, "judges_cancel")
    assert fake.called("cancel_audition")[0][0][1] == 1
    assert app.button(key="judges_cancel").disabled
    fake.set_state(1, "cancelled")
    assert t(lang, "judges.run.state.cancelled") in words(app.run()) and "judges_cancel" not in keys(app)


def test_another_s_and_a_batch_s_auditions_are_not_opened_by_themselves(judges, fake):
    fake.put_audition("running", owner_id=99)
    fake.put_audition("running", batch_id=4)
    assert "audition" not in judges().query_params


def test_another_song_can_be_chosen_meanwhile(judges, fake):
    fake.put_audition("running")
    app = press(judges(), "judges_another")
    assert app.radio and "audition" not in app.query_params and "An audition is under way" in words(app)
    assert "judges_cancel" in keys(press(app, "judges_open"))


def test_repeats_show_the_one_each_judge_is_at(judges, fake):
    view = fake.put_audition("running", repeats=2)
    told = [replace(judge, state="done", review=f"r{judge.repeat} p{judge.place}") if judge.repeat == 0 else judge
            for judge in view.judges]
    told[3] = replace(told[3], state="running", review="now")
    fake.auditions[1] = replace(view, judges=tuple(told))
    shown = words(judges())
    assert "now ▍" in shown and "r0 p0" not in shown and "r0 p1" in shown and "repeat 2 of 2" in shown


# --- ended --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
@pytest.mark.parametrize(("level", "verdict", "colour"), [(5, "HIT", "green"), (4, "GOOD", "blue"),
                                                          (3, "SOLID", "orange"), (2, "BAD", "red")])
def test_total_and_verdict(judges, fake, level, verdict, colour, locale, lang):
    fake.put_audition(judges={place: {"score": score(level)} for place in range(3)})
    shown = words(judges(locale, audition="1"))
    assert f"## {60 * level} / 300 :{colour}-badge[" in shown and f"{verdict}]" in shown
    assert t(lang, "judges.verdict.provisional") not in shown
    assert t(lang, "judges.verdict.spread", points=0) in shown and t(lang, "judges.verdict.split") not in shown


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_one_failed_leaves_the_denominator_and_is_heard_again(judges, fake, locale, lang):
    fake.put_audition(judges={0: {"score": score(2)}, 1: failed()})
    app = judges(locale, audition="1")
    shown = words(app)
    assert f"## 120 / 200, {t(lang, 'judges.verdict.count.2')}" in shown
    assert t(lang, "judges.verdict.provisional") in shown and t(lang, "judges.verdict.scaled", total=180) in shown
    assert t(lang, "judges.verdict.missing", judges=t(lang, "judges.verdict.count.1")) in shown
    assert t(lang, "judges.verdict.split") in shown  # 40 and 80
    assert any("HTTP 500" in box.value for box in app.error)
    press(app, "judges_retry_0_1")
    assert fake.called("retry_judge") == [((fake.actor, 1, 0, 1), {})] and "judges_cancel" in keys(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_all_failed_is_no_verdict(judges, fake, locale, lang):
    fake.put_audition(judges={place: failed("budget.money", used="1.00", limit="1.00") for place in range(3)})
    app = judges(locale, audition="1")
    assert t(lang, "judges.verdict.none") in words(app) and " / 300" not in words(app)
    assert sum("MIS\\_BUDGET\\_USD" in box.value for box in app.error) == 3
    assert {f"judges_retry_0_{place}" for place in range(3)} <= keys(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
@pytest.mark.parametrize("state", ["cancelled", "interrupted"])
def test_an_audition_that_was_stopped_has_no_total_and_can_be_done_again(judges, fake, locale, lang, state):
    fake.put_audition(state, judges={0: {"state": "done", "review": "Said.", "score": score(3)},
                                     1: {"state": "running"}})
    app = judges(locale, audition="1")
    shown = words(app)
    assert t(lang, f"judges.run.state.{state}") in shown and "Said" in shown and "## " not in shown.replace("#### ", "")
    assert t(lang, "judges.card.state.interrupted") in shown and t(lang, "judges.card.state.running") + "]" not in shown
    press(app, "judges_again")
    assert fake.called("start_audition")[0][1] == {"panel": "default", "lang": lang, "repeats": 1}


def test_a_failed_audition_says_why(judges, fake):
    fake.put_audition("failed", error_code="judge.lyrics_empty", lyrics_id=None)
    app = judges(audition="1")
    assert t("en", "errors.judge.lyrics_empty") in words(app)
    assert "judges_again" not in keys(app) and "lyrics have been deleted" in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_offline_rubric_tells_one_score_in_three_voices(judges, fake, locale, lang):
    view = fake.put_audition(offline=True, lang=lang, tags=())
    shown = words(judges(locale, audition="1"))
    assert shown.count(t(lang, "judging.offline.label") + "]") == 3
    assert f"## {view.row.scaled_300} / 300 :" in shown and t(lang, "judges.verdict.provisional") in shown
    assert t(lang, "judges.verdict.offline", total=view.row.total) in shown
    assert t(lang, "judges.verdict.spread", points=0) not in shown and shown.count("## ") - shown.count("### ") == 1
    assert f"{t(lang, 'judging.group.musicality')}: {t(lang, 'judges.card.not_judged')}" in shown
    assert shown.count(t(lang, "judges.card.why.sound")) == 3 and t(lang, "judges.card.no_sound") in shown
    assert shown.count(" / 5") >= 6


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_criteria_show_level_anchor_quote_and_what_is_not_in_the_lyrics(judges, fake, locale, lang):
    fake.put_audition(tags=(), judges={0: {"score": score(4, sound=False)},
                                       1: {"score": score(4, quote="never sung", sound=False)}})
    app = judges(locale, audition="1")
    app.session_state["judges_criteria_1_0_0"] = True
    shown = words(app.run())
    assert shown.count("●●●●○ 4 / 5") == 6 and "“counting every wave”" in shown
    assert t(lang, "judges.card.flagged") not in shown and shown.count(t(lang, "judges.card.why.sound")) == 3
    hook = next(each for each in app.markdown if each.value.startswith(f"**{t(lang, 'judging.criterion.hook.name')}**"))
    assert t(lang, "judging.criterion.hook.level4") in hook.help
    assert t(lang, "judges.card.scaled", points=60) in shown
    app.session_state["judges_criteria_1_0_1"] = True
    assert words(app.run()).count(t(lang, "judges.card.flagged")) == 6
    assert t(lang, "judges.verdict.flagged", count=6) in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_repeats_have_an_error_bar_and_alpha(judges, fake, locale, lang):
    alpha = {"hook": {"value": 0.87, "reason": None}, "arc": {"value": None, "reason": "no_variation"}}
    fake.put_audition(repeats=3, repeat_stats={"totals": [230, 240, 250], "mean": 240.0, "std": 10.0, "error": 24.84,
                                               "alpha": alpha})
    app = judges(locale, audition="1")
    assert t(lang, "judges.verdict.repeats", count=3, mean="240.0", error="24.8", std="10.0") in words(app)
    assert len(app.get("plotly_chart")) == 1
    app.session_state["judges_alpha"] = True
    shown = words(app.run())
    assert "**0.87**" in shown and t(lang, "judging.alpha.no_variation") in shown
    app.session_state["judges_repeat_1"] = 2
    assert t(lang, "judges.card.repeat", repeat=3, count=3) in words(app.run())


def test_figures_are_drawn_when_unfolded(judges, fake):
    deaf = {place: {"score": score(4, sound=False)} for place in (0, 2)}  # two groups: the radar is of criteria
    fake.put_audition(judges=deaf | {1: failed()}, tags=())
    app = judges(audition="1")
    assert not app.get("plotly_chart")
    app.session_state["judges_figures"] = True
    assert len(app.run().get("plotly_chart")) == 2 and not app.exception


def test_what_is_not_there_or_another_s_is_said(judges, fake):
    fake.put_audition(owner_id=99)
    app = judges(audition="77")
    assert t("en", "errors.audition_gone") in words(app) and app.radio
    fake.actor = Actor(7, "analyst", "ann")
    app = judges(audition="1")
    assert t("en", "errors.audition_of_another") in words(app) and app.radio


def test_an_unknown_code_of_an_error_is_shown_as_it_is(judges, fake):
    fake.put_audition(judges={1: failed("model.of_tomorrow")})
    assert any("of\\_tomorrow" in box.value for box in judges(audition="1").error)
