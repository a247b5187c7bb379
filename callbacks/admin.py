"""The callback diary, read-only."""

from django.contrib import admin

from callbacks.models import Delivery
from mjportal.readonly import ReadOnlyAdmin


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["at", "task", "signature", "answer", "provider_task_id", "address"]
    list_filter = ["answer", "signature", "at"]
    search_fields = ["provider_task_id", "task__id"]
    list_select_related = ["task"]
    date_hierarchy = "at"
    fields = ["at", "task", "signature", "answer", "provider_task_id", "address", "truncated", "text"]

    @admin.display(description="body")
    def text(self, delivery: Delivery) -> str:
        return bytes(delivery.body).decode("utf-8", "replace")
