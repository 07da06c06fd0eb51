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
    app = open_app(locale=locale, artist="neonmarigold")
    metrics = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics
    assert not app.exception
    assert [metric.label for metric in app.metric] == TILES[lang] * 3
    assert app.metric[0].value == f"×{metrics['youtube'].momentum.value:,.2f}"
    assert app.metric[1].value == f"{metrics['youtube'].acceleration.value:+,.1f}%"
    assert app.metric[6].value == f"{metrics['youtube'].share.value:,.1f}%"


def test_an_absent_figure_says_why_and_how_many_days_are_needed(open_app, fake):
    app = open_app(locale="en-US", artist="neonmarigold")
    momentum = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics["soundcloud"].momentum
    tile = app.metric[14]
    assert (tile.value, momentum.value) == ("–", None)
    assert "Not calculated" in tile.proto.help
    assert f"{momentum.needed} are needed" in tile.proto.help


def test_flagged_days_left_out_are_counted_and_can_be_included(open_app, fake):
    app = open_app(artist="neonmarigold")
    metrics = fake.artist_growth(fake.actor, 1, window_days=30, threshold=100_000).metrics["youtube"]
    assert metrics.momentum.left_out > 0
    assert app.metric[0].delta == f"{metrics.momentum.left_out}일 제외"
    app.toggle(key="growth_flagged").set_value(True).run()
    assert app.metric[0].delta == ""
    assert fake.called("artist_growth")[-1][1]["include_flagged"] is True


def test_the_choices_reach_the_service_and_the_url(open_app, fake):
    app = open_app(artist="neonmarigold")
    app.selectbox(key="growth_song").set_value("rooftopstatic").run()
    app.segmented_control(key="sidebar_window").set_value("90").run()
    app.number_input(key="sidebar_threshold").set_value(2_000_000).run()
    _, asked = fake.called("artist_growth")[-1]
    assert (asked["song_id"], asked["window_days"], asked["threshold"]) == (2, 90, 2_000_000)
    now = {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}
    assert now == {"artist": "neonmarigold", "song": "rooftopstatic", "window": "90", "threshold": "2000000",
                   "tab": "trends"}


def test_a_link_opens_what_it_names(open_app, fake):
    app = open_app(artist="여울담", song="새벽우편함", window="all", threshold="5", lang="en")
    args, asked = fake.called("artist_growth")[-1]
    assert (args[1], asked["song_id"], asked["window_days"], asked["threshold"]) == (2, 3, None, 5)
    assert app.title[0].value == "Growth Radar"


def test_a_link_with_nonsense_falls_back(open_app, fake):
    app = open_app(artist="nobody", song="nothing", window="31", threshold="-3", lang="fr", tab="x")
    _, asked = fake.called("artist_growth")[-1]
    assert not app.exception
    assert (asked["song_id"], asked["window_days"], asked["threshold"]) == (None, 30, 100_000)
    assert app.title[0].value == "아티스트 성장 레이더"


def test_another_artist_drops_a_song_it_does_not_have(open_app, fake):
    app = open_app(artist="neonmarigold", song="rooftopstatic")
    app.selectbox(key="growth_artist").set_value("여울담").run()
    args, asked = fake.called("artist_growth")[-1]
    assert (args[1], asked["song_id"]) == (2, None)
    assert not app.exception


def test_without_a_choice_an_artist_above_the_threshold_is_shown(open_app, fake):
    open_app()
    args, _ = fake.called("artist_growth")[-1]
    assert NAMES[args[1]] == "Neon Marigold"


def test_the_window_note_names_the_last_day(open_app):
    assert "30 days to 27 Jan 2026 (the last day of data)" in words(open_app(locale="en-US"))


def test_an_empty_database_says_what_to_do_and_offers_it(open_app, fake):
    fake.artists = {}
    app = open_app()
    assert not app.exception
    assert "아직 데이터가 없습니다" in words(app)
    app.button(key="growth_sync").click().run()
    assert len(fake.called("submit_sync")) == 1
    assert len(app.metric) == 21


def test_everything_under_the_threshold_offers_one_that_fits(open_app, fake):
    app = open_app(artist="copperfinch")
    best = max(fake.artist_growth(fake.actor, 3, window_days=30, threshold=100_000).under_threshold.values())
    assert "품질 기준을 넘는 플랫폼이 없습니다" in words(app)
    assert f"{best:,.0f}" in words(app)
    assert not app.metric
    app.button(key="growth_lower").click().run()
    assert app.number_input(key="sidebar_threshold").value == 10 ** math.floor(math.log10(best))
    assert app.metric


def test_platforms_under_the_threshold_are_named_with_their_total(open_app, fake):
    totals = fake.artist_growth(fake.actor, 2, window_days=30, threshold=0).artist.totals
    app = open_app(artist="여울담", threshold=str(int(totals["spotify"]) - 1), locale="en-US")
    assert len(app.metric) == 14
    assert f"SoundCloud: total {totals['soundcloud']:,.0f}" in words(app)


@pytest.mark.parametrize(("days", "window", "advice"), [(2, "30", "Sync again once there is more"),
                                                        (150, "7", None), (5, "30", "Sync again once there is more")])
def test_too_little_data_says_so(open_app, fake, days, window, advice):
    fake.days = days
    app = open_app(artist="neonmarigold", window=window, threshold="1000", locale="en-US")
    assert not app.exception
    assert ("too few for the trend metrics" in words(app)) == (advice is not None)
    assert advice is None or advice in words(app)


def test_an_error_of_the_service_is_text_in_the_users_language(open_app, fake):
    fake.failures["artist_growth"] = NotFound("artist_gone")
    app = open_app(locale="en-US")
    assert not app.exception
    assert [error.value for error in app.error] == ["This artist is no longer in the database. Choose another one."]


def test_a_name_with_markdown_is_shown_as_it_is(open_app, fake, monkeypatch):
    monkeypatch.setitem(NAMES, 3, "A$AP *_[x]")
    fake.artists = dict(NAMES)
    app = open_app(artist="a$ap*_[x]")
    assert r"A\$AP \*\_\[x\]" in words(app)


# raw data -----------------------------------------------------------------------------------------------------------


def test_raw_data_is_newest_first_and_localized(open_app):
    app = open_app(artist="neonmarigold", tab="raw")
    table = app.dataframe[0].value
    assert list(table.columns) == ["날짜", "플랫폼", "곡", "누적", "하루 증가", "이상 표시", "파일"]
    assert table["날짜"].is_monotonic_decreasing
    assert len(table) == 30 * 6
    leap = table[(table["플랫폼"] == "SoundCloud") & (table["날짜"] == pd.Timestamp(LEAP_DAY))]
    assert set(leap["이상 표시"]) == {"급등"}


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
    name = _shared.file_part(growth_radar.raw_name(growth))
    assert name == "여울담_새벽우편함_2026-01-21_2026-01-27"
    assert _shared.file_part("a/b\\c:d*?") == "a-b-c-d"


# data health --------------------------------------------------------------------------------------------------------


def test_findings_are_sentences_with_dates_and_lines(open_app):
    shown = words(open_app(artist="neonmarigold", tab="health", locale="en-US"))
    assert "**Missing days (2)**: 17 Jan 2026 – 18 Jan 2026 (line 143)" in shown
    assert "**Days on which the total leapt (1)**: 15 Jan 2026 (line 138, 1,230,000 → 26,240,000)" in shown
    assert "**Rows that cannot be read (1)**: line 57" in shown


def test_a_new_level_can_be_accepted_and_withdrawn(open_app, fake):
    app = open_app(artist="neonmarigold", tab="health")
    file_id = next(file.id for file in fake.list_files(fake.actor, 1) if file.platform == "soundcloud")
    app.button(key=f"growth_accept_{file_id}_{LEAP_DAY}").click().run()
    assert fake.called("accept_level")[0][0][1:] == (file_id, LEAP_DAY)
    app.button(key=f"growth_withdraw_{file_id}_{LEAP_DAY}").click().run()
    assert fake.called("withdraw_level")[0][0][1:] == (file_id, LEAP_DAY)
    assert app.button(key=f"growth_accept_{file_id}_{LEAP_DAY}")


def test_health_shows_only_the_files_of_the_chosen_song(open_app):
    app = open_app(artist="neonmarigold", song="rooftopstatic", tab="health")
    titles = [expander.label for expander in app.main.expander]
    assert len(titles) == 3
    assert all("Rooftop Static" in title for title in titles)


def test_rejected_rows_come_with_their_reason(open_app):
    app = open_app(artist="여울담", tab="health")
    table = app.dataframe[0].value
    assert len(table) == 3
    assert table["이유"].str.contains("1.234.567").all()
