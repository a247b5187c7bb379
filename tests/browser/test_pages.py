"""Every page in a real browser: nothing for axe to find, no sideways scroll, words beside fields, one quiet poll."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from kie.sandbox import Sandbox
from tests.browser.addresses import PAGES, SIGNED_OUT
from tests.browser.site import Site
from tests.browser.steps import KEY, PASSWORD, PERSON, Visit

pytestmark = pytest.mark.xdist_group("pages")
# A finished task, a failed, an unconfirmed one, and one that runs for ever.
FAULTS = (
    "",
    "[[fault:fail:Banned_word]]",
    "[[fault:200_without_task_id]]",
    "[[fault:never_finish]]",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A person with a card in every state."""
    folder: Path = tmp_path_factory.mktemp("site")
    with (
        Sandbox(life=(1.0, 1.5), art="plain", callbacks=False) as sandbox,
        Site(folder, sandbox, callbacks=False) as site,
    ):
        sandbox.add_account(KEY, 1000)
        options = ("--admin", "--password-stdin", "--key-stdin")
        site.manage("create_person", PERSON, *options, lines=f"{PASSWORD}\n{KEY}\n")
        yield site


@pytest.fixture(scope="module")
def state(browser: Browser, site: Site) -> dict[str, object]:
    """The signed-in state of that person's browser, after the cards are there."""
    page = browser.new_page()
    visit = Visit(page, site)
    visit.sign_in()
    for number, fault in enumerate(FAULTS):
        page.get_by_label("Prompt", exact=True).fill(f"paper boats, number {number} {fault}")
        page.get_by_role("button", name=re.compile("Generate")).click()
        expect(page.locator("article.card")).to_have_count(number + 1)
    for status in ("FAILED", "UNCONFIRMED", "RUNNING"):
        visit.card(status)
    visit.see_four_pictures()
    visit.go("/team/")
    page.get_by_label("Name of the team").fill("North")
    page.get_by_role("button", name="Make a team").click()
    visit.go("/")
    page.get_by_role("button", name="Mine").click()
    kept: dict[str, object] = dict(page.context.storage_state())
    page.context.close()
    return kept


@pytest.fixture(scope="module")
def names(browser: Browser, site: Site, state: dict[str, object]) -> dict[str, str]:
    """Public ids to put into addresses."""
    page = browser.new_page(storage_state=state)  # type: ignore[arg-type]
    page.goto(site.url)
    of = {"done": "SUCCEEDED", "failed": "FAILED", "unconfirmed": "UNCONFIRMED"}
    found = {
        name: str(page.locator(f"article[data-status={status}]").first.get_attribute("id")).removeprefix("task-")
        for name, status in of.items()
    }
    found["result"] = str(page.locator("[data-result]").first.get_attribute("data-result"))
    found["second"] = str(page.locator("[data-result]").nth(1).get_attribute("data-result"))
    page.context.close()
    return found


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site, state: dict[str, object]) -> Iterator[Open]:
    contexts = []

    def go(
        path: str, width: int = 1280, theme: str = "dark", signed_in: bool = True, slow: tuple[int, int] = (1, 0)
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            storage_state=state if signed_in else None,  # type: ignore[arg-type]
        )
        contexts.append(context)
        # One person for all tests: what one of them types must not be another's draft.
        context.route("**/tasks/draft/", lambda route: route.fulfill(status=204))
        # The site is dark until somebody switches it, whatever the system prefers.
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        if slow != (1, 0):
            rate, latency = slow
            browser_itself = context.new_cdp_session(page)
            browser_itself.send("Emulation.setCPUThrottlingRate", {"rate": rate})
            line = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
            browser_itself.send("Network.enable")
            browser_itself.send("Network.emulateNetworkConditions", line)
        page.goto(f"{site.url}{path}")
        return page

    yield go
    for context in contexts:
        context.close()


def wrong(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


LOOKS = ((1280, "dark"), (390, "light"))


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(open_page: Open, names: dict[str, str], path: str) -> None:
    # On a desk every second page is looked at on a phone in daylight, in CI all of them both ways, once.
    is_thorough = os.environ.get("CI") and not os.environ.get("TEST_DATABASE_URL")
    looks = LOOKS if is_thorough else (LOOKS[PAGES.index(path) % 2],)
    page = open_page(path.format(**names), *looks[0])
    for width, theme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert wrong(page) == [], (width, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", SIGNED_OUT)
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_at_the_doors(open_page: Open, path: str, width: int, theme: str) -> None:
    page = open_page(path, width, theme, signed_in=False)
    assert wrong(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_admin_keeps_the_theme_and_has_a_way_back(open_page: Open, theme: str) -> None:
    page = open_page("/account/", theme=theme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(page.url.replace("/account/", "/admin/usage/price/add/"))
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    expect(page.get_by_role("navigation", name="Oversight").locator("[aria-current]")).to_have_text("Prices")
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Admin").click()
    expect(page.get_by_role("heading", name="Oversight", exact=True)).to_be_visible()
    assert page.evaluate("localStorage.getItem('theme')") == theme
    assert said == []


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_in_the_unfolded_composer(open_page: Open, width: int, theme: str) -> None:
    page = open_page("/", width, theme)
    page.locator("[data-unfold]:visible").first.click()
    expect(page.locator("[name=stylization]").first).to_be_visible()
    assert wrong(page) == []


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_axe_finds_nothing_in_the_filter_desk(open_page: Open, width: int, theme: str) -> None:
    page = open_page("/gallery/?ratio=1-1", width, theme)
    page.locator(".facets summary").click()
    expect(page.locator("#facet-desk b").first).to_be_visible()
    assert wrong(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_axe_finds_nothing_in_the_checklist_the_library_the_memories_and_the_keys(
    open_page: Open, width: int, theme: str
) -> None:
    page = open_page("/", width, theme)
    page.locator("[data-unfold]:visible").first.click()
    page.get_by_label("Prompt", exact=True).fill("a {red, green} fox --ow 3 --cref https://a.example/b.png")
    page.get_by_role("button", name="2 of 2 prompts").click()
    expect(page.locator("#checklist")).to_be_visible()
    assert wrong(page) == []
    page.keyboard.press("Escape")
    for opener, opened in (("Presets", "#preset-list"), ("History", "#history li")):
        page.get_by_role("button", name=opener).click()
        expect(page.locator(opened).first).to_be_attached()
        assert wrong(page) == [], opener
        page.keyboard.press("Escape")
    page.locator("label:has([value=mj_img2img])").click()
    page.get_by_role("button", name="your library").click()
    expect(page.locator("#library img").first).to_be_visible()
    assert wrong(page) == []
    page.keyboard.press("Escape")
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    assert wrong(page) == []


SHIFTS = """() => new Promise((tell) => {
  let moved = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  window.scrollTo(0, document.body.scrollHeight);
  setTimeout(() => tell(moved), 1200);
})"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/gallery/"])
def test_nothing_moves_while_a_page_and_its_pictures_load(open_page: Open, path: str, width: int) -> None:
    assert open_page(path, width).evaluate(SHIFTS) == 0


@pytest.mark.parametrize("slow", [(12, 0), (1, 300)])
@pytest.mark.parametrize(("path", "width"), [("/", 390), ("/", 1280), ("/gallery/", 390)])
def test_nothing_moves_on_a_slow_machine_or_a_slow_line(
    open_page: Open, path: str, width: int, slow: tuple[int, int]
) -> None:
    # A slow machine paints what it has read so far; over a slow line the font comes after the style sheets.
    assert open_page(path, width, slow=slow).evaluate(SHIFTS) == 0


def test_the_prompt_shows_braces_and_flags_in_colour_where_they_stand(open_page: Open) -> None:
    page = open_page("/")
    prompt = page.get_by_label("Prompt", exact=True)
    text = "a {red, {deep, pale} green} fox, \\{plain} {one} --ar 16:9 --no people"
    prompt.fill(text)
    layer = page.locator("[data-mirror]")
    expect(layer.locator(".brace")).to_have_count(6)
    assert (layer.text_content() or "").rstrip("\u200b") == text
    assert layer.locator(".brace").all_text_contents() == ["{", ",", "{", ",", "}", "}"]
    assert layer.locator(".flag").all_text_contents() == ["--ar 16:9", "--no people"]
    page.locator("[data-unfold]:visible").first.click()
    sizes = [page.locator(each).evaluate("part => [part.scrollHeight, getComputedStyle(part).fontSize]")
             for each in ("#prompt", "[data-mirror]")]  # fmt: skip
    assert sizes[0] == sizes[1]


def test_a_flag_that_the_version_does_not_read_gets_a_hint_and_can_be_removed(open_page: Open) -> None:
    page = open_page("/")
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("a fox --cref https://a.example/b.png --v 7")
    expect(page.locator("#notes")).to_contain_text("Only version 6.1, version 6 and Niji 6 read it.")
    page.get_by_role("button", name="Remove it").click()
    expect(prompt).to_have_value("a fox --v 7")


def test_the_bar_shows_the_chosen_type_shape_and_look(open_page: Open) -> None:
    page = open_page("/")
    page.locator("[data-unfold]:visible").first.click()
    page.locator("[name=aspect_ratio][value='2:1']").check(force=True)
    page.locator("[name=stylization][type=number]").fill("250")
    before = page.locator(".composer > .type path").first.get_attribute("d")
    page.locator("[name=task_type][value=mj_style_reference]").check(force=True)
    assert page.locator(".composer > .type path").first.get_attribute("d") != before
    page.keyboard.press("Escape")
    gist = page.locator(".gist")
    expect(gist).to_contain_text("2:1")
    expect(gist).to_contain_text("s 250")
    box = gist.locator("i").bounding_box()
    assert box
    assert box["width"] > 1.8 * box["height"]


BAD = {
    "prompt": ["", "x" * 2001],
    "variety": ["7"],
    "stylization": ["1001"],
    "aspect_ratio": ["7:5"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_input_is_said_beside_its_field_and_nothing_is_sent(
    open_page: Open, site: Site, name: str, value: str
) -> None:
    page = open_page("/")
    sent = len(site.sandbox.sent("mj/generate"))
    page.get_by_label("Prompt", exact=True).fill("a fox")
    page.get_by_role("button", name="Settings", exact=True).click()
    set_raw = """([name, value]) => {
      const find = (selector) => document.querySelector(`#composer ${selector}`);
      const field = find(`[name=${name}]:checked`) ?? find(`[name=${name}]`);
      field.removeAttribute("maxlength");
      if (field.type === "range") field.type = "text";
      field.value = value;
    }"""
    page.evaluate(set_raw, [name, value])
    page.get_by_role("button", name=re.compile("Generate")).click()
    expect(page.locator(f"#{name}-error")).to_be_visible()
    expect(page.locator(f"#{name}-error")).not_to_be_empty()
    assert len(site.sandbox.sent("mj/generate")) == sent


def test_by_keyboard_alone_a_prompt_is_written_and_sent(open_page: Open, names: dict[str, str]) -> None:
    # From a finished task: the draft is whatever another test left in the form.
    page = open_page(f"/?reuse={names['done']}")
    cards = page.locator("article.card").count()
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type("a heron, by keyboard")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.card")).to_have_count(cards + 1)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")


def test_a_card_the_poll_brought_first_stands_there_once(open_page: Open, names: dict[str, str]) -> None:
    # From a finished task: the draft is whatever another test left in the form.
    page = open_page(f"/?reuse={names['done']}")
    # The answer to Generate comes late, as from a busy server; meanwhile the poll has told of the new card.
    page.route("**/tasks/compose/", late)
    page.get_by_label("Prompt", exact=True).fill("a heron, told of twice")
    page.get_by_role("button", name=re.compile("Generate")).click()
    card = page.locator("article.card", has_text="told of twice")
    expect(card).to_have_count(1, timeout=15_000)
    expect(page.locator("#answer")).to_contain_text("Queued: a heron", timeout=15_000)
    expect(card).to_have_count(1)


def late(route: Route) -> None:
    """Answer five seconds after the server did."""
    answer = route.fetch()
    time.sleep(5)
    route.fulfill(response=answer)


def test_an_open_board_asks_once_for_all_its_cards(open_page: Open, site: Site) -> None:
    page = open_page("/")
    asked: list[int] = []
    page.on("response", lambda answer: asked.append(answer.status) if "/tasks/changes/" in answer.url else None)
    cards = page.locator("article.card").count()
    assert cards >= len(FAULTS)
    page.wait_for_timeout(7000)
    # One card runs for ever: the board asks every two seconds, once, whatever hangs on it.
    assert 2 <= len(asked) <= 5
    assert set(asked[1:]) == {204}
