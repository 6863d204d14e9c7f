# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found on a host, as values: networks, containers, ports. Reads the Engine API's JSON, asks nobody."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from ansible_collections.dms.ipv6.plugins.module_utils import _address

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, t.Any]

BRIDGE_NAME = "com.docker.network.bridge.name"
COMPOSE_PROJECT = "com.docker.compose.project"
# Networks of the engine's own: never created, changed or removed by us.
PREDEFINED = ("bridge", "host", "none", "docker_gwbridge", "ingress")


@dataclass(frozen=True)
class Network:
    """A Docker network.

    Attributes:
        subnets: of both families.
        gateways: as the engine reports them, without a prefix length (before 28.0.1 it may add one for IPv6).
        bridge: the host's bridge device, empty for other drivers.
    """

    id: str
    name: str
    driver: str
    ipv6: bool
    internal: bool
    subnets: tuple[_address.AnyNetwork, ...]
    gateways: tuple[str, ...]
    bridge: str
    options: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def subnets6(self) -> tuple[ipaddress.IPv6Network, ...]:
        """The IPv6 subnets, normally one."""
        return tuple(one for one in self.subnets if isinstance(one, ipaddress.IPv6Network))


@dataclass(frozen=True)
class Endpoint:
    """A container's place on a network; addresses are empty where it has none."""

    network: str
    ipv4: str
    ipv6: str
    gateway4: str
    gateway6: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Port:
    """A published port: one host address, one host port."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


@dataclass(frozen=True)
class Container:
    """A container. ``pid`` (0: not running), ``started_at`` and aliases are known only from an inspect."""

    id: str
    name: str
    running: bool
    network_mode: str
    endpoints: tuple[Endpoint, ...]
    ports: tuple[Port, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    started_at: str = ""

    def endpoint(self, network: str) -> Endpoint | None:
        """Its place on a network, or None."""
        return next((one for one in self.endpoints if one.network == network), None)

    @property
    def has_ipv6(self) -> bool:
        """Whether any network gives it an IPv6 address."""
        return any(one.ipv6 for one in self.endpoints)


def network(inspected: Json) -> Network:
    """A network of GET /networks."""
    config = [one for one in (inspected.get("IPAM") or {}).get("Config") or [] if one.get("Subnet")]
    options = inspected.get("Options") or {}
    driver = str(inspected.get("Driver", ""))
    bridge = options.get(BRIDGE_NAME) or f"br-{inspected['Id'][:12]}"
    return Network(
        id=inspected["Id"],
        name=inspected["Name"],
        driver=driver,
        ipv6=bool(inspected.get("EnableIPv6")),
        internal=bool(inspected.get("Internal")),
        subnets=tuple(ipaddress.ip_network(one["Subnet"], strict=False) for one in config),
        gateways=tuple(one["Gateway"].split("/")[0] for one in config if one.get("Gateway")),
        bridge=bridge if driver == "bridge" else "",
        options=options,
        labels=inspected.get("Labels") or {},
    )


def listed(summary: Json) -> Container:
    """A container of GET /containers/json."""
    return Container(
        id=summary["Id"],
        name=_name(summary),
        running=summary.get("State") == "running",
        network_mode=(summary.get("HostConfig") or {}).get("NetworkMode", ""),
        endpoints=_endpoints(summary["Id"], summary.get("NetworkSettings") or {}),
        ports=tuple(
            Port(one["PrivatePort"], one["Type"], one.get("IP", ""), one["PublicPort"])
            for one in summary.get("Ports") or []
            if one.get("PublicPort")
        ),
        labels=summary.get("Labels") or {},
    )


def _name(summary: Json) -> str:
    """The container's own name: not a legacy link's (/web/db), and its id while it is being removed."""
    own = [one.lstrip("/") for one in summary.get("Names") or () if one.count("/") == 1]
    return own[0] if own else str(summary["Id"][:12])


def inspected(container: Json) -> Container:
    """A container of GET /containers/NAME/json."""
    state = container.get("State") or {}
    settings = container.get("NetworkSettings") or {}
    return Container(
        id=container["Id"],
        name=container["Name"].lstrip("/"),
        running=bool(state.get("Running")),
        network_mode=(container.get("HostConfig") or {}).get("NetworkMode", ""),
        endpoints=_endpoints(container["Id"], settings),
        ports=tuple(_bindings(settings.get("Ports") or {})),
        labels=(container.get("Config") or {}).get("Labels") or {},
        pid=int(state.get("Pid") or 0),
        started_at=str(state.get("StartedAt", "")),
    )


def _endpoints(container_id: str, settings: Json) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            network=name,
            ipv4=one.get("IPAddress") or "",
            ipv6=one.get("GlobalIPv6Address") or "",
            gateway4=one.get("Gateway") or "",
            gateway6=one.get("IPv6Gateway") or "",
            # 20.10 adds the short container id by itself to every endpoint.
            aliases=tuple(alias for alias in one.get("Aliases") or () if alias != container_id[:12]),
        )
        for name, one in (settings.get("Networks") or {}).items()
    )


def _bindings(ports: Json) -> t.Iterator[Port]:
    for name, bindings in ports.items():
        number, _slash, protocol = name.partition("/")
        for one in bindings or ():
            yield Port(int(number), protocol, one.get("HostIp", ""), int(one.get("HostPort") or 0))
