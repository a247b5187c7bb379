"""Money in the admin: prices and budgets to edit, the ledger and the balances to look at."""

from django.contrib import admin

from accounts.audited import AuditedAdmin
from mjportal.readonly import ReadOnlyAdmin
from usage.models import BalanceReading, Budget, BudgetLift, LedgerEntry, Price


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
