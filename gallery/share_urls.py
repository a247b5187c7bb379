"""The public addresses of share links."""

from django.urls import path

from gallery import share_views

app_name = "shares"
urlpatterns = [
    path("<slug:token>/", share_views.page, name="page"),
    path("<slug:token>/review/", share_views.review, name="review"),
    path("<slug:token>/<uuid:result_id>/<slug:variant>", share_views.file, name="file"),
]
