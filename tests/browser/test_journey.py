"""The main job in a real browser on the real site: from an empty database to four pictures at home."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.steps import KEY, SLOW, Visit, files_of

OpenSite = Callable[..., Site]
PROMPT = "paper boats on a canal at dawn"


def test_from_an_empty_site_to_a_saved_picture(open_site: OpenSite, page: Page) -> None:
    visit = Visit(page, open_site())
    visit.make_first_admin()
    visit.create_person()
    visit.sign_out()
    visit.sign_in()
    visit.connect_key()
    visit.go("/")
    journeys: list[str] = []
    page.on("framenavigated", lambda frame: journeys.append(frame.url))
    visit.compose(PROMPT)
    expect(page.locator("article.card")).to_have_count(1)
    visit.see_four_pictures()
    assert journeys == []
    [sent] = visit.site.sandbox.sent("mj/generate")
    assert (sent.json["aspectRatio"], sent.json["version"]) == ("16:9", "6.1")
    visit.open_viewer()
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("6.1")
    first = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(first)
    assert visit.download() in files_of(visit.site)
    assert len(visit.site.sandbox.charges(KEY)) == 1


def test_without_callbacks_asking_alone_brings_the_pictures(open_site: OpenSite, page: Page) -> None:
    visit = Visit(page, open_site(callbacks=False))
    visit.arrive()
    visit.compose(PROMPT)
    visit.see_four_pictures()
    assert visit.site.sandbox.callbacks == []
    visit.open_viewer()
    assert visit.download() in files_of(visit.site)


def test_a_lost_answer_heals_through_the_callback_and_is_charged_once(open_site: OpenSite, page: Page) -> None:
    visit = Visit(page, open_site(life=(6.0, 7.0)))
    visit.arrive()
    visit.compose(f"{PROMPT} [[fault:lose_answer]]")
    visit.card("UNCONFIRMED")
    expect(page.locator("article.card")).to_contain_text("Look it up")
    visit.see_four_pictures()
    assert len(visit.site.sandbox.sent("mj/generate")) == 1
    assert len(visit.site.sandbox.charges(KEY)) == 1


def test_workers_killed_while_the_answer_is_out_lose_nothing_and_pay_once(open_site: OpenSite, page: Page) -> None:
    visit = Visit(page, open_site(life=(8.0, 9.0)))
    visit.arrive()
    visit.compose(f"{PROMPT} [[fault:slow_answer seconds=4]]")
    visit.card("SUBMITTING")
    assert visit.site.sandbox.wait_for(lambda: bool(visit.site.sandbox.sent("mj/generate")))
    visit.site.kill_workers()
    visit.site.start("workers")
    visit.see_four_pictures()
    assert len(visit.site.sandbox.charges(KEY)) == 1


def test_workers_killed_during_a_download_bring_every_file_home(open_site: OpenSite, page: Page) -> None:
    visit = Visit(page, open_site())
    visit.arrive()
    visit.site.sandbox.fault("file_trickle", times=0, seconds=20)
    visit.compose(PROMPT)
    page.locator("article.card .frame.saving").first.wait_for(state="attached", timeout=SLOW)
    visit.site.kill_workers()
    visit.site.sandbox.world.faults.reset()
    # The dead worker holds its lease for two minutes: they are over.
    saving = "from gallery.models import Result; Result.objects.filter(state='saving')"
    visit.site.manage("shell", "-c", f"{saving}.update(lease_until=None, rung_at=None)")
    visit.site.start("workers")
    visit.see_four_pictures()
    assert len(visit.site.sandbox.charges(KEY)) == 1
    visit.open_viewer()
    assert visit.download() in files_of(visit.site)
