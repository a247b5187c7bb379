"""The ledger in the admin: append-only, so nothing to edit."""

from django.contrib import admin

from mjportal.readonly import ReadOnlyAdmin
from usage.models import LedgerEntry


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "user", "kind", "credits", "task"]
    list_filter = ["kind", "at"]
    search_fields = ["user__email", "=task__id"]
    list_select_related = ["user", "task"]
    date_hierarchy = "at"
