"""Hit prediction as a user meets it: a track in, waiting, the report with its evidence, sharing, what goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from conftest import words
from fake_hits import AUDIO, PARTS, WORDS
from pages import LANGUAGES, keys, opening, press

from accounts import Actor
from locales import t
from support.errors import AppError, DataError
from usecases.hit_results import Near, PartView

MINA, VIEWER = Actor(7, "analyst", "mina"), Actor(9, "viewer", "vik")


opened = opening("hit_prediction")


def upload(app, name="song.ogg", data=b"OggS"):
    app.file_uploader[0].set_value((name, data, "audio/ogg")).run()
    assert not app.exception
    return app


def players(app):
    return app.get("audio")


# --- a track ------------------------------------------------------------------------------------------------------


def test_what_the_answer_claims_is_folded_for_whoever_knows_it(opened, fake):
    def unfolded(app):
        return next(box for box in app.expander if box.label == t("en", "hit.claim.title")).proto.expanded

    assert unfolded(opened())
    fake.put_hit()
    assert not unfolded(opened())


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_page_says_what_the_answer_claims_before_anything_happens(opened, fake, locale, lang):
    app = opened(locale)
    shown = words(app)
    for key in ("title", "intro", "claim.body", "input.genre_note", "input.no_audio"):
        assert t(lang, f"hit.{key}").strip() in shown
    assert t(lang, "hit.input.private_note") in shown and app.button(key="hit_start").disabled
    assert not app.checkbox(key="hit_public").value and app.number_input(key="hit_prior").value == 1
    assert not fake.called("start_prediction")


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_upload_becomes_a_report(opened, fake, locale, lang):
    app = upload(opened(locale))
    press(app, "hit_start")
    given = fake.called("start_prediction")[0]
    assert given[0][1] == b"OggS" and given[1] == {
        "name": "song.ogg", "title": "", "artist": "", "genre": "POP", "lyrics": None, "released": None, "full_seconds": None,
        "prior": 0.01, "public": False}
    assert app.query_params["prediction"] in ("1", ["1"])
    assert t(lang, "hit.result.score", score="72") in words(app)


def test_everything_known_of_a_track_is_handed_on(opened, fake):
    app = upload(opened())
    app.text_input(key="hit_name").input("Night Ferry")
    app.text_input(key="hit_artist").input("Luna")
    next(group for group in app.get("button_group") if group.key == "hit_genre").set_value("DANCE")
    app.text_area(key="hit_words").input(WORDS)
    app.date_input(key="hit_released").set_value(date(2026, 3, 6))
    app.checkbox(key="hit_is_clip").check()
    app.run()
    app.text_input(key="hit_full").input("3:45")
    app.number_input(key="hit_prior").set_value(2.5)
    app.checkbox(key="hit_public").check()
    app.run()
    press(app, "hit_start")
    given = fake.called("start_prediction")[0][1]
    assert given == {"name": "song.ogg", "title": "Night Ferry", "artist": "Luna", "genre": "DANCE", "lyrics": WORDS,
                     "released": date(2026, 3, 6), "full_seconds": 225.0, "prior": 0.025, "public": True}


def test_lengths_of_a_track(fake):
    from views import _hit_input as inputs

    assert [inputs.seconds_of(value) for value in ("0:30", " 3:45 ", "60:00")] == [30, 225, 3600]
    assert [inputs.seconds_of(value) for value in ("345", "0:10", "99:00", "3:75", "x", "")] == [None] * 6


def test_a_length_that_is_none_is_said_and_nothing_starts(opened, fake):
    app = upload(opened())
    app.checkbox(key="hit_is_clip").check().run()
    app.text_input(key="hit_full").input("345").run()
    assert t("en", "hit.input.full_bad") in words(app) and app.button(key="hit_start").disabled


def test_a_text_file_of_lyrics_can_be_read_before_it_is_sent(opened):
    app = opened()
    app.file_uploader[1].set_value(("words.txt", "별이 지네\n너".encode("cp949"), "text/plain")).run()
    assert app.text_area(key="hit_words").value == "별이 지네\n너"
    app.text_area(key="hit_words").input("corrected").run()
    assert app.text_area(key="hit_words").value == "corrected"


def test_a_file_that_is_no_text_is_said(opened):
    app = upload(opened())
    app.file_uploader[1].set_value(("words.txt", b"\xff\x00\x00\x81", "text/plain")).run()
    assert t("en", "hit.input.lyrics_bad") in words(app) and app.button(key="hit_start").disabled


def test_a_refusal_at_the_door_is_shown_and_the_inputs_stay(opened, fake):
    fake.failures["start_prediction"] = DataError("unexpected", kind="X")
    app = upload(opened())
    app.text_input(key="hit_name").input("Kept").run()
    press(app, "hit_start")
    assert len(app.error) == 1 and app.text_input(key="hit_name").value == "Kept"


def test_the_demo_song_is_one_click_away(opened, fake):
    app = press(opened(), "hit_demo")
    given = fake.called("start_prediction")[0]
    assert given[0][1] == fake.demo.audio.read_bytes() and given[1]["title"] == fake.demo.title
    assert "Artist - Title" not in given[1]["lyrics"] and t("en", "hit.result.score", score="72") in words(app)


def test_what_was_typed_in_outlives_another_tab(opened):
    app = opened()
    app.text_input(key="hit_name").input("Kept").run()
    app.query_params["tab"] = "models"
    app.run()
    assert "hit_start" not in keys(app)
    app.query_params["tab"] = "analyse"
    app.run()
    assert app.text_input(key="hit_name").value == "Kept"


def test_a_viewer_may_look_but_not_start(opened, fake, monkeypatch):
    fake.actor = VIEWER
    monkeypatch.setattr(fake, "may", lambda actor, act: act != "predict", raising=False)
    app = upload(opened())
    assert app.button(key="hit_start").disabled and t("en", "hit.input.not_allowed", role="viewer") in words(app)


# --- waiting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_progress_survives_a_reload_and_can_be_stopped(opened, fake, locale, lang):
    job = fake.hit_job("running", note="listen")
    fake.put_hit(state="running", job_id=job.id)
    app = opened(locale, prediction="1")
    bar = app.get("progress")[0].proto
    assert bar.text == f"{t(lang, 'hit.step.of', step=3, count=5)} · {t(lang, 'hit.step.listen')}" and bar.value == 50
    press(app, "hit_cancel")
    assert fake.called("cancel_prediction")[0][0][1] == 1
    assert t(lang, "hit.end.cancelled", title="Track 1") in words(app)


def test_a_queue_says_how_many_are_ahead(opened, fake):
    job = fake.hit_job("queued")
    fake.put_hit(state="queued", job_id=job.id)
    fake.ahead = 3
    assert opened(prediction="1").get("progress")[0].proto.text == t("en", "hit.step.queued", count="3")


@pytest.mark.parametrize(("state", "locale", "lang"), [("failed", "ko-KR", "ko"), ("failed", "en-US", "en"), ("cancelled", "ko-KR", "ko"),
                                                       ("interrupted", "en-US", "en")])
def test_an_end_without_a_report_says_why_and_can_be_tried_again(opened, fake, state, locale, lang):
    fake.put_hit(state=state, error_code="file.large" if state == "failed" else None, error_values={"size_mb": 60, "limit_mb": 50})
    app = opened(locale, prediction="1")
    why = t(lang, "errors.file.large", size_mb=60, limit_mb=50)
    assert t(lang, f"hit.end.{state}", title="Track 1", **({"why": why} if state == "failed" else {})) in words(app)
    press(app, "hit_retry")
    assert fake.called("retry_prediction") and app.get("progress")


def test_a_prediction_that_is_gone_says_so_and_leaves_the_address(opened):
    app = opened(prediction="77")
    assert len(app.error) == 1 and "prediction" not in app.query_params and "hit_start" in keys(app)


# --- the report ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_no_number_without_its_interval_and_base_rate(opened, fake, locale, lang):
    fake.put_hit()
    shown = words(opened(locale, prediction="1"))
    assert t(lang, "hit.result.interval", low="58", high="83") in shown
    assert t(lang, "hit.result.at", prior="1", middle="1.8", low="1.1", high="2.9") in shown
    assert t(lang, "hit.result.genre_one") in shown and t(lang, "hit.result.genre_note") in shown


def test_another_base_rate_counts_at_once(opened, fake):
    fake.put_hit()
    app = opened(prediction="1")
    app.number_input(key="hit_prior_1").set_value(10.0).run()
    assert fake.called("set_prediction_prior")[0][0][1:] == (1, 0.1) and not fake.called("start_prediction")
    assert t("en", "hit.result.at", prior="10", middle="17", low="11", high="25") in words(app)


def test_a_percentile_of_the_genre_where_there_are_enough(opened, fake):
    fake.put_hit(genre_percentile=64.0, genre_count=25)
    fake.put_hit(genre_count=4)
    assert t("en", "hit.result.genre_percentile", percent="64", count="25") in words(opened(prediction="1"))
    assert t("en", "hit.result.genre_few", count="4") in words(opened(prediction="2"))


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_parts_nobody_trained_are_words_and_never_numbers(opened, fake, locale, lang):
    fake.put_hit(parts=(PARTS[0], PartView("audio", "untrained"), PartView("transfer", "strange", None, 99.0),
                        PartView("lyrics", "no_lyrics"), PartView("sentences", "failed", facts={"code": "artist_gone", "values": {}})))
    shown = words(opened(locale, prediction="1"))
    for name in ("untrained", "strange", "no_lyrics"):
        assert t(lang, f"hit.part_why.{name}") in shown
    assert t(lang, "errors.artist_gone") in shown and "+0.62" in shown
    assert t(lang, "hit.parts.percentile", percent="71") in shown
    assert t(lang, "hit.parts.percentile", percent="99") not in shown


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_strange_track_has_a_reason_and_no_score(opened, fake, locale, lang):
    fake.put_hit(score=None, abstained="strange", occlusion=())
    app = opened(locale, prediction="1")
    shown = words(app)
    assert t(lang, "hit.abstained.strange") in shown and t(lang, "hit.why.no_time") in shown
    assert t(lang, "hit.result.heading") not in shown and "%" not in shown.split(t(lang, "hit.abstained.title"))[1].split("\n")[0]
    assert not any(box.key == "hit_prior_1" for box in app.number_input)


def test_evidence_is_in_words_with_signs(opened, fake):
    fake.put_hit(lines=(("We *dance*", 0.21), ("Nobody", 0.001), ("Stay", -0.3)), lyrics="x")
    app = opened(prediction="1")
    shown = words(app)
    assert "We \\*dance\\*" in shown and "▲ +0.21" in shown and "▼ −0.30" in shown and "Nobody  \n" in shown
    assert "female vocals 22%" in shown
    best = max(fake.hits[1].occlusion, key=lambda each: each[2])
    assert f"{int(best[0] // 60)}:{int(best[0] % 60):02d}" in shown


def test_a_clip_says_what_was_left_out(opened, fake):
    fake.put_hit(seconds=30.0, left_out=("duration_ms", "chorus_hit"), measures={"tempo": 128.0, "duration_ms": None})
    shown = words(opened(prediction="1"))
    assert t("en", "hit.why.left_out", names="Length, Chorus begins") in shown and t("en", "hit.why.left_out_length") in shown
    fake.put_hit(seconds=30.0, left_out=("chorus_hit",))  # the full length was given
    shown = words(opened(prediction="2"))
    assert t("en", "hit.why.left_out", names="Chorus begins") in shown and t("en", "hit.why.left_out_length") not in shown


def test_audio_is_read_only_when_it_is_played(opened, fake, monkeypatch):
    fake.put_hit()
    fake.hit_near = (Near(2, "Near one", "A", "POP", 66.0, 93.0, True, True), Near(3, "Other", "A", "POP", None, 80.0, False, False))
    app = opened(prediction="1")
    assert not fake.called("prediction_audio") and not players(app)
    press(app, "hit_head_play")
    assert len(fake.called("prediction_audio")) == 1 and len(players(app)) == 1
    press(app, "hit_head_play")
    assert not players(app)
    assert AUDIO[1] == "audio/ogg"


def test_tracks_like_it_can_be_heard_read_and_opened(opened, fake):
    fake.put_hit()
    fake.put_hit(MINA, public=True, lyrics=WORDS, title="Other")
    fake.hit_near = (Near(2, "Other", "A", "POP", None, 93.0, False, True),)
    fake.hit_references = (Near(2, "Other", "A", "POP", 70.0, 93.0, False, True),)
    app = opened(prediction="1")
    assert t("en", "hit.near.alike", percent="93") in words(app) and t("en", "hit.near.no_score") in words(app)
    press(app, "hit_hear_nearest_2")
    assert fake.called("prediction_audio")[0][0][1] == 2 and len(players(app)) == 1
    app.button(key="hit_read_nearest_2").click().run()
    assert any(WORDS in each.value for each in app.text)
    press(app, "hit_near_open_reference_2")
    assert app.query_params["prediction"] in ("2", ["2"]) and "hit_delete" in keys(app)


def test_calibration_and_card_are_one_click_away(opened, fake):
    fake.put_hit()
    app = opened(prediction="1")
    app.button(key="hit_card").click().run()
    assert "Trained on labels." in words(app)
    app.button(key="hit_reliable").click().run()
    assert t("en", "hit.parts.metrics", n="3,000", auc="0.750", brier="0.200", base="50") in words(app)


# --- keeping and sharing ------------------------------------------------------------------------------------------


def test_publishing_liking_and_a_link(opened, fake):
    fake.put_hit()
    app = opened(prediction="1")
    press(app, "hit_publish_go")
    assert fake.hits[1].public and t("en", "hit.keep.published") in words(app)
    press(app, "hit_publish_go")
    assert not fake.hits[1].public
    press(app, "hit_like")
    assert app.button(key="hit_like").label == f"{t('en', 'hit.keep.liked')} · 1"
    press(app, "hit_link_make")
    assert any(code.value.endswith("?hit=hItToken") for code in app.code)
    press(app, "hit_link_back")
    assert fake.hits[1].token is None and t("en", "hit.keep.link_is_back") in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_shows_the_report_to_look_at_only(opened, fake, locale, lang):
    fake.put_hit(MINA, token="hItToken", title="Secret *song*")
    app = opened(locale, hit="hItToken")
    shown = words(app)
    assert t(lang, "hit.link.heading") in shown and "Secret \\*song\\*" in shown and t(lang, "hit.result.interval", low="58", high="83") in shown
    assert t(lang, "hit.result.at", prior="1", middle="1.8", low="1.1", high="2.9") in shown
    assert {key for key in keys(app) if key.startswith("hit_")} == {"hit_own", "hit_head_play", "hit_reliable", "hit_card"}
    assert not [box for box in app.number_input if box.key.startswith("hit_")]
    press(app, "hit_head_play")
    assert fake.called("prediction_audio")[0][0][1:] == (1, "hItToken")
    press(app, "hit_own")
    assert "hit" not in app.query_params and "hit_start" in keys(app)


def test_its_owner_sees_behind_the_link_what_others_see(opened, fake):
    fake.put_hit(token="hItToken")
    app = opened(hit="hItToken")
    assert not any(box.key == "hit_prior_1" for box in app.number_input) and "hit_link_back" not in keys(app)
    assert t("en", "hit.head.private") not in words(app)


def test_a_link_taken_back_says_so(opened):
    assert len(opened(hit="nothing").error) == 1


def test_anothers_public_report_cannot_be_changed(opened, fake):
    fake.actor = MINA
    fake.put_hit(Actor(1, "administrator", "local"), public=True)
    app = opened(prediction="1")
    assert "hit_like" in keys(app) and not {"hit_publish_go", "hit_link_make", "hit_delete"} & keys(app)
    assert not any(box.key == "hit_prior_1" for box in app.number_input)


def test_deleting_asks_first(opened, fake):
    fake.put_hit()
    app = opened(prediction="1")
    press(app, "hit_delete")
    assert t("en", "hit.keep.delete_what", title="Track 1") in words(app) and not fake.called("delete_prediction")
    app.button(key="hit_delete").click()
    app.button(key="hit_confirm_yes").click().run()
    assert fake.called("delete_prediction")[0][0][1] == 1 and t("en", "hit.keep.deleted") in words(app)
    assert "hit_start" in keys(app)


def test_the_download_holds_the_findings_and_not_the_link(opened, fake):
    fake.put_hit(token="hItToken", title="밤")
    app = opened(prediction="1")
    assert {button.proto.label for button in app.get("download_button")} >= {t("en", "hit.keep.html"), t("en", "hit.keep.json")}
    from views import _hit_report as report

    found = json.loads(report.as_json(fake.hits[1]))
    assert found["title"] == "밤" and found["score"] == 71.6 and found["released"] == "2026-01-02" and "hItToken" not in str(found)
    assert replace(fake.hits[1], token=None).token is None and "token" not in found


def test_an_error_of_evidence_leaves_the_rest(opened, fake):
    fake.put_hit()
    fake.failures["nearest_predictions"] = AppError("unexpected", kind="X")
    app = opened(prediction="1")
    assert len(app.error) == 1 and "hit_delete" in keys(app)


@pytest.mark.parametrize(("share", "said"), [(0.01, "1"), (0.0234, "2.3"), (0.0004, "0.04"), (0.373, "37"), (0.005, "0.5"), (0.9, "90")])
def test_shares_in_percent(fake, share, said):
    from views import _hit_shown as shown

    assert shown.percent(share) == said


def test_figures_of_a_model_of_several_are_those_of_the_one_that_answered(fake):
    from views import _hit_shown as shown

    bins = [{"said": 0.1, "observed": 0.2, "n": 5}]
    metrics = {"kinds": {"full": {"auc": 0.7, "bins": []}, "short": {"auc": 0.6, "bins": bins}}}
    assert shown.tested(metrics, "short")["auc"] == 0.6 and shown.tested(metrics, "None")["auc"] == 0.7
    assert shown.reliability(shown.tested(metrics, "short")) == [{"predicted": 0.1, "observed": 0.2, "n": 5}]
    assert shown.tested({"test": {"n": 3}}) == {"n": 3} and shown.reliability({}) == []


def test_measures_in_words(fake):
    from views import _hit_evidence as evidence

    assert [evidence.said(name, value) for name, value in {"tempo": 127.6, "key": 9, "duration_ms": 215_000, "chorus_hit": 44.6,
                                                            "energy": 0.813}.items()] == ["128 BPM", "A", "3:35", "0:45", "0.81"]


def test_lyrics_files_are_decoded(fake):
    from views import _hit_input as inputs

    assert inputs.decoded("\ufeff별이".encode()) == "별이" and inputs.decoded("밤하늘".encode("cp949")) == "밤하늘"
    assert inputs.decoded(b"a\x00b") is None and inputs.decoded("é".encode("latin-1") + b"\xff\xff") is None
