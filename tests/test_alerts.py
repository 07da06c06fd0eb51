"""Alerts on the real database: what each kind of rule finds in known readings, once, and how it is posted."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads

import pytest

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest.flags import Flag
from locales import texts
from providers.webhook import Webhook
from queries import alerts as queries
from queries import outlook as outlook_queries
from support.errors import DataError, NotAllowed, NotFound
from usecases import alerts
from usecases.sync import sync

FIRST = date(2026, 1, 1)
TODAY = date(2026, 2, 20)
DAYS = 40
LAST = FIRST + timedelta(days=DAYS - 1)
BAND = {"level": 95}
FIGURES = dict.fromkeys(outlook_queries.FIGURES)


def totals_of(gains, start=200_000.0):
    totals = [start]
    for gain in gains:
        totals.append(totals[-1] + gain)
    return totals


def add_outlook(*rows):
    """Store outlooks of (artist id, platform, last day, total)."""
    with db.begin() as connection:
        outlook_queries.save(connection, [row[0] for row in rows], [
            FIGURES | {"artist_id": artist, "platform": platform, "last_day": last, "total": total}
            for artist, platform, last, total in rows])


def add_forecast(artist, last_day, expected, *, days=10, platform="youtube", within_80=100.0, within_95=200.0):
    """Store a forecast of the same gain every day, with bands of the given half widths."""
    bands = {"gains": [expected] * days, "low_80": [expected - within_80] * days,
             "high_80": [expected + within_80] * days, "low_95": [expected - within_95] * days,
             "high_95": [expected + within_95] * days}
    with db.begin() as connection:
        outlook_queries.save_forecasts(connection, [artist], [
            {"artist_id": artist, "platform": platform, "last_day": last_day, "method": "ses"} | bands])


@pytest.fixture
def ann(export):
    """Give a function that stores an artist with the given gains on YouTube, and returns the id."""
    def stored(gains=(1_000.0,) * (DAYS - 1), start=200_000.0):
        totals = totals_of(gains, start)
        export("Ann_One_yt_views.csv", totals)
        sync(ADMIN)
        artist = services.list_artists(ADMIN)[0].id
        add_outlook((artist, "youtube", FIRST + timedelta(days=len(totals) - 1), totals[-1]))
        return artist
    return stored


@pytest.fixture
def another(clean, query):
    """Give another user, an analyst."""
    number = query("INSERT INTO users (nickname, role) VALUES ('Ben', 'analyst') RETURNING id")[0][0]
    return Actor(number, "analyst", "Ben")


@pytest.fixture
def alone(clean, query):
    """Give an artist without readings."""
    return query("INSERT INTO artists (key, norm_key, display_name) VALUES ('Ann', 'ann', 'Ann') RETURNING id")[0][0]


def events(actor=ADMIN, **options):
    return services.list_events(actor, **options)


# --- what rules find ----------------------------------------------------------------------------------------------


def test_a_gain_outside_the_band_gives_one_event(ann):
    artist = ann([1_000.0] * (DAYS - 2) + [1_500.0])
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    assert events() == []  # no forecast to compare with
    add_forecast(artist, LAST - timedelta(days=3), 1_010.0)
    assert services.evaluate(TODAY) == 1
    event, = events()
    assert (event.kind, event.artist, event.platform, event.day) == ("band", "Ann", "youtube", LAST)
    assert event.detail == {"observed": 1_500.0, "expected": 1_010.0, "low": 810.0, "high": 1_210.0, "outside": 1,
                            "of": 3}
    assert not event.initial and event.seen_at is None and event.delivery == "none"
    assert services.evaluate(TODAY) == 0 and len(events()) == 1


def test_the_levels_differ(ann):
    artist = ann([1_000.0] * (DAYS - 2) + [1_150.0])
    add_forecast(artist, LAST - timedelta(days=1), 1_000.0)
    services.add_rule(ADMIN, "band", {"level": 95}, today=TODAY)
    services.add_rule(ADMIN, "band", {"level": 80}, today=TODAY)
    assert [event.params for event in events()] == [{"level": 80}]


@pytest.mark.parametrize(("gain", "outside"), [(799.0, 1), (800.0, 0), (1_200.0, 0), (1_201.0, 1)])
def test_the_bounds_are_inside(ann, gain, outside):
    artist = ann([1_000.0] * (DAYS - 2) + [gain])
    add_forecast(artist, LAST - timedelta(days=1), 1_000.0)
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    assert len(events()) == outside


def test_a_band_looks_at_the_newest_forecast_made_before_the_last_reading(ann):
    artist = ann([1_000.0] * (DAYS - 2) + [1_500.0])
    add_forecast(artist, LAST - timedelta(days=3), 1_500.0)  # older
    add_forecast(artist, LAST - timedelta(days=1), 1_100.0)
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    add_forecast(artist, LAST, 1_500.0)  # knows it already: no day of it is there yet
    services.add_rule(ADMIN, "band", {"level": 80}, today=TODAY)
    assert [(event.params["level"], event.detail["expected"]) for event in events()] == [(80, 1_100.0), (95, 1_100.0)]


def test_a_day_after_the_forecast_s_end_is_not_compared(ann):
    artist = ann([1_000.0] * (DAYS - 2) + [9_000.0])
    add_forecast(artist, LAST - timedelta(days=5), 1_000.0, days=4)
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    assert events() == []


def test_a_flagged_day_is_not_compared(ann, query):
    artist = ann([1_000.0] * (DAYS - 2) + [1_500.0])
    query("UPDATE artist_growth_data SET flags = :flag WHERE day = :day", flag=int(Flag.AVERAGED), day=LAST)
    add_forecast(artist, LAST - timedelta(days=1), 1_000.0)
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    assert events() == []


def test_what_is_below_the_quality_threshold_is_left_out_of_bands_and_changes(ann):
    artist = ann([100.0] * (DAYS - 8) + [900.0] * 7, start=10_000.0)
    add_forecast(artist, LAST - timedelta(days=1), 100.0)
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    services.add_rule(ADMIN, "change", {"percent": 50, "floor": 0, "days": 7}, today=TODAY)
    assert events() == []


def test_the_day_s_event_stays_one_when_the_data_are_synced_again(ann):
    artist = ann([1_000.0] * (DAYS - 2) + [1_500.0])
    services.add_rule(ADMIN, "band", BAND, today=TODAY)
    add_forecast(artist, LAST - timedelta(days=1), 1_000.0)
    assert services.evaluate(TODAY) == 1
    sync(ADMIN, force=True)
    assert services.evaluate(TODAY) == 0 and len(events()) == 1


CHANGE = {"percent": 50, "floor": 400, "days": 7}


def test_a_change_compares_two_spans_of_days(ann):
    ann([1_000.0] * (DAYS - 8) + [1_600.0] * 7)
    services.add_rule(ADMIN, "change", CHANGE, today=TODAY)
    event, = events()
    assert event.day == LAST and event.initial
    assert event.detail == {"recent": 1_600.0, "before": 1_000.0, "percent": pytest.approx(60.0)}
    assert "60%" in services.sentence(event, "en") and "more" in services.sentence(event, "en")


@pytest.mark.parametrize(("params", "found"), [
    ({"percent": 60}, 1), ({"percent": 61}, 0), ({"floor": 600}, 1), ({"floor": 601}, 0)])
def test_a_change_needs_both_percent_and_floor(ann, params, found):
    ann([1_000.0] * (DAYS - 8) + [1_600.0] * 7)
    services.add_rule(ADMIN, "change", CHANGE | params, today=TODAY)
    assert len(events()) == found


def test_a_fall_is_a_change_too(ann):
    ann([1_000.0] * (DAYS - 8) + [400.0] * 7)
    services.add_rule(ADMIN, "change", CHANGE, today=TODAY)
    event, = events()
    assert event.detail["percent"] == pytest.approx(-60.0)
    assert "60% less" in services.sentence(event, "en") and "줄어듦" in services.sentence(event, "ko")


def test_a_change_needs_more_than_half_of_the_days(ann, query):
    ann([1_000.0] * (DAYS - 8) + [1_600.0] * 7)
    query("UPDATE artist_growth_data SET flags = :flag WHERE day > :day", flag=int(Flag.AVERAGED),
          day=LAST - timedelta(days=4))  # three of seven are left
    services.add_rule(ADMIN, "change", CHANGE, today=TODAY)
    assert events() == []


def test_a_change_that_lasts_is_told_once(ann):
    """A level that rises for good is in the older span after two weeks; until then it is the same change."""
    artist = ann([1_000.0] * 30 + [1_600.0] * 9)
    services.add_rule(ADMIN, "change", CHANGE | {"percent": 5, "floor": 50}, today=TODAY)
    told = len(events())
    for days_more in range(1, 8):  # on the first four of them it is still true
        ann([1_000.0] * 30 + [1_600.0] * (9 + days_more))
        services.evaluate(TODAY)
    assert told == 1 and len(events()) == 1
    ann([1_000.0] * 30 + [1_600.0] * 16 + [500.0] * 7)  # the other way is another change
    assert services.evaluate(TODAY) == 1 and events()[0].artist_id == artist


TARGET = {"target": 210_000}


def test_a_milestone_is_of_the_day_it_was_reached(ann):
    ann([1_000.0] * 9)
    services.add_rule(ADMIN, "milestone", TARGET, today=TODAY)
    assert events() == []  # 209,000
    ann([1_000.0] * 12)
    assert services.evaluate(TODAY) == 1
    event, = events()
    assert event.day == FIRST + timedelta(days=10)
    assert event.detail == {"target": 210_000, "total": 212_000.0}
    ann([1_000.0] * 20)
    assert services.evaluate(TODAY) == 0
    ann([2_000.0] * 20)  # read anew, it was reached earlier: known all the same
    assert services.evaluate(TODAY) == 0
    assert "210,000" in services.sentence(event, "en") and "2026년 1월 11일" in services.sentence(event, "ko")


def test_a_milestone_adds_an_artist_s_songs_up(export):
    for song in ("One", "Two"):
        export(f"Ann_{song}_yt_views.csv", totals_of([1_000.0] * 10, 100_000.0))
    sync(ADMIN)
    artist = services.list_artists(ADMIN)[0].id
    add_outlook((artist, "youtube", FIRST + timedelta(days=10), 220_000.0))
    services.add_rule(ADMIN, "milestone", TARGET, today=TODAY)
    assert [event.day for event in events()] == [FIRST + timedelta(days=5)]


def test_silence_is_counted_in_days_and_told_once(ann):
    ann()
    services.add_rule(ADMIN, "silence", {"days": 3}, today=LAST + timedelta(days=2))
    assert events() == []
    assert services.evaluate(LAST + timedelta(days=3)) == 1
    assert services.evaluate(LAST + timedelta(days=9)) == 0
    event, = events()
    assert event.day == LAST and event.detail == {"days": 3}
    ann([1_000.0] * (DAYS + 4))
    assert services.evaluate(LAST + timedelta(days=6)) == 0
    assert services.evaluate(LAST + timedelta(days=8)) == 1  # silent again


def test_a_rule_looks_at_its_artist_and_platform_only(export):
    for name in ("Ann", "Ben"):
        for platform in ("yt_views", "sp_streams"):
            export(f"{name}_One_{platform}.csv", totals_of([1_000.0] * 5))
    sync(ADMIN)
    ann_, ben = (artist.id for artist in services.list_artists(ADMIN))
    add_outlook(*((artist, platform, FIRST, 205_000.0) for artist in (ann_, ben)
                  for platform in ("youtube", "spotify")))
    for artist, platform, found in ((None, None, 4), (ben, None, 2), (None, "spotify", 2), (ann_, "youtube", 1)):
        rule = services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY, artist_id=artist, platform=platform)
        mine = [event for event in events() if event.rule_id == rule.id]
        assert len(mine) == found
        assert {event.artist_id for event in mine} <= {artist or ann_, artist or ben}
        assert {event.platform for event in mine} <= {platform or "youtube", platform or "spotify"}
    assert len(events(artist_id=ben)) == 5


def test_without_data_no_rule_finds_anything(clean):
    for kind, params in (*services.SUGGESTED, ("milestone", TARGET)):
        services.add_rule(ADMIN, kind, params, today=TODAY)
    assert services.evaluate(TODAY) == 0 and events() == []


# --- rules ------------------------------------------------------------------------------------------------------


def test_a_rule_comes_back_as_it_was_made(alone):
    rule = services.add_rule(ADMIN, "milestone", TARGET | {"beside": 1}, today=TODAY, artist_id=alone,
                             platform="spotify")
    assert services.list_rules(ADMIN) == [rule]
    assert (rule.artist, rule.platform, rule.params, rule.owner_id) == ("Ann", "spotify", TARGET, ADMIN.id)


def test_what_is_so_already_is_initial_and_not_new(ann):
    artist = ann()
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    assert [event.initial for event in events()] == [True]
    assert services.evaluate(TODAY) == 0
    assert events(unseen=True) == [] and services.unseen_alerts(ADMIN) == {}
    assert events(artist_id=artist) and events(artist_id=artist + 1) == []


@pytest.mark.parametrize(("kind", "params", "code", "value"), [
    ("luck", {}, "alert_kind", "luck"),
    ("band", {"level": 90}, "alert_param", "90"),
    ("band", {}, "alert_param", "–"),
    ("change", CHANGE | {"percent": 0}, "alert_param", "0"),
    ("change", CHANGE | {"days": 2}, "alert_param", "2"),
    ("change", CHANGE | {"days": 7.5}, "alert_param", "7.5"),
    ("milestone", {"target": float("nan")}, "alert_param", "nan"),
    ("silence", {"days": 366}, "alert_param", "366")])
def test_what_a_rule_cannot_use_is_refused(clean, kind, params, code, value):
    with pytest.raises(DataError) as caught:
        services.add_rule(ADMIN, kind, params, today=TODAY)
    assert caught.value.code == code and caught.value.values["value"] == value
    assert value in caught.value.message("ko") and services.list_rules(ADMIN) == []


def test_an_artist_or_platform_that_is_not_there_is_refused(clean):
    with pytest.raises(NotFound):
        services.add_rule(ADMIN, "band", BAND, today=TODAY, artist_id=99)
    with pytest.raises(DataError) as caught:
        services.add_rule(ADMIN, "band", BAND, today=TODAY, platform="radio")
    assert "youtube, spotify, soundcloud" in caught.value.message("en")


def test_the_same_rule_twice_is_refused_and_of_another_user_not(alone, another):
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY, artist_id=alone)
    with pytest.raises(DataError) as caught:
        services.add_rule(ADMIN, "silence", {"days": 3.0}, today=TODAY, artist_id=alone)
    assert caught.value.code == "alert_twice"
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    services.add_rule(another, "silence", {"days": 3}, today=TODAY, artist_id=alone)
    assert len(services.list_rules(ADMIN)) == 3


def test_a_viewer_may_neither_make_nor_delete(clean):
    rule = services.add_rule(ADMIN, "band", BAND, today=TODAY)
    viewer = Actor(7, "viewer", "Vic")
    with pytest.raises(NotAllowed):
        services.add_rule(viewer, "band", BAND, today=TODAY)
    with pytest.raises(NotAllowed):
        services.delete_rule(viewer, rule.id)
    assert services.list_rules(ADMIN) == [rule]


def test_another_user_s_rules_are_not_seen_nor_deleted(ann, another):
    ann()
    rule = services.add_rule(ADMIN, "silence", {"days": 3}, today=LAST)
    services.evaluate(TODAY)
    assert services.list_rules(another) == [] and events(another) == [] and services.unseen_alerts(another) == {}
    services.mark_seen(another, [event.id for event in events()])
    assert len(events(unseen=True)) == 1
    with pytest.raises(NotAllowed) as caught:
        services.delete_rule(another, rule.id)
    assert caught.value.code == "alert_of_another"
    own = services.add_rule(another, "silence", {"days": 3}, today=TODAY)
    assert [found.id for found in services.list_rules(another)] == [own.id] and len(events(another)) == 1
    assert len(events()) == 2  # an administrator sees all, and may delete all
    services.delete_rule(ADMIN, own.id)


def test_a_deleted_rule_takes_its_events(ann, query):
    ann()
    rule = services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    assert len(events()) == 1
    assert services.delete_rule(ADMIN, rule.id) == rule
    assert events() == [] and services.list_rules(ADMIN) == []
    with pytest.raises(NotFound):
        services.delete_rule(ADMIN, rule.id)
    assert [row[0] for row in query("SELECT action FROM audit_log WHERE action LIKE '%alert%' ORDER BY id")] == [
        "add_alert", "delete_alert"]


def test_an_artist_takes_its_rules_and_events(ann, query):
    artist = ann()
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY, artist_id=artist)
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    assert len(events()) == 2
    query("DELETE FROM artists")
    assert events() == [] and [rule.artist_id for rule in services.list_rules(ADMIN)] == [None]


def test_events_of_an_artist_deleted_meanwhile_are_dropped(alone):
    rule = services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    found = [{"artist_id": artist, "platform": "youtube", "day": FIRST, "detail": {"days": 3}}
             for artist in (alone, alone + 1)]
    with db.begin() as connection:
        assert queries.add_events(connection, rule.id, found, initial=False, delivery="none") == 1
        assert queries.add_events(connection, rule.id + 1, found, initial=False, delivery="none") == 0


def test_seen_events_are_no_longer_new(ann, query):
    artist = ann()
    services.add_rule(ADMIN, "silence", {"days": 3}, today=LAST)
    services.evaluate(TODAY)
    assert services.unseen_alerts(ADMIN) == {artist: 1}
    before = services.data_version(ADMIN)
    services.mark_seen(ADMIN, [event.id for event in events()])
    assert events(unseen=True) == [] and events()[0].seen_at is not None and services.unseen_alerts(ADMIN) == {}
    assert services.data_version(ADMIN) != before
    between = services.data_version(ADMIN)
    services.mark_seen(ADMIN, [event.id for event in events()])  # nothing changes, so nothing cached is dropped
    assert services.data_version(ADMIN) == between


def test_every_kind_says_in_words_what_it_found(ann):
    artist = ann([1_000.0] * (DAYS - 8) + [1_600.0] * 7)
    add_forecast(artist, LAST - timedelta(days=1), 1_000.0)
    for kind, params in (*services.SUGGESTED, ("milestone", TARGET)):
        services.add_rule(ADMIN, kind, params | ({"floor": 100} if kind == "change" else {}), today=TODAY)
    for lang in ("ko", "en"):
        said = {event.kind: services.sentence(event, lang) for event in events()}
        assert set(said) == set(services.LIMITS)
        assert all("Ann" in words and "YouTube" in words and "{" not in words for words in said.values())
        assert "1,600" in said["band"] and "800" in said["band"] and "1,200" in said["band"]


def test_every_parameter_and_kind_has_its_words():
    wanted = [f"analysis.alert.{part}.{kind}" for kind in services.LIMITS for part in ("kind", "kind_help", "rule")]
    wanted += [f"analysis.alert.param.{name}" for limits in services.LIMITS.values() for name in limits]
    for lang in ("ko", "en"):
        assert [key for key in wanted if key not in texts(lang)] == []


# --- posting ------------------------------------------------------------------------------------------------------


class Receiver:
    """A server that answers with the given codes, the last one for good, and keeps what it was sent."""

    def __init__(self, *codes):
        self.codes, self.bodies, self.keys, receiver = list(codes), [], [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.bodies.append(loads(self.rfile.read(int(self.headers["Content-Length"]))))
                receiver.keys.append(self.headers["Idempotency-Key"])
                self.send_response(receiver.codes.pop(0) if len(receiver.codes) > 1 else receiver.codes[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receive(clean, monkeypatch):
    """Give a function that starts a receiver and names it in the settings."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(alerts, "Webhook", partial(Webhook, backoff_s=0.001))
    started = []

    def start(*codes):
        started.append(Receiver(*codes))
        monkeypatch.setenv("ALERT_WEBHOOK_URL", started[-1].url)
        config.reload()
        return started[-1]

    yield start
    for receiver in started:
        receiver.server.shutdown()
        receiver.server.server_close()
    monkeypatch.undo()
    config.reload()


@pytest.fixture
def silent(ann):
    """Give a function that lets a rule find one new event."""
    def found():
        ann()
        services.add_rule(ADMIN, "silence", {"days": 3}, today=LAST)
        assert services.evaluate(TODAY) == 1
        return events()[0]
    return found


def test_an_event_is_posted_once(receive, silent):
    receiver = receive(200)
    event = silent()
    assert event.delivery == "pending"
    assert services.deliver("en") == (1, 0)
    assert services.deliver("en") == (0, 0) and services.evaluate(TODAY) == 0
    assert len(receiver.bodies) == 1 and receiver.keys == [f"mis-alert-{event.id}"]
    body = receiver.bodies[0]
    assert body["text"] == services.sentence(event, "en")
    assert body["event"] == {"id": event.id, "kind": "silence", "artist": "Ann", "platform": "youtube",
                             "day": LAST.isoformat(), "days": (TODAY - LAST).days}
    assert (events()[0].delivery, events()[0].attempts, events()[0].error) == ("sent", 1, None)


def test_a_receiver_that_stumbles_is_asked_again_at_once(receive, silent):
    receiver = receive(500, 503, 200)
    event = silent()
    assert services.deliver() == (1, 0)
    assert receiver.keys == [f"mis-alert-{event.id}"] * 3
    assert events()[0].delivery == "sent"


def test_after_three_rounds_an_event_is_given_up_and_can_be_posted_again(receive, silent):
    receiver = receive(500)
    silent()
    states = []
    for _ in range(3):
        assert services.deliver() == (0, 1)
        states.append((events()[0].delivery, events()[0].attempts, events()[0].error))
    assert states == [("pending", 1, "provider.refused"), ("pending", 2, "provider.refused"),
                      ("failed", 3, "provider.refused")]
    assert services.deliver() == (0, 0) and len(receiver.bodies) == 12  # four tries a round
    receiver.codes[:] = [200]
    assert services.deliver() == (0, 0)
    assert services.deliver(again=True) == (1, 0)
    assert events()[0].delivery == "sent"


def test_one_that_is_never_taken_holds_up_no_other(receive, silent, another, ann):
    receiver = receive(400)
    silent()
    assert services.deliver() == (0, 1)
    services.add_rule(another, "silence", {"days": 5}, today=LAST)
    assert services.evaluate(TODAY) == 1
    receiver.codes[:] = [200, 400]
    assert services.deliver() == (1, 1)
    assert sorted((event.delivery, event.attempts) for event in events()) == [("pending", 2), ("sent", 1)]


def test_what_was_so_already_is_not_posted(receive, ann):
    receiver = receive(200)
    ann()
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    assert services.deliver() == (0, 0) and receiver.bodies == [] and events()[0].delivery == "none"


def test_two_at_once_post_each_event_once(receive, silent):
    receiver = receive(200)
    silent()
    for days in range(4, 9):
        services.add_rule(ADMIN, "silence", {"days": days}, today=LAST)
    assert services.evaluate(TODAY) == 5
    threads = [threading.Thread(target=services.deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.keys) == len(set(receiver.keys)) == 6
    assert {event.delivery for event in events()} == {"sent"}


def test_without_a_webhook_nothing_waits_to_be_posted(silent):
    assert silent().delivery == "none"
    assert services.deliver() == (0, 0)


def test_the_webhook_is_on_the_list_of_what_is_connected(receive):
    def state():
        return next(each.state for each in services.capabilities(ADMIN) if each.key == "alert_webhook")
    assert state() == "missing"
    receive(200)
    assert state() == "ready"


def test_readings_that_wait_for_a_decision_are_no_silence(ann):
    artist = ann()
    add_outlook((artist, "youtube", LAST - timedelta(days=20), 1_000.0))  # the readings after that wait
    rule = services.add_rule(ADMIN, "silence", {"days": 3}, today=LAST + timedelta(days=2))
    assert not [event for event in services.list_events(ADMIN) if event.rule_id == rule.id]
