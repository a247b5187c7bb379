"""What a task is expected to cost, in credits, from the dated table. The true cost is in no answer of the provider."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from usage.models import Price

USUAL_SPEED = "fast"
# What the table begins with (its second migration), and what counts while nobody has a line in it: a table that was
# emptied by a slip must not make everything free and every budget endless.
KNOWN = {
    ("generate", "", "relaxed"): Decimal(3),
    ("generate", "", "fast"): Decimal(8),
    ("generate", "", "turbo"): Decimal(16),
    ("generate", "mj_video", ""): Decimal(15),
    ("generate", "mj_video_hd", ""): Decimal(45),
    ("extend", "", ""): Decimal(60),
}


@dataclass(frozen=True)
class PriceList:
    """The prices of one day: (kind, task type, speed) to credits, where "" stands for every type or speed."""

    credits: Mapping[tuple[str, str, str], Decimal]

    def estimate(self, kind: str, values: Mapping[str, Any]) -> Decimal:
        """Credits one task of `kind` (generate, upscale, vary, extend) with these parameters is expected to cost.

        The most particular line counts. What no line names is free: better a wrong estimate than a task refused.
        """
        task_type = str(values.get("task_type") or "")
        speed = str(values.get("speed") or USUAL_SPEED)
        names = [(kind, task_type, speed), (kind, task_type, ""), (kind, "", speed), (kind, "", "")]
        price = next((self.credits[name] for name in names if name in self.credits), Decimal(0))
        clips = int(values.get("video_batch_size") or 1) if kind == "generate" else 1
        return price * clips


def on(day: date) -> PriceList:
    """The prices that count on this day: of equal lines the latest. One query."""
    lines: Iterable[Price] = Price.objects.filter(valid_from__lte=day).order_by("valid_from", "pk")
    return PriceList({(line.kind, line.task_type, line.speed): line.credits for line in lines} or KNOWN)


def today() -> PriceList:
    """The prices that count now."""
    return on(timezone.localdate())
