"""People and keys in the admin; a key is never shown, a password never hashed into a page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts import audit
from accounts.models import ApiKey, AuditEntry, Membership, Team, User
from mjportal.readonly import ReadOnlyAdmin


class NewPersonForm(forms.ModelForm):  # type: ignore[type-arg]
    password = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    class Meta:
        model = User
        fields = ("email", "name", "is_staff")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.set_password(self.cleaned_data["password"])
        user.is_superuser = user.is_staff
        if commit:
            user.save()
        return user


@admin.register(User)
class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "date_joined"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_staff", "last_login", "date_joined"]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["block", "unblock"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **options) if obj else NewPersonForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ["email", "name", "is_staff", "password"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_superuser = obj.is_staff
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Their tasks and pictures hang on them: people are blocked.
        return False

    @admin.action(description="Block")
    def block(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.message_user(
            request,
            f"{queryset.exclude(email=getattr(request.user, 'email', '')).update(is_active=False)} people are blocked.",
        )

    @admin.action(description="Let in again")
    def unblock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.message_user(request, f"{queryset.update(is_active=True)} people may sign in.")


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Teams with their people; every change of the form is in the audit trail."""

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


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor_name", "action", "target", "team", "address"]
    list_filter = ["action"]
    search_fields = ["actor_name", "target"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["user", "last_four", "balance", "checked_at", "refused_at", "created_at"]
    search_fields = ["user__email", "last_four"]
    list_select_related = ["user"]
    fields = ["user", "last_four", "fingerprint", "balance", "checked_at", "refused_at", "created_at", "changed_at"]


def _same_door(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin has no door of its own: second factor and rate limits are at the one everybody uses."""
    target = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': target})}")


admin.site.login = _same_door  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "MJ Portal"
