# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom real services see: the host looks at the connections in a container's network namespace."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _found,
    _io_found,
    _io_kernel,
    _io_places,
    _verdict,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker


def judged(docker: Docker, probes: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The results of probes, those judged that keep a connection to a published port open."""
    listed = [dict(one) for one in probes]
    if not any(one.get("client_port") for one in listed):
        return listed
    published = list(_published(docker))
    places = _io_places.read(_found.network(one) for one in docker.networks())
    return [
        _verdict.of_service(one, _peers(published, int(one["port"])), places.all) if one.get("client_port") else one
        for one in listed
    ]


def _published(docker: Docker) -> t.Iterator[tuple[int, int, int]]:
    """Host port, container port and process of everything that is published over TCP."""
    running = [one for one in map(_found.listed, docker.containers()) if one.running and one.ports]
    inspected = _io_found.inspect_all(docker, [one.id for one in running])
    for one in running:
        pid = inspected[one.id].pid if one.id in inspected else 0
        yield from ((port.host_port, port.container_port, pid) for port in one.ports if pid and port.protocol == "tcp")


def _peers(published: Iterable[tuple[int, int, int]], port: int) -> list[tuple[str, int]]:
    places = {(inside, pid) for host_port, inside, pid in published if host_port == port}
    return [peer for inside, pid in places for peer in _io_kernel.peers(pid, inside)]
