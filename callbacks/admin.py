"""The callback diary, read-only."""

from django.contrib import admin
from django.http import HttpRequest

from callbacks.models import Delivery


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["at", "task", "signature", "answer", "provider_task_id", "address"]
    list_filter = ["answer", "signature", "at"]
    search_fields = ["provider_task_id", "task__id"]
    list_select_related = ["task"]
    date_hierarchy = "at"
    fields = ["at", "task", "signature", "answer", "provider_task_id", "address", "truncated", "text"]

    @admin.display(description="body")
    def text(self, delivery: Delivery) -> str:
        return bytes(delivery.body).decode("utf-8", "replace")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False
