# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the address pools of a Docker host and what a network got out of them, as JSON. look.py NETWORK"""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

DAEMON = Path("/etc/docker/daemon.json")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def lies_in(subnet: str, pools: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The pool that a subnet was cut out of, by its place and by its size."""
    wanted = ipaddress.ip_network(subnet)
    for pool in pools:
        base = ipaddress.ip_network(pool["base"])
        if wanted.version == base.version and wanted.prefixlen == pool["size"] and wanted.subnet_of(base):
            return pool
    return None


def main() -> None:
    pools = json.loads(DAEMON.read_text())["default-address-pools"]
    network = json.loads(output("docker", "network", "inspect", sys.argv[1]))[0]
    subnets = sorted(one["Subnet"] for one in network["IPAM"]["Config"])
    state = {
        "daemon_json": DAEMON.read_text(),
        "mode": oct(DAEMON.stat().st_mode),
        "pools": pools,
        "ipv6": network["EnableIPv6"],
        "subnets": [{"subnet": one, "pool": lies_in(one, pools)} for one in subnets],
        "started": output("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "mail"),
    }
    print(json.dumps(state))


if __name__ == "__main__":
    main()
