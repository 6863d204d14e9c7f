# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network's part of a plan for a host: which one is wanted, and what happens to which containers."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from ..change import plan as change_plan
from ..change.plan import Plan
from ..core import ip
from ..core.refused import Refused
from ..daemon import on_host as daemon_on_host
from ..state import docker_objects
from ..state import host as state_host
from . import listener_checks
from . import members as network_members
from . import plan as network_plan
from . import steps as network_steps

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# Of a subnet that is derived from the fleet's /48: 16 bits to tell hosts apart are few enough.
SHORTEST_OF_FLEET = 64
SWITCHES_OFF = "switches IPv6 forwarding off, with which IPv6 clients hang: remove the line"
AUTO, NETWORK, DEFAULT_BRIDGE, COMPOSE = "auto", "network", "default_bridge", "compose"


class NetworkOptions(t.NamedTuple):
    """What the operator says of a network.

    Attributes:
        name: of the network.
        subnet: CIDR, or ``auto`` for a derived one, of ``prefix_length`` bits.
        fleet_prefix: a /48 of which a derived one is a part, or empty.
        containers: names or ids of those that are to be on it.
    """

    name: str
    subnet: str = "auto"
    prefix_length: int = 64
    fleet_prefix: str = ""
    containers: tuple[str, ...] = ()


def wanted_network(wanted: NetworkOptions, machine_id: str) -> network_plan.WantedNetwork:
    """The network of the role's variables, its subnet read or derived."""
    if wanted.subnet != "auto":
        return network_plan.WantedNetwork(wanted.name, ip.subnet(wanted.subnet), False, wanted.containers)
    if not ip.SHORTEST <= wanted.prefix_length <= ip.LONGEST:
        raise Refused(f"{wanted.prefix_length} is not between {ip.SHORTEST} and {ip.LONGEST}", "prefix_length")
    fleet = fleet_network(wanted.fleet_prefix) if wanted.fleet_prefix else None
    if fleet and wanted.prefix_length < SHORTEST_OF_FLEET:
        raise Refused(
            f"parts of /{wanted.prefix_length} of the fleet's /48 are too few for a fleet",
            "prefix_length",
            f"Give {SHORTEST_OF_FLEET} or more",
        )
    if not machine_id:
        raise Refused("this host has no machine-id to derive a subnet from", "/etc/machine-id", "Give a subnet")
    derived = ip.derive(machine_id, wanted.name, wanted.prefix_length, fleet)
    return network_plan.WantedNetwork(wanted.name, derived, True, wanted.containers)


def fleet_network(text: str) -> ipaddress.IPv6Network:
    """The /48 given for all hosts."""
    network = ip.subnet(text, "fleet_prefix")
    if network.prefixlen != ip.SHORTEST:
        raise Refused(f"{network} is not a /{ip.SHORTEST}", "fleet_prefix", "Give one /48 for the whole fleet")
    return network


def plan_network(
    wanted: network_plan.WantedNetwork,
    found: state_host.Found,
    containers: Mapping[str, docker_objects.Container],
    ask: docker_objects.Ask,
) -> Plan:
    """The network's part, with the host's default route kept, and all refused that would cut off clients.

    What an earlier run left behind that died in the middle of a replacement is taken back first, by itself.
    """
    unfinished = ask.steps(found.record.get("unfinished"))
    if unfinished:
        return Plan("", "", unfinished, (change_plan.UNFINISHED,))
    if wanted.state == network_plan.PRESENT:
        network_members.refuse_sharing(containers, found)
    plan = network_plan.plan(wanted, containers, around(found, ask))
    connected = _connected(plan, containers, ask)
    moving = [container for container in connected.values() if container.running]
    also: list[str] = []
    if wanted.state == network_plan.PRESENT:
        for container in moving:
            listener_checks.refuse_ipv4_only(container, ask)
        joining = (network_members.joins(container, wanted.name, found, ask.links) for container in connected.values())
        also = [*network_members.warnings(joining, found)]
    warnings = (*_never_ipv6(containers.values()), *_what_breaks(plan, found, moving, ask), *also)
    plan = replace(plan, warnings=(*plan.warnings, *warnings))
    creates = any(isinstance(step, network_steps.CreateNetwork) for step in plan.steps)
    again = not creates and daemon_on_host.was_switched_off(found)
    if wanted.state == network_plan.PRESENT and again:
        places = [f"{file} {SWITCHES_OFF}" for file in ask.forwarding_off()]
        plan = replace(plan, warnings=(*plan.warnings, *places))
    if wanted.state == network_plan.PRESENT and (creates or again or daemon_on_host.never_forwards(found)):
        return replace(plan, steps=(*daemon_on_host.guard(found, again=again), *plan.steps))
    others = any(network.ipv6 for network in found.networks if network.name != wanted.name)
    if any(isinstance(step, network_steps.RemoveNetwork) for step in plan.steps) and not others:
        return replace(plan, steps=(*plan.steps, *ask.steps(found.record.get("guard"))))
    return plan


def _connected(
    plan: Plan, containers: Mapping[str, docker_objects.Container], ask: docker_objects.Ask
) -> dict[str, docker_objects.Container]:
    """Id -> the container, of those that the plan connects."""
    known = {container.id: container for container in containers.values()}
    ids = [step.id for step in plan.steps if isinstance(step, network_steps.ConnectContainer)]
    found = {container_id: known.get(container_id) or ask.look(container_id) for container_id in ids}
    return {container_id: container for container_id, container in found.items() if container}


def _never_ipv6(containers: Iterable[docker_objects.Container]) -> t.Iterator[str]:
    """What no network changes: ports that their owner has published on IPv4 only."""
    for container in containers:
        for port in listener_checks.bound_to_ipv4(container):
            place = f"{port.host_ip}:{port.host_port}"
            yield f"container {container.name} publishes {place} on IPv4 by name: IPv6 clients do not reach it"


def _what_breaks(
    plan: Plan, found: state_host.Found, moving: Iterable[docker_objects.Container], ask: docker_objects.Ask
) -> t.Iterator[str]:
    """What is not put right again afterwards: connections that are cut, rules of the host that name a bridge."""
    for container in moving:
        published = {port.container_port for port in container.ports if port.protocol == "tcp"}
        cut = sum(1 for port in ask.sessions(container.pid) if port in published)
        if cut:
            yield f"container {container.name}: {cut} established connections to its published ports are cut"
    names = {step.name for step in plan.steps if isinstance(step, network_steps.RemoveNetwork)}
    for network in found.networks:
        if network.name in names and network.bridge and docker_objects.BRIDGE_NAME not in network.options:
            places = ask.rules(network.bridge)
            if places:
                yield f"the bridge {network.bridge} of network {network.name} goes, and is named in {', '.join(places)}"


def around(found: state_host.Found, ask: docker_objects.Ask) -> network_plan.Around:
    """What the plan for a network needs to know beside it."""
    transit = str(ip.derive(found.machine_id, network_steps.TRANSIT))
    return network_plan.Around(
        found.networks,
        found.members,
        found.taken,
        found.daemon.version,
        ask.look,
        transit,
        {name: entry["before"] for name, entry in found.record.get("replaced", {}).items()},
        {name: entry["after"] for name, entry in found.record.get("replaced", {}).items()},
    )


def subnet_after(wanted: network_plan.WantedNetwork, found: state_host.Found) -> ipaddress.IPv6Network | None:
    """The subnet that the network has once the plan is carried out: a derived one gives way to one that exists."""
    existing = next((network for network in found.networks if network.name == wanted.name), None)
    return existing.subnets6[0] if existing and not network_plan.differences(wanted, existing) else wanted.subnet
