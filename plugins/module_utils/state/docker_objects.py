# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found on a host, as values: networks, containers, ports. Reads the Engine API's JSON, sends nothing."""

from __future__ import annotations

import ipaddress
import posixpath
import types
import typing as t

from ..core import ip
from . import container_status, definitions, routed_mode

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..change.plan import Steps

    Json = dict[str, t.Any]

BRIDGE_NAME = routed_mode.BRIDGE_NAME
COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
COMPOSE_NETWORK = "com.docker.compose.network"
COMPOSE_HASH = definitions.COMPOSE_HASH
# Where a container's Compose file was, and its names with commas between; 1.29 gives them without the folder.
COMPOSE_FOLDER = "com.docker.compose.project.working_dir"
COMPOSE_FILES = "com.docker.compose.project.config_files"
COMPOSE_ENV_FILES = "com.docker.compose.project.environment_file"
DEFAULT_BRIDGE = "com.docker.network.bridge.default_bridge"
TUN = "/dev/net/tun"
# A rule that lets a container make that device itself.
TUN_RULE = "c 10:200 "
# The sysctls with which a container gets no IPv6 address, at its next start at the latest (seen on 20.10.24 to 28.5.2).
DISABLES_IPV6 = tuple(f"net.ipv6.conf.{name}.disable_ipv6" for name in ("all", "default"))
BRIDGE_OPTIONS = {
    "icc": "com.docker.network.bridge.enable_icc",
    "ip-masq": "com.docker.network.bridge.enable_ip_masquerade",
    "mtu": "com.docker.network.driver.mtu",
}
# Networks of the engine's own: never created, changed or removed by us.
PREDEFINED = ("bridge", "host", "none", "docker_gwbridge", "ingress")


class Network(t.NamedTuple):
    """A Docker network.

    Attributes:
        subnets: of both families.
        gateways: as the engine reports them, without a prefix length (before 28.0.1 it may add one for IPv6).
        bridge: the host's bridge device, empty for other drivers.
        definition: what would create it again, see definitions.
        odd_gateway: the gateway with a prefix length, as clients get it from the engine; empty if there is none.
    """

    id: str
    name: str
    driver: str
    ipv6: bool
    internal: bool
    subnets: tuple[ip.AnyNetwork, ...]
    gateways: tuple[str, ...]
    bridge: str
    options: Mapping[str, str]
    labels: Mapping[str, str]
    definition: str = ""
    odd_gateway: str = ""

    @property
    def subnets6(self) -> tuple[ipaddress.IPv6Network, ...]:
        """The IPv6 subnets, normally one."""
        return tuple(subnet for subnet in self.subnets if isinstance(subnet, ipaddress.IPv6Network))


def bridge_settings(networks: Iterable[Network]) -> dict[str, t.Any]:
    """Settings of daemon.json as the default bridge shows them: what dockerd really did, whatever its file says."""
    bridge = next(
        (candidate for candidate in networks if candidate.name == "bridge" and DEFAULT_BRIDGE in candidate.options),
        None,
    )
    if bridge is None:
        return {}
    options = {name: bridge.options.get(option, "") for name, option in BRIDGE_OPTIONS.items()}
    settings: dict[str, t.Any] = {name: text == "true" for name, text in options.items() if text in ("true", "false")}
    if options["mtu"].isdecimal():
        settings["mtu"] = int(options["mtu"])
    if bridge.ipv6 and len(bridge.subnets6) == 1:
        settings["fixed-cidr-v6"] = str(bridge.subnets6[0])
    return {"ipv6": bridge.ipv6, **settings}


class Endpoint(t.NamedTuple):
    """A container's place on a network; addresses are empty where it has none.

    Attributes:
        settings: what would connect it again in the same way, see definitions; only from an inspect.
        mac: the MAC address that its user gave it there, empty for none; only where that is known, see inspected().
    """

    network: str
    ipv4: str
    ipv6: str
    gateway4: str
    gateway6: str
    settings: str = "{}"
    mac: str = ""


class Port(t.NamedTuple):
    """A published port: one host address, one host port."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


class Container(t.NamedTuple):
    """A container.

    Attributes:
        running: whether it runs by Docker's own rules, so also while it is paused or restarts.
        pid: 0 if it has no process, and in a list.
        started_at: only from an inspect.
        mac: the MAC address that its user gave it on one of its networks, empty for none; only from an inspect, and
            only where it is unknown which network that is.
        bindings: the ports that its user wants published, the host address empty for all of both families and the host
            port 0 for the engine's choice; only from an inspect.
        listeners: what listens on TCP inside it, see Ask, and ``udp`` the same for UDP; None if that was not read.
        image: the id of its image.
        program: its image's name and its command; only from a list.
        status: in Docker's words, see container_status.
        tunnel: whether it has the device that VPN programs make their tunnels of; only from an inspect.
        no_ipv6: the sysctl of its own that switches IPv6 off, empty for none; only from an inspect.
    """

    id: str
    name: str
    running: bool
    network_mode: str
    endpoints: tuple[Endpoint, ...]
    ports: tuple[Port, ...]
    labels: Mapping[str, str] = types.MappingProxyType({})
    pid: int = 0
    started_at: str = ""
    mac: str = ""
    bindings: tuple[Port, ...] = ()
    listeners: Mapping[str, Iterable[tuple[str, int]]] | None = None
    image: str = ""
    status: str = ""
    udp: Mapping[str, Iterable[tuple[str, int]]] | None = None
    tunnel: bool = False
    no_ipv6: str = ""
    program: str = ""

    def endpoint(self, network: str) -> Endpoint | None:
        """Its place on a network, or None."""
        return next((endpoint for endpoint in self.endpoints if endpoint.network == network), None)

    @property
    def has_ipv6(self) -> bool:
        """Whether any network gives it an IPv6 address."""
        return any(endpoint.ipv6 for endpoint in self.endpoints)


class Ask(t.NamedTuple):
    """What is looked up later, and only of those that a plan concerns.

    Attributes:
        inspect: a container by its name or id.
        look: the same for one that was not asked for; None if it is gone.
        listeners: what a process listens on in its network namespace: family -> (address, port).
        udp: the same for UDP.
        links: the interfaces there that are neither loopback nor Docker's.
        sessions: the local ports of the TCP connections that are established there, one for each.
        rules: where the host's firewall and network settings, not Docker's own, name an interface.
        steps: the steps that an entry of the record stands for; none for no entry.
        forwarding_off: where the host's own settings switch IPv6 forwarding off, as path and line.
    """

    inspect: Callable[[str], Container]
    look: Callable[[str], Container | None]
    listeners: Callable[[int], Mapping[str, list[tuple[str, int]]]]
    sessions: Callable[[int], list[int]]
    rules: Callable[[str], tuple[str, ...]]
    steps: Callable[[list[t.Any] | None], Steps]
    forwarding_off: Callable[[], list[str]]
    udp: Callable[[int], Mapping[str, list[tuple[str, int]]]]
    links: Callable[[int], tuple[str, ...]]


def network(inspected: Json) -> Network:
    """A network of GET /networks."""
    config = [entry for entry in (inspected.get("IPAM") or {}).get("Config") or [] if entry.get("Subnet")]
    options = inspected.get("Options") or {}
    driver = str(inspected.get("Driver", ""))
    bridge = options.get(BRIDGE_NAME) or f"br-{inspected['Id'][:12]}"
    return Network(
        id=inspected["Id"],
        name=inspected["Name"],
        driver=driver,
        ipv6=bool(inspected.get("EnableIPv6")),
        internal=bool(inspected.get("Internal")),
        subnets=tuple(ipaddress.ip_network(entry["Subnet"], strict=False) for entry in config),
        gateways=tuple(entry["Gateway"].split("/")[0] for entry in config if entry.get("Gateway")),
        bridge=bridge if driver == "bridge" else "",
        options=options,
        labels=inspected.get("Labels") or {},
        definition=definitions.of_network(inspected),
        odd_gateway=next((entry["Gateway"] for entry in config if "/" in entry.get("Gateway", "")), ""),
    )


def listed(summary: Json) -> Container:
    """A container of GET /containers/json."""
    return Container(
        id=summary["Id"],
        name=_name(summary),
        running=summary.get("State") in container_status.RUNS,
        network_mode=(summary.get("HostConfig") or {}).get("NetworkMode", ""),
        endpoints=_endpoints(summary["Id"], summary.get("NetworkSettings") or {}),
        ports=tuple(
            Port(port["PrivatePort"], port["Type"], port.get("IP", ""), port["PublicPort"])
            for port in summary.get("Ports") or []
            if port.get("PublicPort")
        ),
        labels=summary.get("Labels") or {},
        image=summary.get("ImageID", ""),
        status=str(summary.get("State", "")),
        program=f"{summary.get('Image', '')} {summary.get('Command', '')}",
    )


def _name(summary: Json) -> str:
    """The container's own name: not a legacy link's (/web/db), and its id while it is being removed."""
    own = [name.lstrip("/") for name in summary.get("Names") or () if name.count("/") == 1]
    return own[0] if own else str(summary["Id"][:12])


def inspected(container: Json, macs: Mapping[str, str] | None = None) -> Container:
    """A container of GET /containers/NAME/json.

    Args:
        container: the answer.
        macs: network -> the MAC address that its user gave it there. The answer does not tell these from the engine's
            own. None if they are unknown.
    """
    state = container.get("State") or {}
    settings = container.get("NetworkSettings") or {}
    host_config = container.get("HostConfig") or {}
    return Container(
        id=container["Id"],
        name=container["Name"].lstrip("/"),
        running=bool(state.get("Running")),
        network_mode=host_config.get("NetworkMode", ""),
        endpoints=_endpoints(container["Id"], settings, macs or {}),
        ports=tuple(_bindings(settings.get("Ports") or {})),
        labels=(container.get("Config") or {}).get("Labels") or {},
        pid=int(state.get("Pid") or 0),
        started_at=str(state.get("StartedAt", "")),
        mac="" if macs is not None else (container.get("Config") or {}).get("MacAddress") or "",
        bindings=tuple(_bindings(host_config.get("PortBindings") or {})),
        image=container.get("Image", ""),
        status=str(state.get("Status", "")),
        tunnel=_has_tun(host_config),
        no_ipv6=next(_disabling(host_config.get("Sysctls") or {}), ""),
    )


def _has_tun(host_config: Json) -> bool:
    devices = host_config.get("Devices") or ()
    rules = host_config.get("DeviceCgroupRules") or ()
    return any(TUN in (device.get("PathOnHost"), device.get("PathInContainer")) for device in devices) or any(
        rule.startswith(TUN_RULE) for rule in rules
    )


def _disabling(sysctls: Mapping[str, str]) -> t.Iterator[str]:
    return (f"{name}={sysctls[name]}" for name in DISABLES_IPV6 if str(sysctls.get(name, "0")).strip() == "1")


def _endpoints(container_id: str, settings: Json, macs: Mapping[str, str] | None = None) -> tuple[Endpoint, ...]:
    given = macs or {}
    return tuple(
        Endpoint(
            network=name,
            ipv4=place.get("IPAddress") or "",
            ipv6=place.get("GlobalIPv6Address") or "",
            gateway4=place.get("Gateway") or "",
            gateway6=place.get("IPv6Gateway") or "",
            settings=definitions.of_endpoint(place, container_id, given.get(name, "")),
            mac=given.get(name, ""),
        )
        for name, place in (settings.get("Networks") or {}).items()
    )


def _bindings(ports: Json) -> t.Iterator[Port]:
    for name, bindings in ports.items():
        number, _slash, protocol = name.partition("/")
        for binding in bindings or ():
            # A user may ask for any of a range of host ports: "8000-8010".
            host_port = binding.get("HostPort") or ""
            yield Port(int(number), protocol, binding.get("HostIp", ""), int(host_port) if host_port.isdecimal() else 0)


def compose_paths(labels: t.Mapping[str, str]) -> list[str]:
    """The files that Compose made a container from."""
    folder, files = labels.get(COMPOSE_FOLDER, ""), labels.get(COMPOSE_FILES, "")
    return [posixpath.join(folder, file) for file in files.split(",")]
