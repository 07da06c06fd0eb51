"""Image to Music on the real server: a picture becomes tags and songs, is changed, kept, shared, opened by a link, deleted."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from PIL import Image, ImageDraw  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402
from tests.providers.test_youtube import Service, listing, result  # noqa: E402

from .conftest import ROOT, Server, running  # noqa: E402
from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
LOOKS = [(1280, "ko", "light"), (1280, "en", "dark"), (390, "en", "light"), (390, "ko", "dark")]
SONGS, PILL, LIVE = ".st-key-i2m_songs", "[data-testid=stButtonGroup] button", ".st-key-i2m_live"
NO_KEYS = dict.fromkeys(("OPENAI_API_KEY", "GOOGLE_API_KEY", "YOUTUBE_API_KEY", "S3_PICTURES_PREFIX"), "")


@pytest.fixture(scope="module")
def youtube() -> Iterator[Service]:
    service = Service(listing(result()))
    yield service
    service.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, youtube) -> Iterator[Server]:
    """Start the product with three hundred songs of the starter catalogue and a key for the tests' own YouTube."""
    folder = tmp_path_factory.mktemp("pictures")
    with (ROOT / "catalogue" / "songs.csv").open(encoding="utf-8") as lines:
        (folder / "songs.csv").write_text("".join(islice(lines, 301)), "utf-8")
    own = {"MIS_DATA_DIR": str(folder / "data"), "MIS_CMDATA_DIR": str(folder), **NO_KEYS}
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own
    done = subprocess.run([sys.executable, "-m", "cli", "import-catalogue", str(folder / "songs.csv")], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    with running(folder, **NO_KEYS | {"YOUTUBE_API_KEY": "k", "YOUTUBE_BASE_URL": youtube.url}) as started:
        yield started


def painted() -> bytes:
    """Return a picture of a sun low over the sea."""
    image = Image.new("RGB", (480, 320))
    draw = ImageDraw.Draw(image)
    for row in range(320):
        draw.line((0, row, 480, row), fill=(250 - row // 3, 150 - row // 4, 90 + row // 4) if row < 200 else (30, 70, 120 - row // 6))
    draw.ellipse((200, 140, 280, 220), fill=(255, 230, 150))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def upload(page: Page, server: Server, lang: str, data: bytes, name: str = "sea.png") -> None:
    """Upload a picture and wait for its songs."""
    page.goto(f"{server.url}/image_to_music?lang={lang}")
    settled(page)
    start = page.get_by_role("button", name=t(lang, "i2m.upload.start"))
    expect(start).to_be_disabled()
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
    expect(start).to_be_enabled()
    settled(page)
    start.click()
    expect(page.locator(SONGS)).to_be_visible(timeout=60_000)
    settled(page)


def titles(page: Page) -> list[str]:
    return page.locator(f"{SONGS} strong").all_inner_texts()


def pictures(browser, server: Server, shots: Path, state: str, query: str, seen: str) -> None:
    """Keep a picture of an address in both languages, themes and widths; nothing scrolls sideways."""
    for width, lang, scheme in LOOKS:
        page = opened(browser, lang=lang, scheme=scheme, width=width)
        page.goto(f"{server.url}/image_to_music?{query}&lang={lang}")
        expect(page.locator(seen).first).to_be_visible()
        settled(page)
        assert narrow(page), f"{state} {lang} {width} scrolls sideways"
        page.screenshot(path=shots / f"image_{state}_{lang}_{scheme}_{width}.png")
        page.context.close()


def test_a_picture_becomes_tags_and_songs_and_a_change_counts_at_once(browser, server, shots):
    pictures(browser, server, shots, "upload", "source=demo", ".st-key-i2m_consent")
    page = opened(browser, lang="en")
    upload(page, server, "en", painted())
    expect(page).to_have_url(re.compile("image=1"))
    chosen = page.locator(".st-key-i2m_choices")
    tags = page.locator("[class*=st-key-i2m_tags_1_] button")
    expect(tags.first).to_be_visible()
    found = titles(page)
    assert len(found) == 5
    tags.first.click()  # taken out: the songs follow
    settled(page)
    page.get_by_label(t("en", "i2m.tags.words")).fill("dancing in a club on a rainy night")
    page.keyboard.press("Enter")
    expect(page.get_by_text("#RainyDay").or_(page.get_by_text("#Club")).first).to_be_visible()
    settled(page)
    changed = titles(page)
    assert changed != found
    chosen.get_by_role("button", name="Ballad").click()
    settled(page)
    expect(page).to_have_url(re.compile("genre="))
    page.get_by_role("button", name=t("en", "i2m.songs.draw")).click()
    expect(page).to_have_url(re.compile("seed=1"))
    settled(page)
    drawn = titles(page)
    assert drawn != changed and len(drawn) == 5
    page.reload()
    expect(page.locator(SONGS)).to_be_visible()
    settled(page)
    assert titles(page) == drawn  # all of it is in the address
    page.get_by_text(t("en", "i2m.tags.weights")).click()
    expect(page.locator("[class*=st-key-i2m_weight_1_]").first).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "image_weights_en_light_1280.png")
    slider = page.locator("[class*=st-key-i2m_weight_1_]").get_by_role("slider").nth(1)
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")  # with the keyboard alone
    settled(page)
    expect(page.locator("[class*=st-key-i2m_tags_1_] button", has_text="×").first).to_be_visible()
    page.context.close()
    pictures(browser, server, shots, "result", "image=1", SONGS)


def test_the_same_file_is_recognised_and_no_picture_is_refused(browser, server, shots):
    page = opened(browser, lang="ko")
    upload(page, server, "ko", painted())
    expect(page.get_by_text(t("ko", "i2m.tagger.known"))).to_be_visible()
    expect(page).to_have_url(re.compile("image=1"))
    page.get_by_role("button", name=t("ko", "i2m.upload.other")).click()
    settled(page)
    page.locator("input[type=file]").set_input_files({"name": "text.png", "mimeType": "image/png", "buffer": b"words, words"})
    settled(page)
    page.get_by_role("button", name=t("ko", "i2m.upload.start")).click()
    expect(page.get_by_role("alert").filter(has_text="PNG, JPEG, WebP, BMP, HEIC")).to_be_visible()
    settled(page)
    page.screenshot(path=shots / "image_refused_ko_light_1280.png")
    page.context.close()


def test_a_song_is_heard_in_youtubes_own_player_after_one_search(browser, server, youtube, shots):
    page = opened(browser, lang="en")
    page.route(re.compile("youtube-nocookie"), lambda route: route.fulfill(body="<p>a player</p>", content_type="text/html"))
    page.goto(f"{server.url}/image_to_music?image=1&lang=en")
    play = page.get_by_role("button", name=t("en", "i2m.listen.play"))
    expect(play.first).to_be_visible()
    assert not youtube.asked and not page.locator("iframe").count()
    play.first.click()
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("src", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ")
    settled(page)
    page.screenshot(path=shots / "image_player_en_light_1280.png")
    page.get_by_role("button", name=t("en", "i2m.listen.hide")).click()
    expect(frame).to_have_count(0)
    play.first.click()
    expect(frame).to_have_count(1)
    assert len(youtube.asked) == 1
    page.goto(f"{server.url}/image_to_music?tab=guide&lang=en")
    expect(page.get_by_text("100 / 10,000")).to_be_visible()
    page.context.close()


def test_a_result_is_kept_shared_by_a_link_and_with_everyone_then_deleted(browser, server, shots, tmp_path):
    page = opened(browser, lang="en")
    page.goto(f"{server.url}/image_to_music?image=1&lang=en")
    expect(page.locator(SONGS)).to_be_visible()
    settled(page)
    shown = titles(page)
    page.get_by_role("button", name=t("en", "i2m.save.list")).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=t("en", "i2m.save.m3u8")).click()
    download.value.save_as(tmp_path / "songs.m3u8")
    lines = (tmp_path / "songs.m3u8").read_text("utf-8").splitlines()
    assert lines[0] == "#EXTM3U" and len(lines) == 1 + 2 * len(shown) and all(line.startswith("https://www.youtube.com/") for line in lines[2::2])
    page.keyboard.press("Escape")
    page.get_by_role("button", name=t("en", "i2m.save.card")).click()
    page.get_by_role("button", name=t("en", "i2m.save.card_make")).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=t("en", "i2m.save.card_download")).click()
    download.value.save_as(shots / "image_card_en.png")
    assert Image.open(shots / "image_card_en.png").width == 1080
    page.keyboard.press("Escape")
    page.get_by_role("button", name=t("en", "i2m.save.link")).click()
    page.get_by_role("button", name=t("en", "i2m.save.link_make")).click()
    address = page.locator("code", has_text="?picture=")
    expect(address).to_be_visible()
    link = address.inner_text().strip()
    assert link.startswith(f"{server.url}/image_to_music?picture=")
    settled(page)

    other = opened(browser, lang="ko", scheme="dark")  # somebody else, without a session
    other.goto(link)
    expect(other.get_by_text(t("ko", "i2m.link.heading"))).to_be_visible()
    settled(other)
    assert titles(other) == shown and other.locator(".st-key-i2m_choices").count() == 0
    other.context.close()
    pictures(browser, server, shots, "link", link.partition("?")[2], SONGS)

    page.get_by_role("button", name=t("en", "i2m.save.link_back")).click()
    settled(page)
    page.keyboard.press("Escape")
    other = opened(browser, lang="en")
    other.goto(link)
    expect(other.get_by_text(t("en", "errors.picture.link_gone"))).to_be_visible()
    other.goto(f"{server.url}/image_to_music?tab=archive&lang=en")
    expect(other.get_by_text(t("en", "i2m.archive.empty.title"))).to_be_visible()  # a link is no consent

    page.get_by_role("button", name=t("en", "i2m.save.share")).click()
    expect(page.get_by_role("button", name=t("en", "i2m.save.share_start"), exact=True)).to_be_disabled()
    page.get_by_text(t("en", "i2m.save.share_agree")).click()
    page.get_by_role("button", name=t("en", "i2m.save.share_start"), exact=True).click()
    expect(page.get_by_role("button", name=t("en", "i2m.save.share_stop"))).to_be_visible()
    page.context.close()
    other.reload()
    expect(other.locator(".st-key-i2m_grid img")).to_have_count(1)
    other.context.close()
    for state in ("archive", "mine", "guide"):
        seen = "h4" if state == "guide" else ".st-key-i2m_grid img"
        pictures(browser, server, shots, state, f"tab={state}", seen)

    page = opened(browser, lang="en")
    page.goto(f"{server.url}/image_to_music?tab=mine&lang=en")
    page.get_by_role("button", name=t("en", "i2m.mine.delete"), exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(t("en", "i2m.mine.delete_what"))
    settled(page)
    page.screenshot(path=shots / "image_delete_en_light_1280.png")
    dialog.get_by_role("button", name=t("en", "i2m.mine.delete"), exact=True).click()
    expect(page.get_by_text(t("en", "i2m.mine.empty.title"))).to_be_visible()
    page.goto(f"{server.url}/image_to_music?image=1&lang=en")
    expect(page.get_by_text(t("en", "errors.picture.gone"))).to_be_visible()
    page.context.close()


def test_two_people_at_once_see_each_their_own(browser, server):
    pages = [opened(browser, lang="en"), opened(browser, lang="ko")]
    for place, (page, lang) in enumerate(zip(pages, ("en", "ko"), strict=True)):
        page.goto(f"{server.url}/image_to_music?lang={lang}")
        settled(page)
        picture = io.BytesIO()
        Image.new("RGB", (300, 200), (230, 60, 40) if place else (30, 60, 140)).save(picture, "PNG")
        page.locator("input[type=file]").set_input_files({"name": "plain.png", "mimeType": "image/png", "buffer": picture.getvalue()})
        expect(page.get_by_role("button", name=t(lang, "i2m.upload.start"))).to_be_enabled()
    for page, lang in zip(pages, ("en", "ko"), strict=True):
        page.get_by_role("button", name=t(lang, "i2m.upload.start")).click()
    for page in pages:
        page.wait_for_url(re.compile(r"image=\d+"), timeout=60_000)
        settled(page)
    assert len({re.search(r"image=(\d+)", page.url).group(1) for page in pages}) == 2
    for page in pages:
        page.context.close()
