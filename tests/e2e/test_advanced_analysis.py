"""Advanced Analysis on the real server: every tab as a picture, alerts made and taken back, the report downloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect  # noqa: E402

from locales import t  # noqa: E402

from .test_demo_tour import narrow, opened, settled, sync  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
TABS = {"forecast": "analysis.milestone.title", "patterns": "analysis.weekday.title",
        "standing": "analysis.standing.platforms", "portfolio": "analysis.portfolio.search",
        "alerts": "analysis.alert.form.title", "engineering": "analysis.engineering.steps.title"}
"""A text of each tab that is there once it is drawn."""


@pytest.fixture(scope="module")
def synced(browser, server):
    for name in ("LunaHarbor", "NeonMarigold", "CopperFinch"):
        for path in (ROOT / "cmdata").glob(f"{name}_*.csv"):
            shutil.copy(path, server.cmdata)
    page = opened(browser)
    sync(page, server)
    page.context.close()
    return server


@pytest.mark.parametrize(("width", "lang", "scheme"), [(1280, "ko", "light"), (1280, "en", "dark"),
                                                       (390, "en", "light"), (390, "ko", "dark")])
def test_pictures_of_every_tab(browser, synced, shots, width, lang, scheme):
    page = opened(browser, lang=lang, scheme=scheme, width=width)
    for tab, seen in TABS.items():
        page.goto(f"{synced.url}/advanced_analysis?lang={lang}&artist=LunaHarbor&tab={tab}")
        expect(page.get_by_text(t(lang, seen)).first).to_be_visible()
        settled(page)
        assert narrow(page), f"{tab} {lang} {width} scrolls sideways"
        page.screenshot(path=shots / f"analysis_{tab}_{lang}_{scheme}_{width}.png")
    page.context.close()


def test_a_forecast_is_compared_and_reported(browser, synced, tmp_path):
    page = opened(browser, lang="en")
    page.goto(f"{synced.url}/advanced_analysis?lang=en&artist=LunaHarbor&target=40000000")
    settled(page)
    page.get_by_text(t("en", "analysis.forecast.past"), exact=True).click()
    expect(page.get_by_test_id("stPlotlyChart").first.get_by_text(t("en", "analysis.chart.fan.past"))).to_be_visible()
    assert "past=1" in page.url
    expect(page.get_by_text("40,000,000", exact=False).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name=t("en", "analysis.report.download")).click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name == "Luna-Harbor_report.html"
    report = saved.read_text("utf-8")
    assert "Luna Harbor" in report and "plotly" in report
    page.goto(saved.as_uri())
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.context.close()


def test_alerts_are_suggested_and_listed(browser, synced):
    page = opened(browser, lang="en")
    page.goto(f"{synced.url}/advanced_analysis?lang=en&artist=LunaHarbor&tab=alerts")
    settled(page)
    page.get_by_role("button", name=t("en", "analysis.alert.suggest.button")).click()
    settled(page)
    expect(page.get_by_text(t("en", "analysis.alert.kind.silence")).first).to_be_visible()
    page.context.close()
