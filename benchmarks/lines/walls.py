"""E1-E5 and G1: the gallery of a team over a million results of two hundred people, and a zip of many files."""

import io
import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts import teams
from accounts.models import User
from accounts.spaces import Space
from benchmarks import people
from benchmarks.lines.weight import plain_static
from benchmarks.ratios import Line, Measured, Scale, at_least, at_most, in_turns, middle, ratio_of
from gallery import files
from gallery.archives import zip_response
from gallery.found import Found
from gallery.models import Result
from gallery.paging import Cursor
from gallery.search import Search
from gallery.wall import COLUMNS, PAGE, day_name, read_page
from tasks.management.commands.seed_gallery import seed_gallery

ON_POSTGRESQL = connection.vendor == "postgresql"
PEOPLE = 200
DEEP = 1000
FILE_BYTES = 1_500_000


@cache
def _wall(name: str, results: int, owners: int) -> Space:
    """A team's space of so many results of so many people, made once."""
    boss = people.person(f"boss-{name}")
    team = teams.create(boss, name)
    seed_gallery(results, owners, random.Random(name), team)
    return Space(boss.pk, team.pk)


def _small() -> Space:
    return _wall("small", 1000, 20)


def _large(scale: Scale) -> Space:
    return _wall("large", scale.pick(1_000_000, 100_000), PEOPLE)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def first_page(scale: Scale) -> dict[str, Measured]:
    small, large = _small(), _large(scale)
    nothing = Search()

    def of(space: Space) -> float:
        return _seconds(lambda: read_page(space, nothing, None))

    of(large)
    of(small)
    rounds = in_turns(scale.pick(31, 11), lambda: of(large), lambda: of(small))
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 0) * 1e3:.1f} ms among {scale.pick(1_000_000, 100_000):,}"
    return {"E1": Measured(ratio, words, f"among 1,000: {middle(rounds, 1) * 1e3:.1f} ms", spread)}


def deep_page(scale: Scale) -> dict[str, Measured]:
    large = _large(scale)
    at = DEEP * PAGE
    saved_at, pk = Result.objects.in_space(large).on_wall().values_list("saved_at", "pk")[at : at + 1].get()
    if saved_at is None:
        raise RuntimeError("a result on the wall has no time")
    place = Cursor(saved_at, pk)
    deep = lambda: _seconds(lambda: read_page(large, Search(), place))  # noqa: E731
    rounds = in_turns(scale.pick(31, 11), deep, lambda: _seconds(lambda: read_page(large, Search(), None)))
    ratio, spread = ratio_of(rounds)
    words = f"page {DEEP:,}: {middle(rounds, 0) * 1e3:.1f} ms"
    return {"E1b": Measured(ratio, words, f"page 1: {middle(rounds, 1) * 1e3:.1f} ms", spread)}


def word_search(scale: Scale) -> dict[str, Measured]:
    large = _large(scale)
    search = Search(text="zeppelin lantern")
    naive = Result.objects.in_space(large).on_wall().order_by("-saved_at", "-id")
    naive = naive.filter(task__prompt__icontains="zeppelin").filter(task__prompt__icontains="lantern")
    rounds = in_turns(
        scale.pick(7, 5),
        lambda: _seconds(lambda: read_page(large, search, None)),
        lambda: _seconds(lambda: read_page(large, Search(), None)),
        lambda: _seconds(lambda: list(naive.values_list(*COLUMNS)[:PAGE])),
    )
    ratio, spread = ratio_of(rounds)
    gain, gains = ratio_of(rounds, ours=2, peer=0)
    ours, page, peer = (f"{middle(rounds, side) * 1e3:.1f} ms" for side in range(3))
    return {
        "E3": Measured(ratio, f"two words, one rare: {ours}", f"first page: {page}", spread),
        "E3b": Measured(gain, f"ours: {ours}", f"icontains: {peer}", gains),
    }


def queries(scale: Scale) -> dict[str, Measured]:
    large = _large(scale)
    boss = User.objects.get(pk=large.user_id)
    browser = Client(HTTP_COOKIE=people.sign_in(boss), HTTP_HOST="127.0.0.1")
    with plain_static():
        browser.get("/gallery/")
        with CaptureQueriesContext(connection) as asked:
            answer = browser.get("/gallery/")
    if answer.status_code != 200 or answer.content.count(b"data-result") != PAGE:
        raise RuntimeError(f"the gallery answered {answer.status_code}")
    own = [query for query in asked.captured_queries if "django_session" not in query["sql"]]
    own = [query for query in own if "site_cache" not in query["sql"]]
    return {"E4": Measured(len(own), f"{len(own)} queries for {PAGE} tiles, the sign-in's aside", "four queries")}


def rendering(scale: Scale) -> dict[str, Measured]:
    large = _large(scale)
    page = read_page(large, Search(), None)
    request = RequestFactory().get("/gallery/")
    request.user = AnonymousUser()
    days = [(day, day_name(day.date, day.date)) for day in page.days]
    context = {"page": page, "days": days, "search": Search(), "more": ""}
    found = Found(large, Search())

    def render() -> float:
        started = time.process_time()
        render_to_string("gallery/index.html#days", context, request)
        return time.process_time() - started

    def ask() -> float:
        started = time.process_time()
        list(found.after(None, PAGE + 1, *COLUMNS, "words_id"))
        return time.process_time() - started

    render()
    ask()
    rounds = in_turns(scale.pick(31, 15), render, ask)
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 0) * 1e3:.1f} ms for {PAGE} tiles"
    return {"E5": Measured(ratio, words, f"their query: {middle(rounds, 1) * 1e3:.1f} ms", spread)}


def zip_of_many(scale: Scale) -> dict[str, Measured]:
    """One file on the storage, named by every row: what is measured is the zip, not the disk."""
    count = scale.pick(500, 100)
    small = _small()
    sha256 = "e" * 64
    name = files.original_name(sha256, "jpg")
    default_storage.save(name, ContentFile(random.Random(1).randbytes(FILE_BYTES)))
    chosen = list(Result.objects.in_space(small).values_list("pk", flat=True)[:count])
    Result.objects.filter(pk__in=chosen).update(sha256=sha256, size=FILE_BYTES)
    results = Result.objects.filter(pk__in=chosen)

    def ours() -> float:
        started = time.perf_counter()
        next(iter(zip_response(results, "bench")))
        return time.perf_counter() - started

    def in_memory() -> float:
        started = time.perf_counter()
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            for row in results.select_related("task"):
                with default_storage.open(name) as file:
                    archive.writestr(f"{row.pk}.jpg", file.read())
        body.getvalue()
        return time.perf_counter() - started

    rounds = in_turns(scale.pick(5, 3), ours, in_memory)
    ratio, spread = ratio_of(rounds)
    extra = _extra_memory(results)
    first, whole = middle(rounds, 0) * 1e3, middle(rounds, 1) * 1e3
    return {
        "G1": Measured(ratio, f"{count} files, first byte after {first:.0f} ms", f"in memory: {whole:.0f} ms", spread),
        "G1b": Measured(extra, f"{extra:.1f} MB while {count * FILE_BYTES / 1e6:.0f} MB pass", "MB of memory"),
    }


def _extra_memory(results: Any) -> float:
    """Megabytes that streaming needs at its highest, beyond what stood there before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in zip_response(results, "bench"):
            pass
        return (tracemalloc.get_traced_memory()[1] - before) / 1e6
    finally:
        tracemalloc.stop()


LINES = (
    Line("E1", "gallery's first page at 1,000,000 results / at 1,000", at_most(1.5), at_most(1.2), first_page),
    Line("E1b", "gallery's page 1,000 / page 1", at_most(3 if ON_POSTGRESQL else 1.5), at_most(1.2), deep_page),
    Line("E3", "search for words at 1M / first page", at_most(6 if ON_POSTGRESQL else 3), None, word_search),
    Line("E3b", "search for words, icontains / ours", at_least(20), None, word_search),
    Line("E4", "queries on a gallery page", at_most(4), None, queries),
    Line("E5", "CPU of rendering 60 tiles / their ORM query", at_most(3), None, rendering),
    Line("G1", "zip of 500 files, first byte / in-memory way", at_most(0.05), None, zip_of_many),
    Line("G1b", "zip of 500 files, extra memory in MB", at_most(16), None, zip_of_many),
)
