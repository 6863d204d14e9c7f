# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that keeps no program is sent one to read it. On real hosts: tests/integration/test_kept_program.py."""

from __future__ import annotations

import json
import shlex
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.action import docker_ipv6, docker_ipv6_info
from ansible_collections.dms.ipv6.plugins.plugin_utils import _io_sent
from ansible_collections.dms.ipv6.tests.unit.plugins.action.acting import SENT, Host

OPTIONS = {"mode": "nat", "keep_program": True}
PYTHON = {"ansible_python_interpreter": "/usr/bin/python3"}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """One that keeps no program, and answers the one that is sent."""
    host = Host(monkeypatch, "sh: 1: not found", rc=127)
    host.pipelining, host.answers_sent["stdout"] = True, '{"changed": false}'
    return host


def read(host: Host, variables: dict[str, t.Any] | None = None, **task: t.Any) -> t.Any:
    return host.run(docker_ipv6_info, **{"arguments": OPTIONS, "variables": variables or PYTHON, **task})


@pytest.mark.parametrize("check", [False, True])
def test_the_program_is_sent(host: Host, check: bool) -> None:
    """In check mode it writes nothing; the one that is kept never does."""
    assert read(host, check=check) == {"changed": False, "invocation": {"module_args": OPTIONS}}
    assert host.got == [None, _io_sent.ARCHIVE]
    kept, sent = map(shlex.split, host.asked)
    assert sent[:4] == ["/usr/bin/python3", "-c", _io_sent.START, "read"]
    assert (json.loads(kept[3])["dry"], json.loads(sent[4])["dry"]) == (True, check)
    assert json.loads(kept[3])["params"] == json.loads(sent[4])["params"]


def test_the_environment_of_a_task_is_its_own(host: Host) -> None:
    host.environment = "LANG=C"
    read(host)
    assert host.asked[1].startswith("LANG=C /usr/bin/python3 -c ")


@pytest.mark.parametrize("said", ["", "half of", "{}"])
@pytest.mark.parametrize("rc", [0, 1, 3, 127])
def test_the_module_is_sent_where_it_does_not_answer(host: Host, said: str, rc: int) -> None:
    host.answers_sent |= {"rc": rc, "stdout": said}
    assert (read(host), len(host.asked)) == (SENT, 2)


@pytest.mark.parametrize("task", [{"delegate_to": "other"}, {"arguments": {"mode": "typo"}}, {"async_val": 5}])
def test_the_module_is_sent_at_once(host: Host, task: dict[str, t.Any]) -> None:
    assert read(host, **task) == SENT
    assert _io_sent.ARCHIVE not in host.got


def test_without_pipelining_the_module_is_sent(host: Host) -> None:
    host.pipelining = False
    assert (read(host), host.got) == (SENT, [None])


def test_a_change_is_not_begun_by_a_program_that_was_not_there(host: Host) -> None:
    assert (host.run(docker_ipv6, {"mode": "nat"}, variables=PYTHON), host.got) == (SENT, [None])


# --- the host's Python


@pytest.mark.parametrize(
    ("variables", "python"),
    [
        (PYTHON, "/usr/bin/python3"),
        ({"ansible_python_interpreter": "/usr/bin/env python3 "}, "/usr/bin/env python3"),
        ({"ansible_python_interpreter": "{{ python }}"}, "/opt/python"),
        ({"ansible_facts": {"discovered_interpreter_python": "/usr/bin/python3.11"}}, "/usr/bin/python3.11"),
    ],
)
def test_which_python(host: Host, monkeypatch: pytest.MonkeyPatch, variables: dict[str, t.Any], python: str) -> None:
    monkeypatch.setattr(_io_sent, "discover_interpreter", None)
    assert "ansible_facts" not in read(host, variables)
    assert host.asked[1].startswith(f"{python} -c ")


@pytest.mark.parametrize(("named", "mode"), [("", "auto"), ("auto", "auto"), ("auto_silent", "auto_silent")])
def test_a_python_that_has_to_be_found(host: Host, monkeypatch: pytest.MonkeyPatch, named: str, mode: str) -> None:
    """As a module would have it found, and remembered for those that are sent."""
    asked: list[tuple[str, str]] = []

    def discover(_action: t.Any, name: str, how: str, _variables: t.Any) -> str:
        asked.append((name, how))
        return "/usr/bin/python3.13"

    monkeypatch.setattr(_io_sent, "discover_interpreter", discover)
    variables: dict[str, t.Any] = {"ansible_python_interpreter": named, "ansible_facts": {}}
    result = read(host, variables)
    assert host.asked[1].startswith("/usr/bin/python3.13 -c ")
    assert (asked, variables["ansible_facts"]) == ([("python", mode)], result["ansible_facts"])
    assert result["ansible_facts"] == {"discovered_interpreter_python": "/usr/bin/python3.13"}
    assert result["warnings"] == ["mind"]


# --- what a host must not decide

HOSTILE = {
    "add_host": {"host_name": "mail2", "host_vars": {"ansible_ssh_common_args": "-o ProxyCommand=id"}},
    "add_group": "docker",
    "ansible_facts": {"dms_ipv6_report_path": "/tmp"},
    "_ansible_no_log": True,
    "ansible_loop_var": "item",
    "ansible_host": "mail2",
    "ansible_connection": "local",
    "ansible_rsync_path": "/bin/sh",
}


@pytest.mark.parametrize("kept", [True, False])
def test_a_host_steers_nothing_but_its_own_result(host: Host, kept: bool) -> None:
    """Neither the program that it keeps nor the one that it was sent: the strategy would obey ``add_host``."""
    said = json.dumps({"changed": False, "summary": "as wanted", **HOSTILE})
    if kept:
        host.done = {"rc": 0, "stdout": said, "stderr": ""}
    else:
        host.answers_sent["stdout"] = said
    assert read(host).keys() == {"changed", "summary", "invocation"}
