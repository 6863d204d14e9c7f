# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 on the default bridge (docker0), for containers that are started with ``network_mode: bridge``."""

from __future__ import annotations

import typing as t

from ..core import ip
from ..core.refused import Refused
from ..engine import version as engine_version
from . import listener_checks
from . import plan as network_plan

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..daemon.json_text import Settings
    from ..engine.version import Version
    from ..state.docker_objects import Ask, Container, Network
    from .plan import WantedNetwork

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
    taken: Iterable[tuple[str, ip.AnyNetwork]],
    file_settings: Settings,
    version: Version,
) -> Settings:
    """The daemon settings that give the default bridge this subnet; a derived one gives way to one in the file.

    Raises:
        Refused: the subnet is too small for the engine, or overlaps something else.
    """
    present = file_settings.get("fixed-cidr-v6")
    if wanted.derived and present and file_settings.get("ipv6") is True:
        return {"ipv6": True, "fixed-cidr-v6": present}
    subnet = wanted.subnet
    if (
        subnet
        and subnet.prefixlen > LONGEST_WITH_MAC
        and not engine_version.has(version, "default_bridge_without_subnet")
    ):
        raise Refused(
            f"{subnet} is smaller than a /{LONGEST_WITH_MAC}, the least that Docker Engine {version} takes here",
            "subnet",
            f"Give a /64 to /{LONGEST_WITH_MAC}",
        )
    network_plan.refuse_overlaps(network_plan.WantedNetwork(BRIDGE, subnet), networks, taken, version)
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


def refuse_ipv4_only(containers: Iterable[Container], networks: Iterable[Network], ask: Ask) -> None:
    """Raise Refused for a container whose IPv6 clients would go from masked to refused."""
    if any(network.name == BRIDGE and network.ipv6 for network in networks):
        return
    for container in containers:
        if container.running:
            listener_checks.refuse_ipv4_only(container, ask)
