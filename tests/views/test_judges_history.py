"""AI judges over made-up services: past auditions and batches, in both languages."""

from __future__ import annotations

import json

import pytest
from conftest import in_place, words
from fake_auditions import score
from fake_history import FakeHistory

import accounts
from locales import t
from support.errors import DataError, NotAllowed

FAILED = {2: {"state": "failed", "score": None, "review": "", "error_code": "provider.limited",
              "error_values": {"service": "Gemini"}}}


@pytest.fixture
def fake(monkeypatch):
    """Put a fake with a history in the place of `services`."""
    yield from in_place(monkeypatch, FakeHistory())


@pytest.fixture
def history(open_app):
    """Return a function that opens the history."""
    return lambda lang="en", **params: open_app("ai_judges", lang=lang, tab="history", **params)


@pytest.fixture
def batch(open_app):
    """Return a function that opens the batches."""
    return lambda lang="en", **params: open_app("ai_judges", lang=lang, tab="batch", **params)


def rows(app):
    """Return the rows of the list, as markdown."""
    return [each.value for each in app.markdown if ":small[:gray[\\#" in each.value]


def asked(fake):
    """Return what the history last asked for: the frame and the audition tab ask without a page's size."""
    return [kwargs for _, kwargs in fake.called("list_auditions") if kwargs["limit"] == 10][-1]


@pytest.fixture
def three(fake):
    """Put three auditions there: 240 and split, 180, and the offline rubric's."""
    fake.put_audition(judges={0: {"score": score(5)}, 1: {"score": score(2)}, 2: {"score": score(5)}},
                      title="Harbour")
    fake.put_audition(judges={place: {"score": score(3)} for place in range(3)}, title="Jacket", artist="Copper_Finch")
    fake.put_audition(offline=True, title="Rail")
    return fake


# history ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_nothing_heard_yet(history, lang):
    app = history(lang)
    assert not app.exception and not app.error
    assert t(lang, "judges.history.empty.title") in words(app)
    assert not app.get("download_button")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_list_says_verdict_total_and_judges(history, three, lang):
    app = history(lang)
    assert not app.exception and not app.error
    offline, jacket, harbour = rows(app)
    assert "**Harbour" not in harbour and "Choir of Rust – Harbour" in harbour
    assert "GOOD]" in harbour and "**240 / 300**" in harbour and t(lang, "judges.history.split") in harbour
    assert "Simon Cowell 100 · Howie Mandel 40 · Mel B 100" in harbour
    assert t(lang, "judges.history.spread", spread=60) in harbour
    assert "Copper\\_Finch" in jacket and "SOLID]" in jacket and t(lang, "judges.history.split") not in jacket
    assert t(lang, "judges.history.offline") in offline and t(lang, "judges.history.provisional") in offline
    assert "Simon Cowell" not in offline
    assert t(lang, "judges.history.count", count=3) in words(app)


def test_a_failed_judge_leaves_the_denominator_and_says_so(history, fake):
    fake.put_audition(judges=FAILED)
    (row,) = rows(history())
    assert "Mel B failed" in row and "160 of 200 points" in row and "provisional" in row


def test_an_audition_without_a_result_says_why(history, fake):
    fake.put_audition("failed", error_code="songs.gone")
    fake.put_audition("running")
    running, failed = rows(history())
    assert t("en", "errors.songs.gone") in failed.replace("\\", "") and "/ 300" not in failed + running
    app = history()
    assert app.checkbox(key="judges_h_tick_1").disabled and app.button(key="judges_h_delete_2").disabled
    assert app.button(key="judges_h_refresh")


def test_an_audition_heard_again_says_so_beside_its_old_total(history, fake):
    fake.put_audition()
    fake.set_state(1, "running")
    (row,) = rows(history())
    assert t("en", "job.running") in row and "**240 / 300**" in row


def test_search_filters_and_order_are_asked_of_the_service_and_kept_in_the_url(history, three):
    app = history()
    assert asked(three)["done_only"] is False
    app.text_input(key="judges_h_find").set_value("copper").run()
    assert len(rows(app)) == 1 and app.query_params["find"] == "copper"
    app.selectbox(key="judges_h_verdict").set_value("HIT").run()
    assert not rows(app) and "Nothing matches" in words(app)
    app.button(key="judges_h_clear").click().run()
    assert len(rows(app)) == 3 and "verdict" not in app.query_params and "find" not in app.query_params
    app = history(by="best")
    assert [row[:4] for row in rows(app)] == ["1\\. ", "2\\. ", "3\\. "] and "Harbour" in rows(app)[0]
    assert asked(three) | {"limit": 10} == {
        "search": "", "verdict": None, "panel": None, "batch_id": None, "done_only": True, "order": "best",
        "limit": 10, "offset": 0}


def test_pages_are_asked_one_by_one(history, fake):
    for number in range(23):
        fake.put_audition(title=f"Song {number}")
    app = history()
    assert len(rows(app)) == 10 and "1–10 of 23" in words(app)
    app.button(key="judges_h_next").click().run()
    app.button(key="judges_h_next").click().run()
    assert len(rows(app)) == 3 and asked(fake)["offset"] == 20 and app.button(key="judges_h_next").disabled
    assert app.query_params["p"] == "3"
    app.text_input(key="judges_h_find").set_value("Song").run()  # another question begins at the first page
    assert asked(fake)["offset"] == 0
    app = history(p="99")
    assert not app.exception and len(rows(app)) == 3


def test_a_batch_s_auditions_alone(history, fake):
    fake.put_batch()
    fake.put_audition(batch_id=1, title="In")
    fake.put_audition(title="Out")
    app = history(batch="1")
    assert len(rows(app)) == 1 and "In" in rows(app)[0] and asked(fake)["batch_id"] == 1


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_two_are_compared(history, three, lang):
    app = history(lang)
    app.checkbox(key="judges_h_tick_1").check().run()
    assert t(lang, "judges.compare.title") not in words(app)
    app.checkbox(key="judges_h_tick_2").check().run()
    assert app.query_params["compare"] == "1-2" and t(lang, "judges.compare.title") in words(app)
    assert app.checkbox(key="judges_h_tick_3").disabled and not app.checkbox(key="judges_h_tick_1").disabled
    table = app.dataframe[0].value
    assert list(table.iloc[:, 1]) == [4.0] * 9 and list(table.iloc[:, 3]) == [-1.0] * 9
    assert list(table.iloc[:, 0])[0] == t(lang, "judging.criterion.melody.name")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["x"] for trace in figure["data"]] == [[4.0] * 9, [3.0] * 9]
    assert not [info for info in app.info if "conditions" in info.value]
    app.button(key="judges_compare_close").click().run()
    assert t(lang, "judges.compare.title") not in words(app) and "compare" not in app.query_params
    assert not app.checkbox(key="judges_h_tick_1").value


def test_a_comparison_under_other_conditions_says_so(history, three):
    app = history(compare="2-3")
    assert not app.exception
    assert "one is the offline rubric's" in app.info[0].value
    assert len(app.dataframe[0].value) == 9


@pytest.mark.parametrize("link", ["2-77", "x", "1-1", "1-2-3", "-"])
def test_a_link_to_a_comparison_that_cannot_be(history, three, link):
    app = history(compare=link)
    assert not app.exception and "side by side" not in words(app)
    assert len(rows(app)) == 3


def test_deleting_asks_first(history, three):
    app = history()
    app.checkbox(key="judges_h_tick_2").check().run()
    app.button(key="judges_h_delete_2").click().run()
    assert not three.called("delete_audition") and "will be gone" in words(app)
    app.button(key="judges_h_delete_2").click()  # here a dialog's button draws the whole page again
    app.button(key="judges_h_delete_yes").click().run()
    assert three.called("delete_audition")[0][0][1] == 2
    assert "was deleted" in words(app) and len(rows(app)) == 2 and "compare" not in app.query_params


def test_a_refused_deletion_is_text(history, three):
    three.failures["delete_audition"] = DataError("audition.running")
    app = history()
    app.button(key="judges_h_delete_1").click().run()
    app.button(key="judges_h_delete_1").click()
    app.button(key="judges_h_delete_yes").click().run()
    assert app.error and not app.exception and len(three.auditions) == 3


def test_what_is_filtered_is_exported(history, three):
    app = history("ko", find="copper")
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["CSV", "JSON", "HTML 보고서"]


# batches ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_batch_says_what_it_would_take(batch, fake, lang):
    app = batch(lang)
    assert not app.exception and not app.error
    assert [metric.value for metric in app.metric] == ["10", "0"]
    assert t(lang, "judges.batch.offline") in words(app) and t(lang, "judges.batch.none.title") in words(app)
    fake.song_keys = {"OPENAI_API_KEY", "GOOGLE_API_KEY"}
    fake.estimate = {"tokens": 32_000.0, "cost_usd": 0.5, "tokens_limit": 40_000, "tokens_used": 10_000}
    app = batch(lang)
    assert [metric.value for metric in app.metric] == ["10", "20", "32,000", "$0.50"]
    assert t(lang, "judges.batch.over_budget") in words(app)
    assert t(lang, "judges.batch.budget_tokens", used="10,000", limit="40,000") in words(app)


def test_a_batch_of_a_search_is_started(batch, fake):
    app = batch(songs="shift 10")
    app.button(key="judges_b_start").click().run()
    assert fake.called("start_batch")[0][1] == {"search": "shift 10", "panel": "default", "lang": "en"}
    assert "Batch 1 has started" in words(app) and "search “shift 10”" in words(app)


def test_no_song_no_start(batch):
    app = batch(songs="nowhere")
    assert "No song found" in words(app) and "judges_b_start" not in [button.key for button in app.button]


def test_who_may_not_start(batch, fake):
    fake.actor = accounts.Actor(9, "viewer", "Viewer")
    app = batch()
    assert app.button(key="judges_b_start").disabled


def test_a_running_batch_can_be_stopped_and_its_end_ends_the_polling(batch, fake):
    running = fake.put_batch("running", done=1)
    app = batch()
    assert "Resume" not in words(app)
    app.button(key="judges_b_stop_1").click().run()
    assert fake.called("cancel_job")[0][0][1] == running.job_id
    assert app.button(key="judges_b_stop_1").disabled
    fake.set_batch(1, state="cancelled", done=2)
    app.run()
    assert "2 of 4 songs" in words(app)
    app.button(key="judges_b_resume_1").click().run()
    assert fake.called("resume_batch")[0][0][1] == 1
    assert app.button(key="judges_b_stop_1") and not app.button(key="judges_b_stop_1").disabled


def test_songs_that_could_not_be_judged_are_counted(batch, fake):
    fake.put_batch(done=3, failed=1)
    fake.put_batch()
    app = batch()
    assert "1 song could not be judged" in words(app) and "all judged" in words(app)
    assert [button.key for button in app.button if "resume" in str(button.key)] == ["judges_b_resume_1"]


def test_a_refused_start_is_text(batch, fake):
    fake.failures["start_batch"] = NotAllowed("not_allowed", role="guest", act="audition")
    app = batch()
    app.button(key="judges_b_start").click().run()
    assert app.error and not app.exception
