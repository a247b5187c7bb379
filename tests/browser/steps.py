"""What people do on the site, step by step, in a real browser."""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.site import Site

KEY = "journey-sandbox-key-0001"
PASSWORD = "a long pass phrase"
PERSON = "alice@example.com"
SLOW = 60_000


@dataclass
class Visit:
    """One person's browser on one site."""

    page: Page
    site: Site

    def go(self, path: str) -> None:
        self.page.goto(f"{self.site.url}{path}")

    def scripts_run(self) -> None:
        """After a click that led to another page: what is shown does not listen yet, on a slow machine least of all."""
        self.page.wait_for_load_state("load")

    def make_first_admin(self) -> None:
        self.go("/")
        self.page.get_by_label("Setup code").fill((self.site.folder / "setup-code").read_text())
        self.page.get_by_label("E-mail address").fill("admin@example.com")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Make the account").click()
        expect(self.page.get_by_role("heading", name="Connect your key")).to_be_visible()

    def create_person(self) -> None:
        self.go("/admin/accounts/user/add/")
        self.page.get_by_label("E-mail address").fill(PERSON)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Save", exact=True).click()
        expect(self.page.get_by_text("was added successfully")).to_be_visible()

    def sign_out(self) -> None:
        self.go("/")
        self.page.get_by_role("button", name=re.compile("Your menu")).click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def sign_in(self, email: str = PERSON) -> None:
        self.go("/account/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_label("Prompt")).to_be_visible()
        self.scripts_run()

    def connect_key(self, key: str = KEY, balance: float = 1000) -> None:
        self.site.sandbox.add_account(key, balance)
        self.go("/account/key/")
        self.page.get_by_label("API key", exact=True).fill(key)
        self.page.get_by_role("button", name="Keep this key").click()
        expect(self.page.get_by_text(f"•••• {key[-4:]}")).to_be_visible()

    def arrive(self) -> None:
        """A person with a key, in the studio: made by command, so that a test can begin where its story begins."""
        self.site.sandbox.add_account(KEY, 1000)
        self.site.manage("create_person", PERSON, "--password-stdin", "--key-stdin", lines=f"{PASSWORD}\n{KEY}\n")
        self.sign_in()

    def compose(self, prompt: str, ratio: str = "16:9", version: str = "6.1") -> None:
        self.page.get_by_label("Prompt", exact=True).fill(prompt)
        self.page.get_by_role("button", name="Settings", exact=True).click()
        self.page.locator(f"[name=aspect_ratio][value='{ratio}']").check(force=True)
        self.page.locator(f"[name=version][value='{version}']").check(force=True)
        self.page.get_by_role("button", name=re.compile("Generate")).click()

    def card(self, status: str) -> None:
        """Wait until the newest card says so, by itself."""
        self.page.locator(f"article.card[data-status={status}]").first.wait_for(timeout=SLOW)

    def see_four_pictures(self) -> None:
        self.card("SUCCEEDED")
        expect(self.page.locator("article.card .frame.saved img.shot")).to_have_count(4, timeout=SLOW)

    def open_viewer(self) -> None:
        """From the gallery's first picture."""
        self.go("/gallery/")
        expect(self.page.locator(".tile")).to_have_count(4)
        self.page.locator(".tile a").first.click()
        expect(self.page.locator("[data-viewer]")).to_be_visible()

    def download(self) -> bytes:
        with self.page.expect_download() as waiting:
            self.page.locator("[data-download]").click()
        return waiting.value.path().read_bytes()


def files_of(site: Site) -> list[bytes]:
    """What the sandbox would hand out for its only finished task, byte for byte."""
    import requests

    [task] = [task for task in site.sandbox.tasks.values() if task.state == "success"]
    return [requests.get(url, timeout=10).content for url in task.urls()]


people = count(1)


@dataclass
class Maker(Visit):
    """Somebody in the studio, with a key of their own."""

    key: str

    def received(self, path: str) -> list[dict[str, Any]]:
        """What the provider was sent with this person's key."""
        return [request.json for request in self.site.sandbox.sent(path) if request.key == self.key]

    @property
    def spent(self) -> int:
        return -int(sum(charge.credits for charge in self.site.sandbox.charges(self.key)))


def newcomer(page: Page, site: Site, *options: str) -> Maker:
    """Somebody new with a key of their own and 1,000 credits, signed in; `options` are those of create_person."""
    number = next(people)
    email, key = f"person{number}@example.com", f"making-sandbox-key-{number:04}"
    site.sandbox.add_account(key, 1000)
    lines = f"{PASSWORD}\n{key}\n"
    site.manage("create_person", email, *options, "--password-stdin", "--key-stdin", lines=lines)
    maker = Maker(page, site, key)
    maker.sign_in(email)
    return maker
