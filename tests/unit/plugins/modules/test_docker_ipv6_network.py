# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_network, on an engine in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_found, _io_kernel, _io_network, _network
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.plugins.modules import docker_ipv6_network
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    DERIVED,
    MACHINE_ID,
    ULA,
    host,
    network,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run


class Engine:
    """Networks, and which of them the container mail is on."""

    def __init__(self) -> None:
        self.networks: list[t.Any] = [BRIDGE]
        self.on = ["bridge"]
        self.listens: list[tuple[str, int]] = [("::", 80)]
        self.version = "26.1.5"
        self.done: list[str] = []

    def read(self, docker: Docker, path: str | None = None) -> t.Any:
        members = dict.fromkeys(self.on, ("mail",))
        return host(Daemon(version=self.version), networks=tuple(self.networks), members=members)

    def container(self, name: str) -> dict[str, t.Any]:
        if name != "mail":
            raise Refused(f"GET /containers/{name}/json: 404 No such container: {name}", "docker.sock")
        return {
            "Id": "1",
            "Name": "/mail",
            "State": {"Running": True, "Pid": 4711},
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {
                "Ports": {"80/tcp": [{"HostIp": "::", "HostPort": "8080"}]},
                "Networks": {one: {"IPAddress": "172.17.0.2"} for one in self.on},
            },
        }

    def carry_out(self, plan: t.Any, docker: Docker) -> None:
        for step in plan.steps:
            self.done.append(str(step))
            if isinstance(step, _network.CreateNetwork):
                self.networks.append(network(step.name, [str(step.subnet)]))
            elif isinstance(step, _network.RemoveNetwork):
                self.networks = [one for one in self.networks if one.name != step.name]
            else:
                self.on.append(step.network)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Engine:
    found = Engine()
    monkeypatch.setattr(_io_files, "STATE", str(tmp_path))
    monkeypatch.setattr(_io_found, "read", found.read)
    monkeypatch.setattr(_io_network, "carry_out", found.carry_out)
    monkeypatch.setattr(_io_kernel, "listeners", lambda pid: {"ipv4": [("0.0.0.0", 80)], "ipv6": found.listens})
    monkeypatch.setattr(_io_kernel, "machine_id", lambda: MACHINE_ID)
    monkeypatch.setattr(Docker, "container", lambda _docker, name: found.container(name))
    return found


@pytest.mark.parametrize(
    ("options", "subnet"),
    [
        ({"name": "dms-ipv6"}, DERIVED),
        ({"name": "dms-ipv6", "subnet": ULA, "containers": ["mail"]}, ULA),
        ({"name": "dms-ipv6", "prefix_length": 80}, "fdad:f0b0:1d69:2bda"),
        ({"name": "dms-ipv6", "fleet_prefix": "fd12:3456:789a::/48"}, "fd12:3456:789a:2bda::/64"),
    ],
)
def test_check_then_real_then_again(engine: Engine, options: dict[str, t.Any], subnet: str) -> None:
    check = run(docker_ipv6_network, check=True, **options)
    assert (engine.done, engine.networks) == ([], [BRIDGE])
    real = run(docker_ipv6_network, **options)
    assert real == {**check, "invocation": real["invocation"]}
    assert real["changed"] is True
    assert real["steps"] == engine.done
    assert real["subnet"].startswith(subnet)
    again = run(docker_ipv6_network, **options)
    assert (again["changed"], again["steps"], again["subnet"]) == (False, [], real["subnet"])
    assert again["diff"]["before"] == again["diff"]["after"] == real["diff"]["after"]


def test_absent(engine: Engine) -> None:
    engine.networks.append(network())
    for check, changed in ((True, True), (False, True), (False, False)):
        result = run(docker_ipv6_network, check=check, name="dms-ipv6", state="absent")
        assert result["changed"] is changed
        assert "subnet" not in result
    assert engine.done == ["remove network dms-ipv6"]


def test_auto_keeps_the_subnet_that_is_there(engine: Engine) -> None:
    engine.networks.append(network())
    assert run(docker_ipv6_network, name="dms-ipv6")["subnet"] == ULA


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"name": "dms-ipv6", "subnet": "2001:db8::/64"},
            "subnet: 2001:db8::/64 is reserved for documentation (RFC 3849). Give a CIDR",
        ),
        ({"name": "dms-ipv6", "prefix_length": 32}, "prefix_length: 32 is not between 48 and 126"),
        ({"name": "bridge"}, "network: 'bridge' is a network of the engine's own"),
        ({"name": "dms-ipv6", "containers": ["nobody"]}, "404 No such container: nobody"),
        ({}, "missing required arguments: name"),
        ({"name": "dms-ipv6", "state": "gone"}, "value of state must be one of: present, absent"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_are_one_message(engine: Engine, options: dict[str, t.Any], words: str, check: bool) -> None:
    assert words in failure(docker_ipv6_network, check=check, **options)
    assert engine.done == []


def test_old_engine_is_refused(engine: Engine) -> None:
    engine.version = "19.03.15"
    assert "has no IPv6 packet filter support" in failure(docker_ipv6_network, name="dms-ipv6")


def test_service_on_ipv4_only_is_refused(engine: Engine) -> None:
    engine.listens = []
    assert "listens on IPv4 only on port 80" in failure(docker_ipv6_network, name="dms-ipv6", containers=["mail"])


def test_failing_step(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(plan: object, docker: object) -> t.NoReturn:
        raise Refused("cannot create network dms-ipv6: no space")

    monkeypatch.setattr(_io_network, "carry_out", carry_out)
    assert failure(docker_ipv6_network, name="dms-ipv6") == "cannot create network dms-ipv6: no space."


def test_missing_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> None:
    monkeypatch.setattr(_io_files, "STATE", str(tmp_path))
    monkeypatch.setattr(_io_kernel, "machine_id", lambda: MACHINE_ID)
    path = str(tmp_path / "docker.sock")
    words = f"{path}: there is no Docker socket. Install and start Docker on this host."
    assert failure(docker_ipv6_network, name="dms-ipv6", docker_socket=path) == words
