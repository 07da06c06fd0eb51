"""Home as a user meets it: what changed, what there is to do, the demo song, what is connected, the first run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import words
from fake_services import demo

from locales import t
from support.errors import AppError

TITLES = ["아티스트 성장 레이더", "심화 분석", "AI 심사위원", "이미지로 음악 찾기", "플레이리스트 메이커", "히트 예측",
          "텍스트로 배경음악 만들기", "곡 프로필", "커뮤니티"]
ROOT = Path(__file__).parents[2]


def links(app):
    """Return page and query of every link."""
    return {(link.proto.page, link.proto.query_string): link.proto.label for link in app.get("page_link")}


def test_home_is_what_opens_first(open_app):
    app = open_app()
    assert not app.exception
    assert app.title[0].value == "음악 통합 시스템"


def test_what_changed_links_to_the_artist(open_app):
    app = open_app(locale="en-US")
    shown, found = words(app), links(app)
    assert "3 new or changed · 9 unchanged · 2 refused" in shown
    assert "900 rows · to 27 Jan 2026" in shown
    assert found[("growth_radar", "artist=neonmarigold")] == ":violet[Neon Marigold]"


def test_risers_come_with_rate_and_link_to_artist_and_platform(open_app, fake):
    app = open_app(locale="en-US")
    assert "+23.4%" in words(app)
    assert "12.3K a day over the last 7 days" in words(app)
    assert ("growth_radar", "artist=neonmarigold&platform=spotify") in links(app)
    assert fake.called("home")[-1][0][1] == 100_000


def test_files_that_wait_link_to_data_health(open_app):
    app = open_app(locale="en-US")
    shown, found = words(app), links(app)
    assert "NeonMarigold_Loop_Spotify_streams.csv" in shown and "can mean day/month or month/day" in shown
    assert "The total leapt" in shown
    assert ("growth_radar", "artist=neonmarigold&tab=health") in found
    assert ("data", "tab=files") in found  # no artist: nothing on the Growth Radar


def test_every_job_is_a_link_to_its_page(open_app):
    app = open_app()
    from views import home

    shown = words(app)
    assert [title for title in TITLES if title not in shown] == []
    assert {page for page, _ in links(app)} == {"data", "my_page", *home.NAMES}
    assert home.NAMES.keys() >= set(home.TOUR)


def test_a_page_has_one_name_in_the_menu_on_home_and_in_both_readmes():
    from views import _pages, home

    menu = {file: name for file, _, name in _pages.PAGES}
    assert [t("ko", menu[file]) for file in home.NAMES] == TITLES
    for readme, (one, other) in (("README.md", ("en", "ko")), ("README.ko.md", ("ko", "en"))):
        told = re.findall(r"^\| (.+?) · (.+?) \|", (ROOT / readme).read_text("utf-8"), re.MULTILINE)
        assert sorted(told) == sorted((t(one, name), t(other, name)) for name in menu.values()), readme


def test_the_tour_opens_the_demo_song(open_app):
    app = open_app(locale="en-US")
    found = links(app)
    assert found[("growth_radar", "artist=neonmarigold&song=rooftopstatic&window=180")].startswith(":violet[**Step 1")
    shown = words(app)
    assert "The first line" in shown and "Artist - Title" not in shown
    assert "Made up for this product" in shown
    assert "city pop · 112 BPM · D minor · 1:30" in shown


def test_the_tour_of_a_database_without_the_demo_song_says_so(open_app, fake):
    fake.artists.pop(1)
    app = open_app(locale="en-US")
    assert "not in the database" in app.info[0].value
    assert not [query for page, query in links(app) if "song=" in query]


def test_no_demo_song_no_tour(open_app, fake):
    fake.demo = None
    assert "데모 둘러보기" not in words(open_app())


@pytest.mark.parametrize("nothing", [True, False])
def test_the_first_run_shows_the_three_steps_first(open_app, fake, nothing):
    fake.sample = not nothing
    if nothing:
        fake.artists = {}
    app = open_app(locale="en-US")
    assert not app.exception
    heads = [element.value for element in app.markdown if element.value.startswith("### ")]
    assert heads[0] == "### Start with your own data"
    assert ("There is no data yet" in words(app)) == nothing
    app.button(key="home_sync").click().run()
    assert len(fake.called("submit_sync")) == 1


def test_later_the_steps_are_folded_below(open_app):
    app = open_app(locale="en-US")
    heads = [element.value for element in app.markdown if element.value.startswith("### ")]
    assert heads == ["### Since the last sync", "### What can you do here?", "### Demo tour"]
    assert "Start with your own data" in [expander.label for expander in app.main.expander]


def test_what_is_connected_is_folded_under_a_summary(open_app, fake):
    app = open_app(locale="en-US")
    assert app.main.expander[-1].label == "**What is connected** · 2 ready · 2 missing"
    assert "OPENAI_API_KEY" not in words(app)
    fake.missing = ()


def test_what_is_missing_says_what_it_would_add_and_how(open_app, fake):
    app = open_app(locale="en-US")
    app.session_state["home_capabilities"] = True
    shown = words(app.run())
    assert not app.exception
    assert "**OpenAI** :gray-badge[:material/remove: Missing]" in shown
    assert "Set `OPENAI_API_KEY` in `.env` and restart." in shown
    assert "**pgvector extension** :green-badge[:material/check: Ready]" in shown


def test_every_capability_has_its_texts(fake):
    import config
    from locales import texts
    from usecases import home as use_case

    keys = ["database", "vector", "alert_webhook", *(key for key in config.KEYS if key != "AWS_SECRET_KEY"), *use_case.PACKAGES]
    for lang in ("ko", "en"):
        assert [key for key in keys for part in ("title", "adds", "how")
                if f"capability.{key.lower()}.{part}" not in texts(lang)] == []


def test_an_error_of_the_service_is_text(open_app, fake):
    fake.failures["home"] = AppError("unexpected", kind="X")
    app = open_app(locale="en-US")
    assert not app.exception
    assert len(app.error) == 1


def test_names_are_shown_as_they_are(open_app, fake):
    fake.demo = demo(1, 1)
    assert r"**Parallel Summer**" in words(open_app())
