# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what a Docker host looks like, all in one go, as JSON. look.py UPLINK"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CONF = Path("/proc/sys/net/ipv6/conf")
OTHERS = ("all", "default", "lo", "docker0", "aside0")
OURS = (
    "/etc/sysctl.d/90-dms-ipv6.conf",
    "/etc/systemd/system/dms-ipv6-revert.service",
    "/var/lib/dms-ipv6/transaction.json",
)
RECORD = Path("/var/lib/dms-ipv6/record.json")
DAEMON = Path("/etc/docker/daemon.json")
INTERFACES = Path("/etc/network/interfaces")


def output(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def setting(interface: str, name: str) -> str:
    return (CONF / interface / name).read_text().strip()


def main() -> None:
    uplink = sys.argv[1]
    state = {
        "default_routes": output("ip", "-6", "route", "show", "default"),
        "forwarding": [setting(one, "forwarding") for one in ("all", "default")],
        "accept_ra": setting(uplink, "accept_ra"),
        "accept_ra_elsewhere": {one: setting(one, "accept_ra") for one in OTHERS},
        "containers": output("docker", "ps", "--format", "{{.ID}} {{.Names}}"),
        "started": output("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "mail"),
        "networks": output("docker", "network", "ls", "--format", "{{.Name}}"),
        "daemon_json": [DAEMON.read_text(), oct(DAEMON.stat().st_mode)],
        "files": {name: Path(name).read_text() for name in OURS if Path(name).exists()},
        "interfaces": INTERFACES.read_text() if INTERFACES.exists() else "",
        "record": json.loads(RECORD.read_text()) if RECORD.exists() else {},
    }
    print(json.dumps(state))


if __name__ == "__main__":
    main()
