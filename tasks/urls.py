"""The studio's addresses."""

from django.urls import path

from tasks import import_views, memory_views, reference_views, views

app_name = "tasks"
urlpatterns = [
    path("", views.studio, name="studio"),
    path("tasks/compose/", views.compose, name="compose"),
    path("tasks/read/", views.read, name="read"),
    path("tasks/batches/<uuid:batch_id>/<slug:act>/", views.batch, name="batch"),
    path("tasks/draft/", memory_views.draft, name="draft"),
    path("tasks/history/", memory_views.history, name="history"),
    path("tasks/presets/", memory_views.presets, name="presets"),
    path("tasks/presets/<uuid:preset_id>/default/", memory_views.preset, {"act": "default"}, name="default_preset"),
    path("tasks/presets/<uuid:preset_id>/delete/", memory_views.preset, {"act": "delete"}, name="delete_preset"),
    path("references/", reference_views.library, name="library"),
    path("references/<uuid:reference_id>/", reference_views.reference, name="reference"),
    path("references/<uuid:reference_id>/forget/", reference_views.forget, name="forget"),
    path("tasks/import/", import_views.adopt, name="adopt"),
    path("tasks/changes/", views.changes, name="changes"),
    path("tasks/extend/<uuid:result_id>/", views.extend, name="extend"),
    path("tasks/follow/<uuid:result_id>/", views.follow, name="follow"),
    path("tasks/<uuid:task_id>/", views.task, name="task"),
    path("tasks/<uuid:task_id>/cancel/", views.cancel, name="cancel"),
    path("tasks/<uuid:task_id>/release/", views.release, name="release"),
    path("tasks/<uuid:task_id>/look/", views.look, name="look"),
    path("tasks/<uuid:task_id>/again/", views.again, name="again"),
]
