"""A script in every text that a user or a file can bring: every page shows it as text, and nothing runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")

from .test_demo_tour import opened, settled, sync  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
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
    for path in (ROOT / "cmdata").glob("LunaHarbor_*.csv"):
        shutil.copy(path, server.cmdata)
    page = opened(browser, lang="ko")
    sync(page, server)
    page.context.close()
    environment = {**os.environ, "MIS_DATA_DIR": str(server.cmdata.parent / "data")}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("seed_scripts.py")), BAD], cwd=ROOT,
                          env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 24, done.stdout
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
