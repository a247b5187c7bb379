"""What can be switched, at start, by `/_sandbox/settings` or from a test."""

import dataclasses
from dataclasses import dataclass
from typing import Any

Life = tuple[float, float] | None

FULL_LIFE = 15.0  # seconds: the middle of the default life, to which callback spacing is scaled


@dataclass
class Settings:
    """`life` is the range of seconds a task runs, None for manual: running until told otherwise."""

    life: Life = (10.0, 20.0)
    art: str = "full"  # "full": the procedural pictures; "plain": tiny gradients made in milliseconds
    long_edge: int = 1456
    callbacks: bool = True
    callback_tries: int = 3
    callback_spacing: tuple[float, ...] = (60.0, 300.0, 900.0)
    callback_timeout: float = 15.0
    errors: str = "body"  # "body": HTTP 200 and the code in the body; "status": the HTTP status says it too
    refund: bool = True
    rate_limit: int = 20  # new tasks per window and account, 0 for no limit
    rate_window: float = 10.0
    keep_days: float = 15.0
    record_days: float = 60.0
    upload_days: float = 3.0
    vary_base: int = 0
    strict_agent: bool = False  # answer the edge's 403 to a missing or language-default User-Agent
    refuse_unknown: bool = False  # the provider ignores misspelt fields; True makes them a 422
    gzip: bool = True
    extra_versions: tuple[str, ...] = ()

    def change(self, **changes: Any) -> None:
        """Set several values at once; an unknown name or a value of the wrong kind is a ValueError."""
        known = {field.name for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting {name}")
            setattr(self, name, self._checked(name, value))

    def _checked(self, name: str, value: Any) -> Any:
        if name == "life":
            return parse_life(value)
        if name == "callback_spacing":
            return tuple(float(seconds) for seconds in value)
        if name == "extra_versions":
            return tuple(str(version) for version in value)
        choices = {"art": ("full", "plain"), "errors": ("body", "status")}.get(name)
        if choices and value not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}")
        kind = type(getattr(self, name))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{name} is a {kind.__name__}")
        return value

    def spacing_scale(self) -> float:
        """How much faster than the provider the retries of a callback come; 1 for the default life."""
        if self.life is None:
            return 1.0
        return min(1.0, sum(self.life) / 2 / FULL_LIFE)


def parse_life(value: Any) -> Life:
    """`"10-20"`, `"0.2"`, `0.2`, `[0.1, 0.2]`, `"manual"` or None (manual)."""
    if value is None or value == "manual":
        return None
    if isinstance(value, str):
        value = [float(part) for part in value.split("-")]
    if isinstance(value, int | float):
        value = [value]
    low, high = float(value[0]), float(value[-1])
    if not 0 <= low <= high:
        raise ValueError("life is a range of seconds such as 10-20")
    return low, high
