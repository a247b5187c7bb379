"""A1-A4: the board's poll."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.spaces import Space
from benchmarks import people
from benchmarks.processes import Server, load, request, site, wsgi
from benchmarks.ratios import Line, Measured, Scale, at_least, at_most, in_turns, middle, ratio_of
from tasks.changed import standing_of
from tasks.models import Task

CARDS = 24
CONNECTIONS = 8
POLL = "/tasks/changes/?after="


def rate(server: Server, sent: list[bytes], seconds: float, status: str) -> float:
    """Answers per second; every one must have had this status."""
    got = load(server.port, sent, connections=CONNECTIONS, seconds=seconds)
    _expect(got, status)
    return float(got["done"] / got["seconds"])


def cost(server: Server, sent: list[bytes], count: int, status: str) -> float:
    """The server's processor seconds per answer."""
    before = server.cpu()
    _expect(load(server.port, sent, connections=CONNECTIONS, count=count), status)
    return (server.cpu() - before) / count


def _expect(got: dict[str, dict[str, int]], status: str) -> None:
    if set(got["statuses"]) != {status}:
        raise RuntimeError(f"expected only {status}, got {got['statuses']}")


def _watcher() -> tuple[User, str]:
    user = people.person("watcher")
    if not Task.objects.filter(user=user).exists():
        people.running_tasks(user, CARDS)
        _touch(user)
    return user, people.sign_in(user)


def _touch(user: User) -> None:
    """One card of the board changed."""
    user.refresh_from_db()
    user.board_revision += 1
    user.save(update_fields=["board_revision"])
    card = Task.objects.filter(user=user).earliest("created_at")
    Task.objects.filter(pk=card.pk).update(revision=user.board_revision, looked_at=timezone.now())


def idle_rate(scale: Scale) -> dict[str, Measured]:
    user, cookie = _watcher()
    poll = [request("GET", f"{POLL}{user.board_revision}", Cookie=cookie, HX_Request="true")]
    bare = [request("GET", "/nothing/")]
    seconds = 0.6 if scale.quick else 1.2
    with site() as ours, wsgi("benchmarks.peers.bare:application", DJANGO_SETTINGS_MODULE="") as peer:
        rate(ours, poll, 0.3, "204")
        rate(peer, bare, 0.3, "204")
        rounds = in_turns(
            scale.pick(9, 3), lambda: rate(ours, poll, seconds, "204"), lambda: rate(peer, bare, seconds, "204")
        )
    ratio, spread = ratio_of(rounds)
    return {
        "A1": Measured(ratio, f"{middle(rounds, 0):.0f} polls/s", f"bare Django 204: {middle(rounds, 1):.0f}/s", spread)
    }


def cards_polling(scale: Scale) -> dict[str, Measured]:
    user, cookie = _watcher()
    poll = [request("GET", f"{POLL}{user.board_revision}", Cookie=cookie, HX_Request="true")]
    tasks = Task.objects.filter(user=user)
    cards = [request("GET", f"/card/{task.pk}/", Cookie=cookie, HX_Request="true") for task in tasks]
    count = scale.pick(4000, 1500)
    with site() as ours, wsgi("benchmarks.peers.cards:application") as peer:
        cost(ours, poll, 200, "204")
        cost(peer, cards, CARDS, "200")
        rounds = in_turns(
            scale.pick(5, 3),
            lambda: CARDS * cost(peer, cards, CARDS * scale.pick(20, 8), "200"),
            lambda: cost(ours, poll, count, "204"),
        )
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 1) * 1e3:.2f} ms per poll"
    return {"A2": Measured(ratio, words, f"{CARDS} cards: {middle(rounds, 0) * 1e3:.1f} ms", spread)}


def idle_queries(scale: Scale) -> dict[str, Measured]:
    user, cookie = _watcher()
    browser = Client(HTTP_COOKIE=cookie)
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(f"{POLL}{user.board_revision}")
    if answer.status_code != 204 or answer.content:
        raise RuntimeError(f"an idle poll answered {answer.status_code} with {len(answer.content)} bytes")
    return {"A3": Measured(len(queries), f"{len(queries)} query, 204, no body", "one query")}


def changed_cost(scale: Scale) -> dict[str, Measured]:
    user, cookie = _watcher()
    idle = [request("GET", f"{POLL}{user.board_revision}", Cookie=cookie, HX_Request="true")]
    figures = standing_of(Space(user.pk)).figures
    changed = [request("GET", f"{POLL}{user.board_revision - 1}&board={figures}", Cookie=cookie, HX_Request="true")]
    with site() as ours:
        cost(ours, changed, 50, "200")
        rounds = in_turns(
            scale.pick(7, 3),
            lambda: cost(ours, changed, scale.pick(800, 300), "200"),
            lambda: cost(ours, idle, scale.pick(3000, 1200), "204"),
        )
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 0) * 1e3:.2f} ms with one card"
    return {"A4": Measured(ratio, words, f"idle: {middle(rounds, 1) * 1e3:.2f} ms", spread)}


LINES = (
    Line("A1", "idle board poll, answers/s / bare Django 204", at_least(0.35), at_least(0.50), idle_rate),
    Line("A2", "CPU of 24 cards polling themselves / one idle poll", at_least(60), at_least(100), cards_polling),
    Line("A3", "queries of an idle poll, which has no body", at_most(1), None, idle_queries),
    Line("A4", "CPU of a poll with one changed card / idle poll", at_most(6), at_most(4), changed_cost),
)
