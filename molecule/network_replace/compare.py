# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps all that Docker says of the network and the containers, and compares. compare.py save|enabled|undone FILE

Prints every difference that is not written down here, then how many places on networks were lost; 1 if there is any.
"""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NETWORK = "old"
CONTAINERS = ("mail", "db", "backup", "spare")
DAEMON = Path("/etc/docker/daemon.json")
# Paths of what differs after a replacement: ids, and what an engine hands out again.
HANDED_OUT = (
    "network/Id",
    "network/Created",
    "network/Containers/*/EndpointID",
    "network/Containers/*/MacAddress",  # from 28 on random
    "*/Networks/old/NetworkID",
    "*/Networks/old/EndpointID",
    "*/Networks/old/MacAddress",
    "network/IPAM/Config/10.77.0.0/24/Gateway",  # before 28 not shown until the daemon is started again
    "spare/NetworkSettings/Networks/old/DNSNames",  # none until a first start, or a connect
)
# What is wanted.
IPV6 = (
    "network/EnableIPv6",
    "network/IPAM/Config/fd*",
    "network/Containers/*/IPv6Address",
    "*/Networks/old/GlobalIPv6Address",
    "*/Networks/old/GlobalIPv6PrefixLen",
    "*/Networks/old/IPv6Gateway",
    "daemon.json",
)
# What the first start of the stopped container, which is part of the test, leaves.
STARTED = (
    "spare/State/Status",
    "spare/State/StartedAt",
    "spare/State/FinishedAt",
    "spare/*Path",
    "spare/NetworkSettings/SandboxID",
    "spare/NetworkSettings/SandboxKey",
    "spare/HostConfig/OomKillDisable",  # 28 corrects it
)
EXCEPTIONS = {"enabled": (*HANDED_OUT, *IPV6), "undone": (*HANDED_OUT, *STARTED)}


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def found() -> dict[str, Any]:
    """What there is: a name -> everything about it."""
    containers = {one["Name"].strip("/"): one for one in json.loads(output("docker", "inspect", *CONTAINERS))}
    for container in containers.values():
        for endpoint in container["NetworkSettings"]["Networks"].values():
            # 20.10 adds the short id to the aliases of a container when it is connected or started.
            own = container["Id"][:12]
            endpoint["Aliases"] = [one for one in endpoint["Aliases"] or () if one != own]
    network = json.loads(output("docker", "network", "inspect", NETWORK))[0]
    network["Containers"] = {one["Name"]: one for one in network["Containers"].values()}
    network["IPAM"]["Config"] = {one["Subnet"]: one for one in network["IPAM"]["Config"]}
    names = sorted(output("docker", "network", "ls", "--format", "{{.Name}}").split())
    return {
        **containers,
        "network": network,
        "networks": names,
        "daemon.json": [DAEMON.read_text(), DAEMON.stat().st_mode],
    }


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Path and value of every leaf; an empty object is one."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from flat(f"{path}/{name}" if path else name, one)
    else:
        yield path, value


def differences(
    before: dict[str, Any], after: dict[str, Any], exceptions: tuple[str, ...]
) -> dict[str, tuple[Any, Any]]:
    """Path -> what was there and what is there now."""
    left, right = dict(flat("", before)), dict(flat("", after))
    return {
        path: (left.get(path), right.get(path))
        for path in sorted({*left, *right})
        if left.get(path) != right.get(path) and not any(fnmatch.fnmatchcase(path, one) for one in exceptions)
    }


def main() -> int:
    verb, file = sys.argv[1], Path(sys.argv[2])
    if verb == "save":
        file.write_text(json.dumps(found()))
        return 0
    before = json.loads(file.read_text())
    different = differences(before, found(), EXCEPTIONS[verb])
    for path, (left, right) in different.items():
        print(f"{path}: {json.dumps(left)} -> {json.dumps(right)}")
    places = [
        f"{name}/NetworkSettings/Networks/{one}"
        for name in CONTAINERS
        for one in before[name]["NetworkSettings"]["Networks"]
    ]
    lost = [place for place in places if any(path.startswith(f"{place}/") or path == place for path in different)]
    print(f"attachments lost: {len(lost)} of {len(places)}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
