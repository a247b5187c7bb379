"""The doors: the first admin, a person's own page, the API key."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.firstrun import make_first_admin, setup_code, somebody_exists
from accounts.forms import FirstRunForm, KeyForm
from accounts.models import AlertMail, ApiKey, User
from accounts.people import signed_in
from kie.errors import KeyRefused, KieError
from mjportal.encryption import Undecipherable

GET_OR_POST = ["GET", "HEAD", "POST"]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_http_methods(GET_OR_POST)
def first_run(request: HttpRequest) -> HttpResponse:
    """Make the first admin; there is no such page once somebody exists."""
    if somebody_exists():
        raise Http404
    setup_code()
    form = FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        user = make_first_admin(said["email"], said["name"], said["password"])
        if user is None:
            raise Http404
        login(request, user, backend=BACKEND)
        # They have just typed their password: the next page must not ask for it again.
        record_authentication(request, user, method="password", email=user.email)
        UserSession.objects.create_from_request(request)
        return redirect("accounts:key")
    return render(request, "accounts/first_run.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who I am here, and where to change it."""
    return render(request, "accounts/home.html", {"key": _key_of(request), "mails": AlertMail.choices})


@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(GET_OR_POST)
def key(request: HttpRequest) -> HttpResponse:
    """Connect or replace the API key; it is checked before anything is stored."""
    known = _key_of(request)
    form = KeyForm(request.POST or None, has_key=known is not None)
    refused = False
    if request.method == "POST" and form.is_valid():
        try:
            _store(signed_in(request), known, form)
        except KeyRefused as error:
            refused = True
            form.add_error("api_key", f"The provider refused this key. It said: {error.message}")
        except (KieError, ValueError) as error:
            form.add_error("api_key", f"The key could not be checked, so nothing was stored: {error}")
        else:
            messages.success(request, "The key is connected.")
            return redirect("accounts:key")
    context: dict[str, Any] = {"form": form, "key": known, "refused": refused}
    if known:
        bound = Count("tasks", filter=Q(tasks__finished_at=None))
        used = ApiKey.objects.annotate(bound=bound, last_used=Max("tasks__last_wire_at")).get(pk=known.pk)
        context |= {"bound": used.bound, "last_used": used.last_used}
    return render(request, "accounts/key.html", context, status=422 if form.errors else 200)


@require_POST
def alert_mail(request: HttpRequest) -> HttpResponse:
    """How this person wants to hear of alerts beside the page."""
    said = request.POST.get("alert_mail", "")
    if said in AlertMail.values:
        User.objects.filter(pk=signed_in(request).pk).update(alert_mail=said)
        messages.success(request, "Kept.")
    return redirect("accounts:home")


def _store(user: User, known: ApiKey | None, form: KeyForm) -> None:
    said = form.cleaned_data
    webhook_key = "" if said["forget_webhook_key"] else said["webhook_key"].strip() or None
    if said["api_key"]:
        services.connect_key(user, said["api_key"], webhook_key)
    elif known is not None and webhook_key is not None:
        services.set_webhook_key(known, webhook_key)


@require_POST
def check_key(request: HttpRequest) -> HttpResponse:
    """Ask the provider for the balance again."""
    known = _key_of(request)
    if known is None:
        raise Http404
    try:
        services.refresh_balance(known)
    except KeyRefused:
        services.mark_refused(known)
        messages.error(request, "The provider refuses this key. Nothing was lost; replace it to go on.")
    except (KieError, Undecipherable) as error:
        messages.error(request, f"It could not be checked just now: {error}")
    else:
        messages.success(request, "Checked.")
    return redirect("accounts:key")


@reauthentication_required  # type: ignore[untyped-decorator]
@require_POST
def delete_key(request: HttpRequest) -> HttpResponse:
    """Wipe the key from this site."""
    if services.delete_key(signed_in(request)):
        messages.success(request, "The key is deleted here. At the provider it still works.")
    return redirect("accounts:key")


def _key_of(request: HttpRequest) -> ApiKey | None:
    return ApiKey.objects.filter(user=signed_in(request)).first()
