"""B1, B2, B4: how fast a callback is answered."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import people
from benchmarks.lines.polling import rate
from benchmarks.processes import Server, load, request, site, stub, wsgi
from benchmarks.ratios import Line, Measured, Scale, at_least, at_most, in_turns, middle, ratio_of
from callbacks.models import Delivery
from tasks.models import Task

FILE_BYTES = 1_500_000
FILES = 4
TASKS = 400
CONNECTIONS = 16
# The provider waits this long for an answer.
PATIENCE = 15.0


@dataclass(frozen=True)
class Bells:
    """Both sides and the same callbacks for each."""

    ours: Server
    peer: Server
    to_ours: Sequence[bytes]
    to_peer: Sequence[bytes]


def body(task_id: str, port: int) -> bytes:
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(FILES)]
    prompt = json.dumps({"prompt": "paper boats on a canal at dawn", "aspectRatio": "16:9", "version": "7"})
    content = {"taskId": task_id, "promptJson": prompt, "resultUrls": urls}
    return json.dumps({"code": 200, "msg": "success", "data": content}).encode()


def _bells(tasks: Sequence[Task], port: int) -> Iterator[bytes]:
    for task in tasks:
        path = f"/callbacks/{task.callback_token}/"
        yield request("POST", path, body(task.provider_task_id, port), Content_Type="application/json")


@contextmanager
def _both(count: int) -> Iterator[Bells]:
    user = people.person("ringer")
    Task.objects.filter(user=user).delete()
    tasks = people.running_tasks(user, count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mj-portal-bench-")))
        picture = folder / "file.jpeg"
        picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(FILE_BYTES))
        files = stack.enter_context(stub("files", str(picture)))
        ours = stack.enter_context(site())
        peer = stack.enter_context(wsgi("benchmarks.peers.flask_handler:application", FLASK_HANDLER_FOLDER=str(folder)))
        bodies = [body(task.provider_task_id, files.port) for task in tasks]
        posted = [request("POST", "/mj-image-callback", each, Content_Type="application/json") for each in bodies]
        yield Bells(ours, peer, list(_bells(tasks, files.port)), posted)


def acknowledged(scale: Scale) -> dict[str, Measured]:
    count = scale.pick(64, 24)

    def documented(bells: Bells) -> float:
        got = load(bells.peer.port, bells.to_peer, connections=CONNECTIONS, count=count)
        return float(got["done"] / got["seconds"])

    with _both(TASKS) as bells:
        rate(bells.ours, list(bells.to_ours), 0.3, "200")
        rounds = in_turns(
            scale.pick(5, 3), lambda: rate(bells.ours, list(bells.to_ours), 1.5, "200"), lambda: documented(bells)
        )
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 0):.0f} callbacks/s"
    return {"B1": Measured(ratio, words, f"documents' handler: {middle(rounds, 1):.1f}/s", spread)}


def beside_bare(scale: Scale) -> dict[str, Measured]:
    user = people.person("ringer")
    Task.objects.filter(user=user).delete()
    posted = list(_bells(people.running_tasks(user, TASKS), 9))
    first = posted[0].partition(b"\r\n\r\n")[2]
    bare = [request("POST", "/taken/", first, Content_Type="application/json")]
    seconds = 0.6 if scale.quick else 1.2
    with site() as ours, wsgi("benchmarks.peers.bare:application", DJANGO_SETTINGS_MODULE="") as peer:
        rate(ours, posted, 0.3, "200")
        rate(peer, bare, 0.3, "204")
        rounds = in_turns(
            scale.pick(9, 3), lambda: rate(ours, posted, seconds, "200"), lambda: rate(peer, bare, seconds, "204")
        )
    _check_stored()
    ratio, spread = ratio_of(rounds)
    words = f"{middle(rounds, 0):.0f} callbacks/s"
    return {"B2": Measured(ratio, words, f"bare view: {middle(rounds, 1):.0f}/s", spread)}


def _check_stored() -> None:
    """The answers were not bought by leaving the work out."""
    if (
        not Delivery.objects.filter(answer=200).exists()
        or not Task.objects.filter(called_back_at__isnull=False).exists()
    ):
        raise RuntimeError("callbacks were answered but not stored")


def all_at_once(scale: Scale) -> dict[str, Measured]:
    count = scale.pick(200, 60)
    with _both(count) as bells:
        load(bells.ours.port, bells.to_ours, connections=4, count=8)
        sides = ((bells.ours, bells.to_ours), (bells.peer, bells.to_peer))
        waits = [load(server.port, sent, connections=count, count=count)["waits"] for server, sent in sides]
    last, theirs = waits[0][-1], waits[1][-1]
    late = sum(wait > PATIENCE for wait in waits[1])
    words = f"documents' handler: {theirs:.1f} s, {late} of {count} miss the provider's {PATIENCE:.0f} s"
    return {"B4": Measured(last / theirs, f"last of {count}: {last:.2f} s", words)}


LINES = (
    Line("B1", "callbacks answered/s / the documents' handler", at_least(30), at_least(45), acknowledged),
    Line(
        "B2", "callbacks answered/s / bare Django view that reads the body", at_least(0.45), at_least(0.6), beside_bare
    ),
    Line("B4", "200 callbacks at once, 4 files each: last answer", at_most(0.05), None, all_at_once),
)
