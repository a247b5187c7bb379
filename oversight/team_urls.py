"""The addresses of teams."""

from django.urls import path

from oversight import team_views as views

app_name = "teams"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("new/", views.make, name="make"),
    path("choose/", views.choose, name="choose"),
    path("<uuid:team_id>/", views.team, name="team"),
    path("<uuid:team_id>/settings/", views.change, name="change"),
    path("<uuid:team_id>/invite/", views.invite, name="invite"),
    path("<uuid:team_id>/invitations/<uuid:invitation_id>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:team_id>/invitations/<uuid:invitation_id>/again/", views.invite_again, name="invite_again"),
    path("<uuid:team_id>/members/<int:member_id>/role/", views.member, {"act": "role"}, name="role"),
    path("<uuid:team_id>/members/<int:member_id>/remove/", views.member, {"act": "remove"}, name="remove"),
    path("<uuid:team_id>/budget/", views.budget, name="budget"),
    path("<uuid:team_id>/lift/", views.lift, name="lift"),
    path("<uuid:team_id>/people.csv", views.people_csv, name="people_csv"),
]
