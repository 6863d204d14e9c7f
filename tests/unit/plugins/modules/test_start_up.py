# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that is as wanted has to load, every night: a module is compiled anew at each run on the target."""

from __future__ import annotations

import json
import subprocess
import sys

OURS = "ansible_collections.dms.ipv6.plugins.module_utils."
INFO = "import ansible_collections.dms.ipv6.plugins.modules.docker_ipv6_info"
LOADED = "import json, sys; print(json.dumps(list(sys.modules)))"
DATACLASSES = """
import dataclasses, json, sys
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step
ours = [one for name, one in sys.modules.items() if name.startswith("ansible_collections.dms")]
classes = {one for module in ours for one in vars(module).values() if isinstance(one, type)}
values = [one for one in classes if dataclasses.is_dataclass(one) and not issubclass(one, (Plan, Step))]
print(json.dumps([one.__name__ for one in values]))
"""
# Each is the business of one mode, or of a change.
NOT_NEEDED = {
    "difflib", "docker", "jsonschema", "ruamel.yaml", "urllib.request",
    *(OURS + name for name in (
        "_compose", "_gai_conf", "_ifupdown", "_io_exec", "_io_forwarding", "_io_mail_server", "_io_ndp_proxy",
        "_io_rules", "_io_sdk", "_io_steps", "_mail_facts", "_mail_server", "_ndp_proxy", "_ndp_steps", "_prevent",
        "_replace", "_restart_guards", "_routed", "_transaction", "_undo",
    )),
}  # fmt: skip


def told(*statements: str) -> set[str]:
    """What a fresh Python prints."""
    command = [sys.executable, "-c", "\n".join(statements)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    return set(json.loads(done.stdout))


def test_reading_a_host_loads_no_more_than_it_needs() -> None:
    ours = told(INFO, LOADED)
    usual = told("import ansible.module_utils.basic", LOADED)
    assert sorted((ours - usual) & NOT_NEEDED) == []
    # Those are names of modules that there are.
    assert {OURS + "_host_plan", OURS + "_exposure"} <= ours


def test_values_are_cheap_to_load() -> None:
    """A frozen dataclass takes five times as long as a NamedTuple; steps and plans inherit, and have to be."""
    assert told(INFO, DATACLASSES) == {"RunningContainer"}  # a part of steps, which are stored by name
