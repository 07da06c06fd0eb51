"""Services: starting, and what the Growth Radar is told of known series."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

import accounts
import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest.dates import to_number
from support.errors import AppError, NotAllowed, NotFound
from usecases import catalogue, playlist_library
from usecases import sync as sync_module
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent
FIRST = date(2026, 1, 1)


def day(index):
    return FIRST + timedelta(days=index)


def growing(n, start, step):
    """Return totals whose gain is `step` on the first day and grows by one percent of it every day."""
    totals = [float(start)]
    for index in range(n - 1):
        totals.append(totals[-1] + step * (100 + index) / 100)
    return totals


def growth(**options):
    artist = services.list_artists(ADMIN)[0]
    return services.artist_growth(ADMIN, artist.id, **{"window_days": 30, "threshold": 0.0} | options)


# --- starting -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(clean, monkeypatch, tmp_path):
    """Let `start` run as in a new process, without a starter catalogue; leave it so."""
    monkeypatch.setattr(catalogue, "STARTER", tmp_path / "songs.csv")
    monkeypatch.setattr(playlist_library, "STARTER", tmp_path / "playlists.jsonl")
    services._started = False
    yield clean
    services.jobs.close()
    services._started = False


def finished(kind):
    """Wait for the newest job of a kind and return it."""
    for _ in range(600):
        job = services.latest_job(ADMIN, kind)
        if job is not None and not job.active:
            return job
        time.sleep(0.05)
    raise AssertionError(f"no job of kind {kind} has ended")


def test_start_is_done_once_whoever_asks(stopped, monkeypatch):
    calls = []
    real = services.db.init_db
    monkeypatch.setattr(services.db, "init_db", lambda: calls.append(1) or real())
    errors = []

    def start():
        try:
            services.start()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.start()
    assert calls == [1] and errors == []
    assert services.ready() == (True, "") and services.latest_job(ADMIN, "sync") is None


def test_start_tries_again_after_a_failure(stopped, monkeypatch):
    def fail():
        raise NotFound("artist_gone")

    with monkeypatch.context() as once:
        once.setattr(services.db, "init_db", fail)
        with pytest.raises(NotFound):
            services.start()
    services.start()
    assert services._started


def test_the_first_start_syncs_the_folder_as_it_came(stopped, export, monkeypatch):
    export("A_B_yt_views.csv", growing(40, 200_000, 1000))
    monkeypatch.setattr(services.db, "revision", lambda: None)
    services.start()
    job = services.latest_job(ADMIN, "sync")
    services.jobs.runner()._pool.shutdown(wait=True)
    job = services.get_job(ADMIN, job.id)
    assert job.state == "done" and job.result["totals"]["imported"] == 1
    assert services.data_status(ADMIN).rows == 40
    services.jobs.close()


def test_a_start_imports_the_starter_catalogue_that_is_not_there_yet(stopped, tmp_path):
    (tmp_path / "songs.csv").write_text("장르,곡명,가수,앨범,연관태그\n발라드,밤편지,아이유,,밤|사랑\n", "utf-8")
    services.start()
    assert finished("catalogue").result["added"] == 1
    first = services.latest_job(ADMIN, "catalogue").id
    services._started = False
    services.start()
    assert services.latest_job(ADMIN, "catalogue").id == first


def test_a_setting_that_cannot_be_used_is_shown_as_an_error_of_ours(stopped, monkeypatch):
    monkeypatch.setenv("AUTH", "maybe")
    config._load.cache_clear()
    with pytest.raises(AppError) as caught:
        services.start()
    assert caught.value.code == "config_value" and caught.value.values["name"] == "AUTH"


# --- growth -------------------------------------------------------------------------------------------------------


def test_growth_of_a_known_series(export):
    totals = growing(60, 200_000, 1000)
    export("Ann_One_yt_views.csv", totals)
    export("Ann_One_sp_streams.csv", [round(value / 10) for value in totals])
    sync(ADMIN)
    found = growth()
    youtube = found.metrics["youtube"]
    gains = [b - a for a, b in zip(totals, totals[1:], strict=False)]
    week, base = gains[-7:], gains[-35:-7]
    assert youtube.momentum.value == pytest.approx((sum(week) / 7) / (sum(base) / 28))
    assert youtube.total.value == totals[-1] and youtube.last_day_gain.value == pytest.approx(gains[-1])
    assert youtube.last_week_gain.value == pytest.approx(sum(week))
    assert youtube.acceleration.value > 0 and 90 < youtube.stability.value < 100
    assert youtube.share.value + found.metrics["spotify"].share.value == pytest.approx(100)
    assert (found.window.start, found.window.end, found.window.days) == (day(30), day(59), 30)
    assert len(found.daily) == 120 and len(found.raw) == 60
    assert list(found.raw["day"].dt.date[:2]) == [day(59)] * 2 and found.raw["file"][0] == "Ann_One_sp_streams.csv"
    assert growth(window_days=None).window.days == 60 and growth(window_days=180).window.days == 60


def test_songs_are_added_up_unless_one_is_chosen(export):
    export("Ann_One_yt_views.csv", [(day(i), 200_000 + 100 * i) for i in range(40)])
    export("Ann_Two_yt_views.csv", [(day(i), 300_000 + 50 * i) for i in range(10, 40)])
    sync(ADMIN)
    artist, = services.list_artists(ADMIN)
    assert artist.totals == {"youtube": 200_000 + 3900 + 300_000 + 1950} and artist.rows == 70
    assert [(song.title, song.rows, song.first_day) for song in artist.songs] == [
        ("One", 40, day(0)), ("Two", 30, day(10))]
    assert growth().metrics["youtube"].last_day_gain.value == 150
    one = growth(song_id=artist.songs[0].id)
    assert one.metrics["youtube"].last_day_gain.value == 100 and one.song.title == "One"
    assert set(one.raw["song"]) == {"One"}


def test_platforms_under_the_threshold_are_named(export):
    export("Ann_One_yt_views.csv", growing(40, 200_000, 1000))
    export("Ann_One_sc_plays.csv", growing(40, 100, 10))
    sync(ADMIN)
    small = growing(40, 100, 10)[-1]
    found = growth(threshold=100_000.0)
    assert found.under_threshold == {"soundcloud": pytest.approx(small)}
    assert list(found.metrics) == ["youtube"] and set(found.daily["platform"]) == {"youtube"}
    assert services.list_artists(ADMIN)[0].passes(100_000)
    nothing = growth(threshold=1e12)
    assert nothing.metrics == {} and len(nothing.daily) == len(nothing.raw) == 0
    assert set(nothing.under_threshold) == {"youtube", "soundcloud"} and nothing.window.end == day(39)
    assert growth(threshold=small).under_threshold == {"soundcloud": pytest.approx(small)}, "above, not equal"


def test_the_window_ends_at_the_last_day_that_is_not_in_the_future(export, monkeypatch):
    monkeypatch.setattr(sync_module, "today_number", lambda: to_number(day(50)))
    export("Ann_One_yt_views.csv", [*((day(i), 200_000 + 1000 * i) for i in range(40)), (date(2099, 12, 31), 900_000)])
    sync(ADMIN)
    found = growth(window_days=7)
    assert (found.window.start, found.window.end) == (day(33), day(39))
    assert found.artist.last_day == day(39) and found.artist.totals == {"youtube": 239_000}
    assert found.metrics["youtube"].total.value == 239_000
    assert found.raw["flag_names"][0] == ["gap", "future"] and len(found.raw) == 8, "kept in the table, with its flag"
    assert all("future" not in names for names in found.raw["flag_names"][1:])


def test_only_future_days(export, monkeypatch):
    monkeypatch.setattr(sync_module, "today_number", lambda: to_number(day(-10)))
    export("Ann_One_yt_views.csv", growing(10, 200_000, 1000))
    sync(ADMIN)
    found = growth()
    assert found.metrics.get("youtube") is None or found.metrics["youtube"].total.value is None


def test_flagged_days_stay_out_unless_asked_for(export):
    totals = [200_000 + 1000 * i for i in range(60)]
    rows = [(day(i), total) for i, total in enumerate(totals) if i not in (50, 51)]
    export("Ann_One_yt_views.csv", rows)
    sync(ADMIN)
    assert growth(window_days=30).metrics["youtube"].stability.left_out >= 1
    assert growth(window_days=30, include_flagged=True).metrics["youtube"].stability.left_out == 0


def test_what_is_not_there(export):
    export("Ann_One_yt_views.csv", growing(10, 200_000, 1000))
    export("Bob_Two_yt_views.csv", growing(10, 200_000, 1000))
    sync(ADMIN)
    ann, bob = services.list_artists(ADMIN)
    with pytest.raises(NotFound):
        services.artist_growth(ADMIN, 10**6, window_days=7, threshold=0)
    with pytest.raises(NotFound):
        services.artist_growth(ADMIN, ann.id, window_days=7, threshold=0, song_id=bob.songs[0].id)
    for call in (services.preview_delete, services.delete_artist):
        with pytest.raises(NotFound):
            call(ADMIN, 10**6)
    for call in (services.accept_level, services.withdraw_level):
        with pytest.raises(NotFound):
            call(ADMIN, 10**6, FIRST)
    with pytest.raises(NotFound):
        services.set_file_options(ADMIN, 10**6, kind=None, date_order=None)


def test_a_file_that_left_the_folder_cannot_be_read_again(export, clean, query):
    export("Ann_One_yt_views.csv", growing(10, 200_000, 1000))
    sync(ADMIN)
    (clean / "Ann_One_yt_views.csv").unlink()
    number = query("SELECT id FROM sync_files")[0][0]
    with pytest.raises(NotFound, match="no longer in"):
        services.set_file_options(ADMIN, number, kind="daily", date_order=None)
    assert query("SELECT kind_option FROM sync_files") == [(None,)]


# --- status and versions ------------------------------------------------------------------------------------------


def test_an_empty_database(clean):
    status = services.data_status(ADMIN)
    assert (status.artists, status.songs, status.rows, status.files, status.last_sync) == (0, 0, 0, 0, None)
    assert status.database.startswith("PostgreSQL ")
    assert services.list_artists(ADMIN) == [] and services.list_files(ADMIN) == []
    assert len(services.rejected_rows(ADMIN)) == len(services.recent_runs(ADMIN)) == 0


def test_status_and_runs_after_a_sync(export):
    export("Ann_One_yt_views.csv", [(day(0), 5), ("never", 6)])
    export("Ann_One_yt_plays.csv", [1])
    sync(ADMIN)
    status = services.data_status(ADMIN)
    assert (status.artists, status.songs, status.rows, status.files) == (1, 1, 1, 1)
    assert (status.refused_files, status.rejected_rows) == (1, 1) and status.last_sync is not None
    run, = services.recent_runs(ADMIN).to_dict("records")
    assert (run["state"], run["files"], run["imported"], run["refused"], run["actor"]) == ("done", 2, 1, 1, "local")


def test_the_version_changes_with_every_act(export):
    seen = {services.data_version(ADMIN)}
    export("Ann_One_yt_views.csv", growing(10, 200_000, 1000))
    acts = [lambda: sync(ADMIN), lambda: sync(ADMIN, force=True),
            lambda: services.delete_artist(ADMIN, services.list_artists(ADMIN)[0].id)]
    for act in acts:
        act()
        seen.add(services.data_version(ADMIN))
    assert len(seen) == len(acts) + 1
    assert services.data_version(ADMIN) in seen


# --- roles --------------------------------------------------------------------------------------------------------


def test_roles():
    assert accounts.may(ADMIN, "delete") and services.current_actor() == ADMIN
    for role in ("viewer", "analyst"):
        actor = Actor(2, role, "x")
        assert not any(accounts.may(actor, act) for act in accounts.ADMINISTRATOR_ONLY)
        assert accounts.may(actor, "read")
        with pytest.raises(NotAllowed, match=role):
            accounts.require(actor, "sync")
