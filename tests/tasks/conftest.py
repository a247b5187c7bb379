"""Alice at her desk and Bob without a key, each with a browser of their own."""

import pytest
from django.test import Client

from accounts.models import User
from tests.desk import Desk


@pytest.fixture
def alice(desk: Desk) -> Client:
    client = Client()
    client.force_login(desk.user)
    return client


@pytest.fixture
def bob(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("bob@example.com"))
    return client
