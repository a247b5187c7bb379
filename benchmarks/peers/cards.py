"""Cards that poll themselves, the way tutorials show: each asks for its own fragment, and a login_required view looks
the row up and renders it. A fresh project's own settings: sessions in the database, the default middleware.
"""

import os
from uuid import UUID

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.cards_settings"

from django.contrib.auth.decorators import login_required
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse

application = get_wsgi_application()

from django.shortcuts import get_object_or_404, render  # noqa: E402 - models need the application
from django.urls import path  # noqa: E402

from tasks.models import Task  # noqa: E402


@login_required
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    task = get_object_or_404(Task, pk=pk, user=request.user)
    return render(request, "card.html", {"task": task})


urlpatterns = [path("card/<uuid:pk>/", card, name="card")]
