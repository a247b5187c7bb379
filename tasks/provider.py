"""Opening the provider's client: the line where a key is decrypted, and the paid call a task stands for."""

from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from accounts.models import ApiKey
from kie.client import Client
from kie.exchange import Exchange as WireExchange
from kie.outcomes import Accepted
from tasks.models import Exchange, Kind, Task


def open_client(key: ApiKey, session: requests.Session | None = None) -> Client:
    """A client for this key; `session` lets many clients share connections. Raises Undecipherable."""
    return Client(
        key.secret.reveal(),
        api_url=settings.KIE_API_URL,
        upload_url=settings.KIE_UPLOAD_URL,
        session=session,
        vary_index_base=settings.KIE_VARY_INDEX_BASE,
    )


def callback_url(task: Task) -> str:
    """Where the provider may ring for this task, "" when the site has no public address."""
    return f"{settings.PUBLIC_URL}/callbacks/{task.callback_token}/" if settings.PUBLIC_URL else ""


def send(client: Client, task: Task, pictures: list[str], *, quickstart: bool = False) -> Accepted:
    """The one paid request of a task, `pictures` in the place of its own. Raises the family of `kie.errors`.

    `quickstart`: an upscale by the provider's older path.
    """
    values: dict[str, Any] = {**task.parameters, "task_type": task.task_type, "prompt": task.prompt}
    if pictures:
        values["file_urls"] = pictures
    if task.kind == Kind.GENERATE:
        return client.generate(values, callback_url(task))
    parent_id = task.parent.provider_task_id if task.parent else ""
    position = task.parent_position or 0
    water_mark = str(values.get("water_mark") or "")
    if task.kind == Kind.UPSCALE:
        return client.upscale(parent_id, position, water_mark, callback_url(task), quickstart=quickstart)
    if task.kind == Kind.VARY:
        return client.vary(parent_id, position, water_mark, callback_url(task))
    return client.extend(
        parent_id,
        position,
        "manual" if task.prompt else "auto",
        task.prompt,
        water_mark=water_mark,
        callback_url=callback_url(task),
    )


def note_exchange(task: Task, wire: WireExchange | None, outcome: str) -> None:
    """Keep what was sent and answered, the last twenty of a task."""
    if wire is None:
        return
    Exchange.objects.create(
        task=task,
        at=wire.at or timezone.now(),
        method=wire.method,
        path=wire.path[:200],
        request_body=wire.request_body,
        status=wire.status,
        response_body=wire.response_body,
        seconds=wire.seconds,
        outcome=outcome[:60],
    )
    newest_first = Exchange.objects.filter(task=task).order_by("-at", "-pk")
    if surplus := list(newest_first.values_list("pk", flat=True)[Exchange.KEPT :]):
        Exchange.objects.filter(pk__in=surplus).delete()
