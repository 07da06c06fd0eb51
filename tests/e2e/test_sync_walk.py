"""One walk through the real product: empty, sync, language, window, artist, download, data health, delete, undo."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PATIENCE = 20_000
"""Milliseconds; the machine that runs the tests may be busy."""


@pytest.fixture()
def page(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 2000}, locale="ko-KR", accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    outside: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: outside.append(request.url)
            if not request.url.startswith((server.url, "data:", "blob:")) else None)
    page.goto(f"{server.url}/growth_radar")
    yield page
    context.close()
    assert not faults
    assert not outside, "the page asked another host"


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=re.compile(re.escape(label))).first
    found = page.get_by_role("option", name=option).first
    box.scroll_into_view_if_needed()
    for _ in range(5):  # a box that is still unfolding closes its list again
        box.click()
        page.wait_for_timeout(400)
        if found.is_visible():
            break
    found.click()


def settled(page: Page) -> None:
    page.wait_for_function("!document.querySelector('[data-testid=\"stStatusWidget\"]')")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_walk_through_the_product(page, server, shots):
    # nothing there yet: a sentence that says what to do
    expect(page.get_by_text(t("ko", "growth.empty.title"))).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "walk_1_empty_ko.png")

    # sync the sample
    for path in (ROOT / "cmdata").glob("*.csv"):
        shutil.copy(path, server.cmdata)
    page.get_by_test_id("stSidebar").get_by_role("button", name=t("ko", "sidebar.sync")).click()
    expect(page.get_by_text(t("ko", "sidebar.result", imported=36, unchanged=0, refused=0))).to_be_visible()
    expect(page.get_by_text("YouTube").first).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "walk_2_synced_ko.png")

    # language, kept in the URL
    page.get_by_role("radio", name="English").or_(page.get_by_role("button", name="English")).first.click()
    expect(page.get_by_role("heading", name=t("en", "growth.title"))).to_be_visible()
    expect(page).to_have_url(re.compile("lang=en"))

    # window and artist
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("radio", name="90").or_(sidebar.get_by_role("button", name="90", exact=True)).first.click()
    expect(page.get_by_text("90 days to 31 Oct 2026")).to_be_visible()
    page.get_by_test_id("stMultiSelect").get_by_role("button", name="Clear all").click()
    expect(page.get_by_text(t("en", "growth.nobody.body"))).to_be_visible()
    choose(page, t("en", "growth.artist"), "Luna Harbor")
    expect(page).to_have_url(re.compile("artist=LunaHarbor"))
    settled(page)
    page.screenshot(path=shots / "walk_3_artist_en.png")

    # the link reproduces the view
    link = page.url
    page.goto(link)
    expect(page.get_by_text("90 days to 31 Oct 2026")).to_be_visible()

    # raw data and its download: newest first, two songs on three platforms for 90 days, one day missing in one file
    page.get_by_role("tab", name=t("en", "growth.tab.raw")).click()
    with page.expect_download() as started:
        page.get_by_role("button", name=re.compile("CSV")).first.click()
    text = Path(started.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2 * 3 * 90
    days = [row["day"] for row in rows]
    assert days == sorted(days, reverse=True) and days[0].startswith("2026-10-31")
    assert "Luna" in started.value.suggested_filename

    # data health names what was repaired
    page.get_by_role("tab", name=t("en", "growth.tab.health")).click()
    expect(page.get_by_text("Salt On The Window").first).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "walk_4_health_en.png")

    # delete an artist: named, confirmed, gone, undone
    sidebar.get_by_text(t("en", "sidebar.manage")).click()
    choose(page, t("en", "sidebar.delete_choice"), "Luna Harbor")
    sidebar.get_by_role("button", name=t("en", "sidebar.delete"), exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2,399")).to_be_visible()
    page.screenshot(path=shots / "walk_5_delete_en.png")
    dialog.get_by_role("button", name=t("en", "sidebar.delete"), exact=True).click()
    expect(dialog).to_have_count(0)
    expect(sidebar.get_by_text(re.compile("7 artists"))).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "walk_6_deleted_en.png")
    sidebar.get_by_role("button", name=t("en", "sidebar.undo")).click()
    expect(sidebar.get_by_text(re.compile("8 artists"))).to_be_visible()


def test_the_phone_view_has_no_sideways_scroll(browser, server, shots, page):
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US", color_scheme="dark")
    context.set_default_timeout(PATIENCE)
    phone = context.new_page()
    for path in ("/", "/growth_radar", "/data"):
        phone.goto(server.url + path)
        expect(phone.get_by_role("heading", level=1)).to_be_visible()
        settled(phone)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        main = "document.querySelector('[data-testid=\"stMain\"]')"
        assert phone.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
        phone.screenshot(path=shots / f"phone_{path.strip('/') or 'home'}_en_dark.png")
    context.close()
