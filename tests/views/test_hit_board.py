"""Leaderboard, own predictions, batches and models of the hit prediction page, as a user meets them."""

from __future__ import annotations

import pytest
from conftest import words
from pages import LANGUAGES, keys, press

from accounts import Actor
from locales import t
from support.errors import FileRefused
from usecases.hit_results import HitModel

OTHER = Actor(7, "analyst", "Other")
VIEWER = Actor(9, "viewer", "vik")


@pytest.fixture
def opened(open_app):
    """Return a function that opens a tab of the page."""
    def open_tab(tab, locale="en-US", **params):
        app = open_app("hit_prediction", locale, tab=tab, **params)
        assert not app.exception
        return app
    return open_tab


def shown(app):
    return words(app).replace("\\", "")


def rows(app, kind="play"):
    """Return the predictions in order, by a button each has."""
    start = f"hit_{kind}_"
    return [int(each.key.removeprefix(start)) for each in app.button
            if (each.key or "").startswith(start) and each.key.removeprefix(start).isdigit()]


# --- leaderboard --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_leaderboard_ranks_public_predictions_with_crowns_and_shared_ranks(opened, fake, locale, lang):
    for score in (50.0, 90.0, 80.0, 90.0, 20.0):
        fake.put_hit(public=True, score=score, owner=OTHER)
    fake.put_hit(public=False, score=99.0)
    app = opened("board", locale)
    assert rows(app) == [2, 4, 3, 1, 5]
    lines = [each.value for each in app.markdown if "material/crown" in each.value]
    ranks = [t(lang, "hit.board.rank", rank=rank) for rank in (1, 1, 3)]
    assert len(lines) == 3 and all(f"**{rank}**" in line for rank, line in zip(ranks, lines, strict=True))
    assert t(lang, "hit.board.rank", rank=4) in shown(app) and t(lang, "hit.list.score", score="90") in shown(app)
    assert t(lang, "hit.board.by", owner="Other") in shown(app) and t(lang, "hit.board.own") not in shown(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_empty_leaderboard_says_how_tracks_get_there(opened, locale, lang):
    app = opened("board", locale)
    assert t(lang, "hit.board.empty.title") in words(app) and t(lang, "hit.board.empty.body") in words(app)


def test_ten_a_page_with_the_page_in_the_url_and_back_to_the_first_by_a_filter(opened, fake):
    for number in range(23):
        fake.put_hit(public=True, score=90.0 - number, genre="DANCE" if number % 2 else "POP")
    app = opened("board", board_page="3")
    assert rows(app) == [21, 22, 23] and app.button(key="hit_board_page_next").disabled
    press(app, "hit_board_page_previous")
    assert rows(app) == list(range(11, 21)) and app.query_params["board_page"] in ("2", ["2"])
    app.selectbox(key="hit_board_genre").select("DANCE").run()
    assert rows(app) == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20] and "board_page" not in app.query_params
    assert fake.called("leaderboard")[-1][1]["genre"] == "DANCE"


def test_a_page_beyond_the_last_shows_the_last(opened, fake):
    for _ in range(12):
        fake.put_hit(public=True)
    assert len(rows(opened("board", board_page="9"))) == 2


def test_search_and_order_reach_the_service_and_nothing_found_can_be_cleared(opened, fake):
    fake.put_hit(public=True, title="Ferry")
    app = opened("board", board_find="nothing", board_by="likes")
    asked = fake.called("leaderboard")[-1][1]
    assert (asked["search"], asked["order"]) == ("nothing", "likes")
    assert t("en", "hit.list.no_match.title") in words(app)
    press(app, "hit_board_clear")
    assert rows(app) == [1]


def test_a_like_is_given_and_taken_back(opened, fake):
    fake.put_hit(public=True, owner=OTHER, likes=3)
    app = opened("board")
    assert app.button(key="hit_like_1").label == "3"
    press(app, "hit_like_1")
    assert app.button(key="hit_like_1").label == "4"
    press(app, "hit_like_1")
    assert app.button(key="hit_like_1").label == "3"


def test_no_audio_is_read_before_it_is_asked_for_and_one_plays_at_a_time(opened, fake):
    fake.put_hit(public=True)
    fake.put_hit(public=True)
    app = opened("board")
    assert not fake.called("prediction_audio")
    press(app, "hit_play_1")
    assert len(app.get("audio")) == 1 and fake.called("prediction_audio")[0][0][1] == 1
    press(app, "hit_play_2")
    assert len(app.get("audio")) == 1 and fake.called("prediction_audio")[-1][0][1] == 2
    press(app, "hit_play_2")
    assert not app.get("audio")


def test_lyrics_open_where_there_are_any(opened, fake):
    fake.put_hit(public=True, lyrics="Morning *light*", owner=OTHER)
    fake.put_hit(public=True)
    app = opened("board")
    assert "hit_lyrics_2" not in keys(app) and not fake.called("get_prediction")
    press(app, "hit_lyrics_1")
    assert [each.value for each in app.text] == ["Morning *light*"]


def test_only_a_moderator_may_take_down_what_others_published(opened, fake):
    fake.put_hit(public=True, owner=OTHER)
    assert "hit_delete_1" in keys(opened("board"))
    fake.actor = VIEWER
    assert "hit_delete_1" not in keys(opened("board"))


def test_names_are_not_markdown(opened, fake):
    fake.put_hit(public=True, title="_A$AP_ :fire:", artist="[x](y)")
    assert any(r"\_A\$AP\_ \:fire\:" in each.value and r"\[x\]\(y\)" in each.value for each in opened("board").markdown)


# --- one's own ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_own_predictions_say_how_they_stand(opened, fake, locale, lang):
    fake.put_hit()
    kind = {"key": "errors.audio.kind_text", "values": {}}  # a value that is a text itself
    fake.put_hit(state="failed", error_code="audio.kind", error_values={"found": kind})
    fake.put_hit(score=None, abstained="strange")
    fake.put_hit(owner=OTHER)
    app = opened("mine", locale)
    assert rows(app) == [3, 2, 1]
    said = shown(app)
    assert t(lang, "job.failed") in said
    assert t(lang, "errors.audio.kind", found=t(lang, "errors.audio.kind_text")) in said
    assert t(lang, "hit.list.abstained") in said and t(lang, "hit.abstained.strange") in said


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_without_predictions_the_way_to_one_is_shown(opened, locale, lang):
    assert t(lang, "hit.mine.empty.title") in words(opened("mine", locale))


def test_a_prediction_is_made_public_and_private_again(opened, fake):
    fake.put_hit()
    app = opened("mine")
    app.toggle(key="hit_public_1").set_value(True).run()
    assert fake.hits[1].public and t("en", "hit.mine.published") in words(app)
    app.toggle(key="hit_public_1").set_value(False).run()
    assert not fake.hits[1].public and t("en", "hit.mine.withdrawn") in words(app)


def test_what_is_not_done_cannot_be_published(opened, fake):
    fake.put_hit(state="failed", error_code="audio.silent")
    assert opened("mine").toggle(key="hit_public_1").disabled


def test_a_viewer_publishes_nothing(opened, fake):
    fake.actor = VIEWER
    fake.put_hit()
    assert opened("mine").toggle(key="hit_public_1").disabled


def test_a_prediction_is_deleted_once_that_is_confirmed(opened, fake):
    fake.put_hit(title="Ferry")
    app = press(opened("mine"), "hit_delete_1")
    assert 1 in fake.hits and t("en", "hit.mine.delete_what", title="Ferry") in shown(app)
    app.button(key="hit_delete_1").click()  # here a dialog's button draws the whole page again
    press(app, "hit_delete_yes")
    assert 1 not in fake.hits and t("en", "hit.mine.deleted") in words(app)


def test_a_refusal_is_text(opened, fake):
    fake.put_hit()
    app = opened("mine")
    fake.failures["publish_prediction"] = FileRefused("audio.silent")
    app.toggle(key="hit_public_1").set_value(True).run()
    assert t("en", "errors.audio.silent") in shown(app) and not app.toggle(key="hit_public_1").value


# --- batches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_format_is_explained_and_a_zip_starts_a_batch(opened, fake, locale, lang):
    app = opened("batch", locale)
    assert t(lang, "hit.batch.empty.title") in words(app) and app.button(key="hit_batch_start").disabled
    assert "`full_seconds`" in words(app) and t(lang, "hit.batch.column.date") in words(app)
    app.file_uploader(key="hit_batch_file_0").set_value(("tracks.zip", b"PK", "application/zip")).run()
    app.number_input(key="hit_batch_prior").set_value(2.5).run()
    press(app, "hit_batch_start")
    _, options = fake.called("submit_prediction_batch")[0]
    assert options == {"name": "tracks.zip", "prior": 0.025}
    assert t(lang, "hit.batch.started") in words(app) and "hit_batch_stop_1" in keys(app)
    press(app, "hit_batch_stop_1")
    assert not fake.hit_batches[1].active


def test_a_batch_shows_counts_by_state_and_resumes_what_is_left(opened, fake):
    fake.put_batch(counts={"done": 3, "failed": 1, "interrupted": 2})
    app = opened("batch")
    badges = " ".join(each.value for each in app.markdown)
    assert all(f"[{t('en', f'job.{state}')} {count}]" in badges
               for state, count in (("done", 3), ("failed", 1), ("interrupted", 2)))
    assert app.button(key="hit_batch_resume_1").label == t("en", "hit.batch.resume", count=3)
    press(app, "hit_batch_resume_1")
    assert fake.hit_batches[1].active


def test_refused_files_have_their_reasons(opened, fake):
    fake.put_batch(refused=(("a.mp3", "audio.silent", {}), ("b.mp3", "audio.empty", {})))
    app = opened("batch")
    assert app.dataframe[0].value[t("en", "hit.batch.refused_why")].tolist() == [
        t("en", "errors.audio.silent"), t("en", "errors.audio.empty")]


def test_results_link_to_their_reports(opened, fake):
    fake.put_batch(counts={"done": 1, "failed": 1})
    fake.put_hit(batch_id=1, score=40.0)
    fake.put_hit(batch_id=1, state="failed", error_code="audio.silent")
    fake.put_hit(batch_id=None)
    app = opened("batch")
    assert not app.dataframe
    app.session_state["hit_batch_open_1"] = True
    app.run()
    table = app.dataframe[0].value
    links = table[t("en", "hit.batch.result.report")].tolist()
    assert len(table) == 2 and [link.rpartition("=")[2] for link in links] == ["1", "2"]
    assert table[t("en", "hit.batch.result.why")].tolist() == ["", t("en", "errors.audio.silent")]


def test_a_batch_is_deleted_once_that_is_confirmed(opened, fake):
    fake.put_batch(name="tracks.zip")
    app = press(opened("batch"), "hit_batch_delete_1")
    assert fake.hit_batches and t("en", "hit.batch.delete_what", name="tracks.zip", count=4) in shown(app)
    app.button(key="hit_batch_delete_1").click()
    press(app, "hit_batch_delete_yes")
    assert not fake.hit_batches


def test_a_viewer_starts_no_batch(opened, fake):
    fake.actor = VIEWER
    assert t("en", "hit.batch.not_allowed", role="viewer") in shown(opened("batch"))


# --- models -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_models_have_figures_beside_guessing_and_untrained_ones_no_number(opened, fake, locale, lang):
    app = opened("models", locale)
    values = {metric.label: metric.value for metric in app.metric}
    assert values == {"AUC": "0.750", "PR-AUC": "0.740", "Brier": "0.200"}
    said = shown(app)
    assert t(lang, "hit.models.guessed", auc="0.500", pr_auc="0.500", brier="0.250") in said
    assert t(lang, "hit.models.base_rate", share="50.0", count="3,000") in said
    assert said.count(t(lang, "hit.models.untrained")) == 4


def test_networks_are_listed_by_genre(opened, fake):
    test = {"test": {"auc": 0.8, "pr_auc": None, "brier": 0.1, "base_rate": 0.2, "n": 50, "calibration": []},
            "date": "2026-02-03", "kind": "crnn"}
    fake.hit_model_list = (HitModel("audio", "POP", "trained", test, "card"),
                           HitModel("audio", "BALLAD", "untrained", {}, ""), HitModel("audio", "DANCE", "untrained", {}, ""))
    app = opened("models")
    said = shown(app)
    assert "Ballad, Dance" in said and "trained 3 Feb 2026 · crnn" in said
    assert [metric.label for metric in app.metric] == ["AUC", "Brier"]
    assert "hit_model_card_audio_pop" in keys(app) and "hit_model_curve_audio_pop" not in keys(app)


def test_card_and_calibration_are_one_click_away(opened):
    app = press(opened("models"), "hit_model_card_features_all")
    assert any(each.value.startswith("# Feature model") for each in app.markdown)
    app = press(opened("models"), "hit_model_curve_features_all")
    assert t("en", "hit.parts.curve_note") in shown(app) and len(app.get("plotly_chart")) == 1


def test_a_model_of_several_has_a_table_with_simpler_ones(opened, fake):
    figures = {"auc": 0.7, "pr_auc": 0.6, "brier": 0.2, "base_rate": 0.5, "n": 100, "auc_low": 0.65, "auc_high": 0.75}
    metrics = {"kinds": {"full": figures, "short-described": figures | {"auc": 0.8}, "unheard-of": figures},
               "baselines": {"loudness": figures | {"auc": 0.6}}}
    fake.hit_model_list = (HitModel("features", None, "shipped", metrics, "card"),)
    app = opened("models")
    assert app.metric[0].value == "0.700"
    table = app.dataframe[0].value
    assert table["AUC"].tolist() == ["0.700", "0.800", "0.600"]
    assert table.iloc[2, 0] == t("en", "hit.models.baseline.loudness") and table.iloc[0, 4] == "0.650–0.750"


def test_a_shipped_model_that_is_missing_is_to_be_restored(opened, fake):
    fake.hit_model_list = (HitModel("features", None, "untrained", {}, ""),)
    assert t("en", "hit.models.missing") in shown(opened("models"))


def test_only_administrators_train(opened, fake):
    fake.actor = OTHER
    app = opened("models")
    assert "hit_train_start" not in keys(app)
    assert t("en", "hit.models.train.not_allowed", role="analyst") in shown(app)


def test_a_training_is_started_followed_and_stopped(opened, fake):
    app = opened("models")
    app.file_uploader(key="hit_train_file_0").set_value(("tracks.zip", b"PK", "application/zip")).run()
    app.selectbox(key="hit_train_genre").select("POP").run()
    press(app, "hit_train_start")
    assert fake.called("submit_hit_training")[0][1] == {"name": "tracks.zip", "genre": "POP"}
    assert app.button(key="hit_train_start").disabled and "hit_train_stop" in keys(app)
    press(app, "hit_train_stop")
    assert fake.called("cancel_job")


@pytest.mark.parametrize(("note", "named"), [("prepare", None), ("POP cnn1d", "audio"), ("ALL lyrics cnn1d", "lyrics"),
                                             ("ALL", "transfer"), ("ALL sentences", "sentences")])
def test_a_training_says_what_it_is_at(note, named):
    from views._hit_models import _step

    part = t("ko", f"hit.part.{named}") if named else None
    assert _step(note).partition(" · ")[0] == (t("ko", "hit.models.train.step.part", part=part) if named else t(
        "ko", "hit.models.train.step.prepare"))


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_training_ends_with_what_became_of_each_part(opened, fake, locale, lang):
    new, old = {"auc": 0.8, "brier": 0.1, "n": 9}, {"auc": 0.7, "brier": 0.1, "n": 9}
    parts = {"audio_POP": {"replaced": True, "new": new, "old": None, "error": None, "values": {}},
             "transfer": {"replaced": True, "new": new, "old": old, "error": None, "values": {}},
             "lyrics": {"replaced": False, "new": old, "old": new, "error": None, "values": {}},
             "sentences": {"replaced": False, "new": None, "old": None, "error": "hit_split.few", "values": {
                 "rows": 3, "hits": 1, "artists": 2, "least": 100, "least_class": 20, "least_artists": 10}}}
    job = fake.hit_job("done", kind="hit_training", result={
        "parts": parts, "rows": 40, "refused": [[3, "hit_row.artist", {}]]})
    fake.active_job = lambda actor, kind: None
    app = opened("models", locale)
    app.session_state["hit_train"] = job.id
    app.run()
    said = shown(app)
    for key, values in (("first", {"new": "0.800"}), ("replaced", {"new": "0.800", "old": "0.700"}),
                        ("kept", {"new": "0.700", "old": "0.800"})):
        assert t(lang, f"hit.models.train.{key}", **values) in said
    assert t(lang, "errors.hit_split.few", **parts["sentences"]["values"]) in said
    assert app.dataframe[-1].value[t(lang, "rejected.reason")].tolist() == [t(lang, "errors.hit_row.artist")]


def test_a_failed_training_says_why(opened, fake):
    job = fake.hit_job("failed", kind="hit_training", error_code="hit_manifest.columns",
                       error_values={"missing": "genre", "found": "a"})
    app = opened("models")
    app.session_state["hit_train"] = job.id
    app.run()
    assert t("en", "errors.hit_manifest.columns", missing="genre", found="a") in shown(app)
