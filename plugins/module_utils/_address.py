# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 prefixes and addresses: which may be used, which are derived, which overlap. Values, never text."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    AnyNetwork = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    AnyAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

ULA = ipaddress.IPv6Network("fd00::/8")
SHORTEST, LONGEST = 48, 126

# Prefixes that a container network must not use, with the reason. The first match counts.
FORBIDDEN: tuple[tuple[ipaddress.IPv6Network, str], ...] = tuple(
    (ipaddress.IPv6Network(prefix), reason)
    for prefix, reason in (
        ("2001:db8::/32", "reserved for documentation (RFC 3849)"),
        ("3fff::/20", "reserved for documentation (RFC 9637)"),
        ("ff00::/8", "multicast (RFC 4291)"),
        ("fe80::/10", "link-local (RFC 4291)"),
        ("fec0::/10", "site-local, deprecated (RFC 3879)"),
        ("fc00::/8", "the half of the ULA range that is not defined (RFC 4193)"),
        ("100::/64", "discard-only (RFC 6666)"),
        ("64:ff9b::/96", "IPv4/IPv6 translation (RFC 6052)"),
        ("64:ff9b:1::/48", "IPv4/IPv6 translation (RFC 8215)"),
        ("2002::/16", "6to4 (RFC 3056)"),
        ("2001::/32", "Teredo (RFC 4380)"),
        ("::/8", "special: unspecified, loopback, IPv4-mapped (RFC 4291)"),
    )
)
REMEDY_SUBNET = "Give a CIDR of your own such as fdxx:xxxx:xxxx:1::/64, or `auto` for a ULA of this host's own"

# Prefixes copied from documentation until two hosts collide.
VANITY: tuple[ipaddress.IPv6Network, ...] = tuple(
    ipaddress.IPv6Network(prefix)
    for prefix in ("fd00:cafe:face:feed::/64", "fd00:cafe:babe::/48", "fd00:dead:beef::/48", "fd00::/48")
)


def subnet(text: str, where: str = "subnet") -> ipaddress.IPv6Network:
    """Read an IPv6 CIDR that a Docker network may use.

    Raises:
        Refused: not a CIDR, IPv4, host bits set, not between /48 and /126, or a range of FORBIDDEN.
    """
    if "/" not in text:
        raise Refused(f"'{text}' is no CIDR: the prefix length is missing", where, REMEDY_SUBNET)
    try:
        value = ipaddress.ip_interface(text if "%" not in text else "")
    except ValueError:
        raise Refused(f"'{text}' is no CIDR", where, REMEDY_SUBNET) from None
    network = value.network
    if isinstance(network, ipaddress.IPv4Network):
        raise Refused(f"{text} is IPv4", where, REMEDY_SUBNET)
    if value.ip != network.network_address:
        raise Refused(f"{text} has host bits set", where, f"Did you mean {network}")
    reason = special(network)
    if reason:
        raise Refused(f"{network} is {reason}", where, REMEDY_SUBNET)
    if not SHORTEST <= network.prefixlen <= LONGEST:
        raise Refused(f"{network} is not between /{SHORTEST} and /{LONGEST}", where, REMEDY_SUBNET)
    return network


def special(network: ipaddress.IPv6Network) -> str | None:
    """Why a prefix must not be used for containers, or None where nothing speaks against it."""
    for forbidden, reason in FORBIDDEN:
        if network.subnet_of(forbidden) or (network.prefixlen >= SHORTEST and network.overlaps(forbidden)):
            return reason
    return None


def is_documentation(text: str) -> bool:
    """Whether an address lies in a range that is reserved for documentation, so cannot be anybody's."""
    value = ipaddress.ip_address(plain(text))
    return any(value in network for network, reason in FORBIDDEN if "documentation" in reason)


def is_vanity(network: ipaddress.IPv6Network) -> bool:
    """Whether the prefix is a well-known example, so likely to collide once two hosts are joined."""
    return any(network.overlaps(example) for example in VANITY)


def derive(
    machine_id: str, name: str, prefix_length: int = 64, fleet: ipaddress.IPv6Network | None = None
) -> ipaddress.IPv6Network:
    """The ULA of a network on a host: a hash of the machine-id and the network's name, so the same every time.

    Without ``fleet`` the 40-bit Global ID (RFC 4193, section 3.2) is the host's own and the rest names the network;
    with it (a /48 given once for all hosts) only what follows the /48 is derived.
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
