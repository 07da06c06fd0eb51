"""What is new since the last visit: each kind counted and named, only one's own, nothing from before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from made_dossiers import ADMIN, JUNO, MINA, audition, people, prediction, track
from test_my_page import post

from accounts import Actor
from usecases.news import SHOWN, news
from usecases.sync import sync

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def since(clean, query):
    people(query)
    return datetime.now(UTC) - timedelta(minutes=1)


def groups(found):
    return {group.kind: group for group in found.groups}


def rule(query, owner):
    return query("""INSERT INTO alert_rules (owner_id, kind, params) VALUES (:owner, 'milestone', '{"target": 9}')
                    RETURNING id""", owner=owner)[0][0]


def event(query, of, artist, *, initial=False, platform=1):
    query("""INSERT INTO alert_events (rule_id, artist_id, platform, day, detail, initial, delivery)
             VALUES (:rule, :artist, :platform, current_date, '{}', :initial, 'none')""", rule=of, artist=artist,
          initial=initial, platform=platform)


def comment(query, on, author, body="Nice"):
    return query("INSERT INTO comments (post_id, author_id, body) VALUES (:post, :author, :body) RETURNING id", post=on,
                 author=author, body=body)[0][0]


def test_the_first_visit_counts_nothing(since, query):
    audition(query, 7, None)
    found = news(MINA, None)
    assert found.since is None and found.empty and found.groups == ()


def test_nothing_new_is_empty(since, query):
    audition(query, 7, None)
    query("UPDATE auditions SET finished_at = :at", at=since - timedelta(hours=1))
    assert news(MINA, since).empty and news(MINA, since).since == since


def test_what_ones_own_jobs_finished(since, query):
    made = {"audition": audition(query, 7, None), "prediction": prediction(query, 7, None)}
    track(query, 7, None)
    query("UPDATE bgm_batches SET finished_at = now()")
    found = groups(news(MINA, since))
    assert set(found) == {"audition", "prediction", "bgm"}
    assert [found[kind].things[0].id for kind in made] == list(made.values())
    assert (found["audition"].things[0].fact, found["prediction"].things[0].fact) == ("PASS", "72")
    music = found["bgm"].things[0]
    assert (music.title, music.fact, music.page) == ("Calm", "1", "text_to_bgm") and set(music.query) == {"batch"}
    assert news(JUNO, since).empty and news(Actor(0, "viewer", "guest"), since).empty


def test_each_opens_on_its_page(since, query):
    number = audition(query, 7, None)
    thing = groups(news(MINA, since))["audition"].things[0]
    assert (thing.page, dict(thing.query)) == ("ai_judges", {"tab": "audition", "audition": str(number)})


def test_many_are_counted_and_the_newest_named(since, query):
    ids = [audition(query, 7, None, title=f"Song {place}") for place in range(SHOWN + 4)]
    query("UPDATE auditions SET state = 'failed' WHERE id = ANY(:ids)", ids=ids[:2])
    group = groups(news(MINA, since))["audition"]
    assert (group.count, group.failed, len(group.things)) == (SHOWN + 4, 2, SHOWN)
    assert [thing.id for thing in group.things] == ids[::-1][:SHOWN]


def test_what_still_runs_or_was_cancelled_is_no_news(since, query):
    for state in ("queued", "running", "cancelled", "interrupted"):
        audition(query, 7, None)
        query("UPDATE auditions SET state = :state WHERE state = 'done'", state=state)
    assert news(MINA, since).empty


def test_answers_of_others_to_ones_posts(since, query):
    own, quiet = post(query, 7, "Hello"), post(query, 7, "Quiet")
    comment(query, own, 8)
    comment(query, own, 9)
    comment(query, own, 7, "thanks")
    comment(query, quiet, 7, "anyone?")
    group = groups(news(MINA, since))["post"]
    assert group.count == 1 and group.things[0].id == own
    assert (group.things[0].fact, group.things[0].note) == ("2", "vik")
    assert group.things[0].page == "community" and news(JUNO, since).empty


def test_answers_that_are_gone_or_old_do_not_count(since, query):
    own = post(query, 7)
    deleted, removed, old = (comment(query, own, 8) for _ in range(3))
    query("UPDATE comments SET deleted_at = now() WHERE id = :id", id=deleted)
    query("UPDATE comments SET removed_at = now() WHERE id = :id", id=removed)
    query("UPDATE comments SET created_at = :at WHERE id = :id", id=old, at=since - timedelta(days=1))
    assert news(MINA, since).empty
    nobody = comment(query, own, None)
    thing = groups(news(MINA, since))["post"].things[0]
    assert nobody and (thing.fact, thing.note) == ("1", "")
    query("UPDATE posts SET deleted_at = now()")
    assert news(MINA, since).empty


def test_what_syncs_brought(since, export, query):
    export("IU_Palette_yt_views.csv", [1_000, 2_000, 3_000])
    export("Luna_Sea_yt_views.csv", [1, 2, 3, 4, 5])
    export("notes.csv", [1])
    sync(ADMIN)
    found = news(MINA, since).syncs
    assert (found.runs, found.failed, found.imported, found.refused) == (1, 0, 2, 1)
    assert (found.artists, found.rows) == (2, 8) and [each[1:] for each in found.most] == [("Luna", 5), ("IU", 3)]
    sync(ADMIN)
    again = news(MINA, since).syncs
    assert (again.runs, again.imported, again.rows) == (2, 2, 8)
    assert news(MINA, datetime.now(UTC)).empty and news(MINA, LONG_AGO).syncs == again


def test_new_alerts_are_those_of_ones_own_rules(since, query):
    artist = query("INSERT INTO artists (key, norm_key, display_name) VALUES ('IU', 'iu', 'IU') RETURNING id")[0][0]
    mine, theirs = rule(query, 7), rule(query, 8)
    event(query, mine, artist)
    event(query, mine, artist, initial=True, platform=2)
    event(query, theirs, artist)
    assert (news(MINA, since).alerts, news(JUNO, since).alerts) == (1, 1)
    assert news(ADMIN, since).alerts == 2  # administrators see everybody's
    query("UPDATE alert_events SET created_at = :at", at=since - timedelta(hours=1))
    assert news(MINA, since).empty
