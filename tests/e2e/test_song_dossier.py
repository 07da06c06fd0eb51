"""The song dossier on the real server: found by the search, kept as a file that opens offline, shared and taken back."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .test_demo_tour import narrow, opened, settled, sync  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PATIENCE = 90_000
"""Milliseconds for the first dossier, which loads the model of moods."""


def test_a_song_is_found_kept_shared_and_the_link_taken_back(browser, server, shots, tmp_path):
    for path in (ROOT / "cmdata").glob("LunaHarbor_*.csv"):
        shutil.copy(path, server.cmdata)
    page = opened(browser, lang="ko")
    sync(page, server)
    page.keyboard.press("Control+k")
    expect(page.get_by_text(t("ko", "search.start"))).to_be_visible()
    settled(page)
    box = page.locator(".st-key-search_text input")
    box.fill("midnight ferry")
    box.press("Enter")
    page.get_by_role("dialog").get_by_role("link", name=re.compile("Midnight Ferry")).first.click()
    expect(page.locator(".st-key-dossier_head")).to_contain_text("Midnight Ferry", timeout=PATIENCE)
    settled(page)
    page.screenshot(path=shots / "song_dossier_ko.png")
    _opens_offline(browser, page, tmp_path)
    _shared_and_taken_back(browser, page, shots)
    page.context.close()


def _opens_offline(browser, page: Page, tmp_path: Path) -> None:
    with page.expect_download(timeout=PATIENCE) as got:
        page.locator(".st-key-dossier_html button:visible").click()
    file = tmp_path / "dossier.html"
    got.value.save_as(file)
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 1600})
    alone, asked = context.new_page(), []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(file.as_uri())
    expect(alone.get_by_text("Midnight Ferry").first).to_be_visible()
    expect(alone.locator(".js-plotly-plot").first).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def _shared_and_taken_back(browser, page: Page, shots: Path) -> None:
    page.locator(".st-key-dossier_share button:visible").first.click()
    page.locator(".st-key-dossier_share_make button:visible").click()
    address = page.get_by_test_id("stCode").filter(has_text="share=")
    expect(address).to_be_visible()
    link = address.inner_text().strip()
    other = opened(browser, lang="en", width=390)
    other.goto(link)
    expect(other.get_by_text(t("en", "dossier.linked"))).to_be_visible(timeout=PATIENCE)
    settled(other)
    assert narrow(other) and other.locator(".st-key-dossier_share").count() == 0
    other.screenshot(path=shots / "song_dossier_shared_en_390.png")
    settled(page)
    page.locator("[class*=st-key-dossier_revoke_] button:visible").first.click()
    page.locator(".st-key-dossier_revoke_yes button:visible").click()
    settled(page)
    other.reload()
    expect(other.get_by_text(t("en", "errors.dossier.link_gone")).first).to_be_visible()
    other.context.close()
