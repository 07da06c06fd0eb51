"""The playlist maker on the real server: from a title to a saved playlist with thumbnails, a link, and its end."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
TITLE = "비 오는 날 창가에서 듣는 재즈"
PATIENCE = 90_000
"""Milliseconds for the starter playlists of the first start, and for four thumbnails."""


def songs(page: Page) -> list[str]:
    """Return the ids of the songs in order."""
    return page.eval_on_selector_all("[class*=st-key-plm_song_]", """rows => rows.map(row =>
        [...row.classList].find(name => name.startsWith('st-key-plm_song_')).replace('st-key-plm_song_', ''))""")


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()
    settled(page)


def wait(page: Page, changed: str) -> None:
    """Wait until the songs are as a JavaScript expression of their `ids` says."""
    page.wait_for_function(f"""() => {{ const ids = [...document.querySelectorAll('[class*=st-key-plm_song_]')].map(row =>
        [...row.classList].find(name => name.startsWith('st-key-plm_song_')).replace('st-key-plm_song_', ''));
        return {changed} }}""", timeout=PATIENCE)
    settled(page)


def test_from_a_title_to_a_shared_playlist_and_its_end(browser, server, shots):
    page = opened(browser, lang="ko")
    page.goto(f"{server.url}/playlist_maker?lang=ko")
    settled(page)
    title = page.get_by_label(t("ko", "plm.title_input.label"))
    expect(title).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".st-key-plm_import_live")).to_have_count(0, timeout=PATIENCE)
    title.fill(TITLE)
    title.press("Enter")
    expect(page.get_by_text(t("ko", "plm.similar.heading"))).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[class*=st-key-plm_hit_]")).to_have_count(3, timeout=PATIENCE)
    press(page, "plm_make")
    wait(page, "ids.length === 10")
    _edits(page)
    expect(page.locator("[class*=st-key-plm_thumb_] img")).to_have_count(4, timeout=PATIENCE)
    expect(page).not_to_have_url(re.compile("paint="))
    assert page.locator("[class*=st-key-plm_thumb_] img").first.evaluate("one => one.naturalWidth") == 1280
    press(page, "plm_save")
    expect(page.get_by_text(t("ko", "plm.keep.saved"))).to_be_visible()
    wait(page, "ids.length === 10")
    kept = songs(page)
    page.screenshot(path=shots / "playlist_maker_ko.png")
    _shared(browser, page, kept)
    _deleted(page)
    page.context.close()


def _edits(page: Page) -> None:
    """Lock the first, replace the second, take out the third, try again: ten songs, none twice, the first stays."""
    first, second, third = songs(page)[:3]
    press(page, f"plm_do_lock_{first}")
    press(page, f"plm_do_replace_{second}")
    wait(page, f"ids.length === 10 && !ids.includes('{second}')")
    press(page, f"plm_do_remove_{third}")
    wait(page, "ids.length === 9")
    before = songs(page)
    press(page, "plm_again")
    wait(page, f"ids.length === 10 && ids.slice(1).join() !== '{','.join(before[1:])}'")
    after = songs(page)
    assert after[0] == first and len(set(after)) == 10 and not {second, third} & set(after)


def _shared(browser, page: Page, kept: list[str]) -> None:
    """Open the link in another browser: the same songs, nothing to change."""
    page.locator(".st-key-plm_link button:visible").first.click()
    page.get_by_role("button", name=t("ko", "plm.keep.link_make")).click()
    address = page.get_by_test_id("stCode").filter(has_text="?playlist=")
    expect(address).to_be_visible()
    other = opened(browser, lang="en", width=390)
    other.goto(address.inner_text().strip())
    expect(other.get_by_text(t("en", "plm.link.heading"))).to_be_visible()
    wait(other, f"ids.join() === '{','.join(kept)}'")
    assert other.locator("[class*=st-key-plm_do_]").count() == 0 and narrow(other)
    other.context.close()


def _deleted(page: Page) -> None:
    page.goto(f"{page.url.partition('?')[0]}?tab=mine")
    settled(page)
    page.get_by_role("button", name=t("ko", "plm.mine.delete")).click()
    page.get_by_role("dialog").get_by_role("button", name=t("ko", "plm.mine.delete")).click()
    expect(page.get_by_text(t("ko", "plm.mine.empty.title"))).to_be_visible()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser, server, shots, lang):
    page = opened(browser, lang=lang, width=390)
    page.goto(f"{server.url}/playlist_maker?lang={lang}&title={quote(TITLE)}&made=1")
    wait(page, "ids.length === 10")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
        assert narrow(page)
        page.screenshot(path=shots / f"playlist_maker_{lang}_{scheme}_390.png")
    page.context.close()
