"""What a sync is followed by, on the real database: figures, forecasts, milestones, alerts, for touched artists only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import pytest

import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from locales import t
from support.errors import Cancelled, NotAllowed
from usecases import jobs, outlook
from usecases.sync import Silent, sync

FIRST = date(2026, 1, 1)
DAYS = 120
LAST = FIRST + timedelta(days=DAYS - 1)
TODAY = LAST + timedelta(days=1)


def steady(days=DAYS, gain=1_000, start=200_000):
    return [start + gain * day for day in range(days)]


def outlooks(query, name="Ann"):
    """Return what is stored of an artist, by platform."""
    columns = "last_day, total, mean_7, mean_30, mean_60, momentum, volatility, growth_28, sum_30, target, target_day, " \
              "target_90"
    rows = query(f"""SELECT p.key, {columns} FROM artist_outlook o JOIN platforms p ON p.id = o.platform
                     JOIN artists a ON a.id = o.artist_id WHERE a.display_name = :name""", name=name)
    return {row[0]: dict(zip(columns.split(", "), row[1:], strict=True)) for row in rows}


@pytest.fixture
def ann(export):
    """Give a function that puts the totals of an artist into the folder and syncs."""
    def put(totals=None, name="Ann", metric="yt_views"):
        export(f"{name}_One_{metric}.csv", totals or steady())
        sync(ADMIN)
    return put


def test_figures_of_a_known_series(ann, query):
    gains = np.array([1_000 + (0, 10, -10, 20, -20, 30, -30)[day % 7] for day in range(DAYS - 1)])
    ann([200_000, *(200_000 + np.cumsum(gains)).tolist()])
    report = services.analyse(ADMIN, today=TODAY)
    assert (report.artists, report.series, report.forecasts, report.events, report.error) == (1, 1, 1, 0, None)
    found = outlooks(query)["youtube"]
    assert found["last_day"] == LAST and found["total"] == 200_000 + gains.sum()
    for days in (7, 30, 60):
        assert found[f"mean_{days}"] == pytest.approx(gains[-days:].mean())
    assert found["momentum"] == pytest.approx(1)  # whole weeks on either side
    assert found["volatility"] == pytest.approx(100 * gains[-30:].std() / gains[-30:].mean())
    assert found["growth_28"] == pytest.approx(0, abs=1e-9)
    assert found["sum_30"] == pytest.approx(30_000, rel=0.01)


def test_the_next_round_total_and_its_day(ann, query):
    ann(steady(gain=1_000, start=871_000))  # 990,000 at the end: ten days below a million
    services.analyse(ADMIN, today=TODAY)
    found = outlooks(query)["youtube"]
    assert found["target"] == 1_000_000
    assert abs((found["target_day"] - (LAST + timedelta(days=10))).days) <= 1
    assert found["target_90"] == pytest.approx(1, abs=0.02)


def test_only_artists_with_new_readings_are_refreshed(ann, query):
    ann()
    ann(name="Ben")
    assert services.analyse(ADMIN, today=TODAY).artists == 2
    assert services.analyse(ADMIN, today=TODAY).artists == 0

    def written(name):
        return query("""SELECT o.xmin FROM artist_outlook o JOIN artists a ON a.id = o.artist_id
                        WHERE a.display_name = :name""", name=name)
    before = {name: written(name) for name in ("Ann", "Ben")}
    ann(steady(DAYS + 1))
    assert services.analyse(ADMIN, today=TODAY).artists == 1
    assert written("Ben") == before["Ben"] and written("Ann") != before["Ann"]
    assert outlooks(query)["youtube"]["last_day"] == LAST + timedelta(days=1)
    sync(ADMIN, force=True)  # the same readings again
    assert services.analyse(ADMIN, today=TODAY).artists == 0


def test_the_two_newest_forecasts_are_kept(ann, query):
    for more in range(4):
        ann(steady(DAYS + more))
        services.analyse(ADMIN, today=TODAY)
    rows = query("SELECT last_day, cardinality(gains), low_95[1] <= gains[1], gains[1] <= high_95[1], gains[1] "
                 "FROM forecasts ORDER BY last_day")
    assert [row[:4] for row in rows] == [(LAST + timedelta(days=more), 30, True, True) for more in (2, 3)]
    assert rows[0][4] == pytest.approx(1_000, rel=0.02)


def test_a_series_too_short_for_a_forecast_has_figures_all_the_same(ann, query):
    ann(steady(8))
    report = services.analyse(ADMIN, today=TODAY)
    assert (report.series, report.forecasts) == (1, 0)
    found = outlooks(query)["youtube"]
    assert found["mean_7"] == pytest.approx(1_000) and found["total"] == 207_000
    assert found["sum_30"] is None and found["target_day"] is None and found["target"] == 500_000
    assert query("SELECT count(*) FROM forecasts") == [(0,)]


def test_an_artist_takes_figures_and_forecasts_along(ann, query):
    ann()
    services.analyse(ADMIN, today=TODAY)
    services.delete_artist(ADMIN, services.list_artists(ADMIN)[0].id)
    assert query("SELECT count(*) FROM artist_outlook") == query("SELECT count(*) FROM forecasts") == [(0,)]
    assert services.analyse(ADMIN, today=TODAY).artists == 0


def test_without_data_there_is_nothing_to_do(clean):
    assert services.analyse(ADMIN, today=TODAY).artists == 0
    assert services.pipeline(ADMIN).refreshed_at is None


def test_a_spike_after_the_forecast_is_an_alert_of_that_day(ann):
    ann([total + day % 7 * 40 for day, total in enumerate(steady())])
    services.analyse(ADMIN, today=TODAY)
    for kind, params in services.SUGGESTED:
        services.add_rule(ADMIN, kind, params, today=TODAY)
    ann([total + day % 7 * 40 for day, total in enumerate(steady())] + [steady()[-1] + 4_000])
    report = services.analyse(ADMIN, today=TODAY)
    assert report.events == 1
    event, = services.list_events(ADMIN)
    assert (event.kind, event.day) == ("band", LAST + timedelta(days=1))
    assert event.detail["observed"] > 3_000 and event.detail["high"] < 2_000
    assert services.analyse(ADMIN, today=TODAY).events == 0
    assert services.pipeline(ADMIN).new_events == 1  # nothing to tell the second time


def test_when_exports_stop_that_is_an_alert(ann):
    ann()
    services.analyse(ADMIN, today=TODAY)
    services.add_rule(ADMIN, "silence", {"days": 3}, today=TODAY)
    assert services.analyse(ADMIN, today=LAST + timedelta(days=2)).events == 0
    assert services.analyse(ADMIN, today=LAST + timedelta(days=3)).events == 1


def test_only_an_administrator_may_start_it(clean):
    with pytest.raises(NotAllowed):
        services.analyse(Actor(2, "analyst", "Ben"))


def test_the_sync_job_does_it_all_and_tells(export, clean):
    export("Ann_One_yt_views.csv", steady())
    job = services.submit_sync(ADMIN)
    jobs.runner()._pool.shutdown(wait=True)
    done = services.get_job(ADMIN, job.id)
    assert done.state == "done"
    told = done.result["analysis"]
    assert (told["artists"], told["series"], told["forecasts"], told["error"]) == (1, 1, 1, None)


def test_what_goes_wrong_after_a_sync_is_told_and_the_sync_is_kept(ann, monkeypatch):
    ann()
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://")  # no host
    config.reload()
    report = outlook.after_sync(ADMIN, Silent())
    assert report.error == "provider.address"
    assert services.pipeline(ADMIN).waiting == 0  # what came before the posting is done


def test_a_stopped_refresh_goes_on_the_next_time(ann, monkeypatch):
    ann()
    ann(name="Ben")
    monkeypatch.setattr(outlook, "ARTISTS_AT_ONCE", 1)

    class Once(Silent):
        def check(self):
            if services.pipeline(ADMIN).waiting < 2:
                raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        services.analyse(ADMIN, progress=Once(), today=TODAY)
    assert services.pipeline(ADMIN).waiting == 1
    assert services.analyse(ADMIN, today=TODAY).artists == 1


def test_the_errors_behind_the_intervals_are_kept_and_read_back(ann, query):
    ann()
    services.analyse(ADMIN, today=TODAY)
    rows = query("SELECT series, made_at FROM forecast_calibration")
    assert rows[0][0] == 1 and set(outlook.stored_errors()) == {outlook.NEAR_DAYS, outlook.FAR_DAYS}
    for name in ("Ben", "Cam"):
        ann(name=name)
    services.analyse(ADMIN, today=TODAY)  # two of three are new: all errors are taken anew
    renewed = query("SELECT series, made_at FROM forecast_calibration")
    assert renewed[0][0] == 2 and renewed[0][1] > rows[0][1]
    ann(steady(DAYS + 1))
    services.analyse(ADMIN, today=TODAY)  # one of three: those that are kept serve
    assert query("SELECT series, made_at FROM forecast_calibration") == renewed


def test_errors_of_an_unknown_form_are_passed_over(ann, query):
    ann()
    query("INSERT INTO forecast_calibration (data, series) VALUES ('{\"30\": {\"form\": \"old\"}}', 1)")
    try:
        kept = outlook.stored_errors()
    except KeyError:
        pytest.fail("an old form stops every refresh")
    assert kept == {}


def test_the_pipeline_tells_what_waits_and_what_there_is(ann):
    ann()
    before = services.pipeline(ADMIN)
    assert (before.waiting, before.forecasts, before.refreshed_at, before.analysed_at) == (1, 0, None, None)
    assert before.rows["daily_metrics"] == before.rows["artist_growth_data"] == DAYS and before.rows["artists"] == 1
    services.analyse(ADMIN, today=TODAY)
    after = services.pipeline(ADMIN)
    assert (after.waiting, after.forecasts, after.rows["artist_outlook"], after.rows["forecasts"]) == (0, 1, 1, 1)
    assert (after.analysed_artists, after.analysed_series, after.new_events) == (1, 1, 0)
    assert after.refreshed_at is not None and after.analysed_at >= after.refreshed_at


def test_the_command_line_s_words_fit_the_report(clean):
    report = asdict(services.analyse(ADMIN, today=TODAY))
    for lang in ("ko", "en"):
        assert "0" in t(lang, "cli.analysed", **report) and "{" not in t(lang, "cli.analysed", **report)
        assert "3" in t(lang, "cli.alerts", new=3, sent=2, failed=1)
