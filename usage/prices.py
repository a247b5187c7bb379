"""What a task is expected to cost, in credits. The true cost is in no answer of the provider: these are estimates."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

# Seen in the field on the date given; style and omni reference are not listed anywhere and count as images.
SEEN_ON = date(2026, 7, 1)
IMAGE = {"relaxed": Decimal(3), "fast": Decimal(8), "turbo": Decimal(16)}
CLIP = {"mj_video": Decimal(15), "mj_video_hd": Decimal(45)}
FOLLOW_UP = {"upscale": Decimal(0), "vary": Decimal(0), "extend": Decimal(60)}


def estimate(kind: str, values: Mapping[str, Any]) -> Decimal:
    """Credits one task of `kind` (generate, upscale, vary, extend) with these parameters is expected to cost."""
    if kind in FOLLOW_UP:
        return FOLLOW_UP[kind]
    clip = CLIP.get(str(values.get("task_type")))
    if clip is not None:
        return clip * int(values.get("video_batch_size") or 1)
    return IMAGE.get(str(values.get("speed") or "fast"), IMAGE["fast"])
