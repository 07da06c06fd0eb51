"""Text to BGM once music is made: a request and its variants, edits and versions, the history."""

from __future__ import annotations

import pytest
from bgm_page import VIEWER, fake_with_music, shown, wished  # noqa: F401
from conftest import words
from pages import LANGUAGES, keys, opening, press

from locales import t
from music.wish import Feel, Wish
from support.errors import DataError

opened = opening("text_to_bgm")


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
    app.session_state["app_url_at"] = 0.0  # a while later
    app.query_params["batch"] = "1"
    app.run()
    press(app, "bgm_change")
    assert wished(fake) == wish and "batch" not in app.query_params
    app.session_state["app_url_at"] = 0.0
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
