"""The Data page: counts, uploads, files and their options, rejected rows, and the history of syncs."""

from __future__ import annotations

import pytest
from conftest import words

from accounts import Actor
from support.errors import AppError, NotAllowed

GOOD = "NeonMarigold_ParallelSummer_YouTube_views.csv"
AMBIGUOUS = "NeonMarigold_Loop_Spotify_streams.csv"


def upload(app, *names):
    box = next(iter(app.file_uploader))
    box.set_value([(name, b"date,value\n", "text/csv") for name in names]).run()
    app.button(key="data_upload_save").click().run()


def test_the_counts_are_those_of_the_service(open_app, fake):
    app = open_app("data", locale="en-US")
    status = fake.data_status(fake.actor)
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Artists", "3"), ("Songs", "4"), ("Rows", f"{status.rows:,}"), ("Files", str(status.files))]
    assert [metric.delta for metric in app.metric][2:] == ["3 rejected", "2 refused"]


def test_uploads_are_saved_synced_and_reported_one_by_one(open_app, fake):
    app = open_app("data", locale="en-US")
    upload(app, GOOD, AMBIGUOUS, "notes.csv")
    saved = fake.called("save_uploads")[0][0][1]
    assert [name for name, _ in saved] == [GOOD, AMBIGUOUS, "notes.csv"]
    assert saved[0][1] == b"date,value\n"
    assert fake.called("submit_sync")[0][1]["names"] == [GOOD, AMBIGUOUS]
    report = next(element.value for element in app.markdown if "notes" in element.value).splitlines()
    assert "New or changed · 150 rows stored, 1 rejected" in report[0]
    assert "can mean day/month or month/day" in report[1]
    assert "does not follow" in report[2]


def test_nothing_is_synced_when_every_upload_is_refused(open_app, fake):
    app = open_app("data")
    upload(app, "notes.csv")
    assert fake.called("save_uploads")
    assert not fake.called("submit_sync")
    assert "notes" in words(app)


def test_an_upload_that_is_not_allowed_is_text(open_app, fake):
    fake.failures["save_uploads"] = NotAllowed("not_allowed", role="viewer", act="upload")
    app = open_app("data", locale="en-US")
    upload(app, GOOD)
    assert not app.exception
    assert "Your role (viewer) may not do this" in app.error[0].value


def test_who_may_not_upload_is_told(open_app, fake):
    fake.actor = Actor(5, "viewer", "reader")
    app = open_app("data")
    assert "관리자만" in words(app)
    assert next(iter(app.file_uploader)).proto.disabled


def test_files_can_be_filtered(open_app):
    app = open_app("data", locale="en-US", tab="files")
    assert "14 of 14 files" in words(app)
    app.text_input(key="data_files_search").set_value("ROOFTOP").run()
    assert set(app.dataframe[0].value["Song"]) == {"Rooftop Static"}
    app.text_input(key="data_files_search").set_value("").run()
    app.pills(key="data_files_states").set_value(["refused"]).run()
    assert list(app.dataframe[0].value["File"]) == [AMBIGUOUS, "notes_2026.csv"]
    app.text_input(key="data_files_search").set_value("nothing like this").run()
    assert "0 of 14 files" in words(app)
    assert not app.exception


def test_a_refused_file_says_why(open_app):
    app = open_app("data", locale="en-US", tab="files")
    app.selectbox(key="data_file").set_value(90).run()
    assert "Dates such as 03/04/2026 can mean" in app.error[0].value


@pytest.mark.parametrize(("kind", "order", "stored"), [
    ("daily", "dmy", {"kind": "daily", "date_order": "dmy"}), ("auto", "auto", {"kind": None, "date_order": None})])
def test_options_are_stored_and_the_file_read_again(open_app, fake, kind, order, stored):
    app = open_app("data", tab="files")
    app.selectbox(key="data_file").set_value(2).run()
    app.selectbox(key="data_kind_2").set_value(kind)
    app.selectbox(key="data_order_2").set_value(order)
    app.button(key="data_save_2").click().run()
    assert fake.called("set_file_options")[0] == ((fake.actor, 2), stored)
    assert app.success


def test_rejected_rows_have_reasons_in_words(open_app):
    app = open_app("data", locale="en-US", tab="rejected")
    table = app.dataframe[0].value
    assert list(table.columns) == ["File", "Line", "Original", "Reason"]
    assert table["Reason"][0] == "the value 1.234.567 can be read in two ways; write it without separators" or \
        "1.234.567" in table["Reason"][0]


def test_the_last_sync_is_shown_file_by_file(open_app):
    app = open_app("data", locale="en-US")
    app.button(key="sidebar_sync").click().run()
    app.query_params["tab"] = "runs"
    app.run()
    table = app.dataframe[0].value
    assert table["Outcome"].value_counts().to_dict() == {
        "Skipped (same content)": 7, "New or changed": 3, "Unchanged": 2, "Refused": 2, "Not a data file": 1}
    app.pills(key="data_last_outcomes").set_value(["refused"]).run()
    assert len(app.dataframe[0].value) == 2
    assert app.dataframe[0].value["Reason"].str.len().min() > 20


def test_the_history_and_reading_everything_again(open_app, fake):
    app = open_app("data", locale="en-US", tab="runs")
    runs = app.dataframe[0].value
    assert list(runs["State"]) == ["Done", "Stopped"]
    assert runs["Lines read"].sum() == 2555
    app.button(key="data_force").click().run()
    assert fake.called("submit_sync")[0][1]["force"] is True


@pytest.mark.parametrize("tab", ["upload", "files", "rejected", "runs"])
@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_an_empty_database_is_no_error(open_app, fake, tab, locale):
    fake.artists, fake.last_sync = {}, None
    app = open_app("data", locale=locale, tab=tab)
    assert not app.exception
    assert not app.error


def test_an_error_of_one_tab_is_text(open_app, fake):
    fake.failures["rejected_rows"] = AppError("unexpected", kind="Example")
    app = open_app("data", locale="en-US", tab="rejected")
    assert not app.exception
    assert "Something failed that we did not expect (Example)" in app.error[0].value
