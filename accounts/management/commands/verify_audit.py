"""`manage.py verify_audit`: whether the audit trail is whole. Exits with 1 and says what is wrong when it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.audit import faults
from accounts.models import AuditEntry


class Command(BaseCommand):
    help = "Check the chain of seals of the audit trail."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(faults())
        for fault in found:
            self.stderr.write(fault)
        if found:
            sys.exit(1)
        first = AuditEntry.objects.order_by("pk").first()
        since = f" since {timezone.localtime(first.at):%Y-%m-%d}" if first else ""
        self.stdout.write(f"{AuditEntry.objects.count()} lines{since}, all of them whole.")
