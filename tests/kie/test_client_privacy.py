"""A planted key and a planted callback token: no way of printing, logging, raising or storing shows them."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from kie.client import Client
from kie.errors import Busy, KieError
from kie.exchange import BODY_CAP
from tests.kie.conftest import KEY, TASK
from tests.kie.raw_server import RawServer, http

VALUES = {"task_type": "mj_txt2img", "prompt": "a fox", "speed": "fast", "enable_translation": False}
TOKEN = "tok-7d1e0a55b2c3"
BELL = f"https://studio.example/callbacks/{TOKEN}/"


def escaped(text: str) -> str:
    """As JSON may spell it: every character by its number, and slashes behind a backslash where they stand alone."""
    return "".join(f"\\u{ord(one):04X}" if number % 2 else one for number, one in enumerate(text))


ECHOES = [
    http(401, {"code": 401, "msg": f"Bad key {KEY}", "data": {KEY: KEY}}),
    http(200, {"code": 400, "msg": f"{KEY}", "data": {"callBackUrl": BELL}}),
    http(500, f"<html>{KEY}</html>"),
    http(200, {"code": 200, "data": {"taskId": KEY}}),
    http(401, json.dumps({"code": 401, "msg": "Bad key"}).replace("key", "key " + escaped(KEY))),
    http(200, '{"code": 400, "msg": "Bad key ' + escaped(KEY) + '", "data": {"x": "' + escaped(escaped(KEY)) + '"}}'),
    b"garbage " + KEY.encode() + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + KEY.encode(),
]


def everything_about(error: BaseException) -> str:
    """What a careless log line, error page or crash reporter would show, locals of every frame below ours included."""
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next
    told = traceback.TracebackException(type(error), error, below, capture_locals=True)
    return "".join([repr(error), str(error), repr(error.args), repr(vars(error)), *told.format(chain=True)])


@pytest.mark.parametrize("echo", ECHOES)
def test_no_error_shows_the_key_or_the_token(
    server: RawServer, client: Client, caplog: pytest.LogCaptureFixture, echo: bytes
) -> None:
    for name in ("", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)

    def tell(line: object) -> None:
        line.sendall(echo)  # type: ignore[attr-defined]

    server.answer(tell)
    for call in (lambda: client.generate(VALUES, BELL), lambda: client.report(TASK), client.balance):
        with pytest.raises(KieError) as caught:
            call()
        shown = everything_about(caught.value) + caplog.text
        assert KEY not in shown
        assert TOKEN not in json.dumps([caught.value.message, repr(caught.value.exchange), caplog.text])
        assert caught.value.__context__ is None
        assert "127.0.0.1" in caplog.text


@pytest.mark.parametrize("answer", [http(500, f"<p>{BELL}"), http(400, {"code": 400, "msg": f"cannot reach {BELL}"})])
def test_a_callback_address_quoted_back_is_hidden(server: RawServer, client: Client, answer: bytes) -> None:
    server.answer(answer)
    with pytest.raises(KieError) as caught:
        client.generate(VALUES, BELL)
    assert TOKEN not in f"{caught.value.message} {caught.value.exchange}"


def test_a_failed_connection_shows_nothing(make_client: Callable[..., Client]) -> None:
    with pytest.raises(KieError) as caught:
        make_client("http://no-such-name.invalid").generate(VALUES, BELL)
    assert KEY not in everything_about(caught.value)
    assert caught.value.__context__ is None


def test_a_report_hides_the_callback_address_it_repeats(server: RawServer, client: Client) -> None:
    inner = json.dumps({"prompt": "a fox", "callBackUrl": BELL.replace("/", "\\/"), "speed": "fast"})
    inner_again = json.dumps({"callBackUrl": BELL})
    record = {"taskId": TASK, "successFlag": 0, "paramJson": inner, "callBackUrl": BELL, "more": inner_again}
    server.answer(http(200, {"code": 200, "data": record}))
    exchange = client.report(TASK).exchange
    assert exchange is not None
    assert TOKEN not in exchange.response_body
    assert "a fox" in exchange.response_body
    assert '\\"speed\\"' in exchange.response_body


def test_a_secret_across_the_cap_is_still_hidden(server: RawServer, client: Client) -> None:
    for shift in range(len(KEY) + 1):
        server.answer(http(200, "x" * (BODY_CAP - shift) + KEY + "y" * 50_000))
        with pytest.raises(KieError) as caught:
            client.balance()
        assert caught.value.exchange is not None
        kept = caught.value.exchange.response_body
        assert len(kept) <= BODY_CAP
        assert KEY[:6] not in kept


def test_the_client_shows_and_stores_no_key(client: Client) -> None:
    shown = f"{client} {client!r} {vars(client)} {vars(client._caller)} {client._caller._key}"
    assert KEY not in shown
    for store in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError):
            store(client._caller._key)
    with pytest.raises(TypeError):
        pickle.dumps(client)


@pytest.mark.parametrize("key", ["", "short", "with space in it", "line\nbreak-line", "ключ-ключ-ключ", "x" * 513])
def test_an_impossible_key_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ValueError, match=r"^This does not look like a key\.$"):
        Client(key)


def test_an_error_survives_a_trip_between_processes_with_its_facts() -> None:
    error = Busy("wait", retry_after=7.0, maintenance=True, code=455)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (again.message, again.retry_after, again.maintenance, again.code) == ("wait", 7.0, True, 455)
