# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan for a host: what is wanted, what is found, and what would have to change."""

from __future__ import annotations

import ipaddress
import types
import typing as t
from dataclasses import replace

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _address,
    _daemon_json,
    _daemon_plan,
    _default_bridge,
    _engine,
    _environment,
    _exposure,
    _forwarding,
    _found,
    _guards,
    _network,
    _network_steps,
    _pools,
    _routed_firewall,
    _routed_network,
    _verdict,
)
from ansible_collections.dms.ipv6.plugins.module_utils._finding import CRITICAL
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Steps
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils import _restart_guards
    from ansible_collections.dms.ipv6.plugins.module_utils._address_order import Order
    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_json import Settings

UNFINISHED = "an earlier run died in the middle of replacing a network: everything is put back first, then planned anew"
# Of a subnet that is derived from the fleet's /48: 16 bits to tell hosts apart are few enough.
SHORTEST_OF_FLEET = 64
AUTO, NETWORK, DEFAULT_BRIDGE, COMPOSE = "auto", "network", "default_bridge", "compose"


class Found(t.NamedTuple):
    """Everything that was read from a host.

    Attributes:
        daemon: the daemon that runs.
        path: its configuration file, and ``raw`` its bytes (None: missing).
        borrowed: see _daemon_plan.plan().
        members: network name -> names of containers on it, running or stopped.
        containers: what runs, as listed; ``stopped`` what does not.
        taken: routes and addresses of the host that a subnet must not overlap, as (label, network).
        ra_default: interfaces with an IPv6 default route that the kernel learned from router advertisements.
        accept_ra: interface -> net.ipv6.conf.*.accept_ra.
        forwards: whether the host forwards IPv6.
        sysctl_file: what _forwarding.SYSCTL_FILE holds, None if it is missing.
        at_boot: what else sets accept_ra at a boot; only read where that may cost the host its default route.
        record: what earlier runs wrote down.
        machine_id: of the host; empty if it has none.
        edited: path -> bytes of the Compose files, and gai.conf, that earlier runs edited.
        environment: what kind of engine it is, see _environment; empty for a plain one.
        firewall: the host's own.
        no_ip6tables: why IPv6 packets cannot be translated here; empty if they can.
        no_ipv6: why no IPv6 packet comes through the host's firewall at all; empty if some do.
        orders: in which order names that the operator gave are tried, see _address_order.
        uplinks: interfaces with an IPv6 default route.
        table: our own firewall of containers with public addresses.
        paths: interfaces, Docker's left out, that have an IPv6 address other than link-local, or a default route.
    """

    daemon: _daemon_plan.Running
    path: str
    raw: bytes | None
    borrowed: t.Any
    networks: tuple[_found.Network, ...]
    members: Mapping[str, tuple[str, ...]]
    containers: tuple[_found.Container, ...]
    stopped: tuple[_found.Container, ...]
    taken: tuple[tuple[str, _address.AnyNetwork], ...]
    ra_default: tuple[str, ...]
    accept_ra: Mapping[str, str | None]
    forwards: bool
    sysctl_file: bytes | None
    record: Mapping[str, t.Any]
    machine_id: str
    edited: Mapping[str, bytes | None] = types.MappingProxyType({})
    environment: tuple[str, ...] = ()
    firewall: _exposure.HostFirewall = _exposure.HostFirewall()
    no_ip6tables: str = ""
    no_ipv6: str = ""
    at_boot: _forwarding.AtBoot = _forwarding.NOTHING
    orders: tuple[Order, ...] = ()
    uplinks: tuple[_routed_network.Uplink, ...] = ()
    table: _routed_firewall.Files = _routed_firewall.Files()
    paths: tuple[str, ...] = ()

    @property
    def file_settings(self) -> Settings:
        """What the configuration file says; Refused if that cannot be understood."""
        return _daemon_json.read(_daemon_json.decode(self.raw or b"", self.path), self.path)

    @property
    def everyone(self) -> tuple[_found.Container, ...]:
        """All containers, running or stopped."""
        return (*self.containers, *self.stopped)


class Wanted(t.NamedTuple):
    """The role's variables that decide what a host should be.

    Attributes:
        network: name of the network.
        subnet: CIDR, or ``auto``.
        prefix_length: of a derived subnet.
        fleet_prefix: a /48 for all hosts, or empty.
        containers: names or ids.
        attach: how the containers get IPv6: ``network``, ``default_bridge``, or ``compose`` for no network of ours.
        address_pool: a pool for networks created later, ``auto``, or empty for none.
        userland_proxy: the value wanted, or None to leave the setting as it is.
        consent: containers may be stopped.
        allow_exposure: ports that may become open past the host's firewall, see _newly_exposed.
        allow_forwarding: interfaces whose networks may be reached through this host, see _newly_routed.
        gai_conf: whether the host is to try IPv6 first from the networks' ULAs, see _gai_conf; and from
            ``gai_conf_prefixes``, and with ``gai_conf_precedence`` before all else to them.
        addresses: with mode ``routed``, container -> the address that it is to have.
        interface: with mode ``routed``, the uplink, empty for the one with the default route.
        ndp_backend: with mode ``routed``, who answers for addresses on the uplink's own segment, see ndp_proxy.
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
    allow_exposure: tuple[str, ...] = ()
    allow_forwarding: tuple[str, ...] = ()
    gai_conf: bool = False
    gai_conf_precedence: bool = False
    gai_conf_prefixes: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    interface: str = ""
    ndp_backend: str = AUTO


class HostPlan(t.NamedTuple):
    """The parts of the plan for mode ``nat``; the modules that carry it out plan the same again on fresh facts."""

    config: Settings
    network: _network.WantedNetwork
    daemon_plan: _daemon_plan.DaemonPlan
    network_plan: Plan
    table_plan: Plan = Plan("", "")

    @property
    def changed(self) -> bool:
        """Whether anything has to change."""
        return self.daemon_plan.changed or self.network_plan.changed or self.table_plan.changed

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        plans: tuple[Plan, ...] = (self.daemon_plan, self.network_plan, self.table_plan)
        return [one for plan in plans for one in plan.sentences()]


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
    ask: _found.Ask,
    file_settings: Settings,
) -> HostPlan:
    """The plan for mode ``nat``.

    Args:
        wanted: the role's variables.
        found: what was read.
        ask: looks up the containers wanted, and more of those that have to move.
        file_settings: what the configuration file says.

    Raises:
        Refused: anything that must not or cannot be done; nothing was changed.
    """
    refuse_engine(found)
    if wanted.addresses:
        raise Refused("containers get addresses of one's choice in mode routed only", "addresses", "Remove it")
    network = wanted_network(wanted, found.machine_id)
    if network.subnet and not network.subnet.subnet_of(_address.ULA):
        remedy = f"{_address.REMEDY_SUBNET}; global addresses are for mode routed"
        raise Refused(f"{network.subnet} is no ULA; mode nat is for ULAs", "subnet", remedy)
    made = enabled(wanted, network, found, ask, file_settings)
    return made._replace(table_plan=table_away(network.name, found))


def table_away(network: str, found: Found) -> Plan:
    """The plan for the firewall of containers with public addresses, once this network is not theirs any more."""
    table = found.table.table
    bridges = {_routed_network.bridge_name(one.name) for one in found.networks if one.name != network}
    if table and table.bridge in bridges:
        return Plan("", "")
    return _routed_firewall.plan(None, found.table)


def refuse_engine(found: Found) -> None:
    """Raise Refused where no container can have IPv6."""
    _engine.refuse_too_old(found.daemon.version)
    _environment.refuse_without_ipv6(found.no_ipv6)
    if _exposure.host(found).backend == _exposure.IPTABLES:
        _environment.refuse_without_ip6tables(found.no_ip6tables, found.daemon.version)


def enabled(
    wanted: Wanted,
    network: _network.WantedNetwork,
    found: Found,
    ask: _found.Ask,
    file_settings: Settings,
) -> HostPlan:
    """The plan that gives containers IPv6 by a network, or by the default bridge; see nat()."""
    config = _config(wanted, network, found, file_settings)
    containers = {name: ask.inspect(name) for name in wanted.containers}
    _environment.refuse_tasks(containers.values())
    if wanted.attach == DEFAULT_BRIDGE:
        _default_bridge.refuse_elsewhere(containers.values())
    daemon_plan = plan_daemon(_daemon_plan.Wanted(config, consent=wanted.consent), found)
    if file_settings.get("iptables") is False:
        raise Refused("iptables is false, so Docker translates nothing", found.path, "Remove the key `iptables`")
    if wanted.attach == DEFAULT_BRIDGE:
        _default_bridge.refuse_ipv4_only(containers.values(), found.networks, ask.listeners)
        daemon_plan = replace(daemon_plan, warnings=(*daemon_plan.warnings, _default_bridge.ADVICE))
        return HostPlan(config, network, daemon_plan, Plan("", ""))
    none = wanted.attach == COMPOSE
    network_plan = Plan("", "") if none else plan_network(network, found, containers, ask)
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


def plan_daemon(wanted: _daemon_plan.Wanted, found: Found) -> _daemon_plan.DaemonPlan:
    """The daemon's part: with the host's default route kept where a stored IPv6 network makes dockerd forward."""
    plan = _daemon_plan.plan(found.path, found.raw, wanted, found.daemon, found.borrowed)
    if plan.restarts and (plan.settings.get("ipv6") or any(one.ipv6 for one in found.networks)):
        return plan.guarded(_guard(found, tells=False))
    return plan


def _guard(found: Found, tells: bool = True) -> Steps:
    """The steps before a host forwards IPv6; ``tells``: those that only say what dockerd does are among them."""
    ours = _never_forwards(found)
    forwards = found.forwards or not (ours or tells)
    return _forwarding.guard(found.ra_default, found.accept_ra, forwards, found.sysctl_file, not ours, found.at_boot)


def _never_forwards(found: Found) -> bool:
    """Whether the host does not forward IPv6 and never will by dockerd's doing."""
    return not found.forwards and _exposure.host(found).backend == _exposure.NFTABLES


def remembered(name: str, found: Found) -> Steps:
    """Steps that an earlier run wrote down."""
    if not found.record.get(name):
        return ()
    from ansible_collections.dms.ipv6.plugins.module_utils import _transaction  # it knows every kind of step

    return _transaction.load_steps(found.record[name])


def plan_network(
    wanted: _network.WantedNetwork,
    found: Found,
    containers: Mapping[str, _found.Container],
    ask: _found.Ask,
) -> Plan:
    """The network's part, with the host's default route kept, and all refused that would cut off clients.

    What an earlier run left behind that died in the middle of a replacement is taken back first, by itself.
    """
    unfinished = remembered("unfinished", found)
    if unfinished:
        return Plan("", "", unfinished, (UNFINISHED,))
    plan = _network.plan(wanted, containers, around(found, ask))
    known = {one.id: one for one in containers.values()}
    moving = {
        step.id: known.get(step.id) or ask.inspect(step.name)
        for step in plan.steps
        if isinstance(step, _network_steps.ConnectContainer) and step.running
    }
    if wanted.state == _network.PRESENT:
        for container in moving.values():
            _guards.refuse_ipv4_only(container, ask.listeners(container.pid))
    warnings = (*_never_ipv6(containers.values()), *_what_breaks(plan, found, moving.values(), ask))
    plan = replace(plan, warnings=(*plan.warnings, *warnings))
    creates = any(isinstance(one, _network_steps.CreateNetwork) for one in plan.steps)
    if wanted.state == _network.PRESENT and (creates or _never_forwards(found)):
        return replace(plan, steps=(*_guard(found), *plan.steps))
    others = any(one.ipv6 for one in found.networks if one.name != wanted.name)
    if any(isinstance(step, _network_steps.RemoveNetwork) for step in plan.steps) and not others:
        return replace(plan, steps=(*plan.steps, *remembered("guard", found)))
    return plan


def _never_ipv6(containers: Iterable[_found.Container]) -> t.Iterator[str]:
    """What no network changes: ports that their owner has published on IPv4 only."""
    for container in containers:
        for port in _guards.bound_to_ipv4(container):
            place = f"{port.host_ip}:{port.host_port}"
            yield f"container {container.name} publishes {place} on IPv4 by name: IPv6 clients do not reach it"


def _what_breaks(plan: Plan, found: Found, moving: Iterable[_found.Container], ask: _found.Ask) -> t.Iterator[str]:
    """What is not put right again afterwards: connections that are cut, rules of the host that name a bridge."""
    for container in moving:
        published = {one.container_port for one in container.ports if one.protocol == "tcp"}
        cut = sum(1 for port in ask.sessions(container.pid) if port in published)
        if cut:
            yield f"container {container.name}: {cut} established connections to its published ports are cut"
    names = {step.name for step in plan.steps if isinstance(step, _network_steps.RemoveNetwork)}
    for network in found.networks:
        if network.name in names and network.bridge and _found.BRIDGE_NAME not in network.options:
            places = ask.rules(network.bridge)
            if places:
                yield f"the bridge {network.bridge} of network {network.name} goes, and is named in {', '.join(places)}"


def around(found: Found, ask: _found.Ask) -> _network.Around:
    """What the plan for a network needs to know beside it."""
    transit = str(_address.derive(found.machine_id, _network_steps.TRANSIT))
    return _network.Around(
        found.networks,
        found.members,
        found.taken,
        found.daemon.version,
        ask.inspect,
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
    from ansible_collections.dms.ipv6.plugins.module_utils import _restart_guards  # most runs restart nothing

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
    word = "finding" if len(found) == 1 else "findings"
    parts = [f"Docker {version}", f"{len(found)} {word} ({critical} critical)" if found else "no findings"]
    if plan is not None:
        steps = len(plan["steps"])
        parts.append(f"{steps} {'step' if steps == 1 else 'steps'} to carry out" if steps else "everything as wanted")
    if plan is not None and plan.get("addresses"):
        parts.append("IPv6 clients reach " + ", ".join(f"{name} at {to}" for name, to in plan["addresses"].items()))
    what = "last proof that IPv6 is refused" if proof and proof.get("expect") == _verdict.REFUSED else "last proof"
    parts.append(f"{what}: {proof['result']} on {proof['date']}" if proof else "never verified from another host")
    return "; ".join(parts)
