"""The addresses of the admin's pages over everything."""

from django.urls import path

from oversight import views

app_name = "oversight"
urlpatterns = [
    path("", views.home, name="home"),
    path("people/", views.people, name="people"),
    path("people/<int:user_id>/block/", views.block, name="block"),
    path("people/<int:user_id>/go/", views.offboard, name="offboard"),
    path("people/<int:user_id>/lift/", views.lift, name="lift"),
    path("keys/", views.keys, name="keys"),
    path("keys/<uuid:key_id>/disable/", views.disable_key, name="disable_key"),
    path("keys/stopped/<int:stop_id>/release/", views.release_key, name="release_key"),
    path("stuck/", views.stuck, name="stuck"),
    path("stuck/act/", views.act_on_many, name="act_on_many"),
    path("tasks/<uuid:task_id>/look/", views.act, name="act"),
    path("files/<uuid:result_id>/fetch/", views.fetch, name="fetch"),
    path("files/", views.files, name="files"),
    path("files/fetch/", views.fetch_many, name="fetch_many"),
    path("callbacks/", views.callbacks, name="callbacks"),
    path("callbacks/<int:delivery_id>/replay/", views.replay, name="replay"),
    path("audit/", views.trail, name="audit"),
]
