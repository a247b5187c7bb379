"""`manage.py verify_audit`: whether the audit trail is whole. Exits with 1 and says what is wrong when it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

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
        self.stdout.write(f"{AuditEntry.objects.count()} lines, all of them whole.")
