"""A task's state in words a person can act on: what happened, what it cost, the nearest way out."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tasks.models import FailureClass, HoldReason, Status, Task


@dataclass(frozen=True, slots=True)
class Words:
    """`title` for every state; `advice` and `cost` where a person may want to act."""

    title: str
    advice: str = ""
    cost: str = ""


ASKED_TO_WAIT = "The provider asked to wait: "
BLOCKED = "The service is blocking this site. Your admin was told."

FAILURES = {
    FailureClass.MODERATION: "The provider's filter stopped it. Say it another way, without the word that may offend.",
    FailureClass.PARAMETER: "The provider did not take a setting or the prompt as it is. Change it and send again.",
    FailureClass.GENERATION: "The provider could not finish it. The same prompt often works a second time.",
    FailureClass.UNAVAILABLE: "The provider does not offer this at the moment. Your admin was told.",
    FailureClass.SWITCHED_OFF: "The provider has switched this off for now. Other types still work.",
    FailureClass.BY_HAND: "An admin ended it because it could not go on.",
}
HOLDS = {
    HoldReason.KEY_REFUSED: (
        "Held, the key was refused",
        "Nothing was lost. Check or replace your API key; it leaves by itself when the key is accepted.",
    ),
    HoldReason.KEY_DISABLED: (
        "Held, an admin stopped the key",
        "Nothing was lost. It leaves by itself when the admin lets the key work again.",
    ),
    HoldReason.KEY_GONE: (
        "Held, the lent key was taken back",
        "It leaves by itself when the team is lent a key again. Sent now, it is paid with the key you bring.",
    ),
    HoldReason.NO_CREDIT: ("Held, not enough credits", "It leaves by itself when the balance allows."),
    HoldReason.PROVIDER_PAUSED: (
        "Held, the provider is not taking tasks",
        "It was tried several times and turned away. It is tried again within the hour.",
    ),
    HoldReason.OVER_BUDGET: ("Held, over budget", "It leaves when the budget allows, or when an admin lifts it once."),
    HoldReason.DISK_LOW: (
        "Held, our storage is nearly full",
        "Nothing is bought that could not be kept. It leaves by itself when there is room.",
    ),
    HoldReason.PAUSED: ("Paused", "You paused its batch. It leaves when you let the batch go on, or send it now."),
    HoldReason.RESTORED: (
        "Held after a restored backup",
        "It may have been sent after the backup was made. Check the provider's log before you send it.",
    ),
}


def words_for(task: Task, now: datetime) -> Words:
    """The words of this task's card and page."""
    status = Status(task.status)
    if status == Status.QUEUED:
        return Words("Queued", cost=_leaves(task, now))
    if status == Status.SUBMITTING:
        return Words("Sending")
    if status == Status.RUNNING:
        return Words("Running", cost="Result pending at the provider" if task.empty_looks else "")
    if status == Status.FAILED:
        return _failed(task)
    if status == Status.UNCONFIRMED:
        return _unconfirmed(task)
    if status == Status.HELD:
        title, advice = HOLDS[HoldReason(task.hold_reason or HoldReason.PROVIDER_PAUSED)]
        return Words(title, _with_message(advice, task.message), "Nothing was charged.")
    if status == Status.CANCELLED:
        return Words("Cancelled", "It was never sent.", "Nothing was charged.")
    return Words("Done")


def _failed(task: Task) -> Words:
    failure = FailureClass(task.failure_class or FailureClass.GENERATION)
    cost = f"The {task.cost.normalize():f} reserved credits were released." if task.cost else "Nothing was charged."
    return Words(failure.label, _with_message(FAILURES[failure], task.message), cost)


def _unconfirmed(task: Task) -> Words:
    at = f"{timezone.localtime(task.sent_at):%H:%M}" if task.sent_at else "its turn"
    advice = (
        f"We sent it at {at} and the line went quiet. It may exist and may have cost {task.cost.normalize():f} credits."
    )
    blocked = f" {BLOCKED}" if task.message == BLOCKED else ""
    return Words("No answer, so we can't be sure", f"{advice} It is never sent again by itself.{blocked}")


def _with_message(advice: str, message: str) -> str:
    return f"{advice} The provider said: “{message}”" if message else advice


def _leaves(task: Task, now: datetime) -> str:
    seconds = int((task.next_send_at - now).total_seconds())
    if task.message:
        tried = "" if task.message.startswith(ASKED_TO_WAIT) else "Not sent yet: "
        return f"{tried}{task.message}"[:160]
    return f"Leaves in about {seconds} s" if seconds > 1 else "Leaves in a moment"
