# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 on the default bridge (docker0), for containers that are started with ``network_mode: bridge``."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _address, _engine, _guards, _network
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_json import Settings
    from ansible_collections.dms.ipv6.plugins.module_utils._engine import Version
    from ansible_collections.dms.ipv6.plugins.module_utils._found import Container, Network
    from ansible_collections.dms.ipv6.plugins.module_utils._network import WantedNetwork

BRIDGE = "bridge"
ADVICE = (
    "the default bridge is legacy: containers on it do not find each other by name, and every change of it stops them;"
    " a network of their own (dms_ipv6_attach: network) is better"
)
# Before 28 a container's address on it is made of the prefix and its 48-bit MAC address.
LONGEST_WITH_MAC = 80


def settings(
    wanted: WantedNetwork,
    networks: Iterable[Network],
    taken: Iterable[tuple[str, _address.AnyNetwork]],
    file_settings: Settings,
    version: Version,
) -> Settings:
    """The daemon settings that give the default bridge this subnet; a derived one gives way to one in the file.

    Raises:
        Refused: the subnet is too small for the engine, or overlaps something else.
    """
    there = file_settings.get("fixed-cidr-v6")
    if wanted.derived and there and file_settings.get("ipv6") is True:
        return {"ipv6": True, "fixed-cidr-v6": there}
    subnet = wanted.subnet
    if subnet and subnet.prefixlen > LONGEST_WITH_MAC and not _engine.has(version, "default_bridge_without_subnet"):
        raise Refused(
            f"{subnet} is smaller than a /{LONGEST_WITH_MAC}, the least that Docker Engine {version} takes here",
            "subnet",
            f"Give a /64 to /{LONGEST_WITH_MAC}",
        )
    _network.refuse_overlaps(_network.WantedNetwork(BRIDGE, subnet), networks, taken, version)
    return {"ipv6": True, "fixed-cidr-v6": str(subnet)}


def refuse_elsewhere(containers: Iterable[Container]) -> None:
    """Raise Refused for a container that is not on the default bridge: it would get nothing from it."""
    for container in containers:
        if container.endpoint(BRIDGE) is None and container.network_mode not in (BRIDGE, "default"):
            raise Refused(
                f"it is not on the default bridge but on {container.network_mode}",
                f"container {container.name}",
                "Use dms_ipv6_attach: network, or start it with network_mode bridge",
            )


def refuse_ipv4_only(
    containers: Iterable[Container],
    networks: Iterable[Network],
    listeners: Callable[[int], Mapping[str, list[tuple[str, int]]]],
) -> None:
    """Raise Refused for a container whose IPv6 clients would go from masked to refused."""
    if any(one.name == BRIDGE and one.ipv6 for one in networks):
        return
    for container in containers:
        if container.running:
            _guards.refuse_ipv4_only(container, listeners(container.pid))
