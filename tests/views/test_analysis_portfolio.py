"""Standing and portfolio tabs over made-up services, in both languages."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from conftest import words
from streamlit.proto.WidgetStates_pb2 import WidgetState

from locales import t
from support.errors import DatabaseUnavailable

PAGE = "advanced_analysis"


def table(app, widget):
    """Return the data frame whose key is `widget`."""
    return next(each.value for each in app.dataframe if f"-{widget}" in each.proto.id)


def with_columns(app, *names):
    """Return the data frames that have these columns; a table without selection has no key."""
    return [each.value for each in app.dataframe if set(names) <= set(each.value.columns)]


def labels(app, widget):
    """Return the headers that a table shows, by its columns' stable names."""
    proto = next(each.proto for each in app.dataframe if f"-{widget}" in each.proto.id)
    return {name: config["label"] for name, config in json.loads(proto.columns).items() if config.get("label")}


def url(app, name):
    """Return a parameter of the URL as a list, empty where it is not there."""
    value = app.query_params.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def tick(app, widget, *rows):
    """Select rows of a table as a click on their boxes does; the testing tool has no way of its own."""
    proto = next(each.proto for each in app.dataframe if f"-{widget}" in each.proto.id)
    selection = {"rows": list(rows), "columns": [], "cells": []}
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=proto.id, string_value=json.dumps({"selection": selection})))
    return app._run(states)


@pytest.fixture
def standing(open_app):
    """Open the standing tab; 여울담 on YouTube unless said otherwise."""
    return lambda **params: open_app(PAGE, **{"tab": "standing", "artist": "여울담", "platform": "youtube",
                                              "lang": "en"} | params)


@pytest.fixture
def portfolio(open_app):
    """Open the portfolio tab."""
    return lambda **params: open_app(PAGE, **{"tab": "portfolio", "lang": "en"} | params)


# --- standing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "tiles"), [
    ("en", ["Developing", "29 / 60", "52.5", "High growth", "4.47"]),
    ("ko", ["신진", "29 / 60", "52.5", "고성장", "4.47"])])
def test_the_tiles_say_stage_rank_and_growth(standing, lang, tiles):
    app = standing(lang=lang)
    assert not app.exception and not app.error
    assert [metric.value for metric in app.metric] == tiles


def test_the_arithmetic_and_the_band(standing):
    app = standing()
    shown = words(app)
    for step in ("last 30 days: **30,500.0**", "rank **29** of **60**",
                 "100 × (31 artists below + ½ × 1 equal, this one included) ÷ 60 = **52.5**",
                 "30,500.0 − 30,290.0 = **210.0** per day", "among the 21 artists of the stage “Developing”",
                 "mean **10.000**, standard deviation **44.721**", "z = (210.0 − 10.000) ÷ 44.721 = **4.47**",
                 "Among 21 artists no z-score can go above √(21 − 1) = 4.47",
                 "Explosive (from 8) is out of reach here: it takes at least 65 artists.",
                 "**Developing from 50**", "**High growth from 3**", "Decline below −1"):
        assert step in shown, step
    band = json.dumps(json.loads(app.get("plotly_chart")[0].proto.spec), ensure_ascii=False)
    assert "Percentile 52.5 · 29 of 60" in band and "Superstar" in band


def test_alone_in_its_stage_there_is_no_growth_class(standing):
    app = standing(artist="neonmarigold")
    assert [metric.value for metric in app.metric] == ["Superstar", "1 / 60", "99.1", "–"]
    assert "1 artists to compare with" in words(app) and "at least 11" in words(app)


def test_under_fifty_artists_only_the_rank_is_given(standing, fake):
    fake.crowd = 40
    app = standing()
    assert [metric.value for metric in app.metric[:2]] == ["–", "12 / 43"]
    assert "Only 43 artists" in words(app) and "Under 50" in words(app)
    assert not app.get("plotly_chart") and "÷ 43" not in words(app)
    assert "among all 43 artists on YouTube" in words(app)


def test_without_a_recent_gain_the_reason_is_told_once(standing):
    app = standing(artist="neonmarigold", platform="soundcloud")
    assert not app.metric and words(app).count("more than 30 days behind") == 1


def test_before_the_first_refresh_a_sync_is_offered(standing, fake):
    fake.refreshed = False
    app = standing()
    assert t("en", "analysis.standing.refreshing.title") in words(app)
    app.button(key="analysis_standing_sync").click().run()
    assert len(fake.called("submit_sync")) == 1


def test_below_the_threshold_it_is_said(standing):
    app = standing(artist="copperfinch")
    assert "Copper Finch" in words(app) and not app.metric


def test_all_platforms_stand_side_by_side(standing):
    shown, = with_columns(standing(artist="neonmarigold"), "platform", "rank_of")
    assert list(shown["platform"]) == ["YouTube", "Spotify", "SoundCloud"]
    assert list(shown["rank_of"][:2]) == ["1 / 60", "1 / 2"] and shown["rank_of"].isna()[2]
    assert list(shown["stage"].fillna("-")) == ["⑤ Superstar", "-", "-"]
    assert list(shown["difference"][:2]) == [10_000.0, -1_000.0]


def test_peers_are_ranked_by_growth_and_the_artist_stands_out(standing):
    app = standing()
    shown = table(app, "analysis_peers_2_youtube")
    assert len(shown) == 21 and list(shown["place"]) == list(range(1, 22))
    assert shown["artist"][0] == "여울담" and shown["growth"][0] == "④ High growth" and shown["difference"][0] == 210.0
    assert "21 of 21 artists" in words(app) and "여울담, number 1, is highlighted" in words(app)
    proto = next(each.proto for each in app.dataframe if "analysis_peers" in each.proto.id)
    assert "132, 94, 247" in proto.arrow_data.styler.styles


def test_a_tick_at_a_peer_opens_it_in_the_same_tab(standing, fake):
    fake.crowd = 0
    app = standing()  # under 50 artists all are peers: Neon Marigold grows by 10,000, 여울담 by 210
    tick(app, "analysis_peers_2_youtube", 0)
    assert app.selectbox(key="analysis_artist").value == "neonmarigold" and not app.exception
    assert url(app, "artist") == ["neonmarigold"] and url(app, "tab") == ["standing"]


def test_peers_download_with_exact_values_and_stable_names(standing, fake):
    from views._analysis_standing import peers_table

    found = fake.standings(fake.actor)
    rows = peers_table(fake.peers(found, 2, "youtube", 25))
    assert list(rows.columns) == ["place", "artist", "artist_key", "platform", "stage", "growth", "z", "difference",
                                  "mean_30", "momentum", "last_day"]
    assert (rows["stage"][0], rows["growth"][0]) == ("developing", "high")
    assert rows["z"][0] == pytest.approx(np.sqrt(20)) and rows["last_day"].dtype.kind == "M"
    assert peers_table(()).empty


def test_a_bound_not_reached_is_never_shown(fake):
    from views._analysis_standing import exact, floored

    assert (floored(84.96, 1), floored(85.0, 1), floored(2.9999, 2), floored(3.0, 2)) == ("84.9", "85.0", "2.99", "3.00")
    assert floored(-0.2149, 2) == "−0.22" and floored(None, 1) is None
    assert (exact(123_456.7), exact(-1_234.56), exact(1.23456), exact(None)) == ("123,457", "−1,234.6", "1.235", "–")


# --- portfolio ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_portfolio_lists_everyone_above_the_threshold(portfolio, lang):
    app = portfolio(lang=lang)
    assert not app.exception and not app.error
    shown = table(app, "analysis_portfolio")
    assert len(shown) == 62  # 57 of the crowd, three and two platforms
    first = shown.iloc[0]
    assert (first["artist"], first["platform"], first["mean_30"]) == ("Neon Marigold", "YouTube", 100_000.0)
    assert first["stage"] == f"⑤ {t(lang, 'analysis.standing.stage.superstar')}"
    assert (first["target"], first["target_90"]) == (200_000_000.0, 80.0)
    assert first["target_day"] == pd.Timestamp(2027, 3, 4)
    assert labels(app, "analysis_portfolio")["momentum"] == t(lang, "analysis.standing.column.momentum")


def test_columns_of_numbers_are_numbers(portfolio):
    shown = table(portfolio(), "analysis_portfolio")
    numbers = ["z", "mean_30", "momentum", "volatility", "growth_28", "percentile", "total", "sum_30", "target",
               "target_90"]
    assert {shown[name].dtype.kind for name in numbers} == {"f"}
    assert shown["target_day"].dtype.kind == shown["last_day"].dtype.kind == "M"
    assert list(shown["mean_30"][:-1]) == sorted(shown["mean_30"][:-1], reverse=True)


def test_names_of_stages_sort_in_their_order(fake):
    from views._analysis_standing import NUMERALS

    assert len(NUMERALS) >= max(len(fake.STAGES), len(fake.CLASSES)) and list(NUMERALS) == sorted(NUMERALS)


@pytest.mark.parametrize(("wanted", "chosen", "alerts", "count"), [
    ("여울", {}, False, 2), (" NEON ", {}, False, 3), (".", {}, False, 0), ("nobody", {}, False, 0),
    ("", {"platform": ["spotify"]}, False, 2), ("", {"platform": ["spotify", "soundcloud"]}, False, 3),
    ("", {"stage": ["superstar"]}, False, 1), ("", {"stage": ["none"]}, False, 3),
    ("", {"stage": ["superstar", "none"]}, False, 4), ("", {"growth": ["high"], "stage": []}, False, 1),
    ("", {}, True, 2), ("", {"platform": ["youtube"]}, True, 1), ("neon", {"stage": ["developing"]}, False, 0)])
def test_filters_keep_what_they_say(fake, wanted, chosen, alerts, count):
    from views._analysis_portfolio import filtered

    rows = fake.portfolio_table(fake.standings(fake.actor), 100_000.0)
    kept = filtered(rows, wanted, chosen, with_alerts=alerts)
    assert len(kept) == count and list(kept.index) == list(range(count))


def test_a_link_reproduces_the_filters(portfolio):
    app = portfolio(p_q="neon", p_platform=["spotify", "soundcloud"], p_stage="none", p_growth="nonsense")
    shown = table(app, "analysis_portfolio")
    assert list(shown["platform"]) == ["Spotify", "SoundCloud"] and "2 of 62" in words(app)
    app = portfolio(p_alerts="1", p_stage="superstar")
    assert t("en", "analysis.portfolio.no_match.title") in words(app)


def test_filters_go_into_the_url_and_out_again(portfolio):
    app = portfolio()
    app.text_input(key="analysis_p_q").set_value("peer").run()
    app.multiselect(key="analysis_p_stage").set_value(["superstar", "developing"]).run()
    app.toggle(key="analysis_p_alerts").set_value(False).run()
    assert url(app, "p_q") == ["peer"] and url(app, "p_stage") == ["superstar", "developing"]
    assert len(table(app, "analysis_portfolio")) == 20 and not url(app, "p_alerts")
    app.text_input(key="analysis_p_q").set_value("").run()
    app.multiselect(key="analysis_p_stage").set_value([]).run()
    assert not url(app, "p_q") + url(app, "p_stage") and len(table(app, "analysis_portfolio")) == 62


def test_counts_per_stage_and_class(portfolio):
    app = portfolio()
    stages = with_columns(app, "stage", "count")[0].set_index("stage")["count"].to_dict()
    # of the 60 on YouTube, Copper Finch is below the threshold; three rows on other platforms have no stage
    assert stages == {"Superstar": 1, "Mainstream": 2, "Mid-level": 6, "Developing": 21, "Undiscovered": 29,
                      "Without a stage": 3}
    classes = with_columns(app, "growth", "count")[0].set_index("growth")["count"].to_dict()
    assert classes["High growth"] == 1 and sum(classes.values()) == 62


def test_without_stages_there_are_no_counts_but_the_reason(portfolio, fake):
    fake.crowd = 0
    app = portfolio()
    assert not with_columns(app, "count")
    assert "a stage takes 50 artists" in words(app)
    assert not {"stage", "growth", "z", "percentile"} & set(table(app, "analysis_portfolio").columns)


def test_what_is_left_out_is_told(portfolio):
    shown = words(portfolio())
    assert "Not listed: 1 artists × platforms with a total not above the quality threshold of 100,000" in shown
    assert "1 artists × platforms have no figures yet" in shown  # 여울담 on SoundCloud


def test_before_the_first_refresh_the_portfolio_offers_a_sync(portfolio, fake):
    fake.refreshed = False
    app = portfolio()
    assert t("en", "analysis.standing.refreshing.title") in words(app) and not app.multiselect
    assert app.button(key="analysis_standing_sync")


def test_nobody_above_the_threshold(portfolio):
    app = portfolio(threshold="900000000000")
    assert t("en", "analysis.portfolio.under.title") in words(app) or t("en", "analysis.under.title") in words(app)


def test_a_tick_opens_artist_and_platform_in_the_forecast_tab(portfolio):
    app = portfolio(p_q="neon", artist="여울담", song="새벽우편함")
    shown = table(app, "analysis_portfolio")
    assert (shown["artist"][1], shown["platform"][1]) == ("Neon Marigold", "Spotify")
    tick(app, "analysis_portfolio", 1)
    assert not app.exception
    assert app.selectbox(key="analysis_artist").value == "neonmarigold"
    assert app.session_state["analysis_platform"] == "spotify"
    assert [url(app, name) for name in ("artist", "platform", "song", "tab")] == [
        ["neonmarigold"], ["spotify"], ["all"], ["forecast"]]


def test_taking_a_selection_back_opens_nothing(portfolio):
    app = tick(portfolio(artist="여울담"), "analysis_portfolio")
    assert app.selectbox(key="analysis_artist").value == "여울담" and url(app, "tab") == ["portfolio"]


def test_the_downloads_hold_exact_values_under_stable_names(fake):
    from views import _shared

    rows = fake.portfolio_table(fake.standings(fake.actor), 100_000.0).drop(columns="artist_id")
    again = pd.read_csv(BytesIO(_shared.csv_bytes(rows)))
    assert list(again.columns[:6]) == ["artist_key", "artist", "platform", "stage", "growth", "percentile"]
    one = again[(again["artist"] == "여울담") & (again["platform"] == "youtube")].iloc[0]
    assert (one["stage"], one["growth"], one["mean_30"], one["target_day"]) == ("developing", "high", 30_500.0, "2027-03-04")
    kept = pd.read_parquet(BytesIO(_shared.parquet_bytes(rows)))
    assert kept["z"].max() == pytest.approx(np.sqrt(20)) and kept["target_day"].dtype.kind == "M"


@pytest.mark.parametrize("tab", ["standing", "portfolio"])
def test_an_error_is_shown_as_text(open_app, fake, tab):
    fake.failures["standings"] = DatabaseUnavailable("database_unreachable", where="db:5432", detail="refused")
    app = open_app(PAGE, tab=tab, lang="en", artist="여울담")
    assert not app.exception and len(app.error) == 1


def test_figures_are_asked_for_once_whatever_is_filtered(portfolio, fake):
    app = portfolio()
    app.text_input(key="analysis_p_q").set_value("neon").run()
    app.multiselect(key="analysis_p_platform").set_value(["spotify"]).run()
    assert len(fake.called("standings")) == 1 and len(table(app, "analysis_portfolio")) == 1
