# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom real services see: the host looks at the connections in a container's network namespace."""

from __future__ import annotations

import typing as t

from ...core import verdict
from ...state import docker_objects
from ...state.io import containers as state_containers
from ...system.io import kernel
from . import own_addresses

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...engine.io.api import Docker


def judged(docker: Docker, probes: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The results of probes, those judged that keep a connection to a published port open."""
    listed = [dict(one) for one in probes]
    held = [one for one in listed if one.get("client_port")]
    if not held:
        return listed
    running = [one for one in map(docker_objects.listed, docker.containers()) if one.running]
    reached = dict.fromkeys(one.id for probe in held for one, _port in _reached(probe, running))
    pids = {key: one.pid for key, one in state_containers.inspect_all(docker, [*reached]).items()}
    places = own_addresses.read(docker_objects.network(network) for network in docker.networks())
    return [
        verdict.of_service(one, _peers(one, running, pids), places.all) if one.get("client_port") else one
        for one in listed
    ]


def _peers(
    probe: Mapping[str, t.Any], running: Sequence[docker_objects.Container], pids: Mapping[str, int]
) -> list[tuple[str, int]]:
    """Whom the containers are connected to that a probe may have reached."""
    places = {(pids[one.id], port) for one, port in _reached(probe, running) if pids.get(one.id)}
    return [peer for pid, port in places for peer in kernel.peers(pid, port)]


def _reached(
    probe: Mapping[str, t.Any], containers: Sequence[docker_objects.Container]
) -> t.Iterator[tuple[docker_objects.Container, int]]:
    """Containers and their ports that a probe leads to: at an address of their own, or published on the host."""
    number = int(probe["port"])
    own = [
        container
        for container in containers
        if probe.get("host") in [place.ipv6 for place in container.endpoints if place.ipv6]
    ]
    if own:
        yield from ((one, number) for one in own)
        return
    for one in containers:
        for port in one.ports:
            if port.protocol == "tcp" and port.host_port == number:
                yield one, port.container_port
