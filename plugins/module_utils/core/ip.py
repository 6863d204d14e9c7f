# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 prefixes and addresses: which may be used, which are derived, which overlap. Values, never text."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import re
import typing as t

from .refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    AnyNetwork = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    AnyAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

ULA = ipaddress.IPv6Network("fd00::/8")
# All of RFC 4193, with the half that has no use yet: what resolvers give the label of ULAs (RFC 6724, section 2.1).
UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")
SHORTEST, LONGEST = 48, 126

REMEDY_SUBNET = "Give a CIDR of your own such as fdxx:xxxx:xxxx:1::/64, or `auto` for a ULA of this host's own"


class Kind(t.NamedTuple):
    """What sort of prefix it is.

    Attributes:
        kind: a fixed word, such as ``ula``, ``gua`` or ``documentation``.
        usable: whether a container network may use it.
        reason: what it is, with the RFC; a clause that follows "is".
        advice: what the operator can do, as a sentence without a full stop.
    """

    kind: str
    usable: bool
    reason: str
    advice: str = REMEDY_SUBNET


DOCUMENTATION = "documentation"
# Sources: IANA's registries "IPv6 Special-Purpose Address" (of 2024-10-22, and RFC 9780) and "IPv6 Address Space".
_ROWS: tuple[tuple[str, Kind], ...] = (
    ("::/0", Kind("unassigned", False, "outside 2000::/3, so not assigned (RFC 4291)")),
    ("::/8", Kind("reserved", False, "special: reserved by the IETF (RFC 4291)")),
    ("::/96", Kind("ipv4-compatible", False, "special: IPv4-compatible, deprecated (RFC 4291)")),
    ("::/128", Kind("unspecified", False, "special: the unspecified address (RFC 4291)")),
    ("::1/128", Kind("loopback", False, "special: the loopback address (RFC 4291)")),
    ("::ffff:0:0/96", Kind("ipv4-mapped", False, "special: IPv4-mapped (RFC 4291)")),
    ("64:ff9b::/96", Kind("translation", False, "IPv4/IPv6 translation (RFC 6052)")),
    ("64:ff9b:1::/48", Kind("translation", False, "IPv4/IPv6 translation (RFC 8215)")),
    ("100::/64", Kind("discard", False, "discard-only (RFC 6666)")),
    ("100:0:0:1::/64", Kind("dummy", False, "a dummy prefix (RFC 9780)")),
    (
        "2000::/3",
        Kind("gua", True, "global unicast (RFC 4291)", "Use it only if your provider assigned it to this very host"),
    ),
    ("2001::/23", Kind("protocol", False, "set aside for protocols of the IETF (RFC 2928)")),
    ("2001::/32", Kind("teredo", False, "Teredo (RFC 4380)")),
    # RFC 5180 prints 2001:200::/48; its erratum 1752 and the registry say 2001:2::/48.
    (
        "2001:2::/48",
        Kind("benchmarking", True, "benchmarking (RFC 5180)", "Use it in a lab only: no provider routes it"),
    ),
    ("2001:10::/28", Kind("orchid", False, "ORCHID, deprecated (RFC 4843)")),
    ("2001:20::/28", Kind("orchid", False, "ORCHIDv2 (RFC 7343)")),
    ("2001:db8::/32", Kind(DOCUMENTATION, False, "reserved for documentation (RFC 3849)")),
    ("2002::/16", Kind("6to4", False, "6to4 (RFC 3056)")),
    ("2620:4f:8000::/48", Kind("as112", False, "the AS112 name servers' (RFC 7534)")),
    ("3ffe::/16", Kind("6bone", False, "the former 6bone's, given back (RFC 3701)")),
    ("3fff::/20", Kind(DOCUMENTATION, False, "reserved for documentation (RFC 9637)")),
    ("5f00::/16", Kind("srv6", False, "SRv6 segment identifiers (RFC 9602)")),
    ("fc00::/8", Kind("undefined-ula", False, "the half of the ULA range that is not defined (RFC 4193)")),
    ("fd00::/8", Kind("ula", True, "unique local (RFC 4193)", "Use it in mode nat, with a random Global ID")),
    ("fe80::/10", Kind("link-local", False, "link-local (RFC 4291)")),
    ("fec0::/10", Kind("site-local", False, "site-local, deprecated (RFC 3879)")),
    ("ff00::/8", Kind("multicast", False, "multicast (RFC 4291)")),
)
# The longest prefix first: the first row that contains a network is the one that says most about it.
TABLE: tuple[tuple[ipaddress.IPv6Network, Kind], ...] = tuple(
    sorted(((ipaddress.IPv6Network(prefix), kind) for prefix, kind in _ROWS), key=lambda row: -row[0].prefixlen)
)
MIXED = Kind("mixed", False, "of more than one kind, and part of it must not be used")

# Prefixes copied from documentation until two hosts collide.
VANITY: tuple[ipaddress.IPv6Network, ...] = tuple(
    ipaddress.IPv6Network(prefix)
    for prefix in (
        "fd00:cafe:face:feed::/64",
        "fd00:cafe:babe::/48",
        "fd00:dead:beef::/48",
        "fd4d:6169:6c63:6f77::/64",  # mailcow
        "fd00::/48",
    )
)


def classify(network: ipaddress.IPv6Network) -> Kind:
    """What sort of prefix a network is. There is an answer for each of any length, /0 to /128.

    A network that covers rows of TABLE of which some may be used and some must not is MIXED. Which parts of 2000::/3
    have been handed out to providers is not looked at, because that changes.
    """
    own = next(kind for prefix, kind in TABLE if network.subnet_of(prefix))
    if any(kind.usable is not own.usable and prefix.subnet_of(network) for prefix, kind in TABLE):
        return MIXED
    return own


def cidr(text: str, where: str = "subnet", remedy: str = REMEDY_SUBNET) -> ipaddress.IPv6Network:
    """Read an IPv6 CIDR of any kind and length.

    Raises:
        Refused: not a CIDR, IPv4, or host bits set.
    """
    if "/" not in text:
        raise Refused(f"'{text}' is not a CIDR: the prefix length is missing", where, remedy)
    try:
        value = ipaddress.ip_interface(text if "%" not in text else "")
    except ValueError:
        raise Refused(f"'{text}' is not a CIDR", where, remedy) from None
    network = value.network
    if isinstance(network, ipaddress.IPv4Network):
        raise Refused(f"{text} is IPv4", where, remedy)
    if value.ip != network.network_address:
        raise Refused(f"{text} has host bits set", where, f"Did you mean {network}")
    return network


def subnet(text: str, where: str = "subnet") -> ipaddress.IPv6Network:
    """Read an IPv6 CIDR that a Docker network may use.

    Raises:
        Refused: not a CIDR, IPv4, host bits set, not between /48 and /126, or of a kind that is not usable.
    """
    network = cidr(text, where)
    kind = classify(network)
    fits = SHORTEST <= network.prefixlen <= LONGEST
    if not kind.usable and (fits or kind is not MIXED):
        raise Refused(f"{network} is {kind.reason}", where, kind.advice)
    if not fits:
        raise Refused(f"{network} is not between /{SHORTEST} and /{LONGEST}", where, REMEDY_SUBNET)
    return network


def special(network: ipaddress.IPv6Network) -> str | None:
    """Why a prefix must not be used for containers, or None where nothing speaks against it."""
    kind = classify(network)
    return None if kind.usable else kind.reason


def is_documentation(text: str) -> bool:
    """Whether an address lies in a range that is reserved for documentation, so no real host has it."""
    value = ipaddress.ip_address(plain(text))
    return isinstance(value, ipaddress.IPv6Address) and classify(ipaddress.IPv6Network(value)).kind == DOCUMENTATION


def is_vanity(network: ipaddress.IPv6Network) -> bool:
    """Whether the prefix is a well-known example, so likely to collide once two hosts are joined."""
    return any(network.overlaps(example) for example in VANITY)


def derive(
    machine_id: str, name: str, prefix_length: int = 64, fleet: ipaddress.IPv6Network | None = None
) -> ipaddress.IPv6Network:
    """The ULA of a network on a host: a hash of the machine-id and the network's name, so the same every time.

    Without ``fleet`` the 40-bit Global ID (RFC 4193, section 3.2) is the host's own and the rest names the network;
    with it (a /48 given once for all hosts) only what follows the /48 is derived. How likely two hosts then derive the
    same is said in prefix_plan.fleet_plan().
    """
    host = hashlib.sha256(b"dms.ipv6 host " + machine_id.strip().encode()).digest()
    if fleet is None:
        base = (0xFD << 120) | (int.from_bytes(host[:5], "big") << 80)
    else:
        base = int(fleet.network_address)
    network = hashlib.sha256(b"dms.ipv6 network " + host + name.encode()).digest()
    rest = int.from_bytes(network[:10], "big") >> (128 - prefix_length) << (128 - prefix_length)
    return ipaddress.IPv6Network((base | rest, prefix_length))


def refuse_overlap(network: AnyNetwork, others: Iterable[tuple[str, AnyNetwork]]) -> None:
    """Raise Refused, naming the other side, if a network overlaps one of the (label, network) pairs."""
    for label, other in others:
        if network.version == other.version and network.overlaps(other):
            raise Refused(f"{network} overlaps {other} ({label})", remedy="Choose another subnet")


# The same few addresses come again and again, for each port of hundreds of containers.
@functools.lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """One spelling for an address: without brackets, port, zone or IPv4 mapping; text that is none is left alone.

    Takes ``fd00::5``, ``[fd00::5]:41234``, ``198.18.1.3:41234``, ``fe80::1%eth0`` and ``::ffff:198.18.1.3``.
    """
    bare = text.strip()
    bracketed = re.match(r"^\[([^\]]+)\](?::\d+)?$", bare)
    if bracketed:
        bare = bracketed.group(1)
    elif bare.count(":") == 1:
        bare = bare.split(":")[0]
    try:
        value: AnyAddress = ipaddress.ip_address(bare.split("%")[0])
    except ValueError:
        return text.strip()
    mapped = value.ipv4_mapped if isinstance(value, ipaddress.IPv6Address) else None
    return str(mapped or value)
