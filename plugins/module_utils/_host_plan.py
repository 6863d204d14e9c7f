# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan for a host: what is wanted, what is found, what would have to change, and what is wrong."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _address,
    _daemon_json,
    _daemon_plan,
    _default_bridge,
    _engine,
    _exposure,
    _forwarding,
    _found,
    _guards,
    _network,
    _network_steps,
    _pools,
    _replace,
    _restart_guards,
    _transaction,
    _undo,
    _verdict,
)
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_json import Settings

UNFINISHED = "an earlier run died in the middle of replacing a network: everything is put back first, then planned anew"
# Of a subnet that is derived from the fleet's /48: 16 bits to tell hosts apart are few enough.
SHORTEST_OF_FLEET = 64
NETWORK, DEFAULT_BRIDGE = "network", "default_bridge"
INFO, WARNING, CRITICAL = "info", "warning", "critical"


@dataclass(frozen=True)
class Found:
    """Everything that was read from a host.

    Attributes:
        daemon: the daemon that runs.
        path: its configuration file, and ``raw`` its bytes (None: missing).
        borrowed: see _daemon_plan.plan().
        members: network name -> names of containers on it, running or stopped.
        containers: what runs, as listed.
        taken: routes and addresses of the host that a subnet must not overlap, as (label, network).
        ra_default: interfaces with an IPv6 default route that the kernel learned from router advertisements.
        accept_ra: interface -> net.ipv6.conf.*.accept_ra.
        forwards: whether the host forwards IPv6.
        sysctl_file: what _forwarding.SYSCTL_FILE holds, None if it is missing.
        record: what earlier runs wrote down.
        machine_id: of the host; empty if it has none.
    """

    daemon: _daemon_plan.Running
    path: str
    raw: bytes | None
    borrowed: t.Any
    networks: tuple[_found.Network, ...]
    members: Mapping[str, tuple[str, ...]]
    containers: tuple[_found.Container, ...]
    taken: tuple[tuple[str, _address.AnyNetwork], ...]
    ra_default: tuple[str, ...]
    accept_ra: Mapping[str, str | None]
    forwards: bool
    sysctl_file: bytes | None
    record: Mapping[str, t.Any]
    machine_id: str


@dataclass(frozen=True)
class Wanted:
    """The role's variables that decide what a host should be.

    Attributes:
        network: name of the network.
        subnet: CIDR, or ``auto``.
        prefix_length: of a derived subnet.
        fleet_prefix: a /48 for all hosts, or empty.
        containers: names or ids.
        attach: how the containers get IPv6: ``network`` or ``default_bridge``.
        address_pool: a pool for networks created later, ``auto``, or empty for none.
        userland_proxy: the value wanted, or None to leave the setting as it is.
        consent: containers may be stopped.
    """

    network: str = "dms-ipv6"
    subnet: str = "auto"
    prefix_length: int = 64
    fleet_prefix: str = ""
    containers: tuple[str, ...] = ()
    attach: str = NETWORK
    address_pool: str = ""
    userland_proxy: bool | None = None
    consent: bool = False


@dataclass(frozen=True)
class Finding:
    """Something an operator should know about a host; ids are stable."""

    id: str
    severity: str
    evidence: str
    remedy: str


@dataclass(frozen=True)
class HostPlan:
    """The parts of the plan for mode ``nat``; the modules that carry it out plan the same again on fresh facts."""

    config: Settings
    network: _network.WantedNetwork
    daemon_plan: _daemon_plan.DaemonPlan
    network_plan: Plan

    @property
    def changed(self) -> bool:
        """Whether anything has to change."""
        return self.daemon_plan.changed or self.network_plan.changed

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        return [*self.daemon_plan.sentences(), *self.network_plan.sentences()]


def nat_settings(daemon: _daemon_plan.Running, file_settings: Settings, userland_proxy: bool | None = None) -> Settings:
    """The daemon settings of mode ``nat``.

    Below 27.0 ip6tables is off by default and experimental; from 27.0 on neither key is needed, so a key is written
    only where the file, or the daemon that runs, has ip6tables off. A left-over ``experimental`` is left alone, and
    what a flag of dockerd says already is not said again.
    """
    settings: Settings = {}
    if not _engine.has(daemon.version, "ip6tables_by_default"):
        settings.update({"experimental": True, "ip6tables": True})
    elif file_settings.get("ip6tables") is False or _daemon_plan.effective("ip6tables", daemon) is False:
        settings["ip6tables"] = True
    if userland_proxy is not None:
        settings["userland-proxy"] = userland_proxy
    return {name: value for name, value in settings.items() if _daemon_plan.flag(name, daemon) is not value}


def wanted_network(wanted: Wanted, machine_id: str) -> _network.WantedNetwork:
    """The network of the role's variables, its subnet read or derived."""
    if wanted.subnet != "auto":
        return _network.WantedNetwork(wanted.network, _address.subnet(wanted.subnet), False, wanted.containers)
    if not _address.SHORTEST <= wanted.prefix_length <= _address.LONGEST:
        raise Refused(
            f"{wanted.prefix_length} is not between {_address.SHORTEST} and {_address.LONGEST}", "prefix_length"
        )
    fleet = fleet_network(wanted.fleet_prefix) if wanted.fleet_prefix else None
    if fleet and wanted.prefix_length < SHORTEST_OF_FLEET:
        raise Refused(
            f"parts of /{wanted.prefix_length} of the fleet's /48 are too few for a fleet",
            "prefix_length",
            f"Give {SHORTEST_OF_FLEET} or more",
        )
    if not machine_id:
        raise Refused("this host has no machine-id to derive a subnet from", "/etc/machine-id", "Give a subnet")
    derived = _address.derive(machine_id, wanted.network, wanted.prefix_length, fleet)
    return _network.WantedNetwork(wanted.network, derived, True, wanted.containers)


def fleet_network(text: str) -> ipaddress.IPv6Network:
    """The /48 given for all hosts."""
    network = _address.subnet(text, "fleet_prefix")
    if network.prefixlen != _address.SHORTEST:
        raise Refused(f"{network} is no /{_address.SHORTEST}", "fleet_prefix", "Give one /48 for the whole fleet")
    return network


def nat(
    wanted: Wanted,
    found: Found,
    inspect: Callable[[str], _found.Container],
    listeners: Callable[[int], Mapping[str, list[tuple[str, int]]]],
    file_settings: Settings,
) -> HostPlan:
    """The plan for mode ``nat``.

    Args:
        wanted: the role's variables.
        found: what was read.
        inspect: looks a container up by name or id; called only for the containers wanted.
        listeners: what a process listens on; called only for containers that have to move.
        file_settings: what the configuration file says.

    Raises:
        Refused: anything that must not or cannot be done; nothing was changed.
    """
    _engine.refuse_too_old(found.daemon.version)
    network = wanted_network(wanted, found.machine_id)
    if network.subnet and not network.subnet.subnet_of(_address.ULA):
        raise Refused(f"{network.subnet} is no ULA; mode nat is for ULAs", "subnet", _address.REMEDY_SUBNET)
    config = _config(wanted, network, found, file_settings)
    containers = {name: inspect(name) for name in wanted.containers}
    if wanted.attach == DEFAULT_BRIDGE:
        _default_bridge.refuse_elsewhere(containers.values())
    daemon_plan = plan_daemon(_daemon_plan.Wanted(config, consent=wanted.consent), found)
    if file_settings.get("iptables") is False:
        raise Refused("iptables is false, so Docker translates nothing", found.path, "Remove the key `iptables`")
    if wanted.attach == DEFAULT_BRIDGE:
        _default_bridge.refuse_ipv4_only(containers.values(), found.networks, listeners)
        daemon_plan = replace(daemon_plan, warnings=(*daemon_plan.warnings, _default_bridge.ADVICE))
        return HostPlan(config, network, daemon_plan, Plan("", ""))
    network_plan = plan_network(network, found, containers, listeners, inspect)
    return HostPlan(config, network, daemon_plan, network_plan)


def _config(wanted: Wanted, network: _network.WantedNetwork, found: Found, file_settings: Settings) -> Settings:
    """All daemon settings that the role's variables ask for."""
    version = found.daemon.version
    config = nat_settings(found.daemon, file_settings, wanted.userland_proxy)
    if wanted.address_pool:
        config.update(_pools.settings(wanted.address_pool, found.machine_id, file_settings, version))
    if wanted.attach == DEFAULT_BRIDGE:
        config.update(_default_bridge.settings(network, found.networks, found.taken, file_settings, version))
    return config


@dataclass(frozen=True)
class AbsentPlan:
    """The parts of the plan that takes everything back which this collection did on a host."""

    networks: tuple[tuple[_network.WantedNetwork, Plan], ...]
    daemon_plan: _daemon_plan.DaemonPlan

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        return [*(one for _wanted, plan in self.networks for one in plan.sentences()), *self.daemon_plan.sentences()]


def absent(
    found: Found,
    containers: Mapping[str, Mapping[str, _found.Container]],
    inspect: Callable[[str], _found.Container],
    consent: bool,
) -> AbsentPlan:
    """The plan for mode ``absent``: networks of our making go, containers leave others, old settings come back.

    Args:
        found: what was read.
        containers: network -> the containers that we put on it, by id.
        inspect: looks a container up by name.
        consent: containers may be stopped.
    """
    plans = []
    for network in found.networks:
        ours = network.labels.get(_network_steps.LABEL) == "true"
        if ours or containers.get(network.name) or network.name in found.record.get("replaced", {}):
            state = _network.ABSENT if ours else _network.RELEASED
            wanted = _network.WantedNetwork(network.name, None, state=state)
            ours_on_it = containers.get(network.name, {})
            plans.append((wanted, plan_network(wanted, found, ours_on_it, lambda _pid: {}, inspect)))
    return AbsentPlan(tuple(plans), plan_restored(found, _daemon_plan.AUTO, consent))


def plan_restored(found: Found, apply: str, consent: bool) -> _daemon_plan.DaemonPlan:
    """The daemon's part of taking everything back: what was there before our first change, by the record."""
    memory = found.record.get("undo")
    config, gone = _undo.wanted(memory, found.raw, found.path)
    plan = plan_daemon(_daemon_plan.Wanted(config, tuple(gone), apply, consent, whole=True), found)
    return _undo.exactly(plan, memory, found.raw, found.path)


def plan_daemon(wanted: _daemon_plan.Wanted, found: Found) -> _daemon_plan.DaemonPlan:
    """The daemon's part: with the host's default route kept where a stored IPv6 network makes dockerd forward."""
    plan = _daemon_plan.plan(found.path, found.raw, wanted, found.daemon, found.borrowed)
    if plan.restarts and (plan.settings.get("ipv6") or any(one.ipv6 for one in found.networks)):
        return plan.guarded(_forwarding.guard(found.ra_default, found.accept_ra, True, found.sysctl_file))
    return plan


def plan_network(
    wanted: _network.WantedNetwork,
    found: Found,
    containers: Mapping[str, _found.Container],
    listeners: Callable[[int], Mapping[str, list[tuple[str, int]]]],
    inspect: Callable[[str], _found.Container],
) -> Plan:
    """The network's part, with the host's default route kept, and all refused that would cut off clients.

    What an earlier run left behind that died in the middle of a replacement is taken back first, by itself.
    """
    unfinished = _transaction.load_steps(found.record.get("unfinished", []))
    if unfinished:
        return Plan("", "", unfinished, (UNFINISHED,))
    plan = _network.plan(wanted, containers, around(found, inspect))
    for step in plan.steps:
        if isinstance(step, _network_steps.ConnectContainer) and step.running:
            container = next((one for one in containers.values() if one.id == step.id), None) or inspect(step.name)
            _guards.refuse_ipv4_only(container, listeners(container.pid))
    if wanted.state == _network.PRESENT and any(isinstance(one, _network_steps.CreateNetwork) for one in plan.steps):
        guards = _forwarding.guard(found.ra_default, found.accept_ra, found.forwards, found.sysctl_file)
        return replace(plan, steps=(*guards, *plan.steps))
    others = any(one.ipv6 for one in found.networks if one.name != wanted.name)
    if any(isinstance(step, _network_steps.RemoveNetwork) for step in plan.steps) and not others:
        return replace(plan, steps=(*plan.steps, *_transaction.load_steps(found.record.get("guard", []))))
    return plan


def around(found: Found, inspect: Callable[[str], _found.Container]) -> _network.Around:
    """What the plan for a network needs to know beside it."""
    transit = str(_address.derive(found.machine_id, _replace.TRANSIT))
    return _network.Around(
        found.networks,
        found.members,
        found.taken,
        found.daemon.version,
        inspect,
        transit,
        {name: entry["before"] for name, entry in found.record.get("replaced", {}).items()},
        {name: entry["after"] for name, entry in found.record.get("replaced", {}).items()},
    )


def refuse_restart(
    plan: _daemon_plan.DaemonPlan,
    found: Found,
    around: _restart_guards.Surroundings,
    consent: _restart_guards.Consent,
) -> None:
    """Raise Refused where the restart of a plan would do more than is wanted."""
    daemon = found.daemon
    ip6tables = _daemon_plan.in_force("ip6tables", {"ip6tables": True}, daemon) != _daemon_plan.IN_FORCE
    turns_on = ip6tables and plan.settings.get("ip6tables") is True
    _restart_guards.refuse(around, plan.settings, daemon.version, daemon.unit, turns_on, consent)


def subnet_after(wanted: _network.WantedNetwork, found: Found) -> ipaddress.IPv6Network | None:
    """The subnet that the network has once the plan is carried out: a derived one gives way to one that is there."""
    there = next((one for one in found.networks if one.name == wanted.name), None)
    return there.subnets6[0] if there and not _network.differences(wanted, there) else wanted.subnet


def summary(
    version: _engine.Version,
    plan: Mapping[str, t.Any] | None,
    found: list[Mapping[str, t.Any]],
    proof: Mapping[str, t.Any] | None,
) -> str:
    """A host in one sentence."""
    critical = sum(1 for one in found if one["severity"] == CRITICAL)
    parts = [f"Docker {version}", f"{len(found)} findings ({critical} critical)" if found else "no findings"]
    if plan is not None:
        steps = len(plan["steps"])
        parts.append(f"{steps} steps to carry out" if steps else "everything as wanted")
    parts.append(f"last proof: {proof['result']} on {proof['date']}" if proof else "never verified from another host")
    return "; ".join(parts)


def findings(found: Found, wanted: Wanted) -> list[Finding]:
    """What is wrong on the host, or will be."""
    ip6tables, proxy = (_daemon_plan.effective(name, found.daemon) for name in ("ip6tables", "userland-proxy"))
    result = []
    for container in found.containers:
        for exposure in _exposure.exposures(container, ip6tables, proxy):
            if exposure.verdict == _verdict.MASKED:
                result.append(_masked(container, exposure))
    result += _file_findings(found)
    result += [_not_durable(one) for one in found.containers if _moved_live(one, wanted)]
    for network in found.networks:
        result += [_forbidden(network, subnet) for subnet in network.subnets6 if _address.special(subnet)]
        result += [_vanity(network, subnet) for subnet in network.subnets6 if _address.is_vanity(subnet)]
    return result


def _file_findings(found: Found) -> list[Finding]:
    """A configuration file that cannot be understood: the daemon goes on running, and will not start again."""
    try:
        _daemon_json.read(_daemon_json.decode(found.raw or b"", found.path), found.path)
    except Refused as reason:
        evidence = f"{reason.where}: {reason.problem}"
        return [Finding("daemon_json_invalid", CRITICAL, evidence, "Correct the file before the daemon is restarted")]
    return []


def _masked(container: _found.Container, exposure: _exposure.Exposure) -> Finding:
    port = f"{exposure.port.container_port}/{exposure.port.protocol}"
    cause = "ip6tables is off" if container.has_ipv6 else "the container has no IPv6 address"
    return Finding(
        "masked",
        CRITICAL,
        f"container {container.name}, port {port}: IPv6 clients appear as {exposure.by or 'a gateway'}, for {cause}",
        "Run dms.ipv6.enable with this container in dms_ipv6_containers",
    )


def _moved_live(container: _found.Container, wanted: Wanted) -> bool:
    named = container.name in wanted.containers or container.id in wanted.containers
    return named and _found.COMPOSE_PROJECT in container.labels


def _not_durable(container: _found.Container) -> Finding:
    project = container.labels[_found.COMPOSE_PROJECT]
    return Finding(
        "not_durable",
        WARNING,
        f"container {container.name} of Compose project {project} is masked again once an `up` re-creates it",
        "Put the network into the Compose file as well",
    )


def _forbidden(network: _found.Network, subnet: ipaddress.IPv6Network) -> Finding:
    evidence = f"network {network.name} uses {subnet}, {_address.special(subnet)}"
    return Finding("forbidden_prefix", WARNING, evidence, "Re-create the network with a ULA or an assigned prefix")


def _vanity(network: _found.Network, subnet: ipaddress.IPv6Network) -> Finding:
    evidence = f"network {network.name} uses {subnet}, a well-known example"
    return Finding("vanity_prefix", INFO, evidence, "Use a random ULA: two hosts with this one collide when joined")
