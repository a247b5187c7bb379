"""The least Django can do: a view, no middleware, no database. Served like the site, as `bare:application`."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def taken(request: HttpRequest) -> HttpResponse:
    """What no callback can do without: the web server hands a body over only when asked, a good third of the whole."""
    return HttpResponse(status=204 if request.body else 400)


urlpatterns = [path("nothing/", nothing), path("taken/", taken)]

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], MIDDLEWARE=[], SECRET_KEY="not-a-secret")

application = get_wsgi_application()
