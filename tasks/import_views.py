"""Bringing earlier work here."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.people import signed_in
from accounts.spaces import space_of
from tasks import adopting, lifecycle
from tasks.views import NO_KEY


@require_POST
def adopt(request: HttpRequest) -> HttpResponse:
    """Bring finished tasks here by the provider's numbers, one or many."""
    user = signed_in(request)
    space = space_of(user)
    numbers = adopting.numbers_in(request.POST.get("numbers", "")[:10_000])
    if not space.may_make:
        raise Http404
    if not numbers:
        messages.error(request, "Paste at least one number of a task at the provider.")
        return redirect("gallery:index")
    try:
        made, known = adopting.adopt(user, space.team_id, numbers)
    except lifecycle.NoKey:
        messages.error(request, NO_KEY)
        return redirect("accounts:key")
    except adopting.LentKey:
        messages.error(request, "This team pays with a lent key: only its owner can bring what was made with it.")
        return redirect("gallery:index")
    except adopting.StillOpen:
        messages.error(
            request, "A task of this key has no confirmation yet. Settle that one first: the number may be its own."
        )
        return redirect("tasks:studio")
    said = f"{len(made)} looked up at the provider; the pictures appear here and in the gallery."
    messages.success(request, f"{said} {known} were here already." if known else said)
    return redirect("tasks:studio")
