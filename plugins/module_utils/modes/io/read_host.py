# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole host: the Engine API, the configuration file, the kernel, our own record. Nothing is written."""

from __future__ import annotations

import ipaddress
import typing as t

from ...change.io import armed
from ...change.io import record as change_record
from ...core import ip
from ...daemon import address_pools, command_line
from ...daemon.io import loaded as daemon_loaded
from ...engine import version as engine_version
from ...engine.io import dockerd as engine_dockerd
from ...exposure.io import host_firewall
from ...host import forwarding
from ...routed.io import nft
from ...state import container_status, docker_objects, engine_kind
from ...state import daemon as state_daemon
from ...state import host as state_host
from ...state.host import Found
from ...state.io import containers as state_containers
from ...system.io import files as system_files
from ...system.io import kernel

if t.TYPE_CHECKING:
    from ...change.plan import Steps
    from ...engine.io.api import Docker


def read(docker: Docker, path: str | None = None, any_engine: bool = False) -> Found:
    """Everything about the host that a plan may need.

    Args:
        docker: the engine.
        path: the configuration file, None for the one that the running daemon uses.
        any_engine: read as much as there is of one that cannot be changed from here, see engine_kind.

    Raises:
        Refused: the engine does not answer, is not of a kind to be changed from here, or a file cannot be read.
    """
    info = docker.info()
    environment, dockerd = _engine_of(docker.path, info)
    engine_kind.refuse(() if any_engine else environment)
    flags = command_line.parse(kernel.command_line(dockerd.pid)) if dockerd.pid else {}
    path = path or flags.get("config-file") or ("" if engine_kind.elsewhere(environment) else daemon_loaded.CONFIG)
    raw = system_files.read(path)
    record = {**change_record.record(), **armed.unfinished_steps()}
    containers = tuple(docker_objects.listed(container) for container in docker.containers())
    networks = tuple(docker_objects.network(network) for network in docker.networks())
    daemon = _daemon(info, dockerd, flags, path, raw, record, containers, networks)
    return Found(
        daemon=daemon,
        path=path,
        raw=raw,
        borrowed=record.get("borrowed", False),
        networks=networks,
        members=_members(containers),
        containers=tuple(container for container in containers if container.running),
        stopped=tuple(container for container in containers if not container.running),
        taken=(*_taken(), *address_pools.taken(info, daemon.loaded)),
        record=record,
        machine_id=kernel.machine_id(),
        # One that cannot be read any more was edited since: no reason not to read the host.
        edited={file: system_files.peek(file) for file in (*record.get("files", ()), *record.get("gai_conf", ()))},
        environment=environment,
        paths=_paths({network.bridge for network in networks}),
        ipv6nat=_ipv6nat(containers),
        **_network_of_host(dockerd.pid, info),
    )


def _network_of_host(pid: int, info: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the kernel does with the host's own packets, and its firewall."""
    learned = {route.interface for route in kernel.routes() if _is_default(route) and route.by_kernel_ra}
    accepts = {interface: kernel.sysctl(forwarding.accept_ra(interface)) for interface in _interfaces()}
    return {
        "ra_default": tuple(sorted(learned)),
        "accept_ra": accepts,
        "at_boot": _at_boot() if any(accepts.get(interface) == "1" for interface in learned) else state_host.NOTHING,
        "forwards": kernel.sysctl(forwarding.FORWARDING[0]) == "1",
        "sysctl_file": system_files.peek(forwarding.SYSCTL_FILE),
        "firewall": host_firewall.read(pid),
        "no_ip6tables": host_firewall.fault(),
        "no_raw": host_firewall.no_raw() if pid and engine_kind.uses_raw(info) else "",
        "no_ipv6": host_firewall.no_ipv6(),
        "uplinks": _uplinks(),
        "table": nft.read(),
    }


def _engine_of(path: str, info: dict[str, t.Any]) -> tuple[tuple[str, ...], engine_dockerd.Dockerd]:
    """What kind of engine it is, and its process on this host, 0 for none."""
    kinds = engine_kind.kinds(info)
    if engine_kind.elsewhere(kinds):
        return kinds, engine_dockerd.Dockerd(0)
    dockerd = engine_dockerd.behind(path)
    kinds = engine_kind.kinds(info, kernel.program(dockerd.pid))
    if engine_kind.SNAP not in kinds:  # which has files of its own
        engine_dockerd.refuse_elsewhere(dockerd.pid, path)
    return kinds, dockerd


def _daemon(
    info: dict[str, t.Any],
    dockerd: engine_dockerd.Dockerd,
    flags: dict[str, str],
    path: str,
    raw: bytes | None,
    record: dict[str, t.Any],
    containers: tuple[docker_objects.Container, ...],
    networks: tuple[docker_objects.Network, ...],
) -> state_daemon.Running:
    loaded = daemon_loaded.loaded(dockerd, path, raw, record)
    running = tuple(container for container in containers if container.running)
    return state_daemon.Running(
        version=engine_version.parse(info.get("ServerVersion", "")),
        pid=dockerd.pid,
        unit=dockerd.unit,
        flags=flags,
        swarm=engine_kind.in_swarm(info),
        observed={
            "live-restore": bool(info.get("LiveRestoreEnabled")),
            "experimental": bool(info.get("ExperimentalBuild")),
            **docker_objects.bridge_settings(networks),
            **({"allow-direct-routing": True} if engine_kind.is_without_raw(info) else {}),
        },
        loaded=loaded,
        hints=_hints(dockerd.pid, running) if loaded is None and dockerd.pid else {},
        containers=tuple(_running(container) for container in running),
        stopped=tuple(
            _running(container)
            for container in containers
            if not container.running and container.id in record.get("stopped", ())
        ),
        unfinished=daemon_loaded.is_unfinished(dockerd.pid, record),
    )


def ask(docker: Docker) -> docker_objects.Ask:
    """The ways to look up what read() leaves out."""
    return docker_objects.Ask(
        inspect=lambda name: state_containers.inspect(docker, name),
        look=lambda name: state_containers.look(docker, name),
        listeners=kernel.listeners,
        sessions=kernel.sessions,
        rules=_rules,
        steps=_steps,
        forwarding_off=_forwarding_off,
        udp=kernel.udp_listeners,
        links=kernel.links_beside,
    )


# Few hosts need these, and every host would pay for loading them.


def _rules(interface: str) -> tuple[str, ...]:
    from ...exposure.io import bridge_rules

    return bridge_rules.naming(interface)


def _steps(entry: list[t.Any] | None) -> Steps:
    if not entry:
        return ()
    from ...rollback import transaction

    return transaction.load_steps(entry)


def _forwarding_off() -> list[str]:
    from ...host.io import sysctls

    return sysctls.forwarding_off()


def _at_boot() -> state_host.AtBoot:
    from ...host.io import sysctls

    return sysctls.at_boot()


def looked_into(docker: Docker, found: Found) -> Found:
    """The same, with what its running containers listen on and which ports they were to have, one question for each.

    A container that ends in between stays as it was listed.
    """
    inspected = state_containers.inspect_all(docker, [container.id for container in found.containers])
    return found._replace(
        containers=tuple(_looked_into(container, inspected.get(container.id)) for container in found.containers)
    )


def _looked_into(
    listed: docker_objects.Container, inspected: docker_objects.Container | None
) -> docker_objects.Container:
    if inspected is None or not (inspected.running and inspected.pid):
        return listed
    shares = listed.network_mode == "host" or listed.network_mode.startswith("container:")
    heard = kernel.listeners(inspected.pid, own=True) if shares else kernel.listeners(inspected.pid)
    of_udp = any(port.protocol == "udp" for port in (*listed.ports, *inspected.bindings))
    return listed._replace(
        pid=inspected.pid,
        bindings=inspected.bindings,
        listeners=heard,
        udp=kernel.udp_listeners(inspected.pid) if of_udp and not shares else None,
    )


def _running(container: docker_objects.Container) -> state_daemon.RunningContainer:
    ports = {port.host_port for port in container.ports if port.protocol == "tcp"}
    return state_daemon.RunningContainer(container.id, container.name, tuple(sorted(ports)), container.status)


def _ipv6nat(containers: tuple[docker_objects.Container, ...]) -> str:
    """The container that translates IPv6 in Docker's place, if its rules are there."""
    name = engine_kind.ipv6nat(containers)
    return name if name and kernel.docker_translates_ipv6() is not False else ""


def _hints(pid: int, running: tuple[docker_objects.Container, ...]) -> dict[str, bool]:
    hints = {}
    translates = None if engine_kind.ipv6nat(running) else kernel.docker_translates_ipv6()
    if translates is not None:
        hints["ip6tables"] = translates
    if any(container.ports for container in running):
        hints["userland-proxy"] = kernel.has_child(pid, "docker-proxy")
    return hints


def _members(containers: tuple[docker_objects.Container, ...]) -> dict[str, tuple[str, ...]]:
    """network -> names of all its containers; stopped ones belong to it too, because they keep its id.

    Those that are being removed do not: nothing can be done to them any more, and they keep nothing busy.
    """
    found: dict[str, list[str]] = {}
    for container in containers:
        for endpoint in () if container.status in container_status.LEAVING else container.endpoints:
            found.setdefault(endpoint.network, []).append(container.name)
    return {network: tuple(sorted(names)) for network, names in found.items()}


def _taken() -> t.Iterator[tuple[str, ip.AnyNetwork]]:
    for route in kernel.routes():
        if route.network.prefixlen and not route.network.is_link_local and not route.network.is_multicast:
            yield f"route on {route.interface}", route.network
        if route.router and not route.router.is_link_local:
            yield f"router on {route.interface}", ipaddress.IPv6Network(route.router)
    for address in kernel.addresses():
        if not address.value.ip.is_link_local and not address.value.ip.is_loopback:
            yield f"address on {address.interface}", ipaddress.IPv6Network(address.value.ip)


def _paths(dockers: set[str]) -> tuple[str, ...]:
    """Interfaces between whose networks the host may forward IPv6, Docker's left out."""
    own = {address.interface for address in kernel.addresses() if not address.value.ip.is_link_local}
    return tuple(sorted((own | _interfaces()) - dockers - {"lo", "docker0", "docker_gwbridge"}))


def _is_default(route: kernel.Route) -> bool:
    return route.network.prefixlen == 0


def _interfaces() -> set[str]:
    return {route.interface for route in kernel.routes() if _is_default(route)}


def _uplinks() -> tuple[state_host.Uplink, ...]:
    """The interfaces with a default route, and what is on-link there; an address may be a /128 beside its prefix."""
    routes, addresses = kernel.routes(), kernel.addresses()
    found = []
    for interface in sorted(_interfaces() - {"lo"}):
        here = [route for route in routes if route.interface == interface]
        on_link = {route.network for route in here if route.router is None and route.network.prefixlen not in (0, 128)}
        prefixes = {
            (prefix, address.permanent)
            for address in addresses
            if address.interface == interface and _is_public(address.value.ip)
            for prefix in {address.value.network, *on_link}
            if address.value.ip in prefix and prefix.prefixlen != 128
        }
        routers = {route.router for route in here if _is_default(route) and route.router}
        found.append(state_host.Uplink(interface, tuple(sorted(prefixes)), tuple(sorted(routers))))
    return tuple(found)


def _is_public(address: ipaddress.IPv6Address) -> bool:
    kind = ip.classify(ipaddress.IPv6Network(address))
    return kind.usable and not ipaddress.IPv6Network(address).subnet_of(ip.ULA)
