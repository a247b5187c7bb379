"""How a page carries the space it was drawn for, so that its acts happen there: builtins of every template."""

from typing import Any
from uuid import UUID

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.spaces import name_of, space_of

register = template.Library()


@register.simple_tag(takes_context=True)
def space_name(context: Any) -> str:
    """The name of the space this page shows, "" for nobody."""
    user = context.get("user")
    return name_of(space_of(user).team_id) if isinstance(user, User) else ""


@register.simple_tag(takes_context=True)
def space_field(context: Any) -> SafeString:
    """For a form that does something in the space of its page."""
    return _field(space_name(context))


@register.simple_tag
def space_field_of(team_id: UUID | None) -> SafeString:
    """For a form that does something with one object: in the space that holds it, whatever page shows it."""
    return _field(name_of(team_id))


def _field(name: str) -> SafeString:
    return format_html('<input type="hidden" name="space" value="{}">', name)
