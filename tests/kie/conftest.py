"""A raw server and a client that talks to it, with patience counted in tenths of a second."""

from collections.abc import Callable, Iterator

import pytest

from kie.client import Client, Patience
from tests.kie.raw_server import RawServer

KEY = "canary-5f2b90c1e7"
TASK = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(url: str, **options: object) -> Client:
        settings = {"upload_url": url, "patience": Patience(connect=0.5, read=5, look=5)} | options
        made.append(Client(KEY, api_url=url, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(server: RawServer, make_client: Callable[..., Client]) -> Client:
    return make_client(server.url)
