"""The community on the real server: written with an attached song, answered, liked, reported, removed, deleted, back."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .conftest import run_beside  # noqa: E402
from .test_demo_tour import SIZES, narrow, opened, settled, sync_demo  # noqa: E402

pytestmark = pytest.mark.browser
HOSTILE = """# Plans <script>window.hurt = 1</script>

<img src=x onerror="window.hurt = 1"> **bold**, *slanted*, `code` and [a link](https://example.org/page).
![a picture](https://example.org/track.png) [bad](javascript:window.hurt=1) :red[red] :material/verified: :fire: $$x^2$$

- one
- two

> quoted

```python
print("hello")
```
"""

@pytest.fixture(scope="module")
def seeded(browser, server) -> None:
    """Let others have written before: as other processes would, through the same services."""
    sync_demo(browser, server)
    run_beside(server, "seed_community.py", HOSTILE)


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button:visible").first.click()


def open_post(page: Page, server, title: str) -> None:
    page.goto(f"{server.url}/community?q={title.replace(' ', '+')}")
    settled(page)
    page.locator(".st-key-community_posts").get_by_role("link", name=re.compile(title)).first.click()
    expect(page.locator(".st-key-community_post")).to_contain_text(title)
    settled(page)


def test_a_post_with_a_song_is_written_answered_changed_liked_deleted_and_back(browser, server, seeded, shots):
    page = opened(browser, lang="ko")
    page.goto(f"{server.url}/community")
    settled(page)
    press(page, "community_write")
    page.locator(".st-key-community_title input").fill("밤에 듣는 페리")
    page.locator(".st-key-community_body textarea").fill("이 곡을 **들어** 보세요.\n<b>둘째 줄</b>")
    page.locator(".st-key-community_preview label").first.click()
    expect(page.locator(".st-key-community_previewed")).to_contain_text("<b>둘째 줄</b>")
    press(page, "community_attach")
    page.locator(".st-key-community_attach_kind").get_by_role("combobox").click()
    page.get_by_role("option", name=t("ko", "community.kind.song"), exact=True).click()
    page.locator(".st-key-community_attach_find input").fill("midnight ferry")
    page.keyboard.press("Enter")
    page.locator("[class*=st-key-community_put_song_] button:visible").first.click()
    expect(page.locator("[class*=st-key-community_card_song_]")).to_contain_text("Midnight Ferry")
    settled(page)
    page.screenshot(path=shots / "community_write_ko.png")
    page.get_by_test_id("stSidebar").get_by_text("English").click()  # the draft outlives a change of the language
    expect(page.get_by_text(t("en", "community.write.new"))).to_be_visible()
    assert page.locator(".st-key-community_title input").input_value() == "밤에 듣는 페리"
    assert "둘째 줄" in page.locator(".st-key-community_body textarea").input_value()
    page.get_by_test_id("stSidebar").get_by_text("한국어").click()
    expect(page.get_by_text(t("ko", "community.write.new"))).to_be_visible()
    settled(page)
    press(page, "community_publish")
    expect(page.get_by_text(t("ko", "community.write.published"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]post=\d+"))
    settled(page)
    _answered(page)
    _changed_and_liked(page)
    page.reload()
    settled(page)
    expect(page.locator(".st-key-community_post")).to_contain_text("밤에 듣는 페리 (2)")
    page.screenshot(path=shots / "community_post_ko.png")
    _deleted_and_back(page)
    page.context.close()


def _answered(page: Page) -> None:
    page.locator("[class*=st-key-community_say_] textarea").fill("첫 댓글")
    press(page, "community_send")
    comment = page.locator("[class*=st-key-community_comment_]").filter(has_text="첫 댓글").first
    expect(comment).to_be_visible()
    settled(page)
    page.locator("[class*=st-key-community_change_] button:visible").first.click()
    page.locator("[class*=st-key-community_changed_] textarea").first.fill("고친 댓글")
    press(page, "community_changed_save")
    expect(page.get_by_text("고친 댓글")).to_be_visible()
    settled(page)


def _changed_and_liked(page: Page) -> None:
    press(page, "community_edit")
    page.locator(".st-key-community_title input").fill("밤에 듣는 페리 (2)")
    press(page, "community_publish")
    expect(page.get_by_text(t("ko", "community.write.saved"))).to_be_visible()
    settled(page)
    for kind in ("post", "song"):
        heart = page.locator(f"[class*=st-key-likes_{kind}_] button:visible").first
        expect(heart).to_have_text(re.compile("0"))
        heart.click()
        expect(heart).to_have_text(re.compile("1"))
        settled(page)


def _deleted_and_back(page: Page) -> None:
    press(page, "community_delete")
    press(page, "community_delete_yes")
    expect(page.get_by_text(t("ko", "community.delete.done"))).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-community_posts").get_by_text("밤에 듣는 페리")).to_have_count(0)
    press(page, "community_undo_go")
    expect(page.locator(".st-key-community_post")).to_contain_text("밤에 듣는 페리 (2)")
    settled(page)


def test_what_others_wrote_runs_nothing_and_fetches_nothing(browser, server, seeded, shots):
    page = opened(browser, lang="en")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_post(page, server, "A post about advertising")
    post = page.locator(".st-key-community_post")
    expect(post).to_contain_text("<script>window.hurt = 1</script>")
    for said in (":red[red]", "$$x^2$$", '<img src=x onerror="window.hurt = 1">'):
        expect(post).to_contain_text(said)
    page.screenshot(path=shots / "community_hostile_en.png")
    assert page.evaluate("window.hurt") is None
    assert post.locator("img, script, iframe, .katex, [data-testid=stIconMaterial] >> text=verified").count() == 0
    addresses = post.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert "https://example.org/page" in addresses
    assert not [address for address in addresses if not address.startswith(("https://", "http://"))]
    assert not [url for url in asked if "example.org" in url]
    page.context.close()


def test_a_post_is_reported_and_removed_with_a_reason_and_put_back(browser, server, seeded, shots):
    page = opened(browser, lang="en")
    open_post(page, server, "A post about advertising")
    page.locator("[class*=st-key-community_report_post_] button:visible").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(t("en", "community.report.reason.spam")).click()
    dialog.locator(".st-key-community_report_note textarea").fill("sells things")
    page.screenshot(path=shots / "community_report_en.png")
    press(page, "community_report_yes")
    expect(page.get_by_text(t("en", "community.report.done"))).to_be_visible()
    settled(page)
    page.goto(f"{server.url}/community?tab=moderation")
    queue = page.locator(".st-key-community_queue_rows")
    expect(queue).to_contain_text("sells things")
    settled(page)
    page.screenshot(path=shots / "community_queue_en.png")
    page.locator("[class*=st-key-community_remove_post_] button:visible").first.click()
    page.locator(".st-key-community_remove_reason textarea").fill("advertising")
    page.keyboard.press("Control+Enter")
    press(page, "community_remove_yes")
    expect(page.get_by_text(t("en", "community.moderate.removed"))).to_be_visible()
    gone = page.locator(".st-key-community_gone_rows")
    expect(gone).to_contain_text("advertising")
    settled(page)
    gone.locator("[class*=st-key-community_restore_post_] button:visible").first.click()
    expect(page.get_by_text(t("en", "community.moderate.restored"))).to_be_visible()
    page.context.close()


def test_pictures_in_both_languages_themes_and_widths(browser, server, seeded, shots):
    states = {"board": "", "leaders": "tab=leaders", "judged": "q=Judged", "music": "q=rainy", "cover": "q=cover"}
    for width in SIZES:
        page = opened(browser, width=width)
        for lang in ("ko", "en"):
            for state, query in states.items():
                page.goto(f"{server.url}/community?lang={lang}&{query}")
                settled(page)
                if query.startswith("q="):
                    page.locator(".st-key-community_posts a").first.click()
                    expect(page.locator(".st-key-community_post")).to_be_visible()
                    settled(page)
                assert narrow(page), f"{state} {lang} {width} scrolls sideways"
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
                    page.screenshot(path=shots / f"community_{state}_{lang}_{scheme}_{width}.png")
        page.context.close()
