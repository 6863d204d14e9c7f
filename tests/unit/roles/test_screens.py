# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run prints with Ansible's own callback and nothing set: real runs, with actors in the place of the modules."""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.tests.unit.plugins.callback.stage import Done, run
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils.screen.test_screen import WRITE

GOLDEN = Path(__file__).with_name("golden")
GIVEN = {"dms_ipv6_containers": ["mailserver"], "dms_ipv6_probe_hosts": ["client1"]}
ONE = {"docker01": {**GIVEN, "dms_ipv6_network": "rich"}}
TEN = {f"docker{number:02}": {**GIVEN, "dms_ipv6_network": f"rich-{number}"} for number in range(1, 11)}
SHOWN = re.compile(r"^TASK \[(?:dms\.ipv6\.dms_ipv6 : )?(Show [^\]]+)\] \*+\n(.*?)\n\n", re.MULTILINE | re.DOTALL)
# Ansible's own lines, which differ from version to version.
RESULT = re.compile(r"^(ok|fatal|changed): \[.*\n?", re.MULTILINE)


def shown(done: Done) -> str:
    """What the tasks print whose names begin with "Show"."""
    parts = [(name, text.partition("\n[ERROR]")[0]) for name, text in SHOWN.findall(done.out)]
    return "\n".join(f"# {name}\n{RESULT.sub('', text).strip()}\n" for name, text in parts)


CASES: dict[str, tuple[dict[str, t.Any], tuple[str, ...], int]] = {
    "audit": (ONE, ("dms.ipv6.audit",), 0),
    "audit_that_fails": ({"docker01": {**ONE["docker01"], "dms_ipv6_fail_on": "critical"}}, ("dms.ipv6.audit",), 2),
    "check": (ONE, ("dms.ipv6.enable", "--check"), 0),
    "steps": (ONE, ("dms.ipv6.enable", "--check", "-v"), 0),
    "enable": (ONE, ("dms.ipv6.enable",), 0),
    "enable_without_probe_hosts": (
        {"docker01": {**ONE["docker01"], "dms_ipv6_probe_hosts": []}}, ("dms.ipv6.enable",), 0
    ),
    "ten_hosts": (TEN, ("dms.ipv6.enable", "--check", "--forks", "1"), 0),
}  # fmt: skip


# Lines of everything that such a run prints: one host is one screen.
MOST = {"audit": 45, "check": 69}


@pytest.mark.parametrize("name", CASES)
def test_screen(tmp_path: Path, name: str) -> None:
    hosts, arguments, code = CASES[name]
    done = run(tmp_path, hosts, *arguments)
    assert done.code == code, done.out
    path = GOLDEN / f"{name}.txt"
    if os.environ.get(WRITE):
        path.write_text(shown(done))
    assert shown(done) == path.read_text(), done.out
    assert '"msg": [' not in done.out, done.out
    assert name not in MOST or len(done.out.splitlines()) <= MOST[name], done.out


def test_nothing_to_change(tmp_path: Path) -> None:
    (tmp_path / "rich").touch()
    done = run(tmp_path, {**ONE, "docker02": ONE["docker01"]}, "dms.ipv6.enable")
    assert "docker01, docker02: nothing to change (mode nat); still masked: traefik." in done.said, done.out
    assert "Show the batch" not in done.out


def test_nothing_to_undo(tmp_path: Path) -> None:
    (tmp_path / "rich").touch()
    done = run(tmp_path, ONE, "dms.ipv6.undo")
    assert "docker01: nothing to undo: nothing of dms.ipv6 is on this host." in done.said, done.out


def test_own_play(tmp_path: Path) -> None:
    """In a play of the user's own, the role shows each host's plan and its end."""
    role = {"name": "Docker hosts", "ansible.builtin.import_role": {"name": "dms.ipv6.dms_ipv6"}}
    done = run(tmp_path, ONE, [{"hosts": "docker", "gather_facts": False, "tasks": [role]}])
    assert "docker01 (Docker 28.5.2) - dms.ipv6.enable will" in done.out, done.out
    assert "seen as they are (proved from client1: 25, 465, 993)." in done.said, done.out


def test_show_says_what_it_can(tmp_path: Path) -> None:
    task = {"name": "Show", "dms.ipv6.show": {"what": "nothing"}}
    done = run(tmp_path, ONE, [{"hosts": "docker", "gather_facts": False, "tasks": [task]}])
    assert done.code == 2 and "is none of plan, own_plan, batch" in done.said, done.out


def test_data_for_programs_is_left_alone(tmp_path: Path) -> None:
    """A stdout callback that prints JSON is not disturbed; the text is in the result."""
    plugins = tmp_path / "callbacks"
    plugins.mkdir()
    (plugins / "json.py").write_text(JSON)
    environment = {"ANSIBLE_CALLBACK_PLUGINS": str(plugins), "ANSIBLE_STDOUT_CALLBACK": "json"}
    done = run(tmp_path, ONE, "dms.ipv6.audit", environment=environment)
    said = next(line for line in done.out.splitlines() if not line.startswith("Report: "))
    (lines,) = [one for one in json.loads(said)["msg"] if one and "docker01 (Docker 28.5.2)" in one]
    assert lines[-1] == "dms_ipv6_containers: [mailserver, traefik]"


JSON = '''
from __future__ import annotations
DOCUMENTATION = """
name: json
type: stdout
short_description: Prints data
description: [Prints data.]
"""
import json
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "json"

    def __init__(self):
        super().__init__()
        self.said = []

    def v2_runner_on_ok(self, result):
        self.said.append(result._result.get("msg"))

    def v2_playbook_on_stats(self, stats):
        print(json.dumps({"msg": self.said}))
'''
