"""Advanced Analysis over made-up services: forecast and patterns, in both languages."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import words
from fake_services import FakeServices

from locales import t
from support.errors import NotFound


def figures(app):
    """Return the figures drawn, as plain data."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_forecast_shows_scenarios_fan_milestone_and_accuracy(open_app, fake, lang):
    app = open_app("advanced_analysis", lang=lang, artist="neonmarigold")
    assert not app.exception and not app.error
    assert app.title[0].value == t(lang, "analysis.title")
    found = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30, threshold=100_000)
    low, base, high = fake.scenarios(found, "youtube")
    assert [metric.value for metric in app.metric[:3]] == [f"{one.totals[-1]:,.0f}" for one in (low, base, high)]
    assert low.gain <= base.gain <= high.gain
    fan, milestone = figures(app)
    assert any(t(lang, "analysis.chart.fan.forecast") == trace.get("name") for trace in fan["data"])
    assert milestone["data"]
    table = app.dataframe[0].value
    assert list(table.iloc[:, 0]) == [t(lang, f"analysis.accuracy.{name}") for name in ("forecast", *fake.PLAIN)]
    row = found.platforms.index("youtube")
    assert table.iloc[0, 1] == pytest.approx(found.forecasts.backtest.mase["forecast"][row])
    assert t(lang, "analysis.milestone.within", days=90) in words(app)


def test_the_horizon_is_asked_for_and_kept_in_the_url(open_app, fake):
    app = open_app("advanced_analysis", artist="neonmarigold", horizon="90")
    assert app.selectbox(key="analysis_horizon").value == "90"
    assert [asked["horizon"] for _, asked in fake.called("artist_analysis")] == [90, 180]
    app.selectbox(key="analysis_horizon").set_value("14").run()
    assert app.query_params["horizon"] == "14"
    assert fake.called("artist_analysis")[-1][1]["horizon"] == 14


def test_a_link_reproduces_platform_series_and_comparisons(open_app):
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", platform="spotify", show="total", past="1",
                   line="1")
    fan = figures(app)[0]
    names = {trace.get("name") for trace in fan["data"]}
    assert {"Past forecasts", "Straight line"} <= names
    assert "Total (streams)" in json.dumps(fan["layout"])
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", show="gain", line="1")
    assert "Straight line" not in {trace.get("name") for trace in figures(app)[0]["data"]}


def test_a_reached_milestone_says_the_day(open_app, fake):
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", target="1000000")
    found = fake.artist_analysis(fake.actor, 1, horizon=180, window_days=30, threshold=100_000)
    row = found.platforms.index("youtube")
    totals = found.panel.totals[row]
    day = found.panel.days[np.flatnonzero(totals >= 1_000_000)[0]].item()
    assert f"1,000,000 was reached on {day.day} {day:%b %Y}" in app.success[0].value


def test_the_next_round_number_is_one_click(open_app, fake):
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold")
    app.button(key="analysis_next_target").click().run()
    found = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30, threshold=100_000)
    following = fake.next_target(float(found.forecasts.last_total[found.platforms.index("youtube")]))
    assert app.number_input(key="analysis_target").value == following
    assert app.query_params["target"] == f"{following:.0f}"


def test_too_few_days_are_no_forecast(open_app, fake):
    fake.days = 10
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold")
    assert not app.exception
    assert "No forecast: too few days" in words(app)
    assert len(figures(app)) == 1


def test_below_the_threshold_nothing_is_forecast(open_app):
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", threshold="999999999999")
    assert "No platform is above the quality threshold" in words(app)
    assert not figures(app)


@pytest.mark.parametrize("tab", ["forecast", "patterns", "standing"])
def test_a_song_below_the_threshold_says_so_though_its_artist_is_above(open_app, fake, tab):
    highest = max(fake._totals(fake._frame(1, 1)).values())
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", song="parallelsummer", tab=tab,
                   threshold=str(int(highest) + 1))
    assert not app.exception and not app.error
    assert "The highest total of Parallel Summer is" in words(app)
    assert f"is {highest:,.0f};" in words(app)
    app.selectbox(key="analysis_song").set_value("all").run()
    assert not app.exception and "The highest total of" not in words(app)


@pytest.mark.parametrize("tab", ["forecast", "patterns", "standing"])
def test_only_platforms_on_which_the_song_is_above_can_be_chosen(open_app, fake, tab):
    totals = fake._totals(fake._frame(1, 1))
    *_, second, highest = sorted(totals.values())
    app = open_app("advanced_analysis", artist="neonmarigold", song="parallelsummer", tab=tab,
                   platform=min(totals, key=totals.get), threshold=str(int(second + highest) // 2))
    assert not app.exception and not app.error
    assert app.query_params["platform"] in (max(totals, key=totals.get), [max(totals, key=totals.get)])


def test_another_window_is_not_forecast_anew(open_app, fake, monkeypatch):
    import analytics

    made = []
    monkeypatch.setattr(analytics, "forecast", lambda *given, real=analytics.forecast, **named: (
        made.append(given[1]), real(*given, **named))[1])
    app = open_app("advanced_analysis", artist="neonmarigold")
    figures_before, made_before = figures(app), list(made)
    app.query_params["window"] = "90"
    app.run()
    assert [asked["window_days"] for _, asked in fake.called("artist_analysis")][-1] == 90
    assert made == made_before and figures(app) == figures_before
    app.selectbox(key="analysis_horizon").set_value("14").run()
    assert made == [*made_before, 14]


def test_what_is_taken_from_another_window_is_what_it_would_be(fake):
    first = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30, threshold=100_000)
    plain = fake.artist_analysis(fake.actor, 1, horizon=14, window_days=90, threshold=100_000)
    taken = fake.artist_analysis(fake.actor, 1, horizon=14, window_days=90, threshold=100_000, known=[first])
    assert taken.anomalies is first.anomalies and taken.forecasts is not first.forecasts
    for name in ("correlations", "anomalies", "forecasts", "metrics", "shares"):
        assert json.dumps(getattr(taken, name), default=str) == json.dumps(getattr(plain, name), default=str)
    fewer = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30, threshold=0, known=[plain])
    assert fewer.platforms == plain.platforms
    alone = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30,
                                 threshold=sorted(first.growth.artist.totals.values())[0], known=[first])
    assert len(alone.platforms) == 2 and len(alone.anomalies) == 2 and len(alone.forecasts.gains) == 2


def test_an_empty_database_offers_to_sync(open_app, fake):
    fake.artists = {}
    app = open_app("advanced_analysis")
    assert app.button(key="analysis_sync")


def test_an_error_of_the_service_is_text(open_app, fake):
    fake.failures["artist_analysis"] = NotFound("artist_gone")
    app = open_app("advanced_analysis", lang="en")
    assert [error.value for error in app.error] == ["This artist is no longer in the database. Choose another one."]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_patterns_show_every_tile_and_chart(open_app, fake, lang):
    app = open_app("advanced_analysis", lang=lang, artist="neonmarigold", tab="patterns")
    assert not app.exception and not app.error
    assert [metric.label for metric in app.metric] == [t(lang, f"analysis.tile.{name}") for name in fake.TILES]
    found = fake.artist_analysis(fake.actor, 1, horizon=30, window_days=30, threshold=100_000)
    assert [metric.value for metric in app.metric] == [
        fake.tile_text(name, fake.tile(found, "youtube", name).value, lang) for name in fake.TILES]
    assert len(figures(app)) == 4
    numbers = app.dataframe[0].value
    assert list(numbers["n"]) == [pair.n for pair in found.correlations]


def test_one_platform_alone_is_compared_with_nothing(open_app, monkeypatch):
    whole = FakeServices._frame

    def youtube(self, artist_id, song_id=None):
        frame = whole(self, artist_id, song_id)
        return frame[frame["platform"] == "youtube"].reset_index(drop=True)

    monkeypatch.setattr(FakeServices, "_frame", youtube)
    app = open_app("advanced_analysis", lang="en", artist="neonmarigold", tab="patterns")
    assert not app.exception
    assert "Only one platform is above the threshold" in words(app)
    assert len(figures(app)) == 2


def test_the_shifted_pair_is_in_the_url(open_app):
    app = open_app("advanced_analysis", artist="neonmarigold", tab="patterns", pair="spotify-youtube")
    assert app.selectbox(key="analysis_pair").value == "spotify-youtube"
