"""The provider's bell."""

from django.urls import path

from callbacks import views

app_name = "callbacks"
urlpatterns = [path("<str:token>/", views.receive, name="receive")]
