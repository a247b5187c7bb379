"""Results in the admin: to find what is not home yet and fetch it again, never to edit."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from gallery import services
from gallery.models import Result
from mjportal.readonly import ReadOnlyAdmin


@admin.register(Result)
class ResultAdmin(ReadOnlyAdmin):
    """The list of every file: its state, what went wrong last, how often it was tried and until when it can be had."""

    list_display = ("__str__", "user", "state", "problem", "attempts", "next_try_at", "deadline", "saved_at", "size")
    list_filter = ("state", "kind", "verified", "first_seen_at")
    search_fields = ("=id", "=task__id", "sha256", "user__email", "problem")
    search_help_text = "Result or task id, SHA-256, e-mail address, problem"
    list_select_related = ("user",)
    ordering = ("-first_seen_at", "-id")
    show_full_result_count = False
    actions = ("fetch_again",)

    @admin.action(description="Fetch again")
    def fetch_again(self, request: HttpRequest, queryset: QuerySet[Result]) -> None:
        rung = sum(services.try_again(result) for result in queryset)
        self.message_user(request, f"{rung} fetched again; saved ones were left alone.", messages.SUCCESS)
