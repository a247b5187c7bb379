"""Which network addresses are on the public internet: a pure test, stricter than the standard library's.

`ipaddress.is_global` of Python 3.11 lets several special ranges through and looks into none of the addresses that wrap
an IPv4 address. The ranges are those of the IANA special-purpose registries.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

SPECIAL_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only 2000::/3 is given out as global unicast: everything else is refused without being named.
GLOBAL_V6 = IPv6Network("2000::/3")
SPECIAL_V6 = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")
V4_COMPATIBLE = IPv6Network("::/96")


def is_public(address: str) -> bool:
    """Whether this textual IPv4 or IPv6 address may be fetched from; False for anything that is not an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_v4(parsed)
    if parsed.scope_id is not None:
        return False
    inner = _wrapped(parsed)
    if inner:
        return all(_is_public_v4(each) for each in inner)
    return parsed in GLOBAL_V6 and not any(parsed in net for net in SPECIAL_V6)


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in net for net in SPECIAL_V4)


def _wrapped(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses a packet to `address` could end at: v4-mapped, 6to4, Teredo, NAT64, v4-compatible."""
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in NAT64 or address in V4_COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()
