# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The community's checklist: each row has a command that can be run, and workflows call what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tools import release_check

TOP = Path(__file__).resolve().parents[2]

PAGE = (TOP / "docs" / "contributing" / "checklist.md").read_text(encoding="utf-8")
MAKEFILE = (TOP / "Makefile").read_text(encoding="utf-8")


def unknown_targets(text: str, makefile: str) -> list[str]:
    targets = {*re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)}
    called = re.findall(r"\bmake ((?:[a-z][a-z-]* ?)+)", text)
    return sorted({name for names in called for name in names.split()} - targets)


def test_each_row_can_be_run() -> None:
    for asked, command in release_check.rows(PAGE):
        assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0, asked
        tool = re.match(r"tools/\w+", command)
        assert not tool or (TOP / tool[0]).is_file(), asked
        assert unknown_targets(command, MAKEFILE) == [], asked


def test_rows_are_read() -> None:
    head = "| asked for | how | by |\n|---|---|---|\n"
    assert release_check.rows(f"{head}| a | b | `x \\| y` |\n| c | | `z` |\n") == [("a", "x | y"), ("c", "z")]
    with pytest.raises(ValueError, match="no command: a"):
        release_check.rows(f"{head}| a | b | some words |\n")
    with pytest.raises(ValueError, match="no row"):
        release_check.rows(head)


def test_a_row_that_is_not_so_is_red(capsys: pytest.CaptureFixture[str]) -> None:
    assert release_check.shown("right", "true")
    assert not release_check.shown("wrong", "echo because; exit 3")
    assert re.search(r"ok    right.*\nFAIL  wrong.*\n    \$ echo.*\n    \| because", capsys.readouterr().out)


def test_workflows_call_targets_that_there_are() -> None:
    for path in sorted((TOP / ".github" / "workflows").glob("*.yml")):
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
        for job in jobs.values():
            matrix = " ".join(job.get("strategy", {}).get("matrix", {}).get("target", []))
            runs = "\n".join(step.get("run", "") for step in job["steps"]).replace("${{ matrix.target }}", matrix)
            assert unknown_targets(runs, MAKEFILE) == [], path


def test_guard_finds_unknown_targets() -> None:
    assert unknown_targets("make lint unit\nsudo make nothing X=1", MAKEFILE) == ["nothing"]


def test_the_action_group_has_every_module() -> None:
    listed = yaml.safe_load((TOP / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["ipv6"]
    assert listed == sorted(path.stem for path in (TOP / "plugins" / "modules").glob("*.py"))
