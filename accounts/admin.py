"""People, keys and the trail in the admin; a key is never shown, a password never hashed into a page."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts import audit
from accounts.audited import AuditedAdmin
from accounts.models import ApiKey, AuditEntry, User
from accounts.people import signed_in
from accounts.services import move_address
from mjportal.readonly import ReadOnlyAdmin


def free_address(said: str, person: User) -> str:
    """The address in lower case, when nobody else has proved that it is theirs."""
    address = said.lower()
    if EmailAddress.objects.filter(email__iexact=address, verified=True).exclude(user_id=person.pk).exists():
        raise forms.ValidationError("Somebody else has this address.")
    return address


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        return free_address(self.cleaned_data["email"], self.instance)


class NewPersonForm(PersonForm):
    password = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    class Meta:
        model = User
        fields = ("email", "name", "is_staff")

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
class PersonAdmin(AuditedAdmin):
    form = PersonForm
    unsaid = ("password",)
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
        if form.initial.get("email") != obj.email:
            move_address(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Their tasks and pictures hang on them: people are blocked.
        return False

    @admin.action(description="Block")
    def block(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        done = self._let(request, queryset.exclude(pk=signed_in(request).pk), in_=False)
        self.message_user(request, f"{done} people are blocked.")

    @admin.action(description="Let in again")
    def unblock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.message_user(request, f"{self._let(request, queryset, in_=True)} people may sign in.")

    def _let(self, request: HttpRequest, people: QuerySet[User], *, in_: bool) -> int:
        """Let them in or block them, and return how many; each is in the trail."""
        changed = list(people.exclude(is_active=in_))
        with transaction.atomic():
            for person in changed:
                User.objects.filter(pk=person.pk).update(is_active=in_)
                audit.note("person let in again" if in_ else "person blocked", target=person.email, request=request)
        return len(changed)


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
