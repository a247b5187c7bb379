"""Tasks in the admin: every one to be found, nothing to be edited, two acts."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from mjportal.readonly import ReadOnlyAdmin
from tasks import lifecycle
from tasks.models import Exchange, Gate, Lease, SwitchedOff, Task


class StuckFilter(admin.SimpleListFilter):
    """What needs a person: no confirmation, held, long queued, long running, or only useless answers."""

    title = "needs a person"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Stuck")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() != "yes":
            return queryset
        return queryset & Task.objects.stuck(timezone.now())


class ExchangeInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Exchange
    extra = 0
    can_delete = False
    readonly_fields = ["at", "method", "path", "status", "outcome", "request_body", "response_body", "seconds"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "user",
        "status",
        "why",
        "task_type",
        "short_prompt",
        "cost",
        "sent_at",
        "next_look_at",
    ]
    list_filter = [StuckFilter, "status", "hold_reason", "failure_class", "task_type", "created_at"]
    search_fields = ["=id", "=provider_task_id", "prompt", "user__email"]
    list_select_related = ["user"]
    date_hierarchy = "created_at"
    exclude = ["callback_token"]
    inlines = [ExchangeInline]
    actions = ["look_now", "release"]

    @admin.display(description="why")
    def why(self, task: Task) -> str:
        return task.get_hold_reason_display() or task.get_failure_class_display() or task.message[:60]

    @admin.display(description="prompt")
    def short_prompt(self, task: Task) -> str:
        return task.prompt[:80]

    @admin.action(description="Look now")
    def look_now(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        done = self._each(request, queryset, "look", lifecycle.look_now)
        self.message_user(request, f"{done} tasks are looked at within seconds.", messages.SUCCESS)

    @admin.action(description="Release")
    def release(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        done = self._each(request, queryset, "release", lifecycle.release)
        self.message_user(request, f"{done} held tasks were released.", messages.SUCCESS)

    def _each(self, request: HttpRequest, tasks: QuerySet[Task], name: str, act: Callable[[Task], bool]) -> int:
        """Do it to each where it can be done, note it in the trail, and return to how many."""
        done = [task for task in tasks.select_related("team") if act(task)]
        for task in done:
            audit.note(f"task {name}", target=task.pk, team=task.team, request=request)
        return len(done)


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    list_display = ["scope", "open_until", "reason", "streak"]


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ["name", "holder", "generation", "beat_at", "expires_at"]


@admin.register(SwitchedOff)
class SwitchedOffAdmin(ReadOnlyAdmin):
    list_display = ["task_type", "until"]
