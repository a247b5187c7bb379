"""Admin pages on which whatever is made, changed or deleted is in the audit trail."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import audit


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """`unsaid` are fields whose values are in no trail."""

    unsaid: tuple[str, ...] = ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        values = {name: str(form.cleaned_data.get(name)) for name in form.changed_data if name not in self.unsaid}
        act = "changed" if change else "made"
        audit.note(f"{obj._meta.verbose_name} {act}", target=obj, request=request, changes=values)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            audit.note(f"{obj._meta.verbose_name} deleted", target=obj, request=request)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Many at once are deleted one by one, and each is in the trail."""
        with transaction.atomic():
            for each in queryset:
                self.delete_model(request, each)
