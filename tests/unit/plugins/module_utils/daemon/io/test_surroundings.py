# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is around the daemon, from what systemd, the kernel and the file system say."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import surroundings
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.restart_checks import Surroundings
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io.kernel import Address
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, host, network

SHOWN = """\
ExecStart={ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS --mtu=${MTU} ; \
ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Environment=MTU=1450 OTHER=1
EnvironmentFiles=/etc/default/docker (ignore_errors=yes)
RequiredBy=mail.service docker.socket
BoundBy=bound.service
ConsistsOf=part.service mail.service
"""


class Machine:
    def __init__(self) -> None:
        self.shown = SHOWN
        self.files: dict[str, bytes] = {"/etc/default/docker": b'# DOCKER_OPTS="-D"\nDOCKER_OPTS="--ipv6 -l warn"\n'}
        self.executable = "/usr/sbin/dockerd"
        self.version = b"Docker version 28.5.2, build 89c5e8f\n"
        self.clients: dict[str, dict[int, str | None]] = {}
        self.addresses: list[Address] = []
        self.kinds: dict[str, str] = {}
        self.rules = b"-P FORWARD ACCEPT\n"

    def run(self, command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        said = {"systemctl": self.shown.encode(), "ip6tables": self.rules}.get(command[0], self.version)
        return subprocess.CompletedProcess(command, 0, said, b"")

    def unit_of(self, pid: int) -> str | None:
        return next((units[pid] for units in self.clients.values() if pid in units), None)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(subprocess, "run", found.run)
    monkeypatch.setattr(os, "readlink", lambda path: found.executable)
    monkeypatch.setattr(os.path, "isdir", lambda path: found.kinds.get(path.split("/")[4]) == "bridge")
    monkeypatch.setattr(os.path, "exists", lambda path: found.kinds.get(path.split("/")[4]) == "tun")
    monkeypatch.setattr(
        surroundings, "link_type", lambda path: "65534" if found.kinds.get(path.split("/")[4]) == "wg" else "1"
    )
    monkeypatch.setattr(system_files, "read", found.files.get)
    for name, answer in (
        ("processes", lambda name, group=None: list(found.clients.get(name, {}))),
        ("unit_of", found.unit_of),
        ("addresses", lambda: found.addresses),
        ("sysctl", lambda name: "1"),
    ):
        monkeypatch.setattr(kernel, name, answer)
    return found


def test_everything(machine: Machine) -> None:
    assert surroundings.read(host()) == Surroundings(
        next_flags={"hosts": "fd://", "ipv6": "true", "log-level": "warn", "mtu": "1450"},
        next_version=None,
        bound_units=("bound.service", "mail.service", "part.service"),
        client_units=(),
        forwards=True,
        other_paths=(),
        forward_policy_drops=False,
    )


@pytest.mark.parametrize(
    ("mode", "unit", "expected"),
    [
        ("process", "docker.service", ""),
        ("none", "docker.service", ""),
        ("control-group", "docker.service", "control-group"),
        ("mixed", "docker.service", "mixed"),
        ("control-group", "containerd.service", ""),
    ],
)
def test_a_unit_that_kills_containers(machine: Machine, mode: str, unit: str, expected: str) -> None:
    """Only where containerd was started by dockerd, so that the processes of containers belong to its unit."""
    machine.shown = f"{SHOWN}KillMode={mode}\n"
    machine.clients = {"containerd-shim": {5: unit}}
    assert surroundings.read(host()).kill_mode == expected


@pytest.mark.parametrize(
    ("dockerds", "systemds", "expected"),
    [
        (set(), set(), False),
        ({"/run/docker/netns/1"}, {"/run/docker/netns/1", "/run/netns/vpn"}, False),
        ({"/run/docker/netns/1"}, {"/run/netns/vpn"}, True),
    ],
)
def test_a_unit_with_mounts_of_its_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, dockerds: set[str], systemds: set[str], expected: bool
) -> None:
    """They end with the daemon if systemd, whose mounts the next one begins with, does not have them."""
    monkeypatch.setattr(kernel, "mounted_namespaces", lambda pid: systemds if pid == 1 else dockerds)
    assert surroundings.read(host()).own_mounts is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ('Environment="OPTS=--mtu=1400 --ipv6" A=1', {"mtu": "1400", "ipv6": "true"}),
        ("Environment=A=1 OPTS=--mtu=1400", {"mtu": "1400"}),
        ("Environment=", {}),
        ('Environment="OPTS=--mtu=1400 --log-opt tag=it\'s"', {"mtu": "1400", "log-opts": "tag=its"}),
        ("Environment=OPTS=it's", {}),
        ('Environment="OPTS=--mtu=1400', {"mtu": "1400"}),
        ("EnvironmentFiles=/a (ignore_errors=no)\nEnvironmentFiles=/b (ignore_errors=yes)", {"mtu": "1400"}),
        ("EnvironmentFiles=/b (ignore_errors=no)\nEnvironmentFiles=/a (ignore_errors=yes)", {"ipv6": "true"}),
    ],
)
def test_environment_of_the_next_daemon(machine: Machine, environment: str, expected: dict[str, str]) -> None:
    machine.shown = f"ExecStart={{ path=/d ; argv[]=/d $OPTS ; ignore_errors=no }}\n{environment}\n"
    machine.files.update({"/a": b"OPTS=--ipv6\n", "/b": b"OPTS=--mtu=1400\n"})
    assert surroundings.read(host()).next_flags == expected


def test_host_without_systemd(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object, **_options: object) -> t.NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    found = surroundings.read(host())
    assert (found.next_flags, found.bound_units) == ({}, ())


@pytest.mark.parametrize(
    ("executable", "said", "expected"),
    [
        ("/usr/sbin/dockerd", b"Docker version 28.5.2, build 1\n", None),
        ("/usr/sbin/dockerd (deleted)", b"Docker version 28.5.2, build 1\n", "28.5.2"),
        ("/usr/sbin/dockerd (deleted)", b"Docker version 26.1.5+dfsg1, build 1\n", "26.1.5"),
        ("/usr/sbin/dockerd (deleted)", b"", None),
    ],
)
def test_version_on_disk(machine: Machine, executable: str, said: bytes, expected: str | None) -> None:
    machine.executable, machine.version = executable, said
    version = engine_version.parse(expected) if expected else None
    found = host()
    assert surroundings.read(found).next_version == version
    assert surroundings.next_version(found) == (version or found.daemon.version)


def test_units_that_run_a_client(machine: Machine) -> None:
    machine.clients = {
        "docker": {1: "mail.service", 2: None, 3: "docker.service", 4: "user@0.service"},
        "docker-compose": {5: "shop.service", 6: "mail.service"},
        "bash": {7: "other.service"},
    }
    assert surroundings.read(host()).client_units == ("mail.service", "shop.service")


def test_paths_of_others(machine: Machine) -> None:
    machine.kinds = {
        "virbr0": "bridge",
        "br-dms-ipv6": "bridge",
        "docker0": "bridge",
        "docker_gwbridge": "bridge",
        "wg0": "wg",
        "tun0": "tun",
        "eth0": "wire",
        "br1": "bridge",
    }
    value = ipaddress.IPv6Interface("fd12::1/64")
    machine.addresses = [Address(value, name, False) for name in machine.kinds if name != "br1"]
    found = surroundings.read(host(networks=(BRIDGE, network())))
    assert found.other_paths == ("tun0", "virbr0", "wg0")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [(b"-P FORWARD DROP\n-A FORWARD -j X\n", True), (b"-P FORWARD ACCEPT\n", False), (b"", False)],
)
def test_forward_policy(machine: Machine, rules: bytes, expected: bool) -> None:
    machine.rules = rules
    assert surroundings.read(host()).forward_policy_drops is expected


def test_type_of_an_interface() -> None:
    assert surroundings.link_type("/sys/class/net/lo") in ("772", "")
    assert surroundings.link_type("/sys/class/net/no-such-interface") == ""
