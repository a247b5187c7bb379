"""A gallery in real browsers: choosing many, trash and undo, rating by key, a zip, and a link for somebody else."""

import re
import zipfile

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.browser.steps import PASSWORD, SLOW, Visit, newcomer

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
    # What was typed is not there the next time: it would make a second one of that name.
    expect(page.get_by_label("A new one")).to_have_value("")
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


def test_all_that_match_are_those_of_the_search_that_was_typed_since(site: Site, page: Page) -> None:
    visit = newcomer(page, site)
    visit.compose("paper boats")
    visit.see_four_pictures()
    visit.go("/")
    visit.compose("a lighthouse in fog")
    expect(page.locator(".frame.saved")).to_have_count(8, timeout=SLOW)
    visit.go("/gallery/")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(8)
    page.get_by_label("Search in prompts").fill("fog")
    expect(tiles).to_have_count(4)
    tiles.nth(0).hover()
    tiles.nth(0).locator(".pick").click()
    page.get_by_role("button", name="All that match").click()
    expect(page.locator("#selection [data-count]")).to_have_text("4")
    page.get_by_role("button", name="Trash", exact=True).click()
    expect(page.get_by_text("4 in the trash")).to_be_visible()
    visit.go("/gallery/")
    expect(tiles).to_have_count(4)


def test_the_search_that_is_kept_is_the_one_that_was_typed(site: Site, page: Page) -> None:
    visit = newcomer(page, site)
    visit.compose("paper boats")
    visit.see_four_pictures()
    visit.go("/gallery/?kind=image")
    keep = page.get_by_role("button", name="Keep this search")
    expect(keep).to_be_visible()
    page.get_by_role("searchbox").fill("paper")
    kept = page.locator("#keep-search [name=query]")
    expect(kept).to_have_value("q=paper&kind=image")
    # On a wall that was opened without a search there is one to keep as soon as it is typed, and none without it.
    visit.go("/gallery/")
    expect(page.get_by_role("button", name="New collection")).to_be_visible()
    expect(keep).to_have_count(0)
    page.get_by_role("searchbox").fill("boats")
    expect(kept).to_have_value("q=boats")
    page.get_by_role("searchbox").fill("")
    expect(keep).to_have_count(0)


def test_two_fingers_zoom_a_picture_and_one_moves_it(site: Site, page: Page, browser: Browser) -> None:
    visit = newcomer(page, site)
    visit.compose("paper boats")
    visit.see_four_pictures()
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        storage_state=page.context.storage_state(),
    )
    phone = context.new_page()
    phone.goto(f"{site.url}/gallery/")
    phone.goto(f"{site.url}{phone.locator('.tile a').first.get_attribute('href')}")
    easel = phone.locator("[data-easel]")
    expect(phone.locator("[data-zoom]")).to_contain_text("Fit")
    box = easel.bounding_box()
    assert box
    middle, line = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = context.new_cdp_session(phone)

    def touch(kind: str, *places: float) -> None:
        points = [{"x": place, "y": line, "id": number} for number, place in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", middle - 20, middle + 20)
    for apart in range(25, 65, 5):
        touch("touchMove", middle - apart, middle + apart)
    touch("touchEnd")
    expect(easel).to_have_class(re.compile("is-zoomed"))
    assert phone.evaluate("visualViewport.scale") == 1
    moved = "element => parseFloat(element.style.getPropertyValue('--x'))"
    before = easel.evaluate(moved)
    touch("touchStart", middle)
    touch("touchMove", middle + 15)
    touch("touchMove", middle + 40)
    touch("touchEnd")
    assert easel.evaluate(moved) > before + 10
    touch("touchStart", middle - 60, middle + 60)
    for apart in range(55, 5, -5):
        touch("touchMove", middle - apart, middle + apart)
    touch("touchEnd")
    expect(phone.locator("[data-zoom]")).to_contain_text("Fit")
    context.close()


TOPMOST = """() => [...document.querySelectorAll(".tile")]
  .find((tile) => tile.getBoundingClientRect().bottom > 96)?.dataset.result"""


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


def test_coming_back_to_the_gallery_leads_to_the_same_picture(site: Site, page: Page) -> None:
    # The seed's own first person, whose two hundred results need no files.
    site.manage("create_person", "seed0@example.com", "--password-stdin", lines=f"{PASSWORD}\n")
    site.manage("seed_gallery", "--results", "200", "--people", "1", "--yes")
    visit = Visit(page, site)
    visit.sign_in("seed0@example.com")
    visit.go("/gallery/")
    page.mouse.move(600, 500)
    for _ in range(400):
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(60)
        if page.locator(".tile").count() >= 180:
            break
    expect(page).to_have_url(re.compile("at="))
    page.wait_for_timeout(400)
    seen = page.evaluate(TOPMOST)
    page.goto(f"{site.url}/account/")
    page.go_back()
    expect(page.locator(".tile").first).to_be_visible()
    page.wait_for_function(f"seen => ({TOPMOST})() === seen", arg=seen)
    page.wait_for_timeout(600)
    assert page.evaluate(TOPMOST) == seen
    # Upwards what was left out comes again, and nothing jumps while it does.
    for _ in range(400):
        page.mouse.wheel(0, -900)
        page.wait_for_timeout(60)
        if not page.locator(".newer").count() and page.evaluate("scrollY") == 0:
            break
    ids = page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.dataset.result)")
    assert len(ids) == len(set(ids)) > 100
    assert seen in ids
    visit.go("/gallery/")
    assert page.evaluate(TOPMOST) == ids[0]
    assert page.locator(".day-on").count() == 0


def test_two_pictures_are_compared_by_mouse_and_by_key(site: Site, page: Page) -> None:
    visit = newcomer(page, site)
    visit.compose("paper boats")
    visit.see_four_pictures()
    visit.go("/gallery/")
    tiles = page.locator(".tile")
    tiles.nth(0).hover()
    tiles.nth(0).locator(".pick").click()
    tiles.nth(1).click(modifiers=["Control"])
    page.get_by_role("link", name="Compare").click()
    handle = page.get_by_role("slider", name="Where the two meet")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    handle.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "59")
    page.locator("label", has_text="Side by side").click()
    expect(handle).to_be_hidden()
    left, right = (page.locator("figure").nth(number).bounding_box() for number in (0, 1))
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"]
    page.keyboard.press("Escape")
    expect(page.locator("[data-viewer]")).to_be_visible()
    visit.scripts_run()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()


def review(browser: Browser, link: str) -> None:
    """A guest with a phone and nothing but the link picks, writes a note and sends."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    guest = context.new_page()
    guest.goto(link)
    guest.get_by_label("Your name").fill("Petra")
    guest.get_by_role("button", name="Begin").click()
    guest.get_by_role("button", name="Pick picture 2").click()
    expect(guest.get_by_text("1 of 2 picked")).to_be_visible()
    guest.get_by_role("link", name="Notes on picture 2").click()
    guest.get_by_role("button", name="Pin a note").click()
    guest.keyboard.press("Shift+ArrowLeft")
    guest.locator("[data-pinboard]").click(position={"x": 39, "y": 20})
    guest.keyboard.type("This sun, please keep it.")
    guest.get_by_role("button", name="Say it").click()
    expect(guest.get_by_text("you, just now")).to_be_visible()
    board = guest.locator("[data-pinboard]").bounding_box()
    pin = guest.locator("[data-pinboard] .pins circle").bounding_box()
    assert pin
    assert board
    assert abs(pin["x"] + pin["width"] / 2 - board["x"] - 39) < 2
    assert abs(pin["y"] + pin["height"] / 2 - board["y"] - 20) < 2
    guest.get_by_role("link", name="Close").click()
    guest.get_by_role("button", name="Send picks").click()
    expect(guest.get_by_text("Your picks were sent")).to_be_visible()
    assert Axe().run(guest).response["violations"] == []
    context.close()


def test_guests_review_and_a_pick_becomes_an_upscale(site: Site, page: Page, browser: Browser) -> None:
    visit = newcomer(page, site)
    visit.compose("fog studies")
    visit.see_four_pictures()
    visit.go("/gallery/")
    page.locator(".tile").first.hover()
    page.locator(".tile .pick").first.click()
    page.get_by_role("button", name="All that match").click()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("Fog")
    page.get_by_role("button", name="Put it on").click()
    expect(page.get_by_text("4 tagged fog")).to_be_visible()
    visit.go("/gallery/?tag=fog")
    page.get_by_role("button", name="Keep this search").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".collections .smart")).to_have_attribute("aria-current", "true")
    page.locator(".tile").first.hover()
    page.locator(".tile .pick").first.click()
    page.get_by_role("button", name="All that match").click()
    page.get_by_role("button", name="Collect", exact=True).click()
    page.get_by_label("A new one").fill("Round two")
    page.get_by_role("button", name="Put them in").click()
    expect(page.get_by_text("4 put into Round two")).to_be_visible()
    visit.go("/gallery/")
    page.get_by_role("link", name="Round two").click()
    page.get_by_role("link", name="Order, share, rename").click()
    page.get_by_label("Visitors pick and comment").check()
    page.get_by_label("How many they should pick").fill("2")
    page.get_by_role("button", name="Make a link").click()
    review(browser, page.get_by_label("The new link").input_value())
    page.reload()
    expect(page.get_by_text("This sun, please keep it.")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Upscale").first.click()
    page.locator("article.card[data-status=SUCCEEDED] a.kin", has_text="from result").wait_for(timeout=SLOW)
    assert len(visit.received("mj/generateUpscale")) == 1


def test_work_made_elsewhere_is_brought_in_by_its_number(site: Site, page: Page) -> None:
    visit = newcomer(page, site)
    made = requests.post(
        f"{site.sandbox.url}/api/v1/mj/generate",
        json={"taskType": "mj_txt2img", "prompt": "made elsewhere", "speed": "fast", "aspectRatio": "3:2"},
        headers={"Authorization": f"Bearer {visit.key}"},
        timeout=10,
    ).json()
    site.sandbox.finish(made["data"]["taskId"])
    visit.go("/gallery/")
    page.get_by_role("button", name="Import").click()
    page.get_by_label("Task numbers at the provider").fill(made["data"]["taskId"])
    page.get_by_role("button", name="Import").last.click()
    visit.see_four_pictures()
    expect(page.locator("article.card .prompt").first).to_have_text("made elsewhere")
    assert visit.spent == 8
