# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's networks and the addresses of its hosts."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from typing import Any

import docker

from lab.base import LABEL, LabError, say

NETWORKS = 256  # one /24 of 198.18.0.0/16 each


def network_name(lab: str, segment: str) -> str:
    """The engine's name of a lab segment."""
    return f"dms-lab-{lab}-{segment}"


def ensure_network(client: Any, lab: str, segment: str) -> None:
    """Create a segment with a pair of subnets that nothing else on the engine uses."""
    name = network_name(lab, segment)
    if any(network.name == name for network in client.networks.list(names=[name])):
        return
    taken = _taken_subnets(client)
    start = int(hashlib.sha256(name.encode()).hexdigest(), 16) % NETWORKS
    for offset in range(NETWORKS):
        v4, v6 = subnets((start + offset) % NETWORKS)
        if any(net.overlaps(other) for net in (v4, v6) for other in taken if net.version == other.version):
            continue
        pools = [
            docker.types.IPAMPool(subnet=str(v4), gateway=str(v4[254])),
            docker.types.IPAMPool(subnet=str(v6), gateway=str(v6[0xFFFE])),
        ]
        # Not internal: with an outer 20.10 that breaks neighbour discovery. Our namespace has no uplink anyway.
        client.networks.create(
            name,
            driver="bridge",
            enable_ipv6=True,
            ipam=docker.types.IPAMConfig(pool_configs=pools),
            labels={LABEL: lab},
            check_duplicate=True,
        )
        say(f"network {name}: {v4}, {v6}")
        return
    raise LabError(f"no free subnet for {name}: take labs down (`status` lists them)")


def subnets(number: int) -> tuple[ipaddress.IPv4Network, ipaddress.IPv6Network]:
    """The pair of subnets with this number. The digits read the same in both, so that people can follow them."""
    return (ipaddress.IPv4Network(f"198.18.{number}.0/24"), ipaddress.IPv6Network(f"fd5c:1ab0:{number}::/64"))


def _taken_subnets(client: Any) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    configs = [config for network in client.networks.list() for config in network.attrs["IPAM"]["Config"] or []]
    return [ipaddress.ip_network(config["Subnet"]) for config in configs if config.get("Subnet")]


@dataclass
class Segment:
    """A segment's subnets and the numbers that its hosts can still have."""

    v4: ipaddress.IPv4Network
    v6: ipaddress.IPv6Network
    numbers: list[int]


def free_numbers(client: Any, lab: str, segment: str) -> Segment:
    """What is left of a segment for new hosts."""
    network = client.networks.get(network_name(lab, segment))
    nets = [ipaddress.ip_network(config["Subnet"]) for config in network.attrs["IPAM"]["Config"]]
    v4 = next(net for net in nets if isinstance(net, ipaddress.IPv4Network))
    v6 = next(net for net in nets if isinstance(net, ipaddress.IPv6Network))
    used: set[str] = set()
    # Stopped containers hold no address in the network's own list: ask the containers.
    for container in client.containers.list(all=True, filters={"label": f"{LABEL}={lab}"}):
        endpoint = container.attrs["NetworkSettings"]["Networks"].get(network.name) or {}
        used.add((endpoint.get("IPAMConfig") or {}).get("IPv4Address", ""))
    return Segment(v4, v6, [number for number in range(10, 250) if str(v4[number]) not in used])
