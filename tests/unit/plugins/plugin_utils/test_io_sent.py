# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that is sent, as a host runs it. On real hosts: tests/integration/test_kept_program.py."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

from ansible_collections.dms.ipv6.plugins.module_utils import _io_kept, _io_pyz, _options
from ansible_collections.dms.ipv6.plugins.plugin_utils import _io_sent
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.pythons import PYTHONS, TOO_OLD, interpreter, too_old

# The same on a host that can be read.
KEEP = """
import sys
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_run_docker_ipv6_info
_io_files.STATE = sys.argv[1]
_io_run_docker_ipv6_info.read = lambda _params: {"changed": False, "plan": {"changed": True}}
answer("read", sys.argv[3])
"""
# And says how often each of our files was compiled.
COUNT = """
import atexit, collections, json, sys
compiled = collections.Counter()
def see(event, seen):
    if event == "compile" and "/plugins/module_utils/_" in str(seen[1]):
        compiled[str(seen[1]).rpartition("/")[2]] += 1
sys.addaudithook(see)
atexit.register(lambda: sys.stderr.write(json.dumps(compiled)))
"""


def asked(dry: bool) -> str:
    params = {name: option.get("default") for name, option in _options.READING.items()}
    return json.dumps(
        {"params": {**params, "mode": "nat", "docker_socket": "/nowhere", "keep_program": True}, "dry": dry}
    )


def run(python: str, folder: Path, *words: str, start: str = _io_sent.START) -> subprocess.CompletedProcess[bytes]:
    """Run it with one interpreter or another, on a host whose Docker does not answer."""
    command = [python, "-c", start, *words]
    return subprocess.run(command, input=_io_sent.ARCHIVE, check=False, capture_output=True, cwd=folder, env={})


def told(done: subprocess.CompletedProcess[bytes]) -> dict[str, t.Any]:
    assert (done.returncode, done.stderr) == (0, b"")
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


@PYTHONS
def test_it_reads(number: int, tmp_path: Path) -> None:
    result = told(run(interpreter(number), tmp_path, "read", asked(dry=False)))
    assert result["failed"] is True
    assert result["msg"].startswith("/nowhere: ")
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_lies_about_is_run(tmp_path: Path) -> None:
    """The first place in which Python looks for modules would be the folder that a login begins in."""
    (tmp_path / "json.py").write_text("raise SystemExit('of somebody else')\n", encoding="ascii")
    assert told(run(sys.executable, tmp_path, "read", asked(dry=False)))["msg"].startswith("/nowhere: ")


@PYTHONS
def test_the_host_makes_of_it_what_it_keeps(number: int, tmp_path: Path) -> None:
    """Compiled, of all files, and as the next run wants it."""
    start = _io_sent.START.replace("answer(*sys.argv[1:])", KEEP)
    python = interpreter(number)
    told(run(python, tmp_path, str(tmp_path), "read", asked(dry=False), start=start))
    (program,) = tmp_path.iterdir()
    assert program.name == _io_kept.PROGRAM
    found = _io_pyz.found(str(program))
    assert found and set(found.parts) == set(_io_pyz.origin(_io_pyz.sources()).parts)
    names = zipfile.ZipFile(program).namelist()
    assert {name.rpartition("/")[2] for name in names if name.endswith(".pyc")} >= {
        "_io_run_docker_ipv6_info.pyc",
        "_io_run_docker_ipv6.pyc",
    }
    again = subprocess.run(
        [str(program), "read", " ".join(found.parts), asked(dry=True)], check=True, capture_output=True, env={}
    )
    assert json.loads(again.stdout)["msg"].startswith("/nowhere: ")


def test_each_file_is_compiled_once(tmp_path: Path) -> None:
    """Those that only a change needs as well, which the host keeps."""
    start = COUNT + _io_sent.START.replace("answer(*sys.argv[1:])", KEEP)
    compiled = json.loads(run(sys.executable, tmp_path, str(tmp_path), "read", asked(dry=False), start=start).stderr)
    assert compiled["_io_run_docker_ipv6_info.py"] == compiled["_io_run_docker_ipv6.py"] == 1
    assert {name for name, times in compiled.items() if times != 1} <= {"__init__.py", "_io_import.py"}


def test_in_check_mode_nothing_is_kept(tmp_path: Path) -> None:
    start = _io_sent.START.replace("answer(*sys.argv[1:])", KEEP)
    assert told(run(sys.executable, tmp_path, str(tmp_path), "read", asked(dry=True), start=start))["plan"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_it() -> None:
    """All that a change may need: the host keeps it."""
    names = zipfile.ZipFile(io.BytesIO(_io_sent.ARCHIVE)).namelist()
    ours = [name.rpartition("/")[2] for name in names if not name.endswith("__init__.py")]
    assert sorted(ours) == sorted(path.name for path in Path(_io_pyz.__file__).parent.glob("_[!_]*.py"))


@TOO_OLD
def test_a_python_that_is_too_old_has_nothing_to_say(version: str, tmp_path: Path) -> None:
    """The module that is sent then says what is wrong."""
    done = run(too_old(version), tmp_path, "read", asked(dry=False))
    assert (done.returncode, done.stdout, done.stderr) == (_io_kept.NOT_THIS_ONE, b"", b"")
