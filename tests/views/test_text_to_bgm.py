"""Text to BGM as a user meets it: three ways to a wish, what it comes to, variants, versions, the history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import in_place, words
from fake_bgm import READING, SAID, FakeBgm
from pages import LANGUAGES, group, keys, opening, press

from accounts import Actor
from locales import t, texts
from music.wish import Feel, Wish
from support.errors import DataError
from texts.editing import Edits
from usecases.bgm_results import Maker

VIEWER = Actor(9, "viewer", "vik")


@pytest.fixture
def fake(monkeypatch):
    """Put a fresh fake that has music in the place of `services`."""
    yield from in_place(monkeypatch, FakeBgm())


opened = opening("text_to_bgm")


def choose(app, key, *values):
    group(app, key).set_value(list(values)).run()
    assert not app.exception
    return app


def wished(fake):
    """Return the wish that was settled last."""
    return fake.called("settle_bgm")[-1][0][1]


def edits(fake):
    """Return what was changed of a reading when it was shown last."""
    return [given[1] for given, _ in fake.called("edit_bgm_reading")][-1]


def read(opened, words="비 내리는 밤, rain", locale="en-US", **params):
    """Open the page and read a text."""
    app = opened(locale, way="text", **params)
    app.text_area(key="bgm_text").set_value(words).run()
    return press(app, "bgm_read")


def shown(app):
    return words(app).replace("\\", "")


# --- the wish -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_nothing_chosen_cannot_be_started_and_says_why(opened, fake, locale, lang):
    app = opened(locale)
    assert app.button(key="bgm_start").disabled and t(lang, "bgm.blank") in words(app)
    assert not fake.called("settle_bgm") and "bgm_caption" not in {area.key for area in app.text_area}


def test_a_tap_settles_the_wish_and_the_start_makes_it(opened, fake):
    app = choose(opened(), "bgm_pick_genres", "jazz")
    assert wished(fake) == Wish(genres=("jazz",)) and app.query_params["g"] == "jazz"
    assert app.text_area(key="bgm_caption").value == "Jazz" and "F Dorian" in words(app)
    press(app, "bgm_start")
    _, wish, caption, maker, song = fake.called("submit_bgm")[0][0]
    assert (wish, caption, maker, song) == (Wish(genres=("jazz",)), "Jazz", "composer", None)
    assert app.query_params["batch"] == "1" and "bgm_start" not in keys(app)
    assert [f"Calm Jazz {number}" in words(app) for number in (1, 2, 3, 4)] == [True] * 4


def test_nothing_is_settled_twice(opened, fake):
    app = opened(g="jazz")
    app.run()
    assert len(fake.called("settle_bgm")) == 1


def test_the_url_is_the_whole_wish(opened, fake):
    opened(way="extra", g="jazz", m=["calm", "sad"], i="gayageum", x="rain", k="first snow, home", s="42.5", tempo="exact",
           bpm="91.5", key="3", mode="minor", meter="6/8", energy="custom", points="20-100", loop="1", lock="length", lufs="-23",
           n="2", seed="77", feel="0.5,-0.2,0,0,1")
    assert wished(fake) == Wish(("jazz",), ("gayageum",), ("calm", "sad"), ("rain",), ("first snow", "home"), 42.5, 91.5, 3, "minor",
                                "6/8", (0.2, 1.0), True, "length", -23.0, 2, 77, Feel(0.5, -0.2, 0, 0, 1))


def test_an_address_with_nonsense_opens_with_what_is_usual(opened, fake):
    opened(g=["jazz", "nope"], s="9999", tempo="exact", bpm="9", key="12", mode="x", meter="5/4", energy="custom", points="1-999",
           lufs="0", n="99", seed="-1", feel="2,0,0,0,0", by="nobody")
    assert wished(fake) == Wish(genres=("jazz",), tempo=120.0, energy=(0.3, 0.6, 1.0, 0.7, 0.4))


def test_an_address_without_defaults_stays_short(opened):
    app = choose(opened(), "bgm_pick_moods", "calm")
    assert set(app.query_params) <= {"m", "lang", "tab", "window", "threshold"}


def test_at_most_eight_of_a_kind(opened, fake):
    app = opened(g=["acoustic", "blues", "dance", "disco", "edm", "folk", "hip_hop", "jazz"])
    choose(app, "bgm_pick_genres", *wished(fake).genres, "pop")
    assert len(wished(fake).genres) == 8 and "pop" not in wished(fake).genres
    assert t("en", "bgm.kind.full", kind=t("en", "bgm.kind.genres"), most=8) in words(app)


def test_what_was_chosen_elsewhere_stays_beside_the_popular_ones(opened, fake):
    app = opened(g="house")
    assert "House" in group(app, "bgm_pick_genres").options
    choose(app, "bgm_pick_genres", "house", "jazz")
    assert wished(fake).genres == ("house", "jazz")


@pytest.mark.parametrize(("lang", "first"), [("ko", "재즈 · Jazz"), ("en", "Jazz · 재즈")])
def test_all_terms_are_searched_in_both_languages(opened, fake, lang, first):
    app = opened({"ko": "ko-KR", "en": "en-US"}[lang], way="extra")
    lists = {box.key: box for box in app.multiselect}
    assert set(lists) == {"bgm_search_genres", "bgm_search_moods", "bgm_search_instruments"}
    assert first in lists["bgm_search_genres"].options
    lists["bgm_search_instruments"].select("gayageum").run()
    assert wished(fake).instruments == ("gayageum",)


def test_an_alias_finds_its_term_and_other_words_are_keywords(opened, fake, monkeypatch):
    opened(way="extra")
    from views import _bgm_ways
    assert [_bgm_ways.by_alias("genres", word) for word in ("House Music", "보싸노바", "하우스뮤직", "BOSSA-NOVA", "qqq")] == [
        "house", "bossa_nova", "house", "bossa_nova", None]
    state = {"bgm_search_genres": ["jazz", "보싸노바", "qqq"], "bgm_keywords": "snow"}
    monkeypatch.setattr(_bgm_ways.st, "session_state", state)
    _bgm_ways._take("genres", "bgm_search_genres")
    assert state["bgm_genres"] == ["jazz", "bossa_nova"] and state["bgm_keywords"] == "snow, qqq" and state["bgm_taken"] == ("qqq",)


def test_length_tempo_and_loop(opened, fake):
    app = opened(m="calm")
    assert "bgm_seconds" not in {box.key for box in app.number_input}
    group(app, "bgm_length").set_value("60").run()
    assert wished(fake).seconds == 60
    group(app, "bgm_length").set_value("other").run()
    app.number_input(key="bgm_seconds").set_value(47.25).run()
    assert wished(fake).seconds == 47.25 and app.query_params["s"] == "47.25"
    group(app, "bgm_tempo").set_value("exact").run()
    app.number_input(key="bgm_bpm").set_value(93.0).run()
    assert wished(fake).tempo == 93.0 and "bgm_locks" not in {each.key for each in app.get("button_group")}
    app.toggle(key="bgm_loop").set_value(True).run()
    group(app, "bgm_locks").set_value("length").run()
    assert (wished(fake).loop, wished(fake).locks) == (True, "length") and app.query_params["lock"] == "length"
    app.toggle(key="bgm_loop").set_value(False).run()
    assert "lock" not in app.query_params


def test_a_drawn_curve_has_points(opened, fake):
    app = opened(m="calm")
    group(app, "bgm_energy").set_value("custom").run()
    assert wished(fake).energy == (0.3, 0.6, 1.0, 0.7, 0.4)
    app.slider(key="bgm_point_1").set_value(10).run()
    press(app, "bgm_point_fewer")
    assert wished(fake).energy == (0.3, 0.1, 1.0, 0.7) and app.query_params["points"] == "30-10-100-70"
    press(app, "bgm_point_more")
    assert wished(fake).energy == (0.3, 0.1, 1.0, 0.7, 0.7)


def test_what_is_asked_exactly(opened, fake):
    app = opened(m="calm")
    app.selectbox(key="bgm_tonic").set_value("9").run()
    app.selectbox(key="bgm_mode").set_value("gyemyeonjo").run()
    app.selectbox(key="bgm_meter").set_value("3/4").run()
    group(app, "bgm_loudness").set_value("-16").run()
    app.number_input(key="bgm_variants").set_value(1).run()
    press(app, "bgm_dice")
    wish = wished(fake)
    assert (wish.tonic, wish.mode, wish.meter, wish.loudness, wish.variants, wish.seed) == (9, "gyemyeonjo", "3/4", -16.0, 1, 2)
    assert app.button(key="bgm_start").label == t("en", "bgm.start_one") and "A gyemyeonjo" in words(app)


def test_the_wish_survives_a_look_at_the_history(opened, fake):
    app = opened(g="jazz", s="20", k="snow")
    app.query_params["tab"] = "history"
    app.run()
    app.query_params["tab"] = "make"
    app.run()
    assert wished(fake) == Wish(genres=("jazz",), keywords=("snow",), seconds=20.0)


def test_start_over(opened, fake):
    app = press(opened(g="jazz", k="snow", s="20", feel="0,0,0,0,1"), "bgm_clear")
    assert app.button(key="bgm_start").disabled and not {"g", "k", "s", "feel"} & set(app.query_params)


# --- the caption and what a wish comes to -------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_edited_caption_is_read_back_and_says_what_it_did_not_know(opened, fake, locale, lang):
    app = opened(locale, g="jazz")
    app.text_area(key="bgm_caption").set_value("Sad, Piano, moonshine, 72 BPM").run()
    assert not app.exception
    wish = wished(fake)
    assert (wish.genres, wish.moods, wish.instruments, wish.keywords, wish.tempo) == ((), ("sad",), ("piano",), ("moonshine",), 72.0)
    assert app.text_area(key="bgm_caption").value == "Sad, Piano, moonshine, 72 BPM"
    assert t(lang, "bgm.caption.unknown", words="moonshine") in words(app)
    assert app.query_params["m"] == "sad" and app.query_params["bpm"] == "72.0"


def test_a_caption_in_ones_own_order_stays_until_a_choice_changes(opened, fake):
    app = opened(g="jazz", m="calm")
    app.text_area(key="bgm_caption").set_value("Jazz, Calm").run()
    assert app.text_area(key="bgm_caption").value == "Jazz, Calm"
    press(app, "bgm_caption_reset")
    assert app.text_area(key="bgm_caption").value == "Calm, Jazz"
    app.text_area(key="bgm_caption").set_value("Jazz, Calm").run()
    press(app, "bgm_start")
    assert fake.called("submit_bgm")[0][0][2] == "Jazz, Calm"


def test_an_emptied_caption_is_written_anew(opened):
    app = opened(g="jazz")
    app.text_area(key="bgm_caption").set_value("  ").run()
    assert app.text_area(key="bgm_caption").value == "Jazz"


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_what_is_decided_is_said_before_anything_runs(opened, fake, locale, lang):
    fake.bgm_notes = (("bgm.note.loop_bpm", {"bpm": "120", "seconds": "32", "asked": "30", "bars": 16}),
                      ("bgm.note.no_drums", {"genre": {"ko": "국악", "en": "Gugak"}}))
    app = opened(locale, g="jazz", loop="1")
    assert t(lang, "bgm.note.loop_bpm", bpm="120", seconds="32", asked="30", bars=16) in words(app)
    assert t(lang, "bgm.note.no_drums", genre={"ko": "국악", "en": "Gugak"}[lang]) in words(app)
    assert not fake.called("submit_bgm")


def test_a_wish_that_cannot_be_had_says_why(opened, fake):
    fake.failures["settle_bgm"] = DataError("bgm_wish.seed", seed=-1, low=0, high=9)
    app = opened(g="jazz")
    assert t("en", "errors.bgm_wish.seed", seed=-1, low=0, high=9) in shown(app) and app.button(key="bgm_start").disabled


def test_a_refused_start_keeps_the_inputs(opened, fake):
    fake.failures["submit_bgm"] = DataError("dossier.gone")
    app = press(opened(g="jazz"), "bgm_start")
    assert t("en", "errors.dossier.gone") in shown(app) and "bgm_start" in keys(app)


def test_a_maker_that_is_not_set_up_says_the_next_step(opened, fake):
    values = {"folder": "models/x", "setting": "MUSICGEN_MODEL"}
    fake.bgm_maker_list += (Maker("musicgen", "music_providers.no_folder", values), Maker("music_http", warning="music_providers.terms"))
    app = opened(g="jazz")
    group(app, "bgm_maker").set_value("musicgen").run()
    assert t("en", "errors.music_providers.no_folder", **values) in shown(app) and app.button(key="bgm_start").disabled
    group(app, "bgm_maker").set_value("music_http").run()
    assert t("en", "music_providers.terms") in shown(app)
    press(app, "bgm_start")
    assert fake.called("submit_bgm")[0][0][3] == "music_http"


def test_who_may_not_make_may_look(opened, fake):
    fake.actor = VIEWER
    app = opened(g="jazz")
    assert app.button(key="bgm_start").disabled and t("en", "bgm.not_allowed", role="viewer") in words(app)


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


# --- a request ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_running_request_says_how_far_each_variant_is(opened, fake, locale, lang):
    fake.put_bgm("running", tracks=1, done=150, total=400)
    fake.put_track(1, 1, state="failed", error_code="bgm.gone", error_values={}, peaks=())
    app = opened(locale, batch="1")
    said = words(app)
    for place, state in ((1, "made"), (2, "failed"), (3, "making"), (4, "waiting")):
        assert f"{t(lang, 'bgm.track.variant', number=place)} · {t(lang, f'bgm.live.{state}')}" in said
    press(app, "bgm_cancel")
    assert fake.called("cancel_bgm")[0][0][1] == 1 and t(lang, "bgm.end.cancelled", made=2) in words(app)


def test_a_queued_request_says_how_many_are_before_it(opened, fake):
    fake.put_bgm("queued", ahead=3)
    app = opened(batch="1")
    progress = app.get("progress")[0]
    assert t("en", "bgm.live.queued", count=3) in str(progress.proto.text) and "bgm_cancel" in keys(app)


@pytest.mark.parametrize("state", ["failed", "cancelled", "interrupted"])
def test_an_end_that_is_no_success_can_be_made_good(opened, fake, state):
    fake.put_bgm(state, tracks=1, error_code="bgm.all_failed" if state == "failed" else None)
    app = opened(batch="1")
    assert (t("en", "errors.bgm.all_failed") if state == "failed" else t("en", f"bgm.end.{state}", made=1)) in shown(app)
    press(app, "bgm_rest")
    assert fake.called("retry_bgm")[0][0][1] == 1


def test_a_done_request_offers_no_rest(opened, fake):
    fake.put_bgm()
    assert "bgm_rest" not in keys(opened(batch="1"))


def test_a_failed_variant_is_shown_as_failed(opened, fake):
    fake.put_bgm(tracks=3)
    fake.put_track(1, 3, state="failed", error_code="music_providers.silent", error_values={"service": "X"}, peaks=())
    app = opened(batch="1")
    assert t("en", "errors.music_providers.silent", service="X") in shown(app) and len(app.get("audio")) == 3


def test_a_request_that_is_gone_says_so_and_the_inputs_are_back(opened):
    app = opened(batch="99")
    assert t("en", "errors.bgm.gone") in shown(app) and "bgm_start" in keys(app) and "batch" not in app.query_params


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_card_has_facts_files_and_a_licence_note(opened, fake, locale, lang):
    fake.put_bgm(tracks=1)
    app = opened(locale, batch="1")
    said = words(app)
    for fact in ("32.00", "120", "4/4", "−14.0 LUFS", "−1.4 dBTP", t(lang, "bgm.fact.key_is", tonic="F", mode=t(lang, "bgm.mode.dorian"))):
        assert fact in said
    files = {button.label for button in app.get("download_button")}
    assert files == {t(lang, f"bgm.file.{kind}") for kind in ("wav", "mp3", "ogg", "mid", "stems")}
    assert {kind for (_, _, kind), _ in fake.called("bgm_file")} == {"ogg"}  # the others only when they are pressed
    assert t(lang, "bgm.licence.composer") in said and len(app.get("plotly_chart")) == 1


def test_a_providers_track_has_no_notes_to_edit(opened, fake):
    fake.put_bgm(tracks=1, maker="musicgen")
    app = opened(batch="1")
    files = {button.label for button in app.get("download_button")}
    assert t("en", "bgm.file.mid") not in files and t("en", "bgm.file.wav") in files
    assert "bgm_do_lower_1" not in keys(app) and t("en", "bgm.licence.musicgen") in words(app)


def test_a_loop_plays_round_and_round_until_switched_off(opened, fake):
    fake.put_bgm(tracks=1)
    app = opened(batch="1")

    def rounds():
        return [each.proto.body for each in app.get("html") if "bgm_player_1" in each.proto.body]

    assert "sound.loop = true" in rounds()[0]
    app.toggle(key="bgm_round_1").set_value(False).run()
    assert "sound.loop = false" in rounds()[0] and not app.get("audio")[0].proto.loop


@pytest.mark.parametrize(("button", "act", "values"), [
    ("section", "section", {"section_id": 3}), ("instrument", "instrument", {"role": "melody", "instrument": "violin"}),
    ("lower", "energy", {"by": -0.25}), ("raise", "energy", {"by": 0.25}), ("length", "length", {"seconds": 60.0})])
def test_an_edit_makes_a_new_version_beside_the_old_one(opened, fake, button, act, values):
    fake.put_bgm(tracks=1)
    app = opened(batch="1")
    app.selectbox(key="bgm_edit_section_1").set_value(3)
    app.number_input(key="bgm_edit_seconds_1").set_value(60.0)
    app.selectbox(key="bgm_edit_role_1").set_value("melody").run()
    app.selectbox(key="bgm_edit_to_1_melody").set_value("violin").run()
    press(app, f"bgm_do_{button}_1")
    assert fake.called("edit_bgm")[0] == ((fake.actor, 1, act), values)
    said = words(app)
    assert app.query_params["batch"] == "2" and len(app.get("audio")) == 2
    assert t("en", "bgm.track.before") in said and t("en", "bgm.track.after") in said and t("en", f"bgm.edit.was.{act}") in said


def test_only_instruments_that_can_play_the_part_are_offered(opened, fake):
    fake.put_bgm(tracks=1)
    app = opened(batch="1")
    app.selectbox(key="bgm_edit_role_1").set_value("bass").run()
    assert app.selectbox(key="bgm_edit_to_1_bass").options == ["Cello"]
    app.selectbox(key="bgm_edit_role_1").set_value("drums").run()
    assert t("en", "bgm.edit.no_other") in words(app)


def test_a_refused_edit_says_why(opened, fake):
    fake.put_bgm(tracks=1)
    fake.failures["edit_bgm"] = DataError("bgm.gone")
    app = press(opened(batch="1"), "bgm_do_lower_1")
    assert t("en", "errors.bgm.gone") in shown(app) and app.query_params["batch"] == "1"


def test_a_version_whose_first_one_is_gone_says_so(opened, fake):
    fake.put_bgm(tracks=1, total=1, parent_id=77, edit={"act": "energy"})
    assert t("en", "bgm.batch.parent_gone") in words(opened(batch="1"))


def test_rename_rate_and_attach(opened, fake):
    fake.put_bgm(tracks=1)
    app = opened(batch="1")
    app.text_input(key="bgm_title_1").set_value("Night *train*").run()
    press(app, "bgm_rename_go_1")
    assert fake.bgm_tracks[1].title == "Night *train*" and "Night \\*train\\*" in words(app)
    next(stars for stars in app.get("feedback") if stars.key == "bgm_stars_1").set_value(3).run()
    assert fake.bgm_tracks[1].rating == 4
    app.text_input(key="bgm_song_1_find").set_value("Shift 2").run()
    press(app, "bgm_song_1_2")
    assert fake.bgm_tracks[1].song_id == 2 and t("en", "dossier_add.done") in words(app)
    press(app, "bgm_song_1_off")
    assert fake.bgm_tracks[1].song_id is None


def test_the_wish_is_changed_made_again_or_left(opened, fake):
    wish = Wish(genres=("edm",), tempo=128.0, loop=True, energy=(0.1, 0.9), seed=5, feel=Feel(0.5))
    fake.put_bgm(wish=wish, tracks=1)
    app = press(opened(batch="1"), "bgm_again")
    assert fake.called("submit_bgm")[0][0][1].seed == 6 and app.query_params["batch"] == "2"
    app.query_params["batch"] = "1"
    app.run()
    press(app, "bgm_change")
    assert wished(fake) == wish and "batch" not in app.query_params
    app.query_params["batch"] = "1"
    app.run()
    press(app, "bgm_other")
    assert app.button(key="bgm_start").disabled and "g" not in app.query_params


def test_a_viewer_hears_but_changes_nothing(opened, fake):
    fake.put_bgm(tracks=1)
    fake.actor = VIEWER
    app = opened(batch="1")
    assert len(app.get("audio")) == 1 and app.button(key="bgm_again").disabled
    assert not {"bgm_rename_go_1", "bgm_do_lower_1", "bgm_song_1_2"} & keys(app)


# --- the history --------------------------------------------------------------------------------------------------


def test_an_empty_history_leads_to_the_first_music(opened):
    app = opened(tab="history")
    assert t("en", "bgm.history.empty.title") in words(app)
    press(app, "bgm_first")
    assert "bgm_start" in keys(app)


def test_ten_tracks_a_page_newest_first(opened, fake):
    for _ in range(6):
        fake.put_bgm(tracks=2)
    app = opened(tab="history")
    rows = [button.key for button in app.button if (button.key or "").startswith("bgm_open_")]
    assert rows == [f"bgm_open_{number}" for number in range(12, 2, -1)]
    press(app, "bgm_next")
    assert "bgm_open_2" in keys(app) and app.query_params["p"] == "2"
    assert not app.get("audio")


def test_search_and_nothing_found(opened, fake):
    fake.put_bgm(tracks=2)
    app = opened(tab="history", find="jazz 2")
    assert {"bgm_open_2"} == {key for key in keys(app) if (key or "").startswith("bgm_open_")}
    app.text_input(key="bgm_find").set_value("zzz").run()
    assert t("en", "bgm.history.no_match.title") in words(app)
    press(app, "bgm_find_clear")
    assert "bgm_open_1" in keys(app)


def test_a_track_of_the_list_is_heard_with_its_notes(opened, fake):
    fake.put_bgm(tracks=2)
    app = press(opened(tab="history"), "bgm_play_1")
    assert len(app.get("audio")) == 1 and len(app.get("plotly_chart")) == 1 and fake.called("get_bgm_track")[0][0][1] == 1
    press(app, "bgm_play_1")
    assert not app.get("audio")


def test_a_deleted_track_comes_back(opened, fake):
    fake.put_bgm(tracks=2)
    app = press(opened(tab="history"), "bgm_delete_2")
    assert 2 not in fake.bgm_tracks and t("en", "bgm.history.deleted", title="Calm Jazz 2") in words(app)
    press(app, "bgm_undo")
    assert 2 in fake.bgm_tracks and t("en", "bgm.history.restored") in words(app) and "bgm_undo" not in keys(app)


def test_the_last_track_of_a_page_leads_to_the_page_before(opened, fake):
    for _ in range(11):
        fake.put_bgm(tracks=1)
    app = press(opened(tab="history", p="2"), "bgm_delete_1")
    assert "bgm_open_11" in keys(app)


def test_a_track_opens_its_request(opened, fake):
    fake.put_bgm(tracks=2)
    app = press(opened(tab="history"), "bgm_open_2")
    assert app.query_params["batch"] == "1" and len(app.get("audio")) == 2


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_everything_a_plan_names_has_a_text(lang):
    from music.score import ROLES
    from music.style import styles
    from music.wish import CURVES, LOCKS, MODES, TEMPOS

    sections = {part.name for style in styles().values() for part in style.form}
    wanted = [*(f"section.{name}" for name in sections), *(f"role.{name}" for name in ROLES), *(f"mode.{name}" for name in MODES),
              *(f"energy.{name}" for name in CURVES), *(f"tempo.{name}" for name in TEMPOS), *(f"loop.lock_{name}" for name in LOCKS)]
    assert [key for key in wanted if f"bgm.{key}" not in texts(lang)] == []
