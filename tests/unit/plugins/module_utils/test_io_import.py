# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often Python compiles our files, from a zip as Ansible sends it."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import ansible
import pytest

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
OURS = "ansible_collections/dms/ipv6/plugins"
# What is there before _io_python can do anything about it.
EARLY = {"__init__.py", "docker_ipv6_info.py", "_io_python.py", "_io_import.py"}
COUNT = """
import collections, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
compiled = collections.Counter()
def see(event, seen):
    if event == "compile" and str(seen[1]).startswith(sys.argv[1]):
        compiled[str(seen[1])[len(sys.argv[1]) + 1:]] += 1
sys.addaudithook(see)
import ansible_collections.dms.ipv6.plugins.modules.docker_ipv6_info as module
from ansible_collections.dms.ipv6.plugins.module_utils import _refused
line = _refused.__loader__.get_source(_refused.__name__)[:12]
print(json.dumps({"compiled": compiled, "file": _refused.__file__, "line": line}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What Python did with a zip of ours."""
    path = tmp_path_factory.mktemp("zip") / "payload.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("ansible/__init__.py", "")
        for one in Path(ansible.__file__).parent.glob("module_utils/**/*.py"):
            made.write(one, f"ansible/{one.relative_to(Path(ansible.__file__).parent)}")
        for folder in ("", "/dms", "/dms/ipv6", "/dms/ipv6/plugins"):
            made.writestr(f"ansible_collections{folder}/__init__.py", "")
        for folder in ("modules", "module_utils"):
            made.writestr(f"{OURS}/{folder}/__init__.py", "")
            for one in (PLUGINS / folder).glob("*.py"):
                made.write(one, f"{OURS}/{folder}/{one.name}")
    done = subprocess.run([sys.executable, "-c", COUNT, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "zip": str(path)}


def test_each_file_is_compiled_once(seen: dict[str, t.Any]) -> None:
    """Ours, and what they take of Ansible."""
    compiled = seen["compiled"]
    twice = {name.rpartition("/")[2] for name, times in compiled.items() if times != 1}
    assert twice <= EARLY
    assert len([name for name in compiled if name.startswith(OURS)]) > 40
    assert compiled["ansible/module_utils/basic.py"] == compiled["ansible/module_utils/common/arg_spec.py"] == 1


def test_python_still_knows_where_a_module_is(seen: dict[str, t.Any]) -> None:
    assert seen["file"] == f"{seen['zip']}/{OURS}/module_utils/_refused.py"
    assert seen["line"] == "# Copyright:"
