"""A script in every text that a user or a file can bring: every page shows it as text, and nothing runs."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api")

from .conftest import run_beside  # noqa: E402
from .test_demo_tour import opened, settled, sync_demo  # noqa: E402

pytestmark = pytest.mark.browser
BAD = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>[l](javascript:window.hurt=1)"
PAGES = ("", "growth_radar", "growth_radar?tab=data", "advanced_analysis", "advanced_analysis?tab=portfolio", "ai_judges",
         "ai_judges?tab=history", "image_to_music", "playlist_maker", "playlist_maker?tab=mine", "hit_prediction",
         "hit_prediction?tab=board", "text_to_bgm", "text_to_bgm?tab=history", "song_dossier", "song_dossier?q=script",
         "song_dossier?song={song}", "community", "community?post={post}", "community?tab=board", "my_page",
         "my_page?tab=made", "administration", "administration?tab=audit", "data", "data?tab=runs", "data?tab=catalogue")
HARMLESS = """() => window.hurt === undefined && !document.querySelector('img[src="x"], a[href^="javascript:"]')
    && ![...document.scripts].some(script => script.textContent.includes('window.hurt'))"""


@pytest.fixture(scope="module")
def poisoned(browser, server) -> dict[str, int]:
    """Let there be one of each thing, each with a script in every text."""
    sync_demo(browser, server)
    done = run_beside(server, "seed_scripts.py", BAD)
    assert int(done.split()[0]) >= 24, done
    return {"song": 1, "post": 1}


def test_every_page_shows_it_as_text(browser, server, poisoned):
    page = opened(browser, lang="en")
    shown, hurt = [], []
    for path in PAGES:
        page.goto(f"{server.url}/{path.format(**poisoned)}")
        settled(page)
        if not page.evaluate(HARMLESS):
            hurt.append(path)
        if "window.hurt" in page.locator("body").inner_text():
            shown.append(path)
    assert hurt == []
    assert len(shown) >= 8, shown
    page.context.close()
