# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that is as wanted has to load, every night: a module is compiled anew at each run on the target."""

from __future__ import annotations

import json
import subprocess
import sys

OURS = "ansible_collections.dms.ipv6.plugins.module_utils."
SHOW = "import sys; {}; import json; print(json.dumps(sorted(sys.modules)))"
# Each is the business of one mode, or of a change.
NOT_NEEDED = {
    "docker", "jsonschema", "ruamel.yaml", "urllib.request",
    *(OURS + name for name in (
        "_compose", "_gai_conf", "_io_exec", "_io_mail_server", "_io_ndp_proxy", "_io_sdk", "_io_steps",
        "_mail_facts", "_mail_server", "_ndp_proxy", "_ndp_steps", "_prevent", "_routed", "_transaction", "_undo",
    )),
}  # fmt: skip


def loaded(statement: str) -> set[str]:
    command = [sys.executable, "-c", SHOW.format(statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    return set(json.loads(done.stdout))


def test_reading_a_host_loads_no_more_than_it_needs() -> None:
    ours = loaded("import ansible_collections.dms.ipv6.plugins.modules.docker_ipv6_info")
    usual = loaded("import ansible.module_utils.basic")
    assert sorted((ours - usual) & NOT_NEEDED) == []
    # Those are names of modules that there are.
    assert {OURS + "_host_plan", OURS + "_exposure"} <= ours
