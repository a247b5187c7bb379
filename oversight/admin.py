"""Teams in the admin. They are registered here because a membership that ends stops tasks too."""

from typing import Any

from django import forms
from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from accounts import audit, teams
from accounts.models import Membership, Role, Team, User
from oversight.forms import one_line
from tasks.offboarding import stop_unsent


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """A membership stays with its person: another one is added, and this one ended."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["user"].disabled = self.instance.pk is not None


class MembersFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """What ends here ends as on the team's own page, and an owner stays here too."""

    def clean(self) -> None:
        super().clean()
        staying = [form for form in self.forms if form.cleaned_data and form not in self.deleted_forms]
        if not any(form.cleaned_data.get("role") == Role.OWNER for form in staying):
            raise forms.ValidationError("The team needs an owner.")

    def delete_existing(self, obj: Membership, commit: bool = True) -> None:
        teams.end(obj)
        stop_unsent(obj.user_id, obj.team_id)


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    form = MemberForm
    formset = MembersFormSet
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Teams with their people; every change of the form is in the audit trail."""

    form = TeamForm
    list_display = ["name", "created_at", "factor_required", "key"]
    list_select_related = ["key"]
    search_fields = ["name"]
    fields = ["name", "factor_required"]
    inlines = [MembershipInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        members = {str(each.user.email): each.role for each in form.instance.memberships.select_related("user")}
        audit.note(
            "team changed in the admin", target=form.instance, team=form.instance, request=request, members=members
        )
        User.objects.filter(memberships__team=form.instance).update(in_teams=True)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Its tasks and pictures hang on it.
        return False
