# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of the running engine, asked one by one."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ...engine.io.api import NotFound
from ...system.io import files as system_files
from .. import docker_objects

if t.TYPE_CHECKING:
    from ...engine.io.api import Docker


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


def _macs(said: dict[str, t.Any]) -> dict[str, str] | None:
    """network -> MAC address, None if nobody can tell: an inspect has those that the engine chose as well."""
    folder = os.path.dirname(said.get("HostnamePath") or "")
    if os.path.basename(folder) != said["Id"]:
        return None
    raw = system_files.peek(os.path.join(folder, SETTINGS))
    try:
        networks = json.loads(raw or b"")["NetworkSettings"]["Networks"]
        macs = {name: one["DesiredMacAddress"] for name, one in networks.items() if "DesiredMacAddress" in one}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return {name: mac for name, mac in macs.items() if mac} if len(macs) == len(networks) else None


def inspect_all(docker: Docker, ids: list[str]) -> dict[str, docker_objects.Container]:
    """Those of the containers that are still there, by the id asked for."""
    there = {}
    for one in ids:
        with contextlib.suppress(NotFound):
            there[one] = docker_objects.inspected(docker.container(one))
    return there
