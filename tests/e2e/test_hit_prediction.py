"""Hit prediction on the real server: a made track is sent, judged, published, ranked and reported, in both languages."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
TITLE = "Made for the test"
PATIENCE = 60_000
"""Milliseconds for the first prediction, which loads the models."""
RATE, SECONDS = 22_050, 12


def track() -> bytes:
    """Return a WAV of chords over a beat at 120 a minute, with a little noise: music enough to be measured."""
    time = np.arange(RATE * SECONDS) / RATE
    roots = np.array([220.0, 174.6, 261.6, 196.0])[(time // 2).astype(int) % 4]
    chord = sum(np.sin(2 * np.pi * roots * ratio * time) for ratio in (1, 1.25, 1.5)) / 6
    beat = np.exp(-12 * (time % 0.5)) * np.random.default_rng(0).normal(0, 0.25, len(time))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(chord + beat, -0.99, 0.99) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()
    settled(page)


def test_a_track_is_judged_published_ranked_and_reported(browser, server, shots, tmp_path):
    page, outside = opened(browser, lang="ko"), []
    page.on("request", lambda request: outside.append(request.url)
            if not request.url.startswith((server.url, "data:", "blob:")) else None)
    page.goto(f"{server.url}/hit_prediction?lang=ko")
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        {"name": "made.wav", "mimeType": "audio/wav", "buffer": track()})
    title = page.get_by_label(t("ko", "hit.input.name"), exact=True)
    title.fill(TITLE)
    title.press("Enter")
    settled(page)
    press(page, "hit_start")
    result = page.locator(".st-key-hit_result")
    expect(result).to_be_visible(timeout=PATIENCE)
    settled(page)
    expect(page.locator(".st-key-hit_parts")).to_contain_text(t("ko", "hit.part_state.untrained"))
    page.screenshot(path=shots / "hit_prediction_ko.png")
    _listed(page)
    _switched(page, shots)
    _saved(page, tmp_path, browser)
    assert not outside, "the page asked another host"
    page.context.close()


def _listed(page: Page) -> None:
    """Publish it among one's own; the leaderboard has it as the first, and plays it when asked to."""
    page.get_by_role("tab", name=t("ko", "hit.tab.mine")).click()
    row = page.locator("[class*=st-key-hit_row_]").filter(has_text=TITLE)
    row.get_by_text(t("ko", "hit.mine.public"), exact=True).click()
    expect(page.get_by_text(t("ko", "hit.mine.published"))).to_be_visible()
    page.get_by_role("tab", name=t("ko", "hit.tab.board")).click()
    ranked = page.locator(".st-key-hit_board_list [class*=st-key-hit_row_]").filter(has_text=TITLE).first
    expect(ranked).to_contain_text(t("ko", "hit.board.own"))
    assert page.locator("audio").count() == 0
    ranked.get_by_role("button", name=t("ko", "hit.list.play")).click()
    expect(page.locator("audio")).to_have_count(1)
    page.wait_for_function("document.querySelector('audio').duration > 11")


def _switched(page: Page, shots) -> None:
    """Open the report from the leaderboard and have the page in English."""
    page.locator(".st-key-hit_board_list [class*=st-key-hit_row_]").first.get_by_role("link").click()
    expect(page.locator(".st-key-hit_result")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("English").click()
    expect(page.get_by_role("tab", name=t("en", "hit.tab.board"))).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-hit_parts")).to_contain_text(t("en", "hit.part_state.untrained"))
    page.screenshot(path=shots / "hit_prediction_en.png")
    page.set_viewport_size({"width": 390, "height": 1600})
    assert narrow(page)
    page.set_viewport_size({"width": 1280, "height": 1300})


def _saved(page: Page, folder, browser) -> None:
    """Download the report; it opens by itself, with its charts drawn."""
    press(page, "hit_download")
    with page.expect_download() as download:
        page.get_by_role("button", name=t("en", "hit.keep.html")).click()
    path = folder / "report.html"
    download.value.save_as(path)
    report = opened(browser, lang="en")
    asked = []
    report.on("request", lambda request: asked.append(request.url)
              if not request.url.startswith(("file:", "data:", "blob:")) else None)
    report.goto(path.as_uri())
    expect(report.get_by_role("heading", level=1)).to_have_text(t("en", "hit.file.title", name=TITLE))
    expect(report.locator(".chart .main-svg").first).to_be_visible()
    assert not asked
    report.context.close()
