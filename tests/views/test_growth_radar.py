"""The Growth Radar as a user meets it: figures, choices, the states without data, errors as text."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from conftest import words
from fake_services import LEAP_DAY, NAMES

from support.errors import NotFound

TILES = {"ko": ["모멘텀", "성장 가속도", "추세 안정성", "누적", "최근 1일 증가", "최근 7일 증가", "플랫폼 비중"],
         "en": ["Momentum", "Acceleration", "Stability", "Total", "Last day", "Last 7 days", "Share"]}


@pytest.mark.parametrize(("locale", "lang"), [("ko-KR", "ko"), ("en-US", "en")])
def test_the_seven_figures_of_each_platform_agree_with_the_service(open_app, fake, locale, lang):
    app = open_app("growth_radar", locale=locale, artist="neonmarigold")
    metrics = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics
    assert not app.exception
    assert [metric.label for metric in app.metric] == TILES[lang] * 3
    assert app.metric[0].value == f"×{metrics['youtube'].momentum.value:,.2f}"
    assert app.metric[1].value == f"{metrics['youtube'].acceleration.value:+,.1f}%"
    assert app.metric[6].value == f"{metrics['youtube'].share.value:,.1f}%"


def test_an_absent_figure_says_why_and_how_many_days_are_needed(open_app, fake):
    app = open_app("growth_radar", locale="en-US", artist="neonmarigold")
    momentum = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics["soundcloud"].momentum
    tile = app.metric[14]
    assert (tile.value, momentum.value) == ("–", None)
    assert "Not calculated" in tile.proto.help
    assert f"{momentum.needed} are needed" in tile.proto.help


def test_flagged_days_left_out_are_counted_and_can_be_included(open_app, fake):
    app = open_app("growth_radar", artist="neonmarigold")
    metrics = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics["youtube"]
    assert metrics.momentum.left_out > 0
    assert app.metric[0].delta == f"{metrics.momentum.left_out}일 제외"
    app.toggle(key="growth_flagged").set_value(True).run()
    assert app.metric[0].delta == ""
    assert fake.called("artist_growth")[-1][1]["include_flagged"] is True


def test_the_choices_reach_the_service_and_the_url(open_app, fake):
    app = open_app("growth_radar", artist="neonmarigold")
    app.selectbox(key="growth_song").set_value("rooftopstatic").run()
    app.segmented_control(key="sidebar_window").set_value("90").run()
    app.number_input(key="sidebar_threshold").set_value(2_000_000).run()
    _, asked = fake.called("artist_growth")[-1]
    assert (asked["song_id"], asked["window_days"], asked["threshold"]) == (2, 90, 2_000_000)
    now = {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}
    assert now == {"artist": "neonmarigold", "song": "rooftopstatic", "window": "90", "threshold": "2000000",
                   "tab": "trends"}


def test_a_link_opens_what_it_names(open_app, fake):
    app = open_app("growth_radar", artist="여울담", song="새벽우편함", window="all", threshold="5", lang="en")
    args, asked = fake.called("artist_growth")[-1]
    assert (args[1], asked["song_id"], asked["window_days"], asked["threshold"]) == (2, 3, None, 5)
    assert app.title[0].value == "Growth Radar"


def test_a_link_with_nonsense_falls_back(open_app, fake):
    app = open_app("growth_radar", artist="nobody", song="nothing", window="31", threshold="-3", lang="fr", tab="x")
    _, asked = fake.called("artist_growth")[-1]
    assert not app.exception
    assert (asked["song_id"], asked["window_days"], asked["threshold"]) == (None, 30, 100_000)
    assert app.title[0].value == "아티스트 성장 레이더"


def test_another_artist_drops_a_song_it_does_not_have(open_app, fake):
    app = open_app("growth_radar", artist="neonmarigold", song="rooftopstatic")
    app.multiselect(key="growth_artist").set_value(["여울담"]).run()
    args, asked = fake.called("artist_growth")[-1]
    assert (args[1], asked["song_id"]) == (2, None)
    assert not app.exception


def test_without_a_choice_an_artist_above_the_threshold_is_shown(open_app, fake):
    open_app("growth_radar")
    args, _ = fake.called("artist_growth")[-1]
    assert NAMES[args[1]] == "Neon Marigold"


def test_the_window_note_names_the_last_day(open_app):
    assert "30 days to 27 Jan 2026 (the last day of data)" in words(open_app("growth_radar", locale="en-US"))


def test_an_empty_database_says_what_to_do_and_offers_it(open_app, fake):
    fake.artists = {}
    app = open_app("growth_radar")
    assert not app.exception
    assert "아직 데이터가 없습니다" in words(app)
    app.button(key="growth_sync").click().run()
    assert len(fake.called("submit_sync")) == 1
    assert len(app.metric) == 21


def test_everything_under_the_threshold_offers_one_that_fits(open_app, fake):
    app = open_app("growth_radar", artist="copperfinch")
    best = max(fake.artist_growth(fake.actor, 3, window_days=30, threshold=100_000).under_threshold.values())
    assert "품질 기준을 넘는 플랫폼이 없습니다" in words(app)
    assert f"{best:,.0f}" in words(app)
    assert not app.metric
    app.button(key="growth_lower").click().run()
    assert app.number_input(key="sidebar_threshold").value == 10 ** math.floor(math.log10(best))
    assert app.metric


def test_platforms_under_the_threshold_are_named_with_their_total(open_app, fake):
    totals = fake.artist_growth(fake.actor, 2, window_days=30, threshold=0).artist.totals
    app = open_app("growth_radar", artist="여울담", threshold=str(int(totals["spotify"]) - 1), locale="en-US")
    assert len(app.metric) == 14
    assert f"SoundCloud: total {totals['soundcloud']:,.0f}" in words(app)


@pytest.mark.parametrize(("days", "window", "advice"), [(2, "30", "Sync again once there is more"),
                                                        (150, "7", None), (5, "30", "Sync again once there is more")])
def test_too_little_data_says_so(open_app, fake, days, window, advice):
    fake.days = days
    app = open_app("growth_radar", artist="neonmarigold", window=window, threshold="1000", locale="en-US")
    assert not app.exception
    assert ("too few for the trend metrics" in words(app)) == (advice is not None)
    assert advice is None or advice in words(app)


def test_an_error_of_the_service_is_text_in_the_users_language(open_app, fake):
    fake.failures["artist_growth"] = NotFound("artist_gone")
    app = open_app("growth_radar", locale="en-US")
    assert not app.exception
    assert [error.value for error in app.error] == ["This artist is no longer in the database. Choose another one."]


def test_a_name_with_markdown_is_shown_as_it_is(open_app, fake, monkeypatch):
    monkeypatch.setitem(NAMES, 3, "A$AP *_[x]")
    fake.artists = dict(NAMES)
    app = open_app("growth_radar", artist="a$ap*_[x]")
    assert r"A\$AP \*\_\[x\]" in words(app)


# comparison ---------------------------------------------------------------------------------------------------------


def test_several_artists_are_a_table_with_the_services_values(open_app, fake):
    app = open_app("growth_radar", locale="en-US", artist=["neonmarigold", "여울담"])
    table = app.dataframe[0].value.set_index(["Artist", "Platform"])
    assert not app.exception and not app.metric
    assert len(table) == 6
    for number, name in ((1, "Neon Marigold"), (2, "여울담")):
        metrics = fake.artist_growth(fake.actor, number, window_days=30, threshold=100_000).metrics["youtube"]
        row = table.loc[(name, "YouTube")]
        for column, metric in zip(TILES["en"], ("momentum", "acceleration", "stability", "total", "last_day_gain",
                                                "last_week_gain", "share"), strict=True):
            assert row[column] == pytest.approx(getattr(metrics, metric).value), column
        assert row["Left out"] == metrics.momentum.left_out


def test_a_comparison_says_what_is_not_calculated_and_what_is_hidden(open_app):
    shown = words(open_app("growth_radar", locale="en-US", artist=["neonmarigold", "copperfinch"]))
    assert "**Neon Marigold · SoundCloud**: Momentum: " in shown
    assert "Copper Finch · SoundCloud: total" in shown


def test_a_comparison_has_a_figure_a_platform_with_a_line_an_artist(open_app, fake):
    open_app("growth_radar", locale="en-US", artist=["neonmarigold", "여울담"])
    from views import _cache

    figure = _cache.comparison(fake.actor, (1, 2), 30, 100_000.0, False, "youtube", "total", False, True, "en")
    lines = {trace["name"]: trace for trace in figure.to_dict()["data"] if trace["mode"] == "lines+markers"}
    assert set(lines) == {"Neon Marigold", "여울담"}
    assert [line["y"][0] for line in lines.values()] == [100, 100]


def test_every_choice_of_a_comparison_is_in_the_url_and_a_link_brings_it_back(open_app):
    app = open_app("growth_radar", artist="neonmarigold", song="rooftopstatic")
    app.multiselect(key="growth_artist").set_value(["neonmarigold", "여울담"]).run()
    app.pills(key="growth_platforms").set_value(["spotify", "youtube"]).run()
    app.segmented_control(key="growth_view").set_value("gain").run()
    app.segmented_control(key="growth_scale").set_value("log").run()
    app.toggle(key="growth_index").set_value(True).run()
    app.toggle(key="growth_flagged").set_value(True).run()
    query = {name: list(values) if isinstance(values, (list, tuple)) else [values]
             for name, values in app.query_params.items()}
    assert query == {"artist": ["neonmarigold", "여울담"], "platform": ["spotify", "youtube"], "view": ["gain"],
                     "scale": ["log"], "index": ["1"], "flagged": ["1"], "window": ["30"], "threshold": ["100000"],
                     "tab": ["trends"]}
    again = open_app("growth_radar", **query)
    assert again.multiselect(key="growth_artist").value == ["neonmarigold", "여울담"]
    assert set(again.pills(key="growth_platforms").value) == {"spotify", "youtube"}
    assert (again.segmented_control(key="growth_view").value, again.segmented_control(key="growth_scale").value) == (
        "gain", "log")
    assert again.toggle(key="growth_index").value and again.toggle(key="growth_flagged").value


def test_a_link_with_too_many_artists_shows_the_first_five(open_app, fake, monkeypatch):
    from views import _radar_inputs

    monkeypatch.setattr(_radar_inputs, "MOST_ARTISTS", 2)
    app = open_app("growth_radar", artist=["copperfinch", "여울담", "neonmarigold", "여울담"])
    assert app.multiselect(key="growth_artist").value == ["copperfinch", "여울담"]


def test_platform_chips_choose_what_is_shown_and_the_last_one_stays(open_app):
    app = open_app("growth_radar", artist="neonmarigold", platform="spotify")
    assert len(app.metric) == 7
    app.pills(key="growth_platforms").set_value([]).run()
    assert app.pills(key="growth_platforms").value == ["spotify"]
    assert len(app.metric) == 7


def test_nobody_chosen_says_so(open_app):
    app = open_app("growth_radar", artist="neonmarigold")
    app.multiselect(key="growth_artist").set_value([]).run()
    assert not app.exception and not app.metric
    assert "#### 아티스트를 선택해 주세요" in words(app)


def test_tiles_have_the_line_of_their_series(open_app, fake):
    app = open_app("growth_radar", artist="neonmarigold")
    growth = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000)
    gains = growth.daily[growth.daily["platform"] == "youtube"]["gain"]
    assert list(app.metric[5].proto.chart_data) == pytest.approx(list(gains[-7:]))
    assert list(app.metric[0].proto.chart_data) == pytest.approx(list(gains[-35:]))
    assert len(app.metric[14].proto.chart_data) == 0  # absent: no line


def test_raw_data_of_several_names_the_artist(open_app):
    table = open_app("growth_radar", artist=["neonmarigold", "여울담"], tab="raw").dataframe[0].value
    assert set(table["아티스트"]) == {"Neon Marigold", "여울담"}
    assert table["날짜"].is_monotonic_decreasing
    assert len(table) == 30 * 9


def test_health_of_several_names_the_artist(open_app):
    app = open_app("growth_radar", artist=["neonmarigold", "여울담"], tab="health", platform="youtube", locale="en-US")
    titles = [expander.label for expander in app.main.expander]
    assert len(titles) == 3
    assert sum("여울담" in title for title in titles) == 1
    assert "3 files · 450 rows stored · 3 rejected · Last sync: 28 Jan 2026" in words(app)


# raw data -----------------------------------------------------------------------------------------------------------


def test_raw_data_is_newest_first_and_localized(open_app):
    app = open_app("growth_radar", artist="neonmarigold", tab="raw")
    table = app.dataframe[0].value
    assert list(table.columns) == ["날짜", "플랫폼", "곡", "누적", "하루 증가", "이상 표시", "파일"]
    assert table["날짜"].is_monotonic_decreasing
    assert len(table) == 30 * 6
    leap = table[(table["플랫폼"] == "SoundCloud") & (table["날짜"] == pd.Timestamp(LEAP_DAY))]
    assert set(leap["이상 표시"]) == {"급등"}


def test_the_downloads_carry_exact_values_and_names_that_do_not_change_with_the_language(fake):
    import io

    from views import _shared, growth_radar

    growth = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000)
    rows = growth_radar.raw_rows([growth], ("soundcloud", "youtube"))
    rows.loc[rows.index[0], "total"] = 1_234_567.25
    export = growth_radar.raw_export(rows)
    for data in (pd.read_csv(io.BytesIO(_shared.csv_bytes(export)), encoding="utf-8-sig"),
                 pd.read_parquet(io.BytesIO(_shared.parquet_bytes(export)))):
        assert list(data.columns) == ["day", "artist", "song", "platform", "total", "gain", "flags", "file"]
        assert data["total"][0] == 1_234_567.25
        assert set(data["platform"]) == {"soundcloud", "youtube"}
        assert {"jump", "new_level", "gap"} <= set(data["flags"].dropna())
        assert pd.to_datetime(data["day"]).is_monotonic_decreasing
    assert export["gain"].dtype == "Int64"


def test_the_download_opens_in_excel(fake):
    from views import _shared

    table = pd.DataFrame({"곡": ["고래의 계절", "=1+1", "-x"], "누적": [1, -2, 3],
                          "날짜": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"])})
    data = _shared.csv_bytes(table)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines() == [
        "곡,누적,날짜", "고래의 계절,1,2026-01-01", "'=1+1,-2,2026-01-02", "'-x,3,2026-01-03"]


def test_the_download_is_named_after_artist_and_window(fake):
    from views import _shared, growth_radar

    growth = fake.artist_growth(fake.actor, 2, window_days=7, threshold=0, song_id=3)
    name = _shared.file_part(growth_radar.raw_name([growth]))
    assert name == "여울담_새벽우편함_2026-01-21_2026-01-27"
    assert _shared.file_part("a/b\\c:d*?") == "a-b-c-d"


# data health --------------------------------------------------------------------------------------------------------


def test_findings_are_sentences_with_dates_and_lines(open_app):
    shown = words(open_app("growth_radar", artist="neonmarigold", tab="health", locale="en-US"))
    assert "**Missing days (2)**: 17 Jan 2026 – 18 Jan 2026 (line 143)" in shown
    assert "**Days on which the total leapt (1)**: 15 Jan 2026 (line 138, 1,230,000 → 26,240,000)" in shown
    assert "**Rows that cannot be read (1)**: line 57" in shown


def test_a_new_level_can_be_accepted_and_withdrawn(open_app, fake):
    app = open_app("growth_radar", artist="neonmarigold", tab="health")
    file_id = next(file.id for file in fake.list_files(fake.actor, 1) if file.platform == "soundcloud")
    app.button(key=f"growth_accept_{file_id}_{LEAP_DAY}").click().run()
    assert fake.called("accept_level")[0][0][1:] == (file_id, LEAP_DAY)
    app.button(key=f"growth_withdraw_{file_id}_{LEAP_DAY}").click().run()
    assert fake.called("withdraw_level")[0][0][1:] == (file_id, LEAP_DAY)
    assert app.button(key=f"growth_accept_{file_id}_{LEAP_DAY}")


def test_health_shows_only_the_files_of_the_chosen_song(open_app):
    app = open_app("growth_radar", artist="neonmarigold", song="rooftopstatic", tab="health")
    titles = [expander.label for expander in app.main.expander]
    assert len(titles) == 3
    assert all("Rooftop Static" in title for title in titles)


def test_rejected_rows_come_with_their_reason(open_app):
    app = open_app("growth_radar", artist="여울담", tab="health")
    table = app.dataframe[0].value
    assert len(table) == 3
    assert table["이유"].str.contains("1.234.567").all()
