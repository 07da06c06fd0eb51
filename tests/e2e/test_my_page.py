"""My page and Administration on the real server: looked at in every form, all data fetched and opened, the account ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .conftest import Server, running  # noqa: E402
from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PASSWORD = "three green walruses"
PATIENCE = 60_000
PLACES = {"my_page": "my_page", "account": "my_page?tab=account", "things": "my_page?tab=things",
          "data": "my_page?tab=data", "members": "administration", "audit": "administration?tab=audit"}


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Start the product with accounts and without mail, and with an administrator."""
    folder = tmp_path_factory.mktemp("members")
    with running(folder, AUTH="local") as server:
        where = {"AUTH": "local", "MIS_DATA_DIR": str(folder / "data"), "MIS_CMDATA_DIR": str(folder / "cmdata")}
        subprocess.run([sys.executable, "-m", "cli", "create-admin", "boss@example.org", "--nickname", "Boss",
                        "--password-stdin"], input=PASSWORD, text=True, check=True, cwd=ROOT, timeout=120,
                       env=os.environ | where, capture_output=True)
        yield server


def sign_in(page: Page, server: Server, email: str, lang: str, password: str = PASSWORD) -> None:
    page.goto(f"{server.url}/account/sign-in?lang={lang}")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("button[type=submit]")


def sign_up(page: Page, server: Server, email: str, nickname: str, lang: str) -> None:
    page.goto(f"{server.url}/account/sign-up?lang={lang}")
    page.fill("#email", email)
    page.fill("#nickname", nickname)
    page.fill("#password", PASSWORD)
    page.check("[name=terms]")
    page.click("button[type=submit]")
    expect(page.locator("#email")).to_be_visible()
    sign_in(page, server, email, lang)
    settled(page)


@pytest.mark.parametrize(("width", "lang"), [(1280, "ko"), (390, "en")])
def test_it_looks_right_in_every_form(browser, members, shots, width, lang):
    page = opened(browser, width=width)
    sign_in(page, members, "boss@example.org", lang)
    settled(page)
    for name, path in PLACES.items():
        page.goto(f"{members.url}/{path}{'&' if '?' in path else '?'}lang={lang}")
        title = "admin.title" if path.startswith("administration") else "mine.title"
        expect(page.get_by_role("heading", level=1).first).to_have_text(t(lang, title))
        settled(page)
        assert narrow(page), f"{name} scrolls sideways"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
            page.screenshot(path=shots / f"mine_{name}_{lang}_{scheme}_{width}.png")
    page.context.close()


def test_all_data_is_fetched_and_the_account_ended(browser, members, shots, tmp_path):
    page = opened(browser, lang="ko")
    sign_up(page, members, "mina@example.org", "미나", "ko")
    page.goto(f"{members.url}/my_page?tab=account&lang=ko")
    settled(page)
    page.locator(".st-key-mine_bio textarea").fill("새벽에 듣는 <b>음악</b>")
    page.locator(".st-key-mine_profile_save button").click()
    expect(page.get_by_text(t("ko", "mine.profile.saved"))).to_be_visible()
    box = fetched(page, members, tmp_path)
    me = json.loads(box["users.json"])
    assert [(row["nickname"], row["bio"]) for row in me] == [("미나", "새벽에 듣는 <b>음악</b>")]
    assert "미나" in box["README.ko.txt"].decode("utf-8-sig") and b"password_hash" not in b"".join(box.values())
    page.screenshot(path=shots / "mine_data_ready_ko.png")
    ended(page, members)
    sign_in(page, members, "mina@example.org", "ko")
    expect(page.get_by_text(t("ko", "errors.account.wrong"))).to_be_visible()
    page.context.close()


def fetched(page: Page, server: Server, folder: Path) -> dict[str, bytes]:
    """Pack all data, fetch the file, and return what is in it."""
    page.goto(f"{server.url}/my_page?tab=data&lang=ko")
    settled(page)
    page.locator(".st-key-mine_pack button").click()
    ready = page.locator(".st-key-mine_data_download a")
    expect(ready).to_be_visible(timeout=PATIENCE)
    settled(page)
    with page.expect_download(timeout=PATIENCE) as got:
        ready.click()
    got.value.save_as(folder / "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def ended(page: Page, server: Server) -> None:
    """Delete the account: a wrong password does not, the right one does."""
    page.goto(f"{server.url}/my_page?tab=account&lang=ko")
    settled(page)
    for password, said in (("not the right one", "errors.account.password_wrong"), (PASSWORD, "who.signed_out")):
        if not page.get_by_role("dialog").is_visible():
            page.locator(".st-key-mine_end_open button").click()
        page.locator(".st-key-mine_end_typed input").fill(password)
        page.locator(".st-key-mine_end_yes button").click()
        expect(page.get_by_text(t("ko", said)).first).to_be_visible(timeout=PATIENCE)


def test_an_administrator_gives_a_role_and_it_is_on_record(browser, members):
    member = opened(browser, lang="en")
    sign_up(member, members, "vik@example.org", "vik", "en")
    page = opened(browser, lang="en")
    sign_in(page, members, "boss@example.org", "en")
    settled(page)
    page.goto(f"{members.url}/administration?lang=en&find=vik")
    settled(page)
    page.locator("[class*=st-key-admin_role_]").get_by_role("combobox").click()
    page.get_by_role("option", name=t("en", "role.viewer")).click()
    page.locator(".st-key-admin_role_yes button").click()
    expect(page.get_by_text(t("en", "admin.role.done"))).to_be_visible()
    page.goto(f"{members.url}/administration?lang=en&tab=audit&act=set_role")
    expect(page.get_by_text(t("en", "admin.audit.count", count="1"))).to_be_visible()
    member.goto(f"{members.url}/my_page?lang=en")
    settled(member)
    expect(member.get_by_test_id("stMain").get_by_text(t("en", "role.viewer"), exact=True)).to_be_visible()
    assert member.get_by_test_id("stSidebarNav").get_by_text(t("en", "admin.title")).count() == 0
    for each in (member, page):
        each.context.close()
