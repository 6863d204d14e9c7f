# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_transaction, with the host's timer left out."""

from __future__ import annotations

import socket
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import armed as change_armed
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction as rollback_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import revert as rollback_revert
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import host_transaction, host_transaction_confirm
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import Arming, failure, run


class Host(Arming):
    """What is done to it."""

    def __init__(self) -> None:
        self.failing: list[str] = []
        self.done: list[t.Any] = []

    def arm(self, within: float, run_id: str) -> str:
        change_armed.stored()
        self.done.append(("armed", within))
        self.armed = rollback_transaction.Transaction(run_id or "any", armed_transaction.boot_id(), 1e12, within)
        return run_id or "any"

    def disarm(self) -> None:
        self.done.append("disarmed")
        self.armed = None

    def revert(self, reason: str) -> rollback_revert.Outcome:
        self.done.append(reason)
        if not self.failing:
            self.armed = None
        return rollback_revert.Outcome(self.failing, [])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Host:
    found = Host()
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(change_armed, "disarm", found.disarm)
    monkeypatch.setattr(rollback_revert, "arm", found.arm)
    monkeypatch.setattr(rollback_revert, "revert", found.revert)
    monkeypatch.setattr(rollback_revert, "start_now", lambda: found.done.append("by itself"))
    return found


def transaction(**options: t.Any) -> dict[str, t.Any]:
    return run(host_transaction, **options)


def test_armed_and_confirmed(machine: Host) -> None:
    assert transaction(state="armed", check=True)["changed"] is True
    assert machine.done == []
    armed = transaction(state="armed", within=60)
    assert (armed["changed"], machine.done) == (True, [("armed", 60)])
    assert transaction(state="confirmed", transaction=armed["transaction"], check=True)["changed"] is True
    assert machine.done == [("armed", 60)]
    assert transaction(state="confirmed", transaction=armed["transaction"])["changed"] is True
    assert machine.done == [("armed", 60), "disarmed"]


def test_confirmed_by_the_small_module(machine: Host) -> None:
    """What docker_ipv6 sends for its confirm_reach."""
    armed = transaction(state="armed")["transaction"]
    options = {"transaction": armed, "reach": ""}
    assert run(host_transaction_confirm, check=True, **options)["changed"] is True
    assert "nowhere:1" in failure(host_transaction_confirm, transaction=armed, reach="nowhere:1")
    assert machine.done == [("armed", 120)]
    assert run(host_transaction_confirm, **options)["changed"] is True
    assert machine.done == [("armed", 120), "disarmed"]
    assert "was not confirmed in time" in failure(host_transaction_confirm, **options)


def test_armed_by_a_name_of_ones_own(machine: Host) -> None:
    assert transaction(state="armed", transaction="mine")["transaction"] == "mine"
    assert machine.done == [("armed", 120)]


def test_reverted(machine: Host) -> None:
    assert transaction(state="reverted", any=True, check=True)["changed"] is False
    transaction(state="armed")
    assert transaction(state="reverted", any=True, check=True)["changed"] is True
    assert machine.done == [("armed", 120)]
    result = transaction(state="reverted", any=True)
    assert (result["changed"], result["failed_steps"], machine.done[1:]) == (True, [], ["requested"])
    assert transaction(state="reverted", any=True)["changed"] is False


def test_another_runs_change_is_not_reverted(machine: Host) -> None:
    transaction(state="armed", transaction="theirs")
    for check in (True, False):
        assert transaction(state="reverted", transaction="ours", check=check)["changed"] is False
    assert (machine.armed is not None, machine.done) == (True, [("armed", 120)])
    assert transaction(state="reverted", transaction="theirs")["changed"] is True
    assert machine.armed is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "missing required arguments: state"),
        ({"state": "on"}, "value of state must be one of: armed, confirmed, reverted"),
        ({"state": "armed", "within": 0}, "within: 0 is not a time limit. Give seconds."),
        ({"state": "armed", "transaction": "other"}, "another run's change waits to be confirmed"),
        ({"state": "confirmed"}, "state is confirmed but all of the following are missing: transaction"),
        ({"state": "confirmed", "transaction": "other"}, "another run's change waits to be confirmed"),
    ],
)
def test_failures_are_one_message(machine: Host, options: dict[str, t.Any], words: str) -> None:
    machine.armed = rollback_transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60.0)
    assert words in failure(host_transaction, **options)
    assert (machine.armed.id, machine.done) == ("run", [])


def test_confirmed_too_late(machine: Host) -> None:
    words = "the change was not confirmed in time and has been undone"
    assert words in failure(host_transaction, state="confirmed", transaction="run")


def test_what_cannot_be_put_back_is_named(machine: Host) -> None:
    transaction(state="armed")
    machine.failing = ["/x: cannot be written.", "/y: gone."]
    words = "not everything could be put back: /x: cannot be written. /y: gone."
    assert failure(host_transaction, state="reverted", any=True).startswith(words)
    assert machine.armed


@pytest.fixture
def listener() -> t.Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_confirmed_where_something_is_reached(machine: Host, listener: socket.socket) -> None:
    target = f"127.0.0.1:{listener.getsockname()[1]}"
    armed = transaction(state="armed")["transaction"]
    assert transaction(state="confirmed", transaction=armed, reach=target)["changed"] is True
    assert machine.armed is None


@pytest.mark.parametrize("target", ["127.0.0.1:1", "[::1]:1"])
def test_not_confirmed_where_nothing_is_reached(machine: Host, target: str) -> None:
    armed = transaction(state="armed")["transaction"]
    text = failure(host_transaction, state="confirmed", transaction=armed, reach=target)
    assert text.startswith(f"{target}: cannot be reached from this host (")
    assert machine.armed


@pytest.mark.parametrize("target", ["127.0.0.1", "nonsense:x", ":", ":25", "h:0", "h:65536", "h:99999", "h:-1", "h:²"])
def test_ports_that_there_are_not(machine: Host, target: str) -> None:
    """99999 would be taken for 34463."""
    armed = transaction(state="armed")["transaction"]
    text = failure(host_transaction, state="confirmed", transaction=armed, reach=target)
    assert text.startswith(f"reach: {target}: it is not HOST:PORT with a port from 1 to 65535")
    assert machine.armed


def test_the_lock_is_free_while_something_is_reached(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which may take long; and what was taken back in between is not confirmed."""
    armed = transaction(state="armed")["transaction"]

    def reach(_address: t.Any, timeout: float) -> socket.socket:
        with lock.lock():
            machine.armed = None
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", reach)
    words = "the change was not confirmed in time and has been undone"
    assert words in failure(host_transaction, state="confirmed", transaction=armed, reach="127.0.0.1:25")
    assert "disarmed" not in machine.done


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "state is reverted but any of the following are missing: transaction, any"),
        ({"transaction": ""}, "transaction: it is empty."),
        ({"transaction": "run", "any": True}, "parameters are mutually exclusive: transaction|any"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_whose_change_is_reverted_is_said(machine: Host, options: dict[str, t.Any], words: str, check: bool) -> None:
    """A template that renders to nothing undoes no run's change."""
    transaction(state="armed", transaction="run")
    assert failure(host_transaction, state="reverted", check=check, **options).startswith(words)
    assert machine.armed


def test_overdue_change_of_another_run_is_taken_back_first(machine: Host) -> None:
    machine.armed = rollback_transaction.Transaction("old", armed_transaction.boot_id(), 0.0, 60.0)
    result = transaction(state="armed", transaction="new")
    assert (result["transaction"], machine.done) == ("new", ["not confirmed within 60 s", ("armed", 120)])
    assert "was not confirmed in time; it was taken back first" in " ".join(result["warned"].split())
