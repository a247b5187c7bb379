"""The addresses of the usage pages."""

from django.urls import path

from usage import views

app_name = "usage"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("team/", views.team, name="team"),
    path("everyone/", views.everyone, name="everyone"),
    path("alerts/", views.alerts_page, name="alerts"),
    path("mine.csv", views.export, {"name": "mine"}, name="mine_csv"),
    path("team.csv", views.export, {"name": "team"}, name="team_csv"),
    path("everyone.csv", views.export, {"name": "everyone"}, name="everyone_csv"),
]
