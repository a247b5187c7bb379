"""The person of a request."""

from django.http import HttpRequest

from accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """Who asks. The login middleware lets nobody else reach a view."""
    assert isinstance(request.user, User)  # noqa: S101 - a view that opted out of the middleware must not ask
    return request.user
