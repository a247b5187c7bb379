"""The doorbell: the one place that talks to django-q2.

A bell is never the record of work. The tables are the queue; a lost bell is made good by the sweep.
"""

import logging
from uuid import UUID

from django.db import DatabaseError, transaction
from django_q.tasks import async_task

CLUSTER = "work"
FILES = "files"
logger = logging.getLogger(__name__)


def enqueue(job: str, pk: UUID | int | str) -> None:
    """Ask the workers to run `job` (dotted path of a function taking one primary key) once this transaction commits."""
    transaction.on_commit(lambda: _ring(job, str(pk)))


def _ring(job: str, pk: str) -> None:
    try:
        # Named, because inside the sync cluster the default would be its own queue, whose workers are taken by loops.
        cluster = FILES if job.startswith("gallery.") else CLUSTER
        async_task(job, pk, cluster=cluster, task_name=f"{job.rsplit('.', 1)[-1]}:{pk}"[:100])
    except DatabaseError:
        # The row this bell belongs to is committed already, so the sweep finds it: the person must not see an error.
        logger.warning("bell for %s %s was not rung; the sweep will find it", job, pk, exc_info=True)
