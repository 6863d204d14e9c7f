# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the host's firewall: which one is active, by files and programs in place of the real ones."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.io import host_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state.firewall import HostFirewall
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs

RULES6 = "-A ufw6-user-input -p tcp --dport 25 -j ACCEPT\n-A ufw6-user-forward -p tcp --dport 80:81 -j ACCEPT\n"
RULES4 = "-A ufw-user-input -p tcp --dport 24 -j ACCEPT\n"
RULESET = "\tchain filter_INPUT {\n\t\ttcp dport 25 accept\n\t\treject with icmpx admin-prohibited\n\t}\n"
ZONE = '<zone><service name="smtp"/><interface name="{0}"/></zone>'


UPLINKS = frozenset({"eth0"})


class Machine:
    """Programs' answers by their command line, as (exit code, standard output, standard error); others are missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "etc").mkdir()
        self.said: dict[str, tuple[int, str, str]] = {}
        self.pids: dict[str, list[int]] = {}
        self.started: dict[int, float] = {}

    def write(self, path: str, text: str) -> None:
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes] | None:
        code, out, err = self.said.get(" ".join(command), (None, "", ""))
        return None if code is None else subprocess.CompletedProcess(command, code, out.encode(), err.encode())

    def text(self, path: str) -> str:
        file = Path(path) if path.startswith(str(self.folder)) else self.folder / path.lstrip("/")
        return file.read_text() if file.exists() else ""

    def ufw(self, enabled: str = "yes", ipv6: str = "yes", policy: str = "DROP") -> None:
        self.write("/etc/ufw/ufw.conf", f"# the firewall\nENABLED={enabled}\nLOGLEVEL=low\n")
        self.write("/etc/default/ufw", f'IPV6={ipv6}\nDEFAULT_INPUT_POLICY="{policy}"\n')
        self.write("/etc/ufw/user6.rules", RULES6)
        self.write("/etc/ufw/user.rules", RULES4)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    route = kernel.Route(ipaddress.IPv6Network("::/0"), "eth0", False)
    for module, name, answer in (
        (kernel, "routes", lambda: [route]),
        (kernel, "ipv4_default_interface", lambda: None),
        (kernel, "programs", lambda name: dict.fromkeys(found.pids.get(name, []), "/usr/bin/python3")),
        (host_firewall, "_network", lambda process: "container" if process == 10 else "host"),
        (kernel, "process_started", found.started.get),
        (system_programs, "run", found.run),
        (host_firewall, "_text", found.text),
        (host_firewall, "FIREWALLD_FOLDERS", (str(tmp_path / "etc"), str(tmp_path / "usr"))),
    ):
        monkeypatch.setattr(module, name, answer)
    return found


def test_no_firewall(machine: Machine) -> None:
    assert host_firewall.read(7) == HostFirewall(uplinks=UPLINKS)
    machine.ufw(enabled="no")
    assert host_firewall.read(7) == HostFirewall(uplinks=UPLINKS)


def test_firewalld_of_a_container(machine: Machine) -> None:
    machine.pids = {"firewalld": [10]}
    assert host_firewall.read(7) == HostFirewall(uplinks=UPLINKS)


def test_firewalld_that_is_not_installed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are not searched for it."""
    monkeypatch.setattr(host_firewall, "FIREWALLD_FOLDERS", ("/no/such/folder", ""))
    machine.pids = {"firewalld": [9]}
    assert host_firewall.read(7) == HostFirewall(uplinks=UPLINKS)


@pytest.mark.parametrize(("said", "forward"), [("DROP", {"ipv6": "drop"}), ("ACCEPT", {"ipv6": "accept"}), ("X", {})])
def test_policy_of_what_is_forwarded(machine: Machine, said: str, forward: t.Any) -> None:
    machine.said["ip6tables -S"] = (0, f"-P FORWARD {said}\n-A FORWARD -j DOCKER-USER\n", "")
    assert host_firewall.read(7).forward == forward


def test_ufw(machine: Machine) -> None:
    machine.ufw()
    machine.pids = {"firewalld": [9]}
    found = host_firewall.read(7)
    assert (found.kind, found.incoming) == ("ufw", "drop")
    assert found.allowed_ports == {("ipv6", 25, "tcp"), ("ipv4", 24, "tcp")}
    assert found.routed_ports == {(80, "tcp"), (81, "tcp")}


@pytest.mark.parametrize(
    ("policy", "incoming"), [("REJECT", "reject"), ("ACCEPT", "accept"), ("", "drop"), ("nonsense", "drop")]
)
def test_default_policy_of_ufw(machine: Machine, policy: str, incoming: str) -> None:
    machine.ufw(policy=policy)
    assert host_firewall.read(7).incoming == incoming


def test_ufw_without_ipv6_lets_no_client_in(machine: Machine) -> None:
    """Whatever its rules and its policy are."""
    machine.ufw(ipv6="no", policy="ACCEPT")
    found = host_firewall.read(7)
    assert found.at_the_door("ipv6", 25, "tcp") == "drop"
    assert found.at_the_door("ipv6", 80, "tcp") == "drop"
    assert host_firewall.no_ipv6() == "UFW drops every IPv6 packet (IPV6=no in /etc/default/ufw)"


@pytest.mark.parametrize(("enabled", "ipv6"), [("yes", "yes"), ("no", "no"), ("no", "yes")])
def test_some_ipv6_comes_through(machine: Machine, enabled: str, ipv6: str) -> None:
    machine.ufw(enabled, ipv6)
    assert host_firewall.no_ipv6() == ""


def test_ufw_with_files_that_are_gone(machine: Machine) -> None:
    machine.write("/etc/ufw/ufw.conf", "ENABLED=Yes\n")
    assert host_firewall.read(7) == HostFirewall("ufw", incoming="drop", uplinks=UPLINKS)


@pytest.mark.parametrize(
    ("firewalld", "dockerd", "before"), [(5.0, 6.0, True), (6.0, 5.0, False), (None, 5.0, True), (5.0, None, True)]
)
def test_firewalld(machine: Machine, firewalld: t.Any, dockerd: t.Any, before: bool) -> None:
    machine.pids = {"firewalld": [10, 9]}
    machine.started.update({pid: at for pid, at in ((9, firewalld), (7, dockerd)) if at})
    machine.said["nft list table inet firewalld"] = (0, RULESET, "")
    rule = '<rule><port port="80" protocol="tcp"/><accept/></rule>'
    machine.write("/etc/policies/mine.xml", f'<policy><egress-zone name="docker"/>{rule}</policy>')
    found = host_firewall.read(7)
    assert found.routed_ports == {(80, "tcp")}
    assert (found.kind, found.incoming, found.before_daemon) == ("firewalld", "reject", before)
    assert found.allowed_ports == {("ipv4", 25, "tcp"), ("ipv6", 25, "tcp")}


@pytest.mark.parametrize(
    ("files", "ports"),
    [
        ({}, set()),
        ({"usr/zones/public.xml": ZONE.format("eth9")}, {25}),
        ({"usr/zones/public.xml": ZONE.format("eth9"), "etc/zones/public.xml": "<zone/>"}, set()),
        ({"usr/zones/public.xml": "<zone/>", "etc/zones/mail.xml": ZONE.format("eth0")}, {25}),
        ({"etc/zones/mail.xml": ZONE.format("eth9")}, set()),
    ],
)
@pytest.mark.parametrize("said", [None, (1, "", "Error: No such file or directory")])
def test_firewalld_whose_table_cannot_be_read(
    machine: Machine, said: t.Any, files: dict[str, str], ports: set[int]
) -> None:
    """Without nft, or with another backend: by its files, the administrator's own before those of the package."""
    machine.pids = {"firewalld": [9]}
    if said:
        machine.said["nft list table inet firewalld"] = said
    machine.write("usr/services/smtp.xml", '<service><port protocol="tcp" port="25"/></service>')
    for path, text in files.items():
        machine.write(path, text)
    found = host_firewall.read(7)
    assert (found.kind, found.incoming) == ("firewalld", "reject")
    assert {port for _family, port, _protocol in found.allowed_ports} == ports


NAT = "ip6tables -t nat -S"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((0, "-P PREROUTING ACCEPT\n", ""), ""),
        (None, "there is no program ip6tables"),
        ((3, "", "modprobe: FATAL\ncan't initialize"), "`ip6tables -t nat -S` says: modprobe: FATAL"),
        ((1, "", ""), "`ip6tables -t nat -S` says: 1"),
    ],
)
def test_fault(machine: Machine, monkeypatch: pytest.MonkeyPatch, said: t.Any, expected: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    if said:
        machine.said[NAT] = said
    assert host_firewall.fault() == expected


def test_fault_of_a_kernel_without_ipv6(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    assert host_firewall.fault() == "the kernel was started without IPv6"


def test_only_root_sees_a_fault(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (host_firewall.fault(), host_firewall.no_raw()) == ("", "")


def test_table_raw(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.said["ip6tables -t raw -S"] = (3, "", "can't initialize")
    assert host_firewall.no_raw() == "`ip6tables -t raw -S` says: can't initialize"
    machine.said["ip6tables -t raw -S"] = (0, "-P PREROUTING ACCEPT", "")
    assert host_firewall.no_raw() == ""


NFT = (
    '{"nftables": [{"chain": {"family": "inet", "table": "%s", "name": "input", "type": "filter", "hook": "input",'
    ' "policy": "drop"}}]}'
)


@pytest.mark.parametrize(
    ("table", "rules", "ufw", "expected"),
    [
        ("filter", "", "no", "drop"),
        ("filter", "", "yes", "drop"),
        ("firewalld", "", "no", "accept"),
        ("firewalld", "-P INPUT DROP\n", "no", "drop"),
        ("firewalld", "-P INPUT DROP\n", "yes", "accept"),  # it is UFW's own
    ],
)
def test_rules_of_the_administrators_own(machine: Machine, table: str, rules: str, ufw: str, expected: str) -> None:
    machine.ufw(enabled=ufw)
    machine.said["nft -j list ruleset"] = (0, NFT % table, "")
    machine.said["ip6tables -S"] = (0, rules, "")
    assert host_firewall.read(7).at_the_door("ipv6", 25, "tcp") == expected


@pytest.mark.parametrize(("older", "expected"), [("", "accept"), ("filter\n", "drop")])
def test_rules_of_iptables_that_nft_tells(machine: Machine, older: str, expected: str) -> None:
    """Where the kernel's older tables are in use, ip6tables may have spoken of those."""
    machine.said["ip6tables -S"] = (0, "-P INPUT ACCEPT\n", "")
    text = (NFT % "filter").replace('"inet"', '"ip6"').replace('"input", "type"', '"INPUT", "type"')
    machine.said["nft -j list ruleset"] = (0, text, "")
    machine.write("/proc/net/ip6_tables_names", older)
    assert host_firewall.read(7).at_the_door("ipv6", 25, "tcp") == expected


@pytest.mark.parametrize("pattern", ["ens*", "ens18", "ens+"])
def test_zone_of_an_interface_with_a_wildcard(machine: Machine, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    route = kernel.Route(ipaddress.IPv6Network("::/0"), "ens18", False)
    monkeypatch.setattr(kernel, "routes", lambda: [route])
    machine.pids = {"firewalld": [9]}
    machine.write("/usr/services/smtp.xml", '<service><port port="25" protocol="tcp"/></service>')
    machine.write("/etc/zones/mine.xml", ZONE.format(pattern))
    assert host_firewall.read(7).at_the_door("ipv6", 25, "tcp") == "accept"
