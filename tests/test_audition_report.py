"""Auditions as rows, JSON and a report, side by side, and what a batch would take; over a real database."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from test_reports import Page

import config
import db
import judging
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from auditioning.rubric import CRITERIA
from locales import LANGUAGES, t
from queries import auditions as queries
from support.errors import DataError, NotAllowed
from usecases import audition_batches, audition_report, hearing, songs
from usecases.audition_report import (
    audition_figure,
    audition_html,
    audition_json,
    audition_judges,
    audition_table,
    compare_auditions,
    comparison_figure,
    differing_terms,
)
from usecases.auditions import get_audition, list_auditions

LYRICS = "The ferry lights are counting every wave\nYou said the harbour keeps what no one gave"
JUDGES = (("simon", "Simon Cowell", "friendli", "llama", 1), ("howie", "Howie <b>Mandel", "openai", "gpt-4o-mini", 2),
          ("melb", "Mel B", "gemini", "flash", 1))
OTHER = Actor(7, "analyst", "Other")
OFFLINE = {"voices": {"simon": "Measured, dry."}, "unread": [], "findings": [], "version": "1"}
SOUND = {"melody", "rhythm", "arrangement"}


def scored(levels, *, quote="counting every wave", sound=True):
    """Return a stored score: a level for all criteria, or one a criterion."""
    by_key = levels if isinstance(levels, dict) else {each.key: levels for each in CRITERIA}
    entries = [judging.Entry(criterion=key, level=level, quote=quote, reason="Because.")
               for key, level in by_key.items()]
    what = judging.What(("pop",) if sound else ())
    return hearing.score_dict(judging.score(judging.Reply(review="r", criteria=entries), LYRICS, what))


def put(runs=((4, 4, 4),), *, title="Harbour", owner=1, offline=None, **options):
    """Store an audition that is done: a row of levels a repeat, None for a judge that failed; return its id."""
    row = {"owner_id": owner, "batch_id": None, "job_id": None, "lyrics_id": 5, "song_id": None, "artist": "=Choir", "title": title,
           "lyrics": LYRICS, "source": "folder", "tags": ("pop",), "audio": None, "cover_url": None,
           "panel": "default", "lang": "en", "repeats": len(runs), "prompt_version": "1"} | options
    with db.begin() as connection:
        number = queries.add(connection, row)
        queries.add_judges(connection, number, [
            {"place": place, "repeat": repeat, "judge": key, "name": name, "provider": provider, "model": model,
             "weight": weight, "language": "en"}
            for repeat in range(len(runs)) for place, (key, name, provider, model, weight) in enumerate(JUDGES)])
        if offline is not None:
            verdict = replace(judging.jury([hearing.score_of(offline)]), provisional=True)
            queries.set_result(connection, number, asdict(verdict), None, OFFLINE | {"score": offline})
            return number
        for repeat, run in enumerate(runs):
            for place, level in enumerate(run):
                queries.set_judge(connection, number, place, repeat, _said(level))
        first = [hearing.score_of(scored(level)) if level is not None else None for level in runs[0]]
        stats = {"totals": [240, 252], "mean": 246.0, "std": 8.5, "error": 76.2, "alpha": {}} if runs[1:] else None
        queries.set_result(connection, number, asdict(judging.jury(first, [1, 2, 1])), stats, None)
    return number


def _said(level):
    if level is None:
        return {"state": "failed", "error_code": "judge.cut", "error_values": {"finish": "length"}}
    score = scored(level)
    return {"state": "done", "review": f"Level {level}.", "raw": '{"review"}', "score": score, "total": score["total"]}


@pytest.fixture
def empty(clean, query):
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'Other', 'analyst')")


# rows ------------------------------------------------------------


def test_rows_are_one_an_audition_in_the_order_asked_for(empty):
    low, high = put(((2, 2, 2),), title="Low"), put(((5, 4, None),), title="High")
    rows = audition_table(ADMIN, order="best").set_index("id")
    assert list(rows.index) == [high, low]
    assert rows.loc[high, "judges"] == "Simon Cowell 1: 100; Howie <b>Mandel 1: 80; Mel B 1: failed"
    assert (rows.loc[high, "total"], rows.loc[high, "out_of"], rows.loc[high, "scaled_300"]) == (260, 300, 260)
    assert rows.loc[high, "provisional"] and not rows.loc[low, "provisional"]
    assert rows.loc[high, "level_hook"] == pytest.approx((5 + 2 * 4) / 3) and rows.loc[low, "level_hook"] == 2
    assert list(audition_table(ADMIN, search="low")["id"]) == [low]
    assert list(audition_table(ADMIN, ids=[low, 999])["id"]) == [low]
    assert audition_table(ADMIN, search="nothing").empty


def test_only_ones_own_are_written(empty):
    own, others = put(title="Own"), put(title="Others", owner=7)
    assert list(audition_table(OTHER)["id"]) == [others]
    with pytest.raises(NotAllowed):
        audition_json(OTHER, ids=[own])
    assert set(audition_judges(OTHER, list_auditions(ADMIN)[0])) == {others}
    assert set(audition_table(ADMIN)["id"]) == {own, others}


def test_more_than_a_page_is_written(empty, monkeypatch):
    monkeypatch.setattr(audition_report, "PAGE", 2)
    made = [put(title=f"Song {place}") for place in range(5)]
    assert list(audition_table(ADMIN)["id"]) == made[::-1]
    monkeypatch.setattr(audition_report, "MOST_EXPORTED", 3)
    tree = json.loads(audition_json(ADMIN))
    assert (tree["found"], tree["written"], len(tree["auditions"])) == (5, 3, 3)


def test_json_has_everything_but_who_and_where(empty):
    put(((4, None, 3),))
    (found,) = json.loads(audition_json(ADMIN))["auditions"]
    assert found["prompt_version"] == "1" and found["lyrics"] == LYRICS and found["tags"] == ["pop"]
    simon, howie, _ = found["judges"]
    assert simon["raw"] == '{"review"}' and simon["model"] == "llama" and simon["score"]["criteria"][0]["level"] == 4
    assert howie["score"] is None and howie["error_values"] == {"finish": "length"}
    assert not {"owner_id", "job_id"} & set(found)
    assert datetime.fromisoformat(found["created_at"]).tzinfo is not None


# judges ------------------------------------------------------------


def test_judges_of_a_list(empty):
    plain, twice = put(((4, None, 3),)), put(((5, 4, 3), (3, 4, None)))
    offline = put(offline=scored({"hook": 3}, sound=False))
    found = audition_judges(ADMIN, list_auditions(ADMIN)[0])
    assert [(mark.name, mark.total, mark.state) for mark in found[plain]] == [
        ("Simon Cowell", 80.0, "done"), ("Howie <b>Mandel", None, "failed"), ("Mel B", 60.0, "done")]
    assert [mark.total for mark in found[twice]] == [80.0, 80.0, 60.0] and found[twice][2].state == "failed"
    assert found[offline] == ()
    assert found[plain][1].error_code == "judge.cut"


# side by side ------------------------------------------------------------


def test_two_are_compared_by_their_judges_weights(empty):
    one = get_audition(ADMIN, put(((5, 2, 2),)))
    other = get_audition(ADMIN, put(((3, None, 3), (5, 4, None))))
    differences = {each.criterion: each for each in compare_auditions(one, other)}
    assert list(differences) == [each.key for each in CRITERIA]
    hook = differences["hook"]
    assert hook.first == pytest.approx((5 + 2 * 2 + 2) / 4)
    assert hook.second == pytest.approx((4 + 2 * 4 + 3) / 4), "a judge's mean over its repeats, then the weights"
    assert hook.change == pytest.approx(1.0)
    assert differing_terms(one, other) == []


def test_what_was_not_judged_has_no_difference(empty):
    one = get_audition(ADMIN, put())
    offline = get_audition(ADMIN, put(offline=scored(dict.fromkeys([each.key for each in CRITERIA
                                                                   if each.key not in SOUND], 3), sound=False),
                                      tags=(), prompt_version="2", panel="duo"))
    differences = {each.criterion: each.change for each in compare_auditions(one, offline)}
    assert {key for key, change in differences.items() if change is None} == SOUND
    assert {change for key, change in differences.items() if key not in SOUND} == {-1.0}
    assert differing_terms(one, offline) == ["offline", "panel", "prompt", "had"]
    assert comparison_figure(one, offline, lang="en") is not None
    failed = get_audition(ADMIN, put(((None, None, None),)))
    assert comparison_figure(failed, failed, lang="en") is None and failed.row.verdict is None


def test_figures_are_there_where_there_is_something_to_draw(empty):
    def drawn(audition):
        return {name for name in audition_report.FIGURES if audition_figure(audition, name, lang="en")}

    assert drawn(get_audition(ADMIN, put())) == {"criteria", "radar", "groups"}
    assert drawn(get_audition(ADMIN, put(((4, 4, 4), (5, 4, 4))))) == {"criteria", "radar", "groups", "repeats"}
    assert drawn(get_audition(ADMIN, put(((None, None, None),)))) == set()
    offline = get_audition(ADMIN, put(offline=scored({each.key: 3 for each in CRITERIA if each.key not in SOUND},
                                                     sound=False)))
    assert drawn(offline) == {"criteria", "radar"}, "two groups make no shape"


# report ------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_says_what_every_judge_said(empty, lang):
    put(((4, None, 3), (5, 4, 3)), title='</script><img src="x">')
    put(offline=scored({"hook": 3}, quote="not in there", sound=False))
    html = audition_html(ADMIN, lang=lang)
    page = Page(html)
    assert page.said("h1") == [t(lang, "judges.report.title")] and len(page.of("section")) == 3
    assert not page.of("img") and '<img src="x">' not in html
    cells = page.said("td")
    assert t(lang, "judging.criterion.hook.name") in cells and "4 / 5" in cells
    assert t(lang, "judges.report.not_judged") in cells
    said = "\n".join(page.said("p"))
    assert t(lang, "errors.judge.cut", finish="length") in said and "Level 5." in said and "Measured, dry." in said
    assert t(lang, "judging.offline.label") in said and f"({t(lang, 'judges.report.persona')}" in said
    assert len(page.of("figure")) == 4  # levels, groups and repeats; the offline rubric's levels


def test_the_report_of_one_and_of_none_and_of_too_many(empty, monkeypatch):
    assert t("en", "judges.report.nothing") in audition_html(ADMIN, lang="en")
    first, _ = put(title="One"), put(title="Two")
    assert t("en", "judges.report.cut", shown=1, count=2) not in audition_html(ADMIN, lang="en")
    assert Page(audition_html(ADMIN, lang="en", ids=[first])).said("h1") == [f"AI judges: =Choir – One #{first}"]
    monkeypatch.setattr(audition_report, "MOST_REPORTED", 1)
    cut = audition_html(ADMIN, lang="en")
    assert "– Two #" in cut and "– One #" not in cut


def test_a_stored_code_of_another_version_is_shown_as_it_is(empty):
    put(((None, None, None),))
    with db.begin() as connection:
        queries.set_state(connection, put(), "failed", "of.another.version", {})
    assert "of.another.version" in audition_html(ADMIN, lang="ko")


# batches ------------------------------------------------------------


@pytest.fixture
def keys(empty, monkeypatch):
    """Give keys to two of the three judges."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("FRIENDLI_API_KEY", "k")
    config.reload()
    songs.add_song(ADMIN, "Choir of Rust", "Shift", LYRICS)
    songs.add_song(ADMIN, "Copper Finch", "Rail", LYRICS)
    songs.add_song(OTHER, "Copper Finch", "Private", LYRICS)


def used(provider, model, calls, given, taken):
    with db.begin() as connection:
        for _ in range(calls):
            queries.add_usage(connection, datetime.now(UTC).date(), provider, model, given, taken, 0.0)


def test_an_estimate_by_what_past_calls_took(keys):
    found = audition_batches.estimate_batch(ADMIN)
    assert (found.songs, found.judges, found.calls) == (2, 2, 4) and len(found.sample) == 2
    assert found.tokens is None and found.cost_usd is None and not found.over_budget
    used("openai", "gpt-4o-mini", 3, 1_000, 500)
    assert audition_batches.estimate_batch(ADMIN).tokens is None, "one of the two was never called"
    used("friendli", "meta-llama-3.1-8b-instruct", 1, 2_000, 300)
    found = audition_batches.estimate_batch(ADMIN)
    assert found.tokens == pytest.approx(2 * (1_500 + 2_300)) and found.tokens_used == 3 * 1_500 + 2_300
    assert audition_batches.estimate_batch(ADMIN, search="rail").calls == 2


def test_an_estimate_over_the_budget(keys, monkeypatch):
    used("openai", "gpt-4o-mini", 1, 1_000, 500)
    used("friendli", "meta-llama-3.1-8b-instruct", 1, 1_000, 500)
    for limit, over in (("8999", True), ("9000", False)):
        monkeypatch.setenv("MIS_BUDGET_TOKENS", limit)
        config.reload()
        found = audition_batches.estimate_batch(ADMIN)
        assert (found.tokens_limit, found.tokens_used, found.tokens) == (int(limit), 3_000, 6_000)
        assert found.over_budget is over


def test_without_keys_nothing_is_called(empty):
    songs.add_song(ADMIN, "Choir of Rust", "Shift", LYRICS)
    found = audition_batches.estimate_batch(ADMIN)
    assert (found.songs, found.judges, found.calls, found.tokens) == (1, 0, 0, 0)


def test_a_panel_that_is_not_there(empty):
    with pytest.raises(DataError, match="nobody"):
        audition_batches.estimate_batch(ADMIN, panel="nobody")
