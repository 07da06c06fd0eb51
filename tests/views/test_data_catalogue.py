"""The catalogue tab: counts, filters in the URL, pages, export, tags edited in both languages, import and its result."""

from __future__ import annotations

import pytest
from conftest import words
from fake_catalogue import REPORT, SONGS

from accounts import Actor
from locales import t
from moods.vocabulary import vocabulary
from support.errors import AppError, Busy, NotAllowed

VIEWER, ANALYST = Actor(5, "viewer", "reader"), Actor(6, "analyst", "kim")


@pytest.fixture
def tab(open_app):
    """Return a function that opens the tab."""
    return lambda lang="en", **params: open_app("data", lang=lang, tab="catalogue", **params)


def asked(fake):
    """Return what was last asked of the list."""
    return fake.called("catalogue_page")[-1][1]


def listed(app):
    return app.dataframe[0].value


def press(app, key):
    return app.button(key=key).click().run()


def unfold(app, key):
    app.session_state[key] = True
    return app.run()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_what_there_is(tab, fake, lang):
    app = tab(lang)
    assert not app.exception and not app.error
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown[t(lang, "catalogue.entries")] == str(SONGS) and shown[t(lang, "catalogue.years")] == "1981–2024"
    table = listed(app)
    assert len(table) == 20 and list(table.columns)[:2] == [t(lang, "catalogue.column.title"),
                                                             t(lang, "catalogue.column.artist")]
    first = fake.entries[1]
    assert table.iloc[0][t(lang, "catalogue.column.genre")] == vocabulary().label(first.genre, lang)
    tags = [vocabulary().label(tag, lang) for each in first.tags.values() for tag in each]
    assert table.iloc[0][t(lang, "catalogue.column.tags")] == ", ".join(tags)
    assert table.iloc[2][t(lang, "catalogue.column.year")] == "–"  # unknown, not 0


def test_pages_are_turned_and_start_anew_with_other_filters(tab, fake):
    app = tab()
    assert "1–20 of 45" in words(app) and app.button(key="data_cat_previous").disabled
    press(press(app, "data_cat_next"), "data_cat_next")
    assert "41–45 of 45" in words(app) and len(listed(app)) == 5
    assert app.button(key="data_cat_next").disabled
    app.text_input(key="data_cat_q").set_value("mina").run()
    assert asked(fake)["offset"] == 0 and "1–20 of 23" in words(app)


def test_filters_are_in_the_url_and_come_from_it(tab, fake):
    app = tab(genre="발라드", tag="겨울", q="곡", sung="ko", sort="newest")
    found = asked(fake)
    assert {name: found[name] for name in ("search", "genres", "tags", "languages", "sort")} == {
        "search": "곡", "genres": ["발라드"], "tags": ["겨울"], "languages": ["ko"], "sort": "newest"}
    app.multiselect(key="data_cat_genre").set_value(["댄스", "POP"]).run()
    assert app.query_params["genre"] == ["댄스", "POP"] and asked(fake)["genres"] == ["댄스", "POP"]
    press(app, "data_cat_clear")
    assert not {"genre", "tag", "q", "sung"} & set(app.query_params)
    assert asked(fake)["genres"] == [] and "data_cat_clear" not in [button.key for button in app.button]


def test_years(tab, fake):
    app = tab(**{"from": "1990"})
    assert asked(fake)["years"] == (1990, None) and app.number_input(key="data_cat_from").value == 1990
    app.number_input(key="data_cat_to").set_value(2000).run()
    assert asked(fake)["years"] == (1990, 2000) and app.query_params["to"] == "2000"
    app.number_input(key="data_cat_from").set_value(None).run()
    assert asked(fake)["years"] == (None, 2000) and "from" not in app.query_params
    app.number_input(key="data_cat_to").set_value(None).run()
    assert asked(fake)["years"] is None and not app.exception


@pytest.mark.parametrize("params", [{"genre": "x", "tag": "y", "sung": "xx", "sort": "z"}, {"from": "abc", "to": "99999"},
                                    {"from": "-1"}, {"kind": "zzz"}])
def test_nonsense_in_the_url_is_passed_over(tab, fake, params):
    app = tab(**params)
    assert not app.exception and "1–20 of 45" in words(app)


def test_unknown_language_can_be_chosen(tab, fake):
    app = tab()
    app.multiselect(key="data_cat_sung").set_value(["none"]).run()
    assert asked(fake)["languages"] == [""] and "of 9" in words(app)


def test_nothing_found_is_said(tab):
    app = tab(q="nowhere to be found")
    assert "No song fits" in words(app) and not app.dataframe and not app.exception


def test_filters_leave_the_url_with_the_tab(tab):
    app = tab(genre="댄스")
    app.session_state["data_tab"] = t("en", "data.tab.upload")
    app.run()
    assert "genre" not in app.query_params


def test_figures_are_drawn_when_unfolded(tab):
    app = tab()
    assert not app.get("plotly_chart")
    unfold(app, "data_cat_charts")
    assert not app.exception and len(app.get("plotly_chart")) == 2


# tags ------------------------------------------------------------


def form(app, entry):
    app.selectbox(key="data_cat_entry").set_value(entry.id).run()
    stamp = f"{entry.edited_at.timestamp() if entry.edited_at else 0:.0f}"
    return {category: app.multiselect(key=f"data_cat_{category}_{entry.id}_{stamp}") for category in entry.tags}, \
        f"data_cat_save_{entry.id}_{stamp}"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_tags_are_edited_in_the_users_language(tab, fake, lang):
    app = tab(lang)
    boxes, save = form(app, fake.entries[1])
    assert [boxes["season"].label, boxes["season"].value] == [t(lang, "catalogue.category.season"),
                                                              list(fake.entries[1].tags["season"])]
    assert vocabulary().label("봄", lang) in boxes["season"].options
    boxes["season"].set_value(["봄", "가을"])
    press(app, save)
    args, _ = fake.called("edit_tags")[-1]
    assert args[:2] == (fake.actor, 1) and args[2]["season"] == ["봄", "가을"]
    assert args[2]["emotion"] == list(fake.entries[1].tags["emotion"])
    assert t(lang, "catalogue.edit.saved", song="Mina\\_Lee – 곡 01") in words(app)
    form(app, fake.entries[1])
    assert "local" in words(app) and list(listed(app)[t(lang, "catalogue.column.edited")])[0] == "✓"


def test_the_same_tags_are_not_said_to_be_saved(tab, fake):
    app = tab()
    press(app, form(app, fake.entries[2])[1])
    assert "nothing was saved" in words(app)


def test_an_edit_that_fails_says_why(tab, fake):
    fake.failures["edit_tags"] = AppError("catalogue.no_tags")
    app = tab()
    press(app, form(app, fake.entries[2])[1])
    assert "Choose at least one tag" in app.error[0].value and not app.exception


def test_a_viewer_reads_and_exports_and_does_no_more(tab, fake):
    fake.actor = VIEWER
    app = tab()
    assert len(listed(app)) == 20 and "Only analysts" in words(app)
    assert "data_cat_entry" not in [box.key for box in app.selectbox]
    unfold(app, "data_cat_import")
    assert "Only administrators can import" in words(app)
    assert next(iter(app.file_uploader)).proto.disabled and app.button(key="data_cat_start").disabled


def test_an_analyst_edits_and_does_not_import(tab, fake):
    fake.actor = ANALYST
    app = tab()
    assert app.selectbox(key="data_cat_entry")
    unfold(app, "data_cat_import")
    assert next(iter(app.file_uploader)).proto.disabled


# import ------------------------------------------------------------


def upload(app, name="mine.csv"):
    unfold(app, "data_cat_import")
    next(iter(app.file_uploader)).set_value((name, b"a,b\n", "text/csv")).run()
    return press(app, "data_cat_start")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_upload_is_imported_and_its_result_told(tab, fake, lang):
    app = upload(tab(lang))
    args, _ = fake.called("submit_import")[-1]
    assert args == (fake.actor, "mine.csv", b"a,b\n")
    shown = words(app)
    assert t(lang, "catalogue.import.done", name="mine\\_1\\.csv", rows_read="1,250", added="1,200", changed="11",
             unchanged="20") in shown
    for name in ("edited", "untagged", "repeated", "refused"):
        assert t(lang, f"catalogue.import.{name}", count=str(getattr(REPORT, name))) in shown
    tables = [frame.value for frame in app.dataframe]
    assert any("감성" in table.to_string() for table in tables) and any("R&B" in table.to_string() for table in tables)
    assert not app.exception


@pytest.mark.parametrize(("ends", "shown"), [
    ({"state": "failed", "error_code": "catalogue.columns", "error_values": {"missing": "장르", "found": "a, b"}},
     "Columns are missing: 장르"),
    ({"state": "failed", "error_code": "catalogue.busy", "error_values": {}}, "Another import into the catalogue"),
    ({"state": "cancelled", "error_code": "cancelled", "error_values": {}}, "it can be resumed"),
    ({"state": "interrupted", "error_code": "interrupted", "error_values": {}}, "The server stopped during the import")])
def test_an_import_that_fails_says_why(tab, fake, ends, shown):
    fake.import_ends = ends
    app = upload(tab())
    assert shown in words(app) and not app.exception


@pytest.mark.parametrize("error", [NotAllowed("not_allowed", role="viewer", act="import"), Busy("catalogue.busy")])
def test_an_upload_that_is_not_taken_is_text(tab, fake, error):
    fake.failures["submit_import"] = error
    app = upload(tab())
    assert error.message("en") in app.error[0].value and not app.exception


def test_a_running_import_is_shown_and_can_be_stopped(tab, fake):
    fake.import_ends = {}
    job = fake._import_job()
    fake._progress = fake.jobs.__getitem__
    app = tab()
    assert "500 of 1,250 rows read" in [each for each in app.get("progress")][0].proto.text
    assert press(app, "data_cat_cancel") and fake.called("cancel_job")[-1][0] == (fake.actor, job.id)
    assert not app.exception


def test_a_cut_short_import_can_be_resumed(tab, fake):
    from dataclasses import replace

    fake.imports = [replace(REPORT, id=4, state="interrupted", resumable=True), REPORT]
    app = unfold(tab(), "data_cat_import")
    table = app.dataframe[-1].value
    assert list(table["State"]) == [t("en", "job.interrupted"), t("en", "job.done")]
    press(app, "data_cat_resume_4")
    assert fake.called("resume_import")[-1][0] == (fake.actor, 4)
    assert "data_cat_resume_3" not in [button.key for button in app.button]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_empty_catalogue_says_what_to_do(tab, fake, lang):
    fake.entries, fake.imports = {}, []
    app = tab(lang)
    assert t(lang, "catalogue.empty.title") in words(app) and t(lang, "catalogue.import.none") in words(app)
    assert not app.exception and not app.error
    assert next(iter(app.file_uploader))
