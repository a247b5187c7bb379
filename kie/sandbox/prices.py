"""What a task costs in credits, as observed in the field; the provider publishes no table for this model."""

from decimal import Decimal
from typing import Any

BY_SPEED = {"relaxed": Decimal(3), "fast": Decimal(8), "turbo": Decimal(16)}
PER_CLIP = {"mj_video": Decimal(15), "mj_video_hd": Decimal(45)}
EXTEND = Decimal(60)
FREE = ("upscale", "vary")


def price(kind: str, params: dict[str, Any]) -> Decimal:
    """Credits of one task of this kind (a taskType, `upscale` or `vary`) with defaults already added."""
    if kind in FREE:
        return Decimal(0)
    if kind in PER_CLIP:
        return PER_CLIP[kind] * int(params.get("videoBatchSize", 1))
    if kind.startswith("mj_video_extend"):
        return EXTEND
    return BY_SPEED[str(params.get("speed", "fast"))]
