# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""routed_firewall, on a host in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock, record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction as rollback_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.routed import nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.routed.firewall import FILE, LoadTable
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import TableFiles
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import routed_firewall
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import host
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

ADDRESS = "2001:2:0:b1::25"
OPTIONS: dict[str, t.Any] = {
    "subnet": "2001:2:0:b1::/64",
    "bridge": "dms6-0123456789",
    "ports": [{"address": ADDRESS, "port": 25}, {"address": ADDRESS, "port": 53, "protocol": "udp"}],
    "sources": [ADDRESS],
}
NONE: list[str] = []


class Host:
    """TableFiles and the kernel's table."""

    def __init__(self) -> None:
        self.found = TableFiles()
        self.failing: type | None = None

    def read(self, docker: Docker, path: str | None = None) -> state_host.Found:
        return host(table=self.found, record=record.record())

    def do(self, step: t.Any) -> None:
        if isinstance(step, WriteFile):
            changes: dict[str, t.Any] = {"file" if step.path == FILE else "unit": step.content}
            self.found = self.found._replace(**changes)
        elif self.failing is type(step):
            raise Refused("nft says: no")
        elif isinstance(step, LoadTable):
            self.found = self.found._replace(listing=step.text)
        else:
            self.found = self.found._replace(enabled=type(step).__name__ == "EnableUnit")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Host:
    found = Host()
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(rollback_executor.Executor, "do", lambda self, step: found.do(step))
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    return found


def test_present_and_absent(there: Host) -> None:
    check = run(routed_firewall, check=True, **OPTIONS)
    assert there.found == TableFiles()
    real = run(routed_firewall, **OPTIONS)
    assert check == real
    assert real["changed"] and not real["rolled_back"]
    assert f"ip6 daddr {ADDRESS} udp dport {{ 53 }} accept" in real["diff"]["prepared"]
    assert f"ip6 saddr {ADDRESS} oifname" in real["diff"]["prepared"]
    assert nft_table.in_force(there.found)
    again = run(routed_firewall, **OPTIONS)
    assert (again["changed"], again["steps"]) == (False, NONE)
    check = run(routed_firewall, check=True, state="absent")
    gone = run(routed_firewall, state="absent")
    assert check == gone
    assert gone["changed"] and there.found == TableFiles(None, None, False, "")
    assert run(routed_firewall, state="absent")["changed"] is False
    # None of our files is taken for a Compose file that undo would bring back.
    assert record.record().get("files") is None


def test_part_of_a_transaction(there: Host) -> None:
    transaction = rollback_transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60)
    armed_transaction.write(transaction)
    run(routed_firewall, transaction="run", **OPTIONS)
    armed = armed_transaction.armed()
    assert armed is not None
    for step in armed.steps_back():
        there.do(step)
    assert there.found == TableFiles(None, None, False, "")
    assert "another run's change waits" in failure(routed_firewall, **OPTIONS)


def test_nft_fails(there: Host) -> None:
    there.failing = LoadTable
    result = run(routed_firewall, **OPTIONS)
    assert result["rolled_back"] is False and "nft says: no" in result["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "state is present but all of the following are missing: subnet, bridge"),
        ({**OPTIONS, "subnet": ""}, "subnet: '' is not a CIDR"),
        ({**OPTIONS, "bridge": ""}, "bridge: '' is not a name of a bridge device"),
        ({**OPTIONS, "ports": [{"address": "2001:2:0:b2::1", "port": 25}]}, "ports: 2001:2:0:b2::1 is outside"),
        ({**OPTIONS, "docker_socket": "/no/such/socket", "sources": ["x"]}, "sources: 'x' is not an IPv6 address"),
    ],
)
def test_refused(there: Host, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(routed_firewall, **options)
    assert there.found == TableFiles()
