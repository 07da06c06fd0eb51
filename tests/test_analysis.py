"""Where every artist stands, from stored figures: standings, peers, the portfolio's table."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from queries import outlook as queries
from usecases.analysis import RECENT_DAYS

NEWEST = date(2026, 6, 30)
VIEWER = Actor(id=77, role="viewer", name="someone")


@pytest.fixture
def store(clean):
    """Give a function that stores outlooks: dictionaries with `name`, `platform` and any figures."""
    import db

    def stored(*rows):
        names = sorted({row["name"] for row in rows})
        with db.begin() as connection:
            from sqlalchemy import text

            ids = {name: connection.execute(
                text("INSERT INTO artists (key, norm_key, display_name) VALUES (:key, :key, :name) RETURNING id"),
                {"key": name.lower(), "name": name}).scalar_one() for name in names}
            full = [dict.fromkeys(queries.FIGURES) | {"last_day": NEWEST, "total": 1e6} | row
                    | {"artist_id": ids[row["name"]]} for row in rows]
            queries.save(connection, list(ids.values()), full)
        return ids
    return stored


def crowd(count, platform="youtube", step=0.0):
    """Return artists A000, A001, ... whose gain per day is 1,000, 2,000, ...; the difference is `step` times that."""
    return [{"name": f"A{place:03}", "platform": platform, "mean_30": 1000.0 * (place + 1),
             "mean_60": 1000.0 * (place + 1) * (1 - step)} for place in range(count)]


# --- standings ----------------------------------------------------------------------------------------------------


def test_the_best_of_a_hundred_is_a_superstar(store):
    ids = store(*crowd(100))
    found = services.standings(ADMIN).standings
    best, middle, last = (found[ids[name], "youtube"] for name in ("A099", "A049", "A000"))
    assert (best.rank, best.of, best.percentile, best.stage) == (1, 100, 99.5, "superstar")
    assert (middle.rank, middle.percentile, middle.stage) == (51, 49.5, "undiscovered")
    assert (last.rank, last.percentile, last.stage) == (100, 0.5, "undiscovered")


def test_under_fifty_artists_there_is_a_rank_and_no_stage(store):
    ids = store(*crowd(49))
    one = services.standings(ADMIN).standings[ids["A048"], "youtube"]
    assert (one.rank, one.of, one.percentile, one.stage, one.stage_reason) == (1, 49, None, None, "too_few_artists")


def test_z_is_the_difference_within_the_stage(store):
    rows = crowd(100)
    for place, row in enumerate(rows):  # the 50 undiscovered differ by 0, but for one by 100
        row["mean_60"] = row["mean_30"] - (100.0 if place == 7 else 0.0)
    ids = store(*rows)
    one = services.standings(ADMIN).standings[ids["A007"], "youtube"]
    # 1 of 50 differs: mean 2, standard deviation 100 * sqrt(1/50 * 49/50) = 14, z = 98 / 14 = 7 = sqrt(50 - 1)
    assert (one.difference, one.stage_mean, one.stage_n) == (100.0, 2.0, 50)
    assert one.stage_std == pytest.approx(14.0) and one.z == pytest.approx(7.0) and one.growth == "high"
    assert one.highest_z == pytest.approx(7.0)


def test_platforms_are_compared_each_on_its_own(store):
    ids = store(*crowd(60), {"name": "Solo", "platform": "spotify", "mean_30": 5.0, "mean_60": 4.0})
    found = services.standings(ADMIN).standings
    solo = found[ids["Solo"], "spotify"]
    assert (solo.rank, solo.of, solo.stage) == (1, 1, None)
    assert found[ids["A059"], "youtube"].of == 60 and (ids["Solo"], "youtube") not in found


@pytest.mark.parametrize(("late", "of"), [(RECENT_DAYS, 60), (RECENT_DAYS + 1, 59)])
def test_an_artist_long_without_readings_has_no_recent_gain(store, late, of):
    rows = crowd(60)
    rows[59]["last_day"] = NEWEST - timedelta(days=late)
    ids = store(*rows)
    found = services.standings(ADMIN).standings
    assert found[ids["A000"], "youtube"].of == of
    assert (found[ids["A059"], "youtube"].stage_reason == "no_recent_gain") is (of == 59)


def test_a_reading_dated_years_ahead_shuts_nobody_out(store):
    ids = store(*crowd(60), {"name": "Ahead", "platform": "youtube", "last_day": date(2099, 12, 31)})
    found = services.standings(ADMIN).standings
    assert found[ids["A059"], "youtube"].rank == 1 and found[ids["A059"], "youtube"].of == 60
    assert found[ids["Ahead"], "youtube"].stage_reason == "no_recent_gain"


def test_a_platform_without_any_mean_has_no_ranks(store):
    ids = store({"name": "New", "platform": "youtube"})
    assert services.standings(ADMIN).standings[ids["New"], "youtube"].of == 0


def test_without_a_mean_there_is_no_standing(store):
    rows = crowd(60)
    rows[3] |= {"mean_30": None, "mean_60": None}
    rows[4]["mean_60"] = None
    ids = store(*rows)
    found = services.standings(ADMIN).standings
    gone, half = found[ids["A003"], "youtube"], found[ids["A004"], "youtube"]
    assert (gone.rank, gone.of, gone.stage_reason, gone.growth_reason) == (None, 59, "no_recent_gain", "no_recent_gain")
    assert half.stage == "undiscovered" and (half.z, half.growth_reason) == (None, "no_recent_gain")


def test_nobody_has_an_outlook(clean):
    found = services.standings(ADMIN)
    assert (found.outlooks, found.standings, found.alerts) == ((), {}, {})
    assert services.peers(found, 1, "youtube", 10) == ()
    table = services.portfolio_table(found, 0.0)
    assert table.empty and {"artist", "stage", "target_day", "alerts"} <= set(table.columns)


def test_outlooks_come_by_name_and_platform(store):
    store(*crowd(2), *crowd(2, "spotify"))
    found = services.standings(ADMIN).outlooks
    assert [(row.name, row.platform) for row in found] == [
        ("A000", "youtube"), ("A000", "spotify"), ("A001", "youtube"), ("A001", "spotify")]


# --- alerts ---------------------------------------------------------------------------------------------------------


def test_new_alerts_are_counted_for_who_may_see_them(store, query):
    ids = store(*crowd(2))
    rule = query("""INSERT INTO alert_rules (owner_id, kind, params) VALUES (1, 'silence', '{"days": 3}')
                    RETURNING id""")[0][0]
    for day, seen, initial in (("2026-06-01", False, False), ("2026-06-02", False, False), ("2026-06-03", True, False),
                               ("2026-06-04", False, True)):
        query("""INSERT INTO alert_events (rule_id, artist_id, platform, day, detail, initial, delivery, seen_at)
                 VALUES (:rule, :artist, (SELECT id FROM platforms WHERE key = 'youtube'), CAST(:day AS date), '{}',
                         :initial, 'none', CASE WHEN :seen THEN now() END)""",
              rule=rule, artist=ids["A000"], day=day, seen=seen, initial=initial)
    found = services.standings(ADMIN)
    assert found.alerts == {ids["A000"]: 2}
    assert services.standings(VIEWER).alerts == {}
    table = services.portfolio_table(found, 0.0).set_index("artist")
    assert table["alerts"].to_dict() == {"A000": 2, "A001": 0}


# --- peers ----------------------------------------------------------------------------------------------------------


def test_peers_are_of_the_same_stage_fastest_first(store):
    rows = crowd(100)
    for place, row in enumerate(rows):
        row["mean_60"] = row["mean_30"] - (place * 37 % 100)  # differences 0 to 99, each once
    ids = store(*rows)
    found = services.standings(ADMIN)
    peers = services.peers(found, ids["A090"], "youtube", 100)
    # percentile of place p is p + 0.5: mid-level from 85 to 94
    assert {peer.outlook.name for peer in peers} == {f"A{place:03}" for place in range(85, 95)}
    assert {peer.standing.stage for peer in peers} == {"mid_level"}
    assert [peer.standing.difference for peer in peers] == sorted((place * 37 % 100 for place in range(85, 95)),
                                                                  reverse=True)
    assert [peer.place for peer in peers] == list(range(1, 11))


def test_the_artist_is_among_its_peers_with_its_place_however_few_are_wanted(store):
    rows = crowd(60)
    for place, row in enumerate(rows):
        row["mean_60"] = row["mean_30"] + place  # growth falls with the place
    ids = store(*rows)
    peers = services.peers(services.standings(ADMIN), ids["A029"], "youtube", 3)
    assert [(peer.place, peer.outlook.name) for peer in peers] == [(1, "A000"), (2, "A001"), (3, "A002"), (30, "A029")]
    first = services.peers(services.standings(ADMIN), ids["A001"], "youtube", 3)
    assert [peer.place for peer in first] == [1, 2, 3]


def test_under_fifty_artists_all_of_the_platform_are_peers(store):
    rows = crowd(12, step=0.5)
    rows[5]["mean_60"] = None
    ids = store(*rows)
    peers = services.peers(services.standings(ADMIN), ids["A000"], "youtube", 100)
    assert [peer.outlook.name for peer in peers] == [f"A{place:03}" for place in range(11, -1, -1) if place != 5]
    assert all(peer.standing.z is not None for peer in peers)


def test_without_an_own_standing_there_are_no_peers(store):
    ids = store(*crowd(3))
    assert services.peers(services.standings(ADMIN), ids["A000"], "spotify", 10) == ()


# --- portfolio ------------------------------------------------------------------------------------------------------


def test_the_portfolio_has_a_row_an_artist_and_platform_above_the_threshold(store):
    store({"name": "Above", "platform": "youtube", "total": 100_000.5},
          {"name": "Exact", "platform": "youtube", "total": 100_000.0},
          {"name": "Unknown", "platform": "youtube", "total": None},
          {"name": "Above", "platform": "spotify", "total": 3e9})
    found = services.standings(ADMIN)
    table = services.portfolio_table(found, 100_000.0)
    assert list(zip(table["artist"], table["platform"], strict=True)) == [("Above", "youtube"), ("Above", "spotify")]
    assert len(services.portfolio_table(found, 0.0)) == 3


def test_the_portfolio_keeps_exact_values_and_types(store):
    ids = store({"name": "여울담", "platform": "spotify", "total": 199_999_999.25, "mean_30": 12.5, "mean_60": 10.0,
                 "momentum": 1.25, "volatility": 33.3, "growth_28": -4.5, "sum_30": 375.0, "sum_30_low": 300.0,
                 "sum_30_high": 450.0, "target": 2e8, "target_day": date(2027, 3, 4), "target_90": 0.125})
    row = services.portfolio_table(services.standings(ADMIN), 0.0).iloc[0]
    assert row["artist_id"] == ids["여울담"] and row["artist"] == "여울담" and row["artist_key"] == "여울담"
    assert (row["total"], row["mean_30"], row["difference"], row["momentum"]) == (199_999_999.25, 12.5, 2.5, 1.25)
    assert (row["sum_30"], row["sum_30_low"], row["sum_30_high"]) == (375.0, 300.0, 450.0)
    assert (row["volatility"], row["growth_28"], row["target"], row["target_90"]) == (33.3, -4.5, 2e8, 0.125)
    assert (row["target_day"], row["last_day"]) == (pd.Timestamp(2027, 3, 4), pd.Timestamp(NEWEST))
    assert (row["rank"], row["of"], row["stage"], row["growth"]) == (1, 1, None, None)
    assert math.isnan(row["percentile"]) and math.isnan(row["z"])


def test_the_highest_recent_gain_comes_first_and_none_last(store):
    store({"name": "Late", "platform": "youtube", "mean_30": 1e6, "last_day": NEWEST - timedelta(days=31)},
          {"name": "New", "platform": "youtube"}, *crowd(3))
    assert list(services.portfolio_table(services.standings(ADMIN), 0.0)["artist"]) == [
        "A002", "A001", "A000", "Late", "New"]


def test_absent_figures_are_missing_never_zero(store):
    store({"name": "New", "platform": "youtube"})
    table = services.portfolio_table(services.standings(ADMIN), 0.0)
    absent = ["rank", "percentile", "z", "difference", "mean_30", "momentum", "volatility", "growth_28", "sum_30",
              "target", "target_90", "target_day"]
    assert table[absent].isna().all(axis=None)
    assert {str(table[name].dtype) for name in ("z", "mean_30", "target")} == {"float64"}
    assert str(table["rank"].dtype) == "Int64" and table["target_day"].dtype.kind == "M"


def test_the_portfolio_sorts_as_numbers_and_its_parquet_reads_back(store, tmp_path):
    store(*crowd(120, step=0.1))
    table = services.portfolio_table(services.standings(ADMIN), 0.0)
    assert table.sort_values("mean_30")["artist"].iloc[-1] == "A119"
    table.to_parquet(tmp_path / "portfolio.parquet", index=False)
    again = pd.read_parquet(tmp_path / "portfolio.parquet")
    assert np.array_equal(again["mean_30"], table["mean_30"]) and list(again["stage"]) == list(table["stage"])
