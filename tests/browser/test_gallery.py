"""A gallery in real browsers: choosing many, trash and undo, rating by key, a zip, and a link for somebody else."""

import zipfile

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.browser.steps import SLOW, newcomer

pytestmark = pytest.mark.xdist_group("making")


def test_pictures_are_chosen_thrown_away_brought_back_taken_along_and_shown(
    site: Site, page: Page, browser: Browser
) -> None:
    visit = newcomer(page, site)
    visit.compose("paper boats")
    visit.see_four_pictures()
    visit.go("/gallery/")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(4)
    # A click, then a range with shift.
    tiles.nth(0).hover()
    tiles.nth(0).locator(".pick").click()
    tiles.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#selection [data-count]")).to_have_text("3")
    page.get_by_role("button", name="Trash", exact=True).click()
    expect(tiles).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(tiles).to_have_count(4)
    # Everything that matches, into a collection and into a zip.
    tiles.nth(1).hover()
    tiles.nth(1).locator(".pick").click()
    page.get_by_role("button", name="All that match").click()
    page.get_by_role("button", name="Collect", exact=True).click()
    page.get_by_label("A new one").fill("For the client")
    page.get_by_role("button", name="Put them in").click()
    expect(page.get_by_text("4 put into For the client")).to_be_visible()
    tiles.nth(1).hover()
    tiles.nth(1).locator(".pick").click()
    page.get_by_role("button", name="All that match").click()
    with page.expect_download() as waiting:
        page.locator("[data-zip]").click()
    assert len(zipfile.ZipFile(waiting.value.path()).namelist()) == 6
    page.keyboard.press("Escape")
    # Rated by key in the viewer, found by rating.
    tiles.nth(0).locator("a").click()
    expect(page.locator("[data-viewer]")).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="4 of 5")).to_have_attribute("aria-pressed", "true")
    visit.go("/gallery/?rating=4")
    expect(tiles).to_have_count(1)
    share(site, page, browser)


def share(site: Site, page: Page, browser: Browser) -> None:
    """A link to the collection, opened by somebody who has nothing but the link, then closed."""
    page.goto(f"{site.url}/gallery/")
    page.get_by_role("link", name="For the client").click()
    page.get_by_role("link", name="Order, share, rename").click()
    page.get_by_label("Password, if any").fill("open sesame")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("The new link").input_value()
    context = browser.new_context(viewport={"width": 390, "height": 844})
    guest = context.new_page()
    guest.goto(link)
    guest.get_by_label("Password").fill("open sesame")
    guest.get_by_role("button", name="Look").click()
    expect(guest.locator("figure img")).to_have_count(4)
    expect(guest.locator("figure img").first).to_have_js_property("complete", True, timeout=SLOW)
    assert guest.evaluate("document.querySelector('figure img').naturalWidth") > 0
    page.get_by_role("button", name="Close", exact=True).click()
    guest.reload()
    expect(guest.get_by_text("There is nothing at this address")).to_be_visible()
    context.close()
