"""Money in the admin: prices and budgets to edit, the ledger and the balances to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts import audit
from mjportal.readonly import ReadOnlyAdmin
from usage.models import BalanceReading, Budget, BudgetLift, LedgerEntry, Price


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whatever is changed here is in the audit trail."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        values = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        audit.note(
            f"{obj._meta.verbose_name} {'changed' if change else 'made'}", target=obj, request=request, changes=values
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        audit.note(f"{obj._meta.verbose_name} deleted", target=obj, request=request)
        super().delete_model(request, obj)


@admin.register(Price)
class PriceAdmin(AuditedAdmin):
    list_display = ["kind", "task_type", "speed", "credits", "valid_from", "note"]
    list_filter = ["kind"]


@admin.register(Budget)
class BudgetAdmin(AuditedAdmin):
    list_display = ["__str__", "user", "team", "credits", "period", "time_zone"]
    list_select_related = ["user", "team"]


@admin.register(BudgetLift)
class BudgetLiftAdmin(ReadOnlyAdmin):
    list_display = ["at", "budget", "credits", "reason", "by"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "user", "team", "kind", "credits", "delta", "task"]
    list_filter = ["kind", "at"]
    search_fields = ["user__email", "=task__id"]
    list_select_related = ["user", "team", "task"]
    date_hierarchy = "at"


@admin.register(BalanceReading)
class BalanceReadingAdmin(ReadOnlyAdmin):
    list_display = ["at", "key_fingerprint", "credits", "on_the_wire"]
