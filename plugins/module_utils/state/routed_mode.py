# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a bridge network one of mode ``routed``, by engine: its options, and the addresses of containers on it."""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t

from ..core.refused import Refused
from ..engine import version as engine_version

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..engine.version import Version

NAT, ROUTED = "nat", "routed"
GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv6"
BRIDGE_NAME = "com.docker.network.bridge.name"
# The options that mode routed sets, and that go with it.
OPTIONS = (BRIDGE_NAME, GATEWAY_MODE)
# Addresses of our choice stay below these bits of a subnet, in their upper half: Docker counts up from the first.
BITS = 32


def bridge_name(network: str) -> str:
    """The host's bridge device of a network, the same every time: firewalls and NDP proxies name it. 15 characters."""
    return f"dms6-{hashlib.sha256(network.encode()).hexdigest()[:10]}"


def options(network: str, version: Version) -> tuple[tuple[str, str], ...]:
    """The options of a network in mode ``routed``.

    Before 27.0 there is no such gateway mode. A container there is reached at its own address all the same, as far as
    its ports are published; what Docker does to outgoing packets is undone in routed.nft_table.
    """
    mode = ((GATEWAY_MODE, ROUTED),) if engine_version.has(version, "gateway_mode_routed") else ()
    return ((BRIDGE_NAME, bridge_name(network)), *mode)


def ours(network: str, found: Mapping[str, str]) -> dict[str, str]:
    """Those of OPTIONS that a network has by our doing: its bridge has the name that we give. Empty for others."""
    if found.get(BRIDGE_NAME) != bridge_name(network):
        return {}
    return {name: found[name] for name in OPTIONS if name in found}


def address(subnet: ipaddress.IPv6Network, name: str, taken: Iterable[str] = ()) -> str:
    """A container's own address: a hash of its name, so that it stays the same when the container is re-created.

    Raises:
        Refused: the subnet is full.
    """
    bits = min(BITS, 128 - subnet.prefixlen)
    half = 1 << (bits - 1)
    start = int.from_bytes(hashlib.sha256(b"dms.ipv6 address " + name.encode()).digest()[:8], "big")
    used = set(taken)
    for more in range(min(half, len(used) + 1)):
        found = str(subnet[half + (start + more) % half])
        if found not in used:
            return found
    raise Refused(f"{subnet} has no address left for {name}", "subnet", "Give a larger subnet")
