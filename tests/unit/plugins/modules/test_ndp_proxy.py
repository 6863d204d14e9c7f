# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ndp_proxy on a host whose kernel and systemd are in memory."""

from __future__ import annotations

import shutil
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock, record
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import docker_ipv6_full_info, ndp_proxy
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts, proxying_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.proxying_host import Machine
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

PREFIX = "2001:2:0:1:d1::/80"
FIXED = ["2001:2:0:1:d1::80"]
UNIT = "dms-ipv6-ndp-2001:2:0:1:d1::-80.service"
SAID = ("warned", "diff")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    found = proxying_host.install(monkeypatch, tmp_path)
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    monkeypatch.setattr(shutil, "which", lambda name, path: f"/usr/sbin/{name}")

    def read(docker: t.Any, path: str | None = None, any_engine: bool = False) -> t.Any:
        assert docker.path in ("/var/run/docker.sock", "/run/other.sock")
        return hosts.host()._replace(record=record.record())

    monkeypatch.setattr(read_host, "read", read)
    monkeypatch.setattr(read_host, "looked_into", lambda docker, found: found)
    return found


@pytest.mark.parametrize(
    ("options", "backend"),
    [
        ({"addresses": FIXED}, "kernel"),
        ({"addresses": FIXED, "interface": "eth0", "backend": "kernel", "state": "present"}, "kernel"),
        ({"addresses": FIXED, "docker_socket": "/run/other.sock"}, "kernel"),
        ({}, "ndppd"),
    ],
)
def test_present_and_absent(machine: Machine, options: dict[str, t.Any], backend: str) -> None:
    """Check mode says the same and does nothing; a second run finds nothing to do; absent leaves nothing behind."""
    before = machine.state
    check = run(ndp_proxy, check=True, prefix=PREFIX, **options)
    assert (machine.state, record.record()) == (before, {})
    real = run(ndp_proxy, prefix=PREFIX, **options)
    assert real == check
    assert (real["changed"], real["rolled_back"], real["backend"], real["interface"]) == (True, False, backend, "eth0")
    assert real["diff"]["prepared"].startswith("--- before: neighbours answered for on eth0\n")
    assert set(machine.active) == {UNIT}
    entry = {"interface": "eth0", "backend": backend}
    assert record.record()["ndp"]["prefixes"] == {PREFIX: entry}
    again = run(ndp_proxy, prefix=PREFIX, **options)
    assert (again["changed"], again["steps"]) == (False, [])
    assert docker_ipv6_info_absent()["ndp"] == [{"state": "absent"}]
    gone = run(ndp_proxy, state="absent")
    assert gone["changed"]
    assert machine.state == before
    assert "ndp" not in record.record()
    assert docker_ipv6_info_absent()["ndp"] == []
    assert not run(ndp_proxy, prefix=PREFIX, state="absent")["changed"]


def docker_ipv6_info_absent() -> dict[str, t.Any]:
    """What undo would do."""
    plan: dict[str, t.Any] = run(docker_ipv6_full_info, mode="absent")["plan"]
    assert plan["changed"] is bool(plan["ndp"]) is bool(plan["steps"])
    return plan


def test_a_failure_brings_everything_back(machine: Machine) -> None:
    before = machine.state
    machine.failing = "restart"
    result = run(ndp_proxy, prefix=PREFIX, addresses=FIXED)
    assert (result["failed"], result["rolled_back"]) == (True, True)
    assert result["msg"] == "systemctl restart failed. The old state is back."
    assert (machine.state, record.record()) == (before, {})


def test_transaction(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change notes its way back in the armed transaction, and is refused to other runs."""
    monkeypatch.setattr(time, "monotonic", lambda: 10.0)
    armed_transaction.write(transaction.Transaction("this", armed_transaction.boot_id(), 100.0, 60.0))
    assert "another run's change waits" in failure(ndp_proxy, prefix=PREFIX, addresses=FIXED)
    run(ndp_proxy, prefix=PREFIX, addresses=FIXED, transaction="this")
    armed = armed_transaction.armed()
    assert armed is not None
    assert [str(step) for step in armed.steps_back()] == [
        f"stop and remove {UNIT}, which answers for {PREFIX} on eth0",
        "set net/ipv6/conf/eth0/proxy_ndp = 0 (was 1)",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "state is present but all of the following are missing: prefix"),
        ({"prefix": "2001:2:0:1::/64"}, "prefix: 2001:2:0:1::/64 is all of 2001:2:0:1::/64"),
        ({"prefix": PREFIX, "interface": "eth9"}, "interface: there is no eth9 with IPv6. There are eth0."),
        ({"prefix": PREFIX, "backend": "kernel"}, "addresses: kernel needs one entry for each address"),
        ({"prefix": PREFIX, "backend": "other"}, "value of backend must be one of"),
        ({"prefix": PREFIX, "state": "other"}, "value of state must be one of"),
        ({"prefix": PREFIX, "transaction": "gone"}, "the change was not confirmed in time and has been undone"),
    ],
)
def test_bad_input(machine: Machine, options: dict[str, t.Any], words: str) -> None:
    before = machine.state
    said = failure(ndp_proxy, **options)
    assert words in said
    assert "\n" not in said
    assert (machine.state, machine.calls, record.record()) == (before, [], {})


def test_missing_ndppd(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused; in check mode, where the role installs nothing either, what would be done and what it takes."""
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    before = machine.state
    assert failure(ndp_proxy, prefix=PREFIX).startswith("ndppd: the program is missing. Install the package ndppd")
    check = run(ndp_proxy, check=True, prefix=PREFIX)
    assert "ndppd is not installed" in check["warned"]
    assert check["changed"]
    assert (machine.state, machine.calls) == (before, [])
