"""What a card shows: a task's state in words, its frames, its meta line. The templates only place it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from gallery.models import Result
from gallery.shapes import nearest_shape
from tasks.models import Kind, Status, Task
from tasks.pace import clock, took, usual_seconds
from tasks.wording import Words, words_for

NARROW = {"1-2", "9-16", "2-3", "3-4", "5-6"}


@dataclass
class Frame:
    """One picture or clip on a card. `media` ends with a slash: append 320, 640, 1280, original, download."""

    id: str
    number: int
    state: str
    is_clip: bool
    href: str
    media: str
    width: int
    height: int
    placeholder: str
    alt: str
    starred: bool
    length: str
    days_left: int
    is_buildable: bool


@dataclass
class Card:
    """One task on the board."""

    task: Task
    frames: list[Frame]
    words: Words
    shape: str
    meta: list[str]
    saving: int
    saved: int
    kin: str
    family: str
    age: str
    usual: tuple[int, int]

    @property
    def grid(self) -> str:
        """single, or the two by two of four pictures."""
        return "four" if self.task.expected_results > 2 else "two" if self.task.expected_results == 2 else "one"

    @property
    def is_running(self) -> bool:
        return self.task.status in (Status.RUNNING, Status.SUBMITTING)

    @property
    def clock(self) -> SafeString:
        """When the provider took it and the usual span in seconds, as attributes for the script: all ours, so safe."""
        started = (self.task.sent_at or self.task.created_at).isoformat()
        low, high = self.usual
        return SafeString(f'data-since="{started}" data-low="{low}" data-high="{high}"')  # nosec B308 B703

    @property
    def usual_clock(self) -> str:
        return f"{clock(self.usual[0])} to {clock(self.usual[1])}"

    @property
    def band(self) -> SafeString:
        """Where the usual span lies on the running rail, which is twice as long: attributes of a rectangle."""
        low, high = self.usual
        start, width = 100 * low / (2.0 * high), 100 * (high - low) / (2.0 * high)
        return SafeString(f'x="{start:.2f}%" width="{width:.2f}%"')  # nosec B308 B703


def with_results(tasks: "QuerySet[Task]") -> "QuerySet[Task]":
    """The rows a card needs, in a constant number of queries."""
    results = Result.objects.order_by("position")
    children = Task.objects.only("id", "parent_id", "kind", "task_type")
    return tasks.select_related("user", "parent").prefetch_related(
        Prefetch("results", results), Prefetch("children", children)
    )


def card_of(
    task: Task, now: datetime | None = None, results: list[Result] | None = None, children: list[Task] | None = None
) -> Card:
    """The card of a task fetched by `with_results`, or with its results and children brought along."""
    now = now or timezone.now()
    results = list(task.results.all()) if results is None else results
    children = list(task.children.all()) if children is None else children
    frames = [_frame(task, result) for result in results]
    saved = sum(result.state == Result.State.SAVED for result in results)
    saving = sum(result.state == Result.State.SAVING for result in results)
    words = words_for(task, now)
    return Card(
        task=task,
        frames=frames,
        words=words,
        shape=_shape(task, results, bool(words.advice)),
        meta=_meta(task),
        saving=saving,
        saved=saved,
        kin=_kin(task),
        family=_family(children),
        age=_age(task.created_at, now),
        usual=usual_seconds(task.task_type, str(task.parameters.get("speed", "fast"))),
    )


def _frame(task: Task, result: Result) -> Frame:
    number = result.position + 1
    what = "Clip" if result.kind == Result.Kind.VIDEO else "Picture"
    return Frame(
        id=str(result.id),
        number=number,
        state="trashed" if result.trashed_at else result.state,
        is_clip=result.kind == Result.Kind.VIDEO,
        href=reverse("gallery:viewer", args=[result.id]),
        media=f"/media/{result.id}/",
        width=result.width or 16,
        height=result.height or 9,
        placeholder=result.placeholder,
        alt=f"{what} {number}: {task.prompt or 'without a prompt'}",
        starred=result.starred,
        length=clock(result.duration),
        days_left=result.days_left,
        is_buildable=result.is_buildable,
    )


def _shape(task: Task, results: list[Result], has_words: bool) -> str:
    known = next((result for result in results if result.width), None)
    shape = nearest_shape(known.width, known.height) if known else task.aspect_ratio.replace(":", "-")
    # Words need width: a tall card that carries advice is drawn nearly square.
    return "5-6" if has_words and not known and shape in NARROW else shape


def _meta(task: Task) -> list[str]:
    values = task.parameters
    meta = [str(values["aspect_ratio"])] if values.get("aspect_ratio") else []
    if task.is_clip:
        meta += [task.kind_label, f"{values.get('motion', 'high')} motion"]
    elif task.kind != Kind.GENERATE:
        meta += [task.kind_label]
    else:
        meta += [f"v{values['version']}"] if values.get("version") else []
        meta += [str(values["speed"]).capitalize()] if values.get("speed") else []
    if task.status == Status.SUCCEEDED and task.finished_at and task.sent_at:
        meta.append(took((task.finished_at - task.sent_at).total_seconds()))
    return [*meta, _cost(task)]


def _cost(task: Task) -> str:
    amount = f"{task.cost.normalize():f}"
    if task.status in (Status.FAILED, Status.CANCELLED):
        return "0 credits"
    if task.cost == 0:
        return "free"
    word = {Status.SUCCEEDED: "credits", Status.UNCONFIRMED: "unconfirmed", Status.HELD: "needed"}
    return f"{amount} {word.get(Status(task.status), 'reserved')}"


def _kin(task: Task) -> str:
    if task.parent is None:
        return ""
    number = (task.parent_position or 0) + 1
    if task.parent.team_id != task.team_id:
        # Who sees this card need not see that one: its words stay in its own space.
        return f"from result {number} of a task in another space"
    return f"from result {number} of “{task.parent.prompt[:24].strip()}”"


def _family(children: list[Task]) -> str:
    counts: dict[str, int] = {}
    for child in children:
        name = "video" if child.is_clip else {"vary": "variation"}.get(child.kind, child.kind)
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in sorted(counts.items()))


def _age(at: datetime, now: datetime) -> str:
    if (now - at).total_seconds() < 60:
        return "now"
    return timesince(at, now, depth=1).replace("\xa0minutes", " min").replace("\xa0minute", " min").replace("\xa0", " ")


def reuse_link(task: Task) -> str:
    return f"{reverse('tasks:studio')}?reuse={quote(str(task.pk))}"
