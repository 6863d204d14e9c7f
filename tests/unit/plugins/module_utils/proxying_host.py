# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on which neighbours are answered for, with its kernel and systemd in memory and its files in a folder."""

from __future__ import annotations

import ipaddress
import json
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndp_proxy, ndppd_conf, networkd
from ansible_collections.dms.ipv6.plugins.module_utils.routed.io import ndp
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.links import of_unit

TABLES: list[t.Any] = [
    [
        {},
        {
            "ifindex": 4,
            "ifname": "eth0",
            "addr_info": [{"local": "2001:2:0:1::7", "prefixlen": 64, "valid_life_time": 4294967295}],
        },
    ],
    [{"dst": "2001:2:0:1::/64", "dev": "eth0"}, {"dst": "default", "gateway": "fe80::1", "dev": "eth0"}],
    [{"dst": "fe80::1", "dev": "eth0", "lladdr": "02:00:00:00:00:01", "router": None, "state": ["STALE"]}],
]


class Machine:
    """What the programs say and do."""

    def __init__(self, folder: Path) -> None:
        self.units = folder / "system"
        self.networks = folder / "network"
        self.links = folder / "links"
        self.active: dict[str, int] = {}
        self.enabled: set[str] = set()
        self.entries: set[tuple[str, ipaddress.IPv6Address]] = set()
        self.sysctls = {f"net/ipv6/conf/{one}/forwarding": "1" for one in ("all", "eth0")}
        self.sysctls["net/ipv6/conf/eth0/proxy_ndp"] = "0"
        self.starts = 0
        self.calls: list[str] = []
        self.failing = ""
        self.deaf = False
        self.dying = False
        for place in (self.units, self.networks, self.links):
            place.mkdir()

    def manage(self) -> None:
        """Have systemd-networkd manage eth0."""
        (self.networks / "10-up.network").write_text("[Match]\nName=eth0\n")
        state = f"# private\nADMIN_STATE=configured\nNETWORK_FILE={self.networks}/10-up.network\n"
        (self.links / "4").write_text(state)
        self.active[ndp.NETWORKD] = 1

    def program(self, *command: str, stdin: str = "") -> str:
        name, *arguments = command
        if name == "ip":
            return self.ip(arguments, stdin)
        if name == "networkctl":
            self.calls.append("networkctl reload")
            found = "".join(one.read_text() for one in self.networks.glob("*.network.d/*.conf"))
            fresh = {("eth0", ipaddress.IPv6Address(one)) for one in networkd.addresses(found)}
            self.entries |= set() if self.deaf else fresh
            return ""
        if name == "journalctl":
            return "ndppd: (error) Failed to bind\nto interface\n"
        assert name == "systemctl" and arguments[0] == "show"
        return "\n".join(self.shown(one) for one in arguments[arguments.index("--") + 1 :])

    def ip(self, arguments: list[str], text: str) -> str:
        rows = [{"dst": str(address), "dev": interface} for interface, address in sorted(self.entries)]
        if "-batch" in arguments:
            assert text.splitlines() == list(ndp.QUESTIONS)
            return "\n".join(map(json.dumps, [*TABLES, rows])) + "\n"
        if "show" in arguments:
            return json.dumps(rows) if rows else ""
        assert arguments[:4] == ["-6", "neighbour", "delete", "proxy"]
        self.entries.remove((arguments[6], ipaddress.IPv6Address(arguments[4])))
        return ""

    def shown(self, unit: str) -> str:
        if self.dying and unit in self.active:
            self.active[unit] += 1
        state = "active" if unit in self.active else "inactive"
        file = "enabled" if unit in self.enabled else "disabled"
        since = self.active.get(unit, 0)
        return f"Id={unit}\nActiveState={state}\nUnitFileState={file}\nActiveEnterTimestampMonotonic={since}\n"

    def systemctl(self, verb: str, unit: str = "", needed: bool = True) -> None:
        self.calls.append(f"{verb} {unit}".strip())
        if verb == self.failing:
            self.failing = ""
            raise Refused(f"systemctl {verb} failed")
        content = (self.units / unit).read_bytes() if unit and (self.units / unit).exists() else None
        if verb == "stop":
            self.active.pop(unit, None)
            self.entries -= of_unit(content)
        elif verb == "restart":
            assert content is not None
            self.starts += 1
            self.active[unit] = self.starts
            self.entries |= of_unit(content)
        elif verb == "enable":
            self.enabled.add(unit)
        elif verb == "disable":
            self.enabled.remove(unit)

    @property
    def state(self) -> t.Any:
        """Everything that a change may change; when units were started does not count."""
        folders = (self.units, self.networks)
        paths = sorted(path for folder in folders for path in folder.rglob("*"))
        files = {str(path): path.read_bytes() if path.is_file() else None for path in paths}
        return files, set(self.active), set(self.enabled), set(self.entries), dict(self.sysctls)


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Machine:
    """The machine in the place of the real one."""
    machine = Machine(folder)
    monkeypatch.setattr(ndp_proxy, "UNITS", str(machine.units))
    monkeypatch.setattr(ndp_proxy, "NETWORKS", str(machine.networks))
    monkeypatch.setattr(networkd, "FOLDERS", (str(machine.networks),))
    monkeypatch.setattr(ndp, "LINKS", str(machine.links))
    monkeypatch.setattr(ndppd_conf, "PATH", str(folder / "ndppd.conf"))
    monkeypatch.setattr(system_programs, "must", machine.program)
    monkeypatch.setattr(ndp, "PATIENCE", 2.0)
    monkeypatch.setattr(ndp, "answers", lambda interface, asked: {})
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(system_programs, "systemctl", machine.systemctl)
    monkeypatch.setattr(kernel, "sysctl", machine.sysctls.get)
    monkeypatch.setattr(kernel, "set_sysctl", machine.sysctls.__setitem__)
    return machine
