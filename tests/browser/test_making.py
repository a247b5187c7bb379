"""Every way to make something, as people do it: flags, braces, pictures, follow-ups, and what is remembered."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.steps import SLOW, Maker, newcomer

# One site for all of them, with a person for each test.
pytestmark = pytest.mark.xdist_group("making")


@pytest.fixture
def visit(site: Site, page: Page) -> Maker:
    return newcomer(page, site)


def prompt_of(page: Page) -> str:
    return page.get_by_label("Prompt", exact=True).input_value()


def test_by_keyboard_alone_flags_move_the_controls_and_braces_become_a_list(visit: Maker, page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("a {red, green} {fox, owl} asleep --ar 16:9 --s 250 --ow 300")
    expect(page.locator("[name=aspect_ratio]:checked")).to_have_value("16:9")
    expect(page.locator("#stylization")).to_have_value("250")
    expect(page.get_by_text("Only Omni reference reads it")).to_be_visible()
    expect(page.get_by_role("button", name="Generate 4 32")).to_be_visible()
    page.get_by_role("button", name="4 of 4 prompts").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="a green fox").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Generate 3 24")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Prompt", exact=True).focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.card")).to_have_count(3)
    expect(page.get_by_text("of 3 sent")).to_be_visible()
    expect(page.locator("article[data-status=SUCCEEDED]")).to_have_count(3, timeout=SLOW)
    expect(page.get_by_text("of 3 sent")).to_have_count(0, timeout=SLOW)
    sent = visit.received("mj/generate")
    assert sorted(body["prompt"] for body in sent) == ["a green owl asleep", "a red fox asleep", "a red owl asleep"]
    assert {(body["aspectRatio"], body["stylization"], "ow" in body) for body in sent} == {("16:9", 250, False)}


def test_a_list_says_its_whole_cost_from_the_first_paint_on(visit: Maker, page: Page) -> None:
    with page.expect_response(lambda answer: "green" in (answer.request.post_data or "") and "/draft/" in answer.url):
        page.get_by_label("Prompt", exact=True).fill("a {red, green} fox")
    expect(page.get_by_role("button", name="Generate 2 16")).to_be_visible()
    page.add_init_script("""addEventListener("DOMContentLoaded", () => {
      window.costs = [];
      const note = () => window.costs.push(document.querySelector("[data-cost]").textContent);
      note();
      new MutationObserver(note).observe(document.getElementById("generate"), { subtree: true, childList: true });
    })""")
    with page.expect_response(lambda answer: "/read/" in answer.url):
        page.reload()
    expect(page.get_by_role("button", name="Generate 2 16")).to_be_visible()
    assert set(page.evaluate("costs")) == {"16"}
    page.get_by_label("Prompt", exact=True).fill("a fox")
    expect(page.get_by_role("button", name="Generate 8")).to_be_visible()


def test_a_control_rewrites_its_flag_and_the_caret_stays(visit: Maker, page: Page) -> None:
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("🦊 asleep --ar 16:9 --c 10")
    expect(page.locator("[name=aspect_ratio]:checked")).to_have_value("16:9")
    prompt.evaluate("field => field.setSelectionRange(4, 4)")
    page.get_by_role("button", name="Settings", exact=True).click()
    page.locator("[name=aspect_ratio][value='2:3']").check(force=True)
    expect(prompt).to_have_value("🦊 asleep --ar 2:3 --c 10")
    assert prompt.evaluate("field => field.selectionStart") == 4
    page.locator("#variety").fill("20")
    expect(prompt).to_have_value("🦊 asleep --ar 2:3 --c 20")
    page.locator("[name=speed][value=turbo]").check(force=True)
    page.get_by_role("button", name="Show as text").click()
    expect(prompt).to_have_value("🦊 asleep --ar 2:3 --c 20 --turbo")


def test_a_flag_that_is_deleted_takes_its_value_and_its_price_along(visit: Maker, page: Page) -> None:
    prompt = page.get_by_label("Prompt", exact=True)
    with page.expect_response(lambda answer: "turbo" in (answer.request.post_data or "") and "/draft/" in answer.url):
        prompt.fill("a fox --turbo --s 250")
    expect(page.get_by_role("button", name="Generate 16")).to_be_visible()
    prompt.fill("a fox")
    expect(page.get_by_role("button", name="Generate 8")).to_be_visible()
    expect(page.locator("[name=speed]:checked")).to_have_value("fast")
    expect(page.locator("#stylization")).to_have_value("100")
    prompt.fill("a fox --turbo")
    expect(page.get_by_role("button", name="Generate 16")).to_be_visible()
    with page.expect_response(lambda answer: "/draft/" in answer.url):
        prompt.fill("a fox --turbo ")
    page.reload()
    visit.scripts_run()
    expect(page.get_by_role("button", name="Generate 16")).to_be_visible()
    prompt.fill("a fox")
    expect(page.get_by_role("button", name="Generate 8")).to_be_visible()


def test_generate_is_hollow_while_nothing_can_be_sent_and_says_why_when_pressed(visit: Maker, page: Page) -> None:
    prompt, button = page.get_by_label("Prompt", exact=True), page.locator("#generate")
    hollow, lit = page.locator("#generate[data-hollow]"), page.locator("#generate:not([data-hollow])")
    prompt.fill("")
    expect(hollow).to_be_visible()
    button.click()
    expect(page.get_by_text("Write a prompt.")).to_be_visible()
    prompt.fill("a fox --s 99999")
    expect(page.locator("#notes .error")).to_be_visible()
    expect(hollow).to_be_visible()
    prompt.fill("a fox")
    expect(lit).to_be_visible()
    page.keyboard.press("Alt+2")
    expect(page.locator("[name=task_type]:checked")).to_have_value("mj_img2img")
    expect(hollow).to_be_visible()
    button.click()
    expect(page.get_by_text("Add a picture to start from.").first).to_be_visible()
    page.keyboard.press("Alt+1")
    expect(lit).to_be_visible()
    assert visit.received("mj/generate") == []


def test_results_are_reached_and_built_upon_by_keys_alone(visit: Maker, page: Page) -> None:
    for prompt in ("an owl", "a fox"):
        page.get_by_label("Prompt", exact=True).fill(prompt)
        page.get_by_label("Prompt", exact=True).press("Enter")
        expect(page.locator("article[data-status=SUCCEEDED] .frame.saved").first).to_be_visible(timeout=SLOW)
        expect(page.locator("article[data-status=SUCCEEDED] .on-the-way")).to_have_count(0, timeout=SLOW)
    expect(page.locator("article[data-status=SUCCEEDED] .frame.saved")).to_have_count(8, timeout=SLOW)
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    for key in ("j", "ArrowRight"):
        page.keyboard.press(key)
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == page.locator("article.card").first.locator(".picture").nth(1).get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("s")
    expect(page.locator("article.card").first.locator(".star button").first).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("v")
    expect(page.locator("article.card")).to_have_count(3)
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.locator(".tile[data-result]").first).to_be_visible()
    visit.scripts_run()
    page.locator(".tile[data-result] > a").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    expect(page.locator("#selection [data-count]")).to_have_text("3")
    page.keyboard.press("Delete")
    expect(page.locator(".tile.is-chosen")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def test_a_picture_from_disk_and_one_from_the_gallery_start_a_new_one(visit: Maker, page: Page, tmp_path: Path) -> None:
    visit.compose("paper boats")
    visit.see_four_pictures()
    picture = tmp_path / "a cat.png"
    Image.effect_noise((300, 200), 40).save(picture)
    visit.go("/")
    page.get_by_role("button", name="Settings", exact=True).click()
    page.locator("[name=task_type][value=mj_style_reference]").check(force=True)
    page.locator("[data-file]").set_input_files(picture)
    expect(page.get_by_role("img", name="a cat.png")).to_be_visible()
    page.get_by_role("button", name="your library").click()
    page.get_by_role("button", name="Use Picture 1").first.click()
    expect(page.get_by_text("2 of 5")).to_be_visible()
    page.get_by_label("Prompt", exact=True).fill("in this style")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("article[data-status=SUCCEEDED]")).to_have_count(2, timeout=SLOW)
    body = visit.received("mj/generate")[-1]
    assert (body["taskType"], len(body["fileUrls"])) == ("mj_style_reference", 2)
    assert all(url.startswith(visit.site.sandbox.url) for url in body["fileUrls"])


def test_a_picture_is_upscaled_varied_animated_and_its_clip_extended(visit: Maker, page: Page) -> None:
    visit.compose("paper boats")
    visit.see_four_pictures()
    frame = page.locator("article.card .frame").nth(1)
    for number, name in enumerate(("Upscale", "Vary"), start=2):
        frame.hover()
        frame.get_by_role("button", name=name).click()
        expect(page.locator("article.card")).to_have_count(number)
    frame.hover()
    frame.get_by_role("link", name="Animate").click()
    expect(page.locator("[name=task_type]:checked")).to_have_value("mj_video")
    page.locator("[name=motion][value=low]").check(force=True)
    page.get_by_role("button", name="Generate").click()
    clip = page.locator("article.card .frame.saved:has(video)").first
    clip.wait_for(timeout=SLOW)
    clip.hover()
    clip.get_by_role("link", name="Extend").click()
    page.get_by_label("Prompt").fill("the rain begins")
    page.get_by_role("button", name="Extend 60").click()
    expect(page.locator("article[data-status=SUCCEEDED]")).to_have_count(5, timeout=SLOW)
    assert visit.received("mj/generateUpscale")[0]["imageIndex"] == 1
    assert visit.received("mj/generateVary")[0]["imageIndex"] == 1
    assert visit.received("mj/generateVideoExtend")[0]["prompt"] == "the rain begins"
    assert [body["motion"] for body in visit.received("mj/generate")[1:]] == ["low"]
    page.locator("article.card").last.locator(".prompt a").click()
    expect(page.locator(".tree .kin-node")).to_have_count(5)
    assert visit.spent == 8 + 15 + 60


def test_the_draft_presets_and_earlier_prompts_are_there_again(visit: Maker, page: Page) -> None:
    visit.compose("paper boats", ratio="2:3")
    expect(page.locator("article.card")).to_have_count(1)
    prompt = page.get_by_label("Prompt", exact=True)
    # An earlier draft may still be under way.
    with page.expect_response(lambda answer: "unfinished" in (answer.request.post_data or "")):
        prompt.fill("something unfinished")
    page.reload()
    assert prompt_of(page) == "something unfinished"
    prompt.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(prompt).to_have_value("paper boats")
    page.keyboard.press("Alt+ArrowDown")
    expect(prompt).to_have_value("something unfinished")
    page.get_by_role("button", name="Settings", exact=True).click()
    page.get_by_role("button", name="Presets").click()
    page.get_by_label("Name of a new preset").fill("Tall")
    page.get_by_role("button", name="Keep these settings").click()
    page.get_by_role("link", name="Tall").click()
    expect(page.locator("[name=aspect_ratio]:checked")).to_have_value("2:3")
    assert prompt_of(page) == "something unfinished"


def test_two_tabs_with_the_same_form_buy_once(visit: Maker, page: Page) -> None:
    other = page.context.new_page()
    other.goto(f"{visit.site.url}/")
    nonce = page.locator("#nonce").input_value()
    other.locator("#nonce").evaluate("(field, nonce) => { field.value = nonce; }", nonce)
    for tab in (page, other):
        tab.get_by_label("Prompt", exact=True).fill("paper boats")
        tab.get_by_role("button", name="Generate").click()
        expect(tab.locator("article.card")).to_have_count(1)
    visit.card("SUCCEEDED")
    assert visit.spent == 8


def test_a_batch_can_be_sent_from_a_phone(visit: Maker, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit.go("/")
    page.get_by_label("Prompt", exact=True).fill("a {red, green} fox --ar 1:1")
    expect(page.get_by_role("button", name="Generate 2 16")).to_be_visible()
    box = page.get_by_label("Prompt", exact=True).bounding_box()
    assert box
    assert box["width"] > 100
    page.get_by_role("button", name="Type and settings").click()
    page.get_by_role("button", name="2 of 2 prompts").click()
    page.get_by_role("checkbox", name="a green fox").uncheck()
    expect(page.get_by_role("button", name="1 of 2 prompts")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Generate 1").click()
    expect(page.locator("article.card")).to_have_count(1)


def test_the_sheet_of_keys_opens_is_searched_and_can_silence_letters(visit: Maker, page: Page) -> None:
    page.locator("h1").click(force=True)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Search the keys").fill("upscale")
    expect(sheet.get_by_text("Upscale")).to_be_visible()
    expect(sheet.get_by_text("Star", exact=True)).to_be_hidden()
    sheet.get_by_text("Single letters act").click()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Prompt", exact=True)).not_to_be_focused()
