# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of the running engine, several queried at a time."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import threading
import typing as t

from ...engine.io.api import NotFound
from ...system.io import files as system_files
from .. import docker_objects

if t.TYPE_CHECKING:
    from ...engine.io.api import Docker

# No list of the engine's says what inspecting a container says, and it takes dockerd some milliseconds each. It works
# on several at a time; with more than these it only waits for its own locks.
AT_A_TIME = 8


# Where the engine keeps a container's settings, beside the files that an inspect names (moby, daemon/container: since
# 25.0 with DesiredMacAddress; seen on 26.1.5 and 28.5.2).
SETTINGS = "config.v2.json"


def inspect(docker: Docker, name: str) -> docker_objects.Container:
    """One container, with the MAC addresses that its user gave it, where they can be read.

    Raises:
        NotFound: there is none of that name or id.
    """
    said = docker.container(name)
    return docker_objects.inspected(said, _macs(said))


def look(docker: Docker, name: str) -> docker_objects.Container | None:
    """The same, None if there is none of that name or id any more."""
    try:
        return inspect(docker, name)
    except NotFound:
        return None


def _macs(said: dict[str, t.Any]) -> dict[str, str] | None:
    """network -> MAC address, None if they are unknown: an inspect has those that the engine chose as well."""
    folder = os.path.dirname(said.get("HostnamePath") or "")
    if os.path.basename(folder) != said["Id"]:
        return None
    raw = system_files.peek(os.path.join(folder, SETTINGS))
    try:
        networks = json.loads(raw or b"")["NetworkSettings"]["Networks"]
        macs = {
            name: endpoint["DesiredMacAddress"]
            for name, endpoint in networks.items()
            if "DesiredMacAddress" in endpoint
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return {name: mac for name, mac in macs.items() if mac} if len(macs) == len(networks) else None


def inspect_all(docker: Docker, ids: list[str]) -> dict[str, docker_objects.Container]:
    """Those of the containers that are still there, by the id given and in that order.

    Raises:
        Refused: the engine does not answer.
    """
    left, found = collections.deque(ids), dict[str, docker_objects.Container]()
    faults: list[Exception] = []

    def ask() -> None:
        # What another one took last is not there any more.
        with contextlib.suppress(IndexError):
            while not faults:
                container_id = left.popleft()
                try:
                    found[container_id] = docker_objects.inspected(docker.container(container_id))
                except NotFound:
                    continue
                except Exception as fault:
                    faults.append(fault)

    # The first is worth no thread, and this one does the same.
    helpers = [threading.Thread(target=ask) for _one in ids[1:AT_A_TIME]]
    for helper in helpers:
        helper.start()
    ask()
    for helper in helpers:
        helper.join()
    if faults:
        raise faults[0]
    return {container_id: found[container_id] for container_id in ids if container_id in found}
