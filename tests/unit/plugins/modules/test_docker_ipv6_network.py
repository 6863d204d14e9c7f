# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_network, on an engine in memory."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock, record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
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
        self.more: dict[str, t.Any] = {}
        self.done: list[str] = []
        self.failing = ""

    def read(self, docker: Docker, path: str | None = None) -> t.Any:
        members = dict.fromkeys(self.on, ("mail",))
        found = {"networks": tuple(self.networks), "members": members, "record": record.record()}
        return host(Daemon(version=self.version), **found, **self.more)

    def container(self, name: str) -> dict[str, t.Any]:
        if name not in ("mail", "1"):
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

    def do(self, step: t.Any) -> None:
        if self.failing and str(step).startswith(self.failing):
            raise Refused(f"cannot {step}: no space")
        self.done.append(str(step))
        if isinstance(step, network_steps.CreateNetwork):
            self.networks.append(docker_objects.network({"Id": f"{step.name}-id", **definitions.load(step.definition)}))
        elif isinstance(step, network_steps.RemoveNetwork):
            self.networks = [one for one in self.networks if one.name != step.name]
        elif isinstance(step, network_steps.ConnectContainer):
            self.on.append(step.network)
        elif isinstance(step, network_steps.DisconnectContainer):
            self.on = [one for one in self.on if one != step.network]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Engine:
    found = Engine()
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(rollback_executor.Executor, "do", found.do)
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    monkeypatch.setattr(kernel, "listeners", lambda pid: {"ipv4": [("0.0.0.0", 80)], "ipv6": found.listens})
    monkeypatch.setattr(kernel, "machine_id", lambda: MACHINE_ID)
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
    assert {**real, "outage": 0} == {**check, "outage": 0}  # which is measured
    assert real["changed"] is True
    assert real["steps"] == engine.done
    assert real["subnet"].startswith(subnet)
    again = run(docker_ipv6_network, **options)
    assert (again["changed"], again["steps"], again["subnet"]) == (False, [], real["subnet"])
    assert again["diff"] == {}


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("absent", ["disconnect mail from network dms-ipv6", "remove network dms-ipv6"]),
        ("released", ["disconnect mail from network dms-ipv6"]),
    ],
)
def test_taken_back(engine: Engine, state: str, steps: list[str]) -> None:
    run(docker_ipv6_network, name="dms-ipv6", containers=["mail"])
    assert record.record() == {"moves": {"dms-ipv6": ["1"]}, "guard": []}
    engine.done = []
    for check, changed in ((True, True), (False, True), (False, False)):
        result = run(docker_ipv6_network, check=check, name="dms-ipv6", state=state)
        assert result["changed"] is changed
        assert result["steps"] == (steps if changed else [])
        assert "subnet" not in result
    assert engine.done == steps
    assert record.record()["moves"] == ({} if state == "absent" else {"dms-ipv6": []})


def test_only_our_own_containers_are_taken_off(engine: Engine) -> None:
    engine.networks.append(network())
    engine.on.append("dms-ipv6")
    assert run(docker_ipv6_network, name="dms-ipv6", state="released")["changed"] is False
    assert "mail still on it" in failure(docker_ipv6_network, name="dms-ipv6", state="absent")
    assert engine.done == []


def test_default_route_is_kept_and_given_back(engine: Engine) -> None:
    engine.more = {"ra_default": ("eth0",), "accept_ra": {"eth0": "1"}, "forwards": False}
    steps = run(docker_ipv6_network, name="dms-ipv6")["steps"]
    assert [one.split()[0] for one in steps] == ["write", "set", "Docker", "create"]
    kinds = [one["kind"] for one in record.record()["guard"]]
    assert kinds == ["RestoreForwarding", "RestoreAcceptRa", "WriteFile"]
    engine.more = {}
    steps = run(docker_ipv6_network, name="dms-ipv6", state="absent")["steps"]
    assert [one.split()[0] for one in steps] == ["remove", "switch", "set", "remove"]
    assert record.record()["guard"] == []


def test_change_within_a_transaction(engine: Engine) -> None:
    armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60.0))
    for other in ("", "other"):
        assert "another run's change" in failure(docker_ipv6_network, name="dms-ipv6", transaction=other)
        assert "another run's change" in failure(docker_ipv6_network, name="dms-ipv6", transaction=other, check=True)
    assert engine.done == []
    assert run(docker_ipv6_network, name="dms-ipv6", transaction="run")["changed"] is True
    assert engine.done == [f"create network dms-ipv6 with {DERIVED}"]
    armed = armed_transaction.armed()
    assert armed and armed.slots == ((network_steps.RemoveNetwork("dms-ipv6"),),)
    assert armed.deadline < 1e12  # counted again


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
        ({"name": "dms-ipv6", "state": "gone"}, "value of state must be one of: present, absent, released"),
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


@pytest.mark.parametrize(
    ("failing", "rolled_back", "words"),
    [
        ("create", True, f"cannot create network dms-ipv6 with {DERIVED}: no space. The old state is back."),
        ("connect", True, "no space. The old state is back."),
    ],
)
def test_failing_step(engine: Engine, failing: str, rolled_back: bool, words: str) -> None:
    engine.failing = failing
    result = run(docker_ipv6_network, name="dms-ipv6", containers=["mail"])
    assert (result["failed"], result["rolled_back"]) == (True, rolled_back)
    assert result["msg"].endswith(words)
    assert (engine.networks, engine.on, record.record()) == ([BRIDGE], ["bridge"], {})


def test_missing_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> None:
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(kernel, "machine_id", lambda: MACHINE_ID)
    path = str(tmp_path / "docker.sock")
    words = f"{path}: there is no Docker socket. Install and start Docker on this host."
    assert failure(docker_ipv6_network, name="dms-ipv6", docker_socket=path) == words


GLOBAL = "2001:2:0:b1::/64"
FIXED = {"mail": "2001:2:0:b1::25"}


@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_mode_routed(engine: Engine, version: str) -> None:
    engine.version = version
    options: dict[str, t.Any] = {
        "name": "dms-ipv6",
        "mode": "routed",
        "subnet": GLOBAL,
        "containers": ["mail"],
        "addresses": FIXED,
    }
    result = run(docker_ipv6_network, **options)
    assert result["changed"] and result["subnet"] == GLOBAL
    assert "container: mail at 2001:2:0:b1::25" in result["diff"]["prepared"]
    assert ("gateway_mode_ipv6=routed" in result["diff"]["prepared"]) is (version == "28.5.2")
    assert len(engine.networks) == 2


def test_mode_routed_takes_a_part_of_the_hosts_prefix(engine: Engine) -> None:
    prefix = ipaddress.IPv6Network("2001:2:0:11::/64")
    engine.more = {"uplinks": (state_host.Uplink("eth0", ((prefix, True),)),)}
    result = run(docker_ipv6_network, name="dms-ipv6", mode="routed")
    assert ipaddress.IPv6Network(result["subnet"]).subnet_of(prefix)
    assert result["subnet"].endswith("/80")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "routed"}, "subnet: this host has no global IPv6 prefix on its uplink"),
        ({"mode": "routed", "subnet": ULA}, "is a ULA, which no client outside can reach"),
        ({"mode": "routed", "subnet": GLOBAL, "fleet_prefix": "fd12:3456:789a::/48"}, "fleet_prefix: it is for ULAs"),
        ({"addresses": FIXED}, "addresses: containers get addresses of your choice in mode routed only"),
    ],
)
def test_mode_routed_is_refused(engine: Engine, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_network, name="dms-ipv6", **options)
    assert engine.networks == [BRIDGE]
