"""What the network can do to a call: whether it counts as sent, how long and how much we listen."""

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kie.client import Client, Patience, open_session
from kie.errors import KieError, NotSent, OutcomeUnknown, UnexpectedReply
from tests.kie.conftest import KEY, TASK
from tests.kie.raw_server import RawServer, Script, http

VALUES = {"task_type": "mj_txt2img", "prompt": "a fox", "speed": "fast", "enable_translation": False}
ACCEPTED = http(200, {"code": 200, "data": {"taskId": TASK}})
RUNNING = http(200, {"code": 200, "data": {"taskId": TASK, "successFlag": 0}})
MakeClient = Callable[..., Client]


def failures(client: Client) -> tuple[KieError, KieError]:
    """The error of a paid request and that of a look."""
    with pytest.raises(KieError) as paid:
        client.generate(VALUES)
    with pytest.raises(KieError) as free:
        client.report(TASK)
    return paid.value, free.value


def hang_up(line: socket.socket) -> None:
    """Close without a word, while the request lies read."""


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(server: RawServer) -> Script:
    def stay(line: socket.socket) -> None:
        server.closing.wait(5)

    return stay


def trickle(server: RawServer, start: bytes) -> Script:
    """Keep every single wait short while the whole takes for ever."""

    def drip(line: socket.socket) -> None:
        line.sendall(start)
        while not server.closing.wait(0.05):
            line.sendall(b"x")

    return drip


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it neither succeeds nor is refused."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_request_that_never_left_is_not_sent(server: RawServer, make_client: MakeClient, full_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
    for url in (
        "http://no-such-name.invalid",
        f"http://127.0.0.1:{refused}",
        f"http://127.0.0.1:{full_port}",
        f"https://127.0.0.1:{server.port}",
    ):
        for error in failures(make_client(url, patience=Patience(connect=0.3, read=1, look=1))):
            assert type(error) is NotSent, url
    assert server.seen == []


def test_a_connection_lost_during_the_tls_greeting_is_not_sent(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        client = make_client(f"https://127.0.0.1:{mute.getsockname()[1]}", patience=Patience(connect=0.2))
        for error in failures(client):
            assert type(error) is NotSent


@pytest.mark.parametrize(
    "script",
    [
        hang_up,
        reset,
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n20\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\nConnection: close\r\n\r\n" + b'{"code":200,"data":{"taskId":"a',
        b"SSH-2.0-hello\r\n\r\n",
        b"HTTP/1.1 nine OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        http(200, b"this is not gzip", Content_Encoding="gzip"),
        http(200, b"x" * (1024 * 1024 + 1)),
        http(429, b"x" * (1024 * 1024 + 1)),
        http(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
    ],
)
def test_bytes_that_went_out_without_a_whole_answer_leave_it_unknown(
    server: RawServer, client: Client, script: Script
) -> None:
    def once(line: socket.socket) -> None:
        line.sendall(script) if isinstance(script, bytes) else script(line)

    server.answer(once)
    paid, free = failures(client)
    assert type(paid) is OutcomeUnknown
    assert type(free) is UnexpectedReply
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    ],
)
def test_a_trickle_ends_at_the_deadline_for_the_whole_answer(
    server: RawServer, make_client: MakeClient, start: bytes
) -> None:
    server.answer(trickle(server, start))
    begun = time.monotonic()
    paid, free = failures(make_client(server.url, patience=Patience(connect=1, read=0.3, look=0.3)))
    assert type(paid) is OutcomeUnknown
    assert type(free) is UnexpectedReply
    assert time.monotonic() - begun < 2


def test_silence_ends_at_the_deadline(server: RawServer, make_client: MakeClient) -> None:
    server.answer(silence(server))
    paid, free = failures(make_client(server.url, patience=Patience(connect=1, read=0.2, look=0.2)))
    assert type(paid) is OutcomeUnknown
    assert type(free) is UnexpectedReply
    assert "took too long" in paid.message


def test_a_late_first_byte_buys_no_more_time(server: RawServer, make_client: MakeClient) -> None:
    def pause(line: socket.socket) -> None:
        server.closing.wait(0.9)
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        server.closing.wait(5)

    server.answer(pause)
    begun = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        make_client(server.url, patience=Patience(connect=1, read=1)).generate(VALUES)
    assert time.monotonic() - begun < 1.7


def test_an_answer_of_exactly_the_cap_is_read(server: RawServer, client: Client) -> None:
    body = b'{"code":200,"data":{"taskId":"%s"}}' % TASK.encode()
    server.answer(http(200, gzip.compress(body.ljust(1024 * 1024)), Content_Encoding="gzip"))
    accepted = client.generate(VALUES)
    assert accepted.task_id == TASK
    assert len(accepted.exchange.response_body) <= 8_192


def test_every_paid_request_has_a_connection_of_its_own(server: RawServer, client: Client) -> None:
    server.answer(RUNNING, ACCEPTED, ACCEPTED, RUNNING)
    client.report(TASK)
    client.generate(VALUES)
    client.generate(VALUES)
    client.report(TASK)
    assert [request.connection for request in server.seen] == [1, 2, 3, 1]


def test_clients_that_share_a_session_share_its_connections(server: RawServer, make_client: MakeClient) -> None:
    server.answer(RUNNING)
    with open_session() as session:
        for _ in range(3):
            with make_client(server.url, session=session) as client:
                client.report(TASK)
    assert server.connections == 1


def test_no_cookie_of_one_call_reaches_the_next(server: RawServer, client: Client) -> None:
    server.answer(http(200, {"code": 200, "data": 5}, Set_Cookie="who=alice; Path=/"))
    client.balance()
    client.balance()
    assert all("cookie" not in request.headers for request in server.seen)


def test_netrc_and_proxies_of_the_machine_are_ignored(
    server: RawServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answer(ACCEPTED, RUNNING)
    client.generate(VALUES)
    client.report(TASK)
    assert {request.headers["authorization"] for request in server.seen} == {f"Bearer {KEY}"}


def test_every_call_says_who_we_are_and_what_we_read(server: RawServer, client: Client) -> None:
    server.answer(ACCEPTED, RUNNING)
    client.generate(VALUES)
    client.report(TASK)
    for request in server.seen:
        assert request.headers["user-agent"].startswith("mj-portal/")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept-encoding"] == "gzip"


def test_the_record_of_a_call_has_both_sides_and_the_time(server: RawServer, client: Client) -> None:
    server.answer(http(200, {"code": 422, "msg": "no", "data": None}))
    with pytest.raises(KieError) as caught:
        client.generate(VALUES)
    exchange = caught.value.exchange
    assert exchange is not None
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/api/v1/mj/generate", 200)
    assert '"prompt":"a fox"' in exchange.request_body
    assert '"code": 422' in exchange.response_body
    assert 0 <= exchange.seconds < 5
    assert exchange.at.tzinfo is not None


def test_a_stranger_with_a_certificate_of_his_own_never_sees_the_key(make_client: MakeClient, tmp_path: Path) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stranger = threading.Thread(target=_pose_as_provider, args=(listener, tmp_path, heard), daemon=True)
        stranger.start()
        with pytest.raises(NotSent, match="secure connection"):
            make_client(f"https://localhost:{listener.getsockname()[1]}").generate(VALUES)
        stranger.join(5)
    assert heard == []


def _pose_as_provider(listener: socket.socket, folder: Path, heard: list[bytes]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(folder))
    line, _ = listener.accept()
    with line, contextlib.suppress(OSError), context.wrap_socket(line, server_side=True) as secure:
        heard.append(secure.recv(1024))


def _self_signed(folder: Path) -> Path:
    """A certificate for localhost that nobody vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "stranger.pem"
    path.write_bytes(plain + certificate.public_bytes(Encoding.PEM))
    return path
