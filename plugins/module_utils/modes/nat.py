# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode ``nat``: what is wanted, and the plan for the whole host."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..change.plan import Plan
from ..core import ip, verdict
from ..core.refused import Refused
from ..daemon import address_pools
from ..daemon import on_host as daemon_on_host
from ..daemon import plan as daemon_planning
from ..engine import version as engine_version
from ..exposure import published
from ..network import default_bridge
from ..network import on_host as network_on_host
from ..network import plan as network_planning
from ..routed import firewall as routed_firewall
from ..routed import nft_table
from ..state import daemon as state_daemon
from ..state import docker_objects, engine_kind, routed_mode
from ..state import firewall as state_firewall
from ..state import host as state_host

if t.TYPE_CHECKING:
    import ipaddress
    from collections.abc import Collection

    from ..daemon.json_text import Settings


# What a client gets at another port of a container may be its owner's decision, but not these.
NOT_REAL = {verdict.MASKED, verdict.TIMEOUT, published.UNKNOWN}


class Wanted(t.NamedTuple):
    """The role's variables that decide what a host should be.

    Attributes:
        network: name of the network.
        subnet: CIDR, or ``auto``.
        prefix_length: of a derived subnet.
        fleet_prefix: a /48 for all hosts, or empty.
        containers: names or ids.
        select: the word that ``containers`` come from, ``named`` for none, see chosen.
        attach: how the containers get IPv6: ``network``, ``default_bridge``, or ``compose`` for no network of our own.
        address_pool: a pool for networks created later, ``auto``, or empty for none.
        userland_proxy: the value wanted, or None to leave the setting as it is.
        consent: containers may be stopped.
        allow_exposure: ports that may become open past the host's firewall, see exposure.newly_open.
        allow_forwarding: interfaces whose networks may be reached through this host, see exposure.newly_routed.
        allow_leak: containers that may get an IPv6 way out beside a tunnel, see network.members.
        gai_conf: whether the host is to try IPv6 first from the networks' ULAs, see host.gai_conf; and from
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
    select: str = "named"
    attach: str = network_on_host.NETWORK
    address_pool: str = ""
    userland_proxy: bool | None = None
    consent: bool = False
    allow_exposure: tuple[str, ...] = ()
    allow_forwarding: tuple[str, ...] = ()
    allow_leak: tuple[str, ...] = ()
    gai_conf: bool = False
    gai_conf_precedence: bool = False
    gai_conf_prefixes: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    interface: str = ""
    ndp_backend: str = network_on_host.AUTO

    @property
    def network_options(self) -> network_on_host.NetworkOptions:
        """What they say of the network."""
        return network_on_host.NetworkOptions(
            self.network, self.subnet, self.prefix_length, self.fleet_prefix, self.containers
        )


class HostPlan(t.NamedTuple):
    """The parts of the plan for mode ``nat``; the modules that carry it out plan the same again on fresh facts."""

    config: Settings
    network: network_planning.WantedNetwork
    daemon_plan: daemon_planning.DaemonPlan
    network_plan: Plan
    table_plan: Plan = Plan("", "")

    @property
    def changed(self) -> bool:
        """Whether anything has to change."""
        return self.daemon_plan.changed or self.network_plan.changed or self.table_plan.changed

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        plans: tuple[Plan, ...] = (self.daemon_plan, self.network_plan, self.table_plan)
        return [sentence for plan in plans for sentence in plan.sentences()]


def refuse_contradiction(addresses: t.Any, subnet: ipaddress.IPv6Network | None) -> None:
    """Raise Refused for options that mean mode ``routed``: addresses of containers, or a subnet that is not a ULA."""
    if addresses:
        raise Refused("containers get addresses of your choice in mode routed only", "addresses", "Remove it")
    if subnet and not subnet.subnet_of(ip.ULA):
        remedy = f"{ip.REMEDY_SUBNET}; global addresses are for mode routed"
        raise Refused(f"{subnet} is not a ULA; mode nat is for ULAs", "subnet", remedy)


def nat(
    wanted: Wanted,
    found: state_host.Found,
    ask: docker_objects.Ask,
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
    network = network_on_host.wanted_network(wanted.network_options, found.machine_id)
    refuse_contradiction(wanted.addresses, network.subnet)
    plan = enabled(wanted, network, found, ask, file_settings)
    return plan._replace(table_plan=table_away(network.name, found))


def already_real(names: Collection[str], network: str, found: state_host.Found) -> dict[str, str]:
    """Which of the containers have real IPv6 clients without us, by the daemon's settings alone, and on which network.

    Args:
        names: names or ids of containers.
        network: ours; what is on it is left out.
        found: what was read, the containers looked into.
    """
    host = published.host(found)
    host = host if host.ipv6nat else host._replace(ip6tables=True)
    real = {}
    for container in found.containers:
        way = published.gateway(container, state_firewall.IPV6, host)
        if way is None or way.network == network or not {container.name, container.id} & {*names}:
            continue
        verdicts = {
            exposure.verdict
            for exposure in published.exposures(container, host)
            if exposure.family == state_firewall.IPV6
        }
        if verdict.REAL in verdicts and not verdicts & NOT_REAL:
            real[container.name if container.name in names else container.id] = way.network
    return real


def table_away(network: str, found: state_host.Found) -> Plan:
    """The plan for the firewall of containers with public addresses, once this network is not theirs any more."""
    table = nft_table.in_file(found.table)
    bridges = {routed_mode.bridge_name(candidate.name) for candidate in found.networks if candidate.name != network}
    if table and table.bridge in bridges:
        return Plan("", "")
    return routed_firewall.plan(None, found.table)


def refuse_engine(found: state_host.Found) -> None:
    """Raise Refused where no container can have IPv6."""
    engine_version.refuse_too_old(found.daemon.version)
    engine_kind.refuse_without_ipv6(found.no_ipv6)
    if daemon_planning.firewall_backend(found.daemon) == state_daemon.IPTABLES:
        engine_kind.refuse_without_ip6tables(found.no_ip6tables, found.daemon.version)
        engine_kind.refuse_without_raw(found.no_raw, found.daemon.version)


def enabled(
    wanted: Wanted,
    network: network_planning.WantedNetwork,
    found: state_host.Found,
    ask: docker_objects.Ask,
    file_settings: Settings,
) -> HostPlan:
    """The plan that gives containers IPv6 by a network, or by the default bridge; see nat()."""
    daemon_on_host.refuse_forwarding(found)
    config = _config(wanted, network, found, file_settings)
    containers = {name: ask.inspect(name) for name in wanted.containers}
    engine_kind.refuse_tasks(containers.values())
    if wanted.attach == network_on_host.DEFAULT_BRIDGE:
        default_bridge.refuse_elsewhere(containers.values())
    daemon_plan = daemon_on_host.plan_daemon(daemon_planning.Wanted(config, consent=wanted.consent), found)
    warning = address_pools.warning(found.daemon.version) if wanted.address_pool else ""
    if warning and daemon_plan.changed:
        daemon_plan = replace(daemon_plan, warnings=(*daemon_plan.warnings, warning))
    if wanted.attach == network_on_host.DEFAULT_BRIDGE:
        default_bridge.refuse_ipv4_only(containers.values(), found.networks, ask)
        daemon_plan = replace(daemon_plan, warnings=(*daemon_plan.warnings, default_bridge.ADVICE))
        return HostPlan(config, network, daemon_plan, Plan("", ""))
    none = wanted.attach == network_on_host.COMPOSE
    network_plan = Plan("", "") if none else network_on_host.plan_network(network, found, containers, ask)
    return HostPlan(config, network, daemon_plan, network_plan)


def _config(
    wanted: Wanted, network: network_planning.WantedNetwork, found: state_host.Found, file_settings: Settings
) -> Settings:
    """All daemon settings that the role's variables ask for."""
    version = found.daemon.version
    config = daemon_on_host.nat_settings(found.daemon, file_settings, wanted.userland_proxy)
    if found.ipv6nat:  # what it makes real needs nothing, and beside it nothing is done
        config = {name: value for name, value in config.items() if name not in ("ip6tables", "experimental")}
    if wanted.address_pool:
        config.update(address_pools.settings(wanted.address_pool, found.machine_id, file_settings, version))
    if wanted.attach == network_on_host.DEFAULT_BRIDGE:
        config.update(default_bridge.settings(network, found.networks, found.taken, file_settings, version))
    return config
