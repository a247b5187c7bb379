"""The known prices, and the sums of lines that were written before they had any."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import migrations

# Seen in the field on that day; style and omni reference are listed nowhere and count as images.
SEEN_ON = date(2026, 7, 1)
PRICES = (
    ("generate", "", "relaxed", 3, "seen in the field"),
    ("generate", "", "fast", 8, "seen in the field"),
    ("generate", "", "turbo", 16, "seen in the field"),
    ("generate", "mj_video", "", 15, "seen in the field, each clip"),
    ("generate", "mj_video_hd", "", 45, "seen in the field, each clip"),
    ("upscale", "", "", 0, "one client's word"),
    ("vary", "", "", 0, "one client's word"),
    ("extend", "", "", 60, "one client's word"),
)


def seed(apps: Any, schema_editor: Any) -> None:
    price = apps.get_model("usage", "Price")
    for kind, task_type, speed, credits, note in PRICES:
        price.objects.get_or_create(
            kind=kind, task_type=task_type, speed=speed, valid_from=SEEN_ON, defaults={"credits": credits, "note": note}
        )


def fill(apps: Any, schema_editor: Any) -> None:
    entry = apps.get_model("usage", "LedgerEntry")
    sums: dict[Any, Decimal] = {}
    since: dict[Any, Any] = {}
    for line in entry.objects.select_related("task").order_by("at", "pk").iterator():
        outstanding = sums.get(line.task_id, Decimal(0))
        line.delta = line.credits - outstanding if line.kind == "settled" else line.credits
        line.booked_at = since.setdefault(line.task_id, line.at)
        line.key_fingerprint = line.task.key_fingerprint
        sums[line.task_id] = outstanding + line.delta
        line.save()


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_money")]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
