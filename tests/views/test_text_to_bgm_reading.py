"""Text to BGM from a text: what is read in it becomes the wish, and each part of the reading can be changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bgm_page import choose, edits, fake_with_music, read, shown, wished  # noqa: F401
from conftest import words
from fake_bgm import READING, SAID
from pages import LANGUAGES, keys, opening, press

from locales import t
from music.wish import Feel
from support.errors import DataError
from texts.editing import Edits

opened = opening("text_to_bgm")


# --- from a text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_text_is_read_shown_and_becomes_the_wish(opened, fake, locale, lang):
    app = opened(locale, way="text", s="45")
    assert app.button(key="bgm_read").disabled
    app.text_input(key="bgm_text_keywords").set_value("밤, 기차")
    app.text_area(key="bgm_text").set_value("비가 내리는 밤").run()
    press(app, "bgm_read")
    assert fake.called("read_bgm_text")[0][0][1:] == ("비가 내리는 밤", ("밤", "기차"), None)
    wish = wished(fake)
    assert (wish.genres, wish.moods, wish.textures, wish.feel, wish.seconds) == (
        ("jazz", "acoustic"), ("sad", "lonely"), ("rain", "waves"), READING.feel, 45.0)
    said = shown(app)
    assert READING.summary[0].text in said and t(lang, "bgm.read.scenes") in app.multiselect(key="bgm_scenes").label
    assert len(app.get("plotly_chart")) == 3  # emotions, feeling, energy
    assert "feel" in app.query_params and not app.button(key="bgm_start").disabled


def test_the_feeling_of_a_text_can_be_changed_and_left_out(opened, fake):
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("rain").run()
    press(app, "bgm_read")
    # sad and lonely together are at -0.35 and -0.15, and the text adds to that
    assert app.slider(key="bgm_feel_valence").value == -0.8
    app.slider(key="bgm_feel_arousal").set_value(0.8).run()
    assert wished(fake).feel == Feel(-0.45, 0.95, -0.2, -0.1, -0.25) and app.slider(key="bgm_feel_arousal").value == 0.8
    app.query_params["way"] = "simple"
    app.run()
    press(app, "bgm_feel_drop")
    assert wished(fake).feel is None and wished(fake).moods == ("sad", "lonely")


def test_a_word_of_the_text_becomes_a_keyword(opened, fake):
    app = opened(way="text", k="snow")
    app.text_area(key="bgm_text").set_value("rain").run()
    press(app, "bgm_read")
    choose(app, "bgm_words", "기차")
    assert wished(fake).keywords == ("기차",)


def test_another_topic_brings_its_genres(opened, fake):
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("rain").run()
    press(app, "bgm_read")
    app.selectbox(key="bgm_topic").set_value("travel").run()
    assert wished(fake).genres == ("folk", "pop") and edits(fake) == Edits(topic="travel")
    assert "Folk, Pop, Acoustic, Rock, New Age" in words(app)


def test_an_emotion_set_by_hand_changes_moods_and_genres(opened, fake):
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("rain").run()
    press(app, "bgm_read")
    app.slider(key="bgm_emotion_happiness").set_value(90).run()
    assert edits(fake) == Edits(emotions={"happiness": 0.9})
    assert (wished(fake).moods, wished(fake).genres) == (("happy",), ("dance",))
    app.slider(key="bgm_emotion_happiness").set_value(14).run()
    assert edits(fake) == Edits() and wished(fake).moods == ("sad", "lonely") and "bgm_back_to_read" not in keys(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_another_language_reads_the_text_anew_and_keeps_what_was_set_by_hand(opened, fake, locale, lang):
    app = read(opened, locale=locale)
    box = app.selectbox(key="bgm_read_lang")
    assert box.value == "ko" and box.options == [
        f"{t(lang, 'bgm.read.lang.ko')} · 97% · {t(lang, 'bgm.read.is_found')}", f"{t(lang, 'bgm.read.lang.en')} · 3%"]
    choose(app, "bgm_words", "기차")
    app.multiselect(key="bgm_search_genres").select("house").run()
    app.slider(key="bgm_emotion_happiness").set_value(90).run()
    app.selectbox(key="bgm_read_lang").set_value("en").run()
    assert fake.called("read_bgm_text")[-1][0][1:] == ("비 내리는 밤, rain", (), "en")
    wish = wished(fake)  # the emotion and what was chosen by hand stay
    assert (wish.genres, wish.moods, wish.keywords) == (("dance", "house"), ("happy",), ("기차",)) and edits(fake).emotions
    said = shown(app)
    assert t(lang, "bgm.read.reread", language=t(lang, "bgm.read.lang.en")) in said and t(lang, "bgm.read.changed") in said
    assert said.count(f"{t(lang, 'bgm.read.topic')}: love story → **{t(lang, 'bgm_text.topic.travel')}**") == 2
    assert t(lang, "bgm.emotion.happiness") + " 14 → **90%**" in said
    assert f"{t(lang, 'bgm.read.language')}: {t(lang, 'bgm.read.lang.ko')} → **{t(lang, 'bgm.read.lang.en')}**" in said
    press(app, "bgm_back_to_read")
    assert app.selectbox(key="bgm_read_lang").value == "ko" and edits(fake) == Edits() and "bgm_back_to_read" not in keys(app)
    assert (wished(fake).genres, wished(fake).moods) == (("jazz", "acoustic", "house"), ("sad", "lonely"))


def test_a_language_without_a_word_in_the_text_is_refused_and_nothing_is_lost(opened, fake):
    app = read(opened, "비 내리는 밤")
    before = wished(fake)
    app.selectbox(key="bgm_read_lang").set_value("en").run()
    assert t("en", "errors.bgm_text.no_english") in shown(app) and app.selectbox(key="bgm_read_lang").value == "ko"
    assert wished(fake) == before and "bgm_back_to_read" not in keys(app)
    app.run()
    assert t("en", "errors.bgm_text.no_english") not in shown(app)


def test_a_text_in_neither_language_can_be_read_all_the_same(opened, fake):
    fake.failures["read_bgm_text"] = DataError("bgm_text.language", percent=90)
    app = read(opened, "La la la")
    assert t("en", "errors.bgm_text.language", percent=90) in shown(app) and "bgm_read_as_ko" not in keys(app)
    del fake.failures["read_bgm_text"]
    fake.bgm_reading = replace(READING, lang="en", found="")
    press(app, "bgm_read_as_en")
    assert fake.called("read_bgm_text")[-1][0][3] == "en" and wished(fake).genres == ("jazz", "acoustic")
    assert app.selectbox(key="bgm_read_lang").options == [t("en", f"bgm.read.lang.{lang}") for lang in ("ko", "en")]


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_sentences_of_the_summary_are_chosen_and_used(opened, fake, locale, lang):
    app = read(opened, locale=locale)
    assert {box.key: box.value for box in app.checkbox} == {"bgm_line_0": True, "bgm_line_4": False, "bgm_line_9": True}
    app.checkbox(key="bgm_line_4").set_value(True).run()
    app.checkbox(key="bgm_line_0").set_value(False).run()
    assert edits(fake) == Edits(summary=(4, 9)) and wished(fake).moods == ("peaceful",)
    moods = {"ko": "슬픔, 외로운", "en": "Sad, Lonely"}[lang]
    assert f"{t(lang, 'bgm.kind.moods')}: {moods}" in shown(app) and "> " + SAID[1] in shown(app)
    for tab in ("history", "make"):
        app.query_params["tab"] = tab
        app.run()
    assert app.checkbox(key="bgm_line_4").value and edits(fake) == Edits(summary=(4, 9))
    for place in (4, 9):
        app.checkbox(key=f"bgm_line_{place}").set_value(False).run()
    assert edits(fake) == Edits(summary=()) and t(lang, "bgm.read.summary_none") in shown(app)
    for place in (0, 9):
        app.checkbox(key=f"bgm_line_{place}").set_value(True).run()
    assert edits(fake) == Edits() and wished(fake).moods == ("sad", "lonely")


def test_scenes_are_taken_out_and_added_and_their_sounds_follow(opened, fake):
    app = read(opened)
    assert "Rain · 비" in app.multiselect(key="bgm_scenes").options and app.multiselect(key="bgm_scenes").value == ["rain", "sea"]
    app.multiselect(key="bgm_scenes").unselect("rain").run()
    assert edits(fake) == Edits(scenes=("sea",)) and wished(fake).textures == ("waves",)
    app.multiselect(key="bgm_scenes").select("forest").run()
    app.multiselect(key="bgm_scenes").select("campfire").run()
    assert edits(fake).scenes == ("sea", "forest", "campfire") and wished(fake).textures == ("fire", "birds")
    assert "Campfire" in shown(app) and t("en", "bgm.read.back") in [button.label for button in app.button]
    choose(app, "bgm_pick_textures", "fire", "birds", "vinyl")
    press(app, "bgm_back_to_read")
    assert wished(fake).textures == ("rain", "waves", "vinyl")


def test_a_feeling_set_by_hand_stays_where_the_text_asks_for_another(opened, fake):
    from views import _bgm_state
    assert _bgm_state._followed_feel("0.5,0.9,0,0,0", "0.5,-0.2,0,0,0", "-0.3,0.1,0,0.2,0") == "-0.3,0.9,0,0.2,0"
    assert _bgm_state._followed_feel("", "0.5,0,0,0,0", "1,1,1,1,1") == "1,1,1,1,1"


def test_the_same_text_read_again_keeps_what_was_changed_and_another_one_does_not(opened, fake):
    app = read(opened)
    app.checkbox(key="bgm_line_4").set_value(True).run()
    app.selectbox(key="bgm_read_lang").set_value("en").run()
    app.text_input(key="bgm_text_keywords").set_value("밤").run()
    press(app, "bgm_read")
    assert app.selectbox(key="bgm_read_lang").value == "en" and edits(fake) == Edits(summary=(0, 4, 9))
    app.text_area(key="bgm_text").set_value("다른 글").run()
    press(app, "bgm_read")
    assert app.selectbox(key="bgm_read_lang").value == "ko" and edits(fake) == Edits()


def test_what_was_typed_survives_another_way(opened):
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("the sea at night").run()
    for way in ("simple", "text"):
        app.query_params["way"] = way
        app.run()
    assert app.text_area(key="bgm_text").value == "the sea at night"


def test_a_text_file_fills_the_box_and_a_broken_one_says_so(opened):
    app = opened(way="text")
    app.get("file_uploader")[0].set_value(("scene.txt", "비 오는 바다".encode("cp949"), "text/plain")).run()
    assert app.text_area(key="bgm_text").value == "비 오는 바다"
    app.get("file_uploader")[0].set_value(("x.txt", b"\xff\xfe\x00\x81", "text/plain")).run()
    assert t("en", "bgm.read.bad_file") in words(app)


def test_a_text_that_cannot_be_read_says_why(opened, fake):
    fake.failures["read_bgm_text"] = DataError("bgm.caption_long", length=3, most=2)
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("qqq").run()
    press(app, "bgm_read")
    assert t("en", "errors.bgm.caption_long", length=3, most=2) in shown(app)


def test_the_demo_songs_lyrics_are_a_click_away(opened):
    app = press(opened(way="text"), "bgm_read_demo")
    assert app.text_area(key="bgm_text").value


def test_a_language_model_writes_the_caption_where_there_is_one(opened, fake):
    app = opened(way="text")
    app.text_area(key="bgm_text").set_value("rain").run()
    assert "bgm_write" not in keys(app)
    fake.bgm_writer_names = ("openai:small",)
    app.run()
    press(app, "bgm_write")
    assert fake.called("write_bgm_caption")[0][0][1:] == ("rain", "openai:small", "en")
    wish = wished(fake)
    assert (wish.genres, wish.moods, wish.tempo) == (("jazz",), ("sad",), 72.0)
    assert app.text_area(key="bgm_caption").value == "Sad, Jazz, Piano, 72 BPM"
