# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine breaks its word once, at each request of each kind of plan in turn: all is back, nothing is lost."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused, RolledBack
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.network import plan as network_plan
from ansible_collections.dms.ipv6.plugins.module_utils.network.io import executor as network_executor
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.engine_model import (
    CARRIED_OUT,
    FAULTS,
    Engine,
    served,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import ULA

TRANSIT = "fd5c:1ab0:7e57:ff::/64"
STATIC_SIX = "fd5c:1ab0:7e57:1::99"


class Lab:
    """An engine with two networks and four containers, and what plans need to know of it."""

    def __init__(self, folder: Path, strict: bool) -> None:
        self.folder, self.engine = folder, Engine(strict)
        self.engine.add_network("old", "10.77.0.0/24", ULA, EnableIPv6=False, Labels={"a": "b"}, Options={"c": "d"})
        self.engine.add_network("side", "10.78.0.0/24")
        self.engine.add_container("one", ("old", {"IPAMConfig": {"IPv4Address": "10.77.0.99"}, "Aliases": ["uno"]}))
        six = {} if strict else {"IPAMConfig": {"IPv6Address": STATIC_SIX}}
        self.engine.add_container("two", ("old", {**six, "GwPriority": 7}), ("side", {"Aliases": ["seitlich"]}))
        self.engine.add_container("three", ("side", {}), ("old", {"Links": ["one:linked"]}))
        self.engine.add_container("four", ("old", {"Aliases": ["cuatro"]}), running=False)
        if strict:  # made before it was upgraded
            self.engine.containers["two-id"]["NetworkSettings"]["Networks"]["old"]["IPAMConfig"] = {
                "IPv6Address": STATIC_SIX
            }
        self.socket = str(folder / "engine.sock")
        self.file = folder / "compose.yaml"
        self.file.write_bytes(b"services: {}\n")
        self.docker = Docker(self.socket)
        self.version = engine_version.parse("29.1.0" if strict else "28.5.2")

    def around(self, replaced: t.Mapping[str, tuple[str, str]]) -> network_plan.Around:
        containers = [docker_objects.inspected(self.docker.container(one["Id"])) for one in self.docker.containers()]
        names: dict[str, tuple[str, ...]] = {}
        for one in containers:
            for place in one.endpoints:
                names[place.network] = (*names.get(place.network, ()), one.name)
        return network_plan.Around(
            tuple(docker_objects.network(one) for one in self.docker.networks()),
            names,
            (),
            self.version,
            lambda name: docker_objects.inspected(self.docker.container(name)),
            TRANSIT,
            {name: before for name, (before, _after) in replaced.items()},
            {name: after for name, (_before, after) in replaced.items()},
        )

    def plan(self, name: str, *names: str, state: str = "present", replaced: t.Any = None) -> Plan:
        subnet = ip.subnet(ULA) if state == "present" else None
        wanted = network_plan.WantedNetwork(name, subnet, containers=names if subnet else (), state=state)
        known = {one: docker_objects.inspected(self.docker.container(one)) for one in names}
        return network_plan.plan(wanted, known, self.around(replaced or {}))

    def carry_out(self, steps: t.Iterable[Step]) -> None:
        daemon = daemon_executor.DaemonExecutor(self.docker, "docker.service", 1.0)
        executor = rollback_executor.Executor(daemon)
        rollback_executor.carry_out(Plan("", "", tuple(steps)), executor, armed_transaction.Journal())

    def state(self) -> t.Any:
        return self.engine.snapshot(), self.file.read_bytes()


def replaced(lab: Lab) -> tuple[Step, ...]:
    return lab.plan("old").steps


def created(lab: Lab) -> tuple[Step, ...]:
    lab.engine.networks["old"]["IPAM"]["Config"].pop()  # its subnet is the new one's
    return lab.plan("new", "one", "three").steps


def in_a_file(lab: Lab) -> tuple[Step, ...]:
    old = lab.file.read_bytes()
    write = WriteFile(str(lab.file), b"networks: {}\n", "wanted", old=old, invertible=True)
    return (write, *lab.plan("old").steps)


def taken_away(lab: Lab) -> tuple[Step, ...]:
    """Our network, and containers that we put there."""
    lab.engine.networks["old"]["IPAM"]["Config"].pop()
    lab.carry_out(lab.plan("new", "one", "three").steps)
    lab.engine.changes = 0
    return lab.plan("new", "one", "three", state="absent").steps


def given_back(lab: Lab) -> tuple[Step, ...]:
    """One that we replaced is what it was before."""
    before = definitions.of_network(lab.engine.networks["old"])
    lab.carry_out(lab.plan("old").steps)
    lab.engine.changes = 0
    after = definitions.of_network(lab.engine.networks["old"])
    return lab.plan("old", state="absent", replaced={"old": (before, after)}).steps


PLANS = (replaced, created, in_a_file, taken_away, given_back)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[t.Callable[[bool], Lab]]:
    @contextlib.contextmanager
    def warmed(bridge: str) -> t.Iterator[None]:
        yield

    def behind(path: str) -> t.NoReturn:
        raise Refused("unknown")

    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(network_executor, "warmed", warmed)
    monkeypatch.setattr(dockerd, "behind", behind)
    monkeypatch.setattr(kernel, "processes", lambda name: [1])
    with contextlib.ExitStack() as labs:

        def another(strict: bool) -> Lab:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            lab = Lab(folder, strict)
            labs.enter_context(served(lab.engine, lab.socket))
            return lab

        yield another


def without_six(state: t.Any) -> t.Any:
    """Without an IPv6 address that has no effect and that the engine does not take again."""
    (snapshot, file) = state
    for _state, places in snapshot["containers"].values():
        for place in places.values():
            place["IPAMConfig"].pop("IPv6Address", None)
    return snapshot, file


@pytest.mark.parametrize("strict", [False, True], ids=["any engine", "29.0.4"])
@pytest.mark.parametrize("made", PLANS)
def test_nothing_is_lost(make: t.Callable[[bool], Lab], made: t.Any, strict: bool) -> None:
    lab = make(strict)
    lab.carry_out(made(lab))
    count, done = lab.engine.changes, lab.state()
    assert count >= 3
    for at in range(1, count + 1):
        # Each kind at each request of a replacement; the others consist of the same requests.
        for fault in FAULTS if made is replaced and not strict else [FAULTS[at % len(FAULTS)]]:
            lab = make(strict)
            steps = made(lab)
            before = lab.state()
            lab.engine.at, lab.engine.fault = at, fault
            try:
                lab.carry_out(steps)
            except RolledBack:
                back = lab.state()
                assert (without_six(back) == without_six(before)) if strict else (back == before), (at, fault)
                lab.carry_out(steps)  # and once more, with an engine that keeps its word
            else:
                # A container's place is looked at, whatever the engine answers.
                assert fault == CARRIED_OUT, (made.__name__, at, fault)
            assert lab.state() == done, (made.__name__, at, fault)
