# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clients real services see: the host looks at the connections in a container's network namespace."""

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
    listed = [dict(probe) for probe in probes]
    held = [probe for probe in listed if probe.get("client_port")]
    if not held:
        return listed
    running = [container for container in map(docker_objects.listed, docker.containers()) if container.running]
    reached = dict.fromkeys(container.id for probe in held for container, _port in _reached(probe, running))
    pids = {key: container.pid for key, container in state_containers.inspect_all(docker, [*reached]).items()}
    places = own_addresses.read(docker_objects.network(network) for network in docker.networks())
    return [
        verdict.of_service(probe, _peers(probe, running, pids), places.all) if probe.get("client_port") else probe
        for probe in listed
    ]


def _peers(
    probe: Mapping[str, t.Any], running: Sequence[docker_objects.Container], pids: Mapping[str, int]
) -> list[tuple[str, int]]:
    """The clients of the containers that a probe may have reached."""
    places = {(pids[container.id], port) for container, port in _reached(probe, running) if pids.get(container.id)}
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
        yield from ((container, number) for container in own)
        return
    for container in containers:
        for port in container.ports:
            if port.protocol == "tcp" and port.host_port == number:
                yield container, port.container_port
