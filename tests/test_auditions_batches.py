"""Whose an audition is, what stays of it, and batches of them that go on where they stopped."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from made_auditions import LYRICS, ended, held, reply, server_of_judges, song_to_judge, stage_of_judges, until  # noqa: F401
from sqlalchemy import text

import accounts
import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from support.errors import DataError, NotAllowed, NotFound
from tests.providers.llm_server import Act

# --- whose ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def others(clean):
    with db.begin() as connection:
        ids = connection.execute(text("""INSERT INTO users (nickname, role) VALUES ('ann', 'analyst'), ('eve', 'analyst')
                                         RETURNING id""")).scalars().all()
    return SimpleNamespace(ann=Actor(ids[0], "analyst", "ann"), eve=Actor(ids[1], "analyst", "eve"))


def test_anothers_audition_cannot_be_read_retried_cancelled_or_deleted(stage, others):
    ann, eve = others.ann, others.eve
    song = services.add_song(ann, "Ann", "Mine", LYRICS)
    view = ended(services.start_audition(ann, song, lang="en"), ann)
    for act in (lambda: services.get_audition(eve, view.row.id), lambda: services.retry_judge(eve, view.row.id, 0, 0),
                lambda: services.cancel_audition(eve, view.row.id), lambda: services.delete_audition(eve, view.row.id)):
        with pytest.raises(NotAllowed) as caught:
            act()
        assert caught.value.code == "audition_of_another"
    assert services.list_auditions(eve) == ([], 0) and services.list_auditions(ADMIN)[1] == 1
    with pytest.raises(NotFound):
        services.start_audition(eve, song)
    batch = services.start_batch(ann, lyrics_ids=[song])
    until(lambda: services.list_batches(ann, batch)[0].state == "done")
    assert services.list_batches(eve) == []
    with pytest.raises(NotFound):
        services.resume_batch(eve, batch)


def test_a_viewer_starts_nothing(stage, song):
    viewer = Actor(1, "viewer", "vic")
    view = held(song)
    for act in (lambda: services.start_audition(viewer, song), lambda: services.start_batch(viewer),
                lambda: services.retry_judge(viewer, view.row.id, 0, 0), lambda: services.resume_batch(viewer, 1)):
        with pytest.raises(NotAllowed):
            act()
    assert accounts.may(ADMIN, "audition")


@pytest.mark.parametrize(("options", "code"), [({"repeats": 0}, "audition.repeats"), ({"repeats": 6}, "audition.repeats"),
                                               ({"panel": "none"}, "audition.panel")])
def test_what_cannot_be_is_refused_before_anything_is_stored(stage, song, options, code):
    with pytest.raises(DataError) as caught:
        services.start_audition(ADMIN, song, **options)
    assert caught.value.code == code and services.list_auditions(ADMIN)[1] == 0


# --- afterwards ----------------------------------------------------------------------------------------------------


def test_lyrics_deleted_meanwhile_stay_in_the_audition(stage, song):
    stage.default = Act(first_s=0.2)
    audition_id = services.start_audition(ADMIN, song)
    services.delete_song(ADMIN, song)
    view = ended(audition_id)
    assert view.row.total == 180 and view.lyrics == LYRICS


def test_deletion_takes_the_judges_along_and_waits_for_the_end(stage, song):
    stage.default = Act("stall")
    audition_id = services.start_audition(ADMIN, song)
    with pytest.raises(DataError):
        services.delete_audition(ADMIN, audition_id)
    services.cancel_audition(ADMIN, audition_id)
    ended(audition_id)
    services.delete_audition(ADMIN, audition_id)
    with pytest.raises(NotFound):
        services.get_audition(ADMIN, audition_id)
    with db.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audition_judges")).scalar_one() == 0
        assert connection.execute(text("SELECT action FROM audit_log")).scalars().all()[-1] == "delete_audition"


def test_lists_are_searched_ordered_and_paged(stage, song):
    found = {}
    for level in (2, 5, 3):
        stage.reply = lambda asked, level=level: reply(asked, level)
        found[level] = held(song).row.id
    best, count = services.list_auditions(ADMIN, order="best", limit=2)
    assert [row.id for row in best] == [found[5], found[3]] and count == 3
    assert [row.id for row in services.list_auditions(ADMIN, order="worst", limit=1, offset=1)[0]] == [found[3]]
    assert [row.id for row in services.list_auditions(ADMIN, search="HARB", verdict="HIT")[0]] == [found[5]]
    assert services.list_auditions(ADMIN, search="%")[1] == 0
    with pytest.raises(DataError):
        services.list_auditions(ADMIN, order="id; DROP TABLE auditions")


# --- batches -------------------------------------------------------------------------------------------------------


def many(count):
    return [services.add_song(ADMIN, "Choir", f"Song {number}", f"{LYRICS}\nverse {number}") for number in range(count)]


def batch_ended(batch):
    return until(lambda: (found := services.list_batches(ADMIN, batch)[0]).state not in ("queued", "running") and found)


def test_a_batch_judges_every_song_once(stage, clean):
    ids = many(3)
    batch = services.start_batch(ADMIN, lyrics_ids=[*ids, ids[0]], lang="en")
    view = batch_ended(batch)
    assert (view.state, view.done) == ("done", 3)
    rows, count = services.list_auditions(ADMIN, batch_id=batch)
    assert count == 3 and sorted(row.lyrics_id for row in rows) == ids and {row.job_id for row in rows} == {view.job_id}
    assert services.get_job(ADMIN, view.job_id).result == {"batch": batch, "songs": 3, "failed": 0}


def test_a_cancelled_batch_goes_on_where_it_stopped(stage, clean):
    ids = many(3)
    stage.plan(*[Act()] * 3)
    stage.default = Act("stall")
    batch = services.start_batch(ADMIN, lyrics_ids=ids, lang="en")
    until(lambda: services.list_batches(ADMIN, batch)[0].done == 1 and len(stage.asked) == 6)
    with pytest.raises(DataError):
        services.resume_batch(ADMIN, batch)
    second = services.list_auditions(ADMIN, batch_id=batch)[0][0]
    services.cancel_audition(ADMIN, second.id)
    assert batch_ended(batch).state == "cancelled" and ended(second.id).row.state == "cancelled"
    stage.default = Act()
    services.resume_batch(ADMIN, batch)
    view = batch_ended(batch)
    assert (view.state, view.done) == ("done", 3)
    rows, _ = services.list_auditions(ADMIN, batch_id=batch, done_only=True)
    assert sorted(row.lyrics_id for row in rows) == ids and len(stage.asked) == 3 + 3 + 6


def test_a_batch_stops_when_the_budget_is_used_up_and_repeats_nothing_later(stage, clean, monkeypatch):
    ids = many(3)
    monkeypatch.setenv("MIS_BUDGET_TOKENS", "10")
    config.reload()
    batch = services.start_batch(ADMIN, lyrics_ids=ids)
    view = batch_ended(batch)
    job = services.get_job(ADMIN, view.job_id)
    assert (view.state, view.done, job.error_code) == ("failed", 1, "budget.tokens") and len(stage.asked) == 3
    monkeypatch.delenv("MIS_BUDGET_TOKENS")
    config.reload()
    services.resume_batch(ADMIN, batch)
    assert (batch_ended(batch).done, len(stage.asked)) == (3, 9)


def test_a_song_deleted_meanwhile_does_not_stop_a_batch(stage, clean):
    ids = many(3)
    services.delete_song(ADMIN, ids[1])
    batch = services.start_batch(ADMIN, lyrics_ids=ids)
    view = batch_ended(batch)
    assert (view.state, view.done) == ("done", 2)
    assert services.get_job(ADMIN, view.job_id).result["failed"] == 1
    with pytest.raises(DataError) as caught:
        services.start_batch(ADMIN, search="nothing is called this")
    assert caught.value.code == "audition.no_songs"
