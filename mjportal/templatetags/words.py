"""Filters of every template: how long ago something was, and a line of the trail, as a person would say them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.timesince import timesince

register = template.Library()
# What a yes and what a no of the audit trail mean; any other is its name alone, or its name and "no".
ANSWERS = {
    "checked": ("checked at the provider", "not checked"),
    "factor_required": ("second factor required", "second factor not required"),
}


@register.filter
def ago(at: datetime | None) -> str:
    """`3 minutes ago`; what is not a minute old was `just now`."""
    if at is None:
        return ""
    now = timezone.now()
    return "just now" if now - at < timedelta(minutes=1) else f"{timesince(at, now)} ago"


def lasting(since: datetime, until: datetime) -> str:
    """`3 minutes`; what is no minute is `less than a minute`."""
    return "less than a minute" if until - since < timedelta(minutes=1) else timesince(since, until)


@register.filter
def told(details: Mapping[str, Any]) -> str:
    """The details of an audit line in words: what is empty is not said, and no truth value is shown as one."""
    return ", ".join(_told(name, value) for name, value in details.items() if value is False or value)


def _told(name: str, value: Any) -> str:
    plain = name.replace("_", " ")
    if isinstance(value, bool):
        yes, no = ANSWERS.get(name, (plain, f"{plain}: no"))
        return yes if value else no
    if isinstance(value, Mapping):
        return f"{plain} {told(value)}"
    if isinstance(value, list):
        return f"{plain} {', '.join(map(str, value))}"
    return f"{plain} {value}"
