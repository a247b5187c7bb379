"""The background functions of tasks. Each takes one primary key and may run twice, late or never.

Here, and only here, the client's errors become statuses; docs/reliability.md has the table.
"""

import logging
import time
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import UUID

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey
from accounts.roles import Right
from accounts.services import mark_refused, refresh_balance
from accounts.spaces import key_for, may_in, space_of
from gallery.files import has_room
from gallery.models import Result
from gallery.services import link_is_gone, renew_source
from kie.client import Client
from kie.errors import Busy, KeyRefused, KieError, NotSent, OutcomeUnknown, OutOfCredit, Refused
from kie.outcomes import Accepted
from kie.reports import ReportState
from mjportal.encryption import Undecipherable
from tasks import gates, lifecycle, looks
from tasks.adopting import bring_in
from tasks.alarms import tell_admins
from tasks.keys import may_pay, watching_keys
from tasks.models import FailureClass, HoldReason, Kind, Status, SwitchedOff, Task
from tasks.provider import note_exchange, open_client, send
from tasks.references import SENT_WIDTH, Gone, copied, file_name, hosted
from tasks.remembered import Reference
from tasks.wording import ASKED_TO_WAIT, BLOCKED
from usage.balances import note_reading

logger = logging.getLogger(__name__)

MOST_SENDS = 8
MOST_WAIT = timedelta(minutes=30)
# Ids beside its own that a task's callbacks may have looked up.
MOST_OTHERS = 5
SWITCHED_OFF_FOR = timedelta(hours=1)
REMEMBER_PAUSES = (0.0, 1.0, 5.0)
REFUSALS = {
    "parameter": FailureClass.PARAMETER,
    "not_found": FailureClass.UNAVAILABLE,
    "generation_failed": FailureClass.GENERATION,
    "switched_off": FailureClass.SWITCHED_OFF,
}


def submit_task(pk: str) -> None:
    """Send one queued task: claim it, set the wire mark, make the one paid request."""
    task = Task.objects.select_related("api_key", "parent", "user").filter(pk=pk, status=Status.QUEUED).first()
    now = timezone.now()
    if task is None or task.next_send_at > now:
        return
    if not task.user.is_active or not may_in(task.user, task.team_id, Right.MAKE):
        # They were blocked, left the team, or may only look there now: what waits to be sent for them stops.
        lifecycle.cancel(task)
        return
    if task.api_key is not None and task.api_key.fingerprint != task.key_fingerprint:
        # The person has another account's key by now, which will pay: pace, breakers and the books must name that one.
        lifecycle.rebind(task, task.api_key)
    reason = _obstacle(task)
    if reason:
        lifecycle.hold(task, reason)
        return
    until = gates.closed_until(task.key_fingerprint, now) or gates.next_slot(task.key_fingerprint, now)
    if until or not gates.take_probe(now):
        lifecycle.postpone(task, until or now + gates.PROBE)
        return
    if lifecycle.claim(task, now):
        _send(task)


def _obstacle(task: Task) -> str:
    """Why this task can't go now and won't by itself in a few seconds; a hold reason or ""."""
    if task.api_key is not None and task.api_key.is_disabled:
        return HoldReason.KEY_DISABLED
    if task.api_key is None or task.api_key.is_refused:
        return HoldReason.KEY_REFUSED
    if not may_pay(task).exists():
        return HoldReason.KEY_GONE
    # Never buy what cannot be stored.
    return "" if has_room() else HoldReason.DISK_LOW


def _send(task: Task) -> None:
    assert task.api_key is not None  # noqa: S101 - _obstacle has seen to it
    try:
        client = open_client(task.api_key)
    except Undecipherable:
        lifecycle.hold(task, HoldReason.KEY_REFUSED, "The stored key can't be opened. Enter it again.")
        return
    with client:
        pictures = _pictures(client, task)
        if pictures is None:
            return
        try:
            slot = gates.mark_on_wire(task, timezone.now())
        except gates.LostClaim:
            return
        if slot:
            lifecycle.requeue(task, slot)
            return
        try:
            accepted = _asked(client, task, pictures)
        except KieError as error:
            _not_accepted(task, error)
            return
        except ValueError as error:
            # The client looks at the request before it opens a connection: nothing was sent.
            lifecycle.fail(task, FailureClass.PARAMETER, str(error))
            return
    _remember(task, accepted)
    note_exchange(task, accepted.exchange, "accepted")
    _note_key_use(task)
    gates.note_provider(True, timezone.now())


def _asked(client: Client, task: Task, pictures: list[str]) -> Accepted:
    """Send it; an upscale once more by the older path after a 404, unless a callback says that the first was taken."""
    try:
        return send(client, task, pictures)
    except Refused as refused:
        if task.kind != Kind.UPSCALE or refused.kind != "not_found":
            raise
        if slot := gates.next_slot(task.key_fingerprint, timezone.now()):
            # It is a request of the account like any other, and the claim lasts longer than its window.
            time.sleep(max(0.0, (slot - timezone.now()).total_seconds()))
        if not gates.mark_again(task, timezone.now()):
            raise
        note_exchange(task, refused.exchange, "404, asked by the older path")
    return send(client, task, pictures, quickstart=True)


def _pictures(client: Client, task: Task) -> list[str] | None:
    """The pictures to start from, hosted; None when they could not be and the task was dealt with."""
    try:
        return hosted(client, task)
    except Gone as error:
        lifecycle.fail(task, FailureClass.PARAMETER, str(error))
    except KeyRefused as error:
        lifecycle.hold(task, HoldReason.KEY_REFUSED, error.message)
    except Refused as error:
        words = f"The provider refused a picture to start from: {error.message}"
        lifecycle.fail(task, FailureClass.PARAMETER, words, str(error.code or ""))
    except KieError as error:
        # An upload costs nothing and is no task, so every other kind of trouble means the same: later.
        _try_later(task, error, timezone.now())
    return None


def host_reference(pk: str) -> None:
    """Upload a picture to the account that will pay, while its prompt is still written: then sending need not wait."""
    reference = Reference.objects.select_related("user").filter(pk=pk).first()
    space = space_of(reference.user) if reference else None
    key = key_for(space.user_id, space.team_id) if space and space.may_make else None
    if reference is None or key is None or key.is_refused or key.is_disabled:
        return
    try:
        with open_client(key) as client:
            copied(client, key.fingerprint, reference.sha256, file_name(reference.sha256, SENT_WIDTH))
    except (KieError, Gone, Undecipherable) as error:
        # Nothing is lost: it is uploaded when the task is sent, and what is wrong is said there.
        logger.info("reference %s was not uploaded ahead: %s", pk, error)


def _remember(task: Task, accepted: Accepted) -> None:
    """Keep the provider's id. A database that is busy just now must not cost a task that is paid for."""
    for pause in REMEMBER_PAUSES:
        try:
            lifecycle.mark_running(task, accepted.task_id, timezone.now())
            _keep_second(task, accepted.task_id)
            return
        except DatabaseError:
            # The id goes to the log, from which an admin can find the record by hand if the database stays away.
            logger.exception("task %s was accepted as %s and could not be written", task.pk, accepted.task_id)
            time.sleep(pause)
            connection.close_if_unusable_or_obsolete()
    lifecycle.mark_running(task, accepted.task_id, timezone.now())


def _keep_second(task: Task, accepted_id: str) -> None:
    """A callback named another id: an earlier try, turned down by its answer, was bought as well. Bring it in."""
    task.refresh_from_db()
    for other in {accepted_id, task.hinted_task_id} - {"", task.provider_task_id}:
        _bring_second(task, other)


def _bring_second(task: Task, other: str) -> None:
    if bring_in(task, other):
        text = f"Task {task.pk} is {task.provider_task_id} at the provider, which took {other} for it as well."
        tell_admins(f"twice:{task.pk}", "The provider took a task twice", f"{text} It may have charged both.")


def weigh_others(pk: str) -> None:
    """Callbacks of a known task named other ids: what the provider's records know of them was bought as well."""
    task = Task.objects.select_related("user").get(pk=pk)
    _, key = next(watching_keys([task]), (task, None))
    if key is None:
        return
    named = task.deliveries.filter(answer=200).exclude(provider_task_id__in=("", task.provider_task_id))
    known = Task.objects.filter(key_fingerprint=task.key_fingerprint).values("provider_task_id")
    others = named.exclude(provider_task_id__in=known).values_list("provider_task_id", flat=True)
    with open_client(key) as client:
        for other in list(dict.fromkeys(others))[:MOST_OTHERS]:
            try:
                is_there = client.report(other).state not in {ReportState.MISSING, ReportState.SWITCHED_OFF}
            except KieError as error:
                logger.info("whether %s was bought for task %s as well is not known: %s", other, pk, error)
            else:
                if is_there:
                    _bring_second(task, other)


def _note_key_use(task: Task) -> None:
    """One line in the audit trail for each key, person and day: single tasks are in the ledger."""
    if cache.add(f"key-use:{task.key_fingerprint}:{task.user_id}:{timezone.localdate()}", 1, 86_400):
        audit.note("key used", actor=task.user, target=task.api_key or "", team=task.team)


def _not_accepted(task: Task, error: KieError) -> None:
    now = timezone.now()
    match error:
        case NotSent() | Busy():
            _try_later(task, error, now)
        case Refused():
            lifecycle.fail(task, REFUSALS[error.kind], error.message, str(error.code or ""))
            _tell_of(task, error, now)
        case KeyRefused():
            lifecycle.hold(task, HoldReason.KEY_REFUSED, error.message)
            _confirm_refusal(task)
        case OutOfCredit():
            lifecycle.hold(task, HoldReason.NO_CREDIT, error.message)
            gates.close_key(task.key_fingerprint, now + timedelta(seconds=30), "no credit")
        case _:
            blocked = isinstance(error, OutcomeUnknown) and error.blocked
            lifecycle.unconfirm(task, BLOCKED if blocked else error.message)
            if blocked:
                tell_admins("blocked", "The provider is blocking this site", f"It answered: {error.message}")
    note_exchange(task, error.exchange, type(error).__name__)
    trouble = isinstance(error, OutcomeUnknown) or (isinstance(error, Busy) and error.maintenance)
    if not isinstance(error, NotSent):
        gates.note_provider(not trouble, now)


def _try_later(task: Task, error: KieError, now: datetime) -> None:
    """Provably nothing was accepted: at most eight tries in half an hour, then it waits for a person or an hour."""
    first = task.first_busy_at or now
    if task.sends >= MOST_SENDS or now - first > MOST_WAIT:
        lifecycle.hold(task, HoldReason.PROVIDER_PAUSED, error.message)
        return
    # Uploads are not counted as sends; waits that grow with the time already spent spare their host too.
    wait = now + gates.backoff(task.sends, (now - first).total_seconds())
    if isinstance(error, Busy):
        wait = max(wait, looks.after_busy(now, error.retry_after))
        if not error.maintenance:
            gates.close_key(task.key_fingerprint, looks.after_busy(now, error.retry_after), "rate limit")
    said = f"{ASKED_TO_WAIT}{error.message}" if isinstance(error, Busy) else error.message
    lifecycle.requeue(task, wait, first_busy_at=first, message=said[:500])


def _tell_of(task: Task, error: Refused, now: datetime) -> None:
    if error.kind == "switched_off":
        SwitchedOff.objects.update_or_create(task_type=task.task_type, defaults={"until": now + SWITCHED_OFF_FOR})
    if error.kind in {"switched_off", "not_found"}:
        text = f"It answered {error.code}: {error.message}"
        tell_admins(
            f"{error.kind}:{task.kind}:{task.task_type}", f"The provider does not offer {task.kind_label}", text
        )


def _confirm_refusal(task: Task) -> None:
    """A refused key is believed when the balance call says so too; then all its unsent tasks wait."""
    if task.api_key is None:
        return
    try:
        refresh_balance(task.api_key)
    except KeyRefused:
        mark_refused(task.api_key)
        for other in Task.objects.filter(key_fingerprint=task.key_fingerprint, status=Status.QUEUED):
            lifecycle.hold(other, HoldReason.KEY_REFUSED)
    except KieError:
        logger.info("could not confirm that key %s is refused", task.api_key)
    else:
        lifecycle.hold_on(task)


def read_balance(pk: str) -> None:
    """Read one key's balance, after a settled task or while tasks wait for it; the sweep lets go what may go."""
    key = ApiKey.objects.filter(pk=pk).first()
    if key is None:
        return
    before = _on_the_wire(key.fingerprint)
    try:
        balance = refresh_balance(key)
        # A task that left or ended meanwhile would make the reading lie; the next one comes soon.
        if _on_the_wire(key.fingerprint) == before:
            note_reading(key.fingerprint, balance, sum(before.values(), Decimal(0)))
    except KeyRefused:
        mark_refused(key)
    except (KieError, Undecipherable):
        logger.info("the balance of key %s could not be read", key)


def _on_the_wire(fingerprint: str) -> dict[UUID, Decimal]:
    """What the account's tasks that the provider has, or may have, are expected to cost."""
    under_way = Task.objects.filter(key_fingerprint=fingerprint, status__in=lifecycle.ON_THE_WIRE)
    return dict(under_way.exclude(sent_at=None).values_list("pk", "cost"))


def refresh_link(pk: str) -> None:
    """A result's link is dead: ask the report for a fresh one, then the provider's download-url call."""
    dead = Result.objects.filter(pk=pk, state=Result.State.SAVING, dead_link_at__isnull=False)
    # The sweep rings at every pass until somebody comes: a bell that is left over must not ask before the next time.
    result = dead.filter(next_try_at__lte=timezone.now()).first()
    if result is None:
        return
    task = Task.objects.get(pk=result.task_id)
    _, key = next(watching_keys([task]), (task, None))
    if key is None or not task.provider_task_id:
        link_is_gone(result.pk)
        return
    try:
        with open_client(key) as client:
            fresh = _fresh_link(client, task, result)
    except (KieError, Undecipherable):
        link_is_gone(result.pk)
        return
    renew_source(result.pk, fresh)


def _fresh_link(client: Client, task: Task, result: Result) -> str:
    """What the record says now if that is news, else what download-url gives. Raises KieError."""
    report = client.report(task.provider_task_id)
    said = report.urls[result.position] if len(report.urls) > result.position else ""
    if report.state != ReportState.SUCCEEDED or said in {"", result.source_url}:
        return client.download_url(result.source_url)
    # A record may sign the same dead file anew each time it is read, so every second time the other way is gone.
    same_file = urlsplit(said)._replace(query="") == urlsplit(result.source_url)._replace(query="")
    return client.download_url(said) if same_file and result.attempts % 2 == 0 else said
