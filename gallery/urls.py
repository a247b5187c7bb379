from django.urls import path

from gallery import views

app_name = "gallery"
urlpatterns = [
    path("", views.index, name="index"),
    path("facets/", views.facets, name="facets"),
    path("<uuid:result_id>/", views.viewer, name="viewer"),
    path("<uuid:result_id>/star/", views.star, name="star"),
]
