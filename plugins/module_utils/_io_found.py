# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole host: the Engine API, the configuration file, the kernel, our own record. Nothing is written."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _address,
    _container_state,
    _daemon_flags,
    _engine,
    _environment,
    _forwarding,
    _found,
    _io_armed,
    _io_containers,
    _io_dockerd,
    _io_files,
    _io_firewall,
    _io_kernel,
    _io_loaded,
    _io_record,
    _io_routed_firewall,
    _pools,
    _state_daemon,
    _state_host,
)
from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Steps


def read(docker: Docker, path: str | None = None, any_engine: bool = False) -> Found:
    """Everything about the host that a plan may need.

    Args:
        docker: the engine.
        path: the configuration file, None for the one that the running daemon uses.
        any_engine: read as much as there is of one that cannot be changed from here, see _environment.

    Raises:
        Refused: the engine does not answer, is not of a kind to be changed from here, or a file cannot be read.
    """
    info = docker.info()
    environment, dockerd = _engine_of(docker.path, info)
    if not any_engine:
        _environment.refuse(environment)
    flags = _daemon_flags.parse(_io_kernel.command_line(dockerd.pid)) if dockerd.pid else {}
    path = path or flags.get("config-file") or ("" if _environment.elsewhere(environment) else _io_loaded.CONFIG)
    raw = _io_files.read(path)
    record = {**_io_record.record(), **_io_armed.unfinished_steps()}
    containers = tuple(_found.listed(one) for one in docker.containers())
    networks = tuple(_found.network(one) for one in docker.networks())
    daemon = _daemon(info, dockerd, flags, path, raw, record, containers, networks)
    return Found(
        daemon=daemon,
        path=path,
        raw=raw,
        borrowed=record.get("borrowed", False),
        networks=networks,
        members=_members(containers),
        containers=tuple(one for one in containers if one.running),
        stopped=tuple(one for one in containers if not one.running),
        taken=(*_taken(), *_pools.taken(info, daemon.loaded)),
        record=record,
        machine_id=_io_kernel.machine_id(),
        # One that cannot be read any more was edited since: no reason not to read the host.
        edited={one: _io_files.peek(one) for one in (*record.get("files", ()), *record.get("gai_conf", ()))},
        environment=environment,
        paths=_paths({one.bridge for one in networks}),
        **_network_of_host(dockerd.pid),
    )


def _network_of_host(pid: int) -> dict[str, t.Any]:
    """What the kernel does with the host's own packets, and its firewall."""
    learned = {one.interface for one in _io_kernel.routes() if _is_default(one) and one.by_kernel_ra}
    accepts = {one: _io_kernel.sysctl(_forwarding.accept_ra(one)) for one in _interfaces()}
    return {
        "ra_default": tuple(sorted(learned)),
        "accept_ra": accepts,
        "at_boot": _at_boot() if any(accepts.get(one) == "1" for one in learned) else _state_host.NOTHING,
        "forwards": _io_kernel.sysctl(_forwarding.FORWARDING[0]) == "1",
        "sysctl_file": _io_files.peek(_forwarding.SYSCTL_FILE),
        "firewall": _io_firewall.read(pid),
        "no_ip6tables": _io_firewall.fault(),
        "no_ipv6": _io_firewall.no_ipv6(),
        "uplinks": _uplinks(),
        "table": _io_routed_firewall.read(),
    }


def _engine_of(path: str, info: dict[str, t.Any]) -> tuple[tuple[str, ...], _io_dockerd.Dockerd]:
    """What kind of engine it is, and its process on this host, 0 for none."""
    kinds = _environment.kinds(info)
    if _environment.elsewhere(kinds):
        return kinds, _io_dockerd.Dockerd(0)
    dockerd = _io_dockerd.behind(path)
    kinds = _environment.kinds(info, _io_kernel.program(dockerd.pid))
    if _environment.SNAP not in kinds:  # which has files of its own
        _io_dockerd.refuse_elsewhere(dockerd.pid, path)
    return kinds, dockerd


def _daemon(
    info: dict[str, t.Any],
    dockerd: _io_dockerd.Dockerd,
    flags: dict[str, str],
    path: str,
    raw: bytes | None,
    record: dict[str, t.Any],
    containers: tuple[_found.Container, ...],
    networks: tuple[_found.Network, ...],
) -> _state_daemon.Running:
    loaded = _io_loaded.loaded(dockerd, path, raw, record)
    running = tuple(one for one in containers if one.running)
    return _state_daemon.Running(
        version=_engine.parse(info.get("ServerVersion", "")),
        pid=dockerd.pid,
        unit=dockerd.unit,
        flags=flags,
        swarm=_environment.in_swarm(info),
        observed={
            "live-restore": bool(info.get("LiveRestoreEnabled")),
            "experimental": bool(info.get("ExperimentalBuild")),
            **_found.bridge_settings(networks),
        },
        loaded=loaded,
        hints=_hints(dockerd.pid, running) if loaded is None and dockerd.pid else {},
        containers=tuple(_running(one) for one in running),
        stopped=tuple(_running(one) for one in containers if not one.running and one.id in record.get("stopped", ())),
        unfinished=_io_loaded.is_unfinished(dockerd.pid, record),
    )


def ask(docker: Docker) -> _found.Ask:
    """The ways to look up what read() leaves out."""
    return _found.Ask(
        inspect=lambda name: _found.inspected(docker.container(name)),
        listeners=_io_kernel.listeners,
        sessions=_io_kernel.sessions,
        rules=_rules,
        steps=_steps,
    )


# Few hosts need these, and every host would pay for loading them.


def _rules(interface: str) -> tuple[str, ...]:
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_rules

    return _io_rules.naming(interface)


def _steps(entry: list[t.Any] | None) -> Steps:
    if not entry:
        return ()
    from ansible_collections.dms.ipv6.plugins.module_utils import (
        _transaction,  # it knows every kind of step
    )

    return _transaction.load_steps(entry)


def _at_boot() -> _state_host.AtBoot:
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_forwarding

    return _io_forwarding.at_boot()


def looked_into(docker: Docker, found: Found) -> Found:
    """The same, with what its running containers listen on and which ports they were to have, one question for each.

    A container that ends meanwhile stays as it was listed.
    """
    inspected = _io_containers.inspect_all(docker, [one.id for one in found.containers])
    return found._replace(containers=tuple(_looked_into(one, inspected.get(one.id)) for one in found.containers))


def _looked_into(listed: _found.Container, inspected: _found.Container | None) -> _found.Container:
    if inspected is None or not (inspected.running and inspected.pid):
        return listed
    shares = listed.network_mode == "host" or listed.network_mode.startswith("container:")
    heard = _io_kernel.listeners(inspected.pid, own=True) if shares else _io_kernel.listeners(inspected.pid)
    return listed._replace(pid=inspected.pid, asked=inspected.asked, listeners=heard)


def _running(container: _found.Container) -> _state_daemon.RunningContainer:
    ports = {one.host_port for one in container.ports if one.protocol == "tcp"}
    return _state_daemon.RunningContainer(container.id, container.name, tuple(sorted(ports)), container.status)


def _hints(pid: int, running: tuple[_found.Container, ...]) -> dict[str, bool]:
    hints = {}
    chains = _io_kernel.ip6tables_has_docker_chains()
    if chains is not None:
        hints["ip6tables"] = chains
    if any(one.ports for one in running):
        hints["userland-proxy"] = _io_kernel.has_child(pid, "docker-proxy")
    return hints


def _members(containers: tuple[_found.Container, ...]) -> dict[str, tuple[str, ...]]:
    """network -> names of all its containers; stopped ones belong to it too, for they keep its id.

    Those that are being removed do not: nothing can be done to them any more, and they keep nothing busy.
    """
    found: dict[str, list[str]] = {}
    for container in containers:
        for endpoint in () if container.status in _container_state.LEAVING else container.endpoints:
            found.setdefault(endpoint.network, []).append(container.name)
    return {network: tuple(sorted(names)) for network, names in found.items()}


def _taken() -> t.Iterator[tuple[str, _address.AnyNetwork]]:
    for route in _io_kernel.routes():
        if route.network.prefixlen and not route.network.is_link_local and not route.network.is_multicast:
            yield f"route on {route.interface}", route.network
        if route.router and not route.router.is_link_local:
            yield f"router on {route.interface}", ipaddress.IPv6Network(route.router)
    for address in _io_kernel.addresses():
        if not address.value.ip.is_link_local and not address.value.ip.is_loopback:
            yield f"address on {address.interface}", ipaddress.IPv6Network(address.value.ip)


def _paths(dockers: set[str]) -> tuple[str, ...]:
    """Interfaces between whose networks the host may forward IPv6, Docker's left out."""
    own = {one.interface for one in _io_kernel.addresses() if not one.value.ip.is_link_local}
    return tuple(sorted((own | _interfaces()) - dockers - {"lo", "docker0", "docker_gwbridge"}))


def _is_default(route: _io_kernel.Route) -> bool:
    return route.network.prefixlen == 0


def _interfaces() -> set[str]:
    return {one.interface for one in _io_kernel.routes() if _is_default(one)}


def _uplinks() -> tuple[_state_host.Uplink, ...]:
    """The interfaces with a default route, and what is on-link there; an address may be a /128 beside its prefix."""
    routes, addresses = _io_kernel.routes(), _io_kernel.addresses()
    found = []
    for interface in sorted(_interfaces() - {"lo"}):
        here = [one for one in routes if one.interface == interface]
        on_link = {one.network for one in here if one.router is None and one.network.prefixlen not in (0, 128)}
        prefixes = {
            (prefix, address.permanent)
            for address in addresses
            if address.interface == interface and _is_public(address.value.ip)
            for prefix in {address.value.network, *on_link}
            if address.value.ip in prefix and prefix.prefixlen != 128
        }
        routers = {one.router for one in here if _is_default(one) and one.router}
        found.append(_state_host.Uplink(interface, tuple(sorted(prefixes)), tuple(sorted(routers))))
    return tuple(found)


def _is_public(address: ipaddress.IPv6Address) -> bool:
    kind = _address.classify(ipaddress.IPv6Network(address))
    return kind.usable and not ipaddress.IPv6Network(address).subnet_of(_address.ULA)
