# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a mode consists of: in which order, and with which options."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from . import facts

    Options = Mapping[str, t.Any]

CONSENTS = ("allow_container_restart", "allow_engine_upgrade", "allow_forward_drop")
SUBNET = ("subnet", "prefix_length", "fleet_prefix")
NO_NETWORK_OF_OURS = ("", "bridge")


@dataclass(frozen=True)
class Call:
    """A module, by its short name, and its options; those that are missing have their defaults."""

    module: str
    options: Options


def calls(options: Options, plan: t.Any) -> list[Call]:
    """The modules that carry out a plan.

    Args:
        options: those of the module docker_ipv6.
        plan: as docker_ipv6_info returns it for the same mode, see facts.
    """
    return [*MODES[options["mode"]](options, plan)]


def _nat(options: Options, plan: facts.Nat) -> Iterator[Call]:
    yield _daemon(options, plan["config"])
    subnet = _some(options, SUBNET)
    for project in plan["compose"]:
        yield Call("compose_network", {**project, **subnet})
    for project in plan.get("networks", ()):
        yield Call("docker_ipv6_network", {**subnet, **project})
    if plan["network"] not in NO_NETWORK_OF_OURS:
        network = {"name": plan["network"], "containers": plan["containers"]}
        yield Call("docker_ipv6_network", {**network, **subnet})
    if plan["firewall"]:
        yield Call("routed_firewall", plan["firewall"])
    yield from _ndp(plan["ndp"])
    if plan["gai_conf"]:
        yield Call("gai_conf", {**plan["gai_conf"], "name": options["gai_conf_name"]})


def _routed(options: Options, plan: facts.Routed) -> Iterator[Call]:
    yield _daemon(options, plan["config"])
    yield Call("routed_firewall", plan["firewall"])  # closed before anything is there
    network = {"name": plan["network"], "mode": "routed", "subnet": plan["subnets"][0]}
    yield Call("docker_ipv6_network", {**network, "addresses": plan["addresses"], "containers": plan["containers"]})
    yield from _ndp(plan["ndp"])


def _prevent(options: Options, plan: facts.Prevent) -> Iterator[Call]:
    if plan["config"]:
        yield _daemon(options, plan["config"])
    for project in plan["compose"]:
        yield Call("compose_ports", {**project, "recreate": options["allow_container_restart"]})


def _absent(options: Options, plan: facts.Absent) -> Iterator[Call]:
    yield from _ndp(plan["ndp"])
    for path in plan["files"]:
        yield Call("compose_network", {"path": path, "state": "absent"})
    for path in plan["gai_conf"]["paths"]:
        yield Call("gai_conf", {"path": path, "state": "absent"})
    for network in plan["networks"]:
        yield Call("docker_ipv6_network", network)
    if plan["firewall"]:
        yield Call("routed_firewall", plan["firewall"])
    yield Call("docker_daemon_config", {"state": "restored", **_some(options, CONSENTS)})


MODES: dict[str, Callable[[Options, t.Any], Iterator[Call]]] = {
    "nat": _nat,
    "routed": _routed,
    "prevent": _prevent,
    "absent": _absent,
}


def _daemon(options: Options, config: Options) -> Call:
    return Call("docker_daemon_config", {"config": config, **_some(options, CONSENTS)})


def _ndp(calls: list[dict[str, t.Any]]) -> Iterator[Call]:
    for options in calls:
        yield Call("ndp_proxy", options)


def _some(options: Options, names: tuple[str, ...]) -> dict[str, t.Any]:
    return {name: options[name] for name in names}
