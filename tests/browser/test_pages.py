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
PAGES = [
    "/",
    "/?show=failed",
    "/?edit={failed}",
    "/?animate={result}",
    "/?use={result}&as=mj_omni_reference",
    "/tasks/{done}/",
    "/tasks/{failed}/",
    "/tasks/{unconfirmed}/again/",
    "/gallery/",
    "/gallery/?q=nothing+like+this",
    "/gallery/{result}/",
    "/account/",
    "/account/key/",
    "/account/email/",
    "/account/password/change/",
    "/account/sessions/",
    "/account/2fa/",
    "/team/",
    "/usage/",
    "/usage/everyone/?period=7",
    "/usage/alerts/",
    "/oversight/",
    "/oversight/people/",
    "/oversight/keys/",
    "/oversight/stuck/",
    "/oversight/callbacks/",
    "/oversight/audit/",
    "/gallery/trash/",
    "/gallery/?rating=4",
    "/nowhere/",
]
SIGNED_OUT = ["/account/login/", "/account/password/reset/"]


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
    page.context.close()
    return found


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site, state: dict[str, object]) -> Iterator[Open]:
    contexts = []

    def go(path: str, width: int = 1280, theme: str = "dark", signed_in: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            storage_state=state if signed_in else None,  # type: ignore[arg-type]
        )
        contexts.append(context)
        # The site is dark until somebody switches it, whatever the system prefers.
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
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
