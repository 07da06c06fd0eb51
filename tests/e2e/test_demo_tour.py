"""The demo tour from Home through every page that exists, and the Growth Radar in each of its states, as pictures."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402
from views.home import NAMES, TOUR  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PATIENCE = 20_000
"""Milliseconds; the machine that runs the tests may be busy."""
NAMES_THE_SONG = """title => { const main = document.querySelector('[data-testid="stMain"]');
    return main.innerText.includes(title) || [...main.querySelectorAll('input')].some(one => one.value === title) }"""
SIZES = {1280: 1300, 390: 1600}
"""Widths and heights of the pictures, in pixels."""


def opened(browser, *, lang: str = "ko", scheme: str = "light", width: int = 1280) -> Page:
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme,
                                  locale="ko-KR" if lang == "ko" else "en-US")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context.new_page()


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_function("""!document.querySelector('[data-testid="stStatusWidget"]')
                              && !document.querySelector('[data-testid="stSkeleton"]')
                              && !document.querySelector('[data-stale="true"]')""")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def narrow(page: Page) -> bool:
    """Return whether nothing scrolls sideways."""
    return page.evaluate("""() => { const main = document.querySelector('[data-testid="stMain"]');
        return document.documentElement.scrollWidth <= window.innerWidth && main.scrollWidth <= main.clientWidth }""")


def sync(page: Page, server) -> None:
    """Sync what was put into the folder, and wait for the result."""
    page.goto(server.url + "/data?tab=files")
    settled(page)
    page.get_by_test_id("stSidebar").get_by_role("button", name=t("ko", "sidebar.sync")).click()
    expect(page.get_by_test_id("stSidebar").get_by_text(t("ko", "sidebar.result_link"))).to_be_visible()
    settled(page)


def sync_demo(browser, server) -> None:
    """Sync the demo song's artist, as the first step of what writes more beside it."""
    for path in (ROOT / "cmdata").glob("LunaHarbor_*.csv"):
        shutil.copy(path, server.cmdata)
    page = opened(browser, lang="ko")
    sync(page, server)
    page.context.close()


def write(folder: Path, artist: str, rows: list[tuple[date, int]]) -> None:
    text = "".join(f"{day},{value}\n" for day, value in rows)
    (folder / f"{artist}_Alone_YouTube_views.csv").write_text(f"date,views\n{text}", "utf-8")


def put_states(folder: Path) -> None:
    """Write an artist with one day, and one whose every gain is filled in or follows a gap."""
    start = date(2026, 1, 1)
    write(folder, "OneDay", [(start, 250_000)])
    write(folder, "AllFlagged", [(start + timedelta(days=day), 500_000 + 1_000 * day) for day in range(40)
                                 if day % 13 != 12])


def test_pictures_of_the_growth_radar_in_each_state(browser, server, shots):
    page = opened(browser, lang="ko")
    page.goto(f"{server.url}/growth_radar")
    settled(page)
    pictures(browser, server, shots, {"empty": ("", "growth.empty.title")})
    put_states(server.cmdata)
    for name in ("LunaHarbor_MidnightFerry", "NeonMarigold_ParallelSummer"):
        for path in (ROOT / "cmdata").glob(f"{name}_*.csv"):
            shutil.copy(path, server.cmdata)
    sync(page, server)
    page.context.close()
    pictures(browser, server, shots, {
        "data": ("artist=LunaHarbor&song=MidnightFerry", "growth.scale.log"),
        "compare": ("artist=LunaHarbor&artist=NeonMarigold&index=1&window=90", "growth.index"),
        "one_day": ("artist=OneDay", "growth.scale.log"),
        "all_flagged": ("artist=AllFlagged", "growth.chart.flagged")})


def test_the_tour_walks_through_every_page_with_the_demo_song(browser, server, shots):
    for path in (ROOT / "cmdata").glob("LunaHarbor_*.csv"):
        shutil.copy(path, server.cmdata)
    page = opened(browser, lang="ko")
    sync(page, server)
    for place, file in enumerate(TOUR, 1):
        page.goto(server.url)
        expect(page.get_by_text(t("ko", "home.tour.made_up"))).to_be_visible()
        settled(page)
        if place == 1:
            assert page.locator("audio").evaluate("one => one.src.length") > 0
            page.screenshot(path=shots / "tour_0_home_ko.png")
        title = t("ko", "home.tour.step_title", number=place, title=t("ko", NAMES[file]))
        page.get_by_role("link", name=title).click()
        expect(page).to_have_url(re.compile(f"/{file}"))
        settled(page)
        page.wait_for_function(NAMES_THE_SONG, arg="Midnight Ferry")
        page.screenshot(path=shots / f"tour_{place}_{file}_ko.png")
    page.context.close()


def pictures(browser, server, shots, states: dict[str, tuple[str, str]]) -> None:
    """Keep a picture of each state in both languages, themes and widths; nothing overflows and nothing fails."""
    for width in SIZES:
        page = opened(browser, width=width)
        for lang in ("ko", "en"):
            for state, (query, seen) in states.items():
                page.goto(f"{server.url}/growth_radar?lang={lang}&{query}")
                expect(page.get_by_text(t(lang, seen)).first).to_be_visible()
                settled(page)
                assert narrow(page), f"{state} {lang} {width} scrolls sideways"
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
                    page.screenshot(path=shots / f"radar_{state}_{lang}_{scheme}_{width}.png")
        page.context.close()
