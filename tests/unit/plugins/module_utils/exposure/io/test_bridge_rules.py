# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host names a bridge: files, and what programs of the firewall print."""

from __future__ import annotations

import fnmatch
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.io import bridge_rules
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.programs import program

BRIDGE = "br-0123456789ab"
NONE = "exit 1\n"


class Machine:
    """Files that are looked through, and programs; those that are not given fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("iptables", "ip6tables", "nft"):
            self.has(name, NONE)

    def has(self, name: str, script: str) -> None:
        program(self.folder / "bin", name, script)

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    monkeypatch.setattr(
        bridge_rules, "FILES", tuple(f"{tmp_path}/{one}" for one in ("b/*.rules", "a/*/*", "a/*", "one"))
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Machine(tmp_path)


def test_nothing_names_it(machine: Machine) -> None:
    machine.file("a/x", b"br-other\n")
    assert bridge_rules.naming(BRIDGE) == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (BRIDGE, True),
        (f"-A ufw-before-forward -i {BRIDGE} -j ACCEPT\n", True),
        (f'iifname "{BRIDGE}" accept\n', True),
        (f"rule {BRIDGE}{{\n", True),
        (f"<interface name='{BRIDGE}'/>", True),
        (f"# {BRIDGE}: mail", True),
        (f"x\n\n{BRIDGE}\n", True),
        (f"{BRIDGE}0", False),
        (f"{BRIDGE}-x {BRIDGE}_x", False),
        (f"x{BRIDGE} x-{BRIDGE} _{BRIDGE}", False),
        (BRIDGE.upper(), False),
        ("br-", False),
        ("", False),
    ],
)
def test_what_names_it(machine: Machine, text: str, named: bool) -> None:
    """The whole name only, because all bridges begin alike."""
    path = machine.file("one", text.encode())
    assert bridge_rules.naming(BRIDGE) == ((path,) if named else ())


@pytest.mark.parametrize(("chain", "expected"), [("MAILCOW", ("MAILCOW",)), ("DOCKER", ()), ("MAILCOW-OTHER", ())])
def test_chains_of_others(machine: Machine, chain: str, expected: tuple[str, ...]) -> None:
    machine.has("iptables", f'[ "$*" = "-S {chain}" ] && echo "-N {chain}"\n')
    assert bridge_rules.foreign_chains() == expected


def test_no_chains_of_others(machine: Machine) -> None:
    assert bridge_rules.foreign_chains() == ()


def test_name_is_no_pattern(machine: Machine) -> None:
    machine.file("one", b"eth0x7")
    assert bridge_rules.naming("eth0.7") == ()
    path = machine.file("one", b"eth0.7")
    assert bridge_rules.naming("eth0.7") == (path,)


def test_each_file_that_names_it(machine: Machine) -> None:
    """By the patterns in their order, by name within one; folders, and what is not a text, are not an obstacle."""
    content = f"\xff {BRIDGE}\n".encode("latin-1")
    second, first, third, fourth = (machine.file(name, content) for name in ("b/2.rules", "b/1.rules", "a/d/x", "a/z"))
    machine.file("b/3.conf", content)
    machine.file("a/d/deeper/x", content)
    (machine.folder / "one").symlink_to(machine.folder / "gone")
    assert bridge_rules.naming(BRIDGE) == (first, second, third, fourth)


SAID = f"-N DOCKER-USER\n-A DOCKER-USER -i {BRIDGE} -j DROP\n"


@pytest.mark.parametrize("name", ["iptables", "ip6tables"])
@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f"[ \"$*\" = '-S DOCKER-USER' ] && echo '{SAID}'\n", True),
        (f"echo '{SAID.replace(BRIDGE, 'br-other')}'\n", False),
        (f"echo '{SAID}'; exit 4\n", False),
        (f"echo '{SAID}' >&2\n", False),
    ],
)
def test_chain_of_the_user(machine: Machine, name: str, script: str, named: bool) -> None:
    machine.has(name, script)
    assert bridge_rules.naming(BRIDGE) == ((f"{name} chain DOCKER-USER",) if named else ())


def table(name: str, interface: str = BRIDGE, family: str = "ip") -> str:
    return f'table {family} {name} {{\n\tchain forward {{\n\t\tiifname "{interface}" accept\n\t}}\n}}\n'


@pytest.mark.parametrize(
    ("ruleset", "names"),
    [
        ("", []),
        (table("filter"), []),
        (table("nat", family="ip6") + table("raw") + table("mangle") + table("security"), []),
        (table("docker-bridges", family="ip6"), []),
        # Debian's own example of a firewall; the iptables commands make tables of the families ip and ip6.
        (table("filter", family="inet") + table("filter"), ["filter"]),
        (table("mine"), ["mine"]),
        (table("mine", "br-other"), []),
        (table("one", family="ip6") + table("filter") + table("two", family="netdev"), ["one", "two"]),
        (table("one", "br-other") + table("two"), ["two"]),
        (table("filter") + table("filter-x"), ["filter-x"]),
        # What a chain is called makes no table.
        (table("filter").replace("\tchain", "\ttable ip x {}\n\tchain"), []),
    ],
)
def test_tables_of_others(machine: Machine, ruleset: str, names: list[str]) -> None:
    rules = machine.file("ruleset", ruleset.encode())
    machine.has("nft", f"[ \"$*\" = 'list ruleset' ] && cat '{rules}'\n")
    assert bridge_rules.naming(BRIDGE) == tuple(f"nftables table {one}" for one in names)


def test_everything_at_once(machine: Machine) -> None:
    path = machine.file("one", BRIDGE.encode())
    for name in ("iptables", "ip6tables"):
        machine.has(name, f"echo '{SAID}'\n")
    machine.has("nft", f"echo '{table('mine')}'\n")
    chains = ("iptables chain DOCKER-USER", "ip6tables chain DOCKER-USER")
    assert bridge_rules.naming(BRIDGE) == (path, *chains, "nftables table mine")


def test_programs_that_are_missing_or_hang(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def timeout(*_arguments: t.Any, **options: t.Any) -> t.NoReturn:
        assert options["timeout"] == 10
        raise subprocess.TimeoutExpired("nft", 10)

    path = machine.file("one", BRIDGE.encode())
    monkeypatch.setattr(subprocess, "run", timeout)
    assert bridge_rules.naming(BRIDGE) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ufw/before6.rules",
        "/etc/nftables.conf",
        "/etc/nftables.d/mail.nft",
        "/etc/iptables/rules.v6",
        "/etc/firewalld/direct.xml",
        "/etc/firewalld/zones/docker.xml",
        "/etc/ndppd.conf",
        "/etc/network/interfaces",
        "/etc/network/interfaces.d/bridge",
        "/etc/systemd/network/50-bridge.network",
    ],
)
def test_which_files(path: str) -> None:
    assert any(fnmatch.fnmatch(path, one) and path.count("/") == one.count("/") for one in bridge_rules.FILES)
