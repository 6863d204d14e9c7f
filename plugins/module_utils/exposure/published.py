# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remote client gets at a published port, predicted from what is found.

The heart of it, seen alike on Docker Engine 20.10.24, 26.1.5 and 28.5.2 (published port, remote client over IPv6):

================  =========  ==============  ==========================================
container         ip6tables  userland-proxy  result
================  =========  ==============  ==========================================
IPv4 only         any        on              masked, by the network's IPv4 gateway
IPv4 only         any        off             refused
dual-stack        off        on              masked, by the network's IPv6 gateway
dual-stack        off        off             timeout
dual-stack        on         any             real
================  =========  ==============  ==========================================

IPv4 clients get the same by the same rules, with ``iptables`` for ``ip6tables``. Docker's translation goes past UFW and
firewalld; what docker-proxy or no program accepts does not. tests/integration/test_exposure.py holds all this against
real engines. What a client gets who addresses the container itself is in exposure.direct_access.
"""

from __future__ import annotations

import functools
import ipaddress
import typing as t

from ..core import ip as core_ip
from ..core import verdict as core_verdict
from ..daemon import plan as daemon_plan
from ..engine import version as engine_version
from ..routed import nft_table
from ..state import daemon as state_daemon
from ..state import definitions, docker_objects, packet_filter
from ..state import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..state import host as state_host

    Result = tuple[str, str, str]

UNKNOWN = "unknown"
# Inside its container.
RESPONDER_PORT = 80
HOST_MODE, CONTAINER_MODE = "host", "container:"
GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_"
NAT, ROUTED, UNPROTECTED = "nat", "routed", "nat-unprotected"

# Why a client gets something else than a real connection: stable words, each a clause.
CAUSES = {
    "ip6tables_off": "ip6tables is off",
    "iptables_off": "iptables is off",
    "no_ipv6_address": "the container has no IPv6 address",
    "no_ipv4_address": "the container has no IPv4 address",
    "userland_proxy_off": "the container has no IPv6 address and userland-proxy is off",
    "rules_and_userland_proxy_off": "neither packet filter rules nor userland-proxy serve the port",
    "ipv4_only_listener": "the service listens on IPv4 only inside the container",
    "no_listener": "the service does not listen on the address that it is reached at inside the container",
    "not_published": "the port is not published in this family",
    "loopback_only": "the port is published on the host's loopback address only",
    "no_network": "the container has no network",
    "internal_network": "the container is on internal networks only",
    "routed": "the network is in gateway mode routed, where the container's own address is the one to use",
    "host_firewall": "the host's firewall does not let it in",
    "host_firewall_unknown": "it is unknown whether the host's firewall lets it in",
    "forwarding_off": "the host does not forward IPv6",
    "routed_firewall": "our own firewall of containers with public addresses does not open it",
    "direct_access_closed": "the engine closes the container's own address to other hosts",
    "ip6tables_unknown": "it is unknown whether ip6tables is on",
    "userland_proxy_unknown": "it is unknown whether userland-proxy is on",
    "trusted_interfaces": "only interfaces that the network names have access to the container's own address",
    "other_driver": "the network is not a bridge",
    "ipv6_binding_lost": "this engine publishes on IPv6 without saying so (Docker Engine 20.10.0 to 20.10.5)",
}


class Host(t.NamedTuple):
    """What a container stands on; None where that is unknown.

    Attributes:
        version: of the engine.
        ip6tables: and the other settings that the running daemon has.
        backend: iptables or nftables (from Docker Engine 29).
        direct_routing: allow-direct-routing.
        forwards: whether the host forwards IPv6.
        networks: all of them; one that is missing here is taken for a plain bridge.
        containers: all that run, for those that share another one's network.
        firewall: the host's own.
        table: our own firewall of containers with public addresses, None if there is none.
        ipv6nat: the container that translates IPv6 for networks with ULAs in Docker's place; empty for none.
    """

    version: engine_version.Version
    ip6tables: bool | None
    userland_proxy: bool | None
    iptables: bool | None = True
    backend: str = state_daemon.IPTABLES
    direct_routing: bool | None = False
    forwards: bool | None = None
    networks: tuple[docker_objects.Network, ...] = ()
    containers: tuple[docker_objects.Container, ...] = ()
    firewall: state_firewall.HostFirewall = state_firewall.HostFirewall()
    table: nft_table.Table | None = None
    ipv6nat: str = ""

    def network(self, name: str) -> docker_objects.Network | None:
        """A network by its name, or None."""
        for network in self.networks:  # many times for each container, so no generator
            if network.name == name:
                return network
        return None

    @property
    def translated(self) -> tuple[str, ...]:
        """The families of which Docker translates packets, or will once ip6tables is on."""
        return state_firewall.FAMILIES if self.iptables is not False else (state_firewall.IPV6,)

    def mode(self, name: str, family: str) -> str:
        """The gateway mode of a network in a family. Before 27 the option is taken and does nothing."""
        network = self.network(name)
        if network is None or not engine_version.has(self.version, "gateway_mode_routed"):
            return NAT
        return network.options.get(GATEWAY_MODE + family) or NAT


# By what the host's firewall does with a packet.
_CLOSED: dict[str, Result] = {
    state_firewall.DROP: (core_verdict.TIMEOUT, "", "host_firewall"),
    state_firewall.REJECT: (core_verdict.REFUSED, "", "host_firewall"),
    UNKNOWN: (UNKNOWN, "", "host_firewall_unknown"),
}


class Exposure(t.NamedTuple):
    """What a remote client of one family gets at one port.

    Attributes:
        port: its host_ip is empty where the engine publishes nothing.
        verdict: real, masked, refused, timeout, or unknown.
        by: the address that the container sees when masked, where it is known.
        cause: of CAUSES; empty for real.
    """

    port: docker_objects.Port
    family: str
    verdict: str
    by: str = ""
    cause: str = ""


class _Door(t.NamedTuple):
    """A port of one family: whether the engine says that it is published, and whether its user wants that."""

    port: docker_objects.Port
    family: str
    listed: bool
    wanted: bool


def host(found: state_host.Found) -> Host:
    """The surroundings, as they were read."""
    ip6tables, proxy, iptables, direct = (
        daemon_plan.effective(name, found.daemon)
        for name in ("ip6tables", "userland-proxy", "iptables", "allow-direct-routing")
    )
    return Host(
        found.daemon.version,
        ip6tables,
        proxy,
        iptables,
        daemon_plan.firewall_backend(found.daemon),
        direct,
        found.forwards,
        found.networks,
        found.containers,
        found.firewall._replace(drops_ipv6=bool(found.no_ipv6)),
        nft_table.in_force(found.table),
        found.ipv6nat,
    )


def exposures(container: docker_objects.Container, host: Host) -> tuple[Exposure, ...]:
    """The exposure of each published port of a running container, in both families.

    With the host's own network the ports are those that the container's processes listen on. A container on another
    one's network has that one's ports, those that it does not serve itself left out.
    """
    if not container.running:
        return ()
    if container.network_mode == HOST_MODE:
        return tuple(_of_listeners(container, host))
    if container.network_mode.startswith(CONTAINER_MODE):
        name = container.network_mode[len(CONTAINER_MODE) :]
        owners = (container for container in host.containers if name in (container.id, container.name))
        return tuple(
            exposure
            for owner in owners
            for exposure in exposures(owner, host)
            if heard(container, exposure.port.container_port)
        )
    return tuple(_exposure(door, container, host) for door in _doors(container))


def served(containers: Iterable[docker_objects.Container], host: Host) -> tuple[tuple[str, int], ...]:
    """Family and host port of the TCP ports at which clients on other hosts get an answer, whomever it is meant for."""
    found = [
        exposure
        for container in containers
        for exposure in exposures(container, host)
        if heard(container, exposure.port.container_port)
    ]
    answered = [
        exposure
        for exposure in found
        if exposure.port.protocol == "tcp" and exposure.verdict in (core_verdict.REAL, core_verdict.MASKED)
    ]
    return tuple(
        dict.fromkeys(
            (exposure.family, exposure.port.host_port) for exposure in answered if _everywhere(exposure.port.host_ip)
        )
    )


@functools.lru_cache(maxsize=4096)
def _everywhere(address: str) -> bool:
    return not address or ipaddress.ip_address(address).is_unspecified


def heard(container: docker_objects.Container, port: int) -> bool:
    """Whether something in a container listens on a TCP port, as far as that is known."""
    return container.listeners is None or any(port == at for ears in container.listeners.values() for _ip, at in ears)


def _of_listeners(container: docker_objects.Container, host: Host) -> Iterator[Exposure]:
    """A container on the host's network: its listeners are the host's, and the firewall's rules are about them."""
    heard = container.listeners or {}
    for number in sorted({at for ears in heard.values() for _ip, at in ears}):
        four, six = (
            [ip for ip, at in heard.get(family, ()) if at == number and not _loopback(ip)]
            for family in state_firewall.FAMILIES
        )
        # A socket on [::] takes IPv4 as well, unless another one does.
        outside = {state_firewall.IPV4: four or [ip for ip in six if ip == "::"], state_firewall.IPV6: six}
        for family, ears in outside.items():
            port = docker_objects.Port(number, "tcp", ears[0] if ears else "", number)
            if ears:
                yield Exposure(port, family, *_let_in((core_verdict.REAL, "", ""), port, family, host))
            elif four or six:
                cause = "ipv4_only_listener" if family == state_firewall.IPV6 else "no_listener"
                yield Exposure(port, family, *_closed(cause, port, family, host))


def _doors(container: docker_objects.Container) -> Iterator[_Door]:
    """Both families of each published port: what the engine lists, and what it publishes nothing for."""
    listed = [port for port in container.ports if port.host_port]
    for binding in listed:
        yield _Door(binding, _family(binding.host_ip), True, True)
    fixed = [port for port in container.bindings if port.host_port]
    for number, protocol, at in sorted(
        {(port.container_port, port.protocol, port.host_port) for port in (*listed, *fixed)}
    ):
        requested = [
            port for port in fixed if (port.container_port, port.protocol, port.host_port) == (number, protocol, at)
        ]
        for family in state_firewall.FAMILIES:
            bound = {
                port.host_port
                for port in listed
                if (port.container_port, port.protocol, _family(port.host_ip)) == (number, protocol, family)
            }
            # A host port of the engine's own choice may be another one in each family (before 27.0).
            if at not in bound and (requested or not bound):
                covers = any(port.host_ip == "" or _family(port.host_ip) == family for port in requested)
                yield _Door(docker_objects.Port(number, protocol, "", at), family, False, covers)


def _exposure(door: _Door, container: docker_objects.Container, host: Host) -> Exposure:
    return Exposure(door.port, door.family, *(_listed if door.listed else _unlisted)(door, container, host))


def _unlisted(door: _Door, container: docker_objects.Container, host: Host) -> Result:
    """What clients get in a family in which the engine publishes nothing, and why."""
    target = gateway(container, door.family, host)
    if not container.endpoints:
        cause = "no_network"
    elif not _outward(container, host):
        cause = "internal_network"
    elif not door.wanted:
        cause = "not_published"
    elif target and host.mode(target.network, door.family) == ROUTED:
        cause = "routed"
    elif target is None and door.family == state_firewall.IPV4:
        cause = "no_ipv4_address"
    elif target is None and host.userland_proxy is False:
        cause = "userland_proxy_off"
    else:
        cause = "not_published"
    lost = door.family == state_firewall.IPV6 and not engine_version.has(host.version, "ipv6_binding_listed")
    if lost and (door.wanted or not container.bindings) and cause in ("not_published", "userland_proxy_off"):
        return UNKNOWN, "", "ipv6_binding_lost"
    return _closed(cause, door.port, door.family, host)


def _listed(door: _Door, container: docker_objects.Container, host: Host) -> Result:
    """A port that the engine says is published."""
    if _loopback(door.port.host_ip):
        return _closed("loopback_only", door.port, door.family, host)
    target = gateway(container, door.family, host)
    through = target or gateway(container, state_firewall.IPV4, host)
    network = through and host.network(through.network)
    if through is None or (network and network.driver != "bridge"):
        return UNKNOWN, "", "other_driver" if through else "no_network"
    if target is None:
        return _proxied(door, through, "no_ipv6_address", container, host)
    if host.mode(target.network, door.family) == ROUTED:
        return _closed("routed", door.port, door.family, host)
    if door.family == state_firewall.IPV6 and host.ipv6nat and ipaddress.IPv6Address(target.ipv6) in core_ip.ULA:
        return _translated(door, target, container, host)
    if door.family == state_firewall.IPV6 and host.ip6tables is None:
        return UNKNOWN, "", "ip6tables_unknown"
    if door.family == state_firewall.IPV6 and not host.ip6tables:
        return _proxied(door, target, "ip6tables_off", container, host)
    # Its default is on, and who switches it off says so.
    if door.family == state_firewall.IPV4 and host.iptables is False:
        return _proxied(door, target, "iptables_off", container, host)
    return _translated(door, target, container, host)


def _translated(
    door: _Door, target: docker_objects.Endpoint, container: docker_objects.Container, host: Host
) -> Result:
    """The kernel rewrites the destination and forwards the packet."""
    if door.family == state_firewall.IPV6 and host.firewall.drops_ipv6:
        return core_verdict.TIMEOUT, "", "host_firewall"
    if door.family == state_firewall.IPV6 and host.forwards is False:
        return core_verdict.TIMEOUT, "", "forwarding_off"
    if host.backend == state_daemon.NFTABLES and forward_policy(door.family, host) == state_firewall.DROP:
        # Docker's own table lets it pass, which is not the last word: every other table is read as well.
        return core_verdict.TIMEOUT, "", "host_firewall"
    if door.family == state_firewall.IPV6 and closed_by_us(target.ipv6, door.port, host):
        return core_verdict.TIMEOUT, "", "routed_firewall"
    deaf = unheard(container, door.port, door.family, target)
    on_its_way = forwarded(door.port, door.family, target, host).verdict
    if on_its_way != state_firewall.ACCEPT:
        return _CLOSED[on_its_way]
    return (core_verdict.REFUSED, "", deaf) if deaf else (core_verdict.REAL, "", "")


def closed_to_responder(networks: Iterable[str], host: Host) -> dict[str, str]:
    """Family -> the chain of the administrator's own that may close the way to a responder on one of these networks."""
    port, found = docker_objects.Port(RESPONDER_PORT, "tcp", "", 0), {}
    for name in networks:
        candidate = host.network(name)
        subnets = candidate.subnets if candidate else ()
        four, six = (next((str(subnet[9]) for subnet in subnets if subnet.version == of), "") for of in (4, 6))
        for family in host.translated:
            way = forwarded(port, family, docker_objects.Endpoint(name, four, six, "", ""), host)
            if way.verdict != state_firewall.ACCEPT:
                found[family] = way.by
    return found


def keeps_out(exposure: Exposure, container: docker_objects.Container, host: Host) -> str:
    """The chain of the administrator's own that closes the way of translated packets, empty if none surely does."""
    target = gateway(container, exposure.family, host)
    if target is None or exposure.cause != "host_firewall":
        return ""
    return forwarded(exposure.port, exposure.family, target, host).by


def forwarded(
    port: docker_objects.Port, family: str, target: docker_objects.Endpoint, host: Host
) -> packet_filter.Outcome:
    """What chains of the administrator's own do with a packet that Docker has translated, and its rules accept."""
    network = host.network(target.network)
    # A network that does not exist yet has an unknown address, and a bridge that Docker names.
    to = (target.ipv6 if family == state_firewall.IPV6 else target.ipv4) if network else ""
    bridge = network.bridge if network and network.bridge else "br-000000000000"
    packet = packet_filter.Packet(
        packet_filter.FORWARD, family, port.protocol, port.container_port, port.host_port,
        host.firewall.uplinks, bridge, to, True,
    )  # fmt: skip
    docker = host.backend == state_daemon.IPTABLES and (
        family == state_firewall.IPV4 or engine_version.has(host.version, "docker_user_ipv6")
    )
    return packet_filter.outcome(host.firewall.chains, packet, docker)


def closed_by_us(address: str, port: docker_objects.Port, host: Host) -> bool:
    """Whether our own firewall closes a container's port at its own address; it says nothing of other networks."""
    table = host.table
    if table is None or ipaddress.IPv6Address(address) not in ipaddress.IPv6Network(table.subnet):
        return False
    return nft_table.Open(address, port.protocol, port.container_port) not in table.ports


def _proxied(
    door: _Door, through: docker_objects.Endpoint, cause: str, container: docker_objects.Container, host: Host
) -> Result:
    """docker-proxy, if it runs, accepts on the host and connects to the container itself."""
    to = state_firewall.IPV4 if cause == "no_ipv6_address" else door.family
    if host.userland_proxy is None:
        return UNKNOWN, "", "userland_proxy_unknown"
    if not host.userland_proxy:
        if to != door.family:
            return _closed("userland_proxy_off", door.port, door.family, host)
        return _let_in((core_verdict.TIMEOUT, "", "rules_and_userland_proxy_off"), door.port, door.family, host)
    deaf = unheard(container, door.port, to, through)
    by = through.gateway4 if to == state_firewall.IPV4 else through.gateway6
    # It does not pass on the ICMP message that says that nothing listens.
    unserved = core_verdict.TIMEOUT if door.port.protocol == "udp" else core_verdict.REFUSED
    result = (unserved, "", deaf) if deaf else (core_verdict.MASKED, by, cause)
    return _let_in(result, door.port, door.family, host)


def _let_in(result: Result, port: docker_objects.Port, family: str, host: Host) -> Result:
    """What becomes of a connection that ends on the host itself."""
    at_the_door = host.firewall.at_the_door(family, port.host_port, port.protocol)
    return result if at_the_door == state_firewall.ACCEPT else _CLOSED[at_the_door]


def _closed(cause: str, port: docker_objects.Port, family: str, host: Host) -> Result:
    """Nothing listens on the host: refused, unless its firewall swallows even that."""
    at_the_door = host.firewall.at_the_door(family, port.host_port, port.protocol)
    return _CLOSED[at_the_door] if at_the_door in (state_firewall.DROP, UNKNOWN) else (core_verdict.REFUSED, "", cause)


def _outward(container: docker_objects.Container, host: Host) -> list[docker_objects.Endpoint]:
    """The container's places on networks that have a way out."""
    networks = {endpoint.network: host.network(endpoint.network) for endpoint in container.endpoints}
    return [endpoint for endpoint in container.endpoints if not getattr(networks[endpoint.network], "internal", False)]


def gateway(container: docker_objects.Container, family: str, host: Host) -> docker_objects.Endpoint | None:
    """The place that published ports of a family lead to, None if no network gives it an address of that family.

    First dual-stack before one family alone, then by the priority given (Docker Engine 28), then by the network's name:
    a dual-stack network is taken for both families before any priority is looked at (moby#51999; seen on 28.5.2 with
    a bridge and with macvlan).
    """
    able = [
        endpoint
        for endpoint in _outward(container, host)
        if (endpoint.ipv6 if family == state_firewall.IPV6 else endpoint.ipv4)
    ]
    return min(
        able,
        key=lambda endpoint: (not (endpoint.ipv4 and endpoint.ipv6), -priority(endpoint), endpoint.network),
        default=None,
    )


def priority(endpoint: docker_objects.Endpoint) -> int:
    """The gateway priority that the container's user gave a network."""
    return _priority(endpoint.settings)


@functools.lru_cache(maxsize=4096)
def _priority(settings: str) -> int:
    return int(definitions.load(settings).get("GwPriority", 0))


def unheard(
    container: docker_objects.Container, port: docker_objects.Port, family: str, target: docker_objects.Endpoint
) -> str:
    """Why nothing answers at the container's address of a family; empty if something does, or if that is unknown.

    A port that nothing serves in any way is taken for one whose service is not up yet.
    """
    heard = {"tcp": container.listeners, "udp": container.udp}.get(port.protocol)
    if heard is None:
        return ""
    four, six = ([ip for ip, at in heard.get(of, ()) if at == port.container_port] for of in state_firewall.FAMILIES)
    by_four, by_six = _takes(four, target.ipv4), _takes(six, target.ipv6)
    # A socket on [::] takes IPv4 as well.
    if not (four or six) or (by_six if family == state_firewall.IPV6 else by_four or _takes(six, target.ipv4)):
        return ""
    return "ipv4_only_listener" if family == state_firewall.IPV6 and by_four else "no_listener"


def _takes(listened: list[str], address: str) -> bool:
    own = core_ip.plain(address)
    return any(core_ip.plain(ip) == own or _everywhere(ip) for ip in listened)


def forward_policy(family: str, host: Host) -> str:
    """What the packet filter does with what it forwards and no rule is about: accept or drop.

    Before 28.0 dockerd sets DROP at every start with rules of its own on.
    """
    read = host.firewall.forward.get(family)
    if read or host.firewall.kind == state_firewall.UFW:
        return read or state_firewall.DROP
    drops = (
        host.ip6tables
        and host.backend == state_daemon.IPTABLES
        and not engine_version.has(host.version, "forward_policy_kept")
    )
    return state_firewall.DROP if drops else state_firewall.ACCEPT


def _family(address: str) -> str:
    return state_firewall.IPV6 if ":" in address else state_firewall.IPV4


@functools.lru_cache(maxsize=4096)
def _loopback(address: str) -> bool:
    return bool(address) and ipaddress.ip_address(core_ip.plain(address)).is_loopback
