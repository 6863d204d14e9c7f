# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_ipv6_network does."""

from __future__ import annotations

import typing as t

from ..change import diff as change_diff
from ..core.refused import Refused
from ..engine.io.api import SOCKET, Docker
from ..modes import nat
from ..modes.io import live_change
from ..network import on_host as network_on_host
from ..network.plan import WantedNetwork
from ..state import host as state_host
from ..state.io import containers as state_containers

if t.TYPE_CHECKING:
    from ..change.plan import Plan
    from ..state.docker_objects import Ask, Container

SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "released"], "default": "present"},
    "subnet": {"type": "str", "default": "auto"},
    "mode": {"type": "str", "choices": ["nat", "routed"], "default": "nat"},
    "addresses": {"type": "dict", "default": {}},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "containers": {"type": "list", "elements": "str", "default": []},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def wanted_network(
    params: dict[str, t.Any], found: state_host.Found, containers: dict[str, Container]
) -> WantedNetwork:
    """What the options ask for; a network that is to go needs no subnet."""
    if params["state"] != "present":
        return WantedNetwork(params["name"], None, state=params["state"])
    wanted = nat.Wanted(
        params["name"],
        params["subnet"],
        params["prefix_length"],
        params["fleet_prefix"],
        tuple(params["containers"]),
        addresses=tuple((name, str(address)) for name, address in sorted(params["addresses"].items())),
    )
    if params["mode"] == "routed":
        from ..modes import routed

        return routed.network(wanted, found, containers)
    if wanted.addresses:
        raise Refused("containers get addresses of your choice in mode routed only", "addresses", "Remove it")
    return network_on_host.wanted_network(wanted.network_options, found.machine_id)


def concerned(params: dict[str, t.Any], found: state_host.Found, ask: Ask) -> dict[str, Container]:
    """The containers that the plan is about: those wanted, or those that we put on the network earlier."""
    if params["state"] == "present":
        return {name: ask.inspect(name) for name in params["containers"]}
    docker = Docker(params["docker_socket"])
    return state_containers.inspect_all(docker, found.record.get("moves", {}).get(params["name"], []))


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""

    def make(found: state_host.Found, ask: Ask) -> tuple[WantedNetwork, Plan]:
        containers = concerned(params, found, ask)
        wanted = wanted_network(params, found, containers)
        return wanted, network_on_host.plan_network(wanted, found, containers, ask)

    planned, found, done = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned[1]
    )
    wanted, plan = planned
    diff = change_diff.of(plan, f"network {wanted.name}")
    result = {**live_change.returned(plan, diff, done.notes), "outage": done.outage}
    return (
        {**result, "subnet": str(network_on_host.subnet_after(wanted, found))} if wanted.state == "present" else result
    )
