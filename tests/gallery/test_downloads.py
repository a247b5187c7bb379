"""One remote file, fetched safely: where it may come from, how much, how fast, and what goes along."""

import gzip
import hashlib
import io
import socket
from pathlib import Path
from typing import Any

import pytest

from gallery import downloads, pinned
from gallery.downloads import DeadLink, DownloadError, Limits, NotAFile, Unsafe, fetch
from tests.gallery.pictures import jpeg
from tests.kie.raw_server import RawServer, http

LIMITS = Limits(most_bytes=200_000, seconds=5.0)


def fetched(url: str, limits: Limits = LIMITS) -> bytes:
    into = io.BytesIO()
    got = fetch(url, into, limits)
    assert got.sha256 == hashlib.sha256(into.getvalue()).hexdigest()
    assert got.size == len(into.getvalue())
    return into.getvalue()


def redirect(target: str) -> bytes:
    return http(302, b"", Location=target)


@pytest.fixture
def other() -> Any:
    """A second host on loopback, which is nobody's configured origin."""
    server = RawServer([http(200, jpeg())])
    yield server
    server.close()


def test_the_file_arrives_byte_for_byte(host: RawServer) -> None:
    host.answer(http(200, jpeg()))
    assert fetched(f"{host.url}/a.jpeg") == jpeg()


def test_a_file_without_a_declared_length_arrives_too(host: RawServer) -> None:
    def pour(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + jpeg())

    host.answer(pour)
    assert fetched(f"{host.url}/a.jpeg") == jpeg()


def test_nothing_of_ours_goes_along(host: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password a-secret-word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    host.answer(http(200, jpeg(), Set_Cookie="a=b"))
    fetched(f"{host.url}/a.jpeg")
    fetched(f"{host.url}/a.jpeg")
    for request in host.seen:
        assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding"}
        assert request.headers["accept-encoding"] == "identity"
        assert "python" not in request.headers["user-agent"].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.jpeg",
        "http://localhost/a.jpeg",
        "http://[::1]/a.jpeg",
        "http://2130706433/a.jpeg",
        "http://0x7f.1/a.jpeg",
        "http://127.1/a.jpeg",
        "http://1.1.1.1:8080/a.jpeg",
        "http://1.1.1.1:22/a.jpeg",
        "file:///etc/passwd",
        "ftp://1.1.1.1/a.jpeg",
        "//1.1.1.1/a.jpeg",
        "http://someone@1.1.1.1/a.jpeg",
        "http://1.1.1.1:99999/a.jpeg",
        "http:///a.jpeg",
        "",
    ],
)
def test_an_address_that_is_not_on_the_public_web_is_refused(url: str) -> None:
    with pytest.raises((Unsafe, DownloadError)) as caught:
        fetched(url)
    assert isinstance(caught.value, Unsafe) or "99999" in url


def test_only_the_exact_configured_origin_may_be_on_loopback(host: RawServer, other: RawServer) -> None:
    host.answer(http(200, jpeg()))
    with pytest.raises(Unsafe):
        fetched(f"{other.url}/a.jpeg")
    with pytest.raises(Unsafe):
        fetched(f"http://localhost:{host.port}/a.jpeg")
    assert other.seen == host.seen == []


def test_a_name_is_resolved_once_and_one_inner_address_among_public_ones_refuses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(name: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(Unsafe):
        fetched("http://files.example.com/a.jpeg")
    assert asked == ["files.example.com"]


def test_the_connection_goes_to_the_checked_address_under_the_right_name(
    host: RawServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def answer(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "127.0.0.1":
            return real(name, *args, **kwargs)
        asked.append(name)
        return real("127.0.0.1" if len(asked) == 1 else "10.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    settings.KIE_API_URL = f"http://files.example.com:{host.port}"
    host.answer(http(200, jpeg()))
    assert fetched(f"http://files.example.com:{host.port}/a.jpeg") == jpeg()
    assert asked == ["files.example.com"]
    assert host.seen[0].headers["host"] == f"files.example.com:{host.port}"


def test_two_redirects_are_followed_and_a_third_is_not(host: RawServer) -> None:
    host.answer(redirect("/1"), redirect("/2"), http(200, jpeg()))
    assert fetched(f"{host.url}/0") == jpeg()
    assert [request.path for request in host.seen] == ["/0", "/1", "/2"]
    host.answer(redirect("/1"))
    with pytest.raises(NotAFile):
        fetched(f"{host.url}/0")
    assert len(host.seen) == 6


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/", "file:///etc/passwd", "http://[::ffff:127.0.0.1]/"]
)
def test_a_redirect_is_checked_like_the_first_address(host: RawServer, target: str) -> None:
    host.answer(redirect(target))
    with pytest.raises(Unsafe):
        fetched(f"{host.url}/a.jpeg")


def test_a_redirect_to_another_port_on_loopback_is_refused(host: RawServer, other: RawServer) -> None:
    host.answer(redirect(f"{other.url}/a.jpeg"))
    with pytest.raises(Unsafe):
        fetched(f"{host.url}/a.jpeg")
    assert other.seen == []


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_is_gone_asks_for_a_fresh_one(host: RawServer, status: int) -> None:
    host.answer(http(status, jpeg()))
    with pytest.raises(DeadLink):
        fetched(f"{host.url}/a.jpeg")


@pytest.mark.parametrize("status", [204, 206, 400, 429, 500, 503])
def test_any_other_answer_is_no_file_this_time(host: RawServer, status: int) -> None:
    host.answer(http(status, jpeg()))
    with pytest.raises(DownloadError) as caught:
        fetched(f"{host.url}/a.jpeg")
    assert not isinstance(caught.value, (DeadLink, NotAFile))


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8\xff" + b"x" * 500, b"<html>" + b"x" * 3000, b'\n {"code": 1}' + b" " * 3000]
)
def test_next_to_nothing_or_a_page_is_worth_another_try(host: RawServer, body: bytes) -> None:
    host.answer(http(200, body))
    with pytest.raises(NotAFile):
        fetched(f"{host.url}/a.jpeg")


def test_a_body_shorter_than_declared_is_refused(host: RawServer) -> None:
    def cut(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + jpeg())

    host.answer(cut)
    with pytest.raises(DownloadError):
        fetched(f"{host.url}/a.jpeg")


def test_a_cut_chunked_body_is_refused(host: RawServer) -> None:
    def cut(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n" + jpeg())

    host.answer(cut)
    with pytest.raises(DownloadError):
        fetched(f"{host.url}/a.jpeg")


def test_a_file_over_the_cap_is_refused_before_its_body_when_it_says_so(host: RawServer) -> None:
    host.answer(http(200, b"\xff\xd8\xff" + b"x" * 250_000))
    with pytest.raises(DownloadError, match="larger"):
        fetched(f"{host.url}/a.jpeg")


def test_a_file_over_the_cap_is_cut_off_when_it_does_not(host: RawServer) -> None:
    into = io.BytesIO()

    def flood(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000_000)

    host.answer(flood)
    with pytest.raises(DownloadError, match="larger"):
        fetch(f"{host.url}/a.jpeg", into, LIMITS)
    assert len(into.getvalue()) <= LIMITS.most_bytes


@pytest.mark.parametrize("said", ["identity", "aws-chunked", "utf-8", "", "none"])
def test_a_body_that_only_says_that_it_is_encoded_is_taken(host: RawServer, said: str) -> None:
    host.answer(http(200, jpeg(), Content_Encoding=said))
    assert fetched(f"{host.url}/a.jpeg") == jpeg()


def test_a_part_that_is_the_whole_file_is_taken(host: RawServer) -> None:
    whole = jpeg()
    host.answer(http(206, whole, Content_Range=f"bytes 0-{len(whole) - 1}/{len(whole)}"))
    assert fetched(f"{host.url}/a.jpeg") == whole


@pytest.mark.parametrize("said", ["bytes 0-99/5000", "bytes 1-4999/5000", "bytes 0-99/*", "", "nonsense"])
def test_a_part_that_is_not_the_whole_file_is_refused(host: RawServer, said: str) -> None:
    host.answer(http(206, jpeg(), Content_Range=said))
    with pytest.raises(DownloadError, match="206"):
        fetched(f"{host.url}/a.jpeg")


def test_the_first_byte_may_take_longer_than_the_next(host: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "STALL", 0.3)

    def late(line: socket.socket) -> None:
        host.closing.wait(0.9)
        line.sendall(http(200, jpeg()))

    host.answer(late)
    assert fetched(f"{host.url}/a.jpeg") == jpeg()


def test_a_packed_body_is_refused_not_unpacked(host: RawServer) -> None:
    host.answer(http(200, gzip.compress(b"\xff\xd8\xff" + b"\0" * 5_000_000), Content_Encoding="gzip"))
    with pytest.raises(DownloadError, match="packed"):
        fetched(f"{host.url}/a.jpeg")


def test_a_body_that_trickles_is_given_up(host: RawServer) -> None:
    def trickle(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not host.closing.wait(0.01):
            line.sendall(b"x")

    host.answer(trickle)
    with pytest.raises(DownloadError, match="slowly"):
        fetched(f"{host.url}/a.jpeg", Limits(200_000, 5.0, grace=0.1))


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_headers_and_body_together_end_by_the_deadline(host: RawServer, start: bytes) -> None:
    def stall(line: socket.socket) -> None:
        line.sendall(start or b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not host.closing.wait(0.02):
            line.sendall(b"x")

    host.answer(stall)
    with pytest.raises(DownloadError, match="broke off"):
        fetched(f"{host.url}/a.jpeg", Limits(200_000, 0.3))


def test_the_words_of_a_failure_hold_no_address(host: RawServer) -> None:
    host.close()
    with pytest.raises(DownloadError) as caught:
        fetched(f"{host.url}/a.jpeg?signature=a-secret-word")
    assert "a-secret-word" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_caps_are_those_of_the_rules() -> None:
    megabyte = 1024 * 1024
    assert (downloads.IMAGE.most_bytes, downloads.VIDEO.most_bytes) == (60 * megabyte, 500 * megabyte)
    assert downloads.IMAGE.least_rate == downloads.VIDEO.least_rate == 8 * 1024
