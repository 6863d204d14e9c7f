# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a host keeps. On real hosts: tests/integration/test_kept_program.py."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import ansible_collections.dms.ipv6.plugins as found_plugins
import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_docker,
    _io_files,
    _io_kept,
    _io_pyz,
    _io_run_docker_ipv6_info,
    _mode_calls,
    _options,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.pythons import interpreter

COLLECTIONS = str(Path(next(iter(found_plugins.__path__))).parents[3])
OURS = "ansible_collections/dms/ipv6/plugins/module_utils"
MAKE = """
import sys
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_kept
from ansible_collections.dms.ipv6.plugins.modules import docker_ipv6_info
_io_files.STATE = sys.argv[1]
_io_kept.place(changing=sys.argv[2] == "change")
"""
SAME = """
import sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.dms.ipv6.plugins.module_utils import _io_pyz
print(_io_pyz.program() == open(sys.argv[1], "rb").read())
"""


def make(folder: Path, what: str) -> Path:
    """The program, made by a process that has loaded nothing else, as on a host."""
    environment = {**os.environ, "PYTHONPATH": COLLECTIONS}
    subprocess.run([sys.executable, "-c", MAKE, str(folder), what], check=True, env=environment)
    return folder / _io_kept.PROGRAM


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("reader"), "read")


@pytest.fixture(scope="module")
def changer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("changer"), "change")


def parts(program: Path) -> str:
    found = _io_pyz.found(str(program))
    assert found
    return " ".join(["0123456789ab", *found.parts])


def run(program: Path, what: str, parts: str, number: int = 0, **options: t.Any) -> subprocess.CompletedProcess[str]:
    """Run it on a host whose Docker does not answer, with one interpreter or another."""
    spec = {"read": _options.READING, "change": _options.CHANGING}[what]
    params = {name: option.get("default") for name, option in spec.items()}
    asked = {"params": {**params, "mode": "nat", "docker_socket": "/nowhere", **options}, "dry": True}
    command = [interpreter(number), "-I", str(program), what, parts, json.dumps(asked)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", env={"PATH": "/usr/bin:/bin"})


def told(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    assert (done.returncode, done.stderr) == (0, "")
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def test_it_reads(reader: Path) -> None:
    result = told(run(reader, "read", parts(reader)))
    assert result["failed"] is True
    assert result["msg"].startswith("/nowhere: ")
    assert "rolled_back" not in result


def test_it_changes(changer: Path) -> None:
    result = told(run(changer, "change", parts(changer)))
    assert (result["failed"], result["rolled_back"]) == (True, False)
    assert result["msg"].startswith("/nowhere: ")


def test_it_compiles_nothing(reader: Path, tmp_path: Path) -> None:
    """That is what it is kept for: it runs with sources that cannot be."""
    path = tmp_path / "program.pyz"
    with zipfile.ZipFile(reader) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            broken = name.startswith(f"{OURS}/_") and name.endswith(".py") and not name.endswith("__init__.py")
            new.writestr(name, b"nonsense (" if broken else old.read(name))
    assert told(run(path, "read", parts(reader))) == told(run(reader, "read", parts(reader)))


@pytest.mark.parametrize("missing", ["all", "one"])
def test_another_version_says_nothing(reader: Path, missing: str) -> None:
    done = run(reader, "read", parts(reader).rpartition(" ")[0] if missing == "one" else "")
    assert (done.returncode, done.stdout, done.stderr) == (_io_kept.NOT_THIS_ONE, "", "")


def test_another_python_says_nothing(reader: Path) -> None:
    """It could read, but would compile everything each time. The module that is sent then renews the program."""
    done = run(reader, "read", parts(reader), number=1)
    assert (done.returncode, done.stdout, done.stderr) == (_io_kept.NOT_THIS_ONE, "", "")


@pytest.mark.parametrize("mode", ["nat", "routed", "prevent", "absent"])
def test_it_knows_every_mode(reader: Path, mode: str) -> None:
    """What was not loaded when it was made is in it as well: a change must not end for want of a file."""
    assert told(run(reader, "change", parts(reader), mode=mode)) == told(run(reader, "change", parts(reader)))
    names = {
        name for name in zipfile.ZipFile(reader).namelist() if name.startswith(f"{OURS}/_") and name.endswith(".py")
    }
    files = {f"{OURS}/{path.name}" for path in Path(_io_pyz.__file__).parent.glob("_*.py")}
    assert names == files | {f"{OURS}/__init__.py"}


def test_what_is_in_it(reader: Path, changer: Path) -> None:
    """What undoes a change, and confirms it, is in one that changes: it becomes the armed host's program."""
    names = [set(zipfile.ZipFile(path).namelist()) for path in (reader, changer)]
    assert names[0] < names[1]
    assert all(name.endswith(".pyc") for name in names[1] - names[0])
    assert {f"{OURS}/_io_{name}.pyc" for name in ("revert", "confirm", "run_docker_ipv6")} <= names[1]
    assert (reader.stat().st_mode & 0o7777, reader.read_bytes()[:2]) == (0o700, b"#!")


def test_an_armed_host_gets_the_program_that_runs(changer: Path) -> None:
    done = subprocess.run([sys.executable, "-I", "-c", SAME, str(changer)], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"


# --- kept


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(_io_files, "STATE", str(tmp_path))
    return tmp_path / _io_kept.PROGRAM


def archived(path: Path) -> zipfile.ZipFile:
    """Not as zipimport has it, which remembers where in a file of that name everything was."""
    return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


def made_of(path: Path) -> _io_pyz.Origin:
    return _io_pyz.Origin(**json.loads(archived(path).read(_io_pyz.ORIGIN)))


def test_it_is_written_once(place: Path) -> None:
    _io_kept.place(changing=False)
    first = place.stat().st_ctime_ns
    _io_kept.place(changing=False)
    assert place.stat().st_ctime_ns == first
    assert [one.name for one in place.parent.iterdir()] == [_io_kept.PROGRAM]


@pytest.mark.parametrize("origin", [{"interpreter": "/usr/bin/python3.6"}, {"magic": "00"}, {"parts": ["0"]}])
def test_it_is_renewed(place: Path, monkeypatch: pytest.MonkeyPatch, origin: dict[str, t.Any]) -> None:
    """If the next run could not use it, as this one could not."""
    now = _io_pyz.origin(_io_pyz.sources())
    monkeypatch.setattr(_io_pyz, "origin", lambda _sources: now._replace(**origin))
    _io_kept.place(changing=False)
    monkeypatch.undo()
    monkeypatch.setattr(_io_files, "STATE", str(place.parent))
    assert made_of(place) != now
    _io_kept.place(changing=False)
    assert made_of(place) == now


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"PK\5\6" + bytes(18)])
def test_what_is_no_program_is_replaced(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    _io_kept.place(changing=False)
    assert f"{OURS}/_io_kept.py" in archived(place).namelist()


@pytest.mark.parametrize("mode", [0o600, 0o4755])
def test_one_that_others_could_run_or_nobody_is_replaced(place: Path, mode: int) -> None:
    _io_kept.place(changing=False)
    place.chmod(mode)
    _io_kept.place(changing=False)
    assert place.stat().st_mode & 0o7777 == 0o700


def test_where_it_cannot_be_written_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(_io_files, "STATE", str(tmp_path / "file"))
    _io_kept.place(changing=False)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"keep_program": True, "dry": False}, [True]),
        ({"keep_program": True, "dry": False, "changed": False}, [False]),
        ({"keep_program": True, "dry": True}, []),
        ({"keep_program": False, "dry": False}, []),
    ],
)
def test_when_it_is_kept(monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], kept: list[bool]) -> None:
    asked: list[bool] = []
    found = {"plan": {"changed": options.get("changed", True)}}
    monkeypatch.setattr(_io_run_docker_ipv6_info, "read", lambda _params: found)
    monkeypatch.setattr(_io_kept, "place", lambda *, changing: asked.append(changing))
    assert _io_run_docker_ipv6_info.run({"keep_program": options["keep_program"]}, options["dry"]) == found
    assert asked == kept


# --- options


def test_options_are_those_of_the_modules() -> None:
    assert _options.CHANGING["mode"]["choices"] == [*_mode_calls.MODES]
    assert _options.READING["docker_socket"]["default"] == _io_docker.SOCKET
    defaults = {name: _options.READING[name]["default"] for name in _options.NOT_ASKED}
    assert defaults == _options.NOT_ASKED
