"""Text to BGM as a user meets it: the wish, its caption, what it comes to."""

from __future__ import annotations

import pytest
from bgm_page import VIEWER, choose, fake_with_music, shown, wished  # noqa: F401
from conftest import words
from pages import LANGUAGES, group, keys, opening, press

from locales import t, texts
from music.wish import Feel, Wish
from support.errors import DataError
from usecases.bgm_results import Maker

opened = opening("text_to_bgm")


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
