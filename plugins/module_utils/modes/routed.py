# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode ``routed``: containers have public addresses, and clients reach them there without any translation.

Who asks for a port, and where, was seen alike on Docker Engine 20.10.24, 26.1.5 and 28.5.2, except for the last rows:

==================================  ==========  ==========
IPv6 client from outside            before 27   27 or later
==================================  ==========  ==========
published, the container's address  real        real
not published                       timeout     timeout
the host's address, host port       real        refused
echo request to the container       timeout     answered
==================================  ==========  ==========

IPv4 clients use the host's address as ever. Before 27.0 Docker closes unpublished ports by the policy of a chain only,
which `ufw disable` opens, and gives outgoing packets the host's address: routed.nft_table sees to both there.
"""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ..change.plan import Plan
from ..core import ip, prefix_plan, verdict
from ..core.refused import Refused
from ..engine import version as engine_version
from ..exposure import direct_access, published
from ..network import on_host as network_on_host
from ..network import plan as network_plan
from ..routed import firewall as routed_firewall
from ..routed.nft_table import Open, Table
from ..state import definitions, docker_objects, routed_mode
from ..state import firewall as state_firewall
from . import nat

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..daemon.json_text import Settings
    from ..network.plan import WantedNetwork
    from ..state.host import Found, Uplink
    from .nat import Wanted

    Addresses = dict[str, str]

# The host's own: shorter ones are rare, and of a longer one nothing can be given away without a say of the provider's.
LONGEST_OF_HOST = 64
# Of a part of a /64, where the one wanted is none: every engine takes it.
CARVED = 80
RESPONDER, RESPONDER_PORT = "dms-ipv6-responder", 80
REMEDY_PREFIX = "Give a prefix that your provider leads to this host"
DNS = (
    "IPv6 clients reach container {0} at {1}: its AAAA record, the PTR of that address and the SPF record must name it,"
    " not the host's; IPv4 clients use the host's address as before"
)
NOT_DURABLE = (
    "container {0} of Compose project {1} loses its address once an `up` re-creates it: name network {2} in its Compose"
    " file as external"
)
# A policy of firewalld's, because all of Docker's networks are in the zone docker.
POLICY = "dms-ipv6"
FIREWALLD = (
    # It may be there already, which ends that command with an error.
    (
        f"firewall-cmd --permanent --new-policy {POLICY};"
        f" firewall-cmd --permanent --policy {POLICY} --add-ingress-zone ANY"
    ),
    f"firewall-cmd --permanent --policy {POLICY} --add-egress-zone docker",
)
RICH = (
    f"firewall-cmd --permanent --policy {POLICY} --add-rich-rule"
    " 'rule family=ipv6 destination address={0} port port={1} protocol={2} accept'"
)


@dataclass(frozen=True)
class RoutedPlan:
    """The plan for mode ``routed``.

    Attributes:
        host: daemon and network, as in mode ``nat``.
        table: the firewall wanted, and ``table_plan`` the steps to it; they come before those of the network.
        addresses: container -> its public address.
        responder: the address of a proof's responder.
        ndp: options of ndp_proxy, empty where a router leads the subnet to this host.
        warnings: what the operator should know.
    """

    host: nat.HostPlan
    table: Table
    table_plan: Plan
    addresses: Addresses
    responder: str
    ndp: Mapping[str, t.Any]
    warnings: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        plans: tuple[Plan, ...] = (self.host.daemon_plan, self.table_plan, self.host.network_plan)
        return [sentence for plan in plans for sentence in plan.sentences()]


def plan(wanted: Wanted, found: Found, ask: docker_objects.Ask, file_settings: Settings) -> RoutedPlan:
    """The plan for mode ``routed``.

    Args:
        wanted: the role's variables.
        found: what was read.
        ask: looks up the containers wanted, and more of those that have to move.
        file_settings: what the configuration file says.

    Raises:
        Refused: anything that must not or cannot be done; nothing was changed.
    """
    nat.refuse_engine(found)
    refuse_contradiction(wanted.attach, wanted.fleet_prefix, wanted.subnet)
    containers = {name: ask.inspect(name) for name in wanted.containers}
    network = addressed(_network_wanted(wanted, found), found, containers, dict(wanted.addresses))
    subnet = t.cast(ipaddress.IPv6Network, network_on_host.subnet_after(network, found))
    host = nat.enabled(wanted._replace(attach=network_on_host.NETWORK), network, found, ask, file_settings)
    addresses = {containers[name].name: address for name, address in network.addresses}
    table = _table(network, subnet, containers, found)
    _refuse_closed(network, containers, table, found)
    return RoutedPlan(
        host=host,
        table=table,
        table_plan=routed_firewall.plan(table, found.table),
        addresses=addresses,
        responder=_responder(network, subnet),
        ndp=_ndp(wanted, network, subnet, found),
        warnings=(*_not_durable(network.name, containers), *(DNS.format(*pair) for pair in addresses.items())),
    )


def refuse_contradiction(attach: str, fleet_prefix: str, subnet: str) -> None:
    """Raise Refused for options that mean mode ``nat``: another network, a prefix for ULAs, or a ULA."""
    if attach not in (network_on_host.AUTO, network_on_host.NETWORK):
        raise Refused(
            f"mode routed connects containers to a network of its own, and attach says {attach}",
            "attach",
            "Use network, or auto",
        )
    if fleet_prefix:
        raise Refused("it is for ULAs, and mode routed is for global addresses", "fleet_prefix", "Remove it")
    if subnet != network_on_host.AUTO:
        _global(subnet)


# --- the network


def network(wanted: Wanted, found: Found, containers: Mapping[str, docker_objects.Container]) -> WantedNetwork:
    """The network wanted, with the addresses of the containers on it."""
    refuse_contradiction(wanted.attach, wanted.fleet_prefix, wanted.subnet)
    return addressed(_network_wanted(wanted, found), found, containers, dict(wanted.addresses))


def _network_wanted(wanted: Wanted, found: Found) -> WantedNetwork:
    uplink = _uplink(wanted, found)
    derived = wanted.subnet == network_on_host.AUTO
    return network_plan.WantedNetwork(
        name=wanted.network,
        subnet=_carved(wanted, uplink, found) if derived else _global(wanted.subnet),
        derived=derived,
        containers=wanted.containers,
        options=routed_mode.options(wanted.network, found.daemon.version),
        inside=tuple(prefix for uplink in found.uplinks for prefix, _permanent in uplink.prefixes),
    )


def _uplink(wanted: Wanted, found: Found) -> Uplink | None:
    """The interface named, else the first one with a global prefix, or any with a default route."""
    if wanted.interface:
        uplink = next((uplink for uplink in found.uplinks if uplink.interface == wanted.interface), None)
        if uplink is None:
            names = ", ".join(uplink.interface for uplink in found.uplinks) or "none has one"
            problem = f"{wanted.interface} is not an interface of this host with an IPv6 default route ({names})"
            raise Refused(problem, "interface")
        return uplink
    return min(found.uplinks, key=lambda uplink: not uplink.prefixes, default=None)


def _global(text: str) -> ipaddress.IPv6Network:
    subnet = ip.subnet(text)
    if subnet.subnet_of(ip.ULA):
        problem = f"{subnet} is a ULA, which no client outside can reach; mode routed is for global addresses"
        raise Refused(problem, "subnet", f"{REMEDY_PREFIX}, or use mode nat")
    return subnet


def _carved(wanted: Wanted, uplink: Uplink | None, found: Found) -> ipaddress.IPv6Network:
    """A free part of the host's own prefix: the same every time."""
    prefix = _own_prefix(uplink, found)
    length = wanted.prefix_length if wanted.prefix_length > prefix.prefixlen else CARVED
    subnets = [subnet for network in found.networks if network.name == wanted.network for subnet in network.subnets6]
    on_link = {network for uplink in found.uplinks for network, _permanent in uplink.prefixes}
    avoid = [
        network
        for _label, network in found.taken
        if network not in on_link and not any(_is_part(network, subnet) for subnet in subnets)
    ]
    return prefix_plan.carve(prefix, length, avoid, f"{wanted.network} {found.machine_id}")


def _is_part(network: ip.AnyNetwork, subnet: ipaddress.IPv6Network) -> bool:
    return isinstance(network, ipaddress.IPv6Network) and network.subnet_of(subnet)


def _own_prefix(uplink: Uplink | None, found: Found) -> ipaddress.IPv6Network:
    """The prefix of the uplink that may be divided.

    A derived part needs an address that was set for good: after a change of prefix DNS would name nothing. One given by
    hand may be of a learned prefix, because the operator knows the provider; routed.ndp_checks refuses one valid for
    two hours at most.
    """
    if uplink is None or not uplink.prefixes:
        raise Refused("this host has no global IPv6 prefix on its uplink to take a part of", "subnet", REMEDY_PREFIX)
    large = [(prefix, permanent) for prefix, permanent in uplink.prefixes if prefix.prefixlen <= LONGEST_OF_HOST]
    if not large:
        names = ", ".join(str(prefix) for prefix, _permanent in uplink.prefixes)
        problem = f"the provider gave {uplink.interface} less than a /{LONGEST_OF_HOST} ({names})"
        raise Refused(problem, "subnet", REMEDY_PREFIX)
    lasting = [prefix for prefix, permanent in large if permanent]
    if not lasting:
        raise Refused(
            f"{large[0][0]} on {uplink.interface} was learned from a router and may change",
            "subnet",
            f"Give a part of it by hand if your provider says that it is yours for good, such as a /{CARVED}",
        )
    return _own_64(max(lasting, key=lambda prefix: prefix.prefixlen), uplink.interface, found)


def _own_64(prefix: ipaddress.IPv6Network, interface: str, found: Found) -> ipaddress.IPv6Network:
    """The /64 of a wider prefix in which the host has its address: the others may be of other customers.

    Providers that give a single /64 with a router outside it have hosts widen their netmask (moby#35195).
    """
    if prefix.prefixlen >= LONGEST_OF_HOST:
        return prefix
    here = [
        network for label, network in found.taken if label == f"address on {interface}" and _is_part(network, prefix)
    ]
    parts = {ipaddress.IPv6Network((network.network_address, LONGEST_OF_HOST), strict=False) for network in here}
    if len(parts) != 1:
        raise Refused(
            f"on {interface} the whole {prefix} is on-link, and nothing says which /{LONGEST_OF_HOST} of it is this"
            " host's",
            "subnet",
            REMEDY_PREFIX,
        )
    return parts.pop()


def addressed(
    network: WantedNetwork, found: Found, containers: Mapping[str, docker_objects.Container], given: Mapping[str, str]
) -> WantedNetwork:
    """The network with an address for each container: the one given, the one it has chosen itself, or a derived one.

    Every container has a fixed one: DNS names it, and so do the firewall and the kernel's proxy entries.
    """
    subnet = t.cast(ipaddress.IPv6Network, network_on_host.subnet_after(network, found))
    strangers = sorted({*given} - {*containers, *(container.name for container in containers.values())})
    if strangers:
        where = f"addresses, {strangers[0]}"
        raise Refused("there is no such container in `containers`", where, "Correct the name, or remove the address")
    result: Addresses = {}
    for name, container in sorted(containers.items(), key=lambda pair: pair[1].name):
        wish = given.get(name) or given.get(container.name, "")
        address = _given(wish, subnet, container.name) if wish else _own(container, network.name, subnet)
        address = address or routed_mode.address(subnet, container.name, result.values())
        if address in result.values():
            raise Refused(f"two containers are to have {address}", f"addresses, {container.name}")
        result[name] = address
    return network._replace(addresses=tuple((name, result[name]) for name in network.containers))


def _given(text: str, subnet: ipaddress.IPv6Network, name: str) -> str:
    where = f"addresses, {name}"
    try:
        value = ipaddress.IPv6Address(text)
    except ValueError:
        raise Refused(f"'{text}' is not an IPv6 address", where) from None
    if value not in subnet:
        raise Refused(f"{value} is outside {subnet}", where, "Give an address of the network's subnet")
    if value in (subnet[0], subnet[1]):
        raise Refused(f"{value} is the network's own (its anycast address or its gateway)", where, "Give another one")
    return str(value)


def _own(container: docker_objects.Container, network: str, subnet: ipaddress.IPv6Network) -> str:
    endpoint = container.endpoint(network)
    address = definitions.address6(endpoint.settings) if endpoint else ""
    return address if address and ipaddress.IPv6Address(address) in subnet else ""


# --- what is open


def _table(
    network: WantedNetwork,
    subnet: ipaddress.IPv6Network,
    containers: Mapping[str, docker_objects.Container],
    found: Found,
) -> Table:
    masquerades = not engine_version.has(found.daemon.version, "gateway_mode_routed")
    return Table(
        subnet=str(subnet),
        bridge=routed_mode.bridge_name(network.name),
        ports=tuple(sorted({port for name, to in network.addresses for port in ports(containers[name], to)})),
        sources=tuple(sorted(address for _name, address in network.addresses)) if masquerades else (),
    )


def ports(container: docker_objects.Container, address: str) -> Iterator[Open]:
    """What a container's user has published for IPv6 clients, at the container's own address."""
    for port in (*container.bindings, *container.ports):
        if not port.host_ip or (":" in port.host_ip and not ipaddress.ip_address(port.host_ip).is_loopback):
            yield Open(address, port.protocol, port.container_port)


def _refuse_closed(
    network: WantedNetwork, containers: Mapping[str, docker_objects.Container], table: Table, found: Found
) -> None:
    """Raise Refused where a published port would not be reached: our table opens nothing that others close."""
    definition = definitions.new_network(network.name, table.subnet, {}, dict(network.options))
    planned = docker_objects.network({"Id": "planned", **definitions.load(definition)})
    others = tuple(candidate for candidate in found.networks if candidate.name != network.name)
    after = published.host(found)._replace(
        ip6tables=True,
        forwards=True,
        networks=(*others, planned),
        table=table,
    )
    closed = [
        (Open(address, exposure.port.protocol, exposure.port.container_port), exposure)
        for name, address in network.addresses
        for exposure in direct_access.exposures(_joined(containers[name], network.name, address, after), after)
        if exposure.port.host_ip == address and exposure.verdict != verdict.REAL
    ]
    shut = [(port, cause) for port, cause in closed if port in table.ports]
    if shut:
        ways = ", ".join(str(port) for port, _one in shut)
        cause = published.CAUSES[shut[0][1].cause]
        # The responder of a proof needs the same; our own firewall lets it in only as long as that takes.
        responder = Open(_responder(network, ipaddress.IPv6Network(table.subnet)), "tcp", RESPONDER_PORT)
        commands = _commands([*(port for port, _one in shut), responder], table, found)
        raise Refused(f"clients would not get to {ways}: {cause}", "host firewall", f"{commands}. Nothing was changed")


def _joined(
    container: docker_objects.Container, network: str, address: str, after: published.Host
) -> docker_objects.Container:
    """The container on the network, which must be the one that its published ports lead to."""
    current = container.endpoint(network) or docker_objects.Endpoint(network, "192.0.0.8", address, "192.0.0.9", "")
    place = current._replace(ipv6=address)
    joined = container._replace(
        endpoints=(*(endpoint for endpoint in container.endpoints if endpoint.network != network), place)
    )
    first = published.gateway(joined, state_firewall.IPV6, after)
    if first != place and not engine_version.has(after.version, "routed_beside_gateway"):
        other = first.network if first else ""
        raise Refused(
            f"its published ports lead to network {other}, which has IPv6 as well and sorts before {network}",
            f"container {container.name}",
            f"Take it off {other}, or choose a name in dms_ipv6_network that sorts before it",
        )
    return joined


def _commands(ports: list[Open], table: Table, found: Found) -> str:
    """What opens ports in the host's firewall, as commands for its owner to run."""
    uplink = found.uplinks[0].interface if found.uplinks else "UPLINK"
    if found.firewall.kind == state_firewall.UFW:
        way = f"ufw route allow in on {uplink} out on {table.bridge}"
        lines = [f"{way} to {port.address} port {port.port} proto {port.protocol}" for port in ports]
    elif found.firewall.kind == state_firewall.FIREWALLD and engine_version.has(
        found.daemon.version, "firewalld_policy"
    ):
        lines = ["systemctl restart docker"]
    elif found.firewall.kind == state_firewall.FIREWALLD:
        lines = [*FIREWALLD, *(RICH.format(port.address, port.port, port.protocol) for port in ports)]
        lines.append("firewall-cmd --reload")
    else:
        lines = [f"ip6tables -I FORWARD -o {table.bridge} -j ACCEPT"]
    return f"Run `{' && '.join(lines)}`, then run this again"


# --- what else there is to say


def _responder(network: WantedNetwork, subnet: ipaddress.IPv6Network) -> str:
    return routed_mode.address(subnet, RESPONDER, (address for _name, address in network.addresses))


def _ndp(wanted: Wanted, network: WantedNetwork, subnet: ipaddress.IPv6Network, found: Found) -> dict[str, t.Any]:
    """Options of ndp_proxy where the subnet is a part of an uplink's prefix: a router looks for neighbours there."""
    named = [uplink for uplink in found.uplinks if wanted.interface in ("", uplink.interface)]
    for uplink in named:
        if any(subnet != prefix and subnet.subnet_of(prefix) for prefix, _permanent in uplink.prefixes):
            return {
                "prefix": str(subnet),
                "interface": uplink.interface,
                "addresses": [*(address for _name, address in network.addresses), _responder(network, subnet)],
                "backend": wanted.ndp_backend,
            }
    return {}


def _not_durable(network: str, containers: Mapping[str, docker_objects.Container]) -> Iterator[str]:
    for container in containers.values():
        project = container.labels.get(docker_objects.COMPOSE_PROJECT)
        if project:
            yield NOT_DURABLE.format(container.name, project, network)
