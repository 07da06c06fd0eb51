"""Text to BGM on the real server: from choices or a text to music that plays, is edited, kept and deleted."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
PATIENCE = 120_000
"""Milliseconds for two short pieces, the first of which compiles the synthesisers."""
PLAYS = "one => one.play().then(() => true)"
MOVES = "() => [...document.querySelectorAll('audio')].some(one => one.currentTime > 0.2 && one.duration > 4)"


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()
    settled(page)


def tracks(page: Page, count: int) -> list[str]:
    """Wait for so many tracks; return their ids."""
    rows = page.locator("[class*=st-key-bgm_track_]")
    expect(rows).to_have_count(count, timeout=PATIENCE)
    expect(page.locator("audio")).to_have_count(count, timeout=PATIENCE)
    settled(page)
    return rows.evaluate_all("""found => found.map(one => [...one.classList]
        .find(name => name.startsWith('st-key-bgm_track_')).replace('st-key-bgm_track_', ''))""")


def test_from_choices_to_music_that_is_edited_kept_and_deleted(browser, server, shots):
    page = opened(browser, lang="ko")
    page.goto(f"{server.url}/text_to_bgm?lang=ko&s=6&n=2")
    settled(page)
    start = page.locator(".st-key-bgm_start button")
    expect(start).to_be_disabled()
    for name in ("재즈", "차분한"):
        page.get_by_role("button", name=name, exact=True).click()
        settled(page)
    expect(page.locator(".st-key-bgm_caption textarea")).to_have_value("차분한, 재즈")
    press(page, "bgm_start")
    first, _ = tracks(page, 2)
    page.locator("audio").first.evaluate(PLAYS)
    page.wait_for_function(MOVES)
    page.screenshot(path=shots / "text_to_bgm_ko.png")
    with page.expect_download() as got:
        page.locator(f".st-key-bgm_files_{first} button:visible").first.click()
        page.locator(f".st-key-bgm_file_wav_{first} button:visible").click()
    assert got.value.path().stat().st_size > 6 * 48_000 * 6
    page.keyboard.press("Escape")
    page.locator(f".st-key-bgm_edit_{first} button:visible").first.click()
    page.locator(f".st-key-bgm_do_lower_{first} button:visible").click()
    expect(page.get_by_text(t("ko", "bgm.track.before")).first).to_be_visible(timeout=PATIENCE)
    tracks(page, 2)
    _kept_and_deleted(page, server.url)
    page.context.close()


def _kept_and_deleted(page: Page, url: str) -> None:
    """The history has all three; one is deleted and taken back."""
    page.goto(f"{url}/text_to_bgm?lang=ko&tab=history")
    settled(page)
    rows = page.locator("[class*=st-key-bgm_row_]")
    expect(rows).to_have_count(3)
    page.locator("[class*=st-key-bgm_delete_] button:visible").first.click()
    expect(rows).to_have_count(2)
    press(page, "bgm_undo")
    expect(rows).to_have_count(3)


def test_lyrics_become_music_that_plays(browser, server, shots):
    page = opened(browser, lang="en")
    page.goto(f"{server.url}/text_to_bgm?lang=en&s=5&n=1&way=text")
    settled(page)
    press(page, "bgm_read_demo")
    press(page, "bgm_read")
    expect(page.locator(".st-key-bgm_reading_box")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.screenshot(path=shots / "text_to_bgm_reading_en.png")
    _another_summary(page)
    press(page, "bgm_start")
    tracks(page, 1)
    page.locator("audio").first.evaluate(PLAYS)
    page.wait_for_function(MOVES)
    expect(page).to_have_url(re.compile("batch="))
    page.context.close()


def _another_summary(page: Page) -> None:
    """A sentence put into the summary is shown in it, what it changes is told, and all of it can be taken back."""
    quotes = page.locator(".st-key-bgm_reading_box blockquote")
    before = quotes.all_inner_texts()
    page.locator(".st-key-bgm_summary_head [data-testid=stPopover] button").click()
    boxes = page.locator(".st-key-bgm_lines label")
    boxes.nth(len(before)).click()  # those of the summary rank highest, save one that says what a better one said
    settled(page)
    page.keyboard.press("Escape")
    expect(quotes).not_to_have_text(before)
    expect(page.locator(".st-key-bgm_changed")).to_contain_text(t("en", "bgm.read.changed"))
    press(page, "bgm_back_to_read")
    expect(quotes).to_have_text(before)
    expect(page.locator(".st-key-bgm_changed")).to_have_count(0)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser, server, shots, lang):
    page = opened(browser, lang=lang, width=390)
    page.goto(f"{server.url}/text_to_bgm?lang={lang}&g=lofi&m=dreamy&loop=1&s=15")
    expect(page.get_by_text(t(lang, "bgm.title")).first).to_be_visible(timeout=PATIENCE)
    settled(page)
    expect(page.locator(".st-key-bgm_start button")).to_be_enabled()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
        assert narrow(page)
        page.screenshot(path=shots / f"text_to_bgm_{lang}_{scheme}_390.png")
    page.context.close()
