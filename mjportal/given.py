"""What a browser gave, read without trust."""

from uuid import UUID

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def uuid_of(text: str) -> UUID | None:
    """The UUID a text spells, None when it spells none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def number_of(text: str) -> int:
    """The whole number a text spells, 0 when it spells none that a database takes."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def line_of(text: str, limit: int) -> str:
    """One line of printable words, cut to `limit`: what PostgreSQL and a page take as a name."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:limit].strip()


def way_back(request: HttpRequest, otherwise: str) -> str:
    """The path the form names as `next`, when it is one of this site."""
    said = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(said, allowed_hosts={request.get_host()})
    return said if is_ours and said.startswith("/") else otherwise
