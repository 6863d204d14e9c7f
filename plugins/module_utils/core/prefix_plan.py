# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes worked out before any host is read: an engine's own, a part of a host's, those of a whole fleet."""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t

from . import ip
from .refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    # Host, other host, network of the host, network of the other.
    Collision = tuple[str, str, ipaddress.IPv6Network, ipaddress.IPv6Network]

REMEDY_PREFIX = "Give the prefix that the host's uplink has"
REMEDY_AVOID = "Give addresses and CIDRs, as text"
REMEDY_COLLISION = (
    "Give one of them another subnet by hand (dms_ipv6_subnet), or derive with a longer prefix length such as 112; "
    "hosts copied from one image need a machine-id each"
)


def engine_ula(engine_id: str) -> ipaddress.IPv6Network:
    """The ULA /48 from which an engine (27.0 or later) serves IPv6 networks without a subnet, in /64s.

    It holds as long as default-address-pools has no IPv6 pool and the file engine-id in the data root stays. Before
    23.0 there was no such file, and before 27.0 no such pool.

    Args:
        engine_id: ``ID`` of GET /info, as it is: the engine hashes it with any white space that is in the file.

    Source: moby deriveULABaseNetwork(), the same from v27.0.1 to v29.7.2, which takes the low 40 bits of the first 64
    of SHA-256 as Global ID ("loosely based" on RFC 4193, section 3.2.2).
    """
    global_id = hashlib.sha256(engine_id.encode()).digest()[3:8]
    return ipaddress.IPv6Network(((0xFD << 120) | (int.from_bytes(global_id, "big") << 80), 48))


# --- a part of a host's prefix


def carve(
    host_prefix: ipaddress.IPv6Network,
    prefix_length: int,
    avoid: Iterable[ip.AnyAddress | ip.AnyNetwork] = (),
    name: str = "",
) -> ipaddress.IPv6Network:
    """A free part of a host's prefix, for containers: the same every time for the same arguments.

    Where it begins to look is a hash of the name, so the place stays the same when the provider changes the prefix.
    Never the first part: ``::1`` and the like are routers and hosts.

    Args:
        host_prefix: what the provider gave the host, usually a /64.
        prefix_length: of the part; longer than the host's, 49 to 126. Below Docker 28 the default bridge takes at
            most 80; other networks take any.
        avoid: addresses and networks that it must not contain or overlap. IPv4 does not count. What the part itself
            brings along (its gateway, its route) must not be among them, or the next run looks elsewhere.
        name: of the network. Hosts that share one prefix need a name each, such as the network's and the host's.

    Raises:
        Refused: a length is out of range, the prefix is of a kind that is not usable, or no part is free.
    """
    _refuse_carving(host_prefix, prefix_length)
    count = 1 << (prefix_length - host_prefix.prefixlen)
    taken = _taken(host_prefix, 128 - prefix_length, avoid)
    wish = int.from_bytes(hashlib.sha256(b"dms.ipv6 carve " + name.encode()).digest(), "big")
    index = _free(1 + wish % (count - 1), count, taken)
    if index is None:
        problem = f"no /{prefix_length} of {host_prefix} is free"
        raise Refused(
            problem, remedy="Look for a network in `avoid` that covers it all, or take a longer prefix length"
        )
    return ipaddress.IPv6Network((int(host_prefix.network_address) + (index << (128 - prefix_length)), prefix_length))


def _refuse_carving(host_prefix: ipaddress.IPv6Network, prefix_length: int) -> None:
    """Raise Refused for a prefix that nothing may be carved of, or a length that gives no part of it."""
    kind = ip.classify(host_prefix)
    if not kind.usable:
        raise Refused(f"{host_prefix} is {kind.reason}", remedy=REMEDY_PREFIX)
    if not ip.SHORTEST < prefix_length <= ip.LONGEST:
        problem = f"{prefix_length} is not between {ip.SHORTEST + 1} and {ip.LONGEST}"
        raise Refused(problem, "prefix_length", "80 suits every network")
    if prefix_length <= host_prefix.prefixlen:
        problem = f"a /{prefix_length} is not a part of {host_prefix}"
        raise Refused(problem, "prefix_length", "Docker must not get the host's whole prefix: give a longer length")


def _span(value: ip.AnyAddress | ip.AnyNetwork) -> tuple[int, int]:
    """First and last address, as numbers."""
    if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return int(value.network_address), int(value.broadcast_address)
    return int(value), int(value)


def _taken(
    host_prefix: ipaddress.IPv6Network, bits: int, avoid: Iterable[ip.AnyAddress | ip.AnyNetwork]
) -> list[tuple[int, int]]:
    """Numbers (first, last) of the parts that are taken, sorted; each part has 2 ** bits addresses.

    What lies outside the prefix gets numbers below 0, or too high for a part.
    """
    low = int(host_prefix.network_address)
    spans = (_span(network) for network in avoid if network.version == 6)
    return sorted(((first - low) >> bits, (last - low) >> bits) for first, last in spans)


def _free(wish: int, count: int, taken: list[tuple[int, int]]) -> int | None:
    """The first number from ``wish`` on, then from 1 on, below ``count`` and in none of the sorted spans."""
    for start in (wish, 1):
        index = start
        for first, last in taken:
            if first <= index <= last:
                index = last + 1
        if index < count:
            return index
    return None


def occupied(text: str) -> ip.AnyAddress | ip.AnyNetwork:
    """Read an address or a network; an address with a prefix length, as ``ip address`` shows it, is the address.

    Raises:
        Refused: neither of them.
    """
    bare = ip.plain(text)
    try:
        if "/" not in bare:
            return ipaddress.ip_address(bare)
        value = ipaddress.ip_interface(bare)
    except ValueError:
        raise Refused(f"'{text}' is neither an address nor a CIDR", "avoid", REMEDY_AVOID) from None
    return value.network if value.ip == value.network.network_address else value.ip


# --- a whole fleet


def collisions(claims: Iterable[tuple[str, ipaddress.IPv6Network]], limit: int | None = None) -> list[Collision]:
    """Which hosts claim networks that overlap, as pairs in the order of the addresses, the wider network first.

    What one host claims twice does not collide. Networks are nested or apart, never half over each other, so one sweep
    over the sorted ones does: O(n log n) and the pairs found. Those can be many: an image that was copied 10,000 times
    with its machine-id makes 50 million pairs, which is what ``limit`` is for.

    Args:
        claims: pairs of host and network.
        limit: stop at so many pairs, 1 or more; None for all.
    """
    found: list[Collision] = []
    around: list[tuple[int, str, ipaddress.IPv6Network]] = []  # what the sweep is within, the widest first
    rows = sorted((int(network.network_address), network.prefixlen, label) for label, network in set(claims))
    for first, length, label in rows:
        network = ipaddress.IPv6Network((first, length))
        while around and around[-1][0] < first:
            around.pop()
        for _last, other, wider in around:
            if other != label:
                found.append((other, label, wider, network))
                if len(found) == limit:
                    return found
        around.append((int(network.broadcast_address), label, network))
    return found


def collision_text(collision: Collision) -> str:
    """A collision as the operator reads it, without a full stop."""
    host, other, network, others = collision
    if network == others:
        return f"{host} and {other} both have {network}"
    return f"{network} of {host} contains {others} of {other}"


def fleet_plan(
    machine_ids: Mapping[str, str], name: str, prefix_length: int = 64, fleet: ipaddress.IPv6Network | None = None
) -> dict[str, ipaddress.IPv6Network]:
    """The derived network of each host, if no two are the same.

    Each is ip.derive() of the host alone, so a host keeps its network when others join or leave the inventory.
    Giving the next free one to the later of two hosts would not: a host that joins could take another's. So a
    collision is refused, and one of the two gets a subnet by hand.

    The /64s of a fleet /48 have 16 bits. By the birthday rule two hosts then have the same one with a chance of 7 %
    among 100 hosts, 50 % among 302 and 99.95 % among 1,000; among 10,000 hosts 763 pairs are to be expected. A longer
    prefix helps, because the hash then fills the bits in between: among 10,000 hosts the chance is 1.2 % with /80, 2e-7
    with /96 and 3e-12 with /112. Without a fleet prefix each host has a /48 of its own, and the chance that two of
    10,000 share it is 5e-5.

    Args:
        machine_ids: host -> its machine-id.
        name: of the Docker network, the same on all.
        prefix_length: of each network, 48 to 126.
        fleet: a /48 for all of them.

    Raises:
        Refused: two hosts derive networks that overlap; the first such pair is named.
    """
    networks = {host: ip.derive(machine_id, name, prefix_length, fleet) for host, machine_id in machine_ids.items()}
    refuse_collisions(networks.items())
    return networks


def refuse_collisions(claims: Iterable[tuple[str, ipaddress.IPv6Network]]) -> None:
    """Raise Refused, naming both hosts, if any two of the (host, network) pairs of different hosts overlap."""
    for collision in collisions(claims, limit=1):
        raise Refused(collision_text(collision), remedy=REMEDY_COLLISION)


def whole_number(value: object, where: str) -> int:
    """Read a number that may come as text, as variables from a command line do.

    Raises:
        Refused: it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise Refused(f"{value!r} is not a whole number", where)
