# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether docker_ipv6_info and docker_ipv6 are sent. On real hosts: tests/integration/test_kept_program.py."""

from __future__ import annotations

import json
import shlex
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.action import docker_ipv6, docker_ipv6_info
from ansible_collections.dms.ipv6.tests.unit.plugins.action.acting import SENT, Host

OPTIONS = {"mode": "nat"}
BOTH = pytest.mark.parametrize(("plugin", "what"), [(docker_ipv6_info, "read"), (docker_ipv6, "change")])


@BOTH
@pytest.mark.parametrize(
    "told", [{"changed": False, "summary": "x"}, {"failed": True, "msg": "no", "rolled_back": True}]
)
def test_the_program_is_believed(monkeypatch: pytest.MonkeyPatch, plugin: t.Any, what: str, told: t.Any) -> None:
    host = Host(monkeypatch, json.dumps(told), rc=0)
    assert host.run(plugin, OPTIONS) == {**told, "invocation": {"module_args": OPTIONS}}
    (command,) = host.asked
    assert shlex.split(command)[1] == what


@pytest.mark.parametrize(
    ("plugin", "check", "dry"),
    [(docker_ipv6, False, False), (docker_ipv6, True, True), (docker_ipv6_info, False, True)],
)
def test_check_mode(monkeypatch: pytest.MonkeyPatch, plugin: t.Any, check: bool, dry: bool) -> None:
    host = Host(monkeypatch, '{"changed": false}')
    host.run(plugin, OPTIONS, check=check)
    assert json.loads(shlex.split(host.asked[0])[3])["dry"] is dry


@BOTH
@pytest.mark.parametrize("rc", [3, 126, 127])
def test_the_module_is_sent_where_there_is_no_such_program(
    monkeypatch: pytest.MonkeyPatch, plugin: t.Any, what: str, rc: int
) -> None:
    host = Host(monkeypatch, "sh: 1: not found", rc=rc)
    assert (host.run(plugin, OPTIONS), len(host.asked)) == (SENT, 1), what


@pytest.mark.parametrize("rc", [-9, 0, 1, 137])
def test_a_program_that_dies(monkeypatch: pytest.MonkeyPatch, rc: int) -> None:
    """To read again does no harm. A change may be armed, and half done, so it is not begun anew."""
    host = Host(monkeypatch, "half of", rc=rc)
    assert host.run(docker_ipv6_info, OPTIONS) == SENT
    result = host.run(docker_ipv6, OPTIONS)
    assert result["msg"] == f"/var/lib/dms-ipv6/program.pyz ended without an answer ({rc}) err"
    assert (result["failed"], result["module_stdout"], result["module_stderr"]) == (True, "half of", "err")


@BOTH
@pytest.mark.parametrize("task", [{"async_val": 5}, {"arguments": {"mode": "typo"}}])
def test_the_module_is_sent_at_once(monkeypatch: pytest.MonkeyPatch, plugin: t.Any, what: str, task: t.Any) -> None:
    host = Host(monkeypatch, '{"changed": true}')
    assert (host.run(plugin, **{"arguments": OPTIONS, **task}), host.asked) == (SENT, []), what


def test_the_environment_of_a_task_is_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, '{"changed": false}', environment="LANG=C")
    host.run(docker_ipv6_info, OPTIONS)
    assert host.asked[0].startswith("LANG=C /var/lib/dms-ipv6/program.pyz read ")
