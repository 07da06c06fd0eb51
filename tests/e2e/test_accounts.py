"""Accounts on the real server: by password with codes by mail, without accounts from elsewhere, by an identity provider."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from email import message_from_bytes, policy

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect  # noqa: E402

from locales import t  # noqa: E402

from .conftest import CHROMIUM, FLAGS, Server, free_port, running, watched  # noqa: E402
from .test_demo_tour import narrow, opened, settled  # noqa: E402

pytestmark = pytest.mark.browser
PASSWORD = "three green walruses"
OPERATOR = "a long operator's word"
HOST = "music.example"


# accounts with a password ------------------------------------------------------------


class Box:
    """A mailbox: what a server was handed."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 OK"

    def code(self, to: str) -> str:
        """Return the code in the newest mail to an address."""
        mail = [mail for mail in self.mails if to in mail["To"]][-1]
        return re.search(r"\b(\d{6})\b", mail.get_content())[1]


@pytest.fixture(scope="module")
def box():
    from aiosmtpd.controller import Controller

    kept = Box()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    kept.url = f"smtp://127.0.0.1:{controller.port}"
    yield kept
    controller.stop()


@pytest.fixture(scope="module")
def members(tmp_path_factory, box):
    """Start the product with accounts and a mail server."""
    with running(tmp_path_factory.mktemp("members"), AUTH="local", SMTP_URL=box.url,
                 SMTP_FROM="Music <music@example.org>") as server:
        yield server


def sign_up(page: Page, server: Server, box: Box, email: str, nickname: str, lang: str = "en") -> None:
    """Make an account by the forms and confirm its address with the code that is mailed."""
    page.goto(f"{server.url}/account/sign-up?lang={lang}")
    page.fill("#email", email)
    page.fill("#nickname", nickname)
    page.fill("#password", PASSWORD)
    page.check("[name=terms]")
    page.click("button[type=submit]")
    expect(heading(page)).to_have_text(t(lang, "web.verify.title"))
    page.fill("#code", box.code(email))
    page.click("button[value=verify]")
    expect(page.locator("#said")).to_have_text(t(lang, "web.verify.done"))


def sign_in(page: Page, password: str = PASSWORD, email: str = "") -> None:
    """Fill in the form that is open."""
    if email:
        page.fill("#email", email)
    page.fill("#password", password)
    page.click("button[type=submit]")


def test_from_sign_up_to_sign_out(browser, members, box, shots):
    page = opened(browser, lang="ko")
    page.goto(f"{members.url}/growth_radar?lang=ko")
    expect(heading(page)).to_have_text(t("ko", "web.sign_in.title"))
    page.get_by_role("link", name=t("ko", "web.sign_up.title")).click()
    page.fill("#email", "luna@example.org")
    page.fill("#nickname", "루나")
    page.fill("#password", PASSWORD)
    page.check("[name=terms]")
    page.click("button[type=submit]")
    page.fill("#code", "000000" if box.code("luna@example.org") != "000000" else "111111")
    page.click("button[value=verify]")
    expect(page.locator("#said")).to_have_text(t("ko", "errors.account.code_wrong"))
    expect(page.locator("#email")).to_have_value("luna@example.org")
    page.fill("#code", box.code("luna@example.org"))
    page.click("button[value=verify]")
    sign_in(page)
    expect(page.locator(".st-key-who_corner")).to_contain_text("루나")
    settled(page)
    assert "/growth_radar" in page.url and "mis_" not in page.url
    assert "mis_sign_in" not in page.evaluate("document.cookie")
    page.reload()
    expect(page.locator(".st-key-who_corner")).to_contain_text("루나")
    settled(page)
    page.screenshot(path=shots / "account_member_ko.png")
    page.locator(".st-key-who_sign_out button").click()
    expect(heading(page)).to_have_text(t("ko", "who.signed_out"))
    page.reload()
    expect(page.locator("#password")).to_be_visible()
    page.context.close()


def test_a_wrong_password_keeps_the_address_and_opens_nothing(browser, members, box):
    page = opened(browser, lang="en")
    sign_up(page, members, box, "june@example.org", "June")
    page.goto(f"{members.url}/data?lang=en")
    sign_in(page, "not this one", "june@example.org")
    expect(page.locator("#said")).to_have_text(t("en", "errors.account.wrong"))
    expect(page.locator("#email")).to_have_value("june@example.org")
    expect(page.locator("#password")).to_have_value("")
    page.goto(f"{members.url}/data")
    expect(page.locator("#password")).to_be_visible()
    page.context.close()


def test_signing_out_everywhere_ends_the_other_browser(browser, members, box):
    one, other = opened(browser, lang="en"), opened(browser, lang="en")
    sign_up(one, members, box, "mina@example.org", "Mina")
    for page in (one, other):
        page.goto(f"{members.url}/?lang=en")
        sign_in(page, email="mina@example.org")
        expect(page.locator(".st-key-who_corner")).to_contain_text("Mina")
        settled(page)
    one.goto(f"{members.url}/my_page?tab=account&lang=en")
    one.locator(".st-key-mine_out button").click()
    expect(heading(one)).to_have_text(t("en", "who.signed_out"))
    time.sleep(5.5)  # how long a process may keep an answer
    other.locator(".st-key-sidebar_window").get_by_text("90").click()
    expect(heading(other)).to_have_text(t("en", "who.signed_out"))
    expect(other.locator(".st-key-sidebar_sync")).to_have_count(0)
    for page in (one, other):
        page.context.close()


def test_a_forgotten_password_is_set_anew_by_mail(browser, members, box):
    page = opened(browser, lang="en")
    sign_up(page, members, box, "nari@example.org", "Nari")
    page.get_by_role("link", name=t("en", "web.forgot.title")).click()
    page.fill("#email", "nari@example.org")
    page.click("button[type=submit]")
    expect(page.locator("#said")).to_have_text(t("en", "web.reset.sent"))
    page.fill("#code", box.code("nari@example.org"))
    page.fill("#new_password", "four blue walruses")
    page.click("button[type=submit]")
    expect(page.locator("#said")).to_have_text(t("en", "web.reset.done"))
    sign_in(page)
    expect(page.locator("#said")).to_have_text(t("en", "errors.account.wrong"))
    sign_in(page, "four blue walruses")
    expect(page.locator(".st-key-who_corner")).to_contain_text("Nari")
    page.context.close()


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "dark", 390),
                                                       ("en", "light", 390)])
def test_the_doors_fit_every_window(browser, members, shots, lang, scheme, width):
    page = opened(browser, lang=lang, scheme=scheme, width=width)
    for door in ("sign-in", "sign-up", "verify", "forgot", "reset"):
        page.goto(f"{members.url}/account/{door}")
        expect(heading(page)).to_have_text(t(lang, f"web.{door.replace('-', '_')}.title"))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if door in ("sign-in", "sign-up"):
            page.screenshot(path=shots / f"account_{door}_{lang}_{scheme}_{width}.png")
    page.context.close()


# without accounts, from elsewhere ------------------------------------------------------------


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """Start the product without accounts; it is asked under a name that is not this machine's."""
    with running(tmp_path_factory.mktemp("away"), AUTH="off", ADMIN_PASSWORD=OPERATOR) as server:
        server.url = server.url.replace("127.0.0.1", HOST)
        yield server


@pytest.fixture(scope="module")
def elsewhere(browser):
    """Launch a browser for which that name leads here."""
    chromium = watched(browser.browser_type.launch(executable_path=CHROMIUM,
                                                   args=[*FLAGS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]))
    yield chromium
    chromium.close()


def new_song(page: Page, server: Server, title: str) -> str:
    """Make a song in the dossier; return the address of its page."""
    page.goto(f"{server.url}/song_dossier?lang=en")
    settled(page)
    box = page.locator(".st-key-dossier_new_title input")
    if not box.is_visible():
        page.get_by_text(t("en", "dossier.new.label")).click()
    page.locator(".st-key-dossier_new_artist input").fill("Quiet Room")
    box.fill(title)
    page.locator(".st-key-dossier_new_make button").click()
    expect(page.locator(".st-key-dossier_head")).to_contain_text(title)
    settled(page)
    return page.url


def test_visitors_see_nothing_of_each_other(elsewhere, away, shots):
    one, other = opened(elsewhere, lang="en"), opened(elsewhere, lang="en")
    address = new_song(one, away, "Private Rehearsal")
    expect(one.locator(".st-key-who_notice")).to_contain_text("an analyst of your own")
    one.screenshot(path=shots / "account_visitor_en.png")
    other.goto(address)
    settled(other)
    expect(other.locator(".st-key-dossier_head")).to_have_count(0)
    expect(other.get_by_text("Private Rehearsal")).to_have_count(0)
    one.reload()
    expect(one.locator(".st-key-dossier_head")).to_contain_text("Private Rehearsal")
    names = {page.locator(".st-key-who_corner").inner_text() for page in (one, other)}
    assert len(names) == 2
    _shows_a_guest_one_page_and_no_more(elsewhere, one, away, shots)
    for page in (one, other):
        page.context.close()


def _shows_a_guest_one_page_and_no_more(elsewhere, owner: Page, server: Server, shots) -> None:
    settled(owner)
    owner.locator(".st-key-dossier_share button:visible").first.click()
    owner.locator(".st-key-dossier_share_make button:visible").click()
    shown = owner.get_by_test_id("stCode").filter(has_text="share=")
    expect(shown).to_be_visible()
    link = shown.inner_text().strip()
    guest = opened(elsewhere, lang="ko", width=390)
    guest.goto(link)
    expect(guest.get_by_text(t("ko", "dossier.linked"))).to_be_visible()
    settled(guest)
    assert narrow(guest) and not [one for one in guest.context.cookies() if one["name"].endswith("mis_sign_in")]
    assert guest.get_by_test_id("stSidebarNav").count() == 0
    for key in ("sidebar_sync", "search_open", "sidebar_manage", "who_corner"):
        assert guest.locator(f".st-key-{key}").count() == 0
    guest.screenshot(path=shots / "account_guest_ko_390.png")
    guest.context.close()


def test_the_operators_password_opens_what_a_visitor_may_not(elsewhere, away, shots):
    page = opened(elsewhere, lang="ko")
    page.goto(f"{away.url}/data?lang=ko")
    settled(page)
    expect(sync_of(page)).to_be_disabled()
    page.locator(".st-key-who_notice").get_by_role("link").click()
    page = _newest(page)
    expect(heading(page)).to_have_text(t("ko", "web.operator.title"))
    page.screenshot(path=shots / "account_operator_ko.png")
    sign_in(page, "not this one, no")
    expect(page.locator("#said")).to_have_text(t("ko", "errors.account.operator_wrong"))
    sign_in(page, OPERATOR)
    expect(sync_of(page)).to_be_enabled()
    assert "/data" in page.url
    settled(page)
    page.locator(".st-key-who_corner a.who-link").click()
    page.click("button[value=lock]")
    expect(sync_of(page)).to_be_disabled()
    page.context.close()


def heading(page: Page):
    """Return the title of the page; an empty state's picture is a heading as well."""
    return page.get_by_role("heading", level=1).first


def sync_of(page: Page):
    """Return the sync button."""
    return page.locator(".st-key-sidebar_sync button").first  # a hint of a disabled button holds it twice


def _newest(page: Page) -> Page:
    """Return the tab that was opened last: links in text open one."""
    page.wait_for_timeout(1500)
    return page.context.pages[-1]


# an identity provider ------------------------------------------------------------


@pytest.fixture(scope="module")
def provider():
    """Start an identity provider with one person."""
    port = free_port()
    hana = {"sub": "hana", "email": "hana@example.org", "email_verified": True, "preferred_username": "Hana Kim"}
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port),
                                "--user-claims", json.dumps(hana)])
    url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    for _ in range(150):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            break
        except OSError:
            time.sleep(0.2)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def signed_by_provider(tmp_path_factory, provider):
    """Start the product that leaves signing in to the provider."""
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    secrets = folder / "secrets.toml"
    secrets.write_text(f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "of this test alone, and long enough for that"
client_id = "music"
client_secret = "anything"
server_metadata_url = "{provider}"
""", "utf-8")
    with running(folder, port, AUTH="oidc", STREAMLIT_SECRETS_FILES=str(secrets),
                 OIDC_ADMINISTRATORS="hana@example.org") as server:
        yield server


def test_round_trip_to_an_identity_provider(browser, signed_by_provider, shots):
    page = opened(browser, lang="en")
    page.goto(f"{signed_by_provider.url}/data?lang=en")
    expect(heading(page)).to_have_text(t("en", "who.welcome"))
    page.screenshot(path=shots / "account_provider_en.png")
    page.get_by_role("button", name=t("en", "who.provider_any")).click()
    page.locator("button[value=hana]").click()  # signing in there, and the consent
    expect(page.locator(".st-key-who_corner")).to_contain_text("Hana Kim")
    settled(page)
    assert page.url.startswith(f"{signed_by_provider.url}/data?")  # the page that was asked for, not home
    expect(sync_of(page)).to_be_enabled()  # by OIDC_ADMINISTRATORS
    page.reload()
    expect(page.locator(".st-key-who_corner")).to_contain_text("Hana Kim")
    settled(page)
    page.locator(".st-key-who_sign_out button").click()
    page.get_by_role("button", name="End session").click()  # the provider's own
    expect(heading(page)).to_have_text(t("en", "who.welcome"))
    page.goto(f"{signed_by_provider.url}/data")
    expect(heading(page)).to_have_text(t("en", "who.welcome"))
    page.context.close()
