# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a module is sent to confirm. On real hosts: tests/integration/test_transaction.py."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.action import host_transaction
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_transaction
from ansible_collections.dms.ipv6.tests.unit.plugins.action.acting import SENT, Host

CONFIRM = {"state": "confirmed", "transaction": "run"}


def test_it_asks_the_program_that_is_there() -> None:
    assert f"{_io_files.STATE}/{_io_transaction.PROGRAM}" == host_transaction.PROGRAM


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (CONFIRM, "confirm run ''"),
        ({**CONFIRM, "reach": "[fd00::5]:25"}, "confirm run '[fd00::5]:25'"),
        ({**CONFIRM, "transaction": "a; reboot"}, "confirm 'a; reboot' ''"),
    ],
)
def test_what_is_asked(arguments: dict[str, t.Any], words: str) -> None:
    assert host_transaction.command(arguments) == f"{host_transaction.PROGRAM} {words}"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"state": "armed"},
        {"state": "reverted", "transaction": "run"},
        {"state": "confirmed"},
        {"state": "confirmed", "transaction": ""},
        {"state": "confirmed", "transaction": 7},
        {**CONFIRM, "reach": None},
        {**CONFIRM, "within": 60},
        {**CONFIRM, "typo": "x"},
    ],
)
def test_what_is_for_the_module(arguments: dict[str, t.Any]) -> None:
    assert host_transaction.command(arguments) == ""


@pytest.mark.parametrize("told", [{"changed": True}, {"failed": True, "msg": "too late"}])
def test_the_program_is_believed(monkeypatch: pytest.MonkeyPatch, told: dict[str, t.Any]) -> None:
    host = Host(monkeypatch, json.dumps(told))
    assert host.run(host_transaction, CONFIRM) == {**told, "invocation": {"module_args": CONFIRM}}


@pytest.mark.parametrize("rc", [0, 1, 126])
def test_the_module_is_sent_where_it_says_nothing(monkeypatch: pytest.MonkeyPatch, rc: int) -> None:
    """Whatever became of it: to confirm twice does no harm."""
    host = Host(monkeypatch, rc=rc)
    assert (host.run(host_transaction, CONFIRM), len(host.asked)) == (SENT, 1)


@pytest.mark.parametrize("task", [{"check": True}, {"async_val": 5}, {"arguments": {"state": "armed"}}])
def test_the_module_is_sent_at_once(monkeypatch: pytest.MonkeyPatch, task: dict[str, t.Any]) -> None:
    host = Host(monkeypatch, '{"changed": true}')
    assert (host.run(host_transaction, **{"arguments": CONFIRM, **task}), host.asked) == (SENT, [])
