"""Only the public internet: every way of writing or wrapping an inner address is refused."""

import pytest

from gallery.addresses import is_public

PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]
WRAPPED_PUBLIC = ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1", "::1.1.1.1"]
INNER = [
    "0.0.0.0",  # noqa: S104 - a row of the table, nothing binds to it
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
]
INNER_V6 = [
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "fec0::1",
    "100::1",
    "2001:db8::1",
    "2001:2::1",
    "2001:20::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::1",
    "64:ff9b:1:a00::1.1.1.1",
]


def _nat64(address: str) -> str:
    return f"64:ff9b::{address}"


def _sixtofour(address: str) -> str:
    first, second, third, fourth = (int(part) for part in address.split("."))
    return f"2002:{first:02x}{second:02x}:{third:02x}{fourth:02x}::1"


def _teredo(address: str) -> str:
    first, second, third, fourth = (int(part) ^ 255 for part in address.split("."))
    return f"2001:0:101:101:0:0:{first:02x}{second:02x}:{third:02x}{fourth:02x}"


@pytest.mark.parametrize("address", PUBLIC + WRAPPED_PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INNER + INNER_V6)
def test_an_inner_address_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_in_disguise_is_not_either(address: str) -> None:
    disguises = [f"::ffff:{address}", f"::{address}", _nat64(address), _sixtofour(address), _teredo(address)]
    assert [is_public(disguise) for disguise in disguises] == [False] * 5


def test_a_teredo_address_is_public_only_when_its_server_and_client_are() -> None:
    assert is_public(_teredo("1.1.1.1"))
    assert not is_public("2001:0:7f00:1::fefe:fefe")


@pytest.mark.parametrize("text", ["", "localhost", "1.1.1", "0x7f.1", "2130706433", "1.1.1.1 ", "127.1"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
