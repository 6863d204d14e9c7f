# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a module is sent to confirm. On real hosts: tests/integration/test_transaction.py."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.plugins.action import normal
from ansible_collections.dms.ipv6.plugins.action import host_transaction
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_transaction

CONFIRM = {"state": "confirmed", "transaction": "run"}
SENT = {"changed": True, "by": "module"}


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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"changed": true}\n', {"changed": True}),
        ('Welcome!\n{"failed": true, "msg": "too late"}\n{} bye\n', {"failed": True, "msg": "too late"}),
        ("", None),
        ("[1]\n{}\n7\n", None),
        ("sh: 1: revert.pyz: Permission denied\n", None),
    ],
)
def test_what_is_heard(said: str, told: dict[str, t.Any] | None) -> None:
    assert host_transaction.answer(said) == told


class Action(host_transaction.ActionModule):
    """On a host whose program says one thing."""

    def __init__(self, said: str, **task: t.Any) -> None:
        self._task = types.SimpleNamespace(**{"args": CONFIRM, "check_mode": False, "async_val": 0, **task})
        self.said = said
        self.asked: list[str] = []

    def _low_level_execute_command(self, cmd: str, **_more: t.Any) -> dict[str, t.Any]:
        self.asked.append(cmd)
        return {"rc": 0, "stdout": self.said}


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal.ActionModule, "run", lambda self, tmp, task_vars: SENT)


@pytest.mark.parametrize("told", [{"changed": True}, {"failed": True, "msg": "too late"}])
def test_the_program_is_believed(told: dict[str, t.Any]) -> None:
    done = Action(str(told).replace("'", '"').replace("True", "true")).run()
    assert done == {**told, "invocation": {"module_args": CONFIRM}}


def test_the_module_is_sent_where_there_is_no_program() -> None:
    action = Action("")
    assert action.run() == SENT
    assert len(action.asked) == 1


@pytest.mark.parametrize("task", [{"check_mode": True}, {"async_val": 5}, {"args": {"state": "armed"}}])
def test_the_module_is_sent_at_once(task: dict[str, t.Any]) -> None:
    action = Action('{"changed": true}', **task)
    assert (action.run(), action.asked) == (SENT, [])
