from django.urls import path

from gallery import collection_views, organise_views, share_views, views

app_name = "gallery"
urlpatterns = [
    path("", views.index, name="index"),
    path("facets/", views.facets, name="facets"),
    path("fetch/", views.fetch, name="fetch"),
    path("compare/", views.compare, name="compare"),
    path("act/", organise_views.act, name="act"),
    path("bulk/", organise_views.bulk_jobs, name="bulk"),
    path("bulk/<uuid:job_id>/undo/", organise_views.bulk_undo, name="bulk_undo"),
    path("share/", organise_views.share_chosen, name="share_chosen"),
    path("trash/", organise_views.trash, name="trash"),
    path("download/", organise_views.archive, name="archive"),
    path("collections/", collection_views.collections, name="collections"),
    path("collections/<uuid:collection_id>/", collection_views.collection, name="collection"),
    path("collections/<uuid:collection_id>/share/", share_views.make, name="share"),
    path("collections/<uuid:collection_id>/reply/", share_views.reply, name="reply"),
    path("links/<uuid:link_id>/close/", share_views.revoke, name="revoke"),
    path("<uuid:result_id>/rate/", organise_views.rate, name="rate"),
    path("<uuid:result_id>/", views.viewer, name="viewer"),
    path("<uuid:result_id>/star/", views.star, name="star"),
]
