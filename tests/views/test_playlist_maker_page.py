"""Playlist maker as a user meets it: a title, playlists like it, songs to edit, keeping, thumbnails, the model."""

from __future__ import annotations

import pytest
from conftest import words
from pages import LANGUAGES, group, keys, opening, press

from accounts import Actor
from locales import t
from playlisting.selection import Reason
from support.errors import DataError
from usecases.thumbnails import PainterView

VIEWER = Actor(9, "viewer", "vik")


opened = opening("playlist_maker")


@pytest.fixture
def made(fake, opened):
    """Open a playlist of a title."""
    return opened(title="Rain at night", made="1")


def songs(app):
    """Return the ids of the songs in order, by their buttons."""
    return [int(button.key.rpartition("_")[2]) for button in app.button if (button.key or "").startswith("plm_do_up_")]


# --- from a title to a playlist -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_title_shows_playlists_like_it_and_makes_one(opened, fake, locale, lang):
    app = opened(locale)
    assert t(lang, "plm.title_input.first") in words(app) and not fake.called("make_playlist")
    app.text_input(key="plm_title").set_value("Rain at night").run()
    assert t(lang, "plm.similar.heading") in words(app)
    assert [app.checkbox(key=f"plm_like_{number}").value for number in (1, 2, 3)] == [True, False, False]
    press(app, "plm_make")
    ask = fake.called("make_playlist")[0][0][1]
    assert (ask.title, ask.chosen, ask.controls.count, ask.controls.similarity) == ("Rain at night", (1,), 10, 10)
    assert songs(app) == list(range(1, 11)) and len(fake.called("make_playlist")) == 1
    assert services_hashtag("비오는날", lang) in words(app).replace("\\", "")
    assert app.query_params["title"] == "Rain at night" and app.query_params["made"] == "1"
    app.run()
    assert len(fake.called("make_playlist")) == 1  # nothing changed, nothing made


def services_hashtag(name, lang):
    from usecases.picture_export import hashtag
    return hashtag(name, lang)


def test_the_demo_songs_title_is_a_click_away(opened):
    app = press(opened(), "plm_demo")
    assert app.text_input(key="plm_title").value == "Rooftop Static" and "plm_make" in keys(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
@pytest.mark.parametrize("how", ["tags", "popularity"])
def test_a_title_that_matches_nothing_says_so(opened, fake, locale, lang, how):
    fake.how = how
    assert t(lang, f"plm.similar.how_{how}") in words(opened(locale, title="qqq"))


def test_up_to_three_are_chosen_and_each_choice_makes_anew(made, fake):
    made.checkbox(key="plm_like_3").check().run()
    assert fake.called("make_playlist")[-1][0][1].chosen == (1, 3) and made.query_params["like"] == ["1", "3"]


def test_controls_reach_the_service_and_the_url(opened, fake):
    app = opened(title="x", made="1", count="12", similarity="40", arc="wave", cap="2", minutes="45")
    controls = fake.called("make_playlist")[-1][0][1].controls
    assert (controls.count, controls.similarity, controls.arc, controls.artist_cap, controls.minutes) == (12, 40, "wave", 2, 45)
    app.slider(key="plm_similarity").set_value(80).run()
    assert fake.called("make_playlist")[-1][0][1].controls.similarity == 80 and app.query_params["similarity"] == "80"


def test_more_than_twenty_songs_take_the_advanced_choice(opened, fake):
    opened(title="x", made="1", count="60")
    assert fake.called("make_playlist")[-1][0][1].controls.count == 20
    opened(title="x", made="1", count="60", advanced="1")
    assert fake.called("make_playlist")[-1][0][1].controls.count == 60


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_what_is_not_as_asked_is_said(opened, fake, locale, lang):
    fake.reasons = (Reason("short", {"have": 7, "wanted": 10}), Reason("artist_cap", {"count": 3, "cap": 1}))
    shown = words(opened(locale, title="x", made="1")).replace("\\", "")
    assert t(lang, "playlist_reason.short", have=7, wanted=10) in shown
    assert t(lang, "playlist_reason.artist_cap", count=3, cap=1) in shown


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_reason_there_is_has_a_text(lang):
    import inspect
    import re

    from locales import texts
    from playlisting import selection

    source = inspect.getsource(selection)
    codes = set(re.findall(r'Reason\("(\w+)"', source)) | set(re.findall(r'"((?:short|filled)_\w+|\w+_unknown|filtered)"', source))
    assert len(codes) >= 14 and {code for code in codes if f"playlist_reason.{code}" not in texts(lang)} == set()


def test_an_error_of_the_service_is_text(opened, fake):
    fake.failures["make_playlist"] = DataError("playlist.chosen", count=4, most=3)
    assert t("en", "errors.playlist.chosen", count=4, most=3) in words(opened(title="x", made="1")).replace("\\", "")


# --- edits --------------------------------------------------------------------------------------------------------


def test_songs_move_go_and_are_replaced(made, fake):
    press(made, "plm_do_down_1")
    assert songs(made)[:3] == [2, 1, 3]
    press(made, "plm_do_up_3")
    assert songs(made)[:3] == [2, 3, 1]
    press(made, "plm_do_remove_3")
    assert songs(made) == [2, 1, *range(4, 11)]
    press(made, "plm_do_replace_4")
    assert songs(made)[2] == 5004 and fake.called("replace_song")[0][0][2][:3] == [2, 1, 4]
    press(made, "plm_fill")
    assert len(songs(made)) == 10 == len(set(songs(made))) and not {3, 4} & set(songs(made))
    assert songs(made)[:2] == [2, 1]  # the others stay where they are


def test_locked_songs_stay_when_it_is_tried_again(made, fake):
    press(made, "plm_do_lock_3")
    press(made, "plm_do_lock_5")
    press(made, "plm_do_unlock_5")
    press(made, "plm_again")
    assert fake.called("make_playlist")[-1][0][1].controls.locked == {3: 2}
    assert songs(made)[:4] == [101, 102, 3, 103] and made.query_params["seed"] == "1"
    assert t("en", "plm.songs.locked") in words(made)


def test_tags_are_switched_weighed_and_added_and_songs_ranked_at_once(made, fake):
    group(made, "plm_tag_pills").set_value(["비오는날", "창가"]).run()  # night off
    assert fake.called("make_playlist")[-1][0][1].tags == {"비오는날": 0.5, "밤": 0.0}
    made.selectbox(key="plm_tag_add").set_value("슬픔").run()
    assert fake.called("make_playlist")[-1][0][1].tags["슬픔"] == 0.8
    made.session_state["plm_weights"] = True
    made.run()
    made.slider(key="plm_weight_슬픔").set_value(-0.5).run()
    assert fake.called("make_playlist")[-1][0][1].tags["슬픔"] == -0.5 and "슬픔:-0.5" in made.query_params["tags"]
    press(made, "plm_tag_reset")
    assert fake.called("make_playlist")[-1][0][1].tags == {} and "tags" not in made.query_params


def test_tags_of_a_url_written_by_hand_are_read_or_left_out(opened, fake):
    opened(title="x", made="1", tags="밤:0.4,bad,x:9,<b>:-1")
    assert fake.called("make_playlist")[-1][0][1].tags == {"밤": 0.4, "<b>": -1.0}


def test_another_title_starts_afresh(made, fake):
    press(press(made, "plm_do_lock_3"), "plm_do_remove_1")
    made.text_input(key="plm_title").set_value("Another").run()
    press(made, "plm_make")
    controls = fake.called("make_playlist")[-1][0][1].controls
    assert (controls.locked, controls.removed) == ({}, frozenset())


# --- keeping ------------------------------------------------------------------------------------------------------


def test_saved_liked_linked_opened_again_and_deleted(made, fake, opened):
    press(press(made, "plm_do_lock_2"), "plm_save")
    draft, ask, number = fake.called("save_playlist")[0][0][1:]
    assert number is None and [song.locked for song in draft.songs[:3]] == [False, True, False]
    assert fake.called("keep_thumbnails")[0][0][1:] == ([1, 2, 3, 4], 1) and made.query_params["saved"] == "1"
    press(made, "plm_choose_3")
    assert fake.called("choose_thumbnail")[-1][0][1:] == (3, 1)
    press(press(made, "plm_heart_1"), "plm_link_make_1")
    assert fake.saved[1].liked and "?playlist=tOkEn-1" in "".join(code.value for code in made.code)
    app = opened(saved="1")
    assert songs(app) == list(range(1, 11)) and "plm_do_unlock_2" in keys(app) and len(fake.called("make_playlist")) == 1
    assert app.button(key="plm_choose_3").label == t("en", "plm.picture.chosen")
    press(app, "plm_save")
    assert fake.called("save_playlist")[-1][0][3] == 1
    mine = opened(tab="mine")
    press(mine, "plm_open_1")
    assert songs(mine) == list(range(1, 11))
    mine = opened(tab="mine")
    mine.button(key="plm_delete_1").click().run()
    assert fake.saved
    mine.button(key="plm_delete_1").click()  # here a dialog's button re-runs the page, so both are pressed at once
    mine.button(key="plm_confirm_yes").click().run()
    assert not fake.saved and t("en", "plm.mine.empty.title") in words(mine)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_shows_a_playlist_to_look_at_only(made, fake, opened, locale, lang):
    press(press(made, "plm_save"), "plm_link_make_1")
    app = opened(locale, playlist="tOkEn-1")
    assert "Song\\_1" in words(app) and not songs(app) and "plm_save" not in keys(app)
    press(app, "plm_heart_1")
    assert fake.called("like_playlist")[-1][1] == {"on": True, "token": "tOkEn-1"}
    assert t(lang, "errors.playlist.link_gone") in words(opened(locale, playlist="gone"))


def test_a_playlist_that_is_gone_says_so(opened):
    app = opened(saved="77")
    assert t("en", "errors.playlist.gone") in words(app) and "saved" not in app.query_params


def follow(app, **params):
    """Follow a link of the product to its own page: the session stays, the URL is the link's."""
    app.session_state["app_url_at"] = 0.0
    for name in list(app.query_params):
        del app.query_params[name]
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def test_a_link_to_another_title_is_saved_as_a_playlist_of_its_own(made, fake):
    press(press(made, "plm_do_lock_2"), "plm_save")
    follow(made, title="Summer drive", made="1", lang="en")
    assert "saved" not in made.query_params and "plm_do_unlock_2" not in keys(made)
    assert fake.called("make_playlist")[-1][0][1].title == "Summer drive" and songs(made)
    press(made, "plm_save")
    assert [call[0][3] for call in fake.called("save_playlist")] == [None, None] and len(fake.saved) == 2
    follow(made, title="Rain at night", saved="1", lang="en")
    press(made, "plm_save")
    assert fake.called("save_playlist")[-1][0][3] == 1 and len(fake.saved) == 2


def test_a_viewer_can_make_but_not_keep(fake, opened):
    fake.actor = VIEWER
    app = opened(title="x", made="1")
    assert songs(app) and app.button(key="plm_save").disabled and not fake.called("submit_thumbnails")
    assert t("en", "plm.keep.not_allowed", role="viewer") in words(app)


# --- thumbnails ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_thumbnails_come_by_themselves_and_can_be_chosen(fake, opened, locale, lang):
    app = opened(locale, title="x", made="1")
    assert fake.called("submit_thumbnails")[0][1]["tags"] == {"비오는날": 0.5, "밤": 0.2}
    assert {f"plm_choose_{number}" for number in (1, 2, 3, 4)} <= keys(app)
    shown = words(app).replace("\\", "")
    assert t(lang, "plm.picture.contrast", ratio="5.2") in shown and t(lang, "plm.picture.left_out", characters="♥") in shown
    press(app, "plm_choose_3")
    assert app.button(key="plm_choose_3").label == t(lang, "plm.picture.chosen")
    press(app, "plm_card_make")
    assert fake.called("playlist_card")[0][0][4] == 3
    press(app, "plm_paint_again")
    assert fake.called("submit_thumbnails")[-1][1]["seed"] == 1 and "plm_choose_8" in keys(app)
    press(app, "plm_picture_delete")
    assert fake.called("delete_thumbnail")[0][0][1] == 5


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_painting_shows_how_far_it_is_and_can_be_stopped(fake, opened, locale, lang):
    fake.playlist_jobs = [fake.playlist_job("thumbnail", "running", done=1, note="paint")]
    app = opened(locale, title="x", made="1")
    bar = app.get("progress")[0].proto
    assert bar.value == 25 and t(lang, "plm.picture.step.paint") in bar.text and app.query_params["paint"] == "1"
    press(app, "plm_paint_cancel")
    assert fake.called("cancel_job") and t(lang, "plm.job.cancelled") in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_without_an_image_model_it_says_what_to_set(opened, locale, lang):
    app = opened(locale, title="x", made="1")
    app.session_state["plm_models"] = True
    app.run()
    assert all(name in words(app) for name in ("DIFFUSION_MODEL", "OPENAI_API_KEY", "GOOGLE_API_KEY"))


@pytest.mark.parametrize(("code", "came"), [(None, "english"), ("painter.no_translator", "no_key"),
                                            ("painter.translation", "unusable"), ("painter.slow", "failed")])
def test_a_model_paints_what_was_edited(fake, opened, code, came):
    fake.painted_with, fake.translated = (PainterView(0, "openai", "gpt-image-1"),), code
    app = opened(title="x", made="1")
    app.session_state["plm_models"] = True
    app.run()
    press(app, "plm_prompt_make")
    assert t("en", f"plm.paint.came.{came}", code=code) in words(app).replace("\\", "")
    app.text_input(key="plm_prompt_subject").set_value("a quiet street").run()
    press(app, "plm_brush_start")
    prompt = fake.called("submit_painting")[0][0][3]
    assert prompt.subject == "a quiet street" and "people" in prompt.negative
    shown = words(app).replace("\\", "")
    assert t("en", "plm.picture.cost", cost="0.042") in shown and "plm_choose_5" in keys(app)


# --- the model, the first start -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_page_says_what_the_model_learned_and_how_good_it_is(fake, opened, locale, lang):
    shown = words(opened(locale))
    assert t(lang, "plm.model.data.starter", count=438) in shown and "0.412" in shown and "0.550" in shown
    fake.facts = None
    app = opened(locale, title="x", made="1")
    assert t(lang, "plm.model.none") in words(app) and t(lang, "plm.model.by_mood") in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_administrator_trains_on_what_is_here(fake, opened, locale, lang):
    app = press(opened(locale, tab="model"), "plm_train_start")
    figures = t(lang, "plm.model.figures", songs="0.400", tags="0.500")
    assert t(lang, "plm.model.replaced", new=figures, old=t(lang, "plm.model.no_old"), count=395) in words(app)
    fake.actor = VIEWER
    app = opened(locale, tab="model")
    assert t(lang, "plm.model.not_allowed") in words(app) and "plm_train_start" not in keys(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_before_the_first_import_there_is_its_progress_or_a_way_to_it(fake, opened, locale, lang):
    fake.counts = {}
    app = opened(locale, title="x", made="1")
    assert t(lang, "plm.empty.title") in words(app) and not fake.called("similar_playlists")
    fake.jobs[1] = fake.playlist_job("playlists", "running", done=2, note="embed")
    app = opened(locale, title="x", made="1")
    assert t(lang, "plm.empty.title") not in words(app)
    assert t(lang, "plm.model.step.embed") in app.get("progress")[0].proto.text
    del fake.jobs[1]
    press(opened(locale), "plm_import_start")
    assert fake.called("submit_starter_playlists")
