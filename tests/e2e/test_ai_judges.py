"""AI judges on the real server: the offline rubric without keys, three judges who stream, one that fails, a cancel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402
from tests.providers.llm_server import Act, Asked, LLMServer  # noqa: E402

from .conftest import Server, running  # noqa: E402
from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
MODELS = {"Simon Cowell": "meta-llama-3.1-8b-instruct", "Howie Mandel": "gpt-4o-mini", "Mel B": "gemini-3.1-flash-lite"}
LEVELS = {"meta-llama-3.1-8b-instruct": 2, "gpt-4o-mini": 5, "gemini-3.1-flash-lite": 4}
LOOKS = [(1280, "ko", "light"), (1280, "en", "dark"), (390, "en", "light"), (390, "ko", "dark")]
VERDICT = ".st-key-judges_verdict"
CONTRASTS = """() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => colour.map(part => part / 255)
        .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const page = numbers(getComputedStyle(document.querySelector('.stApp')).backgroundColor);
    return [...document.querySelectorAll('.stMarkdownBadge')].map(badge => {
        const style = getComputedStyle(badge), [r, g, b, alpha = 1] = numbers(style.backgroundColor);
        const behind = light([r, g, b].map((part, place) => part * alpha + page[place] * (1 - alpha)));
        const front = light(numbers(style.color).slice(0, 3));
        const ratio = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
        return [badge.innerText, Math.round(ratio * 100) / 100] }) }"""
"""Every badge with the contrast between its words and what is behind them."""


def reply(asked: Asked) -> str:
    """Return what a judge says: a level of its own for each criterion, the last quote made up."""
    assert asked.schema
    keys = asked.schema["properties"]["criteria"]["items"]["properties"]["criterion"]["enum"]
    line = asked.user.partition("lyrics:\n")[2].splitlines()[0]
    review = " ".join(f"Sentence {place} of {asked.model} on this song." for place in range(1, 9))
    criteria = [{"criterion": key, "level": LEVELS[asked.model], "reason": "It shows.",
                 "quote": "nowhere in this song" if key == keys[-1] else line} for key in keys]
    return json.dumps({"review": review, "criteria": criteria})


@pytest.fixture(scope="module")
def llm() -> Iterator[LLMServer]:
    with LLMServer(reply=reply) as server:
        yield server


@pytest.fixture(scope="module")
def keyed(llm, tmp_path_factory) -> Iterator[Server]:
    """Start the product with keys, its judges' services being the server of the tests."""
    with running(tmp_path_factory.mktemp("keyed"), OPENAI_API_KEY="k", FRIENDLI_API_KEY="k", GOOGLE_API_KEY="k",
                 OPENAI_BASE_URL=llm.openai_url, FRIENDLI_BASE_URL=llm.openai_url,
                 GEMINI_BASE_URL=llm.gemini_url) as server:
        yield server


@pytest.fixture(scope="module")
def keyless(tmp_path_factory) -> Iterator[Server]:
    """Start the product without a key, whatever the environment holds."""
    with running(tmp_path_factory.mktemp("keyless"), OPENAI_API_KEY="", FRIENDLI_API_KEY="",
                 GOOGLE_API_KEY="") as server:
        yield server


def choose(page: Page, server: Server, lang: str) -> None:
    """Open the page and wait for the songs."""
    page.goto(f"{server.url}/ai_judges?lang={lang}")
    expect(page.get_by_role("radio").nth(5)).to_be_visible()
    settled(page)


def start(page: Page, server: Server, lang: str = "en", key: str = "start") -> None:
    choose(page, server, lang)
    page.get_by_role("button", name=t(lang, f"judges.panel.{key}")).click()


def pictures(browser, url: str, shots: Path, state: str, seen: str, badges: bool = True) -> None:
    """Keep a picture of an address in both languages, themes and widths; nothing scrolls sideways."""
    for width, lang, scheme in LOOKS:
        page = opened(browser, lang=lang, scheme=scheme, width=width)
        page.goto(f"{url}{'&' if '?' in url else '?'}lang={lang}")
        expect(page.locator(seen).first).to_be_visible()
        settled(page)
        assert narrow(page), f"{state} {lang} {width} scrolls sideways"
        contrasts = page.evaluate(CONTRASTS)
        assert bool(contrasts) >= badges and not [each for each in contrasts if each[1] < 4.5]
        page.screenshot(path=shots / f"judges_{state}_{lang}_{scheme}_{width}.png")
        page.context.close()


def test_without_a_key_the_offline_rubric_judges_and_the_result_stays(browser, keyless, shots):
    pictures(browser, f"{keyless.url}/ai_judges", shots, "choose", ".st-key-judges_panel")
    page = opened(browser, lang="en")
    start(page, keyless, key="start_offline")
    expect(page.locator(VERDICT)).to_contain_text("/ 300")
    expect(page.locator(VERDICT)).to_contain_text(t("en", "judges.verdict.provisional"))
    expect(page.locator(".stMarkdownBadge", has_text=t("en", "judging.offline.label"))).to_have_count(3)
    total = page.locator(f"{VERDICT} h2").inner_text()
    page.get_by_test_id("stSidebar").get_by_role("link", name=t("en", "data.title")).click()
    expect(page.locator(VERDICT)).to_have_count(0)
    page.get_by_test_id("stSidebar").get_by_role("link", name=t("en", "judges.title")).click()
    expect(page.locator(f"{VERDICT} h2")).to_have_text(total)
    page.wait_for_url(re.compile("audition="))
    address = page.url
    page.context.close()
    pictures(browser, address, shots, "offline", VERDICT)


def test_three_judges_stream_and_a_reload_does_not_stop_them(browser, keyed, llm, shots):
    llm.reset()
    llm.default = Act(token_s=0.04)
    page = opened(browser, lang="en")
    start(page, keyed)
    for place, model in enumerate(MODELS.values()):
        card = page.locator(f".st-key-judges_card_0_{place}")
        expect(card).to_contain_text(f"Sentence 1 of {model}")
        expect(card).not_to_contain_text("Sentence 8")
    page.screenshot(path=shots / "judges_running_en_light_1280.png")
    page.get_by_test_id("stSidebar").get_by_role("link", name=t("en", "data.title")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(t("en", "data.title"))
    page.get_by_test_id("stSidebar").get_by_role("link", name=t("en", "judges.title")).click()
    expect(page.locator(".st-key-judges_card_0_1")).to_contain_text("Sentence 2")
    page.reload()
    expect(page.locator(VERDICT)).to_contain_text("/ 300", timeout=60_000)
    settled(page)
    # six criteria of the words at levels 2, 5 and 4: 40, 100 and 80 of 100
    expect(page.locator(f"{VERDICT} h2")).to_contain_text("220 / 300")
    expect(page.locator(VERDICT)).to_contain_text(t("en", "judges.verdict.split"))
    assert len(llm.asked) == 3
    page.get_by_text(f"{t('en', 'judges.card.criteria')} · Howie Mandel").click()
    expect(page.get_by_text(t("en", "judges.card.flagged")).first).to_be_visible()
    settled(page)
    page.get_by_text(t("en", "judges.card.flagged")).first.scroll_into_view_if_needed()
    page.screenshot(path=shots / "judges_criteria_en_light_1280.png")
    page.get_by_text(t("en", "judges.figure.title")).click()
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
    settled(page)
    page.get_by_test_id("stPlotlyChart").first.scroll_into_view_if_needed()
    page.screenshot(path=shots / "judges_figures_en_light_1280.png")
    address = page.url
    page.context.close()
    pictures(browser, address, shots, "result", VERDICT)


def test_a_judge_that_fails_says_why_and_is_heard_again(browser, keyed, llm, shots):
    llm.reset()
    llm.plan(*[Act("status", status=500)] * 8, model=MODELS["Howie Mandel"])
    page = opened(browser, lang="en")
    start(page, keyed)
    expect(page.locator(f"{VERDICT} h2")).to_contain_text("120 / 200, two judges", timeout=60_000)
    card = page.locator(".st-key-judges_card_0_1")
    expect(card).to_contain_text("HTTP 500")
    address = page.url
    pictures(browser, address, shots, "one_failed", VERDICT)
    llm.reset()
    card.get_by_role("button", name=t("en", "judges.card.retry")).click()
    expect(page.locator(f"{VERDICT} h2")).to_contain_text("220 / 300", timeout=60_000)
    assert [asked.model for asked in llm.asked] == [MODELS["Howie Mandel"]]
    page.context.close()


def test_an_audition_is_cancelled(browser, keyed, llm, shots):
    llm.reset()
    llm.default = Act(token_s=0.5)
    page = opened(browser, lang="ko", scheme="dark", width=390)
    start(page, keyed, "ko")
    expect(page.locator(".st-key-judges_card_0_0")).to_contain_text("Sen")
    assert narrow(page)
    page.screenshot(path=shots / "judges_running_ko_dark_390.png")
    page.get_by_role("button", name=t("ko", "judges.run.cancel")).click()
    expect(page.get_by_text(t("ko", "judges.run.state.cancelled"))).to_be_visible()
    expect(page.get_by_role("button", name=t("ko", "judges.run.again"))).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "judges_cancelled_ko_dark_390.png")
    page.context.close()


def test_history_lists_compares_and_exports(browser, keyed, shots, tmp_path):
    """What the tests before left: two whole auditions and a cancelled one."""
    page = opened(browser, lang="en")
    page.goto(f"{keyed.url}/ai_judges?lang=en&tab=history&by=best")
    rows = page.locator(".st-key-judges_h_list")
    expect(rows.get_by_text("220 / 300")).to_have_count(2)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=t("en", "judges.history.export.csv"), exact=True).click()
    saved = tmp_path / "auditions.csv"
    download.value.save_as(saved)
    lines = saved.read_text("utf-8-sig").splitlines()
    assert len(lines) >= 3 and sum("GOOD" in line for line in lines) >= 2
    for place in range(2):
        rows.get_by_text(t("en", "judges.history.tick"), exact=True).nth(place).click()
        settled(page)
    expect(page.locator(".st-key-judges_compare")).to_contain_text(t("en", "judges.compare.title"))
    settled(page)
    page.screenshot(path=shots / "judges_compare_en_light_1280.png")
    page.context.close()
    pictures(browser, f"{keyed.url}/ai_judges?tab=history", shots, "history", ".st-key-judges_h_list")
    pictures(browser, f"{keyed.url}/ai_judges?tab=batch", shots, "batch", ".st-key-judges_b_form", badges=False)
