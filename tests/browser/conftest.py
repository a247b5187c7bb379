"""Chromium and whole sites. Without a browser these tests are skipped with a line; in CI that is a failure."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from kie.sandbox import Sandbox
from tests.browser.site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.enable_socket)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("No Chromium here: in CI the browser tests must run.")
        pytest.skip("No Chromium here, so the browser tests are skipped.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh person's browser; a script error or a refused script on any page fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert said == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all journeys of the group "making"; each brings a person of its own (`steps.newcomer`)."""
    folder: Path = tmp_path_factory.mktemp("making")
    with Sandbox(life=(1.5, 2.0), art="plain") as sandbox, Site(folder, sandbox) as site:
        yield site


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Start a site (and its sandbox) with these options; everything is stopped after the test."""
    opened: list[Site | Sandbox] = []

    def start(*, callbacks: bool = True, life: tuple[float, float] = (2.0, 3.0), **environment: str) -> Site:
        sandbox = Sandbox(life=life, art="plain", callbacks=callbacks).start()
        opened.append(sandbox)
        site = Site(tmp_path, sandbox, callbacks=callbacks, **environment)
        opened.append(site)
        return site.__enter__()

    yield start
    for part in reversed(opened):
        part.__exit__(None, None, None)
