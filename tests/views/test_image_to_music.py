"""Image to Music as a user meets it: choosing a picture, waiting, tags and songs, keeping, sharing, the galleries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import words
from fake_pictures import COVER, LOCAL, MOMENT
from pages import LANGUAGES, group, keys, opening, press

from accounts import Actor
from locales import t
from support.errors import AppError, DataError
from usecases.picture_results import Listen

MINA, VIEWER = Actor(7, "analyst", "mina"), Actor(9, "viewer", "vik")


opened = opening("image_to_music")


@pytest.fixture
def mine(fake, opened):
    """Open a picture of one's own that has been searched with."""
    fake.put_picture(searched=True)
    return opened(image="1")


def confirm(app, key):
    """Press a button that asks first and confirm: here a dialog's button re-runs the page, so both are pressed at once."""
    app.button(key=key).click().run()
    app.button(key=key).click()
    app.button(key="i2m_confirm_yes").click().run()
    assert not app.exception
    return app


# --- a picture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_page_says_what_happens_before_it_happens(opened, fake, locale, lang):
    shown = words(opened(locale))
    for key in ("title", "intro", "consent.local", "consent.stored", "consent.private", "consent.agree", "upload.no_picture"):
        assert t(lang, f"i2m.{key}") in shown
    assert not fake.called("submit_picture")


def test_a_picture_that_will_leave_this_machine_is_announced(opened, fake):
    fake.looks = ("openai:gpt-4o-mini", LOCAL)
    shown = words(opened())
    assert "OpenAI gpt\\-4o\\-mini" in shown and t("en", "i2m.consent.local") not in shown


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_upload_becomes_tags_and_songs_at_once(opened, fake, locale, lang):
    app = opened(locale)
    assert app.button(key="i2m_start").disabled
    app.file_uploader[0].set_value(("cover.jpg", COVER.read_bytes(), "image/jpeg")).run()
    press(app, "i2m_start")
    assert fake.called("submit_picture")[0][0][1] == COVER.read_bytes()
    shown = words(app)
    assert t(lang, "i2m.tags.heading") in shown and "**1. Song 1**" in shown and t(lang, "i2m.songs.best") in shown
    assert app.query_params["image"] == "1" and "job" not in app.query_params
    assert fake.called("picture_songs")[0][1]["genres"] == ["가요", "POP"] and len(fake.called("picture_songs")) == 1
    assert t(lang, "i2m.tagger.known") not in shown


def test_the_demo_songs_cover_is_a_click_away(opened, fake):
    app = opened(source="demo")
    assert "Rooftop Static" in words(app)
    assert t("en", "i2m.upload.demo_start") in {button.label for button in app.button}
    press(app, "i2m_start")
    assert fake.called("submit_picture")[0][0][1] == COVER.read_bytes()


def test_a_picture_seen_before_is_said(opened, fake):
    fake.put_picture()
    assert t("en", "i2m.tagger.known") in words(press(opened(source="demo"), "i2m_start"))


def test_a_file_too_large_to_show_or_of_another_kind_can_be_sent_all_the_same(opened):
    app = opened()
    app.file_uploader[0].set_value(("a_b.heic", b"\x00\x00\x00\x18ftypheic", "image/heic")).run()
    assert "a\\_b\\.heic" in words(app) and not app.button(key="i2m_start").disabled


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_waiting_says_the_place_in_the_queue_and_the_step(opened, fake, locale, lang):
    fake.picture_jobs, fake.ahead = [fake.picture_job("queued")], 3
    app = press(opened(locale, source="demo"), "i2m_start")
    assert app.get("progress")[0].proto.text == t(lang, "i2m.step.queued", count=3) and app.query_params["job"] == "1"
    for step, name in enumerate(("read", "check", "look", "keep"), 1):
        fake.jobs[1] = fake.picture_job("running", id=1, done=step - 1, note=name)
        app.run()
        bar = app.get("progress")[0].proto
        assert t(lang, f"i2m.step.{name}") in bar.text and bar.value == int(100 * (step - 0.5) / 4)
    press(app, "i2m_cancel")
    assert fake.called("cancel_job")


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
@pytest.mark.parametrize(("state", "code", "values", "seen"), [
    ("failed", "moderation.adult", {"score": "0.93", "limit": "0.5"}, "errors.moderation.adult"),
    ("failed", "picture.kind", {"found": {"key": "errors.picture.kind_text", "values": {}}}, "errors.picture.kind"), ("cancelled", "cancelled", {}, "i2m.job.cancelled"),
    ("interrupted", "interrupted", {}, "i2m.job.interrupted")])
def test_what_came_to_nothing_says_why_and_can_be_tried_again(opened, fake, locale, lang, state, code, values, seen):
    fake.picture_jobs = [fake.picture_job(state, error_code=code, error_values=values)]
    app = press(opened(locale, source="demo"), "i2m_start")
    said = AppError(code, **values).message(lang) if state == "failed" else t(lang, seen)
    assert said in words(app).replace("\\", "") and "i2m_start" in keys(app) and not fake.pictures


def test_a_job_of_nobody_and_a_picture_of_another_are_not_shown(opened, fake):
    fake.put_picture(MINA)
    assert t("en", "i2m.job.gone") in words(opened(job="99"))
    shown = words(opened(image="1"))
    assert t("en", "errors.picture.gone") in shown and t("en", "i2m.tags.heading") not in shown
    assert not opened(image="x' OR 1=1", job="-4").error


def test_a_viewer_is_told_and_cannot_start(opened, fake):
    fake.actor = VIEWER
    app = opened(source="demo")
    assert t("en", "i2m.upload.not_allowed", role="viewer") in words(app) and app.button(key="i2m_start").disabled


def test_without_songs_there_is_the_way_to_some_and_tags_all_the_same(opened, fake):
    fake.entries = {}
    app = opened(source="demo")
    links = {(link.proto.page, link.proto.query_string) for link in app.get("page_link")}
    assert t("en", "i2m.empty.title") in words(app) and ("data", "tab=catalogue") in links
    press(app, "i2m_start")
    assert t("en", "i2m.tags.heading") in words(app) and t("en", "i2m.empty.title") in words(app)
    assert not fake.called("picture_songs")


# --- tags ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_seen_and_inferred_are_told_apart_with_confidence(fake, opened, locale, lang):
    fake.put_picture()
    app = opened(locale, image="1")
    labels = [(option.content_icon, option.content) for option in group(app, "i2m_tags_1_situation").proto.options]
    assert labels == [(":material/visibility:", f"{t_label('해변', lang)} :small[82%]"),
                      (":material/lightbulb:", f"{t_label('휴가/여행', lang)} :small[51%]")]
    assert words(app).count(t(lang, "i2m.tags.none")) == 3  # time, style and weather: no ground, and it is said


def t_label(name, lang):
    from moods.vocabulary import vocabulary
    return vocabulary().label(name, lang)


def test_a_change_of_a_tag_searches_again_at_once(mine, fake):
    before = len(fake.called("picture_songs"))
    group(mine, "i2m_tags_1_situation").set_value(["해변"]).run()
    assert fake.called("weigh_tags")[-1][0][2:] == ({"휴가/여행": 0.0}, None) and len(fake.called("picture_songs")) == before + 1
    group(mine, "i2m_tags_1_situation").set_value(["해변", "휴가/여행"]).run()
    assert fake.called("weigh_tags")[-1][0][2] == {"휴가/여행": 0.51}  # back with the tagger's confidence
    mine.run()
    assert len(fake.called("picture_songs")) == before + 2  # nothing changed, nothing searched


def test_a_tag_is_added_weighed_and_all_of_it_taken_back(mine, fake):
    mine.selectbox(key="i2m_add_1").set_value("밤").run()
    assert fake.called("weigh_tags")[-1][0][2] == {"밤": 0.8} and mine.selectbox(key="i2m_add_1").value is None
    mine.session_state["i2m_weights"] = True
    mine.run()
    mine.slider(key="i2m_weight_1_밤").set_value(-0.5).run()
    assert fake.called("weigh_tags")[-1][0][2] == {"밤": -0.5}
    assert "avoid -0.5" in group(mine, "i2m_tags_1_time").proto.options[0].content
    press(mine, "i2m_reset")
    assert {tag.tag: tag.weight for tag in fake.pictures[1].tags} == {"해변": 0.82, "휴가/여행": 0.51, "기분전환": 0.44, "여름": 0.4, "밤": 0.0}


def test_free_words_are_read_as_tags(mine, fake):
    mine.text_input(key="i2m_words_1").set_value("a night by the sea").run()
    assert fake.called("weigh_tags")[-1][0][2:] == ({}, "a night by the sea")
    assert t("en", "i2m.tags.read_words", tags="#Night") in words(mine)


def test_a_refused_change_is_said(mine, fake):
    fake.failures["weigh_tags"] = DataError("picture.words", count=301, most=300)
    mine.text_input(key="i2m_words_1").set_value("x").run()
    assert not mine.exception and "301" in mine.error[0].value


def test_nothing_left_to_look_for_says_so(mine, fake):
    for category, names in {"situation": [], "emotion": [], "season": []}.items():
        group(mine, f"i2m_tags_1_{category}").set_value(names).run()
    assert not mine.exception and t("en", "errors.mood.nothing", value="–") in mine.error[0].value


def test_the_ground_of_every_tag_is_a_table(mine):
    mine.session_state["i2m_details"] = True
    mine.run()
    table = mine.dataframe[0].value
    assert table["Why"].tolist()[0] == "sea and beach" and table["Ground"].tolist()[:2] == ["seen", "inferred"]


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_who_looked_and_what_went_wrong_is_shown(opened, fake, locale, lang):
    fake.put_picture(notes={"fallback": {"code": "vision.malformed", "values": {"service": "OpenAI"}}, "scenes": []})
    fake.put_picture(tagger="openai:gpt-4o-mini", notes={"dropped": 2}, tags=())
    shown = words(opened(locale, image="1"))
    assert t(lang, "errors.vision.malformed", service="OpenAI") in shown and "efficientnet" in shown
    shown = words(opened(locale, image="2"))
    assert "OpenAI gpt" in shown and t(lang, "i2m.tagger.dropped", count=2) in shown and t(lang, "i2m.tags.nothing") in shown


# --- songs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_song_says_how_similar_it_is_and_why(fake, opened, locale, lang):
    fake.put_picture(searched=True)
    app = opened(locale, image="1")
    shown = words(app).replace("\\", "")
    assert t(lang, "i2m.why.against", tags=t_label("겨울", lang)) in shown
    assert t(lang, "i2m.songs.similarity", percent=88) in {bar.proto.text for bar in app.get("progress")}
    assert any("results?search_query=Singer+1+Song+1" in link.proto.url for link in app.get("link_button"))


def test_drawing_again_is_another_seed_in_the_url(mine, fake):
    press(mine, "i2m_draw")
    assert fake.called("picture_songs")[-1][1]["seed"] == 1 and mine.query_params["seed"] == "1" and "**1. Song 101**" in words(mine)
    press(mine, "i2m_first")
    assert fake.called("picture_songs")[-1][1]["seed"] == 0 and "seed" not in mine.query_params


def test_choices_come_from_the_url_and_go_there(opened, fake):
    fake.put_picture()
    app = opened(image="1", genre="재즈", count="9", variety="0.4", seed="3", language="en", **{"from": "1990", "to": "1999"})
    assert fake.called("picture_songs")[-1][1] == {"genres": ["재즈"], "count": 9, "seed": 3, "variety": 0.4,
                                                   "languages": ["en"], "years": (1990, 1999)}
    app.slider(key="i2m_count").set_value(12).run()
    assert app.query_params["count"] == "12" and fake.called("picture_songs")[-1][1]["count"] == 12
    app.checkbox(key="i2m_by_year").set_value(False).run()
    assert fake.called("picture_songs")[-1][1]["years"] is None and "from" not in app.query_params


def test_nonsense_in_the_url_is_left_alone(opened, fake):
    fake.put_picture()
    opened(image="1", genre="우주", count="900", variety="nan", seed="-1", language="xx")
    assert fake.called("picture_songs")[-1][1] == {"genres": ["가요", "POP"], "count": 5, "seed": 0, "variety": 0.0,
                                                   "languages": [], "years": None}


@pytest.mark.parametrize(("chosen", "told"), [([], "one"), (["가요", "POP", "재즈", "트롯"], "too_many")])
def test_one_to_three_genres(mine, fake, chosen, told):
    group(mine, "i2m_genres").set_value(chosen).run()
    assert t("en", f"i2m.choice.{told}") in words(mine) and group(mine, "i2m_genres").value == ["가요", "POP"]
    group(mine, "i2m_genres").set_value(["가요", "POP", "재즈"]).run()
    assert fake.called("picture_songs")[-1][1]["genres"] == ["가요", "POP", "재즈"]
    assert t("en", f"i2m.choice.{told}") not in words(mine)


@pytest.mark.parametrize("there", [3, 0])
def test_fewer_songs_than_asked_for_is_said(opened, fake, there):
    fake.songs_there = there
    fake.put_picture()
    told = t("en", "i2m.songs.short", found=3, asked=5) if there else t("en", "i2m.songs.none")
    assert told in words(opened(image="1"))


def test_with_a_key_a_click_asks_once_and_shows_youtubes_own_player(mine, fake):
    fake.youtube = {1: Listen("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ", "A title", "A channel"),
                    2: Listen("https://y/search", error_code="youtube.quota", error_values={})}
    mine.run()
    assert not fake.called("listen") and not mine.get("iframe")
    press(mine, "i2m_play_1")
    assert fake.called("listen")[0][0][1:] == (1, "Song 1", "Singer 1")
    assert mine.get("iframe")[0].proto.src == "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"
    press(mine, "i2m_play_2")
    assert len(mine.get("iframe")) == 0 and t("en", "errors.youtube.quota") in words(mine)
    assert "https://y/search" in {link.proto.url for link in mine.get("link_button")}
    press(mine, "i2m_hide_2")
    assert t("en", "errors.youtube.quota") not in words(mine)


# --- keeping and sharing ------------------------------------------------------------------------------------------


def test_a_list_and_a_card_can_be_kept(mine, fake):
    names = {button.proto.label for button in mine.get("download_button")}
    assert {t("en", f"i2m.save.{name}") for name in ("m3u8", "csv", "text")} <= names
    assert "#Beach" in mine.code[0].value and "1. Singer 1 - Song 1 (Korean pop, 88%)" in mine.code[0].value
    press(mine, "i2m_card_make")
    assert fake.called("picture_card")[0][0][1:] == (1, "en")
    assert t("en", "i2m.save.card_download") in {button.proto.label for button in mine.get("download_button")}
    press(mine, "i2m_draw")  # other songs: the old card is not offered for them
    assert t("en", "i2m.save.card_download") not in {button.proto.label for button in mine.get("download_button")}


def test_a_card_that_fails_is_said(mine, fake):
    fake.failures["picture_card"] = AppError("picture.gone")
    assert t("en", "errors.picture.gone") in words(press(mine, "i2m_card_make"))


def test_sharing_takes_consent_and_is_never_on_by_itself(mine, fake):
    assert mine.button(key="i2m_share_1").disabled and not mine.checkbox(key="i2m_agree_1").value
    mine.checkbox(key="i2m_agree_1").check().run()
    press(mine, "i2m_share_1")
    assert fake.called("share_picture")[0][1] == {"consent": True} and fake.pictures[1].shared_at == MOMENT
    press(mine, "i2m_unshare_1")
    assert fake.pictures[1].shared_at is None and "i2m_share_1" in keys(mine)
    assert len(fake.called("share_picture")) == 1


def test_a_link_is_made_shown_and_taken_back(mine, fake):
    assert "picture=tOkEn-1" not in str([code.value for code in mine.code])
    press(mine, "i2m_link_make_1")
    assert any(code.value.endswith("?picture=tOkEn-1") for code in mine.code)
    press(mine, "i2m_link_back_1")
    assert fake.pictures[1].token is None and "i2m_link_make_1" in keys(mine)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_shows_the_result_to_look_at_only(opened, fake, locale, lang):
    fake.put_picture(MINA, searched=True, token="tOkEn-1", words="a *night*")
    app = opened(locale, picture="tOkEn-1")
    shown = words(app)
    assert t(lang, "i2m.link.heading") in shown and "**1. Song 1**" in shown and "a \\*night\\*" in shown
    assert keys(app) <= {"i2m_own", "search_open", "sidebar_sync", "sidebar_delete"} and not app.get("button_group")[3:] and not fake.called("picture_songs")
    press(app, "i2m_own")
    assert "picture" not in app.query_params and "i2m_start" in keys(app)


def test_a_link_taken_back_says_so(opened):
    assert t("en", "errors.picture.link_gone") in words(opened(picture="nothing"))


# --- galleries ----------------------------------------------------------------------------------------------------


def test_ones_own_pictures_are_opened_with_the_choices_of_their_search(opened, fake):
    fake.put_picture(MINA)
    fake.put_picture(searched=True, shared_at=MOMENT, token="x")
    app = opened(tab="mine")
    assert "i2m_open_1" not in keys(app) and t("en", "i2m.mine.shared") in words(app) and t("en", "i2m.mine.linked") in words(app)
    press(app, "i2m_open_2")
    assert app.query_params["image"] == "2" and app.query_params["tab"] == "make" and app.query_params["genre"] in ("가요", ["가요"])
    assert t("en", "i2m.tags.heading") in words(app)


def test_deleting_asks_first(opened, fake):
    fake.put_picture()
    app = opened(tab="mine")
    press(app, "i2m_delete_1")
    assert t("en", "i2m.mine.delete_what") in words(app) and not fake.called("delete_picture")
    confirm(app, "i2m_delete_1")
    assert fake.called("delete_picture")[0][0][1] == 1 and t("en", "i2m.mine.deleted") in words(app)
    assert t("en", "i2m.mine.empty.title") in words(app)


def test_a_picture_that_was_taken_down_says_so(opened, fake):
    fake.put_picture(removed_at=MOMENT)
    app = opened(tab="mine")
    assert t("en", "i2m.mine.removed") in words(app) and "i2m_open_1" not in keys(app) and "i2m_delete_1" in keys(app)
    assert t("en", "i2m.save.removed") in words(opened(image="1"))


def test_pages_of_ones_own_pictures(opened, fake):
    for _ in range(11):
        fake.put_picture()
    app = opened(tab="mine")
    assert {key for key in keys(app) if key.startswith("i2m_open_")} == {f"i2m_open_{number}" for number in range(3, 12)}
    press(app, "i2m_page_mine_next")
    assert {key for key in keys(app) if key.startswith("i2m_open_")} == {"i2m_open_1", "i2m_open_2"} and app.query_params["mine_page"] == "2"
    assert app.button(key="i2m_page_mine_next").disabled
    assert "i2m_open_11" in keys(opened(tab="mine", mine_page="40"))


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_archive_is_empty_then_filtered_by_tag(opened, fake, locale, lang):
    assert t(lang, "i2m.archive.empty.title") in words(opened(locale, tab="archive"))
    fake.put_picture(MINA, shared_at=MOMENT, searched=True)
    fake.put_picture(MINA)
    app = opened(locale, tab="archive")
    assert fake.called("archive")[-1][1] == {"tag": None, "reported": False, "limit": 9, "offset": 0} and "mina" in words(app)
    assert {key for key in keys(app) if key.startswith("i2m_show_")} == {"i2m_show_1"}
    app.selectbox(key="i2m_tag").set_value("여름").run()
    assert fake.called("archive")[-1][1]["tag"] == "여름" and app.query_params["tag"] == "여름"
    press(app, "i2m_show_1")
    assert app.query_params["shared"] == "1" and "**1. Song 1**" in words(app)
    press(app, "i2m_back")
    assert "i2m_show_1" in keys(app) and "shared" not in app.query_params


def test_a_user_reports_anothers_and_deletes_ones_own(opened, fake):
    fake.actor = MINA
    fake.put_picture(VIEWER, shared_at=MOMENT)
    fake.put_picture(MINA, shared_at=MOMENT)
    app = opened(tab="archive")
    assert {"i2m_report_1", "i2m_delete_2"} <= keys(app) and not {"i2m_report_2", "i2m_delete_1", "i2m_remove_1"} & keys(app)
    assert not app.toggle
    confirm(app, "i2m_report_1")
    assert fake.called("report_picture")[0][0][1:] == (1, "not_mine") and t("en", "i2m.archive.reported_done") in words(app)
    confirm(app, "i2m_delete_2")
    assert 2 not in fake.pictures


def test_an_administrator_sees_reports_and_settles_or_removes(opened, fake):
    fake.put_picture(MINA, shared_at=MOMENT, reports=("person", "person", "other"))
    fake.put_picture(MINA, shared_at=MOMENT)
    app = opened(tab="archive")
    app.toggle(key="i2m_reported").set_value(True).run()
    assert fake.called("archive")[-1][1]["reported"] is True and "i2m_show_2" not in keys(app)
    assert t("en", "i2m.archive.reports", count=3, reasons=", ".join(t("en", f"i2m.reason.{one}") for one in ("person", "other"))) in words(app)
    press(app, "i2m_settle_1")
    assert fake.called("settle_reports") and t("en", "i2m.archive.settled") in words(app)
    fake.pictures[1] = replace(fake.pictures[1], reports=("other",))
    app.run()
    confirm(app, "i2m_remove_1")
    assert fake.called("remove_picture")[0][0][1:] == (1, "not_mine") and fake.pictures[1].removed_at == MOMENT


def test_a_shared_picture_that_has_gone_says_so(opened, fake):
    fake.put_picture(MINA, shared_at=MOMENT)
    app = opened(tab="archive", shared="77")
    assert t("en", "errors.picture.gone") in words(app) and "i2m_show_1" in keys(app)


# --- guide --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_guide_says_who_looks_and_how_much_quota_is_left(opened, fake, locale, lang):
    shown = words(opened(locale, tab="guide"))
    assert t(lang, "i2m.guide.body").strip() in shown and t(lang, "i2m.guide.youtube_off") in shown and "efficientnet" in shown
    fake.looks, fake.youtube, fake.units = ("gemini:gemini-3.1-flash-lite", LOCAL), {}, 700
    shown = words(opened(locale, tab="guide"))
    assert "Google Gemini" in shown and t(lang, "i2m.guide.youtube_on", used="700", most="10,000") in shown


def test_an_error_of_a_service_is_text(opened, fake):
    fake.failures["list_pictures"] = AppError("unexpected", kind="X")
    assert len(opened(tab="mine").error) == 1
