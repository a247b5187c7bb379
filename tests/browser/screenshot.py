"""`make screenshot`: the README's picture, taken from a running site with the sandbox's pictures."""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from kie.sandbox import Sandbox
from tests.browser.site import Site
from tests.browser.steps import KEY, PASSWORD, PERSON, Visit

PICTURE = Path(__file__).resolve().parent.parent.parent / "docs" / "img" / "studio.webp"
CHROMIUM = "/usr/bin/chromium"
# Oldest first. The last one is still at the provider when the picture is taken.
SHOWN = [
    ("1:1", "a ringed planet close up, gouache on black paper"),
    ("2:3", "double exposure portrait of a sailor, a pine forest inside"),
    ("3:2", "five clay vases on a table, north light"),
    ("16:9", "an endless arcade of lime plaster arches, one low sun"),
    ("2:3", "a jellyfish in black water, light from above"),
    ("16:9", "seven ridges of a pine valley before sunrise, fog in the folds"),
    ("16:9", "dunes under a low sun, long shadows"),
]


def take(browser: Browser, site: Site) -> bytes:
    """A PNG of the studio when all but the last card are done."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce")
    visit = Visit(page, site)
    visit.sign_in()
    for number, (ratio, prompt) in enumerate(SHOWN, 1):
        if number == len(SHOWN):
            site.sandbox.fault("never_finish")
        page.get_by_label("Prompt", exact=True).fill(prompt)
        page.locator(f"[name=aspect_ratio][value='{ratio}']").evaluate("field => field.click()")
        page.keyboard.press("Control+Enter")
        page.locator("article.card").nth(number - 1).wait_for()
    page.locator("article[data-status=SUCCEEDED] .frame.saved").nth(4 * len(SHOWN) - 5).wait_for(timeout=240_000)
    page.goto(site.url)
    page.get_by_label("Prompt", exact=True).fill("paper boats on a canal at dawn, ink wash, long exposure")
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(life=(6.0, 9.0)) as sandbox,
        Site(Path(folder), sandbox) as site,
        sync_playwright() as playwright,
    ):
        sandbox.add_account(KEY, 1000)
        site.manage("create_person", PERSON, "--password-stdin", "--key-stdin", lines=f"{PASSWORD}\n{KEY}\n")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        picture = take(browser, site)
        browser.close()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    Image.open(BytesIO(picture)).convert("RGB").save(PICTURE, "WEBP", quality=82, method=6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
