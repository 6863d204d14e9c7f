#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory for Ansible and the lab: a Docker host of each engine that there is here, and a client.

Engines are those of Debian's releases and all in the folder DMS_IPV6_ENGINES.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# Run as a script, Python would look for this package in the folder of this very file.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from lab import engines  # noqa: E402
from lab.base import LabError  # noqa: E402

LAB = "every-engine"


def inventory() -> dict[str, Any]:
    """The inventory as Ansible wants it of a program."""
    docker: dict[str, dict[str, str]] = {name: {"lab_image": name} for name in engines.HOSTS}
    for bundle in engines.folder():
        name = "docker-" + bundle.title.replace(engines.NFTABLES, "-nftables")
        docker[name] = {"lab_image": bundle.line.release, "lab_engine": bundle.spec}
    groups = {"docker": docker, "clients": {"client": {"lab_image": "client"}}}
    common = {
        "lab_name": LAB,
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    hosts = {
        name: {**values, "ansible_host": f"dms-lab-{LAB}-{name}"}
        for members in groups.values()
        for name, values in members.items()
    }
    inventory: dict[str, Any] = {name: {"hosts": list(members)} for name, members in groups.items()}
    return {**inventory, "all": {"vars": common, "children": list(groups)}, "_meta": {"hostvars": hosts}}


if __name__ == "__main__":
    try:
        print(json.dumps(inventory()))
    except LabError as error:
        sys.exit(str(error))
