# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that answer, fail, hang and are missing."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import programs

MISSING = "dms-ipv6-no-such-program"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    return tmp_path


def test_what_it_says(folder: Path) -> None:
    programs.program(folder, "said", 'PATH=/usr/bin:/bin; printf "%s %s" "$1" "$LC_ALL"; cat')
    done = system_programs.run("said", "a b", stdin="c")
    assert done is not None and done.stdout == b"a b Cc"
    assert system_programs.said("said", "a") == "a C"
    assert system_programs.must("said", "a b", stdin="d") == "a b Cd"
    assert system_programs.where("said") == f"{folder}/said"


def test_one_that_fails(folder: Path) -> None:
    programs.program(folder, "fails", "echo out; echo no way >&2; exit 3")
    done = system_programs.run("fails")
    assert done is not None and (done.returncode, done.stderr) == (3, b"no way\n")
    assert system_programs.said("fails") == ""
    with pytest.raises(Refused, match=r"^fails now failed: no way\.$"):
        system_programs.must("fails", "now")


@pytest.mark.parametrize("hangs", [True, False])
def test_one_that_is_missing_or_hangs(monkeypatch: pytest.MonkeyPatch, hangs: bool) -> None:
    def hang(command: t.Any, **options: t.Any) -> t.NoReturn:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    if hangs:
        monkeypatch.setattr(subprocess, "run", hang)
    assert system_programs.run(MISSING) is None
    assert system_programs.said(MISSING) == ""
    assert system_programs.where(MISSING) == ""
    with pytest.raises(Refused, match="timed out after 60 s" if hangs else "No such file"):
        system_programs.must(MISSING)


def test_folders_of_root_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        programs.program(folder, "nft", f"echo {folder.name}")
    monkeypatch.setattr(system_programs, "FOLDERS", f"{first}:/sbin")
    monkeypatch.setenv("PATH", f":.:bin:{second}:{first}")
    assert system_programs.searched() == f"{first}:/sbin:{second}"
    assert (system_programs.where("nft"), system_programs.said("nft")) == (f"{first}/nft", "first\n")
    monkeypatch.delenv("PATH")
    assert system_programs.searched() == f"{first}:/sbin"
