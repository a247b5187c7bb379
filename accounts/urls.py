"""A person's own pages, and the page that makes the first one."""

from django.urls import path

from accounts import join_views, views

app_name = "accounts"
urlpatterns = [
    path("", views.home, name="home"),
    path("first-run/", views.first_run, name="first_run"),
    path("alerts/", views.alert_mail, name="alert_mail"),
    path("key/", views.key, name="key"),
    path("key/check/", views.check_key, name="check_key"),
    path("join/<slug:token>/", join_views.join, name="join"),
    path("key/delete/", views.delete_key, name="delete_key"),
]
