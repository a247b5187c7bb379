"""Results in the admin: found, fetched again, never edited."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from gallery.models import Result
from tests.gallery.conftest import Shelf, new_task

LIST = "/admin/gallery/result/"


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    person = User.objects.create_superuser("admin@example.com")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def lost(owner: User) -> Result:
    problem = "The file host answered 500."
    return Result.objects.create(task=new_task(owner), user=owner, position=0, state="lost", problem=problem)


def test_what_is_wrong_can_be_found(admin: Client, lost: Result, shelf: Shelf) -> None:
    shelf()
    for query in ("?q=answered+500", "?state__exact=lost", f"?q={lost.pk}", "?q=owner@example.com"):
        page = admin.get(LIST + query).content.decode()
        assert "answered 500" in page
    assert "answered 500" not in admin.get(f"{LIST}?state__exact=saved").content.decode()


def test_a_lost_result_can_be_fetched_again(
    admin: Client, lost: Result, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as rung:
        admin.post(LIST, {"action": "fetch_again", "_selected_action": [str(lost.pk)]})
    lost.refresh_from_db()
    assert (lost.state, len(rung)) == ("saving", 1)


def test_nothing_can_be_edited_added_or_deleted(admin: Client, lost: Result) -> None:
    page = admin.get(f"{LIST}{lost.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert admin.post(f"{LIST}{lost.pk}/change/", {"state": "saved"}).status_code == 403
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{lost.pk}/delete/", {"post": "yes"}).status_code == 403
