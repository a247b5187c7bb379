"""Working together in real browsers: invited and in, a budget that stops, a second factor, figures to take along."""

import base64
import csv
import hmac
import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.browser.steps import PASSWORD, SLOW, Maker, newcomer

pytestmark = pytest.mark.xdist_group("making")


def make_team(visit: Maker, name: str) -> None:
    visit.go("/team/")
    visit.page.get_by_label("Name of the team").fill(name)
    visit.page.get_by_role("button", name="Make a team").click()
    expect(visit.page.get_by_role("heading", name=name)).to_be_visible()


def generate(page: Page, prompt: str) -> None:
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.get_by_role("button", name=re.compile("Generate")).click()


def test_somebody_invited_joins_and_both_watch_one_board(site: Site, page: Page, browser: Browser) -> None:
    owner = newcomer(page, site)
    make_team(owner, "North")
    page.get_by_label("E-mail, several with a comma").fill("dora@example.com")
    page.get_by_role("button", name="Invite").click()
    link = page.get_by_label("Link for dora@example.com").input_value()
    context = browser.new_context(viewport={"width": 390, "height": 844})
    other = context.new_page()
    other.goto(link)
    expect(other.get_by_role("heading", name="Join North")).to_be_visible()
    other.get_by_label("Your name").fill("Dora Keller")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Make the account and join").click()
    expect(other.get_by_role("button", name="North")).to_have_attribute("aria-current", "true")
    owner.go("/")
    generate(page, "paper boats, seen by both")
    # The other board hears of it by its own poll, without a reload.
    card = other.locator("article.card", has_text="seen by both")
    expect(card).to_be_visible(timeout=SLOW)
    expect(card.locator(".frame.saved img.shot")).to_have_count(4, timeout=SLOW)
    other.goto(f"{site.url}/gallery/")
    expect(other.locator(".tile")).to_have_count(4)
    other.get_by_role("button", name="Mine").click()
    expect(other.locator(".tile")).to_have_count(0)
    owner.go("/team/")
    expect(page.get_by_text("dora@example.com")).to_be_visible()
    context.close()


def test_a_budget_stops_and_an_admin_lifts_it_once(site: Site, page: Page) -> None:
    owner = newcomer(page, site)
    make_team(owner, "South")
    page.get_by_label("Whole team").fill("10")
    page.get_by_role("button", name="Set", exact=True).click()
    owner.go("/")
    generate(page, "the first fits")
    expect(page.locator("article.card")).to_have_count(1)
    expect(page.get_by_text("2 in budget")).to_be_visible(timeout=SLOW)
    page.get_by_label("Prompt", exact=True).fill("the second does not")
    expect(page.get_by_text("Needs 8, 2 left in the budget.")).to_be_visible()
    button = page.get_by_role("button", name=re.compile("Generate"))
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(page.locator("article.card")).to_have_count(1)
    owner.go("/team/")
    page.get_by_label("Let it pass once by").fill("20")
    page.get_by_label("Why").fill("the client waits")
    page.get_by_role("button", name="Lift once").click()
    owner.go("/")
    generate(page, "now it does")
    expect(page.locator("article.card")).to_have_count(2)
    assert owner.spent <= 16


def test_a_passkey_is_set_up_and_signs_in(site: Site, page: Page) -> None:
    # Browsers give no passkeys to addresses that are numbers.
    home = site.url.replace("127.0.0.1", "localhost")
    visit = newcomer(page, site)
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    email = visit.page.evaluate("document.querySelector('.me .who span').textContent")
    page.goto(f"{home}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{home}/account/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("recovery codes available")).to_be_visible()
    page.goto(home)
    page.get_by_role("button", name=re.compile("Your menu")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    visit.scripts_run()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("Prompt", exact=True)).to_be_visible()


def test_an_authenticator_app_is_set_up_and_asked_for_with_a_recovery_code_as_the_way_out(
    site: Site, page: Page
) -> None:
    visit = newcomer(page, site)
    email = page.evaluate("document.querySelector('.me .who span').textContent")
    visit.go("/account/2fa/totp/activate/")
    secret = page.locator("#authenticator_secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("recovery codes available")).to_be_visible()
    visit.go("/account/2fa/recovery-codes/")
    recovery = page.locator("#recovery_codes").input_value().split()
    for code in (code_of(secret, later=1), recovery[0]):
        visit.sign_out()
        visit.go("/account/login/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator("[name=code]").fill("000000")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Incorrect code")).to_be_visible()
        page.locator("[name=code]").fill(code)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Prompt", exact=True)).to_be_visible()


def code_of(secret: str, later: int = 0) -> str:
    """What an authenticator shows now, or `later` half minutes from now (RFC 6238: each works once)."""
    counter = (int(time.time()) // 30 + later).to_bytes(8)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def test_what_was_spent_is_shown_and_taken_along(site: Site, page: Page) -> None:
    visit = newcomer(page, site)
    generate(page, "=a prompt that looks like a formula")
    visit.see_four_pictures()
    visit.go("/usage/")
    expect(page.get_by_text("Spent in 30 days")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.locator(".twin tfoot")).to_contain_text("8")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["line"], row["credits"]) for row in rows] == [("reserved", "8.00"), ("settled", "8.00")]
