"""Background jobs in the admin, to look at only: whoever may edit a Schedule may run any code."""

import django_q.admin  # registers its editable pages, which are taken back below
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from mjportal.readonly import ReadOnlyPermissions


class LookOnly(ReadOnlyPermissions):
    """Mixed in before django-q2's own admin classes, whose actions go too."""

    actions = None


for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        theirs = type(admin.site.get_model_admin(model))
        admin.site.unregister(model)
        admin.site.register(model, type(f"LookOnly{theirs.__name__}", (LookOnly, theirs), {}))

__all__ = ["django_q"]
