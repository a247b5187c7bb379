"""Who answers which address."""

from django.contrib import admin
from django.urls import include, path

from mjportal.views import health

urlpatterns = [
    path("", include("tasks.urls")),
    path("gallery/", include("gallery.urls")),
    path("s/", include("gallery.share_urls")),
    path("media/", include("gallery.media_urls")),
    path("usage/", include("usage.urls")),
    path("oversight/", include("oversight.urls")),
    path("team/", include("oversight.team_urls")),
    path("callbacks/", include("callbacks.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("health/", health, name="health"),
]
